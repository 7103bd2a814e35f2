"""Erasing a person: what is looked for in stored texts, and what stands there afterwards.

A person is known by an id, the row key under which audiences have it or its id in the directory, and by values such as
an address or a name. The id is looked for as a whole, because short ids are parts of many words; values are looked for
anywhere. Upper and lower case are the same. A row key or an id that is a value as a whole is the person's, like the id.

Which texts are JSON says whoever asks, since a plain text may begin like JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.ids import Id

# What stands in place of what was erased.
ERASED = "[erased]"
# The shortest and the longest value that is looked for, in characters, and how many a caller may name.
SHORTEST_VALUE, LONGEST_VALUE, MOST_VALUES = 4, 500, 50
# How many values one erasure looks for, with those that it finds in the rows of the person.
MOST_KNOWN = 500
LONGEST_ID = 1_000
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
# What may be a number of JSON, or a part of one. Short ids would match numbers by accident, so they are not looked for.
_NUMBER = re.compile(r"[0-9.]+")
_JSON_TEXT_OR_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*')


class ErasureState(StrEnum):
    """How far an erasure has come. One that is `waiting` has been through everything, and waits for what was under way
    meanwhile, which may bring the person back. What is `done` cannot be read any more."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"


class Content(Enum):
    """What a text of the database is."""

    PLAIN = "plain"
    # JSON of callers: numbers in it may be ids.
    JSON = "json"
    # JSON that the server writes: numbers in it are its own.
    OWN_JSON = "own_json"


class Place(StrEnum):
    """Where a person is looked for, in this order: first what runs are made of, then runs, then what tells of them."""

    # Rows of audiences that are kept until their runs are made.
    SPOOL = "spool"
    # The runs of its own rows: they are cancelled, and emptied.
    OWN_RUNS = "own_runs"
    # Its own items, and what refers to them.
    DIRECTORY = "directory"
    USERS = "users"
    CONTACTS = "contacts"
    DEALS = "deals"
    TASKS = "tasks"
    PIPELINES = "pipelines"
    STAGES = "stages"
    ACTIONS = "actions"
    SCHEDULES = "schedules"
    # The definitions of schedules, old ones too.
    VERSIONS = "versions"
    RUNS = "runs"
    FIRES = "fires"
    TARGETS = "targets"
    PRINCIPALS = "principals"
    KEYS = "keys"
    ANSWERS = "answers"
    EVENTS = "events"
    DELIVERIES = "deliveries"
    AUDIT = "audit"
    # Runs that were under way, and audiences that were being read: they are looked at again once they are over.
    UNDER_WAY = "under_way"


PLACES = tuple(Place)
# Where what runs have said is repeated begins: from here on everything is looked at again once they are over.
REPEATED = Place.FIRES
# How soon at least, and at most, an erasure looks again at what is under way (ms).
SOONEST_LOOK_MS, LATEST_LOOK_MS = 2_000, 600_000


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to erase: the id, and values by which the person is known besides."""

    id: str
    values: tuple[str, ...] = ()

    def erased_from(self, text: str | None, content: Content = Content.PLAIN) -> str | None:
        """A text without the person. JSON stays JSON: only its texts change, names of fields that are the id, and
        numbers that are the id."""
        if text is None:
            return None
        known = _known(self)
        if not known.may_be_in(text):
            return text
        if content is Content.PLAIN:
            return known.in_words(text)
        numbered = content is Content.JSON and known.number is not None
        text = (_JSON_TEXT_OR_NUMBER if numbered else _JSON_TEXT).sub(known.in_token, text)
        left = known.in_words(text)
        return text if left == text or _is_json(text) else left

    def owns(self, name: str) -> bool:
        """Whether a row key or an id is the person's."""
        return name.casefold() in _known(self).whole

    def renamed(self, name: str | None, salt: bytes) -> str | None:
        """An id or a row key that has to stay unique: another one where it names the person, and always the same."""
        if name is None or self.erased_from(name) == name:
            return name
        return f"erased-{person_hash(salt, name).hex()[:16]}"

    def with_values(self, found: Iterable[str]) -> Person:
        """The same person, known by more values."""
        values = dict.fromkeys((*self.values, *filter(_is_value, found)))
        return Person(self.id, tuple(values)[:MOST_KNOWN])


