"""m9m's routes of executions: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request

from horarium.api.dialects.m9m.executions import wire
from horarium.api.dialects.m9m.executions.schemas import STATUS
from horarium.api.dialects.m9m.handlers import WorkflowHandlers, page, page_in_parts, window
from horarium.api.dialects.m9m.schedules.wire import Facts, Order
from horarium.api.dialects.m9m.schemas import WINDOW
from horarium.api.kit import CHANGING, Dialect, Json, Operation, Query, segment
from horarium.api.kit.parts import goes_on, known_total, piece, rest_of
from horarium.api.kit.schemas import TEXT
from horarium.api.kit.writing import from_dashed
from horarium.api.web import Answer, empty_answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.listings import PageRows
from horarium.domain.run import Run
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

EVERY, ONE = "/executions", "/executions/{id}"


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of executions."""
    of = Executions(dialect, services)
    reading = partial(Operation, tag="executions")
    changing = partial(reading, failures=CHANGING)
    listed = {"workflowId": TEXT, "status": STATUS, **WINDOW}
    return (
        reading("GET", EVERY, of.list, "List executions", answer="Executions", query=listed),
        reading("GET", ONE, of.get, "Get an execution", answer="Execution"),
        changing("DELETE", ONE, of.delete, "Delete an execution", status=204),
        changing("POST", f"{ONE}/retry", of.retry, "Run again", answer="Execution"),
        changing("POST", f"{ONE}/cancel", of.cancel, "Cancel", answer="Cancelled"),
    )


class Executions(WorkflowHandlers):
    """The runs of workflows, whatever started them."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        query = Query(request)
        status, about = query.choice("status", tuple(wire.RUN_STATES)), query.text("workflowId")
        skip, limit = window(query)
        query.done()
        try:
            target_id = await self.workflow_id(who, about)
        except NotFound:  # a workflow that does not exist has no executions
            return page("executions", [], 0, skip, limit)
        filters: dict[str, Any] = {
            "target_id": target_id,
            "state": None if status is None else wire.RUN_STATES[status],
            "kind": TargetKind.WORKFLOW.value,
        }
        found = await self.services.runs.list(who.workspace_id, piece(limit), skip=skip, **filters)
        total = known_total(found, skip, piece(limit))
        if total is None:
            total = await self.services.runs.count(who.workspace_id, **filters)
        shown = await self._shown(who, found)
        if goes_on(len(found), found.ended_early, limit):

            async def read(most: int, last: Run) -> PageRows[Run]:
                return await self.services.runs.list(who.workspace_id, most, last.id, **filters)

            async def pieces() -> AsyncIterator[Sequence[Json]]:
                yield shown
                async for runs in rest_of(found, limit, read):
                    yield await self._shown(who, runs)

            return page_in_parts("executions", pieces, total, skip, limit)
        return page("executions", shown, total, skip, limit)

    async def _shown(self, who: Identity, runs: Sequence[Run]) -> Sequence[Json]:
        named = await self.services.targets.named(who.workspace_id, {run.target_id for run in runs})
        return [wire.show(run, named[run.target_id]) for run in runs]

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        return json_answer(200, wire.show(*await self._in_path(who, request)))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        run, _ = await self._in_path(who, request)
        await self.services.runs.delete(who.workspace_id, run.id, within=who.restriction)
        return empty_answer()

    async def retry(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        run, workflow = await self._in_path(who, request)
        again = await self.services.runs.retry(who, run.id)
        return json_answer(200, wire.show(again, workflow))

    async def cancel(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        run, workflow = await self._in_path(who, request)
        ended = wire.show(
            await self.services.runs.cancel(who.workspace_id, run.id, within=who.restriction), workflow
        )
        return json_answer(200, {**ended, "message": "Execution cancelled", "executionId": ended["id"]})

    async def _in_path(self, who: Identity, request: Request) -> tuple[Run, Target]:
        """The run that a path names and its workflow. Raises NotFound, also for runs of other targets."""
        run_id = from_dashed("exec", "run", segment(request, "id"))
        if run_id is None:
            raise NotFound("run")
        run, _ = await self.services.runs.get(who.workspace_id, run_id)
        workflow = (await self.services.targets.named(who.workspace_id, [run.target_id])).get(run.target_id)
        if workflow is None or workflow.kind is not TargetKind.WORKFLOW:
            raise NotFound("run")
        return run, workflow
