"""What an answer says, as lines that are the same at every time.

What chance decides has names. A thing that is shown again is told by its name, and by what has changed of it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from horarium import __version__
from horarium.domain.ids import from_ulid, uuid_text
from horarium.times import TZDATA_VERSION
from tests.mutations.sending import Reply
from tests.support.names import Names

WIDTH = 160
# An object that is longer than so many characters is told once as a whole, and then by what is different.
LONG = 120
# Of a longer list of things, so many are told; of the others their ids.
MOST_OF_A_LIST = 6
# Of the items of a stream, so many of each kind are told.
MOST_OF_A_KIND = 2
# A text that is as short holds no id and no key.
SHORT = 5
# These differ at each answer, or are told by what is shown.
PASSING = frozenset(("date", "x-request-id", "content-length", "ratelimit", "ratelimit-policy"))
# Headers that belong to an answer and not to its kind: they are always told.
TOLD = frozenset(
    ("www-authenticate", "allow", "retry-after", "location", "etag", "link", "content-disposition")
)
_REPEATED = re.compile(r"([a-z])\1{19,}")
_CURSOR = re.compile(r"(?<=[?&]cursor=)[\w%-]+")
_VERSIONS = ((f'"{__version__}"', '"VERSION"'), (TZDATA_VERSION, "TZDATA"))
CURSORS = ("next_cursor", "nextCursor")


class Told(Names):
    """Names for ids: those of the world have the names that it gives them, all others are numbered as they come up."""

    _ULID = re.compile(r"\b([a-z]+)([_-])([0-7][0-9A-HJKMNP-TV-Z]{25})\b")
    _UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
    KINDS = tuple(kind for kind in Names.KINDS if kind[1] is not None)

    def __init__(self, there: Mapping[str, str]) -> None:
        super().__init__()
        self._world: dict[str, str] = {}
        self._numbered = 0
        for name, real in there.items():
            self.calls(real, name)

    def calls(self, real: str, name: str) -> None:
        """From here on an id has this name, whatever stands before it."""
        ulid = real[-26:]
        if (found := from_ulid(ulid)) is not None:
            self._world.setdefault(ulid, name.replace(" ", "-"))
            self._world.setdefault(uuid_text(found), name.replace(" ", "-"))

    def plain(self, text: str) -> str:
        text = self._ULID.sub(lambda seen: f"{seen[1]}{seen[2]}{self._of(seen[3])}", text)
        text = self._UUID.sub(lambda seen: f"uuid_{self._of(seen[0])}", text)
        text = _REPEATED.sub(lambda seen: f"{seen[1]}×{len(seen[0])}", text)
        for real, name in _VERSIONS:
            text = text.replace(real, name)
        return _CURSOR.sub("CURSOR", self.named(text))

    def _of(self, real: str) -> str:
        """Things of all kinds are numbered together, because a fire and its run may have one id."""
        if real not in self._world:
            self._numbered += 1
            self._world[real] = str(self._numbered)
        return self._world[real]


class Teller:
    """`names` is where ids get theirs. What has been told is remembered from answer to answer."""

    def __init__(self, names: Told) -> None:
        self.names = names
        self._things: dict[Any, Mapping[str, Any]] = {}
        # The first thing of each kind, to which others are compared when they are told first.
        self._first: dict[Any, Mapping[str, Any]] = {}
        self._headers: dict[str, Mapping[str, str]] = {}

    def answer(self, reply: Reply) -> list[str]:
        """The lines of an answer: its status, what is unusual among its headers, and its body."""
        assert reply.broke is None, reply.broke
        head = self.head(reply)
        if not reply.body:
            return [head]
        if reply.media.endswith("json") and not reply.media.endswith("ndjson"):
            lines = list(_laid(self._node("", json.loads(reply.body)), WIDTH))
        elif reply.media == "application/x-ndjson":
            lines = list(self.stream([json.loads(line) for line in reply.body.splitlines()]))
        else:
            lines = [self.names.plain(line) for line in reply.body.decode().splitlines()]
        if len(lines) == 1 and len(head) + len(lines[0]) < WIDTH:
            return [f"{head} {lines[0]}"]
        return [head, *lines]

    def stream(self, items: list[Any], by: str = "type") -> Iterator[str]:
        """Items one after the other; of each kind the first ones, and how many others there are."""
        kinds = Counter[str]()
        for item in items:
            kind = str(item.get(by))
            kinds[kind] += 1
            if kinds[kind] <= MOST_OF_A_KIND:
                yield from _laid(self._node("", item), WIDTH)
        for kind, count in kinds.items():
            if count > MOST_OF_A_KIND:
                yield f"and {count - MOST_OF_A_KIND} more of {kind}"

    def head(self, reply: Reply) -> str:
        """The status of an answer, and what is unusual among its headers."""
        return self.names.plain(f"{reply.status}{self._unusual(reply)}")

    def compact(self, reply: Reply) -> str:
        """An answer in one line, as refusals are told."""
        return self.names.plain(f"{reply.status}{self._unusual(reply)} {reply.body.decode()}")

    def _unusual(self, reply: Reply) -> str:
        """The headers, once for each kind of answer; then only those that are others than before."""
        shown = {name: text for name, text in reply.headers.items() if name not in PASSING}
        kind = f"{reply.media} {reply.status // 100}"
        new = kind not in self._headers
        usual = self._headers.setdefault(
            kind, {name: text for name, text in shown.items() if name not in TOLD}
        )
        if new:
            return f" <{kind}xx: {'; '.join(f'{name}: {text}' for name, text in shown.items())}>"
        other = [f"{name}: {text}" for name, text in shown.items() if usual.get(name) != text]
        other += [f"no {name}" for name in usual if name not in shown]
        return f" <{'; '.join(other)}>" if other else ""

    def _node(self, name: str, value: Any) -> Any:
        """A value as a text, or as (opening, parts, closing); each part is a text that stands before, and a node."""
        if isinstance(value, list):
            many = len(value) > MOST_OF_A_LIST + 4 and all(isinstance(each, dict) for each in value)
            told = value[:MOST_OF_A_LIST] if many else value
            parts = [("", self._node(name, each)) for each in told]
            if many:
                others = [_id_of(each) or "?" for each in value[MOST_OF_A_LIST:]]
                parts += [("", self.names.plain(each)) for each in (f"{len(others)} more:", *others)]
            return "[", parts, "]"
        if not isinstance(value, dict):
            if name in CURSORS and value is not None:
                return "CURSOR"
            written = json.dumps(value, ensure_ascii=False)
            return self.names.plain(written) if len(written) > SHORT else written
        which = _identity(name, value)
        if which is None:
            return self._members(value)
        known = self._things.get(which)
        self._things[which] = value
        word = self.names.plain(f"as {which[0]} before")
        if known is None:
            known = self._first.setdefault((name, which[1]), value)
            word = self.names.plain(f"like {_id_of(known)}")
            if known is value or which[0].startswith("a "):
                return self._members(value)
        changed = {field: each for field, each in value.items() if field not in known or known[field] != each}
        if not changed:
            return f"{{{word}}}"
        if len(changed) > 2 + len(value) * 0.7:
            return self._members(value)
        _, parts, closing = self._members(changed)
        return f"{{{word}, but ", parts, closing

    def _members(self, value: Mapping[str, Any]) -> Any:
        parts = [
            (self.names.plain(f"{json.dumps(field, ensure_ascii=False)}: "), self._node(field, each))
            for field, each in value.items()
        ]
        return "{", parts, "}"


def _id_of(value: Mapping[str, Any]) -> str | None:
    metadata = value.get("metadata")
    within = metadata.get("id") if isinstance(metadata, dict) else None
    return next((found for key in ("id", "eventId") if isinstance(found := value.get(key), str)), within)


def _identity(name: str, value: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """What tells an object from others with the same fields: its id, or where it stands if it has none."""
    fields = tuple(sorted(value))
    an_id = _id_of(value)
    if an_id is not None:
        return an_id, fields
    if name and len(fields) > 2 and len(json.dumps(value)) > LONG:
        return f"a {name}", fields
    return None


def _flat(node: Any) -> str:
    if isinstance(node, str):
        return node
    opening, parts, closing = node
    return opening + ", ".join(before + _flat(part) for before, part in parts) + closing


def _laid(node: Any, width: int) -> Iterator[str]:
    """The lines of a node: as many parts on each as there is room for."""
    flat = _flat(node)
    if isinstance(node, str) or len(flat) <= width:
        yield from _cut(flat, width)
        return
    opening, parts, closing = node
    yield opening.rstrip()
    line = ""
    for number, (before, part) in enumerate(parts):
        end = "," if number < len(parts) - 1 else ""
        text = before + _flat(part) + end
        # What is long, and each object of a list, has lines of its own.
        alone = len(text) > width - 2 or (not before and not isinstance(part, str) and len(text) > 60)
        if line and (alone or len(line) + len(text) + 1 > width - 2):
            yield f"  {line}"
            line = ""
        if alone:
            inner = list(_laid(part, width - 2))
            inner[0] = before + inner[0]
            inner[-1] += end
            yield from (f"  {each}" for each in inner)
        else:
            line = f"{line} {text}" if line else text
    if line:
        yield f"  {line}"
    yield closing


def _cut(text: str, width: int) -> list[str]:
    """A text in lines; what is cut goes on after ` \\`."""
    text = _REPEATED.sub(lambda seen: f"{seen[1]}×{len(seen[0])}", text)
    lines = []
    while len(text) > width + 10:
        at = text.rfind(" ", width // 2, width)
        at = width if at < 0 else at + 1
        lines.append(f"{text[:at]}\\")
        text = f"  {text[at:]}"
    return [*lines, text]


def folded(lines: list[str]) -> list[str]:
    """Lines, of which those that are long go on below."""
    return [part for line in lines for part in _cut(line, WIDTH + 20)]


def wrapped(words: list[str], first: str = "  ") -> list[str]:
    """Words in lines, with commas in between."""
    lines, line = [], first
    for number, word in enumerate(words):
        text = word + ("," if number < len(words) - 1 else "")
        if len(line) + len(text) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = first
        line += f"{text} "
    return [*lines, line.rstrip()]
