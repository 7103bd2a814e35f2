"""What became of an instant, and what will happen next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from horarium.domain.errors import NotFound
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.fire import Fire, FireState, Span
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import AfterPause, CatchUp, Policies, Schedule, ScheduleState
from horarium.domain.windows import Holds, Window
from horarium.service.explain import (
    LEAST_PASSED,
    MOST_PASSED,
    _judge,
    _not_held,
    foreseeing,
    preview,
    previewing,
    upcoming,
)
from horarium.service.turns import at_once
from horarium.store.verbs.pauses import write_pauses
from horarium.times import RecurrenceError, Timing, canonical_spec, jitter_ms
from tests.support.workshop import NOON, Workshop

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LATE = Outcome(Verdict.ACCEPTED, status=202)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Workshop]:
    opened = await Workshop.open()
    yield opened
    await opened.close()


async def verdict(shop: Workshop, schedule: Schedule, at_ms: int) -> str:
    return (await shop.explain.explain(shop.workspace, schedule.id, at_ms)).verdict


async def test_a_fire_is_explained_with_its_lateness_and_its_version(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE + 250)
    found = await shop.explain.explain(shop.workspace, schedule.id, NOON + MINUTE + 999)
    assert (found.verdict, found.at_ms, found.version) == ("fired", NOON + MINUTE, 1)
    assert found.sentence == "it fired 250 ms after it was due, and it has completed"
    assert found.local == "2026-03-01T12:01:00+00:00"
    assert found.fire is not None
    assert found.fire.slot_ms == NOON + MINUTE
    assert found.next_slot_ms == NOON + 2 * MINUTE


async def test_the_next_fires_of_a_quick_schedule_are_those_after_a_long_pause_to_the_second(
    shop: Workshop,
) -> None:
    schedule = await shop.schedule("rate(1 second)")
    until = NOON + 10 * DAY
    paused = Pause(random_id(NOON), shop.workspace, None, NOON, until, CatchUp.NONE)
    await shop.store.write(write_pauses, [paused])
    found = await shop.explain.next_fires(shop.workspace, [schedule])
    assert found == {schedule.id: until}


async def test_an_instant_between_slots_is_none(shop: Workshop) -> None:
    schedule = await shop.schedule("0 * * * *")
    found = await shop.explain.explain(shop.workspace, schedule.id, NOON + MINUTE)
    assert (found.verdict, found.next_slot_ms) == ("no_slot", NOON + HOUR)
    shop.clock.now = NOON + 3 * HOUR
    await shop.schedules.pause(shop.who, schedule.id)
    assert await verdict(shop, schedule, NOON + MINUTE) == "no_slot"


async def test_what_overlap_held_back_or_dropped_says_so(shop: Workshop) -> None:
    shop.executor.answer = LATE
    target = shop.make_target(completion="callback")
    policies = Policies(overlap=Overlap.BUFFER_ONE)
    schedule = await shop.schedule("* * * * *", policies, target_id=target)
    for minute in (1, 2, 3):
        await shop.tick(NOON + minute * MINUTE)
    assert [await verdict(shop, schedule, NOON + n * MINUTE) for n in (1, 2, 3)] == [
        "fired",
        "waiting",
        "skipped",
    ]


async def test_what_was_missed_paused_or_cancelled_says_so(shop: Workshop) -> None:
    schedule = await shop.schedule("0 * * * *", Policies(catch_up=CatchUp.NONE))
    await shop.tick(NOON + HOUR + 10 * MINUTE)
    assert await verdict(shop, schedule, NOON + HOUR) == "missed"
    await shop.schedules.pause(shop.who, schedule.id)
    assert await verdict(shop, schedule, NOON + 2 * HOUR) == "paused"
    shop.clock.now = NOON + 3 * HOUR + MINUTE
    await shop.schedules.resume(shop.who, schedule.id)
    assert [await verdict(shop, schedule, NOON + n * HOUR) for n in (2, 3, 4)] == [
        "paused",
        "paused",
        "upcoming",
    ]


async def test_a_slot_after_the_known_end_of_a_pause_is_upcoming(shop: Workshop) -> None:
    schedule, until = await shop.schedule("0 * * * *"), NOON + 3 * HOUR
    await shop.schedules.pause(shop.who, schedule.id, until_ms=until)
    found = [await shop.explain.explain(shop.workspace, schedule.id, NOON + n * HOUR) for n in (2, 3)]
    assert [each.verdict for each in found] == ["paused", "upcoming"]
    assert found[0].sentence == (
        "the schedule is paused; this slot will not fire (from 2026-03-01T12:00:00Z to 2026-03-01T15:00:00Z)"
    )
    assert found[1].sentence == "it is due in 3 h, when the pause of the schedule is over"
    assert found[1].pause is None
    shop.clock.now = until
    assert await verdict(shop, schedule, until) == "due"
    await shop.schedules.resume(shop.who, schedule.id)
    await shop.tick(until)
    assert await verdict(shop, schedule, until) == "fired"


@pytest.mark.parametrize(("max_fires", "seen"), [(None, [3, 4, 5]), (2, [3, 4])])
async def test_a_schedule_that_is_paused_until_an_instant_fires_next_at_the_first_slot_from_then_on(
    shop: Workshop, max_fires: int | None, seen: list[int]
) -> None:
    made = await shop.schedule("0 * * * *", Policies(max_fires=max_fires))
    schedule = await shop.schedules.pause(shop.who, made.id, until_ms=NOON + 3 * HOUR)
    found = upcoming(schedule, NOON, 3).occurrences
    assert [each.instant * 1000 for each in found] == [NOON + n * HOUR for n in seen]
    assert await shop.explain.next_fires(shop.workspace, [schedule]) == {made.id: NOON + 3 * HOUR}
    whole = Pause(random_id(NOON), shop.workspace, None, NOON, NOON + 4 * HOUR, CatchUp.NONE)
    await shop.store.write(write_pauses, [whole])
    assert await shop.explain.next_fires(shop.workspace, [schedule]) == {made.id: NOON + 4 * HOUR}
    for_ever = await shop.schedules.pause(shop.who, made.id, clears=("until",))
    assert await shop.explain.next_fires(shop.workspace, [for_ever]) == {made.id: None}


async def test_what_a_schedule_fires_after_a_pause_comes_with_its_delay(shop: Workshop) -> None:
    made = await shop.schedule("0 * * * *", Policies(jitter_ms=60_000))
    schedule = await shop.schedules.pause(shop.who, made.id, until_ms=NOON + 150 * MINUTE)
    due = NOON + 3 * HOUR + jitter_ms(made.id, 60_000)
    assert await shop.explain.next_fires(shop.workspace, [schedule]) == {made.id: due}


async def test_a_pause_of_the_workspace_holds_a_slot_back_after_the_end_of_that_of_the_schedule(
    shop: Workshop,
) -> None:
    schedule = await shop.schedule("0 * * * *")
    await shop.schedules.pause(shop.who, schedule.id, until_ms=NOON + 3 * HOUR)
    whole = Pause(random_id(NOON), shop.workspace, None, NOON, NOON + 4 * HOUR, CatchUp.NONE)
    await shop.store.write(write_pauses, [whole])
    found = [await shop.explain.explain(shop.workspace, schedule.id, NOON + n * HOUR) for n in (3, 4)]
    assert [each.verdict for each in found] == ["workspace_paused", "upcoming"]
    assert found[0].pause == whole


@pytest.mark.parametrize(
    ("expression", "policies", "catch_up", "words"),
    [
        (
            "0 * * * *",
            Policies(),
            CatchUp.NONE,
            "this slot will not fire, unless the schedule is resumed before",
        ),
        (
            "0 * * * *",
            Policies(),
            CatchUp.LATEST,
            "what becomes of this slot is decided when the pause is over",
        ),
        ("0 * * * *", Policies(), CatchUp.ALL, "what becomes of this slot is decided when the pause is over"),
        (
            "at(2026-03-01T13:00:00)",
            Policies(after_pause=AfterPause.FIRE),
            CatchUp.NONE,
            "what becomes of this slot is decided when the pause is over",
        ),
    ],
)
async def test_a_slot_of_a_pause_that_goes_on_is_not_given_up_before_that_is_decided(
    shop: Workshop, expression: str, policies: Policies, catch_up: CatchUp, words: str
) -> None:
    schedule = await shop.schedule(expression, policies)
    await shop.schedules.pause(shop.who, schedule.id)
    await shop.schedules.pause(shop.who, schedule.id, catch_up=catch_up)
    found = await shop.explain.explain(shop.workspace, schedule.id, NOON + HOUR)
    assert found.sentence == f"the schedule is paused; {words} (from 2026-03-01T12:00:00Z)"
    assert found.pause is not None
    assert (found.verdict, found.pause.catch_up) == ("paused", catch_up)


async def test_before_its_creation_a_schedule_owes_nothing(shop: Workshop) -> None:
    schedule = await shop.schedule("0 * * * *")
    assert await verdict(shop, schedule, NOON - HOUR) == "before_creation"


async def test_a_slot_to_come_is_upcoming_until_its_due_instant_and_then_due(shop: Workshop) -> None:
    window = 10 * MINUTE
    schedule = await shop.schedule("0 * * * *", Policies(jitter_ms=window))
    delay = jitter_ms(schedule.id, window)
    shop.clock.now = NOON + HOUR + delay - 1
    assert await verdict(shop, schedule, NOON + HOUR) == "upcoming"
    shop.clock.now += 1
    assert await verdict(shop, schedule, NOON + HOUR) == "due"


async def test_an_ended_schedule_says_why(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", Policies(max_fires=1))
    await shop.tick(NOON + MINUTE)
    found = await shop.explain.explain(shop.workspace, schedule.id, NOON + 5 * MINUTE)
    assert found.verdict == "ended"
    assert "max_fires" in found.sentence


async def test_an_instant_is_explained_by_the_definition_that_ruled_then(shop: Workshop) -> None:
    schedule = await shop.schedule("0 13 * * *")
    await shop.tick(NOON + HOUR)
    shop.clock.now = NOON + 2 * HOUR
    await shop.schedules.change(
        shop.who,
        schedule.id,
        lambda before: replace(before, definition=replace(before.definition, timing=Timing("30 9 * * *"))),
    )
    then = await shop.explain.explain(shop.workspace, schedule.id, NOON + HOUR)
    now = await shop.explain.explain(shop.workspace, schedule.id, NOON + 3 * HOUR)
    assert (then.verdict, then.version, then.description) == ("fired", 1, "At 13:00, every day, UTC time")
    assert (now.verdict, now.version, now.description) == ("no_slot", 2, "At 09:30, every day, UTC time")


async def test_the_ledger_holds_fires_and_spans_in_the_order_of_slots(shop: Workshop) -> None:
    schedule = await shop.schedule("0 * * * *", Policies(catch_up=CatchUp.LATEST))
    await shop.tick(NOON + HOUR)
    await shop.tick(NOON + 4 * HOUR + 10 * MINUTE)
    await shop.schedules.fire_now(shop.who, schedule.id)

    async def entries(from_ms: int, to_ms: int, limit: int = 10) -> list[tuple[str, int]]:
        found = await shop.explain.ledger(shop.workspace, schedule.id, from_ms, to_ms, limit)
        return [
            ("fire", entry.slot_ms) if isinstance(entry, Fire) else (entry.reason.value, entry.first_ms)
            for entry in found
        ]

    whole = [("fire", NOON + HOUR), ("missed", NOON + 2 * HOUR), ("fire", NOON + 4 * HOUR)]
    assert await entries(NOON, NOON + DAY) == whole
    assert await entries(NOON, NOON + DAY, 2) == whole[:2]
    assert await entries(NOON + 2 * HOUR, NOON + 3 * HOUR) == whole[1:2]
    span = (await shop.explain.ledger(shop.workspace, schedule.id, NOON, NOON + DAY, 10))[1]
    assert isinstance(span, Span)
    assert span.count == 2


async def test_another_workspace_is_told_nothing(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *")
    stranger = random_id(NOON)
    with pytest.raises(NotFound):
        await shop.explain.explain(stranger, schedule.id, NOON)
    with pytest.raises(NotFound):
        await shop.explain.ledger(stranger, schedule.id, NOON, NOON + DAY, 10)


def test_a_preview_names_the_next_slots() -> None:
    found = preview(Timing("0 9 * * *", zone="Europe/Berlin"), NOON, 2)
    assert [occurrence.local for occurrence in found.occurrences] == [
        "2026-03-02T09:00:00+01:00",
        "2026-03-03T09:00:00+01:00",
    ]
    assert found.description == "At 09:00, every day, Europe/Berlin time"
    assert preview(Timing("0 9 * * *"), NOON, 0).occurrences == ()
    with pytest.raises(RecurrenceError):
        preview(Timing("nonsense"), NOON, 1)


async def test_the_next_slots_of_a_schedule_come_with_its_delay(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", Policies(jitter_ms=1_000))
    assert upcoming(schedule, NOON, 1).delay_ms == jitter_ms(schedule.id, 1_000)


async def test_what_is_not_on_the_clock_has_nothing_to_come(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *", Policies(max_fires=3))
    assert len(upcoming(schedule, NOON, 10).occurrences) == 3
    assert len(upcoming(schedule, NOON, 2).occurrences) == 2
    await shop.tick(NOON + MINUTE)
    assert len(upcoming(await shop.again(schedule), NOON + MINUTE, 10).occurrences) == 2
    for fires, left in ((2, 1), (3, 0), (4, 0)):
        done = replace(schedule, progress=replace(schedule.progress, fires=fires))
        assert len(upcoming(done, NOON, 10).occurrences) == left
    for state in ScheduleState:
        expected = 3 if state is ScheduleState.ACTIVE else 0
        assert len(upcoming(replace(schedule, state=state), NOON, 10).occurrences) == expected


@pytest.mark.parametrize(
    ("before_ms", "words"),
    [
        (45_000, "45 s"),
        (60_000, "1 min"),
        (61_000, "1 min 1 s"),
        (3_600_000, "1 h"),
        (3_601_000, "1 h 1 s"),
        (90_061_000, "1 d 1 h"),
        (86_400_000, "1 d"),
        (44_001, "45 s"),
    ],
)
async def test_how_long_a_slot_is_ahead_is_told_in_its_two_largest_units(
    shop: Workshop, before_ms: int, words: str
) -> None:
    schedule = await shop.schedule("0 12 4 3 *")
    slot = NOON + 3 * DAY
    shop.clock.now = slot - before_ms
    found = await shop.explain.explain(shop.workspace, schedule.id, slot)
    assert (found.verdict, found.sentence) == ("upcoming", f"it is due in {words}")


async def test_an_explanation_names_the_slots_on_both_sides(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * *")
    sides = []
    for at in (NOON + MINUTE, NOON + 2 * MINUTE, NOON + 2 * MINUTE + 30_000):
        found = await shop.explain.explain(shop.workspace, schedule.id, at)
        sides.append((found.previous_slot_ms, found.next_slot_ms))
    assert sides == [
        (None, NOON + 2 * MINUTE),  # it was made at noon, so it had no slot before
        (NOON + MINUTE, NOON + 3 * MINUTE),
        (NOON + 2 * MINUTE, NOON + 3 * MINUTE),
    ]


async def test_a_slot_in_whose_delay_a_pause_ended_is_one_of_the_pause(shop: Workshop) -> None:
    window = 10 * MINUTE
    schedule = await shop.schedule("0 * * * *", Policies(jitter_ms=window))
    slot = NOON + HOUR
    due = slot + jitter_ms(schedule.id, window)
    assert due > slot + 2
    shop.clock.now = slot - MINUTE
    await shop.schedules.pause(shop.who, schedule.id)
    shop.clock.now = slot + 1
    await shop.schedules.resume(shop.who, schedule.id)
    found = await shop.explain.explain(shop.workspace, schedule.id, slot)
    assert found.pause is not None
    assert (found.verdict, found.pause.ends_ms) == ("paused", slot + 1)
    await shop.tick(due)
    assert await verdict(shop, schedule, slot) == "paused"


@pytest.mark.parametrize("after_ms", [0, HOUR])
async def test_a_slot_of_a_pause_that_is_over_is_one_of_the_pause_also_before_that_is_entered(
    shop: Workshop, after_ms: int
) -> None:
    schedule, slot = await shop.schedule("0 * * * *"), NOON + HOUR
    over = slot + MINUTE
    held = Pause(random_id(NOON), shop.workspace, None, slot, over, CatchUp.NONE, None)
    await shop.store.write(write_pauses, [held])
    shop.clock.now = over + after_ms
    found = await shop.explain.explain(shop.workspace, schedule.id, slot)
    assert (found.verdict, found.pause) == ("workspace_paused", held)
    assert await verdict(shop, schedule, slot + HOUR) == ("due" if after_ms else "upcoming")
    await shop.tick(over + after_ms)
    assert await verdict(shop, schedule, slot) == "workspace_paused"


@pytest.mark.parametrize(
    ("late_ms", "words"), [(0, "0 ms"), (9_999, "9999 ms"), (10_000, "10 s"), (61_999, "1 min 1 s")]
)
async def test_how_late_a_fire_was_is_exact_below_ten_seconds(
    shop: Workshop, late_ms: int, words: str
) -> None:
    schedule = await shop.schedule("0 * * * *")
    await shop.tick(NOON + HOUR + late_ms)
    found = await shop.explain.explain(shop.workspace, schedule.id, NOON + HOUR)
    assert found.sentence == f"it fired {words} after it was due, and it has completed"


async def test_a_fire_whose_only_run_failed_says_why(shop: Workshop) -> None:
    shop.executor.answer = Outcome(Verdict.FAILED, error="the target answered 404 Not Found", retryable=False)
    schedule = await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    found = await shop.explain.explain(shop.workspace, schedule.id, NOON + MINUTE)
    assert found.sentence == (
        "it fired 0 ms after it was due, and it has failed: the target answered 404 Not Found"
    )
    fires = await shop.schedules.fires(shop.workspace, schedule.id, 10)
    assert [fire.error for fire in fires] == ["the target answered 404 Not Found"]


async def test_a_fire_whose_run_is_tried_again_has_not_failed_yet(shop: Workshop) -> None:
    shop.executor.answer = Outcome(Verdict.FAILED, error="the target answered 500 Internal Server Error")
    schedule = await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    found = await shop.explain.explain(shop.workspace, schedule.id, NOON + MINUTE)
    assert found.sentence == "it fired 0 ms after it was due, and it is running"
    assert found.fire is not None
    assert found.fire.error is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (FireState.RESOLVING, "its audience is being read"),
        (FireState.RUNNING, "it is running"),
        (FireState.PARTIAL, "not all of it has succeeded"),
        (FireState.FAILED, "it has failed"),
        (FireState.CANCELLED, "it was cancelled"),
    ],
)
def test_what_a_fire_has_come_to_is_told_in_words(state: FireState, words: str) -> None:
    fire: Any = SimpleNamespace(state=state, fired_ms=250, due_ms=0, error=None)
    schedule: Any = None
    told = _judge(schedule, Policies(), 0, 0, True, [fire], [], False)
    assert told == ("fired", f"it fired 250 ms after it was due, and {words}")


async def test_a_schedule_owes_what_comes_after_the_instant_of_its_creation(shop: Workshop) -> None:
    schedule = await shop.schedule("* * * * * *")
    at = schedule.created_ms
    seen = [await verdict(shop, schedule, at + seconds * 1_000) for seconds in (-1, 0, 1)]
    assert seen == ["before_creation", "before_creation", "upcoming"]
    assert (await shop.explain.explain(shop.workspace, schedule.id, at + 1_000)).previous_slot_ms in (
        None,
        at,
    )


def test_next_fires_behind_windows_of_very_many_recurrences_are_looked_for_as_far_as_that_stays_quick() -> (
    None
):
    midnights = canonical_spec({"calendars": [{"second": [second]} for second in range(31)]})
    asked: list[int] = []

    class Counted(Holds):
        def behind(self, due_ms: int) -> Pause | None:
            asked.append(self.asked)
            return super().behind(due_ms)

    def window(spec: str) -> Window:
        timing = Timing(spec, zone="UTC")
        return Window(random_id(0), random_id(0), None, timing, HOUR, CatchUp.NONE, NOON, NOON)

    def next_fires(holds: Holds) -> tuple[int, int]:
        asked.clear()
        found = at_once(_not_held(Timing("0 0 * * *"), NOON, 1, 0, holds))
        return len(found), len(asked)

    assert next_fires(Counted(windows=(window("0 0 * * *"),))) == (0, MOST_PASSED)
    assert next_fires(Counted(windows=tuple(window(midnights) for _ in range(20)))) == (0, LEAST_PASSED)


async def test_a_long_preview_lets_others_work_in_between(shop: Workshop) -> None:
    schedule = await shop.schedule("0 9 * * *")
    steps = 0
    for _ in foreseeing(schedule, NOON, 100):
        steps += 1
    for _ in previewing(schedule.definition.timing, NOON, 100):
        steps += 1
    assert steps >= 198
