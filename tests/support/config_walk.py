"""Walks through a configuration: every field at values of every kind and at its bounds, and what is told of each.

Which fields there are is not listed here: it is what the check itself asks for and allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import patch

from horarium.domain.errors import Problem
from horarium.executors import checks
from tests.support.kept_page import Page, briefly

Check = Callable[[Mapping[str, Any]], Sequence[Problem]]
MISSING = object()
# What every field is given, whatever it is.
EVERY_KIND: tuple[Any, ...] = (
    MISSING,
    None,
    True,
    0,
    -1,
    1.5,
    "",
    " ",
    "x",
    [],
    [1],
    ["x"],
    {},
    {"a": 1},
    "***",
)
_UNKNOWN = "unknown_field"
_CHOSEN = ("secrets.", "headers.", "environment.", "labels.", "arguments.", "spec.")


class _Asked(dict[str, Any]):
    """A configuration that notes what it is asked for, inside its objects as well."""

    def __init__(self, given: Mapping[str, Any], noted: set[str], above: str = "") -> None:
        inner = {
            name: _Asked(value, noted, f"{above}{name}.") if isinstance(value, dict) else value
            for name, value in given.items()
        }
        super().__init__(inner)
        self._noted, self._above = noted, above

    def get(self, name: str, default: Any = None) -> Any:
        self._noted.add(self._above + name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self._noted.add(self._above + name)
        return super().__getitem__(name)


def fields_of(check: Check, base: Mapping[str, Any]) -> set[str]:
    """The fields that a check knows: those that it asks `base` for, and those that it allows."""
    noted: set[str] = set()
    check(_Asked(base, noted))
    allowed: list[Sequence[str]] = []

    def hear(_name: str, known: Sequence[str], _kind: str) -> str:
        allowed.append(known)
        return ""

    with patch.object(checks, "did_you_mean", hear):
        check({**base, _UNKNOWN: 1})
    # What is asked for and not allowed can never be given.
    known = set(allowed[0]) if allowed else set()
    noted = {name for name in noted if name.partition(".")[0] in known} | known
    return {name for name in noted if "." not in name or not _is_chosen(name)} - {"type"}


def _is_chosen(name: str) -> bool:
    """Whether a name stands in an object whose names the user chooses."""
    return name.startswith(_CHOSEN) or name.endswith(".type")


def walk(page: Page, check: Check, base: Mapping[str, Any], bounds: Mapping[str, Sequence[Any]]) -> list[str]:
    """Tell what is said of each field. Returns the fields that `bounds` have no entry for, and entries for none."""
    found = list(check(base))
    if found:
        page.case("the whole of it")
        page.problems(found)
    known = fields_of(check, base)
    for field in sorted(known & bounds.keys()):
        page.case(field)
        said: dict[str, list[str]] = {}
        for value in (*EVERY_KIND, *bounds[field]):
            said.setdefault(_told(check, _with(base, field, value)), []).append(
                "missing" if value is MISSING else briefly(value)
            )
        for told, values in said.items():
            page.say(f"{', '.join(values)}:")
            page.say("\n".join(f"  {line}" for line in told.split("\n")))
    page.case("what is not known")
    for name in (_UNKNOWN, *(field + "s" for field in sorted(known) if "." not in field), "y" * 100):
        page.say(_told(check, {**base, name: 1}))
    page.say(_told(check, {**base, **{f"n{number}": 1 for number in range(25)}}).splitlines()[-1])
    page.say(_told(check, {**base, "type": "other"}))
    return sorted(known ^ bounds.keys())


def _told(check: Check, config: Mapping[str, Any]) -> str:
    try:
        found = list(check(config))
    except Exception as error:  # a check never raises
        return f"IT RAISED {error!r}"
    lines = [f"{one.field or '(all)'} [{one.code}]: {one.message}" for one in found[:4]]
    return "\n".join((*lines, *([f"and {len(found) - 4} more"] if len(found) > 4 else []))) or "right"


def _with(base: Mapping[str, Any], field: str, value: Any) -> dict[str, Any]:
    name, dot, inner = field.partition(".")
    changed = dict(base)
    if dot:
        changed[name] = _with(base.get(name) or {}, inner, value)
    elif value is MISSING:
        changed.pop(name, None)
    else:
        changed[name] = value
    return changed


def around(least: int, most: int) -> Iterator[int]:
    """A bound of numbers, and what is beside it."""
    return iter((least - 1, least, most, most + 1))


def texts(longest: int) -> Iterator[str]:
    """A text at its bound, and one above."""
    return iter(("x" * longest, "x" * (longest + 1)))
