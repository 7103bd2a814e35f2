"""The further processes of a server: with `processes` = N the first process starts N - 1 others on the same machine.

Each of them is a node of its own that fires and runs as its settings say, but listens nowhere: the API and the metrics
of all are the first one's. The two ends share a socket. Over it the first process sends the settings and asks for
figures and signs of life; where it closes, because the first process ends or has died, the other one ends in order. A
process that ends by itself is started again; one that gives no sign of life is killed first.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client.metrics_core import Metric

from horarium import __version__
from horarium.app.loops import end_on_fault, refuse_failed
from horarium.app.opening import open_server
from horarium.domain.errors import Unavailable
from horarium.domain.ids import prefixed
from horarium.open_files import require_for_process
from horarium.python_tuning import tuned_for_serving
from horarium.service.metrics import Asked, Metrics
from horarium.settings import Settings

_log = structlog.get_logger(__name__)

# After which time a process that has ended is started again, in seconds: twice as long each time, up to the longest.
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
# One that lived for so long begins anew with the shortest.
LONG_LIFE_S = 60.0
# How long the figures of a process are waited for, in seconds. They are left out where it is too busy.
ANSWER_S = 1.0
# How often a process is asked for a sign of life, and after which silence it is killed, in seconds. Long before, the
# others have taken its runs away, because it has not renewed its lease.
LOOK_S, SILENCE_S = 10.0, 60.0
# How much longer than `drain` a process may take to end, in seconds, before it is killed.
END_S = 15.0
# The exit code of a process whose program is of another version than the first one.
OTHER_VERSION = 3
_LENGTH = struct.Struct("!I")


class FurtherProcesses:
    """The first process's ends of the sockets. `module`: what a further process runs, with the number of its end of
    the socket as its argument."""

    def __init__(self, module: str, drain_s: float) -> None:
        self._module, self._drain_s = module, drain_s
        self._ends: dict[int, _End] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopped = asyncio.Event()

    def start(self, settings: Settings) -> None:
        """Start the processes that the settings of the first one ask for, and keep them running."""
        for number in range(2, settings.processes + 1):
            keeper = self._keep(number, settings_of(number, settings))
            task = asyncio.create_task(keeper)
            task.add_done_callback(end_on_fault)
            self._keepers.append(task)

    async def figures(self, asked: Asked) -> dict[int, Sequence[Metric]]:
        """The metrics of each process that answers in time, by its number."""
        ends = dict(self._ends)
        found = await asyncio.gather(*(end.ask(asked, within_s=ANSWER_S) for end in ends.values()))
        return {number: metrics for number, metrics in zip(ends, found, strict=True) if metrics is not None}

    def stop(self) -> None:
        """Have all end, and start none again."""
        self._stopped.set()
        for end in self._ends.values():
            end.close()

    async def aclose(self) -> None:
        """Stop, and wait until all have ended."""
        self.stop()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        refuse_failed(self._keepers)

    async def _keep(self, number: int, settings: Settings) -> None:
        loop, pause = asyncio.get_running_loop(), SHORTEST_PAUSE_S
        while not self._stopped.is_set():
            began = loop.time()
            code = await self._run(number, settings)
            if self._stopped.is_set():
                return
            if code == OTHER_VERSION:
                words = "another version was installed meanwhile, which begins when the whole server is started again"
                _log.error("process_failed", error=words)
            if loop.time() - began >= LONG_LIFE_S:
                pause = SHORTEST_PAUSE_S
            _log.warning("process_ended", number=number, exit_code=code, again_in_s=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _run(self, number: int, settings: Settings) -> int | None:
        """Run a process until it ends; its exit code, None where it could not be started."""
        try:
            process, here = await self._start()
        except OSError as error:
            _log.warning("process_not_started", number=number, error=str(error))
            return None
        reader, writer = await asyncio.open_unix_connection(sock=here)
        _send(writer, __version__)
        _send(writer, settings)
        end = self._ends[number] = _End(reader, writer)
        reading = asyncio.create_task(end.read())
        watching = asyncio.create_task(_end_silent(number, end, process))
        watching.add_done_callback(end_on_fault)
        if self._stopped.is_set():  # while it was being started
            end.close()
        try:
            return await self._ended(process)
        finally:
            del self._ends[number]
            end.close()
            reading.cancel()
            watching.cancel()

    async def _start(self) -> tuple[asyncio.subprocess.Process, socket.socket]:
        """A new process, and the first one's end of the socket to it. It has a session of its own, because what a
        terminal sends to all processes (Ctrl-C, its own end) is for the first one, which has the others end in order.

        Raises OSError where the system has no more processes, open files or memory.
        """
        require_for_process()
        here, there = socket.socketpair()
        try:
            with there:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",
                    "-m",
                    self._module,
                    str(there.fileno()),
                    pass_fds=(there.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    start_new_session=True,
                )
        except BaseException:
            here.close()
            raise
        return process, here

    async def _ended(self, process: asyncio.subprocess.Process) -> int:
        """Wait for the end of a process. One that does not end when it has to is killed."""
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stopped.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        done, _ = await asyncio.wait({ended}, timeout=self._drain_s + END_S)
        if not done:
            _log.warning("process_killed", pid=process.pid)
            process.kill()
        return await ended


async def _end_silent(number: int, end: _End, process: asyncio.subprocess.Process) -> None:
    """Kill a process that has begun to answer and then gives no sign of life, such as one whose event loop hangs."""
    answer = await end.ask(None, within_s=None)
    while answer is not None:
        await asyncio.sleep(LOOK_S)
        answer = await end.ask(None, within_s=SILENCE_S)
    if not end.closed:
        _log.warning("process_silent", number=number, pid=process.pid, seconds=SILENCE_S)
        process.kill()


def settings_of(number: int, settings: Settings) -> Settings:
    """The settings of a further process: those of the first, but that it listens nowhere and starts no others."""
    return replace(
        settings,
        processes=1,
        roles=tuple(role for role in settings.roles if role != "api"),
        node=settings.node and f"{settings.node}-{number}",
    )


class _End:
    """The first process's end of a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        # What has been asked for and not been answered yet; None stands for a sign of life. It is not asked for again
        # meanwhile.
        self._open: dict[Asked | None, asyncio.Future[Sequence[Metric]]] = {}
        self.closed = False  # by either end

    async def read(self) -> None:
        """Take the answers until the other end closes."""
        with suppress(EOFError):
            while True:
                asked, found = await _receive(self._reader)
                self._open.pop(asked).set_result(found)
        self.closed = True
        for answer in self._open.values():
            answer.cancel()

    async def ask(self, asked: Asked | None, *, within_s: float | None) -> Sequence[Metric] | None:
        """The figures of the other process, none where it is asked for a sign of life. None where the answer does not
        come in time, or either end has closed."""
        if self.closed:
            return None
        if asked not in self._open:
            self._open[asked] = asyncio.get_running_loop().create_future()
            _send(self._writer, asked)
        done, _ = await asyncio.wait({self._open[asked]}, timeout=within_s)
        return next((answer.result() for answer in done if not answer.cancelled()), None)

    def close(self) -> None:
        self.closed = True
        self._writer.close()


