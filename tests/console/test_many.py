"""What is done with many at once: with all schedules that match, and with all failed rows of a fire."""

from __future__ import annotations

import pytest

from horarium.console import many
from tests.api.asking import ask, scheduled
from tests.console.browsing import signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def states(house: House) -> dict[str, str]:
    return {item["name"]: item["state"] for item in (await ask(house, "GET", "/schedules"))["items"]}


async def test_all_schedules_of_one_customer_are_paused_and_resumed_and_no_others() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        for number in range(3):
            await scheduled(house, name=f"a{number}", labels={"customer": "acme"})
        await scheduled(house, name="b", labels={"customer": "other"})
        page = await person.see("/schedules?label=customer:acme")
        place = "/schedules/many?action=pause&label=customer%3Aacme"
        assert f'href="/console{place.replace("&", "&amp;")}"' in page
        asked = await person.see(place)
        assert "Pause 3 schedules" in asked
        done = await person.send(place, asked, 200, note="moved away")
        assert "3 paused" in done.text
        assert await states(house) == {"a0": "paused", "a1": "paused", "a2": "paused", "b": "active"}
        notes = {item["note"] for item in (await ask(house, "GET", "/schedules"))["items"]}
        assert notes == {"moved away", None}
        again = await person.send(place, asked, 200)
        assert "3 were paused already" in again.text
        await person.send(place.replace("pause", "resume"), asked, 200)
        assert set((await states(house)).values()) == {"active"}
        await person.send(place.replace("pause", "delete"), asked, 200)
        assert await states(house) == {"b": "active"}


async def test_more_than_are_allowed_at_once_are_done_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(many, "READ", 1)
    async with House.open(NOW) as house, signed_in(house) as person:
        for number in range(3):
            await scheduled(house, name=f"a{number}")
        place = "/schedules/many?action=pause&state=active"
        asked = await person.see(place)
        first = await person.send(place, asked, 200)
        assert "2 paused" in first.text
        assert "Go on with the others" in first.text
        assert "1 paused" in (await person.send(place, asked, 200)).text


async def test_what_a_key_may_not_change_is_refused_and_told() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="mine", labels={"team": "a"})
        await scheduled(house, name="theirs", labels={"team": "b"})
        body = {"name": "k", "scopes": ["schedules:read", "schedules:write"], "labels": {"team": "a"}}
        key = (await ask(house, "POST", "/keys", body, 201))["key"]
        async with signed_in(house, key=key) as limited:
            place = "/schedules/many?action=pause"
            done = await limited.send(place, await limited.see(place), 200)
            assert "1 was refused" in done.text
            await limited.see("/schedules/many?action=delete", 403)
            await limited.see("/schedules/many?action=nonsense", 400)
        assert await states(house) == {"mine": "paused", "theirs": "active"}
        other = await house.workspace("other")
        async with signed_in(house, other) as stranger:
            assert "No schedule matches" in await stranger.see("/schedules/many?action=resume")
        assert "No schedule matches" in await person.see("/schedules/many?action=pause&label=no:one")


async def test_failed_rows_are_run_again_once_and_succeeded_ones_never() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await ask(house, "PUT", "/directory/contacts", [{"id": f"c{n}"} for n in range(3)])
        made = await scheduled(
            house,
            recurrence="0 13 * * *",
            audience={"type": "contacts"},
            policies={"retry": {"max_attempts": 1}},
        )
        await house.move("2026-03-01T13:00:00Z")  # nobody answers at the target's address
        (fire,) = (await ask(house, "GET", f"/schedules/{made['id']}/fires"))["items"]
        assert fire["failed"] == 3
        place = f"/fires/{fire['id']}"
        assert "Run the failed rows again" in await person.see(place)
        asked = await person.see(f"{place}/replay")
        assert "3 rows of this fire failed" in asked
        await person.send(f"{place}/replay", asked)
        runs = (await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"]
        assert sorted((run["row_key"], run["generation"]) for run in runs) == [
            (key, generation) for key in ("c0", "c1", "c2") for generation in (0, 1)
        ]
        assert "0 rows of this fire failed" in await person.see(f"{place}/replay")
        await person.send(f"{place}/replay", asked)
        assert len((await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"]) == 6
        other = await house.workspace("other")
        async with signed_in(house, other) as stranger:
            await stranger.see(f"{place}/replay", 404)
            await stranger.send(f"{place}/replay", await stranger.see("/settings"), 404)
