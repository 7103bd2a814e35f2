"""What others wait for by the clock is done although the main event loop has no time."""

import asyncio
import threading

import pytest
import pytest_asyncio

from horarium.store.base import Tx, prompt
from tests.support.poolers import opened
from tests.support.postgres import drop_database, fresh_database

PATIENCE_S = 20.0


@pytest_asyncio.fixture
async def store():
    url = fresh_database("prompt")
    made = await opened(url, notify=False)
    yield made
    await made.close()
    drop_database(url)


@pytest.mark.parametrize("how", ["urgent", "read"])
async def test_a_prompt_verb_ends_while_the_main_loop_does_something_else(store, how):
    done = threading.Event()

    @prompt
    async def verb(tx: Tx) -> str:
        for _ in range(3):
            await tx.row("now_ms")
        done.set()
        return "answer"

    task = asyncio.create_task(getattr(store, how)(verb))
    await asyncio.sleep(0)
    assert done.wait(PATIENCE_S)  # blocks this loop
    assert await task == "answer"


async def test_a_prompt_verb_that_fails_tells_its_caller_and_leaves_nothing_open(store):
    @prompt
    async def verb(tx: Tx) -> None:
        await tx.row("now_ms")
        raise ValueError("as it was")

    for _ in range(3):  # more often than there are connections
        with pytest.raises(ValueError, match="as it was"):
            await store.urgent(verb)


async def test_a_caller_that_is_cancelled_cancels_its_prompt_verb(store):
    begun, ended = threading.Event(), threading.Event()

    @prompt
    async def verb(tx: Tx) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(store.urgent(verb))
    await asyncio.to_thread(begun.wait, PATIENCE_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, PATIENCE_S)