async def serve_further(end: socket.socket, configure: Callable[[Settings], None]) -> int:
    """Be a further process until the first one closes its end of the socket, or SIGTERM or SIGINT comes; the exit code.
    `configure` sets the process up by its settings, before anything else."""
    reader, writer = await asyncio.open_unix_connection(sock=end)
    with closing(writer):
        try:
            if await _receive(reader) != __version__:  # its settings may be in another order
                return OTHER_VERSION
            settings: Settings = await _receive(reader)
        except EOFError:
            return 0
        configure(settings)
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        try:
            async with open_server(settings) as server:
                _log.info("process_started", node=prefixed("node", server.id), pid=os.getpid())
                answering = asyncio.create_task(_answer(reader, writer, server.services.metrics))
                answering.add_done_callback(end_on_fault)
                answering.add_done_callback(lambda _: stopped.set())
                with tuned_for_serving():
                    await stopped.wait()
                refuse_failed([answering])
        except Unavailable as error:
            _log.error("process_failed", error=str(error))
            return 1
    return 0


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, metrics: Metrics) -> None:
    """Say what this process has counted, or only that it is there, each time that the first one asks."""
    with suppress(EOFError):
        while True:
            asked = await _receive(reader)
            _send(writer, (asked, () if asked is None else metrics.of_process(asked)))


def _send(writer: asyncio.StreamWriter, value: object) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    if not writer.is_closing():  # as it is where the other one has ended
        writer.write(_LENGTH.pack(len(data)) + data)


async def _receive(reader: asyncio.StreamReader) -> Any:
    """The next value. Raises EOFError where the other end has closed."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return pickle.loads(await reader.readexactly(length))  # noqa: S301
    except (asyncio.IncompleteReadError, OSError):
        raise EOFError from None
