"""Keeps connections to engines open between runs: one for each workspace and place.

A workspace has a share of them. Where it needs one more, the one of its own that was used longest ago gives way; one
that is in use never does. One that was not used for a while is closed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

import structlog

from horarium.domain.ids import Id
from horarium.domain.places import may_take
from horarium.executors.engines.messages import asking

ConnectionT = TypeVar("ConnectionT")

_log = structlog.get_logger(__name__)

# Connections that one kind of executor keeps, and those of one workspace.
MOST = 200
MOST_OF_WORKSPACE = 50
# How long a connection stays open that nobody uses, and how long a run waits for one where all are in use (s).
IDLE_S = 300.0
WAIT_S = 2.0
# How long a connection may take to close (s).
CLOSE_S = 10.0


class AllInUse(OSError):
    """There may be no further connection now, and none that is there may be closed."""


class _Kept(Generic[ConnectionT]):
    """A connection: how many use it, since when nobody does (s), and whether it is closed when nobody uses it any
    more."""

    __slots__ = ("connection", "idle_since", "leaves", "users")

    def __init__(self, connection: ConnectionT, now: float) -> None:
        self.connection, self.users, self.idle_since, self.leaves = connection, 0, now, False


_Key = tuple[Id, Hashable]


class Connections(Generic[ConnectionT]):
    """`usable` tells whether a connection can still be used, `close` ends one, `now` is a clock in seconds."""

    def __init__(
        self,
        usable: Callable[[ConnectionT], bool],
        close: Callable[[ConnectionT], Awaitable[None]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._usable, self._close, self._now = usable, close, now
        # In the order in which they were used. What leaves is in use, and nobody gets it any more.
        self._open: dict[_Key, _Kept[ConnectionT]] = {}
        self._leaving: dict[_Kept[ConnectionT], Id] = {}
        self._opening: dict[_Key, asyncio.Task[_Kept[ConnectionT]]] = {}
        self._wanting: Counter[_Key] = Counter()  # how many wait for one that is being opened
        self._ending: set[asyncio.Task[None]] = set()
        self._waiting: dict[Id, deque[asyncio.Future[None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def hold(
        self, workspace: Id, place: Hashable, connect: Callable[[], Awaitable[ConnectionT]]
    ) -> AsyncIterator[ConnectionT]:
        """The connection of a workspace to a place, which stays open in the block; `connect` opens one where there is
        none. Who comes meanwhile waits for the same attempt. Raises what `connect` and the block raise, AllInUse, and
        NotUnderstood in place of errors of client libraries that nobody expects."""
        with asking(workspace):
            kept = await self._get((workspace, place), connect)
            kept.users += 1
            try:
                yield kept.connection
            finally:
                kept.users -= 1
                if not kept.users:
                    self._let_go((workspace, place), kept)

    async def _get(self, key: _Key, connect: Callable[[], Awaitable[ConnectionT]]) -> _Kept[ConnectionT]:
        until: float | None = None
        while True:
            found = self._open.pop(key, None)
            if found is not None and self._usable(found.connection):
                self._open[key] = found
                return found
            if found is not None:
                self._leave(key[0], found)
            opening = self._opening.get(key)
            if opening is None:
                if not self._makes_room(key[0]):
                    until = until or asyncio.get_running_loop().time() + WAIT_S
                    await self._room(key[0], until)
                    continue  # meanwhile somebody may have opened it
                opening = self._opening[key] = asyncio.create_task(self._connect(key, connect))
                opening.add_done_callback(lambda task: self._opened(key, task))
            made = await self._wait_for(key, opening)
            if self._open.get(key) is made:
                return made

    async def _connect(self, key: _Key, connect: Callable[[], Awaitable[ConnectionT]]) -> _Kept[ConnectionT]:
        made = _Kept(await connect(), self._now())
        self._open[key] = made
        self._set_timer()
        return made

    async def _wait_for(self, key: _Key, opening: asyncio.Task[_Kept[ConnectionT]]) -> _Kept[ConnectionT]:
        self._wanting[key] += 1
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.done():
                self._wake()
            raise
        finally:
            self._wanting[key] -= 1
            if not self._wanting[key]:
                del self._wanting[key]

    def _opened(self, key: _Key, task: asyncio.Task[_Kept[ConnectionT]]) -> None:
        self._opening.pop(key, None)
        failed = (
            task.cancelled() or task.exception() is not None
        )  # that is raised where somebody still waits for it
        if failed or not self._wanting[key]:  # what nobody wants any more may give way
            self._wake()

    def _let_go(self, key: _Key, kept: _Kept[ConnectionT]) -> None:
        kept.idle_since = self._now()
        if self._leaving.pop(kept, None) is not None:
            self._end(kept)
        elif self._open.get(key) is kept and not self._usable(kept.connection):
            self._close_idle(key)  # its server may go on with what it does to it
        self._set_timer()
        self._wake()

    # How many there may be.

    def _makes_room(self, workspace: Id) -> bool:
        """Whether there may be one more, for which one that nobody uses gives way."""
        busy, idle = Counter[Id](), list[_Key]()
        for key, kept in self._open.items():
            if kept.users:
                busy[key[0]] += 1
            else:
                idle.append(key)
        busy.update(owner for owner, _ in self._opening)
        busy.update(self._leaving.values())
        if not may_take(busy[workspace], busy.total(), MOST, MOST_OF_WORKSPACE):
            return False
        own = [key for key in idle if key[0] == workspace]
        if busy[workspace] + len(own) >= MOST_OF_WORKSPACE:
            self._close_idle(own[0])
        elif busy.total() + len(idle) >= MOST:
            most = Counter(key[0] for key in idle).most_common(1)[0][0]
            self._close_idle(next(key for key in idle if key[0] == most))
        return True

    async def _room(self, workspace: Id, until: float) -> None:
        """Wait until there may be room for one more. Raises AllInUse at `until` (s, by the event loop's clock)."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(workspace, deque())
        waiting.append(turn)
        try:
            async with asyncio.timeout_at(until):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled():  # it is the turn of the next one
                self._wake()
            if not isinstance(error, TimeoutError):
                raise
            raise AllInUse(
                "too many connections to engines of this kind are in use at the same time: a workspace may have "
                f"{MOST_OF_WORKSPACE}, and this server {MOST}"
            ) from None
        finally:
            with suppress(ValueError):
                waiting.remove(turn)
            if not waiting and self._waiting.get(workspace) is waiting:
                del self._waiting[workspace]

    def _wake(self) -> None:
        """Let the first of each workspace that waits look for room."""
        for waiting in self._waiting.values():
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    break

    # How they end.

    def _leave(self, workspace: Id, kept: _Kept[ConnectionT]) -> None:
        """Close a connection that cannot be used any more, once those that have it are done with it."""
        if kept.users:
            self._leaving[kept] = workspace
        else:
            self._end(kept)

    def _close_idle(self, key: _Key) -> None:
        self._end(self._open.pop(key))

    def close_idle(self) -> None:
        """Close what nobody has used for IDLE_S."""
        before = self._now() - IDLE_S
        for key, kept in list(self._open.items()):
            if not kept.users and kept.idle_since <= before:
                self._close_idle(key)

    def _set_timer(self) -> None:
        if self._timer is None and self._open:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        self.close_idle()
        self._set_timer()

    def _end(self, kept: _Kept[ConnectionT]) -> None:
        """Close a connection beside what goes on: whoever wants another one does not wait for that."""
        task = asyncio.create_task(self._close_one(kept.connection))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _close_one(self, connection: ConnectionT) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._close(connection)
        except Exception as error:
            _log.info(
                "engine_connection_not_closed", error=f"{type(error).__name__}: {error}".removesuffix(": ")
            )

    async def close(self) -> None:
        """Close all connections, also those in use."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._opening.values()):
            task.cancel()
        for kept in [*self._open.values(), *self._leaving]:
            self._end(kept)
        self._open.clear()
        self._leaving.clear()
        await asyncio.gather(*self._ending)
