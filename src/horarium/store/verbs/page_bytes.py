"""How large the page of a list may be in bytes, and what is deleted at once.

Callers store texts of several megabytes, and a page has up to a thousand rows. So the statements of lists leave out
large texts, and say how many bytes of text each row has. Then it is known where the page ends, and only the rows that
it has are read whole. A page of small texts needs no second query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from horarium.domain.ids import Id
from horarium.domain.listings import PageRows
from horarium.store.base import Tx

# A page ends before the row whose texts would make it larger than this. Its first row is always there.
PAGE_BYTES = 8 * 1024 * 1024

# Statements of lists leave out texts of more bytes than this.
LARGE = 8_000

# Where rows are deleted whose texts may be large, so many are looked at first. What is deleted at once ends with the
# row that makes it larger than so many bytes (`fits` in purges.sql says the same).
FIRST_LOOKED_AT, DELETED_BYTES = 8, 500_000

# Reads the rows with these ids, large texts included, in any order.
ReadWhole = Callable[[list[Id]], Awaitable[Sequence[Any]]]


@dataclass(slots=True)
class PageRoom:
    """What still fits into a page: so many bytes, and in any case its first row."""

    left: int
    empty: bool = True

    def take(self, sizes: Sequence[int]) -> int:
        """Take rows of these sizes (bytes), as far as they fit; how many of them do."""
        for number, size in enumerate(sizes):
            if size > self.left and not self.empty:
                return number
            self.left -= size
            self.empty = False
        return len(sizes)


async def whole_page(listed: Sequence[Any], read: ReadWhole, room: PageRoom | None = None) -> PageRows[Any]:
    """The rows of a page with their large texts, in the order of `listed`.

    A row of `listed` begins with its id and ends with the bytes of its texts, which the rows of the page do not have.
    """
    sizes = [row[-1] for row in listed]
    count = (room or PageRoom(PAGE_BYTES)).take(sizes)
    large = [row[0] for row in listed[:count] if row[-1] > LARGE]
    whole = {row[0]: row for row in await read(large)} if large else {}
    rows = (whole.get(row[0]) if row[-1] > LARGE else row[:-1] for row in listed[:count])
    # A row that was deleted between the two queries is not there any more.
    return PageRows((row for row in rows if row is not None), ended_early=count < len(listed))


async def delete_some(tx: Tx, statement: str, limit: int, **where: Any) -> int:
    """Delete up to `limit` rows whose texts may be large, by a statement that stops at so many bytes (`fits` in
    purges.sql); how many. There may be more while it is any.

    SQLite reads a text to know how many bytes it has. So a few rows are looked at first, and more where they are small.
    """
    deleted, piece = 0, FIRST_LOOKED_AT
    while deleted < limit:
        some = min(piece, limit - deleted)
        found = await tx.run(statement, **where, limit=some)
        deleted += found
        if found < some:
            break
        piece *= 3
    return deleted


async def fitting_rows(tx: Tx, sizes: str, ids: Sequence[Id], **where: Any) -> int:
    """How many of some rows are deleted at once by their bytes: one at least. `sizes` is the statement that tells them.
    A few rows are looked at first, as above."""
    total, first, piece = 0, 0, FIRST_LOOKED_AT
    while first < len(ids):
        some = ids[first : first + piece]
        bytes_of = dict(await tx.rows(sizes, **where, ids=some))
        for place, row_id in enumerate(some, first):
            if total >= DELETED_BYTES:
                return place
            total += bytes_of.get(row_id, 0)
        first, piece = first + piece, piece * 3
    return len(ids)
