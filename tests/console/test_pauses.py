"""The pause of a whole workspace: asked for with a note and an end, told where people look, and ended with a choice."""

from __future__ import annotations

import re

from horarium.domain.tenancy import SERVER_SCOPE
from horarium.service.pauses import ADMIN
from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
CURRENT = "/workspaces/current"


async def test_a_workspace_is_paused_with_a_note_and_an_end_and_pages_say_who_and_why() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="* * * * *")
        assert "Pause everything" in await person.see("/")
        page = await person.see("/settings/pause")
        sent = {"note": "The <CRM> moves", "until": "2026-03-01 13:00", "catch_up": "latest"}
        answer = await person.send("/settings/pause", page, **sent)
        assert answer.headers["location"] == "/console/?done=workspace-paused"
        pause = (await ask(house, "GET", CURRENT))["pause"]
        told = (pause["note"], pause["until"], pause["catch_up"])
        assert told == ("The <CRM> moves", "2026-03-01T13:00:00.000Z", "latest")
        me = (await ask(house, "GET", "/me"))["principal"]["name"]
        for path in ("/", "/schedules", f"/schedules/{made['id']}", "/settings"):
            shown = await person.see(path)
            assert "The workspace is paused" in shown, path
            assert "The &lt;CRM&gt; moves" in shown, path
            assert f"by <bdi>{me}</bdi>" in shown, path
            assert "Pause everything" not in shown, path


async def test_a_field_that_is_emptied_is_taken_away_from_the_pause() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings/pause")
        await person.send("/settings/pause", page, note="The CRM moves", until="2026-03-01 13:00")
        page = await person.see("/settings/pause")
        await person.send("/settings/pause", page, note="The CRM moves", until="")
        pause = (await ask(house, "GET", CURRENT))["pause"]
        assert (pause["note"], pause["until"]) == ("The CRM moves", None)


async def test_the_slots_of_a_pause_become_what_is_chosen_when_it_is_resumed() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="* * * * *")
        await person.send("/settings/pause", await person.see("/settings/pause"), note="x")
        await house.move("2026-03-01T12:03:30Z")
        page = await person.see("/settings/resume")
        assert re.search(r'value="none" checked', page)
        await person.send("/settings/resume", page, 400, catch_up="some")
        await person.send("/settings/resume", page, catch_up="latest")
        await house.move("2026-03-01T12:03:40Z")
        (fire,) = (await ask(house, "GET", f"/schedules/{made['id']}/fires"))["items"]
        assert fire["slot_at"] == "2026-03-01T12:03:00.000Z"
        assert "The workspace is paused" not in await person.see("/")
        await person.see("/settings/resume", 409)


async def test_mistakes_are_said_at_their_fields_all_at_once() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings/pause")
        sent = {"note": "n" * 10_001, "until": "soon", "from": "later", "catch_up": "some"}
        wrong = await person.send("/settings/pause", page, 400, **sent)
        for name in ("note", "until", "from", "catch_up"):
            assert f'id="{name}-wrong"' in wrong.text, name
        past = await person.send("/settings/pause", page, 400, until="2026-03-01 11:00")
        assert 'id="until-wrong"' in past.text
        assert 'value="2026-03-01 11:00"' in past.text
        assert (await ask(house, "GET", CURRENT))["pause"] is None


async def test_the_end_of_one_schedules_pause_is_judged_at_its_field() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, timezone="Europe/Paris")
        place = f"/schedules/{made['id']}/pause"
        wrong = await person.send(place, await person.see(place), 400, note="holidays", until="soon")
        assert 'id="until-wrong"' in wrong.text
        assert "in the zone Europe/Paris" in wrong.text
        assert 'value="holidays"' in wrong.text
        await person.send(place, wrong.text, note="holidays", until="2026-03-02 09:00")
        assert (await ask(house, "GET", f"/schedules/{made['id']}"))[
            "paused_until"
        ] == "2026-03-02T08:00:00.000Z"


async def test_a_pause_is_planned_listed_and_taken_back() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings/pause")
        window = {"from": "2026-03-02 01:00", "until": "2026-03-02 02:00", "note": "upgrade"}
        answer = await person.send("/settings/pause", page, **window)
        assert answer.headers["location"] == "/console/settings?done=pause-planned"
        listed = await person.see("/settings")
        assert "upgrade" in listed
        assert "The workspace is paused" not in listed
        (place,) = re.findall(r'action="/console(/settings/pauses/[^"]+)"', listed)
        await person.send(place, listed)
        assert (await ask(house, "GET", f"{CURRENT}/pauses"))["items"] == []
        await person.send(place, listed, 404)


async def test_a_key_without_the_scope_sees_the_pause_and_cannot_change_it() -> None:
    async with House.open(NOW) as house, signed_in(house) as admin:
        await scheduled(house)
        await admin.send("/settings/pause", await admin.see("/settings/pause"), note="month end")
        key = await house.key_with("schedules:read", "schedules:write", "runs:read")
        async with signed_in(house, key=key) as person:
            page = await person.see("/schedules")
            assert "month end" in page
            assert "/settings/resume" not in page
            await person.see("/settings/pause", 403)
            await person.send("/settings/resume", page, 403)
            assert "Pause everything" not in await person.see("/settings")


async def test_another_workspace_is_paused_with_a_key_of_the_whole_server_alone() -> None:
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        place = f"/workspaces/{(await ask(house, 'GET', CURRENT, headers=_of(other.key)))['id']}"
        async with signed_in(house, key=await house.key_with(ADMIN)) as person:
            await person.see(f"{place}/pause", 404)
            await person.send(f"{place}/pause", await person.see("/settings"), 404)
        async with signed_in(house, key=await house.key_with(SERVER_SCOPE, "*")) as admin:
            answer = await admin.send(f"{place}/pause", await admin.see(f"{place}/pause"), note="bill")
            assert answer.headers["location"] == f"/console{place}?done=workspace-paused"
            assert "The workspace is paused" in await admin.see(place)
            assert "The workspace is paused" not in await admin.see("/")
        async with signed_in(house, other) as them:
            page = await them.see("/schedules")
            assert "bill" in page
            assert "</bdi>, until somebody" not in page  # who paused is of another workspace


def _of(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
