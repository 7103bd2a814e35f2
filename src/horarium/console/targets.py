"""Targets: the list, one target with its lane, and the form with which one is made."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.fields import Problems, Query
from horarium.api.web import Answer
from horarium.console.base import Pages, action_in
from horarium.console.forms import Form, form_status, json_in, placed
from horarium.console.rendering import path_to, redirect
from horarium.domain.errors import Conflict, Invalid, NotFound
from horarium.domain.ids import LOWEST_ID, prefixed
from horarium.domain.listings import ScheduleListing, TargetListing
from horarium.domain.run import RunState
from horarium.domain.target import TargetKind, TargetState
from horarium.service.pages import cursor_from, cursor_text
from horarium.service.rates import TRIED_CALL
from horarium.service.targets import TargetDraft
from horarium.service.tried_calls import output_of

PAGE = 50
SHOWN = 10
KINDS = tuple(kind.value for kind in TargetKind)
# The built-in target of the first steps: its key, which is also the type of its executor.
ECHO = "echo"
_ECHO_WORDS = "Built in: it answers with what it is given."
_TEST_FIELDS = ("input", "row")


class TargetPages(Pages):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        search, kind = query.text("search"), query.choice("kind", KINDS)
        state, cursor = query.choice("state", tuple(TargetState)), query.text("cursor")
        query.done()
        listing = TargetListing(
            who.workspace_id,
            PAGE,
            LOWEST_ID if cursor is None else cursor_from(cursor),
            kind=kind,
            state=state,
            search=search,
        )
        found = await self.services.targets.list(who, listing)
        reports = await self.services.targets.reports(who, [target.id for target in found.items])
        given = {"search": search, "kind": kind, "state": state}
        return self.page(
            request,
            "targets.html",
            targets=found.items,
            reports=reports,
            kinds=KINDS,
            states=tuple(TargetState),
            given=given,
            later=None if found.next is None else path_to("targets", **given, cursor=cursor_text(found.next)),
        )

    async def show(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        target = await self.services.targets.get(who, request.path_params["ref"])
        schedules, failed = [], []
        if who.may("schedules:read"):
            listing = ScheduleListing(who.workspace_id, SHOWN, target_id=target.id)
            schedules = list(await self.services.schedules.list(listing))
        if who.may("runs:read"):
            failed = list(
                await self.services.runs.list(
                    who.workspace_id, SHOWN, target_id=target.id, state=RunState.FAILED.value
                )
            )
        return self.page(
            request,
            "target.html",
            target=target,
            lane=await self.services.targets.lane(who, target.id),
            schedules=schedules,
            failed=failed,
        )

    async def new(self, request: Request) -> Answer:
        await self.who(request, "targets:write")
        return self.page(request, "target_new.html", given={}, problems={}, kinds=KINDS)

    async def create(self, request: Request) -> Answer:
        """Make a target that is called by HTTP. Its signing secret is shown once, on the page that answers."""
        who, form = await self.sent(request, "targets:write")
        config: dict[str, Any] = {"url": form.text("url")}
        kind = form.text("kind")
        try:
            draft = TargetDraft(
                TargetKind(kind) if kind in KINDS else TargetKind.AUTOMATION,
                form.text("name"),
                "http",
                config,
                key=form.given("key"),
                description=form.given("description"),
            )
            made = await self.services.targets.create(who, draft)
        except Invalid as error:
            problems = {problem.field: problem.message for problem in error.problems}
            return self.page(
                request, "target_new.html", 400, given=form.fields, problems=problems, kinds=KINDS
            )
        except Conflict as error:
            shown = {error.field or "": str(error)}
            return self.page(request, "target_new.html", 409, given=form.fields, problems=shown, kinds=KINDS)
        return self.page(request, "target_made.html", 201, made=made)

    async def ask_test(self, request: Request) -> Answer:
        """The form by which a target is called once."""
        who = await self.who(request, "targets:write")
        target = await self.services.targets.get(who, request.path_params["ref"])
        return self.page(
            request, "target_test.html", target=target, given={}, problems={}, others=[], tried=None
        )

    async def test(self, request: Request) -> Answer:
        """Call a target once, and show what was sent and answered below the form."""
        who, form = await self.sent(request, "targets:write")
        target = await self.services.targets.resolve(who.workspace_id, request.path_params["ref"])
        tried, error = None, None
        try:
            given = _test_values(form)
            self.services.rates.charge(who, TRIED_CALL)
            tried = await self.services.tried_calls.call(who, target.id, given["input"], given["row"])
        except (Invalid, Conflict) as found:
            error = found
        problems, others = placed(error, _TEST_FIELDS)
        return self.page(
            request,
            "target_test.html",
            form_status(error),
            target=target,
            given=form.fields,
            problems=problems,
            others=others,
            tried=tried,
            output=None if tried is None else output_of(tried.outcome),
        )

    async def make_echo(self, request: Request) -> Answer:
        """Make the built-in target that answers with what it is given, and go on to a first schedule for it."""
        who, _ = await self.sent(request, "targets:write")
        try:
            target = await self.services.targets.with_key(who.workspace_id, ECHO)
        except NotFound:
            draft = TargetDraft(TargetKind.FUNCTION, "Echo", ECHO, {}, key=ECHO, description=_ECHO_WORDS)
            target = (await self.services.targets.create(who, draft)).target
        return redirect(path_to("schedules", "new", target=prefixed("tgt", target.id), first="1"))

    async def act(self, request: Request) -> Answer:
        """Enable or disable a target."""
        action = action_in(request, ("enable", "disable"))
        who, _ = await self.sent(request, "targets:write")
        target = await self.services.targets.resolve(who.workspace_id, request.path_params["ref"])
        await self.services.targets.set_enabled(who, target.id, action == "enable")
        return redirect(path_to("targets", prefixed("tgt", target.id), done=f"{action}d"))


def _test_values(form: Form) -> dict[str, Any]:
    """The values with which a target is called, by the names of their fields. Raises Invalid with every mistake."""
    found: dict[str, Any] = {}
    problems = Problems()
    for name in _TEST_FIELDS:
        try:
            found[name] = json_in(form, name)
        except Invalid as error:
            problems += error.problems
    problems.done()
    return found
