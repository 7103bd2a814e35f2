"""Keys, people and services: made with scopes and grants in words, shown once, revoked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from horarium.console.keys import LASTING
from horarium.console.scope_words import SCOPE_WORDS
from horarium.domain.tenancy import SCOPES
from tests.api.asking import ask, scheduled
from tests.console.browsing import Person, signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


def test_every_scope_has_words() -> None:
    assert set(SCOPE_WORDS) == set(SCOPES)


async def made_key(person: Person, status: int = 201, **fields: str | list[str]) -> str:
    """The page that answers the form of a new key."""
    page = await person.see("/keys/new")
    given: dict[str, str | list[str]] = {"name": "Reports", "scopes": ["runs:read"], **fields}
    return (await person.send("/keys/new", page, status, **given)).text


async def test_a_key_is_made_with_scopes_and_a_grant_and_its_text_is_shown_once() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        target = await house.target("workflow", key="nightly", name="Nightly")
        page = await person.see("/principals/new")
        chosen = (await ask(house, "GET", f"/targets/{target.key}"))["id"]
        answer = await person.send("/principals/new", page, name="Bot", type="service", grants=[chosen])
        bot = answer.headers["location"].partition("?")[0].removeprefix("/console/principals/")
        assert "may schedule Nightly" in await person.see(f"/principals/{bot}")
        shown = await made_key(
            person, principal=bot, scopes=["schedules:read", "schedules:write"], expires_at="30"
        )
        assert "make, change, pause, resume and fire schedules" in shown
        assert "may schedule Nightly" in shown
        (text,) = re.findall(r"hor_[\w-]{40,}", shown)
        assert text not in await person.see("/keys")
        house.client.headers["authorization"] = f"Bearer {text}"
        me = await ask(house, "GET", "/me")
        assert (me["principal"]["name"], me["key"]["scopes"], me["targets"]) == (
            "Bot",
            ["schedules:read", "schedules:write"],
            [chosen],
        )


@pytest.mark.parametrize("days", [days for days, _ in LASTING])
async def test_a_key_is_valid_as_long_as_was_chosen(days: str) -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await made_key(person, name="lasting", expires_at=days)
        (key,) = [one for one in (await ask(house, "GET", "/keys"))["items"] if one["name"] == "lasting"]
        ends = None if not days else datetime.fromisoformat(NOW) + timedelta(days=int(days))
        assert (key["expires_at"] and datetime.fromisoformat(key["expires_at"])) == ends


async def test_a_grant_is_given_and_taken_away() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await house.target("workflow", name="Nightly")
        page = await person.see("/principals/new")
        answer = await person.send("/principals/new", page, name="Bot", type="service")
        place = answer.headers["location"].partition("?")[0].removeprefix("/console")
        assert "may schedule no target" in await person.see(place)
        await person.send(f"{place}/grants", page, grants=["*"])
        assert "may schedule every target" in await person.see(place)
        await person.send(f"{place}/grants", page, remove="*")
        assert "may schedule no target" in await person.see(place)
        await person.send(f"{place}/delete", await person.see(f"{place}/delete"))
        await person.see(place, 404)


async def test_what_is_wrong_with_a_key_is_said_at_its_field_and_nothing_that_was_typed_is_lost() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await made_key(
            person, 400, name="", scopes=[], networks="10.1.0.0/99", labels="team:red", expires_at="90"
        )
        for field in ("name", "scopes", "networks"):
            assert f'id="{field}-wrong"' in page, field
        assert "team:red" in page
        assert '<option value="90" selected>' in page
        assert 'id="labels-wrong"' in await made_key(person, 400, labels="team")
        assert 'id="principal-wrong"' in await made_key(person, 400, principal="nobody")
        assert 'id="expires_at-wrong"' in await made_key(person, 400, expires_at="7000")


async def test_only_scopes_that_the_own_key_has_are_offered_and_others_are_refused() -> None:
    async with House.open(NOW) as house:
        key = await house.key_with("keys:admin", "runs:read")
        async with signed_in(house, key=key) as person:
            page = await person.see("/keys/new")
            assert re.findall(r'name="scopes" value="([^"]+)"', page) == ["runs:read", "keys:admin"]
            await made_key(person, 403, scopes=["*"])


async def test_a_key_is_revoked_and_not_the_one_of_the_session() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await made_key(person)
        page = await person.see("/keys")
        (place,) = re.findall(r'href="/console(/keys/key_[^"]+/revoke)"', page)
        await person.send(place, await person.see(place))
        assert "revoked" in await person.see("/keys?done=revoked")
        own = (await ask(house, "GET", "/me"))["key"]["id"]
        await person.send(f"/keys/{own}/revoke", page, 409)


async def test_a_restricted_key_says_so_in_words() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house)
        page = await made_key(person, targets=[made["target"]], labels="team:red", networks="10.0.0.0/8")
        for words in ("only schedules and runs of T", "the labels team:red", "only from 10.0.0.0/8"):
            assert words in page


async def test_each_part_of_a_restriction_restricts_a_key_without_the_others() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house)
        for fields, part, value in (
            ({"targets": [made["target"]]}, "targets", [made["target"]]),
            ({"labels": "team:red"}, "labels", {"team": "red"}),
            ({"networks": "10.0.0.0/8"}, "networks", ["10.0.0.0/8"]),
        ):
            await made_key(person, name=f"by {part}", **fields)
            (key,) = [
                one for one in (await ask(house, "GET", "/keys"))["items"] if one["name"] == f"by {part}"
            ]
            assert key[part] == value


async def test_keys_are_shown_to_who_may_administer_them_alone() -> None:
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        foreign = (await ask(house, "GET", "/me"))["principal"]["id"]
        async with signed_in(house, key=await house.key_with("runs:read")) as person:
            for path in ("/keys", "/keys/new", "/principals/new", f"/principals/{foreign}"):
                assert "lacks the scope keys:admin" in await person.see(path, 403)
        async with signed_in(house, other) as stranger:
            await stranger.see(f"/principals/{foreign}", 404)
            page = await stranger.see("/keys")
            await stranger.send(f"/principals/{foreign}/grants", page, 404, grants=["*"])
            await stranger.send(f"/principals/{foreign}/delete", page, 404)
