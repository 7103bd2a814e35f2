"""A workspace in which a little of everything has happened, the same at each run: what `pages_said` walks through.

Nothing is left to chance: what is random comes from a seed, the clock is set by hand, and targets and webhooks answer
as the paths of their addresses say. Nothing is asked over a network but one audience, at a port where nobody listens.
"""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from horarium.domain import ids
from horarium.domain.execution import Call, Message, Outcome, Verdict
from horarium.domain.ids import from_prefixed, prefixed
from horarium.domain.lane_report import LaneReport
from horarium.domain.waiting import WaitCause
from horarium.domain.webhooks import Answer, Parcel
from horarium.events.deliverer import Deliverer
from horarium.executors.event_post import SignedEventPost
from horarium.executors.http import HttpExecutor
from horarium.store.verbs import lanes, nodes
from tests.api.asking import ask
from tests.api.dialects.speakers import SPEAKERS
from tests.api.test_events import deliver, publish
from tests.support.house import House, Tenant, instant

# A Sunday in winter. What happens takes until the Thursday after; on 29 March the clocks of Europe go forward.
BEGINS = "2026-03-01T12:00:00Z"
LONG_S = 3_600.0
PLAYED = "https://play.example"
TEXT = "two\n  lines: 'a' & \"b\" <c>"


@contextmanager
def without_chance() -> Iterator[random.Random]:
    """While this holds, ids and secrets are the same at each run, and no search is cut short on a slow machine."""
    dice = random.Random(7)
    with (
        patch("os.urandom", dice.randbytes),
        patch("random._urandom", dice.randbytes),
        patch("horarium.domain.ids._own_bits", 7),
        patch("horarium.domain.ids._latest", [0, 0]),
        patch("horarium.domain.ids._numbers", iter(range(10**9))),
        patch("horarium.service.searches.LOOK_S", LONG_S),
        patch("horarium.service.totals.COUNT_S", LONG_S),
        patch("horarium.service.events.COUNT_S", LONG_S),
        patch("horarium.service.erasures.AT_ONCE_S", LONG_S),
        patch("horarium.console.many.COUNT_S", LONG_S),
    ):
        ids._random_pieces.clear()
        yield dice
    ids._random_pieces.clear()
    ids._random_pieces.extend(os.urandom(ids._RANDOM_BYTES) for _ in range(2))


@dataclass
class World:
    """`there` has the ids of things by the names that this file gives them, `tenants` the workspaces. `dice` is where
    what is random comes from."""

    house: House
    dice: random.Random
    there: dict[str, str] = field(default_factory=dict)
    tenants: dict[str, Tenant] = field(default_factory=dict)

    async def make(self, name: str, path: str, body: Any = None, status: int = 201, **options: Any) -> Any:
        """POST something that is made, and remember its id under a name."""
        self.steady(name)
        self.house.clock.now += 1
        made = await ask(self.house, "POST", path, body, status, **options)
        self.there[name] = made["id"]
        return made

    def steady(self, what: str) -> None:
        """Make what is random from here on depend on this text alone, and not on what has happened before."""
        self.dice.seed(what)
        ids._random_pieces.clear()

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """A request to the API; `{name}` in a path stands for the id of a thing."""
        return await ask(self.house, method, path.format(**self.there), body, status, **options)

    async def run_of(self, name: str, schedule: str, number: int = 0, **fields: str) -> None:
        """Remember a run of a schedule under a name: the latest is number 0, of those whose fields are so."""
        found = (await self.ask("GET", f"/runs?schedule={{{schedule}}}"))["items"]
        chosen = [each for each in found if all(each[key] == value for key, value in fields.items())]
        assert len(chosen) > number, (name, [each["state"] for each in found])
        self.there[name] = chosen[number]["id"]

    async def fire_of(self, name: str, schedule: str, number: int = 0) -> None:
        self.there[name] = (await self.ask("GET", f"/schedules/{{{schedule}}}/fires"))["items"][number]["id"]


