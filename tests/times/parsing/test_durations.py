"""Intervals as people write them, and what they are answered with."""

import json

import pytest

from horarium.times import Timing, compile_timing
from horarium.times.parsing.durations import interval_meant, parse_length
from horarium.times.problems import RecurrenceError


@pytest.mark.parametrize("text", ["5m", "every 5 minutes", "90s", "2 days", "1h30m", "every hour", "3 weeks"])
def test_what_an_interval_is_answered_with_works(text: str) -> None:
    meant = interval_meant(text)
    assert meant is not None
    length, rate = meant
    with pytest.raises(RecurrenceError) as caught:
        compile_timing(Timing(text))
    written = [f"@every {length}", f'{{"every":"{length}"}}', *([f"rate({rate})"] if rate else [])]
    nexts = {compile_timing(Timing(spec)).next_after(0) for spec in written}
    assert len(nexts) == 1
    assert all(spec in str(caught.value).replace(": ", ":") for spec in written)


@pytest.mark.parametrize(
    "text", ["", "5", "m5", "0m", "@every 5m", "0 9 * * *", "5 x", "every", "9" * 50 + "m"]
)
def test_what_is_no_interval_is_not_taken_for_one(text: str) -> None:
    assert interval_meant(text) is None


def test_a_grammar_with_macros_offers_the_macro() -> None:
    with pytest.raises(RecurrenceError, match=r"written @every 5m$"):
        compile_timing(Timing("5m", dialect="m9m"))


@pytest.mark.parametrize("field", ["every", "delay"])
@pytest.mark.parametrize("length", [0, -1, 10**15, 2**64 - 1, 10**400, 1e300, -1e300])
def test_a_length_out_of_range_is_told_the_range(field: str, length: float) -> None:
    with pytest.raises(RecurrenceError, match="at least 1 second and at most 10000 years"):
        compile_timing(Timing(json.dumps({field: length})))


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.5h", 1_800), ("1.5m", 90), ("0.25d", 21_600), ("1h0.5m", 3_630), ("1.0s", 1)]
)
def test_a_part_of_a_unit_is_written_with_a_point(text: str, seconds: int) -> None:
    assert parse_length(text, "every") == seconds


def test_a_part_of_a_second_is_refused_or_becomes_a_whole_one() -> None:
    with pytest.raises(RecurrenceError, match="whole number of seconds"):
        parse_length("0.0001m", "every")
    assert parse_length("0.0001m", "delay", round_up=True) == 1


@pytest.mark.parametrize("seconds", [1.001, 1.25, 1.5, 1.999])
def test_a_part_of_a_second_given_as_a_number_is_refused_or_becomes_a_whole_one(seconds: float) -> None:
    with pytest.raises(RecurrenceError, match="whole number of seconds"):
        parse_length(seconds, "every")
    assert parse_length(seconds, "delay", round_up=True) == 2
