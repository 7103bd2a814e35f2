"""Pages of lists. A cursor is the position after which the next page starts: in a list in the order of ids an id, in
others what they are in order by and an id."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import Id
from horarium.domain.listings import PageRows

T = TypeVar("T")
_CURSOR = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

# How many items a page has if the caller does not say, and at most.
LIMIT = 50
MOST = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of a page, and the position after which the next page starts (None: this is the last page). `total` is
    how many items all pages have, where finding this one has told it."""

    items: Sequence[T]
    next: bytes | None = None
    total: int | None = None


def cut(found: Sequence[T], limit: int, id_of: Callable[[T], Id]) -> Page[T]:
    """The page of the first `limit` items. `found` has one item more if there is a next page, unless the store ended
    it early because of its size."""
    if len(found) <= limit:
        goes_on = isinstance(found, PageRows) and found.ended_early and len(found) > 0
        return Page(found, id_of(found[-1]) if goes_on else None)
    items = found[:limit]
    return Page(items, id_of(items[-1]))


# The longest position, in bytes: a name of a hundred characters and an id.
LONGEST_POSITION = 450


def cursor_text(position: bytes) -> str:
    """A position as the cursor that callers see. They send it back as it is."""
    return urlsafe_b64encode(position).decode().rstrip("=")


def number_cursor(number: int, mark: int = 0) -> str:
    """A number as the cursor of a list that is read by numbers. `mark` (63 bits) says in which life of the list."""
    return cursor_text((mark << 64 | number).to_bytes(16))


def number_from(cursor: str) -> int:
    """The number in a cursor of a list that is read by numbers. Raises Invalid for a text that is no cursor."""
    return int.from_bytes(cursor_from(cursor)) & (1 << 62) - 1


def mark_from(cursor: str) -> int:
    """The mark in a cursor that `number_cursor` has made. Raises Invalid for a text that is no cursor."""
    return int.from_bytes(cursor_from(cursor)) >> 64


def cursor_from(text: str, field: str = "cursor", lengths: Container[int] = (16,)) -> bytes:
    """The position in a cursor, which has one of these lengths in bytes. Raises Invalid (on `field`) for a text that
    cannot come from this server."""
    position = b""
    if len(text) <= LONGEST_POSITION * 2 and _CURSOR.fullmatch(text):
        with suppress(ValueError):
            position = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(position) not in lengths:
        words = "is not a cursor of this list; send the next_cursor of the page before, or leave it out"
        raise Invalid(Problem(field, words, "cursor"))
    return position
