"""What others wait for is announced with the commit, so that nobody has to wait for a poll."""

from dataclasses import replace

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import CatchUp, Policies, ScheduleState
from horarium.domain.target import Completion
from horarium.domain.tenancy import EVERY_TARGET, Key
from horarium.store.base import (
    ACCESS,
    CANCELLED,
    DUE,
    EVENTS,
    FANOUT,
    GRANTS,
    IDLE,
    LOOK,
    READY,
    TARGETS,
    WEBHOOKS,
)
from horarium.store.verbs import (
    dispatch,
    events,
    fanout,
    nodes,
    pauses,
    purges,
    runs,
    shares,
    targets,
    tenancy,
    upkeep,
    webhooks,
    windows,
)
from horarium.store.verbs.tenancy import NewKey
from horarium.times import Timing
from horarium.worker.work import judge
from tests.store.conformance.test_fanout import claimed as claimed_tasks
from tests.store.conformance.test_fanout import one_task
from tests.store.conformance.test_shares import mirror_of
from tests.store.conformance.test_upkeep import stale
from tests.store.conformance.test_webhooks import claim as claim_webhooks
from tests.store.conformance.test_webhooks import make as make_webhook
from tests.store.conformance.test_windows import add as add_window
from tests.support.tenant import HOUR, LEASE, MINUTE, NOON, SUCCEEDED, TRY_AGAIN, Node, Tenant

NOW = NOON + MINUTE
TAKEN = Outcome(Verdict.ACCEPTED, handle="job-1")


class Ears:
    """What is announced while something is done, by topic."""

    def __init__(self, store):
        self.heard = None
        store.listen(self._hear)

    def _hear(self, topic, at):
        if self.heard is not None:
            self.heard.setdefault(topic, []).append(at)

    async def while_done(self, done):
        self.heard = {}
        await done
        heard, self.heard = self.heard, None
        return {topic: min(times) for topic, times in heard.items()}


@pytest.fixture
def ears(store):
    return Ears(store)


async def test_a_node_that_comes_or_goes_wakes_those_who_could_take_its_work(tenant, store, ears):
    node = Node(store)
    row = nodes.NodeRow(node.id, "node", "engine", "1", "2026a", NOW, NOW, NOW + LEASE)
    everything = {READY: NOW, FANOUT: NOW, WEBHOOKS: NOW}
    assert await ears.while_done(store.urgent(nodes.register, row, False)) == everything
    later = dict.fromkeys(everything, NOW + 1)
    assert await ears.while_done(store.urgent(nodes.stop, node.id, NOW + 1)) == later


@pytest.mark.parametrize("holds", ["runs", "audiences", "webhooks", "nothing"])
async def test_who_frees_what_a_lost_node_held_announces_what_it_was(tenant, store, ears, holds):
    lost, heir = await Node.start(store, NOW), await Node.start(store, NOW + LEASE)
    if holds == "runs":
        await tenant.schedule()
        await tenant.release(NOW)
        assert len(await lost.claim(NOW)) == 1
    elif holds == "audiences":
        await tenant.schedule(audience={"type": "users"})
        await tenant.release(NOW)
        assert len(await claimed_tasks(store, lost, NOW)) == 1
    elif holds == "webhooks":
        await make_webhook(tenant)
        assert len(await claim_webhooks(store, lost)) == 1
    at = NOW + LEASE + 1
    heard = await ears.while_done(store.urgent(nodes.free_lapsed, at, heir.id))
    expected = {"runs": {READY: at, FANOUT: at}, "webhooks": {WEBHOOKS: at}, "nothing": {}}
    assert heard == (expected["runs"] if holds == "audiences" else expected[holds])


async def test_whatever_takes_access_away_has_everybody_forget_what_they_know_of_keys(tenant, store, ears):
    (key,) = await store.read(tenancy.list_keys, tenant.workspace, bytes(16), 9)
    second = NewKey(
        Key(random_id(NOW), tenant.workspace, tenant.principal, "k", "hint", ("*",), NOW), random_id(0) * 2
    )
    for heard, verb, *given in (
        ({ACCESS: 0, GRANTS: 0}, tenancy.remove_grant, tenant.workspace, tenant.principal, EVERY_TARGET),
        ({ACCESS: 0}, tenancy.replace_key, second, key.id, NOW),
        ({ACCESS: 0}, tenancy.revoke_key, tenant.workspace, key.id, NOW),
        ({ACCESS: 0, GRANTS: 0}, tenancy.delete_principal, tenant.workspace, tenant.principal, NOW),
    ):
        assert await ears.while_done(store.write(verb, *given)) == heard, verb
    deleted = await ears.while_done(
        store.write(purges.delete_workspace, tenant.workspace, NOW, NOW + HOUR, None)
    )
    assert deleted == {ACCESS: 0, TARGETS: NOW, DUE: NOW}
    back = await ears.while_done(store.write(purges.undelete_workspace, tenant.workspace, NOW + 1))
    assert back == {ACCESS: 0, TARGETS: NOW + 1, DUE: NOW + 1}


