"""Rate limits as callers see them: by cost, told in headers, and refused in the envelope of each API."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from horarium.api.app import own_api
from horarium.api.bodies import WORKSPACE
from horarium.api.imports import within_quota
from horarium.api.kit import registry
from horarium.api.kit.keys import identify
from horarium.api.web import ALLOWANCES
from horarium.service.rates import IMPORT_ITEM
from horarium.settings import Settings
from tests.api.asking import BASE, ask, scheduled
from tests.api.dialects.speakers import SPEAKERS, Speaker
from tests.support.house import House
from tests.support.receiver import Receiver

NOW = "2026-11-23T08:00:00Z"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path, rate_limit=1_000.0) as made:
        yield made


async def left(house: House) -> int:
    """What the headers of a read say is left."""
    answer = await house.client.get(f"{BASE}/me")
    assert answer.headers["RateLimit-Policy"] == '"key";q=1000;w=1'
    return int(answer.headers["RateLimit"].split(";")[1].removeprefix("r="))


async def test_a_limit_is_on_by_default() -> None:
    assert Settings().rate_limit > 0


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_a_refusal_says_when_to_come_back_in_each_envelope(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    house.services.rates.spend(await house.who(), 3_000.0)
    refused = await speaker.read(speaker.schedule)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) in (2, 3)
    assert refused.headers["RateLimit"].startswith('"key";r=0;t=')
    assert "1000 units a second" in speaker.envelope(refused)


async def test_costs_differ_by_what_is_done(house: House) -> None:
    made = await scheduled(house)
    path = f"/schedules/{made['id']}"
    line = json.dumps({"name": "s", "recurrence": "0 9 * * *", "target": "t"})
    costs = {}
    for name, method, place, options in (
        ("read", "GET", path, {}),
        ("head", "HEAD", path, {}),
        ("write", "PATCH", path, {"json": {"name": "n"}}),
        ("preview", "GET", f"{path}/preview?count=1000", {}),
        ("bulk", "POST", "/schedules/bulk", {"content": "\n".join([line] * 100)}),
        ("import", "PUT", "/directory/users", {"json": [{"id": f"u{n}"} for n in range(100)]}),
        ("audience", "POST", "/audiences/preview", {"json": {"audience": {"type": "users"}}}),
        ("try", "POST", "/targets/t/test", {}),
        (
            "backfill",
            "POST",
            f"{path}/backfill",
            {"json": {"from": "2026-11-18T00:00:00Z", "to": "2026-11-23T00:00:00Z"}},
        ),
    ):
        before = await left(house)
        answer = await house.client.request(method, BASE + place, **options)
        assert answer.status_code < 300, answer.text
        costs[name] = before - await left(house) - 1
    assert costs == {
        "read": 1, "head": 1, "write": 2, "preview": 101, "bulk": 52, "import": 27, "audience": 52,
        "try": 22, "backfill": 8,
    }  # fmt: skip


@pytest.mark.parametrize("public", [True, False])
async def test_every_request_is_counted_and_told_of_once(tmp_path: Path, public: bool) -> None:
    """Also where more than one part of the server looks at its key. What is asked for is mostly not there."""
    async with House.open(NOW, data=tmp_path, rate_limit=1_000.0, public_pages=public) as house:
        page = own_api(house.services, registry.load()).openapi()
        asked = [(method.upper(), path) for path, methods in page["paths"].items() for method in methods]
        for method, path in [*asked, ("GET", "/metrics?workspace=*")]:
            named = re.sub(r"\{\w+\}", "nothing", path)
            before = await left(house)
            answer = await house.client.request(method, BASE + named)
            if "RateLimit" in answer.headers:  # callbacks and pages need no key
                assert len(answer.headers.get_list("RateLimit")) == 1, (method, path)
            cost = before - 1 - await left(house)
            usual = 0 if "RateLimit" not in answer.headers else 1 if method == "GET" else 2
            if not path.endswith("/preview"):  # whose times are counted before it is looked up
                assert cost == usual, (method, path, answer.text)
            house.clock.now += 1_000


async def test_two_keys_of_one_request_are_both_counted_though_as_much_is_left_to_both(house: House) -> None:
    keys = [await house.key_with("runs:read") for _ in range(2)]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}

    def request() -> Request:
        return Request(scope | {ALLOWANCES: [], WORKSPACE: {}})

    await identify(request(), house.services, keys[1])
    both = request()
    for key in (*keys, *keys):  # and each of them once
        await identify(both, house.services, key)
    assert [found.left for found in both.scope[ALLOWANCES]] == [999.0, 998.0]


async def cost(house: House, path: str, body: object, status: int = 200) -> int:
    """What a POST costs beyond the 2 units of a write."""
    before = await left(house)
    await ask(house, "POST", path, body, status)
    return before - await left(house) - 3


async def test_a_dry_run_of_a_backfill_costs_what_a_preview_of_its_slots_does_also_when_they_are_too_many(
    house: House,
) -> None:
    made = await scheduled(house, recurrence="* * * * *")
    path = f"/schedules/{made['id']}/backfill"
    day = {"from": "2026-11-22T00:00:00Z", "to": "2026-11-22T16:39:00Z"}
    assert await cost(house, path, day | {"dry_run": True}) == 100
    for dry_run in (True, False):
        house.clock.now += 60_000
        month = {"from": "2026-10-22T00:00:00Z", "to": day["to"], "dry_run": dry_run}
        await ask(house, "POST", path, month, 400)
        assert (await house.client.get(f"{BASE}/me")).status_code == 429
        house.clock.now += 1_000
        await ask(house, "GET", "/me")


async def test_a_dry_run_of_an_action_costs_a_read_for_each_step_that_it_takes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("horarium.service.actions._COUNTED_TOGETHER", 2)
    for number in range(7):
        await scheduled(house, name=f"s{number}")
    pause = {"action": "pause", "filter": {}, "dry_run": True}
    assert await cost(house, "/schedules/actions", pause) == 4
    assert await cost(house, "/schedules/actions", pause | {"filter": {"state": "paused"}}) == 1
    assert await cost(house, "/runs/actions", {"action": "cancel", "filter": {}, "dry_run": True}) == 1


async def some_items(count: int, breaks_off: bool) -> AsyncIterator[tuple[int, Any]]:
    for number in range(1, count + 1):
        yield number, {"id": str(number)}
    if breaks_off:
        raise ConnectionError


@pytest.mark.parametrize(
    ("ends", "count", "read"),
    [("well", 30, 30), ("over the quota", 100, 41), ("broken off", 30, 30), ("given up", 100, 20)],
)
async def test_an_import_costs_what_was_read_of_it_however_it_ends(
    house: House, ends: str, count: int, read: int
) -> None:
    who, spent = await house.who(), list[float]()
    quotas = replace(who.workspace.quotas, bulk_lines=40)
    who = replace(who, workspace=replace(who.workspace, quotas=quotas))
    rates: Any = SimpleNamespace(spend=lambda who, cost: spent.append(cost))
    services: Any = SimpleNamespace(rates=rates)
    items = within_quota(services, who, some_items(count, ends == "broken off"))
    async with aclosing(items):
        with suppress(ConnectionError):
            async for number, _ in items:
                if ends == "given up" and number == read:
                    break
    assert spent == [read * IMPORT_ITEM]


async def test_an_import_that_is_given_up_has_cost_what_was_read_of_it_when_it_is_answered(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("horarium.service.directory.CHUNK", 8)
    monkeypatch.setattr("horarium.service.directory.REFUSED_LIMIT", 4)
    before = await left(house)
    answer = await house.client.put(f"{BASE}/directory/users", json=[{}] * 100)
    assert answer.json()["ended_early"] is True
    assert answer.headers["RateLimit"].startswith(f'"key";r={before - 2 - int(8 * IMPORT_ITEM)};')


async def test_without_a_limit_no_headers_are_sent(tmp_path: Path) -> None:
    async with House.open(NOW, data=tmp_path, rate_limit=0.0) as house:
        assert "RateLimit" not in (await house.client.get(f"{BASE}/me")).headers


async def test_callbacks_of_runs_are_never_limited(house: House) -> None:
    house.services.rates.spend(await house.who(), 10_000.0)
    await ask(house, "GET", "/me", status=429)
    for _ in range(3):
        answer = await house.client.post(f"{BASE}/runs/run_x/heartbeat", json={})
        assert answer.status_code == 404  # there is no such run
