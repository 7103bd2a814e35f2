"""No run ends before it began, also where the clock of the node that has begun it is ahead of that of who ends it."""

import pytest

from horarium.domain.run import RunState
from horarium.store.verbs import runs, watching
from horarium.store.verbs.watching import WatchedEnd
from tests.store.conformance.test_callbacks import DONE, answer, opened
from tests.store.conformance.test_watching import given_away
from tests.support.tenant import MINUTE, NOON

NOW = NOON + MINUTE
AHEAD = NOW - 6


async def answered(tenant):
    _, _, work = await opened(tenant)
    await answer(tenant.store, work, DONE, AHEAD)
    return work


async def seen(tenant):
    _, (work,) = await given_away(tenant)
    ends = [WatchedEnd(work.id, RunState.SUCCEEDED)]
    assert await tenant.store.urgent(watching.record_looks, ends, {}, AHEAD)
    return work


async def cancelled(tenant):
    _, (work,) = await given_away(tenant)
    await tenant.store.write(runs.cancel_run, tenant.workspace, work.id, AHEAD)
    return work


@pytest.mark.parametrize("end", [answered, seen, cancelled])
async def test_a_run_that_another_nodes_clock_ends_lasts_at_least_no_time(tenant, store, end):
    work = await end(tenant)
    (run, _) = await store.read(runs.get_run, tenant.workspace, work.id)
    assert (run.state.final, run.started_ms, run.finished_ms) == (True, NOW, NOW)
