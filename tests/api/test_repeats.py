"""Requests with an Idempotency-Key: what makes or starts something does so once, and all others refuse the header."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute

from horarium.api.app import own_api
from horarium.domain.execution import Outcome, Verdict
from tests.api.asking import BASE, HOOK, NOW, ask
from tests.api.test_runs import prepared
from tests.api.test_walk_of_keys import walk_of
from tests.support.house import House
from tests.support.receiver import Receiver

URL = HOOK["url"]
KEY = {"Idempotency-Key": "once"}
TARGET = {"kind": "function", "name": "N", "executor": HOOK}
ORDER = {"name": "n", "recurrence": "0 10 * * *", "target": "t"}
WINDOW = {"recurrence": "0 3 * * *", "duration": "1h"}
RANGE = {"from": "2026-02-25T00:00:00Z", "to": "2026-02-28T00:00:00Z"}
# Each route that takes the header: a body, and another one (None: it takes no body).
TAKING: dict[str, tuple[Any, Any]] = {
    "/schedules": (ORDER, ORDER | {"name": "m"}),
    "/schedules/{id}/fire-now": (None, None),
    "/schedules/{id}/backfill": (RANGE, RANGE | {"to": "2026-02-27T00:00:00Z"}),
    "/schedules/actions": ({"action": "fire", "filter": {}}, {"action": "pause", "filter": {}}),
    "/runs/actions": (
        {"action": "retry", "filter": {}},
        {"action": "retry", "filter": {"state": "cancelled"}},
    ),
    "/runs/{id}/retry": (None, None),
    "/targets": (TARGET, TARGET | {"name": "M"}),
    "/webhooks": ({"url": URL}, {"url": URL, "name": "m"}),
    "/principals": ({"name": "p"}, {"name": "q"}),
    "/schedules/{id}/windows": (WINDOW, WINDOW | {"duration": "2h"}),
    "/workspaces/{id}/windows": (WINDOW, WINDOW | {"duration": "2h"}),
}
TABLES = ("schedules", "runs", "fires", "actions", "targets", "webhooks", "principals", "windows")


def takes_key(route: APIRoute) -> bool:
    told = (route.openapi_extra or {}).get("parameters", [])
    return any(one["name"] == "Idempotency-Key" for one in told)


async def routes_of(house: House) -> list[tuple[str, str, bool]]:
    """Method, path and whether the route takes the header, of all routes of the own API."""
    found = list[tuple[str, str, bool]]()
    for route in own_api(house.services, {}).routes:
        if isinstance(route, APIRoute):
            route.describe()  # type: ignore[attr-defined]
            found += [(method, route.path_format, takes_key(route)) for method in sorted(route.methods)]
    return found


async def test_every_route_takes_an_idempotency_key_or_refuses_it(receiver: Receiver) -> None:
    async with House.open(NOW) as house:
        walk = await walk_of(house, receiver, "native")
        taking, refusing = set[str](), 0
        for method, path, takes in await routes_of(house):
            if takes:
                assert method == "POST", path
                taking.add(path.replace("/by-key/{key}", "/{id}"))
                continue
            answer = await house.client.request(method, walk.filled(path), headers=KEY)
            assert answer.status_code == 400, (method, path, answer.text)
            (problem,) = answer.json()["errors"]
            assert problem["field"] == "Idempotency-Key", (method, path)
            assert problem["message"].startswith("is not taken here; leave it out: "), (method, path)
            refusing += 1
        assert taking == set(TAKING)
        assert refusing > 100


@pytest.mark.parametrize("path", TAKING)
async def test_what_is_sent_twice_with_one_key_is_done_once(path: str) -> None:
    async with House.open(NOW) as house:
        executor, schedule = await prepared(house)
        executor.answer = Outcome(Verdict.FAILED, error="no", retryable=False)
        fire = await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
        await house.work()
        house.clock.now += 1
        run = (await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"][0]["id"]
        of = {"runs": run, "schedules": schedule["id"], "workspaces": "current"}
        where, (body, other) = path.replace("{id}", of.get(path.split("/")[1], "")), TAKING[path]

        def counted() -> dict[str, int]:
            rows = house.store.connection.execute  # type: ignore[attr-defined]
            return {table: rows(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}

        before = counted()
        first = await house.client.post(f"{BASE}{where}", json=body, headers=KEY)
        assert first.status_code in (200, 201), first.text
        done = counted()
        assert done != before
        house.clock.now += 5
        again = await house.client.post(f"{BASE}{where}", json=body, headers=KEY)
        assert (again.status_code, counted()) == (first.status_code, done)
        assert _ids(again.json()) == _ids(first.json())
        renewed = {
            "Authorization": f"Bearer {await house.key_with('*')}"
        }  # another key of the same principal
        again = await house.client.post(f"{BASE}{where}", json=body, headers=KEY | renewed)
        assert (again.status_code, counted(), _ids(again.json())) == (
            first.status_code,
            done,
            _ids(first.json()),
        )
        if other is not None:
            await ask(house, "POST", where, other, 409, headers=KEY)
            assert counted() == done
        unlike = await house.client.post(f"{BASE}{where}", json=body, headers={"Idempotency-Key": "another"})
        assert unlike.status_code == first.status_code
        assert _ids(unlike.json()) != _ids(first.json())


@pytest.mark.parametrize(
    "path", [path for path in TAKING if "{id}" in path and not path.startswith("/workspaces")]
)
async def test_one_key_sent_for_each_of_two_things_is_a_request_for_each(path: str) -> None:
    async with House.open(NOW) as house:
        _, first = await prepared(house)
        second = await ask(house, "POST", "/schedules", ORDER, 201)
        things = [first["id"], second["id"]]
        if path.startswith("/runs"):
            for schedule in things:
                await ask(house, "POST", f"/schedules/{schedule}/fire-now", status=201)
            await house.work()
            house.clock.now += 1
            things = [run["id"] for run in (await ask(house, "GET", "/runs"))["items"]]
        body = TAKING[path][0]
        done = [
            await ask(house, "POST", path.replace("{id}", thing), body, 201, headers=KEY)
            for thing in things * 2
        ]
        of_first, of_second, *again = map(_ids, done)
        assert not {*of_first} & {*of_second}
        assert again == [of_first, of_second]


def _ids(answer: Any) -> list[str]:
    return [answer["id"]] if "id" in answer else [one["id"] for one in answer["items"]]


@pytest.mark.parametrize(("path", "body"), [("/targets", TARGET), ("/webhooks", {"url": URL})])
async def test_a_lost_answer_with_a_secret_is_had_again_while_nothing_has_changed(
    path: str, body: dict[str, Any]
) -> None:
    async with House.open(NOW) as house:
        first = await ask(house, "POST", path, body, 201, headers=KEY)
        assert first["signing_secret"]
        answer = await house.client.post(f"{BASE}{path}", json=body, headers=KEY)
        assert (answer.json(), answer.headers["idempotent-replayed"]) == (first, "true")
        await ask(house, "POST", f"{path}/{first['id']}/rotate-secret", {})
        assert "signing_secret" not in await ask(house, "POST", path, body, 201, headers=KEY)


async def test_what_was_made_and_deleted_is_not_made_again_under_the_same_key() -> None:
    async with House.open(NOW) as house:
        first = await ask(house, "POST", "/webhooks", {"url": URL}, 201, headers=KEY)
        await ask(house, "DELETE", f"/webhooks/{first['id']}", status=204)
        refused = await ask(house, "POST", "/webhooks", {"url": URL}, 409, headers=KEY)
        assert refused["errors"][0]["code"] == "gone"


async def test_a_request_that_was_refused_may_come_again_with_its_key() -> None:
    async with House.open(NOW) as house:
        await prepared(house)
        taken = TARGET | {"key": "t"}
        await ask(house, "POST", "/targets", taken, 409, headers=KEY)
        await ask(house, "POST", "/targets", TARGET, 201, headers=KEY)


async def test_a_bulk_request_is_told_how_it_can_be_repeated() -> None:
    async with House.open(NOW) as house:
        answer = await house.client.post(f"{BASE}/schedules/bulk", content=b"{}", headers=KEY)
        assert "mode=upsert" in answer.json()["errors"][0]["message"]


async def test_a_run_of_a_target_may_ask_for_anything_with_the_key_that_it_always_sends() -> None:
    async with House.open(NOW) as house:
        _, schedule = await prepared(house)
        run = {"Idempotency-Key": "run_1", "Horarium-Run": "run_1"}
        await ask(house, "POST", f"/schedules/{schedule['id']}/pause", headers=run)
        other = run | {"Horarium-Run": "run_2"}
        await ask(house, "POST", f"/schedules/{schedule['id']}/resume", status=400, headers=other)
