"""The plan: what a schedule owes at a moment."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.domain.fire import SpanReason
from horarium.domain.overlap import Decision, Overlap
from horarium.domain.pauses import Closure
from horarium.domain.plan import Firing, Passed, passed_between, plan, repeated_local_time
from horarium.domain.run import Missed
from horarium.domain.schedule import CatchUp, OverlapScope, Policies
from horarium.times import Timing, compile_timing

HOURLY = compile_timing(Timing("0 * * * *"))
SECONDLY = compile_timing(Timing("* * * * * *"))
ONCE = compile_timing(Timing('{"once":"2026-03-01T12:00:00Z"}'))
DAILY = compile_timing(Timing("0 12 * * *"))
NOON = 1_772_366_400_000  # 2026-03-01T12:00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
ALLOW = Policies(overlap=Overlap.ALLOW)


def asked(recurrence, policies, since, now, **state):
    state = {"fires": 0, "in_flight": 0, "waiting": 0} | state
    return plan(recurrence, policies, since, state["fires"], state["in_flight"], state["waiting"], now)


def test_nothing_is_due_before_the_slot():
    found = asked(HOURLY, ALLOW, NOON - HOUR, NOON - 1)
    assert found.entries == ()
    assert found.next_slot == NOON
    assert found.accounted_to == NOON - HOUR


def test_a_slot_is_due_at_its_very_instant():
    found = asked(HOURLY, ALLOW, NOON - HOUR, NOON)
    assert found.entries == (Firing(NOON, Decision.START),)
    assert (found.accounted_to, found.next_slot) == (NOON, NOON + HOUR)


def test_slots_within_the_grace_are_merely_late_and_each_fires():
    found = asked(SECONDLY, ALLOW, NOON, NOON + 5_000)
    assert [entry.slot_ms for entry in found.entries] == [NOON + 1000 * n for n in range(1, 6)]


def test_after_downtime_the_latest_slot_fires_once_and_tells_how_many_were_missed():
    found = asked(HOURLY, ALLOW, NOON, NOON + 3 * HOUR + 60_000)
    missed = Missed(2, NOON + HOUR, NOON + 2 * HOUR)
    assert found.entries == (
        Passed(NOON + HOUR, NOON + 2 * HOUR, 2, SpanReason.MISSED),
        Firing(NOON + 3 * HOUR, Decision.START, missed),
    )
    assert found.next_slot == NOON + 4 * HOUR


def test_a_slot_older_than_the_window_is_missed_for_good():
    policies = replace(ALLOW, catch_up_window_ms=10 * 60_000)
    found = asked(HOURLY, policies, NOON, NOON + 2 * HOUR + 11 * 60_000)
    assert found.entries == (Passed(NOON + HOUR, NOON + 2 * HOUR, 2, SpanReason.MISSED),)
    assert found.next_slot == NOON + 3 * HOUR


def test_catch_up_none_leaves_out_what_is_beyond_the_grace_only():
    policies = replace(ALLOW, catch_up=CatchUp.NONE)
    found = asked(HOURLY, policies, NOON, NOON + 2 * HOUR + 10_000)
    assert found.entries == (
        Passed(NOON + HOUR, NOON + HOUR, 1, SpanReason.MISSED),
        Firing(NOON + 2 * HOUR, Decision.START),
    )


def test_catch_up_all_fires_each_up_to_its_limit():
    policies = replace(ALLOW, catch_up=CatchUp.ALL, catch_up_limit=3)
    found = asked(HOURLY, policies, NOON, NOON + 10 * HOUR)
    assert found.entries[0] == Passed(NOON + HOUR, NOON + 7 * HOUR, 7, SpanReason.MISSED)
    assert [entry.slot_ms for entry in found.entries[1:]] == [NOON + n * HOUR for n in (8, 9, 10)]


def test_a_one_shot_fires_however_late():
    found = asked(ONCE, Policies(), NOON - HOUR, NOON + 400 * 24 * HOUR)
    assert found.entries == (Firing(NOON, Decision.START),)
    assert (found.next_slot, found.ended) == (None, "exhausted")


@pytest.mark.parametrize("recurrence", [ONCE, HOURLY])
@pytest.mark.parametrize("catch_up", CatchUp)
def test_a_pause_that_is_over_takes_no_slot_that_comes_after_it(recurrence, catch_up):
    pause = Closure(NOON - 50 * 60_000, NOON - 20 * 60_000, catch_up, SpanReason.PAUSED)
    found = plan(recurrence, Policies(), NOON - 55 * 60_000, 0, 0, 0, NOON - 60_000, closures=[pause])
    assert (found.entries, found.next_slot) == ((), NOON)


def test_the_last_of_max_fires_ends_the_schedule():
    policies = replace(ALLOW, max_fires=2)
    assert asked(HOURLY, policies, NOON - HOUR, NOON, fires=0).ended is None
    last = asked(HOURLY, policies, NOON - HOUR, NOON, fires=1)
    assert last.ended == "max_fires"
    assert (last.next_slot, last.paused) == (None, False)


def test_max_fires_is_never_exceeded_in_one_plan():
    found = asked(SECONDLY, replace(ALLOW, max_fires=3), NOON, NOON + 10_000)
    assert len(found.entries) == 3
    assert (found.accounted_to, found.next_slot, found.ended) == (NOON + 3_000, None, "max_fires")
    assert not found.paused


@pytest.mark.parametrize(("fires", "ended"), [(1, None), (2, "max_fires"), (3, "max_fires")])
def test_a_schedule_that_has_fired_as_often_as_it_may_is_ended_though_nothing_is_due(fires, ended):
    found = asked(HOURLY, replace(ALLOW, max_fires=2), NOON, NOON + 1, fires=fires)
    assert (found.entries, found.accounted_to, found.ended) == ((), NOON, ended)
    assert found.next_slot == (NOON + HOUR if ended is None else None)


def test_skipped_slots_do_not_count_as_fires_and_join_into_one_span():
    found = asked(SECONDLY, Policies(max_fires=5), NOON, NOON + 10_000, in_flight=1, fires=4)
    assert found.entries == (Passed(NOON + 1_000, NOON + 10_000, 10, SpanReason.SKIPPED),)
    assert found.ended is None


def test_the_first_of_several_late_slots_starts_and_skip_drops_the_others():
    found = asked(SECONDLY, Policies(), NOON, NOON + 3_000)
    assert found.entries == (
        Firing(NOON + 1_000, Decision.START),
        Passed(NOON + 2_000, NOON + 3_000, 2, SpanReason.SKIPPED),
    )


def test_a_year_of_every_second_is_one_span():
    year = 365 * 24 * HOUR
    span = passed_between(SECONDLY, NOON, NOON + year, SpanReason.PAUSED)
    assert span == Passed(NOON + 1_000, NOON + year, year // 1000, SpanReason.PAUSED)


@pytest.mark.parametrize(
    ("recurrence", "after", "upto", "span"),
    [
        (ONCE, NOON, NOON + HOUR, None),
        (ONCE, NOON - 1, NOON, Passed(NOON, NOON, 1, SpanReason.PAUSED)),
        (HOURLY, NOON, NOON + HOUR - 1, None),
        (HOURLY, NOON, NOON + HOUR, Passed(NOON + HOUR, NOON + HOUR, 1, SpanReason.PAUSED)),
        (HOURLY, NOON, NOON, None),
    ],
)
def test_the_slots_between_two_instants_are_those_behind_the_first_up_to_the_second(
    recurrence, after, upto, span
):
    assert passed_between(recurrence, after, upto, SpanReason.PAUSED) == span


@pytest.mark.parametrize(
    ("recurrence", "fired", "old_next", "again"),
    [
        (DAILY, NOON - HOUR, NOON + 23 * HOUR, NOON),
        (DAILY, NOON - HOUR, NOON + 24 * HOUR, None),  # the slots after it have not moved alike
        (DAILY, NOON - HOUR, NOON, None),
        (DAILY, NOON - HOUR, None, None),
        (DAILY, NOON + HOUR, NOON + 25 * HOUR, None),  # an hour earlier: the next one has not fired
        (DAILY, NOON + 11 * HOUR, NOON + 35 * HOUR, None),
        (DAILY, NOON - 11 * HOUR, NOON + 13 * HOUR, NOON),
        (ONCE, NOON - HOUR, NOON + 23 * HOUR, None),  # nothing follows
        (ONCE, NOON, NOON + 23 * HOUR, None),
    ],
)
def test_a_slot_is_a_repeat_where_it_and_the_one_after_it_have_moved_alike(
    recurrence, fired, old_next, again
):
    assert repeated_local_time(recurrence, fired, old_next) == again


SPECS = st.sampled_from(
    [
        "* * * * *",
        "*/7 * * * *",
        "30 2 * * *",
        "0 9 * * MON-FRI",
        "*/20 * * * * *",
        "0 0 1 * *",
        "15,45 */3 * * *",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    spec=SPECS,
    zone=st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"]),
    start=st.integers(1_740_000_000, 1_780_000_000),
    steps=st.lists(st.integers(1, 40_000), min_size=1, max_size=12),
    overlap=st.sampled_from(list(Overlap)),
    catch_up=st.sampled_from(list(CatchUp)),
    grace=st.sampled_from([0, 30_000, 600_000]),
    open_fires=st.integers(0, 2),
)
def test_every_slot_is_covered_exactly_once_whatever_the_policies(
    spec, zone, start, steps, overlap, catch_up, grace, open_fires
):
    """Plans at arbitrary moments: their entries tile the slots, in order, without gap or overlap."""
    recurrence = compile_timing(Timing(spec, zone=zone))
    policies = Policies(overlap=overlap, catch_up=catch_up, grace_ms=grace)
    accounted = now = start * 1000
    covered = 0
    for step in steps:
        now += step * 1000
        found = plan(recurrence, policies, accounted, 0, open_fires, 0, now)
        last = accounted
        for entry in found.entries:
            first = entry.slot_ms if isinstance(entry, Firing) else entry.first_ms
            assert recurrence.next_after(last // 1000) == first // 1000
            if isinstance(entry, Passed):
                assert recurrence.count_between(last // 1000, entry.last_ms // 1000) == entry.count
            covered += 1 if isinstance(entry, Firing) else entry.count
            last = entry.slot_ms if isinstance(entry, Firing) else entry.last_ms
        assert last == found.accounted_to or not found.entries
        assert last <= now
        accounted = found.accounted_to
        following = recurrence.next_after(accounted // 1000)
        assert found.next_slot == (None if following is None else following * 1000)
        assert following is None or following * 1000 > now
    assert covered == recurrence.count_between(start, now // 1000)


@pytest.mark.parametrize("jitter", [0, 5_000])
def test_jitter_holds_a_slot_back_until_its_due_instant(jitter):
    found = plan(HOURLY, ALLOW, NOON - HOUR, 0, 0, 0, NOON + 4_999 - jitter)
    assert bool(found.entries) is (jitter == 0)


@pytest.mark.parametrize("catch_up", list(CatchUp))
def test_jitter_beyond_grace_and_window_makes_no_slot_late(catch_up):
    """Lateness counts from the due instant: a slot that is due now is on time, however long ago it was."""
    policies = replace(ALLOW, catch_up=catch_up, jitter_ms=45_000, grace_ms=5_000, catch_up_window_ms=10_000)
    found = plan(HOURLY, policies, NOON - HOUR, 0, 0, 0, (NOON + 44_999) - 44_999)
    assert found.entries == (Firing(NOON, Decision.START),)


def test_a_reading_moved_behind_its_fire_by_new_zone_data_is_known_as_a_repeat():
    assert repeated_local_time(DAILY, NOON - HOUR, NOON + 23 * HOUR) == NOON


def test_without_such_a_move_nothing_is_a_repeat():
    assert repeated_local_time(DAILY, NOON, NOON + DAY) is None
    assert repeated_local_time(DAILY, NOON, NOON + 25 * HOUR) is None
    assert repeated_local_time(HOURLY, NOON, NOON + HOUR) is None
    assert repeated_local_time(ONCE, NOON, None) is None


EDGE = 90 * 60_000  # a grace of an hour and a half: two slots may be late at once


@pytest.mark.parametrize("catch_up", list(CatchUp))
def test_a_slot_exactly_as_old_as_the_grace_is_merely_late(catch_up):
    policies = replace(ALLOW, catch_up=catch_up, catch_up_limit=1, grace_ms=EDGE)
    found = asked(HOURLY, policies, NOON, NOON + HOUR + EDGE)
    assert found.entries == (Firing(NOON + HOUR, Decision.START), Firing(NOON + 2 * HOUR, Decision.START))


@pytest.mark.parametrize("catch_up", list(CatchUp))
def test_a_slot_a_millisecond_older_than_the_grace_was_missed(catch_up):
    policies = replace(ALLOW, catch_up=catch_up, catch_up_limit=1, grace_ms=EDGE)
    first, second = asked(HOURLY, policies, NOON, NOON + HOUR + EDGE + 1).entries
    assert first == Passed(NOON + HOUR, NOON + HOUR, 1, SpanReason.MISSED)
    assert second.slot_ms == NOON + 2 * HOUR


@pytest.mark.parametrize("catch_up", [CatchUp.LATEST, CatchUp.ALL])
def test_a_slot_exactly_as_old_as_the_window_is_caught_up_and_a_millisecond_later_it_is_not(catch_up):
    policies = replace(ALLOW, catch_up=catch_up, catch_up_window_ms=600_000)
    now = NOON + HOUR + 600_000
    assert asked(HOURLY, policies, NOON, now).entries == (Firing(NOON + HOUR, Decision.START),)
    assert asked(HOURLY, policies, NOON, now + 1).entries == (
        Passed(NOON + HOUR, NOON + HOUR, 1, SpanReason.MISSED),
    )


@pytest.mark.parametrize("grace", [0, 10_000])
def test_without_catch_up_the_slot_at_the_very_edge_of_the_grace_fires(grace):
    policies = replace(ALLOW, catch_up=CatchUp.NONE, grace_ms=grace)
    assert asked(HOURLY, policies, NOON, NOON + 2 * HOUR + grace).entries == (
        Passed(NOON + HOUR, NOON + HOUR, 1, SpanReason.MISSED),
        Firing(NOON + 2 * HOUR, Decision.START),
    )


def test_where_overlap_is_decided_by_row_every_fire_starts():
    policies = Policies(overlap=Overlap.SKIP, overlap_scope=OverlapScope.ROW)
    found = asked(SECONDLY, policies, NOON, NOON + 2_000, in_flight=5)
    assert [entry.decision for entry in found.entries] == [Decision.START, Decision.START]


def test_a_waiting_fire_counts_against_those_after_it():
    policies = Policies(overlap=Overlap.BUFFER_ALL, buffer_limit=2)
    found = asked(SECONDLY, policies, NOON, NOON + 4_000, in_flight=1)
    assert found.entries == (
        Firing(NOON + 1_000, Decision.WAIT),
        Firing(NOON + 2_000, Decision.WAIT),
        Passed(NOON + 3_000, NOON + 4_000, 2, SpanReason.SKIPPED),
    )


def test_a_slot_is_skipped_where_the_fire_before_it_has_begun():
    found = plan(compile_timing(Timing("* * * * *")), Policies(), 0, 1, 1, 0, 65_000, begun=True)
    assert found.entries == (Passed(60_000, 60_000, 1, SpanReason.SKIPPED),)


@pytest.mark.parametrize(
    ("waiting", "upto", "entries"),
    [
        (0, 1, [Firing(NOON + 1_000, Decision.HOLD)]),
        (
            0,
            4,
            [
                Passed(NOON + 1_000, NOON + 3_000, 3, SpanReason.UNBEGUN),
                Firing(NOON + 4_000, Decision.HOLD),
            ],
        ),
        (1, 1, [Firing(NOON + 1_000, Decision.HOLD_INSTEAD)]),
        (
            1,
            3,
            [
                Passed(NOON + 1_000, NOON + 2_000, 2, SpanReason.UNBEGUN),
                Firing(NOON + 3_000, Decision.HOLD_INSTEAD),
            ],
        ),
        (2, 2, [Passed(NOON + 1_000, NOON + 2_000, 2, SpanReason.UNBEGUN)]),
    ],
)
def test_the_latest_slot_is_held_where_the_fire_before_has_not_begun(waiting, upto, entries):
    found = plan(SECONDLY, Policies(), NOON, 1, 1, waiting, NOON + upto * 1_000, begun=False)
    assert found.entries == tuple(entries)
    assert (found.accounted_to, found.next_slot) == (NOON + upto * 1_000, NOON + (upto + 1) * 1_000)


def test_a_fire_that_is_held_after_downtime_stands_for_what_was_missed():
    found = plan(SECONDLY, Policies(grace_ms=0), NOON, 1, 1, 1, NOON + 9_000, begun=False)
    assert found.entries == (
        Passed(NOON + 1_000, NOON + 8_000, 8, SpanReason.MISSED),
        Firing(NOON + 9_000, Decision.HOLD_INSTEAD, Missed(8, NOON + 1_000, NOON + 8_000)),
    )


@pytest.mark.parametrize(("waiting", "decision"), [(0, Decision.HOLD), (1, Decision.HOLD_INSTEAD)])
def test_one_slot_alone_is_held_also_where_others_were_missed_behind_the_one_that_was(waiting, decision):
    window = Closure(NOON + 5_000, NOON + 8_000, CatchUp.LATEST, SpanReason.MAINTENANCE)
    policies = Policies(grace_ms=0, catch_up=CatchUp.NONE)
    found = plan(SECONDLY, policies, NOON, 1, 1, waiting, NOON + 12_000, begun=False, closures=[window])
    assert found.entries == (
        Passed(NOON + 1_000, NOON + 4_000, 4, SpanReason.MISSED),
        Passed(NOON + 5_000, NOON + 6_000, 2, SpanReason.MAINTENANCE),
        Passed(NOON + 7_000, NOON + 7_000, 1, SpanReason.UNBEGUN),
        Passed(NOON + 8_000, NOON + 11_000, 4, SpanReason.MISSED),
        Firing(NOON + 12_000, decision, Missed(2, NOON + 5_000, NOON + 6_000)),
    )


def test_a_fire_that_is_held_in_place_of_another_tells_what_was_missed_before_itself():
    window = Closure(NOON + 5_000, NOON + 8_000, CatchUp.LATEST, SpanReason.MAINTENANCE)
    policies = Policies(grace_ms=0, catch_up=CatchUp.LATEST)
    found = plan(SECONDLY, policies, NOON, 1, 1, 0, NOON + 12_000, begun=False, closures=[window])
    assert found.entries[-1] == Firing(NOON + 12_000, Decision.HOLD, Missed(4, NOON + 8_000, NOON + 11_000))


@pytest.mark.parametrize(("fires", "held"), [(1, 1), (2, 0)])
def test_a_fire_that_is_held_counts_among_those_a_schedule_may_have(fires, held):
    found = plan(SECONDLY, Policies(max_fires=2), NOON, fires, 1, 0, NOON + 3_000, begun=False)
    assert len([entry for entry in found.entries if isinstance(entry, Firing)]) == held
    assert (found.next_slot, found.ended) == (None, "max_fires")
