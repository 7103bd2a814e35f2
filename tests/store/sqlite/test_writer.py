"""In which order SQLite's one writer does what it is asked, and what it commits together."""

import asyncio
import threading
from pathlib import Path

from horarium.store.base import prompt
from horarium.store.sqlite.store import SqliteStore


async def test_what_others_wait_for_by_the_clock_goes_first_and_is_committed_at_once(tmp_path: Path):
    """Nothing of what was asked for besides is done between a prompt verb and its commit."""
    store, go_on, done = SqliteStore(tmp_path / "one.db"), threading.Event(), []

    async def first(tx):
        go_on.wait(10)

    async def other(tx):
        done.append("other")
        assert released.done.wait(10)  # the answer to `release` was given before, so it was committed

    @prompt
    async def release(tx):
        done.append("release")

    async def released():
        await store.urgent(release)
        released.done.set()

    released.done = threading.Event()
    asked = [asyncio.create_task(store.urgent(verb)) for verb in (first, other)]
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(released()))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*asked)
    assert done == ["release", "other"]
    await store.close()
