"""What the tests of this dialect send, and a small directory to send it about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from tests.support.house import House

NOW = "2026-03-02T08:00:00Z"
BASE = "/functions/v1/api/v1/event-schedules"
USERS: list[dict[str, Any]] = [
    {"id": "u1", "email": "ada@example.com", "full_name": "Ada", "role": "client_editor"},
    {"id": "u2", "email": "bob@example.com", "full_name": "Bob", "role": "client_viewer"},
    {"id": "u3", "email": "cy@example.com", "full_name": "Cy", "role": "client_editor"},
]


async def fill(house: House, kind: str, items: Sequence[dict[str, Any]]) -> None:
    async def numbered() -> AsyncIterator[tuple[int, Any]]:
        for pair in enumerate(items, 1):
            yield pair

    found = await house.services.directory.put(house.first.workspace_id, kind, numbered())
    assert not found.refused


def order(**given: Any) -> dict[str, Any]:
    """A body that makes a schedule."""
    plain = {
        "name": "Digest",
        "cron_expression": "0 9 * * *",
        "audience_type": "users",
        "automation_id": "digest",
    }
    return plain | given
