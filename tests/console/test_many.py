"""What is done with many at once: with all schedules that match, and with all failed rows of a fire."""

from __future__ import annotations

import pytest

from horarium.domain.ids import prefixed
from horarium.service import actions
from tests.api.asking import ask, scheduled
from tests.api.dialects.speakers import Trustpager
from tests.console.browsing import Person, signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def states(house: House) -> dict[str, str]:
    return {item["name"]: item["state"] for item in (await ask(house, "GET", "/schedules"))["items"]}


async def take(person: Person, place: str, asked: str, **fields: str) -> str:
    """Take an action by its form; the page that shows how far it is."""
    answer = await person.send(place, asked, 303, **fields)
    return await person.see(answer.headers["location"].removeprefix("/console"))


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
        assert "This was a dry run" in asked
        assert set((await states(house)).values()) == {"active"}
        assert "3 paused" in await take(person, place, asked, note="moved away")
        assert await states(house) == {"a0": "paused", "a1": "paused", "a2": "paused", "b": "active"}
        notes = {item["note"] for item in (await ask(house, "GET", "/schedules"))["items"]}
        assert notes == {"moved away", None}
        assert "3 were so already" in await take(person, place, asked)
        await take(person, place.replace("pause", "resume"), asked)
        assert set((await states(house)).values()) == {"active"}
        await take(person, place.replace("pause", "delete"), asked)
        assert await states(house) == {"b": "active"}


async def test_schedules_that_match_get_labels_and_another_target_and_are_fired() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="a", labels={"team": "x", "old": "1"})
        new = await house.target("workflow", "https://example.com/new", key="new")
        place = "/schedules/many?action=relabel&search=a"
        asked = await person.see(place)
        assert "1 relabelled" in await take(
            person, place, asked, labels="team:y\ncustomer:acme", removed="old"
        )
        (schedule,) = (await ask(house, "GET", "/schedules"))["items"]
        assert schedule["labels"] == {"team": "y", "customer": "acme"}
        for fields in ({}, {"labels": "nonsense"}):
            assert 'id="labels-wrong"' in (await person.send(place, asked, 400, **fields)).text
        place = "/schedules/many?action=retarget"
        target = prefixed("tgt", new.id)
        assert "1 given another target" in await take(person, place, await person.see(place), target=target)
        assert (await ask(house, "GET", "/schedules"))["items"][0]["target"] == target
        assert 'id="target-wrong"' in (await person.send(place, asked, 400, target="nothing")).text
        place = "/schedules/many?action=fire"
        assert "1 fired" in await take(person, place, await person.see(place))
        assert len((await ask(house, "GET", "/runs"))["items"]) == 1


async def test_runs_that_match_are_cancelled_and_failed_ones_run_again() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        policies = {"retry": {"max_attempts": 1}}
        made = await scheduled(house, name="a", recurrence="0 13 * * *", policies=policies)
        await house.move("2026-03-01T13:00:00Z")  # nobody answers at the target's address
        house.clock.now += 1_000  # an action is for what was made before it
        place = f"/runs/many?action=retry&schedule={made['id']}"
        assert place.replace("&", "&amp;") in await person.see(f"/runs?schedule={made['id']}")
        asked = await person.see(place)
        assert "Run again: 1 run" in asked
        assert "1 run again" in await take(person, place, asked)
        house.clock.now += 1_000
        assert "Cancel 1 run" in await person.see("/runs/many?action=cancel")
        assert "1 cancelled" in await take(person, "/runs/many?action=cancel", asked)
        found = [run["state"] for run in (await ask(house, "GET", "/runs"))["items"]]
        assert sorted(found) == ["cancelled", "failed"]
        assert "No run matches" in await person.see("/runs/many?action=cancel&target=t")
        await person.see("/runs/many?action=cancel&target=nothing", 400)
        await person.see("/runs/many?action=pause", 400)


async def test_an_action_on_many_goes_on_by_itself_and_is_ended_where_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    async with House.open(NOW) as house, signed_in(house) as person:
        for number in range(3):
            await scheduled(house, name=f"a{number}")
        place = "/schedules/many?action=pause"
        answer = await person.send(place, await person.see(place))
        action = answer.headers["location"].removeprefix("/console")
        page = await person.see(action)
        assert "1 paused" in page
        assert 'data-live="2"' in page
        await house.services.actions.step()
        assert "2 paused" in await person.see(action)
        await person.send(f"{action}/cancel", page)
        assert "What it has done stays done" in await person.see(action)
        await house.services.actions.step()
        assert sorted((await states(house)).values()) == ["active", "paused", "paused"]
        other = await house.workspace("other")
        async with signed_in(house, other) as stranger:
            await stranger.see(action, 404)
            await stranger.send(f"{action}/cancel", await stranger.see("/settings"), 404)


async def test_what_a_key_may_not_change_is_refused_and_told() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="mine", labels={"team": "a"})
        await scheduled(house, name="theirs", labels={"team": "b"})
        body = {"name": "k", "scopes": ["schedules:read", "schedules:write"], "labels": {"team": "a"}}
        key = (await ask(house, "POST", "/keys", body, 201))["key"]
        async with signed_in(house, key=key) as limited:
            place = "/schedules/many?action=pause"
            assert "1 was refused" in await take(limited, place, await limited.see(place))
            await limited.see("/schedules/many?action=delete", 403)
            await limited.see("/runs/many?action=cancel", 403)
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


async def test_what_is_done_to_the_schedules_of_one_api_is_done_to_none_of_another() -> None:
    """As with every filter of the list: what is counted and changed is what it shows."""
    async with House.open(NOW) as house, signed_in(house) as person:
        await scheduled(house, name="ours")
        await house.target("automation", key="trustpager-automation")
        speaker = Trustpager(house, house.first)
        await speaker.prepare()
        await speaker.create()
        place = "/schedules/many?action=pause&dialect=native"
        asked = await person.see(place)
        assert "Pause 1 schedule" in asked
        assert "Matrix" not in asked
        await take(person, place, asked)
        assert await states(house) == {"ours": "paused", "Matrix": "active"}
