"""uranus' routes: parse, call one use case, render."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.dialects.common import (
    Fields,
    PathSplittingDialect,
    authenticate,
    from_dashed,
    read_json,
    segment,
)
from horarium.api.dialects.uranus import wire
from horarium.api.dialects.uranus.errors import render
from horarium.api.dialects.uranus.schemas import SCHEMAS, SECURITY, STATUS, TYPE, WINDOW
from horarium.api.fields import Query
from horarium.api.web import Answer, Api, empty_answer, json_answer
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services

BASES = ("/api/agents",)
MOST = 10_000
"""How many a list without a limit answers."""
EXECUTIONS = 50
"""How many executions a schedule is shown with."""


def make(services: Services) -> Api:
    """The application of this dialect."""
    app = PathSplittingDialect(
        title="uranus schedules",
        description="One-time, delayed and cron schedules of an agent.",
        render=render,
        schemas=SCHEMAS,
        security=SECURITY,
        failure="Error",
    )
    routes, every, one = Routes(services), "/{id}/schedules", "/{id}/schedules/{scheduleId}"
    changed: dict[str, Any] = {"failures": (400, 401, 403, 404, 409, 413, 429)}
    listed = {"status": STATUS, "type": TYPE, **WINDOW}
    app.operation("GET", every, routes.list, "List schedules", answer="ScheduleList", query=listed)
    app.operation(
        "POST",
        every,
        routes.create,
        "Create a schedule",
        status=201,
        body="NewSchedule",
        answer="Schedule",
        **changed,
    )
    app.operation("GET", one, routes.get, "Get a schedule", answer="ScheduleWithExecutions")
    app.operation(
        "PUT", one, routes.update, "Change a schedule", body="ScheduleChange", answer="Schedule", **changed
    )
    app.operation("DELETE", one, routes.delete, "Delete a schedule", status=204)
    return app


class Routes:
    """The handlers; they hold nothing but the services."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def list(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:read")
        query = Query(request)
        kind = query.choice("type", wire.TYPES)
        state = query.choice("status", ("active", "paused", "completed"))
        skip, limit = query.number("offset", 0, 0, 999_999_999), query.number("limit", MOST, 1, MOST)
        query.done()
        listing = ScheduleListing(
            who.workspace_id,
            limit,
            skip=skip,
            newest_first=False,
            dialect=wire.DIALECT,
            owner_id=agent.id,
            state=state,
            extra=None if kind is None else ("type", kind),
        )
        found = await self.services.schedules.list(listing)
        ids = {one.definition.target_id for one in found}
        named = await self.services.targets.named(who.workspace_id, ids)
        shown = [wire.schedule_body(one, named.get(one.definition.target_id)) for one in found]
        return json_answer(200, {"schedules": shown})

    async def create(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:write")
        fields = Fields(await read_json(request, self.services.settings.body_limit))
        order = wire.order_of(fields, None)
        now, zone = self.services.clock.now_ms(), _zone(agent)
        timing = None
        if order.type is not None and order.when is not None:
            timing = wire.timing_of(order.type, order.when, zone, None, now, fields.problems)
        callback = await self._callback(who, order.callback_type, order.callback_id, fields)
        fields.done()
        assert timing is not None  # each would have left a problem
        assert callback is not None
        draft = ScheduleDraft(
            who.workspace_id,
            who.principal_id,
            order.name or "",
            timing,
            callback.id,
            wire.DIALECT,
            wire.POLICIES,
            owner_id=agent.id,
            extra={
                "type": order.type,
                "callback_type": callback.kind.value,
                "callback_id": str(order.callback_id),
            },
            paused=order.status == "paused",
        )
        made = await self.services.schedules.create(draft)
        return json_answer(201, wire.schedule_body(made, callback))

    async def get(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:read")
        history = await self.services.schedules.history(who.workspace_id, _schedule_id(request), EXECUTIONS)
        body = await self._body(who, _own(history.schedule, agent))
        return json_answer(200, {**body, "executions": [wire.execution_body(*one) for one in history.fires]})

    async def update(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:write")
        one, body = _schedule_id(request), await read_json(request, self.services.settings.body_limit)
        before = _own(await self.services.schedules.get(who.workspace_id, one), agent)
        callback = await self._new_callback(who, before, body)
        now = self.services.clock.now_ms()
        changed = await self.services.schedules.change(
            who.workspace_id,
            one,
            lambda known: wire.edited(_own(known, agent), body, _zone(agent), callback, now),
        )
        return json_answer(200, await self._body(who, changed))

    async def delete(self, request: Request) -> Answer:
        who, agent = await self._agent(request, "schedules:delete")
        one = _schedule_id(request)
        _own(await self.services.schedules.get(who.workspace_id, one), agent)
        await self.services.schedules.delete(who.workspace_id, one)
        return empty_answer()

    async def _agent(self, request: Request, scope: str) -> tuple[Identity, Target]:
        """Who asks, and the agent in the path. Raises NotFound (agent) besides what `authenticate` does."""
        who = await authenticate(request, self.services, ("bearer",), scope)
        reference = segment(request, "id")
        try:
            return who, await self.services.targets.resolve(who.workspace_id, reference, (TargetKind.AGENT,))
        except NotFound:
            raise NotFound("agent", reference) from None

    async def _callback(
        self, who: Identity, kind: str | None, reference: str | int | None, fields: Fields
    ) -> Target | None:
        """The target to call back, which must be of the kind; None, with the problem noted, if it is not."""
        if kind is None or reference is None:
            return None
        try:
            target = await self.services.targets.resolve(who.workspace_id, reference, (kind,))
        except NotFound:
            fields.wrong("callback_id", f"names no {kind} of this workspace", "unknown")
            return None
        who.require_target(target.id, target.name)
        return target

    async def _new_callback(self, who: Identity, before: Schedule, body: wire.Json) -> Target | None:
        """The target that a change asks for; None where it asks for none or for the one there is.

        Raises Invalid with all that is wrong with the body where the target is part of it.
        """
        fields = Fields(body)
        order = wire.order_of(fields, wire.type_of(before))
        target_id = before.definition.target_id
        known = (await self.services.targets.named(who.workspace_id, [target_id])).get(target_id)
        kind = order.callback_type or (known.kind.value if known else before.extra.get("callback_type"))
        current = wire.callback_of(before, known)
        reference = current if order.callback_id is None else order.callback_id
        if known is not None and kind == known.kind and str(reference) == current:
            return None
        found = await self._callback(who, kind, reference, fields)
        fields.done()
        return found

    async def _body(self, who: Identity, schedule: Schedule) -> wire.Json:
        target_id = schedule.definition.target_id
        named = await self.services.targets.named(who.workspace_id, [target_id])
        return wire.schedule_body(schedule, named.get(target_id))


def _schedule_id(request: Request) -> Id:
    found = from_dashed("schedule", "sch", segment(request, "scheduleId"))
    if found is None:
        raise NotFound("schedule")
    return found


def _own(schedule: Schedule, agent: Target) -> Schedule:
    """Another dialect's schedule, or another agent's, is none here."""
    if schedule.dialect != wire.DIALECT or schedule.owner_id != agent.id:
        raise NotFound("schedule")
    return schedule


def _zone(agent: Target) -> str:
    """The zone in which the agent's cron expressions are read."""
    return str(agent.extra.get("calendar_timezone") or "UTC")
