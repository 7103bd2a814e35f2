"""The lease of a node among others, kept alive by a thread of its own.

Heartbeats use a connection of their own, so that a node does not lose its runs because its event loop or its
pool is busy. If the event loop stands still for as long as the lease lasts, the thread sends no more heartbeats,
and the node's runs go to others. Only the monotonic clock says whether the lease holds, so a process that was
frozen knows it as soon as it wakes, and so does one whose machine was suspended, where the system counts that time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from horarium.domain.errors import HorariumError
from horarium.store.postgres.connection import PostgresConnection
from horarium.store.postgres.faults import LOST, REFUSED
from horarium.store.verbs import nodes

_log = structlog.get_logger(__name__)

PULSE_S = 0.5
# How soon there is a heartbeat again after a connection is lost, and after one has failed.
LOST_S, AGAIN_S = 0.1, 0.3
# Heartbeats in the time of one lease.
BEATS = 3


# What takes a connection of asyncpg and the event loop of the node.
Lend = Callable[[Any, asyncio.AbstractEventLoop], Awaitable[None]]


def _now() -> float:
    """The monotonic clock in seconds; with the time for which the machine was suspended, where the system tells it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Lease:
    """The lease of this process. `on_lapse` is called on the event loop after the node was given up and has
    registered again: what it held before is not its own any more."""

    # How often the lease was lost.
    lapses = 0

    def __init__(
        self,
        url: str,
        node: nodes.NodeRow,
        lease_s: float,
        on_lapse: Callable[[], None],
        lend: Lend | None = None,
    ) -> None:
        """`lend`: who else uses the connection, to hear other nodes; it is called for each new one."""
        self._url, self._node, self._lease_s = url, node, lease_s
        self._lend = lend
        self._on_lapse = on_lapse
        self._loop = asyncio.get_running_loop()
        self._until = _now() + lease_s
        self._pulse = _now()
        self._stopping = threading.Event()
        # Of the thread: the connection that it has, and what ends its wait for the next heartbeat.
        self._beats: asyncio.AbstractEventLoop | None = None
        self._beating: Any = None
        self._disturbed = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="horarium-lease", daemon=True)
        self._pulsing = asyncio.create_task(self._pulse_loop())
        self._thread.start()

    @property
    def held(self) -> bool:
        """Whether this node may claim and begin runs."""
        return _now() < self._until

    @property
    def left_s(self) -> float:
        """For how many seconds the lease still holds."""
        return max(0.0, self._until - _now())

    async def close(self) -> None:
        """Stop the heartbeats and wait for the thread."""
        self._pulsing.cancel()
        self._stopping.set()
        if self._beats is not None:
            with suppress(RuntimeError):  # the thread has ended by itself
                self._beats.call_soon_threadsafe(self._disturbed.set)
        await asyncio.to_thread(self._thread.join, 2.0)

    async def _pulse_loop(self) -> None:
        while True:
            self._pulse = _now()
            await asyncio.sleep(PULSE_S)

    def _run(self) -> None:
        asyncio.run(self._beat_on())

    async def _beat_on(self) -> None:
        connection = PostgresConnection(self._url, nodes.lease_connection(self._node.id))
        self._beats = asyncio.get_running_loop()
        while not self._stopping.is_set():
            pause = self._lease_s / BEATS
            try:
                async with asyncio.timeout(self._lease_s / 2):
                    await self._beat(connection)
                    await self._look_after(await connection.open())
            except (HorariumError, *LOST, *REFUSED) as error:
                self._beating = None
                connection.drop()
                pause = min(pause, AGAIN_S)
                left = round(max(0.0, self._until - _now()), 1)
                _log.warning("heartbeat_failed", error=str(error) or "no answer", lease_left_s=left)
            await self._wait(pause)
        connection.drop()

    async def _look_after(self, connection: Any) -> None:
        """Lend the connection where it is a new one, and hear when it is lost."""
        if connection is self._beating:
            return
        connection.add_termination_listener(self._lost)
        self._beating = connection
        if self._lend is not None:
            await self._lend(connection, self._loop)

    def _lost(self, connection: Any) -> None:
        if connection is self._beating and self._beats is not None:
            self._beats.call_later(LOST_S, self._disturbed.set)

    async def _wait(self, seconds: float) -> None:
        """Wait until the next heartbeat is due, the connection is lost, or the node stops. Without a connection, others
        believe that this node is dead."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._disturbed.wait()
        self._disturbed.clear()

    async def _beat(self, connection: PostgresConnection) -> None:
        silent = _now() - self._pulse
        if silent > self._lease_s:
            _log.error("event_loop_stands_still", seconds=round(silent, 1), consequence="the lease lapses")
            return
        begun = _now()
        now, lease_ms = await connection.now_ms(), int(self._lease_s * 1000)
        alive = await connection.run(nodes.heartbeat, self._node.id, now, lease_ms)
        if not alive:
            self._until = 0.0
            self.lapses += 1
            _log.error("lease_lapsed", consequence="this node drops what it held and registers anew")
            await connection.run(nodes.register, replace(self._node, lease_until_ms=now + lease_ms), False)
        self._until = begun + self._lease_s
        if not alive:
            self._loop.call_soon_threadsafe(self._on_lapse)
