"""The calendar of a month, and the forecast of a day."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from horarium.console import calendar
from horarium.console.calendar import (
    _WORST_FIRST,
    Day,
    following,
    local_date,
    make_month,
    midnight,
    month_of,
)
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


def coming_on(first: date, recurrence: str, name: str, now_s: int) -> dict[str, int]:
    """How many slots are to come on the days of the month that begins on `first`."""
    daily = compile_timing(Timing(recurrence, zone=name))
    month = make_month(first, zone(name), [], daily, now_s, True)
    return {str(day.date): day.coming for week in month.weeks for day in week if day and day.coming}


@pytest.mark.parametrize("name", ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Paris"])
def test_slots_of_the_first_and_of_the_last_minute_of_a_month_are_in_it_and_in_no_other(name: str) -> None:
    before = midnight(zone(name), date(2026, 1, 1))
    for first in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1), date(2026, 12, 1)):
        last = following(first) - timedelta(days=1)
        every = {str(first + timedelta(days=number)): 1 for number in range(last.day)}
        for recurrence in ("0 0 * * *", "59 23 * * *"):
            assert coming_on(first, recurrence, name, before) == every, (recurrence, first)
    assert coming_on(date(2026, 2, 1), "0 0 1 * *", name, before) == {"2026-02-01": 1}
    assert coming_on(date(2026, 2, 1), "59 23 28 * *", name, before) == {"2026-02-28": 1}


def test_a_slot_of_this_very_second_is_not_to_come_any_more() -> None:
    midnight_s = midnight(zone("UTC"), date(2026, 3, 1))
    for now_s, there in ((midnight_s - 1, True), (midnight_s, False)):
        found = coming_on(date(2026, 3, 1), "0 0 1 * *", "UTC", now_s)
        assert found == ({"2026-03-01": 1} if there else {}), now_s
    assert coming_on(date(2026, 2, 1), "0 0 * * *", "UTC", midnight_s) == {}


def test_a_day_is_that_of_the_zone_from_its_first_second_to_its_last() -> None:
    for name in ("UTC", "Asia/Tokyo", "America/New_York"):
        local = zone(name)
        begins, ends = midnight(local, date(2026, 2, 28)), midnight(local, date(2026, 3, 1))
        for instant, day in ((begins - 1, 27), (begins, 28), (ends - 1, 28)):
            assert local_date(local, instant) == date(2026, 2, day), (name, instant)
        assert local_date(local, ends) == date(2026, 3, 1)
        for first_s, last_s, counted in (
            (begins - 1, begins - 1, [27]),
            (begins, ends - 1, [28]),
            (begins - 1, begins, [27, 28]),
            (begins, ends, [28]),
        ):
            span = Span(bytes(16), first_s * 1000, last_s * 1000 + 999, 3, SpanReason.PAUSED, 1, 0)
            month = make_month(date(2026, 2, 1), local, [span], None, 0, True)
            days = [day for week in month.weeks for day in week if day is not None]
            assert [day.date.day for day in days if day.counts["paused"]] == counted, (name, first_s, last_s)


def test_a_month_has_all_its_days_in_weeks_from_monday_to_sunday() -> None:
    for first, days in ((date(2026, 2, 1), 28), (date(2028, 2, 1), 29), (date(2026, 12, 1), 31)):
        month = make_month(first, zone("UTC"), [], None, 0, True)
        for week in month.weeks:
            assert [day.date.weekday() for day in week if day] == [at for at in range(7) if week[at]]
        assert sum(day is not None for week in month.weeks for day in week) == days
        assert month.weeks[0] != [None] * 7
        assert month.weeks[-1] != [None] * 7
    assert (month.before, month.after) == ("2026-11", "2027-01")


def test_a_day_looks_like_the_worst_that_happened_on_it() -> None:
    for at, word in enumerate(_WORST_FIRST):
        day = Day(date(2026, 3, 1), coming=1)
        day.counts.update(reversed(["succeeded", *_WORST_FIRST[at:]]))
        assert day.look == word
    assert Day(date(2026, 3, 1), Counter(succeeded=2), coming=1).look == "succeeded"
    assert Day(date(2026, 3, 1), coming=1).look == "coming"
    assert Day(date(2026, 3, 1)).look == ""


def test_clocks_that_change_are_told_by_how_much() -> None:
    for name, day, shift in (
        ("Europe/Paris", date(2026, 10, 25), "−1 h"),
        ("Australia/Lord_Howe", date(2026, 4, 5), "−30 min"),
        ("America/New_York", date(2026, 3, 8), "+1 h"),
        ("America/Montevideo", date(1974, 1, 12), "+90 min"),
        ("Antarctica/Troll", date(2026, 3, 29), "+2 h"),
        ("Pacific/Apia", date(2011, 12, 29), "+24 h"),
    ):
        month = make_month(day.replace(day=1), zone(name), [], None, 0, True)
        found = {each.date: each.shift for week in month.weeks for each in week if each and each.shift}
        assert found == {day: shift}


def test_a_month_with_more_slots_than_are_looked_for_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    every = compile_timing(Timing("0 0 * * *"))
    for most, whole in ((31, False), (32, True)):
        monkeypatch.setattr(calendar, "MOST_COMING", most)
        assert make_month(date(2026, 3, 1), zone("UTC"), [], every, 0, True).is_whole == whole
    assert not make_month(date(2026, 3, 1), zone("UTC"), [], None, 0, False).is_whole
