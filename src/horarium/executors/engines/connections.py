"""Keeps connections to engines open between runs: one for each place and identity, closed when it is not used."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import structlog

ConnectionT = TypeVar("ConnectionT")

_log = structlog.get_logger(__name__)

# Connections that one kind of executor keeps. The one that was used longest ago gives way.
MOST = 100


class Connections(Generic[ConnectionT]):
    """Connections by key. `usable` tells whether one can still be used, `close` ends one."""

    def __init__(
        self, usable: Callable[[ConnectionT], bool], close: Callable[[ConnectionT], Awaitable[None]]
    ) -> None:
        self._usable, self._close = usable, close
        self._open: dict[Hashable, ConnectionT] = {}
        self._opening: dict[Hashable, asyncio.Task[ConnectionT]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def get(self, key: Hashable, connect: Callable[[], Awaitable[ConnectionT]]) -> ConnectionT:
        """The connection for a key; `connect` opens one where there is none. Who comes meanwhile waits for the same
        attempt. Raises what `connect` raises."""
        found = self._open.pop(key, None)
        if found is not None:
            if self._usable(found):
                self._open[key] = found
                return found
            self._end(found)
        opening = self._opening.get(key)
        if opening is None:
            opening = self._opening[key] = asyncio.create_task(self._connect(key, connect))
            opening.add_done_callback(lambda task: self._opened(key, task))
        return await asyncio.shield(opening)

    async def _connect(self, key: Hashable, connect: Callable[[], Awaitable[ConnectionT]]) -> ConnectionT:
        made = await connect()
        self._open[key] = made
        while len(self._open) > MOST:
            oldest = next(iter(self._open))
            self._end(self._open.pop(oldest))
        return made

    def _opened(self, key: Hashable, task: asyncio.Task[ConnectionT]) -> None:
        self._opening.pop(key, None)
        if not task.cancelled():
            task.exception()  # it was raised where somebody still waited for it

    def _end(self, connection: ConnectionT) -> None:
        """Close a connection beside what goes on: whoever wants another one does not wait for that."""
        task = asyncio.create_task(self._close_one(connection))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _close_one(self, connection: ConnectionT) -> None:
        try:
            await self._close(connection)
        except Exception as error:
            _log.info("engine_connection_not_closed", error=f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        """Close all connections."""
        opening = list(self._opening.values())
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        while self._open:
            self._end(self._open.popitem()[1])
        await asyncio.gather(*self._ending)
