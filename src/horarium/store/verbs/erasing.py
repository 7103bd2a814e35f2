"""What the steps of an erasure have in common: how they look at the rows of a place, and how these lose a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from horarium.domain.audit import AuditEntry
from horarium.domain.erasures import Content, Erasure, Person, Place
from horarium.domain.ids import LOWEST_ID, Id
from horarium.store.base import Tx

# Rows of a place that one step looks at, and of the places whose texts are small.
PIECE, SMALL_PIECE = 100, 500
# How many bytes of texts one step looks at, where they are more than one row's.
PIECE_BYTES = 500_000
# Makes the entry of the audit log that tells how many entries were erased.
Tell = Callable[[int], AuditEntry]


class Found(NamedTuple):
    """What a step has found: how many rows it changed, the position after them (None: nothing of this place is left),
    the person, who may be known by more values now, where to go on instead of here, and when, if not now."""

    changed: int
    position: bytes | None
    person: Person
    place: Place | None = None
    look_ms: int | None = None


Step = Callable[[Tx, Erasure, int, Tell], Awaitable[Found]]


def whom(erasure: Erasure) -> Person:
    """The person of an erasure that is not done."""
    assert erasure.person is not None
    return erasure.person


# How a column loses a person: it has no text of it, or another id (as in `Person.renamed`), or refers to nobody where
# it referred to the person.
Column = Callable[[Erasure, str | None], str | None]


def _text(content: Content) -> Column:
    return lambda erasure, text: whom(erasure).erased_from(text, content)


def _other_id(erasure: Erasure, an_id: str | None) -> str | None:
    return whom(erasure).renamed(an_id, erasure.salt)


def _nobody(erasure: Erasure, an_id: str | None) -> str | None:
    return None if an_id is not None and whom(erasure).owns(an_id) else _other_id(erasure, an_id)


def kept(erasure: Erasure, text: str | None) -> str | None:
    """A column that is read with others and stays."""
    return text


PLAIN, JSON, OWN_JSON = _text(Content.PLAIN), _text(Content.JSON), _text(Content.OWN_JSON)
UNIQUE: Column = _other_id
PERSON: Column = _nobody


def changed_rows(
    rows: Sequence[Sequence[Any]], erasure: Erasure, keys: int, *columns: Column
) -> list[tuple[Any, ...]]:
    """Those of some rows that name a person, without the person. A row begins with so many keys; `columns` are the
    others."""
    found = []
    for row in map(tuple, rows):
        texts = tuple(column(erasure, text) for column, text in zip(columns, row[keys:], strict=True))
        if texts != row[keys:]:
            found.append((*row[:keys], *texts))
    return found


async def change(tx: Tx, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Execute a statement for some rows, if there are any: how many there are."""
    if rows:
        await tx.many(statement, rows)
    return len(rows)


async def piece_of(tx: Tx, statement: str, erasure: Erasure, limit: int) -> Sequence[Any]:
    """The next rows of a place that is gone through by ascending ids."""
    after = erasure.position or LOWEST_ID
    return await tx.rows(statement, workspace_id=erasure.workspace_id, after=after, limit=limit)


class Piece(NamedTuple):
    """Some rows of a place, and whether there may be more behind them."""

    rows: Sequence[Any]
    goes_on: bool


async def fitting_piece(tx: Tx, sizes: str, texts: str, limit: int, **where: Any) -> Piece:
    """The next rows of a place whose texts may be large: as many as one step looks at. `sizes` is the statement that
    tells how many bytes each of the rows has which the statement `texts` finds, in the same order."""
    bytes_of = [size for (size,) in await tx.rows(sizes, **where, limit=limit)]
    if not bytes_of:
        return Piece((), False)
    most = fitting(bytes_of)
    rows = await tx.rows(texts, **where, limit=most)  # none where all were deleted meanwhile
    return Piece(rows, bool(rows) and (most < len(bytes_of) or len(bytes_of) == limit))


def last_of(rows: Sequence[Any], limit: int) -> Id | None:
    """The position after some rows; None where they are the last."""
    return rows[-1][0] if len(rows) == limit else None


def fitting(sizes: Sequence[int]) -> int:
    """How many of some texts, of so many bytes, one step looks at: one at least."""
    whole = list(accumulate(sizes))
    return max(1, sum(size <= PIECE_BYTES for size in whole))


def place_of(erasure: Erasure) -> tuple[Id, int]:
    """The id and the number at which an erasure stands in a table that has both."""
    position = erasure.position or LOWEST_ID + bytes(8)
    return position[:16], int.from_bytes(position[16:], "big")


def position_of(an_id: Id, number: int) -> bytes:
    """The same as the position that is stored."""
    return an_id + number.to_bytes(8, "big")
