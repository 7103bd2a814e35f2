"""Of two that change one thing at the same time, the second sees what the first has done, as if it came after it."""

from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.run import RunState
from horarium.domain.schedule import CatchUp, Policies
from horarium.domain.target import Completion
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, PrincipalType
from horarium.domain.windows import Window
from horarium.store.rows import CursorTally
from horarium.store.verbs import (
    dispatch,
    fanout,
    nodes,
    pauses,
    quotas,
    release,
    runs,
    shares,
    targets,
    tenancy,
    upkeep,
    watching,
    webhooks,
    windows,
)
from horarium.store.verbs.tenancy import NewKey
from horarium.times import Timing
from horarium.worker.work import judge
from tests.store.conformance.test_callbacks import ALIVE, DONE, NOW, accepted, opened
from tests.store.conformance.test_fanout import one_task, texts
from tests.store.conformance.test_shares import mirror_of
from tests.store.conformance.test_webhooks import hook
from tests.support.interleaved import meeting
from tests.support.tenant import HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant, states


def changing(verb, tenant, thing, version=None, **what):
    return verb, tenant.workspace, thing, lambda before: replace(before, **what), NOON, version


def deleting(verb, tenant, thing, version=None):
    return verb, tenant.workspace, thing, NOON, version


async def a_target(tenant):
    return targets.change_target, targets.delete_target, targets.get_target, await tenant.add_target()


async def a_webhook(tenant):
    made = await tenant.store.write(webhooks.create_webhook, hook(tenant))
    return webhooks.change_webhook, webhooks.delete_webhook, webhooks.get_webhook, made.id


THINGS = pytest.mark.parametrize("thing", [a_target, a_webhook])


@THINGS
async def test_two_changes_of_different_fields_are_both_kept(tenant, store, other, thing):
    change, _, get, made = await thing(tenant)
    first, second = (changing(change, tenant, made, **what) for what in ({"name": "new"}, {"sealed": b"new"}))
    await meeting((store, first), (other, second))
    found = await store.read(get, tenant.workspace, made)
    assert (found.name, found.sealed, found.version) == ("new", b"new", 3)


@THINGS
async def test_of_two_changes_of_one_version_the_second_is_refused(tenant, store, other, thing):
    change, _, get, made = await thing(tenant)
    first, second = (changing(change, tenant, made, 1, name=name) for name in ("one", "two"))
    _, refused = await meeting((store, first), (other, second))
    assert refused.reason == "version"
    assert (await store.read(get, tenant.workspace, made)).name == "one"


@THINGS
async def test_nothing_is_deleted_at_a_version_that_it_has_no_more(tenant, store, other, thing):
    change, delete, get, made = await thing(tenant)
    renamed = changing(change, tenant, made, name="new")
    _, refused = await meeting((store, renamed), (other, deleting(delete, tenant, made, 1)))
    assert isinstance(refused, Conflict)
    assert (await store.read(get, tenant.workspace, made)).name == "new"


@THINGS
async def test_what_is_deleted_twice_is_deleted_once(tenant, store, other, thing):
    _, delete, _, made = await thing(tenant)
    _, refused = await meeting(
        (store, deleting(delete, tenant, made)), (other, deleting(delete, tenant, made))
    )
    assert isinstance(refused, NotFound)


@THINGS
async def test_what_is_deleted_is_not_changed_any_more(tenant, store, other, thing):
    change, delete, _, made = await thing(tenant)
    renamed = changing(change, tenant, made, name="new")
    _, refused = await meeting((store, deleting(delete, tenant, made)), (other, renamed))
    assert isinstance(refused, NotFound)


async def test_a_target_that_is_deleted_twice_is_counted_once(tenant, store, other):
    made = await tenant.add_target()
    before = await store.read(quotas.get_usage, tenant.workspace)
    delete = deleting(targets.delete_target, tenant, made)
    await meeting((store, delete), (other, delete))
    assert (await store.read(quotas.get_usage, tenant.workspace)).targets == before.targets - 1


async def test_a_target_that_is_being_shared_is_not_deleted(tenant, store, other):
    made, borrower = await tenant.add_target(), await Tenant.open(store)
    lend = shares.share, shares.TARGETS, tenant.workspace, made, mirror_of(tenant, made, borrower)
    delete = deleting(targets.delete_target, tenant, made)
    _, refused = await meeting((store, lend), (other, delete))
    assert refused.reason == "in_use"


async def test_a_target_that_is_being_deleted_is_not_shared(tenant, store, other):
    made, borrower = await tenant.add_target(), await Tenant.open(store)
    lend = shares.share, shares.TARGETS, tenant.workspace, made, mirror_of(tenant, made, borrower)
    _, refused = await meeting((store, deleting(targets.delete_target, tenant, made)), (other, lend))
    assert isinstance(refused, NotFound)


