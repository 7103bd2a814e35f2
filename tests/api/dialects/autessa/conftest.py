"""A house at the document's date, and a caller of this dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.dialects.autessa.support import NOW, Autessa
from tests.support.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made


@pytest.fixture
async def autessa(house: House) -> AsyncIterator[Autessa]:
    caller = Autessa(house)
    yield caller
    await caller.client.aclose()
