"""What our own API is told to do, in every state in which something may be: and how that is answered and shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from horarium.domain.execution import Call, Outcome
from horarium.domain.ids import prefixed
from horarium.executors.http import HttpExecutor
from tests.api.said import our_schedules, our_things, ours
from tests.api.said.our_schedules import Story
from tests.api.said.walk import NDJSON, Ask, Walk
from tests.console.world import _tell


async def write(walk: Walk) -> None:
    """All stories, one after the other."""
    world, bodies = walk.world, ours.bodies(walk.world)
    for title, story in (
        ("schedules that are made", our_schedules.made_schedules(bodies)),
        ("schedules that are changed", our_schedules.schedules(bodies)),
        ("what is done to schedules", our_schedules.states()),
        ("runs", our_schedules.runs()),
    ):
        await told(walk, title, story)
    for number, calls in enumerate((our_schedules.callbacks, our_schedules.failing)):
        name = "r-called" if number == 0 else "r-called 2"
        await told(walk, f"callbacks {number + 1}", calls(await _called(walk, name)))
    for title, make in (
        ("actions on many", our_schedules.actions),
        ("webhooks", our_things.webhooks),
        ("targets that are made", our_things.made_targets),
        ("targets", our_things.targets),
        ("audiences", our_things.sources),
        ("workspaces", our_things.tenancy),
    ):
        await told(walk, title, make(bodies))
    for name, given in (
        ("few", {"targets": ["rows"]}),
        ("labelled", {"labels": {"team": "a:b"}}),
        ("elsewhere", {"networks": ["10.0.0.0/8"]}),
    ):
        scopes = ["schedules:read", "schedules:write", "schedules:delete", "runs:write", "targets:write"]
        made = await world.make(
            name, "/keys", {"name": name, "scopes": scopes[:4] if name == "labelled" else scopes} | given
        )
        await told(
            walk, f"with a key that is restricted: {given}", our_things.restricted(), made["key"], name
        )
    await world.ask("POST", "/schedules/{s-mixed}/pause")
    given = {"principal": world.there["bot"], "scopes": ["schedules:read", "schedules:write"]}
    made = await world.make("of bot", "/keys", {"name": "of bot"} | given)
    await told(walk, "without a grant", our_things.without_a_grant(), made["key"], "of bot")
    key = world.tenants["empty"].key
    await told(walk, "in an empty workspace", our_things.in_an_empty_workspace(), key, "of empty")
    await _what_is_left(walk)


async def told(walk: Walk, title: str, story: Story, key: str = "", called: str = "") -> None:
    """Tell the requests of a story; what is made gets its name. `key` is what they carry, by a name."""
    walk.step(title)
    for line, *rest in story:
        body, headers, name = (*rest, None, None, None)[:3]
        ask = Ask(line, walk.filled(body), headers, key, called=called)
        if line.startswith("POST /schedules/bulk") or line.startswith("PUT /directory"):
            ask = Ask(line, headers=headers, raw=walk.lines_of(ask.body), media=NDJSON)
        reply = await walk.tell(ask)
        if name is not None and reply.status < 300:
            walk.calls(name, reply.json()["id"])


async def _called(walk: Walk, name: str) -> str:
    """A run under way that a target may finish later, remembered by a name; the token that the target was given."""
    world = walk.world
    body = {
        "name": name,
        "recurrence": "0 9 * * *",
        "target": "slow",
        "policies": {"overlap": "allow", "retry": {"max_attempts": 1}},
    }
    await world.make(f"s-{name}", "/schedules", body)
    await world.make(f"f-{name}", f"/schedules/{world.there[f's-{name}']}/fire-now")
    with _tokens() as tokens:
        await world.house.work()
    await world.run_of(name, f"s-{name}")
    for each in (name, f"s-{name}", f"f-{name}"):
        walk.calls(each, world.there[each])
    return tokens[world.there[name]]


@contextmanager
def _tokens() -> Iterator[dict[str, str]]:
    """While this holds, the tokens that targets are given, by run."""
    tokens: dict[str, str] = {}
    execute = HttpExecutor.execute

    async def noting(_: HttpExecutor, call: Call) -> Outcome:
        tokens[prefixed("run", call.run_id)] = call.callback_token or ""
        return await execute(call)  # type: ignore[call-arg,arg-type]

    with patch.object(HttpExecutor, "execute", noting):
        yield tokens


async def _what_is_left(walk: Walk) -> None:
    """What the server has counted, recorded and told of all this."""
    world = walk.world
    await world.house.move("2026-03-05T13:00:00Z")
    await _tell(world)
    key = world.tenants["empty"].key
    await told(walk, "what has become of that", our_things.shown_of_it(), key, "of empty")
    await world.house.services.audit.link()
    await told(
        walk,
        "what follows",
        [
            ("GET /schedules?sort=last_fire&limit=12",),
            ("GET /runs?limit=20",),
            ("GET /workspaces/{acme}",),
            ("GET /me",),
        ],
    )
    for title, path, by in (("what was recorded", "/audit", "action"), ("what was told", "/events", "type")):
        walk.title(f"{title}, the latest of each kind")
        walk.lines += walk.teller.stream(await _every(walk, path), by)
    walk.title("what was counted")
    for line in ("GET /metrics", "GET /metrics?workspace=*"):
        reply = await walk.send(Ask(line))
        walk.lines += [
            f"# {line}",
            *(walk.names.plain(each) for each in reply.body.decode().splitlines() if steady(each)),
        ]


async def _every(walk: Walk, path: str) -> list[Any]:
    """All items of a list."""
    items, cursor = list[Any](), ""
    for _ in range(20):
        page = (await walk.send(Ask(f"GET {path}?limit=100{cursor}"))).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError(f"{path} has more pages than were thought of")


def steady(line: str) -> bool:
    """Whether a line of the metrics is the same however fast and whatever the machine is."""
    name = line.removeprefix("# HELP ").removeprefix("# TYPE ").split(" ")[0].partition("{")[0]
    changing = ("process_", "python_", "horarium_build", "horarium_event_loop", "horarium_store_")
    if line.startswith("# TYPE") or name.startswith(changing):
        return False
    return line[0] == "#" or not name.endswith(("_bucket", "_sum", "_created"))
