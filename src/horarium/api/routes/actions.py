"""Routes of actions on many schedules or runs at once, and of how far they have come."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api import show
from horarium.api.action_bodies import RunActionBody, RunFilter, ScheduleActionBody, ScheduleFilter
from horarium.api.fields import Problems, Query, path_id
from horarium.api.kit.registry import Dialects
from horarium.api.models import cleared_in, schema_of, validated
from horarium.api.routes.base import CURSOR, LIMIT, ONCE, Routes, cursor_of, replayed
from horarium.api.routes.runs import OPEN, stored_state
from horarium.api.schedule_ids import NATIVE, ScheduleIds
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.actions import ActionKind, ActionState
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import LOWEST_ID, Id, from_prefixed
from horarium.domain.run import RunState
from horarium.domain.tenancy import Identity
from horarium.service.checks import label_problems
from horarium.service.pages import cut
from horarium.service.schedules import refuse_past_end
from horarium.service.services import Services
from horarium.store.verbs.idempotency import Request as Repeatable

# The actions that take each field of a body.
_BELONGS_TO = {
    "note": (ActionKind.PAUSE,),
    "until": (ActionKind.PAUSE,),
    "catch_up": (ActionKind.PAUSE, ActionKind.RESUME),
    "labels": (ActionKind.RELABEL,),
    "target": (ActionKind.RETARGET,),
}
# What a filter for a target that does not exist finds: nothing.
_NO_TARGET = LOWEST_ID


class ActionRoutes(Routes):
    def __init__(self, services: Services, dialects: Dialects) -> None:
        super().__init__(services)
        self.ids, self.dialects = ScheduleIds(services, dialects), (NATIVE, *dialects)

    async def of_schedules(self, request: Request) -> Answer:
        """Paused schedules that are given another target give up the slots of the pause so far, which never fire."""
        who = await self.who(request, "schedules:write")
        raw, repeated = await self.body_once(request, who, "POST /schedules/actions")
        body = validated(ScheduleActionBody, raw)
        kind = ActionKind(body.action)
        if kind is ActionKind.DELETE:
            who.require("schedules:delete")
        given = await self._given(who, kind, body)
        wanted = await self._schedules(who, body.filter)
        return await self._answer(who, kind, wanted, given, repeated, body.dry_run)

    async def of_runs(self, request: Request) -> Answer:
        who = await self.who(request, "runs:write")
        raw, repeated = await self.body_once(request, who, "POST /runs/actions")
        body = validated(RunActionBody, raw)
        kind = ActionKind(body.action)
        wanted = await self._runs(who, kind, body.filter)
        return await self._answer(who, kind, wanted, {}, repeated, body.dry_run)

    async def list(self, request: Request) -> Answer:
        who = await self.who(request)
        query = Query(request)
        limit = query.limit()
        cursor = cursor_of(request, newest_first=True)
        query.done()
        found = await self.services.actions.list_seen(who, limit + 1, cursor)
        return json_answer(200, show.page(cut(found, limit, lambda action: action.id), show.action))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request)
        return json_answer(200, show.action(await self.services.actions.seen(who, _id(request))))

    async def cancel(self, request: Request) -> Answer:
        who = await self.who(request)
        found = await self.services.actions.cancel(who, _id(request))
        return json_answer(200, show.action(found))

    async def _answer(
        self,
        who: Identity,
        kind: ActionKind,
        wanted: dict[str, Any],
        given: dict[str, Any],
        repeated: Repeatable | None,
        dry_run: bool,
    ) -> Answer:
        if dry_run:
            return json_answer(200, show.trial(kind, await self.services.actions.try_out(who, kind, wanted)))
        taken, again = await self.services.actions.take_once(who, kind, wanted, given, repeated)
        status = 202 if taken.state is ActionState.RUNNING else 200
        return json_answer(status, show.action(taken), headers=replayed(again))

    async def _given(self, who: Identity, kind: ActionKind, body: ScheduleActionBody) -> dict[str, Any]:
        """What the kind of the action needs. Raises Invalid, and Forbidden for a target without a grant."""
        for name, owners in _BELONGS_TO.items():
            if getattr(body, name) is not None and kind not in owners:
                words = f"belongs to the action {' or '.join(owners)}; leave it out"
                raise Invalid(Problem(name, words, "conflict"))
        if kind is ActionKind.RELABEL:
            if not body.labels:
                raise Invalid(Problem("labels", "is required: the labels to set or to take away", "required"))
            texts = {name: value or "" for name, value in body.labels.items()}
            if problems := list(label_problems(texts)):
                raise Invalid(problems)
            return {"labels": dict(body.labels)}
        if kind is ActionKind.RETARGET:
            if body.target is None:
                raise Invalid(Problem("target", "is required: the new target", "required"))
            try:
                target = await self.services.targets.resolve(who.workspace_id, body.target)
            except NotFound:
                words = f"{str(body.target)[:80]!r} does not exist in this workspace"
                raise Invalid(Problem("target", words, "unknown")) from None
            who.require_target(target.id, target.name)
            return {"target_id": target.id}
        refuse_past_end(body.until, self.services.clock.now_ms())
        clears = " ".join(sorted(cleared_in(body))) if kind is ActionKind.PAUSE else None
        given = {
            "note": body.note,
            "until_ms": body.until,
            "catch_up": body.catch_up,
            "clears": clears or None,
        }
        return {name: value for name, value in given.items() if value is not None}

    async def _schedules(self, who: Identity, asked: ScheduleFilter) -> dict[str, Any]:
        problems = Problems()
        created_by = _id_of(problems, "filter.created_by", "prn", asked.created_by)
        if asked.dialect is not None and asked.dialect not in self.dialects:
            words = f"{asked.dialect[:80]!r} is not one of {', '.join(self.dialects)}"
            problems.wrong("filter.dialect", words)
        problems.done()
        return {
            "labels": tuple((asked.labels or {}).items()) or None,
            "target_id": await self._target(who, asked.target),
            "state": asked.state,
            "dialect": asked.dialect,
            "search": asked.search,
            "key": asked.key,
            "key_prefix": asked.key_prefix,
            "created_by": created_by,
            "next_before_ms": asked.next_fire_before,
            "last_state": asked.last_state,
            "failing": asked.failing,
        }

    async def _runs(self, who: Identity, kind: ActionKind, asked: RunFilter) -> dict[str, Any]:
        problems = Problems()
        schedule_id = await self.ids.filtered(
            who,
            asked.schedule,
            asked.schedule_key,
            lambda name, words: problems.wrong(f"filter.{name}", words),
        )
        fire_id = _id_of(problems, "filter.fire", "fire", asked.fire)
        problems.done()
        usual = OPEN if kind is ActionKind.CANCEL else RunState.FAILED.value
        return {
            "labels": tuple((asked.labels or {}).items()) or None,
            "target_id": await self._target(who, asked.target),
            "schedule_id": schedule_id,
            "fire_id": fire_id,
            "state": stored_state(asked.state) or usual,
            "row_key": asked.row_key,
            "from_ms": asked.from_,
            "to_ms": asked.to,
        }

    async def _target(self, who: Identity, given: Any) -> Id | None:
        if given is None:
            return None
        try:
            return (await self.services.targets.resolve(who.workspace_id, given)).id
        except NotFound:
            words = f"{str(given)[:80]!r} does not exist in this workspace"
            raise Invalid(Problem("filter.target", words, "unknown")) from None


def _id(request: Request) -> Id:
    return path_id(request, "act", "action")


def _id_of(problems: Problems, name: str, prefix: str, text: str | None) -> Id | None:
    found = None if text is None else from_prefixed(prefix, text)
    if text is not None and found is None:
        problems.wrong(name, f"{text[:60]!r} is not an id such as {prefix}_01J...")
    return found


def add_routes(api: Api, services: Services, dialects: Dialects) -> None:
    routes, tag = ActionRoutes(services, dialects), "actions"
    of_schedules, of_runs = schema_of(ScheduleActionBody), schema_of(RunActionBody)
    words = "Pause, resume, delete, relabel, retarget or fire all schedules that match a filter"
    api.add(
        "POST", "/schedules/actions", routes.of_schedules, words, tag=tag, body=of_schedules, headers=ONCE
    )
    words = "Cancel or retry all runs that match a filter"
    api.add("POST", "/runs/actions", routes.of_runs, words, tag=tag, body=of_runs, headers=ONCE)
    pages = {"limit": LIMIT, "cursor": CURSOR}
    api.add("GET", "/actions", routes.list, "List actions, the latest first", tag=tag, query=pages)
    api.add("GET", "/actions/{id}", routes.get, "Get an action and how far it has come", tag=tag)
    words = "End an action where it stands; what it has done stays done"
    api.add("POST", "/actions/{id}/cancel", routes.cancel, words, tag=tag)
