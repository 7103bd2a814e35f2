"""Long work shares the event loop with everything else."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import pytest

from horarium.service import turns as module
from horarium.service.turns import LONG_S, SLICE_S, Turns, in_turns, turn


def _compute(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def _long_work(slices: int, done: Counter[str]) -> None:
    turns = Turns()
    for _ in range(slices):
        _compute(1.5 * SLICE_S)
        done["slices"] += 1
        await turns.give()


async def test_only_one_slice_of_all_long_work_is_done_in_a_round_of_the_loop() -> None:
    done: Counter[str] = Counter()
    works = [asyncio.create_task(_long_work(10, done)) for _ in range(8)]
    await asyncio.sleep(0)  # each begins without having waited
    while not all(work.done() for work in works):
        before = done["slices"]
        await asyncio.sleep(0)
        assert done["slices"] - before <= 1
    assert done["slices"] == 80


async def test_work_that_yields_between_its_steps_gives_way_and_has_its_result() -> None:
    def steps():
        for _ in range(10):
            _compute(1.5 * SLICE_S)
            yield
        return "done"

    rounds = 0

    async def others() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    assert await in_turns(steps()) == "done"
    beside.cancel()
    assert rounds >= 10


async def test_others_have_the_loop_for_twice_as_long_as_a_slice_took_that_could_not_stop() -> None:
    slices: list[tuple[float, float]] = []

    async def decode() -> None:
        await turn()
        begun = time.monotonic()
        _compute(2 * LONG_S)
        slices.append((begun, time.monotonic()))

    await asyncio.gather(*(decode() for _ in range(5)))
    for (_, ended), (begun, _) in pairwise(slices):
        assert begun - ended >= 4 * LONG_S


async def test_long_work_alone_does_not_wait_for_anybody() -> None:
    done: Counter[str] = Counter()
    rounds = 0
    work = asyncio.create_task(_long_work(50, done))
    while not work.done():
        await asyncio.sleep(0)
        rounds += 1
    assert rounds < 50 * 5


async def test_the_line_moves_on_when_somebody_in_it_is_cancelled() -> None:
    waiting = [asyncio.create_task(turn()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[3].cancel()
    async with asyncio.timeout(5):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [
        True,
        False,
        False,
        True,
        False,
    ]
    async with asyncio.timeout(5):
        await turn()


async def test_work_has_the_loop_for_a_whole_slice_again_after_it_has_waited_in_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, waits = SimpleNamespace(at=100.0), list[float]()

    async def turn() -> None:
        waits.append(now.at)
        now.at += 1.0

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now.at))
    monkeypatch.setattr(module, "turn", turn)
    monkeypatch.setattr(module, "SLICE_S", 0.25)
    turns = Turns()
    for _ in range(4):
        now.at += 0.125
        await turns.give()
    assert waits == [100.375]  # not yet where the slice is just over
