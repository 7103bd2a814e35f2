"""Lends the connections of an asyncpg pool to verbs, and passes each on from one verb to the next.

Giving a connection back to asyncpg's pool and asking for one takes two tasks and a timer, a fifth of what a small read
takes. So connections go back only when no verb is under way, all but one, which is lent to verbs that come one at a
time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


class Lending:
    """`pool` is an asyncpg pool of at most `size` connections. A verb waits `patience_s` for one at most. All of it
    happens in one event loop."""

    def __init__(self, pool: Any, size: int, patience_s: float) -> None:
        self._pool, self._size, self._patience_s = pool, size, patience_s
        # Connections that verbs have, or that are being opened for them. With those that are kept, `size` at most.
        self._lent = 0
        self._kept: list[Any] = []
        # Whether all connections go back as soon as no verb is under way.
        self._expiring = self._ended = False
        # Verbs that wait, in the order in which they came. Each is given a connection, or None: it may open one.
        self._queue: deque[asyncio.Future[Any]] = deque()
        self._opening = 0

    @property
    def waiting(self) -> int:
        """How many verbs wait for a connection."""
        return self._opening + len(self._queue)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection for as long as the block runs. Raises TimeoutError, and what asyncpg raises."""
        connection = await self.lend()
        try:
            yield connection
        finally:
            await self.take_back(connection)

    async def lend(self) -> Any:
        """A connection that is the caller's until `take_back`. Raises TimeoutError, and what asyncpg raises."""
        while self._kept:
            connection = self._kept.pop()
            if _is_open(connection):
                self._lent += 1
                return connection
            await self._pool.release(connection)
        if self._lent < self._size:
            self._lent += 1
            connection = None
        else:
            connection = await self._wait()
        return await self._opened() if connection is None else connection

    async def take_back(self, connection: Any) -> None:
        """The end of what `lend` began."""
        if not _is_open(connection):
            try:
                await self._pool.release(connection)
            finally:
                await self._give_up()
        elif not self._passed_on(connection):
            self._lent -= 1
            self._kept.append(connection)
            await self._tidy()

    async def expire(self) -> None:
        """Have all connections closed, each when its verb has ended."""
        self._expiring = self._lent > 0
        await self._pool.expire_connections()
        await self._release_kept(0)

    async def end(self) -> None:
        """Give all connections back, each when its verb has ended: asyncpg's pool waits for them when it is closed."""
        self._ended = True
        await self._release_kept(0)

    async def _wait(self) -> Any:
        given = asyncio.get_running_loop().create_future()
        self._queue.append(given)
        try:
            async with asyncio.timeout(self._patience_s):
                return await given
        except BaseException:
            if given in self._queue:
                self._queue.remove(given)
            elif not given.cancelled():  # it was given something at the same moment
                await (self._give_up() if given.result() is None else self.take_back(given.result()))
            raise

    async def _opened(self) -> Any:
        self._opening += 1
        try:
            return await self._pool.acquire(timeout=self._patience_s)
        except BaseException:
            await self._give_up()
            raise
        finally:
            self._opening -= 1

    async def _give_up(self) -> None:
        """Somebody who was lent a connection has none: who waits longest may open one instead."""
        if not self._passed_on(None):
            self._lent -= 1
            await self._tidy()

    def _passed_on(self, connection: Any) -> bool:
        """Give what was lent to the verb that waits longest; False where none waits."""
        while self._queue:
            given = self._queue.popleft()
            if not given.done():
                given.set_result(connection)
                return True
        return False

    async def _tidy(self) -> None:
        if not self._lent:
            kept = 0 if self._ended or self._expiring else 1
            self._expiring = False
            await self._release_kept(kept)

    async def _release_kept(self, but: int) -> None:
        while len(self._kept) > but:
            await self._pool.release(self._kept.pop())


def _is_open(connection: Any) -> bool:
    """Whether a connection can be used. One that was lost has gone back to asyncpg's pool, and says nothing more."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False
