"""Maintenance windows over the API, of a workspace and of a schedule, and what next fires and explanations say."""

import json

import pytest

from tests.api.asking import BASE, NOW, ask, fields, scheduled
from tests.support.house import House, instant

CURRENT = "/workspaces/current"
EVERY_MINUTE = {"recurrence": "* * * * *", "policies": {"overlap": "allow"}}
HOURLY = {"recurrence": "2 * * * *", "duration": "2m", "note": "backup"}


@pytest.fixture
async def house():
    async with House.open(NOW) as made:
        yield made


async def tick(house, to):
    house.clock.now = instant(to)
    await house.release()


async def why(house, schedule, minute):
    return await ask(house, "GET", f"/schedules/{schedule['id']}/explain?at=2026-03-01T12:{minute:02}:00Z")


def slots(shown):
    return [each["at"][11:19] for each in shown["next_fires"]]


@pytest.mark.parametrize("of", ["workspace", "schedule"])
async def test_next_fires_name_no_slot_that_lies_in_a_window(house, of):
    schedule = await scheduled(house, **EVERY_MINUTE)
    path = CURRENT if of == "workspace" else f"/schedules/{schedule['id']}"
    made = await ask(house, "POST", f"{path}/windows", HOURLY, 201)
    assert made["next"][0] == {"from": "2026-03-01T12:02:00.000Z", "until": "2026-03-01T12:04:00.000Z"}
    assert (made["duration"], made["note"], made["schedule"]) == (
        120,
        "backup",
        None if of == "workspace" else schedule["id"],
    )
    shown = await ask(house, "GET", f"/schedules/{schedule['id']}")
    assert slots(shown) == ["12:01:00", "12:04:00", "12:05:00", "12:06:00", "12:07:00"]
    far = await ask(house, "GET", f"/schedules/{schedule['id']}/preview?after=2026-03-05T01:01:30Z&count=3")
    assert slots(far) == ["01:04:00", "01:05:00", "01:06:00"]
    for minute in (1, 2, 3):
        await tick(house, f"2026-03-01T12:0{minute}:00Z")
    shown = await ask(house, "GET", f"/schedules/{schedule['id']}")
    assert slots(shown)[:2] == ["12:04:00", "12:05:00"]
    assert await next_fire_everywhere(house, schedule) == "2026-03-01T12:04:00.000Z"


