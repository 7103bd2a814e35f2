"""Checks of a configuration that every executor needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.near_names import did_you_mean

# How many unknown fields are reported. Nobody reads thousands of problems.
_MOST_UNKNOWN = 20

# Characters of a field's name that a problem shows.
_LONGEST_NAME = 80


def check_fields(config: Mapping[str, Any], own_type: str, known: Collection[str]) -> list[Problem]:
    """A problem for each field that this type of target does not have.

    The field `type` is allowed if its value is `own_type`.
    """
    unknown = (name for name in config if name not in known and name != "type")
    problems = [
        Problem(
            shortened(name),
            f"is not a field of {own_type!r}; {did_you_mean(name, known, 'fields')}",
            "unknown",
        )
        for name in islice(unknown, _MOST_UNKNOWN)
    ]
    if config.get("type", own_type) != own_type:
        problems.append(Problem("type", f"must be {own_type!r}"))
    return problems


def check_texts(value: Any, field: str, most: int = 100) -> list[Problem]:
    """Problems of an object whose values must be texts, such as headers. None has no problems.

    `most` is how many members the object may have.
    """
    if value is None:
        return []
    if not isinstance(value, Mapping):
        return [Problem(field, "must be an object of names and texts", "type")]
    if len(value) > most:
        return [Problem(field, f"has more than {most} members")]
    return [
        Problem(f"{field}.{shortened(name)}", "must be a text", "type")
        for name, text in value.items()
        if not isinstance(text, str)
    ]


def shortened(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name from a request, cut to at most `longest` characters, so that a problem can show it."""
    return name if len(name) <= longest else f"{name[: longest - 3]}..."
