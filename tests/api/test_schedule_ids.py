"""Our own API knows the schedules of the dialects by the ids that their clients hold."""

from __future__ import annotations

import pytest

from horarium.domain.ids import from_prefixed, ulid, uuid_text
from horarium.store.verbs import events
from tests.api.asking import ask, fields, scheduled
from tests.api.dialects.speakers import SPEAKERS
from tests.support.house import House
from tests.support.receiver import Receiver

NOW = "2026-11-23T08:00:00Z"
SLOT = "2026-11-23T09:00:00Z"


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_what_became_of_a_slot_can_be_asked_by_the_id_of_a_dialect(kind, receiver: Receiver):
    async with House.open(NOW) as house:
        speaker = await kind.open(house, house.first, receiver)
        await speaker.create()
        given, own = speaker.schedule, speaker.core_id(speaker.schedule)
        assert given != own
        await house.move(SLOT)
        place = f"/schedules/{given}"
        shown = await ask(house, "GET", place)
        assert (shown["id"], shown["dialect_id"], shown["dialect"]) == (own, given, kind.dialect)
        explained = await ask(house, "GET", f"{place}/explain?at={SLOT}")
        assert explained["verdict"] == "fired"
        for part in ("ledger", "fires"):
            assert (await ask(house, "GET", f"{place}/{part}"))["items"][0]["schedule"] == own
        runs = (await ask(house, "GET", f"/runs?schedule={given}"))["items"]
        assert {run["schedule"] for run in runs} == {own}
        (listed,) = (await ask(house, "GET", "/schedules"))["items"]
        assert (listed["id"], listed["dialect_id"]) == (own, given)


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_events_are_narrowed_by_the_id_of_a_dialect_also_after_its_schedule_was_deleted(
    kind, receiver: Receiver
):
    async with House.open(NOW) as house:
        await ask(house, "GET", "/events")  # from now on they are recorded
        speaker = await kind.open(house, house.first, receiver)
        await speaker.create()
        given, own = speaker.schedule, speaker.core_id(speaker.schedule)
        await house.move(SLOT)
        await house.store.urgent(events.publish, house.clock.now)
        told = (await ask(house, "GET", f"/events?schedule={own}"))["items"]
        assert told
        assert (await ask(house, "GET", f"/events?schedule={given}"))["items"] == told
        await ask(house, "DELETE", f"/schedules/{own}", status=204)
        assert (await ask(house, "GET", f"/events?schedule={given}"))["items"] == told
        assert await fields(house, "GET", "/events?schedule=no-id", None) == {"schedule"}


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_the_verbs_take_the_id_of_a_dialect(kind, receiver: Receiver):
    async with House.open(NOW) as house:
        speaker = await kind.open(house, house.first, receiver)
        await speaker.create()
        place = f"/schedules/{speaker.schedule}"
        assert (await ask(house, "POST", f"{place}/pause", {"note": "n"}))["state"] == "paused"
        assert (await ask(house, "POST", f"{place}/resume"))["state"] == "active"
        await ask(house, "POST", f"{place}/fire-now", status=201)
        assert (await ask(house, "PATCH", place, {"description": "d"}))["description"] == "d"
        await ask(house, "GET", f"{place}/preview")
        await ask(house, "DELETE", place, status=204)
        await ask(house, "GET", place, status=404)


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_an_id_of_a_dialect_opens_nothing_of_another_workspace(kind, receiver: Receiver):
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        speaker = await kind.open(house, other, receiver)
        await speaker.create()
        given = speaker.schedule
        for path in (
            f"/schedules/{given}",
            f"/schedules/{given}/explain?at={SLOT}",
            f"/schedules/{given}/ledger",
        ):
            await ask(house, "GET", path, status=404)
        await ask(house, "POST", f"/schedules/{given}/pause", status=404)
        for place in ("runs", "events"):
            assert (await ask(house, "GET", f"/{place}?schedule={given}"))["items"] == []


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_the_history_of_a_deleted_schedule_can_be_read_by_both_of_its_ids(kind, receiver: Receiver):
    async with House.open(NOW) as house:
        speaker = await kind.open(house, house.first, receiver)
        await speaker.create()
        given, own = speaker.schedule, speaker.core_id(speaker.schedule)
        await house.move(SLOT)
        before = (await ask(house, "GET", f"/schedules/{own}/ledger"))["items"]
        await ask(house, "DELETE", f"/schedules/{own}", status=204)
        for an_id in (given, own):
            await ask(house, "GET", f"/schedules/{an_id}", status=404)
            await ask(house, "POST", f"/schedules/{an_id}/pause", status=404)
            place = f"/schedules/{an_id}"
            assert (await ask(house, "GET", f"{place}/ledger"))["items"][: len(before)] == before
            assert (await ask(house, "GET", f"{place}/fires"))["items"][0]["schedule"] == own
            assert (await ask(house, "GET", f"{place}/explain?at={SLOT}"))["verdict"] == "fired"
            later = await ask(house, "GET", f"{place}/explain?at=2027-11-24T09:00:00Z")
            assert later["verdict"] in ("ended", "no_slot")
            assert (await ask(house, "GET", f"/runs?schedule={an_id}"))["items"]


