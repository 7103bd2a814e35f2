"""A run that fails has one line in the log, however it fails."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import prefixed
from tests.engine.test_life import FAILED, MINUTE, ONCE, runs, shop
from tests.support.workshop import NOON

__all__ = ["shop"]


async def told(shop, target, act):
    """The lines of failed runs that something writes, and the run of the only schedule."""
    schedule = await shop.schedule(ONCE, target_id=target)
    with capture_logs() as lines:
        await shop.tick(NOON + MINUTE)
        await act()
    (run,) = await runs(shop, schedule)
    found = [line for line in lines if line["event"] == "run_failed"]
    for line in found:
        assert (line["run"], line["schedule"]) == (prefixed("run", run.id), prefixed("sch", schedule.id))
        assert line["workspace"] == prefixed("ws", shop.workspace)
    return [(line["failure"], line["attempt"]) for line in found]


async def nothing():
    """Nothing happens besides."""


async def test_a_run_whose_attempt_failed_for_good_is_told(shop):
    shop.executor.answer = FAILED
    assert await told(shop, shop.make_target(), nothing) == [("failed", 1)]


@pytest.mark.parametrize(("status", "failure"), [(404, "refused"), (None, "failed")])
async def test_a_run_is_told_with_whose_it_is_what_it_belongs_to_and_what_its_target_answered(
    shop, status, failure
):
    shop.executor.answer = replace(FAILED, status=status)
    target = shop.make_target()
    schedule = await shop.schedule(ONCE, target_id=target)
    with capture_logs() as lines:
        await shop.tick(NOON + MINUTE)
    (run,) = await runs(shop, schedule)
    line = {
        "workspace": prefixed("ws", shop.workspace),
        "schedule": prefixed("sch", schedule.id),
        "fire": prefixed("fire", run.fire_id),
        "run": prefixed("run", run.id),
        "target": prefixed("tgt", target),
        "attempt": 1,
        "failure": failure,
        "status": status,
    }
    assert lines == [{"log_level": "warning", "event": "run_failed"} | line]


async def test_a_run_that_succeeds_is_not_told(shop):
    assert await told(shop, shop.make_target(), nothing) == []


async def test_a_run_whose_target_reports_a_failure_is_told_once(shop):
    shop.executor.answer = Outcome(Verdict.ACCEPTED)

    async def report():
        (call,) = shop.executor.calls
        await shop.runs.fail(call.run_id, call.callback_token, "no")
        shop.clock.now += 10
        await shop.runs.fail(call.run_id, call.callback_token, "no")

    assert await told(shop, shop.make_target(completion="callback"), report) == [("reported", 1)]


async def test_a_run_whose_target_does_not_finish_it_is_told(shop):
    shop.executor.answer = Outcome(Verdict.ACCEPTED)

    async def wait():
        shop.clock.now += 100 * MINUTE
        await shop.engine.expire()
        await shop.engine.expire()

    assert await told(shop, shop.make_target(completion="callback"), wait) == [("not_finished", 1)]
