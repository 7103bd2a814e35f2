"""A walk over all routes of the six APIs with keys that must not open them.

Routes are those that the applications have, so a new one is walked as well. Each test prints how many requests it made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi.routing import APIRoute
from starlette.types import Message

from horarium.api.app import BASE, own_api
from horarium.api.dialects.trustpager import routes as trustpager_routes
from horarium.api.kit import registry
from horarium.domain.ids import prefixed
from horarium.domain.tenancy import EVERY_TARGET, SCOPES, SERVER_SCOPE
from horarium.service.tenancy import IssuedKey
from tests.api.asking import ask, scheduled, with_twins
from tests.api.dialects.speakers import SPEAKERS
from tests.support.house import House, client_of
from tests.support.receiver import Receiver

NOW = "2026-11-23T08:00:00Z"
HOUR = 3_600_000
# With a token of the run instead of a key. Of a run that they do not open they say nothing, not even that it exists.
BY_TOKEN = {"POST /runs/{id}/complete", "POST /runs/{id}/fail", "POST /runs/{id}/heartbeat"}
# Anybody may ask for these.
PUBLIC = {"GET /", "GET /healthz", "GET /readyz", "GET /metrics"}
# Every key may ask for these about itself: they need no scope.
OF_ITSELF = {
    "native": {
        "GET /me",
        "GET /workspaces",
        "GET /workspaces/{id}",
        "GET /keys/{id}",
        "GET /principals/{id}",
        "GET /principals/{id}/grants",
    },
    "cadenya": {"GET /account", "GET /workspaces", "GET /whoami"},
}


@dataclass(slots=True)
class Walk:
    """One API: its routes as (method, path as it is declared), how a path is filled, and what bodies are sent."""

    name: str
    routes: list[tuple[str, str]]
    filled: Callable[[str], str]
    bodies: dict[str, Any]
    # A schedule and other things that only the first workspace has; as they are written in answers.
    marks: list[str]

    def headers(self, key: str | None) -> dict[str, str]:
        """How a key is sent to this API."""
        if key is None:
            return {}
        return {"Authorization": key if self.name == "autessa" else f"Bearer {key}"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made


def routes_of(app: Any) -> list[tuple[str, str]]:
    """Those that might delete come last, so that the others find something."""
    found = [
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]
    return sorted(found, key=lambda route: ("delete" in " ".join(route).lower(), route))


async def walk_of(house: House, receiver: Receiver, name: str) -> Walk:
    for kind in SPEAKERS:
        if kind.dialect == name:
            speaker = await kind.open(house, house.first, receiver)
            await speaker.create()
            app = registry.load()[name].application(house.services)
            return Walk(name, routes_of(app), speaker.filled, speaker.bodies, [speaker.schedule])
    made = await scheduled(house, key="mine")
    fire = await ask(house, "POST", f"/schedules/{made['id']}/fire-now", status=201)
    await house.work()
    run = (await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"][0]["id"]
    me = await ask(house, "GET", "/me")
    action = {"action": "relabel", "filter": {"search": "no such text"}, "labels": {"a": "b"}}
    hook = {"url": "https://example.com/hook"}
    places = {
        "runs": run,
        "fires": fire["id"],
        "targets": made["target"]["id"] if isinstance(made["target"], dict) else made["target"],
        "workspaces": me["workspace"]["id"],
        "keys": me["key"]["id"],
        "principals": me["principal"]["id"],
        "actions": (await ask(house, "POST", "/schedules/actions", action))["id"],
        "webhooks": (await ask(house, "POST", "/webhooks", hook, 201))["id"],
    }
    order = {"name": "s", "recurrence": "0 10 * * *", "target": "t"}
    bodies: dict[str, Any] = {
        "POST /schedules": order,
        "PUT /schedules/by-key/{key}": order,
        "PUT /schedules/{id}": order,
        "PATCH /schedules/{id}": {"recurrence": "0 10 * * *"},
        "POST /schedules/{id}/backfill": {"from": "2026-11-20T00:00:00Z", "to": "2026-11-22T00:00:00Z"},
        "POST /audiences/preview": {"audience": {"type": "users"}},
        "POST /keys": {"name": "k", "scopes": ["runs:read"]},
        "POST /principals": {"name": "p"},
        "POST /principals/{id}/grants": {"targets": ["*"]},
        "POST /workspaces": {"name": "w"},
        "PATCH /workspaces/{id}": {"name": "w"},
        "POST /keys/{id}/rotate": {},
        "POST /erasures": {"person": "nobody"},
    }
    bodies = with_twins(bodies)

    def filled(path: str) -> str:
        stands = places.get(path.split("/")[1], made["id"])
        for place, text in (
            ("/targets/by-key/{key}", "/targets/by-key/t"), ("{key}", "mine"), ("{id}", stands),
            ("{ref}", stands), ("{target}", "t"), ("{kind}", "users"), ("{name}", "users"),
        ):  # fmt: skip
            path = path.replace(place, text)
        return BASE + path

    return Walk(
        "native", routes_of(own_api(house.services, {})), filled, bodies, [made["id"], run, fire["id"]]
    )


API_NAMES = [kind.dialect for kind in SPEAKERS] + ["native"]


async def each(house: House, walk: Walk, key: str | None, look: Callable[[str, httpx.Response], None]) -> int:
    """Send one request to each route that needs a key; how many."""
    made = 0
    async with client_of(house.api, headers=walk.headers(key)) as client:
        for method, path in walk.routes:
            route = f"{method} {path}"
            if route in PUBLIC:
                continue
            body = walk.bodies.get(route, {}) if method not in ("GET", "HEAD") else None
            answer = await client.request(method, walk.filled(path), json=body)
            look(route, answer)
            made += 1
    return made


async def books(house: House) -> Any:
    """What the first workspace has, as it is stored."""
    rows = house.store.connection.execute  # type: ignore[attr-defined]
    kept = {}
    for table in ("schedules", "targets", "keys", "principals", "grants", "workspaces", "runs", "fires"):
        where = "id" if table == "workspaces" else "workspace_id"
        found = rows(f"SELECT * FROM {table} WHERE {where} = ?", (house.first.workspace_id,)).fetchall()
        kept[table] = sorted(repr(tuple(row)) for row in found)
    return kept


async def bad_keys(house: House) -> dict[str, str | None]:
    """By what is wrong with each."""
    tenancy, who = house.services.tenancy, await house.who()
    scopes = [scope for scope in SCOPES if scope != SERVER_SCOPE]
    expired = await tenancy.create_key(who, "expired", scopes, None, house.clock.now + HOUR)
    revoked = await tenancy.create_key(who, "revoked", scopes)
    await tenancy.revoke_key(who, revoked.key.id)
    house.clock.now += 2 * HOUR
    return {
        "no key": None,
        "wrong key": "hor_" + "x" * 43,
        "no form of a key": "Bearer",
        "expired key": expired.text,
        "revoked key": revoked.text,
    }


@pytest.mark.parametrize("name", API_NAMES)
async def test_no_route_opens_without_a_valid_key(house: House, receiver: Receiver, name: str) -> None:
    walk = await walk_of(house, receiver, name)
    keys = await bad_keys(house)
    before, counts = await books(house), Counter[str]()

    def refused(kind: str, route: str, answer: httpx.Response) -> None:
        allowed = (401, 404) if route in BY_TOKEN else (401,)
        assert answer.status_code in allowed, (kind, route, answer.status_code, answer.text)

    for kind, key in keys.items():
        counts[kind] = await each(house, walk, key, partial(refused, kind))
    assert await books(house) == before
    print(f"{name}: {sum(counts.values())} requests refused ({dict(counts)})")
    assert set(counts.values()) == {
        len(walk.routes) - len([1 for m, p in walk.routes if f"{m} {p}" in PUBLIC])
    }
    assert counts["no key"] >= 5


@pytest.mark.parametrize("name", API_NAMES)
async def test_no_route_opens_for_a_key_without_its_scope(
    house: House, receiver: Receiver, name: str
) -> None:
    walk = await walk_of(house, receiver, name)
    keys = {
        scope: (await house.services.tenancy.create_key(await house.who(), scope, [scope])).text
        for scope in ("audit:read", "runs:read")
    }
    before, opened = await books(house), dict[str, set[str]]()

    def look(scope: str, route: str, answer: httpx.Response) -> None:
        if answer.status_code < 300:
            opened.setdefault(route, set()).add(scope)
        else:  # some judge the body before the scope
            assert answer.status_code in (400, 401, 403, 404), (route, answer.text)

    made = 0
    for scope, key in keys.items():
        made += await each(house, walk, key, partial(look, scope))
    both = {route for route, by in opened.items() if len(by) == 2}
    assert both <= OF_ITSELF.get(name, set()), both
    after = await books(house)
    assert {table: after[table] for table in after if table != "keys"} == {
        table: before[table] for table in before if table != "keys"
    }
    print(f"{name}: {made} requests without the scope, {len(opened)} routes opened by one of the two")


@pytest.mark.parametrize("name", API_NAMES)
async def test_no_route_shows_or_changes_anything_of_another_workspace(
    house: House, receiver: Receiver, name: str
) -> None:
    walk = await walk_of(house, receiver, name)
    foreign = (await house.services.tenancy.create_workspace(await house.who(), "Foreign")).issued.text
    before, statuses = await books(house), Counter[int]()

    def look(route: str, answer: httpx.Response) -> None:
        statuses[answer.status_code] += 1
        assert answer.status_code < 500, (route, answer.text)
        if answer.status_code < 300:
            assert not any(mark in answer.text for mark in walk.marks), (route, answer.text)

    made = await each(house, walk, foreign, look)
    assert await books(house) == before
    print(f"{name}: {made} requests with a key of another workspace: {dict(statuses)}")


@pytest.fixture(autouse=True)
def _no_wait_for_audiences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody resolves audiences here, so that an answer which waits for one would come late."""
    monkeypatch.setattr(trustpager_routes, "RESOLVED_S", 0.0)


