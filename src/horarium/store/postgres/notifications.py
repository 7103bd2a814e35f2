"""Notifications between nodes: what a commit on one node announced is told to the others, over one connection.

They are collected and sent outside the transactions that they come from, because PostgreSQL commits transactions
with a NOTIFY in them one after another. If a crash prevents a message, the other nodes find the work when they next
poll. A node knows its own messages by the name that they begin with, and ignores them.

Through a pooler a node can send, but not hear. It hears over a connection that somebody else has and lends it as an ear
(the lease does). As long as it has none it polls: it acts as if everything had been announced, every POLL_S.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from horarium.store.base import (
    ACCESS,
    CANCELLED,
    DUE,
    EVENTS,
    FANOUT,
    GRANTS,
    OUTBOX,
    READY,
    TARGETS,
    WEBHOOKS,
    Signal,
    earliest,
)
from horarium.store.postgres.faults import LOST, REFUSED

_log = structlog.get_logger(__name__)

CHANNEL = "horarium"

# The pause between two messages: a node sends at most a hundred a second, however many commits announce something.
COALESCE_S = 0.01

# Instants further away are not sent: every node looks at the database far more often than that.
HORIZON_MS = 60_000

# How often an unused connection is tested, because a dead one gives no sign.
KEEPALIVE_S = 15.0

# How often a node polls that cannot hear.
POLL_S = 1.0

SEND_S = 5.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
_TOPICS = (DUE, READY, FANOUT, CANCELLED, ACCESS, TARGETS, GRANTS, OUTBOX, EVENTS, WEBHOOKS)


class Notifications:
    """Sends and receives notifications.

    `deliver(topic, at_ms)` is called on the event loop for whatever other nodes announce. After a lost connection was
    restored it is called once for every topic, because nobody knows what was missed.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], hears: bool = True) -> None:
        """`hears`: what `connect` gives can hear, because no pooler is in between."""
        self._connect, self.hears = connect, hears
        self._unsent: dict[str, int] = {}
        self._anything_unsent = asyncio.Event()
        # What messages of this node begin with. It is no instant, so versions that do not know it skip it.
        self._name = f"node=n{secrets.token_hex(6)}"
        self._ear: Any = None
        self._tasks: list[asyncio.Task[None]] = []
        self.deliver: Signal = lambda topic, at_ms: None

    async def start(self) -> None:
        """Begin to send and to listen; returns when the first connection listens. Raises what asyncpg raises."""
        connection = await self._connected()
        self._tasks.append(asyncio.create_task(self._run(connection)))
        if not self.hears:
            self._tasks.append(asyncio.create_task(self._poll()))

    async def lend(self, ear: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Hear over this connection of somebody else, who calls this on the event loop of the connection; `loop` is the
        one of this node. Raises what asyncpg raises."""

        def receive(*given: Any) -> None:
            loop.call_soon_threadsafe(self._receive, *given)

        await ear.add_listener(CHANNEL, receive)
        self._ear = ear
        loop.call_soon_threadsafe(self._deliver_all)

    def send(self, announced: dict[str, int], now_ms: int) -> None:
        """Have the other nodes told. `now_ms` is the database's time."""
        for topic, at in announced.items():
            if topic != DUE or at <= now_ms + HORIZON_MS:
                earliest(self._unsent, topic, at)
        if self._unsent:
            self._anything_unsent.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _deliver_all(self) -> None:
        """Deliver every topic: nobody knows what was missed."""
        for topic in _TOPICS:
            self.deliver(topic, 0)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            if self._ear is None or self._ear.is_closed():
                self._deliver_all()

    async def _connected(self) -> Any:
        connection = await self._connect()
        if self.hears:
            await connection.add_listener(CHANNEL, self._receive)
        connection.add_termination_listener(lambda _: self._anything_unsent.set())
        return connection

    async def _run(self, connection: Any) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                if connection is None:
                    connection = await self._connected()
                    self._deliver_all()
                    _log.info("notifications_restored")
                    pause = FIRST_PAUSE_S
                await self._send_unsent(connection)
            except (*LOST, *REFUSED) as error:
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
            message = " ".join([self._name, *(f"{topic}={at}" for topic, at in unsent.items())])
            await connection.execute(f"NOTIFY {CHANNEL}, '{message}'", timeout=SEND_S)
            await asyncio.sleep(COALESCE_S)

    def _receive(self, connection: Any, pid: int, channel: str, message: str) -> None:
        parts = message.split()
        if self._name in parts:
            return
        for part in parts:
            topic, _, at = part.partition("=")
            if at.isdecimal():
                self.deliver(topic, int(at))


def _drop(connection: Any) -> None:
    if connection is not None:
        connection.terminate()
