"""trustpager's nine routes: who asks, what they ask for, one use case, the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request

from horarium.api.dialects.trustpager import wire
from horarium.api.dialects.trustpager.schemas import LIMIT, SAMPLE
from horarium.api.dialects.trustpager.wire import Facts, Order
from horarium.api.kit import CHANGING, Around, Dialect, Fields, Handlers, Operation, Problems, Query
from horarium.api.kit.schemas import TEXT
from horarium.api.kit.writing import instant_text
from horarium.api.web import Answer, empty_answer, json_answer, parse_object, read_body
from horarium.domain.errors import Invalid, Problem
from horarium.domain.fire import Fire
from horarium.domain.ids import Id, from_uuid_text
from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.explain import preview
from horarium.service.pages import cut
from horarium.service.rates import AUDIENCE
from horarium.service.repeats import request_by
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services

PATH = "/event-schedules"

# The same routes under the name that the product's newer documents have for them.
NEWER_PATH = "/auto-schedules"

# How long fire-now waits for its audience; after that it answers with what is recorded so far.
RESOLVED_S = 25.0


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of this dialect, under both of its names."""
    of = Schedules(dialect, services)
    newer = (replace(operation, on_page=False) for operation in _routes_at(NEWER_PATH, of))
    return (*_routes_at(PATH, of), *newer)


def _routes_at(path: str, of: Schedules) -> Sequence[Operation]:
    schedule = f"{path}/{{id}}"
    page = {"limit": LIMIT, "after": TEXT}
    changing = partial(Operation, failures=CHANGING)
    return (
        Operation("GET", path, of.list, "List event schedules", answer="SchedulePage", query=page),
        changing(
            "POST",
            path,
            of.create,
            "Create an event schedule",
            status=201,
            body="NewSchedule",
            answer="ScheduleAnswer",
        ),
        changing(
            "POST",
            f"{path}/preview-cron",
            of.preview_cron,
            "Preview a cron expression",
            body="Cron",
            answer="NextRunsAnswer",
        ),
        Operation("GET", schedule, of.get, "Get an event schedule", answer="ScheduleAnswer"),
        changing(
            "PATCH",
            schedule,
            of.update,
            "Change an event schedule",
            body="ScheduleChange",
            answer="ScheduleAnswer",
        ),
        Operation("DELETE", schedule, of.delete, "Delete an event schedule", status=204),
        changing("POST", f"{schedule}/fire-now", of.fire_now, "Fire now", answer="FiredAnswer"),
        Operation(
            "GET",
            f"{schedule}/audience-preview",
            of.audience,
            "Preview the audience",
            answer="AudienceAnswer",
            query={"sample": SAMPLE},
        ),
        Operation(
            "GET", f"{schedule}/runs", of.runs, "List the fires of a schedule", answer="RunPage", query=page
        ),
    )


