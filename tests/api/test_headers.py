"""What browsers are told about every answer."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from horarium.api.app import BASE
from horarium.api.kit import registry
from tests.mutations.sending import send
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
SAFE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}
BASES = [BASE, *(base for dialect in registry.load().values() for base in dialect.bases)]


@pytest.mark.parametrize("base", ["", *BASES])
async def test_every_answer_tells_browsers_to_do_nothing_with_it(base: str) -> None:
    async with House.open(NOW) as house:
        for path in (
            "/healthz",
            "/openapi.json",
            "/nowhere",
            "/schedules",
            "/docs",
            "/docs/static/swagger-ui.css",
        ):
            for method in ("GET", "HEAD", "POST", "DELETE"):
                answer = await house.client.request(method, f"{base}{path}")
                headers = [(name, value) for name, value in answer.headers.multi_items() if name in SAFE]
                assert sorted(headers) == sorted(SAFE.items()), (method, path)
                policy = answer.headers.get_list("content-security-policy")
                assert len(policy) == 1
                assert "frame-ancestors 'none'" in policy[0]
                assert "default-src 'none'" in policy[0]
                assert "server" not in answer.headers


async def test_a_fault_is_answered_with_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with House.open(NOW) as house:

        async def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(type(house.services.identities), "resolve", broken)
        answer = await house.client.get(f"{BASE}/me")
        assert (answer.status_code, answer.headers["x-frame-options"]) == (500, "DENY")


@pytest.mark.parametrize("base", BASES)
async def test_the_page_of_an_api_may_run_its_own_script_and_no_other(base: str) -> None:
    async with House.open(NOW) as house:
        page = await house.client.get(f"{base}/docs")
        policy = page.headers["content-security-policy"]
        scripts = re.findall(rb"<script>(.*?)</script>", page.content, re.DOTALL)
        assert len(scripts) == 1
        assert f"'sha256-{b64encode(sha256(scripts[0]).digest()).decode()}'" in policy
        script = re.search(r"script-src ([^;]*)", policy)
        assert script is not None
        assert "unsafe" not in script[1]
        loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
        assert loaded
        assert all(link.startswith(f"{base}/docs/static/") for link in loaded)


async def test_of_a_header_that_comes_twice_the_first_counts() -> None:
    async with House.open(NOW) as house:
        good, bad = f"Bearer {house.key}".encode(), b"Bearer hor_other"
        for first, second, status in ((good, bad, 200), (bad, good, 401)):
            headers = ((b"authorization", first), (b"authorization", second))
            assert (await send(house.api, "GET", f"{BASE}/me", headers)).status == status


async def test_a_key_in_a_header_of_its_own_may_have_blanks_around_it() -> None:
    async with House.open(NOW, public_pages=False) as house:
        headers = ((b"x-api-key", f" {house.key} ".encode()),)
        assert (await send(house.api, "GET", "/metrics", headers)).status == 200
