"""The lease of a node among others, kept alive by a thread of its own.

Heartbeats use a connection of their own, so that a node does not lose its runs because its event loop or its
pool is busy. If the event loop stands still for as long as the lease lasts, the thread sends no more heartbeats,
and the node's runs go to others. Only the monotonic clock says whether the lease holds, so a process that was
frozen knows it as soon as it wakes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog

from horarium.domain.errors import HorariumError
from horarium.store.postgres.connection import PostgresConnection
from horarium.store.verbs import nodes

_log = structlog.get_logger(__name__)

PULSE_S = 0.5
WATCH_S, AGAIN_S = 0.1, 0.3
# Heartbeats in the time of one lease.
BEATS = 3


# What takes a connection of asyncpg and the event loop of the node.
Lend = Callable[[Any, asyncio.AbstractEventLoop], Awaitable[None]]


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
        self._lend, self._lent = lend, None
        self._on_lapse = on_lapse
        self._loop = asyncio.get_running_loop()
        self._until = time.monotonic() + lease_s
        self._pulse = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="horarium-lease", daemon=True)
        self._pulsing = asyncio.create_task(self._pulse_loop())
        self._thread.start()

    @property
    def held(self) -> bool:
        """Whether this node may claim and begin runs."""
        return time.monotonic() < self._until

    @property
    def left_s(self) -> float:
        """For how many seconds the lease still holds."""
        return max(0.0, self._until - time.monotonic())

    async def close(self) -> None:
        """Stop the heartbeats and wait for the thread."""
        self._pulsing.cancel()
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, 2.0)

    async def _pulse_loop(self) -> None:
        while True:
            self._pulse = time.monotonic()
            await asyncio.sleep(PULSE_S)

    def _run(self) -> None:
        asyncio.run(self._beat_on())

    async def _beat_on(self) -> None:
        connection = PostgresConnection(self._url, nodes.lease_connection(self._node.id))
        while not self._stopping.is_set():
            pause = self._lease_s / BEATS
            try:
                async with asyncio.timeout(self._lease_s / 2):
                    await self._beat(connection)
                    await self._lend_new(connection)
            except (HorariumError, TimeoutError) as error:
                connection.drop()
                pause = min(pause, AGAIN_S)
                left = round(max(0.0, self._until - time.monotonic()), 1)
                _log.warning("heartbeat_failed", error=str(error) or "no answer", lease_left_s=left)
            await self._wait(connection, pause)
        connection.drop()

    async def _lend_new(self, connection: PostgresConnection) -> None:
        opened = await connection.open()
        if self._lend is not None and opened is not self._lent:
            await self._lend(opened, self._loop)
            self._lent = opened

    async def _wait(self, connection: PostgresConnection, seconds: float) -> None:
        """Wait until the next heartbeat is due or the connection is lost: without one, others believe that this
        node is dead."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping.is_set():
            await asyncio.sleep(min(WATCH_S, seconds))
            if seconds > AGAIN_S and not connection.connected:
                return

    async def _beat(self, connection: PostgresConnection) -> None:
        silent = time.monotonic() - self._pulse
        if silent > self._lease_s:
            _log.error("event_loop_stands_still", seconds=round(silent, 1), consequence="the lease lapses")
            return
        begun = time.monotonic()
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
