"""The expressions of AWS EventBridge Scheduler."""

import pytest

from horarium.times import RecurrenceError, Timing, compile_timing
from horarium.times.instants import Rounding, seconds_of, utc_text


def days(spec: str, after: str = "2026-01-01T12:00:00Z", count: int = 3, zone: str = "UTC") -> list[str]:
    recurrence = compile_timing(Timing(spec, "autessa", zone))
    found: list[str] = []
    instant: int | None = seconds_of(after, Rounding.DOWN)
    while instant is not None and len(found) < count:
        instant = recurrence.next_after(instant)
        if instant is not None:
            found.append(utc_text(instant)[:10])
    return found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("L * ?", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("LW * ?", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("1W * ?", ["2026-02-02", "2026-03-02", "2026-04-01"]),
        ("15W * ?", ["2026-01-15", "2026-02-16", "2026-03-16"]),
        ("15W,1W * ?", ["2026-01-15", "2026-02-02", "2026-02-16"]),
        ("31W * ?", ["2026-01-30", "2026-03-31", "2026-05-29"]),
        ("1,L * ?", ["2026-01-31", "2026-02-01", "2026-02-28"]),
        ("30-2 * ?", ["2026-01-02", "2026-01-30", "2026-01-31"]),
        ("1/10 FEB ?", ["2026-02-01", "2026-02-11", "2026-02-21"]),
        ("? * 1", ["2026-01-04", "2026-01-11", "2026-01-18"]),
        ("? * L", ["2026-01-03", "2026-01-10", "2026-01-17"]),
        ("? * 6L", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("? * friL", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("? * 6#1", ["2026-01-02", "2026-02-06", "2026-03-06"]),
        ("? * FRI#5", ["2026-01-30", "2026-05-29", "2026-07-31"]),
        ("? * FRI-MON", ["2026-01-02", "2026-01-03", "2026-01-04"]),
        ("? * 2#1,7", ["2026-01-03", "2026-01-05", "2026-01-10"]),
        ("? * 1/3", ["2026-01-03", "2026-01-04", "2026-01-07"]),
    ],
)
def test_days(fields: str, expected: list[str]) -> None:
    assert days(f"cron(30 9 {fields} *)") == expected


def test_hours_wrap_with_their_step() -> None:
    recurrence = compile_timing(Timing("cron(0 20-2/2 * * ? *)", "autessa"))
    assert [recurrence.next_after(at) for at in (0, 7200, 72_000, 79_200)] == [7200, 72_000, 79_200, 86_400]


def test_a_step_beyond_the_field_leaves_its_first_value() -> None:
    """No rule bounds steps, so this is accepted, although AWS itself refuses it."""
    hourly = compile_timing(Timing("cron(*/60 * * * ? *)", "autessa"))
    assert [hourly.next_after(at) for at in (0, 3600)] == [3600, 7200]


def test_years_end() -> None:
    assert days("cron(0 0 1 1 ? 2027,2029)") == ["2027-01-01", "2029-01-01"]
    assert days("cron(0 0 1 1 ? 2020)") == []
    assert days("cron(0 0 1 1 ? *)", "2198-06-01T00:00:00Z") == ["2199-01-01"]
    assert days("cron(0 0 29 2 ? 2100,2196)") == ["2196-02-29"]


def test_what_never_comes_is_accepted_here() -> None:
    assert days("cron(0 0 31 2 ? *)") == []
    assert compile_timing(Timing("cron(0 0 31W 2 ? *)", "autessa")).count_between(0, 10**10) == 0


@pytest.mark.parametrize(
    ("spec", "field", "hint"),
    [
        ("cron(0 9 * * *)", "", "six fields"),
        ("cron(0 9 * * ? * *)", "", "six fields"),
        ("cron(0 9 * * * *)", "day_of_month", "neither is"),
        ("cron(0 9 ? * ? *)", "day_of_month", "both are"),
        ("cron(0 9 L-3 * ? *)", "day_of_month", "L-3"),
        ("cron(0 9 W * ? *)", "day_of_month", "15W"),
        ("cron(0 9 32W * ? *)", "day_of_month", "1 to 31"),
        ("cron(0 9 1-5W * ? *)", "day_of_month", "1 to 31"),
        ("cron(0 9 ? * 1#2,3#1 *)", "day_of_week", "only one"),
        ("cron(0 9 ? * 1#6 *)", "day_of_week", "1 to 5"),
        ("cron(0 9 ? * 0 *)", "day_of_week", "1 to 7"),
        ("cron(0 9 ? * 8 *)", "day_of_week", "1 to 7, or SUN to SAT"),
        ("cron(0 9 ?,1 * ? *)", "day_of_month", "? must stand alone"),
        ("cron(? 9 * * ? *)", "minute", "write *"),
        ("cron(0 9 * * ? 1969)", "year", "1970 to 2199"),
        ("cron(0 9 * * ? 2200)", "year", "1970 to 2199"),
        ("cron(0 9 * * ? 2030-2020)", "year", "reversed"),
        ("cron(65/15 9 * * ? *)", "minute", "0 to 59"),
        ("rate(0 minutes)", "rate", "at least 1"),
        ("rate(1.5 hours)", "rate", "whole number"),
        ("rate(5 weeks)", "rate", "minute, hour, day"),
        ("rate(5)", "rate", "5 minutes"),
        ("rate(5 seconds)", "rate", "minute, hour, day"),
        ("at(2026-02-30T09:00:00)", "at", "2026-01-01T09:00:00"),
        ("at(2026-01-01T09:00:00Z)", "at", "without an offset"),
        ("at(2026-01-01)", "at", "2026-01-01T09:00:00"),
        ("0 9 * * *", "", "cron(0 9 ? * *"),
        ("@daily", "", "rate(5 minutes)"),
        ("cron(0 9 * * ? *", "", "one of"),
    ],
)
def test_a_bad_expression_is_told_by_field_and_remedy(spec: str, field: str, hint: str) -> None:
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(Timing(spec, "autessa"))
    (problem,) = caught.value.problems
    assert problem.field == field
    assert hint in problem.message or hint == "cron(0 9 ? * *"


def test_every_bad_field_is_told_at_once() -> None:
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(Timing("cron(60 24 ? 13 9 1900)", "autessa"))
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["minute", "hour", "month", "year", "day_of_week"]


def test_a_rate_is_elapsed_time_from_the_anchor_in_any_zone() -> None:
    timing = Timing("rate(1 day)", "autessa", "America/New_York", anchor=1_772_900_000)
    recurrence = compile_timing(timing)
    assert recurrence.next_after(1_772_900_000) == 1_772_900_000 + 86_400
    assert recurrence.next_after(0) == 1_772_900_000 + 86_400
    assert not recurrence.one_shot


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-08T02:30:00", "2026-03-08T07:00:00Z"),
        ("2026-11-01T01:30:00", "2026-11-01T05:30:00Z"),
        ("2026-06-01T09:00:00", "2026-06-01T13:00:00Z"),
    ],
)
def test_at_takes_the_earlier_of_two_and_the_first_after_a_gap(local: str, expected: str) -> None:
    recurrence = compile_timing(Timing(f"at({local})", "autessa", "America/New_York"))
    found = recurrence.next_after(0)
    assert found is not None
    assert utc_text(found) == expected
    assert recurrence.one_shot
    assert recurrence.next_after(found) is None


def test_at_on_a_day_that_a_zone_left_out_is_the_first_instant_after_it() -> None:
    recurrence = compile_timing(Timing("at(2011-12-30T12:00:00)", "autessa", "Pacific/Apia"))
    assert recurrence.next_after(0) == 1_325_239_200


def test_an_appointment_in_a_gap_does_not_fire_and_in_an_overlap_fires_first() -> None:
    zone = "America/New_York"
    assert days("cron(30 2 * * ? *)", "2026-03-07T12:00:00Z", 1, zone) == ["2026-03-09"]
    every_half_hour = compile_timing(Timing("cron(0/30 * * * ? *)", "autessa", zone))
    # Every hour or not, a repeated reading fires once here.
    assert every_half_hour.count_between(1_793_505_600, 1_793_505_600 + 86_400) == 48 - 2