async def test_whatever_changes_a_target_or_what_is_shared_of_it_is_told_to_who_has_runs_in_hand(
    tenant, store, ears
):
    lent, borrower = await tenant.add_target(), await Tenant.open(store)
    mirror = mirror_of(tenant, lent, borrower)
    own = tenant.workspace, lent
    for verb, *given in (
        (targets.change_target, *own, lambda before: replace(before, name="new"), NOW),
        (shares.share, shares.TARGETS, *own, replace(mirror, created_ms=NOW)),
        (shares.end_share, shares.TARGETS, *own, borrower.workspace, NOW),
        (targets.delete_target, *own, NOW),
    ):
        assert await ears.while_done(store.write(verb, *given)) == {TARGETS: NOW}, verb


async def test_a_target_that_is_gone_is_told_to_who_has_runs_of_it_in_hand(tenant, store, ears):
    await tenant.schedule()
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    work.started_ms = NOW
    gone = [judge(work, Outcome(Verdict.FAILED, gone=True), NOW)]
    assert (await ears.while_done(store.urgent(dispatch.record, node.id, gone, NOW)))[TARGETS] == NOW


async def test_of_schedules_that_are_made_together_the_soonest_is_announced(tenant, ears):
    assert await ears.while_done(tenant.schedule("0 * * * *")) == {DUE: NOON + HOUR}
    assert await ears.while_done(tenant.schedules(3, "*/5 * * * *")) == {DUE: NOON + 5 * MINUTE}
    assert await ears.while_done(tenant.schedule("0 * * * *", paused=True)) == {}


async def test_a_change_announces_when_the_schedule_is_due_from_now_on(tenant, ears):
    schedule = await tenant.schedule("0 * * * *")
    assert await ears.while_done(tenant.change(schedule, NOON + 1, name="new")) == {}
    often = tenant.redefine(schedule, NOON + 1, timing=Timing("*/5 * * * *"))
    assert await ears.while_done(often) == {DUE: NOON + 5 * MINUTE}
    paused = tenant.change(schedule, NOON + 2, state=ScheduleState.PAUSED)
    assert await ears.while_done(paused) == {}
    resumed = tenant.change(schedule, NOON + 6 * MINUTE, state=ScheduleState.ACTIVE)
    assert await ears.while_done(resumed) == {DUE: NOON + 10 * MINUTE}


async def test_a_pause_or_a_window_that_ends_wakes_the_release(tenant, store, ears):
    window = await add_window(tenant)
    dropped = store.write(windows.drop_window, tenant.workspace, None, window.id, NOON + MINUTE)
    assert await ears.while_done(dropped) == {}  # it does not hold yet
    window = await add_window(tenant)
    held = NOON + 3 * MINUTE
    dropped = store.write(windows.drop_window, tenant.workspace, None, window.id, held)
    assert await ears.while_done(dropped) == {DUE: held}


async def test_schedules_that_are_computed_anew_by_new_zone_data_are_announced(tenant, store, ears):
    assert await ears.while_done(store.write(upkeep.rezone, NOON, 10)) == {}
    await tenant.schedule("0 * * * *")
    await stale(store)
    assert await ears.while_done(store.write(upkeep.rezone, NOON + 5, 10)) == {DUE: NOON + 5}


async def test_a_run_that_is_cancelled_or_asked_for_is_announced(tenant, store, ears):
    run = random_id(NOW)
    asked = store.write(runs.run_target, tenant.workspace, tenant.target, run, "{}", NOW)
    assert await ears.while_done(asked) == {READY: NOW}
    (work,) = await (await Node.start(store)).claim(NOW)
    cancelled = store.write(runs.cancel_run, tenant.workspace, work.id, NOW + 5)
    assert await ears.while_done(cancelled) == {CANCELLED: NOW + 5}


async def test_what_a_release_begins_is_announced_to_those_who_do_it(tenant, ears):
    await tenant.schedule("1 12 * * *")
    assert (await ears.while_done(tenant.release(NOW)))[READY] == NOW
    await tenant.schedule("2 12 * * *", audience={"type": "users"})
    heard = await ears.while_done(tenant.release(NOW + MINUTE))
    assert (heard.get(FANOUT), heard.get(READY)) == (NOW + MINUTE, None)


@pytest.mark.parametrize("overlap", [Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER])
async def test_workers_are_told_of_runs_that_a_later_fire_replaces(tenant, store, ears, overlap):
    await tenant.schedule(policies=Policies(overlap=overlap))
    await tenant.release(NOW)
    await (await Node.start(store)).claim(NOW)
    assert (await ears.while_done(tenant.release(NOW + MINUTE)))[CANCELLED] == NOW + MINUTE


