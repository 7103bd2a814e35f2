"""A house at the date of the product's documents, with an agent and the workflows that they name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.house import House
from tests.support.receiver import Receiver

BASE = "/api/agents/secretary/schedules"
CRON: dict[str, Any] = {
    "name": "Daily Report",
    "type": "cron",
    "cron_expression": "0 9 * * *",
    "callback_type": "workflow",
    "callback_id": "workflow-456",
    "status": "active",
}
ONCE: dict[str, Any] = {
    "name": "Send Reminder",
    "type": "once",
    "next_run": "2024-12-20T15:00:00Z",
    "callback_type": "workflow",
    "callback_id": "workflow-789",
}
DELAYED: dict[str, Any] = {
    "name": "Follow-up",
    "type": "delayed",
    "delay_seconds": 3600,
    "callback_type": "workflow",
    "callback_id": "workflow-123",
}
NAMED = ("workflow-456", "workflow-789", "workflow-123", "sync-workflow")


@pytest.fixture
async def house(receiver: Receiver) -> AsyncIterator[House]:
    async with House.open("2024-12-15T10:00:00Z") as one:
        await one.target("agent", key="secretary")
        await one.target("function", receiver.url("/function"), key="fn")
        for key in NAMED:
            await one.target("workflow", receiver.url(f"/{key}"), key=key)
        yield one


async def create(house: House, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await house.client.post(BASE, json=body | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def put(house: House, schedule: dict[str, Any], **change: Any) -> dict[str, Any]:
    answer = await house.client.put(f"{BASE}/{schedule['id']}", json=change)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def refused(house: House, schedule: dict[str, Any], **change: Any) -> str:
    """The field that a change is refused for; the schedule stays as it was."""
    before = (await house.client.get(f"{BASE}/{schedule['id']}")).json()
    answer = await house.client.put(f"{BASE}/{schedule['id']}", json=change)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"] == "Invalid schedule data"
    assert (await house.client.get(f"{BASE}/{schedule['id']}")).json() == before
    return str(answer.json()["error"]["details"]["field"])


async def get(house: House, schedule: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = (await house.client.get(f"{BASE}/{schedule['id']}")).json()
    return shown
