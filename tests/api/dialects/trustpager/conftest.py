"""A house with an automation and a small directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.dialects.trustpager.orders import NOW, USERS, fill
from tests.support.house import House


@pytest.fixture
async def house(tmp_path: Any) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as one:
        await one.target("automation", "http://127.0.0.1:9/none", key="digest")
        await fill(one, "users", USERS)
        yield one
