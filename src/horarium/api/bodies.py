"""How request bodies arrive, so that no body can hold the server.

All requests share one event loop with the engine and the worker. Whatever grows with a body is therefore linear
in its size, and gives the loop a turn after a few milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from horarium.domain.errors import TooLarge

# How long (seconds) the work on one request may keep the event loop before others get a turn.
TURN_S = 0.005


class Turns:
    """Shares the event loop: long work calls `give` between its steps."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def give(self) -> None:
        """Let other tasks run if this one has kept the loop for `TURN_S` since the last time."""
        if time.monotonic() - self._since > TURN_S:
            await asyncio.sleep(0)
            self._since = time.monotonic()


async def bounded(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """The chunks as they come. Raises TooLarge before more than `limit` bytes have been handed on."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        yield chunk


async def lines_of(chunks: AsyncIterator[bytes], longest: int) -> AsyncIterator[list[bytes]]:
    """The lines of a stream without their line feeds: with each chunk, those that it has completed.

    Raises TooLarge for a line of more than `longest` bytes. Each byte is looked at once, however small the chunks are.
    """
    begun = bytearray()  # the line that is not complete yet
    async for chunk in chunks:
        lines = chunk.split(b"\n")
        begun += lines[0]
        if len(lines) > 1:
            lines[0], begun = bytes(begun), bytearray(lines.pop())
            if max(map(len, lines)) > longest:
                raise line_too_long(longest)
            yield lines
        if len(begun) > longest:
            raise line_too_long(longest)
    if begun:
        yield [bytes(begun)]


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than the {limit} bytes that are allowed; send less at once")


def line_too_long(longest: int) -> TooLarge:
    return TooLarge(f"a line is longer than the {longest} bytes that are allowed")
