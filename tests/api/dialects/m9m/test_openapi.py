"""m9m's OpenAPI page is complete: requests made from it get the answers it describes."""

from __future__ import annotations

from tests.api.dialects.m9m.conftest import NEW, WORKFLOW
from tests.support.house import House
from tests.support.schema_check import check_page


async def _prepare(house: House) -> None:
    await house.target("workflow", key=WORKFLOW, name="Daily Report")
    await house.client.post("/api/v1/schedules", json=NEW)


def test_the_server_keeps_to_its_page() -> None:
    assert check_page("/api/v1", "2024-01-26T16:00:00Z", _prepare) > 100


async def test_every_route_is_on_the_page(house: House) -> None:
    page = (await house.client.get("/api/v1/openapi.json")).json()
    assert page["servers"] == [{"url": "/api/v1"}]
    assert len([method for path in page["paths"].values() for method in path]) == 19
    assert (await house.client.get("/api/v1/docs")).status_code == 200
