"""Lists in pages: in the order of ids, from beyond a cursor."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import Id

T = TypeVar("T")

LIMIT = 50
MOST = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the id to go on from where there are more."""

    items: Sequence[T]
    next: Id | None = None


def cut(found: Sequence[T], limit: int, id_of: Callable[[T], Id]) -> Page[T]:
    """A page of at most `limit` items, of up to `limit + 1` read to see whether there are more."""
    if len(found) <= limit:
        return Page(found)
    items = found[:limit]
    return Page(items, id_of(items[-1]))


def cursor_text(position: Id) -> str:
    """A cursor as callers see it; they take it as it is."""
    return urlsafe_b64encode(position).decode().rstrip("=")


def cursor_from(text: str, field: str = "cursor") -> Id:
    """The position behind a cursor. Raises Invalid for what no answer ever gave."""
    try:
        position = (
            urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) == 22 and text.isascii() else b""
        )
    except ValueError:
        position = b""
    if len(position) != 16:
        words = "is not a cursor of this list: send the next_cursor of the page before, or leave it out"
        raise Invalid(Problem(field, words, "cursor"))
    return position
