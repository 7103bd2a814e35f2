"""The console as an application of its own, and how it is added to the server."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from horarium.api.kit.registry import Dialects
from horarium.api.web import Answer, Api, Handler, NoRoute
from horarium.console.audiences import AudiencePages
from horarium.console.audit import AuditPages
from horarium.console.backfill import BackfillPages
from horarium.console.base import ErrorPages
from horarium.console.editor import EditorPages
from horarium.console.events import EventPages
from horarium.console.find import FindPages
from horarium.console.keys import KeyPages
from horarium.console.live import LivePages
from horarium.console.many import ManyPages
from horarium.console.now import NowPages
from horarium.console.pauses import PausePages
from horarium.console.rendering import BASE, File, load_files, make_templates, path_to
from horarium.console.runs import RunPages
from horarium.console.schedules import SchedulePages
from horarium.console.sign_in import SignInPages
from horarium.console.switch import SwitchPages
from horarium.console.targets import TargetPages
from horarium.console.uploads import UploadPages
from horarium.console.versions import VersionPages
from horarium.console.webhooks import WebhookPages
from horarium.console.windows import ScheduleWindowPages, WindowPages
from horarium.console.workspaces import WorkspacePages
from horarium.service.services import Services

# A file is asked for by the name of its bytes, so browsers may keep it for as long as they like.
_KEPT = b"public, max-age=31536000, immutable"
_ASKED_AGAIN = b"no-cache"


def add_console(app: Api, services: Services, dialects: Dialects) -> None:
    """Serve the console, unless the settings switch it off. Browsers that open the root of the server get to it."""
    if not services.settings.console:
        return
    app.mount(BASE, make_console(services, dialects))
    app.router.routes.insert(0, _ForBrowsers("/", _to_console, methods=["GET"]))
    app.router.routes.append(Route(BASE, _to_console, methods=["GET"]))


def make_console(services: Services, dialects: Dialects) -> Api:
    """The console with all its pages."""
    static = load_files()
    templates = make_templates(static)
    api = Api(title="Horarium", render=ErrorPages(services, templates), openapi=None)
    own = (services, dialects, templates)
    now, signing, schedules = NowPages(*own), SignInPages(*own), SchedulePages(*own)
    editor, runs, targets, files = EditorPages(*own), RunPages(*own), TargetPages(*own), _Files(static)
    audiences, uploads, keys = AudiencePages(*own), UploadPages(*own), KeyPages(*own)
    audit, workspaces = AuditPages(*own), WorkspacePages(*own)
    many, switching, pauses = ManyPages(*own), SwitchPages(*own), PausePages(*own)
    events, hooks, live = EventPages(*own), WebhookPages(*own), LivePages(*own)
    versions, backfill, find = VersionPages(*own), BackfillPages(*own), FindPages(*own)
    windows, own_windows = WindowPages(*own), ScheduleWindowPages(*own)
    for method, path, handler in (
        ("GET", "/", now.show),
        ("GET", "/sign-in", signing.show),
        ("POST", "/sign-in", signing.sign_in),
        ("POST", "/sign-out", signing.sign_out),
        ("GET", "/switch", switching.show),
        ("POST", "/switch", switching.switch),
        ("POST", "/switch/add", switching.add),
        ("POST", "/theme", signing.choose_theme),
        ("GET", "/schedules", schedules.list),
        ("GET", "/schedules/many", many.ask_first),
        ("POST", "/schedules/many", many.act),
        ("GET", "/schedules/new", editor.new),
        ("POST", "/schedules/new", editor.create),
        ("POST", "/preview", editor.preview),
        ("POST", "/preview/window", windows.preview),
        ("GET", "/schedules/{id}", schedules.show),
        ("GET", "/schedules/{id}/edit", editor.edit),
        ("POST", "/schedules/{id}/edit", editor.save),
        ("GET", "/schedules/{id}/why", schedules.explain),
        ("GET", "/schedules/{id}/versions", versions.list),
        ("GET", "/schedules/{id}/backfill", backfill.plan),
        ("POST", "/schedules/{id}/backfill", backfill.fire),
        *_windows("/schedules/{id}", own_windows),
        ("GET", "/schedules/{id}/{action}", schedules.confirm),
        ("POST", "/schedules/{id}/{action}", schedules.act),
        ("GET", "/runs", runs.list),
        ("GET", "/runs/many", many.ask_first_of_runs),
        ("POST", "/runs/many", many.act_on_runs),
        ("GET", "/actions/{id}", many.show),
        ("POST", "/actions/{id}/cancel", many.cancel),
        ("GET", "/runs/{id}", runs.show),
        ("POST", "/runs/{id}/{action}", runs.act),
        ("GET", "/fires/{id}", runs.show_fire),
        ("GET", "/fires/{id}/replay", runs.ask_to_replay),
        ("POST", "/fires/{id}/replay", runs.replay),
        ("GET", "/targets", targets.list),
        ("GET", "/targets/new", targets.new),
        ("POST", "/targets/new", targets.create),
        ("GET", "/targets/{ref}", targets.show),
        ("POST", "/targets/echo", targets.make_echo),
        ("GET", "/targets/{ref}/test", targets.ask_test),
        ("POST", "/targets/{ref}/test", targets.test),
        ("POST", "/targets/{ref}/{action}", targets.act),
        ("GET", "/audiences", audiences.show),
        ("GET", "/audiences/directory/{kind}", audiences.items),
        ("POST", "/audiences/directory/{kind}/delete", audiences.delete),
        ("GET", "/audiences/directory/{kind}/upload", uploads.new),
        ("POST", "/audiences/directory/{kind}/upload", uploads.upload),
        ("POST", "/audiences/directory/{kind}/upload/columns", uploads.columns),
        ("GET", "/keys", keys.list),
        ("GET", "/keys/new", keys.new),
        ("POST", "/keys/new", keys.create),
        ("GET", "/keys/{id}/revoke", keys.ask_to_revoke),
        ("POST", "/keys/{id}/revoke", keys.revoke),
        ("GET", "/principals/new", keys.new_principal),
        ("POST", "/principals/new", keys.create_principal),
        ("GET", "/principals/{id}", keys.show_principal),
        ("POST", "/principals/{id}/grants", keys.change_grants),
        ("GET", "/principals/{id}/delete", keys.ask_to_delete),
        ("POST", "/principals/{id}/delete", keys.delete_principal),
        ("GET", "/events", events.list),
        ("GET", "/events/webhooks", hooks.list),
        ("GET", "/events/webhooks/new", hooks.new),
        ("POST", "/events/webhooks/new", hooks.create),
        ("GET", "/events/webhooks/{id}", hooks.show),
        ("GET", "/events/webhooks/{id}/edit", hooks.edit),
        ("POST", "/events/webhooks/{id}/edit", hooks.save),
        ("GET", "/events/webhooks/{id}/rotate", hooks.ask_to_rotate),
        ("POST", "/events/webhooks/{id}/rotate", hooks.rotate),
        ("GET", "/events/webhooks/{id}/replay", hooks.ask_to_replay),
        ("POST", "/events/webhooks/{id}/replay", hooks.replay),
        ("GET", "/events/webhooks/{id}/delete", hooks.ask_to_delete),
        ("POST", "/events/webhooks/{id}/delete", hooks.delete),
        ("POST", "/events/webhooks/{id}/{action}", hooks.switch),
        ("GET", "/events/{id}", events.show),
        ("GET", "/live/now", live.now),
        ("GET", "/live/fires/{id}", live.fire),
        ("GET", "/live/events", live.events),
        ("GET", "/audit", audit.list),
        ("GET", "/settings", workspaces.settings),
        ("POST", "/settings", workspaces.save_settings),
        ("GET", "/workspaces", workspaces.list),
        ("GET", "/workspaces/new", workspaces.new),
        ("POST", "/workspaces/new", workspaces.create),
        ("GET", "/workspaces/{id}", workspaces.show),
        ("POST", "/workspaces/{id}", workspaces.save),
        *(
            (method, f"{workspace}{path}", handler)
            for workspace in ("/settings", "/workspaces/{id}")
            for method, path, handler in (
                ("GET", "/pause", pauses.ask_to_pause),
                ("POST", "/pause", pauses.pause),
                ("GET", "/resume", pauses.ask_to_resume),
                ("POST", "/resume", pauses.resume),
                ("POST", "/pauses/{pause}/take-back", pauses.take_back),
            )
        ),
        *_windows("/settings", windows),
        *_windows("/workspaces/{id}", windows),
        ("GET", "/find", find.find),
        ("GET", "/static/{name}", files.get),
    ):
        api.add(method, path, handler, "a page of the console", on_page=False)
    return api


def _windows(place: str, pages: WindowPages) -> tuple[tuple[str, str, Handler], ...]:
    """The routes of the maintenance windows of a workspace or a schedule."""
    return (
        ("GET", f"{place}/windows", pages.list),
        ("POST", f"{place}/windows", pages.make),
        ("GET", f"{place}/windows/{{window}}/remove", pages.ask_to_remove),
        ("POST", f"{place}/windows/{{window}}/remove", pages.remove),
    )


class _ForBrowsers(Route):
    """A route that only matches where a page is asked for, as browsers do and programs do not."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"] != "/":  # said first, since every request comes by here
            return Match.NONE, {}
        accepted = b",".join(value for name, value in scope.get("headers", ()) if name == b"accept")
        return super().matches(scope) if b"text/html" in accepted else (Match.NONE, {})


async def _to_console(request: Request) -> Response:
    return Response(status_code=303, headers={"location": path_to(), "vary": "accept"})


class _Files:
    def __init__(self, static: dict[str, File]) -> None:
        self._static = static

    async def get(self, request: Request) -> Answer:
        found = self._static.get(request.path_params["name"])
        if found is None:
            raise NoRoute(request.url.path)
        kept = request.query_params.get("v") == found.version
        headers = [(b"cache-control", _KEPT if kept else _ASKED_AGAIN)]
        return Answer(200, found.content, found.content_type, headers)