@asynccontextmanager
async def furnished(**settings: Any) -> AsyncIterator[World]:
    """The world, on Thursday, 40 minutes after noon. `settings` are those of the house."""
    with without_chance() as dice:
        async with House.open(BEGINS, **settings) as house:
            world = World(house, dice)
            # What runs wait for is measured by the same clock as all else.
            house.worker._lanes._time = lambda: house.clock.now / 1000
            clock = SimpleNamespace(perf_counter=lambda: house.clock.now / 1000)
            with (
                patch.object(HttpExecutor, "execute", _Played(house).execute),
                patch("horarium.service.tried_calls.time", clock),
            ):
                for step in (
                    _workspace,
                    _people,
                    _targets,
                    _audiences,
                    _schedules,
                    _webhooks,
                    _days,
                    _by_hand,
                    _keys,
                    _actions,
                    _now,
                ):
                    await step(world)
                yield world


class _Played:
    """What targets answer, by the last part of the path of their address."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def execute(self, call: Call) -> Outcome:
        word = str(call.config["url"]).rpartition("/")[2]
        if call.exchange is not None:
            call.exchange.request = Message(
                "POST " + call.config["url"], (("X-Try", "1"), ("X-More", "2")), '{"in":1}'
            )
            call.exchange.answer = (
                Message("200 OK", (("Content-Type", "text/plain"),), "") if word != "silent" else None
            )
        self._house.clock.now += {"slow": 1_250, "flaky": 300_000, "rows": 61_000}.get(word, 412)
        failed = Outcome(
            Verdict.FAILED, error=f"the target answered 500: no <{word}> & more", status=500, retryable=False
        )
        if word == "ok":
            return Outcome(Verdict.SUCCEEDED, output={"sent": 3, "to": "<all>"}, status=200)
        if word == "long":
            return Outcome(Verdict.FAILED, error="e" * 5_000, retryable=False)
        if word == "twice":
            again = call.attempt < 2
            return (
                Outcome(Verdict.FAILED, error="not yet", status=429)
                if again
                else Outcome(Verdict.SUCCEEDED, output="o" * 30_000)
            )
        if word == "plain":
            return Outcome(Verdict.SUCCEEDED)
        if word == "slow":
            return Outcome(Verdict.ACCEPTED, status=202)
        if word == "flaky":
            if call.attempt < 3:
                return Outcome(
                    Verdict.FAILED, error=f"the target answered 503 at attempt {call.attempt}", status=503
                )
            return Outcome(Verdict.SUCCEEDED, output="at last", status=201)
        if word == "silent":
            return Outcome(Verdict.FAILED, error="no answer within 10 s", waited_ms=1_500)
        if word == "gone":
            return Outcome(
                Verdict.FAILED, error="the target answered 410", status=410, retryable=False, gone=True
            )
        if word == "rows":
            return (
                failed
                if call.row_key in ("c1", "c3")
                else Outcome(Verdict.SUCCEEDED, output=call.row, status=200)
            )
        return failed


async def _workspace(world: World) -> None:
    quotas = {"schedules": 40, "targets": 26, "bulk_lines": 7, "fires_per_hour": 1000}
    settings = {
        "name": "Acme & <Sons>",
        "settings": {"timezone": "Europe/Paris"},
        "quotas": quotas,
        "weight": 2.5,
    }
    await world.ask(
        "PATCH", "/workspaces/current", {**settings, "allowed_hosts": ["play.example", "*.b.example", "*"]}
    )
    world.there["acme"] = prefixed("ws", world.house.first.workspace_id)
    world.tenants["first"] = world.house.first
    for name in ("other", "empty"):
        world.tenants[name] = await world.house.workspace(name)
        world.there[name] = prefixed("ws", world.tenants[name].workspace_id)
    world.there["me"] = (await world.ask("GET", "/me"))["principal"]["id"]


async def _people(world: World) -> None:
    await world.make("bot", "/principals", {"name": "Bot <1>", "type": "service"})
    await world.make(
        "eve", "/principals", {"name": "Eve", "type": "person", "email": "eve@example.com", "grants": ["*"]}
    )
    await world.make("duo", "/principals", {"name": "Duo", "type": "service"})
    await world.make(
        "long person",
        "/principals",
        {"name": "p" * 200, "type": "person", "email": f"{'m' * 60}@example.com"},
    )
    await world.make("gone person", "/principals", {"name": "Gone", "type": "person"})


async def _targets(world: World) -> None:
    async def http(name: str, **given: Any) -> None:
        executor = {"type": "http", "url": f"{PLAYED}/{name}"}
        body = {"kind": "workflow", "name": f"Target {name}", "key": name, "executor": executor}
        await world.make(name, "/targets", body | given)

    await http("ok", description=TEXT, max_concurrency=3, rate_per_second=5, timeout="12s")
    await http("plain", kind="automation", timeout="1s")
    await http("slow", completion="callback", timeout="60s")
    await http("flaky", kind="agent")
    await http("silent", kind="tool")
    await http("broken", kind="function")
    await http("rows")
    await http("deleted")
    await http("off")
    await http("gone", kind="automation")
    await http("twice")
    await http("long", description="x" * 5_000)
    world.there["t-long"] = world.there.pop("long")
    await world.ask("PATCH", "/targets/{t-long}", {"name": "t" * 200})
    await ask(world.house, "POST", f"/targets/{world.there['off']}/disable")
    await world.make(
        "echo", "/targets", {"kind": "function", "name": "Echo", "key": "echo", "executor": {"type": "echo"}}
    )
    await world.make(
        "lent", "/targets", {"kind": "tool", "name": "Lent", "key": "lent", "executor": {"type": "echo"}}
    )
    await world.ask("PUT", "/targets/by-key/lent/shares/{other}", None, 201)
    other = _as(world.tenants["other"])
    lent = {"kind": "tool", "name": "From the other", "key": "borrowed", "executor": {"type": "echo"}}
    await world.make("theirs", "/targets", lent, **other)
    shared = await world.ask("PUT", "/targets/by-key/borrowed/shares/{acme}", None, 201, **other)
    world.there["borrowed"] = shared["target"]


def _as(tenant: Tenant) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {tenant.key}"}}


async def _audiences(world: World) -> None:
    people = [
        {
            "id": f"c{number}",
            "name": f"Name {number}",
            "type": "lead",
            "custom_fields": {f"f{n}": n for n in range(number)},
        }
        for number in range(5)
    ]
    people += [
        {
            "id": f"o{count}",
            "name": "o" * 300,
            "type": "other",
            "custom_fields": {f"f{n}": "v" * 400 for n in range(count)},
        }
        for count in (8, 9)
    ]
    await world.ask("PUT", "/directory/contacts", people)
    await world.ask("PUT", "/directory/users", [{"id": "u1", "full_name": "Ada", "role": "owner"}])
    await world.ask("PUT", "/audiences/crm", {"type": "http", "config": {"url": "https://127.0.0.1:9/x"}})


async def _schedules(world: World) -> None:
    async def make(called: str, **given: Any) -> None:
        body = {"name": f"S {called}", "timezone": "UTC", "recurrence": "0 9 * * *", "target": "ok"}
        await world.make(f"s-{called}", "/schedules", body | given)

    await make(
        "nightly",
        key="nightly-key",
        timezone="Europe/Paris",
        start_at="2026-02-01T00:00:00Z",
        end_at="2027-04-01T00:00:00Z",
        description=TEXT,
        labels={"team": "a:b", "x": "1", "y": "2", "z": "<3>"},
        input={"text": TEXT, "list": [None, True, -0.5]},
        policies={
            "overlap": "buffer_all", "catch_up": "none", "jitter": 90, "grace": "90s", "max_fires": 1200,
            "pause_after_failures": 3, "retry": {"max_attempts": 4, "initial": "10s"}, "lateness_objective": "1s",
        },
    )  # fmt: skip
    own = {"calendars": [{"hour": [9], "day_of_week": [1]}], "intervals": [{"every": 21600}]}
    await make("mixed", recurrence=own, target="plain", timezone="America/New_York")
    await make("paused", labels={"team": "b"})
    await make("paused until", recurrence="@every 90m")
    await make("ended", recurrence="0 13 * * *", policies={"max_fires": 1})
    await make("deleted")
    await make(
        "rows",
        recurrence="0 8 * * *",
        target="rows",
        audience={"type": "contacts", "filter": {"contact_type": "lead"}},
    )
    await make("unread", recurrence="30 8 * * *", audience={"type": "crm"})
    await make(
        "slow", recurrence="0 * * * *", target="slow", policies={"overlap": "skip"}, labels={"team": "a:b"}
    )
    await make("waiting", recurrence="30 7 * * *", target="slow", policies={"overlap": "buffer_all"})
    await make("flaky", recurrence="10 11 * * *", target="flaky", policies={"retry": {"max_attempts": 5}})
    await make("silent", recurrence="50 11 * * *", target="silent", policies={"retry": {"max_attempts": 9}})
    await make("broken", recurrence="20 10 * * *", target="broken", policies={"pause_after_failures": 4})
    await make("missed", recurrence="15 * * * *", policies={"catch_up": "latest", "grace": "60s"})
    await make("of a deleted target", recurrence="5 6 * * *", target="deleted")
    await make("of a gone target", recurrence="40 6 * * *", target="gone")
    await make("few", recurrence="30 9 29-31 3 *", timezone="Europe/Paris")
    await make("once", recurrence="55 9 5 3 *", target="broken")
    await make("twice", recurrence="55 10 5 3 *", target="twice")
    await make("echo", recurrence="45 7 5 3 *", target="echo", input={"a": [1]})
    long = {
        "name": "s" * 200,
        "description": "d" * 5_000,
        "labels": {"l" * 60: "v" * 60},
        "input": "i" * 30_000,
    }
    await make(
        "long", recurrence="45 8 5 3 *", target="long", policies={"retry": {"max_attempts": 1}}, **long
    )
    for number, speaker in enumerate(SPEAKERS):
        kind = SimpleNamespace(url=lambda path: f"{PLAYED}/plain")
        one = await speaker.open(world.house, world.house.first, kind)  # type: ignore[arg-type]
        await one.create()
        world.house.clock.now += 1_000 * number
        world.there[f"s-{speaker.dialect}"] = one.core_id(one.schedule)


async def _webhooks(world: World) -> None:
    async def make(called: str, **given: Any) -> None:
        await world.make(
            f"w-{called}", "/webhooks", {"name": f"Hook {called}", "url": f"{PLAYED}/{called}"} | given
        )

    await make("takes", types=["fire.failed", "schedule.*"])
    await make("refuses", labels={"team": "a:b"}, schedules=[world.there["s-slow"], world.there["s-nightly"]])
    await make("all")
    await make("long", name="h" * 200, labels={"l" * 60: "v" * 60})
    await world.ask("PATCH", "/webhooks/{w-long}", {"url": f"{PLAYED}/{'u' * 500}"})
    await make("off", types=["fire.*"], schedules=[world.there["s-rows"]])
    await world.ask("PATCH", "/webhooks/{w-off}", {"enabled": False})


class _PlayedPost(SignedEventPost):
    """Sends nothing: webhooks answer as their addresses say."""

    def __init__(self) -> None:
        pass

    async def send(self, parcel: Parcel) -> Answer:
        if parcel.url.endswith("/refuses"):
            return Answer(503, "the receiver answered 503")
        return Answer(204)


async def _tell(world: World) -> None:
    """Make events of what has happened, and send them."""
    house = world.house
    await publish(house)
    await deliver(house, Deliverer(house.store, house.clock, house.node, house.services.vault, _PlayedPost()))


async def _days(world: World) -> None:
    """What happens from Sunday to Thursday."""
    house = world.house
    await world.ask("POST", "/schedules/{s-paused}/pause", {"note": "The <CRM> moves"})
    until = {"until": "2026-04-01T10:00:00Z", "catch_up": "latest"}
    await world.ask("POST", "/schedules/{s-paused until}/pause", until)
    await house.move("2026-03-01T13:00:00Z")
    await world.ask("DELETE", "/schedules/{s-deleted}", None, 204)
    await world.ask(
        "PATCH", "/schedules/{s-nightly}", {"recurrence": "30 9 * * *", "policies": {"catch_up": "latest"}}
    )
    await world.ask("PATCH", "/schedules/{s-nightly}", {"description": "Another", "target": "plain"})
    window = {"recurrence": "0 2 * * 0", "duration": "2h", "note": "Restart <all>", "catch_up": "latest"}
    await world.make("win-own", "/workspaces/current/windows", window)
    await world.make(
        "win-none", "/workspaces/current/windows", {"recurrence": "0 3 1 * *", "duration": "90m"}
    )
    of_one = {
        "recurrence": "0 8 2 3 *",
        "duration": "2h",
        "catch_up": "all",
        "end_at": "2026-03-04T00:00:00Z",
    }
    await world.make(
        "win-long", "/schedules/{s-long}/windows".format(**world.there), window | {"note": "w" * 3_000}
    )
    await world.make("win-slow", "/schedules/{s-slow}/windows".format(**world.there), of_one)
    for day in (2, 3, 4, 5):
        for hour in range(5, 12):
            if day == 3 and hour in (6, 7, 8, 9):
                continue  # nobody is there
            for minute in (0, 20, 35, 55):
                await house.move(f"2026-03-0{day}T{hour:02}:{minute:02}:00Z")
            await _tell(world)
        if day == 3:
            await world.ask("DELETE", "/schedules/{s-of a deleted target}", None, 204)
            await world.ask("DELETE", "/targets/{deleted}", None, 204)
    house.clock.now += 60_000


async def _by_hand(world: World) -> None:
    """What people do on Thursday: fires by hand, a backfill, runs that are cancelled and repeated, keys."""
    house = world.house
    await world.make("fire by hand", "/schedules/{s-nightly}/fire-now".format(**world.there))
    await house.work()
    house.clock.now += 1_000
    past = {"from": "2026-02-27T00:00:00Z", "to": "2026-02-28T12:00:00Z"}
    await world.ask("POST", "/schedules/{s-flaky}/backfill", past, 201)
    await house.work()
    broken = from_prefixed("tgt", world.there["broken"])
    assert broken is not None
    alone = await house.services.runs.start(await house.who(), broken, {"by": "hand"})
    world.there["r-alone"] = prefixed("run", alone.id)
    await house.work()
    await world.make("fire of rows", "/schedules/{s-rows}/fire-now".format(**world.there))
    await house.resolve()
    for name, schedule, number in (
        ("r-done", "s-nightly", 0), ("r-plain", "s-mixed", 0), ("r-slow", "s-slow", 0), ("r-flaky", "s-flaky", 0),
        ("r-flaky done", "s-flaky", 3), ("r-silent", "s-silent", 0), ("r-silent failed", "s-silent", 1),
        ("r-jitter", "s-nightly", 2), ("r-twice", "s-twice", 0), ("r-echo", "s-echo", 0), ("r-long", "s-long", 0),
        ("r-broken", "s-broken", 0), ("r-broken again", "s-broken", 1), ("r-missed", "s-missed", 20),
    ):  # fmt: skip
        await world.run_of(name, schedule, number)
    await world.run_of("r-row", "s-rows", 0, state="pending")
    await world.run_of("r-row cancelled", "s-rows", 1, state="pending")
    await world.run_of("r-row failed", "s-rows", 0, state="failed")
    await world.run_of("r-deleted", "s-of a deleted target")
    await world.ask("POST", "/runs/{r-row cancelled}/cancel")
    await world.make("r-repeated", "/runs/{r-broken again}/retry".format(**world.there))
    for name, schedule, number in (
        ("f-nightly", "s-nightly", 1), ("f-rows", "s-rows", 1), ("f-unread", "s-unread", 0), ("f-slow", "s-slow", 0),
        ("f-waiting", "s-waiting", 0), ("f-missed", "s-missed", 20), ("f-flaky", "s-flaky", 0),
        ("f-deleted", "s-of a deleted target", 0),
    ):  # fmt: skip
        await world.fire_of(name, schedule, number)


async def _keys(world: World) -> None:
    await world.ask(
        "POST",
        "/principals/{bot}/grants",
        {"targets": [world.there[name] for name in ("ok", "rows", "slow")]},
    )
    two = {"targets": [world.there["ok"], world.there["plain"]]}
    await world.ask("POST", "/principals/{duo}/grants", two)
    of_bot = {"principal": world.there["bot"]}
    await world.make(
        "k-bot", "/keys", {"name": "Of <Bot>", "scopes": ["schedules:read", "schedules:write"], **of_bot}
    )
    ends = {"name": "Ends", "scopes": ["runs:read"], "expires_at": "2026-03-05T13:30:00Z"}
    await world.make("k-ends", "/keys", ends)
    every = {
        "scopes": ["*"],
        "networks": [f"10.{n}.0.0/16" for n in range(60)],
        "principal": world.there["long person"],
    }
    await world.make("k-long", "/keys", {"name": "k" * 200} | every)
    await world.make("k-ended", "/keys", ends | {"name": "Ended", "expires_at": "2026-03-05T12:40:00Z"})
    await world.make("k-revoked", "/keys", {"name": "Revoked", "scopes": ["*"]})
    await world.ask("DELETE", "/keys/{k-revoked}", None, 200)
    await world.make(
        "k-gone",
        "/keys",
        {"name": "Of nobody", "scopes": ["runs:read"], "principal": world.there["gone person"]},
    )
    restricted = {
        "targets": [world.there[name] for name in ("ok", "plain", "rows")],
        "labels": {"team": "a:b"},
        "networks": ["10.1.0.0/16"],
    }
    every = ["schedules:delete", "targets:read", "targets:write", "runs:write", "audit:read", "events:write"]
    await world.make("k-tied", "/keys", {"name": "Tied", "scopes": every} | restricted)
    await world.make("k-two", "/keys", {"name": "Two", "scopes": ["runs:read"]} | two)
    await world.ask("DELETE", "/principals/{gone person}", None, 204)


async def _actions(world: World) -> None:
    async def take(name: str, of: str, action: str, **given: Any) -> None:
        world.house.clock.now += 10
        await world.make(name, f"/{of}/actions", {"action": action} | given, 200)

    await take("a-pause", "schedules", "pause", filter={"labels": {"team": "b"}}, note="<moved>")
    await take(
        "a-relabel", "schedules", "relabel", filter={"search": "S mixed"}, labels={"new": "1", "x": None}
    )
    await take("a-refused", "schedules", "pause", filter={"state": "completed"})
    await take("a-retry", "runs", "retry", filter={"state": "failed", "schedule": world.there["s-unread"]})


async def _now(world: World) -> None:
    house = world.house
    house.clock.now = instant("2026-03-05T12:40:00Z")
    report = LaneReport(
        2, 1, 1, 7, house.clock.now - 90_000, 412, 2_500, WaitCause.CIRCUIT, house.clock.now - 61_000
    )
    silent = from_prefixed("tgt", world.there["silent"])
    assert silent is not None
    await house.store.urgent(lanes.report_lanes, house.node, house.clock.now, {silent: report})
    await _tell(world)
    # So much is used of them that they are nearly reached, and just not.
    await world.ask("PATCH", "/workspaces/current", {"quotas": {"fires_per_hour": 25, "schedules": 30}})
    await house.services.audit.link()
    await _name_events(world)


async def _name_events(world: World) -> None:
    """Remember an event of each type: the latest."""
    cursor = ""
    while cursor is not None:
        found = await world.ask("GET", f"/events?limit=100{cursor}")
        for each in found["items"]:
            world.there.setdefault(f"e-{each['type'].replace('.', '-')}", each["id"])
        cursor = None if found["next_cursor"] is None else f"&cursor={found['next_cursor']}"


async def another_is_held(world: World) -> None:
    """The other workspace is paused, has planned a pause, and has a window."""
    other = _as(world.tenants["other"])
    window = {"recurrence": "0 4 * * *", "duration": "30m"}
    await world.make("win-other", "/workspaces/current/windows", window, **other)
    await world.ask("POST", "/workspaces/current/pause", {"note": "Of the other"}, **other)
    planned = {"from": "2026-03-07T10:00:00Z", "until": "2026-03-07T11:00:00Z"}
    await world.ask("POST", "/workspaces/current/pause", planned, **other)
    for name, options in (("planned", {}), ("planned other", other)):
        if not options:
            await world.ask("POST", "/workspaces/current/pause", planned | {"note": "Later"})
        pauses = (await world.ask("GET", "/workspaces/current/pauses", **options))["items"]
        (world.there[name],) = [each["id"] for each in pauses if each["from"].startswith("2026-03-07T10")]
    with patch("horarium.service.actions.AT_ONCE", 0):
        await world.make(
            "a-running", "/runs/actions", {"action": "cancel", "filter": {"target": "plain"}}, 202
        )


async def empty_is_paused(world: World) -> None:
    await world.ask("POST", "/workspaces/current/pause", {"note": "n" * 3_000}, **_as(world.tenants["empty"]))


async def one_run_goes_on(world: World) -> None:
    """In the other workspace: one schedule, one run that is under way, and none that waits."""
    other = _as(world.tenants["other"])
    slow = {"type": "http", "url": f"{PLAYED}/slow"}
    target = {"kind": "tool", "name": "Slow", "key": "slow", "executor": slow, "completion": "callback"}
    await world.make("their slow", "/targets", target, **other)
    made = await world.make(
        "their", "/schedules", {"name": "Their", "recurrence": "@daily", "target": "slow"}, **other
    )
    await world.ask("POST", f"/schedules/{made['id']}/fire-now", None, 201, **other)
    await world.house.work()


async def pause_planned(world: World) -> None:
    planned = {
        "from": "2026-03-05T12:50:00Z",
        "until": "2026-03-05T13:30:00Z",
        "note": "The <CRM> moves",
        "catch_up": "latest",
    }
    await world.ask("POST", "/workspaces/current/pause", planned)


async def paused(world: World) -> None:
    await world.house.move("2026-03-05T12:55:00Z")


async def window_holds(world: World) -> None:
    await world.ask("POST", "/workspaces/current/resume")
    body = {"recurrence": "30 14 5 3 *", "duration": "1h", "note": "Every <year>", "catch_up": "all"}
    await world.make("win-now", "/workspaces/current/windows", body)
    await world.house.move("2026-03-05T13:31:00Z")


async def window_of_one_holds(world: World) -> None:
    body = {"recurrence": "0 15 5 3 *", "duration": "30m", "timezone": "Europe/Paris"}
    await world.make("win-one", "/schedules/{s-missed}/windows".format(**world.there), body)
    await world.ask("POST", "/workspaces/current/resume")
    await world.house.move("2026-03-05T14:01:00Z")


async def nobody_runs(world: World) -> None:
    await _as_node(world, "api,engine")


async def nobody_fires(world: World) -> None:
    await _as_node(world, "api")


async def _as_node(world: World, roles: str) -> None:
    """The only node has other roles than before."""
    house, now = world.house, world.house.clock.now
    node = nodes.NodeRow(house.node, "house", roles, "1", "z", now, now, now + 1_000_000_000)
    await house.store.urgent(nodes.register, node, True)


async def all_paused(world: World) -> None:
    await _as_node(world, "api,engine,worker")
    await world.ask("POST", "/schedules/actions", {"action": "pause", "filter": {"state": "active"}})


async def larger_uploads(world: World) -> None:
    await world.ask("PATCH", "/workspaces/current", {"quotas": {"bulk_lines": 50}})


async def a_herd(world: World) -> None:
    """Many slots in one minute."""
    every = {"name": "Herd", "recurrence": "*/2 0 3 * * *", "target": "plain", "timezone": "UTC"}
    await world.ask(
        "PATCH",
        "/workspaces/current",
        {"quotas": {"fires_per_hour": None, "schedules": None, "bulk_lines": 7}},
    )
    await world.make("s-herd", "/schedules", every)
