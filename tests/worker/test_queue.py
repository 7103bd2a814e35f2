"""What a worker has in hand is given out in turn, and each run wakes one taker."""

import asyncio
from types import SimpleNamespace

from horarium.worker.queue import LaneQueue


def work(lane: str, number: int = 0):
    return SimpleNamespace(target=SimpleNamespace(id=lane.encode()), number=number)


async def turns(times: int = 3) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def test_lanes_take_turns_and_keep_their_order():
    queue = LaneQueue()
    given = [work("herd", 1), work("herd", 2), work("herd", 3), work("single", 4)]
    for one in given:
        queue.put(one)
    assert [(await queue.get()).number for _ in given] == [1, 4, 2, 3]
    assert len(queue) == 0


async def test_a_run_wakes_one_taker_and_no_other():
    queue = LaneQueue()
    takers = [asyncio.create_task(queue.get()) for _ in range(5)]
    await turns()
    queue.put(work("a", 7))
    await turns()
    assert [taker.done() for taker in takers] == [True, False, False, False, False]
    assert takers[0].result().number == 7
    for taker in takers[1:]:
        taker.cancel()


async def test_a_taker_that_is_cancelled_as_it_wakes_leaves_the_run_to_another():
    queue = LaneQueue()
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await turns()
    queue.put(work("a", 7))
    first.cancel()
    await turns()
    assert first.cancelled()
    assert second.result().number == 7


async def test_a_taker_that_was_cancelled_before_is_passed_over():
    queue = LaneQueue()
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await turns()
    first.cancel()
    await turns()
    queue.put(work("a", 7))
    await turns()
    assert second.result().number == 7


async def test_what_comes_while_all_are_busy_waits_for_the_next_to_ask():
    queue = LaneQueue()
    queue.put(work("a", 1))
    queue.put(work("a", 2))
    assert [(await queue.get()).number, (await queue.get()).number] == [1, 2]
    later = asyncio.create_task(queue.get())
    await turns()
    assert not later.done()
    later.cancel()
