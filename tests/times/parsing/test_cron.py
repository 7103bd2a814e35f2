"""Five and six fields, and the macros."""

import pytest

from horarium.times import ExpressionProblem, RecurrenceError, Timing, compile_timing
from horarium.times.batch import answer_line
from horarium.times.instants import Rounding, seconds_of, utc_text


def times(spec: str, after: str = "2026-01-01T00:00:00Z", count: int = 3, **options: object) -> list[str]:
    recurrence = compile_timing(Timing(spec, **options))  # type: ignore[arg-type]
    found: list[str] = []
    instant: int | None = seconds_of(after, Rounding.DOWN)
    while instant is not None and len(found) < count:
        instant = recurrence.next_after(instant)
        if instant is not None:
            found.append(utc_text(instant))
    return found


def problems(spec: str, dialect: str = "native") -> tuple[ExpressionProblem, ...]:
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(Timing(spec, dialect))
    return caught.value.problems


def test_six_fields_begin_with_the_second() -> None:
    assert times("*/30 0 12 * * *", count=3) == [
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:30Z",
        "2026-01-02T12:00:00Z",
    ]


@pytest.mark.parametrize(
    ("macro", "first"),
    [
        ("@hourly", "2026-01-01T01:00:00Z"),
        ("@daily", "2026-01-02T00:00:00Z"),
        ("@midnight", "2026-01-02T00:00:00Z"),
        ("@weekly", "2026-01-04T00:00:00Z"),
        ("@monthly", "2026-02-01T00:00:00Z"),
        ("@yearly", "2027-01-01T00:00:00Z"),
        ("@annually", "2027-01-01T00:00:00Z"),
    ],
)
def test_macros_stand_for_their_expressions(macro: str, first: str) -> None:
    assert times(macro, count=1) == [first]


def test_every_counts_elapsed_time_from_the_anchor() -> None:
    assert times("@every 1h30m", anchor=1_767_225_600, zone="America/New_York") == [
        "2026-01-01T01:30:00Z",
        "2026-01-01T03:00:00Z",
        "2026-01-01T04:30:00Z",
    ]


def test_both_days_restricted_means_either() -> None:
    assert times("0 0 13 * 5", count=4) == [
        "2026-01-02T00:00:00Z",
        "2026-01-09T00:00:00Z",
        "2026-01-13T00:00:00Z",
        "2026-01-16T00:00:00Z",
    ]


def test_a_day_field_that_begins_with_a_star_means_both() -> None:
    assert times("0 0 */2 * 1", count=3) == [
        "2026-01-05T00:00:00Z",
        "2026-01-19T00:00:00Z",
        "2026-02-09T00:00:00Z",
    ]


def test_a_question_mark_is_a_star() -> None:
    assert times("0 9 ? * MON") == times("0 9 * * 1")


def test_a_step_from_a_weekday_goes_up_to_sunday_as_seven() -> None:
    assert times("0 0 * * 1/2", count=5) == times("0 0 * * 1,3,5,7", count=5)


def test_names_and_numbers_mix_in_any_case() -> None:
    assert times("0 0 1 jAn-MAR,6 Sun-tue,FRI", count=9) == times("0 0 1 1-3,6 0-2,5", count=9)


def test_the_twenty_ninth_of_february_waits_for_a_century_without_leap_year() -> None:
    assert times("0 0 29 2 *", "2096-03-01T00:00:00Z", 1) == ["2104-02-29T00:00:00Z"]
    assert times("0 0 29 2 */7", "2072-02-28T00:00:00Z", 1, zone="Europe/Rome") != []


