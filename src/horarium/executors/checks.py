"""What the checks of every executor's configuration have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from horarium.domain.errors import Problem

# Unknown fields that are named; somebody who gives thousands is not helped by thousands of answers.
_MOST_UNKNOWN = 20
_LONGEST_NAME = 80


def check_fields(config: Mapping[str, Any], own_type: str, known: Collection[str]) -> list[Problem]:
    """Fields that no executor of this type knows; a `type` is fine where it is this one."""
    unknown = (name for name in config if name not in known and name != "type")
    problems = [
        Problem(shortened(name), f"is not a field of {own_type!r}; there are {', '.join(known)}", "unknown")
        for name in islice(unknown, _MOST_UNKNOWN)
    ]
    if config.get("type", own_type) != own_type:
        problems.append(Problem("type", f"must be {own_type!r}"))
    return problems


def check_texts(value: Any, field: str, most: int = 100) -> list[Problem]:
    """Problems of an object whose values must be texts (headers, environment); None is fine."""
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
    """A name that a caller gave, as a problem may show it."""
    return name if len(name) <= longest else f"{name[: longest - 3]}..."
