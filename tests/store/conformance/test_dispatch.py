"""Runs are claimed fairly, by one node each, and what a node says of a run it does not hold is refused."""

import asyncio
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.fire import FireKind
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.places import LaneRoom
from horarium.domain.retry import Retry
from horarium.domain.run import RunMode
from horarium.domain.schedule import Policies
from horarium.domain.tenancy import EVERY_TARGET
from horarium.domain.waiting import WaitCause
from horarium.store.base import IDLE, READY
from horarium.store.rows import BegunRun
from horarium.store.verbs import dispatch, nodes, release, run_lists, runs, targets, tenancy
from horarium.store.verbs.dispatch import LeaseLost
from horarium.worker.work import judge
from tests.support.tenant import (
    ACCEPTED,
    FAILED,
    HOUR,
    LEASE,
    MINUTE,
    NOON,
    SUCCEEDED,
    TRY_AGAIN,
    Node,
    RunState,
    Tenant,
    states,
)

NOW = NOON + MINUTE


async def asked_for(tenant, target, count):
    for _ in range(count):
        await tenant.store.write(runs.run_target, tenant.workspace, target, random_id(NOW), '{"n": 1}', NOW)


async def test_a_run_is_claimed_once_with_all_its_worker_needs(tenant, store):
    schedule = await tenant.schedule(input={"n": 1})
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    assert await node.claim(NOW) == []
    run = work.run
    assert (run.input, run.slot_ms, run.schedule_name) == ('{"n":1}', NOW, schedule.name)
    assert (run.mode, run.fire_kind) == (RunMode.CLOCK, FireKind.CLOCK)
    assert (work.attempt, work.epoch, run.granted, work.target.id) == (1, 1, True, tenant.target)
    assert states(await tenant.runs(schedule)) == ["pending"]


async def test_nothing_is_claimed_before_it_is_due(tenant, store):
    schedule = await tenant.schedule(policies=Policies(jitter_ms=30_000))
    due = schedule.progress.next_due
    await tenant.release(due)
    node = await Node.start(store)
    assert await node.claim(due - 1) == []
    assert len(await node.claim(due)) == 1


async def test_claims_at_once_share_the_runs_out_and_give_none_twice(tenant, store, other):
    await asked_for(tenant, tenant.target, 120)
    one, two = await Node.start(store), await Node.start(other)
    claims = await asyncio.gather(*(node.claim(NOW, 25) for _ in range(6) for node in (one, two)))
    ids = [work.id for works in claims for work in works]
    while works := await one.claim(NOW):
        ids += [work.id for work in works]
    assert len(ids) == len(set(ids)) == 120


async def test_a_million_of_one_tenant_do_not_keep_the_single_run_of_another_waiting(tenant, store):
    stranger = await Tenant.open(store)
    await asked_for(tenant, tenant.target, 60)
    await asked_for(stranger, stranger.target, 1)
    node = await Node.start(store)
    taken = Counter(work.run.workspace_id for work in await node.claim(NOW, 10))
    assert taken == {tenant.workspace: 9, stranger.workspace: 1}


async def test_workspaces_share_a_claim_however_many_lanes_one_has(tenant, store):
    stranger = await Tenant.open(store)
    for _ in range(5):
        await asked_for(tenant, await tenant.add_target(), 10)
    await asked_for(stranger, stranger.target, 30)
    node = await Node.start(store)
    taken = Counter(work.run.workspace_id for work in await node.claim(NOW, 40))
    assert taken == {tenant.workspace: 20, stranger.workspace: 20}
    rest = Counter(work.run.workspace_id for work in await node.claim(NOW, 100))
    assert rest == {tenant.workspace: 30, stranger.workspace: 10}


async def test_lanes_take_turns_where_there_is_less_room_than_lanes(tenant, store):
    lanes = [await tenant.add_target() for _ in range(6)]
    for lane in lanes:
        await asked_for(tenant, lane, 3)
    node = await Node.start(store)
    order = []
    for _ in range(9):
        order += [work.target.id for work in await node.claim(NOW, 2)]
    assert Counter(order[:6]) == Counter(lanes)
    assert Counter(order) == dict.fromkeys(lanes, 3)


