"""How long a run waits for a target that is silent, and whom its end is told."""

from types import SimpleNamespace

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.domain.target import Completion
from horarium.store.verbs.release_rows import FIRST_EPOCH
from horarium.worker.work import RunnableTarget, judge, waits_until, work_of
from tests.support.workshop import NOON, Workshop


@pytest.mark.parametrize(
    ("ready_ms", "silent_since", "until"), [(0, 60_000, 90_000), (600_000, 60_000, 630_000)]
)
def test_a_run_waits_for_a_silent_target_from_when_it_could_have_been_sent(ready_ms, silent_since, until):
    """One that comes long after the target fell silent waits as long as one that was there before."""
    work = SimpleNamespace(
        id=b"r" * 16,
        policies=Policies(retry=Retry(max_attempts=1, until_next_slot=False)),
        run=SimpleNamespace(attempts=0, due_ms=ready_ms, ready_ms=ready_ms),
        timeout_ms=30_000,
    )
    assert waits_until(work, silent_since) == until


@pytest.mark.parametrize(
    ("retry", "next_slot", "until"),
    [
        (Retry(max_attempts=1, max_elapsed_ms=3_600_000), None, 3_600_000),
        (Retry(max_attempts=1, max_elapsed_ms=3_600_000), 120_000, 120_000),
        (Retry(max_attempts=1, max_elapsed_ms=3_600_000, until_next_slot=False), 120_000, 3_600_000),
        (Retry(max_attempts=1, max_elapsed_ms=0), None, 90_000),  # never less than for any target
    ],
)
def test_for_an_engine_a_run_waits_as_long_as_it_would_be_tried(monkeypatch, retry, next_slot, until):
    monkeypatch.setattr("horarium.worker.work._next_slot", lambda _: next_slot)
    work = SimpleNamespace(
        id=b"r" * 16,
        policies=Policies(retry=retry),
        run=SimpleNamespace(attempts=7, due_ms=0, ready_ms=0),
        timeout_ms=30_000,
    )
    assert waits_until(work, 60_000, unreached=True) == until


@pytest.mark.parametrize(
    ("retryable", "epoch", "told"),
    [(True, FIRST_EPOCH, True), (False, FIRST_EPOCH, False), (False, FIRST_EPOCH + 1, True)],
)
async def test_an_engine_is_told_to_end_a_run_only_where_it_may_have_it(retryable, epoch, told):
    """One that has refused the run for good does not have it, unless a worker before has given it away."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *", Policies(retry=Retry(max_attempts=1)))
        shop.clock.now = NOON + 60_000
        released = await shop.engine.release(shop.worker.room())
        target = RunnableTarget(shop.target, 1, "t", "scripted", {}, {}, Completion.WATCH, 1_000, 60_000)
        work = work_of(released.claimed[0]._replace(epoch=epoch), target, {})
        work.started_ms = shop.clock.now
        ended = judge(work, Outcome(Verdict.FAILED, error="no", retryable=retryable), shop.clock.now)
        assert (ended.untold is not None) is told
    finally:
        await shop.close()
