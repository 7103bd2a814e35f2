"""A time limit: what it lets through, and what it ends."""

import asyncio

import pytest

from horarium.targets.within import OutOfTime, within

LONG = 3600.0


async def computed():
    return 7


async def waited():
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return 7


async def for_ever():
    await asyncio.Event().wait()


async def test_what_waits_for_nothing_is_over_before_any_limit(monkeypatch):
    monkeypatch.setattr(asyncio, "timeout_at", lambda until: pytest.fail("a timer was set"))
    assert await within(0, computed()) == 7


async def test_what_waits_goes_on_where_it_was():
    assert await within(LONG, waited()) == 7


async def test_anything_awaitable_will_do():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, 7)
    assert await within(LONG, future) == 7


async def test_what_lasts_too_long_is_cancelled():
    ended = []

    async def lasting():
        try:
            await for_ever()
        finally:
            ended.append("cleaned up")

    with pytest.raises(OutOfTime):
        await within(0, lasting())
    assert ended == ["cleaned up"]
    assert asyncio.current_task().cancelling() == 0


async def test_what_ignores_its_end_has_still_run_out_of_time():
    async def stubborn():
        try:
            await for_ever()
        except asyncio.CancelledError:
            return 7

    with pytest.raises(OutOfTime):
        await within(0, stubborn())


@pytest.mark.parametrize("waits", [False, True])
async def test_what_it_raises_comes_through_also_a_timeout_of_its_own(waits):
    async def failing():
        if waits:
            await asyncio.sleep(0)
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await within(LONG, failing())


async def test_what_it_waits_for_may_fail():
    async def careful(future):
        try:
            await future
        except ValueError:
            return "seen"

    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, ValueError())
    assert await within(LONG, careful(future)) == "seen"


async def test_a_cancelled_task_ends_what_it_awaits_within():
    ended = []

    async def lasting():
        try:
            await for_ever()
        finally:
            ended.append("cleaned up")

    task = asyncio.create_task(within(LONG, lasting()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cleaned up"]


async def test_limits_inside_each_other_keep_apart():
    async def inner():
        with pytest.raises(OutOfTime):
            await within(0, for_ever())
        await asyncio.sleep(0)
        return 7

    assert await within(LONG, inner()) == 7
