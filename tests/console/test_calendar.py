"""The calendar of a month, and the forecast of a day."""

from __future__ import annotations

from datetime import date

from horarium.console.calendar import make_month, midnight, month_of
from horarium.domain.fire import Span, SpanReason
from horarium.times import Timing, compile_timing, zone


def test_a_month_is_in_whole_weeks_and_marks_clock_changes() -> None:
    paris = zone("Europe/Paris")
    month = make_month(date(2026, 3, 1), paris, [], None, 0, True)
    days = [day for week in month.weeks for day in week if day is not None]
    assert [day.date.day for day in days] == list(range(1, 32))
    assert {len(week) for week in month.weeks} == {7}
    assert {day.date.day: day.shift for day in days if day.shift} == {29: "+1 h"}
    assert (month.before, month.after) == ("2026-02", "2026-04")


def test_coming_slots_and_spans_stand_on_their_local_days() -> None:
    tokyo = zone("Asia/Tokyo")
    daily = compile_timing(Timing("30 0 * * *", zone="Asia/Tokyo"))
    now = midnight(tokyo, date(2026, 5, 30))
    paused = Span(bytes(16), (now - 86_400) * 1000, (now - 86_400) * 1000, 1, SpanReason.PAUSED, 1, 0)
    month = make_month(date(2026, 5, 1), tokyo, [paused], daily, now, True)
    days = {day.date.day: day for week in month.weeks for day in week if day is not None}
    assert [number for number, day in days.items() if day.coming] == [30, 31]
    assert days[29].look == "paused"
    assert month.is_whole


def test_a_month_that_is_none_is_this_month() -> None:
    today = date(2026, 3, 14)
    assert month_of("2025-11", today) == date(2025, 11, 1)
    for text in (None, "", "2026-13", "0001-01", "9999-12", "x" * 100):
        assert month_of(text, today) == date(2026, 3, 1)
