"""The loop of the watchdog: look, decide, tell. It shares nothing with a server but the database."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from horarium.domain.errors import HorariumError, Unavailable
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.statements import load
from horarium.store.verbs.watchdog import Ledger, watch
from horarium.times import TZDATA_VERSION
from horarium.unwaited import in_own_thread
from horarium.watchdog.alerts import Alerts, Message
from horarium.watchdog.checks import TOLD_FOR_MS, Limits, Look, findings

_log = structlog.get_logger(__name__)

# How often the watchdog looks, and how long it waits for each answer. What two looks in a row find is told, so what
# stands still is told within 8 seconds.
EVERY_S, ANSWER_S = 2.0, 2.0
# How often a ping goes out that says that the watchdog itself lives.
PING_S = 60.0
_ALERT_THREAD = "horarium-alert"

# Sends a message; returns whether somebody got it. It may block.
Send = Callable[[Message], bool]


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched: the addresses of servers, the URL of their database, and the folders whose disks may be full."""

    servers: Sequence[str]
    database_url: str
    folders: Sequence[Path] = ()


@dataclass(slots=True)
class Watchdog:
    """`send`: how people are told, None where they are told by the log alone. `ping_url` is asked by GET every PING_S
    while the watchdog works, so that somebody notices when it does not."""

    watched: Watched
    limits: Limits
    alerts: Alerts
    send: Send | None = None
    ping_url: str | None = None
    _store: PostgresStore | None = None
    _unsent: list[Message] = field(default_factory=list)
    _sending: asyncio.Future[bool] | None = None
    _pinged: float = float("-inf")

    @property
    def is_sending(self) -> bool:
        """Whether an alert is on its way, which somebody takes slowly or never."""
        return any(thread.name == _ALERT_THREAD for thread in threading.enumerate())

    async def run(self) -> None:
        """Watch until the task is cancelled."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            _log.info("watching", servers=list(self.watched.servers), alerts=self.send is not None)
            try:
                while True:
                    begun = time.monotonic()
                    await self.round(session)
                    await asyncio.sleep(max(0.0, EVERY_S - (time.monotonic() - begun)))
            finally:
                if self._store is not None:
                    await self._store.close()

    async def round(self, session: aiohttp.ClientSession) -> None:
        """Look once, and tell people what is new."""
        look = await self._look(session)
        message = self.alerts.look(findings(look, self.limits, TZDATA_VERSION), time.monotonic())
        if message is not None:
            level = _log.info if message.over else _log.warning
            level("alert", title=message.title, text=message.text)
            self._unsent.append(message)
        await self._tell()
        await self._ping(session)

    async def _look(self, session: aiohttp.ClientSession) -> Look:
        answers, (ledger, now, trouble) = await asyncio.gather(
            asyncio.gather(*(_asked(session, address) for address in self.watched.servers)), self._read()
        )
        free = {str(folder): _free(folder) for folder in self.watched.folders if folder.exists()}
        return Look(now, dict(zip(self.watched.servers, answers, strict=True)), ledger, trouble, free)

    async def _read(self) -> tuple[Ledger | None, int, str | None]:
        """The ledger and the time by the database's clock; or why there is none."""
        here = time.time_ns() // 1_000_000
        try:
            async with asyncio.timeout(2 * ANSWER_S):
                if self.watched.database_url.startswith("sqlite:///"):
                    path = Path(self.watched.database_url.removeprefix("sqlite:///"))
                    return await asyncio.to_thread(_read_file, path, here - TOLD_FOR_MS), here, None
                if self._store is None:
                    self._store = await PostgresStore.open(
                        self.watched.database_url, "horarium watchdog", notify=False
                    )
                now = await self._store.now_ms()
                return await self._store.read(watch, now - TOLD_FOR_MS), now, None
        except (HorariumError, sqlite3.Error, TimeoutError) as error:
            store, self._store = self._store, None
            if store is not None:
                with suppress(Exception):
                    await store.close()
            return None, here, str(error) or "it did not answer in time"

    async def _tell(self) -> None:
        """Send what was not sent yet, one after another. What nobody got is tried again in the next round. Who takes
        long to take an alert keeps nobody from looking, and this process not from its end."""
        if self.send is None:
            self._unsent.clear()
            return
        while self._unsent:
            message = self._unsent[0]
            slow = self._sending is not None
            if self._sending is None:
                self._sending = in_own_thread(partial(self.send, message), _ALERT_THREAD)
            await asyncio.wait({self._sending}, timeout=ANSWER_S)
            if not self._sending.done():  # it goes on while the next rounds look
                if not slow:
                    _log.error("alert_not_sent", title=message.title)
                return
            sent, self._sending = self._sending.result(), None
            if not sent:
                _log.error("alert_not_sent", title=message.title)
                return
            self._unsent.remove(message)

    async def _ping(self, session: aiohttp.ClientSession) -> None:
        if self.ping_url is None or time.monotonic() - self._pinged < PING_S:
            return
        try:
            async with session.get(self.ping_url) as answer:
                answer.raise_for_status()
            self._pinged = time.monotonic()
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("ping_failed", error=type(error).__name__)


async def _asked(session: aiohttp.ClientSession, address: str) -> str | None:
    """What is wrong with the answer of a server; None where nothing is."""
    try:
        async with session.get(f"{address}/healthz") as answer:
            return None if answer.status == 200 else f"it answers with the status {answer.status}"
    except TimeoutError:
        return f"no answer within {ANSWER_S:g} s"
    except aiohttp.ClientConnectorError as error:
        return f"no connection ({error.os_error.strerror or type(error.os_error).__name__})"
    except aiohttp.ClientError as error:
        return str(error) or type(error).__name__


def _read_file(path: Path, since_ms: int) -> Ledger:
    """Read a SQLite file beside its server, without a lock and without changing it. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
        return drive(watch(SqliteTx(connection, load("sqlite")), since_ms))


def _free(folder: Path) -> float:
    """Which share of a folder's disk is free."""
    usage = shutil.disk_usage(folder)
    return usage.free / usage.total


def sender(urls: Sequence[str]) -> Send:
    """Sends messages by apprise to all of these URLs. Raises Unavailable where apprise is not installed or does not
    know one of them."""
    try:
        import apprise
    except ImportError:
        raise Unavailable("alerts need the extra: pip install 'horarium[alerts]'") from None
    to: Any = apprise.Apprise()
    for url in urls:
        if not to.add(url):
            raise Unavailable(f"the alert URL {url.partition('://')[0]}://... is not one that apprise knows")

    def send(message: Message) -> bool:
        kind = apprise.NotifyType.SUCCESS if message.over else apprise.NotifyType.FAILURE
        return bool(to.notify(title=message.title, body=message.text, notify_type=kind))

    return send
