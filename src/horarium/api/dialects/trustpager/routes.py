"""trustpager's nine routes: parse, call one use case, render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request

from horarium.api.dialects.common import Dialect, Fields, authenticate, read_json
from horarium.api.dialects.trustpager import wire
from horarium.api.dialects.trustpager.errors import render
from horarium.api.dialects.trustpager.schemas import LIMIT, SAMPLE, SCHEMAS, SECURITY, TEXT
from horarium.api.fields import Query, instant_text
from horarium.api.web import Answer, Api, empty_answer, json_answer, parse_object, read_body
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.fire import Fire
from horarium.domain.ids import Id, from_uuid_text
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.explain import preview
from horarium.service.idempotency import request_of
from horarium.service.pages import cut
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services

BASES = ("/functions/v1/api/v1",)
PARTS = (("/v1", "event-schedules"),)
"""Where a part of it answers as well: the schedules under a shorter base, which others share."""

PATH = "/event-schedules"
RESOLVED_S = 25.0
"""How long fire-now waits for its audience; after that it answers with what is recorded so far."""
_FAILURES = (400, 401, 403, 404, 409, 413, 429)


def make(services: Services) -> Api:
    """The application of this dialect."""
    app = Dialect(
        title="Event schedules",
        description="Clock-driven schedules that fire on a cron expression, fan out to a resolved audience, "
        "and trigger one automation run per row.",
        render=render,
        schemas=SCHEMAS,
        security=SECURITY,
        failure="Error",
    )
    routes = Routes(services)
    page = {"limit": LIMIT, "after": TEXT}
    one = f"{PATH}/{{id}}"
    clash: dict[str, Any] = {"failures": _FAILURES}
    add = app.operation
    add("GET", PATH, routes.list, "List event schedules", answer="SchedulePage", query=page)
    add(
        "POST", PATH, routes.create, "Create an event schedule", status=201,
        body="NewSchedule", answer="ScheduleAnswer", **clash,
    )  # fmt: skip
    add(
        "POST", f"{PATH}/preview-cron", routes.preview_cron, "Preview a cron expression",
        body="Cron", answer="NextRunsAnswer", **clash,
    )  # fmt: skip
    add("GET", one, routes.get, "Get an event schedule", answer="ScheduleAnswer")
    add(
        "PATCH", one, routes.update, "Change an event schedule",
        body="ScheduleChange", answer="ScheduleAnswer", **clash,
    )  # fmt: skip
    add("DELETE", one, routes.delete, "Delete an event schedule", status=204)
    add("POST", f"{one}/fire-now", routes.fire_now, "Fire now", answer="FiredAnswer", **clash)
    add(
        "GET", f"{one}/audience-preview", routes.audience, "Preview the audience",
        answer="AudienceAnswer", query={"sample": SAMPLE},
    )  # fmt: skip
    add("GET", f"{one}/runs", routes.runs, "List the fires of a schedule", answer="RunPage", query=page)
    return app


class Routes:
    """The handlers; they hold nothing but the services."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def list(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:read")
        limit = _limit(request)
        of = who.workspace_id + b"schedules"
        listing = ScheduleListing(who.workspace_id, limit + 1, _after(request, of), dialect=wire.DIALECT)
        page = cut(await self.services.schedules.list(listing), limit, lambda one: one.id)
        cursor = None if page.next is None else wire.cursor_text(page.next, of)
        return json_answer(200, wire.many([wire.schedule_json(one) for one in page.items], limit, cursor))

    async def get(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:read")
        return _shown(await self._schedule(who, request))

    async def create(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:write")
        body = await read_body(request, self.services.settings.body_limit)
        draft = await self._draft(who, parse_object(body))
        repeated = request.headers.get("idempotency-key")
        if repeated is None:
            return _shown(await self.services.schedules.create(draft), 201)
        once = request_of(who.workspace_id, f"{wire.DIALECT} POST {PATH}", repeated, body)
        return Answer(201, await self.services.idempotency.create_with_answer(draft, once, _written))

    async def update(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:write")
        before = await self._schedule(who, request)
        fields = Fields(await read_json(request, self.services.settings.body_limit))
        order = wire.order_of(fields, new=False)
        target = await self._automation(who, order.automation, fields)
        wire.timing_of(order, before.definition.timing, who.workspace.timezone, fields.problems)
        if order.audience_type is not None or order.audience_filter is not None:
            await self._judge_audience(who, wire.audience_of(order, before.definition.audience), fields)
        fields.done()
        changed = await self.services.schedules.change(
            who.workspace_id, before.id, lambda known: _edited(known, order, target)
        )
        return _shown(changed)

    async def delete(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:delete")
        found = await self._schedule(who, request)
        await self.services.schedules.delete(who.workspace_id, found.id)
        return empty_answer()

    async def preview_cron(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:read")
        fields = Fields(await read_json(request, self.services.settings.body_limit))
        cron, zone = fields.text("cron_expression", True, 1_000), fields.text("timezone")
        count = fields.integer("count", 1, 20)
        order = wire.Order(None, None, None, cron, zone, None, None, None, None, None)
        timing = wire.timing_of(order, None, who.workspace.timezone, fields.problems)
        fields.done()
        assert timing is not None  # otherwise it would have left a problem
        found = preview(timing, self.services.clock.now_ms(), 5 if count is None else count)
        data = {
            "cron_expression": timing.spec,
            "timezone": timing.zone,
            "next_runs": [instant_text(one.instant * 1000) for one in found.occurrences],
        }
        return json_answer(200, wire.one(data))

    async def fire_now(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:write")
        found = await self._schedule(who, request)
        repeated = request.headers.get("idempotency-key")
        if repeated is None:
            fire = await self.services.schedules.fire_now(who.workspace_id, found.id)
            return json_answer(200, wire.one(wire.fired_json(await self._resolved(fire))))
        body = await read_body(request, self.services.settings.body_limit)
        place = f"{wire.DIALECT} fire-now {found.id.hex()}"
        once = request_of(who.workspace_id, place, repeated, body)
        fired = await self.services.idempotency.fire_once(found.id, once)
        if isinstance(fired, bytes):
            return Answer(200, fired)
        answer = orjson.dumps(wire.one(wire.fired_json(await self._resolved(fired))))
        return Answer(200, await self.services.idempotency.keep(once, fired.id, answer))

    async def audience(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:read")
        query = Query(request)
        sample = query.number("sample", 5, 0, 50)
        query.done()
        found = await self._schedule(who, request)
        if found.definition.audience is None:
            raise Invalid(Problem("audience_type", "is not set: this schedule has no audience"))
        seen = await self.services.audiences.preview(who.workspace_id, found.definition.audience, sample)
        rows = [{"key": row.key, "trigger_data": row.data} for row in seen.rows]
        return json_answer(200, wire.one({"count": seen.count, "sample": rows}))

    async def runs(self, request: Request) -> Answer:
        who = await self._who(request, "schedules:read")
        limit = _limit(request)
        found = await self._schedule(who, request)
        position = _after(request, found.id + b"runs")
        behind = None if position is None else wire.position_of_fire(position)
        fires = await self.services.schedules.fires_as_fired(who.workspace_id, found.id, limit + 1, behind)
        shown, cursor = fires[:limit], None
        if len(fires) > limit:
            cursor = wire.cursor_text(wire.fire_position(shown[-1]), found.id + b"runs")
        return json_answer(200, wire.many([wire.run_json(one) for one in shown], limit, cursor))

    # What several of them need

    async def _who(self, request: Request, scope: str) -> Identity:
        return await authenticate(request, self.services, ("bearer",), scope)

    async def _schedule(self, who: Identity, request: Request) -> Schedule:
        """The schedule in the path, made in this dialect. Raises NotFound."""
        an_id = from_uuid_text(str(request.path_params["id"]))
        if an_id is None:
            raise NotFound("schedule")
        found = await self.services.schedules.get(who.workspace_id, an_id)
        if found.dialect != wire.DIALECT:
            raise NotFound("schedule")
        return found

    async def _draft(self, who: Identity, body: Mapping[str, Any]) -> ScheduleDraft:
        """A new schedule. Raises Invalid with every problem, Forbidden where the automation is not
        granted."""
        fields = Fields(body)
        order = wire.order_of(fields, new=True)
        timing = wire.timing_of(order, None, who.workspace.timezone, fields.problems)
        target = await self._automation(who, order.automation, fields)
        audience = wire.audience_of(order)
        if order.audience_type is not None:
            await self._judge_audience(who, audience, fields)
        fields.done()
        assert timing is not None  # each of these would have left a problem
        assert target is not None
        assert order.name is not None
        return ScheduleDraft(
            who.workspace_id,
            who.principal_id,
            order.name,
            timing,
            target.id,
            wire.DIALECT,
            wire.policies_of(order),
            audience=audience,
            description=order.description,
            extra={"automation_id": order.automation},
            paused=order.is_active is False,
        )

    async def _automation(self, who: Identity, reference: str | None, fields: Fields) -> Target | None:
        """The automation a body names. Raises Forbidden where the caller holds no grant on it."""
        if reference is None:
            return None
        try:
            target = await self.services.targets.resolve(
                who.workspace_id, reference, (TargetKind.AUTOMATION.value,)
            )
        except NotFound:
            fields.wrong(
                "automation_id", f"{reference[:100]!r} is no automation of this workspace", "unknown"
            )
            return None
        who.require_target(target.id, target.name)
        return target

    async def _judge_audience(self, who: Identity, audience: Mapping[str, Any], fields: Fields) -> None:
        found = await self.services.audiences.problems(who.workspace_id, audience)
        fields.problems += [wire.audience_problem(one) for one in found]

    async def _resolved(self, fire: Fire) -> Fire:
        return await self.services.audiences.resolved(fire.workspace_id, fire.id, RESOLVED_S)


def _edited(known: Schedule, order: wire.Order, target: Target | None) -> Schedule:
    """A schedule with an order's changes. Pure: it runs inside the transaction."""
    problems: list[Problem] = []
    timing = wire.timing_of(order, known.definition.timing, known.definition.timing.zone, problems)
    if timing is None:
        raise Invalid(problems)
    definition = replace(
        known.definition,
        timing=timing,
        policies=wire.policies_of(order, known.definition.policies),
        audience=wire.audience_of(order, known.definition.audience),
        target_id=known.definition.target_id if target is None else target.id,
    )
    after = replace(
        known,
        name=known.name if order.name is None else order.name,
        description=known.description if order.description is None else order.description,
        definition=definition,
        extra=known.extra if target is None else {**known.extra, "automation_id": order.automation},
    )
    return wire.switched(known, after, order.is_active)


def _shown(schedule: Schedule, status: int = 200) -> Answer:
    return Answer(status, _written(schedule))


def _written(schedule: Schedule) -> bytes:
    return orjson.dumps(wire.one(wire.schedule_json(schedule)))


def _limit(request: Request) -> int:
    query = Query(request)
    limit = query.number("limit", 25, 1, 100)
    query.done()
    return limit


def _after(request: Request, of: Id) -> bytes | None:
    given = request.query_params.get("after")
    return wire.cursor_from(given, of) if given else None
