"""A database of PostgreSQL, and the stores of two nodes that work on it."""

import pytest_asyncio

from tests.support.poolers import opened
from tests.support.postgres import drop_database, migrated_database


@pytest_asyncio.fixture
async def url():
    made = await migrated_database("pg")
    yield made
    drop_database(made)


@pytest_asyncio.fixture
async def store(url):
    made = await opened(url)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def other(url):
    made = await opened(url)
    yield made
    await made.close()
