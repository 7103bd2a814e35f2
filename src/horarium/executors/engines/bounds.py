"""A bound on what a server can make this process keep: libraries wait for as many bytes as a server announces."""

from __future__ import annotations

import asyncio
from typing import Any

# The most that is read in one piece, and kept of one answer, where an engine needs no other bound (bytes).
MOST = 32 * 1024 * 1024
# What a server may send without being asked, in lines or frames: signs of life, and news of its cluster.
MOST_UNASKED = 1_000


class TooLong(OSError):
    """A server has announced more than is read. Perhaps it speaks another protocol."""

    def __init__(self, most: int = MOST) -> None:
        size = f"{most >> 20} MB" if most >= 2**20 else f"{most >> 10} KB"
        super().__init__(f"its answer is longer than {size}, or it is no such engine")


class NotAsked(TooLong):
    """A server sends what nobody has asked it for."""

    def __init__(self) -> None:
        OSError.__init__(self, "it sends what it was not asked for")


class Unasked:
    """Counts what a server sends over a connection that is read all the time. Without a bound, one that never stops
    would have the event loop for as long as the connection is kept, also while no run waits for it."""

    def __init__(self) -> None:
        self._left = MOST_UNASKED

    def asked(self, pieces: int) -> None:
        """The server is asked for something that it may answer with so many lines or frames, at any time."""
        self._left = max(self._left, MOST_UNASKED) + pieces

    def heard(self, pieces: int) -> None:
        """So many have come. Raises NotAsked."""
        self._left -= pieces
        if self._left < 0:
            raise NotAsked


def throw_away_unsent(writer: asyncio.StreamWriter | None) -> None:
    """To be called before a connection is closed. One whose server does not read what it was sent would stay open, with
    that, for as long as the server likes; so it is broken off."""
    if writer is not None and writer.transport.get_write_buffer_size():
        writer.transport.abort()


class BoundedReader:
    """A reader of a connection whose pieces have a bound. Everything else is the reader's."""

    def __init__(self, reader: asyncio.StreamReader, most: int = MOST) -> None:
        self._reader, self._most = reader, most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def readexactly(self, n: int) -> bytes:
        """So many bytes. Raises TooLong."""
        if not 0 <= n <= self._most:
            raise TooLong(self._most)
        return await self._reader.readexactly(n)
