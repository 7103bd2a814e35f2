"""m9m's routes of schedules: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request

from horarium.api.dialects.m9m.handlers import WorkflowHandlers, window
from horarium.api.dialects.m9m.schedules import wire
from horarium.api.dialects.m9m.schedules.schemas import LIMIT
from horarium.api.dialects.m9m.schedules.wire import Facts, Order
from horarium.api.dialects.m9m.schemas import WINDOW
from horarium.api.kit import CHANGING, Around, Dialect, Operation, Problems, Query, own, segment
from horarium.api.kit.schemas import FLAG, TEXT
from horarium.api.kit.writing import from_dashed
from horarium.api.web import Answer, empty_answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services

EVERY, ONE = "/schedules", "/schedules/{id}"


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of schedules."""
    of = Schedules(dialect, services)
    listed = {"workflowId": TEXT, "enabled": FLAG, "search": TEXT, **WINDOW}
    changing = partial(Operation, answer="Schedule", failures=CHANGING)
    return (
        Operation("GET", EVERY, of.list, "List schedules", answer="ScheduleList", query=listed),
        changing("POST", EVERY, of.create, "Create a schedule", status=201, body="NewSchedule"),
        Operation("GET", ONE, of.get, "Get a schedule", answer="Schedule"),
        changing("PUT", ONE, of.update, "Change a schedule", body="ScheduleChange"),
        Operation("DELETE", ONE, of.delete, "Delete a schedule", status=204),
        changing("POST", f"{ONE}/enable", of.enable, "Enable a schedule"),
        changing("POST", f"{ONE}/disable", of.disable, "Disable a schedule"),
        Operation(
            "GET", f"{ONE}/history", of.history, "Executions", answer="History", query={"limit": LIMIT}
        ),
    )


class Schedules(WorkflowHandlers):
    """The schedules of workflows."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        query = Query(request)
        enabled, search, about = query.maybe("enabled"), query.text("search"), query.text("workflowId")
        skip, limit = window(query)
        query.done()
        try:
            target_id = await self.workflow_id(who, about)
        except NotFound:  # a workflow that does not exist has no schedules
            return json_answer(200, {"data": [], "total": 0})
        listing = ScheduleListing(
            who.workspace_id,
            limit,
            skip=skip,
            newest_first=False,
            dialect=self.dialect.name,
            state="active" if enabled is True else None,
            not_state="active" if enabled is False else None,
            search=search,
            target_id=target_id,
        )
        total = await self.services.schedules.count(listing)
        return await self.listed(who, listing, "data", {"total": total})

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        fields = await self.fields(request)
        order = self.dialect.parse(fields, True)
        items = order.items or []
        timing = wire.new_timing(order, self.now_ms(), fields.problems)
        workflow = fields.settled(await self._named(who, order, items, fields.problems))
        draft = ScheduleDraft(
            who.workspace_id,
            who.principal_id,
            workflow.name,
            fields.settled(timing),
            workflow.id,
            self.dialect.name,
            wire.policies_of(order),
            input=items,
            extra={"workflowId": order.workflow},
            paused=order.enabled is False,
        )
        made = await self.services.schedules.create(draft, distinct=True)
        return json_answer(201, self.dialect.show(made, Around({workflow.id: workflow}, {})))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        return json_answer(200, await self.shown_alone(who, await self._in_path(who, request)))

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        before = await self._in_path(who, request)
        fields = (await self.fields(request)).without_same_as(await self.shown_alone(who, before))
        order = self.dialect.parse(fields, False)
        items = before.definition.input if order.items is None else order.items
        workflow = await self._named(who, order, items, fields.problems)
        if order.workflow is None and order.items is not None:
            kept = before.definition.target_id
            known = (await self.services.targets.named(who.workspace_id, {kept}))[kept]
            fields.note(self.services.targets.check_input(known, order.items, "inputData"))
        facts = Facts(workflow, self.now_ms())
        changed = await self.change(who, before, order, facts, fields.problems, distinct=True)
        return json_answer(200, await self.shown_alone(who, changed))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:delete")
        found = await self._in_path(who, request)
        await self.services.schedules.delete(who.workspace_id, found.id, within=who.restriction)
        return empty_answer()

    async def enable(self, request: Request) -> Answer:
        return await self._switch(request, True)

    async def disable(self, request: Request) -> Answer:
        return await self._switch(request, False)

    async def history(self, request: Request) -> Answer:
        # In this API the history belongs to the schedule. So schedules:read shows it, for which our own API asks for
        # runs:read.
        who = await self.who(request, "schedules:read")
        query = Query(request)
        limit = query.number("limit", 20, 1, 100)
        query.done()
        found = await self.services.schedules.history(who.workspace_id, _schedule_id(request), limit)
        around = await self.around(who, [own(found.schedule, self.dialect.name)])
        return json_answer(200, wire.history_body(found, around.target_of(found.schedule)))

    async def around(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        return await self.with_targets(who, schedules)

    async def _switch(self, request: Request, enabled: bool) -> Answer:
        who = await self.who(request, "schedules:write")
        before = await self._in_path(who, request)
        order, facts = Order(enabled=enabled), Facts(None, self.now_ms())
        changed = await self.change(who, before, order, facts, Problems())
        return json_answer(200, await self.shown_alone(who, changed))

    async def _in_path(self, who: Identity, request: Request) -> Schedule:
        """The schedule that a path names. Raises NotFound."""
        return await self.schedule(who, _schedule_id(request))

    async def _named(
        self, who: Identity, order: Order, items: Sequence[Any] | None, problems: Problems
    ) -> Target | None:
        """The workflow that a body names; what is wrong with it, or with the input that it is given, is noted."""
        kinds = (TargetKind.WORKFLOW,)
        workflow = await self.target(who, order.workflow, kinds, "workflowId", "Workflow not found", problems)
        if workflow is not None and items is not None:
            problems.extend(self.services.targets.check_input(workflow, items, "inputData"))
        return workflow


def _schedule_id(request: Request) -> Id:
    found = from_dashed("sched", "sch", segment(request, "id"))
    if found is None:
        raise NotFound("schedule")
    return found
