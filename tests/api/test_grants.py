"""A principal without grants can read, stop and delete schedules; no route of any API lets it start or redirect one.

Routes are those that the applications have, so a new one is walked as well: it must refuse, or be named here among
those that need no grant.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from horarium.api.app import BASE, own_api
from horarium.api.kit import registry
from horarium.domain.ids import from_prefixed
from horarium.domain.tenancy import EVERY_TARGET
from tests.api.asking import ask, scheduled, with_twins
from tests.api.dialects.speakers import SPEAKERS, Autessa, Speaker
from tests.support.house import House, client_of
from tests.support.receiver import Receiver

NOW = "2026-11-23T08:00:00Z"
SCOPES = (
    "schedules:read",
    "schedules:write",
    "schedules:delete",
    "runs:read",
    "runs:write",
    "targets:read",
    "directory:read",
)
READING = ("GET", "HEAD")
AGENT = "/workspaces/{workspaceId}/agents/{agentId}"
# Routes that change something and need no grant: they look, stop, end or delete.
NEEDS_NONE = {
    "trustpager": {"POST /event-schedules/preview-cron", "DELETE /event-schedules/{id}"},
    "autessa": {"POST /all", "POST /get", "POST /delete"},
    "m9m": {
        "POST /schedules/{id}/disable",
        "DELETE /schedules/{id}",
        "DELETE /executions/{id}",
        "POST /executions/{id}/cancel",
    },
    "uranus": {"DELETE /{id}/schedules/{scheduleId}"},
    "cadenya": {
        f"POST {AGENT}/schedules/{{id}}:pause",
        f"POST {AGENT}/schedules/{{id}}:archive",
        f"DELETE {AGENT}/schedules/{{id}}",
    },
    "native": {
        "POST /schedules/preview",
        "POST /schedules/{id}/pause",
        "POST /schedules/{id}/windows",
        "DELETE /schedules/{id}",
        "POST /runs/{id}/cancel",
        "POST /actions/{id}/cancel",
        "POST /audiences/preview",
    },
}
NEEDS_NONE["native"] |= set(with_twins(dict.fromkeys(NEEDS_NONE["native"])))
# With a token of the run instead of a key.
BY_TOKEN = {"POST /runs/{id}/complete", "POST /runs/{id}/fail", "POST /runs/{id}/heartbeat"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made


async def _intruder(house: House) -> str:
    """The key of somebody without grants, who may otherwise do everything with schedules and runs."""
    who = await house.who()
    mallory = await house.services.tenancy.create_principal(who, "Mallory")
    return (await house.services.tenancy.create_key(who, "mallory", SCOPES, mallory.id)).text


def _changing(app: Any, need_none: set[str]) -> list[tuple[str, str]]:
    """(method, path) of every route that changes something; those that need no grant, and might delete, last."""
    found = [
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
        if method not in READING
    ]
    return sorted(
        found, key=lambda route: (" ".join(route) in need_none, _ends(" ".join(route).lower()), route)
    )


def _ends(route: str) -> int:
    """What ends a schedule comes after what needs it, and deletions after that."""
    return 2 if "delete" in route else int("archive" in route)


def _later(body: Any) -> Any:
    """The body of an edit that moves a schedule from nine to ten."""
    text = json.dumps(body).replace("0 9 *", "0 10 *").replace('"start": 9', '"start": 10')
    return json.loads(text)


async def _books(house: House) -> Any:
    """Everything that must not change: what schedules do, whether they are on the clock, and what has run."""
    shown = (await house.client.get(f"{BASE}/schedules?limit=1000")).json()["items"]
    kept = (
        "id",
        "recurrence",
        "timezone",
        "input",
        "target",
        "audience",
        "state",
        "policies",
        "next_fire_at",
    )
    runs = (await house.client.get(f"{BASE}/runs?limit=1000")).json()["items"]
    return [{name: one[name] for name in kept} for one in shown], sorted(one["id"] for one in runs)


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_no_route_of_a_dialect_starts_or_changes_a_schedule_without_a_grant(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    assert (await speaker.pause(speaker.schedule)).status_code in (200, 204)
    key = await _intruder(house)
    client = client_of(house.api, headers={"Authorization": key if kind is Autessa else f"Bearer {key}"})
    app = registry.load()[kind.dialect].application(house.services)
    refused = 0
    async with client:
        for method, path in _changing(app, NEEDS_NONE[kind.dialect]):
            route = f"{method} {path}"
            before = await _books(house)
            body = _later(speaker.bodies.get(route, {}))
            answer = await client.request(method, speaker.filled(path), json=body)
            if route in NEEDS_NONE[kind.dialect]:
                assert answer.status_code < 300 or answer.status_code == 409, (route, answer.text)
                continue
            assert answer.status_code == 403, (route, answer.status_code, answer.text)
            assert await _books(house) == before, route
            refused += 1
    print(f"{kind.dialect}: {refused} routes refused without a grant")
    assert refused >= 2


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_an_edit_by_the_dialects_own_words_needs_a_grant_and_stopping_needs_none(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    key = await _intruder(house)
    speaker.client.headers["Authorization"] = key if kind is Autessa else f"Bearer {key}"
    assert (await speaker.change(speaker.schedule)).status_code == 403
    assert (await speaker.pause(speaker.schedule)).status_code in (200, 204)
    assert (await speaker.change(speaker.schedule)).status_code == 403
    assert (await speaker.resume(speaker.schedule)).status_code == 403
    assert (await speaker.delete(speaker.schedule)).status_code in (200, 204)


async def test_no_route_of_the_projects_own_api_starts_or_changes_a_schedule_without_a_grant(
    house: House,
) -> None:
    made = await scheduled(house, key="mine")
    running = await scheduled(house, key="running")
    fire = await ask(house, "POST", f"/schedules/{running['id']}/fire-now", status=201)
    await house.work()
    run = (await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"][0]["id"]
    for schedule in (made, running):
        await ask(house, "POST", f"/schedules/{schedule['id']}/pause")
    body = {"name": "s", "recurrence": "0 10 * * *", "target": "t"}
    bodies: dict[str, Any] = {
        "POST /schedules": body,
        "PUT /schedules/by-key/{key}": body,
        "PUT /schedules/{id}": body | {"key": "mine"},
        "PATCH /schedules/{id}": {"recurrence": "0 10 * * *"},
        "POST /schedules/preview": {"recurrence": "0 10 * * *"},
        "POST /schedules/{id}/backfill": {"from": "2026-11-20T00:00:00Z", "to": "2026-11-22T00:00:00Z"},
        "POST /audiences/preview": {"audience": {"type": "users"}},
        "POST /schedules/actions": {"action": "resume", "filter": {"state": "paused"}},
        "POST /schedules/{id}/windows": {"recurrence": "0 2 * * *", "duration": "2h"},
        "POST /runs/actions": {"action": "retry", "filter": {"fire": fire["id"]}},
    }
    bodies = with_twins(bodies)
    me = await ask(house, "GET", "/me")
    house.clock.now += 1  # an action leaves alone what is made with it
    nothing = {"action": "pause", "filter": {"state": "completed"}}
    taken = await ask(house, "POST", "/schedules/actions", nothing)
    places = {
        "runs": run,
        "actions": taken["id"],
        "workspaces": "current",
        "keys": me["key"]["id"],
        "principals": me["principal"]["id"],
    }
    refused = 0
    async with client_of(house.api, await _intruder(house)) as client:
        for method, path in _changing(own_api(house.services, {}), NEEDS_NONE["native"]):
            route = f"{method} {path}"
            if route in BY_TOKEN:
                continue
            before = await _books(house)
            stands = places.get(path.split("/")[1], made["id"])
            url = BASE + path.replace("{key}", "running").replace("{id}", stands)
            url = url.replace("{window}", made["id"].replace("sch_", "win_"))
            answer = await client.request(method, url, json=bodies.get(route, {}))
            if route == "POST /schedules/bulk":
                answer = await client.request(method, url, content=json.dumps(body) + "\n" + json.dumps(body))
                assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [403, 403]
            elif route in (
                "POST /schedules/actions",
                "POST /runs/actions",
            ):  # each thing is refused by itself
                assert answer.json()["changed"] == 0, answer.text
                assert answer.json()["refused"] > 0 or route == "POST /runs/actions", answer.text
            elif route in NEEDS_NONE["native"]:
                assert answer.status_code < 300 or answer.status_code == 409, (route, answer.text)
                continue
            else:
                assert answer.status_code in (403, 400), (route, answer.status_code, answer.text)
                if answer.status_code == 400:  # these look at the body before the scope
                    assert path.startswith(("/audit", "/keys", "/principals", "/workspaces")), route
            assert await _books(house) == before, route
            refused += 1
    print(f"native: {refused} routes refused without a grant")
    assert refused >= 20


async def test_renaming_and_labelling_need_no_grant_however_they_are_sent(house: House) -> None:
    made = await scheduled(house, key="mine", input={"a": 1})
    headers = {"Authorization": f"Bearer {await _intruder(house)}"}
    path = f"/schedules/{made['id']}"
    change = {"name": "new", "labels": {"a": "b"}, "description": "d", "key": "other"}
    changed = await ask(house, "PATCH", path, change, headers=headers)
    assert (changed["name"], changed["labels"], changed["key"]) == ("new", {"a": "b"}, "other")
    whole = {"name": "newer", "recurrence": "0 9 * * *", "target": "t", "input": {"a": 1}}
    assert (await ask(house, "PUT", path, whole, headers=headers))["name"] == "newer"
    await ask(house, "PUT", path, whole | {"input": {"a": 2}}, 403, headers=headers)


async def test_a_grant_is_asked_for_the_target_that_a_schedule_has_after_the_edit(house: House) -> None:
    made = await scheduled(house)
    mine = await house.target("workflow", key="mine")
    who = await house.who()
    bob = await house.services.tenancy.create_principal(who, "Bob", granted=[mine.id])
    key = (await house.services.tenancy.create_key(who, "bob", SCOPES, bob.id)).text
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/schedules/{made['id']}"
    refused = await ask(house, "PATCH", path, {"recurrence": "0 10 * * *"}, 403, headers=headers)
    assert "Bob" in refused["detail"]
    await ask(house, "PATCH", path, {"target": "mine"}, headers=headers)
    await ask(house, "PATCH", path, {"recurrence": "0 10 * * *"}, headers=headers)
    await ask(house, "PATCH", path, {"target": "t"}, 403, headers=headers)


async def test_a_request_to_fire_with_an_idempotency_key_needs_a_grant_too(
    house: House, receiver: Receiver
) -> None:
    speaker = await SPEAKERS[0].open(house, house.first, receiver)
    await speaker.create()
    headers = {"Authorization": f"Bearer {await _intruder(house)}", "Idempotency-Key": "k"}
    url = speaker.filled("/event-schedules/{id}/fire-now")
    answer: httpx.Response = await house.client.post(url, headers=headers)
    assert answer.status_code == 403
    schedule = from_prefixed("sch", speaker.core_id(speaker.schedule))
    assert schedule is not None
    assert await house.services.schedules.fires(house.first.workspace_id, schedule, 10) == []


async def _another(house: House) -> dict[str, str]:
    """The headers of another principal of the same workspace, with every scope and grant."""
    who = await house.who()
    eve = await house.services.tenancy.create_principal(who, "Eve", granted=[EVERY_TARGET])
    key = (await house.services.tenancy.create_key(who, "eve", SCOPES, eve.id)).text
    return {"Authorization": f"Bearer {key}"}


async def test_the_idempotency_key_of_another_principal_is_another_request(house: House) -> None:
    await house.target("workflow", key="t")
    once, eve = {"Idempotency-Key": "k"}, await _another(house)
    body = {"name": "s", "recurrence": "@daily", "target": "t"}
    mine = await ask(house, "POST", "/schedules", body, 201, headers=once)
    theirs = await ask(house, "POST", "/schedules", body, 201, headers=once | eve)
    assert theirs["id"] != mine["id"]
    await ask(
        house, "POST", "/schedules", body | {"name": "other"}, 201, headers={"Idempotency-Key": "l"} | eve
    )
    await ask(house, "POST", "/schedules", body | {"name": "mine"}, 201, headers={"Idempotency-Key": "l"})
    path = f"/schedules/{mine['id']}/fire-now"
    fires = [await ask(house, "POST", path, status=201, headers=by) for by in (once, once | eve, once)]
    assert fires[0]["id"] == fires[2]["id"] != fires[1]["id"]


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_an_idempotency_key_that_is_none_is_refused_by_every_route_that_takes_one(
    house: House, key: str
) -> None:
    made, once = await scheduled(house), {"Idempotency-Key": key}
    body = {"name": "s", "recurrence": "@daily", "target": "t"}
    past = {"from": "2026-02-25T00:00:00Z", "to": "2026-02-28T00:00:00Z"}
    for path, sent in (
        ("/schedules", body),
        (f"/schedules/{made['id']}/fire-now", None),
        (f"/schedules/{made['id']}/backfill", past),
    ):
        refused = await ask(house, "POST", path, sent, 400, headers=once)
        assert [problem["field"] for problem in refused["errors"]] == ["Idempotency-Key"]
