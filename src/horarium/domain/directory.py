"""The directory of a workspace: the people and things that its audiences are made of. Kinds, fields, one line
read.

Every item has an `id`, a text of the caller's own choosing. Nothing here refers to anything else by
constraint: a task may name a user that is imported later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from horarium.domain.errors import Problem
from horarium.times.civil import parse_rfc3339

MOST_TEXT = 2_000
MOST_ID = 200
MOST_CUSTOM = 16 * 1024
"""Bytes of a contact's custom fields as JSON."""

FieldType = Literal["text", "instant", "number", "whole"]


@dataclass(frozen=True, slots=True)
class DirectoryField:
    """A field and other names it is taken under. `default`: what stands for one left out."""

    name: str
    type: FieldType = "text"
    aliases: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of item; `custom`: every further field is kept as well."""

    name: str
    fields: tuple[DirectoryField, ...]
    custom: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns behind workspace and id, in the order of the statements."""
        names = tuple(one.name for one in self.fields)
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
                _F("status", default="open"),
                _F("value", "number"),
                _F("pipeline", aliases=("pipeline_id",)),
                _F("stage", aliases=("stage_id",)),
                _F("owner", aliases=("owner_id",)),
                _F("last_change", "instant", ("last_changed_at", "last_change_at", "updated_at"), "now"),
            ),
        ),
        Kind(
            "tasks",
            (
                _F("title"),
                _F("status", default="open"),
                _F("due", "instant", ("due_at",)),
                _F("assignee", aliases=("assignee_id",)),
                _F("deal", aliases=("deal_id",)),
                _F("contact", aliases=("contact_id",)),
            ),
        ),
        Kind("pipelines", (_F("name"),)),
        Kind("stages", (_F("name"), _F("pipeline", aliases=("pipeline_id",)), _F("position", "whole"))),
    )
}


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was not taken: its number, counted from 1, and why."""

    line: int
    problem: Problem


def read_item(kind: Kind, given: Any, now_ms: int) -> tuple[tuple[Any, ...] | None, Problem | None]:
    """An item's columns (id first) from what a caller sent, or what is wrong with it."""
    if not isinstance(given, Mapping):
        return None, Problem("", "must be an object", "type")
    an_id = given.get("id")
    if isinstance(an_id, int) and not isinstance(an_id, bool):
        an_id = str(an_id)
    if not isinstance(an_id, str) or not an_id:
        return None, Problem("id", "is required: a text that is not empty", "required")
    if len(an_id) > MOST_ID or not _storable(an_id):
        return None, Problem("id", f"must be at most {MOST_ID} characters without NUL")
    values: list[Any] = [an_id]
    taken = {"id"}
    for one in kind.fields:
        name = next((n for n in (one.name, *one.aliases) if n in given), one.name)
        taken.add(name)
        value, wrong = _READERS[one.type](given.get(name))
        if wrong is not None:
            return None, Problem(name, wrong, "type")
        values.append(value if value is not None else _default(one, now_ms))
    if kind.custom:
        custom, problem = _custom({key: given[key] for key in given if key not in taken})
        if problem is not None:
            return None, problem
        values.append(custom)
    return tuple(values), None


def _default(one: DirectoryField, now_ms: int) -> Any:
    return now_ms if one.default == "now" else one.default


def _custom(further: Mapping[str, Any]) -> tuple[str | None, Problem | None]:
    """Further fields as JSON text; an object `custom_fields` is taken apart."""
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
    if len(text) > MOST_CUSTOM:
        return None, Problem("custom_fields", f"are larger than {MOST_CUSTOM} bytes", "too_long")
    if b"\\u0000" in text:
        return None, Problem("custom_fields", "must not contain NUL")
    return text.decode(), None


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


_Reader = Callable[[Any], tuple[Any, str | None]]


def _text(value: Any) -> tuple[Any, str | None]:
    if value is None or value == "":
        return None, None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None, "must be a text"
    if len(value) > MOST_TEXT or not _storable(value):
        return None, f"must be at most {MOST_TEXT} characters without NUL"
    return value, None


def _instant(value: Any) -> tuple[Any, str | None]:
    """Milliseconds; a date and time with an offset."""
    if value is None or value == "":
        return None, None
    found = parse_rfc3339(value) if isinstance(value, str) else None
    if found is None:
        return None, "must be a time with an offset, such as 2026-03-08T09:00:00Z"
    return found[0] * 1000, None


def _number(value: Any) -> tuple[Any, str | None]:
    """The JSON text of a number."""
    if value is None or value == "":
        return None, None
    if isinstance(value, str):
        try:
            value = orjson.loads(value.strip())
        except orjson.JSONDecodeError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, "must be a number"
    return orjson.dumps(value).decode(), None


def _whole(value: Any) -> tuple[Any, str | None]:
    text, wrong = _number(value)
    if wrong is None and (text is None or (text.lstrip("-").isdigit() and len(text) < 16)):
        return None if text is None else int(text), None
    return None, "must be a whole number"


_READERS: Mapping[str, _Reader] = {"text": _text, "instant": _instant, "number": _number, "whole": _whole}
