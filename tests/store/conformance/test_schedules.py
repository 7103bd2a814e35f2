"""The life of a schedule: whatever changes it accounts for what it owes first; nothing fires by an edit."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.fire import SpanReason
from horarium.domain.ids import random_id
from horarium.domain.listings import ScheduleListing
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import AfterCompletion, AfterPause, Policies, ScheduleState, timing_to_text
from horarium.store.base import DUE
from horarium.store.verbs import creation, ledger, schedules
from horarium.store.verbs.changes import change_schedule
from horarium.store.verbs.creation import create_schedules
from horarium.times import Timing
from tests.support.tenant import DAY, FAILED, HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant, states

PAUSED, ACTIVE, ARCHIVED = ScheduleState.PAUSED, ScheduleState.ACTIVE, ScheduleState.ARCHIVED
ALLOW = Policies(overlap=Overlap.ALLOW)


def minutes(spans):
    return [((one.first_ms - NOON) // MINUTE, (one.last_ms - NOON) // MINUTE, one.reason) for one in spans]


async def test_what_was_made_is_read_back_whole(tenant):
    made = await tenant.schedule(
        "5 4 * * *", Policies(jitter_ms=5, max_fires=3), zone="Europe/Berlin", input={"a": [1, None]}, key="k",
        description="d", labels={"team": "x"}, extra={"e": 1}, environment=b"\x00\xff",
    )  # fmt: skip
    assert await tenant.again(made) == made


async def test_a_key_is_taken_once_within_its_dialect_and_free_again_after_deletion(tenant):
    first = await tenant.schedule(key="nightly")
    with pytest.raises(Conflict) as taken:
        await tenant.schedule(key="nightly")
    assert taken.value.reason == "key_taken"
    await tenant.schedule(key="nightly", dialect="m9m")
    await tenant.change(first, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    again = await tenant.schedule(key="nightly")
    found = await tenant.store.read(schedules.find_schedule_by_key, tenant.workspace, "native", "nightly")
    assert found.id == again.id


async def test_schedules_are_made_all_or_none(tenant, store):
    await tenant.schedule(key="taken")
    one = replace(await tenant.schedule(), id=random_id(NOON), key="free")
    with pytest.raises(Conflict):
        await store.write(create_schedules, [one, replace(one, id=random_id(NOON), key="taken")])
    with pytest.raises(NotFound):
        await tenant.again(one)


async def test_an_edit_never_fires(tenant):
    schedule = await tenant.schedule("0 * * * *")
    edited = await tenant.redefine(schedule, NOON + 30 * MINUTE, timing=Timing("15 * * * *"))
    assert edited.progress.next_slot == NOON + HOUR + 15 * MINUTE
    assert (edited.version, edited.definition_version) == (2, 2)
    assert await tenant.fires(schedule) == []


async def test_an_edit_first_fires_what_was_owed_under_the_old_definition(tenant):
    schedule = await tenant.schedule()
    await tenant.redefine(schedule, NOON + MINUTE + 500, timing=Timing("0 * * * *"))
    (fire,) = await tenant.fires(schedule)
    assert (fire.slot_ms, fire.version) == (NOON + MINUTE, 1)
    await tenant.release(NOON + HOUR)
    assert [fire.version for fire in await tenant.fires(schedule)] == [1]  # skipped: the first still runs
    (span,) = await tenant.spans(schedule)
    assert span.version == 2


async def test_a_slot_held_back_by_jitter_is_recorded_as_cancelled_by_an_edit(tenant):
    schedule = await tenant.schedule("0 * * * *", Policies(jitter_ms=30 * MINUTE))
    due = schedule.progress.next_due
    assert due > NOON + HOUR + 1
    await tenant.redefine(schedule, NOON + HOUR + 1, policies=Policies())
    (span,) = await tenant.spans(schedule)
    assert (span.reason, span.first_ms, span.count) == (SpanReason.CANCELLED, NOON + HOUR, 1)
    assert (await tenant.release(due)).fires == 0


async def test_a_name_is_changed_without_touching_the_clock(tenant):
    schedule = await tenant.schedule()
    after = await tenant.change(schedule, NOON + 1, name="new", labels={"a": "b"})
    assert (after.progress, after.definition_version, after.version) == (schedule.progress, 1, 2)


async def test_a_change_that_changes_nothing_writes_nothing(tenant):
    schedule = await tenant.schedule()
    assert (await tenant.change(schedule, NOON + 1)).version == 1


async def test_of_changes_at_once_none_is_lost(tenant, store, other):
    schedule = await tenant.schedule()
    changes = [
        one.write(
            change_schedule, tenant.workspace, schedule.id,
            lambda it: replace(it, extra={"n": it.extra.get("n", 0) + 1}), NOON + 1,
        )
        for _ in range(5) for one in (store, other)
    ]  # fmt: skip
    await asyncio.gather(*changes)
    after = await tenant.again(schedule)
    assert (after.extra, after.version) == ({"n": 10}, 11)


async def test_a_stale_version_is_refused(tenant, store):
    schedule = await tenant.schedule()
    with pytest.raises(Conflict) as stale:
        await store.write(
            change_schedule,
            tenant.workspace,
            schedule.id,
            lambda one: replace(one, name="x"),
            NOON,
            7,
        )
    assert stale.value.reason == "version"


async def test_paused_time_is_one_span_and_never_caught_up(tenant):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    await tenant.change(schedule, NOON + 2 * MINUTE - 1, state=PAUSED)
    assert (await tenant.release(NOON + 5 * MINUTE)).schedules == 0
    resumed = await tenant.change(schedule, NOON + 5 * MINUTE, state=ACTIVE)
    assert resumed.progress.next_slot == NOON + 6 * MINUTE
    assert minutes(await tenant.spans(schedule)) == [(2, 5, "paused")]
    await tenant.release(NOON + 6 * MINUTE)
    assert [(fire.slot_ms - NOON) // MINUTE for fire in await tenant.fires(schedule)] == [1, 6]


async def test_an_edit_while_paused_splits_the_span_at_the_edit(tenant):
    schedule = await tenant.schedule()
    await tenant.change(schedule, NOON + 1, state=PAUSED)
    await tenant.redefine(schedule, NOON + 2 * MINUTE, timing=Timing("*/2 * * * *"))
    await tenant.change(schedule, NOON + 7 * MINUTE, state=ACTIVE)
    spans = await tenant.spans(schedule)
    assert minutes(spans) == [(1, 2, "paused"), (4, 6, "paused")]
    assert [(one.count, one.version) for one in spans] == [(2, 1), (2, 3)]


async def test_a_pause_that_ends_in_deletion_or_the_archive_is_recorded(tenant, store):
    for state, deleted in ((ScheduleState.DELETED, NOON + 3 * MINUTE), (ARCHIVED, None)):
        schedule = await tenant.schedule()
        await tenant.change(schedule, NOON + 1, state=PAUSED)
        await tenant.change(schedule, NOON + 3 * MINUTE, state=state, deleted_ms=deleted)
        assert minutes(await tenant.spans(schedule)) == [(1, 3, "paused")]
        assert (await tenant.release(NOON + 9 * MINUTE)).schedules == 0


async def test_a_one_shot_whose_policy_says_so_fires_on_resume(tenant):
    once = '{"once":"2026-11-22T12:05:00Z"}'
    late = await tenant.schedule(once, Policies(after_pause=AfterPause.FIRE))
    never = await tenant.schedule(once)
    for schedule in (late, never):
        await tenant.change(schedule, NOON + 1, state=PAUSED)
        await tenant.change(schedule, NOON + HOUR, state=ACTIVE)
    await tenant.release(NOON + HOUR)
    assert [fire.slot_ms for fire in await tenant.fires(late)] == [NOON + 5 * MINUTE]
    assert await tenant.fires(never) == []
    assert minutes(await tenant.spans(never)) == [(5, 5, "paused")]


async def test_a_pause_racing_a_release_wins_or_loses_whole(tenant, store, other):
    made = await tenant.schedules(20)
    pauses = [
        other.write(
            change_schedule,
            tenant.workspace,
            one.id,
            lambda it: replace(it, state=PAUSED),
            NOON + MINUTE,
        )
        for one in made
    ]
    await asyncio.gather(*(tenant.release(NOON + MINUTE, 5) for _ in range(6)), *pauses)
    for schedule in made:
        after = await tenant.again(schedule)
        assert (after.state, after.progress.next_due, after.progress.fires) == (PAUSED, None, 1)
        assert len(await tenant.fires(schedule)) == 1


async def test_failures_in_a_row_pause_and_a_success_forgives(tenant, store):
    policies = Policies(pause_after_failures=2)
    schedule = await tenant.schedule(policies=policies)
    node = await Node.start(store)
    for n, outcome in enumerate((FAILED, SUCCEEDED, FAILED, FAILED), 1):
        await tenant.release(NOON + n * MINUTE)
        await node.work(NOON + n * MINUTE, outcome)
    after = await tenant.again(schedule)
    assert (after.state, after.note) == (PAUSED, "paused after 2 failed fires in a row")
    assert (await tenant.release(NOON + 5 * MINUTE)).schedules == 0
    resumed = await tenant.change(schedule, NOON + 6 * MINUTE, state=ACTIVE)
    assert resumed.progress.failures_in_row == 0


async def test_a_completed_schedule_goes_away_by_itself_where_asked(tenant, store):
    policies = Policies(max_fires=1, after_completion=AfterCompletion.DELETE)
    schedule = await tenant.schedule(policies=policies)
    await tenant.release(NOON + MINUTE)
    await tenant.again(schedule)
    await (await Node.start(store)).work(NOON + MINUTE)
    with pytest.raises(NotFound):
        await tenant.again(schedule)


async def test_a_deleted_schedule_starts_no_fire_that_waited(tenant, store):
    schedule = await tenant.schedule(policies=Policies(overlap=Overlap.BUFFER_ONE))
    await tenant.release(NOON + MINUTE)
    await tenant.release(NOON + 2 * MINUTE)
    deleted = NOON + 2 * MINUTE + 1
    await tenant.change(schedule, deleted, state=ScheduleState.DELETED, deleted_ms=deleted)
    await (await Node.start(store)).work(NOON + 3 * MINUTE)
    assert states(await tenant.fires(schedule)) == ["completed", "cancelled"]
    assert len(await tenant.runs(schedule)) == 1


async def test_the_definition_that_ruled_is_kept(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    await tenant.redefine(schedule, NOON + HOUR, timing=Timing("30 * * * *"))
    for at, version in ((NOON + HOUR, 1), (NOON + HOUR + 30 * MINUTE, 2)):
        ruling = await store.read(ledger.version_at, tenant.workspace, schedule.id, at - 1)
        assert ruling.version == version
    assert await store.read(ledger.version_at, tenant.workspace, schedule.id, NOON - 1) is None


async def test_a_change_announces_when_it_is_due(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    await tenant.redefine(schedule, NOON, timing=Timing("1 * * * *"))
    assert (DUE, NOON + MINUTE) in heard


async def test_schedules_are_listed_by_page_and_filter(tenant, store):
    made = [
        await tenant.schedule(key=f"k{n}", labels={"n": str(n), "all": "1"}, now=NOON + n) for n in range(5)
    ]
    found = await store.read(schedules.list_schedules, ScheduleListing(tenant.workspace, 2))
    assert [one.id for one in found] == [made[4].id, made[3].id]
    rest = await store.read(
        schedules.list_schedules, ScheduleListing(tenant.workspace, 9, cursor=found[-1].id)
    )
    assert [one.id for one in rest] == [one.id for one in made[2::-1]]
    oldest = await store.read(
        schedules.list_schedules, ScheduleListing(tenant.workspace, 2, skip=1, newest_first=False)
    )
    assert [one.id for one in oldest] == [made[1].id, made[2].id]
    for listing, count in (
        (ScheduleListing(tenant.workspace, 9, labels=(("n", "3"),)), 1),
        (ScheduleListing(tenant.workspace, 9, labels=(("all", "1"), ("n", "2"))), 1),
        (ScheduleListing(tenant.workspace, 9, search="K1"), 1),
        (ScheduleListing(tenant.workspace, 9, prefix="sched"), 5),
        (ScheduleListing(tenant.workspace, 9, prefix="%"), 0),
        (ScheduleListing(tenant.workspace, 9, state="paused"), 0),
        (ScheduleListing(tenant.workspace, 9, target_id=tenant.target, dialect="native"), 5),
    ):
        assert len(await store.read(schedules.list_schedules, listing)) == count
        assert await store.read(schedules.count_schedules, listing) == count


async def test_another_workspace_sees_none_of_it(tenant, store):
    schedule = await tenant.schedule(key="k", labels={"a": "b"})
    await tenant.release(NOON + MINUTE)
    (fire,) = await tenant.fires(schedule)
    stranger = await Tenant.open(store)
    for call in (
        lambda: store.read(schedules.get_schedule, stranger.workspace, schedule.id),
        lambda: store.write(
            change_schedule,
            stranger.workspace,
            schedule.id,
            lambda one: replace(one, name="x"),
            NOON,
        ),
        lambda: store.read(ledger.get_fire, stranger.workspace, fire.id),
    ):
        with pytest.raises(NotFound):
            await call()
    foreign = ScheduleListing(stranger.workspace, 9, labels=(("a", "b"),))
    assert await store.read(schedules.list_schedules, foreign) == []
    assert await store.read(schedules.find_schedule_by_key, stranger.workspace, "native", "k") is None
    assert await store.read(ledger.list_fires, stranger.workspace, schedule.id, 9) == []
    entries = await store.read(ledger.entries_between, stranger.workspace, schedule.id, 0, NOON * 2, 9)
    assert entries == ([], [])
    assert await store.read(ledger.version_at, stranger.workspace, schedule.id, NOON * 2) is None


async def places(store):
    async def verb(tx):
        rows = await tx.rows("due_schedules", now=NOON * 2, limit=100)
        return {row["schedule_id"]: row["place"] for row in rows}

    return await store.urgent(verb)


async def test_a_schedule_whose_place_is_taken_takes_the_next_one(tenant, store, monkeypatch):
    monkeypatch.setattr(creation, "place", lambda *_: 77)
    made = await tenant.schedules(3)
    assert len(await tenant.store.read(schedules.list_schedules, ScheduleListing(tenant.workspace, 10))) == 3
    if store.flavour == "sqlite":  # elsewhere nothing lies by its place
        assert sorted((await places(store)).values()) == [77, 78, 79]
    moved = await tenant.redefine(made[0], NOON, timing=Timing("0 * * * *"))
    assert moved.progress.next_slot == NOON + HOUR


async def test_what_falls_due_together_lies_together(tenant, store):
    nine = await tenant.schedules(3, "0 9 * * *")
    await tenant.schedules(3, "0 10 * * *")
    nine += await tenant.schedules(3, "0 9 * * *", now=NOON + DAY)
    late = await tenant.schedule("0 20 * * *")
    nine.append(
        await tenant.redefine(late, NOON, timing=Timing("0 9 * * *", zone="UTC", anchor=NOON // 1000))
    )
    found = await places(store)
    assert {one for one, _ in sorted(found.items(), key=lambda both: both[1])[:7]} == {one.id for one in nine}


def test_a_place_has_63_bits():
    last = Timing("59 23 * * *")
    for slot in (None, 0, -1, NOON - 1):
        assert 0 <= creation.place(b"\xff" * 16, timing_to_text(last), slot) < 1 << 63


def test_schedules_made_one_after_another_lie_in_that_order():
    timing = timing_to_text(Timing("0 9 * * *"))
    made = [creation.place(random_id(ms), timing, NOON) for ms in range(NOON, NOON + 100) for _ in range(50)]
    assert made == sorted(set(made))