async def test_of_a_lane_no_more_is_claimed_than_there_is_room_for(tenant, store):
    full, small, plain = [await tenant.add_target() for _ in range(3)]
    for lane in (full, small, plain):
        await asked_for(tenant, lane, 20)
    node = await Node.start(store)
    works = await node.claim(NOW, 100, {full: 0, small: 5})
    assert Counter(work.target.id for work in works) == {small: 5, plain: 20}


async def test_lanes_without_room_do_not_hide_the_lanes_behind_them(tenant, store):
    lanes = sorted([await tenant.add_target() for _ in range(5)])
    for lane in lanes:
        await asked_for(tenant, lane, 2)
    node = await Node.start(store)
    claimed = await store.urgent(
        dispatch.claim, node.id, NOW, 10, dispatch.BEFORE_ALL, {}, 1, LaneRoom(dict.fromkeys(lanes[:4], 0))
    )
    assert {run.target_id for run in claimed.runs} == {lanes[4]}


async def test_concurrency_of_a_target_holds_over_all_nodes(tenant, store, other):
    limited = await tenant.add_target(max_concurrency=3)
    await asked_for(tenant, limited, 20)
    one, two = await Node.start(store), await Node.start(other)
    for _ in range(5):
        claims = await asyncio.gather(*(node.claim(NOW) for _ in range(3) for node in (one, two)))
        works = [work for found in claims for work in found]
        assert len(works) <= 3
        assert await one.claim(NOW) == await two.claim(NOW) == [] or len(works) < 3
        for node, found in zip((one, two) * 3, claims, strict=True):
            await node.record(found, SUCCEEDED, NOW)


async def test_runs_that_a_target_will_finish_itself_count_against_its_concurrency(tenant, store):
    target = await tenant.add_target(max_concurrency=1)
    await asked_for(tenant, target, 2)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    await accept(node, work)
    assert await node.claim(NOW) == []


async def accept(node, work, deadline=NOW + MINUTE, token="token"):
    one = dispatch.OpenCallback(
        work.id, work.epoch, work.run.workspace_id, work.target.id, work.attempt,
        sha256(token.encode()).digest(), NOW, deadline, MINUTE,
    )  # fmt: skip
    await node.store.urgent(dispatch.open_callback, node.id, one)
    work.callback_token = token
    await node.record([work], ACCEPTED, NOW)


async def test_a_limit_set_later_counts_what_was_queued_before_it(tenant, store):
    await asked_for(tenant, tenant.target, 4)
    await store.write(
        targets.change_target,
        tenant.workspace,
        tenant.target,
        lambda one: replace(one, max_concurrency=2),
        NOW,
    )
    node = await Node.start(store)
    assert len(await node.claim(NOW)) == 2
    assert await node.claim(NOW) == []


async def test_the_rate_of_a_target_holds_over_all_nodes(tenant, store, other):
    limited = await tenant.add_target(rate_per_second=5.0)
    await asked_for(tenant, limited, 40)
    one, two = await Node.start(store), await Node.start(other)
    taken = []
    for at in range(NOW, NOW + 4_000, 100):
        for node in (one, two):
            works = await node.claim(at)
            await node.record(works, SUCCEEDED, at)
            taken += [at] * len(works)
    assert len([at for at in taken if at == NOW]) == 5
    assert len(taken) == pytest.approx(5 + 4 * 5, abs=1)


async def test_a_target_that_was_not_called_for_long_is_called_at_its_rate_again_after_one_burst(
    tenant, store
):
    limited = await tenant.add_target(rate_per_second=5.0)
    await asked_for(tenant, limited, 80)
    node = await Node.start(store)
    assert len(await node.claim(NOW)) == 5
    later = NOW + 60 * MINUTE
    taken = [len(await node.claim(at)) for at in range(later, later + 4_000, 100)]
    assert taken[0] == 5
    assert sum(taken) == pytest.approx(5 + 4 * 5, abs=1)


async def test_after_a_burst_a_target_is_called_at_its_rate_and_not_in_bursts(tenant, store):
    limited = await tenant.add_target(rate_per_second=5.0)
    await asked_for(tenant, limited, 20)
    node = await Node.start(store)
    expected = {0: 5, 100: 0, 300: 1, 900: 3, 5_000: 5}  # unused calls add up, to those of one second
    assert {ms: len(await node.claim(NOW + ms)) for ms in expected} == expected


