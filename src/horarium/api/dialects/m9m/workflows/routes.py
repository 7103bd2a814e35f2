"""m9m's routes of workflows: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial

from starlette.requests import Request

from horarium.api.dialects.m9m.executions.wire import show as show_execution
from horarium.api.dialects.m9m.handlers import WorkflowHandlers, page, page_in_parts, window
from horarium.api.dialects.m9m.schedules.wire import Facts, Order
from horarium.api.dialects.m9m.schemas import WINDOW
from horarium.api.dialects.m9m.workflows import wire
from horarium.api.dialects.m9m.workflows.wire import Executor
from horarium.api.kit import CHANGING, Dialect, Json, Operation, Problems, Query
from horarium.api.kit.parts import piece
from horarium.api.kit.schemas import TEXT
from horarium.api.web import Answer, empty_answer, json_answer, parse_json, read_body
from horarium.domain.errors import NotFound
from horarium.domain.listings import TargetListing
from horarium.domain.target import TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

EVERY, ONE = "/workflows", "/workflows/{id}"


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of workflows."""
    of = Workflows(dialect, services)
    reading = partial(Operation, tag="workflows")
    changing = partial(reading, failures=CHANGING)
    listed = {"search": TEXT, **WINDOW}
    return (
        reading("GET", EVERY, of.list, "List workflows", answer="Workflows", query=listed),
        changing(
            "POST", EVERY, of.create, "Create a workflow", status=201, body="NewWorkflow", answer="Workflow"
        ),
        reading("GET", ONE, of.get, "Get a workflow", answer="Workflow"),
        changing("PUT", ONE, of.update, "Change a workflow", body="WorkflowChange", answer="Workflow"),
        changing("DELETE", ONE, of.delete, "Delete a workflow", status=204),
        changing(
            "POST",
            f"{ONE}/execute",
            of.execute,
            "Execute a workflow",
            body="Items",
            body_required=False,
            answer="Execution",
        ),
    )


class Workflows(WorkflowHandlers):
    """The workflows of a workspace."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        search = query.text("search")
        skip, limit = window(query)
        query.done()
        kind = TargetKind.WORKFLOW.value
        listing = TargetListing(who.workspace_id, piece(limit), skip=skip, kind=kind, search=search)
        found = await self.services.targets.list(who, listing)
        shown = [wire.show(workflow) for workflow in found.items]
        total = await self.services.targets.count(listing)
        if found.next is not None and len(shown) < limit:

            async def pieces() -> AsyncIterator[Sequence[Json]]:
                yield shown
                left, read = limit - len(shown), found
                while read.next is not None and left:
                    following = replace(listing, limit=piece(left), after=read.next, skip=0)
                    read = await self.services.targets.list(who, following)
                    left -= len(read.items)
                    yield [wire.show(workflow) for workflow in read.items]

            return page_in_parts("workflows", pieces, total, skip, limit)
        return page("workflows", shown, total, skip, limit)

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        fields = await self.fields(request)
        order = wire.parse(fields, True)
        name = fields.settled(order.name)
        executor = order.executor or await self._runner(who)
        made = await self.services.targets.create(who, wire.draft(name, order, executor))
        shown = wire.show(made.target)
        if order.executor is not None and made.signing_secret is not None:
            # Shown this once. The secret of the workspace's runner is not shown: it is not the caller's.
            shown["signingSecret"] = made.signing_secret
        return json_answer(201, shown)

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        return json_answer(200, wire.show(await self.workflow_in_path(who, request)))

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        known = await self.workflow_in_path(who, request)
        fields = await self.fields(request)
        order = wire.parse(fields, False)
        fields.done()
        changed = await self.services.targets.change(who, known.id, lambda before: wire.edited(before, order))
        return json_answer(200, wire.show(changed))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        known = await self.workflow_in_path(who, request)
        await self.services.targets.delete(who, known.id)
        return empty_answer()

    async def execute(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        workflow = await self.workflow_in_path(who, request)
        who.require_target(workflow.id, workflow.name)
        body = await read_body(request, self.services.settings.body_limit)
        items = wire.parse_items(parse_json(body) if body.strip() else None)
        Problems(self.services.targets.check_input(workflow, items, "inputData")).done()
        run = await self.services.runs.start(who, workflow.id, items)
        return json_answer(200, show_execution(run, workflow))

    async def _runner(self, who: Identity) -> Executor | None:
        """The executor that this workspace has chosen for workflows that come without one. Raises Forbidden."""
        try:
            runner = await self.services.targets.resolve(who.workspace_id, wire.RUNNER)
        except NotFound:
            return None
        who.require_target(runner.id, runner.name)
        return Executor(runner.executor, self.services.targets.config_of(runner))
