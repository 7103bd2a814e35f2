"""What a person does with one schedule: compares its versions, backfills it, and fires it for an audience."""

from __future__ import annotations

import pytest

from horarium.console.app import make_console
from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_versions_are_compared_field_by_field() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="0 9 * * *")
        place = f"/schedules/{made['id']}/versions"
        assert "nothing has changed" in await person.see(place)
        await ask(house, "PATCH", f"/schedules/{made['id']}", {"recurrence": "0 10 * * *"})
        change = {"input": {"a": "<1>"}, "policies": {"overlap": "allow"}}
        await ask(house, "PATCH", f"/schedules/{made['id']}", change)
        latest = await person.see(place)
        assert "From version 2 to version 3" in latest
        assert "policies.overlap" in latest
        assert "&lt;1&gt;" in latest
        assert "0 9 * * *" not in latest
        await ask(house, "PATCH", f"/schedules/{made['id']}", {"name": "other"})
        await ask(house, "PATCH", f"/schedules/{made['id']}", {"input": None})
        assert "From version 3 to version 5" in await person.see(place)
        whole = await person.see(f"{place}?before=1&after=3")
        assert "0 9 * * *" in whole
        await person.see(f"{place}?before=1&after=9", 404)
        await person.see(f"{place}?before=x", 400)
        other = await house.workspace("other")
        async with signed_in(house, other) as stranger:
            await stranger.see(place, 404)


async def test_of_a_deleted_schedule_only_its_history_is_there() -> None:
    """The routes are those of the console, so that a new page of a schedule has to say which of the two it is."""
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house)
        await ask(
            house, "POST", f"/schedules/{made['id']}/windows", {"recurrence": "@daily", "duration": "1h"}, 201
        )
        await house.client.delete(f"/horarium/v1/schedules/{made['id']}")
        page, shown = await person.see("/schedules"), set[str]()
        for route in make_console(house.services, {}).routes:
            path = getattr(route, "path_format", "")
            if path.startswith("/schedules/{id}"):
                rest = path.removeprefix("/schedules/{id}")
                for action in ("pause", "resume", "fire", "delete") if rest == "/{action}" else (rest,):
                    place = f"/schedules/{made['id']}{rest.replace('{action}', action)}"
                    given = {"at": "2026-03-01T09:00:00Z"} if rest == "/why" else {}
                    if "GET" in route.methods:  # type: ignore[attr-defined]
                        answer = await person.client.get(f"/console{place}", params=given)
                        if answer.status_code == 200:
                            shown.add(rest)
                    else:
                        answer = await person.send(
                            place, page, 404, name="n", target="t", recurrence="@daily"
                        )
                    assert answer.status_code in (200, 404), place
        assert shown == {"", "/why", "/versions"}
        assert (await ask(house, "GET", "/schedules"))["items"] == []


async def test_a_backfill_shows_what_would_fire_and_then_fires_it_once() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="0 9 * * *", timezone="Europe/Paris")
        place = f"/schedules/{made['id']}/backfill"
        page = await person.see(f"{place}?from=2026-02-01&to=2026-02-03+09:00")
        assert "3 slots would fire" in page
        assert "1 Feb 2026, 09:00:00 +01:00" in page
        assert (await ask(house, "GET", f"/schedules/{made['id']}/fires"))["items"] == []
        sent = {"from": "2026-02-01", "to": "2026-02-03 09:00", "once": "abc"}
        for _ in range(2):
            await person.send(place, page, **sent)
        assert len((await ask(house, "GET", f"/schedules/{made['id']}/fires"))["items"]) == 3
        wrong = await person.see(f"{place}?from=noon&to=2030-01-01", 400)
        assert 'id="from-wrong"' in wrong
        assert "must not be in the future" in await person.see(f"{place}?from=2026-01-01&to=2030-01-01", 400)
        assert "nothing would fire" in await person.see(f"{place}?from=2026-02-01&to=2026-02-01+08:00")


async def test_before_a_fire_by_hand_its_runs_are_counted() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await ask(house, "PUT", "/directory/contacts", [{"id": f"c{n}"} for n in range(4)])
        made = await scheduled(house, audience={"type": "contacts"})
        page = await person.see(f"/schedules/{made['id']}/fire")
        assert "<b>4</b> runs will be made" in page
        assert "Fire for 4 rows" in page


async def test_the_list_shows_how_the_latest_fires_of_each_schedule_ended() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await ask(house, "PUT", "/directory/contacts", [{"id": "a"}])
        await scheduled(house, name="Single", recurrence="0 13 * * *")
        await scheduled(house, name="Many", recurrence="0 13 * * *", audience={"type": "contacts"})
        await house.move("2026-03-01T13:00:00Z")
        page = await person.see("/schedules")
        assert page.count('<svg class="spark"') == 2
        async with signed_in(house, key=await house.key_with("schedules:read")) as reader:
            assert "spark" not in await reader.see("/schedules")


async def test_the_preview_of_an_unchanged_interval_counts_from_where_the_schedule_does() -> None:
    async with House.open("2026-03-01T12:00:07Z") as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="@every 1h", timezone="UTC")
        await house.move("2026-03-01T12:30:00Z")
        edit = await person.see(f"/schedules/{made['id']}/edit")
        assert "2026-03-01 13:00:07" in edit
        shown = await person.send(
            "/preview", edit, 200, recurrence="@every 1h", timezone="UTC", schedule=made["id"]
        )
        assert "2026-03-01 13:00:07" in shown.text
        changed = await person.send(
            "/preview", edit, 200, recurrence="@every 2h", timezone="UTC", schedule=made["id"]
        )
        assert "2026-03-01 14:30:00" in changed.text


async def test_how_long_it_is_until_a_slot_is_said_in_units_that_people_use() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="30 12 * * *", timezone="UTC")
        place = f"/schedules/{made['id']}/why"
        assert "it is due in 3 d 30 min" in await person.see(f"{place}?at=2026-03-04T12:30:00Z")
        house.clock.now += 29 * 60_000 + 15_000
        assert "it is due in 45 s" in await person.see(f"{place}?at=2026-03-01T12:30:00Z")


async def test_lists_leave_out_from_where_an_interval_is_counted() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        made = await scheduled(house, recurrence="@every 5m")
        assert "counted from" in await person.see(f"/schedules/{made['id']}")
        for path in ("/", "/schedules"):
            page = await person.see(path)
            assert "Every 5 minutes" in page
            assert "counted from" not in page


@pytest.mark.parametrize(
    ("scope", "offered"),
    [
        ("schedules:read", set()),
        ("schedules:write", {"fire", "pause", "edit", "backfill"}),
        ("schedules:delete", {"delete"}),
    ],
)
async def test_a_page_offers_only_what_the_key_may_do(scope: str, offered: set[str]) -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house)
        key = await house.key_with(*{"schedules:read", scope})
        async with signed_in(house, key=key) as person:
            page = await person.see(f"/schedules/{made['id']}")
        every = ("fire", "pause", "edit", "backfill", "delete")
        assert {each for each in every if f'/schedules/{made["id"]}/{each}"' in page} == offered
