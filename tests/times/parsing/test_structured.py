"""Structured recurrences: calendars and intervals, in cadenya's spelling and natively."""

from typing import Any

import pytest

from horarium.times import ExpressionProblem, RecurrenceError, Timing, canonical_spec, compile_timing
from horarium.times.instants import utc_text


def first(spec: dict[str, Any], dialect: str = "cadenya", after: int = 0, zone: str = "UTC") -> str | None:
    found = compile_timing(Timing(canonical_spec(spec), dialect, zone)).next_after(after)
    return None if found is None else utc_text(found)


def problems(spec: dict[str, Any], dialect: str = "cadenya") -> list[ExpressionProblem]:
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(Timing(canonical_spec(spec), dialect))
    return list(caught.value.problems)


def test_left_out_times_are_zero_and_left_out_days_are_any() -> None:
    assert first({"calendars": [{}]}) == "1970-01-02T00:00:00Z"
    assert first({"calendars": [{"hour": [{"start": 9}]}]}) == "1970-01-01T09:00:00Z"
    assert first({"calendars": [{"minute": [{"start": 1, "end": 59}]}]}) == "1970-01-01T00:01:00Z"


def test_every_field_must_match() -> None:
    row = {"dayOfMonth": [{"start": 13}], "dayOfWeek": [{"start": 5}]}
    assert first({"calendars": [row]}) == "1970-02-13T00:00:00Z"


def test_an_end_or_a_step_of_zero_is_left_out() -> None:
    row = {"hour": [{"start": 9, "end": 0, "step": 0}]}
    recurrence = compile_timing(Timing(canonical_spec({"calendars": [row]}), "cadenya"))
    assert recurrence.count_between(0, 10 * 86_400) == 10


def test_numbers_may_come_as_protojson_writes_them() -> None:
    assert first({"calendars": [{"hour": [{"start": "9", "end": 9.0}]}]}) == "1970-01-01T09:00:00Z"


def test_what_never_fires_is_accepted() -> None:
    row = {"dayOfMonth": [{"start": 31}], "month": [{"start": 2}]}
    assert first({"calendars": [row]}) is None


def test_unknown_fields_are_passed_over_in_the_dialect_and_refused_natively() -> None:
    spec = {"calendars": [{"hour": [{"start": 9}], "colour": "red"}]}
    assert first(spec) == "1970-01-01T09:00:00Z"
    assert problems(spec, "native")[0].field == "calendars[0].colour"


def test_natively_fields_may_be_snake_case_and_ranges_plain_numbers() -> None:
    row = {"day_of_month": [1, 15], "hour": [9], "year": [{"start": 2030, "end": 2031}]}
    assert first({"calendars": [row]}, "native") == "2030-01-01T09:00:00Z"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, ""),
        ({"calendars": []}, ""),
        ({"calendars": {}}, "calendars"),
        ({"calendars": [5]}, "calendars[0]"),
        ({"calendars": [{"hour": 9}]}, "calendars[0].hour"),
        ({"calendars": [{"hour": [9]}]}, "calendars[0].hour[0]"),
        ({"calendars": [{"hour": [{"start": 24}]}]}, "calendars[0].hour[0].start"),
        ({"calendars": [{}, {"hour": [{"start": 1}, {"start": 9, "end": 5}]}]}, "calendars[1].hour[1].end"),
        ({"calendars": [{"minute": [{"start": 1, "end": 60}]}]}, "calendars[0].minute[0].end"),
        ({"calendars": [{"minute": [{"start": 1, "step": -1}]}]}, "calendars[0].minute[0].step"),
        ({"calendars": [{"minute": [{"start": 1.5}]}]}, "calendars[0].minute[0].start"),
        ({"calendars": [{"minute": [{"start": True}]}]}, "calendars[0].minute[0].start"),
        ({"calendars": [{"minute": [{"start": "x"}]}]}, "calendars[0].minute[0].start"),
        ({"calendars": [{"dayOfMonth": [{"end": 5}]}]}, "calendars[0].dayOfMonth[0].start"),
        ({"calendars": [{"dayOfWeek": [{"start": 7}]}]}, "calendars[0].dayOfWeek[0].start"),
        ({"calendars": [{"comment": "x" * 201}]}, "calendars[0].comment"),
        ({"intervals": [{}]}, "intervals[0].every"),
        ({"intervals": [{"every": "0s"}]}, "intervals[0].every"),
        ({"intervals": [{"every": "1.5s"}]}, "intervals[0].every"),
        ({"intervals": [{"every": "-5s"}]}, "intervals[0].every"),
        ({"intervals": [{"every": "1h"}]}, "intervals[0].every"),
        ({"intervals": [{"every": 3600}]}, "intervals[0].every"),
        ({"intervals": [{"every": "60s", "offset": "60s"}]}, "intervals[0].offset"),
        ({"intervals": [{"every": "60s", "offset": "x"}]}, "intervals[0].offset"),
        ({"calendars": [{}] * 33}, "calendars"),
        ({"calendars": [{"hour": [{"start": 1}] * 65}]}, "calendars[0].hour"),
    ],
)
def test_a_bad_part_is_told_by_its_path(spec: dict[str, Any], field: str) -> None:
    found = problems(spec)
    assert [problem.field for problem in found] == [field]
    assert all(problem.message for problem in found)


