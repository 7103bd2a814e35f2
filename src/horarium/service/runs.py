"""The use cases of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from horarium.domain.ids import Id, derived_id, random_id
from horarium.domain.run import Run, RunState
from horarium.service.clock import Clock
from horarium.service.reads import reads
from horarium.store.base import Store
from horarium.store.verbs import runs as verbs
from horarium.store.verbs.runs import CallbackAnswer


@dataclass(frozen=True, slots=True)
class RunService:
    store: Store
    clock: Clock

    get = reads(verbs.get_run)
    list = reads(verbs.list_runs)
    count = reads(verbs.count_runs)

    async def cancel(self, workspace_id: Id, run: Id) -> Run:
        """End an open run now. Raises NotFound, Conflict where it is over."""
        return await self.store.write(verbs.cancel_run, workspace_id, run, self.clock.now_ms())

    async def retry(self, workspace_id: Id, run: Id) -> Run:
        """A new run of what is over, with a key of its own. Raises NotFound, Conflict where it is open."""
        return await self.store.write(verbs.replay_run, workspace_id, run, self.clock.now_ms())

    async def start(self, workspace_id: Id, target_id: Id, data: Any, request: str | None = None) -> Run:
        """Run a target now, without a schedule. The same `request` again is a Conflict of the store's."""
        now = self.clock.now_ms()
        new = random_id(now) if request is None else derived_id(now, target_id, request.encode())
        text = None if data is None else orjson.dumps(data).decode()
        return await self.store.write(verbs.run_target, workspace_id, target_id, new, text, now)

    async def delete(self, workspace_id: Id, run: Id) -> None:
        """Forget a run that is over. Raises NotFound, Conflict while it is open."""
        await self.store.write(verbs.delete_run, workspace_id, run)

    async def complete(self, run: Id, token: str, output: Any = None) -> Run:
        """The target says that it has done it. Raises NotFound (also for a wrong token), Conflict."""
        text = None if output is None else orjson.dumps(output).decode()
        answer = CallbackAnswer(RunState.SUCCEEDED, output=text)
        return await self.store.write(verbs.answer_callback, run, token, answer, self.clock.now_ms())

    async def fail(self, run: Id, token: str, error: str | None = None, output: Any = None) -> Run:
        """The target says that it could not do it."""
        text = None if output is None else orjson.dumps(output).decode()
        answer = CallbackAnswer(RunState.FAILED, text, error or "the target reported a failure")
        return await self.store.write(verbs.answer_callback, run, token, answer, self.clock.now_ms())

    async def heartbeat(self, run: Id, token: str) -> Run:
        """The target says that it is still at it: its deadline moves on."""
        return await self.store.write(
            verbs.answer_callback, run, token, CallbackAnswer(None), self.clock.now_ms()
        )
