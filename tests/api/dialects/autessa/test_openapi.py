"""This dialect's OpenAPI page is complete: requests made from it get the answers it describes."""

from __future__ import annotations

from tests.api.dialects.autessa.support import BASE, NOW, Autessa, agent_event
from tests.support.house import House
from tests.support.schema_check import check_page


async def _prepare(house: House) -> None:
    agent = await house.target("agent")
    await Autessa(house).event(**agent_event(agent.number))


def test_the_server_keeps_to_its_page() -> None:
    assert check_page(BASE, NOW, _prepare) > 40


async def test_every_route_is_on_the_page(autessa: Autessa) -> None:
    page = (await autessa.client.get(f"{BASE}/openapi.json")).json()
    assert page["paths"].keys() == {"/all", "/get", "/create", "/update", "/toggle", "/delete"}
