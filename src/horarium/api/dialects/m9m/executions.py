"""m9m's handlers of workflows and executions: parse, call one use case, render."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.dialects.m9m import wire, workflows
from horarium.api.dialects.m9m.base import Handlers, window
from horarium.api.fields import Query
from horarium.api.kit import segment
from horarium.api.kit.writing import from_dashed
from horarium.api.web import Answer, empty_answer, json_answer, parse_json, read_body
from horarium.domain.errors import Invalid, NotFound
from horarium.domain.listings import TargetListing
from horarium.domain.run import Run
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity


class WorkflowHandlers(Handlers):
    async def list_workflows(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        search = query.text("search")
        skip, limit = window(query)
        query.done()
        listing = TargetListing(
            who.workspace_id, limit, skip=skip, kind=TargetKind.WORKFLOW.value, search=search
        )
        found = await self.services.targets.list(who, listing)
        shown = [workflows.body_of(one) for one in found.items]
        total = await self.services.targets.count(listing)
        body = {"data": shown, "workflows": shown, "total": total, "offset": skip, "limit": limit}
        return json_answer(200, body)

    async def create_workflow(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        made = await workflows.create(who, self.services.targets, await self.body(request))
        return json_answer(201, made)

    async def get_workflow(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        return json_answer(200, workflows.body_of(await self.workflow(who, request)))

    async def update_workflow(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        known = await self.workflow(who, request)
        changed = await workflows.change(who, self.services.targets, known, await self.body(request))
        return json_answer(200, workflows.body_of(changed))

    async def delete_workflow(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        known = await self.workflow(who, request)
        await self.services.targets.delete(who, known.id)
        return empty_answer()

    async def execute_workflow(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        workflow = await self.workflow(who, request)
        who.require_target(workflow.id, workflow.name)
        body = await read_body(request, self.services.settings.body_limit)
        items = workflows.input_items(parse_json(body) if body.strip() else None)
        problems = self.services.targets.check_input(workflow, items, "inputData")
        if problems:
            raise Invalid(problems)
        run = await self.services.runs.start(who.workspace_id, workflow.id, items)
        return json_answer(200, wire.execution_body(run, workflow))

    # Executions

    async def list_executions(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        query = Query(request)
        status, about = query.choice("status", tuple(wire.RUN_STATES)), query.text("workflowId")
        skip, limit = window(query)
        query.done()
        wanted: dict[str, Any] = {
            "target_id": await self.about(who, about),
            "state": None if status is None else wire.RUN_STATES[status],
            "kind": TargetKind.WORKFLOW.value,
        }
        found = await self.services.runs.list(who.workspace_id, limit, skip=skip, **wanted)
        total = await self.services.runs.count(who.workspace_id, **wanted)
        named = await self.services.targets.named(who.workspace_id, {run.target_id for run in found})
        shown = [wire.execution_body(run, named[run.target_id]) for run in found]
        body = {"data": shown, "executions": shown, "total": total, "offset": skip, "limit": limit}
        return json_answer(200, body)

    async def get_execution(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        return json_answer(200, wire.execution_body(*await self._run(who, request)))

    async def delete_execution(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        run, _ = await self._run(who, request)
        await self.services.runs.delete(who.workspace_id, run.id)
        return empty_answer()

    async def retry_execution(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        run, workflow = await self._run(who, request)
        who.require_target(workflow.id, workflow.name)
        again = await self.services.runs.retry(who.workspace_id, run.id)
        return json_answer(200, wire.execution_body(again, workflow))

    async def cancel_execution(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        run, workflow = await self._run(who, request)
        ended = wire.execution_body(await self.services.runs.cancel(who.workspace_id, run.id), workflow)
        return json_answer(200, {**ended, "message": "Execution cancelled", "executionId": ended["id"]})

    async def _run(self, who: Identity, request: Request) -> tuple[Run, Target]:
        """The run in a path, which must be of a workflow. Raises NotFound."""
        one = from_dashed("exec", "run", segment(request, "id"))
        if one is None:
            raise NotFound("run")
        run, _ = await self.services.runs.get(who.workspace_id, one)
        workflow = (await self.services.targets.named(who.workspace_id, [run.target_id])).get(run.target_id)
        if workflow is None or workflow.kind is not TargetKind.WORKFLOW:
            raise NotFound("run")
        return run, workflow
