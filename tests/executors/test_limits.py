"""Time limits: what they allow, what they end, and that a single timer is enough."""

import asyncio
from collections import Counter

import pytest
import uvloop

from horarium.executors.limits import ENDED_AT_ONCE, Limits, OutOfTime

LONG = 3600.0


async def within(limits, seconds, awaited):
    with limits.of(seconds):
        return await awaited


async def waited():
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return 7


async def lasting(ended, what="cleaned up"):
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(what)


async def test_what_ends_in_time_gives_its_answer():
    assert await within(Limits(), LONG, waited()) == 7


async def test_what_lasts_too_long_is_cancelled():
    ended = []
    with pytest.raises(OutOfTime):
        await within(Limits(), 0, lasting(ended))
    assert ended == ["cleaned up"]
    assert asyncio.current_task().cancelling() == 0


async def test_what_ignores_its_end_has_still_run_out_of_time():
    async def stubborn():
        try:
            await lasting([])
        except asyncio.CancelledError:
            return 7

    with pytest.raises(OutOfTime):
        await within(Limits(), 0, stubborn())


async def test_what_fails_while_it_is_ended_has_failed():
    async def failing():
        try:
            await lasting([])
        finally:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await within(Limits(), 0, failing())
    assert asyncio.current_task().cancelling() == 0


async def test_a_timeout_of_its_own_comes_through():
    async def failing():
        await asyncio.sleep(0)
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await within(Limits(), LONG, failing())


async def test_whoever_is_cancelled_from_outside_is_not_out_of_time():
    ended = []
    task = asyncio.create_task(within(Limits(), LONG, lasting(ended)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cleaned up"]


async def test_who_is_cancelled_from_outside_and_out_of_time_is_cancelled():
    async def slow_to_end():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            asyncio.current_task().cancel()
            await asyncio.sleep(0)

    task = asyncio.create_task(within(Limits(), 0, slow_to_end()))
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_goes_on_after_its_end_is_not_ended_twice():
    limits = Limits()
    other = asyncio.create_task(within(limits, 0.001, lasting([])))

    async def going_on():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.gather(other, return_exceptions=True)
            raise

    with pytest.raises(OutOfTime):
        await within(limits, 0, going_on())
    assert asyncio.current_task().cancelling() == 0


async def test_a_limit_within_the_cleaning_up_of_a_cancelled_task_is_a_limit_still():
    found = []

    async def cleaning_up():
        try:
            await asyncio.Event().wait()
        finally:
            with pytest.raises(OutOfTime):
                await within(Limits(), 0, lasting(found))
            found.append("went on")

    task = asyncio.create_task(cleaning_up())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert found == ["cleaned up", "went on"]


async def test_the_shorter_limit_ends_first_whichever_came_first():
    for seconds in ((LONG, 0), (0, LONG)):
        limits, ended = Limits(), []
        tasks = [asyncio.create_task(within(limits, limit, lasting(ended, limit))) for limit in seconds]
        done, others = await asyncio.wait(tasks, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert ended == [0]
        assert isinstance(done.pop().exception(), OutOfTime)
        others.pop().cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_after_one_has_run_out_the_next_still_does():
    limits, ended = Limits(), []
    tasks = [asyncio.create_task(within(limits, limit, lasting(ended, limit))) for limit in (LONG, 0, 0.001)]
    await asyncio.wait(tasks, timeout=1)
    assert ended == [0, 0.001]
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_earlier_limit_takes_the_timer_over():
    limits = Limits()
    with limits.of(LONG):
        timer = limits._timer
        with limits.of(LONG / 2):
            assert timer.cancelled()


async def test_limits_inside_each_other_keep_apart():
    limits = Limits()

    async def inner():
        with pytest.raises(OutOfTime):
            await within(limits, 0, lasting([]))
        return await waited()

    assert await within(limits, LONG, inner()) == 7


async def test_a_timeout_that_our_own_cancelling_has_become_is_ours():
    async def wrapped():
        try:
            await lasting([])
        except asyncio.CancelledError:
            raise TimeoutError from None

    with pytest.raises(OutOfTime):
        await within(Limits(), 0, wrapped())


async def test_what_has_ended_is_never_cancelled_later_and_the_next_still_can_be():
    limits = Limits()
    with limits.of(0):
        pass
    for _ in range(1_000):
        if limits._timer is None:
            break
        await asyncio.sleep(0)
    assert limits._running == set()
    with pytest.raises(OutOfTime):
        await within(limits, 0, lasting([]))


async def test_one_timer_serves_many(monkeypatch):
    limits, timers = Limits(), []
    real = limits._set
    monkeypatch.setattr(limits, "_set", lambda until: timers.append(until) or real(until))
    for _ in range(100):
        await within(limits, LONG, waited())
    assert len(timers) == 1


def test_on_the_loop_that_the_server_uses_limits_end_what_they_should_and_nothing_else():
    """uvloop counts in whole milliseconds, so limits that are shorter need care."""

    async def many():
        limits, ended = Limits(), []

        async def run(number):
            seconds = (0.0002, 0.003, 0.0011, LONG)[number % 4]
            try:
                await within(limits, seconds, lasting(ended) if seconds < LONG else waited())
            except OutOfTime:
                return True

        for _ in range(20):
            found = await asyncio.gather(*(run(number) for number in range(40)))
            assert found == [True, True, True, None] * 10
        assert (len(ended), limits._running) == (600, set())

    uvloop.run(many())


async def test_a_crowd_that_is_out_of_time_ends_in_parts_with_turns_for_others_between():
    limits, turn, ended_in = Limits(), 0, Counter()

    async def hanging():
        try:
            await within(limits, 0, asyncio.Event().wait())
        except OutOfTime:
            ended_in[turn] += 1

    crowd = [asyncio.create_task(hanging()) for _ in range(3 * ENDED_AT_ONCE)]
    while not all(task.done() for task in crowd):
        turn += 1
        await asyncio.sleep(0)
    assert ended_in.total() == 3 * ENDED_AT_ONCE
    assert max(ended_in.values()) == ENDED_AT_ONCE
