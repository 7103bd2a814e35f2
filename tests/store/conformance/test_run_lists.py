"""Every filter of a list of runs finds what looking at all runs finds, by whichever way it goes."""

import itertools

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import HIGHEST_ID, random_id
from horarium.domain.listings import RunListing
from horarium.domain.overlap import Overlap
from horarium.domain.run import RunState
from horarium.domain.schedule import Policies
from horarium.domain.target import TargetKind
from horarium.store.rows import BegunRun
from horarium.store.verbs import dispatch, run_lists, runs
from horarium.store.verbs.run_pages import find_runs
from tests.store.conformance.test_callbacks import open_for
from tests.support.tenant import ACCEPTED, FAILED, MINUTE, NOON, SUCCEEDED, TRY_AGAIN, Node, Tenant

ALLOW = Policies(overlap=Overlap.ALLOW)
STATES = (None, "open", *(state.value for state in RunState))


async def crowd(tenant):
    """Runs in every state, of two schedules of three targets, one of which had another target before, repeated ones of
    both, and without a schedule; (targets, schedules)."""
    store, node = tenant.store, await Node.start(tenant.store)
    workflow = await tenant.add_target(kind=TargetKind.WORKFLOW)
    slow = await tenant.callback_target()
    moved = await tenant.schedule(policies=ALLOW, target_id=workflow)
    steady = await tenant.schedule(policies=ALLOW, target_id=slow)
    now = NOON + 5 * MINUTE
    for minute in range(1, 6):
        await tenant.release(NOON + minute * MINUTE)
        if minute == 3:
            moved = await tenant.redefine(moved, NOON + minute * MINUTE, target_id=tenant.target)
    for target in (workflow, tenant.target, workflow):
        await store.write(runs.run_target, tenant.workspace, target, random_id(now), None, now)
    await leave_in_every_state(node, await node.claim(now), now)
    ended = [run for run in await store.read(run_lists.list_runs, tenant.workspace, 1_000) if run.state.final]
    for run in (one for one in ended for _ in range(3)):
        now += 1  # what is repeated twice in a millisecond is the same
        await store.write(runs.replay_run, tenant.workspace, run.id, now)
    await leave_in_every_state(node, await node.claim(now), now)
    for run in await store.read(run_lists.list_runs, tenant.workspace, 1_000):
        if run.state is RunState.PENDING:
            await store.write(runs.cancel_run, tenant.workspace, run.id, now)
            break
    await tenant.release(now + MINUTE)
    await store.write(runs.run_target, tenant.workspace, workflow, random_id(now), None, now)
    return (tenant.target, workflow, slow), (moved, steady)


async def leave_in_every_state(node, works, now):
    outcomes = itertools.cycle((SUCCEEDED, FAILED, None, TRY_AGAIN, ACCEPTED))
    for work, outcome in zip(works, outcomes, strict=False):
        if outcome is ACCEPTED:
            await open_for(node, work, "token")
        if outcome is not None:  # the third of each five stays with its worker
            await node.record([work], outcome, now)


def matching(found, kinds, schedule=None, fire=None, target=None, state=None, kind=None):
    """The runs of a list that match, by looking at each."""
    return [
        run
        for run in found
        if (schedule is None or run.schedule_id == schedule)
        and (fire is None or run.fire_id == fire)
        and (target is None or run.target_id == target)
        and (state is None or run.state.value == state or (state == "open" and not run.state.final))
        and (kind is None or kinds[run.target_id] == kind)
    ]


@pytest.mark.parametrize("nearby", [0, 3, 2_000])
async def test_every_filter_finds_what_looking_at_all_runs_finds(tenant, store, monkeypatch, nearby):
    monkeypatch.setattr(run_lists, "NEARBY", nearby)
    monkeypatch.setattr(run_lists, "NEARBY_FOR_EACH", 0)
    monkeypatch.setattr(run_lists, "AROUND", nearby)
    stranger = await Tenant.open(store)
    await crowd(stranger)
    targets, schedules = await crowd(tenant)
    everything = await store.read(run_lists.list_runs, tenant.workspace, 1_000)
    assert {run.state for run in everything} == set(RunState)
    assert everything == sorted(everything, key=lambda run: run.id, reverse=True)
    kinds = {targets[0]: "automation", targets[1]: "workflow", targets[2]: "automation"}
    fires = (None, everything[3].fire_id)
    for state, target, kind in itertools.product(
        STATES, (None, *targets), (None, "automation", "workflow", "tool")
    ):
        given = {"target_id": target, "state": state, "kind": kind}
        expected = matching(everything, kinds, target=target, state=state, kind=kind)
        for skip, limit in ((0, 1_000), (0, 1), (1, 2)):
            found = await store.read(run_lists.list_runs, tenant.workspace, limit, skip=skip, **given)
            assert found == expected[skip : skip + limit], given
        assert await store.read(run_lists.count_runs, tenant.workspace, **given) == len(expected), given
        paged = expected[:1]
        while 0 < len(paged) < len(expected):
            page = await store.read(run_lists.list_runs, tenant.workspace, 3, paged[-1].id, **given)
            assert page == expected[len(paged) :][:3], given
            paged += page
    foreign = (await store.read(run_lists.list_runs, stranger.workspace, 1_000))[-1].schedule_id
    for state in STATES:
        given = {"schedule_id": foreign, "state": state}
        assert await store.read(run_lists.list_runs, tenant.workspace, 9, **given) == [], given
        assert await store.read(run_lists.count_runs, tenant.workspace, **given) == 0, given
    for state, schedule, fire in itertools.product(STATES, schedules, fires):
        given = {"schedule_id": schedule.id, "fire_id": fire, "state": state}
        expected = matching(everything, kinds, schedule.id, fire, state=state)
        assert await store.read(run_lists.list_runs, tenant.workspace, 1_000, **given) == expected, given
        if fire is None:
            count = await store.read(
                run_lists.count_runs, tenant.workspace, schedule_id=schedule.id, state=state
            )
            assert count == len(expected), given
        both = await store.read(run_lists.list_runs, tenant.workspace, 9, target_id=targets[0], **given)
        assert both == matching(expected, kinds, target=targets[0])[:9], given


