"""For the walks over all routes: a world in which there is a little of everything."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from tests.mutations.asked import asked, routes_of
from tests.mutations.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world with a few of all the things that there can be."""
    async with World.open(Random(7), tmp_path) as made:
        for route in routes_of(made):
            if route.method in ("POST", "PUT") and "delete" not in route.name:
                await asked(made, route, made.house.key)
        await made.renew()
        await made.house.release()
        await made.house.work()
        yield made