class Schedules(Handlers[Order, Facts]):
    """Event schedules, their audiences and their fires."""

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        limit = _limit(request)
        of = who.workspace_id + b"schedules"
        listing = ScheduleListing(who.workspace_id, limit + 1, _after(request, of), dialect=self.dialect.name)
        page = cut(await self.services.schedules.list(listing), limit, lambda schedule: schedule.id)
        cursor = None if page.next is None else wire.cursor_text(page.next, of)
        return json_answer(200, wire.many(await self.shown(who, page.items), limit, cursor))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        return await self._answer(who, await self._schedule(who, request))

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        body = await read_body(request, self.services.settings.body_limit)
        draft = await self._draft(who, parse_object(body))
        repeated = request.headers.get("idempotency-key")
        if repeated is None:
            return Answer(201, self._written(await self.services.schedules.create(draft)))
        once = request_by(who, f"{self.dialect.name} POST {PATH}", repeated, body)
        return Answer(201, await self.services.idempotency.create_with_answer(draft, once, self._written))

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        before = await self._schedule(who, request)
        fields = (await self.fields(request)).without_same_as(await self.shown_alone(who, before))
        order = self.dialect.parse(fields, False)
        facts = Facts(await self._automation(who, order.automation, fields.problems), self.now_ms())
        if order.audience_type is not None or order.audience_filter is not None:
            audience = wire.audience_of(order, before.definition.audience)
            await self._judge_audience(who, audience, fields.problems)
        return await self._answer(who, await self.change(who, before, order, facts, fields.problems))

    async def around(self, who: Identity, schedules: Sequence[Schedule]) -> Around:
        return await self.with_targets(who, schedules)

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:delete")
        found = await self._schedule(who, request)
        await self.services.schedules.delete(who.workspace_id, found.id, within=who.restriction)
        return empty_answer()

    async def preview_cron(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        fields = await self.fields(request)
        cron, zone = fields.text("cron_expression", True, 1_000), fields.text("timezone")
        count = fields.integer("count", 1, 20)
        default_zone = who.workspace.timezone
        timing = wire.new_timing(cron, zone, None, default_zone, self.now_ms(), fields.problems)
        fields.done()
        found = preview(timing, self.now_ms(), 5 if count is None else count)
        data = {
            "cron_expression": timing.spec,
            "timezone": timing.zone,
            "next_runs": [instant_text(coming.instant * 1000) for coming in found.occurrences],
        }
        return json_answer(200, wire.one(data))

    async def fire_now(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        found = await self._schedule(who, request)
        repeated = request.headers.get("idempotency-key")
        if repeated is None:
            fire = await self.services.schedules.fire_now(who, found.id)
            return json_answer(200, wire.one(wire.fired_json(await self._resolved(fire))))
        body = await read_body(request, self.services.settings.body_limit)
        place = f"{self.dialect.name} fire-now {found.id.hex()}"
        once = request_by(who, place, repeated, body)
        fired = await self.services.idempotency.fire_once(who, found.id, once)
        if isinstance(fired, bytes):
            return Answer(200, fired)
        answer = orjson.dumps(wire.one(wire.fired_json(await self._resolved(fired))))
        return Answer(200, await self.services.idempotency.keep(once, fired.id, answer))

    async def audience(self, request: Request) -> Answer:
        # As in `runs`: here schedules:read shows rows, for which our own API asks for directory:read.
        who = await self.who(request, "schedules:read")
        found = await self._schedule(who, request)
        query = Query(request)
        sample = query.number("sample", 5, 0, 50)
        query.done()
        if found.definition.audience is None:
            raise Invalid(Problem("audience_type", "is not set: this schedule has no audience"))
        self.services.rates.charge(who, AUDIENCE)
        seen = await self.services.audiences.preview(who.workspace_id, found.definition.audience, sample)
        rows = [{"key": row.key, "trigger_data": row.data} for row in seen.rows]
        return json_answer(200, wire.one({"count": seen.count, "sample": rows}))

    async def runs(self, request: Request) -> Answer:
        # The contract of this API has only the scopes of schedules. So schedules:read shows runs here, for which our
        # own API asks for runs:read.
        who = await self.who(request, "schedules:read")
        found = await self._schedule(who, request)
        limit = _limit(request)
        position = _after(request, found.id + b"runs")
        behind = None if position is None else wire.position_of_fire(position)
        fires = await self.services.schedules.fires_as_fired(who.workspace_id, found.id, limit + 1, behind)
        shown, cursor = fires[:limit], None
        if len(fires) > limit:
            cursor = wire.cursor_text(wire.fire_position(shown[-1]), found.id + b"runs")
        errors = await self.services.schedules.errors_of_fires(who.workspace_id, shown)
        runs = [wire.run_json(fire, errors.get(fire.id, ())) for fire in shown]
        return json_answer(200, wire.many(runs, limit, cursor))

    # What several of them need

    async def _schedule(self, who: Identity, request: Request) -> Schedule:
        """The schedule in the path. Raises NotFound."""
        return await self.schedule(who, from_uuid_text(str(request.path_params["id"])))

    async def _draft(self, who: Identity, body: Mapping[str, Any]) -> ScheduleDraft:
        """A new schedule. Raises Invalid with every problem, Forbidden where the automation is not granted."""
        fields = Fields(body)
        order = self.dialect.parse(fields, True)
        timing = wire.new_timing(
            order.cron, order.timezone, order.end_at, who.workspace.timezone, self.now_ms(), fields.problems
        )
        target = await self._automation(who, order.automation, fields.problems)
        audience = wire.audience_of(order)
        if order.audience_type is not None:
            await self._judge_audience(who, audience, fields.problems)
        return ScheduleDraft(
            who.workspace_id,
            who.principal_id,
            fields.settled(order.name),
            timing,
            fields.settled(target).id,
            self.dialect.name,
            wire.policies_of(order),
            audience=audience,
            description=order.description,
            extra={"automation_id": order.automation},
            paused=order.is_active is False,
        )

    async def _automation(self, who: Identity, reference: str | None, problems: Problems) -> Target | None:
        """The automation that a body names. Raises Forbidden where the caller holds no grant on it."""
        missing = f"{(reference or '')[:100]!r} is not an automation of this workspace"
        kinds = (TargetKind.AUTOMATION.value,)
        return await self.target(who, reference, kinds, "automation_id", missing, problems)

    async def _judge_audience(self, who: Identity, audience: Mapping[str, Any], problems: Problems) -> None:
        found = await self.services.audiences.problems(who.workspace_id, audience)
        problems.extend(wire.audience_problem(problem) for problem in found)

    async def _resolved(self, fire: Fire) -> Fire:
        return await self.services.audiences.resolved(fire.workspace_id, fire.id, RESOLVED_S)

    async def _answer(self, who: Identity, schedule: Schedule) -> Answer:
        return json_answer(200, wire.one(await self.shown_alone(who, schedule)))

    def _written(self, schedule: Schedule) -> bytes:
        """The answer that tells of a new schedule, whose automation is the one that its maker has named."""
        return orjson.dumps(wire.one(self.dialect.show(schedule, Around({}, {}))))


def _limit(request: Request) -> int:
    query = Query(request)
    limit = query.number("limit", 25, 1, 100)
    query.done()
    return limit


def _after(request: Request, of: Id) -> bytes | None:
    given = request.query_params.get("after")
    return wire.cursor_from(given, of) if given else None