async def test_a_webhook_that_is_being_deleted_sends_nothing_again(tenant, store, other):
    _, delete, _, made = await a_webhook(tenant)
    again = webhooks.replay, tenant.workspace, made, 0, NOON
    _, refused = await meeting((store, deleting(delete, tenant, made)), (other, again))
    assert isinstance(refused, NotFound)


async def a_principal(tenant):
    new = Principal(random_id(NOON), tenant.workspace, PrincipalType.SERVICE, "robot", NOON)
    await tenant.store.write(tenancy.create_principal, new, [])
    return new.id


def a_key(tenant, principal):
    key = Key(random_id(NOON), tenant.workspace, principal, "k", "hint", ("schedules:read",), NOON)
    return NewKey(key, random_id(NOON) * 2)


def removing(tenant, principal):
    return tenancy.delete_principal, tenant.workspace, principal, NOON


def granting(tenant, principal):
    return tenancy.add_grants, tenant.workspace, principal, [EVERY_TARGET], NOON


@pytest.mark.parametrize("grant_first", [True, False])
async def test_nothing_is_granted_to_a_principal_that_is_being_removed(tenant, store, other, grant_first):
    principal = await a_principal(tenant)
    grant, remove = (store, granting(tenant, principal)), (other, removing(tenant, principal))
    await meeting(*((grant, remove) if grant_first else (remove, grant)))
    assert await store.read(tenancy.grants_of, principal) == []


@pytest.mark.parametrize("key_first", [True, False])
async def test_no_key_of_a_principal_that_is_being_removed_is_left(tenant, store, other, key_first):
    principal = await a_principal(tenant)
    make, remove = (
        (store, (tenancy.create_key, a_key(tenant, principal))),
        (other, removing(tenant, principal)),
    )
    await meeting(*((make, remove) if key_first else (remove, make)))
    assert await store.read(tenancy.live_scopes, tenant.workspace, principal) == set()


async def test_a_target_that_a_removed_principal_makes_is_not_granted_to_it(tenant, store, other):
    principal = await a_principal(tenant)
    template = await store.read(targets.get_target, tenant.workspace, tenant.target)
    made = targets.create_target, replace(template, id=random_id(NOON)), principal
    await meeting((store, removing(tenant, principal)), (other, made))
    assert await store.read(tenancy.grants_of, principal) == []


async def a_key_to_replace(tenant):
    made = a_key(tenant, tenant.principal)
    await tenant.store.write(tenancy.create_key, made)
    return made.key


def replacing(tenant, old, overlap=0):
    return tenancy.replace_key, a_key(tenant, tenant.principal), old.id, NOON + overlap


async def test_a_key_that_is_being_revoked_is_replaced_by_none(tenant, store, other):
    old = await a_key_to_replace(tenant)
    revoke = tenancy.revoke_key, tenant.workspace, old.id, NOON
    before = await store.read(tenancy.list_keys, tenant.workspace, b"", 10)
    _, refused = await meeting((store, revoke), (other, replacing(tenant, old, HOUR)))
    assert isinstance(refused, Conflict)
    assert len(await store.read(tenancy.list_keys, tenant.workspace, b"", 10)) == len(before)


async def test_a_key_that_ends_when_it_is_replaced_is_replaced_once(tenant, store, other):
    old = await a_key_to_replace(tenant)
    _, refused = await meeting((store, replacing(tenant, old)), (other, replacing(tenant, old)))
    assert isinstance(refused, Conflict)


async def test_a_window_is_taken_back_once(tenant, store, other):
    own = random_id(NOON), tenant.workspace, None
    window = Window(*own, Timing("0 3 * * *"), HOUR, CatchUp.NONE, NOON + HOUR, NOON)
    await store.write(windows.add_window, window)
    drop = windows.drop_window, tenant.workspace, None, window.id, NOON
    _, refused = await meeting((store, drop), (other, drop))
    assert isinstance(refused, NotFound)


async def test_a_planned_pause_is_taken_back_once(tenant, store, other):
    own = random_id(NOON), tenant.workspace, None
    pause = Pause(*own, NOON + HOUR, NOON + 2 * HOUR, CatchUp.NONE)
    await store.write(pauses.add_pause, pause)
    drop = pauses.drop_planned, tenant.workspace, pause.id, NOON
    _, refused = await meeting((store, drop), (other, drop))
    assert isinstance(refused, NotFound)


async def a_run_that_is_over(tenant):
    await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    node = await Node.start(tenant.store)
    (work,) = await node.claim(NOON + MINUTE)
    await node.record([work], SUCCEEDED, NOON + MINUTE)
    return work.id