@dataclass(frozen=True, slots=True)
class _Known:
    """The patterns of one person. `anywhere` is None where no value is known, `number` where neither the id nor a value
    is a number. What `somewhere` does not find in a text without escapes, none of the others finds."""

    whole: frozenset[str]
    somewhere: re.Pattern[str]
    anywhere: re.Pattern[str] | None
    word: re.Pattern[str]
    number: re.Pattern[str] | None

    def may_be_in(self, text: str) -> bool:
        """Whether a text has to be looked at closely, as few have to be."""
        if "\\" in text or self.somewhere.search(text):
            return True
        return not text.isascii() and any(map(text.casefold().__contains__, self.whole))

    def in_token(self, token: re.Match[str]) -> str:
        """A text of JSON, with its quotes, or a number."""
        if token[0][0] != '"':
            return f'"{ERASED}"' if self.number is not None and self.number.search(token[0]) else token[0]
        try:
            value = json.loads(token[0])
        except ValueError:
            return token[0]
        changed = ERASED if value.casefold() in self.whole else self.in_words(value)
        return token[0] if changed == value else json.dumps(changed, ensure_ascii=not _is_utf8(changed))

    def in_words(self, text: str) -> str:
        """A plain text."""
        if self.anywhere is not None:
            text = self.anywhere.sub(ERASED, text)
        return self.word.sub(ERASED, text)


@lru_cache(maxsize=64)
def _known(person: Person) -> _Known:
    values = sorted(person.values, key=len, reverse=True)
    anywhere = re.compile("|".join(map(re.escape, values)), re.IGNORECASE) if values else None
    word = re.compile(rf"(?<![\w@.-]){re.escape(person.id)}(?![\w@-])", re.IGNORECASE)
    numbers = [re.escape(value) for value in values if _NUMBER.fullmatch(value)]
    if _NUMBER.fullmatch(person.id) and len(person.id) >= SHORTEST_VALUE:
        numbers.append(f"^{re.escape(person.id)}$")
    number = re.compile("|".join(numbers)) if numbers else None
    whole = frozenset(map(str.casefold, (person.id, *values)))
    somewhere = re.compile("|".join(map(re.escape, {person.id, *values, *whole})), re.IGNORECASE)
    return _Known(whole, somewhere, anywhere, word, number)


def _is_utf8(text: str) -> bool:
    """Whether a text can be stored; one with half a pair of surrogates cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


def _is_value(text: str) -> bool:
    return SHORTEST_VALUE <= len(text) <= LONGEST_VALUE and text != ERASED


def values_in(row: Any) -> list[str]:
    """The texts in a row of an audience by which its person might be known elsewhere."""
    if isinstance(row, str):
        return [row]
    parts: Iterable[Any] = row.values() if isinstance(row, Mapping) else row if isinstance(row, list) else ()
    return [text for part in parts for text in values_in(part)]


def telling(texts: Iterable[str | None], values: Sequence[str]) -> list[str]:
    """Those of some texts (errors, say) that repeat one of the values: they are erased wherever they are repeated."""
    long_enough = [value.casefold() for value in values if _is_value(value)]
    return [
        text for text in texts if text is not None and any(value in text.casefold() for value in long_enough)
    ]


def person_problems(person: str, values: Sequence[str]) -> list[Problem]:
    """What is wrong with what a caller has named."""
    problems = []
    if not person or len(person) > LONGEST_ID:
        problems.append(Problem("person", f"must have 1 to {LONGEST_ID} characters"))
    if len(values) > MOST_VALUES:
        problems.append(Problem("values", f"has {len(values)} values; at most {MOST_VALUES} are allowed"))
    for value in values[:MOST_VALUES]:
        if not SHORTEST_VALUE <= len(value) <= LONGEST_VALUE:
            words = f"each must have {SHORTEST_VALUE} to {LONGEST_VALUE} characters, or it would match by accident"
            problems.append(Problem("values", words))
            break
    return problems


def person_hash(salt: bytes, person: str) -> bytes:
    """By what an erasure is recognised afterwards (32 bytes): it tells nothing without the id."""
    return sha256(salt + person.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as the store keeps it. Instants are milliseconds since the epoch.

    `person` is kept until it is done; afterwards `salt` and `hash` tell that it was this one, to who knows the id.
    `place` and `position` say how far it has come, and `counts` how many rows were changed in each place. One that
    waits does so for `waits_for` runs and audiences, and is looked at again at `look_ms`.
    """

    id: Id
    workspace_id: Id
    salt: bytes
    hash: bytes
    by: Id
    created_ms: int
    updated_ms: int
    person: Person | None
    state: ErasureState = ErasureState.RUNNING
    place: Place = PLACES[0]
    position: bytes = b""
    counts: Mapping[str, int] = field(default_factory=dict)
    finished_ms: int | None = None
    look_ms: int | None = None
    waits_for: int = 0


def look_again_ms(erasure: Erasure, now: int) -> int:
    """When an erasure looks again at what is still under way: the longer that lasts, the later."""
    return now + min(max((now - erasure.created_ms) // 10, SOONEST_LOOK_MS), LATEST_LOOK_MS)
