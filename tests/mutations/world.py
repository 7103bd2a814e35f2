"""Where the walk takes place: one application with a store, the routes of its six APIs, and what there is in it.

`Stock` keeps the ids that answers have named, so that later requests read, change and delete what earlier ones made.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from horarium.api.app import BASE, own_api
from horarium.api.kit import registry
from horarium.domain.host_lists import host_list
from horarium.domain.ids import prefixed
from tests.api.dialects.speakers import SPEAKERS, Speaker
from tests.api.test_round_trips import ITEMS, SOURCES
from tests.mutations.examples import AGENT, BODIES, EVERY_SCHEDULE, KEYS, SOURCE, WORKFLOW, target_of
from tests.mutations.mutate import CSV, JSON, NDJSON, NO_BODY, Good
from tests.mutations.sending import Reply, send
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

NOW = "2026-03-01T12:00:00Z"
OWN = "own"
# So many ids of a kind are kept; further ones replace them at random.
KEPT = 300
# Routes that a target calls with the token of an attempt.
BY_TOKEN = {f"/runs/{{id}}/{verb}" for verb in ("complete", "fail", "heartbeat")}
# The place in a path for the agent to which schedules belong.
AGENT_PLACES = {"uranus": "id", "cadenya": "agentId"}
# What targets answer, in turns.
ANSWERS = (
    Answer(200, b'{"ok":true}'),
    Answer(200, b""),
    Answer(500, b"no"),
    Answer(200, b'{"a":' * 300 + b"1" + b"}" * 300),
    Answer(200, b'{"n":123456789012345678901234567890,"f":1e999}'),
    Answer(429, b"", {"Retry-After": "9" * 23}),
    Answer(202, b'{"a":"\\ud800\\u0000"}'),
    Answer(200, b"\xff\x00\xfe"),
    Answer(404, b'{"error":{"message":"\\u0000"}}'),
    Answer(200, b'[{"id":1},{"id":1},{"id":null},{"id":12345678901234567890123}]'),
    Answer(200, b'{"data":[{"id":"a"},{"id":"b","x":{"y":[1]}}]}'),
)


@dataclass(frozen=True, slots=True)
class Route:
    """A route of an API, as its OpenAPI page describes it. `media` is None where it takes no body."""

    api: str
    method: str
    path: str
    query: tuple[str, ...]
    media: str | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def places(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


class Stock:
    """Ids by API and kind."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        # Ids that no request may change or delete, because the walk itself needs them.
        self.spared: set[str] = set()

    def add(self, api: str, kind: str, an_id: str) -> None:
        known = self._found[api, kind]
        if (an_id in self.spared and kind != "workspaceId") or an_id in known[-50:]:
            return
        if len(known) >= KEPT:
            known.pop(self.random.randrange(KEPT))
        known.append(an_id)

    def pick(self, api: str, kind: str) -> str:
        """One of a kind, half of the time a new one."""
        known = self._found[api, kind]
        if not known:
            return "x"
        return self.random.choice(known[-5:] if self.random.random() < 0.5 else known)

    def forget(self, ids: Iterable[str]) -> None:
        """Forget ids that were not found; names that the walk began with stay."""
        gone = {an_id for an_id in ids if len(an_id) > 20}
        for (_, kind), known in self._found.items():
            if kind != "workspaceId":
                known[:] = [an_id for an_id in known if an_id not in gone]

    def all(self, api: str, kind: str) -> list[str]:
        return list(self._found[api, kind])


_ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
_PREFIXES = {
    "sch": "schedules", "run": "runs", "fire": "fires", "tgt": "targets", "key": "keys", "prn": "principals",
    "ws": "workspaces", "hook": "webhooks", "evt": "events", "act": "actions", "ers": "erasures",
}  # fmt: skip
# How ids are found in answers: a pattern whose first group is the id, and what it is the id of.
_MARKS: Mapping[str, Sequence[tuple[re.Pattern[str], str]]] = {
    OWN: [(re.compile(rf'"({prefix}_{_ULID})"'), kind) for prefix, kind in _PREFIXES.items()],
    "trustpager": [(re.compile(r'"id":"([0-9a-f]{8}-[0-9a-f-]{27})"'), "schedules")],
    "autessa": [(re.compile(rf'"eventId":"(evt_{_ULID})"'), "events")],
    "m9m": [
        (re.compile(rf'"id":"(sched-{_ULID})"'), "schedules"),
        (re.compile(rf'"id":"(exec-{_ULID})"'), "executions"),
        (re.compile(r'"workflowId":"(\w+)"'), "workflows"),
    ],
    "uranus": [(re.compile(rf'"id":"(schedule-{_ULID})"'), "schedules")],
    "cadenya": [
        (re.compile(rf'"id":"(as_{_ULID})"'), "schedules"),
        (re.compile(rf'"id":"(obj_{_ULID})"'), "objectives"),
        (re.compile(rf'"id":"(agent_{_ULID})"'), "agents"),
    ],
}


