"""Pauses over the API: of a schedule and of a whole workspace, with a note, an end, and a choice for afterwards."""

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.schedule import CatchUp
from horarium.store.verbs import pauses as verbs
from tests.api.asking import NOW, ask, fields, scheduled
from tests.support.house import House, client_of, instant

NOON = "2026-03-01T12:00:00Z"
EVERY_MINUTE = {"recurrence": "* * * * *", "policies": {"overlap": "allow"}}
CURRENT = "/workspaces/current"


@pytest.fixture
async def house():
    async with House.open(NOW) as made:
        yield made


async def tick(house, to):
    """Set the clock and let what is due fire; no run is executed."""
    house.clock.now = instant(to)
    await house.release()


async def ledger(house, schedule):
    """What became of the slots: minutes that fired, and (first, last, reason) of those that did not."""
    found = await ask(house, "GET", f"/schedules/{schedule['id']}/ledger?from={NOON}&to=2026-03-01T12:30:00Z")
    return [
        int(entry["slot_at"][14:16])
        if entry["entry"] == "fire"
        else (int(entry["first_at"][14:16]), int(entry["last_at"][14:16]), entry["reason"])
        for entry in found["items"]
    ]


async def why(house, schedule, minute):
    at = f"2026-03-01T12:{minute:02}:00Z"
    return await ask(house, "GET", f"/schedules/{schedule['id']}/explain?at={at}")


