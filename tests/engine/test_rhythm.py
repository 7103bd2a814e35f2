"""When each loop does its step again: after a step that left something, that left nothing, and that failed. In virtual
time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id
from horarium.engine.acting import act_loop
from horarium.engine.figures import EngineFigures
from horarium.engine.forgetting import CLEAR_MS, MOST_WAITS, forget_loop
from horarium.engine.loops import NoHands, clock_loop, heartbeat_loop, release_loop, told_loop, upkeep_loop
from horarium.engine.wake import Alarm
from horarium.events.publisher import Publisher
from horarium.store.verbs.release import Released
from tests.simulation.loop import run_in_virtual_time
from tests.support.house import HandClock

TOOK_S, EVERY_S = 0.05, 10.0


class Script:
    """Steps that end as it is written, each after TOOK_S: with something left (True), with nothing left (False), with
    the database away. It notes when each was begun. `alarm`: a release waits for it, and none is due."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.left = iter([True, True, False, Unavailable("away"), False, Unavailable("away"), True, False])
        self.alarm = Alarm(HandClock(0))
        self.alarm._waiting = True
        self.figures = EngineFigures()

    async def step(self, *_: Any, **__: Any) -> bool:
        self.begun.append(round(asyncio.get_running_loop().time(), 2))
        await asyncio.sleep(TOOK_S)
        left = next(self.left, False)
        if isinstance(left, Unavailable):
            raise left
        return left

    async def released(self, *given: Any) -> Released:
        return Released(full=await self.step())

    async def sampled(self, *given: Any) -> int:
        await self.step()
        return 0

    async def nothing(self, *given: Any) -> bool:
        return False


