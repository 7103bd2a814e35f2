"""Texts as the verbs store them and look for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson


def json_text(value: Any) -> str | None:
    """A value as JSON text; None stays None."""
    return None if value is None else orjson.dumps(value).decode()


def json_value(text: str | None) -> Any:
    """The value of a JSON text; None stays None."""
    return None if text is None else orjson.loads(text)


def escaped(text: str) -> str:
    """A text as a LIKE pattern that matches only itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def beginning_with(text: str | None) -> str | None:
    """A LIKE pattern for what begins with a text; None where nothing is asked for. Statements put it in lower case
    themselves: Python and a database do not agree on every letter."""
    return None if text is None else f"{escaped(text)}%"


def containing(text: str | None) -> str | None:
    """As `beginning_with`, for what contains a text."""
    return None if text is None else f"%{escaped(text)}%"


def in_json(text: str | None) -> str | None:
    """How a text is written within a JSON text; None where it is written there as it is."""
    written = None if text is None else orjson.dumps(text).decode()[1:-1]
    return None if written == text else written


def label_texts(labels: Collection[tuple[str, str]]) -> dict[str, Any]:
    """The parameters of statements that ask for schedules with all of some labels. A label is one text there: the
    length of its name, the name and the value."""
    wanted = sorted({*labels})
    texts = [f"{len(name)}:{name}{value}" for name, value in wanted]
    return {"further": len(wanted), "labels": orjson.dumps(texts).decode()}
