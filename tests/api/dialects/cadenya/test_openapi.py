"""This dialect's OpenAPI page is complete: requests made from it get the answers it describes."""

from __future__ import annotations

from tests.api.dialects.cadenya.support import NOW, Cadenya, every
from tests.support.house import House
from tests.support.schema_check import check_page


async def _prepare(house: House) -> None:
    cadenya = Cadenya(house)
    await cadenya.use_agent()
    await cadenya.created({"name": "n", "externalId": "daily"}, schedule=every("60s"))
    house.clock.now += 60_000
    await house.release()


def test_the_server_keeps_to_its_page() -> None:
    assert check_page("/v1", NOW, _prepare) > 100


async def test_every_route_is_on_the_page(cadenya: Cadenya) -> None:
    page = (await cadenya.client.get("/v1/openapi.json")).json()
    assert page["servers"] == [{"url": "/v1"}]
    assert len([method for path in page["paths"].values() for method in path]) == 25
