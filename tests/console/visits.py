"""Which pages `pages_said` opens, in which order, and which forms it sends with what in them.

`{name}` in a path or a field is the id of the thing that `world.py` calls so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from typing import NamedTuple

from tests.console import world
from tests.console.world import World

Fields = Mapping[str, str | list[str]]

# Who looks at pages beside the administrator of the whole server, with the scopes of their keys.
PEOPLE = {
    "an owner": ("*",),
    "an editor": (
        "schedules:read", "schedules:write", "schedules:delete", "targets:read", "targets:write", "runs:read",
        "runs:write", "directory:read", "directory:write", "events:read", "events:write",
    ),
    "a reader": ("schedules:read", "targets:read", "runs:read", "directory:read", "events:read", "audit:read"),
    "who sees runs": ("runs:read",),
    "who sees schedules": ("schedules:read",),
    "who sees events": ("events:read",),
}  # fmt: skip
# Routes that the walk does not ask, and what does.
ELSEWHERE = {
    ("GET", "/live/now"): "it goes on for ever: test_live.py",
    ("GET", "/live/events"): "it goes on for ever: test_live.py",
}


class Sent(NamedTuple):
    """A form: where it is sent, what stands in it, and the page that it is on, if that is another one."""

    to: str
    fields: Fields
    on: str | None = None


async def nothing(_: World) -> None:
    """What is there already is enough."""


class Chapter(NamedTuple):
    """Pages and forms that are told together. `tenant` is the workspace in which they are opened, `shared` are the
    pages that others look at as well, and `bounds` say how long lists are, by the names of constants."""

    title: str
    pages: Sequence[str] = ()
    forms: Sequence[Sent] = ()
    before: Callable[[World], Awaitable[None]] = nothing
    tenant: str = "first"
    shared: Container[str] = ()
    bounds: Mapping[str, int] = {}


LISTS = (
    "/", "/schedules", "/runs", "/targets", "/audiences", "/audiences/directory/contacts", "/keys", "/events",
    "/events/webhooks", "/audit", "/settings", "/settings/windows", "/workspaces", "/switch", "/schedules/new",
    "/principals/new", "/keys/new",
)  # fmt: skip
SCHEDULES = (
    "s-long", "s-nightly", "s-mixed", "s-paused", "s-paused until", "s-ended", "s-deleted", "s-rows", "s-unread",
    "s-slow",
    "s-waiting", "s-flaky", "s-silent", "s-broken", "s-missed", "s-of a deleted target", "s-of a gone target",
    "s-trustpager", "s-autessa", "s-m9m", "s-uranus", "s-cadenya",
)  # fmt: skip
RUNS = (
    "r-jitter", "r-twice", "r-echo", "r-long", "r-done", "r-plain", "r-slow", "r-flaky", "r-flaky done",
    "r-silent", "r-silent failed", "r-broken",
    "r-broken again",
    "r-missed", "r-row", "r-row cancelled", "r-row failed", "r-deleted", "r-repeated", "r-alone",
)  # fmt: skip
FIRES = (
    "fire by hand", "f-nightly", "f-rows", "f-unread", "f-slow", "f-waiting", "f-missed", "f-flaky", "f-deleted",
    "fire of rows",
)  # fmt: skip
TARGETS = (
    "t-long",
    "ok",
    "plain",
    "slow",
    "silent",
    "broken",
    "off",
    "gone",
    "echo",
    "lent",
    "borrowed",
    "rows",
)


def each(path: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(path.replace("*", f"{{{name}}}") for name in names)


THURSDAY = (
    "/", "/schedules", "/schedules?state=paused", "/schedules?search=S+b", "/schedules?label=team:a:b&state=active",
    "/schedules?target=ok", "/schedules?search=nothing", "/schedules?dialect=m9m",
    *each("/schedules/*", SCHEDULES),
    "/schedules/{s-nightly}?month=2026-02", "/schedules/{s-nightly}?month=2027-04", "/schedules/{s-rows}?done=paused",
    "/schedules/{s-nightly}/why?at=2026-03-04+09:30", "/schedules/{s-nightly}/why?at=2026-03-04+09:31",
    "/schedules/{s-slow}/why?at=2026-03-04T08:00:00Z", "/schedules/{s-slow}/why?at=2026-03-02T09:00:00Z",
    "/schedules/{s-missed}/why?at=2026-03-03T07:15:00Z", "/schedules/{s-paused}/why?at=2026-03-04T09:00:00Z",
    "/schedules/{s-mixed}/why?at=2026-03-09T09:00",
    *each("/schedules/*/versions", ("s-nightly", "s-mixed")), "/schedules/{s-nightly}/versions?before=1&after=3",
    "/schedules/{s-nightly}/versions?before=2&after=2", "/schedules/{s-nightly}/versions?before=1&after=1&below=1",
    "/schedules/{s-nightly}/backfill?from=2026-02-03", "/schedules/{s-nightly}/backfill?to=2026-02-03",
    "/principals/{duo}", "/principals/{long person}", "/events/webhooks/{w-long}", "/schedules/{s-long}/windows",
    "/schedules/{s-long}/fire", "/schedules/{s-long}/edit", "/keys/{k-long}/revoke", "/schedules?search=ssss",
    "/runs?schedule={s-long}", "/targets?search=tttt",
    "/audiences?type=contacts&filter=%7B%22contact_type%22%3A%22other%22%7D",
    *each("/schedules/*/windows", ("s-slow", "s-ended")),
    "/schedules/{s-slow}/windows/{win-slow}/remove",
    "/schedules/{s-nightly}/backfill", "/schedules/{s-nightly}/backfill?from=2026-02-03+09:30&to=2026-02-03+09:30",
    "/schedules/{s-slow}/backfill?from=2026-03-01&to=2026-03-02",
    "/schedules/{s-rows}/backfill?from=2026-03-01&to=2026-03-04",
    "/schedules/{s-slow}/backfill?from=2026-03-01T00:01:00Z&to=2026-03-01T00:02:00Z",
    *each("/schedules/*/edit", ("s-nightly", "s-mixed")),
    "/schedules/new", "/schedules/new?first=1&target={ok}",
    "/schedules/{s-nightly}/fire", "/schedules/{s-rows}/fire", "/schedules/{s-unread}/fire",
    "/schedules/{s-nightly}/pause", "/schedules/{s-paused until}/resume", "/schedules/{s-paused}/resume",
    "/schedules/{s-nightly}/delete",
    "/schedules/many?action=pause&label=team:a:b", "/schedules/many?action=resume",
    "/schedules/many?action=fire&search=S+b",
    "/schedules/many?action=relabel", "/schedules/many?action=retarget",
    "/schedules/many?action=delete&state=completed",
    "/schedules/many?action=delete&search=nothing",
    "/runs", "/runs?state=failed", "/runs?state=open", "/runs?target=silent&state=failed", "/runs?schedule={s-rows}",
    "/runs?fire={f-rows}&state=succeeded", "/runs?state=cancelled&target=ok",
    "/runs/many?action=cancel", "/runs/many?action=retry", "/runs/many?action=retry&target=broken",
    "/runs/many?action=cancel&state=pending", "/runs/many?action=cancel&target=ok",
    *each("/runs/*", RUNS), "/runs/{r-flaky done}?attempt=2",
    *each("/fires/*", FIRES), "/fires/{f-rows}?state=failed", "/fires/{f-rows}?state=cancelled",
    "/fires/{f-rows}/replay",
    "/fires/{f-nightly}/replay", "/live/fires/{f-rows}",
    *each("/actions/*", ("a-pause", "a-relabel", "a-refused", "a-retry")),
    "/targets", "/targets?kind=agent", "/targets?state=disabled", "/targets?search=nothing",
    *each("/targets/*", TARGETS), "/targets/new", "/targets/{ok}/test", "/targets/{slow}/test",
    "/audiences", "/audiences?type=contacts&filter=%7B%22contact_type%22%3A%22lead%22%7D", "/audiences?type=crm",
    "/audiences?type=contacts&filter=%7B%22limit%22%3A1%7D",
    "/audiences?type=users&filter=%7B%22roles%22%3A%5B%22x%22%5D%7D",
    "/audiences/directory/contacts", "/audiences/directory/users", "/audiences/directory/deals",
    "/audiences/directory/contacts/upload",
    "/keys", "/keys/new", "/keys/new?principal={bot}", "/keys/{k-bot}/revoke",
    "/principals/new", *each("/principals/*", ("me", "bot", "eve")), "/principals/{bot}/delete",
    "/events", "/events?type=target.disabled", "/events?schedule={s-broken}", "/events?label=team:a:b",
    "/events?since=2030-01-01T00:00:00Z",
    *each("/events/*", (
        "e-fire-completed", "e-fire-skipped", "e-fire-failed", "e-fire-missed", "e-audience-failed", "e-fire-late",
        "e-fire-partial", "e-target-failing", "e-schedule-paused", "e-webhook-disabled", "e-target-disabled",
        "e-schedule-ended",
    )),
    "/events/webhooks", *each("/events/webhooks/*", ("w-takes", "w-refuses", "w-all", "w-off")),
    "/events/webhooks/{w-refuses}?state=waiting", "/events/webhooks/{w-takes}?state=failed",
    "/events/webhooks/new", *each("/events/webhooks/{w-refuses}/*", ()), "/events/webhooks/{w-refuses}/edit",
    "/events/webhooks/{w-takes}/rotate", "/events/webhooks/{w-takes}/replay?from={e-fire-failed}",
    "/events/webhooks/{w-takes}/delete",
    "/audit", "/audit?action=schedule.changed", "/audit?subject={s-nightly}&since=2026-03-01T12:30:00Z",
    "/audit?action=nothing",
    "/settings", "/settings/pause", "/settings/windows", "/settings/windows/{win-own}/remove",
    "/workspaces", "/workspaces/new", "/workspaces/{other}", "/workspaces/{other}/pause",
    "/workspaces/{other}/windows",
    "/switch", "/find?q=targ", "/find?q=ta", "/find?q=nightly", "/find?q=s", "/nowhere",
    "/static/console.css", "/static/nothing.js",
)  # fmt: skip

# Pages that differ by what somebody may do: the first of each route, and those on which more is offered.
SHARED = {
    "/", "/schedules", "/schedules/{s-slow}", "/schedules/{s-ended}", "/schedules/{s-paused}",
    "/schedules/{s-deleted}",
    "/schedules/{s-m9m}", "/schedules/{s-nightly}/versions", "/schedules/{s-slow}/windows",
    "/schedules/{s-ended}/windows",
    "/schedules/{s-slow}/windows/{win-slow}/remove", "/schedules/{s-nightly}/backfill", "/schedules/{s-nightly}/edit",
    "/schedules/new", "/schedules/{s-nightly}/fire", "/schedules/{s-nightly}/delete",
    "/schedules/many?action=relabel",
    "/schedules/many?action=retarget", "/schedules/many?action=delete&state=completed", "/runs",
    "/runs/many?action=cancel",
    "/runs/{r-flaky done}", "/runs/{r-row}", "/runs/{r-alone}", "/fires/{f-rows}", "/fires/{f-rows}/replay",
    "/actions/{a-pause}",
    "/actions/{a-retry}", "/targets", "/targets/{ok}", "/targets/{off}", "/targets/{borrowed}", "/targets/new",
    "/targets/{ok}/test", "/audiences", "/audiences/directory/contacts", "/audiences/directory/deals",
    "/audiences/directory/contacts/upload", "/keys", "/keys/new", "/keys/{k-bot}/revoke", "/principals/new",
    "/principals/{bot}", "/principals/{bot}/delete", "/events", "/events/{e-fire-failed}", "/events/webhooks",
    "/events/webhooks/{w-refuses}", "/events/webhooks/new", "/events/webhooks/{w-refuses}/edit",
    "/events/webhooks/{w-takes}/rotate", "/events/webhooks/{w-takes}/delete", "/audit", "/settings",
    "/settings/pause",
    "/settings/windows", "/settings/windows/{win-own}/remove", "/workspaces", "/workspaces/new",
    "/workspaces/{other}",
    "/switch", "/find?q=targ",
}  # fmt: skip
BOUNDS = {
    "events.PAGE": 12, "webhooks.DELIVERIES": 5, "audit.PAGE": 15, "runs.PAGE": 12, "schedules.SHOWN": 6,
    "schedules.NEXT_FIRES": 3,
    "editor.NEXT_FIRES": 3,
}  # fmt: skip

LONG = "x" * 300
# Versions that a form may come with: of another time, too long to be one, and none.
OLD, TOO_LONG = "9" * 18, "9" * 19
MISTAKES = (
    Sent("/schedules/{s-nightly}/edit", {"name": "n", "target": "ok", "recurrence": "@daily", "version": OLD}),
    Sent("/schedules/{s-nightly}/pause", {"version": OLD}),
    Sent("/events/webhooks/{w-refuses}/edit", {"url": "https://play.example/refuses", "version": OLD}),
    Sent("/settings", {"name": "n", "timezone": "UTC", "version": OLD}),
    Sent("/audiences/directory/contacts/upload", {
        "text": "nr,name,Size,Odd\n1,Ann,9,8", "name.0": "nr", "column.0": "", "name.1": "name", "column.1": "name",
        "name.2": "Size", "column.2": "custom:Size", "name.3": "Odd", "column.3": "",
    }),
    Sent("/theme", {"theme": "loud", "back": "https://evil.example"}, "/"),
    Sent("/switch", {"place": "7"}),
    Sent("/switch/add", {"key": "hor_wrong"}, "/switch"),
    Sent("/switch/add", {"key": ""}, "/switch"),
    Sent("/schedules/many?action=relabel", {"labels": "no colon"}),
    Sent("/schedules/many?action=relabel", {"labels": "", "removed": ""}),
    Sent("/schedules/many?action=retarget", {"target": "nothing"}),
    Sent("/schedules/many?action=pause&search=S+b", {"target": "x"}),
    Sent("/schedules/many?action=cancel&state=failed", {}, "/schedules/many?action=pause"),
    Sent("/schedules/many?action=pause&target=nothing&label=x", {}, "/schedules/many?action=pause"),
    Sent("/runs/many?action=retry&target=nothing&schedule=sch_x", {}, "/runs/many?action=retry"),
    Sent("/schedules/new", {
        "name": "", "target": "nothing", "recurrence": "61 * * * *", "timezone": "Europe/Nowhere", "input": "{",
        "labels": "x", "audience": "[", "start_at": "soon", "end_at": "2026-02-30 09:00",
        "overlap": "twice", "catch_up": "some", "description": LONG * 20,
    }),
    Sent("/schedules/new", {"name": "n", "target": "ok", "recurrence": "{", "first": "1"}),
    Sent("/schedules/{s-nightly}/edit", {
        "name": LONG, "target": "", "recurrence": "", "timezone": "x", "input": "nul", "labels": "x", "overlap": "x",
        "catch_up": "x", "version": "1",
    }),
    Sent("/schedules/{s-nightly}/edit", {"name": "n", "target": "ok", "recurrence": "@daily", "version": "1"}),
    Sent("/schedules/{s-m9m}/edit", {"name": "n"}, "/schedules/{s-nightly}/edit"),
    Sent("/preview", {"recurrence": "61 * * * *", "timezone": "x"}, "/schedules/new"),
    Sent("/preview", {"recurrence": "@daily", "timezone": "Europe/Rome", "schedule": "{s-nightly}"},
        "/schedules/new"),
    Sent("/preview", {"recurrence": "@daily", "timezone": "Europe/Rome", "end_at": "1999-01-01"}, "/schedules/new"),
    Sent("/preview", {"recurrence": "30 2 29 3 *", "timezone": "Europe/Rome"}, "/schedules/new"),
    Sent("/preview", {"recurrence": "0 0 31 2 *"}, "/schedules/new"),
    Sent("/preview/window", {"recurrence": "* * * * *", "duration": "soon", "timezone": "x"}, "/settings/windows"),
    Sent("/preview/window", {"recurrence": "0 2 * * 0", "duration": "90m", "timezone": "Europe/Rome"},
        "/settings/windows"),
    Sent("/preview/window", {"recurrence": "0 2 * * 0"}, "/settings/windows"),
    Sent("/schedules/{s-nightly}/backfill", {"from": "x", "to": ""}),
    Sent("/schedules/{s-nightly}/backfill", {"from": "2026-03-04", "to": "2026-03-01"}),
    Sent("/schedules/{s-nightly}/pause", {"note": "n", "until": "2020-01-01", "catch_up": "some"}),
    Sent("/schedules/{s-nightly}/pause", {"until": "tomorrow"}),
    Sent("/schedules/{s-nightly}/resume", {"catch_up": "some"}, "/schedules/{s-nightly}/pause"),
    Sent("/schedules/{s-ended}/pause", {}, "/schedules/{s-nightly}/pause"),
    Sent("/schedules/{s-nightly}/explode", {}, "/schedules/{s-nightly}/pause"),
    Sent("/runs/{r-done}/cancel", {}, "/"),
    Sent("/runs/{r-row}/retry", {}, "/"),
    Sent("/targets/new", {"name": "", "url": "nowhere", "key": "tgt_x", "kind": "strange"}),
    Sent("/targets/new", {"name": "n", "url": "https://play.example/x", "key": "ok", "kind": "tool"}),
    Sent("/targets/new", {"name": "n", "url": "https://127.0.0.1/x\x00"}),
    Sent("/targets/{ok}/test", {"input": "{", "row": "x"}),
    Sent("/targets/{off}/test", {"input": "1"}, "/targets/{ok}/test"),
    Sent("/targets/{ok}/explode", {}, "/"),
    Sent("/audiences/directory/contacts/delete", {"id": "nobody"}, "/audiences/directory/contacts"),
    Sent("/audiences/directory/contacts/upload", {"text": ""}),
    Sent("/audiences/directory/contacts/upload", {"text": "a,a\n1,2"}),
    Sent("/audiences/directory/contacts/upload/columns", {"text": "id,id\n1,2"},
        "/audiences/directory/contacts/upload"),
    Sent("/keys/new", {
        "name": "", "principal": "x", "scopes": ["runs:read", "strange"], "expires_at": "7", "targets": ["tgt_x"],
        "labels": "x", "networks": "10.0.0.0/99",
    }),
    Sent("/keys/new", {"name": LONG, "scopes": ["x"], "expires_at": "30", "networks": "10.0.0.0/99"}),
    Sent("/keys/new", {"name": "n", "scopes": [], "expires_at": "1", "principal": "{me}", "targets": ["{ok}"]}),
    Sent("/principals/new", {"name": "", "type": "strange", "email": "x", "grants": ["tgt_x"]}),
    Sent("/principals/new", {"name": LONG, "type": "person", "email": LONG, "grants": ["{ok}", "*"]}),
    Sent("/principals/{bot}/grants", {"grants": ["tgt_x"]}),
    Sent("/principals/{bot}/grants", {"remove": "x"}),
    Sent("/principals/{me}/delete", {}, "/principals/{me}"),
    Sent("/events/webhooks/new", {
        "url": "nowhere", "name": LONG, "types": ["fire.failed", "strange"], "labels": "x", "schedules": "sch_x\n{",
    }),
    Sent("/events/webhooks/new", {"url": "http://10.0.0.1/x", "name": LONG, "types": ["strange"]}),
    Sent("/events/webhooks/{w-refuses}/edit", {"url": "", "name": "", "types": [], "version": "1"}),
    Sent("/events/webhooks/{w-refuses}/edit", {"url": "https://play.example/refuses", "version": "0"}),
    Sent("/events/webhooks/{w-takes}/rotate", {"overlap": "7"}),
    Sent("/events/webhooks/{w-takes}/replay", {"from": "yesterday"}),
    Sent("/events/webhooks/{w-takes}/replay", {"from": "2030-01-01T00:00:00Z"}),
    Sent("/events/webhooks/{w-takes}/explode", {}, "/"),
    Sent("/settings", {
        "name": "", "timezone": "x", "version": "3", "weight": "1000", "allowed_hosts": "a b", "schedules": "many",
        "targets": "-1",
    }),
    Sent("/settings", {"name": "n", "timezone": "UTC", "version": "1", "weight": "heavy"}),
    Sent("/settings", {"name": "n", "timezone": "UTC", "version": "1"}),
    Sent("/settings/pause", {"note": "n", "until": "soon", "from": "x", "catch_up": "some"}),
    Sent("/settings/pause", {"from": "2026-03-06 10:00"}),
    Sent("/settings/resume", {}, "/settings/pause"),
    Sent("/settings/windows", {"recurrence": "* * * * *", "duration": "x", "timezone": "x", "note": "n",
        "catch_up": "some"}),
    Sent("/settings/windows", {"recurrence": "{", "duration": ""}),
    Sent("/schedules/{s-slow}/windows", {"recurrence": "", "duration": "9d", "catch_up": "x"}),
    Sent("/workspaces/new", {"name": "", "slug": "A B", "timezone": "x"}),
    Sent("/workspaces/new", {"name": "n", "slug": "other", "timezone": "UTC"}),
    Sent("/workspaces/{other}", {"name": "", "timezone": "x", "weight": "0", "schedules": "x", "version": "1"}),
    Sent("/workspaces/{other}/pause", {"until": "2020-01-01", "catch_up": "x"}),
    Sent("/workspaces/{other}/windows", {"recurrence": "", "duration": ""}),
)  # fmt: skip
WRONG = (
    "/schedules?state=strange&label=x&target=nothing", "/schedules?cursor=x", "/schedules?strange=1",
    "/schedules/sch_x",
    "/schedules/{s-nightly}?month=x", "/schedules/{s-nightly}/why?at=x", "/schedules/{s-nightly}/explode",
    "/schedules/{s-nightly}/versions?before=x", "/schedules/{s-nightly}/versions?before=99&after=98",
    "/schedules/{s-nightly}/backfill?from=x&to=y", "/schedules/{s-deleted}/fire", "/schedules/{s-m9m}/edit",
    "/schedules/{s-slow}/windows/{win-own}/remove", "/schedules/many?action=strange",
    "/runs?state=strange&schedule=x&fire=y", "/runs?target=nothing", "/runs/{r-done}?attempt=0",
    "/runs/{r-done}?attempt=9",
    "/runs/many?action=pause", "/fires/{f-rows}?state=strange", "/fires/fire_x", "/actions/act_x",
    "/targets?state=x&kind=y",
    "/targets/nothing", "/targets/{borrowed}/test", "/audiences?type=strange", "/audiences?type=contacts&filter=%7B",
    "/audiences?type=contacts&filter=%7B%22x%22%3A1%7D", "/audiences/directory/strange",
    "/audiences/directory/contacts?cursor=x",
    "/keys?cursor=x", "/keys/key_x/revoke", "/principals/prn_x", "/events?type=strange&schedule=x&since=y&label=z",
    "/events/evt_x", "/events/webhooks/hook_x", "/events/webhooks/{w-all}?state=strange",
    "/audit?subject=x&principal=y&since=z",
    "/settings/resume", "/workspaces/ws_x", "/find?strange=1", "/find", "/live/fires/fire_x",
)  # fmt: skip
GOOD = (
    Sent("/schedules/{s-waiting}/edit", {"name": "n", "target": "ok", "recurrence": "@daily", "version": TOO_LONG}),
    Sent("/schedules/{s-waiting}/edit", {"name": "n", "target": "ok", "recurrence": "@daily", "version": "x"}),
    Sent("/schedules/{s-waiting}/pause", {"version": TOO_LONG}),
    Sent("/schedules/{s-waiting}/resume", {"version": "x"}),
    Sent("/events/webhooks/{w-off}/edit", {"url": "https://play.example/off", "version": TOO_LONG}),
    Sent("/events/webhooks/{w-off}/edit", {"url": "https://play.example/off"}),
    Sent("/workspaces/{other}", {"name": "Another", "timezone": "UTC", "version": TOO_LONG}),
    Sent("/workspaces/{other}", {"name": "Another", "timezone": "UTC", "version": "x"}),
    Sent("/actions/{a-running}/cancel", {}, "/actions/{a-running}"),
    Sent("/settings/pauses/{planned}/take-back", {}, "/settings"),
    Sent("/workspaces/{other}/pauses/{planned other}/take-back", {}, "/workspaces/{other}"),
    Sent("/workspaces/{other}/windows/{win-other}/remove", {}),
    Sent("/workspaces/{other}/resume", {"catch_up": "latest"}),
    Sent("/theme", {"theme": "dark", "back": "/console/runs?state=failed"}, "/"),
    Sent("/theme", {"theme": "auto", "back": "/console/"}, "/"),
    Sent("/schedules/new", {
        "name": "Made <here>", "target": "{ok}", "recurrence": "0 9 * * 1-5", "timezone": "Europe/Paris",
        "input": "[1]",
        "labels": "team:n\r\nx:y", "overlap": "allow", "catch_up": "all", "description": "d",
    }),
    Sent("/schedules/new", {"name": "First", "target": "echo", "recurrence": "@every 10m", "first": "1"}),
    Sent("/schedules/{s-missed}/edit", {"name": "Changed", "target": "{plain}", "recurrence": "@hourly",
        "version": "1", "labels": "a:b"}),
    Sent("/schedules/{s-nightly}/backfill", {"from": "2026-02-03 09:30", "to": "2026-02-03 09:30", "once": "a"}),
    Sent("/schedules/{s-nightly}/fire", {"once": "b"}),
    Sent("/schedules/{s-nightly}/pause", {"note": "By a form", "until": "2026-04-01 10:00", "catch_up": "latest"}),
    Sent("/schedules/{s-nightly}/resume", {"catch_up": "none"}),
    Sent("/schedules/{s-ended}/delete", {}),
    Sent("/schedules/{s-mixed}/windows", {"recurrence": "0 3 * * *", "duration": "1h", "note": "n",
        "catch_up": "all"}),
    Sent("/schedules/{s-slow}/windows/{win-slow}/remove", {}),
    Sent("/schedules/many?action=relabel&search=S+b", {"labels": "new:1", "removed": "team"}),
    Sent("/schedules/many?action=pause&search=S+b", {"note": "many"}),
    Sent("/runs/many?action=cancel&target=rows", {}),
    Sent("/runs/{r-slow}/cancel", {}, "/runs/{r-slow}"),
    Sent("/runs/{r-broken}/retry", {}, "/runs/{r-broken}"),
    Sent("/fires/{f-rows}/replay", {}),
    Sent("/targets/echo", {}, "/"),
    Sent("/targets/new", {"name": "New <one>", "url": "https://play.example/ok", "key": "new", "kind": "tool"}),
    Sent("/targets/{ok}/test", {"input": '{"a": 1}', "row": '{"id": 2}'}),
    Sent("/targets/{broken}/test", {"input": ""}),
    Sent("/targets/{silent}/test", {}),
    Sent("/targets/{slow}/test", {}),
    Sent("/targets/{gone}/test", {}, "/targets/{ok}/test"),
    Sent("/targets/{echo}/test", {"input": "[1]"}),
    Sent("/targets/{ok}/disable", {}, "/targets/{ok}"),
    Sent("/targets/{ok}/enable", {}, "/targets/{ok}"),
    Sent("/audiences/directory/contacts/delete", {"id": "c4"}, "/audiences/directory/contacts"),
    Sent("/audiences/directory/contacts/upload/columns",
        {"text": "Id,Name,E-Mail,Size,\nx1,Ann,a@example.com,9,8\nx2,Bob,,7"},
         "/audiences/directory/contacts/upload"),
    Sent("/audiences/directory/contacts/upload", {"text": "Id,Name\nx1,Ann"}),
    Sent("/audiences/directory/contacts/upload", {
        "text": "Id,Name\nx1,Ann\nx2,Bob", "name.0": "Id", "column.0": "id", "name.1": "Name", "column.1": "name",
    }),
    Sent("/audiences/directory/contacts/upload", {"text": "Id\nx1", "name.0": "Id", "column.0": "id"}),
    Sent("/audiences/directory/contacts/upload", {"text": "Id\n", "name.0": "Id", "column.0": "id"}),
    Sent("/audiences/directory/contacts/upload", {
        "text": "Id,Mail\n,a\nx2,b\nx3,c@example.com", "name.0": "Id", "column.0": "id", "name.1": "Mail",
        "column.1": "email",
    }),
    Sent("/audiences/directory/contacts/upload", {"text": "Id\n1\n2\n3\n4\n5\n6\n7\n8", "name.0": "Id",
        "column.0": "id"}),
    Sent("/principals/new", {"name": "New one", "type": "person", "email": "n@example.com", "grants": ["{ok}"]}),
    Sent("/principals/{bot}/grants", {"grants": ["{plain}"]}),
    Sent("/principals/{bot}/grants", {"remove": "{ok}"}),
    Sent("/keys/new", {
        "name": "New <key>", "principal": "{bot}", "scopes": ["runs:read", "schedules:read"], "expires_at": "30",
        "targets": ["{ok}"], "labels": "team:a", "networks": "10.1.0.0/16",
    }),
    Sent("/keys/new", {"name": "Own", "scopes": ["*"], "expires_at": ""}),
    Sent("/keys/{k-bot}/revoke", {}),
    Sent("/principals/{eve}/delete", {}),
    Sent("/events/webhooks/new", {
        "url": "https://play.example/new", "name": "", "types": ["fire.*"], "labels": "team:a",
        "schedules": "{s-slow}",
    }),
    Sent("/events/webhooks/{w-refuses}/edit", {"url": "https://play.example/other", "name": "Other"}),
    Sent("/events/webhooks/{w-takes}/rotate", {"overlap": "3600"}),
    Sent("/events/webhooks/{w-takes}/rotate", {"overlap": "", "algorithm": "ed25519"}),
    Sent("/events/webhooks/{w-takes}/replay", {"from": "{e-fire-failed}"}),
    Sent("/events/webhooks/{w-takes}/replay", {"from": "2026-03-05T12:00:00Z"}),
    Sent("/events/webhooks/{w-takes}/disable", {}, "/events/webhooks/{w-takes}"),
    Sent("/events/webhooks/{w-takes}/enable", {}, "/events/webhooks/{w-takes}"),
    Sent("/events/webhooks/{w-all}/delete", {}),
    Sent("/settings/windows", {"recurrence": "0 4 * * *", "duration": "30m", "timezone": "UTC"}),
    Sent("/settings/windows/{win-none}/remove", {}),
    Sent("/workspaces/new", {"name": "Third", "slug": "third", "timezone": "Asia/Tokyo"}),
    Sent("/workspaces/{other}", {"name": "Other", "timezone": "UTC", "version": "1", "schedules": "9",
        "weight": "2"}),
    Sent("/workspaces/{other}/windows", {"recurrence": "0 4 * * *", "duration": "30m"}),
    Sent("/workspaces/{other}/pause", {"note": "of the other"}),
    Sent("/workspaces/{other}/resume", {}),
    Sent("/settings", {"name": "Acme", "timezone": "Europe/Rome", "weight": "3",
        "allowed_hosts": "*", "schedules": ""}),
    Sent("/settings/pause", {"from": "2026-03-06 10:00", "until": "2026-03-06 11:00", "note": "Planned"}),
)  # fmt: skip
PLACES = (
    "/",
    "/schedules",
    "/schedules/{s-slow}",
    "/schedules/{s-missed}",
    "/settings",
    "/settings/pause",
    "/settings/windows",
)
CUT_PAGES = (
    "/schedules/{s-few}", "/principals/{duo}", "/", "/schedules", "/schedules/{s-slow}", "/schedules/{s-nightly}",
    "/schedules/{s-rows}/fire",
    "/schedules/{s-nightly}/versions", "/schedules/{s-mixed}/versions",
    "/schedules/{s-slow}/backfill?from=2026-03-01T10:00:00Z&to=2026-03-01T12:00:00Z", "/schedules/new",
    "/schedules/{s-slow}/windows", "/schedules/many?action=retarget", "/runs", "/runs?state=failed",
    "/fires/{f-rows}",
    "/fires/{f-rows}/replay", "/targets", "/targets/{ok}", "/targets/{broken}", "/keys", "/keys/new?principal={bot}",
    "/principals/{bot}", "/audit", "/events", "/events/webhooks", "/events/webhooks/{w-refuses}", "/find?q=targ",
    "/find?q=tar", "/settings", "/settings/windows", "/workspaces", "/audiences?type=contacts",
    "/audiences/directory/contacts",
)  # fmt: skip
# Forms that name what does not stand in their lists any more.
CUT_FORMS = (
    Sent("/keys/new", {"name": "K", "scopes": [], "principal": "{long person}"}),
    Sent("/keys/new", {"name": "K", "scopes": ["runs:read"], "principal": "{long person}"}),
    Sent("/schedules/many?action=retarget", {"target": "no target"}),
)
CUT = {
    "now.SHOWN": 2, "now.LANES": 1, "now.HOLDERS": 1, "now.WAITING": 3, "schedules.PAGE": 3, "schedules.FIRES": 2,
    "schedules.SHOWN": 3, "schedules.SAMPLE": 1, "schedules.NEXT_FIRES": 2, "schedules.MOST_OF_MONTH": 3,
    "runs.PAGE": 2,
    "runs.MOST_AT_ONCE": 1, "targets.PAGE": 2, "targets.SHOWN": 1, "keys.PAGE": 2, "keys.OFFERED": 2,
    "editor.OFFERED": 2,
    "editor.NEXT_FIRES": 2, "many.OFFERED": 2, "audit.PAGE": 2, "audit.NAMED": 1, "events.PAGE": 2,
    "webhooks.DELIVERIES": 2,
    "webhooks.NAMED": 1, "webhooks.PAGE": 2, "find.MOST": 2, "find.SHORTEST": 4, "workspaces.LISTED": 1,
    "workspaces.PAGE": 1,
    "audiences.SAMPLE": 1, "audiences.PAGE": 2, "backfill.SHOWN": 1, "windows.NEXT": 1, "scope_words._NAMED": 2,
    "versions.PAGE": 1, "calendar.MOST_COMING": 4,
}  # fmt: skip

CHAPTERS = (
    Chapter("A workspace in which nothing has happened", LISTS, tenant="empty"),
    Chapter(
        "Who has not signed in",
        ("/sign-in", "/sign-in?ended=1&next=/console/runs", "/", "/runs?state=failed"),
        (
            Sent("/sign-in", {"key": "hor_wrong", "next": "/console/runs"}),
            Sent("/sign-in", {"key": "", "next": "https://evil.example"}),
        ),
        tenant="nobody",
    ),
    Chapter("Thursday", THURSDAY, shared=SHARED, bounds=BOUNDS),
    Chapter("Addresses and forms with mistakes", WRONG, MISTAKES, bounds=BOUNDS),
    Chapter("Where lists are cut short", CUT_PAGES, CUT_FORMS, bounds=CUT),
    Chapter("One run goes on", ("/", "/schedules", "/runs"), before=world.one_run_goes_on, tenant="other"),
    Chapter("An empty workspace is paused", ("/", "/settings"), before=world.empty_is_paused, tenant="empty"),
    Chapter("A pause is planned", PLACES, before=world.pause_planned, bounds=BOUNDS),
    Chapter("The workspace is paused", (*PLACES, "/settings/resume"), before=world.paused, bounds=BOUNDS),
    Chapter(
        "A maintenance window holds", (*PLACES, "/settings/resume"), before=world.window_holds, bounds=BOUNDS
    ),
    Chapter(
        "A window of one schedule holds",
        (*PLACES[:4], "/schedules/{s-missed}/windows"),
        before=world.window_of_one_holds,
        bounds=BOUNDS,
    ),
    Chapter(
        "An upload in small pieces",
        (),
        (
            Sent(
                "/audiences/directory/users/upload",
                {
                    "text": "id\n" + "\n".join(["a,b"] * 12),
                    "name.0": "id",
                    "column.0": "id",
                },
            ),
        ),
        before=world.larger_uploads,
        bounds={"uploads.REFUSED": 3, "service.directory.CHUNK": 1},
    ),
    Chapter("A herd", ("/", "/settings"), before=world.a_herd),
    Chapter("Nobody runs", ("/",), before=world.nobody_runs),
    Chapter("Nobody fires", ("/",), before=world.nobody_fires),
    Chapter(
        "Forms that are accepted",
        (
            "/workspaces/{other}",
            "/workspaces/{other}/resume",
            "/workspaces/{other}/windows/{win-other}/remove",
            "/actions/{a-running}",
            "/settings",
        ),
        GOOD,
        before=world.another_is_held,
        bounds=BOUNDS,
    ),
    Chapter("All schedules are paused", ("/", "/schedules"), before=world.all_paused),
    Chapter("Signing out", (), (Sent("/sign-out", {}, "/"),), tenant="other"),
)
