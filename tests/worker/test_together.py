"""Attempts that an executor is given at once, each of which ends by itself."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.worker.work import Together
from tests.support.workshop import NOON, Hands, Scripted, Workshop

MINUTE = 60_000
GOOD = Outcome(Verdict.SUCCEEDED, output=1)
ONCE = Policies(overlap=Overlap.ALLOW, retry=Retry(max_attempts=1), max_fires=1)


class Engine(Scripted):
    """An executor that takes many. A test tells the outcomes by `tell`, by run, and ends the latest call by `done`."""

    type = "engine"

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Sequence[Call]] = []
        self.tell: dict[bytes, Callable[[Outcome], None]] = {}
        self.done: asyncio.Future[None]
        self.ended: list[str] = []

    async def submit_many(self, calls: Sequence[Call], tell: Callable[[int, Outcome], None]) -> None:
        self.batches.append(calls)
        left = len(calls)
        self.done = done = asyncio.get_running_loop().create_future()

        def telling(number: int) -> Callable[[Outcome], None]:
            def said(outcome: Outcome) -> None:
                nonlocal left
                tell(number, outcome)
                left -= 1
                if not left and not done.done():
                    done.set_result(None)

            return said

        for number, call in enumerate(calls):
            self.tell[call.run_id] = telling(number)
        try:
            await done
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise


@pytest_asyncio.fixture
async def engine() -> Engine:
    return Engine()


@pytest_asyncio.fixture
async def shop(engine: Engine) -> AsyncIterator[Workshop]:
    made = await Workshop.open(concurrency=16, engine=engine)
    yield made
    await made.close()


async def due_together(shop: Workshop, count: int, **target: Any) -> None:
    """As many runs that are due at once, of one target of the engine."""
    there = shop.make_target(executor="engine", **target)
    for _ in range(count):
        await shop.schedule("* * * * *", ONCE, target_id=there)
    await shop.tick(shop.clock.now + MINUTE)


def states(shop: Workshop) -> list[str]:
    return sorted(state for (state,) in shop.rows("SELECT state FROM runs"))


async def test_what_is_due_at_once_is_given_away_at_once(shop, engine):
    await due_together(shop, 5)
    assert [len(calls) for calls in engine.batches] == [5]
    assert engine.calls == []


@pytest.mark.parametrize(("due", "batches"), [(31, [31]), (32, [32]), (33, [32, 1])])
async def test_no_more_than_some_are_given_away_at_once(engine, due, batches):
    """They are made without a pause in the event loop."""
    shop = await Workshop.open(concurrency=64, engine=engine)
    try:
        await due_together(shop, due)
        assert [len(calls) for calls in engine.batches] == batches
    finally:
        await shop.close()


@pytest.mark.parametrize("executor", ["engine", "scripted"])
async def test_a_run_that_is_cancelled_when_it_has_just_ended_is_recorded_as_it_ended(shop, engine, executor):
    """An attempt that is over has nothing left to break off, though its outcome is not recorded yet."""
    recorder, recorded = shop.worker._recorder, []
    add = recorder.add

    def adding(ended):
        recorded.append(ended.end.state.value)
        if len(recorded) == 1:
            add(ended)
        for work in shop.worker._holding.values():
            shop.worker._attempts.stop(work)

    recorder.add = adding
    there = shop.make_target(executor=executor)
    await shop.schedule("* * * * *", ONCE, target_id=there)
    await shop.tick(NOON + MINUTE)
    for tell in list(engine.tell.values()):
        tell(GOOD)
    await shop.settle()
    assert (recorded, states(shop)) == (["succeeded"], ["succeeded"])


async def test_each_run_is_recorded_when_it_has_ended_whatever_the_others_do(shop, engine):
    await due_together(shop, 3)
    first, second, third = engine.tell.values()
    second(GOOD)
    await shop.settle()
    assert states(shop) == ["pending", "pending", "succeeded"]
    first(Outcome(Verdict.FAILED, error="no"))
    third(GOOD)
    await shop.settle()
    assert states(shop) == ["failed", "succeeded", "succeeded"]
    assert shop.worker.lanes.busy == 0


async def test_a_place_that_one_of_them_gives_back_is_taken_at_once(shop, engine):
    await due_together(shop, 16)
    begun = len(engine.tell)
    assert begun < 16  # a lane leaves places to others
    next(iter(engine.tell.values()))(GOOD)
    await shop.settle()
    assert len(engine.tell) == begun + 1


async def test_a_run_that_is_cancelled_ends_at_once_and_the_others_go_on(shop, engine):
    await due_together(shop, 2)
    (first, tell_first), (_, tell_second) = engine.tell.items()
    await shop.runs.cancel(shop.workspace, first)
    await shop.settle()
    assert states(shop) == ["cancelled", "pending"]
    tell_first(GOOD)  # it comes too late
    tell_second(GOOD)
    await shop.settle()
    assert states(shop) == ["cancelled", "succeeded"]
    assert (engine.ended, shop.worker.lanes.busy) == ([], 0)


async def test_when_all_of_them_are_cancelled_the_executor_is_not_waited_for(shop, engine):
    await due_together(shop, 2)
    for run in list(engine.tell):
        await shop.runs.cancel(shop.workspace, run)
    await shop.settle()
    assert states(shop) == ["cancelled", "cancelled"]
    assert engine.ended == ["cancelled"]
    await due_together(shop, 1)
    assert len(engine.batches) == 2  # and the worker works on


class Deaf(Engine):
    """Ends its first call as if nobody had cancelled it, and breaks off the next ones by itself."""

    def __init__(self, wrong: Exception | None) -> None:
        super().__init__()
        self.wrong = wrong

    async def submit_many(self, calls: Sequence[Call], tell: Callable[[int, Outcome], None]) -> None:
        if self.ended:
            raise asyncio.CancelledError
        try:
            await super().submit_many(calls, tell)
        except asyncio.CancelledError:
            if self.wrong is not None:
                raise self.wrong from None


@pytest.mark.parametrize("wrong", [None, RuntimeError("broken off")])
async def test_a_cancellation_that_the_executor_keeps_to_itself_concerns_no_later_run(wrong):
    """Its task would count as cancelled: what breaks off the next run in it would end the task, and leave the run as
    one that is under way for ever."""
    engine = Deaf(wrong)
    shop = await Workshop.open(concurrency=1, engine=engine)
    await due_together(shop, 1)
    (run,) = engine.tell
    await shop.runs.cancel(shop.workspace, run)
    await shop.settle()
    assert (states(shop), engine.ended) == (["cancelled"], ["cancelled"])
    for _ in range(2):
        await due_together(shop, 1)
    assert states(shop) == ["cancelled", "failed", "failed"]
    await shop.close()


@pytest.mark.parametrize("engine", [Deaf(None)])
async def test_a_worker_ends_though_the_executor_keeps_to_itself_that_it_was_cancelled(shop, engine):
    await due_together(shop, 1)
    async with asyncio.timeout(10):
        await shop.close()
    assert engine.ended == ["cancelled"]


async def test_a_fault_of_the_executor_fails_what_it_has_not_told(shop, engine):
    await due_together(shop, 2)
    next(iter(engine.tell.values()))(GOOD)
    engine.done.set_exception(ZeroDivisionError("in the words of somebody else"))
    with capture_logs() as lines:
        await shop.settle()
    failed, told = lines
    assert told["event"] == "run_failed"
    assert failed.pop("places").splitlines()[-1] == "ZeroDivisionError"
    assert failed == {"log_level": "error", "event": "executor_failed", "executor": "engine"}
    assert states(shop) == ["failed", "succeeded"]
    ((error,),) = shop.rows("SELECT error FROM runs WHERE state = 'failed'")
    assert error == "the executor broke down: ZeroDivisionError"


async def test_an_executor_that_returns_without_a_word_fails_the_run(shop, engine):
    await due_together(shop, 1)
    engine.done.set_result(None)
    with capture_logs() as lines:
        await shop.settle()
    line = {"log_level": "error", "event": "executor_failed", "executor": "engine", "places": None}
    assert lines[0] == line
    ((state, error),) = shop.rows("SELECT state, error FROM runs")
    assert (state, error) == ("failed", "the executor broke down: it did not tell what came of the run")


async def test_what_must_not_be_sent_is_not_among_them(shop, engine):
    await due_together(shop, 2, state="disabled")
    assert engine.batches == []
    assert states(shop) == ["failed", "failed"]
    assert shop.worker.lanes.busy == 0


async def test_a_run_that_a_callback_ends_goes_alone(shop, engine):
    engine.answer = Outcome(Verdict.ACCEPTED)
    await due_together(shop, 2, completion="callback")
    assert engine.batches == []
    assert all(call.callback_token for call in engine.calls)
    assert len(engine.calls) == 2


async def test_what_is_not_due_yet_by_the_clock_of_its_worker_is_not_given_away(shop, engine):
    shop.worker._attempts._clock = Hands(shop.clock.now + MINUTE - 2_000)
    await due_together(shop, 2)
    assert (engine.batches, engine.calls) == ([], [])
    assert states(shop) == ["pending", "pending"]


async def test_runs_of_several_targets_go_together_and_those_of_other_executors_do_not(shop, engine):
    one, other = (shop.make_target(executor="engine") for _ in range(2))
    for target in (one, shop.target, other):
        await shop.schedule("* * * * *", ONCE, target_id=target)
    await shop.tick(NOON + MINUTE)
    assert sum(len(calls) for calls in engine.batches) == 2
    assert {call.target_id for calls in engine.batches for call in calls} == {one, other}
    assert [call.target_id for call in shop.executor.calls] == [shop.target]


async def test_attempts_that_hang_are_ended_as_any_are(shop, engine):
    await due_together(shop, 2)
    shop.clock.now += 10_000
    await shop.worker.end_overruns()
    await shop.settle()
    assert states(shop) == ["failed", "failed"]
    assert engine.ended == ["cancelled"]
    assert shop.worker.lanes.busy == 0


async def test_parked_attempts_have_one_taker_in_their_place(shop, engine, monkeypatch):
    monkeypatch.setattr("horarium.worker.worker.PARK_AFTER_MS", -1)
    shop.worker._networked.add("engine")
    await due_together(shop, 4)
    takers = len(shop.worker._attempts._takers._tasks)
    shop.worker._park_slow()
    assert (shop.worker.lanes.busy, shop.worker.lanes.waiting) == (0, 4)
    assert len(shop.worker._attempts._takers._tasks) == takers + 1
    for tell in list(engine.tell.values()):
        tell(GOOD)
    await shop.settle()
    assert len(shop.worker._attempts._takers._tasks) == takers
    assert states(shop) == ["succeeded"] * 4


@pytest.mark.parametrize("told", [0, 1])
async def test_what_is_under_way_when_the_worker_ends_goes_back(shop, engine, told):
    await due_together(shop, 2)
    for tell in list(engine.tell.values())[:told]:
        tell(GOOD)
    await shop.worker.drain(0.05)
    assert states(shop) == ["pending"] * (2 - told) + ["succeeded"] * told
    ((free,),) = shop.rows("SELECT count(*) FROM ready WHERE owner IS NULL")
    assert free == 2 - told


async def test_what_answers_later_is_not_given_away_with_what_answers_at_once(shop, engine):
    """Its callback has to be opened before."""
    for completion in ("response", "callback"):
        there = shop.make_target(executor="engine", completion=completion)
        await shop.schedule("* * * * *", ONCE, target_id=there)
    await shop.tick(NOON + MINUTE)
    assert [len(calls) for calls in engine.batches] == [1]
    assert len(engine.calls) == 1


async def test_a_worker_that_ends_counts_what_it_had_given_away_no_longer_as_under_way(engine):
    shop = await Workshop.open(concurrency=16, engine=engine)
    await due_together(shop, 3)
    assert len(shop.worker._attempts.doing) == 3
    await shop.close()
    assert shop.worker._attempts.doing == {}
    assert sum(lane.under_way for lane in shop.worker.lanes) == 0
    assert engine.ended == ["cancelled"]


async def test_runs_whose_engine_has_broken_down_are_freed_and_not_kept_until_garbage_is_collected(
    shop, engine
):
    async def broken(calls, tell):
        raise ValueError("its own fault")

    engine.submit_many = broken
    gc.collect()
    gc.disable()
    try:
        await due_together(shop, 3)
        ours = [each for each in gc.get_objects() if isinstance(each, Together) and not each.task.done()]
        assert ours == []
    finally:
        gc.enable()
    assert states(shop) == ["failed"] * 3


async def test_what_goes_to_another_engine_goes_by_itself(engine):
    other = Engine()
    shop = await Workshop.open(concurrency=16, engine=engine, other=other)
    try:
        for executor in ("engine", "other"):
            await shop.schedule("* * * * *", ONCE, target_id=shop.make_target(executor=executor))
        await shop.tick(NOON + MINUTE)
        assert [[len(calls) for calls in one.batches] for one in (engine, other)] == [[1], [1]]
    finally:
        await shop.close()


async def test_a_node_that_may_not_work_any_more_gives_nothing_away(shop, engine, monkeypatch):
    """Its lease is over, and another node may have these runs by now."""
    monkeypatch.setattr(shop.worker._attempts, "_may_work", lambda: False)
    await due_together(shop, 2)
    assert engine.batches == []
    assert [attempts for (attempts,) in shop.rows("SELECT attempts FROM runs")] == [0, 0]
    assert shop.worker.lanes.busy == 0