async def test_what_is_put_back_or_asked_for_by_an_idle_node_is_announced(tenant, store, ears):
    await tenant.schedules(2)
    await tenant.release(NOW)
    node = await Node.start(store)
    works = await node.claim(NOW)
    back = [(work.id, work.epoch) for work in works]
    assert await ears.while_done(store.urgent(dispatch.hand_back, node.id, [], NOW)) == {}
    assert await store.urgent(dispatch.hand_back, node.id, [], NOW) == 0
    assert await ears.while_done(store.urgent(dispatch.hand_back, node.id, back[:1], NOW + 5)) == {
        READY: NOW + 5
    }
    later = store.urgent(dispatch.hand_back, node.id, back[1:], NOW + 5, NOW + 9)
    assert await ears.while_done(later) == {READY: NOW + 9}
    assert await ears.while_done(store.urgent(dispatch.ask_for_runs, NOW + 7)) == {IDLE: NOW + 7}


async def test_an_audience_that_is_put_off_or_freed_is_announced(tenant, store, ears):
    _, node, task = await one_task(tenant, store)
    stranger = await Node.start(store)
    freed = store.write(fanout.free_fanout_task, task.fire_id, stranger.id, NOW + 5)
    assert await ears.while_done(freed) == {}
    freed = store.write(fanout.free_fanout_task, task.fire_id, node.id, NOW + 5)
    assert await ears.while_done(freed) == {FANOUT: NOW + 5}
    (task,) = await claimed_tasks(store, node, NOW + 5)
    assert await ears.while_done(store.urgent(fanout.put_off, task, NOW + 9)) == {FANOUT: NOW + 9}


async def test_whatever_is_done_with_a_webhook_is_announced(tenant, store, ears):
    assert await ears.while_done(make_webhook(tenant)) == {WEBHOOKS: NOON}
    (made,) = await store.read(webhooks.list_webhooks, tenant.workspace, bytes(16), 9)
    changed = store.write(
        webhooks.change_webhook, tenant.workspace, made.id, lambda one: replace(one, name="new"), NOW
    )
    assert await ears.while_done(changed) == {WEBHOOKS: NOW}
    replayed = store.write(webhooks.replay, tenant.workspace, made.id, 0, NOW)
    assert await ears.while_done(replayed) == {WEBHOOKS: NOW}
    deleted = store.write(webhooks.delete_webhook, tenant.workspace, made.id, NOW + 1)
    assert await ears.while_done(deleted) == {WEBHOOKS: NOW + 1}


async def test_who_reads_events_is_woken_once_there_are_some(tenant, store, ears):
    store.recording = frozenset((tenant.workspace,))
    assert await ears.while_done(store.urgent(events.publish, NOW)) == {}
    await tenant.schedule("1 12 * * *")
    await tenant.release(NOW)
    await (await Node.start(store)).work(NOW)
    assert await ears.while_done(store.urgent(events.publish, NOW + 5)) == {EVENTS: NOW + 5}


async def test_a_run_that_an_engine_has_is_announced_to_who_looks_at_it(tenant, store, ears):
    target = await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)
    await tenant.schedules(3, "1 12 * * *", target_id=target)
    await tenant.release(NOW)
    node = await Node.start(store)
    *works, on_its_way = await node.claim(NOW)
    for work in works:
        work.started_ms = NOW
    taken = [judge(work, TAKEN, at) for work, at in zip(works, (NOW + 70, NOW), strict=True)]
    looks = sorted(one.watched.look_ms for one in taken if one.watched is not None)
    assert len(looks) == 2
    assert (await ears.while_done(node.tell(taken, NOW + 70)))[LOOK] == looks[0]
    cancelled = store.write(runs.cancel_run, tenant.workspace, on_its_way.id, NOW + 90)
    assert await ears.while_done(cancelled) == {LOOK: NOW + 90, CANCELLED: NOW + 90}
    cancelled = store.write(runs.cancel_run, tenant.workspace, works[0].id, NOW + 95)
    assert await ears.while_done(cancelled) == {CANCELLED: NOW + 95}


async def test_retries_and_ends_say_when_others_can_go_on(tenant, store, ears):
    await tenant.schedules(2, "1 12 * * *")
    await tenant.release(NOW)
    node = await Node.start(store)
    again, over = await node.claim(NOW)
    again.started_ms = over.started_ms = NOW
    ended = judge(again, TRY_AGAIN, NOW)
    assert await ears.while_done(node.tell([ended], NOW)) == {READY: ended.retry_at}
    assert await ears.while_done(node.tell([judge(over, SUCCEEDED, NOW)], NOW)) == {}


async def test_a_pause_of_a_workspace_is_announced_at_its_beginning_and_its_end(tenant, store, ears):
    pause = Pause(random_id(NOW), tenant.workspace, None, NOW, None, CatchUp.NONE)
    assert await ears.while_done(store.write(pauses.add_pause, pause)) == {DUE: NOW}
    schedule = await tenant.schedule("0 0 1 1 *")
    paused = store.write(pauses.begin_of_schedule, schedule, NOW)
    assert await ears.while_done(paused) == {}  # its own state says so
