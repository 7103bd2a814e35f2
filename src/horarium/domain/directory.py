"""The directory of a workspace: the people and things of which its audiences are made.

This module declares the kinds of item with their fields and reads one item from what a caller sent. Every
item has an `id`, a text that the caller chooses. References between items are not checked: a task may name a
user that is imported later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from horarium.domain.errors import Problem
from horarium.domain.json_text import NotKept, decode_written
from horarium.times.instants import InstantError, Rounding, seconds_of

# The longest text of a field; and the longest id, status and reference to another item, which is an id, in characters.
# These are what items are looked up by, and an index of PostgreSQL has room for 2,700 bytes in an entry.
TEXT_LIMIT = 2_000
ID_LIMIT = 200
# The most that the custom fields of one contact may hold, in bytes of JSON.
CUSTOM_FIELDS_LIMIT = 16 * 1024

FieldType = Literal["text", "short", "instant", "number", "whole"]


@dataclass(frozen=True, slots=True)
class DirectoryField:
    """A field of a kind of item.

    `aliases` are other names under which callers may send it. `default` is used where the field is left out;
    "now" stands for the instant of the import.
    """

    name: str
    type: FieldType = "text"
    aliases: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of item. `custom` tells that fields which are not declared are kept as custom fields."""

    name: str
    fields: tuple[DirectoryField, ...]
    custom: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns after workspace and id, in the order in which the statements list them."""
        names = tuple(declared.name for declared in self.fields)
        return (*names, "custom") if self.custom else names


_F = DirectoryField
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("users", (_F("email"), _F("full_name"), _F("role"))),
        Kind("contacts", (_F("type", aliases=("contact_type",)), _F("email"), _F("name")), custom=True),
        Kind(
            "deals",
            (
                _F("name"),
                _F("status", "short", default="open"),
                _F("value", "number"),
                _F("pipeline", "short", ("pipeline_id",)),
                _F("stage", "short", ("stage_id",)),
                _F("owner", "short", ("owner_id",)),
                _F("last_change", "instant", ("last_changed_at", "last_change_at", "updated_at"), "now"),
            ),
        ),
        Kind(
            "tasks",
            (
                _F("title"),
                _F("status", "short", default="open"),
                _F("due", "instant", ("due_at",)),
                _F("assignee", "short", ("assignee_id",)),
                _F("deal", "short", ("deal_id",)),
                _F("contact", "short", ("contact_id",)),
            ),
        ),
        Kind("pipelines", (_F("name"),)),
        Kind("stages", (_F("name"), _F("pipeline", "short", ("pipeline_id",)), _F("position", "whole"))),
    )
}


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line of an import that was refused: its number, counted from 1, and what is wrong with it."""

    line: int
    problem: Problem


def read_item(kind: Kind, given: Any, now_ms: int) -> tuple[tuple[Any, ...] | None, Problem | None]:
    """The values of an item's columns, id first, from what a caller sent; or the first problem found.

    Exactly one of the two is None. Instants become milliseconds since the epoch; numbers become their JSON
    text, so that none of their digits is lost.
    """
    if not isinstance(given, Mapping):
        return None, Problem("", "must be an object", "type")
    an_id = given.get("id")
    if isinstance(an_id, int) and not isinstance(an_id, bool):
        an_id = str(an_id)
    if not isinstance(an_id, str) or not an_id:
        return None, Problem("id", "is required and must be a text and not empty", "required")
    if len(an_id) > ID_LIMIT or not _storable(an_id):
        return None, Problem("id", f"must be at most {ID_LIMIT} characters without NUL")
    values: list[Any] = [an_id]
    taken = {"id"}
    for declared in kind.fields:
        name = next((n for n in (declared.name, *declared.aliases) if n in given), declared.name)
        taken.add(name)
        value, wrong = _READERS[declared.type](given.get(name))
        if wrong is not None:
            return None, Problem(name, wrong, "type")
        values.append(value if value is not None else _default(declared, now_ms))
    if kind.custom:
        custom, problem = _custom({key: given[key] for key in given if key not in taken})
        if problem is not None:
            return None, problem
        values.append(custom)
    return tuple(values), None


def _default(declared: DirectoryField, now_ms: int) -> Any:
    return now_ms if declared.default == "now" else declared.default


def _custom(further: Mapping[str, Any]) -> tuple[str | None, Problem | None]:
    """The fields that are not declared, as JSON text. Members of an object `custom_fields` count as such fields."""
    gathered = {key: value for key, value in further.items() if key != "custom_fields"}
    nested = further.get("custom_fields")
    if nested is not None:
        if not isinstance(nested, Mapping):
            return None, Problem("custom_fields", "must be an object", "type")
        gathered |= nested
    if not gathered:
        return None, None
    try:
        text = orjson.dumps(gathered)
    except TypeError:
        return None, Problem("custom_fields", "holds something that is not JSON", "type")
    if len(text) > CUSTOM_FIELDS_LIMIT:
        words = f"are larger than {CUSTOM_FIELDS_LIMIT} bytes of JSON"
        return None, Problem("custom_fields", words, "too_long")
    if b"\\u0000" in text:
        return None, Problem("custom_fields", "must not contain NUL")
    return text.decode(), None


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


# Takes what a caller sent for a field (None: left out) and returns the value to store and what is wrong, one
# of them None.
_Reader = Callable[[Any], tuple[Any, str | None]]


def _text(value: Any, longest: int = TEXT_LIMIT) -> tuple[Any, str | None]:
    if value is None or value == "":
        return None, None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None, "must be a text"
    if len(value) > longest or not _storable(value):
        return None, f"must be at most {longest} characters without NUL"
    return value, None


def _short(value: Any) -> tuple[Any, str | None]:
    return _text(value, ID_LIMIT)


def _instant(value: Any) -> tuple[Any, str | None]:
    """Milliseconds since the epoch of a date and time with an offset, rounded down to the whole second."""
    if value is None or value == "":
        return None, None
    try:
        return seconds_of(value, Rounding.DOWN) * 1000, None
    except InstantError as error:
        return None, str(error)


def _number(value: Any) -> tuple[Any, str | None]:
    """The JSON text of a number."""
    if value is None or value == "":
        return None, None
    if isinstance(value, str):
        try:
            value = decode_written(value.strip().encode("utf-8", "replace"))
        except NotKept as error:
            return None, error.message
        except orjson.JSONDecodeError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, "must be a number"
    return orjson.dumps(value).decode(), None


def _whole(value: Any) -> tuple[Any, str | None]:
    text, wrong = _number(value)
    if wrong is None and (text is None or (text.lstrip("-").isdigit() and len(text) < 16)):
        return None if text is None else int(text), None
    return None, "must be a whole number of up to 15 digits"


_READERS: Mapping[str, _Reader] = {
    "text": _text,
    "short": _short,
    "instant": _instant,
    "number": _number,
    "whole": _whole,
}
