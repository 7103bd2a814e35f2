"""In schedules of our own API the latest slot waits where the run before it has not begun."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from horarium.domain.fire import SpanReason
from horarium.domain.ids import LOWEST_ID
from horarium.domain.overlap import Overlap
from horarium.domain.run import Missed
from horarium.domain.schedule import CatchUp, Policies, ScheduleState
from horarium.store.figures import FIRED, SLOTS
from horarium.store.rows import BegunRun
from horarium.store.verbs import dispatch, runs, upkeep
from horarium.times import Timing
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, SUCCEEDED, Node, states


async def tick(tenant, *minutes):
    for n in minutes:
        await tenant.release(NOON + n * MINUTE)


async def ledger_of(tenant, schedule):
    """What became of each minute after noon, in order: the state of its fire, or the reason of its span."""
    found = [(fire.slot_ms, fire.slot_ms, 1, fire.state.value) for fire in await tenant.fires(schedule)]
    found += [
        (span.first_ms, span.last_ms, span.count, span.reason.value) for span in await tenant.spans(schedule)
    ]
    return [((a - NOON) // MINUTE, (b - NOON) // MINUTE, count, what) for a, b, count, what in sorted(found)]


@pytest.mark.parametrize("releases", [(3, 4, 5), (5,)], ids=["one-by-one", "in-one-release"])
async def test_the_latest_slot_waits_and_those_it_replaces_are_skipped_as_unbegun(tenant, store, releases):
    schedule = await tenant.schedule(policies=Policies(catch_up=CatchUp.ALL))
    await tick(tenant, 1, 2)
    assert await ledger_of(tenant, schedule) == [(1, 1, 1, "running"), (2, 2, 1, "waiting")]
    await tick(tenant, *releases)
    assert await ledger_of(tenant, schedule) == [
        (1, 1, 1, "running"),
        (2, 4, 3, "unbegun"),
        (5, 5, 1, "waiting"),
    ]
    progress = (await tenant.again(schedule)).progress
    assert (progress.fires, progress.open_fires, progress.waiting_fires, progress.skipped) == (2, 1, 1, 3)
    assert (progress.last_skip_ms, progress.last_skip_reason) == (
        NOON + 4 * MINUTE,
        "previous fire had not begun",
    )
    assert len(await tenant.runs(schedule)) == 1


@pytest.mark.parametrize("releases", [(4, 5, 6), (6,)], ids=["one-by-one", "in-one-release"])
async def test_what_was_passed_over_last_stays_known_while_later_slots_fire(tenant, store, releases):
    schedule, node = await tenant.schedule(), await Node.start(store)
    await tick(tenant, 1, 2, 3)
    await node.work(NOON + 3 * MINUTE)
    skipped = (await tenant.again(schedule)).progress
    assert skipped.last_skip_ms == NOON + 2 * MINUTE
    allowing = Policies(overlap=Overlap.ALLOW, catch_up=CatchUp.ALL)
    await tenant.redefine(schedule, NOON + 3 * MINUTE + 1, policies=allowing)
    await tick(tenant, *releases)
    progress = (await tenant.again(schedule)).progress
    assert (progress.last_slot, progress.fires) == (NOON + 6 * MINUTE, skipped.fires + 3)
    assert (progress.last_skip_ms, progress.last_skip_reason) == (
        skipped.last_skip_ms,
        skipped.last_skip_reason,
    )


async def test_the_slot_that_waits_starts_when_the_fire_before_it_has_ended(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2, 3)
    before = (await tenant.again(schedule)).progress
    assert (before.last_slot, before.last_state) == (NOON + MINUTE, "running")
    node = await Node.start(store)
    await node.work(NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed", "running"]
    _, second = await tenant.fires(schedule)
    after = (await tenant.again(schedule)).progress
    assert (after.last_fire_id, after.last_slot, after.last_state) == (
        second.id,
        NOON + 3 * MINUTE,
        "running",
    )
    assert (after.open_fires, after.waiting_fires, after.last_fired_ms) == (1, 0, second.fired_ms)
    assert await node.work(NOON + 3 * MINUTE) == [second.id]
    assert states(await tenant.fires(schedule)) == ["completed", "completed"]
    assert (await tenant.again(schedule)).progress.last_state == "completed"


@pytest.mark.parametrize("outcome", [SUCCEEDED, FAILED])
async def test_it_starts_however_the_fire_before_it_ended(tenant, store, outcome):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2)
    node = await Node.start(store)
    await node.work(NOON + 2 * MINUTE, outcome)
    assert (await tenant.fires(schedule))[1].state == "running"


async def test_it_starts_when_the_run_before_it_is_cancelled(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2)
    (run,) = await tenant.runs(schedule)
    await store.write(runs.cancel_run, tenant.workspace, run.id, NOON + 2 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["cancelled", "running"]
    assert states(await tenant.runs(schedule)) == ["cancelled", "pending"]


async def test_a_fire_that_has_waited_lets_the_next_one_wait_for_it(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2)
    node = await Node.start(store)
    await node.work(NOON + 2 * MINUTE)
    await tick(tenant, 3, 4)
    assert await ledger_of(tenant, schedule) == [
        (1, 1, 1, "completed"),
        (2, 2, 1, "running"),
        (3, 3, 1, "unbegun"),
        (4, 4, 1, "waiting"),
    ]


async def test_once_the_run_before_has_begun_slots_are_skipped_and_the_one_that_waits_stays(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2, 3)
    node = await Node.start(store)
    works = await node.begin(NOON + 3 * MINUTE)
    await tick(tenant, 4, 5)
    assert await ledger_of(tenant, schedule) == [
        (1, 1, 1, "running"),
        (2, 2, 1, "unbegun"),
        (3, 3, 1, "waiting"),
        (4, 5, 2, "skipped"),
    ]
    await node.record(works, SUCCEEDED, NOON + 5 * MINUTE)
    assert (await tenant.fires(schedule))[1].state == "running"


async def test_a_run_that_was_just_taken_counts_as_begun_until_two_seconds_have_passed(tenant, store):
    schedule = await tenant.schedule("* * * * * *")
    await tenant.release(NOON + 1_000)
    node = await Node.start(store)
    await node.claim(NOON + 1_000)
    for second in (2, 3, 4):
        await tenant.release(NOON + second * 1_000)
    spans = [
        (span.first_ms - NOON, span.last_ms - NOON, span.reason) for span in await tenant.spans(schedule)
    ]
    assert spans == [(2_000, 2_000, "skipped"), (3_000, 3_000, "unbegun")]
    assert [fire.slot_ms - NOON for fire in await tenant.fires(schedule)] == [1_000, 4_000]


async def test_a_slot_that_is_replaced_late_is_a_span_of_its_own(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2)
    node = await Node.start(store)
    works = await node.begin(NOON + 2 * MINUTE)
    await tick(tenant, 3)
    await store.urgent(
        dispatch.hand_back, node.id, [(work.id, work.epoch) for work in works], NOON + 3 * MINUTE
    )
    await tick(tenant, 4, 5)
    assert await ledger_of(tenant, schedule) == [
        (1, 1, 1, "running"),
        (2, 2, 1, "unbegun"),
        (3, 3, 1, "skipped"),
        (4, 4, 1, "unbegun"),
        (5, 5, 1, "waiting"),
    ]


async def test_several_slots_in_one_release_leave_the_latest_waiting(tenant):
    schedule = await tenant.schedule(policies=Policies(grace_ms=HOUR))
    await tick(tenant, 1, 2, 5)
    assert await ledger_of(tenant, schedule) == [
        (1, 1, 1, "running"),
        (2, 4, 3, "unbegun"),
        (5, 5, 1, "waiting"),
    ]


async def test_a_fire_for_missed_slots_that_is_replaced_hands_them_on(tenant):
    schedule = await tenant.schedule(policies=Policies(catch_up=CatchUp.LATEST))
    await tick(tenant, 1, 10, 11)
    assert await ledger_of(tenant, schedule) == [
        (1, 1, 1, "running"),
        (2, 9, 8, "missed"),
        (10, 10, 1, "unbegun"),
        (11, 11, 1, "waiting"),
    ]
    missed = (await tenant.fires(schedule))[1].missed
    assert (missed.count, missed.first_ms, missed.last_ms) == (8, NOON + 2 * MINUTE, NOON + 9 * MINUTE)


async def test_the_limit_of_fires_counts_the_one_that_waits_and_none_that_was_replaced(tenant, store):
    schedule = await tenant.schedule(policies=Policies(max_fires=3))
    await tick(tenant, 1, 2, 3)
    node = await Node.start(store)
    await node.work(NOON + 3 * MINUTE)
    await tick(tenant, 4)
    after = await tenant.again(schedule)
    assert (after.progress.fires, after.state, after.ended_reason) == (
        3,
        ScheduleState.COMPLETED,
        "max_fires",
    )
    await node.work(NOON + 4 * MINUTE)
    await node.work(NOON + 4 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed"] * 3


@pytest.mark.parametrize("dialect", ["m9m"])
async def test_schedules_of_other_apis_skip_as_they_document(tenant, dialect):
    timing = Timing("* * * * *", zone="UTC", anchor=NOON // 1000, dialect=dialect)
    schedule = await tenant.schedule()
    schedule = await tenant.redefine(schedule, NOON, timing=timing)
    await tick(tenant, 1, 2, 3)
    assert await ledger_of(tenant, schedule) == [(1, 1, 1, "running"), (2, 3, 2, "skipped")]


async def test_an_edit_leaves_what_waits_with_the_definition_of_its_time(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2, 3)
    await tenant.redefine(schedule, NOON + 3 * MINUTE, input={"n": 2})
    assert (await tenant.fires(schedule))[1].version == 1
    await tick(tenant, 4)
    assert await ledger_of(tenant, schedule) == [
        (1, 1, 1, "running"),
        (2, 3, 2, "unbegun"),
        (4, 4, 1, "waiting"),
    ]
    await tick(tenant, 5)
    # Two spans, since each slot is explained by the definition of its time.
    assert [(span.count, span.version) for span in await tenant.spans(schedule)] == [(2, 1), (1, 2)]


async def test_what_an_edit_accounts_for_waits_as_well(tenant):
    schedule = await tenant.schedule()
    await tick(tenant, 1)
    await tenant.redefine(schedule, NOON + 2 * MINUTE + 1, input={"n": 2})
    assert await ledger_of(tenant, schedule) == [(1, 1, 1, "running"), (2, 2, 1, "waiting")]


async def test_what_waits_starts_also_while_its_schedule_is_paused(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2)
    await tenant.change(schedule, NOON + 2 * MINUTE, state=ScheduleState.PAUSED)
    node = await Node.start(store)
    await node.work(NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed", "running"]


@pytest.mark.parametrize("state", [ScheduleState.ARCHIVED, ScheduleState.DELETED])
async def test_what_waits_is_cancelled_with_its_schedule(tenant, store, state):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2)
    deleted = {"deleted_ms": NOON + 2 * MINUTE} if state is ScheduleState.DELETED else {}
    await tenant.change(schedule, NOON + 2 * MINUTE, state=state, **deleted)
    node = await Node.start(store)
    await node.work(NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed", "cancelled"]
    assert await node.work(NOON + 3 * MINUTE) == []


async def test_fires_that_were_buffered_before_an_edit_are_not_dropped(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ALL))
    await tick(tenant, 1, 2, 3)
    await tenant.redefine(schedule, NOON + 3 * MINUTE, policies=Policies())
    await tick(tenant, 4)
    assert states(await tenant.fires(schedule)) == ["running", "waiting", "waiting"]


async def test_a_fire_that_waits_and_that_nobody_would_start_is_started(tenant, store):
    schedule = await tenant.schedule()
    await tick(tenant, 1, 2)

    async def lose_the_open_one(tx):
        await tx.many("settle_cursors", [(schedule.id, 1, 0, 0, 0, 0, b"", "")])

    await store.urgent(lose_the_open_one)
    assert await store.urgent(upkeep.unstick, NOON + 3 * MINUTE, 10) == (1, LOWEST_ID)
    assert (await tenant.fires(schedule))[1].state == "running"


async def test_batches_of_schedules_hold_replace_and_start_together(tenant, store):
    made = await tenant.schedules(300)
    await tick(tenant, 1, 2, 3)
    node = await Node.start(store)
    assert len(await node.work(NOON + 3 * MINUTE)) == 300
    assert len(await node.work(NOON + 3 * MINUTE)) == 300
    assert len(await node.work(NOON + 3 * MINUTE)) == 0
    for schedule in made[::60]:
        assert await ledger_of(tenant, schedule) == [
            (1, 1, 1, "completed"),
            (2, 2, 1, "unbegun"),
            (3, 3, 1, "completed"),
        ]
    counted = store.figures.of(SLOTS)
    assert (counted[FIRED], counted[SpanReason.UNBEGUN.value]) == (600, 300)


class Model:
    """What the ledger of one schedule should be: `open` is the slot of the fire that is in flight."""

    def __init__(self):
        self.open = self.waiting = None
        self.begun = False
        self.became = {}

    def slots(self, slots):
        before = self.open
        for slot in slots:
            if self.open is None:
                self.open, self.begun = slot, False
            elif before is None or self.begun:
                self.became[slot] = "skipped"
            else:
                if self.waiting is not None:
                    self.became[self.waiting] = "unbegun"
                self.waiting = slot

    def end(self):
        self.became[self.open] = "completed"
        self.open, self.waiting, self.begun = self.waiting, None, False


@pytest.mark.parametrize("seed", range(6))
async def test_random_mixtures_of_slots_beginnings_and_ends_come_out_as_in_the_model(tenant, store, seed):
    random = Random(seed)
    policies = Policies(grace_ms=1_000 * HOUR)
    targets = [await tenant.add_target() for _ in range(3)]
    made = [
        await tenant.schedule(policies=policies, target_id=target) for target in targets for _ in range(3)
    ]
    models = {schedule.id: Model() for schedule in made}
    node = await Node.start(store)
    held, minute = [], 0
    for _ in range(40):
        now = NOON + minute * MINUTE
        act = random.choice(("slots", "slots", "slots", "claim", "begin", "end", "back", "edit"))
        if act == "slots":
            first, minute = minute + 1, minute + random.choice((1, 1, 1, 2, 4))
            await tenant.release(NOON + minute * MINUTE)
            for model in models.values():
                model.slots(range(first, minute + 1))
        elif act == "claim":
            held += await node.claim(now, random.choice((1, 4, 9)))
        elif act == "begin" and held:
            work = random.choice(held)
            await store.urgent(dispatch.mark_begun, [BegunRun(work.id, node.id, work.epoch, now)])
            models[work.run.schedule_id].begun = True
        elif act == "end" and held:
            ending = random.sample(held, random.randint(1, len(held)))
            await node.record(ending, SUCCEEDED, now)
            held = [work for work in held if work not in ending]
            for work in ending:
                models[work.run.schedule_id].end()
        elif act == "back" and held:
            work = held.pop(random.randrange(len(held)))
            await store.urgent(dispatch.hand_back, node.id, [(work.id, work.epoch)], now)
            models[work.run.schedule_id].begun = False
        elif act == "edit":
            schedule = random.choice(made)
            await tenant.redefine(schedule, now, input={"n": random.random()})
    for schedule in made:
        model = models[schedule.id]
        found = {}
        for first, last, count, what in await ledger_of(tenant, schedule):
            assert count == last - first + 1
            found |= dict.fromkeys(range(first, last + 1), what)
        open_now = {model.open: "running", model.waiting: "waiting"}
        open_now.pop(None, None)
        assert found == model.became | open_now
        assert set(found) == set(range(1, minute + 1))
        spans = await tenant.spans(schedule)
        for a, b in pairwise(spans):
            joined = a.last_ms + MINUTE == b.first_ms and (a.reason, a.version) == (b.reason, b.version)
            assert not joined, "spans that meet are one"
        progress = (await tenant.again(schedule)).progress
        counts = Counter(found.values())
        assert progress.fires == counts["completed"] + counts["running"] + counts["waiting"]
        assert progress.skipped == counts["skipped"] + counts["unbegun"]
        assert (progress.open_fires, progress.waiting_fires) == (counts["running"], counts["waiting"])


async def test_a_slot_that_is_held_stands_for_what_was_missed_before_it_and_hands_that_on(tenant):
    schedule = await tenant.schedule(policies=Policies(grace_ms=1_000))
    await tick(tenant, 1, 2)
    assert [fire.missed for fire in await tenant.fires(schedule)] == [None, None]
    missed = Missed(6, NOON + 3 * MINUTE, NOON + 8 * MINUTE)
    for minute in (9, 10, 11):  # the server was down until the first of these
        await tick(tenant, minute)
        _, held = await tenant.fires(schedule)
        assert (held.slot_ms, held.missed) == (NOON + minute * MINUTE, missed)
