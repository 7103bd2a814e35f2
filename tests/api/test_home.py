"""The roots answer what the server is, and where its APIs are described."""

import pytest

from horarium import __version__
from tests.api.asking import NOW
from tests.support.house import House, client_of


@pytest.mark.parametrize("path", ["/", "/horarium/v1", "/horarium/v1/"])
async def test_the_roots_lead_to_what_describes_the_apis(path: str) -> None:
    async with House.open(NOW) as house, client_of(house.api) as stranger:
        answer = await stranger.get(path)
        assert answer.status_code == 200
        shown = answer.json()
        assert (shown["name"], shown["version"], shown["api"]) == ("Horarium", __version__, "/horarium/v1")
        pages = [shown, *shown["other_apis"].values()]
        assert len(pages) == 6
        for page in pages:
            assert (await stranger.get(page["docs"])).status_code == 200
            assert (await stranger.get(page["openapi"])).json()["openapi"].startswith("3.")
        assert (await stranger.get(shown["health"])).status_code == 200