def with_bodies(walk: Walk) -> list[tuple[str, str]]:
    """The routes that need a key and may have a body."""
    return [
        (method, path)
        for method, path in walk.routes
        if method not in ("GET", "HEAD") and f"{method} {path}" not in PUBLIC | BY_TOKEN
    ]


@pytest.mark.parametrize("name", API_NAMES)
async def test_no_route_takes_a_body_whose_key_is_revoked_while_it_is_sent(
    house: House, receiver: Receiver, name: str
) -> None:
    walk, tenancy, who = await walk_of(house, receiver, name), house.services.tenancy, await house.who()
    scopes = [scope for scope in SCOPES if scope != SERVER_SCOPE]
    refused, sent, before = 0, 0, await books(house)
    for method, path in with_bodies(walk):
        route = f"{method} {path}"
        issued, whole = await tenancy.create_key(who, "k", scopes), False

        async def slowly(key: IssuedKey, body: bytes) -> AsyncIterator[bytes]:
            nonlocal whole
            yield body[:1]
            await tenancy.revoke_key(who, key.key.id)
            yield body[1:]
            whole = True

        body = orjson.dumps(walk.bodies.get(route, {}))
        headers = walk.headers(issued.text) | {"Content-Type": "application/json"}
        async with client_of(house.api, headers=headers) as client:
            answer = await client.request(method, walk.filled(path), content=slowly(issued, body))
        sent += 1
        if whole or answer.status_code == 401:
            refused += 1
            assert answer.status_code == 401, (route, answer.status_code, answer.text)
    after = await books(house)
    print(f"{name}: {refused} of {sent} routes read a body and refused it")
    assert refused >= 2
    for table in ("principals", "schedules", "targets", "workspaces"):
        assert len(after[table]) <= len(before[table]), table


