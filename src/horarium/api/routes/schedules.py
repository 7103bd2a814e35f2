"""Routes of schedules: create, read, change, pause, fire by hand, preview and explain them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request

from horarium.api import show
from horarium.api.bodies import parse_object, read_body, read_lines
from horarium.api.bulk import Creating, write_all
from horarium.api.drafts import (
    patch,
    policies_of,
    preview_timing,
    replacement,
    schedule_draft,
    version_in,
)
from horarium.api.fields import Query
from horarium.api.kit.registry import Dialects
from horarium.api.models import (
    BackfillBody,
    PauseBody,
    PreviewBody,
    ResumeBody,
    ScheduleBody,
    catch_up_in,
    cleared_in,
    schema_of,
    validated,
)
from horarium.api.routes.base import (
    CURSOR,
    EARLY,
    IF_MATCH,
    LABEL,
    LIMIT,
    ONCE,
    TOTAL,
    Routes,
    etag,
    expected_version,
    labels_in,
    once,
    page_answer,
    position_of,
    refuse_other_key,
    replayed,
    required_key,
)
from horarium.api.routes.directory import audience_now
from horarium.api.schedule_ids import NATIVE, ScheduleIds
from horarium.api.unknown import OwnApi
from horarium.api.upsert import Upserting
from horarium.api.web import Answer, PartedAnswer, empty_answer, json_answer
from horarium.domain.errors import Conflict, Invalid, NotFound, NothingAtVersion, Problem
from horarium.domain.fire import FireState
from horarium.domain.ids import Id
from horarium.domain.listings import ScheduleListing, ScheduleOrder
from horarium.domain.schedule import Schedule, ScheduleState
from horarium.domain.tenancy import Identity
from horarium.domain.windows import NO_HOLDS, Holds
from horarium.service.explain import foreseeing, previewing
from horarium.service.pages import LONGEST_POSITION
from horarium.service.rates import PREVIEWED_TIME
from horarium.service.services import Services
from horarium.service.totals import beside
from horarium.service.turns import in_turns
from horarium.times import Rounding

STATES = tuple(state.value for state in ScheduleState if state is not ScheduleState.DELETED)
FIRE_STATES = tuple(state.value for state in FireState)
SORTS = tuple(order.value for order in ScheduleOrder)
# How long positions are, in bytes, in lists that are not in the order of ids.
_POSITIONS: Mapping[ScheduleOrder, Container[int]] = {
    ScheduleOrder.NAME: range(17, LONGEST_POSITION),
    ScheduleOrder.NAME_DOWN: range(17, LONGEST_POSITION),
    ScheduleOrder.NEXT_FIRE: (17, 25),
    ScheduleOrder.LAST_FIRE: (17,),
}
NDJSON = b"application/x-ndjson"
# What a bulk request does with a line whose key is taken: refuse it, or replace the schedule.
MODES = ("create", UPSERT := "upsert")


class ScheduleRoutes(Routes):
    def __init__(self, services: Services, dialects: Dialects) -> None:
        super().__init__(services)
        self.dialects = (NATIVE, *dialects)
        self.ids = ScheduleIds(services, dialects)

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        body = await read_body(request, self.services.settings.body_limit)
        draft = await schedule_draft(who, self.services, parse_object(body), self._now())
        repeated = once(request, who, "POST /schedules", body)
        try:
            if repeated is None:
                made, holds = await self.services.schedules.create_with_holds(draft)
                return self._answer(made, holds, 201)
            made, again = await self.services.idempotency.create_schedule(draft, repeated)
        except NotFound as error:  # somebody else has deleted its target meanwhile
            raise Invalid(Problem("target", f"{error}: it was deleted a moment ago", "unknown")) from None
        return await self._shown(made, 201, replayed(again))

    async def put(self, request: Request) -> Answer:
        """Create the schedule with a key of the caller's choice, or replace it if it exists. While it is paused, a
        change of what it does gives up the slots of the pause so far, which never fire."""
        who = await self.who(request, "schedules:write")
        key = required_key(request)
        body = await self.body(request)
        refuse_other_key(body, key)
        raw = {**body, "key": key}
        known = await self.services.schedules.find_by_key(who.workspace_id, NATIVE, key)
        if known is None:
            if (version := expected_version(request, version_in(raw))) is not None:
                raise NothingAtVersion("schedule", key, version)
            draft = await schedule_draft(who, self.services, raw, self._now())
            try:
                made, holds = await self.services.schedules.create_with_holds(draft)
                return self._answer(made, holds, 201)
            except Conflict:  # somebody else has created it meanwhile
                known = await self.services.schedules.find_by_key(who.workspace_id, NATIVE, key)
                if known is None:
                    raise
        return await self._replace(request, who, known.id, raw)

    async def bulk(self, request: Request) -> Answer:
        """An upsert that changes what a paused schedule does gives up the slots of the pause so far."""
        who = await self.who(request, "schedules:write")
        settings = self.services.settings
        query = Query(request)
        mode = query.choice("mode", MODES)
        query.done()
        lines = read_lines(request, settings.bulk_limit, settings.body_limit)
        if mode == UPSERT:
            pieces = await write_all(who, self.services, Upserting(who, self.services), lines)
        else:
            pieces = await write_all(who, self.services, Creating(who, self.services), lines)
        return PartedAnswer(200, pieces, NDJSON)

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        query = Query(request)
        sort = query.choice("sort", SORTS)
        listing = await self.listing(who, query, query.limit())
        order = ScheduleOrder(sort if sort in SORTS else ScheduleOrder.NEWEST)
        position = position_of(request, _POSITIONS.get(order, (16,)))
        wants_total = query.flag("total")
        query.done()
        found = await self.services.searches.schedules(listing, order, position)
        fires = await self.services.explain.next_fires(who.workspace_id, found.items)
        total = None
        if wants_total:
            count = partial(self.services.totals.schedules, listing)
            total = await beside(found, listing.limit, position is None, count)
        return await page_answer(found, lambda one: self._in_list(one, fires[one.id]), total)

    async def listing(self, who: Identity, query: Query, limit: int) -> ScheduleListing:
        """What the filters in a query say."""
        return ScheduleListing(
            who.workspace_id,
            limit,
            dialect=query.choice("dialect", self.dialects),
            target_id=await self._target_filter(who, query),
            state=query.choice("state", STATES),
            search=query.text("search"),
            key=query.text("key"),
            key_prefix=query.text("key_prefix"),
            created_by=query.id("created_by", "prn"),
            labels=labels_in(query),
            next_before_ms=query.instant("next_fire_before", Rounding.DOWN),
            last_state=query.choice("last_state", FIRE_STATES),
            failing=query.maybe("failing"),
        )

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        schedule_id = await self._id(who, request)
        return self._answer(*await self.services.schedules.get_with_holds(who.workspace_id, schedule_id))

    async def replace(self, request: Request) -> Answer:
        """While it is paused, a change of what it does gives up the slots of the pause so far, which never fire."""
        who = await self.who(request, "schedules:write")
        schedule_id = await self._id(who, request)
        return await self._replace(request, who, schedule_id, await self.body(request))

    async def update(self, request: Request) -> Answer:
        """While it is paused, a change of what it does gives up the slots of the pause so far, which never fire."""
        who = await self.who(request, "schedules:write")
        schedule_id = await self._id(who, request)
        change = await patch(who, self.services, schedule_id, await self.body(request))
        version = expected_version(request, change.version)
        return await self._shown(await self.services.schedules.change(who, schedule_id, change.edit, version))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:delete")
        await self.services.schedules.delete(
            who.workspace_id, await self._id(who, request), expected_version(request), within=who.restriction
        )
        return empty_answer()

    async def pause(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        body = validated(PauseBody, await self.body_or_nothing(request))
        version = expected_version(request, body.version)
        found = await self.services.schedules.pause(
            who,
            await self._id(who, request),
            body.note,
            version,
            until_ms=body.until,
            catch_up=catch_up_in(body),
            clears=cleared_in(body),
        )
        return await self._shown(found)

    async def resume(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        body = validated(ResumeBody, await self.body_or_nothing(request))
        version = expected_version(request, body.version)
        found = await self.services.schedules.resume(
            who, await self._id(who, request), version, catch_up_in(body)
        )
        return await self._shown(found)

    async def preview(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        query = Query(request)
        count, after = query.number("count", show.NEXT_FIRES, 1, 1000), query.instant("after", Rounding.DOWN)
        query.done()
        self.services.rates.charge(who, count * PREVIEWED_TIME)
        schedule_id = await self._id(who, request)
        found, holds = await self.services.schedules.get_with_holds(who.workspace_id, schedule_id)
        start = self._now() if after is None else after
        shown = show.preview(await in_turns(foreseeing(found, start, count, holds)))
        if found.definition.audience is not None:
            shown["audience"] = await audience_now(self.services, who, found.definition.audience)
        return json_answer(200, shown)

    async def preview_unsaved(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        timing, body = preview_timing(who, await self.body(request), self._now())
        start = self._now() if body.after is None else body.after
        limit = policies_of(body.policies).max_fires
        count = min(body.count or show.NEXT_FIRES, limit or 1000)
        self.services.rates.charge(who, count * PREVIEWED_TIME)
        return json_answer(200, show.preview(await in_turns(previewing(timing, start, count))))

    async def fire_now(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        again = request.headers.get("idempotency-key")
        fire = await self.services.schedules.fire_now(who, await self._id(who, request), again)
        return json_answer(201, show.fire(fire))

    async def backfill(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:write")
        body = validated(BackfillBody, await self.body(request))
        if body.dry_run:
            slots = await self.services.schedules.slots_to_backfill(
                who, await self._id(who, request), body.from_, body.to
            )
            return json_answer(200, show.backfill_plan(slots))
        again = request.headers.get("idempotency-key")
        fires = await self.services.schedules.backfill(
            who, await self._id(who, request), body.from_, body.to, again
        )
        return json_answer(201, {"count": len(fires), "items": [show.fire(fire) for fire in fires]})

    async def versions(self, request: Request) -> Answer:
        """The versions of its definition, the latest first. Their cursor is the number of the last one shown."""
        who = await self.who(request, "schedules:read")
        schedule = await self.ids.with_history(who, request)
        query = Query(request)
        limit, below = query.limit(), _version_below(query)
        query.done()
        found = await self.services.explain.versions(who.workspace_id, schedule.id, limit + 1, below)
        shown = [show.listed_version(version) for version in found[:limit]]
        cursor = str(shown[-1]["version"]) if len(found) > limit else None
        return json_answer(200, {"items": shown, "next_cursor": cursor})

    async def version(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        schedule = await self.ids.with_history(who, request)
        number = str(request.path_params["number"])
        if not is_version(number):
            raise NotFound("version", number)
        found = await self.services.explain.version(who.workspace_id, schedule.id, int(number))
        return json_answer(200, show.version(*found))

    async def explain(self, request: Request) -> Answer:
        who = await self.who(request, "schedules:read")
        query = Query(request)
        at = query.instant("at", Rounding.DOWN)
        query.done()
        if at is None:
            raise Invalid(
                Problem("at", "is required: the instant to explain, such as 2026-03-08T09:00:00Z", "required")
            )
        schedule = await self.ids.with_history(who, request)
        found = await self.services.explain.explain(who.workspace_id, schedule.id, at)
        shown = show.explanation(found)
        fires_again = schedule.deleted_ms is None and found.fire is None
        if schedule.definition.audience is not None and fires_again:
            shown["audience"] = await audience_now(self.services, who, schedule.definition.audience)
        return json_answer(200, shown)

    async def _replace(
        self, request: Request, who: Identity, schedule_id: Id, raw: dict[str, object]
    ) -> Answer:
        change = await replacement(who, self.services, schedule_id, raw)
        version = expected_version(request, change.version)
        return await self._shown(await self.services.schedules.change(who, schedule_id, change.edit, version))

    async def _target_filter(self, who: Identity, query: Query) -> Id | None:
        given = query.text("target")
        if given is None:
            return None
        try:
            return (await self.services.targets.resolve(who.workspace_id, given)).id
        except NotFound:
            query.wrong("target", f"{given[:80]!r} does not exist in this workspace")
            return None

    async def _id(self, who: Identity, request: Request) -> Id:
        return await self.ids.in_path(who, request)

    def _now(self) -> int:
        return self.services.clock.now_ms()

    def _in_list(self, schedule: Schedule, next_fire_ms: int | None) -> dict[str, Any]:
        shown = show.schedule(schedule, next_fire_ms)
        shown["dialect_id"] = self.ids.in_dialect(schedule)
        return shown

    async def _shown(
        self, schedule: Schedule, status: int = 200, headers: dict[str, str] | None = None
    ) -> Answer:
        holds = NO_HOLDS
        if schedule.state is ScheduleState.ACTIVE:
            holds = await self.services.explain.holds(schedule.workspace_id, schedule.id)
        return self._answer(schedule, holds, status, headers)

    def _answer(
        self, schedule: Schedule, holds: Holds, status: int = 200, headers: dict[str, str] | None = None
    ) -> Answer:
        shown = show.schedule_in_full(schedule, self._now(), holds)
        shown["dialect_id"] = self.ids.in_dialect(schedule)
        return json_answer(status, shown, headers={**etag(schedule.version), **(headers or {})})


def is_version(text: str) -> bool:
    """Whether a text is the number of a version."""
    return text.isdecimal() and text.isascii() and len(text) <= 18


def _version_below(query: Query) -> int | None:
    given = query.text("cursor")
    if given is None:
        return None
    if not is_version(given):
        words = "is not a cursor of this list; send the next_cursor of the page before, or leave it out"
        query.problems.wrong("cursor", words, "cursor")
        return None
    return int(given)


def add_routes(api: OwnApi, services: Services, dialects: Dialects) -> None:
    """Add the routes of schedules; `dialects` are the APIs beside our own."""
    routes, tag, schedule = ScheduleRoutes(services, dialects), "schedules", "/schedules/{id}"
    body, match = schema_of(ScheduleBody), {"If-Match": IF_MATCH}
    filters = {
        "state": f"one of {', '.join(STATES)}",
        "failing": "true: only those whose latest fire that ended has failed; false: only the others",
        "last_state": f"how the last fire ended or stands: one of {', '.join(FIRE_STATES)}",
        "next_fire_before": "only those that fire next before this instant",
        "key_prefix": "how the key that its maker chose begins",
        "created_by": "id of the principal that made it",
        "dialect": f"one of {', '.join(routes.dialects)}",
        "target": "id, key or number of a target",
        "key": "the key that its maker chose, whole; schedules of our own API have one",
        "search": "part of the name, the key, the description or the input",
        "label": LABEL,
        "sort": (
            "desc (newest first) or asc, by when it was made; name or -name; next_fire (the soonest first, then those "
            "without one); last_fire (by the last slot that fired, the latest first, then those that never fired)"
        ),
        "limit": f"{LIMIT}; {EARLY}",
        "cursor": CURSOR,
        "total": TOTAL,
    }
    view = {"count": "how many fires; 5, at most 1000", "after": "where to begin; now"}
    pause, resume, range_ = schema_of(PauseBody), schema_of(ResumeBody), schema_of(BackfillBody)
    api.add(
        "POST", "/schedules", routes.create, "Make a schedule", tag=tag, status=201, body=body, headers=ONCE
    )
    api.add("GET", schedule, routes.get, "Get a schedule", tag=tag)
    api.add("GET", "/schedules", routes.list, "List schedules", tag=tag, query=filters)
    by_key = "/schedules/by-key/{key}"
    api.add("PUT", by_key, routes.put, "Make or replace by key", tag=tag, body=body, headers=match)
    api.add(
        "POST",
        "/schedules/bulk",
        routes.bulk,
        "Make many, or make and replace many by key (NDJSON, a line for each)",
        tag=tag,
        body=body,
        media="application/x-ndjson",
        query={"mode": f"one of {', '.join(MODES)}; create where it is left out"},
    )
    preview_body = schema_of(PreviewBody)
    api.add(
        "POST",
        "/schedules/preview",
        routes.preview_unsaved,
        "Preview without saving",
        tag=tag,
        body=preview_body,
    )
    api.add(
        "PUT",
        schedule,
        routes.replace,
        "Replace a schedule",
        tag=tag,
        body=body,
        headers=match,
        keyed=False,
    )
    api.add(
        "PATCH", schedule, routes.update, "Change a schedule (merge patch)", tag=tag, body=body, headers=match
    )
    api.add(
        "DELETE",
        schedule,
        routes.delete,
        "Delete a schedule; its ledger, explanations, fires and runs stay",
        tag=tag,
        status=204,
        headers=match,
    )
    api.add(
        "POST",
        f"{schedule}/pause",
        routes.pause,
        "Stop its clock, for good or until an instant",
        tag=tag,
        body=pause,
        optional_body=True,
        headers=match,
    )
    api.add(
        "POST",
        f"{schedule}/resume",
        routes.resume,
        "Let its clock go on from now",
        tag=tag,
        body=resume,
        optional_body=True,
        headers=match,
    )
    api.add("GET", f"{schedule}/preview", routes.preview, "What it will do next", tag=tag, query=view)
    api.add(
        "POST",
        f"{schedule}/fire-now",
        routes.fire_now,
        "Fire once by hand",
        tag=tag,
        status=201,
        headers=ONCE,
    )
    words, path = "Fire past slots", f"{schedule}/backfill"
    api.add("POST", path, routes.backfill, words, tag=tag, status=201, body=range_, headers=ONCE)
    instant = {"at": "the instant in question"}
    api.add("GET", f"{schedule}/explain", routes.explain, "Why it fired, or did not", tag=tag, query=instant)
    paged = {"limit": LIMIT, "cursor": CURSOR}
    versions = f"{schedule}/versions"
    words = "List the versions of its definition, the latest first"
    api.add("GET", versions, routes.versions, words, tag=tag, query=paged)
    words = "Get one version of its definition"
    api.add("GET", f"{versions}/{{number}}", routes.version, words, tag=tag)
