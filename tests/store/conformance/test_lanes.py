"""What nodes say of their lanes is told for as long as it is new, and to the workspace of the target alone."""

import pytest

from horarium.domain.ids import random_id
from horarium.domain.lane_report import CURRENT_MS, LaneReport
from horarium.domain.waiting import WaitCause
from horarium.store.rows import BegunRun
from horarium.store.verbs import dispatch, lanes, nodes, run_lists, runs
from tests.support.tenant import MINUTE, NOON, Node, Tenant

NOW = NOON + MINUTE
SILENT = LaneReport(6, 6, 6, 12, NOW - 9_000, 30_000, 30_000, WaitCause.CIRCUIT, NOW - 8_000)


async def asked_for(tenant, target, count):
    for _ in range(count):
        await tenant.store.write(runs.run_target, tenant.workspace, target, random_id(NOW), None, NOW)


async def test_what_two_nodes_say_is_added_and_the_last_word_of_each_counts(tenant, store):
    one, two = await Node.start(store), await Node.start(store)
    target = tenant.target
    for report in (LaneReport(1, 1, 1, 1), SILENT):
        await store.urgent(lanes.report_lanes, one.id, NOW, {target: report})
    await store.urgent(lanes.report_lanes, two.id, NOW, {target: SILENT})
    found = await store.read(lanes.reports_of, tenant.workspace, [target], NOW)
    assert found == {target: LaneReport(12, 12, 12, 24, *list(vars_of(SILENT))[4:])}
    await store.urgent(lanes.report_lanes, one.id, NOW, {})
    assert await store.read(lanes.reports_of, tenant.workspace, [target], NOW) == {target: SILENT}
    await store.urgent(nodes.stop, two.id, NOW)
    assert await store.read(lanes.reports_of, tenant.workspace, [target], NOW) == {}


def vars_of(report):
    return (getattr(report, name) for name in report.__slots__)


async def test_what_was_said_long_ago_does_not_count(tenant, store):
    node = await Node.start(store)
    await store.urgent(lanes.report_lanes, node.id, NOW, {tenant.target: SILENT})
    for later, count in ((CURRENT_MS, 1), (CURRENT_MS + 1, 0)):
        found = await store.read(lanes.reports_of, tenant.workspace, [tenant.target], NOW + later)
        assert len(found) == count


async def test_another_workspace_is_told_nothing(tenant, store):
    node, stranger = await Node.start(store), await Tenant.open(store)
    await store.urgent(lanes.report_lanes, node.id, NOW, {tenant.target: SILENT})
    assert await store.read(lanes.reports_of, stranger.workspace, [tenant.target], NOW) == {}


async def test_the_runs_of_a_target_are_counted_by_how_they_stand(tenant, store):
    await asked_for(tenant, tenant.target, 4)
    node = await Node.start(store)
    begun, _ = await node.claim(NOW, 2)
    await store.urgent(dispatch.mark_begun, [BegunRun(begun.id, node.id, begun.epoch, NOW)])
    state = await store.read(lanes.lane_state, tenant.workspace, tenant.target, NOW)
    assert (state.waiting, state.under_way, state.oldest_ms, state.report) == (3, 1, NOW, None)


@pytest.mark.parametrize(
    ("bounds", "report", "cause"),
    [
        ({}, None, WaitCause.PLACE),
        ({}, SILENT, WaitCause.CIRCUIT),
        ({"max_concurrency": 1}, None, WaitCause.CONCURRENCY),
        ({"rate_per_second": 1.0}, None, WaitCause.RATE),
    ],
)
async def test_a_run_that_waits_says_for_what(tenant, store, bounds, report, cause):
    target = await tenant.add_target(**bounds)
    await asked_for(tenant, target, 2)
    node = await Node.start(store)
    works = await node.claim(NOW, 1)
    begun = [BegunRun(work.id, node.id, work.epoch, NOW) for work in works]
    await store.urgent(dispatch.mark_begun, begun)
    if report is not None:
        await store.urgent(lanes.report_lanes, node.id, NOW, {target: report})
    found = await store.read(run_lists.list_runs, tenant.workspace, 10)
    causes = await store.read(lanes.causes_of_waits, tenant.workspace, found, NOW)
    assert causes == {run.id: cause for run in found if run.id != works[0].id}


async def test_what_holds_a_lane_by_the_words_of_a_newer_program_is_not_known(tenant, store):
    node = await Node.start(store)
    row = lanes.LaneReportRow(
        tenant.target, node.id, NOW, 6, 5, 4, 3, NOW - 1, 20, 30, "of_a_newer_program", NOW - 2
    )

    async def reports(tx):
        await tx.many("insert_lane_reports", [row])

    await store.write(reports)
    (found,) = (await store.read(lanes.reports_of, tenant.workspace, [tenant.target], NOW)).values()
    assert found == LaneReport(6, 5, 4, 3, NOW - 1, 20, 30, None, None)
    await store.urgent(lanes.report_lanes, node.id, NOW, {tenant.target: LaneReport(6, 5, 4, 3)})
    (found,) = (await store.read(lanes.reports_of, tenant.workspace, [tenant.target], NOW)).values()
    assert found == LaneReport(6, 5, 4, 3)
