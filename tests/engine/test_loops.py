"""How long the engine waits after a failure, what each release is told, and that a jump of the clock wakes it."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.domain.places import LaneRoom
from horarium.engine.figures import EngineFigures
from horarium.engine.loops import (
    LEASE_S,
    SAMPLE_S,
    clock_loop,
    pause_after_trouble,
    release_loop,
    told_loop,
    upkeep_loop,
)
from horarium.engine.steps import FIRST_BATCH, LEAST_BATCH, RELEASE_BATCH
from horarium.engine.wake import Alarm
from horarium.store.postgres.hosts import NEXT_AFTER_S
from horarium.store.rows import ClaimedRun
from horarium.store.verbs.release import Released
from tests.simulation.loop import run_in_virtual_time
from tests.support.house import HandClock

GOES_ON_WITHIN_S = 1.0


def test_a_node_releases_again_within_a_second_of_writes_being_possible():
    """Where the server that was the primary last says nothing, and the lease had lapsed. A quarter of the time is left
    for the connection and the release itself."""
    assert pause_after_trouble(1.0) + NEXT_AFTER_S + LEASE_S <= 0.75 * GOES_ON_WITHIN_S


def test_nodes_do_not_come_all_at_once_to_a_database_that_has_just_started():
    soonest, latest = pause_after_trouble(0.0), pause_after_trouble(1.0)
    assert 0.05 < soonest < pause_after_trouble(0.5) < latest
    assert latest - soonest >= 0.2


@pytest.mark.parametrize(
    ("difference", "woken_s"), [(1_001, SAMPLE_S), (-1_001, SAMPLE_S), (1_000, 5.0), (0, 5.0)]
)
def test_what_is_due_after_a_jump_of_the_databases_clock_waits_for_no_poll(difference, woken_s):
    """The release loop sleeps until an instant by a clock that does not hold any more."""

    async def found(store: Any) -> int:
        return difference

    async def waits() -> float:
        hands = HandClock(0)
        alarm, clock = Alarm(hands), SimpleNamespace(sample=found, jumps=0, uncertain="as it is")
        following = asyncio.create_task(clock_loop(clock, None, alarm))
        begun = asyncio.get_running_loop().time()
        await alarm.wait(3_600_000, 5.0)
        following.cancel()
        assert clock.jumps == len(lines)
        return asyncio.get_running_loop().time() - begun

    with capture_logs() as lines:
        assert run_in_virtual_time(waits()) == pytest.approx(woken_s, abs=0.01)
    jump = {
        "log_level": "warning",
        "event": "clock_jumped",
        "milliseconds": difference,
        "uncertain": "as it is",
    }
    assert lines == ([jump] if woken_s == SAMPLE_S else [])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unavailable("the database cannot be reached"), "the database cannot be reached"),
        (BlockingIOError(11, "no more processes"), "[Errno 11] no more processes"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_step_that_fails_ends_no_server_and_holds_up_none_of_the_others_of_its_round(
    error: Exception, words: str
):
    done: list[str] = []

    async def fails() -> bool:
        done.append("fails")
        raise error

    async def twice() -> bool:
        done.append("twice")
        return done.count("twice") == 1

    async def last() -> bool:
        done.append("last")
        return False

    async def rounds() -> list[str]:
        going = asyncio.create_task(upkeep_loop([fails, twice, last], 60.0))
        await asyncio.sleep(1.0)
        first = [*done]
        await asyncio.sleep(60.0)
        going.cancel()
        return first

    with capture_logs() as lines:
        assert run_in_virtual_time(rounds()) == ["fails", "twice", "twice", "last"]
    assert done[4:] == ["fails", "twice", "last"]
    told = {"log_level": "warning", "event": "step_failed", "step": "fails", "error": words}
    assert lines == [told, told]


def test_what_is_done_when_told_is_done_once_for_each_time_whatever_comes_meanwhile():
    done: list[float] = []

    async def takes_long() -> bool:
        done.append(asyncio.get_running_loop().time())
        await asyncio.sleep(5.0)
        return len(done) == 2  # the second time there is more

    async def told_thrice() -> list[float]:
        told = asyncio.Event()
        going = asyncio.create_task(told_loop([takes_long], told))
        await asyncio.sleep(10.0)
        for _ in range(3):  # the second and the third come while the first is worked on
            told.set()
            await asyncio.sleep(1.0)
        await asyncio.sleep(60.0)
        going.cancel()
        return done

    assert run_in_virtual_time(told_thrice()) == pytest.approx([10.0, 15.0, 20.0])


class Hands:
    """A worker that takes what it is given; the room that it has is another one each time."""

    def __init__(self) -> None:
        self.asked, self.taken = 0, list[Sequence[ClaimedRun]]()

    def room(self) -> int:
        self.asked += 1
        return 10 + self.asked

    def lane_room(self) -> LaneRoom:
        return LaneRoom({}, 100 + self.asked)

    async def take(self, runs: Sequence[ClaimedRun]) -> None:
        self.taken.append(runs)


def test_a_release_is_told_the_room_at_its_time_and_what_follows_from_the_release_before_it():
    """The batch grows while one workspace has all that is due, keeps its size after the few that went ahead, and is
    small again once nothing is left. Those with few go first after a release that others have waited for, once."""
    some: Any = ["a run"]
    story = [
        Released(FIRST_BATCH, full=True),
        Released(RELEASE_BATCH, full=True, shared=True, claimed=some),
        Released(3, full=True, shared=True, ahead=True),
        Released(LEAST_BATCH, full=True, shared=True),
        Released(3, full=True),
        Released(5, claimed=some),
        Released(0),
    ]
    asked: list[tuple[Any, ...]] = []

    async def play() -> Hands:
        hands, answers, over = Hands(), iter(story), asyncio.Event()

        async def release(*given: Any) -> Released:
            asked.append(given)
            await asyncio.sleep(1)
            answer = next(answers, None)
            if answer is None:
                over.set()
            return answer or Released()

        engine: Any = SimpleNamespace(release=release, clock=HandClock(0), figures=EngineFigures())
        going = asyncio.create_task(release_loop(engine, Alarm(HandClock(0)), hands, 1.0, lambda: False))
        await over.wait()
        going.cancel()
        return hands

    hands = run_in_virtual_time(play())
    assert [(room, lanes.others) for room, _, lanes, _ in asked] == [(10 + n, 100 + n) for n in range(1, 9)]
    first, large, least = FIRST_BATCH, RELEASE_BATCH, LEAST_BATCH
    assert [batch for _, batch, _, _ in asked] == [first, large, least, least, least, large, first, first]
    assert [few for _, _, _, few in asked] == [False, False, True, False, True, False, False, False]
    assert hands.taken == [some, some]


def test_a_node_that_has_its_right_to_release_again_does_so_within_a_moment_and_asks_nobody_until_then():
    begun: list[float] = []

    async def play() -> None:
        time = asyncio.get_running_loop().time

        async def release(*_: Any) -> Released:
            begun.append(time())
            return Released()

        engine: Any = SimpleNamespace(release=release, clock=HandClock(0), figures=EngineFigures())
        alarm = Alarm(HandClock(0))
        going = asyncio.create_task(release_loop(engine, alarm, Hands(), 60.0, lambda: time() < 7.0))
        await asyncio.sleep(10)
        going.cancel()

    run_in_virtual_time(play())
    assert begun == [pytest.approx(7.0, abs=LEASE_S + 0.01)]


def test_it_is_known_for_how_long_a_release_is_tried_in_vain_and_why():
    """So that a server can say that it is not ready: what it needs for a release may be all that fails."""

    async def play() -> list[tuple[float, str]]:
        figures, time = EngineFigures(), asyncio.get_running_loop().time
        story: list[Any] = [Released(full=True), Unavailable("refused"), Unavailable("shut"), Released()]
        held = [False]

        async def release(*_: Any) -> Released:
            await asyncio.sleep(2)
            answer = story.pop(0) if story else Unavailable("away")
            if isinstance(answer, Exception):
                raise answer
            return answer

        engine: Any = SimpleNamespace(release=release, clock=HandClock(0), figures=figures)
        loop = release_loop(engine, Alarm(HandClock(0)), Hands(), 60.0, lambda: held[0], lambda: 0.5)
        going, known = asyncio.create_task(loop), []
        for seconds in (1, 2, 2, 2, 3, 60, 5):
            await asyncio.sleep(seconds)
            known.append(figures.releasing(time()))
        held[0] = True
        await asyncio.sleep(2)
        going.cancel()
        return [*known, figures.releasing(time())]

    known = [(round(seconds), why) for seconds, why in run_in_virtual_time(play())]
    in_vain = [(1, ""), (1, ""), (3, "refused"), (5, "shut"), (0, "")]
    assert known == [*in_vain, (2, ""), (7, "away"), (0, "")]