def test_every_problem_is_told_at_once() -> None:
    spec = {"calendars": [{"hour": [{"start": 24}], "minute": "x"}], "intervals": [{"every": "0s"}]}
    fields = [problem.field for problem in problems(spec)]
    assert fields == ["calendars[0].minute", "calendars[0].hour[0].start", "intervals[0].every"]


def test_an_interval_of_a_day_is_every_local_midnight() -> None:
    spec = {"intervals": [{"every": "86400s"}]}
    assert first(spec, after=1_767_225_600, zone="Asia/Kolkata") == "2026-01-01T18:30:00Z"


def test_an_interval_of_an_hour_is_every_hour_that_passes() -> None:
    spec = canonical_spec({"intervals": [{"every": "3600s"}]})
    recurrence = compile_timing(Timing(spec, "cadenya", "America/New_York"))
    for day in (1_772_928_000, 1_793_491_200):
        assert recurrence.count_between(day, day + 86_400) == 24


def test_a_repeated_reading_fires_twice_and_a_missing_one_not_at_all() -> None:
    spec = canonical_spec({"calendars": [{"hour": [{"start": 1, "end": 2}], "minute": [{"start": 30}]}]})
    recurrence = compile_timing(Timing(spec, "cadenya", "America/New_York"))
    assert recurrence.count_between(1_772_946_000, 1_772_946_000 + 23 * 3600) == 1
    assert recurrence.count_between(1_793_505_600, 1_793_505_600 + 25 * 3600) == 3


def test_native_intervals_are_elapsed_seconds_from_their_own_anchor() -> None:
    spec = {"intervals": [{"every": "1h", "offset": 90, "anchor": "2026-01-01T00:00:30Z"}]}
    assert first(spec, "native", 1_767_225_600, "Asia/Kolkata") == "2026-01-01T00:02:00Z"
    # The anchor is where they are in step, not where they begin.
    assert first(spec, "native", 0) == "1970-01-01T00:02:00Z"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"every": "1h", "offset": 3600}, "intervals[0].offset"),
        ({"every": "1h", "anchor": "2026-01-01"}, "intervals[0].anchor"),
        ({"every": True}, "intervals[0].every"),
        ({"every": "1h", "phase": 3}, "intervals[0].phase"),
        ({"every": "1h", "offset": "1.5s"}, "intervals[0].offset"),
    ],
)
def test_a_bad_native_interval_is_told(row: dict[str, Any], field: str) -> None:
    assert [problem.field for problem in problems({"intervals": [row]}, "native")] == [field]