def ids_in(api: str, reply: Reply) -> Iterator[tuple[str, str]]:
    """(kind, id) of what an answer names, as far as it is short enough to look through."""
    text = reply.body[:200_000].decode("utf-8", "replace")
    for pattern, kind in _MARKS[api]:
        for found in pattern.findall(text)[:20]:
            yield kind, found


@dataclass
class World:
    """`numbers` are those of the targets that are always there, by kind; `agents` says whose the schedules are that
    belong to an agent; `second` is a workspace that things are shared with."""

    house: House
    receiver: Receiver
    random: Random
    stock: Stock
    routes: dict[str, list[Route]]
    speakers: dict[str, Speaker]
    numbers: dict[str, int] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    second: str = ""

    @classmethod
    @asynccontextmanager
    async def open(cls, random: Random, data: Path, postgres: str | None = None) -> AsyncIterator[World]:
        """`postgres` is the URL of an empty database; without it the store is in memory."""
        local = host_list(("127.0.0.1",))
        outgoing = {
            "allowed_hosts": lambda _: local,
            "sql_hosts": ("127.0.0.1:9",),
            "sql_allow_loopback": True,
        }
        async with Receiver() as receiver, House.open(NOW, postgres, data=data, outgoing=outgoing) as house:
            speakers = {kind.dialect: kind(house, house.first) for kind in SPEAKERS}
            world = cls(house, receiver, random, Stock(random), _routes(house), speakers)
            await world._furnish()
            yield world

    async def _furnish(self) -> None:
        me = (await self.own("GET", "/me")).json()
        first = me["workspace"]["id"]
        self.stock.spared |= {first, me["principal"]["id"], me["key"]["id"]}
        self.stock.forget(self.stock.spared)
        second = await self.house.workspace("second")
        self.second = prefixed("ws", second.workspace_id)
        for name in ("a", "b", "Nightly", "n/1", "tag-3", "x.y", "Z9", *(f"n{n}" for n in range(30))):
            self.stock.add(OWN, "name", name)
        for kind in ITEMS:
            self.stock.add(OWN, "directory", kind)
        for name in (SOURCE, "other"):
            self.stock.add(OWN, "sources", name)
        for name in ("crm", "other"):
            self.stock.add(OWN, "databases", name)
        self.stock.add(OWN, "tables", "people")
        self.stock.add("cadenya", "workspaceId", first)
        for key in (AGENT, "n1", "n2"):
            self.stock.add("uranus", "agents", key)
            self.stock.add("cadenya", "agents", key)
        for key in (WORKFLOW, "n3", "n4"):
            self.stock.add("m9m", "workflows", key)
        await self.own("POST", "/principals", {"name": "p"})
        await self.own("POST", "/keys", {"name": "k", "scopes": ["runs:read"]})
        await self.own("POST", "/webhooks", {"url": self.receiver.url("/hook")})
        columns = [{"name": "name", "type": "text"}, {"name": "score", "type": "integer"}]
        await self.own("POST", "/tables", {"database": "crm", "table": "people", "columns": columns})
        await self.renew()

    async def renew(self) -> None:
        """Put back what requests of the walk have changed or deleted, and without which others could not succeed."""
        # An answer that something else is not there has this one forgotten as well.
        self.stock.add(OWN, "workspaces", self.second)
        url = self.receiver.url("")
        for kind, key in KEYS.items():
            body = target_of(kind, url)
            if kind == "function":
                body |= {"completion": "callback", "executor": {"type": "http", "url": f"{url}/later"}}
            if kind == "table":
                body["executor"] = {"type": "sql", "database": "crm", "table": "people"}
            found = await self.own("PUT", f"/targets/by-key/{key}", body)
            assert found.status in (200, 201), (kind, found.body)
            self.numbers[kind] = found.json()["number"]
        order = {"name": "Every", "recurrence": "0 9 * * *", "target": KEYS["workflow"]}
        found = await self.own("PUT", f"/schedules/by-key/{EVERY_SCHEDULE}", order)
        assert found.status in (200, 201), found.body
        found = await self.own(
            "PUT",
            f"/audiences/{SOURCE}",
            {"type": "http", "config": {**SOURCES["http"], "url": f"{url}/run"}},
        )
        assert found.status in (200, 201), found.body
        for kind, item in ITEMS.items():
            assert (await self.own("PUT", f"/directory/{kind}", [item])).status == 200
        answers = list(ANSWERS)
        self.random.shuffle(answers)
        self.receiver.script("/run", *answers, ANSWERS[0])
        self.receiver.script("/later", Answer(202))

    def hear(self) -> None:
        """Note the tokens of attempts that targets were given, so that their runs can be finished."""
        for received in self.receiver.requests:
            if token := received.headers.get("Horarium-Callback-Token"):
                run = received.headers["Horarium-Callback-Url"].rpartition("/")[2]
                self.stock.add(OWN, "callbacks", f"{run} {token}")
        self.receiver.requests.clear()

    # Asking

    def headers(self, api: str) -> list[tuple[bytes, bytes]]:
        key = self.house.key if api == "autessa" else f"Bearer {self.house.key}"
        return [(b"authorization", key.encode())]

    def base(self, api: str) -> str:
        return BASE if api == OWN else self.speakers[api].base

    async def ask(self, api: str, method: str, path: str, body: Any = None) -> Reply:
        """A request of the walk itself, which is not mutated."""
        content = None if body is None else json.dumps(body).encode()
        headers = [
            *self.headers(api),
            *([(b"content-type", b"application/json")] if body is not None else []),
        ]
        reply = await send(self.house.api, method, self.base(api) + path, headers, content)
        if reply.status < 300:
            self.learn(api, reply)
        return reply

    async def own(self, method: str, path: str, body: Any = None) -> Reply:
        return await self.ask(OWN, method, path, body)

    def learn(self, api: str, reply: Reply) -> None:
        for kind, found in ids_in(api, reply):
            self.stock.add(api, kind, found)

    def envelope(self, api: str, reply: Reply) -> None:
        """Raises where a refusal is not written as its API writes them."""
        if api != OWN:
            self.speakers[api].envelope(
                httpx.Response(reply.status, headers=reply.headers, content=reply.body)
            )
            return
        body = reply.json()
        assert reply.media == "application/problem+json", reply.media
        of_imports = {"stored", "not_stored", "ended_early"}
        assert body.keys() - {"request_id"} - of_imports == {"type", "title", "status", "detail", "errors"}
        assert body["status"] == reply.status
        assert all(each.keys() - {"line"} == {"field", "message", "code"} for each in body["errors"]), body[
            "errors"
        ]
        assert body["errors"]

    # Good requests

    def good_bodies(self, route: Route) -> int:
        """How many good bodies of a route are known."""
        bodies = BODIES[route.api](lambda kind: self.example(route.api, kind), self.receiver.url(""))
        return len(bodies.get(route.name, ()))

    def good(self, route: Route) -> Good:
        """A request that the route accepts, with things that there are."""
        places = self.places(route)
        bodies = BODIES[route.api](lambda kind: self.example(route.api, kind), self.receiver.url(""))
        every = bodies.get(route.name, [])
        body, media = NO_BODY, route.media or JSON
        if route.media is not None:
            body = self.random.choice(every) if every else {}
        if route.name == "PUT /directory/{kind}":
            item = {**ITEMS[places["kind"]], "id": self.example(OWN, "name")}
            media = self.random.choice((JSON, NDJSON, CSV))
            body = [item, ITEMS[places["kind"]]] if media != CSV else _csv(item)
        query = {}
        if route.query and self.random.random() < 0.3:
            name = self.random.choice(route.query)
            query = {name: self._parameter(route.api, name)}
        headers = {}
        if route.path in BY_TOKEN and (waiting := self.stock.all(OWN, "callbacks")):
            places["id"], token = self.random.choice(waiting).split()
            headers["authorization"] = f"Bearer {token}"
        if route.name == "POST /schedules" and self.random.random() < 0.2:
            headers["idempotency-key"] = self.example(OWN, "name")
        others = [other for name, found in bodies.items() if name != route.name for other in found[:1]]
        return Good(
            route.method,
            self.base(route.api) + route.path,
            places,
            query,
            route.query,
            headers,
            media,
            body,
            others,
        )

    def places(self, route: Route) -> dict[str, str]:
        """What there is for each place of a route's path."""
        found = {name: self._place(route, name) for name in route.places}
        agent = self.agents.get(found.get("scheduleId" if route.api == "uranus" else "id", ""))
        if agent is not None:
            found[AGENT_PLACES[route.api]] = agent
        return found

    def note_agent(self, route: Route, places: Mapping[str, str], reply: Reply) -> None:
        """Note to which agent the schedules belong that an answer names."""
        agent = places.get(AGENT_PLACES.get(route.api, ""))
        if agent is not None and "schedules" in route.path:
            self.agents |= {found: agent for kind, found in ids_in(route.api, reply) if kind == "schedules"}

    def example(self, api: str, kind: str) -> str:
        """Something of a kind that there is, for a good body."""
        if kind.endswith(" number"):
            return str(self.numbers[kind.removesuffix(" number")])
        return self.stock.pick(OWN if kind == "name" else api, kind)

    def _place(self, route: Route, name: str) -> str:
        of, before = (
            route.path.split("/")[1],
            route.path.partition(f"{{{name}}}")[0].rstrip("/").rpartition("/")[2],
        )
        if route.api == OWN:
            kinds = {
                "key": "name",
                "ref": "targets",
                "target": "targets",
                "database": "databases",
                "table": "tables",
                "kind": "directory",
                "name": "sources",
                "workspace": "workspaces",
            }
            if of == "directory" and name == "id":
                return self.random.choice([item["id"] for item in ITEMS.values()])
            if name == "key" and (route.method != "PUT" or self.random.random() < 0.5):
                return EVERY_SCHEDULE if of == "schedules" else KEYS["workflow"]
            return self.stock.pick(OWN, kinds.get(name, of))
        if route.api == "uranus":
            if name == "id":
                return AGENT if self.random.random() < 0.85 else self.stock.pick("uranus", "agents")
            return self.stock.pick("uranus", "schedules")
        if route.api == "cadenya":
            if name == "agentId" and self.random.random() < 0.85:
                return AGENT
            return self.stock.pick(
                "cadenya", {"workspaceId": "workspaceId", "agentId": "agents"}.get(name, before)
            )
        return self.stock.pick(route.api, "schedules" if of == "event-schedules" else of)

    def _parameter(self, api: str, name: str) -> str:
        stands = {
            "limit": "3", "count": "5", "sample": "3", "offset": "1", "state": "active", "search": "a",
            "sort": "desc", "mode": "create", "label": "team:a",
            "kind": "workflow", "at": "2026-03-01T12:00:00Z", "after": "2026-03-01T12:00:00Z",
            "from": "2026-02-01T00:00:00Z",
            "to": "2026-04-01T00:00:00Z", "since": "2026-02-01T00:00:00Z", "until": "2026-04-01T00:00:00Z",
            "status": "active",
            "sortOrder": "asc", "includeInfo": "true", "enabled": "true", "type": "cron", "proof": "true",
            "updateMask": "spec.data",
        }  # fmt: skip
        kinds = {
            "schedule": "schedules",
            "fire": "fires",
            "target": "targets",
            "workflowId": "workflows",
            "agentId": "agents",
            "agentScheduleId": "schedules",
        }
        return self.stock.pick(api, kinds[name]) if name in kinds else stands.get(name, "a")


def _csv(item: Mapping[str, Any]) -> bytes:
    plain = {name: value for name, value in item.items() if not isinstance(value, dict)}
    return (
        ",".join(plain).encode() + b"\n" + ",".join(f'"{value}"' for value in plain.values()).encode() + b"\n"
    )


def _routes(house: House) -> dict[str, list[Route]]:
    """The routes of each API, read off its page."""
    dialects = registry.load()
    pages = {OWN: own_api(house.services, dialects).openapi()}
    pages |= {name: dialect.application(house.services).openapi() for name, dialect in dialects.items()}
    found: dict[str, list[Route]] = {}
    for api, page in pages.items():
        found[api] = [
            Route(
                api,
                method.upper(),
                path,
                tuple(each["name"] for each in described.get("parameters", ()) if each["in"] == "query"),
                next(iter(described.get("requestBody", {}).get("content", ())), None),
            )
            for path, methods in page["paths"].items()
            for method, described in methods.items()
        ]
    return found
