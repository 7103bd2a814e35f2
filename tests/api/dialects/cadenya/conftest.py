"""A house at a Friday noon, and a caller of this dialect with an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.dialects.cadenya.support import NOW, Cadenya
from tests.support.house import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House.open(NOW) as made:
        yield made


@pytest.fixture
async def cadenya(house: House) -> Cadenya:
    made = Cadenya(house)
    await made.use_agent()
    return made
