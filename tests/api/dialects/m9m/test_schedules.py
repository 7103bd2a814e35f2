"""Schedules of m9m beyond what the documents print."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from horarium.api.dialects.m9m.schedules.wire import POLICIES, Order, policies_of
from tests.api.dialects.m9m.conftest import NEW, WORKFLOW
from tests.support.house import House, target_id
from tests.support.receiver import Answer, Receiver

HOURLY = {"workflowId": WORKFLOW, "cronExpression": "@hourly"}


async def create(house: House, **body: Any) -> dict[str, Any]:
    answer = await house.client.post("/api/v1/schedules", json=HOURLY | body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_defaults_are_utc_enabled_without_limit(house: House) -> None:
    made = await create(house)
    expected = {"timezone": "UTC", "enabled": True, "maxRuns": 0, "inputData": [], "lastRun": None}
    assert made | expected == made
    assert made["nextRun"] == "2024-01-26T17:00:00+00:00"


@pytest.mark.parametrize("reference", ["key", "id", "number"])
async def test_a_workflow_is_named_by_id_key_or_number(house: House, reference: str) -> None:
    target = await house.target("workflow", key="wf")
    name = {"key": "wf", "id": target_id(target), "number": str(target.number)}[reference]
    assert (await create(house, workflowId=name))["workflowId"] == name
    listed = (await house.client.get("/api/v1/schedules", params={"workflowId": "wf"})).json()
    assert listed["total"] == 1


@pytest.mark.parametrize(
    ("expression", "next_run"),
    [
        ("@daily", "2024-01-27T00:00:00+00:00"),
        ("@midnight", "2024-01-27T00:00:00+00:00"),
        ("@weekly", "2024-01-28T00:00:00+00:00"),
        ("@monthly", "2024-02-01T00:00:00+00:00"),
        ("@yearly", "2025-01-01T00:00:00+00:00"),
        ("@annually", "2025-01-01T00:00:00+00:00"),
        ("@every 1h30m", "2024-01-26T17:30:00+00:00"),
    ],
)
async def test_macros_are_taken(house: House, expression: str, next_run: str) -> None:
    assert (await create(house, cronExpression=expression))["nextRun"] == next_run


@pytest.mark.parametrize(
    "expression", ["TZ=Europe/Paris 0 9 * * *", "0 0 31 2 *", "* * * *", "0 9 * * * *", "@reboot", "nonsense"]
)
async def test_an_expression_that_is_none_is_refused(house: House, expression: str) -> None:
    answer = await house.client.post("/api/v1/schedules", json=HOURLY | {"cronExpression": expression})
    assert answer.status_code == 400
    body = answer.json()
    assert body["error"] == body["message"] == "Invalid cron expression"
    assert body["details"]["cronExpression"] == "Invalid format"
    assert len(body["details"]) > 1


async def test_weekday_7_is_sunday_as_in_every_cron_of_this_server(house: House) -> None:
    made = [await create(house, cronExpression=f"0 9 * * {day}") for day in (7, 0)]
    assert made[0]["nextRun"] == made[1]["nextRun"]


async def test_a_zone_in_the_expression_is_sent_to_its_own_field(house: House) -> None:
    answer = await house.client.post(
        "/api/v1/schedules", json=HOURLY | {"cronExpression": "TZ=UTC 0 9 * * *"}
    )
    assert "timezone" in answer.text


async def test_all_problems_are_told_at_once(house: House) -> None:
    body = {"workflowId": "nobody", "cronExpression": "0 61 * * *", "timezone": "Mars", "maxRuns": "3"}
    answer = await house.client.post("/api/v1/schedules", json=body | {"enabled": 1, "inputData": {}})
    assert answer.status_code == 400
    told = {"workflowId", "cronExpression", "timezone", "maxRuns", "enabled", "inputData"}
    assert told <= answer.json()["details"].keys()


async def test_an_unknown_workflow_is_named_in_the_details(house: House) -> None:
    answer = await house.client.post("/api/v1/schedules", json=HOURLY | {"workflowId": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"].keys() == {"workflowId"}


async def test_a_target_of_another_kind_is_no_workflow(house: House) -> None:
    await house.target("function", key="fn")
    answer = await house.client.post("/api/v1/schedules", json=HOURLY | {"workflowId": "fn"})
    assert answer.status_code == 400


class TestTwins:
    async def test_other_zone_expression_or_input_is_another_schedule(self, house: House) -> None:
        await create(house)
        await create(house, timezone="Europe/Paris")
        await create(house, cronExpression="@daily")
        await create(house, inputData=[{"json": {}}])

    async def test_a_disabled_one_counts_as_well(self, house: House) -> None:
        await create(house, enabled=False)
        answer = await house.client.post("/api/v1/schedules", json=HOURLY)
        assert answer.status_code == 409

    async def test_a_deleted_one_does_not(self, house: House) -> None:
        made = await create(house)
        await house.client.delete(f"/api/v1/schedules/{made['id']}")
        await create(house)

    async def test_put_makes_no_twin_and_changes_nothing(self, house: House) -> None:
        await create(house)
        other = await create(house, cronExpression="@daily")
        one = f"/api/v1/schedules/{other['id']}"
        answer = await house.client.put(one, json={"cronExpression": "@hourly"})
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
        assert (await house.client.get(one)).json() == other

    async def test_put_of_what_is_there_is_no_conflict(self, house: House) -> None:
        made = await create(house)
        answer = await house.client.put(f"/api/v1/schedules/{made['id']}", json=made)
        assert (answer.status_code, answer.json()) == (200, made)

    async def test_of_two_at_once_one_is_refused(self, house: House) -> None:
        both = [house.client.post("/api/v1/schedules", json=HOURLY) for _ in range(2)]
        assert sorted(one.status_code for one in await asyncio.gather(*both)) == [201, 409]


class TestLists:
    async def test_oldest_first_with_offset_limit_and_the_total_of_all(self, house: House) -> None:
        made = []
        for hour in range(5):
            house.clock.now += 1000
            made.append((await create(house, cronExpression=f"0 {hour} * * *"))["id"])
        listed = (await house.client.get("/api/v1/schedules?offset=1&limit=2")).json()
        assert [one["id"] for one in listed["data"]] == made[1:3]
        assert listed["total"] == 5
        everything = (await house.client.get("/api/v1/schedules")).json()
        assert [one["id"] for one in everything["data"]] == made

    async def test_enabled_parts_the_list(self, house: House) -> None:
        on, off = await create(house), await create(house, cronExpression="@daily", enabled=False)
        for enabled, expected in (("true", on), ("false", off)):
            listed = (await house.client.get(f"/api/v1/schedules?enabled={enabled}")).json()
            assert [one["id"] for one in listed["data"]] == [expected["id"]]
            assert listed["total"] == 1

    async def test_search_finds_the_workflows_name(self, house: House) -> None:
        await create(house)
        assert (await house.client.get("/api/v1/schedules?search=daily%20rep")).json()["total"] == 1
        assert (await house.client.get("/api/v1/schedules?search=100%25")).json()["total"] == 0

    async def test_an_unknown_workflow_has_none(self, house: House) -> None:
        await create(house)
        assert (await house.client.get("/api/v1/schedules?workflowId=x")).json() == {"data": [], "total": 0}

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "enabled=yes"])
    async def test_a_wrong_parameter_is_refused(self, house: House, query: str) -> None:
        answer = await house.client.get(f"/api/v1/schedules?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert answer.json()["details"].keys() == {query.partition("=")[0]}


class TestMaxRuns:
    async def test_the_last_run_disables(self, house: House, receiver: Receiver) -> None:
        made = await create(house, maxRuns=2)
        for hour in (17, 18, 19):
            await house.move(f"2024-01-26T{hour}:00:00Z")
        after = (await house.client.get(f"/api/v1/schedules/{made['id']}")).json()
        assert (after["enabled"], after["nextRun"], after["runCount"]) == (False, None, 2)
        assert len(receiver.requests) == 2

    async def test_it_goes_on_with_a_higher_limit(self, house: House) -> None:
        made = await create(house, maxRuns=1)
        await house.move("2024-01-26T17:00:00Z")
        one = f"/api/v1/schedules/{made['id']}"
        assert (await house.client.post(f"{one}/enable")).status_code == 409
        kept = (await house.client.put(one, json={"maxRuns": 2})).json()
        assert (kept["enabled"], kept["maxRuns"]) == (False, 2)
        on = (await house.client.post(f"{one}/enable")).json()
        assert (on["enabled"], on["nextRun"]) == (True, "2024-01-26T18:00:00+00:00")

    async def test_no_limit_is_zero(self, house: House) -> None:
        made = await create(house, maxRuns=3)
        answer = await house.client.put(f"/api/v1/schedules/{made['id']}", json={"maxRuns": 0})
        assert answer.json()["maxRuns"] == 0


async def test_null_is_left_out(house: House) -> None:
    made = await create(house, timezone=None, enabled=None, inputData=None, maxRuns=None)
    assert made["timezone"] == "UTC"
    change = {"cronExpression": None, "workflowId": None, "timezone": None}
    answer = await house.client.put(f"/api/v1/schedules/{made['id']}", json=change)
    assert answer.json() == made


async def test_a_schedule_moves_to_another_workflow(house: House) -> None:
    made = await create(house)
    await house.target("workflow", key="other", name="Other")
    answer = await house.client.put(f"/api/v1/schedules/{made['id']}", json={"workflowId": "other"})
    assert (answer.json()["workflowId"], answer.json()["workflowName"]) == ("other", "Other")


async def test_an_end_that_was_set_elsewhere_outlives_a_put(house: House) -> None:
    made = await create(house)
    native = "/horarium/v1/schedules/" + "sch_" + made["id"].removeprefix("sched-")
    answer = await house.client.patch(native, json={"end_at": "2024-01-26T18:00:00Z"})
    assert answer.status_code == 200, answer.text
    await house.client.put(f"/api/v1/schedules/{made['id']}", json={"cronExpression": "30 * * * *"})
    assert (await house.client.get(native)).json()["end_at"] == "2024-01-26T18:00:00.000Z"


async def test_time_spent_disabled_is_not_caught_up(house: House, receiver: Receiver) -> None:
    made = await create(house)
    await house.client.post(f"/api/v1/schedules/{made['id']}/disable")
    assert await house.move("2024-01-26T20:30:00Z") == 0
    on = (await house.client.post(f"/api/v1/schedules/{made['id']}/enable")).json()
    assert on["nextRun"] == "2024-01-26T21:00:00+00:00"
    assert await house.move("2024-01-26T20:45:00Z") == 0


async def test_a_fire_gives_the_run_its_items_and_ends_in_the_history(
    house: House, schedule: dict[str, Any], receiver: Receiver
) -> None:
    receiver.script("/run", Answer(200, b'{"rows": 3}', {"Content-Type": "application/json"}))
    await house.move("2024-01-29T14:00:00.250Z")
    assert receiver.requests[0].json()["input"] == NEW["inputData"]
    history = (await house.client.get(f"/api/v1/schedules/{schedule['id']}/history")).json()
    row, execution = history["data"][0], history["executions"][0]
    assert (row["status"], execution["status"]) == ("success", "success")
    assert row["executionId"] == execution["id"]
    assert execution["scheduleId"] == schedule["id"]
    assert execution["workflowId"] == WORKFLOW
    assert (history["successCount"], history["failureCount"]) == (1, 0)
    assert history["lastSuccess"] == "2024-01-29T09:00:00.250-05:00"
    assert history["lastFailure"] is None
    run = (await house.client.get(f"/api/v1/executions/{row['executionId']}")).json()
    assert (run["status"], run["mode"], run["data"]) == ("completed", "trigger", [{"json": {"rows": 3}}])


async def test_a_slot_that_comes_while_a_run_goes_is_skipped(house: House, receiver: Receiver) -> None:
    made = await create(house)
    go_on = asyncio.Event()
    receiver.script("/run", Answer(200, until=go_on))
    house.clock.now += 3_600_000
    await house.release()
    work = house.begin_work()
    await asyncio.wait_for(receiver.arrived.wait(), 5)
    running = (await house.client.get(f"/api/v1/schedules/{made['id']}")).json()
    assert running["lastStatus"] == "running"
    row = (await house.client.get(f"/api/v1/schedules/{made['id']}/history")).json()["data"][0]
    assert (row["status"], row["finishedAt"], row["duration"]) == ("running", None, None)
    house.clock.now += 3_600_000
    assert await house.release() == 0
    go_on.set()
    await asyncio.wait_for(work, 5)
    assert (await house.client.get(f"/api/v1/schedules/{made['id']}")).json()["runCount"] == 1
    assert len(receiver.requests) == 1


async def test_another_dialect_neither_lists_nor_shows_it(house: House, schedule: dict[str, Any]) -> None:
    await house.target("agent", key="agent")
    listed = (await house.client.get("/api/agents/agent/schedules")).json()
    assert listed == {"schedules": []}
    native = "sch_" + schedule["id"].removeprefix("sched-")
    shown = await house.client.get(f"/api/agents/agent/schedules/{native}")
    assert shown.status_code == 404


async def test_what_uranus_made_is_not_found_here(house: House) -> None:
    await house.target("agent", key="agent")
    body = {"name": "n", "type": "delayed", "delay_seconds": 5, "callback_type": "workflow"}
    made = await house.client.post("/api/agents/agent/schedules", json=body | {"callback_id": WORKFLOW})
    theirs = "sch_" + made.json()["id"].removeprefix("schedule-")
    assert (await house.client.get("/api/v1/schedules")).json()["total"] == 0
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/enable"), ("GET", "/history")):
        answer = await house.client.request(method, f"/api/v1/schedules/{theirs}{path}", json={})
        assert (answer.status_code, answer.json()["error"]) == (404, "Schedule not found")


async def test_a_run_that_goes_on_is_neither_a_success_nor_a_failure(
    house: House, receiver: Receiver
) -> None:
    made = await create(house)
    receiver.script("/run", Answer(200), Answer(400))
    one = f"/api/v1/schedules/{made['id']}"
    for slot, counts in (("29T14:00:00Z", (1, 1, 0)), ("30T14:00:00Z", (2, 1, 1))):
        await house.move(f"2024-01-{slot}")
        shown = (await house.client.get(one)).json()
        assert (shown["runCount"], shown["successCount"], shown["failureCount"]) == counts
    house.clock.now += 86_400_000
    await house.release()
    shown = (await house.client.get(one)).json()
    assert (shown["runCount"], shown["successCount"], shown["failureCount"]) == (3, 1, 1)


async def test_items_are_held_against_the_workflow_that_they_go_to(house: House) -> None:
    schema = {"type": "array", "items": {"properties": {"json": {"required": ["a"]}}}}
    await house.target("workflow", key="strict", input_schema=schema)
    plain, fitting = [{"json": {"b": 1}}], [{"json": {"a": 1}}]
    made = await create(house, workflowId="strict", inputData=fitting)
    one = f"/api/v1/schedules/{made['id']}"
    for change, status in (
        ({"inputData": plain}, 400),
        ({"inputData": fitting}, 200),
        ({"workflowId": WORKFLOW, "inputData": plain}, 200),
        ({"inputData": [{"json": {"c": 1}}]}, 200),
        ({"workflowId": "strict", "inputData": plain}, 400),
        ({"workflowId": "strict"}, 400),  # what it keeps goes to the new workflow
        ({"workflowId": "strict", "inputData": fitting}, 200),
    ):
        answer = await house.client.put(one, json=change)
        assert answer.status_code == status, (change, answer.text)
        if status == 400:
            assert {field.split(".")[0] for field in answer.json()["details"]} == {"inputData"}


def test_a_duration_that_is_taken_away_leaves_nothing_of_its_bounds() -> None:
    bounded = policies_of(Order(max_duration_s=60))
    assert bounded != POLICIES
    assert policies_of(Order(max_duration_s=0), bounded) == POLICIES
