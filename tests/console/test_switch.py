"""Switching between workspaces: by the keys that a session holds, and by no others."""

from __future__ import annotations

from horarium.console.session import MOST_KEYS, added, begin, opened, sealed
from horarium.store.vault import Vault, new_key
from tests.api.asking import scheduled
from tests.console.browsing import signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_a_person_switches_between_the_workspaces_of_their_keys() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="Of the first")
        other = await house.workspace("other")
        page = await person.see("/switch")
        await person.send("/switch/add", page, key=other.key)
        assert "Of the first" not in await person.see("/schedules")
        assert "You are in <b><bdi>other</bdi>" in await person.see("/switch")
        await person.send("/switch", page, place="0")
        assert "Of the first" in await person.see("/schedules")
        for place in ("1", "x", "", "99999"):
            await person.send("/switch", page, 400, place=place)


async def test_a_wrong_key_is_refused_and_the_session_stays() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/switch")
        await person.send("/switch/add", page, 403, key="hor_" + "x" * 40)
        await person.send("/switch/add", page, 403, key="")
        assert "You are in <b><bdi>first</bdi>" in await person.see("/switch")
        await person.send("/switch/add", "", 403, key=house.key)


async def test_a_revoked_key_is_not_switched_to_and_the_cookie_stays_small() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/switch")
        for _ in range(12):
            await person.send("/switch/add", page, key=await house.key_with("runs:read"))
        cookie = next(each.value for each in person.client.cookies.jar if each.name == "horarium_session")
        assert cookie is not None
        assert len(cookie) < 1_500
        issued = await house.services.tenancy.create_key(await house.who(), "gone", ["runs:read"])
        await person.send("/switch/add", page, key=issued.text)
        await person.send("/switch/add", page, key=house.key)
        await house.services.tenancy.revoke_key(await house.who(), issued.key.id)
        assert "not valid any more" in await person.see("/switch")
        await person.send("/switch", page, place="0")
        answer = await person.client.get("/console/schedules")
        assert answer.headers["location"].startswith("/console/sign-in?")


def test_a_session_keeps_so_many_keys_and_still_fits_into_its_cookie() -> None:
    session, sealer = begin("hor_" + "a" * 124, 0), Vault([new_key()])
    for number in range(12):
        session = added(session, f"hor_{number:0124}")
    assert len((session.key, *session.others)) == MOST_KEYS
    assert session.key == f"hor_{11:0124}"
    assert session.others[0] == f"hor_{10:0124}"
    assert opened(sealed(session, sealer), sealer, 0) == session
