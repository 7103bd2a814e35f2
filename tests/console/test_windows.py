"""Maintenance windows on pages: what comes when, made with mistakes at their fields, and removed."""

from __future__ import annotations

import re

import pytest

from horarium.console.windows import PREVIEWED
from horarium.domain.tenancy import SERVER_SCOPE
from horarium.service.pauses import ADMIN
from horarium.service.rates import PREVIEWED_TIME, WRITE
from tests.api.asking import ask, scheduled
from tests.console.browsing import Person, signed_in
from tests.support.house import House, instant

NOW = "2026-03-01T12:00:00Z"  # a Sunday
CURRENT = "/workspaces/current"
NIGHT = {"recurrence": "0 2 * * *", "duration": "2h", "timezone": "Europe/Paris"}


async def make(person: Person, place: str, **given: str) -> None:
    page = await person.see(f"{place}/windows")
    answer = await person.send(f"{place}/windows", page, **{**NIGHT, **given})
    assert answer.headers["location"] == f"/console{place}/windows?done=window-made"


async def test_a_window_is_made_and_listed_with_its_next_times_wherever_one_looks_for_it() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await make(person, "/settings", note="The <CRM> is backed up", catch_up="latest")
        (window,) = (await ask(house, "GET", f"{CURRENT}/windows"))["items"]
        told = (window["recurrence"], window["duration"], window["timezone"], window["catch_up"])
        assert told == ("0 2 * * *", 7200, "Europe/Paris", "latest")
        page = await person.see("/settings/windows")
        me = (await ask(house, "GET", "/me"))["principal"]["name"]
        for said in ("At 02:00", "2 h", "2 Mar 2026, 02:00:00 +01:00", "4 Mar 2026, 02:00:00", "the latest"):
            assert said in page, said
        assert "The &lt;CRM&gt; is backed up" in page
        assert f"<bdi>{me}</bdi>" in page
        made = await scheduled(house)
        for path in ("/settings", f"/schedules/{made['id']}"):
            shown = await person.see(path)
            assert "The &lt;CRM&gt; is backed up" in shown, path
            assert "At 02:00" in shown, path
        assert "/settings/windows" in await person.see("/settings/pause")


async def test_a_schedules_window_is_its_own() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, timezone="Asia/Tokyo")
        place = f"/schedules/{made['id']}"
        assert 'value="Asia/Tokyo"' in await person.see(f"{place}/windows")
        await make(person, place, timezone="Asia/Tokyo", note="stocktaking")
        (window,) = (await ask(house, "GET", f"{place}/windows"))["items"]
        assert window["schedule"] == made["id"]
        assert "stocktaking" in await person.see(place)
        assert "stocktaking" not in await person.see("/settings/windows")
        assert f"{place}/windows" in await person.see(f"{place}/pause")


async def test_mistakes_are_said_at_their_fields_and_what_was_typed_stays() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings/windows")
        sent = {
            "recurrence": "{",
            "duration": "long",
            "timezone": "Mars",
            "note": "n" * 10_001,
            "catch_up": "some",
        }
        wrong = await person.send("/settings/windows", page, 400, **sent)
        for name in sent:
            assert f'id="{name}-wrong"' in wrong.text, name
        assert 'value="long"' in wrong.text
        for sent, field in (
            ({**NIGHT, "recurrence": ""}, "recurrence"),
            ({**NIGHT, "duration": ""}, "duration"),
            ({**NIGHT, "recurrence": "* * * * *", "duration": "10s"}, "recurrence"),
            ({**NIGHT, "duration": "24h"}, "duration"),
        ):
            wrong = await person.send("/settings/windows", page, 400, **sent)
            assert f'id="{field}-wrong"' in wrong.text, sent
        assert (await ask(house, "GET", f"{CURRENT}/windows"))["items"] == []


async def test_the_next_times_are_shown_while_one_types() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings/windows")
        sent = {"recurrence": "0 1 29 3 *", "duration": "3h", "timezone": "Europe/Paris"}
        shown = (await person.send("/preview/window", page, 200, **sent)).text
        assert "29 Mar 2026, 01:00:00 +01:00" in shown
        assert "until" in shown
        assert "29 Mar 2026, 05:00:00 +02:00" in shown  # elapsed time, over a change of the clocks
        wrong = (await person.send("/preview/window", page, 200, **{**sent, "duration": "long"})).text
        assert "duration: must be a length of time" in wrong
        assert "then its next times stand here" in (await person.send("/preview/window", page, 200)).text