async def test_a_run_that_two_delete_is_deleted_once(tenant, store, other):
    run = await a_run_that_is_over(tenant)
    delete = runs.delete_run, tenant.workspace, run
    _, refused = await meeting((store, delete), (other, delete))
    assert isinstance(refused, NotFound)


def ways_to_end(node, work):
    """The verbs that end a run, with what they are given, by name."""
    return {
        "answer": (runs.answer_callback, work.id, "token", DONE, NOW),
        "outcome": (dispatch.record, node.id, [judge(work, SUCCEEDED, NOW)], NOW),
    }


@pytest.mark.parametrize("end", ["answer", "outcome", "cancel"])
async def test_a_run_that_is_just_ending_is_not_cancelled(tenant, store, other, end):
    schedule, node, work = await (opened if end == "outcome" else accepted)(tenant)
    work.started_ms = NOW
    cancel = runs.cancel_run, tenant.workspace, work.id, NOW
    _, refused = await meeting((store, (ways_to_end(node, work) | {"cancel": cancel})[end]), (other, cancel))
    assert refused.reason == "state"
    (run,) = await tenant.runs(schedule)
    assert run.state.value == ("cancelled" if end == "cancel" else "succeeded")


@pytest.mark.parametrize("end", ["answer", "outcome"])
async def test_a_run_that_is_just_being_cancelled_stays_cancelled(tenant, store, other, end):
    schedule, node, work = await (opened if end == "outcome" else accepted)(tenant)
    work.started_ms = NOW
    cancel = runs.cancel_run, tenant.workspace, work.id, NOW
    _, refused = await meeting((store, cancel), (other, ways_to_end(node, work)[end]))
    assert isinstance(refused, Conflict | dispatch.LeaseLost)
    (run,) = await tenant.runs(schedule)
    assert run.state.value == "cancelled"


@pytest.mark.parametrize("end", ["answer", "cancel"])
async def test_no_callback_is_opened_for_a_run_that_is_just_being_ended(tenant, store, other, end):
    """It would fail the run at its deadline, although that is over."""
    schedule, node, work = await opened(tenant)
    await store.urgent(dispatch.hand_back, node.id, [(work.id, work.epoch)], NOW)
    (again,) = await node.claim(NOW)
    one = dispatch.OpenCallback(
        work.id, again.epoch, tenant.workspace, work.target.id, 2, b"x" * 32, NOW, NOW + MINUTE, 1
    )
    ending = {
        "answer": (runs.answer_callback, work.id, "token", DONE, NOW),
        "cancel": (runs.cancel_run, tenant.workspace, work.id, NOW),
    }[end]
    _, refused = await meeting((store, ending), (other, (dispatch.open_callback, node.id, one)))
    assert isinstance(refused, dispatch.LeaseLost)
    assert await store.urgent(runs.expire_callbacks, NOW + HOUR, 10) == []
    (run,) = await tenant.runs(schedule)
    assert run.state.value == ("succeeded" if end == "answer" else "cancelled")
    assert (await tenant.again(schedule)).progress.open_fires == 0


LATE = NOW + 11 * MINUTE
"""After the deadline of a callback that no sign of life has put off."""


async def test_a_run_whose_target_just_says_that_it_goes_on_does_not_expire(tenant, store, other):
    schedule, _, work = await accepted(tenant)
    alive = runs.answer_callback, work.id, "token", ALIVE, LATE
    _, expired = await meeting((store, alive), (other, (runs.expire_callbacks, LATE, 10)))
    assert expired == []
    assert states(await tenant.runs(schedule)) == ["running"]


async def test_a_sign_of_life_for_a_run_that_just_expires_is_refused(tenant, store, other):
    schedule, _, work = await accepted(tenant)
    alive = runs.answer_callback, work.id, "token", ALIVE, LATE
    _, refused = await meeting((store, (runs.expire_callbacks, LATE, 10)), (other, alive))
    assert refused.reason == "state"
    assert states(await tenant.runs(schedule)) == ["failed"]


async def test_an_answer_for_an_attempt_that_is_just_repeated_is_refused(tenant, store, other):
    schedule, node, work = await opened(tenant)
    await store.urgent(dispatch.hand_back, node.id, [(work.id, work.epoch)], NOW)
    (again,) = await node.claim(NOW)
    own = again.epoch, tenant.workspace, work.target.id, 2, b"x" * 32, NOW, NOW + MINUTE, 1
    repeat = dispatch.open_callback, node.id, dispatch.OpenCallback(work.id, *own)
    answer = runs.answer_callback, work.id, "token", DONE, NOW
    _, refused = await meeting((store, repeat), (other, answer))
    assert isinstance(refused, NotFound)
    assert states(await tenant.runs(schedule)) == ["pending"]


async def watched_target(tenant):
    return await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)


