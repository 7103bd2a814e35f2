"""Routes of runs: callers read, cancel and retry them, and targets finish them by callback."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query, path_id
from horarium.api.kit.registry import Dialects
from horarium.api.models import CompleteBody, FailBody, schema_of, validated
from horarium.api.routes.base import (
    CURSOR,
    EARLY,
    LABEL,
    LIMIT,
    ONCE,
    TOTAL,
    Routes,
    cursor_of,
    labels_in,
    once,
    page_answer,
    replayed,
)
from horarium.api.schedule_ids import KEY_FILTER, KEY_FILTER_WORDS, ScheduleIds
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.errors import Unauthorized
from horarium.domain.ids import Id
from horarium.domain.listings import RunListing
from horarium.domain.run import RunState
from horarium.service.run_search import matching_runs, total_of_runs, with_inputs
from horarium.service.services import Services
from horarium.service.totals import beside
from horarium.times import Rounding

# `waiting` is another word for pending: the run is not over, and no attempt of it is under way.
WAITING = "waiting"
# What is pending or running.
OPEN = "open"
STATES = (OPEN, *(state.value for state in RunState), WAITING)
# The highest number of an attempt that may be asked for.
MOST_ATTEMPTS = 1_000_000_000
# What may be shown of runs in lists where it is asked for.
INCLUDED = ("input", "row")


class RunRoutes(Routes):
    def __init__(self, services: Services, dialects: Dialects) -> None:
        super().__init__(services)
        self.ids = ScheduleIds(services, dialects)

    async def list(self, request: Request) -> Answer:
        """Runs, the latest slot first."""
        who = await self.who(request, "runs:read")
        query = Query(request)
        state, row_key = query.choice("state", STATES), query.text("row_key")
        listing = RunListing(
            who.workspace_id,
            query.limit(),
            cursor_of(request, newest_first=True, lengths=(16,) if row_key is None else (32,)),
            schedule_id=await self.ids.in_query(who, query, "schedule"),
            fire_id=query.id("fire", "fire"),
            state=stored_state(state),
            labels=labels_in(query),
            row_key=row_key,
            from_ms=query.instant("from", Rounding.UP),
            to_ms=query.instant("to", Rounding.DOWN),
        )
        target, include = query.text("target"), query.choices("include", INCLUDED)
        wants_total = query.flag("total")
        query.done()
        found = await matching_runs(self.services, listing, target)
        total = None
        if wants_total:
            count = partial(total_of_runs, self.services, listing, target)
            total = await beside(found, listing.limit, query.text("cursor") is None, count)
        waits = await self.services.runs.waits(who.workspace_id, found.items)
        inputs: dict[Id, str | None] = {}
        if "input" in include:
            found, inputs = await with_inputs(self.services, found, by_row=row_key is not None)
        return await page_answer(
            found, lambda run: show.run_with(run, waits.get(run.id), include, inputs.get(run.id)), total
        )

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        found, attempts = await self.services.runs.get(who.workspace_id, _id(request))
        waits = await self.services.runs.waits(who.workspace_id, [found])
        inputs = await self.services.runs.inputs_of([found])
        return json_answer(200, show.run_in_full(found, attempts, waits.get(found.id), inputs[found.id]))

    async def request(self, request: Request) -> Answer:
        who = await self.who(request, "runs:read")
        query = Query(request)
        number = query.number("attempt", 0, 1, MOST_ATTEMPTS)
        query.done()
        sent = await self.services.sent_requests.of(who, _id(request), number or None)
        return json_answer(200, show.sent_request(sent))

    async def cancel(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        return json_answer(
            200,
            show.run(await self.services.runs.cancel(who.workspace_id, _id(request), within=who.restriction)),
        )

    async def retry(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        run = _id(request)
        repeated = once(request, who, f"retry {run.hex()}")
        new, again = await self.services.runs.retry_once(who, run, repeated)
        return json_answer(201, show.run(new), headers=replayed(again))

    async def complete(self, request: Request) -> Answer:
        body = validated(CompleteBody, await self.body_or_nothing(request, written=False))
        token = _token(request, body.token)
        return json_answer(200, show.run(await self.services.runs.complete(_id(request), token, body.output)))

    async def fail(self, request: Request) -> Answer:
        body = validated(FailBody, await self.body_or_nothing(request, written=False))
        token = _token(request, body.token)
        failed = await self.services.runs.fail(_id(request), token, body.error, body.output)
        return json_answer(200, show.run(failed))

    async def heartbeat(self, request: Request) -> Answer:
        body = validated(CompleteBody, await self.body_or_nothing(request, written=False))
        token = _token(request, body.token)
        return json_answer(200, show.run(await self.services.runs.heartbeat(_id(request), token)))


def _id(request: Request) -> Id:
    return path_id(request, "run", "run")


def _token(request: Request, in_body: str | None) -> str:
    """The token that the target was given for this attempt, from the Authorization header or from the body."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = in_body or (token.strip() if scheme.lower() == "bearer" else "")
    if not found:
        words = (
            "the attempt's token is missing: send it as Authorization: Bearer TOKEN, or as token in the body"
        )
        raise Unauthorized(words)
    return found


def stored_state(state: str | None) -> str | None:
    """A state by which runs are filtered, as a listing has it."""
    return RunState.PENDING.value if state == WAITING else state


def add_routes(api: Api, services: Services, dialects: Dialects) -> None:
    routes, tag, run = RunRoutes(services, dialects), "runs", "/runs/{id}"
    filters = {
        "schedule": "id of a schedule",
        KEY_FILTER: KEY_FILTER_WORDS,
        "fire": "id of a fire",
        "target": "id, key or number of a target",
        "state": (
            f"one of {', '.join(STATES)}; open is what is not over: running is what is under way of it, waiting (or "
            "pending) what is not"
        ),
        "label": f"{LABEL}; those of the schedule",
        "row_key": "the key of a row of an audience: the runs for one person or thing, by their fires",
        "from": "the first slot; of runs without one, when they were asked for",
        "to": "the last slot",
        "include": "input, row or both: what the run was given by its schedule, and by its audience",
        "limit": f"{LIMIT}; {EARLY}",
        "cursor": CURSOR,
        "total": TOTAL,
    }
    done, failed = schema_of(CompleteBody), schema_of(FailBody)
    api.add("GET", "/runs", routes.list, "List runs", tag=tag, query=filters)
    api.add("GET", run, routes.get, "Get a run with its attempts", tag=tag)
    words = "What an attempt has sent to the target"
    api.add(
        "GET", f"{run}/request", routes.request, words, tag=tag, query={"attempt": "its number; the latest"}
    )
    api.add("POST", f"{run}/cancel", routes.cancel, "End an open run now", tag=tag)
    words = "Run again what is over"
    api.add("POST", f"{run}/retry", routes.retry, words, tag=tag, status=201, headers=ONCE)
    for path, handler, words, body in (
        ("complete", routes.complete, "The target has done it", done),
        ("fail", routes.fail, "The target could not do it", failed),
        ("heartbeat", routes.heartbeat, "The target is still at it", done),
    ):
        api.add("POST", f"{run}/{path}", handler, words, tag=tag, body=body, optional_body=True)
