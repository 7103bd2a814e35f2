"""Processes that run synchronous functions: started when needed, used again, killed when a call must end.

Each has a scrubbed environment (nothing of the server's own, so no keys and no database address) and a
process group of its own, so that killing it takes along what it started.
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

_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_LENGTH_BYTES = 4


class FunctionRaised(Exception):
    """The function raised, or returned what is not JSON; the message is what to show."""


class WorkerLost(Exception):
    """The process ended in the middle of a call."""


class ProcessPool:
    """At most `size` processes; a call waits for one to be free. Used inside one event loop."""

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(max(1, size))
        self._idle: list[_Process] = []
        self._starting: set[asyncio.Task[_Process]] = set()
        self._closed = False

    async def run(self, function: str, given: Mapping[str, Any], *, by_keyword: bool, limit: int) -> bytes:
        """What the function returned, as JSON of at most `limit` + 1 bytes (none for None).

        Raises FunctionRaised or WorkerLost. When cancelled, the process is killed before this returns."""
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
            self._put_back(process)
        if kind != b"o":
            raise FunctionRaised(data.decode("utf-8", "replace"))
        return data

    async def close(self) -> None:
        """Kills what is left."""
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
        try:
            return await asyncio.shield(start)
        except asyncio.CancelledError:
            # The call is over, the process will be ready in a moment: the next call has it.
            start.add_done_callback(self._adopt)
            raise
        finally:
            self._starting.discard(start)

    def _adopt(self, start: asyncio.Task[_Process]) -> None:
        if not start.cancelled() and start.exception() is None:
            self._put_back(start.result())

    def _put_back(self, process: _Process) -> None:
        if self._closed:
            process.signal_kill()
        else:
            self._idle.append(process)


class _Process:
    """One worker process and the pipe to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> _Process:
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
        """Kind ("o" for output, "e" for an error) and data of the answer. Raises WorkerLost."""
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
            code = await asyncio.wait_for(self._process.wait(), 1)
            return f" (signal {-code})" if code < 0 else f" (exit code {code})"
        return ""

    def signal_kill(self) -> None:
        # The group may have members left when its first process is gone already.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def kill(self) -> None:
        """Kills the process and all it started, and waits for its end."""
        self.signal_kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        # A child that left the group may hold the pipe open: not worth waiting for.
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 1)


def _environment() -> dict[str, str]:
    """Enough to find the same modules as we do, and no more."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    paths = [path or os.getcwd() for path in sys.path]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