async def asked_for_directly(tenant, node):
    """A run without a schedule that an engine has."""
    run = await tenant.store.write(
        runs.run_target, tenant.workspace, await watched_target(tenant), random_id(NOW), None, NOW
    )
    await node.record(await node.claim(NOW), Outcome(Verdict.ACCEPTED, handle="h"), NOW)
    return run


@pytest.mark.parametrize("cancel_first", [True, False])
async def test_a_run_without_a_schedule_ends_once_where_its_engine_and_a_caller_end_it(
    tenant, store, other, cancel_first
):
    run = await asked_for_directly(tenant, await Node.start(store))
    cancel = runs.cancel_run, tenant.workspace, run.id, NOW
    look = watching.record_looks, [watching.WatchedEnd(run.id, RunState.SUCCEEDED)], {}, NOW
    first, second = (cancel, look) if cancel_first else (look, cancel)
    _, later = await meeting((store, first), (other, second))
    found, _ = await store.read(runs.get_run, tenant.workspace, run.id)
    assert found.state == ("cancelled" if cancel_first else "succeeded")
    assert later == [] if cancel_first else later.reason == "state"


async def test_an_engine_is_told_of_the_end_of_a_run_that_was_claimed_while_it_was_cancelled(
    tenant, store, other
):
    schedule = await tenant.schedule("1 12 * * *", target_id=await watched_target(tenant))
    await tenant.release(NOW)
    (run,), node = await tenant.runs(schedule), await Node.start(store)
    claim = dispatch.claim, node.id, NOW, 10, dispatch.BEFORE_ALL, {}
    cancel = runs.cancel_run, tenant.workspace, run.id, NOW
    claimed, cancelled = await meeting((store, claim), (other, cancel))
    assert (claimed.ids, cancelled.state.value) == ([run.id], "cancelled")
    assert await store.read(watching.earliest_look) == NOW


async def test_a_waiting_fire_that_two_nodes_start_is_started_once(tenant, store, other):
    """The upkeep of both finds it where nothing else has started it."""
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ONE))
    for at in (NOW, NOW + MINUTE):
        await tenant.release(at)
    (run,) = await tenant.runs(schedule)
    await store.write(forgotten, schedule.id, run.id)
    starts = upkeep.unstick, NOW + MINUTE, 10
    assert [type(end) for end in await meeting((store, starts), (other, starts))] == [tuple, tuple]
    progress = (await tenant.again(schedule)).progress
    assert (progress.open_fires, progress.waiting_fires, len(await tenant.runs(schedule))) == (1, 0, 2)


async def forgotten(tx, schedule, run):
    """A run that ends without its schedule's hearing more of it than that it did."""
    await tx.run("forget_ready", ids=[run])
    await tx.rows("cancel_open_runs", ids=[run], now=NOW, error="lost")
    await tx.many("settle_cursors", [CursorTally(schedule, 1, 0, 0, 0, 0, b"", "")])


async def test_rows_that_are_just_written_count_where_their_fire_is_replaced(tenant, store, other):
    schedule, _, task = await one_task(tenant, store, policies=Policies(overlap=Overlap.TERMINATE_OTHER))
    rows = fanout.prepare(task, texts("a", "b"), True)
    chunk = fanout.write_chunk, task, rows, None, 10, False, NOW
    await meeting((store, chunk), (other, (release.release, NOW + MINUTE, 10)))
    replaced, _ = await tenant.fires(schedule)
    assert (replaced.runs, replaced.audience_size) == (2, 2)


@pytest.mark.parametrize("heartbeat_first", [True, False])
async def test_a_node_that_is_given_up_as_it_comes_back_has_all_of_its_runs_or_hears_of_it(
    tenant, store, other, heartbeat_first
):
    await tenant.schedule()
    await tenant.release(NOW)
    node, at = await Node.start(store), NOW + HOUR
    await node.claim(NOW)
    back, given_up = (nodes.heartbeat, node.id, at, HOUR), (nodes.free_lapsed, at, b"other", [])
    first, second = (back, given_up) if heartbeat_first else (given_up, back)
    ends = dict(zip((first[0], second[0]), await meeting((store, first), (other, second)), strict=True))
    assert ends == {nodes.heartbeat: heartbeat_first, nodes.free_lapsed: 0 if heartbeat_first else 1}
    assert len(await store.read(dispatch.owned, node.id)) == (1 if heartbeat_first else 0)


async def test_an_answer_that_comes_twice_at_once_is_taken_once_and_accepted_twice(tenant, store, other):
    schedule, _, work = await accepted(tenant)
    answer = runs.answer_callback, work.id, "token", DONE, NOW
    assert [run.id for run in await meeting((store, answer), (other, answer))] == [work.id, work.id]
    assert (await tenant.again(schedule)).progress.succeeded == 1
