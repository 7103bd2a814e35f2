"""Events are noted with what they tell of, become a log without gaps for readers, and cost others nothing."""

from dataclasses import replace
from functools import partial

import orjson
import pytest

from horarium.domain.errors import NotFound
from horarium.domain.events import fire_ended, quota_near
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.fire import FireState
from horarium.domain.ids import from_prefixed, prefixed
from horarium.domain.lane_report import LaneReport
from horarium.domain.overlap import Overlap
from horarium.domain.quotas import Quotas
from horarium.domain.retry import Retry
from horarium.domain.run import RunMode, RunState
from horarium.domain.schedule import CatchUp, Policies, ScheduleState
from horarium.domain.target import TargetState
from horarium.domain.waiting import WaitCause
from horarium.store.figures import FORGOTTEN_EVENTS, TOLD
from horarium.store.verbs import events, lanes, targets, tenancy
from horarium.store.verbs.fanout import claim_fanout_tasks, give_up, prepare, write_chunk
from horarium.store.verbs.settle import RunEnd, settle
from horarium.times import Timing
from tests.store.conformance.test_fanout import texts
from tests.support.interleaved import meeting
from tests.support.raw import select
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, SUCCEEDED, TRY_AGAIN, Node, Tenant

ALLOW = Policies(overlap=Overlap.ALLOW)


@pytest.fixture
def recorded(store, tenant):
    store.recording = frozenset((tenant.workspace,))
    return tenant


async def told(tenant, after=0):
    """The events of a workspace, published first, in the order of their numbers."""
    while await tenant.store.urgent(events.publish, NOON + HOUR):
        pass
    found = await tenant.store.read(events.events_after, tenant.workspace, after, 1_000)
    return [orjson.loads(event.content) for event in found]


async def types(tenant):
    return [event["type"] for event in await told(tenant)]


async def work(tenant, outcome, at=NOON + 9 * MINUTE):
    node = await Node.start(tenant.store)
    works = sorted(await node.claim(at), key=lambda one: one.run.slot_ms or 0)
    for one in works:
        await node.record([one], outcome, at)


async def test_the_end_of_a_fire_is_told_with_what_it_was_about(recorded):
    schedule = await recorded.schedule(policies=ALLOW, key="digest", labels={"customer": "c1"})
    await recorded.release(NOON + MINUTE)
    await work(recorded, FAILED)
    (fire,) = await recorded.fires(schedule)
    (event,) = await told(recorded)
    assert event["type"] == "fire.failed"
    assert event["id"].startswith("evt_")
    assert event["workspace"] == prefixed("ws", recorded.workspace)
    assert event["schedule"] == {
        "id": prefixed("sch", schedule.id),
        "key": "digest",
        "name": "Schedule",
        "labels": {"customer": "c1"},
    }
    assert event["target"]["id"] == prefixed("tgt", recorded.target)
    assert event["fire"]["id"] == prefixed("fire", fire.id)
    assert (event["fire"]["state"], event["fire"]["error"]) == ("failed", "no")
    assert event["fire"]["slot"] == "2026-11-22T12:01:00.000Z"


