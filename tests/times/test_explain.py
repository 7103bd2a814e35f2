"""Every fire time is shown with its local reading, and marked where a clock change touched it."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.times import Timing, compile_timing, explain_next, zone_names
from horarium.times.instants import Rounding, seconds_of
from tests.times.expressions import random_case, random_policies

NEW_YORK = "America/New_York"


def instant(text: str) -> int:
    return seconds_of(text, Rounding.DOWN)


def notes(timing: Timing, after: str, count: int = 2) -> list[tuple[str, str]]:
    return [(each.local, each.note) for each in explain_next(timing, instant(after), count)]


def test_a_usual_occurrence_has_no_note() -> None:
    assert notes(Timing("0 9 * * *", zone=NEW_YORK), "2026-01-01T00:00:00Z", 1) == [
        ("2026-01-01T09:00:00-05:00", "")
    ]


def test_a_moved_occurrence_says_over_what_the_clock_jumps() -> None:
    assert notes(Timing("30 2 * * *", zone=NEW_YORK), "2026-03-08T00:00:00Z") == [
        ("2026-03-08T03:00:00-04:00", "moved: the clock jumps over 02:30"),
        ("2026-03-09T02:30:00-04:00", ""),
    ]


def test_a_shifted_occurrence_says_so_too() -> None:
    assert notes(Timing("30 2 * * *", zone=NEW_YORK, dst_gap="shift"), "2026-03-08T00:00:00Z", 1) == [
        ("2026-03-08T03:30:00-04:00", "moved: the clock jumps over 02:30")
    ]


def test_a_dropped_reading_is_told_with_the_next_occurrence() -> None:
    timing = Timing("cron(30 2 * * ? *)", "autessa", NEW_YORK)
    assert notes(timing, "2026-03-08T00:00:00Z", 1) == [
        (
            "2026-03-09T02:30:00-04:00",
            "before it the clock jumps over 02:30 of 2026-03-08, which does not fire",
        )
    ]


@pytest.mark.parametrize(
    ("overlap", "marks"),
    [
        ("first", ["first pass of a repeated hour; the second does not fire", ""]),
        ("last", ["second pass of a repeated hour; the first does not fire", ""]),
        ("both", ["first pass of a repeated hour", "second pass of a repeated hour"]),
    ],
)
def test_a_repeated_reading_is_marked_by_its_pass(overlap: str, marks: list[str]) -> None:
    timing = Timing("30 1 * * *", zone=NEW_YORK, dst_overlap=overlap)
    assert [note for _, note in notes(timing, "2026-11-01T00:00:00Z")] == marks


def test_half_an_hour_that_repeats_is_called_that() -> None:
    timing = Timing("45 1 * * *", zone="Australia/Lord_Howe")
    found = notes(timing, "2026-04-04T10:00:00Z", 1)
    assert found == [
        ("2026-04-05T01:45:00+11:00", "first pass of a repeated 30 minutes; the second does not fire")
    ]


def test_an_instant_may_stand_for_two_readings() -> None:
    found = notes(Timing("0,30 2,3 * * *", zone=NEW_YORK), "2026-03-08T00:00:00Z", 1)
    assert found == [
        ("2026-03-08T03:00:00-04:00", "also stands for what the clock jumps over: 02:00 to 02:30")
    ]


def test_a_day_that_a_zone_left_out_is_told() -> None:
    found = notes(Timing("0 9 * * *", zone="Pacific/Apia"), "2011-12-30T00:00:00Z", 1)
    assert found == [
        (
            "2011-12-31T09:00:00+14:00",
            "before it the clock jumps over 09:00 of 2011-12-30, which does not fire",
        )
    ]


def test_a_single_reading_in_a_gap_is_marked() -> None:
    timing = Timing("at(2026-03-08T02:30:00)", "autessa", NEW_YORK)
    assert notes(timing, "2026-01-01T00:00:00Z") == [
        ("2026-03-08T03:00:00-04:00", "moved: the clock jumps over 2026-03-08T02:30:00")
    ]


def test_the_parts_of_a_union_each_say_their_own() -> None:
    timing = Timing('{"union":["30 2 * * *","0 12 * * *"]}', zone=NEW_YORK)
    assert [note for _, note in notes(timing, "2026-03-08T00:00:00Z")] == [
        "moved: the clock jumps over 02:30",
        "",
    ]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(sorted(zone_names())), st.integers(-(10**9), 4 * 10**9))
def test_the_times_shown_are_the_times_that_fire(seed: int, zone: str, after: int) -> None:
    random = Random(seed)
    timing = random_case(random).timing(zone, random_policies(random))
    recurrence = compile_timing(timing)
    at: int | None = after
    for each in explain_next(timing, after, 4):
        assert at is not None
        at = recurrence.next_after(at)
        assert each.instant == at
        # An offset with odd seconds, as before 1972 in places, has no RFC 3339 text to read back.
        if len(each.local) == len("2026-01-01T00:00:00+00:00"):
            assert instant(each.local) == at
