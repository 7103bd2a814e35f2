"""What a worker asks other nodes for, and gives to those that ask."""

import asyncio

import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.domain.schedule import Policies
from horarium.store.verbs import dispatch
from horarium.worker.worker import (
    ASK_EVERY_S,
)
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000


@pytest.mark.parametrize("moments", [1, 3])
async def test_what_ended_in_one_moment_is_not_taken_for_the_pace_of_all_that_is_to_come(moments):
    """What will end here before another node could take it is kept, and a burst of outcomes says little of that."""
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await shop.with_runs_in_hand()
        unbegun, ended = sum(len(lane.queue) for lane in worker.lanes), 2
        worker._ended[-1] += ended
        for _ in range(moments - 1):
            assert worker._for_others() == []
        worker._asked_s = asyncio.get_running_loop().time()
        given = worker._for_others()
        assert len(given) == (unbegun - ended) // 2 > 0
        # The node that has just given them away does not claim them back at once.
        assert {lane for lane, until in worker._given.items() if until > worker._asked_s} == {shop.target}
    finally:
        await shop.close()


async def test_a_node_that_leaves_gives_nothing_to_one_that_asks_and_one_that_asked_long_ago_gets_nothing():
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await shop.with_runs_in_hand()
        worker._closing = True
        worker._asked_s = asyncio.get_running_loop().time()
        assert worker._for_others() == []
        worker._closing = False
        worker._asked_s = asyncio.get_running_loop().time() - ASK_EVERY_S - 0.1
        assert worker._for_others() == []
        worker._asked_s = asyncio.get_running_loop().time() - ASK_EVERY_S + 0.1
        assert worker._for_others()
    finally:
        await shop.close()


@pytest.mark.parametrize(("ago_s", "gets"), [(0.999, True), (1.0, True), (1.001, False)])
async def test_an_asking_counts_until_the_next_one_could_come(monkeypatch, ago_s, gets):
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await shop.with_runs_in_hand()
        worker._asked_s = 1_000.0
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "time", lambda: 1_000.0 + ago_s * ASK_EVERY_S)
            assert bool(worker._for_others()) is gets
    finally:
        await shop.close()


async def test_a_node_that_asks_for_runs_is_answered_once():
    shop = await Workshop.open(concurrency=1)
    try:
        worker = await shop.with_runs_in_hand()
        worker._asked_s = asyncio.get_running_loop().time()
        first = worker._for_others()
        assert 0 < len(first) < 19
        assert worker._for_others() == []
    finally:
        await shop.close()


@pytest.mark.parametrize(
    ("room", "idle", "held", "asks"),
    [(1, True, True, True), (0, True, True, False), (1, False, True, False), (1, True, False, False)],
    ids=["it asks", "it has no room", "it has something to begin", "nobody has anything"],
)
async def test_a_worker_asks_other_nodes_while_it_has_nothing_to_begin_and_they_may_have(
    monkeypatch, room, idle, held, asks
):
    shop = await Workshop.open()
    try:
        asked, worker = [], shop.worker

        async def urgent(verb, *args):
            asked.append(verb)

        async def read(verb, *args):
            return held

        turns, me = iter((False, True)), asyncio.current_task()

        async def sleep(seconds, sleep=asyncio.sleep):
            if asyncio.current_task() is me and next(turns):
                raise asyncio.CancelledError
            await sleep(0)

        monkeypatch.setattr(shop.store, "urgent", urgent)
        monkeypatch.setattr(shop.store, "read", read)
        monkeypatch.setattr(worker, "room", lambda: room)
        monkeypatch.setattr(worker._lanes, "idle", lambda: idle)
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "sleep", sleep)
            with pytest.raises(asyncio.CancelledError):
                await worker._ask_loop()
        assert (dispatch.ask_for_runs in asked) is asks
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_a_worker_that_could_not_ask_other_nodes_tells_it_in_the_log_and_asks_again_after_its_pause(
    monkeypatch,
):
    shop = await Workshop.open()
    try:
        asked, rested, me = [], [], asyncio.current_task()
        for task in shop._tasks:
            task.cancel()

        async def read(verb, *args):
            if len(rested) < 3:
                raise Unavailable("the database is away")
            return True

        async def urgent(verb, *args):
            asked.append((verb, args, len(rested)))

        async def sleep(seconds, sleep=asyncio.sleep):
            if asyncio.current_task() is me:
                rested.append(seconds)
                if len(rested) == 4:
                    raise asyncio.CancelledError
            await sleep(0)

        monkeypatch.setattr(shop.store, "read", read)
        monkeypatch.setattr(shop.store, "urgent", urgent)
        with monkeypatch.context() as patched, capture_logs() as lines:
            patched.setattr(asyncio, "sleep", sleep)
            with pytest.raises(asyncio.CancelledError):
                await shop.worker._ask_loop()
        told = {"log_level": "warning", "event": "runs_not_asked_for", "error": "the database is away"}
        assert lines == [told] * 2
        assert rested == [ASK_EVERY_S] * 4
        assert asked == [(dispatch.ask_for_runs, (NOON,), 3)]
    finally:
        monkeypatch.undo()
        await shop.close()


@pytest.mark.parametrize("shared", [True, False])
async def test_a_worker_asks_other_nodes_where_there_may_be_any(monkeypatch, shared):
    shop = await Workshop.open()
    try:
        monkeypatch.setattr(shop.store, "shared", shared)
        shop._tasks += (tasks := shop.worker.loops())
        assert ("_ask_loop" in {task.get_coro().__name__ for task in tasks}) is shared
    finally:
        await shop.close()


async def test_what_has_ended_here_is_counted_as_the_pace_at_which_more_will():
    shop = await Workshop.open()
    try:
        before = sum(shop.worker._ended)
        for _ in range(3):
            await shop.schedule("* * * * *", Policies(max_fires=1))
        await shop.tick(NOON + MINUTE)
        assert sum(shop.worker._ended) == before + 3
    finally:
        await shop.close()


async def test_what_ended_a_while_ago_is_no_pace_any_more():
    shop = await Workshop.open()
    try:
        shop.worker._ended[-1] += 7
        for _ in range(shop.worker._ended.maxlen):
            assert sum(shop.worker._ended) == 7
            shop.worker._for_others()
        assert sum(shop.worker._ended) == 0
    finally:
        await shop.close()