@pytest.mark.parametrize("of_schedules", [False, True])
@pytest.mark.parametrize("state", [None, "succeeded"])
async def test_pages_of_a_target_leave_no_run_out_whatever_others_have_run_meanwhile(
    tenant, store, monkeypatch, of_schedules, state
):
    for name in ("NEARBY", "NEARBY_FOR_EACH", "AROUND"):
        monkeypatch.setattr(run_lists, name, 0)
    node, targets = await Node.start(store), [tenant.target, await tenant.add_target()]
    if of_schedules:
        for target in targets:
            await tenant.schedule(policies=ALLOW, target_id=target)
    for minute in range(1, 7):
        now = NOON + minute * MINUTE
        await tenant.release(now)
        for target in () if of_schedules else targets:
            await store.write(runs.run_target, tenant.workspace, target, random_id(now), None, now)
        await node.record(await node.claim(now), FAILED if minute in (3, 4) else SUCCEEDED, now)
    everything = await store.read(run_lists.list_runs, tenant.workspace, 100)
    for target, size in itertools.product(targets, (1, 2, 3)):
        expected, paged = matching(everything, {}, target=target, state=state), []
        assert len(expected) == (6 if state is None else 4)
        given = {"target_id": target, "state": state}
        while page := await store.read(
            run_lists.list_runs, tenant.workspace, size, paged[-1].id if paged else None, **given
        ):
            assert len(page) == min(size, len(expected) - len(paged))
            paged += page
        assert paged == expected


@pytest.mark.parametrize("state", [None, "succeeded", "failed"])
async def test_of_targets_that_many_schedules_run_the_newest_runs_are_looked_at(
    tenant, store, monkeypatch, state
):
    """To look at each of 50,000 schedules for their newest runs took PostgreSQL five seconds."""
    for name, value in (("NEARBY", 0), ("NEARBY_FOR_EACH", 0), ("FEW_VERSIONS", 1), ("MOST_LOOKED_AT", 5)):
        monkeypatch.setattr(run_lists, name, value)
    await crowd(tenant)
    newest = await store.read(run_lists.list_runs, tenant.workspace, 1_000)
    looked_at = [run for run in newest if state != "failed" or run.error is not None]
    targets = {run.target_id for run in newest}
    for target in targets:
        expected = matching(looked_at[:6], {}, target=target, state=state)
        for skip in (0, 1):
            given = {"target_id": target, "state": state}
            found = await store.read(run_lists.list_runs, tenant.workspace, 1_000, skip=skip, **given)
            assert found == expected[skip:]
        assert await store.read(run_lists.count_runs, tenant.workspace, **given) == len(expected)
        paged, cursor = [], HIGHEST_ID
        while cursor is not None:
            listing = RunListing(tenant.workspace, 3, cursor, target_id=target, state=state)
            page = await store.read(find_runs, listing, 2)
            paged, cursor = [*paged, *page], page.reached
        assert paged == matching(newest, {}, target=target, state=state)


async def test_no_page_begins_behind_more_runs_than_the_deepest(tenant, store, monkeypatch):
    await crowd(tenant)
    monkeypatch.setattr(run_lists, "DEEPEST", 2)
    assert await store.read(run_lists.list_runs, tenant.workspace, 5, skip=2) != []
    assert await store.read(run_lists.list_runs, tenant.workspace, 5, skip=3) == []


async def test_a_count_stops_where_it_need_not_be_exact_any_more(tenant, store, monkeypatch):
    targets, _ = await crowd(tenant)
    monkeypatch.setattr(run_lists, "MOST_COUNTED", 2)
    for given in (
        {},
        {"kind": "automation"},
        {"target_id": targets[1]},
        {"state": "open"},
        {"state": "failed"},
    ):
        assert await store.read(run_lists.count_runs, tenant.workspace, **given) == 2


async def test_a_run_that_a_worker_has_begun_is_listed_as_running(tenant, store):
    schedule = await tenant.schedule("1 12 * * *")
    await tenant.release(NOON + MINUTE)
    (waiting,) = await store.read(run_lists.list_runs, tenant.workspace, 10, state="pending")
    assert await store.read(run_lists.list_runs, tenant.workspace, 10, state="running") == []
    node = await Node.start(store)
    (work,) = await node.claim(NOON + MINUTE)
    await store.urgent(dispatch.mark_begun, [BegunRun(work.id, node.id, work.epoch, NOON + MINUTE)])
    for given in ({}, {"schedule_id": schedule.id}, {"target_id": tenant.target}):
        (run,) = await store.read(run_lists.list_runs, tenant.workspace, 10, state="running", **given)
        assert (run.id, run.state) == (waiting.id, RunState.RUNNING)
        assert await store.read(run_lists.list_runs, tenant.workspace, 10, state="pending", **given) == []


async def test_a_run_that_failed_without_a_reason_is_found_among_the_failed(tenant, store):
    await tenant.schedule("1 12 * * *")
    await tenant.release(NOON + MINUTE)
    await (await Node.start(store)).work(NOON + MINUTE, Outcome(Verdict.FAILED, retryable=False))
    (run,) = await store.read(run_lists.list_runs, tenant.workspace, 10, state="failed")
    assert run.error == "no reason was given"
