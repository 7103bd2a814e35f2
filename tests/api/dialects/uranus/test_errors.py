"""Whatever goes wrong below /api/agents is told in uranus' envelope."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.dialects.uranus.conftest import BASE, CRON, create
from tests.support.house import House, client_of

ROUTES = [("GET", ""), ("POST", ""), ("GET", "/{id}"), ("PUT", "/{id}"), ("DELETE", "/{id}")]


def enveloped(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert error.keys() <= {"code", "message", "details", "problems"}
    return error


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_refuses_strangers_and_the_wrong_tenant(
    house: House, method: str, path: str
) -> None:
    made = await create(house, CRON)
    where = BASE + path.format(id=made["id"])
    for key in (None, "hor_unknown", "x"):
        async with client_of(house.api, key) as stranger:
            enveloped(await stranger.request(method, where, content=b"{"), 401, "UNAUTHORIZED")
    async with client_of(house.api, await house.key_with("directory:read")) as limited:
        enveloped(await limited.request(method, where, json={}), 403, "FORBIDDEN")
    other = await house.workspace("other")
    error = enveloped(await other.client.request(method, where, json=CRON), 404, "NOT_FOUND")
    assert error["message"] == "Agent not found"
    await house.target("agent", key="secretary", tenant=other)
    if path:
        error = enveloped(await other.client.request(method, where, json=CRON), 404, "NOT_FOUND")
        assert error["message"] == "Schedule not found"


@pytest.mark.parametrize("agent", ["nobody", "workflow-456", "0", "99999999999999999999", "tgt_X", "%00"])
async def test_what_is_no_agent_is_not_found(house: House, agent: str) -> None:
    for method, path in ROUTES:
        answer = await house.client.request(method, f"/api/agents/{agent}/schedules{path}", json=CRON)
        assert enveloped(answer, 404, "NOT_FOUND")["message"] == "Agent not found"


async def test_a_body_that_is_no_json_object_is_400(house: House) -> None:
    made = await create(house, CRON)
    for body in (b"", b"{", b"[]", b"3", b'{"a": NaN}', b"\xff", b"[" * 5000):
        for method, path in (("POST", BASE), ("PUT", f"{BASE}/{made['id']}")):
            error = enveloped(await house.client.request(method, path, content=body), 400, "VALIDATION_ERROR")
            assert error["message"] == "Invalid schedule data"
            assert error["details"]["issue"]


async def test_a_large_body_is_413_and_haste_is_429() -> None:
    async with House.open("2024-12-15T10:00:00Z", body_limit=1000, rate_limit=2.0) as house:
        await house.target("agent", key="secretary")
        house.clock.now += 5000
        enveloped(await house.client.post(BASE, content=b"x" * 1001), 413, "PAYLOAD_TOO_LARGE")
        await house.client.get(BASE)
        answer = await house.client.get(BASE)
        enveloped(answer, 429, "RATE_LIMITED")
        assert int(answer.headers["retry-after"]) >= 1


async def test_unknown_routes_and_wrong_methods(house: House) -> None:
    for path in ("/api/agents/secretary", "/api/agents/secretary/x", f"{BASE}/a/b", f"{BASE}/"):
        enveloped(await house.client.get(path), 404, "NOT_FOUND")
    for method, path in (("PATCH", BASE), ("DELETE", BASE), ("POST", f"{BASE}/x"), ("PATCH", f"{BASE}/x")):
        answer = await house.client.request(method, path, json={})
        enveloped(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"]


async def test_a_fault_of_ours_is_500_and_says_nothing_of_the_inside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(type(house.services.schedules), "list", broken)
    answer = await house.client.get(BASE)
    enveloped(answer, 500, "INTERNAL_ERROR")
    assert "the inside" not in answer.text


async def test_without_a_grant_on_the_callback_it_cannot_be_scheduled(house: House) -> None:
    who = await house.who()
    service = await house.services.tenancy.create_principal(who, "ungranted")
    issued = await house.services.tenancy.create_key(who, "k", ["*"], service.id)
    async with client_of(house.api, issued.text) as client:
        enveloped(await client.post(BASE, json=CRON), 403, "FORBIDDEN")


async def test_the_key_may_stand_in_the_header_of_the_products_proxy(house: House) -> None:
    client = client_of(house.api, headers={"CF-Access-JWT-Assertion": house.key})
    assert (await client.get(BASE)).status_code == 200
    wrong = client_of(house.api, headers={"CF-Access-JWT-Assertion": "nobody's"})
    assert (await wrong.get(BASE)).json()["error"]["code"] == "UNAUTHORIZED"
    both = client_of(house.api, house.key, {"CF-Access-JWT-Assertion": "nobody's"})
    assert (await both.get(BASE)).status_code == 200