async def test_a_window_that_holds_says_so_and_is_ended_by_hand() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house)
        await make(person, "/settings", recurrence="0 14 * * *", note="night work")
        await house.move("2026-03-01T13:30:00Z")
        page = await person.see("/")
        assert "A maintenance window holds" in page
        assert "night work" in page
        assert "The workspace is paused" not in page
        assert "holds</span>" in await person.see("/settings/windows")
        assert "A pause goes on when it is over" in await person.see("/settings/pause")
        resumed = await person.send("/settings/resume", await person.see("/settings/resume"))
        assert resumed.headers["location"] == "/console/?done=workspace-resumed"
        assert "A maintenance window holds" not in await person.see("/")
        assert "2 Mar 2026, 14:00:00 +01:00" in await person.see("/settings/windows")  # it comes again


async def test_a_pause_that_somebody_asks_for_is_shown_before_a_window_that_holds_as_well() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house)
        await make(person, "/settings", recurrence="0 14 * * *", note="night work")
        await house.move("2026-03-01T13:30:00Z")
        await ask(house, "POST", f"{CURRENT}/pause", {"note": "fire drill"})
        page = await person.see("/")
        assert "The workspace is paused" in page
        assert "fire drill" in page
        assert "A maintenance window holds" not in page


async def test_a_window_is_removed_after_a_question_and_ends_if_it_holds() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house)
        await make(person, "/settings", recurrence="0 14 * * *")
        await house.move("2026-03-01T13:30:00Z")
        assert "A maintenance window holds" in await person.see("/")
        listed = await person.see("/settings/windows")
        (place,) = re.findall(r'href="/console(/settings/windows/[^"]+/remove)"', listed)
        question = await person.see(place)
        assert "if it holds now, it ends now" in question
        answer = await person.send(place, question)
        assert answer.headers["location"] == "/console/settings/windows?done=removed"
        assert "A maintenance window holds" not in await person.see("/")
        assert (await ask(house, "GET", f"{CURRENT}/windows"))["items"] == []
        await person.see(place, 404)
        await person.send(place, question, 404)


async def test_a_key_without_the_scope_changes_no_window() -> None:
    async with House.open(NOW) as house, signed_in(house) as admin:
        made = await scheduled(house)
        place = f"/schedules/{made['id']}"
        await make(admin, place)
        (remove,) = re.findall(r'href="/console([^"]+/remove)"', await admin.see(f"{place}/windows"))
        async with signed_in(house, key=await house.key_with("schedules:read")) as person:
            page = await person.see(f"{place}/windows")
            assert "At 02:00" in page
            assert "needs a key with the scope schedules:write" in page
            token = await person.see("/")
            await person.send(f"{place}/windows", token, 403, **NIGHT)
            await person.see(remove, 403)
            await person.send(remove, token, 403)
            await person.see("/settings/windows", 403)
            assert "New maintenance window" not in await person.see("/settings")
        assert len((await ask(house, "GET", f"{place}/windows"))["items"]) == 1


async def test_a_form_from_elsewhere_or_of_another_session_makes_no_window() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings/windows")
        await person.send("/settings/windows", "", 403, **NIGHT)
        answer = await person.client.post(
            "/console/settings/windows",
            data={**NIGHT, "csrf": re.findall(r'name="csrf" value="([^"]+)"', page)[0]},
            headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        )
        assert answer.status_code == 403
        assert (await ask(house, "GET", f"{CURRENT}/windows"))["items"] == []


async def test_windows_of_another_workspace_need_a_key_of_the_whole_server() -> None:
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        theirs = {"authorization": f"Bearer {other.key}"}
        place = f"/workspaces/{(await ask(house, 'GET', CURRENT, headers=theirs))['id']}"
        async with signed_in(house, key=await house.key_with(ADMIN)) as person:
            await person.see(f"{place}/windows", 404)
            await person.send(f"{place}/windows", await person.see("/settings"), 404, **NIGHT)
        async with signed_in(house, key=await house.key_with(SERVER_SCOPE, "*")) as admin:
            await make(admin, place, note="their night")
            assert "their night" in await admin.see(place)
            assert "their night" not in await admin.see("/settings/windows")
        async with signed_in(house, other) as them:
            assert "their night" in await them.see("/settings/windows")


async def test_the_next_times_of_a_window_cost_what_previews_cost_once_there_are_any() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see("/settings/windows")
        house.services.rates.limit = 1_000.0
        allowance = house.services.rates.allowance(await house.who())
        assert allowance is not None
        for left_out, times in (("recurrence", 0), ("duration", 0), ("", PREVIEWED)):
            before = allowance.left
            given = {name: "" if name == left_out else text for name, text in NIGHT.items()}
            await person.send("/preview/window", page, 200, **given)
            assert before - allowance.left == pytest.approx(WRITE + times * PREVIEWED_TIME), left_out


async def test_a_window_that_has_just_begun_holds_also_before_the_engine_has_seen_it() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house)
        await make(person, "/settings", recurrence="0 14 * * *", note="night work")
        house.clock.now = instant("2026-03-01T13:30:00Z")
        assert "holds</span>" in await person.see("/settings/windows")