async def test_a_paused_workspace_fires_nothing_and_says_why_with_its_note(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    paused = await ask(house, "POST", f"{CURRENT}/pause", {"note": "The CRM moves", "catch_up": "latest"})
    assert (paused["note"], paused["until"], paused["schedule"]) == ("The CRM moves", None, None)
    assert (await ask(house, "GET", CURRENT))["pause"] == paused
    await tick(house, "2026-03-01T12:03:30Z")
    assert await ledger(house, schedule) == []
    found = await why(house, schedule, 2)
    assert found["verdict"] == "workspace_paused"
    assert found["sentence"].endswith("(from 2026-03-01T12:00:00Z): The CRM moves")
    shown = await ask(house, "GET", f"/schedules/{schedule['id']}")
    assert (shown["state"], shown["next_fire_at"], shown["next_fires"]) == ("active", None, [])
    await ask(house, "POST", f"{CURRENT}/resume")
    await tick(house, "2026-03-01T12:04:00Z")
    assert await ledger(house, schedule) == [(1, 2, "workspace_paused"), 3, 4]
    found = await why(house, schedule, 2)
    assert (found["verdict"], found["pause"]["note"]) == ("workspace_paused", "The CRM moves")
    assert found["span"]["reason"] == "workspace_paused"
    assert "12:03:30Z): The CRM moves" in found["sentence"]
    assert (await ask(house, "GET", CURRENT))["pause"] is None
    (known,) = (await ask(house, "GET", f"{CURRENT}/pauses"))["items"]
    assert known["id"] == paused["id"]


async def test_a_maintenance_window_ends_by_itself(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    await ask(house, "POST", f"{CURRENT}/pause", {"until": "2026-03-01T12:03:00Z"})
    await tick(house, "2026-03-01T12:02:30Z")
    await tick(house, "2026-03-01T12:03:00Z")
    await tick(house, "2026-03-01T12:04:00Z")
    assert await ledger(house, schedule) == [(1, 2, "workspace_paused"), 3, 4]


async def test_a_schedule_pauses_until_an_instant_and_says_so(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    path = f"/schedules/{schedule['id']}"
    shown = await ask(house, "POST", f"{path}/pause", {"note": "repairs", "until": "2026-03-01T12:03:00Z"})
    assert (shown["state"], shown["paused_until"]) == ("paused", "2026-03-01T12:03:00.000Z")
    assert shown["next_fire_at"] == shown["next_fires"][0]["at"] == shown["paused_until"]
    (listed,) = (await ask(house, "GET", "/schedules"))["items"]
    assert listed["next_fire_at"] == shown["paused_until"]
    previewed = await ask(house, "GET", f"{path}/preview?count=1")
    assert previewed["next_fires"][0]["at"] == shown["paused_until"]
    found = await why(house, schedule, 2)
    assert (found["verdict"], found["pause"]["note"]) == ("paused", "repairs")
    await tick(house, "2026-03-01T12:03:20Z")
    await house.services.pauses.resume_due()
    shown = await ask(house, "GET", path)
    assert (shown["state"], shown["paused_until"], shown["note"]) == ("active", None, None)
    await tick(house, "2026-03-01T12:03:20Z")
    await tick(house, "2026-03-01T12:04:00Z")
    assert await ledger(house, schedule) == [(1, 2, "paused"), 3, 4]
    assert (await why(house, schedule, 2))["sentence"].endswith(": repairs")
    await house.services.audit.link()
    entries = (await ask(house, "GET", "/audit?action=schedule.resumed"))["items"]
    assert [entry["by"]["principal"] for entry in entries] == [None]


@pytest.mark.parametrize("meanwhile", ["resume", "pause without an end", "pause for longer", "delete"])
async def test_a_pause_that_somebody_changes_just_before_its_end_is_left_as_that_and_no_entry_says_otherwise(
    house, monkeypatch, meanwhile
):
    """Another server, or a caller, comes between the look for pauses that end and the change of the schedule."""
    schedule = await scheduled(house, **EVERY_MINUTE)
    path = f"/schedules/{schedule['id']}"
    await ask(house, "POST", f"{path}/pause", {"until": "2026-03-01T12:03:00Z"})
    house.clock.now = instant("2026-03-01T12:02:59Z")
    due = await house.store.read(verbs.schedules_to_resume, instant("2026-03-01T12:03:00Z"), 10)
    assert len(due) == 1

    async def seen_before(tx, now, limit):
        return due

    monkeypatch.setattr(verbs, "schedules_to_resume", seen_before)
    match meanwhile:
        case "resume":
            await ask(house, "POST", f"{path}/resume")
        case "delete":
            await ask(house, "DELETE", path, status=204)
        case "pause for longer":
            await ask(house, "POST", f"{path}/pause", {"until": "2026-03-01T13:00:00Z"})
        case _:
            await ask(house, "POST", f"{path}/pause", {"until": None})

    async def told():
        await house.services.audit.link()
        return [entry["action"] for entry in (await ask(house, "GET", "/audit"))["items"]]

    gone = meanwhile == "delete"
    before, entries = None if gone else await ask(house, "GET", path), await told()
    house.clock.now = instant("2026-03-01T12:03:20Z")
    await house.services.pauses.resume_due()
    assert await told() == entries
    if not gone:
        after = await ask(house, "GET", path)
        assert {name: after[name] for name in ("state", "paused_until", "version", "updated_at")} == {
            name: before[name] for name in ("state", "paused_until", "version", "updated_at")
        }


async def test_the_audit_log_tells_of_a_pause_what_it_was_from_when_until_when(house):
    facts = {
        "from": "2026-03-01T12:30:00Z",
        "until": "2026-03-01T13:00:00Z",
        "catch_up": "all",
        "note": "move",
    }
    planned = await ask(house, "POST", f"{CURRENT}/pause", facts)
    await ask(house, "DELETE", f"{CURRENT}/pauses/{planned['id']}", status=204)
    held = await ask(house, "POST", f"{CURRENT}/pause", {"until": "2026-03-01T12:10:00Z"})
    await ask(house, "POST", f"{CURRENT}/resume", {"catch_up": "latest"})
    await house.services.audit.link()
    entries = (await ask(house, "GET", "/audit"))["items"]
    told = {
        entry["action"]: entry["before"] or entry["after"]
        for entry in entries
        if entry["action"].startswith("workspace.p") or entry["action"] == "workspace.resumed"
    }
    own = {"pause": held["id"], "from": "2026-03-01T12:00:00Z", "note": None}
    assert told == {
        "workspace.pause_planned": {"pause": planned["id"], **facts},
        "workspace.pause_taken_back": {"pause": planned["id"], **facts},
        "workspace.paused": {**own, "until": "2026-03-01T12:10:00Z", "catch_up": "none"},
        "workspace.resumed": {**own, "until": "2026-03-01T12:00:00Z", "catch_up": "latest"},
    }


@pytest.mark.parametrize("catch_up", [*CatchUp])
async def test_a_schedule_is_resumed_with_the_choice_of_catch_up(house, catch_up):
    schedule = await scheduled(house, **EVERY_MINUTE)
    path = f"/schedules/{schedule['id']}"
    await ask(house, "POST", f"{path}/pause")
    await tick(house, "2026-03-01T12:03:30Z")
    await ask(house, "POST", f"{path}/resume", {"catch_up": catch_up.value})
    assert (
        await ledger(house, schedule)
        == {
            CatchUp.NONE: [(1, 3, "paused")],
            CatchUp.LATEST: [(1, 2, "paused"), 3],
            CatchUp.ALL: [1, 2, 3],
        }[catch_up]
    )


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("allow", [1, 2, 3]),
        ("skip", [1, (2, 3, "skipped")]),
        ("buffer_one", [1, 2, (3, 3, "skipped")]),
        ("buffer_all", [1, 2, 3]),
    ],
)
async def test_all_slots_of_a_pause_fire_as_the_overlap_policy_lets_them_and_the_others_are_accounted_for(
    house, overlap, expected
):
    schedule = await scheduled(house, recurrence="* * * * *", policies={"overlap": overlap})
    path = f"/schedules/{schedule['id']}"
    await ask(house, "POST", f"{path}/pause")
    await tick(house, "2026-03-01T12:03:30Z")
    await ask(house, "POST", f"{path}/resume", {"catch_up": "all"})
    assert await ledger(house, schedule) == expected
    last = await why(house, schedule, 3)
    if expected[-1] != 3:
        assert (last["verdict"], last["span"]["reason"]) == ("skipped", "skipped")
        assert "an earlier fire of this schedule was still running" in last["sentence"]


async def test_to_pause_again_changes_what_is_given(house):
    first = await ask(house, "POST", f"{CURRENT}/pause", {"note": "a", "until": "2026-03-01T13:00:00Z"})
    again = await ask(house, "POST", f"{CURRENT}/pause", {"catch_up": "all"})
    assert again == {**first, "catch_up": "all"}


async def test_to_pause_a_schedule_again_changes_what_is_given_and_leaves_its_end(house):
    path = f"/schedules/{(await scheduled(house))['id']}"
    await ask(
        house, "POST", f"{path}/pause", {"note": "a", "until": "2026-03-01T13:00:00Z", "catch_up": "all"}
    )
    shown = await ask(house, "POST", f"{path}/pause", {"note": "b"})
    assert (shown["note"], shown["paused_until"]) == ("b", "2026-03-01T13:00:00.000Z")
    shown = await ask(house, "POST", f"{path}/pause", {"until": "2026-03-01T14:00:00Z"})
    assert (shown["note"], shown["paused_until"]) == ("b", "2026-03-01T14:00:00.000Z")


@pytest.mark.parametrize("of", ["workspace", "schedule"])
async def test_null_takes_away_what_was_said_of_a_pause_and_nothing_else(house, of):
    path = CURRENT if of == "workspace" else f"/schedules/{(await scheduled(house))['id']}"
    end = "paused_until" if of == "schedule" else "until"
    said = {"note": "a", "until": "2026-03-01T13:00:00Z", "catch_up": "all"}
    await ask(house, "POST", f"{path}/pause", said)
    shown = await ask(house, "POST", f"{path}/pause", {"until": None})
    assert (shown["note"], shown[end]) == ("a", None)
    house.clock.now = instant("2026-03-01T13:30:00Z")
    await house.services.pauses.resume_due()
    assert (await ask(house, "GET", path))[{"workspace": "pause", "schedule": "note"}[of]] is not None
    shown = await ask(house, "POST", f"{path}/pause", {"note": None, "until": "2026-03-01T15:00:00Z"})
    assert (shown["note"], shown[end]) == (None, "2026-03-01T15:00:00.000Z")


async def test_null_takes_away_what_is_caught_up_after_a_pause(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    for path in (CURRENT, f"/schedules/{schedule['id']}"):
        await ask(house, "POST", f"{path}/pause", {"catch_up": "all"})
        await ask(house, "POST", f"{path}/pause", {"catch_up": None})
    await tick(house, "2026-03-01T12:02:30Z")
    for path in (CURRENT, f"/schedules/{schedule['id']}"):
        await ask(house, "POST", f"{path}/resume")
    await tick(house, "2026-03-01T12:03:00Z")
    assert await ledger(house, schedule) == [(1, 2, "paused"), 3]


async def test_a_pause_does_not_begin_in_the_past_unless_clocks_differ_a_little(house):
    until = "2026-03-01T14:00:00Z"
    refused = await ask(
        house, "POST", f"{CURRENT}/pause", {"from": "2026-03-01T11:58:59Z", "until": until}, 400
    )
    assert [(one["field"], one["message"]) for one in refused["errors"]] == [
        ("from", "lies in the past: a pause begins now, without from, or later")
    ]
    assert (await ask(house, "GET", CURRENT))["pause"] is None
    paused = await ask(house, "POST", f"{CURRENT}/pause", {"from": "2026-03-01T11:59:00Z"})
    assert paused["from"] == "2026-03-01T12:00:00.000Z"


async def test_an_end_that_is_not_in_the_future_is_refused(house):
    schedule = await scheduled(house)
    for path in (CURRENT, f"/schedules/{schedule['id']}"):
        assert await fields(house, "POST", f"{path}/pause", {"until": NOON}) == {"until"}
    assert await fields(house, "POST", f"{CURRENT}/pause", {"catch_up": "some"}) == {"catch_up"}


async def test_only_who_may_change_a_workspace_pauses_it_and_nobody_a_strange_one(house):
    other = await house.workspace("other")
    own = (await ask(house, "GET", CURRENT))["id"]
    async with client_of(house.api, await house.key_with("*", tenant=other)) as stranger:
        for verb in ("pause", "resume"):
            answer = await stranger.post(f"/horarium/v1/workspaces/{own}/{verb}", json={})
            assert answer.status_code == 404
    made = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["schedules:write"]}, 201)
    headers = {"Authorization": f"Bearer {made['key']}"}
    await ask(house, "POST", f"{CURRENT}/pause", {}, 403, headers=headers)
    await ask(house, "POST", f"{CURRENT}/resume", {}, 409)


