"""A bound on what a server can make this process keep: libraries wait for as many bytes as a server announces."""

from __future__ import annotations

import asyncio
from typing import Any

# The most that is read in one piece, and kept of one answer, where an engine needs no other bound (bytes).
MOST = 32 * 1024 * 1024


class TooLong(OSError):
    """A server has announced more than is read. Perhaps it speaks another protocol."""

    def __init__(self, most: int = MOST) -> None:
        size = f"{most >> 20} MB" if most >= 2**20 else f"{most >> 10} KB"
        super().__init__(f"its answer is longer than {size}, or it is no such engine")


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