async def test_success_settles_run_fire_and_counters(tenant, store):
    schedule = await tenant.schedule()
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    outcome = Outcome(Verdict.SUCCEEDED, output={"a": 1}, status=200)
    work.started_ms = NOW + 5
    await node.record([work], outcome, NOW + 70)
    run, attempts = await store.read(runs.get_run, tenant.workspace, work.id)
    assert (run.state, run.status, run.output, run.attempts) == (RunState.SUCCEEDED, 200, '{"a":1}', 1)
    assert (run.started_ms, run.finished_ms) == (NOW + 5, NOW + 70)
    assert [(one.number, one.status) for one in attempts] == [(1, 200)]
    (fire,) = await tenant.fires(schedule)
    assert (fire.state, fire.succeeded, fire.finished_ms) == ("completed", 1, NOW + 70)
    progress = (await tenant.again(schedule)).progress
    assert (progress.succeeded, progress.open_fires, progress.last_state) == (1, 0, "completed")


async def test_a_failed_attempt_comes_again_later_under_the_same_id(tenant, store):
    schedule = await tenant.schedule("0 13 * * *", Policies(retry=Retry(max_attempts=2)))
    at = NOON + 60 * MINUTE
    await tenant.release(at)
    node = await Node.start(store)
    (work,) = await node.claim(at)
    await node.record([work], TRY_AGAIN, at)
    (run,) = await tenant.runs(schedule)
    assert (run.state, run.error, run.attempts) == (RunState.PENDING, "not yet", 1)
    assert await node.claim(run.next_attempt_ms - 1) == []
    (again,) = await node.claim(run.next_attempt_ms)
    assert (again.id, again.attempt) == (work.id, 2)
    await node.record([again], TRY_AGAIN, run.next_attempt_ms)
    found, attempts = await store.read(runs.get_run, tenant.workspace, work.id)
    assert (found.state, [one.number for one in attempts]) == (RunState.FAILED, [1, 2])
    assert states(await tenant.fires(schedule)) == ["failed"]


async def test_a_zombie_cannot_write_over_its_successor(tenant, store, other):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.ALLOW))
    await tenant.release(NOW)
    zombie, heir = await Node.start(store), await Node.start(other, NOW + LEASE)
    (held,) = await zombie.claim(NOW)
    assert await other.urgent(nodes.free_lapsed, NOW + LEASE + 1, heir.id) == 1
    (taken,) = await heir.claim(NOW + LEASE + 1)
    assert taken.epoch > held.epoch
    with pytest.raises(LeaseLost):
        await zombie.record([held], FAILED, NOW + LEASE + 2)
    assert await zombie.record([held], FAILED, NOW + LEASE + 2, careful=True) == [held.id]
    assert states(await tenant.runs(schedule)) == ["pending"]
    await heir.record([taken], SUCCEEDED, NOW + LEASE + 3)
    assert states(await tenant.fires(schedule)) == ["completed"]


async def test_even_the_same_node_is_refused_under_an_old_epoch(tenant, store):
    await tenant.schedule()
    await tenant.release(NOW)
    node = await Node.start(store)
    (old,) = await node.claim(NOW)
    await store.urgent(dispatch.hand_back, node.id, [(old.id, old.epoch)], NOW)
    (new,) = await node.claim(NOW)
    assert await node.record([old], FAILED, NOW, careful=True) == [old.id]
    assert await node.record([new], SUCCEEDED, NOW) == []


async def test_one_lost_lease_refuses_a_batch_and_the_careful_repeat_records_the_rest(tenant, store):
    schedules = await tenant.schedules(3)
    await tenant.release(NOW)
    node = await Node.start(store)
    works = await node.claim(NOW)
    await store.urgent(dispatch.hand_back, node.id, [(works[0].id, works[0].epoch)], NOW)
    with pytest.raises(LeaseLost):
        await node.record(works, SUCCEEDED, NOW)
    for schedule in schedules:
        assert states(await tenant.fires(schedule)) == ["running"]
    assert await node.record(works, SUCCEEDED, NOW, careful=True) == [works[0].id]
    found = [states(await tenant.fires(schedule)) for schedule in schedules]
    assert sorted(found) == [["completed"], ["completed"], ["running"]]


