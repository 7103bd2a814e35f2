"""Gives runs to an engine by an executor alone, without a server, and looks until they have ended."""

from __future__ import annotations

import asyncio
from typing import Any

from horarium.domain.execution import Call, Outcome, Verdict, Watched, WatchedTarget
from horarium.domain.ids import derived_id
from tests.executors.calls import stored_call


def target_of(call: Call) -> WatchedTarget:
    return WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)


async def given(executor: Any, config: dict[str, Any], name: str, **more: Any) -> tuple[Call, Outcome]:
    """A watched run that the engine has taken: (call, outcome)."""
    call = stored_call(executor, config, run_id=derived_id(1_000, name.encode()), watched=True, **more)
    outcome = await executor.execute(call)
    assert outcome.verdict is Verdict.ACCEPTED, outcome.error
    return call, outcome


async def ended(executor: Any, call: Call, handle: str | None, patience_s: float = 30) -> Outcome:
    """How a run ended, once it has."""
    assert handle is not None
    async with asyncio.timeout(patience_s):
        while True:
            found = await executor.watch(target_of(call), [Watched(call.run_id, handle)])
            if found:
                outcome: Outcome = found[call.run_id]
                return outcome
            await asyncio.sleep(0.05)