async def test_a_planned_window_begins_and_ends_by_itself_and_can_be_taken_back_before(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    window = {"from": "2026-03-01T12:02:00Z", "until": "2026-03-01T12:04:00Z", "note": "backups"}
    planned = await ask(house, "POST", f"{CURRENT}/pause", window)
    assert (await ask(house, "GET", CURRENT))["pause"] is None
    found = await why(house, schedule, 3)
    assert found["sentence"].startswith("the workspace will be paused when it is due")
    other = {"from": "2026-03-01T12:06:00Z", "until": "2026-03-01T12:09:00Z"}
    again = await ask(house, "POST", f"{CURRENT}/pause", other)
    await ask(house, "DELETE", f"{CURRENT}/pauses/{again['id']}", status=204)
    for minute in range(1, 8):
        await tick(house, f"2026-03-01T12:0{minute}:00Z")
    assert await ledger(house, schedule) == [1, (2, 3, "workspace_paused"), 4, 5, 6, 7]
    await ask(house, "DELETE", f"{CURRENT}/pauses/{planned['id']}", status=404)


async def test_a_planned_window_has_an_end_after_its_beginning(house):
    later = "2026-03-01T13:00:00Z"
    assert await fields(house, "POST", f"{CURRENT}/pause", {"from": later}) == {"until"}
    assert await fields(house, "POST", f"{CURRENT}/pause", {"from": later, "until": later}) == {"until"}


async def test_nobody_makes_every_release_read_thousands_of_pauses(house):
    for _ in range(50):
        await ask(house, "POST", f"{CURRENT}/pause")
        await ask(house, "POST", f"{CURRENT}/resume")
    await ask(house, "POST", f"{CURRENT}/pause", status=409)
    house.clock.now += 120_000
    await house.services.pauses.settle()
    await ask(house, "POST", f"{CURRENT}/pause")


@pytest.mark.parametrize("change", [{"input": {"a": 1}}, {"name": "another"}], ids=["redefined", "renamed"])
async def test_a_change_of_what_a_schedule_does_gives_up_the_slots_of_its_pause_so_far(house, change):
    """docs/workspaces.md says so; another name gives up nothing."""
    schedule = await scheduled(house, **EVERY_MINUTE)
    path = f"/schedules/{schedule['id']}"
    await ask(house, "POST", f"{path}/pause", {"catch_up": "all"})
    house.clock.now += 150_000
    await ask(house, "PATCH", path, change)
    house.clock.now += 60_000
    await ask(house, "POST", f"{path}/resume")
    for second in (31, 32):
        await tick(house, f"2026-03-01T12:03:{second}Z")
    given_up = [(1, 2, "paused")] if "input" in change else [1, 2]
    assert await ledger(house, schedule) == [*given_up, 3]


async def test_a_schedule_that_cannot_be_resumed_is_tried_again_a_minute_later(house, monkeypatch):
    schedule = await scheduled(house)
    await ask(house, "POST", f"/schedules/{schedule['id']}/pause", {"until": "2026-03-01T12:05:00Z"})
    tries = []

    def refusing():
        tries.append(house.clock.now)
        raise Conflict("not now", "state")

    monkeypatch.setattr("horarium.service.pauses.resuming", refusing)
    due = instant("2026-03-01T12:05:00Z")
    for seconds in (0, 1, 59, 60, 61, 120):
        house.clock.now = due + seconds * 1_000
        await house.services.pauses.resume_due()
    assert [(at - due) // 1_000 for at in tries] == [0, 60, 120]


async def test_a_schedule_that_is_gone_when_its_pause_ends_is_not_looked_for_again(house, monkeypatch):
    made = await scheduled(house)
    await ask(house, "POST", f"/schedules/{made['id']}/pause", {"until": "2026-03-01T12:05:00Z"})
    house.clock.now = instant("2026-03-01T12:05:00Z")
    asked = []

    async def gone(self, workspace_id, schedule_id, now):
        asked.append(schedule_id)
        raise NotFound("schedule", "gone")

    monkeypatch.setattr(type(house.services.pauses), "_resume_schedule", gone)
    for _ in range(2):
        await house.services.pauses.resume_due()
    house.clock.now += 3_600_000
    await house.services.pauses.resume_due()
    assert len(asked) == 1


async def test_to_end_all_that_holds_a_workspace_answers_with_what_has_held_it_longest(house):
    await ask(house, "POST", f"{CURRENT}/pause", {"note": "first"})
    window = {"recurrence": "1 12 * * *", "duration": "2h", "note": "window"}
    await ask(house, "POST", f"{CURRENT}/windows", window, 201)
    house.clock.now = instant("2026-03-01T12:02:00Z")
    ended = await ask(house, "POST", f"{CURRENT}/resume")
    assert (ended["note"], ended["from"]) == ("first", "2026-03-01T12:00:00.000Z")
    await ask(house, "POST", f"{CURRENT}/resume", status=409)


async def test_a_window_that_has_begun_is_ended_although_nothing_was_due_in_it_yet(house):
    window = {"recurrence": "1 12 * * *", "duration": "2h", "note": "window"}
    await ask(house, "POST", f"{CURRENT}/windows", window, 201)
    house.clock.now = instant("2026-03-01T12:02:00Z")
    ended = await ask(house, "POST", f"{CURRENT}/resume")
    assert (ended["note"], ended["from"]) == ("window", "2026-03-01T12:01:00.000Z")


async def test_what_a_schedule_owes_of_its_own_pause_and_what_of_its_workspaces_is_told_apart(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    await ask(house, "POST", f"{CURRENT}/pause")
    await ask(house, "POST", f"/schedules/{schedule['id']}/pause")
    house.clock.now = instant("2026-03-01T12:02:00Z")
    await ask(house, "POST", f"/schedules/{schedule['id']}/resume")
    found = [await why(house, schedule, minute) for minute in (1, 2, 3)]
    assert [each["verdict"] for each in found] == ["paused", "workspace_paused", "workspace_paused"]
    assert found[0]["sentence"].startswith("the schedule was paused, and its workspace still is")
    assert [each["pause"]["schedule"] for each in found] == [schedule["id"], None, None]


async def test_pauses_that_began_within_a_second_are_each_listed_once_the_latest_first(house):
    for _ in range(4):
        await ask(house, "POST", f"{CURRENT}/pause")
        house.clock.now += 1
        await ask(house, "POST", f"{CURRENT}/resume")
    whole = (await ask(house, "GET", f"{CURRENT}/pauses"))["items"]
    assert [pause["from"][-5:] for pause in whole] == [".003Z", ".002Z", ".001Z", ".000Z"]
    found, cursor = [], ""
    while cursor is not None:
        page = await ask(house, "GET", f"{CURRENT}/pauses?limit=1{cursor and '&cursor='}{cursor}")
        found, cursor = found + page["items"], page["next_cursor"]
    assert found == whole