async def answered_slowly(
    house: House,
    walk: Walk,
    key: str,
    route: tuple[str, str],
    meanwhile: Callable[[], Awaitable[object]],
    **headers: str,
) -> int:
    """The status of the answer to a request whose body is sent in two pieces, between which something is done."""
    method, path = route
    body = orjson.dumps(walk.bodies.get(f"{method} {path}", {}))

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:1]
        await meanwhile()
        yield body[1:]

    sent = walk.headers(key) | {"Content-Type": "application/json"} | headers
    async with client_of(house.api, headers=sent) as client:
        return (await client.request(method, walk.filled(path), content=slowly())).status_code


@pytest.mark.parametrize("name", API_NAMES)
async def test_a_body_is_judged_by_the_grants_that_there_are_when_it_has_come(
    house: House, receiver: Receiver, name: str
) -> None:
    walk, tenancy, who = await walk_of(house, receiver, name), house.services.tenancy, await house.who()
    scopes = [scope for scope in SCOPES if scope != SERVER_SCOPE]
    loser = await tenancy.create_principal(who, "loser")
    key = (await tenancy.create_key(who, "k", scopes, loser.id)).text

    async def nothing() -> None:
        pass

    async def withdraw() -> None:
        await tenancy.remove_grant(who, loser.id, EVERY_TARGET)

    refused = 0
    for method, path in with_bodies(walk):
        if await answered_slowly(house, walk, key, (method, path), nothing) == 403:
            await tenancy.add_grants(who, loser.id, [EVERY_TARGET])
            status = await answered_slowly(house, walk, key, (method, path), withdraw)
            if EVERY_TARGET in await tenancy.list_grants(who, loser.id):  # the body was not read to its end
                await withdraw()
            else:
                assert status == 403, (method, path)
                refused += 1
    print(f"{name}: {refused} routes refuse a body that lost its grant on the way")
    assert refused >= 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/schedules", {"name": "s", "recurrence": "* * * * *", "target": "t"}),
        ("POST", "/schedules/bulk", {"name": "s", "recurrence": "* * * * *", "target": "t"}),
        ("PUT", "/targets/by-key/new", {"kind": "tool", "name": "N", "executor": {"type": "echo"}}),
        ("PUT", "/directory/users", {"id": "ann"}),
    ],
)
async def test_nobody_acts_in_a_workspace_that_is_deleted_while_a_body_is_sent(
    house: House, method: str, path: str, body: dict[str, Any]
) -> None:
    home, purges = await house.who(), house.services.purges
    away = await house.workspace("away")
    await house.target("workflow", tenant=away, key="t")

    async def delete() -> None:
        await purges.delete(home, away.workspace_id)

    acting = {"Horarium-Workspace": prefixed("ws", away.workspace_id)}
    walk = Walk("native", [], lambda path: BASE + path, {f"{method} {path}": body}, [])
    status = await answered_slowly(house, walk, house.first.key, (method, path), delete, **acting)
    assert status == 400
    await purges.undelete(home, away.workspace_id)
    async with client_of(house.api, headers=walk.headers(away.key)) as client:
        for kind, there in (("schedules", 0), ("targets", 1), ("directory/users", 0)):
            assert len((await client.get(f"{BASE}/{kind}")).json()["items"]) == there, kind