async def test_next_fires_name_no_slot_that_lies_in_a_planned_pause_or_one_that_holds(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    planned = {"from": "2026-03-01T12:02:00Z", "until": "2026-03-01T12:05:00Z"}
    await ask(house, "POST", f"{CURRENT}/pause", planned)
    assert slots(await ask(house, "GET", f"/schedules/{schedule['id']}"))[:2] == ["12:01:00", "12:05:00"]
    assert await next_fire_everywhere(house, schedule) == "2026-03-01T12:01:00.000Z"
    await tick(house, "2026-03-01T12:01:00Z")
    assert await next_fire_everywhere(house, schedule) == "2026-03-01T12:05:00.000Z"
    await ask(house, "POST", f"{CURRENT}/pause", {"note": "until somebody resumes"})
    assert slots(await ask(house, "GET", f"/schedules/{schedule['id']}")) == []
    assert await next_fire_everywhere(house, schedule) is None


@pytest.mark.parametrize(("path", "status"), [(f"{CURRENT}/pause", 200), (f"{CURRENT}/windows", 201)])
@pytest.mark.parametrize("quota", [{}, {"smallest_period": 2}], ids=["defaults", "own quotas"])
async def test_a_new_schedule_is_answered_with_what_holds_its_workspace(house, path, status, quota):
    await ask(house, "PATCH", CURRENT, {"quotas": quota})
    own = await scheduled(house, name="held", **EVERY_MINUTE)
    await ask(house, "POST", f"/schedules/{own['id']}/windows", HOURLY, 201)
    free = await scheduled(house, **EVERY_MINUTE)
    assert slots(free)[:2] == ["12:01:00", "12:02:00"]
    planned = {"from": "2026-03-01T12:02:00Z", "until": "2026-03-01T12:04:00Z"}
    await ask(house, "POST", path, HOURLY if path.endswith("windows") else planned, status)
    made = await scheduled(house, **EVERY_MINUTE)
    put = await ask(house, "PUT", "/schedules/by-key/k", {"name": "k", "target": "t", **EVERY_MINUTE}, 201)
    assert slots(made)[:2] == slots(put)[:2] == ["12:01:00", "12:04:00"]


async def test_a_schedule_fires_next_beside_the_window_of_another(house):
    held, free = await scheduled(house, name="held", **EVERY_MINUTE), await scheduled(house, **EVERY_MINUTE)
    await ask(house, "POST", f"/schedules/{held['id']}/windows", HOURLY, 201)
    await tick(house, "2026-03-01T12:01:00Z")
    assert await next_fire_everywhere(house, held) == "2026-03-01T12:04:00.000Z"
    assert await next_fire_everywhere(house, free) == "2026-03-01T12:02:00.000Z"


async def test_a_bulk_answer_names_the_next_fire_beyond_a_window(house):
    await scheduled(house, **EVERY_MINUTE)
    await ask(house, "POST", f"{CURRENT}/windows", {**HOURLY, "recurrence": "1 * * * *"}, 201)
    line = json.dumps({"name": "bulk", "target": "t", **EVERY_MINUTE})
    (made,) = (await house.client.post(f"{BASE}/schedules/bulk", content=line)).text.splitlines()
    assert json.loads(made)["next_fire_at"] == "2026-03-01T12:03:00.000Z"


async def test_a_slot_that_is_due_and_not_decided_yet_is_the_next_fire(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    await ask(house, "POST", f"{CURRENT}/windows", HOURLY, 201)
    house.clock.now = instant("2026-03-01T12:01:30Z")
    assert await next_fire_everywhere(house, schedule) == "2026-03-01T12:01:00.000Z"


async def next_fire_everywhere(house, schedule):
    """The one instant that GET, lists and the export name."""
    shown = await ask(house, "GET", f"/schedules/{schedule['id']}")
    listed = (await ask(house, "GET", "/schedules"))["items"]
    (in_list,) = [one for one in listed if one["id"] == schedule["id"]]
    lines = map(json.loads, (await house.client.get(f"{BASE}{CURRENT}/export")).text.splitlines())
    (exported,) = [
        line["value"]
        for line in lines
        if line["type"] == "schedule" and line["value"]["id"] == schedule["id"]
    ]
    found = {one["next_fire_at"] for one in (shown, in_list, exported)}
    assert len(found) == 1, found
    return found.pop()


async def test_a_schedule_that_only_fires_in_its_windows_has_no_next_fires_and_the_answer_comes(house):
    schedule = await scheduled(house, recurrence="2 * * * *")
    await ask(house, "POST", f"/schedules/{schedule['id']}/windows", HOURLY, 201)
    assert slots(await ask(house, "GET", f"/schedules/{schedule['id']}")) == []


@pytest.mark.parametrize("of", ["workspace", "schedule"])
async def test_explanations_tell_of_a_window_before_in_and_after_it(house, of):
    schedule = await scheduled(house, **EVERY_MINUTE)
    path = CURRENT if of == "workspace" else f"/schedules/{schedule['id']}"
    made = await ask(house, "POST", f"{path}/windows", HOURLY, 201)
    found = await why(house, schedule, 2)
    assert (found["verdict"], found["pause"]["window"]) == ("maintenance", made["id"])
    assert found["sentence"] == (
        "a maintenance window will hold when it is due (from 2026-03-01T12:02:00Z to 2026-03-01T12:04:00Z): backup"
    )
    assert (await why(house, schedule, 4))["verdict"] == "upcoming"
    for minute in (1, 2, 3):
        await tick(house, f"2026-03-01T12:0{minute}:00Z")
    found = await why(house, schedule, 2)
    assert found["sentence"].startswith("a maintenance window holds; what becomes of this slot is decided")
    await tick(house, "2026-03-01T12:04:00Z")
    found = await why(house, schedule, 3)
    assert (found["verdict"], found["span"]["reason"]) == ("maintenance", "maintenance")
    assert found["sentence"].startswith("it lay in a maintenance window (from 2026-03-01T12:02:00Z to")
    assert (await why(house, schedule, 4))["verdict"] == "fired"
    told = await ask(house, "GET", "/ledger?reason=maintenance")
    assert [entry["count"] for entry in told["items"]] == [2]


async def test_a_window_holds_again_and_resuming_ends_only_the_one_that_holds(house):
    schedule = await scheduled(house, **EVERY_MINUTE)
    await ask(house, "POST", f"{CURRENT}/windows", HOURLY, 201)
    for minute in (1, 2):
        await tick(house, f"2026-03-01T12:0{minute}:00Z")
    assert (await ask(house, "GET", CURRENT))["pause"]["note"] == "backup"
    await tick(house, "2026-03-01T12:02:30Z")
    await ask(house, "POST", f"{CURRENT}/resume", {"catch_up": "latest"})
    assert (await ask(house, "GET", CURRENT))["pause"] is None
    await tick(house, "2026-03-01T12:03:00Z")
    found = await ask(
        house, "GET", f"/schedules/{schedule['id']}/ledger?from=2026-03-01T12:00:00Z&to=2026-03-01T12:59:00Z"
    )
    assert [entry["entry"] for entry in found["items"]] == ["fire", "fire", "fire"]
    (window,) = (await ask(house, "GET", f"{CURRENT}/windows"))["items"]
    assert window["next"][0]["from"] == "2026-03-01T13:02:00.000Z"


async def test_who_pauses_in_a_window_stays_paused_when_the_window_is_over(house):
    await scheduled(house, **EVERY_MINUTE)
    await ask(house, "POST", f"{CURRENT}/windows", HOURLY, 201)
    await tick(house, "2026-03-01T12:02:00Z")
    await ask(house, "POST", f"{CURRENT}/pause", {"note": "the backup failed"})
    await tick(house, "2026-03-01T12:30:00Z")
    assert (await ask(house, "GET", CURRENT))["pause"]["note"] == "the backup failed"


async def test_a_window_is_taken_back_where_it_was_made_and_nowhere_else(house):
    schedule, other = await scheduled(house, **EVERY_MINUTE), await scheduled(house, **EVERY_MINUTE)
    made = await ask(house, "POST", f"/schedules/{schedule['id']}/windows", HOURLY, 201)
    for path in (CURRENT, f"/schedules/{other['id']}"):
        await ask(house, "DELETE", f"{path}/windows/{made['id']}", status=404)
        assert (await ask(house, "GET", f"{path}/windows"))["items"] == []
    await ask(house, "DELETE", f"/schedules/{schedule['id']}/windows/{made['id']}", status=204)
    assert (await ask(house, "GET", f"/schedules/{schedule['id']}/windows"))["items"] == []
    actions = [entry["action"] for entry in (await ask(house, "GET", "/audit"))["items"]]
    assert actions[:2] == ["schedule.window_taken_back", "schedule.window_made"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"recurrence": "*/5 * * * *", "duration": "1m"}, {"recurrence"}),
        ({"recurrence": "0 2 * * *", "duration": "24h"}, {"duration"}),
        ({"recurrence": "0 2 * *", "duration": "1h"}, {"recurrence"}),
        ({"recurrence": "0 2 * * *", "duration": "1h", "timezone": "Paris"}, {"timezone"}),
        ({"recurrence": "0 2 * * *"}, {"duration"}),
    ],
)
async def test_what_is_wrong_with_a_window_is_said_at_its_field(house, body, wrong):
    assert await fields(house, "POST", f"{CURRENT}/windows", body) == wrong


async def test_an_idempotency_key_stands_for_one_window_at_each_place(house):
    """The same key and the same body at another schedule, or for the whole workspace, make a window there as well."""
    headers = {"Idempotency-Key": "again"}
    made = set()
    for path in (CURRENT, *[f"/schedules/{(await scheduled(house))['id']}" for _ in range(2)]):
        first, second = [
            await ask(house, "POST", f"{path}/windows", HOURLY, 201, headers=headers) for _ in range(2)
        ]
        assert first["id"] == second["id"]
        assert [one["id"] for one in (await ask(house, "GET", f"{path}/windows"))["items"]] == [first["id"]]
        made.add(first["id"])
    assert len(made) == 3


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_windows_of_a_schedule_that_is_not_there_are_neither_listed_nor_made(house, method):
    schedule, other = await scheduled(house, **EVERY_MINUTE), await house.workspace("other")
    theirs = {"Authorization": f"Bearer {other.key}"}
    body = HOURLY if method == "POST" else None
    for path, options in (
        (f"/schedules/{schedule['id']}/windows", {"headers": theirs}),
        (f"/schedules/{schedule['id'][:-4]}0000/windows", {}),
    ):
        await ask(house, method, path, body, 404, **options)
