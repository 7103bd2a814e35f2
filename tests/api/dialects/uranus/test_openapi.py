"""uranus' OpenAPI page is complete: requests made from it get the answers it describes."""

from __future__ import annotations

from tests.api.dialects.uranus.conftest import BASE, CRON
from tests.support.house import House
from tests.support.schema_check import check_page


async def _prepare(house: House) -> None:
    await house.target("agent", key="secretary")
    await house.target("workflow", key="workflow-456")
    await house.client.post(BASE, json=CRON)


def test_the_server_keeps_to_its_page() -> None:
    assert check_page("/api/agents", "2024-12-15T10:00:00Z", _prepare) > 30


async def test_every_route_is_on_the_page(house: House) -> None:
    page = (await house.client.get("/api/agents/openapi.json")).json()
    assert page["servers"] == [{"url": "/api/agents"}]
    assert len([method for path in page["paths"].values() for method in path]) == 5
