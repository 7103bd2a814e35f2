"""The store in a SQLite file: one writer with group commit, which may hand verbs to a process of its own; other threads
read.

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
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Concatenate, cast

import structlog

from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id
from horarium.store.base import CommitUnknown, Item, P, Signal, T, Tx, earliest
from horarium.store.figures import StoreFigures, name_of
from horarium.store.group_commit import GroupCommits, Take
from horarium.store.sqlite.checkpoints import Checkpoints
from horarium.store.sqlite.connection import CACHE_KIB, READER_CACHE_KIB, WRITER_CACHE_KIB, connect
from horarium.store.sqlite.group import GroupWriter, Task
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.sqlite.writer_process import Call, WriterGone, WriterProcess, pickled, unpickled
from horarium.store.statements import load

_log = structlog.get_logger(__name__)

# The first version with RETURNING. (UPDATE ... FROM came with 3.33.)
MINIMUM_VERSION = (3, 35, 0)

READERS = 2

# A read that takes longer is interrupted, because checkpoints cannot go past what a reader still sees.
READ_SECONDS = 5.0

# What the names of a database and of the files beside it end with, its log and the index of that.
_ENDS = ("", "-wal", "-shm")

# When a writer process is tried again that could not be started, or has ended before it began: the system may have had
# no more files or processes for it, or it was killed. To try takes half a second of a core.
START_AGAIN_S = 30.0


class _Job:
    """A verb in one of the writer's queues, with the future that waits for its answer. `asked` is when it came into the
    queue (monotonic). `call`: the verb with its arguments, pickled, where the writer process may run it. `answer`: its
    answer, pickled, where that process has run it."""

    __slots__ = ("answer", "asked", "call", "future", "name", "queue", "task")

    def __init__(
        self, name: str, task: Task, future: asyncio.Future[Any], queue: deque[_Job], call: bytes | None
    ) -> None:
        self.name = name
        self.task = task
        self.future = future
        self.queue = queue
        self.call = call
        self.answer: bytes | None = None
        self.asked = time.monotonic()


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
        self._groups = GroupCommits(self._write_taken, ahead=True)
        self._wake = threading.Condition()
        self._urgent_jobs: deque[_Job] = deque()
        self._other_jobs: deque[_Job] = deque()
        self._closing = False
        self._writer_connection = connect(self._path, cache_kib=WRITER_CACHE_KIB)
        # Which files the connections have open, each since it is there. One of them is another than that of its name
        # where somebody has removed it.
        self._files: dict[str, tuple[int, int]] = {}
        self._group = GroupWriter(self._writer_connection, self._statements)
        self._process: WriterProcess | None = None
        # When the writer process is to be started that could not be (monotonic).
        self._start_at: float | None = None
        self._readers = ThreadPoolExecutor(READERS, "horarium-read")
        self._reader_local = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []
        self._lookups: SqliteTx | None = None
        self._writer = threading.Thread(target=self._write_loop, name="horarium-write", daemon=True)
        self._checkpoints = Checkpoints(connect(self._path))
        self._require_files()
        self._writer.start()

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, for migrations before anything else uses the store."""
        return self._writer_connection

    def write_apart(self) -> None:
        """Have portable verbs run in a process of their own from now on. The schema must be up to date."""
        self._writer_connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        self._start_process()

    def listen(self, signal: Signal) -> None:
        self._signals.append(signal)

    async def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._submit(self._other_jobs, verb, args, kwargs)

    async def write_grouped(self, verb: Callable[[Tx, Sequence[Item]], Awaitable[T]], item: Item) -> T:
        return await self._groups.submit(verb, item)

    async def _write_taken(self, verb: Callable[[Tx, Sequence[Item]], Awaitable[T]], take: Take[Item]) -> T:
        return await self._queue(self._other_jobs, name_of(verb), lambda tx: verb(tx, take()))

    async def urgent(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._submit(self._urgent_jobs, verb, args, kwargs, getattr(verb, "prompt", False))

    async def _submit(
        self,
        queue: deque[_Job],
        verb: Callable[..., Awaitable[T]],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        prompt: bool = False,
    ) -> T:
        call = None
        if self._process is not None and getattr(verb, "portable", False):
            call = pickled(Call(verb, args, kwargs, prompt))
        return await self._queue(queue, name_of(verb), lambda tx: verb(tx, *args, **kwargs), prompt, call)

    async def _queue(
        self,
        queue: deque[_Job],
        name: str,
        verb: Callable[[Tx], Awaitable[T]],
        prompt: bool = False,
        call: bytes | None = None,
    ) -> T:
        """What a verb returns, when the writer has run it and has committed it."""
        job = _Job(name, Task(verb, prompt), self._loop.create_future(), queue, call)
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
        begun, refused = time.monotonic(), False
        try:
            if getattr(verb, "point", False):
                return self._look_up(lambda tx: verb(tx, *args, **kwargs))
            return await self._loop.run_in_executor(
                self._readers, self._read, lambda tx: verb(tx, *args, **kwargs)
            )
        except Unavailable:
            refused = True
            raise
        finally:
            self.figures.took(name_of(verb), time.monotonic() - begun, refused)

    def _look_up(self, verb: Callable[[Tx], Awaitable[T]]) -> T:
        """Look up a few rows on the event loop: this takes some 30 us, handing it to a thread takes 200."""
        if self._closing:
            raise Unavailable("the store is closing")
        if self._lookups is None:
            self._lookups = SqliteTx(self._reading_connection(CACHE_KIB), self._statements)
        try:
            return drive(verb(self._lookups))
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the query failed: {error}") from error
        except MemoryError as error:
            raise Unavailable("there is not enough memory for the query") from error

    def _reading_connection(self, cache_kib: int) -> sqlite3.Connection:
        """A further connection, which cannot write. Raises Unavailable, also where it would lead to another file."""
        self._require_files()
        try:
            connection = connect(self._path, cache_kib=cache_kib)
            connection.execute("PRAGMA query_only=ON")
        except sqlite3.Error as error:
            raise Unavailable(f"the database cannot be opened once more: {error}") from error
        self._reader_connections.append(connection)
        return connection

    def _require_files(self) -> None:
        """Raises Unavailable where an open file has lost its name. What is written to it ends with this process, and
        whoever opens the database anew does not see it, nor our locks."""
        for end in _ENDS:
            path = f"{self._path}{end}"
            found, opened = _file_at(path), self._files.get(end)
            if opened is None and found is not None:
                self._files[end] = found
            elif found != opened:
                raise Unavailable(
                    f"the database file {path} was removed or replaced while the server had it open: put it back, or "
                    "end the server and start it with the file that is to be used"
                )

    def _read(self, verb: Callable[[Tx], Awaitable[T]]) -> T:
        connection = getattr(self._reader_local, "connection", None)
        if connection is None:
            connection = self._reader_local.connection = self._reading_connection(READER_CACHE_KIB)
        until = time.monotonic() + READ_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
        connection.execute("BEGIN")
        try:
            return drive(verb(SqliteTx(connection, self._statements)))
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the query took longer than {READ_SECONDS:g} s or failed: {error}") from error
        except MemoryError as error:
            raise Unavailable("there is not enough memory for the query") from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    async def bytes(self) -> int:
        found = 0
        for path in (self._path, f"{self._path}-wal"):
            with suppress(OSError):  # there is no log before the first commit
                found += os.stat(path).st_size
        return found

    def drop_pages(self) -> None:
        """Drop the pages of the file that connections of this process keep in memory and do not use now. They come back
        from the system's memory as they are needed. It may be called in any thread."""
        if sqlite3.threadsafety < 3:  # this SQLite forbids a connection to two threads at once
            return
        for connection in (self._writer_connection, *self._reader_connections):
            with suppress(sqlite3.ProgrammingError):  # the store has been closed meanwhile
                connection.execute("PRAGMA shrink_memory")

    def waiting(self) -> dict[str, int]:
        return {"engine": len(self._urgent_jobs), "api": len(self._other_jobs)}

    async def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._writer.join)
        if self._process is not None:
            await asyncio.to_thread(self._process.close)
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
        """Have a group of verbs written, here or by the writer process, and answer them."""
        taken: list[_Job] = []
        try:
            self._require_files()
            process = self._usable_process()
            if process is not None and self._takes(taken, portable=True):
                self._write_apart(process, taken)
            else:
                self._write_here(taken, portable=None if process is None else False)
            self._checkpoints.wanted()
        except WriterGone:
            self._start_process_again()
            _refuse(taken, CommitUnknown())
        except Exception as error:  # the database refuses, or memory has run out: nothing was committed
            self.figures.refused += 1
            if not taken:  # not even a transaction could be begun
                while self._takes(taken):
                    pass
            words = str(error) or type(error).__name__
            _refuse(
                taken,
                error
                if isinstance(error, Unavailable)
                else Unavailable(f"the database could not commit: {words}"),
            )
        try:
            self._loop.call_soon_threadsafe(self._answer, taken)
        except RuntimeError:  # the event loop has ended, and nobody waits for an answer any more
            return

    def _write_here(self, taken: list[_Job], portable: bool | None) -> None:
        def next_task() -> Task | None:
            return taken[-1].task if self._takes(taken, portable) else None

        group, refused = self._group, self._group.refused
        group.recording = self.recording
        try:
            self.figures.commits.add(group.write([], next_task) * 1000)
        finally:
            self.figures.refused += group.refused - refused

    def _write_apart(self, process: WriterProcess, taken: list[_Job]) -> None:
        while self._takes(taken, portable=True):
            pass
        written = process.write([job.call for job in taken if job.call is not None], self.recording)
        self.figures.commits.add(written.commit_s * 1000)
        self.figures.refused += written.refused
        for job, outcome in zip(taken, written.outcomes, strict=False):
            job.answer = outcome.answer
            outcome.tell(job.task)
        self._put_back(taken[len(written.outcomes) :])
        del taken[len(written.outcomes) :]

    def _takes(self, taken: list[_Job], portable: bool | None = None) -> bool:
        """Take the next verb, if it is one that the writer process may run, or is not, or in any case (None)."""
        with self._wake:
            queue = self._urgent_jobs or self._other_jobs
            if not queue or portable not in {None, queue[0].call is not None}:
                return False
            taken.append(queue.popleft())
            return True

    def _put_back(self, jobs: Sequence[_Job]) -> None:
        """Put verbs that were not begun back to the front of their queues."""
        with self._wake:
            for job in reversed(jobs):
                job.queue.appendleft(job)

    def _usable_process(self) -> WriterProcess | None:
        if self._start_at is not None and time.monotonic() >= self._start_at:
            self._start_process()
        try:
            if self._process is not None and self._process.ready():
                return self._process
        except WriterGone:
            self._start_process_again()
        return None

    def _start_process_again(self) -> None:
        """Start another writer process instead of one that is gone, and instead of one that has never begun later."""
        gone, self._process = self._process, None
        if gone is None:
            return
        gone.close()
        _log.error("writer_process_gone", pid=gone.pid, replaced=gone.started)
        if gone.started:
            self._start_process()
        else:
            self._start_at = time.monotonic() + START_AGAIN_S

    def _start_process(self) -> None:
        """Start the writer process. Where the system does not let us, verbs run here, and it is tried again later."""
        self._start_at = None
        try:
            self._process = WriterProcess(self._path)
        except OSError as error:
            self._start_at = time.monotonic() + START_AGAIN_S
            _log.error("writer_process_not_started", error=str(error), again_in_s=START_AGAIN_S)

    def _answer(self, done: list[_Job]) -> None:
        announced: dict[str, int] = {}
        for job in done:
            task = job.task
            self.figures.took(job.name, task.seconds, isinstance(task.error, Unavailable))
            self.figures.take(task.counted, time.monotonic() - job.asked)
            for topic, at in task.announced.items():
                earliest(announced, topic, at)
            if job.future.done():
                continue
            if task.error is not None:
                job.future.set_exception(task.error)
            else:
                job.future.set_result(task.answer if job.answer is None else unpickled(job.answer))
        for topic, at in announced.items():
            for signal in self._signals:
                signal(topic, at)


def _file_at(path: str) -> tuple[int, int] | None:
    """Which file has this name now; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse(jobs: Sequence[_Job], error: Unavailable) -> None:
    for job in jobs:
        job.task.fail(error)
