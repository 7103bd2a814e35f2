"""What pages of other origins may do: nothing, unless a setting allows their origin."""

import pytest

from horarium.api.app import BASE
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
APP = "https://app.example.com"
OTHER = "https://other.example.com"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, x-n8n-api-key",
}


def shared(answer):
    return [name for name in answer.headers if name.startswith("access-control-")]


async def test_by_default_no_origin_is_told_that_it_may_read_anything():
    async with House.open(NOW) as house:
        for path in (f"{BASE}/me", "/api/v1/workflows", "/nowhere"):
            assert shared(await house.client.get(path, headers={"Origin": APP})) == []
            answer = await house.client.options(path, headers={"Origin": APP, **PREFLIGHT})
            assert answer.status_code >= 400
            assert shared(answer) == []


@pytest.mark.parametrize("path", [f"{BASE}/schedules", "/api/v1/schedules", "/clients/scheduled-events"])
async def test_a_browser_client_of_an_allowed_origin_may_ask_and_read(path):
    async with House.open(NOW, cors_origins=(APP,)) as house:
        asked = await house.client.options(path, headers={"Origin": APP, **PREFLIGHT})
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == APP
        assert "POST" in asked.headers["access-control-allow-methods"]
        assert "authorization" in asked.headers["access-control-allow-headers"]
        read = await house.client.get(path, headers={"Origin": APP})
        assert read.headers["access-control-allow-origin"] == APP
        assert "Origin" in read.headers["vary"]
        described = (await house.client.get(f"{BASE}/openapi.json")).json()["components"]["headers"]
        exposed = {name.strip() for name in read.headers["access-control-expose-headers"].split(",")}
        assert exposed == {*described, "Location", "X-Should-Retry"}  # those of dialects besides
        assert "access-control-allow-credentials" not in read.headers


async def test_a_browser_client_is_told_that_its_request_came_before():
    async with House.open(NOW, cors_origins=(APP,)) as house:
        once = {"Origin": APP, "Idempotency-Key": "once"}
        for again in (None, "true"):
            made = await house.client.post(
                f"{BASE}/principals", json={"name": "P", "type": "service"}, headers=once
            )
            assert made.status_code == 201
            assert made.headers.get("Idempotent-Replayed") == again
        assert "Idempotent-Replayed" in made.headers["access-control-expose-headers"]


async def test_errors_can_be_read_by_an_allowed_origin_too():
    async with House.open(NOW, cors_origins=(APP,)) as house:
        refused = await house.client.get(f"{BASE}/me", headers={"Origin": APP, "Authorization": "Bearer x"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == APP
        assert refused.headers["x-content-type-options"] == "nosniff"


async def test_other_origins_stay_outside_when_one_is_allowed():
    async with House.open(NOW, cors_origins=(APP,)) as house:
        read = await house.client.get(f"{BASE}/me", headers={"Origin": OTHER})
        assert "access-control-allow-origin" not in read.headers
        for origin in (OTHER, "null", f"{APP}.evil.example", APP.upper(), "http://app.example.com"):
            asked = await house.client.options(f"{BASE}/me", headers={"Origin": origin, **PREFLIGHT})
            assert asked.status_code == 400
            assert "access-control-allow-origin" not in asked.headers
