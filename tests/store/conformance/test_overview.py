"""What a workspace looks like at a glance: counted within it, within bounds, and the same on both databases."""

from horarium.domain.ids import id_time
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies
from horarium.store.verbs import ledger, overview
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant

ALLOW = Policies(overlap=Overlap.ALLOW)


async def fired(tenant, store, times, outcome=SUCCEEDED):
    """A schedule that has fired every minute since noon; its runs have ended."""
    schedule, node = await tenant.schedule(policies=ALLOW), await Node.start(store)
    for minute in range(1, times + 1):
        await tenant.release(NOON + minute * MINUTE)
        await node.work(NOON + minute * MINUTE, outcome)
    return schedule


async def test_runs_are_counted_by_hour_and_state(tenant, store):
    await fired(tenant, store, 3)
    found = await store.read(
        overview.runs_of_hours, tenant.workspace, NOON - HOUR, NOON + 2 * MINUTE + 1, 100
    )
    assert found == [(1, "succeeded", 2)]
    bounded = await store.read(overview.runs_of_hours, tenant.workspace, NOON - HOUR, NOON + HOUR, 2)
    assert bounded == [(1, "succeeded", 2)]


async def test_how_late_runs_began_is_told_of_the_newest_and_objectives_of_schedules_that_have_one(
    tenant, store
):
    schedule = await fired(tenant, store, 3)
    found = await store.read(overview.starts_of_runs, tenant.workspace, NOON, 2)
    assert found == [(schedule.id, 0), (schedule.id, 0)]
    assert await store.read(overview.starts_of_runs, tenant.workspace, NOON + HOUR, 2) == []
    strict = await tenant.schedule(policies=Policies(lateness_objective_ms=500))
    objectives = await store.read(overview.objectives_of, tenant.workspace, [schedule.id, strict.id])
    assert objectives == {strict.id: 500}
    assert await store.read(overview.objectives_of, tenant.workspace, []) == {}


async def test_failing_targets_are_counted_with_their_latest_run(tenant, store):
    await fired(tenant, store, 3, FAILED)
    (found,) = await store.read(overview.failed_of_targets, tenant.workspace, NOON, 100, 8)
    assert (found.target_id, found.failed) == (tenant.target, 3)
    assert id_time(found.latest) == NOON + 3 * MINUTE
    errors = await store.read(overview.errors_of, tenant.workspace, [found.latest])
    assert list(errors) == [found.latest]
    assert await store.read(overview.failed_of_targets, tenant.workspace, NOON + HOUR, 100, 8) == []


async def test_timings_are_counted_and_the_schedules_due_next_come_in_order(tenant, store):
    later = await tenant.schedule("0 13 * * *")
    sooner = await tenant.schedule("30 12 * * *")
    await tenant.schedule("0 13 * * *")
    found = await store.read(overview.timings_of, tenant.workspace)
    assert sorted((timing.spec, count) for timing, count in found) == [("0 13 * * *", 2), ("30 12 * * *", 1)]
    next_two = await store.read(overview.due_next, tenant.workspace, 2)
    assert next_two[0].id == sooner.id
    assert next_two[1].definition.timing.spec == later.definition.timing.spec


async def test_the_latest_outcomes_of_schedules_come_oldest_first(tenant, store):
    first, second = await fired(tenant, store, 3), await tenant.schedule(policies=ALLOW)
    found = await store.read(overview.latest_outcomes, tenant.workspace, [first.id, second.id], 2)
    assert found[first.id] == [(NOON + 2 * MINUTE, "succeeded"), (NOON + 3 * MINUTE, "succeeded")]
    assert found[second.id] == []


async def test_of_fires_with_an_audience_the_latest_are_found_too(tenant, store):
    of_rows = await tenant.schedule(policies=ALLOW, audience={"type": "users", "filter": {}})
    for minutes in (1, 2, 3):
        await tenant.release(NOON + minutes * MINUTE)
    found = await store.read(overview.latest_outcomes, tenant.workspace, [of_rows.id], 2)
    assert [slot for slot, _ in found[of_rows.id]] == [NOON + 2 * MINUTE, NOON + 3 * MINUTE]


async def test_nothing_of_another_workspace_is_seen(tenant, store):
    schedule = await fired(tenant, store, 2, FAILED)
    other = (await Tenant.open(store)).workspace
    assert await store.read(overview.runs_of_hours, other, NOON - HOUR, NOON + HOUR, 100) == []
    assert await store.read(overview.failed_of_targets, other, NOON, 100, 8) == []
    assert await store.read(overview.timings_of, other) == []
    assert await store.read(overview.due_next, other, 5) == []
    assert await store.read(overview.starts_of_runs, other, NOON, 5) == []
    strict = await tenant.schedule(policies=Policies(lateness_objective_ms=500))
    assert await store.read(overview.objectives_of, other, [strict.id]) == {}
    assert await store.read(overview.latest_outcomes, other, [schedule.id], 5) == {schedule.id: []}
    of_rows = await tenant.schedule(policies=ALLOW, audience={"type": "users", "filter": {}})
    await tenant.release(NOON + 3 * MINUTE)
    for workspace, fires in ((tenant.workspace, 1), (other, 0)):
        found = await store.read(overview.latest_outcomes, workspace, [of_rows.id], 5)
        assert len(found[of_rows.id]) == fires
    fires = await store.read(ledger.list_fires, tenant.workspace, schedule.id, 1)
    assert await store.read(overview.errors_of, other, [fires[0].id]) == {}
