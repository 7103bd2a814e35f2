"""Every request and answer that the product's documents print, replayed: names, types, formats."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.api.dialects.uranus.conftest import BASE, CRON, DELAYED, ONCE, create, get, put
from tests.support.house import House

UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def formatted(body: dict[str, Any], *instants: str) -> None:
    for name in instants:
        assert UTC.fullmatch(body[name]), (name, body[name])


async def test_the_printed_cron_schedule_is_made_as_printed(house: House) -> None:
    body = await create(house, CRON)
    assert CRON | body == body
    assert body["next_run"] == "2024-12-16T09:00:00Z"
    assert body["created_at"] == "2024-12-15T10:00:00Z"
    assert isinstance(body["id"], str)


async def test_the_printed_once_and_delayed_schedules(house: House) -> None:
    once = await create(house, ONCE)
    assert ONCE | {"status": "active"} | once == once
    delayed = await create(house, DELAYED)
    assert delayed["next_run"] == "2024-12-15T11:00:00Z"
    assert (delayed["delay_seconds"], delayed["status"]) == (3600, "active")


async def test_a_type_shows_its_own_field_and_no_other(house: House) -> None:
    cron, once, delayed = [await create(house, body) for body in (CRON, ONCE, DELAYED)]
    own = {"cron_expression", "delay_seconds"}
    assert own & cron.keys() == {"cron_expression"}
    assert own & once.keys() == set()
    assert own & delayed.keys() == {"delay_seconds"}


async def test_lists_and_gets_have_every_printed_field(house: House) -> None:
    made = await create(house, CRON)
    await house.move("2024-12-16T09:00:00.300Z")
    listed = (await house.client.get(BASE)).json()
    assert listed.keys() == {"schedules"}
    shown = await get(house, made)
    for body in (listed["schedules"][0], shown):
        printed = {"id", "name", "type", "cron_expression", "callback_type", "callback_id", "status"}
        assert printed <= body.keys()
        formatted(body, "next_run", "last_run", "created_at")
    assert shown["last_run"] == "2024-12-16T09:00:00Z"
    (execution,) = shown["executions"]
    assert execution.keys() == {"id", "executed_at", "status"}
    assert (execution["executed_at"], execution["status"]) == ("2024-12-16T09:00:00Z", "success")


async def test_the_printed_update_is_taken(house: House) -> None:
    made = await create(house, CRON)
    change = {"name": "Updated Schedule", "cron_expression": "0 10 * * *", "status": "paused"}
    body = await put(house, made, **change)
    assert change | body == body
    assert body["next_run"] is None


async def test_the_printed_curl_lines_send_no_content_type(house: House) -> None:
    hourly = {"name": "Hourly Sync", "type": "cron", "cron_expression": "0 * * * *"}
    body = json.dumps(hourly | {"callback_type": "workflow", "callback_id": "sync-workflow"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    made = await house.client.post(BASE, content=body, headers=headers)
    assert made.status_code == 201
    one = f"{BASE}/{made.json()['id']}"
    paused = await house.client.put(one, content=b'{"status": "paused"}', headers=headers)
    assert (paused.status_code, paused.json()["status"]) == (200, "paused")


async def test_the_printed_errors(house: House) -> None:
    answer = await house.client.post(BASE, json=CRON | {"cron_expression": "nonsense"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Invalid schedule data")
    missing = await house.client.get(f"{BASE}/schedule-123")
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "Schedule not found")


async def test_deleting_answers_204(house: House) -> None:
    made = await create(house, CRON)
    answer = await house.client.delete(f"{BASE}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await house.client.get(f"{BASE}/{made['id']}")).status_code == 404
