"""Signing in: with an API key, for a session that holds it sealed and ends with it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from horarium.console.base import safe_path
from horarium.console.session import LASTS_MS, begin, opened, sealed
from horarium.store.vault import Vault, new_key
from tests.api.asking import ask
from tests.console.browsing import signed_in, stranger
from tests.support.house import House, client_of

NOW = "2026-03-01T12:00:00Z"


async def test_a_browser_at_the_root_is_led_to_the_console_and_a_program_is_not() -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        answer = await person.client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
        assert (await house.client.get("/")).json()["name"] == "Horarium"
        program = {"accept": "application/json", "x-wanted": "text/html"}
        assert (await person.client.get("/", headers=program)).json()["name"] == "Horarium"


async def test_who_is_not_signed_in_is_led_to_sign_in_and_back() -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        answer = await person.client.get("/console/runs?state=failed")
        assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fruns%3Fstate%3Dfailed"
        signed = await person.send("/sign-in", "", key=house.key, next="/console/runs?state=failed")
        assert signed.headers["location"] == "/console/runs?state=failed"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/console/\\evil", "/console//x"]
)
async def test_signing_in_leads_to_no_other_place(elsewhere: str) -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        answer = await person.send("/sign-in", "", key=house.key, next=elsewhere)
        assert answer.headers["location"] == "/console/"


@pytest.mark.parametrize(
    ("given", "is_safe"),
    [
        ("/console/", True),
        ("/console/runs?state=failed&label=a%3Ab#x", True),
        ("/console/" + "r" * 1_991, True),
        ("/console/" + "r" * 1_992, False),  # no browser was led here with more
        ("/console", False),
        ("/consoles/", False),
        ("/horarium/v1/me", False),
        (" /console/", False),
        ("/console/\r\nset-cookie: a=b", False),
        ("/console/\t", False),
        ("/console/\x7f", False),
        ("/console/é", False),
        ("/console//evil.example", False),
        ("/console/\\evil.example", False),
        ("https://testserver/console/", False),
        ("", False),
        (None, False),
    ],
)
def test_only_a_page_of_the_console_is_gone_on_to(given: str | None, is_safe: bool) -> None:
    assert safe_path(given) == (given if is_safe else "/console/")


async def test_the_cookie_is_for_this_server_alone_and_holds_no_key_in_clear() -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        answer = await person.send("/sign-in", "", key=house.key)
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/console"))
        assert house.key not in cookie
        assert house.key not in await person.see("/")


async def test_a_cookie_is_bound_to_https_where_browsers_use_it() -> None:
    async with House.open(NOW, public_url="https://horarium.example") as house, stranger(house) as person:
        answer = await person.send("/sign-in", "", key=house.key)
        assert "; Secure" in answer.headers["set-cookie"]


async def test_a_wrong_key_is_refused_and_counted_like_one_of_the_api() -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        delays: list[float] = []

        async def noted(seconds: float) -> None:
            delays.append(seconds)

        house.services.wrong_keys.sleep = noted
        for _ in range(12):
            await person.send("/sign-in", "", 403, key="hor_" + "x" * 40)
        assert delays == [0.1, 0.2]


async def test_a_revoked_key_ends_its_session_at_once() -> None:
    async with House.open(NOW) as house:
        issued = await house.services.tenancy.create_key(await house.who(), "theirs", ["*"])
        async with signed_in(house, key=issued.text) as person:
            await person.see("/schedules")
            await house.services.tenancy.revoke_key(await house.who(), issued.key.id)
            answer = await person.client.get("/console/schedules")
            assert answer.headers["location"].startswith("/console/sign-in?")
            assert "Max-Age=0" in answer.headers["set-cookie"]


async def test_a_session_ends_after_twelve_hours() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        house.clock.now += LASTS_MS - 1
        await person.see("/schedules")
        house.clock.now += 1
        await person.see("/schedules", 303)


@pytest.mark.parametrize(
    ("after_ms", "lasts"), [(-1, False), (0, True), (LASTS_MS - 1, True), (LASTS_MS, False)]
)
def test_a_session_lasts_from_its_beginning_to_its_end(after_ms: int, lasts: bool) -> None:
    session, sealer = begin("hor_x", 1_000_000_000), Vault([new_key()])
    found = opened(sealed(session, sealer), sealer, session.since_ms + after_ms)
    assert found == (session if lasts else None)


async def test_a_key_that_is_not_accepted_from_here_is_refused_on_the_pages_where_keys_are_given() -> None:
    """And a session that has one says so where it can be switched to, as if the key were not valid any more."""
    async with House.open(NOW) as house:
        body = {"name": "far", "scopes": ["*"], "networks": ["203.0.113.0/24"]}
        far = await ask(house, "POST", "/keys", body, 201)
        async with stranger(house) as person:
            page = (await person.send("/sign-in", "", 403, key=far["key"], next="/console/runs")).text
            assert 'name="next" value="/console/runs"' in page
            assert 'role="alert"' in page
            assert "set-cookie" not in (await person.send("/sign-in", "", 403, key=far["key"])).headers
        async with signed_in(house) as person:
            page = await person.see("/switch")
            assert 'role="alert"' in (await person.send("/switch/add", page, 403, key=far["key"])).text
            session = begin(house.key, house.clock.now)
            near = await ask(house, "POST", "/keys", body | {"networks": ["127.0.0.0/8"]}, 201)
            there = sealed(replace(session, others=(far["key"], near["key"])), house.services.vault)
            shown = await person.client.get(
                "/console/switch", headers={"cookie": f"horarium_session={there}"}
            )
            assert shown.text.count("not valid any more") == 1
            assert re.findall(r'name="place" value="(\d)"', shown.text) == ["1"]


async def test_a_cookie_that_was_changed_is_nobodys() -> None:
    async with House.open(NOW) as house, stranger(house) as person:
        for value in ("", "x", "A" * 200, "A" * 5_000):
            answer = await person.client.get("/console/", headers={"cookie": f"horarium_session={value}"})
            assert answer.status_code == 303


async def test_signing_out_ends_the_session() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await person.send("/sign-out", await person.see("/"))
        await person.see("/", 303)


async def test_a_session_is_worth_nothing_to_the_apis() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        cookie = "; ".join(f"{each.name}={each.value}" for each in person.client.cookies.jar)
        async with client_of(house.api, headers={"cookie": cookie}) as program:
            assert (await program.get("/horarium/v1/me")).status_code == 401


async def test_the_setting_switches_the_console_off() -> None:
    async with House.open(NOW, console=False) as house, stranger(house) as person:
        await person.see("/", 404)
        assert (await person.client.get("/")).json()["name"] == "Horarium"
