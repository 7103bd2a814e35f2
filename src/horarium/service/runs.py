"""The use cases of runs: read, cancel, retry and start them, and finish them by callback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from horarium.domain.ids import Id, random_id
from horarium.domain.run import Run, RunState
from horarium.service.clock import Clock
from horarium.service.reads import reads
from horarium.store.base import Store
from horarium.store.verbs import runs as verbs
from horarium.store.verbs.runs import CallbackAnswer


@dataclass(frozen=True, slots=True)
class RunService:
    """Everything that takes a workspace raises NotFound for what does not exist in it."""

    store: Store
    clock: Clock

    get = reads(verbs.get_run)
    list = reads(verbs.list_runs)
    count = reads(verbs.count_runs)

    async def cancel(self, workspace_id: Id, run: Id) -> Run:
        """Cancel a run that has not ended. Raises NotFound, Conflict (it has ended)."""
        return await self.store.write(verbs.cancel_run, workspace_id, run, self.clock.now_ms())

    async def retry(self, workspace_id: Id, run: Id) -> Run:
        """Start a new run for one that has ended, with an idempotency key of its own.

        Raises NotFound, Conflict (it has not ended).
        """
        return await self.store.write(verbs.replay_run, workspace_id, run, self.clock.now_ms())

    async def start(self, workspace_id: Id, target_id: Id, data: Any) -> Run:
        """Run a target now, without a schedule. `data` is its input and can be written as JSON. Raises NotFound."""
        now = self.clock.now_ms()
        text = None if data is None else orjson.dumps(data).decode()
        return await self.store.write(verbs.run_target, workspace_id, target_id, random_id(now), text, now)

    async def delete(self, workspace_id: Id, run: Id) -> None:
        """Delete a run that has ended. Raises NotFound, Conflict (it has not ended)."""
        await self.store.write(verbs.delete_run, workspace_id, run)

    async def complete(self, run: Id, token: str, output: Any = None) -> Run:
        """The target reports by callback that the run succeeded. `output` can be written as JSON.

        Raises NotFound (also for a wrong token), Conflict (the run has ended).
        """
        text = None if output is None else orjson.dumps(output).decode()
        answer = CallbackAnswer(RunState.SUCCEEDED, output=text)
        return await self.store.write(verbs.answer_callback, run, token, answer, self.clock.now_ms())

    async def fail(self, run: Id, token: str, error: str | None = None, output: Any = None) -> Run:
        """The target reports by callback that the run failed. Raises as `complete` does."""
        text = None if output is None else orjson.dumps(output).decode()
        answer = CallbackAnswer(RunState.FAILED, text, error or "the target reported a failure")
        return await self.store.write(verbs.answer_callback, run, token, answer, self.clock.now_ms())

    async def heartbeat(self, run: Id, token: str) -> Run:
        """The target reports by callback that it still works on the run, whose deadline starts anew.

        Raises as `complete` does.
        """
        return await self.store.write(
            verbs.answer_callback, run, token, CallbackAnswer(None), self.clock.now_ms()
        )
