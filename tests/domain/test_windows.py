"""Maintenance windows: when they hold, clock changes included, and what may be made."""

from dataclasses import replace
from datetime import datetime

import pytest

from horarium.domain.fire import SpanReason
from horarium.domain.pauses import Closure, over_at, with_own
from horarium.domain.schedule import CatchUp
from horarium.domain.windows import (
    MOST_BEGUN,
    Holds,
    HoldsOver,
    Window,
    begun_by,
    next_times,
    pause_of,
    problems_of,
    rezoned,
    times_after,
)
from horarium.times import Timing, compile_timing

HOUR, DAY = 3_600_000, 86_400_000
OWN, WORKSPACE = b"s" * 16, b"w" * 16


def ms(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def window(spec="0 2 * * *", zone="UTC", hours=2.0, since="2026-03-01T00:00:00Z", **more):
    timing = Timing(spec, zone=zone)
    begin = compile_timing(timing).next_after(ms(since) // 1000)
    values = {"schedule_id": None, "catch_up": CatchUp.NONE, "note": "backup", **more}
    next_ms = None if begin is None else begin * 1000
    return Window(
        b"i" * 16,
        WORKSPACE,
        timing=timing,
        duration_ms=round(hours * HOUR),
        next_ms=next_ms,
        created_ms=0,
        **values,
    )


@pytest.mark.parametrize(
    ("at", "held"),
    [
        ("2026-03-01T01:59:59.999Z", False),
        ("2026-03-01T02:00:00Z", True),
        ("2026-03-01T02:00:00.001Z", True),
        ("2026-03-01T03:59:59.999Z", True),
        ("2026-03-01T04:00:00Z", False),
        ("2026-03-09T03:00:00Z", True),
    ],
)
def test_a_window_holds_from_its_beginning_until_just_before_its_end(at, held):
    closure = window().holding_at(ms(at))
    assert (closure is not None) is held
    if closure is not None:
        assert (closure.ends_ms - closure.from_ms, closure.reason) == (2 * HOUR, SpanReason.MAINTENANCE)


@pytest.mark.parametrize(("begins_next", "held"), [("02:00", True), ("02:30", False)])
def test_a_time_that_began_before_the_next_one_is_known_as_a_pause_and_holds_nothing_by_itself(
    begins_next, held
):
    """Until the next beginning was computed anew by new zone data, it may lie within a time of the window."""
    made = replace(window(), next_ms=ms(f"2026-03-05T{begins_next}:00Z"))
    assert (made.holding_at(ms("2026-03-05T03:00:00Z")) is not None) is held


@pytest.mark.parametrize(
    ("zone", "spec", "hours", "since", "times"),
    [
        # The clock of Paris goes from 2 to 3: a window that begins in the gap begins behind it, and lasts as long.
        ("Europe/Paris", "30 2 * * *", 2, "2026-03-28T12:00:00Z",
         [("2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"), ("2026-03-30T00:30:00Z", "2026-03-30T02:30:00Z")]),
        # One that begins before the change and ends after it lasts as long as on other days; its local end is later.
        ("Europe/Paris", "0 1 * * *", 3, "2026-03-28T12:00:00Z",
         [("2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"), ("2026-03-29T23:00:00Z", "2026-03-30T02:00:00Z")]),
        # The clock goes back from 3 to 2: it begins once, at the first 2:30.
        ("Europe/Paris", "30 2 * * *", 2, "2026-10-24T12:00:00Z",
         [("2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"), ("2026-10-26T01:30:00Z", "2026-10-26T03:30:00Z")]),
        # Half an hour of a change, on Lord Howe.
        ("Australia/Lord_Howe", "0 2 * * *", 1, "2026-10-02T20:00:00Z",
         [("2026-10-03T15:30:00Z", "2026-10-03T16:30:00Z"), ("2026-10-04T15:00:00Z", "2026-10-04T16:00:00Z")]),
    ],
)  # fmt: skip
def test_its_beginnings_are_local_and_its_length_is_elapsed_time(zone, spec, hours, since, times):
    made = window(spec, zone, hours, since)
    assert next_times(made, 2) == [(ms(begin), ms(end)) for begin, end in times]
    for begin, end in next_times(made, 2):
        assert [made.holding_at(at) is not None for at in (begin - 1, begin, end - 1, end)] == [
            False,
            True,
            True,
            False,
        ]


@pytest.mark.parametrize(
    ("at", "first"),
    [
        (
            "2026-02-28T00:00:00Z",
            "2026-03-01T02:00:00Z",
        ),  # it was made later, so it begins when it was to begin first
        ("2026-03-01T01:59:59.999Z", "2026-03-01T02:00:00Z"),
        ("2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),  # it has begun, and nobody has entered that yet
        ("2026-09-01T00:00:00Z", "2026-09-01T02:00:00Z"),  # nor anything since
    ],
)
def test_times_to_come_begin_after_an_instant(at, first):
    found = times_after(window(), ms(at), 2)
    assert found[0] == (ms(first), ms(first) + 2 * HOUR)
    assert found[1][0] == ms(first) + DAY
    assert times_after(window("@yearly", since="9999-06-01T00:00:00Z"), ms(at), 2) == []


def test_what_has_begun_becomes_pauses_and_is_a_pause_alone_from_then_on():
    made = window()
    begun, after = begun_by(made, ms("2026-03-02T02:00:00Z"))
    assert [pause.from_ms for pause in begun] == [ms("2026-03-01T02:00:00Z"), ms("2026-03-02T02:00:00Z")]
    assert [(pause.window_id, pause.note) for pause in begun] == [(made.id, "backup")] * 2
    assert after.next_ms == ms("2026-03-03T02:00:00Z")
    assert after.holding_at(ms("2026-03-02T03:00:00Z")) is None
    assert begun_by(made, ms("2026-03-01T01:59:59.999Z")) == ([], made)


def test_a_long_downtime_enters_a_bounded_number_of_times_the_latest_ones():
    begun, after = begun_by(window("0 * * * *", hours=0.5), ms("2027-03-01T00:00:00Z"))
    assert (len(begun), begun[-1].from_ms) == (MOST_BEGUN, ms("2027-03-01T00:00:00Z"))
    assert after.next_ms == ms("2027-03-01T01:00:00Z")


@pytest.mark.parametrize(
    ("spec", "seconds", "field"),
    [
        ("*/30 * * * *", 60, "recurrence"),
        ('{"every":"59m"}', 60, "recurrence"),
        ("0 * * * *", 3600, "duration"),
        ("0 2 * * *", 86_400, "duration"),
        ("0 2 * * *", 0, "duration"),
        ("0 2 * * *", 0.5, "duration"),
        ('{"once":"2020-01-01T00:00:00Z"}', 60, "recurrence"),
        ("0 * * * *", 3599, None),
        ("0 2 * * *", 86_399, None),
        ('{"once":"2027-01-01T00:00:00Z"}', 10 * 86_400, None),
    ],
)
def test_a_window_leaves_time_to_fire_and_begins_at_most_once_an_hour(spec, seconds, field):
    found = problems_of(compile_timing(Timing(spec)), round(seconds * 1000), ms("2026-03-01T00:00:00Z"))
    assert [problem.field for problem in found] == ([] if field is None else [field])


def test_what_holds_a_slot_back_is_the_window_of_the_schedule_before_that_of_the_workspace():
    own = window(schedule_id=OWN, note="mine")
    holds = Holds((), (window(note="all", hours=4), own))
    assert holds.behind(ms("2026-03-05T02:30:00Z")).note == "mine"
    assert holds.behind(ms("2026-03-05T05:00:00Z")).note == "all"
    assert holds.open_again(ms("2026-03-05T06:00:00Z")) == (False, None)
    assert holds.open_again(ms("2026-03-05T02:30:00Z")) == (True, ms("2026-03-05T04:00:00Z"))
    assert holds.open_again(ms("2026-03-05T05:00:00Z")) == (True, ms("2026-03-05T06:00:00Z"))


def test_what_holds_a_workspace_holds_a_schedule_with_a_window_of_its_own_too():
    own = window("0 8 * * *", schedule_id=OWN, note="mine")
    whole = window(note="all")
    planned = pause_of(window("0 12 * * *", note="planned"), ms("2026-03-05T12:00:00Z"))
    over = HoldsOver([planned], [own, whole])
    for schedule, at, note in (
        (OWN, "2026-03-05T08:30:00Z", "mine"),
        (OWN, "2026-03-05T02:30:00Z", "all"),
        (OWN, "2026-03-05T12:30:00Z", "planned"),
        (b"o" * 16, "2026-03-05T02:30:00Z", "all"),
        (b"o" * 16, "2026-03-05T12:30:00Z", "planned"),
    ):
        assert over.of(schedule).behind(ms(at)).note == note
    assert over.of(b"o" * 16).behind(ms("2026-03-05T08:30:00Z")) is None


def closed(begin, end, catch_up=CatchUp.NONE, reason=SpanReason.WORKSPACE_PAUSED):
    return Closure(begin, end, catch_up, reason)


MINE = closed(40, 60, CatchUp.ALL, SpanReason.PAUSED)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (closed(0, 100), [closed(0, 40), MINE, closed(60, 100)]),
        (closed(0, None), [closed(0, 40), MINE, closed(60, None)]),
        (closed(50, 100), [MINE, closed(60, 100)]),
        (closed(0, 50), [closed(0, 40), MINE]),
        (closed(45, 55), [MINE]),
        (closed(60, 70), [MINE, closed(60, 70)]),
        (closed(0, 40), [closed(0, 40), MINE]),
        (closed(80, 90), [MINE, closed(80, 90)]),
    ],
)
def test_a_slot_in_a_pause_of_its_schedule_and_one_of_its_workspace_belongs_to_that_of_the_schedule(
    other, found
):
    assert with_own([MINE], [other]) == tuple(found)


def test_an_own_pause_without_an_end_has_all_that_follows():
    assert with_own([closed(40, None)], [closed(0, 100), closed(200, 300)]) == (
        closed(0, 40),
        closed(40, None),
    )


def test_pauses_that_follow_one_another_are_over_together():
    assert over_at([closed(0, 10), closed(10, 20), closed(30, 40)]) == (20, 20, 40)
    assert over_at([closed(0, 10), closed(10, None)]) == (None, None)
    assert over_at([]) == ()


@pytest.mark.parametrize(
    ("ms_long", "fine"), [(999, False), (1_000, True), (1_001, False), (1_999, False), (2_000, True)]
)
def test_a_window_lasts_whole_seconds(ms_long, fine):
    found = problems_of(compile_timing(Timing("0 2 * * *")), ms_long, ms("2026-03-01T00:00:00Z"))
    words = "must be a whole number of seconds, at least 1s"
    assert [problem.message for problem in found] == ([] if fine else [words])


@pytest.mark.parametrize(
    ("spec", "seconds", "words"),
    [
        ('{"every":"60m"}', 60, None),
        ('{"every":"3599s"}', 60, "begins more often than once an hour; make it one longer window"),
        (
            "0 * * * *",
            3600,
            "must be shorter than the time between two beginnings (3600 s), or nothing would ever fire",
        ),
        ('{"once":"2026-03-01T00:00:00Z"}', 60, "never begins in the future"),
        ('{"once":"2026-03-01T00:00:01Z"}', 60, None),
    ],
)
def test_what_is_wrong_with_a_window_is_told_in_words(spec, seconds, words):
    found = problems_of(compile_timing(Timing(spec)), seconds * 1_000, ms("2026-03-01T00:00:00Z"))
    assert [problem.message for problem in found] == ([] if words is None else [words])


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_as_many_times_are_named_as_were_asked_for(count):
    assert len(next_times(window(), count)) == count
    assert len(times_after(window(), ms("2026-03-05T00:00:00Z"), count)) == count
    once = window('{"once":"2027-01-01T00:00:00Z"}')
    assert len(next_times(once, count)) == min(count, 1)
    assert next_times(replace(once, next_ms=None), count) == []


def test_a_window_that_begins_no_more_holds_nothing_and_begins_nothing():
    over = replace(window('{"once":"2026-03-01T02:00:00Z"}'), next_ms=None)
    assert over.holding_at(ms("2026-03-01T02:00:00Z")) is None
    assert begun_by(over, ms("2026-03-01T02:00:00Z")) == ([], over)


def test_where_two_of_one_kind_hold_the_one_that_began_first_counts():
    first, second = window(note="first", hours=4), window("0 3 * * *", note="second", hours=4)
    for windows in ((first, second), (second, first)):
        assert Holds((), windows).behind(ms("2026-03-05T03:30:00Z")).note == "first"
    planned = pause_of(replace(second, note="planned"), ms("2026-03-05T03:00:00Z"))
    assert Holds((planned,), (first,)).behind(ms("2026-03-05T03:30:00Z")).note == "first"
    assert Holds((planned,), (first,)).behind(ms("2026-03-05T06:30:00Z")).note == "planned"


def test_a_pause_of_a_window_has_all_that_the_window_says():
    made = window(schedule_id=OWN, note="mine", catch_up=CatchUp.ALL, by=b"p" * 16)
    begin = ms("2026-03-05T02:00:00Z")
    found = pause_of(made, begin)
    assert (found.workspace_id, found.schedule_id, found.window_id) == (WORKSPACE, OWN, made.id)
    assert (found.from_ms, found.ends_ms, found.catch_up) == (begin, begin + 2 * HOUR, CatchUp.ALL)
    assert (found.note, found.by) == ("mine", b"p" * 16)
    assert found.id == pause_of(made, begin).id != pause_of(made, begin + DAY).id
    assert made.holding_at(begin).catch_up is CatchUp.ALL


@pytest.mark.parametrize(
    ("older", "last", "now", "begins"),
    [
        ("2026-03-02T02:00Z", "2026-03-01T02:00Z", "2026-03-01T20:00Z", "2026-03-02T02:00Z"),  # nothing moves
        (
            "2026-03-02T03:00Z",
            "2026-03-01T03:00Z",
            "2026-03-01T20:00Z",
            "2026-03-02T02:00Z",
        ),  # an hour earlier
        (
            "2026-03-02T03:00Z",
            "2026-03-01T03:00Z",
            "2026-03-02T02:30Z",
            "2026-03-02T02:00Z",
        ),  # it goes on now
        (
            "2026-03-02T02:00Z",
            "2026-03-01T02:00Z",
            "2026-03-09T20:00Z",
            "2026-03-02T02:00Z",
        ),  # after a downtime
        (
            "2026-03-02T01:00Z",
            "2026-03-01T01:00Z",
            "2026-03-01T02:30Z",
            "2026-03-02T02:00Z",
        ),  # the local time of last
        ("2026-03-02T02:00Z", None, "2026-03-01T20:00Z", "2026-03-02T02:00Z"),
        ("2026-03-02T03:00Z", None, "2026-03-02T02:30Z", "2026-03-02T02:00Z"),
        ("2026-03-02T03:00Z", None, "2026-03-02T04:00Z", "2026-03-03T02:00Z"),  # it is over by our data
        ("2026-03-02T02:00Z", None, "2026-03-09T20:00Z", "2026-03-02T02:00Z"),
        (None, "2026-03-01T02:00Z", "2026-03-01T20:00Z", None),
    ],
)
def test_a_window_whose_zone_has_new_data_begins_when_these_say(older, last, now, begins):
    old = replace(window(), next_ms=None if older is None else ms(older))
    found = rezoned(old, None if last is None else ms(last), ms(now))
    assert found == (None if begins is None else ms(begins))


def test_a_window_does_not_begin_before_it_was_made_by_new_zone_data_either():
    made = ms("2026-03-02T02:30Z")
    old = replace(window(), created_ms=made, next_ms=ms("2026-03-03T01:00Z"))
    assert rezoned(old, None, made + 1) == ms("2026-03-03T02:00Z")
