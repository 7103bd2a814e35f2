"""The `python` executor: calls a function that the server's settings allow.

    {"function": "package.module:function",
     "arguments": {"team": "{{ input.team }}"},
     "secrets": {"TOKEN": "..."}}

`arguments` is a template; its members are passed as keyword arguments. Without it, the function gets one dict: the
run's context (see `context`) with two more members, `secrets` and `environment`. The function's result is the run's
output and must be JSON-able. If the function raises an exception, the attempt fails, and the error shows the
exception's type and message.

`async def` functions run in the server's own event loop. They must not block, and they are cancelled at the timeout.
Other functions run in separate processes, which are killed at the timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, TimeIsUp, Verdict
from horarium.executors.checks import check_fields
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import context_of, run_text, template_values
from horarium.executors.functions import Function, FunctionRefused, refusal, resolve
from horarium.executors.limits import Limits, OutOfTime
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_bytes, keep_value
from horarium.executors.processes import FunctionRaised, ProcessPool, WorkerLost
from horarium.executors.secrecy import (
    Scrubber,
    check_secrets,
    named_secrets,
    reveal,
    run_scrubber,
    secret_names,
    split,
)
from horarium.executors.template import Render, TemplateError, check_template, compile_value

FIELDS = ("function", "arguments", "secrets")


def make(options: ExecutorOptions) -> PythonExecutor:
    """Makes the executor. The entry point names this function."""
    return PythonExecutor(options)


class _CompiledPython:
    """A compiled configuration. `arguments` is None if the function gets the run's context."""

    __slots__ = ("arguments", "function", "named", "scrubber")

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self.function = str(config.get("function"))
        self.named = named_secrets(config)
        self.scrubber = Scrubber(secrets.values())
        given = config.get("arguments")
        self.arguments: Render | None = None if given is None else compile_value(given)


class PythonExecutor:
    """Runs `python` targets. One instance serves the whole process.

    It keeps the functions that were imported, and the processes that run synchronous functions.
    """

    type = "python"

    def __init__(self, options: ExecutorOptions) -> None:
        self._allowed = options.python_functions
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._functions: dict[str, Function] = {}
        self._compiled = CompiledConfigs(_CompiledPython)
        self._pool = ProcessPool(options.python_workers)
        self._limits = Limits()

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """All problems of a configuration. An empty list means that it can be stored.

        If the function's name is allowed, it is imported. So a misspelt name is refused now and not when a run
        starts.
        """
        arguments = config.get("arguments")
        problems = [*check_fields(config, "python", FIELDS), *check_secrets(config)]
        if arguments is not None and not isinstance(arguments, Mapping):
            problems.append(
                Problem("arguments", "must be an object: names of parameters and their values", "type")
            )
        problems += check_template(arguments, "arguments", secret_names(config))
        wrong = self._function_problem(config.get("function"))
        return [*problems, wrong] if wrong else problems

    def _function_problem(self, name: object) -> Problem | None:
        if name is None:
            return Problem("function", 'is required: "package.module:function"', "required")
        wrong = refusal(name, self._allowed)
        if wrong is None:
            try:
                resolve(str(name), self._allowed)
            except FunctionRefused as error:
                wrong = str(error)
        return Problem("function", wrong) if wrong else None

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The configuration without its secrets, and the secrets by their path."""
        return split(config)

    async def execute(self, call: Call) -> Outcome:
        """Calls the function once. It may take `call.timeout_ms` milliseconds."""
        try:
            compiled = self._compiled.of(call)
        except BrokenConfiguration as error:
            return Outcome(Verdict.FAILED, error=str(error), retryable=False)
        try:
            function = self._functions.get(compiled.function) or await self._import(compiled.function)
            given = self._given(compiled, call)
        except (FunctionRefused, TemplateError) as error:
            return self._failed(call, compiled, f"the function could not be called: {error}", retryable=False)
        if function.asynchronous:
            return await self._run_here(function, compiled, call, given)
        return await self._run_apart(function, compiled, call, given)

    async def close(self) -> None:
        """Ends the processes that run functions."""
        await self._pool.close()

    async def _import(self, name: str) -> Function:
        # The first import may read many files, so it must not block the event loop.
        function = await asyncio.to_thread(resolve, name, self._allowed)
        self._functions[name] = function
        return function

    def _given(self, compiled: _CompiledPython, call: Call) -> dict[str, Any]:
        context = context_of(call, run_text(call.run_id), self._public_url)
        if compiled.arguments is not None:
            arguments: dict[str, Any] = compiled.arguments(template_values(call, context, compiled.named))
            return arguments
        # These are copies, because the function may change them.
        context["secrets"] = dict(compiled.named)
        context["environment"] = dict(call.environment)
        return context

    async def _run_here(
        self, function: Function, compiled: _CompiledPython, call: Call, given: dict[str, Any]
    ) -> Outcome:
        try:
            with self._limits.of(call.timeout_ms / 1000):
                if compiled.arguments is None:
                    result = await function.call(given)
                else:
                    result = await function.call(**given)
        except OutOfTime:
            return self._timed_out(call, compiled)
        except (Exception, SystemExit) as error:
            return self._failed(call, compiled, describe(error))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return self._failed(call, compiled, "CancelledError: the function cancelled itself")
        return self._succeeded(call, compiled, result)

    async def _run_apart(
        self, function: Function, compiled: _CompiledPython, call: Call, given: dict[str, Any]
    ) -> Outcome:
        by_keyword = compiled.arguments is not None
        try:
            async with asyncio.timeout(call.timeout_ms / 1000):
                data = await self._pool.run(function.name, given, by_keyword=by_keyword, limit=self._limit)
        except TimeoutError:
            return self._timed_out(call, compiled)
        except (FunctionRaised, WorkerLost) as error:
            return self._failed(call, compiled, str(error))
        return Outcome(
            Verdict.SUCCEEDED, output=keep_bytes(data, self._limit, self._scrubber(call, compiled))
        )

    def _succeeded(self, call: Call, compiled: _CompiledPython, result: Any) -> Outcome:
        if result is None:
            return Outcome(Verdict.SUCCEEDED)
        try:
            output = keep_value(result, self._limit, self._scrubber(call, compiled))
        except TypeError as error:
            return self._failed(
                call, compiled, f"what the function returned cannot be written as JSON: {error}"
            )
        return Outcome(Verdict.SUCCEEDED, output=output)

    def _scrubber(self, call: Call, compiled: _CompiledPython) -> Scrubber:
        plain = call.callback_token is None and not call.environment
        return compiled.scrubber if plain else run_scrubber(call, compiled.scrubber)

    def _timed_out(self, call: Call, compiled: _CompiledPython) -> Outcome:
        return self._failed(call, compiled, TimeIsUp.FUNCTION.after(call.timeout_ms))

    def _failed(
        self, call: Call, compiled: _CompiledPython, error: str, *, retryable: bool = True
    ) -> Outcome:
        text = error_text(error, run_scrubber(call, compiled.scrubber))
        return Outcome(Verdict.FAILED, error=text, retryable=retryable)


def describe(error: BaseException) -> str:
    """The type and message of an exception, or only the type if making the message fails."""
    try:
        message = str(error)
    except Exception:
        message = ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