@pytest.mark.parametrize(
    ("path", "body"), [("/keys", {"name": "k", "scopes": ["runs:read"]}), ("/workspaces", {"name": "w"})]
)
async def test_a_key_that_gets_an_end_meanwhile_makes_none_that_lasts_longer(
    house: House, path: str, body: dict[str, Any]
) -> None:
    tenancy, who = house.services.tenancy, await house.who()
    maker = await tenancy.create_key(who, "maker", ["keys:admin", SERVER_SCOPE, "*"])

    async def rotate() -> None:
        await tenancy.rotate_key(who, maker.key.id, overlap_ms=HOUR)

    before = await all_keys(house)
    walk = Walk("native", [], lambda path: BASE + path, {f"POST {path}": body}, [])
    assert await answered_slowly(house, walk, maker.text, ("POST", path), rotate) == 201
    made = [key for key in await all_keys(house) if key not in before and key[1] != "maker"]
    assert [ends for _, _, ends in made] == [house.clock.now + HOUR]


@pytest.mark.parametrize("mode", ["create", "upsert"])
async def test_lines_that_wait_for_their_batch_are_stored_by_the_grants_that_there_are_then(
    house: House, mode: str
) -> None:
    other = await house.target("workflow", key="other")
    await scheduled(house)
    tenancy, who = house.services.tenancy, await house.who()
    granted = [(await house.services.targets.resolve(who.workspace_id, "t")).id, other.id]
    loser = await tenancy.create_principal(who, "loser", granted=granted)
    issued = await tenancy.create_key(who, "k", ["schedules:write"], loser.id)
    line = {"recurrence": "0 10 * * *"}

    async def lines() -> AsyncIterator[bytes]:
        for number, target in enumerate(("other", "t", "other")):
            named = {"name": "late", "key": f"late {number}", "target": target}
            yield orjson.dumps(line | named) + b"\n"
        await tenancy.remove_grant(who, loser.id, granted[0])

    headers = {"Authorization": f"Bearer {issued.text}", "Content-Type": "application/x-ndjson"}
    async with client_of(house.api, headers=headers) as client:
        answer = await client.request("POST", f"{BASE}/schedules/bulk?mode={mode}", content=lines())
    assert [orjson.loads(text)["status"] for text in answer.text.splitlines()] == [201, 403, 201]
    made = (await ask(house, "GET", "/schedules?search=late"))["items"]
    assert sorted(one["key"] for one in made) == ["late 0", "late 2"]