async def told_every(first_s: float, loop: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a loop that is told every EVERY_S, for the first time after `first_s`."""
    told = asyncio.Event()

    async def tell() -> None:
        await asyncio.sleep(first_s)
        while True:
            told.set()
            await asyncio.sleep(EVERY_S)

    telling = asyncio.create_task(tell())
    try:
        await loop(told)
    finally:
        telling.cancel()


def acting(script: Script) -> Awaitable[None]:
    return told_every(0.0, lambda told: act_loop(script, script.alarm, told))


def doing_what_was_found(script: Script) -> Awaitable[None]:
    return told_every(0.0, lambda told: told_loop([script.step], told))


def giving_space_back(script: Script) -> Awaitable[None]:
    async def none(limit: int) -> int:
        return 0

    engine: Any = SimpleNamespace(forget_history=none, give_back_space=script.step)
    return forget_loop(engine, script.alarm, EVERY_S)


def forgetting(script: Script) -> Awaitable[None]:
    async def deleted(limit: int) -> int:
        return limit if await script.step() else limit - 1

    engine: Any = SimpleNamespace(forget_history=deleted, give_back_space=script.nothing)
    return forget_loop(engine, script.alarm, EVERY_S)


def keeping_up(script: Script) -> Awaitable[None]:
    return upkeep_loop([script.step], EVERY_S)


def releasing(script: Script) -> Awaitable[None]:
    engine: Any = SimpleNamespace(release=script.released, figures=script.figures, clock=HandClock(0))
    return release_loop(engine, Alarm(HandClock(0)), NoHands(), EVERY_S, lambda: False, lambda: 0.5)


def following_the_clock(script: Script) -> Awaitable[None]:
    clock: Any = SimpleNamespace(sample=script.sampled)
    store: Any = None
    return clock_loop(clock, store, script.alarm)


def beating(script: Script) -> Awaitable[None]:
    store: Any = SimpleNamespace(urgent=script.step)
    clock: Any = HandClock(0)
    return heartbeat_loop(store, clock, Id(bytes(16)), 6_000)


def publishing(script: Script) -> Awaitable[None]:
    def publish(told: asyncio.Event) -> Awaitable[None]:
        store: Any = SimpleNamespace(listen=lambda signal: None)
        publisher = Publisher(store, HandClock(0), told)
        publisher.step = script.step  # type: ignore[method-assign]
        return publisher.loop()

    return told_every(EVERY_S, publish)


# What the log tells of a step that has failed, beside the level and the error.
Line = dict[str, str]

# What passes between two steps, from the beginning of one to that of the next. What is left is done after a rest of
# twice as long as it took where releases go first, and at once elsewhere.
AFTER_REST = TOOK_S + 2 * TOOK_S
LATER = TOOK_S + EVERY_S
RHYTHMS: list[tuple[Callable[[Script], Awaitable[None]], Line, list[float]]] = [
    (
        acting,
        {"event": "step_failed", "step": "act"},
        [0, AFTER_REST, AFTER_REST, EVERY_S - 2 * AFTER_REST, EVERY_S, EVERY_S, EVERY_S, AFTER_REST],
    ),
    (
        doing_what_was_found,
        {"event": "step_failed", "step": "step"},
        [0, TOOK_S, TOOK_S, EVERY_S - 2 * TOOK_S, EVERY_S, EVERY_S, EVERY_S, TOOK_S],
    ),
    (
        forgetting,
        {"event": "step_failed", "step": "forget"},
        [0, AFTER_REST, AFTER_REST, LATER, LATER, LATER, LATER, AFTER_REST],
    ),
    (
        giving_space_back,
        {"event": "step_failed", "step": "forget"},
        [0, AFTER_REST, AFTER_REST, LATER, LATER, LATER, LATER, AFTER_REST],
    ),
    (
        keeping_up,
        {"event": "step_failed", "step": "step"},
        [0, TOOK_S, TOOK_S, LATER, LATER, LATER, LATER, TOOK_S],
    ),
    (
        releasing,
        {"event": "release_failed"},
        [0, TOOK_S, TOOK_S, LATER, TOOK_S + 0.2, LATER, TOOK_S + 0.2, TOOK_S],
    ),
    (following_the_clock, {"event": "clock_not_sampled"}, [1.0, *[TOOK_S + 1.0] * 7]),
    (beating, {"event": "heartbeat_failed"}, [0, *[TOOK_S + 2.0] * 7]),
    # It begins with what is there, and after a failure it tries again half a second later.
    (
        publishing,
        {"event": "events_not_published"},
        [0, TOOK_S, TOOK_S, EVERY_S - 2 * TOOK_S, TOOK_S + 0.5, EVERY_S - TOOK_S - 0.5, TOOK_S + 0.5, TOOK_S],
    ),
]


@pytest.mark.parametrize(
    ("loop", "line", "pauses"), RHYTHMS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_loop_goes_on_at_once_where_something_is_left_and_waits_where_nothing_is_or_it_has_failed(
    loop, line, pauses
):
    script = Script()

    async def begun() -> list[float]:
        going = asyncio.ensure_future(loop(script))
        while len(script.begun) < len(pauses):
            await asyncio.sleep(1)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        return script.begun[: len(pauses)]

    with capture_logs() as lines:
        found = run_in_virtual_time(begun())
    assert found == pytest.approx([sum(pauses[: number + 1]) for number in range(len(pauses))], abs=0.02)
    assert lines == [line | {"log_level": "warning", "error": "away"}] * 2
    assert script.figures.releases_failed == (2 if loop is releasing else 0)


@pytest.mark.parametrize("loop", [acting, forgetting, giving_space_back])
def test_what_can_wait_gives_way_to_a_release_before_each_step_but_not_for_ever(loop):
    async def begun() -> list[float]:
        script = Script()
        script.alarm._waiting = False  # a release is under way, all the time
        going = asyncio.ensure_future(loop(script))
        await asyncio.sleep(1)
        going.cancel()
        return script.begun

    way_s = MOST_WAITS * CLEAR_MS / 1000
    first = way_s if loop is not giving_space_back else 2 * way_s  # the history was looked at before
    apart = way_s + AFTER_REST
    assert run_in_virtual_time(begun()) == pytest.approx([first, first + apart, first + 2 * apart], abs=0.02)


def test_an_engine_without_a_worker_has_no_room_for_runs() -> None:
    assert NoHands().room() == 0
