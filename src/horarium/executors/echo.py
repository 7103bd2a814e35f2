"""The `echo` executor answers with what a run is given, to try schedules out before anything else exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.executors.checks import check_fields
from horarium.executors.context import context_of, run_text
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import keep_value
from horarium.executors.secrecy import run_scrubber


def make(options: ExecutorOptions) -> EchoExecutor:
    """Makes the executor. The entry point names this function."""
    return EchoExecutor(options.response_limit_bytes)


class EchoExecutor:
    """Runs `echo` targets: every attempt succeeds at once, and nothing leaves the server."""

    type = "echo"

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """It has no settings, so everything but its type is a problem."""
        return check_fields(config, self.type, ())

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """It has no secrets."""
        return {}, {}

    async def execute(self, call: Call) -> Outcome:
        """The context of the run, as an `http` target would get it."""
        context = context_of(call, run_text(call.run_id))
        return Outcome(Verdict.SUCCEEDED, output=keep_value(context, self._limit, run_scrubber(call)))

    async def close(self) -> None:
        """It holds nothing."""
