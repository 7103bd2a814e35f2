"""A loop that waits wakes at its instant, sooner when it is rung for something sooner, and never misses a ring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from horarium.engine.wake import LONGEST_WAIT_S, Alarm
from tests.simulation.loop import run_in_virtual_time
from tests.support.house import HandClock

START_MS = 1_000_000


class LoopClock:
    """The time of the event loop, as milliseconds since some epoch."""

    def now_ms(self) -> int:
        return START_MS + round(asyncio.get_running_loop().time() * 1000)


def play(story: Callable[[Alarm], Awaitable[None]]) -> None:
    """Run a story in virtual time."""

    async def whole() -> None:
        await story(Alarm(LoopClock()))

    run_in_virtual_time(whole())


def now() -> float:
    """Seconds since the story began, to a thousandth."""
    return round(asyncio.get_running_loop().time(), 3)


@pytest.mark.parametrize(
    ("until_ms", "backstop_s", "woken_s"),
    [
        (START_MS + 1, 60, 0.001),
        (START_MS + 500, 60, 0.5),
        (START_MS + 5_000, 60, 5.0),
        (START_MS + 1_000_000, 2_000, 1_000.0),
        (START_MS + 100_000, 7, 7.0),
        (START_MS + 7_000, 7, 7.0),
        (START_MS + 7_001, 7, 7.0),
        (None, 7, 7.0),
        (START_MS, 7, 0.0),
        (START_MS - 1, 7, 0.0),
        (None, 10_000, LONGEST_WAIT_S),
    ],
)
def test_it_wakes_at_its_instant_and_after_the_backstop_at_the_latest(until_ms, backstop_s, woken_s):
    async def story(alarm: Alarm) -> None:
        await alarm.wait(until_ms, backstop_s)
        assert now() == woken_s

    play(story)


@pytest.mark.parametrize(
    ("rung_for", "woken_s"),
    [(0, 2.0), (START_MS + 9_999, 2.0), (START_MS + 10_000, 10.0), (START_MS + 10_001, 10.0)],
)
def test_only_what_comes_sooner_wakes_a_waiter(rung_for, woken_s):
    async def story(alarm: Alarm) -> None:
        asyncio.get_running_loop().call_later(2, alarm.ring, rung_for)
        await alarm.wait(START_MS + 10_000, 60)
        assert now() == woken_s

    play(story)


def test_a_ring_wakes_one_who_waits_for_no_instant():
    async def story(alarm: Alarm) -> None:
        asyncio.get_running_loop().call_later(2, alarm.ring, START_MS + 1_000_000)
        await alarm.wait(None, 60)
        assert now() == 2.0

    play(story)


def test_a_ring_while_nobody_waits_is_not_lost_whatever_was_waited_for_before():
    async def story(alarm: Alarm) -> None:
        await alarm.wait(START_MS + 1_000, 60)
        alarm.ring(START_MS + 5_000)  # after the instant that was waited for
        await alarm.wait(None, 60)
        assert now() == 1.0

    play(story)


def test_after_it_was_woken_a_waiter_waits_anew_for_as_long_as_it_says():
    async def story(alarm: Alarm) -> None:
        asyncio.get_running_loop().call_later(1, alarm.ring)
        await alarm.wait(START_MS + 5_000, 60)
        assert now() == 1.0
        await alarm.wait(START_MS + 20_000, 60)
        assert now() == 20.0

    play(story)


@pytest.mark.parametrize(
    ("until_ms", "rung"),
    [
        (START_MS - 1, False),
        (START_MS, False),
        (START_MS - 1, True),
        (START_MS, True),
        (START_MS + 5_000, True),
        (None, True),
    ],
)
def test_a_loop_that_always_finds_work_lets_the_others_work(until_ms, rung):
    """Work that is due, and work for which it was rung before it waited."""

    async def story(alarm: Alarm) -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.ensure_future(others())
        for _ in range(5):
            if rung:
                alarm.ring()
            await alarm.wait(until_ms, 60)
        beside.cancel()
        assert turns >= 5
        assert now() < 0.001

    play(story)


async def test_a_ring_at_once_wakes_whoever_waits_for_an_instant_that_any_clock_shows():
    alarm = Alarm(HandClock(0))
    waiter = asyncio.create_task(alarm.wait(1, 60))
    await asyncio.sleep(0)
    assert alarm.clear_ms() == 1
    alarm.ring()
    assert alarm.clear_ms() == 0
    await waiter


def test_it_tells_for_how_long_its_waiter_will_still_wait():
    async def story(alarm: Alarm) -> None:
        loop = asyncio.get_running_loop()
        assert alarm.clear_ms() == 0
        waiter = loop.create_task(alarm.wait(START_MS + 5_000, 60))
        await asyncio.sleep(2)
        assert alarm.clear_ms() == pytest.approx(3_000, abs=2)
        alarm.ring()
        assert alarm.clear_ms() == 0
        await waiter
        waiter = loop.create_task(alarm.wait(None, 60))
        await asyncio.sleep(1)
        assert alarm.clear_ms() == float("inf")
        waiter.cancel()
        await asyncio.sleep(0)
        assert alarm.clear_ms() == 0

    play(story)
