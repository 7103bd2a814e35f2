"""The settings and limits of a workspace, and all workspaces for a key of the whole server."""

from __future__ import annotations

import re

from horarium.domain.tenancy import SERVER_SCOPE
from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in, stranger
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_settings_are_changed_and_mistakes_are_said_at_their_fields() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings")
        await person.send("/settings", page, name="Acme", timezone="Europe/Paris", version="1")
        found = await ask(house, "GET", "/workspaces/current")
        assert (found["name"], found["settings"]["timezone"]) == ("Acme", "Europe/Paris")
        wrong = await person.send("/settings", page, 400, name="", timezone="Mars", version="2")
        assert 'id="name-wrong"' in wrong.text
        assert 'id="timezone-wrong"' in wrong.text
        late = await person.send("/settings", page, 409, name="Acme", timezone="UTC", version="1")
        assert "version" in late.text


async def test_limits_show_what_is_used_of_them() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house)
        page = await person.see("/settings")
        assert re.search(
            r"schedules</th>\s*<td[^>]*>.*?</td>\s*<td class=\"num\"[^>]*>1</td>", page, re.DOTALL
        )
        assert "nearly reached" not in page


async def test_a_key_of_the_whole_server_sets_limits_and_another_does_not() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings")
        values = {"name": "first", "timezone": "UTC", "version": "1", "schedules": "1", "weight": "3"}
        await person.send("/settings", page, **values)
        other = await house.workspace("other")
        shown = (await ask(house, "GET", "/workspaces/current"))["quotas"]["schedules"]
        key = await house.key_with(SERVER_SCOPE, "*") if shown == 1 else house.key
        async with signed_in(house, key=key) as admin:
            listed = await admin.see("/workspaces")
            assert "other" in listed
            place = re.findall(r'href="/console(/workspaces/ws_[^"]+)"', listed)[-1]
            form = await admin.see(place)
            allowed = {"name": "Other", "timezone": "UTC", "version": "1", "schedules": "7", "weight": "2"}
            await admin.send(place, form, allowed_hosts="a.example\n*.b.example", **allowed)
            wrong = await admin.send(place, form, 400, **{**allowed, "version": "2", "schedules": "many"})
            assert 'id="schedules-wrong"' in wrong.text
            assert 'id="weight-wrong"' not in wrong.text
            wrong = await admin.send(place, form, 400, **{**allowed, "version": "2", "weight": "heavy"})
            assert 'id="weight-wrong"' in wrong.text
        found = await ask(
            house, "GET", "/workspaces/current", headers={"authorization": f"Bearer {other.key}"}
        )
        assert (found["quotas"]["schedules"], found["weight"]) == (7, 2)
        assert found["allowed_hosts"] == ["a.example", "*.b.example"]


async def test_a_workspace_is_made_with_a_key_that_is_shown_once() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/workspaces/new")
        wrong = await person.send("/workspaces/new", page, 400, name="", slug="Not Good", timezone="Mars")
        for field in ("name", "slug", "timezone"):
            assert f'id="{field}-wrong"' in wrong.text, field
        made = await person.send("/workspaces/new", page, 201, name="Acme", timezone="Europe/Paris")
        (text,) = re.findall(r"hor_[\w-]{40,}", made.text)
        async with stranger(house) as them:
            await them.send("/sign-in", "", key=text)
            assert "Acme" in await them.see("/")
        await person.send("/workspaces/new", page, 409, name="Acme")


async def test_other_workspaces_are_not_there_for_a_key_of_one() -> None:
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        async with signed_in(house, key=await house.key_with("*")) as person:
            page = await person.see("/settings")
            assert "All workspaces" not in page
            for path in ("/workspaces", "/workspaces/new"):
                await person.see(path, 403)
            found = await ask(
                house, "GET", "/workspaces/current", headers={"authorization": f"Bearer {other.key}"}
            )
            await person.see(f"/workspaces/{found['id']}", 403)
            await person.send(f"/workspaces/{found['id']}", page, 403, name="Mine")
            await person.send("/settings", page, name="Mine", timezone="UTC", schedules="5")
            assert (await ask(house, "GET", "/workspaces/current"))["quotas"]["schedules"] == 1_000_000
        async with signed_in(house, key=await house.key_with("runs:read")) as reader:
            page = await reader.see("/settings")
            assert "needs a key with the scope keys:admin" in page
            await reader.send("/settings", page, 403, name="Mine")
