"""What callers can do with schedules, and what they cannot."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from horarium.domain.fire import FireKind
from horarium.domain.ids import Id, random_id
from horarium.domain.listings import ScheduleListing
from horarium.domain.restrictions import Restriction
from horarium.domain.schedule import CatchUp, Policies, Schedule, ScheduleState
from horarium.domain.tenancy import EVERY_TARGET, Identity, Key, Principal, PrincipalType
from horarium.service import schedules
from horarium.service.schedules import (
    BACKFILL_BATCH,
    BACKFILL_LIMIT,
    ScheduleDraft,
    ScheduleService,
    anchor_at,
    compiled,
    has_passed,
    pausing,
    recurrence_problems,
    retargeting,
)
from horarium.store.verbs import tenancy
from horarium.store.verbs.targets import get_target
from horarium.store.verbs.tenancy import NewKey
from horarium.times import RecurrenceError, Timing, canonical_spec, compile_timing
from tests.support.callers import caller
from tests.support.turns import longest_hold
from tests.support.workshop import NOON, Workshop

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STRANGER = random_id(NOON)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Workshop]:
    opened = await Workshop.open()
    yield opened
    await opened.close()


async def archived(shop: Workshop, schedule: Schedule) -> Schedule:
    return await shop.schedules.change(
        shop.who, schedule.id, lambda before: replace(before, state=ScheduleState.ARCHIVED)
    )


def renamed(before: Schedule) -> Schedule:
    return replace(before, name="renamed")


WRITES: dict[str, Callable[[ScheduleService, Id, Id], Awaitable[Any]]] = {
    "change": lambda service, workspace, an_id: service.change(caller(workspace, STRANGER), an_id, renamed),
    "pause": lambda service, workspace, an_id: service.pause(caller(workspace, STRANGER), an_id),
    "resume": lambda service, workspace, an_id: service.resume(caller(workspace, STRANGER), an_id),
    "delete": lambda service, workspace, an_id: service.delete(workspace, an_id),
    "fire_now": lambda service, workspace, an_id: service.fire_now(caller(workspace, STRANGER), an_id),
    "backfill": lambda service, workspace, an_id: service.backfill(
        caller(workspace, STRANGER), an_id, NOON - HOUR, NOON
    ),
}
READS: dict[str, Callable[[ScheduleService, Id, Id], Awaitable[Any]]] = {
    "get": lambda service, workspace, an_id: service.get(workspace, an_id),
    "history": lambda service, workspace, an_id: service.history(workspace, an_id, 10),
}


@pytest.mark.parametrize("do", [*WRITES.values(), *READS.values()], ids=[*WRITES, *READS])
async def test_another_workspace_does_not_find_a_schedule_and_leaves_it_as_it_was(
    shop: Workshop, do: Any
) -> None:
    schedule = await shop.schedule("* * * * *")
    with pytest.raises(NotFound):
        await do(shop.schedules, STRANGER, schedule.id)
    assert await shop.again(schedule) == schedule
    assert await shop.schedules.fires(shop.workspace, schedule.id, 10) == []


@pytest.mark.parametrize("do", [*WRITES.values(), *READS.values()], ids=[*WRITES, *READS])
async def test_a_deleted_schedule_is_not_found(shop: Workshop, do: Any) -> None:
    schedule = await shop.schedule("* * * * *")
    await shop.schedules.delete(shop.workspace, schedule.id)
    with pytest.raises(NotFound):
        await do(shop.schedules, shop.workspace, schedule.id)


async def test_another_workspace_lists_counts_and_finds_nothing(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", key="nightly")
    fire = await shop.schedules.fire_now(shop.who, schedule.id)
    service = shop.schedules
    assert await service.list(ScheduleListing(STRANGER, 10)) == []
    assert await service.count(ScheduleListing(STRANGER, 10)) == 0
    assert await service.find_by_key(STRANGER, "native", "nightly") is None
    assert await service.find_by_key(shop.workspace, "native", "nightly") == schedule
    assert await service.fires(STRANGER, schedule.id, 10) == []
    assert await service.fires_as_fired(STRANGER, schedule.id, 10) == []
    with pytest.raises(NotFound):
        await service.fire(STRANGER, fire.id)
    assert await service.fire(shop.workspace, fire.id) == fire


async def test_a_new_schedule_is_on_the_clock_from_the_next_slot_on(shop: Workshop) -> None:
    schedule = await shop.schedule("0 13 * * *")
    assert schedule.progress.next_slot == NOON + HOUR
    assert schedule.progress.accounted_to >= NOON - 1
    assert (schedule.version, schedule.state) == (1, ScheduleState.ACTIVE)


async def test_a_schedule_may_be_created_paused(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", paused=True, note="not yet")
    assert (schedule.state, schedule.progress.next_slot, schedule.note) == (
        ScheduleState.PAUSED,
        None,
        "not yet",
    )
    assert await shop.tick(NOON + MINUTE) == 0


async def test_what_cannot_be_compiled_is_not_stored(shop: Workshop) -> None:
    for spec, zone, field in (
        ("61 * * * *", "UTC", "recurrence.minute"),
        ("* * * * *", "Mars/Base", "timezone"),
    ):
        with pytest.raises(Invalid) as caught:
            await shop.schedule(spec, timing={"zone": zone})
        assert [problem.field for problem in caught.value.problems] == [field]
    assert await shop.schedules.count(ScheduleListing(shop.workspace, 10)) == 0


async def test_several_are_created_together_or_not_at_all(shop: Workshop) -> None:
    def draft(spec: str, key: str | None = None) -> ScheduleDraft:
        return ScheduleDraft(shop.workspace, shop.principal, "s", Timing(spec), shop.target, key=key)

    made = await shop.schedules.create_many([draft("0 9 * * *"), draft("0 10 * * *", "taken")])
    assert [schedule.name for schedule in made] == ["s", "s"]
    with pytest.raises(Invalid):
        await shop.schedules.create_many([draft("0 9 * * *"), draft("nonsense")])
    with pytest.raises(Conflict) as caught:
        await shop.schedules.create_many([draft("0 9 * * *"), draft("0 10 * * *", "taken")])
    assert caught.value.reason == "key_taken"
    assert await shop.schedules.count(ScheduleListing(shop.workspace, 10)) == 2


async def test_others_have_the_loop_while_many_are_made_ready(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(*_: object) -> None:
        """What is written goes to a thread of its own in a server."""

    monkeypatch.setattr(shop.store, "write", write)
    draft = ScheduleDraft(shop.workspace, shop.principal, "s", Timing("0 9 * * *"), shop.target)
    begun = time.thread_time()
    longest = await longest_hold(shop.schedules.create_many([draft] * 5_000))
    assert longest < (time.thread_time() - begun) / 5


async def test_a_distinct_schedule_is_refused_where_the_target_has_the_same(shop: Workshop) -> None:
    def draft(**given: Any) -> ScheduleDraft:
        given = {"timing": Timing("0 9 * * *"), "input": {"n": 1}, "target_id": shop.target} | given
        return ScheduleDraft(shop.workspace, shop.principal, "s", **given)

    await shop.schedules.create(draft(), distinct=True)
    with pytest.raises(Conflict) as caught:
        await shop.schedules.create(draft(), distinct=True)
    assert caught.value.reason == "duplicate"
    assert await shop.schedules.count(ScheduleListing(shop.workspace, 10)) == 1
    await shop.schedules.create(draft(input={"n": 2}), distinct=True)
    other = await shop.schedules.create(draft(timing=Timing("0 10 * * *")), distinct=True)
    await shop.schedules.create(draft())
    with pytest.raises(Conflict):
        await shop.schedules.change(
            shop.who,
            other.id,
            lambda before: replace(before, definition=replace(before.definition, timing=Timing("0 9 * * *"))),
            distinct=True,
        )
    assert (await shop.again(other)).definition.timing == Timing("0 10 * * *")


async def test_an_edit_of_an_outdated_version_is_refused(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *")
    await shop.schedules.change(shop.who, schedule.id, renamed, expected_version=1)
    for do in (
        shop.schedules.change(shop.who, schedule.id, renamed, expected_version=1),
        shop.schedules.pause(shop.who, schedule.id, expected_version=1),
        shop.schedules.resume(shop.who, schedule.id, expected_version=1),
        shop.schedules.delete(shop.workspace, schedule.id, expected_version=1),
    ):
        with pytest.raises(Conflict) as caught:
            await do
        assert caught.value.reason == "version"
    assert (await shop.again(schedule)).version == 2


async def test_an_edit_to_a_timing_that_cannot_be_compiled_changes_nothing(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *")
    with pytest.raises(Invalid):
        await shop.schedules.change(
            shop.who,
            schedule.id,
            lambda before: replace(before, definition=replace(before.definition, timing=Timing("nonsense"))),
        )
    assert await shop.again(schedule) == schedule


async def test_pausing_twice_keeps_the_note_unless_there_is_a_new_one(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *")
    pause = shop.schedules.pause
    assert (await pause(shop.who, schedule.id, "holidays")).note == "holidays"
    assert (await pause(shop.who, schedule.id)).note == "holidays"
    assert (await pause(shop.who, schedule.id, "longer")).note == "longer"
    resumed = await shop.schedules.resume(shop.who, schedule.id)
    assert (resumed.state, resumed.note) == (ScheduleState.ACTIVE, None)


async def test_an_archived_schedule_can_be_neither_paused_nor_resumed(shop: Workshop) -> None:
    schedule = await archived(shop, await shop.schedule("* * * * *"))
    service = shop.schedules
    for attempt in (service.pause(shop.who, schedule.id), service.resume(shop.who, schedule.id)):
        with pytest.raises(Conflict, match="archived") as caught:
            await attempt
        assert caught.value.reason == "state"
    assert (await shop.again(schedule)).state is ScheduleState.ARCHIVED


async def test_a_completed_schedule_can_be_neither_paused_nor_resumed(shop: Workshop) -> None:
    schedule = await shop.schedule('{"once":"2026-03-01T12:00:30Z"}')
    await shop.tick(NOON + MINUTE)
    assert (await shop.again(schedule)).state is ScheduleState.COMPLETED
    service = shop.schedules
    for attempt in (service.pause(shop.who, schedule.id), service.resume(shop.who, schedule.id)):
        with pytest.raises(Conflict, match="completed"):
            await attempt


async def test_a_fire_by_hand_is_the_same_fire_for_a_repeated_request_within_a_day(shop: Workshop) -> None:
    schedule = await shop.schedule("0 0 1 1 *", paused=True)
    fire = await shop.schedules.fire_now(shop.who, schedule.id, "press")
    assert fire.kind is FireKind.MANUAL
    shop.clock.now += 24 * HOUR - 1
    assert (await shop.schedules.fire_now(shop.who, schedule.id, "press")).id == fire.id
    assert (await shop.schedules.fire_now(shop.who, schedule.id, "other")).id != fire.id
    assert (await shop.schedules.fire_now(shop.who, schedule.id)).id != fire.id
    shop.clock.now += 2
    assert (await shop.schedules.fire_now(shop.who, schedule.id, "press")).id != fire.id


async def test_a_backfill_fires_the_slots_of_its_range_ends_included(shop: Workshop) -> None:
    schedule = await shop.schedule("0 * * * *")
    backfill = shop.schedules.backfill
    fires = await backfill(shop.who, schedule.id, NOON - 2 * HOUR, NOON)
    assert [(fire.slot_ms, fire.kind) for fire in fires] == [
        (NOON - n * HOUR, FireKind.BACKFILL) for n in (2, 1, 0)
    ]
    assert [fire.id for fire in await backfill(shop.who, schedule.id, NOON - HOUR, NOON)] == [
        fire.id for fire in fires[1:]
    ]
    assert await backfill(shop.who, schedule.id, NOON - HOUR + 1, NOON - 1) == []
    again = await backfill(shop.who, schedule.id, NOON, NOON, "once more")
    assert again[0].id != fires[2].id


async def take_the_grant(shop: Workshop) -> None:
    await shop.store.write(tenancy.remove_grant, shop.workspace, shop.principal, EVERY_TARGET)


async def revoke_the_key(shop: Workshop) -> None:
    own = shop.who.key_id, shop.workspace, shop.principal
    key = NewKey(Key(*own, "k", "hint", ("*",), NOON), random_id(NOON) * 2)
    await shop.store.write(tenancy.create_key, key)
    await shop.store.write(tenancy.revoke_key, shop.workspace, key.key.id, NOON)


async def relabel(shop: Workshop) -> None:
    shop.store.connection.execute("UPDATE schedules SET labels = '{}'")


@pytest.mark.parametrize(
    ("take_away", "error"),
    [(take_the_grant, Forbidden), (revoke_the_key, Unauthorized), (relabel, Forbidden)],
)
async def test_a_backfill_goes_no_further_once_its_caller_may_not_fire_any_more(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, take_away: Any, error: type[Exception]
) -> None:
    monkeypatch.setattr(schedules, "BACKFILL_BATCH", 2)
    schedule = await shop.schedule("0 * * * *", labels={"team": "blue"}, timing={"anchor": 0})
    who = replace(shop.who, restriction=Restriction(labels={"team": "blue"}))
    write = shop.store.write

    async def then_take_away(*given: Any, **options: Any) -> Any:
        done = await write(*given, **options)
        monkeypatch.setattr(shop.store, "write", write)
        await take_away(shop)
        return done

    monkeypatch.setattr(shop.store, "write", then_take_away)
    with pytest.raises(error):
        await shop.schedules.backfill(who, schedule.id, NOON - 5 * HOUR, NOON)
    assert [*map(tuple, shop.rows("SELECT count(*) FROM runs"))] == [(2,)]


async def test_a_backfill_beyond_the_last_slot_of_a_schedule_fires_those_that_it_has(shop: Workshop) -> None:
    schedule = await shop.schedule('{"once":"2026-03-01T13:00:00Z"}')
    shop.clock.now = NOON + 3 * HOUR
    (fire,) = await shop.schedules.backfill(shop.who, schedule.id, NOON, NOON + 2 * HOUR)
    assert fire.slot_ms == NOON + HOUR


@pytest.mark.parametrize(
    ("from_ms", "to_ms"),
    [(NOON, NOON - 1), (NOON, NOON + 1), (NOON - BACKFILL_LIMIT * MINUTE, NOON)],
    ids=["reversed", "future", "too many"],
)
async def test_a_backfill_of_an_impossible_range_fires_nothing(
    shop: Workshop, from_ms: int, to_ms: int
) -> None:
    schedule = await shop.schedule("* * * * *")
    with pytest.raises(Invalid) as caught:
        await shop.schedules.backfill(shop.who, schedule.id, from_ms, to_ms)
    assert [problem.field for problem in caught.value.problems] == ["to"]
    assert await shop.schedules.fires(shop.workspace, schedule.id, 10) == []


async def test_a_backfill_of_ages_keeps_nobody_waiting(shop: Workshop) -> None:
    """It took a minute and more once, in the only writer of the database."""
    calendars = [
        {
            "month": [{"start": 1 + n % 12}],
            "day_of_month": [{"start": 1 + n % 28}],
            "hour": [{"start": n % 24}],
        }
        for n in range(32)
    ]
    schedule = await shop.schedule(canonical_spec({"calendars": calendars}))

    async def backfill() -> None:
        with pytest.raises(Invalid, match="more than the 10000 slots"):
            await shop.schedules.backfill(shop.who, schedule.id, -62_000_000_000_000, NOON)

    assert await longest_hold(backfill()) < 0.3
    assert await shop.schedules.fires(shop.workspace, schedule.id, 10) == []


async def test_a_large_backfill_is_written_in_parts(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    real = shop.store.write

    async def write(verb: Any, *args: Any) -> Any:
        found = await real(verb, *args)
        written.append(len(found))
        return found

    schedule = await shop.schedule("* * * * *")
    monkeypatch.setattr(shop.store, "write", write)
    fires = await shop.schedules.backfill(shop.who, schedule.id, NOON - 500 * MINUTE, NOON)
    assert [fire.slot_ms for fire in fires] == [NOON - n * MINUTE for n in range(500, -1, -1)]
    assert written == [BACKFILL_BATCH, BACKFILL_BATCH, 501 - 2 * BACKFILL_BATCH]


async def test_a_backfill_stops_where_its_schedule_is_changed_meanwhile(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = await shop.schedule("* * * * *")
    real = shop.store.write

    async def write(verb: Any, *args: Any) -> Any:
        found = await real(verb, *args)
        monkeypatch.setattr(shop.store, "write", real)
        await shop.schedules.change(
            shop.who,
            schedule.id,
            lambda one: replace(one, definition=replace(one.definition, timing=Timing("0 * * * *"))),
        )
        return found

    monkeypatch.setattr(shop.store, "write", write)
    with pytest.raises(Conflict):
        await shop.schedules.backfill(shop.who, schedule.id, NOON - 500 * MINUTE, NOON)
    assert len(await shop.schedules.fires(shop.workspace, schedule.id, 1_000)) == BACKFILL_BATCH


async def test_fires_are_listed_by_slot_and_as_they_happened(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", Policies())
    await shop.tick(NOON + MINUTE)
    await shop.schedules.backfill(shop.who, schedule.id, NOON - MINUTE, NOON - MINUTE)
    service, mine = shop.schedules, shop.workspace
    by_slot = [fire.slot_ms for fire in await service.fires(mine, schedule.id, 10)]
    assert by_slot == [NOON + MINUTE, NOON - MINUTE]
    happened = await service.fires_as_fired(mine, schedule.id, 10)
    assert {fire.slot_ms for fire in happened} == set(by_slot)
    (first,) = await service.fires_as_fired(mine, schedule.id, 1)
    rest = await service.fires_as_fired(mine, schedule.id, 10, (first.fired_ms, first.id))
    assert [first, *rest] == happened
    assert [fire.slot_ms for fire in await service.fires(mine, schedule.id, 10, kind="backfill")] == [
        NOON - MINUTE
    ]


async def test_whose_a_schedule_is_can_be_told_without_reading_it(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", dialect="m9m")
    assert await shop.schedules.whose(schedule.id) == (shop.workspace, "m9m", False)
    await shop.schedules.delete(shop.workspace, schedule.id)
    assert await shop.schedules.whose(schedule.id) == (shop.workspace, "m9m", True)
    assert await shop.schedules.whose(random_id(NOON)) is None


def test_problems_of_a_recurrence_stand_under_the_name_that_the_caller_uses() -> None:
    timing = Timing("61 25 * * *", zone="Mars/Base", start=9, end=5, dst_gap="no")
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(timing)
    fields = [problem.field for problem in recurrence_problems(caught.value, "cron")]
    assert fields == ["cron.minute", "cron.hour", "timezone", "dst_gap", "end"]
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(Timing("nonsense"))
    assert [problem.field for problem in recurrence_problems(caught.value, "cron")] == ["cron"]
    with pytest.raises(Invalid):
        compiled(timing)


@pytest.mark.parametrize(("now", "anchor"), [(5_000, 5), (5_001, 6), (5_999, 6)])
def test_what_counts_from_now_counts_from_the_next_whole_second(now: int, anchor: int) -> None:
    assert anchor_at("@every 1h", "native", now) == anchor
    assert anchor_at("0 9 * * *", "native", now) == 0


def test_only_a_single_instant_that_is_over_has_passed() -> None:
    once = Timing('{"once":"2026-03-01T12:00:00Z"}')
    assert not has_passed(once, NOON - 1)
    assert has_passed(once, NOON)
    assert not has_passed(Timing("* * * * *", end=NOON // 1000), NOON + HOUR)


def retimed(before: Schedule) -> Schedule:
    return replace(before, definition=replace(before.definition, timing=Timing("0 5 * * *")))


def given_input(before: Schedule) -> Schedule:
    return replace(before, definition=replace(before.definition, input={"of": "somebody else"}))


def active(before: Schedule) -> Schedule:
    return replace(before, state=ScheduleState.ACTIVE)


NEEDS_GRANT: dict[str, Callable[[ScheduleService, Identity, Id], Awaitable[Any]]] = {
    "another timing": lambda service, who, an_id: service.change(who, an_id, retimed),
    "another input": lambda service, who, an_id: service.change(who, an_id, given_input),
    "active again": lambda service, who, an_id: service.change(who, an_id, active),
    "resume": lambda service, who, an_id: service.resume(who, an_id),
    "fire now": lambda service, who, an_id: service.fire_now(who, an_id),
    "backfill": lambda service, who, an_id: service.backfill(who, an_id, NOON - HOUR, NOON),
}


@pytest.mark.parametrize("do", NEEDS_GRANT.values(), ids=NEEDS_GRANT)
async def test_what_changes_or_starts_a_schedule_needs_a_grant_on_its_target(shop: Workshop, do: Any) -> None:
    schedule = await shop.schedule("* * * * *")
    await shop.schedules.pause(shop.who, schedule.id)
    before = await shop.again(schedule)
    without, elsewhere = (caller(shop.workspace, STRANGER, granted) for granted in ((), (random_id(NOON),)))
    for who in (without, elsewhere):
        with pytest.raises(Forbidden):
            await do(shop.schedules, who, schedule.id)
    assert await shop.again(schedule) == before
    assert await shop.schedules.fires(shop.workspace, schedule.id, 10) == []
    stranger = Principal(STRANGER, shop.workspace, PrincipalType.PERSON, "stranger", NOON)
    await shop.store.write(tenancy.create_principal, stranger, [shop.target])
    await do(shop.schedules, caller(shop.workspace, STRANGER, (shop.target,)), schedule.id)


@pytest.mark.parametrize(("had", "given"), [(None, 2 * HOUR), (2 * HOUR, HOUR)], ids=["endless", "longer"])
async def test_to_let_a_pause_end_sooner_needs_a_grant_as_a_resumption_does(
    shop: Workshop, had: int | None, given: int
) -> None:
    schedule = await shop.schedule("* * * * *")
    await shop.schedules.pause(shop.who, schedule.id, until_ms=None if had is None else NOON + had)
    without = caller(shop.workspace, STRANGER, ())
    with pytest.raises(Forbidden):
        await shop.schedules.pause(without, schedule.id, until_ms=NOON + given)
    if had is not None:
        await shop.schedules.pause(without, schedule.id, until_ms=NOON + had + HOUR)
    await shop.schedules.pause(shop.who, schedule.id, until_ms=NOON + given)


async def test_a_schedule_cannot_be_moved_to_a_target_without_a_grant_on_it(shop: Workshop) -> None:
    schedule, other = await shop.schedule("* * * * *"), shop.make_target()

    def moved(before: Schedule) -> Schedule:
        return replace(before, definition=replace(before.definition, target_id=other))

    with pytest.raises(Forbidden):
        await shop.schedules.change(caller(shop.workspace, STRANGER, (shop.target,)), schedule.id, moved)
    await shop.schedules.change(caller(shop.workspace, STRANGER, (other,)), schedule.id, moved)


async def test_a_schedule_takes_no_secrets_along_to_another_target(shop: Workshop) -> None:
    """Neither by a single change nor by an action on many, which has no other check than the change itself."""
    schedule = await shop.schedule("* * * * *", environment=b"sealed")
    other = await shop.store.read(get_target, shop.workspace, shop.make_target())
    with pytest.raises(Invalid, match="given for its present target"):
        retargeting(other)(schedule)
    with pytest.raises(Invalid, match="given for its present target"):
        await shop.schedules.change(
            shop.who,
            schedule.id,
            lambda before: replace(before, definition=replace(before.definition, target_id=other.id)),
        )


async def test_stopping_renaming_and_deleting_need_no_grant(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *")
    without = caller(shop.workspace, STRANGER, ())
    await shop.schedules.change(without, schedule.id, renamed)
    await shop.schedules.change(without, schedule.id, lambda before: replace(before, labels={"a": "b"}))
    await shop.schedules.change(
        without, schedule.id, lambda before: replace(before, state=ScheduleState.PAUSED)
    )
    assert (await shop.again(schedule)).state is ScheduleState.PAUSED


@pytest.mark.parametrize(
    ("had", "given", "needs_grant"),
    [
        ({"until_ms": None}, {"until_ms": None}, False),
        ({"until_ms": None}, {"until_ms": 5}, True),
        ({"until_ms": 5}, {"until_ms": 4}, True),
        ({"until_ms": 5}, {"until_ms": 5}, False),
        ({"until_ms": 5}, {"until_ms": 6}, False),
        ({"catch_up": CatchUp.NONE}, {"catch_up": CatchUp.LATEST}, True),
        ({"catch_up": CatchUp.LATEST}, {"catch_up": CatchUp.ALL}, True),
        ({"catch_up": CatchUp.ALL}, {"catch_up": CatchUp.LATEST}, True),
        ({"catch_up": CatchUp.ALL}, {"catch_up": CatchUp.ALL}, False),
        ({"catch_up": CatchUp.ALL}, {"catch_up": CatchUp.NONE}, False),
        (None, {"until_ms": 5, "catch_up": CatchUp.ALL}, False),
    ],
)
async def test_to_change_a_pause_needs_a_grant_only_where_more_fires_by_it_or_sooner(
    shop: Workshop, had: dict[str, Any] | None, given: dict[str, Any], needs_grant: bool
) -> None:
    before = await shop.schedule("* * * * *")
    if had is not None:
        before = pausing(shop.who, **had)(before)
    without = caller(shop.workspace, STRANGER, ())
    if needs_grant:
        with pytest.raises(Forbidden):
            pausing(without, **given)(before)
    else:
        pausing(without, **given)(before)


async def test_to_resume_what_is_not_paused_changes_nothing_whatever_is_to_be_caught_up(
    shop: Workshop,
) -> None:
    schedule = await shop.schedule("* * * * *")
    for catch_up in (None, *CatchUp):
        assert await shop.schedules.resume(shop.who, schedule.id, catch_up=catch_up) == schedule
