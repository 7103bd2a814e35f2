"""The use cases of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from horarium.domain.ids import Id, derived_id, random_id
from horarium.domain.run import Attempt, Run, RunState
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import runs as verbs
from horarium.store.verbs.runs import CallbackAnswer


@dataclass(frozen=True, slots=True)
class RunService:
    store: Store
    clock: Clock

    async def get(self, workspace_id: Id, run: Id) -> tuple[Run, list[Attempt]]:
        """A run and its attempts. Raises NotFound."""
        return await self.store.read(verbs.get_run, workspace_id, run)

    async def list(
        self,
        workspace_id: Id,
        limit: int,
        cursor: Id | None = None,
        schedule_id: Id | None = None,
        fire_id: Id | None = None,
        target_id: Id | None = None,
        state: str | None = None,
        skip: int = 0,
        kind: str | None = None,
    ) -> list[Run]:
        """Runs, latest slot first; `state` may be `open`, `kind` is that of their target."""
        return await self.store.read(
            verbs.list_runs, workspace_id, limit, cursor, schedule_id, fire_id, target_id, state, skip, kind
        )

    async def count(
        self,
        workspace_id: Id,
        schedule_id: Id | None = None,
        target_id: Id | None = None,
        state: str | None = None,
        kind: str | None = None,
    ) -> int:
        return await self.store.read(verbs.count_runs, workspace_id, schedule_id, target_id, state, kind)

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
