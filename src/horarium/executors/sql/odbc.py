"""Connections to SQL Servers, whose driver (pyodbc, through aioodbc) waits in threads and reads outside of Python.

Such a thread waits for as long as the server likes, and cannot be told to give up. So each workspace has a share of the
threads, and the end of the process waits for none.

Rows are fetched one after the other, and what has arrived is counted as `received` says, so an answer without end is
given up. What one row holds is counted when it is here: the driver itself has no bound for it.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import cache, partial
from threading import Lock, Thread
from typing import Any

from horarium.domain.ids import Id
from horarium.domain.places import may_take
from horarium.executors.look_ups import asking
from horarium.executors.sql.received import MOST_RECEIVED, MOST_ROWS, DialledCounts, TooMuchReceived

# How many threads wait for SQL Servers at the same time, and how many of one workspace.
MOST = 128
MOST_OF_WORKSPACE = 16
# What a row and each of its values take beside texts and bytes.
_ROW_BYTES, _VALUE_BYTES = 100, 50


class OdbcThreads(Executor):
    """The threads of the driver. What is submitted counts for the workspace of `asked_by`, and waits where that has no
    thread left."""

    def __init__(self) -> None:
        self._lock, self._closed = Lock(), False
        self._waiting: dict[Id | None, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
        self._busy: Counter[Id | None] = Counter()

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Called by the event loop. Raises RuntimeError after the end."""
        workspace, future = asking(), Future[Any]()
        with self._lock:
            if self._closed:
                raise RuntimeError("nothing is asked of a database after the shutdown")
            # What nobody waits for any more is forgotten with all that it holds, since it may be long until its turn.
            waiting = deque(one for one in self._waiting.get(workspace, ()) if not one[0].done())
            waiting.append((future, partial(work, *given, **named)))
            self._waiting[workspace] = waiting
        self._begin()
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = True) -> None:
        """Gives up what waits for a thread, and leaves alone what has one, whatever is asked for."""
        with self._lock:
            self._closed = True
            given_up = [future for waiting in self._waiting.values() for future, _ in waiting]
            self._waiting.clear()
        for future in given_up:
            future.cancel()

    def _begin(self) -> None:
        """Begin what waits and may have a thread, those workspaces first that have the fewest."""
        while (taken := self._next()) is not None:
            workspace, future, work = taken
            try:
                Thread(
                    target=self._do, args=(workspace, [future, work]), name="horarium-odbc", daemon=True
                ).start()
            except RuntimeError as error:  # the system has no more threads for this account
                self._ended(workspace)
                future.set_exception(OSError(f"the database could not be asked: {error}"))

    def _next(self) -> tuple[Id | None, Future[Any], Callable[[], Any]] | None:
        with self._lock:
            for workspace in sorted(self._waiting, key=lambda one: self._busy[one]):
                waiting = self._waiting[workspace]
                while waiting and may_take(
                    self._busy[workspace], self._busy.total(), MOST, MOST_OF_WORKSPACE
                ):
                    future, work = waiting.popleft()
                    if future.set_running_or_notify_cancel():
                        self._busy[workspace] += 1
                        return workspace, future, work
                if not waiting:
                    del self._waiting[workspace]
        return None

    def _do(self, workspace: Id | None, box: list[Any]) -> None:
        work, future = box.pop(), box.pop()
        try:
            answer = work()
        except BaseException as error:
            self._ended(workspace)
            future.set_exception(error)
        else:
            self._ended(workspace)
            future.set_result(answer)
        finally:
            del work, future  # an error leads to this frame, which must not lead back to it
        self._begin()

    def _ended(self, workspace: Id | None) -> None:
        with self._lock:
            self._busy[workspace] -= 1
            if not self._busy[workspace]:
                del self._busy[workspace]


