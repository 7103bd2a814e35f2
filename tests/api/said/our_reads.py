"""Every GET of our own API: of each thing that has a state of its own, and with each parameter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.api.said.ours import places
from tests.api.said.refused import line_of
from tests.api.said.walk import Ask, Walk
from tests.mutations.world import Route

# The things that are shown each by itself, by how their names in the world begin.
EACH = {
    "/schedules/{id}": "s-", "/fires/{id}": "f-", "/runs/{id}": "r-", "/keys/{id}": "k-", "/webhooks/{id}": "w-",
    "/events/{id}": "e-", "/actions/{id}": "a-",
}  # fmt: skip
OTHERS = {
    "/targets/{ref}": (
        "ok", "slow", "silent", "flaky", "rows", "off", "gone", "t-long", "echo", "lent", "borrowed", "deleted",
    ),
    "/principals/{id}": ("me", "bot", "eve", "duo", "gone person"),
    "/workspaces/{id}": ("acme", "other", "empty"),
    "/schedules/{id}/preview": (
        "s-nightly", "s-mixed", "s-paused", "s-ended", "s-few", "s-cadenya", "s-rows", "s-unread",
    ),
    "/schedules/{id}/ledger": ("s-nightly", "s-slow", "s-missed", "s-paused", "s-unread"),
    "/schedules/{id}/versions": ("s-nightly", "s-slow"),
    "/schedules/{id}/fires": ("s-nightly", "s-waiting", "s-rows"),
    "/schedules/{id}/windows": ("s-slow", "s-long", "s-nightly"),
    "/webhooks/{id}/deliveries": ("w-takes", "w-refuses", "w-off"),
    "/runs/{id}/request": ("r-done", "r-flaky", "r-row", "r-echo", "r-deleted"),
    "/targets/{ref}/shares": ("lent", "ok"),
    "/principals/{id}/grants": ("bot", "eve", "me"),
    "/workspaces/{id}/pauses": ("acme", "other"),
}  # fmt: skip
LINES = {
    "/workspaces/{id}": ("/workspaces/current",),
    "/targets/{ref}": ("/targets/nothing",),
    "/schedules/{id}/explain": tuple(
        f"/schedules/{{{name}}}/explain?at={at}"
        for name, at in (
            ("s-nightly", "2026-03-02T08:30:00Z"),
            ("s-nightly", "2026-03-01T08:00:00Z"),
            ("s-missed", "2026-03-03T07:15:00Z"),
            ("s-missed", "2026-03-05T12:15:00Z"),
            ("s-paused", "2026-03-02T09:00:00Z"),
            ("s-paused until", "2026-03-02T10:30:00Z"),
            ("s-waiting", "2026-03-04T07:30:00Z"),
            ("s-ended", "2026-03-01T13:00:00Z"),
            ("s-ended", "2026-03-02T13:00:00Z"),
            ("s-deleted", "2026-03-02T09:00:00Z"),
            ("s-rows", "2026-03-05T08:00:00Z"),
            ("s-unread", "2026-03-05T08:30:00Z"),
            ("s-broken", "2026-03-06T10:20:00Z"),
            ("s-few", "2026-03-29T07:30:00Z"),
            ("s-nightly", "2028-03-01T08:30:00Z"),
        )
    ),
    "/directory/{kind}": tuple(f"/directory/{kind}" for kind in ("contacts", "users", "deals", "tasks")),
    "/schedules/{id}/versions/{number}": tuple(f"/schedules/{{s-nightly}}/versions/{n}" for n in range(4)),
}
SLOTS = (
    "2026-03-02T09:00:00Z", "2026-03-03T07:00:00Z", "2026-03-03T08:15:00Z", "2026-03-02T08:00:00Z",
    "2026-03-05T08:30:00Z", "2026-03-05T12:00:00Z", "2026-03-05T12:00:01Z", "2026-03-08T01:00:00Z",
    "2026-02-27T08:30:00Z", "2027-05-01T07:30:00Z", "2026-03-05T13:15:00Z",
)  # fmt: skip
# What parameters are tried with, where their descriptions do not list what they may be.
VALUES = {
    "created_by": ("{me}", "{bot}"), "dialect": ("m9m", "native", "autessa,native"), "target": ("ok", "{rows}"),
    "key": ("nightly-key", "echo"), "key_prefix": ("night",), "search": ("S m", "NOTHING"),
    "label": ("team:a:b", "team:a:b&label=x:1", "team:b"), "next_fire_before": ("2026-03-05T14:00:00Z",),
    "schedule": ("{s-slow}", "{s-rows}"), "schedule_key": ("nightly-key",), "fire": ("{f-rows}",),
    "row_key": ("c1",), "from": ("2026-03-05T08:00:00Z", "2026-03-04T08:00:00Z&to=2026-03-04T10:00:00Z"),
    "to": ("2026-03-02T09:00:00Z",), "at": SLOTS, "count": ("3",), "attempt": ("1", "2", "9"),
    "since": ("2026-03-05T12:40:00Z", "2026-03-05T11:00:00Z&until=2026-03-05T12:00:00Z"),
    "until": ("2026-03-01T13:00:00Z",), "type": ("fire.failed", "schedule.*"),
    "subject": ("{s-nightly}", "{ok}", "audience:crm"), "principal": ("{me}",),
    "action": ("schedule.updated", "schedule.*", "key.*"),
    "request": ("x",), "workspace": ("{acme}",),
}  # fmt: skip
AFTER = {
    "/schedules/{id}/preview": ("2026-03-28T00:00:00Z",),
    "/events": ("{e-fire-failed}",),
    "/tables/{database}/{table}/rows": ("1",),
}
# Of these lists, a query tells its first items, and how many there are.
LONG = ("/runs", "/fires", "/ledger", "/events", "/audit", "/schedules/{id}/fires")
# A list is read in up to so many pages.
MOST_PAGES = 20
# Answers that go on and on, or tell figures of the machine.
ELSEWHERE = {"GET /metrics", "GET /audit/export", "GET /workspaces/{id}/export"}


async def read(walk: Walk) -> None:
    for route in walk.routes:
        if route.method != "GET" or route.name in ELSEWHERE or "/by-key/" in route.path:
            continue
        walk.title(route.name)
        for line in dict.fromkeys(_plain(walk, route)):
            await walk.tell(Ask(line))
        for parameter in walk.described["paths"][route.path]["get"].get("parameters", ()):
            if parameter["in"] == "query":
                await _with(walk, route, parameter)
    await by_key(walk)
    for line in (
        "GET /workspaces/{acme}/export",
        "GET /audit/export",
        "GET /audit/export?proof=true&since=2026-03-05T12:40:00Z",
    ):
        walk.title(line)
        await walk.tell(Ask(line))
    walk.title("what is not there")
    for line in (
        "GET /nowhere",
        "POST /",
        "PUT /schedules",
        "GET /schedules/",
        "HEAD /schedules/{s-nightly}",
        "OPTIONS /schedules",
    ):
        await walk.tell(Ask(line))


def _plain(walk: Walk, route: Route) -> Iterator[str]:
    place = f"{{{route.places[0]}}}" if route.places else ""
    if route.path in EACH or route.path in OTHERS:
        names = [name for name in walk.world.there if name.startswith(EACH.get(route.path, "\n"))]
        for name in (*names, *OTHERS.get(route.path, ())):
            yield f"GET {route.path.replace(place, f'{{{name}}}')}"
    else:
        yield line_of(route, places(route))
    yield from (f"GET {line}" for line in LINES.get(route.path, ()))


async def _with(walk: Walk, route: Route, parameter: Any) -> None:
    """A query with one parameter; of a page, the next one too."""
    name, schema, line = parameter["name"], parameter["schema"], line_of(route, places(route))
    if name == "limit":
        reply = await walk.tell(Ask(f"{line}?limit=2"))
        cursor = reply.json().get("next_cursor")
        if cursor is not None:
            await walk.tell(Ask(f"{line}?limit=2&cursor={cursor}"))
        if cursor is not None and "next_cursor" in reply.json():
            walk.lines.append(await _in_small_pages(walk, route, line))
        return
    if "enum" in schema:
        values = tuple(schema["enum"])
    elif schema.get("type") == "boolean":
        values = ("true", "false")
    elif name == "after":
        values = AFTER[route.path]
    else:
        values = VALUES.get(name, ())
    few = "&limit=4&total=true" if route.path in LONG and name != "total" else ""
    for value in values:
        await walk.tell(Ask(f"{line}?{name}={value}{few or ('&limit=1' if name == 'total' else '')}"))


async def _in_small_pages(walk: Walk, route: Route, line: str) -> str:
    """Whether a list that is read in many pages is the same as in one, and each page tells the same total."""
    whole = (await walk.send(Ask(f"{line}?limit=1000"))).json()
    (member,) = whole.keys() & {"items", "targets"}
    every, found, totals, cursor, pages = whole[member], list[Any](), set[str](), "", 0
    total = "&total=true" if "total" in route.query else ""
    size = -(-len(every) // MOST_PAGES)
    while cursor is not None:
        page = (await walk.send(Ask(f"{line}?limit={size}{total}{cursor and '&cursor='}{cursor}"))).json()
        found += page[member]
        pages += 1
        totals.add(str(page.get("total", "none")))
        cursor = page["next_cursor"]
    same = "the same" if found == every and len(every) > 1 else f"{len(found)} and not the same"
    told = f", and on each the total {' or '.join(sorted(totals))}" if total else ""
    return f"In {pages} pages of {size} there are {same} {len(every)} as in one{told}"


async def by_key(walk: Walk) -> None:
    """What is named by its key is told as by its id."""
    walk.title("by key, where the answer is another one than by id")
    for route in walk.routes:
        if route.method != "GET" or "/by-key/" not in route.path:
            continue
        key, name = ("nightly-key", "s-nightly") if "/schedules/" in route.path else ("ok", "ok")
        line = line_of(route, places(route) | {"key": key})
        one = await walk.send(Ask(line))
        other = await walk.send(Ask(line.replace(f"by-key/{key}", f"{{{name}}}")))
        if (one.status, one.body) != (other.status, other.body):
            await walk.tell(Ask(line))
