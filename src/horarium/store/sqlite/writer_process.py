"""SQLite's writer in a process of its own, for the verbs that write most.

In a thread the writer shares Python's interpreter lock with the event loop, and must wait for it after each statement:
beside a busy event loop a batch of outcomes took 40 ms instead of 7. The process runs the verbs that are marked
`portable`. It is a child of the server, opens the same file, and ends when the server does, however that ends. Only one
of the two writes at a time: the server's writer thread waits for the answer of the process.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import structlog

from horarium.domain.ids import Id
from horarium.python_tuning import tuned_for_serving
from horarium.store.figures import Counted
from horarium.store.sqlite.connection import WRITER_CACHE_KIB, connect
from horarium.store.sqlite.group import GroupWriter, Task
from horarium.store.statements import load

_log = structlog.get_logger(__name__)

# How long a closed process may take to end before it is killed.
END_SECONDS = 5.0
# How long it may take for a group: one that is frozen would otherwise be waited for for ever. SQLite itself gives up
# waiting for another program's lock after ten seconds.
ANSWER_SECONDS = 30
_READY = b"ready"
# Not `-m`: the classes of a module that is run that way are others than those of the same module where it is imported.
_PROGRAM = f"import sys; from {__name__} import serve; serve(sys.argv[1], int(sys.argv[2]))"
# What the process needs of the server's environment: where Python and its time zones are. It needs no secrets.
_ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONTZPATH",
    "TZ",
    "LANG",
    "LC_ALL",
    "VIRTUAL_ENV",
    "TMPDIR",
)


class Call(NamedTuple):
    """A verb with its arguments, all of which are plain values."""

    verb: Callable[..., Awaitable[Any]]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    prompt: bool


class Outcome(NamedTuple):
    """What became of a call. `answer` is pickled."""

    answer: bytes
    error: BaseException | None
    announced: dict[str, int]
    counted: list[Counted]
    seconds: float

    def tell(self, task: Task) -> None:
        """Say it to the task that stands for the call here."""
        task.error, task.announced, task.counted, task.seconds = self[1:]


class Written(NamedTuple):
    """A group that was committed: the outcomes of its calls, the first of those that were sent. `refused`: how many of
    them the database could not do."""

    outcomes: Sequence[Outcome]
    commit_s: float
    refused: int


def pickled(value: object) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpickled(data: bytes) -> Any:
    """The value that the other end pickled; only the server and its child have an end."""
    return pickle.loads(data)  # noqa: S301


class WriterGone(Exception):
    """The process has ended, or says nothing more. Whether it committed what it was sent is not known, and it may still
    do so until it is closed."""


class WriterProcess:
    """The server's end. It is used by one thread. The process takes a moment to start: until `ready`, others write."""

    def __init__(self, path: str) -> None:
        here, there = socket.socketpair()
        patience = struct.pack("@ll", ANSWER_SECONDS, 0)
        for side in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            here.setsockopt(socket.SOL_SOCKET, side, patience)
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        with here, there:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", _PROGRAM, path, str(there.fileno())],
                pass_fds=(there.fileno(),),
                stdin=subprocess.DEVNULL,
                env=environment,
            )
            self._connection = Connection(here.detach())
        self.started = False
        self._recording: Set[Id] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self) -> bool:
        """Whether it can be used now. Raises WriterGone."""
        try:
            if not self.started and self._connection.poll():
                self.started = self._connection.recv_bytes() == _READY
        except (EOFError, OSError):
            raise WriterGone from None
        return self.started

    def write(self, calls: Sequence[bytes], recording: Set[Id]) -> Written:
        """Run pickled calls as one group, as far as a group goes. Raises WriterGone, and sqlite3.Error or MemoryError
        where nothing could be committed."""
        try:
            changed = None if recording is self._recording else recording
            self._connection.send_bytes(pickled((changed, calls)))
            self._recording = recording
            found: Written | sqlite3.Error | MemoryError = unpickled(self._connection.recv_bytes())
        except (
            EOFError,
            OSError,
            MemoryError,
        ):  # where its answer does not fit into memory, what follows is unreadable
            raise WriterGone from None
        if isinstance(found, sqlite3.Error | MemoryError):
            raise found
        return found

    def close(self) -> None:
        """Have it end, and wait for it."""
        self._connection.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            _log.warning("writer_process_killed", pid=self._process.pid)
            self._process.kill()
            self._process.wait()


def serve(path: str, descriptor: int) -> None:
    """The process: run groups of calls until the server closes its end of the socket."""
    connection = Connection(descriptor)
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group: the server says when to end
        signal.signal(number, signal.SIG_IGN)
    database = connect(path, cache_kib=WRITER_CACHE_KIB)
    # Nobody else wants the interpreter lock here, so rows are read one after another: that takes a third less.
    writer = GroupWriter(database, load("sqlite"), packs=False)
    with closing(database), suppress(EOFError, OSError), tuned_for_serving():
        connection.send_bytes(_READY)
        while True:
            changed, calls = unpickled(connection.recv_bytes())
            if changed is not None:
                writer.recording = changed
            connection.send_bytes(_answer(writer, calls))


def _answer(writer: GroupWriter, calls: Sequence[bytes]) -> bytes:
    waiting, done, refused = iter(calls), list[Task](), writer.refused
    try:
        commit_s = writer.write(done, lambda: _task(next(waiting, None)))
    except (sqlite3.Error, MemoryError) as error:
        return pickled(error)
    return pickled(Written([_outcome(task) for task in done], commit_s, writer.refused - refused))


def _task(call: bytes | None) -> Task | None:
    if call is None:
        return None
    verb, args, kwargs, prompt = unpickled(call)
    return Task(lambda tx: verb(tx, *args, **kwargs), prompt)


def _outcome(task: Task) -> Outcome:
    answer = pickled(task.answer) if task.error is None else b""
    return Outcome(answer, _portable(task.error), task.announced, task.counted, task.seconds)


def _portable(error: BaseException | None) -> BaseException | None:
    """An error that can be sent: itself, or its words."""
    try:
        unpickled(pickled(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
