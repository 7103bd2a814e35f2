"""What must not change meanwhile is locked before it is looked at, and schedules before anything of theirs.

All verbs lock in one order; otherwise PostgreSQL ends one of two transactions as a deadlock.
"""

import pytest

from horarium.domain.fire import FireKind
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import CatchUp, Policies
from horarium.store.verbs import (
    audiences,
    creation,
    dispatch,
    fanout,
    manual,
    pauses,
    release,
    runs,
    shares,
    webhooks,
)
from horarium.worker.work import judge
from tests.store.conformance.test_audiences import source
from tests.store.conformance.test_callbacks import DONE, accepted
from tests.store.conformance.test_fanout import one_task
from tests.store.conformance.test_shares import mirror_of
from tests.store.conformance.test_webhooks import hook
from tests.support.noted import Noted
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, Node, Tenant

NOW = NOON + MINUTE


async def an_outcome(tenant, store):
    await tenant.schedule(policies=Policies(pause_after_failures=3))
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    work.started_ms = NOW
    return dispatch.record, node.id, [judge(work, FAILED, NOW)], NOW


async def the_answer_to_a_callback(tenant, store):
    _, _, work = await accepted(tenant)
    return runs.answer_callback, work.id, "token", DONE, NOW


async def the_last_rows(tenant, store):
    _, _, task = await one_task(tenant, store)
    return fanout.write_chunk, task, [], None, 0, True, NOW


async def an_audience_that_cannot_be_read(tenant, store):
    _, _, task = await one_task(tenant, store)
    return fanout.give_up, task, "no audience", NOW


async def a_fire_by_hand(tenant, store):
    return manual.fire_by_hand, await tenant.schedule(), FireKind.MANUAL, NOW, "again", NOW


async def a_new_webhook(tenant, store):
    return webhooks.create_webhook, hook(tenant)


async def a_new_source(tenant, store):
    return audiences.replace_source, None, source(tenant), NOW


async def a_source_that_goes(tenant, store):
    return audiences.delete_source, tenant.workspace, "crm"


async def a_schedule_that_must_be_the_only_one(tenant, store):
    return creation.refuse_twin, await tenant.schedule()


async def a_target_that_is_lent(tenant, store):
    mirror = mirror_of(tenant, tenant.target, await Tenant.open(store))
    return shares.share, shares.TARGETS, tenant.workspace, tenant.target, mirror


async def a_target_that_is_lent_no_longer(tenant, store):
    _, _, _, _, mirror = shared = await a_target_that_is_lent(tenant, store)
    await store.write(*shared)
    return shares.end_share, shares.TARGETS, tenant.workspace, tenant.target, mirror.workspace_id, NOW


async def a_pause_that_is_over(tenant, store):
    over = Pause(random_id(NOW), tenant.workspace, None, NOW, NOW + 1, CatchUp.NONE)
    await store.write(pauses.write_pauses, [over])
    return pauses.settle_pauses, await store.read(pauses.pauses_to_settle, NOW + HOUR, 10)


async def a_run_that_is_cancelled(tenant, store):
    schedule = await tenant.schedule()
    await tenant.release(NOW)
    (run,) = await tenant.runs(schedule)
    return runs.cancel_run, tenant.workspace, run.id, NOW


async def a_callback_that_is_opened(tenant, store):
    await tenant.schedule(target_id=await tenant.callback_target())
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    own = work.epoch, tenant.workspace, work.target.id, 1, b"x" * 32, NOW, NOW + MINUTE, 1
    return dispatch.open_callback, node.id, dispatch.OpenCallback(work.id, *own)


async def a_slot_that_asks_earlier_fires_to_stop(tenant, store):
    await tenant.schedule(policies=Policies(overlap=Overlap.CANCEL_OTHER))
    await tenant.release(NOW)
    await (await Node.start(store)).begin(NOW)
    return release.release, NOW + MINUTE, 10


@pytest.mark.parametrize(
    ("what", "lock", "then"),
    [
        (a_run_that_is_cancelled, "hold_cursors", "hold_queued"),
        (a_run_that_is_cancelled, "hold_queued", "leave_untold"),
        (the_answer_to_a_callback, "hold_queued", "answer_callback"),
        (a_callback_that_is_opened, "hold_lease", "open_callback"),
        (a_slot_that_asks_earlier_fires_to_stop, "hold_queued", "stop_running_of_schedule"),
        (an_outcome, "hold_cursors", "release_leases"),
        (the_answer_to_a_callback, "hold_cursors", "answer_callback"),
        (the_last_rows, "hold_cursors", "move_fanout_task"),
        (an_audience_that_cannot_be_read, "hold_cursors", "hold_fanout_task"),
        (a_fire_by_hand, "hold_cursors", "known_fires"),
        (a_new_webhook, "hold_workspace", "count_webhooks"),
        (a_new_source, "hold_workspace", "count_sources"),
        (a_source_that_goes, "hold_workspace", "get_source"),
        (a_schedule_that_must_be_the_only_one, "lock_target", "same_definition_schedules"),
        (a_target_that_is_lent, "lock_target", "get_target"),
        (a_target_that_is_lent_no_longer, "lock_target", "get_target"),
        (a_pause_that_is_over, "hold_pause", "concerned_by_pause"),
    ],
    ids=lambda given: getattr(given, "__name__", None),
)
async def test_what_is_decided_about_is_locked_first(tenant, store, what, lock, then):
    verb, *given = await what(tenant, store)

    async def noted(tx):
        watched = Noted(tx)
        await verb(watched, *given)
        return watched.names

    names = await store.urgent(noted)
    assert [name for name in names if name in {lock, then}][:2] == [lock, then]