async def test_of_two_outcomes_of_one_lease_the_careful_way_records_the_first(tenant, store):
    """The usual way can never record them, and would be tried for ever."""
    first, second = await tenant.schedules(2)
    await tenant.release(NOW)
    node = await Node.start(store)
    works = {work.run.schedule_id: work for work in await node.claim(NOW)}
    twice, once = works[first.id], works[second.id]
    ended = [
        judge(work, outcome, NOW) for work, outcome in ((twice, SUCCEEDED), (once, FAILED), (twice, FAILED))
    ]
    with pytest.raises(LeaseLost):
        await node.tell(ended, NOW)
    assert await node.tell(ended, NOW, careful=True) == [twice.id]
    assert [states(await tenant.fires(schedule)) for schedule in (first, second)] == [
        ["completed"],
        ["failed"],
    ]
    assert (await tenant.again(first)).progress.failed == 0


async def test_a_record_whose_reply_was_lost_can_be_repeated_carefully(tenant, store):
    schedule = await tenant.schedule()
    await tenant.release(NOW)
    node = await Node.start(store)
    works = await node.claim(NOW)
    await node.record(works, SUCCEEDED, NOW)
    assert await node.record(works, SUCCEEDED, NOW, careful=True) == [works[0].id]
    assert (await tenant.again(schedule)).progress.succeeded == 1


