"""Pages of lists. A list is in the order of ids, and a cursor is the id after which its next page starts."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import Id
from horarium.domain.listings import PageRows

T = TypeVar("T")

# How many items a page has if the caller does not say, and at most.
LIMIT = 50
MOST = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of a page, and the id after which the next page starts (None: this is the last page)."""

    items: Sequence[T]
    next: Id | None = None


def cut(found: Sequence[T], limit: int, id_of: Callable[[T], Id]) -> Page[T]:
    """The page of the first `limit` items. `found` has one item more if there is a next page, unless the store ended
    it early because of its size."""
    if len(found) <= limit:
        goes_on = isinstance(found, PageRows) and found.ended_early and len(found) > 0
        return Page(found, id_of(found[-1]) if goes_on else None)
    items = found[:limit]
    return Page(items, id_of(items[-1]))


def cursor_text(position: Id) -> str:
    """An id as the cursor that callers see. They send it back as it is."""
    return urlsafe_b64encode(position).decode().rstrip("=")


def cursor_from(text: str, field: str = "cursor") -> Id:
    """The id in a cursor. Raises Invalid (on `field`) for a text that cannot come from this server."""
    try:
        position = (
            urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) == 22 and text.isascii() else b""
        )
    except ValueError:
        position = b""
    if len(position) != 16:
        words = "is not a cursor of this list; send the next_cursor of the page before, or leave it out"
        raise Invalid(Problem(field, words, "cursor"))
    return position
