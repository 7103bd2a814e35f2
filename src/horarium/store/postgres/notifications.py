"""Notifications between nodes: what a commit on one node announced is told to the others, over one connection.

They are collected and sent outside the transactions that they come from, because PostgreSQL commits transactions
with a NOTIFY in them one after another. If a crash prevents a message, the other nodes find the work when they next
poll. A node knows its own messages by the id of the server process that they came through, and ignores them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import structlog

from horarium.store.base import (
    ACCESS,
    CANCELLED,
    DUE,
    EVENTS,
    FANOUT,
    OUTBOX,
    READY,
    WEBHOOKS,
    Signal,
    earliest,
)

_log = structlog.get_logger(__name__)

CHANNEL = "horarium"

# The pause between two messages: a node sends at most a hundred a second, however many commits announce something.
COALESCE_S = 0.01

# Instants further away are not sent: every node looks at the database far more often than that.
HORIZON_MS = 60_000

# How often an unused connection is tested, because a dead one gives no sign.
KEEPALIVE_S = 15.0

SEND_S = 5.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
_TOPICS = (DUE, READY, FANOUT, CANCELLED, ACCESS, OUTBOX, EVENTS, WEBHOOKS)
_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class Notifications:
    """Sends and receives notifications.

    `deliver(topic, at_ms)` is called on the event loop for whatever other nodes announce. After a lost connection was
    restored it is called once for every topic, because nobody knows what was missed.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self._connect = connect
        self._unsent: dict[str, int] = {}
        self._anything_unsent = asyncio.Event()
        self._pid = 0
        self._task: asyncio.Task[None] | None = None
        self.deliver: Signal = lambda topic, at_ms: None

    async def start(self) -> None:
        """Begin to listen; returns when the first connection listens. Raises what asyncpg raises."""
        connection = await self._listening()
        self._task = asyncio.create_task(self._run(connection))

    def send(self, announced: dict[str, int], now_ms: int) -> None:
        """Have the other nodes told. `now_ms` is the database's time."""
        for topic, at in announced.items():
            if topic != DUE or at <= now_ms + HORIZON_MS:
                earliest(self._unsent, topic, at)
        if self._unsent:
            self._anything_unsent.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listening(self) -> Any:
        connection = await self._connect()
        self._pid = connection.get_server_pid()
        await connection.add_listener(CHANNEL, self._receive)
        connection.add_termination_listener(lambda _: self._anything_unsent.set())
        return connection

    async def _run(self, connection: Any) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                if connection is None:
                    connection = await self._listening()
                    for topic in _TOPICS:
                        self.deliver(topic, 0)
                    _log.info("notifications_restored")
                    pause = FIRST_PAUSE_S
                await self._send_unsent(connection)
            except _LOST as error:
                _log.warning("notifications_lost", error=str(error) or type(error).__name__)
                _drop(connection)
                connection = None
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            except asyncio.CancelledError:
                _drop(connection)
                raise

    async def _send_unsent(self, connection: Any) -> None:
        """Send announcements as they come, until the connection fails."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEPALIVE_S):
                    await self._anything_unsent.wait()
            self._anything_unsent.clear()
            unsent, self._unsent = self._unsent, {}
            message = " ".join(f"{topic}={at}" for topic, at in unsent.items())
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, message, timeout=SEND_S)
            await asyncio.sleep(COALESCE_S)

    def _receive(self, connection: Any, pid: int, channel: str, message: str) -> None:
        if pid == self._pid:
            return
        for part in message.split():
            topic, _, at = part.partition("=")
            if at.isdecimal():
                self.deliver(topic, int(at))


def _drop(connection: Any) -> None:
    if connection is not None:
        connection.terminate()
