"""The workspace: its settings and its limits; and, with a key of the whole server, all workspaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request

from horarium.api.fields import Query, path_id
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forms import Form, form_status, placed
from horarium.console.pauses import LISTED, NamedPause, named, paused
from horarium.console.rendering import path_to, redirect
from horarium.console.windows import ShownWindow, shown
from horarium.domain.errors import Conflict, Invalid, Problem
from horarium.domain.ids import LOWEST_ID, Id, prefixed
from horarium.domain.quotas import DEFAULT, QUOTAS, Usage
from horarium.domain.tenancy import SERVER_SCOPE, Identity, Workspace
from horarium.service.pages import cursor_from, cursor_text
from horarium.service.tenancy import ADMIN
from horarium.times import zone_names

PAGE = 50
# A limit of which so much is used is shown as nearly reached.
NEAR = 0.8
_FIELDS = frozenset(("name", "slug", "timezone", "weight", "allowed_hosts", *QUOTAS))


@dataclass(frozen=True, slots=True)
class Limit:
    """A quota of a workspace: what it bounds in words, how much of it is used (None: that is not counted), and its
    default."""

    name: str
    words: str
    most: int
    used: int | None
    default: int

    @property
    def is_near(self) -> bool:
        return self.used is not None and self.used >= self.most * NEAR


class WorkspacePages(Pages):
    async def settings(self, request: Request) -> Answer:
        who = await self.who(request)
        return await self._show(request, who, who.workspace_id)

    async def save_settings(self, request: Request) -> Answer:
        who, form = await self.sent(request, ADMIN)
        return await self._save(request, who, form, who.workspace_id, path_to("settings", done="saved"))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        query = Query(request)
        cursor = query.text("cursor")
        query.done()
        after = LOWEST_ID if cursor is None else cursor_from(cursor)
        found = await self.services.tenancy.list_workspaces(who, after, PAGE)
        return self.page(
            request,
            "workspaces.html",
            workspaces=found.items,
            later=None if found.next is None else path_to("workspaces", cursor=cursor_text(found.next)),
        )

    async def show(self, request: Request) -> Answer:
        who = await self.who(request, SERVER_SCOPE)
        return await self._show(request, who, _id(request))

    async def save(self, request: Request) -> Answer:
        who, form = await self.sent(request, SERVER_SCOPE)
        workspace_id = _id(request)
        place = path_to("workspaces", prefixed("ws", workspace_id), done="saved")
        return await self._save(request, who, form, workspace_id, place)

    async def new(self, request: Request) -> Answer:
        await self.who(request, SERVER_SCOPE)
        return self._new_form(request, Form(()))

    async def create(self, request: Request) -> Answer:
        """Make a workspace. The key of its administrator is shown on the page that answers, and never again."""
        who, form = await self.sent(request, SERVER_SCOPE)
        try:
            made = await self.services.tenancy.create_workspace(
                who, form.text("name"), form.given("slug"), _settings_in(form)
            )
        except (Invalid, Conflict) as error:
            return self._new_form(request, form, error)
        return self.page(request, "workspace_made.html", 201, made=made)

    def _new_form(self, request: Request, form: Form, error: Invalid | Conflict | None = None) -> Answer:
        problems, others = placed(_by_setting(error), _FIELDS)
        status = form_status(error)
        values = {"form": form, "problems": problems, "others": others, "zones": sorted(zone_names())}
        return self.page(request, "workspace_new.html", status, **values)

    async def _save(
        self, request: Request, who: Identity, form: Form, workspace_id: Id, place: str
    ) -> Answer:
        """Change what the form has. Limits, weight and hosts are part of it for a key of the whole server."""
        server = who.may(SERVER_SCOPE)
        version = form.text("version")
        try:
            await self.services.tenancy.update_workspace(
                who,
                workspace_id,
                form.text("name"),
                {"timezone": form.given("timezone")},
                int(version) if version.isdecimal() and len(version) <= 18 else None,
                _quotas_in(form) if server else None,
                _weight_in(form) if server else None,
                form.lines("allowed_hosts") if server else None,
            )
        except (Invalid, Conflict) as error:
            return await self._show(request, who, workspace_id, form, error)
        return redirect(place)

    async def _show(
        self,
        request: Request,
        who: Identity,
        workspace_id: Id,
        form: Form | None = None,
        error: Invalid | Conflict | None = None,
    ) -> Answer:
        workspace = await self.services.tenancy.get_workspace(who, workspace_id)
        usage = await self.services.tenancy.usage(who, workspace_id)
        problems, others = placed(_by_setting(error), _FIELDS)
        own = workspace_id == who.workspace_id
        return self.page(
            request,
            "workspace.html",
            form_status(error),
            workspace=workspace,
            own=own,
            place=path_to("settings") if own else path_to("workspaces", prefixed("ws", workspace_id)),
            limits=limits(workspace, usage),
            given=_as_form(workspace) if form is None else {**_as_form(workspace), **form.fields},
            problems=problems,
            others=others,
            zones=sorted(zone_names()),
            may_change=who.may(ADMIN),
            paused=await paused(self.services, who, workspace_id),
            pauses=await self._pauses(who, workspace_id),
            windows=await self._windows(who, workspace_id),
            may_limit=who.may(ADMIN) and who.may(SERVER_SCOPE),
        )

    async def _pauses(self, who: Identity, workspace_id: Id) -> Sequence[NamedPause]:
        """The latest pauses, and those that are planned, where the key may see them."""
        if not who.may(ADMIN):
            return ()
        found = await self.services.pauses.page(who, workspace_id, LISTED, None)
        return await named(self.services, who, found.items)

    async def _windows(self, who: Identity, workspace_id: Id) -> Sequence[ShownWindow]:
        """The maintenance windows, where the key may see them."""
        if not who.may(ADMIN):
            return ()
        now = self.now_ms()
        found = await self.services.windows.list(who, workspace_id, None)
        return shown(found, await self.services.pauses.in_force(workspace_id, now), now)


def limits(workspace: Workspace, usage: Usage) -> list[Limit]:
    """The quotas of a workspace, with what is used of them."""
    values, defaults = asdict(workspace.quotas), asdict(DEFAULT)
    used = {"schedules": usage.schedules, "targets": usage.targets, "fires_per_hour": usage.hourly}
    return [
        Limit(name, quota.metadata["words"], values[name], used.get(name), defaults[name])
        for name, quota in QUOTAS.items()
    ]


def _id(request: Request) -> Id:
    return path_id(request, "ws", "workspace")


def _as_form(workspace: Workspace) -> dict[str, str]:
    return {
        "name": workspace.name,
        "timezone": workspace.timezone,
        "version": str(workspace.version),
        "weight": f"{workspace.weight:g}",
        "allowed_hosts": "\n".join(workspace.allowed_hosts),
        **{name: str(value) for name, value in asdict(workspace.quotas).items()},
    }


def _settings_in(form: Form) -> dict[str, Any]:
    timezone = form.given("timezone")
    return {} if timezone is None else {"timezone": timezone}


def _quotas_in(form: Form) -> Mapping[str, Any]:
    """The quotas of a form; an empty field stands for the default. What is no number is left for the use case to
    refuse."""
    found: dict[str, Any] = {}
    for name in QUOTAS:
        if name in form.fields:
            text = form.text(name)
            found[name] = int(text) if text.isdecimal() and len(text) <= 18 else text or None
    return found


def _weight_in(form: Form) -> float | None:
    """Raises Invalid."""
    text = form.given("weight")
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise Invalid(Problem("weight", f"{text[:40]!r} is not a number")) from None


def _by_setting(error: Invalid | Conflict | None) -> Invalid | Conflict | None:
    """The error with the names of settings and quotas as the form has them."""
    if not isinstance(error, Invalid):
        return error
    return Invalid(
        Problem(
            problem.field.removeprefix("settings.").removeprefix("quotas."), problem.message, problem.code
        )
        for problem in error.problems
    )
