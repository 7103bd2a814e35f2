"""Erasing a person: what is looked for in stored texts, and what stands there afterwards.

A person is known by an id, the row key under which audiences have it or its id in the directory, and by values such as
an address or a name. The id is looked for as a whole, because short ids are parts of many words; values are looked for
anywhere. Upper and lower case are the same. A row key or an id that is a value as a whole is the person's, like the id.

Which texts are JSON says whoever asks, since a plain text may begin like JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cache, lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.ids import Id

# What stands in place of what was erased.
ERASED = "[erased]"
# The shortest and the longest value that is looked for, in characters, and how many a caller may name.
SHORTEST_VALUE, LONGEST_VALUE, MOST_VALUES = 4, 500, 50
# How many values one erasure looks for, with those that it finds in the rows of the person.
MOST_KNOWN = 500
# How many values of rows errors are compared with.
MOST_TELLING = 1_000
LONGEST_ID = 1_000
# A string of JSON. It is read without a way back, which would take a hundred bytes for each of its letters.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_JSON_TEXT = re.compile(_STRING)
# What may be a number of JSON, or a part of one. Short ids would match numbers by accident, so they are not looked for.
_NUMBER = re.compile(r"[0-9.]+")
_JSON_TEXT_OR_NUMBER = re.compile(rf"{_STRING}|-?[0-9][0-9.eE+-]*+")


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
        numbered = content is Content.JSON and (known.number is not None or bool(known.numbers))
        text = known.in_json(text, numbered)
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
    """By what one person is found. The first three are folded: the id; the values, the longest first; and of what one
    must be `somewhere` in a text without escapes that names the person. `beginning` finds where the id may begin.
    `whole`: the id and the values, casefolded; `numbers` and `number`: the values that are numbers, and the id if it is
    one.

    Texts may be long, and values many. A pattern of all values would look at each letter of a text for each of them,
    and for each letter of these. So each value is looked for by itself, in a time that grows with the text alone.
    """

    id: str
    values: tuple[str, ...]
    somewhere: tuple[str, ...]
    beginning: re.Pattern[str]
    whole: frozenset[str]
    numbers: tuple[str, ...]
    number: str | None

    def may_be_in(self, text: str) -> bool:
        """Whether a text has to be looked at closely, as few have to be."""
        if "\\" in text:
            return True
        folded = _folded(text)
        if any(each in folded for each in self.somewhere):
            return True
        return not text.isascii() and any(map(text.casefold().__contains__, self.whole))

    def in_json(self, text: str, numbered: bool) -> str:
        """A JSON text: its strings, and its numbers where they may be the person's."""
        tokens = (_JSON_TEXT_OR_NUMBER if numbered else _JSON_TEXT).finditer(text)
        parts: list[str] = []
        done = 0
        while some := list(islice(tokens, _TOKENS_AT_ONCE)):
            for token, left in zip(some, self._in_tokens([token[0] for token in some]), strict=True):
                if left is not None:
                    parts += (text[done : token.start()], left)
                    done = token.end()
        return "".join((*parts, text[done:]))

    def _in_tokens(self, tokens: Sequence[str]) -> Iterator[str | None]:
        """What is left of strings of JSON, with their quotes, and of numbers; None for those that stay."""
        texts = [_content(token) if token[0] == '"' else "" for token in tokens]
        numbers = ["" if token[0] == '"' else token for token in tokens]
        in_texts = self._marked(_BETWEEN.join(map(_folded, texts))).split(_BETWEEN)
        in_numbers = _marked(_BETWEEN.join(numbers), self.numbers).split(_BETWEEN)
        for text, number, marks, marks_of_number in zip(texts, numbers, in_texts, in_numbers, strict=True):
            if _END in marks_of_number or number == self.number or (text and text.casefold() in self.whole):
                yield f'"{ERASED}"'
            elif _END in marks:
                left = _without_marked(text, marks)
                yield json.dumps(left, ensure_ascii=not _is_utf8(left))
            else:
                yield None

    def in_words(self, text: str) -> str:
        """A plain text."""
        marks = self._marked(_folded(text))
        return _without_marked(text, marks) if _END in marks else text

    def _marked(self, folded: str) -> str:
        """A folded text with marks in place of the person: as many as letters, the last of which is another one."""
        folded = _marked(folded, self.values)
        if self.id not in folded:
            return folded
        parts: list[str] = []
        done = 0
        for found in self.beginning.finditer(folded):
            at = found.start()
            end = at + len(self.id)
            if at >= done and folded.startswith(self.id, at) and not _GOES_ON.match(folded, end):
                parts += (folded[done:at], _mark(self.id))
                done = end
        return "".join((*parts, folded[done:]))


# Marks in a folded text, which it has not itself: of what is erased but for the last letter, of the last letter, and
# what separates texts that are looked at together.
_INSIDE, _END, _BETWEEN = "\0", "\1", "\2"
_MARKED = re.compile(f"{_INSIDE}*{_END}")
_GOES_ON = re.compile(r"[\w@-]")
# How many tokens of JSON are looked at together.
_TOKENS_AT_ONCE = 1_000
# Of an id, so many letters are looked for by a pattern.
_BEGINNING = 32


@cache
def _several() -> Mapping[int, str]:
    """Letters that are several when they are folded; of each, a rare letter that stands for it alone."""
    several = [code for code in range(0x10000) if len(chr(code).casefold()) > 1]
    return {code: chr(0x20000 + place) for place, code in enumerate(several)} | {ord("\u0130"): "i"}


def _folded(text: str) -> str:
    """A text of as many letters in which upper and lower case are the same, without marks."""
    for mark in (_INSIDE, _END, _BETWEEN):
        text = text.replace(mark, "\ufffd")
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text.translate(_several()).casefold()
    return folded.replace("\u0131", "i")


def _marked(folded: str, values: Iterable[str]) -> str:
    """A folded text with marks in place of each of some values."""
    for value in values:
        if value in folded:
            folded = folded.replace(value, _mark(value))
    return folded


def _mark(value: str) -> str:
    return _INSIDE * (len(value) - 1) + _END


def _without_marked(text: str, marks: str) -> str:
    """A text without what is marked in its folded one."""
    parts: list[str] = []
    done = 0
    for found in _MARKED.finditer(marks):
        parts += (text[done : found.start()], ERASED)
        done = found.end()
    return "".join((*parts, text[done:]))


def _content(token: str) -> str:
    """What a string of JSON says; nothing where it is none in the end."""
    if "\\" not in token:
        return token[1:-1]
    try:
        content: str = json.loads(token)
    except ValueError:
        return ""
    return content


@lru_cache(maxsize=16)
def _known(person: Person) -> _Known:
    values = tuple(map(_folded, sorted(person.values, key=len, reverse=True)))
    an_id = _folded(person.id)
    whole = frozenset(map(str.casefold, (person.id, *person.values)))
    is_number = _NUMBER.fullmatch(person.id) is not None and len(person.id) >= SHORTEST_VALUE
    return _Known(
        id=an_id,
        values=values,
        somewhere=tuple({an_id, *values, *map(_folded, whole)}),
        beginning=re.compile(rf"(?<![\w@.-])(?={re.escape(an_id[:_BEGINNING])})"),
        whole=whole,
        numbers=tuple(filter(_NUMBER.fullmatch, person.values)),
        number=person.id if is_number else None,
    )


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
    long_enough = dict.fromkeys(value.casefold() for value in values if _is_value(value))
    known = list(islice(long_enough, MOST_TELLING))
    told = dict.fromkeys(text for text in texts if text is not None)
    return [text for text in told if any(map(text.casefold().__contains__, known))]


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
