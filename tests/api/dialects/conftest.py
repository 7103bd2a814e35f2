"""What tests of all dialects have in common."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.house import House

NOW = "2026-11-23T08:00:00Z"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made
