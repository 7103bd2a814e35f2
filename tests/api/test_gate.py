"""Metrics and pages are shown to everybody, or only with a key, by a setting."""

from base64 import b64encode

import httpx
import pytest

from horarium.api.app import BASE
from horarium.api.kit import registry
from tests.support.house import House, client_of

NOW = "2026-03-01T12:00:00Z"
BASES = [BASE, *(base for dialect in registry.load().values() for base in dialect.bases)]
PAGES = ["/metrics", f"{BASE}/metrics"]
PAGES += [
    f"{base}{page}" for base in BASES for page in ("/docs", "/openapi.json", "/docs/static/swagger-ui.css")
]


@pytest.mark.parametrize("public", [True, False])
async def test_pages_are_shown_without_a_key_as_the_setting_says(public):
    async with House.open(NOW, public_pages=public) as house, client_of(house.api) as nobody:
        statuses = {path: (await nobody.get(path)).status_code for path in PAGES}
        assert set(statuses.values()) == {200 if public else 401}
        assert (await nobody.get("/healthz")).status_code == 200
        assert (await nobody.get("/readyz")).status_code == 200


async def test_any_key_opens_closed_pages_also_as_the_password_of_a_browser():
    async with House.open(NOW, public_pages=False) as house, client_of(house.api) as nobody:
        key = await house.key_with("runs:read")
        basic = b64encode(f"anybody:{key}".encode()).decode()
        for headers in (
            {"Authorization": f"Bearer {key}"},
            {"X-API-Key": key},
            {"Authorization": f"Basic {basic}"},
        ):
            for path in PAGES:
                assert (await nobody.get(path, headers=headers)).status_code == 200, path


async def test_closed_pages_refuse_wrong_passwords_and_ask_for_one():
    async with House.open(NOW, public_pages=False) as house, client_of(house.api) as nobody:
        for given in ("Basic eDp5", "Basic !", "Basic", "Bearer hor_wrong", "Digest x"):
            answer = await nobody.get(f"{BASE}/docs", headers={"Authorization": given})
            assert answer.status_code == 401
            (asked,) = answer.headers.get_list("www-authenticate")
            assert asked.startswith("Basic ")
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_password_opens_nothing_but_pages():
    async with House.open(NOW, public_pages=False) as house, client_of(house.api) as nobody:
        basic = b64encode(f"x:{house.key}".encode()).decode()
        assert (
            await nobody.get(f"{BASE}/me", headers={"Authorization": f"Basic {basic}"})
        ).status_code == 401


async def _at(house, port: int, path: str, **headers: str) -> int:
    """The status of an answer to a request that came to this port."""
    transport = httpx.ASGITransport(house.api)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
        return (await client.get(path, headers=headers)).status_code


@pytest.mark.parametrize("public", [True, False])
async def test_pages_with_an_address_of_their_own_are_shown_there_only(public):
    async with House.open(NOW, public_pages=public, pages_address="127.0.0.1:9100") as house:
        mine = {"Authorization": f"Bearer {house.key}"}
        for path in PAGES:
            assert await _at(house, 80, path) == 404, path
            assert await _at(house, 80, path, **mine) == 404, path
            assert await _at(house, 9100, path) == (200 if public else 401), path
            assert await _at(house, 9100, path, **mine) == 200, path
        # What a client says of itself does not count; the port that it reached does.
        assert await _at(house, 80, "/metrics", Host="127.0.0.1:9100") == 404


async def test_the_address_of_the_pages_answers_nothing_but_pages_and_health():
    async with House.open(NOW, pages_address="127.0.0.1:9100") as house:
        mine = {"Authorization": f"Bearer {house.key}"}
        for route in house.api.routes:
            for below in getattr(route, "routes", None) or [route]:
                path = getattr(route, "path", "") * (below is not route) + below.path
                if path in PAGES or path.endswith(("/healthz", "/readyz", "/docs", "/docs/static")):
                    continue
                assert await _at(house, 9100, path, **mine) == 404, path
        assert await _at(house, 80, f"{BASE}/me", **mine) == 200
        for port in (80, 9100):
            for path in ("/healthz", "/readyz", f"{BASE}/healthz", f"{BASE}/readyz"):
                assert await _at(house, port, path) == 200, (port, path)