async def test_nobody_is_asked_for_the_audience_of_a_schedule_that_is_deleted():
    async with House.open(NOW) as house:
        await ask(house, "PUT", "/directory/users", [{"id": "u1"}])
        made = await scheduled(house, audience={"type": "users"})
        place = f"/schedules/{made['id']}/explain?at={SLOT}"
        assert (await ask(house, "GET", place))["audience"]["count"] == 1
        await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
        assert "audience" not in await ask(house, "GET", place)


async def test_the_history_of_a_deleted_schedule_is_closed_to_other_workspaces(receiver: Receiver):
    async with House.open(NOW) as house:
        made = await scheduled(house)
        await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
        other = await house.workspace("other")
        asking = {"Authorization": f"Bearer {other.key}"}
        for part in ("ledger", "fires", f"explain?at={SLOT}"):
            await ask(house, "GET", f"/schedules/{made['id']}/{part}", status=404, headers=asking)
        later = await ask(house, "GET", f"/schedules/{made['id']}/explain?at=2026-12-24T09:00:00Z")
        assert (later["verdict"], later["sentence"]) == (
            "ended",
            "the schedule is deleted: nothing fires any more",
        )


async def test_an_id_is_never_read_in_the_form_of_another_dialect(receiver: Receiver):
    async with House.open(NOW) as house:
        made = await scheduled(house)
        assert made["dialect_id"] is None
        speakers = [await kind.open(house, house.first, receiver) for kind in SPEAKERS]
        for speaker in speakers:
            await speaker.create()
        owns = [made["id"], *(speaker.core_id(speaker.schedule) for speaker in speakers)]
        tried = 0
        for own in owns:
            value = from_prefixed("sch", own)
            assert value is not None
            forms = {uuid_text(value)} | {
                speaker.schedule[: -len(ulid(value))] + ulid(value)
                for speaker in speakers
                if speaker.schedule.count("-") != 4
            }
            theirs = {speaker.schedule for speaker in speakers}
            for form in forms - theirs:
                await ask(house, "GET", f"/schedules/{form}", status=404)
                assert (await ask(house, "GET", f"/runs?schedule={form}"))["items"] == []
                tried += 1
        assert tried == len(owns) * 5 - len(speakers)


async def test_a_filter_by_what_is_no_id_at_all_is_refused():
    async with House.open(NOW) as house:
        assert await fields(house, "GET", "/runs?schedule=nonsense", None) == {"schedule"}


@pytest.mark.parametrize("way", ["", "/ledger", "/explain?at=2026-11-23T09:00:00Z"])
async def test_a_key_that_stands_for_an_id_is_answered_with_how_a_key_is_named(way: str):
    async with House.open(NOW) as house:
        night = {"name": "Night", "kind": "automation", "executor": {"type": "echo"}}
        await ask(house, "PUT", "/targets/by-key/night", night, 201)
        mine = {"name": "Mine", "recurrence": "@daily", "target": "night"}
        await ask(house, "PUT", "/schedules/by-key/mine", mine, 201)
        problem = await ask(house, "GET", f"/schedules/mine{way}", status=404)
        assert "/schedules/by-key/" in problem["detail"]
        assert "--by-key" in problem["detail"]
        unknown = await ask(house, "GET", f"/schedules/sched-01KJMMA2G0ET89C00HHC3ZY6K7{way}", status=404)
        assert "by-key" not in unknown["detail"]
