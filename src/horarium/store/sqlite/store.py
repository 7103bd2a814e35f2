"""The store in a SQLite file: one thread writes, with group commit; other threads read.

The writer takes the verbs that have queued up, the engine's first, runs them one after another and commits them
together, so that one flush to the disk serves many. A caller gets its answer after the commit. A verb that
fails does not affect the others. Readers see the last commit (WAL mode).

A verb is an async function that awaits nothing but its transaction, and this transaction never suspends. So one
`send` runs a verb to its end, in the thread that holds the connection and without an event loop.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Concatenate, cast

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Unavailable
from horarium.domain.events import EventNote
from horarium.domain.ids import Id
from horarium.store.base import P, Signal, T, Tx, earliest
from horarium.store.figures import Counted, StoreFigures, name_of
from horarium.store.group_commit import GroupCommits
from horarium.store.sqlite.checkpoints import Checkpoints
from horarium.store.sqlite.connection import WRITER_CACHE_KIB, connect
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.statements import load
from horarium.store.verbs.audit import append
from horarium.store.verbs.events import write_notes

# The first version with RETURNING. (UPDATE ... FROM came with 3.33.)
MINIMUM_VERSION = (3, 35, 0)

# How long the writer takes further verbs into one commit. It bounds how long the first of them waits.
GROUP_SECONDS = 0.02

READERS = 2

# A read that takes longer is interrupted, because checkpoints cannot go past what a reader still sees.
READ_SECONDS = 5.0


class _Job:
    """A verb in the writer's queue and the future that waits for its answer. `asked` is when it came into the queue
    (monotonic), `seconds` how long it took. `prompt`: what it wrote is committed at once."""

    __slots__ = (
        "announced",
        "answer",
        "asked",
        "counted",
        "error",
        "future",
        "name",
        "prompt",
        "recorded",
        "seconds",
        "told",
        "verb",
    )

    def __init__(
        self,
        name: str,
        verb: Callable[[Tx], Awaitable[Any]],
        future: asyncio.Future[Any],
        prompt: bool = False,
    ) -> None:
        self.name = name
        self.verb = verb
        self.future = future
        self.prompt = prompt
        self.answer: Any = None
        self.error: BaseException | None = None
        self.announced: dict[str, int] = {}
        self.recorded: list[AuditEntry] = []
        self.told: list[EventNote] = []
        self.counted: list[Counted] = []
        self.asked = time.monotonic()
        self.seconds = 0.0


class SqliteStore:
    """A store in one SQLite file. It must be made inside a running event loop. Raises Unavailable where this Python's
    SQLite is too old."""

    flavour = "sqlite"
    shared = False

    def __init__(self, path: Path | str) -> None:
        if sqlite3.sqlite_version_info < MINIMUM_VERSION:
            wanted = ".".join(map(str, MINIMUM_VERSION))
            raise Unavailable(f"SQLite {wanted} or newer is needed; this Python has {sqlite3.sqlite_version}")
        self.figures = StoreFigures()
        self.recording: Set[Id] = frozenset()
        self._path = str(path)
        self._loop = asyncio.get_running_loop()
        self._statements = load("sqlite")
        self._signals: list[Signal] = []
        self._groups = GroupCommits(self.write)
        self._wake = threading.Condition()
        self._urgent_jobs: deque[_Job] = deque()
        self._other_jobs: deque[_Job] = deque()
        self._closing = False
        self._writer_connection = connect(self._path, cache_kib=WRITER_CACHE_KIB)
        self._readers = ThreadPoolExecutor(READERS, "horarium-read")
        self._reader_local = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []
        self._lookups: sqlite3.Connection | None = None
        self._writer = threading.Thread(target=self._write_loop, name="horarium-write", daemon=True)
        self._checkpoints = Checkpoints(connect(self._path))
        self._writer.start()

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, for migrations before anything else uses the store."""
        return self._writer_connection

    def listen(self, signal: Signal) -> None:
        self._signals.append(signal)

    async def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._submit(self._other_jobs, name_of(verb), lambda tx: verb(tx, *args, **kwargs))

    async def write_grouped(self, verb: Callable[[Tx, Sequence[T]], Awaitable[object]], item: T) -> None:
        await self._groups.submit(verb, item)

    async def urgent(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        prompt = getattr(verb, "prompt", False)
        return await self._submit(
            self._urgent_jobs, name_of(verb), lambda tx: verb(tx, *args, **kwargs), prompt
        )

    async def _submit(
        self, queue: deque[_Job], name: str, verb: Callable[[Tx], Awaitable[T]], prompt: bool = False
    ) -> T:
        job = _Job(name, verb, self._loop.create_future(), prompt)
        with self._wake:
            if self._closing:
                raise Unavailable("the store is closing")
            if prompt:
                queue.appendleft(job)
            else:
                queue.append(job)
            self._wake.notify()
        return cast("T", await job.future)

    async def read(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        begun = time.monotonic()
        try:
            if getattr(verb, "point", False):
                return self._look_up(lambda tx: verb(tx, *args, **kwargs))
            return await self._loop.run_in_executor(
                self._readers, self._read, lambda tx: verb(tx, *args, **kwargs)
            )
        finally:
            self.figures.took(name_of(verb), time.monotonic() - begun)

    def _look_up(self, verb: Callable[[Tx], Awaitable[T]]) -> T:
        """Look up a few rows on the event loop: this takes some 30 us, handing it to a thread takes 200."""
        if self._closing:
            raise Unavailable("the store is closing")
        if self._lookups is None:
            self._lookups = connect(self._path)
            self._lookups.execute("PRAGMA query_only=ON")
            self._reader_connections.append(self._lookups)
        self._lookups.execute("BEGIN")
        try:
            return drive(verb(SqliteTx(self._lookups, self._statements)))
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the query failed: {error}") from error
        finally:
            self._lookups.execute("ROLLBACK")

    def _read(self, verb: Callable[[Tx], Awaitable[T]]) -> T:
        connection = getattr(self._reader_local, "connection", None)
        if connection is None:
            connection = self._reader_local.connection = connect(self._path)
            connection.execute("PRAGMA query_only=ON")
            self._reader_connections.append(connection)
        until = time.monotonic() + READ_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
        connection.execute("BEGIN")
        try:
            return drive(verb(SqliteTx(connection, self._statements)))
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the query took longer than {READ_SECONDS:g} s or failed: {error}") from error
        finally:
            connection.execute("ROLLBACK")

    async def bytes(self) -> int:
        found = 0
        for path in (self._path, f"{self._path}-wal"):
            with suppress(OSError):  # there is no log before the first commit
                found += os.stat(path).st_size
        return found

    def waiting(self) -> dict[str, int]:
        return {"engine": len(self._urgent_jobs), "api": len(self._other_jobs)}

    async def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._checkpoints.close)
        self._readers.shutdown()
        for connection in self._reader_connections:
            connection.close()
        self._writer_connection.close()

    def _write_loop(self) -> None:
        while True:
            with self._wake:
                while not (self._urgent_jobs or self._other_jobs or self._closing):
                    self._wake.wait()
                if self._closing and not (self._urgent_jobs or self._other_jobs):
                    return
            self._commit_group()

    def _commit_group(self) -> None:
        """Run queued verbs until none is left, GROUP_SECONDS have passed or a prompt one is done; then commit and
        answer them all."""
        connection = self._writer_connection
        done: list[_Job] = []
        until = time.monotonic() + GROUP_SECONDS
        try:
            connection.execute("BEGIN IMMEDIATE")
            while (job := self._next_job()) is not None:
                done.append(job)
                if self._spoils(connection, job):
                    self._begin_again(connection, done)
                if job.prompt or time.monotonic() > until:
                    break
            recorded = [entry for job in done if job.error is None for entry in job.recorded]
            if recorded:
                drive(append(SqliteTx(connection, self._statements), recorded))
            told = [note for job in done if job.error is None for note in job.told]
            if told:
                drive(write_notes(SqliteTx(connection, self._statements), told))
            begun = time.monotonic()
            connection.execute("COMMIT")
            self.figures.commits.add((time.monotonic() - begun) * 1000)
            self._checkpoints.wanted()
        except sqlite3.Error as error:
            self.figures.refused += 1
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            done = done or self._drain()
            for job in done:
                job.error = Unavailable(f"the database could not commit: {error}")
                job.announced, job.counted = {}, []
        try:
            self._loop.call_soon_threadsafe(self._answer, done)
        except RuntimeError:  # the event loop has ended, and nobody waits for an answer any more
            return

    def _drain(self) -> list[_Job]:
        """Take all queued verbs, for the case that not even a transaction can be begun."""
        drained = []
        while (job := self._next_job()) is not None:
            drained.append(job)
        return drained

    def _next_job(self) -> _Job | None:
        with self._wake:
            if self._urgent_jobs:
                return self._urgent_jobs.popleft()
            return self._other_jobs.popleft() if self._other_jobs else None

    def _spoils(self, connection: sqlite3.Connection, job: _Job) -> bool:
        """Run a verb in the open transaction; True where it failed after it had written something."""
        tx = SqliteTx(connection, self._statements, self.recording)
        before = connection.total_changes
        begun = time.monotonic()
        try:
            job.answer = drive(job.verb(tx))
            job.announced, job.recorded, job.counted = tx.announced, tx.recorded, tx.counted
            job.told = tx.told
        except sqlite3.OperationalError as error:
            if (
                not connection.in_transaction
            ):  # the disk is full, or similar: SQLite has rolled everything back
                raise
            self.figures.refused += 1
            job.error = Unavailable(f"the database refused: {error}")
        except BaseException as error:
            job.error = error
        job.seconds = time.monotonic() - begun
        return job.error is not None and connection.total_changes != before

    def _begin_again(self, connection: sqlite3.Connection, jobs: Sequence[_Job]) -> None:
        """Roll back, and run the verbs that had succeeded once more.

        The usual way would be a savepoint for each verb. But inside a savepoint SQLite copies each page that a
        statement changes, every time: 60,000 rows in one verb took 9 s instead of 0.6 s.
        Verbs that fail after writing are rare.
        """
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            if job.error is None and self._spoils(connection, job):
                return self._begin_again(connection, jobs)
        return None

    def _answer(self, done: list[_Job]) -> None:
        announced: dict[str, int] = {}
        for job in done:
            self.figures.took(job.name, job.seconds)
            if job.error is None:
                self.figures.take(job.counted, time.monotonic() - job.asked)
            for topic, at in job.announced.items():
                earliest(announced, topic, at)
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.answer)
        for topic, at in announced.items():
            for signal in self._signals:
                signal(topic, at)
