"""Time limits: what they let through, what they end, and that one timer is enough."""

import asyncio

import pytest

from horarium.targets.limits import Limits, OutOfTime

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


async def test_the_shorter_limit_ends_first_whichever_came_first():
    for seconds in ((LONG, 0), (0, LONG)):
        limits, ended = Limits(), []
        tasks = [asyncio.create_task(within(limits, one, lasting(ended, one))) for one in seconds]
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert ended == [0]
        assert isinstance(done.pop().exception(), OutOfTime)
        others.pop().cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_after_one_has_run_out_the_next_still_does():
    limits, ended = Limits(), []
    many = (within(limits, seconds, lasting(ended, seconds)) for seconds in (0.002, 0, 0.001))
    await asyncio.gather(*many, return_exceptions=True)
    assert ended == [0, 0.001, 0.002]


async def test_limits_inside_each_other_keep_apart():
    limits = Limits()

    async def inner():
        with pytest.raises(OutOfTime):
            await within(limits, 0, lasting([]))
        return await waited()

    assert await within(limits, LONG, inner()) == 7


async def test_one_timer_serves_many(monkeypatch):
    loop, limits, timers = asyncio.get_running_loop(), Limits(), []
    real = loop.call_at
    monkeypatch.setattr(loop, "call_at", lambda *given: timers.append(given) or real(*given))
    for _ in range(100):
        await within(limits, LONG, waited())
    assert len(timers) == 1