async def test_a_workspace_that_nobody_listens_to_leaves_no_row(tenant, store):
    other = await Tenant.open(store)
    store.recording = frozenset((other.workspace,))
    await tenant.schedule(policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    await work(tenant, SUCCEEDED)
    assert not await store.read(events.any_notes)


async def test_events_of_a_schedule_are_in_the_order_in_which_they_happened(recorded):
    await recorded.schedule(policies=replace(ALLOW, pause_after_failures=2))
    await recorded.release(NOON + MINUTE)
    await work(recorded, FAILED)
    await recorded.release(NOON + 2 * MINUTE)
    await work(recorded, FAILED)
    assert await types(recorded) == ["fire.failed", "fire.failed", "schedule.paused"]
    (*_, paused) = await told(recorded)
    assert paused["details"] == {
        "failures_in_row": 2,
        "reason": "paused after 2 failed fires in a row",
    }


async def test_slots_that_are_skipped_or_missed_are_told(recorded):
    skipping = await recorded.schedule()
    for minute in (1, 2, 3):  # the second waits for the first, and the third takes its place
        await recorded.release(NOON + minute * MINUTE)
    missing = await recorded.schedule(policies=replace(ALLOW, catch_up=CatchUp.NONE), now=NOON + 3 * MINUTE)
    await recorded.change(skipping, NOON + 3 * MINUTE, state=ScheduleState.PAUSED)
    await recorded.release(NOON + 13 * MINUTE)
    found = [event for event in await told(recorded) if event["type"] in ("fire.skipped", "fire.missed")]
    assert [(event["type"], event["details"]["slots"]) for event in found] == [
        ("fire.skipped", 1),
        ("fire.missed", 9),
    ]
    assert found[1]["schedule"]["id"] == prefixed("sch", missing.id)
    assert found[0]["details"]["first_slot"] == "2026-11-22T12:02:00.000Z"
    assert found[1]["details"]["first_slot"] == "2026-11-22T12:04:00.000Z"


async def test_a_schedule_tells_of_its_last_slot_and_of_its_end(recorded):
    await recorded.schedule(policies=replace(ALLOW, max_fires=3))
    for minute in (1, 2, 3):
        await recorded.release(NOON + minute * MINUTE)
    assert await types(recorded) == ["schedule.ending", "schedule.ended"]


async def test_a_recurrence_with_an_end_tells_of_its_last_slot_once(recorded):
    schedule = await recorded.schedule(policies=ALLOW)
    timing = Timing("* * * * *", zone="UTC", anchor=NOON // 1000, end=(NOON + 3 * MINUTE) // 1000)
    await recorded.redefine(schedule, NOON, timing=timing)
    for minute in (1, 2, 3):
        await recorded.release(NOON + minute * MINUTE)
    found = await told(recorded)
    assert [event["type"] for event in found] == ["schedule.ending", "schedule.ended"]
    assert found[0]["details"] == {"last_slot": "2026-11-22T12:03:00.000Z"}


@pytest.mark.parametrize(("released_after", "begun_after"), [(45_000, 45_000), (0, 45_000), (45_000, 90_000)])
async def test_a_fire_that_begins_beyond_the_objective_is_told_once(recorded, released_after, begun_after):
    await recorded.schedule(policies=replace(ALLOW, lateness_objective_ms=30_000, grace_ms=HOUR))
    await recorded.release(NOON + MINUTE + released_after)
    await work(recorded, SUCCEEDED, NOON + MINUTE + begun_after)
    found = await told(recorded)
    assert [event["type"] for event in found] == ["fire.late", "fire.completed"]
    assert found[0]["details"] == {"late": 45.0, "objective": 30.0}


async def test_a_fire_is_as_late_as_its_first_attempt(recorded):
    policies = replace(ALLOW, lateness_objective_ms=30_000, grace_ms=HOUR, retry=Retry(max_attempts=2))
    await recorded.schedule(policies=policies)
    await recorded.release(NOON + MINUTE)
    await work(recorded, TRY_AGAIN, NOON + MINUTE + 30_000)
    await work(recorded, SUCCEEDED, NOON + HOUR)
    assert await types(recorded) == ["fire.completed"]


@pytest.mark.parametrize("released_after", [0, 30_000])
async def test_a_fire_within_the_objective_is_not_late(recorded, released_after):
    await recorded.schedule(policies=replace(ALLOW, lateness_objective_ms=30_000, grace_ms=HOUR))
    await recorded.release(NOON + MINUTE + released_after)
    await work(recorded, SUCCEEDED, NOON + MINUTE + 30_000)
    assert await types(recorded) == ["fire.completed"]


async def test_a_target_that_is_switched_off_is_told(recorded, store):
    await store.write(
        targets.change_target,
        recorded.workspace,
        recorded.target,
        lambda one: replace(one, state=TargetState.DISABLED, state_reason="holidays"),
        NOON,
    )
    (event,) = await told(recorded)
    assert (event["type"], event["details"], event["schedule"]) == (
        "target.disabled",
        {"reason": "holidays"},
        None,
    )
    assert event["target"] == {"id": prefixed("tgt", recorded.target), "key": None, "name": "Target"}


async def test_a_target_that_says_that_it_is_gone_is_told_to_its_workspace_alone(recorded, store):
    other = await Tenant.open(store)
    for one in (recorded, other):
        await one.schedule(policies=ALLOW)
    await recorded.release(NOON + MINUTE)
    await work(recorded, Outcome(Verdict.FAILED, error="410 Gone", gone=True))
    found = [event for event in await told(recorded) if event["type"] == "target.disabled"]
    assert [(event["details"], event["target"]["id"]) for event in found] == [
        ({"reason": "410 Gone"}, prefixed("tgt", recorded.target))
    ]
    assert await store.read(events.events_after, other.workspace, 0, 100) == []


@pytest.mark.parametrize("cause", [cause for cause in WaitCause if cause is not WaitCause.CIRCUIT])
async def test_a_target_whose_runs_wait_for_something_else_is_not_told_as_failing(recorded, store, cause):
    held = {recorded.target: LaneReport(1, 0, 0, 5, held_by=cause, held_since_ms=NOON)}
    await store.urgent(lanes.report_lanes, (await Node.start(store)).id, NOON, held)
    assert await types(recorded) == []


async def test_a_target_that_is_only_probed_is_told_once_over_all_nodes_and_again_when_it_recovers(
    recorded, store
):
    held = {recorded.target: LaneReport(1, 0, 0, 5, held_by=WaitCause.CIRCUIT, held_since_ms=NOON)}
    first, second = await Node.start(store), await Node.start(store)
    await store.urgent(lanes.report_lanes, first.id, NOON, held)
    await store.urgent(lanes.report_lanes, second.id, NOON + 1_000, held)
    await store.urgent(lanes.report_lanes, first.id, NOON + 2_000, {})
    assert await types(recorded) == ["target.failing"]
    await store.urgent(lanes.report_lanes, second.id, NOON + 3_000, {})
    assert await types(recorded) == ["target.failing", "target.recovered"]
    assert await select(store, "SELECT target_id FROM failing_targets") == []
    again = {recorded.target: replace(held[recorded.target], held_since_ms=NOON + 9_000)}
    await store.urgent(lanes.report_lanes, second.id, NOON + 9_000, again)
    await store.urgent(lanes.report_lanes, second.id, NOON + 10_000, {})
    assert await types(recorded) == ["target.failing", "target.recovered"] * 2


async def test_an_audience_that_could_not_be_read_is_told_before_the_fire_that_failed_of_it(recorded, store):
    await recorded.schedule(policies=ALLOW, audience={"type": "inline", "rows": []})
    await recorded.release(NOON + MINUTE)
    node = await Node.start(store)
    (task,) = await store.urgent(claim_fanout_tasks, node.id, NOON + MINUTE, 1, 1, {})
    await store.urgent(give_up, task, "the source is away", NOON + 2 * MINUTE)
    found = await told(recorded)
    assert [event["type"] for event in found] == ["audience.failed", "fire.failed"]
    assert found[0]["details"] == {"error": "the source is away", "rows": 0}


async def test_a_quota_is_told_once_when_it_comes_near(recorded, store):
    limit = partial(replace, quotas=Quotas(schedules=10))
    await store.write(tenancy.change_workspace, recorded.workspace, limit, NOON)
    for _ in range(10):
        await recorded.schedule()
    (event,) = await told(recorded)
    assert (event["type"], event["details"]) == (
        "quota.near",
        {"quota": "schedules", "used": 9, "limit": 10},
    )


async def test_what_is_noted_twice_is_one_event(recorded, store):
    """A restored backup, say: what happens again has the id that it had."""
    await recorded.schedule(policies=ALLOW)
    await recorded.release(NOON + MINUTE)
    await work(recorded, SUCCEEDED)
    (event,) = await told(recorded)
    (stored,) = await store.read(events.events_after, recorded.workspace, 0, 10)

    fire = from_prefixed("fire", event["fire"]["id"])
    again = fire_ended(recorded.workspace, stored.schedule_id, fire, FireState.COMPLETED, NOON + HOUR)
    assert again.id == stored.id

    async def tells(tx):
        tx.tell(again)

    await store.write(tells)
    assert len(await told(recorded)) == 1


async def test_a_run_that_is_repeated_by_hand_is_no_second_end_of_its_fire(recorded, store):

    schedule = await recorded.schedule(policies=ALLOW)
    await recorded.release(NOON + MINUTE)
    await work(recorded, FAILED)
    (fire,) = await recorded.fires(schedule)
    end = RunEnd(
        b"r" * 16, recorded.workspace, fire.id, schedule.id, RunMode.RETRY, RunState.SUCCEEDED, False, False
    )
    await store.write(settle, [end], NOON + HOUR)
    assert await types(recorded) == ["fire.failed"]


async def test_a_log_is_read_from_an_instant(recorded, store):
    for minute in range(1, 8):
        await recorded.schedule(policies=replace(ALLOW, max_fires=1), now=NOON)
        await recorded.release(NOON + minute * MINUTE)
        await store.urgent(events.publish, NOON + minute * MINUTE)
    every = await store.read(events.events_after, recorded.workspace, 0, 100)
    for event in every:
        found = await store.read(events.number_before, recorded.workspace, event.told_ms)
        assert found == min(one.number for one in every if one.told_ms >= event.told_ms) - 1
    assert await store.read(events.number_before, recorded.workspace, NOON + HOUR) == every[-1].number
    assert await store.read(events.number_before, recorded.workspace, 0) == 0


async def test_old_events_are_deleted_in_pieces_and_the_log_says_up_to_where(recorded, store):
    for minute in range(1, 5):
        await recorded.schedule(policies=replace(ALLOW, max_fires=1), now=NOON + (minute - 1) * MINUTE)
        await recorded.release(NOON + minute * MINUTE)
        await store.urgent(events.publish, NOON + minute * MINUTE)
    before = len(await store.read(events.events_after, recorded.workspace, 0, 100))
    gone = []
    while (count := await store.write(events.forget_events, NOON + 3 * MINUTE, 1)) > 0:
        gone.append(count)
    assert gone == [1, 1]
    assert store.figures.of(FORGOTTEN_EVENTS) == {"events": 2}
    assert store.figures.of(TOLD) == {"events": before}
    log = await store.read(events.event_log, recorded.workspace)
    assert (log.forgotten, log.number) == (2, before)
    left = await store.read(events.events_after, recorded.workspace, 0, 100)
    assert [event.number for event in left] == list(range(3, before + 1))


async def test_two_nodes_that_delete_old_events_at_the_same_time_take_no_young_ones_for_deleted(
    recorded, store, other
):
    """The first has deleted all that are old when the second, which had seen them, comes to them."""
    for minute in range(1, 5):
        await recorded.schedule(policies=replace(ALLOW, max_fires=1), now=NOON + (minute - 1) * MINUTE)
        await recorded.release(NOON + minute * MINUTE)
        await store.urgent(events.publish, NOON + minute * MINUTE)
    forget = events.forget_events, NOON + 3 * MINUTE, 10
    assert await meeting((store, forget), (other, forget)) == [2, 0]
    log = await store.read(events.event_log, recorded.workspace)
    left = await store.read(events.events_after, recorded.workspace, log.forgotten, 100)
    assert [event.number for event in left] == list(range(3, log.number + 1))


async def test_an_event_is_found_by_its_id_in_its_workspace_alone(recorded, store):
    await recorded.schedule(policies=replace(ALLOW, max_fires=1))
    await recorded.release(NOON + MINUTE)
    await told(recorded)
    (event,) = await store.read(events.events_after, recorded.workspace, 0, 10)
    assert await store.read(events.get_event, recorded.workspace, event.id) == event
    with pytest.raises(NotFound):
        await store.read(events.get_event, (await Tenant.open(store)).workspace, event.id)


@pytest.mark.parametrize(
    ("before", "most", "limit", "gone"),
    [
        (0, 100, 9, []),
        (1, 100, 9, []),  # told at 1, and not before
        (2, 100, 9, [1]),
        (4, 100, 9, [3]),
        (9, 100, 9, [5]),
        (9, 100, 2, [2, 2, 1]),
        (0, 5, 9, []),
        (0, 4, 9, [1]),
        (0, 2, 9, [3]),
        (0, 2, 2, [2, 1]),
        (3, 2, 9, [3]),
        (5, 2, 9, [4]),
    ],
)
async def test_events_are_forgotten_that_are_too_old_or_too_many(
    recorded, store, monkeypatch, before, most, limit, gone
):
    """Five events, told one after another."""
    monkeypatch.setattr(events, "MOST_KEPT", most)
    for minute in range(1, 6):
        note = quota_near(recorded.workspace, f"q{minute}", 9, 10, NOON)

        async def tells(tx, note=note):
            tx.tell(note)

        await store.write(tells)
        await store.urgent(events.publish, NOON + minute)
    found = []
    while (count := await store.write(events.forget_events, NOON + before, limit)) > 0:
        found.append(count)
    assert found == gone
    left = await store.read(events.events_after, recorded.workspace, 0, 100)
    assert [event.number for event in left] == list(range(sum(gone) + 1, 6))
    assert (await store.read(events.event_log, recorded.workspace)).forgotten == sum(gone)


async def test_an_audience_that_is_read_to_its_end_is_told_of_by_the_end_of_its_fire_alone(recorded, store):
    await recorded.schedule(policies=ALLOW, audience={"type": "inline", "rows": []})
    await recorded.release(NOON + MINUTE)
    node = await Node.start(store)
    (task,) = await store.urgent(claim_fanout_tasks, node.id, NOON + MINUTE, 1, 1, {})
    await store.urgent(write_chunk, task, prepare(task, texts("a", "b"), True), None, 2, True, NOON + MINUTE)
    assert await types(recorded) == []
    await work(recorded, SUCCEEDED)
    assert await types(recorded) == ["fire.completed"]


@pytest.mark.parametrize(("found", "counted", "shrunk"), [(2, 2, False), (2, 3, True), (3, 2, False)])
async def test_an_audience_that_shrank_while_it_was_read_is_told_of(recorded, store, found, counted, shrunk):
    schedule = await recorded.schedule(policies=ALLOW, audience={"type": "inline", "rows": []})
    await recorded.release(NOON + MINUTE)
    node = await Node.start(store)
    (task,) = await store.urgent(claim_fanout_tasks, node.id, NOON + MINUTE, 1, 1, {})
    rows = prepare(task, texts("a", "b", "c")[:found], True)
    await store.urgent(write_chunk, task, rows, None, counted, True, NOON + MINUTE)
    (fire,) = await recorded.fires(schedule)
    words = "the audience shrank while it was read: 3 rows were counted, 2 were found"
    assert (fire.error, fire.audience_size) == (
        words if shrunk else None,
        max(found, counted) if not shrunk else 2,
    )
    assert await types(recorded) == ["audience.failed"] * shrunk
    await work(recorded, SUCCEEDED)
    assert (await recorded.fires(schedule))[0].state == ("partial" if shrunk else "completed")
