"""What the checks of every executor's configuration have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from horarium.domain.errors import Problem


def check_fields(config: Mapping[str, Any], own_type: str, known: Collection[str]) -> list[Problem]:
    """Fields that no executor of this type knows; a `type` is fine where it is this one."""
    problems = [
        Problem(name, f"is not a field of {own_type!r}; there are {', '.join(known)}", "unknown")
        for name in config
        if name not in known and name != "type"
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
        Problem(f"{field}.{name}", "must be a text", "type")
        for name, text in value.items()
        if not isinstance(text, str)
    ]