class OdbcCounts(DialledCounts):
    """How much has arrived on one connection. Its thread counts, and the event loop begins anew."""

    def __init__(self) -> None:
        self._received = self._rows = 0

    def open(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._received = self._rows = 0

    def check(self) -> None:
        if self._received > MOST_RECEIVED:
            raise TooMuchReceived(MOST_RECEIVED)
        if self._rows > MOST_ROWS:
            raise TooMuchReceived(MOST_ROWS)

    def take(self, row: Any) -> None:
        """Count a row that has arrived. Raises TooMuchReceived."""
        self._rows += 1
        self._received += _ROW_BYTES + sum(
            _VALUE_BYTES + (len(value) if isinstance(value, str | bytes | bytearray) else 0) for value in row
        )
        self.check()


class _Standing:
    """Stands for an object of the driver, and is it in all that is not said otherwise."""

    __slots__ = ("_counts", "_own")

    def __init__(self, own: Any, counts: OdbcCounts) -> None:
        object.__setattr__(self, "_own", own)
        object.__setattr__(self, "_counts", counts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._own, name, value)


class _CountingConnection(_Standing):
    """A connection of the driver whose cursors count."""

    __slots__ = ()

    def cursor(self) -> Any:
        return _CountingCursor(self._own.cursor(), self._counts)


class _CountingCursor(_Standing):
    """A cursor of the driver, which would fetch all rows in one go. Its methods are called in a thread."""

    __slots__ = ()

    def fetchone(self) -> Any:
        row = self._own.fetchone()
        if row is not None:
            self._counts.take(row)
        return row

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return self._fetch(size or self._own.arraysize)

    def fetchall(self) -> list[Any]:
        return self._fetch(None)

    def _fetch(self, most: int | None) -> list[Any]:
        rows: list[Any] = []
        while (most is None or len(rows) < most) and (row := self.fetchone()) is not None:
            rows.append(row)
        return rows


@cache
def _connection_class() -> Any:
    driver = importlib.import_module("pyodbc")

    class Left(importlib.import_module("aioodbc").Connection):  # type: ignore[misc]
        """A connection that is left once nobody waits any more for what it does, or once it has brought too much:
        nothing else is asked of it, and the thread that is still busy with it closes it at last. So no task waits for a
        server that says nothing, and the event loop never does: the library would close there what it finds open."""

        _raw: Any = None
        _conn: Any
        _left, _running = False, 0

        def __init__(self, **named: Any) -> None:
            self._lock = Lock()
            self.counting = OdbcCounts()
            super().__init__(**named)

        def __del__(self) -> None:
            if self._conn is not None:
                self._leave()

        async def _connect(self) -> None:
            await self._execute(self._open)
            self._conn = _CountingConnection(self._raw, self.counting)

        def _open(self) -> None:
            named = {"autocommit": self._autocommit, "ansi": self._ansi, "timeout": self._timeout}
            self._raw = driver.connect(self._dsn, **named, **self._kwargs)

        def _execute(self, work: Callable[..., Any], *given: Any, **named: Any) -> asyncio.Future[Any]:
            asked: asyncio.Future[Any]
            if self._left:
                asked = self._loop.create_future()
                asked.set_result(None)  # it is being closed, which is all that is asked for now
                return asked
            asked = self._loop.run_in_executor(self._executor, partial(self._do, work, *given, **named))
            asked.add_done_callback(self._done)
            return asked

        def _done(self, asked: asyncio.Future[Any]) -> None:
            if asked.cancelled() or isinstance(asked.exception(), TooMuchReceived):
                self._leave()

        def _do(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
            """Called in a thread."""
            with self._lock:
                self._running += 1
            try:
                return work(*given, **named)
            finally:
                with self._lock:
                    self._running -= 1
                    over = self._left and not self._running
                if over:
                    _close(self._raw)

        def _leave(self) -> None:
            with self._lock:
                over = not (self._left or self._running)
                self._left = True
            self._conn = None
            if over and self._raw is not None:
                with suppress(RuntimeError):  # after the shutdown
                    self._executor.submit(_close, self._raw)

    return Left


def _close(raw: Any) -> None:
    """Close a connection of the driver, in a thread."""
    with suppress(Exception):
        raw.close()


async def connect(**named: Any) -> Any:
    """Opens a connection as aioodbc does, and counts what arrives. Raises what the driver raises, and TooMuchReceived
    where a fetch brings too much."""
    made = _connection_class()(**named)
    await made._connect()
    return made
