"""Answers with long lists, written a few hundred rows or a few megabytes at a time.

A list without a cursor may have 10,000 rows. Read and written as a whole they would hold the event loop, which
everybody shares, for half a second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from horarium.api.kit.dialect import Json
from horarium.domain.listings import MOST_COUNTED, PageRows
from horarium.service.turns import Turns

T = TypeVar("T")

# How many rows are read and written at once.
PIECE = 200
# Bytes that are sent at once.
SENT_AT_ONCE = 64 * 1024
# Bytes of rows that are remembered, for a second member with the same rows.
MOST_REMEMBERED = 8 * 1024 * 1024
# Reads a list from its beginning, a piece at a time.
Pieces = Callable[[], AsyncIterator[Sequence[Json]]]


def piece(left: int) -> int:
    """How many rows are asked for next, where `left` are still to be answered."""
    return min(left, PIECE)


def goes_on(read: int, ended_early: bool, left: int) -> bool:
    """Whether rows may follow a piece of `read` rows, for which `piece(left)` was asked."""
    return read > 0 and (ended_early or read == PIECE < left)


def known_total(found: PageRows[T], skip: int, asked: int) -> int | None:
    """How many rows a list has, as they are counted, where these end it: of its rows after the first `skip`, `asked`
    were asked for. None where others may follow, or none are left."""
    ends_here = len(found) < asked and not found.ended_early and (len(found) > 0 or skip == 0)
    return min(skip + len(found), MOST_COUNTED) if ends_here else None


async def rest_of(
    first: PageRows[T], limit: int, read: Callable[[int, T], Awaitable[PageRows[T]]]
) -> AsyncIterator[PageRows[T]]:
    """What follows the first piece of a list of at most `limit` rows, a piece at a time.

    `read` is given the most rows to read and the row that they follow.
    """
    left, rows = limit, first
    while goes_on(len(rows), rows.ended_early, left):
        left -= len(rows)
        rows = await read(piece(left), rows[-1])
        yield rows


async def object_in_parts(lists: Mapping[str, Pieces], rest: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """The JSON text of an object that has the members `lists`, then the members `rest`.

    Two members with the same rows are read once, unless that is too much to remember.
    """
    before, written = b"{", dict[Pieces, list[bytes]]()
    for name, pieces in lists.items():
        yield before + orjson.dumps(name) + b":["
        if pieces in written:
            for text in written[pieces]:
                yield text
        else:
            texts, room = list[bytes](), MOST_REMEMBERED
            async for text in _rows_in_parts(pieces):
                room -= len(text)
                if room >= 0:
                    texts.append(text)
                else:
                    texts.clear()
                yield text
            if room >= 0:
                written[pieces] = texts
        before = b"],"
    yield b"]" + b"".join(b"," + orjson.dumps({name: value})[1:-1] for name, value in rest.items()) + b"}"


async def _rows_in_parts(pieces: Pieces) -> AsyncIterator[bytes]:
    """The JSON texts of rows with commas between them, a part of about SENT_AT_ONCE at a time."""
    text, turns, begun = bytearray(), Turns(), False
    async for rows in pieces():
        for row in rows:
            text += (b"," if begun else b"") + orjson.dumps(row)
            begun = True
            if len(text) > SENT_AT_ONCE:
                yield bytes(text)
                text.clear()
            await turns.give()
    yield bytes(text)