async def test_of_a_run_whose_engine_is_away_for_days_the_first_attempts_are_kept_and_all_are_counted(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(dispatch, "MOST_ATTEMPTS_KEPT", 2)
    schedule = await tenant.schedule("0 13 * * *", Policies(retry=Retry(max_attempts=1)))
    await tenant.release(NOON + HOUR)
    node, at = await Node.start(store), NOON + HOUR
    away = Outcome(Verdict.FAILED, error="away", unreached=True)
    for _ in range(4):
        (work,) = await node.claim(at)
        await node.record([work], away, at)
        (run,) = await tenant.runs(schedule)
        at = run.next_attempt_ms
    found, attempts = await store.read(runs.get_run, tenant.workspace, run.id)
    assert (found.attempts, found.error, [one.number for one in attempts]) == (4, "away", [1, 2])
    (work,) = await node.claim(at)
    await node.record([work], SUCCEEDED, at)
    found, attempts = await store.read(runs.get_run, tenant.workspace, run.id)
    assert (found.state, [one.number for one in attempts]) == (RunState.SUCCEEDED, [1, 2, 5])


async def test_handing_back_spends_no_attempt_and_is_announced(tenant, store):
    await tenant.schedule()
    await tenant.release(NOW)
    node = await Node.start(store)
    (work,) = await node.claim(NOW)
    heard = []
    store.listen(lambda topic, at: heard.append(topic))
    assert await store.urgent(dispatch.hand_back, node.id, [(work.id, work.epoch)], NOW) == 1
    assert READY in heard
    (again,) = await node.claim(NOW)
    assert again.attempt == 1


async def test_a_node_with_nothing_to_begin_asks_those_that_hold_runs(tenant, store, other):
    await asked_for(tenant, tenant.target, 1)
    busy, idle = await Node.start(store), await Node.start(other)
    assert not await other.read(dispatch.others_hold, idle.id)
    await busy.claim(NOW)
    assert await other.read(dispatch.others_hold, idle.id)
    assert not await store.read(dispatch.others_hold, busy.id)
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    await store.urgent(dispatch.ask_for_runs, NOW)
    assert heard == [(IDLE, NOW)]


async def test_what_goes_back_unbegun_keeps_its_place_and_counts_for_nothing(tenant, store, other):
    await asked_for(tenant, tenant.target, 2)
    node, heir = await Node.start(store), await Node.start(other, NOW + LEASE)
    first, second = sorted(await node.claim(NOW), key=lambda work: work.run.ready_ms)
    await store.urgent(dispatch.hand_back, node.id, [(first.id, first.epoch)], NOW + 5_000)
    (again,) = await node.claim(NOW + 5_000)
    assert (again.id, again.run.ready_ms, again.run.lost) == (first.id, first.run.ready_ms, 0)
    await store.urgent(dispatch.hand_back, node.id, [(second.id, second.epoch)], NOW, NOW + 9_000)
    assert await node.claim(NOW + 8_999) == []
    assert await other.urgent(nodes.free_lapsed, NOW + LEASE + 1, heir.id) == 1
    lost = {work.id: work.run.lost for work in await heir.claim(NOW + LEASE + 1)}
    assert lost == {first.id: 1, second.id: 0}


async def listed(tenant, store, state):
    return [run.id for run in await store.read(run_lists.list_runs, tenant.workspace, 10, state=state)]


async def test_what_is_under_way_is_told_from_what_waits(tenant, store, other):
    await asked_for(tenant, tenant.target, 2)
    node, heir = await Node.start(store), await Node.start(other, NOW + LEASE)
    doing, waiting = await node.claim(NOW)
    assert await listed(tenant, store, "running") == []
    await store.urgent(dispatch.mark_begun, [BegunRun(doing.id, node.id, doing.epoch, NOW + 5)])
    await store.urgent(dispatch.mark_begun, [BegunRun(waiting.id, node.id, waiting.epoch - 1, NOW + 5)])
    assert await listed(tenant, store, "running") == [doing.id]
    assert await listed(tenant, store, "pending") == [waiting.id]
    assert await store.read(run_lists.count_runs, tenant.workspace, state="running") == 1
    found, _ = await store.read(runs.get_run, tenant.workspace, doing.id)
    assert (found.state, found.started_ms) == (RunState.RUNNING, NOW + 5)
    await store.urgent(dispatch.hand_back, node.id, [(doing.id, doing.epoch)], NOW)
    assert await listed(tenant, store, "running") == []
    (again,) = await node.claim(NOW)
    assert await listed(tenant, store, "running") == []
    await store.urgent(dispatch.mark_begun, [BegunRun(again.id, node.id, again.epoch, NOW)])
    assert await listed(tenant, store, "running") == [doing.id]
    await other.urgent(nodes.free_lapsed, NOW + LEASE + 1, heir.id)
    assert await listed(tenant, store, "running") == []
    assert len(await listed(tenant, store, "pending")) == 2


async def test_what_a_run_has_waited_for_is_kept_over_its_attempts(tenant, store):
    schedule = await tenant.schedule("0 13 * * *", Policies(retry=Retry(max_attempts=4)))
    at = NOON + 60 * MINUTE
    await tenant.release(at)
    node = await Node.start(store)
    for waited, outcome, in_all in (
        ({WaitCause.CIRCUIT: 5_000}, TRY_AGAIN, {"circuit": 5_000}),
        ({}, TRY_AGAIN, {"circuit": 5_000}),
        ({WaitCause.PLACE: 7_000, WaitCause.CIRCUIT: 1_000}, TRY_AGAIN, {"place": 7_000, "circuit": 6_000}),
        ({}, SUCCEEDED, {"place": 7_000, "circuit": 6_000}),
    ):
        (work,) = await node.claim(at)
        if waited:
            work.waited = waited
        await node.record([work], outcome, at)
        (run,) = await tenant.runs(schedule)
        assert run.waited == in_all
        at = run.next_attempt_ms or at
    assert run.state is RunState.SUCCEEDED


async def test_a_claim_tells_which_limits_of_targets_left_runs_behind(tenant, store):
    busy = await tenant.add_target(max_concurrency=1)
    paced = await tenant.add_target(rate_per_second=1.0)
    for target in (busy, paced, tenant.target):
        await asked_for(tenant, target, 2)
    node = await Node.start(store)
    claimed = await store.urgent(dispatch.claim, node.id, NOW, 100, dispatch.BEFORE_ALL, {})
    assert len(claimed.runs) == 4
    assert claimed.held == {busy: WaitCause.CONCURRENCY, paced: WaitCause.RATE}


async def test_what_a_node_holds_is_told(tenant, store):
    await asked_for(tenant, tenant.target, 2)
    node = await Node.start(store)
    works = await node.claim(NOW)
    assert sorted(await store.read(dispatch.owned, node.id)) == sorted((w.id, w.epoch) for w in works)


async def test_of_more_runs_than_a_statement_takes_values_those_that_are_lost_are_told(tenant, store):
    await asked_for(tenant, tenant.target, 2)
    node = await Node.start(store)
    kept, lost = await node.claim(NOW)
    many = {number.to_bytes(16, "big"): 1 for number in range(300_000)}
    holding = many | {kept.id: kept.epoch, lost.id: lost.epoch + 1}
    gone = await store.urgent(dispatch.stopped, node.id, holding)
    assert len(gone) == 300_001
    assert kept.id not in gone


async def test_a_target_that_is_gone_is_disabled(tenant, store):
    await asked_for(tenant, tenant.target, 1)
    node = await Node.start(store)
    await node.work(NOW, Outcome(Verdict.FAILED, error="410 Gone", gone=True))
    found = await store.read(targets.get_target, tenant.workspace, tenant.target)
    assert (found.state, found.state_reason) == ("disabled", "410 Gone")


async def test_a_target_that_was_changed_since_it_said_that_it_is_gone_stays_on(tenant, store):
    await asked_for(tenant, tenant.target, 1)
    node = await Node.start(store)
    works = await node.begin(NOW)
    moved = {"url": "https://example.com/new"}
    await store.write(
        targets.change_target, tenant.workspace, tenant.target, lambda one: replace(one, config=moved), NOW
    )
    await node.record(works, Outcome(Verdict.FAILED, error="410 Gone", gone=True), NOW)
    assert (await store.read(targets.get_target, tenant.workspace, tenant.target)).state == "enabled"


async def test_whatever_a_target_says_can_be_recorded(tenant, store):
    await asked_for(tenant, tenant.target, 1)
    node = await Node.start(store)
    (done,) = await node.work(NOW, Outcome(Verdict.FAILED, error="a\0b\ud800", retryable=False))
    found, _ = await store.read(runs.get_run, tenant.workspace, done)
    assert found.error == "a\ufffdb?"


async def test_counters_equal_the_ledger(tenant, store):
    policies = [Policies(overlap=one) for one in Overlap]
    schedules = [await tenant.schedule("*/10 * * * * *", one) for one in policies for _ in range(2)]
    node = await Node.start(store)
    outcomes = [SUCCEEDED, FAILED, SUCCEEDED, SUCCEEDED, FAILED]
    for step in range(1, 25):
        now = NOON + step * 10_000
        await tenant.release(now)
        if step % 3:
            works = await node.claim(now, 7)
            await node.record(works, outcomes[step % 5], now, careful=True)
    for schedule in schedules:
        progress, fires = (await tenant.again(schedule)).progress, await tenant.fires(schedule)
        found = Counter(states(fires))
        assert progress.fires == len(fires)
        assert progress.open_fires == found["running"]
        assert progress.waiting_fires == found["waiting"]
        assert (progress.succeeded, progress.failed) == (found["completed"], found["failed"])
        assert progress.skipped == sum(one.count for one in await tenant.spans(schedule))
        # One that is held is not the last one before it starts.
        assert progress.last_state == next(one.state for one in fires if one.id == progress.last_fire_id)


@pytest.mark.parametrize(
    ("asked", "without_room", "last"),
    [
        *(("", "", b"before"), ("a", "", b"a"), ("abc", "", b"c"), ("ac", "", b"a"), ("bc", "", b"before")),
        *(("", "a", b"a"), ("", "abc", b"c"), ("b", "a", b"b"), ("a", "c", b"a")),
    ],
)
def test_the_next_claim_begins_with_the_first_lane_that_had_room_and_that_this_one_asked_for_nothing(
    asked, without_room, last
):
    rooms = {lane.encode(): 0 if lane in without_room else 5 for lane in "abc"}
    shares = {lane.encode(): 0 for lane in asked}
    assert dispatch._last_in_order(b"before", rooms, shares) == last


async def test_a_claim_says_for_how_long_it_had_the_database(tenant, store):
    """Workers make smaller claims where that was long."""
    await asked_for(tenant, tenant.target, 3)
    node, begun = await Node.start(store), time.monotonic()
    claimed = await store.urgent(dispatch.claim, node.id, NOW, 10, node.lane, {}, lane_room=LaneRoom({}))
    assert len(claimed.ids) == 3
    assert 0 < claimed.took_ms <= (time.monotonic() - begun) * 1_000


async def test_of_one_lane_the_run_that_is_due_first_is_claimed_first(tenant, store):
    await tenant.schedules(1, "3 12 * * *")
    await tenant.schedules(1, "1 12 * * *")
    await tenant.schedules(1, "2 12 * * *")
    for minute in (1, 2, 3):
        await tenant.release(NOON + minute * MINUTE)
    node = await Node.start(store)
    claims = [await node.claim(NOON + 5 * MINUTE, room=1) for _ in range(3)]
    assert [work.run.slot_ms for works in claims for work in works] == [NOON + n * MINUTE for n in (1, 2, 3)]


async def test_a_run_is_given_the_input_and_policies_of_the_version_it_was_fired_under(tenant, store):
    schedule = await tenant.schedule(policies=Policies(timeout_ms=1_000), input={"n": 1})
    await tenant.release(NOW)
    await tenant.redefine(schedule, NOW + 1, policies=Policies(timeout_ms=2_000), input={"n": 2})
    (work,) = await (await Node.start(store)).claim(NOW + 1)
    assert (work.run.input, work.policies.timeout_ms) == ('{"n":1}', 1_000)


async def test_who_knows_an_older_version_of_a_target_is_given_the_target_as_it_was_edited(tenant, store):
    await asked_for(tenant, tenant.target, 3)
    node = await Node.start(store)

    async def claimed(known):
        return await store.urgent(dispatch.claim, node.id, NOW, 1, dispatch.BEFORE_ALL, known)

    (before,) = (await claimed({})).targets
    assert (await claimed({before.id: before.version})).targets == []
    await store.write(
        targets.change_target, tenant.workspace, tenant.target, lambda old: replace(old, name="Edited"), NOW
    )
    (edited,) = (await claimed({before.id: before.version})).targets
    assert (edited.name, edited.version) == ("Edited", before.version + 1)


@pytest.mark.parametrize("delays", [(5_000, 9_000), (9_000, 5_000)])
async def test_of_retries_that_are_recorded_together_the_soonest_is_announced(tenant, store, delays):
    await asked_for(tenant, tenant.target, 2)
    node = await Node.start(store)
    works = await node.claim(NOW)
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    for work in works:
        work.started_ms = NOW
    ended = [judge(work, TRY_AGAIN, NOW) for work in works]
    await node.tell([replace(one, retry_at=NOW + ms) for one, ms in zip(ended, delays, strict=True)], NOW)
    assert (READY, NOW + 5_000) in heard


async def test_one_claim_with_room_for_all_takes_from_the_lanes_before_and_behind_the_last_one(tenant, store):
    lanes = sorted([await tenant.add_target() for _ in range(3)])
    for lane in lanes:
        await asked_for(tenant, lane, 2)
    node = await Node.start(store)
    node.lane = lanes[1]
    assert Counter(work.target.id for work in await node.claim(NOW, 100)) == dict.fromkeys(lanes, 2)


@pytest.mark.parametrize(
    ("overlap", "goes_on"), [(Overlap.ALLOW, True), (Overlap.SKIP, False), (Overlap.BUFFER_ONE, False)]
)
async def test_retries_go_on_beyond_the_next_slot_only_where_fires_may_overlap(
    tenant, store, overlap, goes_on
):
    retry = Retry(initial_ms=2 * MINUTE, max_attempts=5)
    schedule = await tenant.schedule(policies=Policies(overlap=overlap, retry=retry))
    await tenant.release(NOW)
    await (await Node.start(store)).work(NOW, TRY_AGAIN)
    assert states(await tenant.runs(schedule)) == ["pending" if goes_on else "failed"]


async def claim_of(store, node, room, after=dispatch.BEFORE_ALL, lanes=256, lane_room=None, full=frozenset()):
    given = LaneRoom(lane_room or {}, full=full)
    return await store.urgent(dispatch.claim, node.id, NOW, room, after, {}, lanes, given)


@pytest.mark.parametrize(
    ("room", "lanes", "unasked"), [(10, 1, True), (10, 2, True), (10, 3, False), (1, 3, True), (2, 3, False)]
)
async def test_a_claim_says_whether_some_lanes_had_no_turn(tenant, store, room, lanes, unasked):
    for _ in range(2):
        await asked_for(tenant, await tenant.add_target(), 1)
    assert (await claim_of(store, await Node.start(store), room, lanes=lanes)).unasked is unasked


async def test_no_more_lanes_are_asked_than_may_be_wherever_the_turn_begins(tenant, store):
    lanes = sorted([await tenant.add_target() for _ in range(4)])
    for lane in lanes:
        await asked_for(tenant, lane, 1)
    node = await Node.start(store)
    claimed = await claim_of(store, node, 10, after=lanes[2], lanes=2)
    assert {run.target_id for run in claimed.runs} == {lanes[3], lanes[0]}
    assert claimed.lane == lanes[0]
    claimed = await claim_of(store, node, 10, after=lanes[3], lanes=9)
    assert {run.target_id for run in claimed.runs} == {lanes[1], lanes[2]}


async def test_of_lanes_that_bound_their_runs_no_more_is_claimed_than_there_is_room_for(tenant, store):
    for _ in range(3):
        await asked_for(tenant, await tenant.add_target(max_concurrency=5), 3)
    node = await Node.start(store)
    assert [len((await claim_of(store, node, room)).runs) for room in (1, 2)] == [1, 2]
    assert len((await claim_of(store, node, 3)).runs) <= 3


async def test_room_that_a_heavy_workspace_does_not_use_goes_to_those_that_had_no_share(tenant, store):
    light, other = await Tenant.open(store), await Tenant.open(store)
    await store.write(tenancy.change_workspace, tenant.workspace, partial(replace, weight=100.0), NOON)
    for one in (tenant, light, other):
        await asked_for(one, one.target, 1)
    assert len((await claim_of(store, await Node.start(store), 3)).runs) == 3


@pytest.mark.parametrize("first", [True, False])
async def test_a_claim_says_what_held_the_runs_that_a_limited_target_has_left(tenant, store, first):
    limited = await tenant.add_target(max_concurrency=2, rate_per_second=None if first else 1.0)
    await asked_for(tenant, limited, 2 if first else 3)
    node = await Node.start(store)
    claimed = await claim_of(store, node, 10)
    assert len(claimed.runs) == (2 if first else 1)
    assert claimed.held == {limited: WaitCause.CONCURRENCY if first else WaitCause.RATE}
    await asked_for(tenant, limited, 1)
    again = await claim_of(store, node, 10)
    assert (again.runs, again.held) == ((), {limited: WaitCause.CONCURRENCY if first else WaitCause.RATE})


async def test_of_targets_that_a_worker_knows_those_are_read_that_have_changed(tenant, store):
    same, changed, deleted = [await tenant.add_target() for _ in range(3)]
    await store.write(
        targets.change_target, tenant.workspace, changed, lambda one: replace(one, name="new"), NOW
    )
    await store.write(targets.delete_target, tenant.workspace, deleted, NOW)
    known = dict.fromkeys((same, changed, deleted), 1)
    found = await store.read(dispatch.changed_targets, known)
    assert {row.id: (row.version, row.name, row.deleted_ms) for row in found} == {
        changed: (2, "new", None),
        deleted: (2, "Target", NOW),
    }
    assert await store.read(dispatch.changed_targets, dict.fromkeys(known, 2)) == []


async def test_of_runs_those_are_told_whose_maker_has_no_grant_any_more(tenant, store):
    stranger = await Tenant.open(store)
    ours, theirs = await tenant.schedule(), await stranger.schedule()
    await tenant.release(NOW)
    ids = [run.id for owner, one in ((tenant, ours), (stranger, theirs)) for run in await owner.runs(one)]
    assert len(ids) == 2
    assert await store.read(dispatch.ungranted, ids) == []
    await store.write(tenancy.remove_grant, tenant.workspace, tenant.principal, EVERY_TARGET)
    assert await store.read(dispatch.ungranted, ids) == []  # who makes a target has a grant on it
    await store.write(tenancy.remove_grant, tenant.workspace, tenant.principal, tenant.target)
    assert await store.read(dispatch.ungranted, ids) == ids[:1]
    assert await store.read(dispatch.ungranted, ids[1:]) == []


async def test_a_workspace_that_may_have_no_more_in_hand_keeps_its_runs_and_nobody_elses_from_their_turn(
    tenant, store
):
    for _ in range(5):
        await asked_for(tenant, await tenant.add_target(), 1)
    stranger = await Tenant.open(store)
    for _ in range(5):
        await asked_for(stranger, await stranger.add_target(), 1)
    node, after, taken = await Node.start(store), dispatch.BEFORE_ALL, []
    for _ in range(10):
        claimed = await claim_of(store, node, 10, after, lanes=2, full=frozenset({tenant.workspace}))
        after = claimed.lane
        taken += [run.workspace_id for run in claimed.runs]
    assert taken == [stranger.workspace] * 5
    assert len((await claim_of(store, node, 10)).runs) == 5


async def test_what_is_born_of_a_workspace_that_may_have_no_more_in_hand_waits_in_the_queue(tenant, store):
    schedule = await tenant.schedule()
    node = await Node.start(store)
    room = LaneRoom(full=frozenset({tenant.workspace}))
    await store.urgent(release.release, NOW, 10, node.id, 10, lane_room=room)
    (run,) = await tenant.runs(schedule)
    assert [work.id for work in await node.claim(NOW)] == [run.id]
