"""The `command` executor: starts an allowed program with an argument list, never a shell.

The program does not see the server's environment. It gets only PATH, LANG, the variables of the target and of the
run, and HORARIUM_RUN_ID and similar ones. It starts in the folder `/`, in a process group of its own. At the
timeout, or when the attempt is cancelled, the group first gets SIGTERM and shortly after SIGKILL. What the program
prints on standard output is the output of the run. With an exit code other than 0 the attempt fails, and the error
shows the last characters of standard error.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, TimeIsUp, Verdict
from horarium.executors.command_config import (
    CompiledCommand,
    check_config,
    check_environment,
    find_program,
    program_refusal,
)
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import context_of, run_text, template_values
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_bytes
from horarium.executors.secrecy import run_scrubber, split
from horarium.executors.template import TemplateError
from horarium.open_files import require_for_process

# How long a program may take to end after SIGTERM before it gets SIGKILL.
_TERM_GRACE_SECONDS = 2.0

# How long we wait for the rest of the output after the program has ended.
_PIPE_GRACE_SECONDS = 1.0

# The bytes of the shortest head of a program on Linux that is no script.
_ELF_HEAD = 52

# How many of the last bytes of standard error are kept.
_ERROR_TAIL = 1000

# What the system says where it lacks processes, open files or memory just now, and of a program that is being written.
_PASSING = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETXTBSY)


def make(options: ExecutorOptions) -> CommandExecutor:
    """Makes the executor. The entry point names this function."""
    return CommandExecutor(options)


@dataclass(frozen=True, slots=True)
class _Start:
    """Everything that is needed to start a program."""

    argv: list[str]
    environment: dict[str, str]
    stdin: bytes


@dataclass(frozen=True, slots=True)
class _End:
    """How a program ended. `code` is its exit code, or minus the number of the signal that ended it."""

    code: int
    stdout: bytes
    stderr: bytes


class CommandExecutor:
    """Runs `command` targets. Unless the settings allow commands, `check` refuses every configuration."""

    type = "command"

    def __init__(self, options: ExecutorOptions) -> None:
        self._options = options
        self._compiled = CompiledConfigs(CompiledCommand)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """All problems of a configuration. An empty list means that it can be stored."""
        return check_config(config, self._options)

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The configuration without its secrets, and the secrets by their path."""
        return split(config)

    def check_environment(
        self, config: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Sequence[Problem]:
        """Problems of the environment variables that a schedule sets for its runs. Each problem names a variable."""
        return check_environment(environment, str(config["argv"][0]), self._options)

    async def execute(self, call: Call) -> Outcome:
        """Runs the program once. When cancelled, it ends the whole process group before it returns."""
        try:
            compiled = self._compiled.of(call)
        except BrokenConfiguration as error:
            return Outcome(Verdict.FAILED, error=str(error), retryable=False)
        try:
            start = self._start(compiled, call)
        except TemplateError as error:
            return self._failed(call, compiled, f"the command could not be started: {error}", retryable=False)
        try:
            async with asyncio.timeout(call.timeout_ms / 1000):
                end = await _run(start, self._options.response_limit_bytes)
        except TimeoutError:
            return self._failed(call, compiled, TimeIsUp.COMMAND.after(call.timeout_ms))
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            passing = error.errno in _PASSING
            return self._failed(
                call, compiled, f"the command could not be started: {reason}", retryable=passing
            )
        return self._judge(call, compiled, end)

    async def close(self) -> None:
        """Does nothing, because nothing stays open between runs."""

    def _start(self, compiled: CompiledCommand, call: Call) -> _Start:
        # Checked again for every run, because the settings may have changed since the target was created.
        wrong = program_refusal(compiled.program, self._options)
        if wrong:
            raise TemplateError(f"argv.0 {wrong}")
        context = context_of(call, run_text(call.run_id), self._options.public_url)
        values = template_values(call, context, compiled.named)
        program = find_program(compiled.program, self._options)
        assert program is not None
        return _Start(
            argv=[program, *compiled.arguments(values)],
            environment=self._environment(compiled, call, values),
            stdin=orjson.dumps(context) if compiled.stdin is None else compiled.stdin(values),
        )

    def _environment(
        self, compiled: CompiledCommand, call: Call, values: Mapping[str, Any]
    ) -> dict[str, str]:
        # Checked again for every run, for the same reason as the program.
        given = {**compiled.environment(values), **call.environment}
        for problem in check_environment(given, compiled.program, self._options)[:1]:
            named = f"the variable {problem.field}" if problem.field else "the environment"
            raise TemplateError(f"{named} {problem.message}")
        base = {"PATH": self._options.command_path, "LANG": "C.UTF-8"}
        return {**base, **given, **_own_variables(values)}

    def _judge(self, call: Call, compiled: CompiledCommand, end: _End) -> Outcome:
        scrubber = run_scrubber(call, compiled.scrubber)
        output = keep_bytes(end.stdout, self._options.response_limit_bytes, scrubber)
        if end.code == 0:
            return Outcome(Verdict.SUCCEEDED, output=output, status=0)
        tail = end.stderr.decode("utf-8", "replace").strip()
        said = f": {tail}" if tail else ""
        text = error_text(f"the command {_ending(end.code)}{said}", scrubber)
        return Outcome(Verdict.FAILED, output=output, error=text, status=end.code)

    def _failed(
        self, call: Call, compiled: CompiledCommand, error: str, *, retryable: bool = True
    ) -> Outcome:
        text = error_text(error, run_scrubber(call, compiled.scrubber))
        return Outcome(Verdict.FAILED, error=text, retryable=retryable)


def _own_variables(values: Mapping[str, Any]) -> dict[str, str]:
    schedule, callback = values["schedule"] or {}, values["callback"] or {}
    given = {
        "HORARIUM_RUN_ID": values["run"]["id"],
        "HORARIUM_ATTEMPT": str(values["attempt"]),
        "HORARIUM_TARGET_ID": values["target"]["id"],
        "HORARIUM_SCHEDULE_ID": schedule.get("id"),
        "HORARIUM_SLOT": values["slot"],
        "HORARIUM_CALLBACK_URL": callback.get("url"),
        "HORARIUM_CALLBACK_TOKEN": callback.get("token"),
    }
    return {name: value for name, value in given.items() if value is not None}


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


class _Watch(asyncio.SubprocessProtocol):
    """Collects what a program prints, and notices its end.

    It keeps the first `most` bytes of standard output and the last bytes of standard error. It reads everything
    else too and drops it. Otherwise the pipes would fill up, and the program would block forever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = {1, 2}
        self.stdout, self.stderr = bytearray(), b""
        self.exited, self.drained = asyncio.Event(), asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self.stdout += data[: self._most - len(self.stdout)]
        else:
            self.stderr = (self.stderr + data)[-_ERROR_TAIL:]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        if not self._open:
            self.drained.set()

    def process_exited(self) -> None:
        self.exited.set()


async def _run(start: _Start, limit: int) -> _End:
    """Runs a program until it ends. Keeps at most `limit` + 1 bytes of its output.

    When cancelled, it first ends the program and everything that the program started. Raises OSError if the program
    cannot be started.
    """
    _require_program(start.argv[0])
    transport, watch = await _started(start, limit)
    try:
        _feed(transport, start.stdin)
        await watch.exited.wait()
        # Processes that the program left running would keep the pipes open and would live longer than the run.
        _signal(transport, signal.SIGKILL)
        with suppress(TimeoutError):  # not `wait_for`, which may lose a cancellation in Python 3.11
            async with asyncio.timeout(_PIPE_GRACE_SECONDS):
                await watch.drained.wait()
        return _End(transport.get_returncode() or 0, bytes(watch.stdout), watch.stderr)
    finally:
        await _left(transport, watch)


def _require_program(path: str) -> None:
    """Raises OSError for a file that the system cannot start.

    The server's event loop gives such a file to a shell, which would take it for a script.
    """
    if sys.platform != "linux":
        return
    with open(path, "rb") as file:
        head = file.read(_ELF_HEAD)
    if not head.startswith(b"#!") and (len(head) < _ELF_HEAD or not head.startswith(b"\x7fELF")):
        raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC))


async def _started(start: _Start, limit: int) -> tuple[asyncio.SubprocessTransport, _Watch]:
    """Starts a program.

    If asyncio's start were cancelled half-way, it would kill only the program itself and then wait for the pipes,
    which children of the program may keep open. So the start is always completed. If this function is cancelled
    meanwhile, it ends the whole group afterwards.
    """
    require_for_process()
    starting = asyncio.ensure_future(
        asyncio.get_running_loop().subprocess_exec(
            lambda: _Watch(limit + 1),
            *start.argv,
            stdin=PIPE if start.stdin else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=start.environment,
            cwd="/",
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Whatever else cancels this, nobody but us could end what is being started.
        while not starting.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([starting])
        with suppress(OSError):
            await _left(*starting.result())
        raise


def _feed(transport: asyncio.SubprocessTransport, data: bytes) -> None:
    pipe: Any = transport.get_pipe_transport(0)
    if pipe is not None:
        with suppress(RuntimeError):  # of uvloop, where the program has ended or has closed its input
            pipe.write(data)
            pipe.close()  # takes effect when everything has been written


async def _left(transport: asyncio.SubprocessTransport, watch: _Watch) -> None:
    """Ends a program and gives back what it was connected by, even when cancelled."""
    try:
        await _end(transport, watch)
    finally:
        transport.close()


async def _end(transport: asyncio.SubprocessTransport, watch: _Watch) -> None:
    """Sends SIGTERM to the group, waits a moment for its end, and then sends SIGKILL, even when cancelled."""
    try:
        if not watch.exited.is_set():
            _signal(transport, signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TERM_GRACE_SECONDS):
                    await watch.exited.wait()
    finally:
        _signal(transport, signal.SIGKILL)
    await watch.exited.wait()


def _signal(transport: asyncio.SubprocessTransport, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), number)
