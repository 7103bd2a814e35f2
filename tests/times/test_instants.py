"""The range of instants, and how instants are read and written at its ends."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.times import Timing, compile_timing, explain_next, local_text, zone_names
from horarium.times.batch import answer_line
from horarium.times.instants import (
    FIRST_INSTANT,
    FIRST_MS,
    LAST_INSTANT,
    LAST_MS,
    InstantError,
    Rounding,
    held_ms,
    milliseconds_of,
    seconds_of,
    utc_text,
)

UP, DOWN = Rounding.UP, Rounding.DOWN
OUTSIDE = [
    "9999-12-31T23:59:59-05:00",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+01:00",
    "0001-01-01T00:00:00+00:01",
]


def test_the_range_is_the_years_1_to_9999_of_utc():
    assert seconds_of("0001-01-01T00:00:00Z", UP) == FIRST_INSTANT
    assert seconds_of("9999-12-31T23:59:59Z", DOWN) == LAST_INSTANT
    assert milliseconds_of("9999-12-31T23:59:59.999Z", DOWN) == LAST_MS


@pytest.mark.parametrize("text", OUTSIDE)
def test_an_offset_cannot_lead_outside_of_the_range(text):
    for rounding in Rounding:
        with pytest.raises(InstantError, match="within the years 1 to 9999"):
            seconds_of(text, rounding)


def test_a_fraction_is_rounded_to_the_side_that_is_asked_for():
    assert seconds_of("1970-01-01T00:00:00.000000001Z", UP) == 1
    assert seconds_of("1970-01-01T00:00:00.999999999Z", DOWN) == 0
    assert milliseconds_of("1970-01-01T00:00:00.9999Z", UP) == 1000
    assert milliseconds_of("1970-01-01T00:00:00.9999Z", DOWN) == 999
    assert seconds_of("1969-12-31T23:59:59.5Z", DOWN) == -1
    assert seconds_of("1970-01-01T00:00:00.000Z", UP) == 0


def test_the_last_fraction_of_the_range_is_only_rounded_down():
    assert seconds_of("9999-12-31T23:59:59.9999999Z", DOWN) == LAST_INSTANT
    with pytest.raises(InstantError):
        seconds_of("9999-12-31T23:59:59.9999999Z", UP)


@pytest.mark.parametrize(
    "value",
    ["", "soon", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", 5, None, []]
    + [f"2026-01-01T{time}Z" for time in ("24:00:00", "00:60:00", "00:00:60", "23:59:60")]
    + [f"2026-01-01T00:00:00{offset}" for offset in ("+24:00", "-24:00", "+00:60", "+1:00", "+01")],
)
def test_what_is_no_instant_is_refused_with_an_example(value):
    with pytest.raises(InstantError, match="such as 2026"):
        seconds_of(value, DOWN)


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
    st.integers(-23 * 60, 23 * 60),
)
def test_instants_are_read_as_the_standard_library_reads_them(local, minutes):
    sign, size = ("-", -minutes) if minutes < 0 else ("+", minutes)
    text = f"{local.isoformat(timespec='microseconds')}{sign}{size // 60:02d}:{size % 60:02d}"
    expected = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    assert milliseconds_of(text, DOWN) == expected // timedelta(milliseconds=1)
    assert milliseconds_of(text, UP) == -(-expected // timedelta(milliseconds=1))


def test_an_instant_outside_of_the_range_becomes_the_nearest_end():
    assert held_ms(LAST_MS + 1) == LAST_MS
    assert held_ms(FIRST_MS - 1) == FIRST_MS
    assert held_ms(5) == 5
    assert utc_text(LAST_INSTANT + 1) == "9999-12-31T23:59:59Z"
    assert utc_text(FIRST_INSTANT - 1) == "0001-01-01T00:00:00Z"


def test_every_instant_of_the_range_can_be_written_in_every_zone():
    ends = (FIRST_INSTANT - 1, FIRST_INSTANT, LAST_INSTANT, LAST_INSTANT + 1)
    for name in sorted(zone_names()):
        for instant in ends:
            text = local_text(name, instant)
            # A historical offset can have seconds, which RFC 3339 does not know.
            assert seconds_of(text[:25], DOWN) in range(
                held_ms(instant * 1000) // 1000 - 60, LAST_INSTANT + 60
            ), name


def test_a_local_time_without_a_year_of_four_digits_is_written_in_utc():
    assert local_text("Asia/Tokyo", LAST_INSTANT) == "9999-12-31T23:59:59+00:00"
    assert local_text("Etc/GMT+5", LAST_INSTANT) == "9999-12-31T18:59:59-05:00"
    assert local_text("Etc/GMT+5", FIRST_INSTANT) == "0001-01-01T00:00:00+00:00"


@pytest.mark.parametrize("spec", ["* * * * *", "0 0 * * *", '{"once":"9999-12-31T23:59:59Z"}', "rate(1 day)"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "Pacific/Honolulu", "Europe/London"])
def test_the_last_slots_of_the_range_are_listed_in_every_zone(spec, zone):
    dialect = "autessa" if spec.startswith("rate") else "native"
    timing = Timing(spec, dialect, zone, anchor=LAST_INSTANT - 86_400 * 20)
    found = explain_next(timing, LAST_INSTANT - 86_400 * 2, 10_000)
    assert found
    assert all(FIRST_INSTANT <= each.instant <= LAST_INSTANT for each in found)


def test_bounds_outside_of_the_range_are_refused_by_name():
    for field in ("start", "end"):
        for instant in (FIRST_INSTANT - 1, LAST_INSTANT + 1):
            with pytest.raises(ValueError, match=rf"{field}.*must lie within"):
                compile_timing(Timing("* * * * *", **{field: instant}))


@pytest.mark.parametrize("field", ["after", "anchor", "start", "end"])
@pytest.mark.parametrize("text", OUTSIDE)
def test_a_batch_names_the_field_of_an_instant_outside_of_the_range(field, text):
    question = {"spec": "* * * * *", "after": "2026-01-01T00:00:00Z"} | {field: text}
    assert field in json.loads(answer_line(json.dumps(question)))["error"]


def test_the_anchor_of_an_interval_lies_in_the_range():
    spec = '{"intervals":[{"every":"1h","anchor":"0001-01-01T00:00:00+01:00"}]}'
    with pytest.raises(ValueError, match=r"anchor.*must lie within"):
        compile_timing(Timing(spec))