@pytest.mark.parametrize(
    ("spec", "field", "hint"),
    [
        ("60 * * * *", "minute", "0 to 59"),
        ("* 24 * * *", "hour", "0 to 23"),
        ("* * 0 * *", "day_of_month", "1 to 31"),
        ("* * 32 * *", "day_of_month", "1 to 31"),
        ("* * * 13 *", "month", "1 to 12, or JAN to DEC"),
        ("* * * * 8", "day_of_week", "0 to 7, or SUN to SAT"),
        ("* * * FOO *", "month", "JAN to DEC"),
        ("*/0 * * * *", "minute", "at least 1"),
        ("*/x * * * *", "minute", "whole number"),
        ("5-1 * * * *", "minute", "write 5-59,0-1"),
        ("* * * * sat-sun", "day_of_week", "reversed"),
        ("1,,2 * * * *", "minute", "extra comma"),
        ("* * * * MONDAY", "day_of_week", "SUN to SAT"),
        ("-5 * * * *", "minute", "0 to 59"),
        ("1- * * * *", "minute", "0 to 59"),
        ("*-5 * * * *", "minute", "0 to 59"),
        ("1/2/3 * * * *", "minute", "whole number"),
        ("L * * * *", "minute", "0 to 59"),
        ("* * L * *", "day_of_month", "L, W and # exist in AWS expressions only"),
        ("* * * * 5#2", "day_of_week", "L, W and # exist in AWS expressions only"),
        ("² * * * *", "minute", "0 to 59"),
        ("٣ * * * *", "minute", "0 to 59"),
        ("99 * * * * *", "second", "0 to 59"),
        ("* * * *", "", "five fields"),
        ("5m", "", 'an interval is written @every 5m, rate(5 minutes), or as an object {"every": "5m"}'),
        ("every 5 minutes", "", "@every 5m, rate(5 minutes)"),
        ("every minute", "", "@every 1m, rate(1 minute)"),
        ("Every 2 Hours", "", "@every 2h, rate(2 hours)"),
        ("30 sec", "", "@every 30s, rate(30 seconds)"),
        ("1 week", "", "@every 7d, rate(1 week)"),
        ("1h30m", "", '@every 1h30m, or as an object {"every": "1h30m"}'),
        ("daily", "", "did you mean @daily?"),
        ("Hourly ", "", "did you mean @hourly?"),
        ("every fortnight", "", "five fields"),
        ("* * * * * * *", "", "five fields"),
        ("@reboot", "", "@every 1h30m"),
        ("@every 0s", "every", "at least 1 second"),
        ("@every 1.5s", "every", "whole number of seconds"),
        ("@every", "", "@every 1h30m"),
        ("TZ=Europe/Berlin 0 9 * * *", "", "use the field timezone"),
        ("CRON_TZ=UTC 0 9 * * *", "", "use the field timezone"),
        ("0 0 31 2 *", "day_of_month", "never"),
        ("0 0 30-31 2 *", "day_of_month", "never"),
        ("0 0 31 4,6,9,11 *", "day_of_month", "never"),
        ("0 0 30 2 */2", "day_of_month", "never"),
        ("", "", "missing"),
        ("   ", "", "missing"),
    ],
)
def test_a_bad_expression_is_told_by_field_and_remedy(spec: str, field: str, hint: str) -> None:
    (problem,) = problems(spec)
    assert problem.field == field
    assert hint in problem.message


def test_every_bad_field_is_told_at_once() -> None:
    assert [problem.field for problem in problems("61 25 0 * x")] == [
        "minute",
        "hour",
        "day_of_month",
        "day_of_week",
    ]


def test_the_offending_text_is_carried() -> None:
    assert problems("0 9-25 * * *")[0].text == "9-25"
    assert len(problems("9" * 1000 + " * * * *")[0].text) < 100


def test_a_missing_date_with_a_weekday_beside_it_is_no_error() -> None:
    assert times("0 0 31 2 1", count=1) == ["2026-02-02T00:00:00Z"]


@pytest.mark.parametrize("spec", ["0 0 31 2 *", "0 0 30 2 *"])
def test_what_never_fires_is_answered_with_no_times_and_the_reason(spec: str) -> None:
    answer = answer_line('{"spec": "%s", "after": "2026-01-01T00:00:00Z"}' % spec)  # noqa: UP031
    assert answer.startswith('{"times": [], "error": "day_of_month: ')
