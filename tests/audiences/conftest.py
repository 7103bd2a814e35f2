"""Fixtures: a stand for each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.audience import FLAVOURS, Stand, opened_store
from tests.support.server_loop import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]


@pytest.fixture(params=FLAVOURS)
async def stand(request: Any, tmp_path: Any) -> AsyncIterator[Stand]:
    async with opened_store(request.param, tmp_path) as store:
        yield await Stand.open(store)
