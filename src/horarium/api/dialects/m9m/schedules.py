"""m9m's handlers of schedules: parse, call one use case, render."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from horarium.api.dialects.m9m import wire, workflows
from horarium.api.dialects.m9m.base import Handlers, window
from horarium.api.fields import Query
from horarium.api.kit import Fields, segment
from horarium.api.kit.writing import from_dashed
from horarium.api.web import Answer, empty_answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft


class ScheduleHandlers(Handlers):
    async def list_schedules(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        query = Query(request)
        enabled, search, about = query.maybe("enabled"), query.text("search"), query.text("workflowId")
        skip, limit = window(query)
        query.done()
        listing = ScheduleListing(
            who.workspace_id,
            limit,
            skip=skip,
            newest_first=False,
            dialect=wire.DIALECT,
            state="active" if enabled is True else None,
            not_state="active" if enabled is False else None,
            search=search,
            target_id=await self.about(who, about),
        )
        found = await self.services.schedules.list(listing)
        total = await self.services.schedules.count(listing)
        return json_answer(200, {"data": await self._schedules(who, found), "total": total})

    async def create_schedule(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        fields = Fields(await self.body(request))
        order = wire.order_of(fields, new=True)
        timing = wire.timing_of(order, None, self.services.clock.now_ms(), fields.problems)
        reference = fields.text("workflowId", required=True)
        workflow = await self._named(who, reference, order.items or [], fields)
        fields.done()
        assert timing is not None  # it would have left a problem
        assert workflow is not None
        draft = ScheduleDraft(
            who.workspace_id,
            who.principal_id,
            workflow.name,
            timing,
            workflow.id,
            wire.DIALECT,
            wire.policies_of(order.max_runs or 0),
            input=order.items or [],
            extra={"workflowId": reference},
            paused=order.enabled is False,
        )
        made = await self.services.schedules.create(draft, distinct=True)
        return json_answer(201, wire.schedule_body(made, workflow))

    async def get_schedule(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        found = await self.services.schedules.get(who.workspace_id, _schedule_id(request))
        return await self._schedule(who, _own(found))

    async def update_schedule(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        one, body = _schedule_id(request), await self.body(request)
        fields = Fields(body)
        workflow = None
        if "workflowId" in fields:
            reference = fields.text("workflowId", required=True)
            items = body.get("inputData")
            workflow = await self._named(who, reference, items if isinstance(items, list) else None, fields)
        now = self.services.clock.now_ms()
        edit = _change(lambda before: wire.edited(before, body, workflow, fields.problems, now))
        return await self._schedule(
            who, await self.services.schedules.change(who.workspace_id, one, edit, distinct=True)
        )

    async def delete_schedule(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:delete")
        one = _schedule_id(request)
        _own(await self.services.schedules.get(who.workspace_id, one))
        await self.services.schedules.delete(who.workspace_id, one)
        return empty_answer()

    async def enable(self, request: Request) -> Answer:
        return await self._switch(request, True)

    async def disable(self, request: Request) -> Answer:
        return await self._switch(request, False)

    async def _switch(self, request: Request, enabled: bool) -> Answer:
        who = await self.who(request, "schedules:write")
        change = _change(lambda before: wire.switched(before, enabled))
        one = _schedule_id(request)
        return await self._schedule(who, await self.services.schedules.change(who.workspace_id, one, change))

    async def history(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        query = Query(request)
        limit = query.number("limit", 20, 1, 100)
        query.done()
        found = await self.services.schedules.history(who.workspace_id, _schedule_id(request), limit)
        target_id = _own(found.schedule).definition.target_id
        named = await self.services.targets.named(who.workspace_id, [target_id])
        return json_answer(200, wire.history_body(found, named.get(target_id)))

    async def _named(
        self, who: Identity, reference: str | None, items: list[Any] | None, fields: Fields
    ) -> Target | None:
        """The workflow that a body names; what is wrong with it or with its input is noted in `fields`."""
        if reference is None:
            return None
        try:
            workflow = await workflows.find(who, self.services.targets, reference)
        except NotFound:
            fields.wrong("workflowId", "Workflow not found", "unknown")
            return None
        who.require_target(workflow.id, workflow.name)
        if items is not None:
            fields.problems += self.services.targets.check_input(workflow, items, "inputData")
        return workflow

    async def _schedules(self, who: Identity, found: list[Schedule]) -> list[wire.Json]:
        ids = {one.definition.target_id for one in found}
        named = await self.services.targets.named(who.workspace_id, ids)
        return [wire.schedule_body(one, named.get(one.definition.target_id)) for one in found]

    async def _schedule(self, who: Identity, schedule: Schedule) -> Answer:
        return json_answer(200, (await self._schedules(who, [schedule]))[0])


def _schedule_id(request: Request) -> Id:
    found = from_dashed("sched", "sch", segment(request, "id"))
    if found is None:
        raise NotFound("schedule")
    return found


def _own(schedule: Schedule) -> Schedule:
    """Another dialect's schedule is none here."""
    if schedule.dialect != wire.DIALECT:
        raise NotFound("schedule")
    return schedule


def _change(change: Callable[[Schedule], Schedule]) -> Callable[[Schedule], Schedule]:
    return lambda before: change(_own(before))
