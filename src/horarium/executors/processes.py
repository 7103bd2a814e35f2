"""Processes that run synchronous functions. A process is started when it is needed and used again afterwards.

If a call must end early, its process is killed. A process gets only a few harmless variables of the server's
environment, so no keys and no database address. It has a process group of its own, so that everything it started
is killed with it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson

from horarium.open_files import require_for_process

_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_LENGTH_BYTES = 4


class FunctionRaised(Exception):
    """The function raised an exception, or its arguments or result are not JSON-able. The message says which."""


class WorkerLost(Exception):
    """The process ended before the function returned, or could not be started."""


class ProcessPool:
    """At most `size` processes. A call waits until one of them is free. Use it inside one event loop."""

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(max(1, size))
        self._idle: list[_Process] = []
        self._starting: set[asyncio.Task[_Process]] = set()
        self._closed = False

    async def run(self, function: str, given: Mapping[str, Any], *, by_keyword: bool, limit: int) -> bytes:
        """Calls a function and returns its result as JSON, cut after `limit` + 1 bytes. None becomes no bytes.

        `function` is written as "package.module:function". `by_keyword` passes each member of `given` as a keyword
        argument; otherwise the function gets `given` as its only argument. Raises FunctionRaised or WorkerLost.
        When cancelled, it kills the process before it returns.
        """
        try:
            request = orjson.dumps(
                {"function": function, "given": dict(given), "by_keyword": by_keyword, "limit": limit}
            )
        except TypeError as error:
            raise FunctionRaised(f"its arguments cannot be written as JSON: {error}") from None
        async with self._free:
            process = await self._take()
            try:
                kind, data = await process.exchange(request)
            except BaseException:
                await process.kill()
                raise
            if self._closed:
                await process.kill()
            else:
                self._idle.append(process)
        if kind != b"o":
            raise FunctionRaised(data.decode("utf-8", "replace"))
        return data

    async def close(self) -> None:
        """Kills all idle processes, and those that are starting."""
        self._closed = True
        started = await asyncio.gather(*self._starting, return_exceptions=True)
        idle, self._idle = self._idle, []
        for process in {*idle, *(item for item in started if isinstance(item, _Process))}:
            await process.kill()

    async def _take(self) -> _Process:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await process.kill()
        start = asyncio.create_task(_Process.start())
        self._starting.add(start)
        start.add_done_callback(self._starting.discard)
        try:
            return await asyncio.shield(start)
        except OSError as error:  # no more processes, open files or memory
            reason = (error.strerror or type(error).__name__).lower()
            raise WorkerLost(f"the function's process could not be started: {reason}") from None
        except asyncio.CancelledError:
            # The call was cancelled, but the process will soon be ready. The next call can use it.
            start.add_done_callback(self._adopt)
            raise

    def _adopt(self, start: asyncio.Task[_Process]) -> None:
        if start.cancelled() or start.exception() is not None:
            return
        if self._closed:  # `close` waits for those that were still starting, and this one may not have been
            start.result().signal_kill()
        else:
            self._idle.append(start.result())


class _Process:
    """A worker process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> _Process:
        require_for_process()
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "horarium.executors.process_main",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        )

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def exchange(self, request: bytes) -> tuple[bytes, bytes]:
        """Sends a request and returns the kind of the answer ("o" for output, "e" for an error) and its data.

        Raises WorkerLost.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(len(request).to_bytes(_LENGTH_BYTES, "big") + request)
            await stdin.drain()
            length = int.from_bytes(await stdout.readexactly(_LENGTH_BYTES), "big")
            answer = await stdout.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            ending = await self._ending()
            raise WorkerLost(f"the function's process ended before it answered{ending}") from None
        return answer[:1], answer[1:]

    async def _ending(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                code = await self._process.wait()
            return f" (signal {-code})" if code < 0 else f" (exit code {code})"
        return ""

    def signal_kill(self) -> None:
        # Other processes of the group may still run after the first one has ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def kill(self) -> None:
        """Kills the process and everything that it started, and waits up to a second for its end."""
        self.signal_kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        # A child that left the group may keep the pipe open. Do not wait for it.
        with suppress(TimeoutError):
            async with asyncio.timeout(1):  # `wait_for` of Python 3.11 may lose a cancellation
                await self._process.wait()


def _environment() -> dict[str, str]:
    """The variables that a process needs to find the same modules as the server, and a few harmless ones."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    paths = [path or os.getcwd() for path in sys.path]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
