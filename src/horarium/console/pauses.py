"""The pause of a whole workspace: how it is asked for, changed and ended, and who has paused it and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from horarium.api.fields import path_id
from horarium.api.models import catch_up_in
from horarium.api.web import Answer, NoRoute
from horarium.console.base import Pages
from horarium.console.forms import Form, form_status, placed
from horarium.console.pause_forms import afterwards_in, emptied_in, pause_in
from horarium.console.policy_pictures import AFTER_PAUSES, SLOTS, WIDTH
from horarium.console.rendering import path_to, redirect
from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound
from horarium.domain.ids import Id, from_prefixed, prefixed
from horarium.domain.pauses import Pause
from horarium.domain.tenancy import Identity, Workspace
from horarium.service.pauses import ADMIN
from horarium.service.services import Services

# The latest pauses of a workspace that its page lists.
LISTED = 10
_FIELDS = frozenset(("note", "until", "from", "catch_up"))


@dataclass(frozen=True, slots=True)
class NamedPause:
    """A pause, and the name of who has paused; None where the key may not know it, or the server has."""

    pause: Pause
    by: str | None


class PausePages(Pages):
    async def ask_to_pause(self, request: Request) -> Answer:
        """The form to pause a workspace, or to change the pause in which it is."""
        who = await self.who(request, ADMIN)
        return await self._form(request, who)

    async def pause(self, request: Request) -> Answer:
        who, form = await self.sent(request, ADMIN)
        workspace = await self._workspace(who, request)
        try:
            body = pause_in(form, workspace.timezone)
            found = await self.services.pauses.pause(
                who,
                workspace.id,
                body.note,
                body.until,
                catch_up_in(body),
                body.from_,
                emptied_in(form),
            )
        except (Invalid, Conflict) as error:
            return await self._form(request, who, form, error)
        planned = found.from_ms > self.now_ms()
        if planned:
            return redirect(_place(who, workspace.id, "pause-planned"))
        return redirect(_afterwards(who, workspace.id, "workspace-paused"))

    async def ask_to_resume(self, request: Request) -> Answer:
        who = await self.who(request, ADMIN)
        workspace = await self._workspace(who, request)
        known = await paused(self.services, who, workspace.id)
        if known is None:
            raise Conflict("the workspace is not paused", "state")
        return self._page(request, who, workspace, "workspace_resume.html", 200, known)

    async def resume(self, request: Request) -> Answer:
        who, form = await self.sent(request, ADMIN)
        workspace = await self._workspace(who, request)
        await self.services.pauses.resume(who, workspace.id, afterwards_in(form))
        return redirect(_afterwards(who, workspace.id, "workspace-resumed"))

    async def take_back(self, request: Request) -> Answer:
        """Take back a pause that is planned and has not begun."""
        who, _ = await self.sent(request, ADMIN)
        workspace = await self._workspace(who, request)
        pause_id = from_prefixed("pau", request.path_params["pause"])
        if pause_id is None:
            raise NoRoute(request.url.path)
        await self.services.pauses.take_back(who, workspace.id, pause_id)
        return redirect(_place(who, workspace.id, "removed"))

    async def _workspace(self, who: Identity, request: Request) -> Workspace:
        """The workspace that the path names; without an id there, the caller's own. Raises NotFound."""
        there = "id" in request.path_params
        workspace_id = path_id(request, "ws", "workspace") if there else who.workspace_id
        return await self.services.tenancy.get_workspace(who, workspace_id)

    async def _form(
        self,
        request: Request,
        who: Identity,
        form: Form | None = None,
        error: Invalid | Conflict | None = None,
    ) -> Answer:
        workspace = await self._workspace(who, request)
        known = await paused(self.services, who, workspace.id)
        window = known if known is not None and known.pause.window_id is not None else None
        known = known if window is None else None
        problems, others = placed(error, _FIELDS)
        status = form_status(error)
        return self._page(
            request,
            who,
            workspace,
            "workspace_pause.html",
            status,
            known,
            window=window,
            given=_as_form(known) if form is None else form.fields,
            problems=problems,
            others=others,
        )

    def _page(
        self,
        request: Request,
        who: Identity,
        workspace: Workspace,
        template: str,
        status: int,
        known: NamedPause | None,
        **values: object,
    ) -> Answer:
        return self.page(
            request,
            template,
            status,
            workspace=workspace,
            place=_place(who, workspace.id),
            known=known,
            afterwards=AFTER_PAUSES,
            slots=SLOTS,
            width=WIDTH,
            **values,
        )


async def paused(services: Services, who: Identity, workspace_id: Id | None = None) -> NamedPause | None:
    """The pause in which a workspace is, the caller's own without an id; None where its clock goes. One that somebody
    has asked for comes before the time of a maintenance window."""
    place = who.workspace_id if workspace_id is None else workspace_id
    held = await services.pauses.in_force(place, services.clock.now_ms())
    first = sorted(held, key=lambda pause: pause.window_id is not None)[:1]
    return (await named(services, who, first))[0] if first else None


async def named(services: Services, who: Identity, pauses: Sequence[Pause]) -> list[NamedPause]:
    """Pauses with the names of who has paused, as far as the key may know them."""
    names = await names_of(services, who, (pause.by for pause in pauses))
    return [NamedPause(pause, names.get(pause.by)) for pause in pauses]


async def names_of(
    services: Services, who: Identity, principals: Iterable[Id | None]
) -> dict[Id | None, str | None]:
    """The names of principals, as far as the key may know them: not of one that is deleted or of another workspace."""
    names: dict[Id | None, str | None] = {}
    for by in {by for by in principals if by is not None}:
        try:
            names[by] = (await services.tenancy.get_principal(who, by)).name
        except (NotFound, Forbidden):
            names[by] = None
    return names


def _place(who: Identity, workspace_id: Id, done: str | None = None) -> str:
    """The page of a workspace."""
    if workspace_id == who.workspace_id:
        return path_to("settings", done=done)
    return path_to("workspaces", prefixed("ws", workspace_id), done=done)


def _afterwards(who: Identity, workspace_id: Id, done: str) -> str:
    """Where a person sees what a pause does: the first page, or the page of another workspace."""
    return path_to(done=done) if workspace_id == who.workspace_id else _place(who, workspace_id, done)


def _as_form(known: NamedPause | None) -> dict[str, str]:
    """What the form shows first: the pause in which the workspace is. Its end stays empty, and then stays as it is."""
    if known is None:
        return {}
    return {"note": known.pause.note or "", "catch_up": known.pause.catch_up.value}
