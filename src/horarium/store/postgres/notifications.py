"""What one node's commit announced, told to the others: one connection that listens and speaks.

Announcements are gathered and sent outside the transactions they come from: a NOTIFY inside a transaction
makes PostgreSQL commit such transactions one after another, and what a crash keeps from being sent costs no
more than one round of polling. Own messages are known by the server process they came through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import structlog

from horarium.store.base import CANCELLED, DUE, FANOUT, READY, Signal, earliest

_log = structlog.get_logger(__name__)

CHANNEL = "horarium"
COALESCE_S = 0.01
"""At most a hundred messages a second leave a node, however many commits announce something."""
HORIZON_MS = 60_000
"""Instants beyond it are not worth a message: every node looks for itself far more often."""
KEEPALIVE_S = 15.0
"""How often a silent connection is tried: a dead one does not say so."""
SPEAK_S = 5.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
_TOPICS = (DUE, READY, FANOUT, CANCELLED)
_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class Notifications:
    """`deliver(topic, at_ms)` is called on the event loop for what other nodes announce; after the connection
    was lost, once for every topic, because nobody knows what was missed."""

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self._connect = connect
        self._gathered: dict[str, int] = {}
        self._some = asyncio.Event()
        self._pid = 0
        self._task: asyncio.Task[None] | None = None
        self.deliver: Signal = lambda topic, at_ms: None

    async def start(self) -> None:
        """Listen; returns once the first connection does."""
        connection = await self._listening()
        self._task = asyncio.create_task(self._keep_on(connection))

    def send(self, announced: dict[str, int], now_ms: int) -> None:
        """Have other nodes told."""
        for topic, at in announced.items():
            if topic != DUE or at <= now_ms + HORIZON_MS:
                earliest(self._gathered, topic, at)
        if self._gathered:
            self._some.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listening(self) -> Any:
        connection = await self._connect()
        self._pid = connection.get_server_pid()
        await connection.add_listener(CHANNEL, self._hear)
        connection.add_termination_listener(lambda _: self._some.set())
        return connection

    async def _keep_on(self, connection: Any) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                if connection is None:
                    connection = await self._listening()
                    for topic in _TOPICS:
                        self.deliver(topic, 0)
                    _log.info("notifications_restored")
                    pause = FIRST_PAUSE_S
                await self._speak(connection)
            except _LOST as error:
                _log.warning("notifications_lost", error=str(error) or type(error).__name__)
                _drop(connection)
                connection = None
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            except asyncio.CancelledError:
                _drop(connection)
                raise

    async def _speak(self, connection: Any) -> None:
        """Send what has gathered, as it gathers, until the connection fails."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEPALIVE_S):
                    await self._some.wait()
            self._some.clear()
            gathered, self._gathered = self._gathered, {}
            message = " ".join(f"{topic}={at}" for topic, at in gathered.items())
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, message, timeout=SPEAK_S)
            await asyncio.sleep(COALESCE_S)

    def _hear(self, connection: Any, pid: int, channel: str, message: str) -> None:
        if pid == self._pid:
            return
        for part in message.split():
            topic, _, at = part.partition("=")
            if at.isdecimal():
                self.deliver(topic, int(at))


def _drop(connection: Any) -> None:
    if connection is not None:
        connection.terminate()
