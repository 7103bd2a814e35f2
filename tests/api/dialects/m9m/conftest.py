"""A house at the date of the product's documents, with the workflow that they name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.house import House
from tests.support.receiver import Receiver

WORKFLOW = "550e8400-e29b-41d4-a716-446655440000"
NEW: dict[str, Any] = {
    "workflowId": WORKFLOW,
    "cronExpression": "0 9 * * MON-FRI",
    "timezone": "America/New_York",
    "enabled": True,
    "inputData": [{"json": {"reportType": "daily"}}],
}


@pytest.fixture
async def house(receiver: Receiver) -> AsyncIterator[House]:
    async with House.open("2024-01-26T16:00:00Z") as one:
        await one.target("workflow", receiver.url("/run"), key=WORKFLOW, name="Daily Report")
        yield one


@pytest.fixture
async def schedule(house: House) -> dict[str, Any]:
    """The schedule that the documents make."""
    made: dict[str, Any] = (await house.client.post("/api/v1/schedules", json=NEW)).json()
    return made
