"""What is done with many schedules or runs at once: with all that match the filters of a list, after a dry run.

It is done by the actions of the API, so that it goes on where it stood after a crash, and its page shows how far it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from horarium.api.fields import Query, path_id
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forms import Form, form_status, labels_in, placed
from horarium.console.rendering import path_to, redirect
from horarium.console.run_filters import Filters as RunFilters
from horarium.console.run_filters import run_filters_in
from horarium.console.schedule_filters import Filters, filters_in
from horarium.domain.actions import ActionKind, ActionState
from horarium.domain.errors import Conflict, Invalid, NotFound, Problem
from horarium.domain.ids import prefixed
from horarium.domain.listings import ScheduleListing, TargetListing
from horarium.domain.run import RunState
from horarium.domain.tenancy import Identity
from horarium.service.actions import Trial
from horarium.service.checks import label_problems

# Targets that the form offers.
OFFERED = 200
OF_SCHEDULES = tuple(kind.value for kind in ActionKind if not kind.of_runs)
OF_RUNS = tuple(kind.value for kind in ActionKind if kind.of_runs)
# Seconds for which a page counts what an action would be done to.
COUNT_S = 0.1
_FIELDS = frozenset(("note", "labels", "removed", "target"))


class ManyPages(Pages):
    async def ask_first(self, request: Request) -> Answer:
        """How many schedules match, and some of them, before anything is done with them."""
        who = await self.who(request)
        query = Query(request)
        kind = _kind(query, OF_SCHEDULES)
        _require(who, kind)
        filters, listing = await filters_in(query, who, self.services, tuple(self.dialects))
        return await self._shown(request, who, kind, filters, _wanted(listing))

    async def act(self, request: Request) -> Answer:
        """Take the action with all schedules that match, and lead to the page that shows how far it is."""
        who, form = await self.sent(request)
        query = Query(request)
        kind = _kind(query, OF_SCHEDULES)
        _require(who, kind)
        filters, listing = await filters_in(query, who, self.services, tuple(self.dialects))
        try:
            given = await self._given(who, kind, form)
            taken = await self.services.actions.take(who, kind, _wanted(listing), given)
        except (Invalid, Conflict) as error:
            return await self._shown(request, who, kind, filters, _wanted(listing), form, error)
        return redirect(path_to("actions", prefixed("act", taken.id)))

    async def ask_first_of_runs(self, request: Request) -> Answer:
        """How many runs match, before they are cancelled or run again."""
        who = await self.who(request)
        query = Query(request)
        kind = _kind(query, OF_RUNS)
        _require(who, kind)
        filters, wanted = await self._runs(query, who, kind)
        return await self._shown(request, who, kind, filters, wanted)

    async def act_on_runs(self, request: Request) -> Answer:
        """Cancel all runs that match, or run them again."""
        who, _ = await self.sent(request)
        query = Query(request)
        kind = _kind(query, OF_RUNS)
        _require(who, kind)
        filters, wanted = await self._runs(query, who, kind)
        try:
            taken = await self.services.actions.take(who, kind, wanted, {})
        except Conflict as error:
            return await self._shown(request, who, kind, filters, wanted, error=error)
        return redirect(path_to("actions", prefixed("act", taken.id)))

    async def show(self, request: Request) -> Answer:
        """An action, and how far it has come."""
        who = await self.who(request)
        action = await self.services.actions.seen(who, path_id(request, "act", "action"))
        pages = action.kind.things
        return self.page(
            request,
            "action.html",
            action=action,
            pages=pages,
            goes_on=action.state is ActionState.RUNNING,
            past=_PAST[action.kind],
            problems=[(each["error"], path_to(pages, str(each["id"]))) for each in action.problems],
        )

    async def cancel(self, request: Request) -> Answer:
        """End an action where it stands."""
        who, _ = await self.sent(request)
        action = await self.services.actions.cancel(who, path_id(request, "act", "action"))
        return redirect(path_to("actions", prefixed("act", action.id)))

    async def _given(self, who: Identity, kind: ActionKind, form: Form) -> dict[str, Any]:
        """What the action needs besides its filter. Raises Invalid, and Forbidden for a target without a grant."""
        if kind is ActionKind.PAUSE and (note := form.given("note")) is not None:
            return {"note": note}
        if kind is ActionKind.RELABEL:
            labels: dict[str, str | None] = {**labels_in(form, "labels")}
            labels |= dict.fromkeys(form.lines("removed"))
            if not labels:
                raise Invalid(Problem("labels", "name at least one label to set, or one to take away"))
            if problems := list(label_problems({name: value or "" for name, value in labels.items()})):
                raise Invalid(problems)
            return {"labels": labels}
        if kind is ActionKind.RETARGET:
            try:
                target = await self.services.targets.resolve(who.workspace_id, form.text("target"))
            except NotFound:
                raise Invalid(Problem("target", "does not exist in this workspace", "unknown")) from None
            who.require_target(target.id, target.name)
            return {"target_id": target.id}
        return {}

    async def _runs(self, query: Query, who: Identity, kind: ActionKind) -> tuple[RunFilters, dict[str, Any]]:
        """Which runs are meant. Without a state, those that are open are cancelled, and those that failed run again."""
        filters, schedule_id, fire_id = run_filters_in(query)
        target_id = None
        if filters.target is not None:
            try:
                target_id = (await self.services.targets.resolve(who.workspace_id, filters.target)).id
            except NotFound:
                query.wrong("target", f"{filters.target[:80]!r} does not exist in this workspace")
        query.done()
        usual = "open" if kind is ActionKind.CANCEL else RunState.FAILED.value
        wanted = {"target_id": target_id, "schedule_id": schedule_id, "fire_id": fire_id}
        return filters, {**wanted, "state": filters.state or usual}

    async def _shown(
        self,
        request: Request,
        who: Identity,
        kind: ActionKind,
        filters: Filters | RunFilters,
        wanted: Mapping[str, Any],
        form: Form | None = None,
        error: Invalid | Conflict | None = None,
    ) -> Answer:
        trial: Trial = await self.services.actions.try_out(who, kind, wanted, COUNT_S)
        problems, others = placed(error, _FIELDS)
        retargets = kind is ActionKind.RETARGET and who.may("targets:read")
        listing = TargetListing(who.workspace_id, OFFERED)
        ids = {run.target_id for run in trial.runs}
        return self.page(
            request,
            "many.html",
            form_status(error),
            kind=kind.value,
            pages="runs" if kind.of_runs else "schedules",
            filters=filters,
            trial=trial,
            form=form or Form([]),
            problems=problems,
            others=others,
            offered=(await self.services.targets.list(who, listing)).items if retargets else (),
            targets=await self.services.targets.named(who.workspace_id, ids) if ids else {},
        )


def _kind(query: Query, among: tuple[str, ...]) -> ActionKind:
    """The action that an address names. Raises Invalid."""
    given = query.choice("action", among)
    query.done()
    return ActionKind(given or among[0])


def _require(who: Identity, kind: ActionKind) -> None:
    """Raises Forbidden if a key may not take this action, or not see what it would be done to."""
    who.require("runs:write" if kind.of_runs else "schedules:write")
    who.require("runs:read" if kind.of_runs else "schedules:read")
    if kind is ActionKind.DELETE:
        who.require("schedules:delete")


def _wanted(listing: ScheduleListing) -> dict[str, Any]:
    """The filter of a list as actions take it."""
    return {
        "labels": listing.labels or None,
        "target_id": listing.target_id,
        "state": listing.state,
        "dialect": listing.dialect,
        "search": listing.search,
        "search_input": None if listing.search is None else listing.search_input,
    }


# What has been done to the things of an action.
_PAST: Mapping[ActionKind, str] = {
    ActionKind.PAUSE: "paused",
    ActionKind.RESUME: "resumed",
    ActionKind.DELETE: "deleted",
    ActionKind.RELABEL: "relabelled",
    ActionKind.RETARGET: "given another target",
    ActionKind.FIRE: "fired",
    ActionKind.CANCEL: "cancelled",
    ActionKind.RETRY: "run again",
}
