"""What goes into one commit, and when all of it is there."""

import asyncio
from dataclasses import replace

from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.domain.run import RunMode, RunState
from horarium.store.verbs.dispatch import Ended, LeaseLost
from horarium.store.verbs.settle import RunEnd
from horarium.worker.recorder import BATCH, MOST_BYTES, TROUBLE_S, Recorder, _how_many
from tests.support.house import HandClock

ONE = Ended(RunEnd(b"r", b"w", b"f", b"s", RunMode.CLOCK, RunState.SUCCEEDED, True, False), 1, 1, 1, 2)


def test_small_outcomes_go_together():
    assert _how_many([ONE] * 10) == 10
    assert _how_many([ONE] * (BATCH + 10)) == BATCH


def test_large_outputs_go_in_several_commits():
    large = replace(ONE, output="x" * (MOST_BYTES // 4))
    assert _how_many([large] * 10) == 4


def test_the_largest_goes_alone():
    assert _how_many([replace(ONE, output="x" * (2 * MOST_BYTES)), ONE]) == 1


async def test_a_recorder_is_drained_when_the_last_outcome_is_committed():
    may_commit, recorded = asyncio.Semaphore(0), []

    class Slow:
        async def urgent(self, *given):
            await may_commit.acquire()
            return ()

    recorder = Recorder(Slow(), HandClock(0), b"node", recorded.extend)
    await recorder.drained()  # nothing has been added
    loop = asyncio.create_task(recorder.loop())
    for number in range(BATCH + 1):
        recorder.add(replace(ONE, attempt=number))
    drained = asyncio.create_task(recorder.drained())
    for committed in (0, BATCH, BATCH + 1):
        for _ in range(9):
            await asyncio.sleep(0)
        assert (len(recorded), drained.done()) == (committed, committed > BATCH)
        may_commit.release()
    loop.cancel()


async def test_an_outcome_is_recorded_carefully_only_where_it_may_have_been_recorded_before(monkeypatch):
    """Carefully: looked at run by run, which costs more."""
    answers, asked, rested = [Unavailable("away"), LeaseLost(), [b"r"], ()], [], []

    class Away:
        async def urgent(self, verb, node, batch, now, careful):
            asked.append(careful)
            assert now == clock.now
            clock.now += 1_000
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    async def sleep(seconds):
        rested.append((seconds, len(asked)))

    clock = HandClock(0)
    recorder = Recorder(Away(), clock, b"node", lambda batch: None)
    with monkeypatch.context() as patched, capture_logs() as lines:
        patched.setattr(asyncio, "sleep", sleep)
        for _ in range(2):
            await recorder._record([ONE, ONE])
    assert asked == [False, True, True, False]
    assert rested == [(TROUBLE_S, 1)]
    away = {"log_level": "warning", "event": "outcomes_not_recorded", "runs": 2, "error": "away"}
    refused = {"log_level": "info", "event": "outcomes_refused", "runs": 1, "why": "the lease was lost"}
    assert lines == [away, refused]