async def all_keys(house: House) -> list[tuple[bytes, str, int | None]]:
    """(id, name, end) of the keys of all workspaces."""
    return list(house.store.connection.execute("SELECT id, name, expires_ms FROM keys"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("POST", "/schedules/bulk", {"name": "s", "recurrence": "0 10 * * *", "target": "t"}),
        ("PUT", "/directory/users", {"id": "ann"}),
    ],
)
async def test_of_many_lines_none_is_stored_that_comes_after_the_key_is_revoked(
    house: House, method: str, path: str, line: dict[str, Any]
) -> None:
    await scheduled(house)
    tenancy, who = house.services.tenancy, await house.who()
    issued = await tenancy.create_key(who, "k", ["schedules:write", "directory:write"])

    async def lines() -> AsyncIterator[bytes]:
        yield orjson.dumps(line) + b"\n"
        await tenancy.revoke_key(who, issued.key.id)
        for _ in range(2_000):
            yield orjson.dumps(line) + b"\n"

    headers = {"Authorization": f"Bearer {issued.text}", "Content-Type": "application/x-ndjson"}
    async with client_of(house.api, headers=headers) as client:
        answer = await client.request(method, BASE + path, content=lines())
    assert answer.status_code == 401
    assert len((await ask(house, "GET", "/schedules"))["items"]) <= 2
    assert (await ask(house, "GET", "/directory/users"))["items"] in ([], [{"id": "ann"}])


@pytest.mark.parametrize(
    ("path", "query"), [("/workspaces/current/export", b""), ("/audit/export", b"proof=true")]
)
async def test_an_export_ends_when_its_key_is_revoked(house: House, path: str, query: bytes) -> None:
    for number in range(5):
        await ask(house, "POST", "/principals", {"name": f"p {number}"}, 201)
        await house.services.audit.link()
    tenancy, who = house.services.tenancy, await house.who()
    scopes = [scope for scope in SCOPES if scope != SERVER_SCOPE]
    issued = await tenancy.create_key(who, "k", scopes)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 4:
            await tenancy.revoke_key(who, issued.key.id)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    headers = [(b"host", b"h"), (b"authorization", f"Bearer {issued.text}".encode())]
    scope = {"type": "http", "method": "GET", "path": BASE + path, "raw_path": (BASE + path).encode()}
    asked = scope | {"query_string": query, "headers": headers, "client": ("127.0.0.1", 1), "root_path": ""}
    await house.api(asked, receive, send)
    assert (sent[0]["status"], len(sent), sent[-1]["more_body"]) == (200, 4, True)
