"""Every request and answer that the product's documents print, replayed: names, types, formats."""

from __future__ import annotations

import re
from typing import Any

from tests.api.dialects.m9m.conftest import NEW
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
ZONED_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

PRINTED = {
    "id": str,
    "workflowId": str,
    "workflowName": str,
    "cronExpression": str,
    "timezone": str,
    "enabled": bool,
    "inputData": list,
    "nextRun": ZONED,
    "lastRun": ZONED,
    "lastStatus": str,
    "runCount": int,
    "successCount": int,
    "failureCount": int,
    "createdAt": UTC,
    "updatedAt": UTC,
}


def like(found: dict[str, Any], printed: dict[str, Any]) -> None:
    """Each printed field is there with its type or its format."""
    for name, expected in printed.items():
        value = found[name]
        if isinstance(expected, re.Pattern):
            assert expected.fullmatch(value), (name, value)
        else:
            assert type(value) is expected, (name, value)


async def test_creating_the_printed_schedule_answers_as_printed(house: House) -> None:
    answer = await house.client.post("/api/v1/schedules", json=NEW)
    assert answer.status_code == 201
    body = answer.json()
    like(body, {k: PRINTED[k] for k in ("id", "workflowId", "cronExpression", "timezone", "enabled")})
    assert body["nextRun"] == "2024-01-29T09:00:00-05:00"
    assert body["createdAt"] == "2024-01-26T16:00:00Z"
    assert body["inputData"] == NEW["inputData"]
    assert body["workflowId"] == NEW["workflowId"]


async def test_lists_and_gets_have_every_printed_field(house: House, schedule: dict[str, Any]) -> None:
    await house.move("2024-01-29T14:00:00Z")
    listed = (await house.client.get("/api/v1/schedules")).json()
    assert listed.keys() == {"data", "total"}
    assert listed["total"] == 1
    like(listed["data"][0], PRINTED)
    one = (await house.client.get(f"/api/v1/schedules/{schedule['id']}")).json()
    like(one, PRINTED)
    assert one["lastRun"] == "2024-01-29T09:00:00-05:00"
    assert one["lastStatus"] == "success"


async def test_the_printed_update_is_taken(house: House, schedule: dict[str, Any]) -> None:
    change = {"cronExpression": "0 8 * * MON-FRI", "timezone": "Europe/London"}
    answer = await house.client.put(f"/api/v1/schedules/{schedule['id']}", json=change)
    assert answer.status_code == 200
    assert answer.json() | change == answer.json()
    assert answer.json()["nextRun"] == "2024-01-29T08:00:00+00:00"
    assert answer.json()["inputData"] == NEW["inputData"]


async def test_enable_and_disable_answer_the_schedule(house: House, schedule: dict[str, Any]) -> None:
    one = f"/api/v1/schedules/{schedule['id']}"
    off = (await house.client.post(f"{one}/disable")).json()
    assert (off["id"], off["enabled"], off["nextRun"]) == (schedule["id"], False, None)
    on = (await house.client.post(f"{one}/enable")).json()
    assert (on["enabled"], on["nextRun"]) == (True, "2024-01-29T09:00:00-05:00")


async def test_deleting_answers_204_without_a_body(house: House, schedule: dict[str, Any]) -> None:
    answer = await house.client.delete(f"/api/v1/schedules/{schedule['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    gone = await house.client.get(f"/api/v1/schedules/{schedule['id']}")
    assert (gone.status_code, gone.json()["error"]) == (404, "Schedule not found")


async def test_history_rows_are_as_printed(
    house: House, schedule: dict[str, Any], receiver: Receiver
) -> None:
    await house.move("2024-01-29T14:00:00.500Z")
    receiver.script("/run", Answer(410))
    await house.move("2024-01-30T14:00:00.500Z")
    answer = await house.client.get(f"/api/v1/schedules/{schedule['id']}/history?limit=10")
    newest, oldest = answer.json()["data"]
    row = {"executionId": str, "scheduledTime": ZONED, "startedAt": ZONED_MS, "finishedAt": ZONED_MS}
    like(oldest, row | {"status": str, "duration": int})
    like(newest, row | {"status": str, "duration": int, "error": str})
    assert oldest["scheduledTime"] == "2024-01-29T09:00:00-05:00"
    assert oldest["startedAt"] == "2024-01-29T09:00:00.500-05:00"
    assert (oldest["status"], newest["status"]) == ("success", "failed")
    assert "error" not in oldest
    assert answer.json()["total"] == 2


async def test_the_printed_errors(house: House, schedule: dict[str, Any]) -> None:
    wrong = await house.client.post("/api/v1/schedules", json=NEW | {"cronExpression": "99 9 * * *"})
    assert wrong.status_code == 400
    assert wrong.json()["error"] == "Invalid cron expression"
    assert wrong.json()["code"] == "VALIDATION_ERROR"
    assert wrong.json()["details"]["cronExpression"] == "Invalid format"
    missing = await house.client.get("/api/v1/schedules/sched-123")
    assert missing.status_code == 404
    assert missing.json() == {
        "error": "Schedule not found",
        "code": "NOT_FOUND",
        "message": "Schedule not found",
    }
    twin = await house.client.post("/api/v1/schedules", json=NEW)
    assert twin.status_code == 409
    assert twin.json()["error"] == "Schedule already exists for this workflow"
    assert twin.json()["code"] == "CONFLICT"
