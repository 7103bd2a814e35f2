"""The `command` executor: starts an allowed program with an argument list, never a shell.

The program gets a scrubbed environment (its own variables, the run's, and HORARIUM_RUN_ID and its
siblings), `/` as its folder, and a process group of its own. At the timeout, or when cancelled, the group
is asked to end (SIGTERM) and soon after made to (SIGKILL). What it prints on standard output is the output;
an exit code other than 0 fails the attempt, with the end of standard error as the reason.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Verdict
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

_TERM_GRACE_SECONDS = 2.0
_PIPE_GRACE_SECONDS = 1.0
_ERROR_TAIL = 1000


def make(options: ExecutorOptions) -> CommandExecutor:
    """The entry point's factory."""
    return CommandExecutor(options)


@dataclass(frozen=True, slots=True)
class _Start:
    """A program ready to be started."""

    argv: list[str]
    environment: dict[str, str]
    stdin: bytes


@dataclass(frozen=True, slots=True)
class _End:
    code: int
    stdout: bytes
    stderr: bytes


class CommandExecutor:
    """Off (every configuration refused) unless the settings allow commands."""

    type = "command"

    def __init__(self, options: ExecutorOptions) -> None:
        self._options = options
        self._compiled = CompiledConfigs(CompiledCommand)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        return check_config(config, self._options)

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return split(config)

    def check_environment(
        self, config: Mapping[str, Any], environment: Mapping[str, str]
    ) -> Sequence[Problem]:
        """What is wrong with the environment variables that a schedule brings along for its runs."""
        return check_environment(environment, str(config["argv"][0]), self._options)

    async def execute(self, call: Call) -> Outcome:
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
            return self._failed(
                call, compiled, f"the command did not end within {call.timeout_ms / 1000:g} s"
            )
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            return self._failed(
                call, compiled, f"the command could not be started: {reason}", retryable=False
            )
        return self._judge(call, compiled, end)

    async def close(self) -> None:
        """Nothing is kept between runs."""

    def _start(self, compiled: CompiledCommand, call: Call) -> _Start:
        # Asked again at every run: the settings may have changed since the target was made.
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
        # Asked again at every run, as for the program.
        given = {**compiled.environment(values), **call.environment}
        for problem in check_environment(given, compiled.program, self._options)[:1]:
            raise TemplateError(f"the variable {problem.field} {problem.message}")
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
    """Sees a program to its end: keeps the head of its output and the tail of its errors. What is beyond is
    read and dropped, or the program would wait for a reader for ever."""

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
    """Runs a program to its end; when cancelled, ends it and what it started first. Raises OSError."""
    transport, watch = await _started(start, limit)
    try:
        _feed(transport, start.stdin)
        await watch.exited.wait()
        # What it left running in its group would keep the pipes open, and would outlive the run.
        _signal(transport, signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(watch.drained.wait(), _PIPE_GRACE_SECONDS)
        return _End(transport.get_returncode() or 0, bytes(watch.stdout), watch.stderr)
    finally:
        await _end(transport, watch)
        transport.close()


async def _started(start: _Start, limit: int) -> tuple[asyncio.SubprocessTransport, _Watch]:
    """The program, running. Cancelled half-way, asyncio would kill the program alone and then wait for the pipes that
    its children hold: so it is started whole, and ended as a group."""
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
        with suppress(OSError):
            transport, watch = await starting
            await _end(transport, watch)
            transport.close()
        raise


def _feed(transport: asyncio.SubprocessTransport, data: bytes) -> None:
    pipe: Any = transport.get_pipe_transport(0)
    if pipe is not None:
        pipe.write(data)
        pipe.close()  # once all of it is written


async def _end(transport: asyncio.SubprocessTransport, watch: _Watch) -> None:
    """SIGTERM to the group, a moment to end in, then SIGKILL, whatever happens meanwhile."""
    try:
        if not watch.exited.is_set():
            _signal(transport, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(watch.exited.wait(), _TERM_GRACE_SECONDS)
    finally:
        _signal(transport, signal.SIGKILL)
    await watch.exited.wait()


def _signal(transport: asyncio.SubprocessTransport, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), number)
