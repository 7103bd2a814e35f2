"""What is kept in memory of what callers send has a bound in bytes, however many questions there are."""

from __future__ import annotations

import gc
import tracemalloc
from random import Random

import pytest

from horarium.times import Timing, canonical_spec, compile_timing, day_rules, explain_next, kept
from horarium.times.kept import ENTRY_BYTES
from horarium.times.timing import _bytes_of
from horarium.times.zones import STRETCHES_KEPT, _far_table, _stretch


def test_what_is_asked_again_is_answered_once() -> None:
    asked: list[str] = []

    @kept(10_000, lambda question, answer: len(answer))
    def upper(text: str) -> str:
        asked.append(text)
        return text.upper()

    assert [upper("a"), upper("b"), upper("a")] == ["A", "B", "A"]
    assert asked == ["a", "b"]
    upper.cache_clear()
    assert upper("a") == "A"
    assert asked == ["a", "b", "a"]


def test_two_arguments_are_one_question() -> None:
    @kept(10_000, lambda question, answer: 1)
    def product(one: int, other: int) -> int:
        return one * other

    assert [product(2, 3), product(3, 3), product(2, 3)] == [6, 9, 6]


def test_no_more_than_the_bound_is_held_and_what_is_asked_often_stays() -> None:
    asked: list[int] = []
    alive: list[int] = []

    class Answer:
        def __init__(self) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    @kept(20 * (1_000 + ENTRY_BYTES), lambda question, answer: 1_000)
    def answered(number: int) -> Answer:
        asked.append(number)
        return Answer()

    for number in range(1, 200):
        answered(number)
        answered(0)
        assert len(alive) <= 21
    assert asked.count(0) == 1


def test_an_answer_that_is_larger_than_what_may_be_kept_is_not_kept() -> None:
    asked: list[int] = []

    @kept(10_000, lambda question, answer: 100_000)
    def answered(number: int) -> int:
        asked.append(number)
        return number

    assert [answered(1), answered(1)] == [1, 1]
    assert asked == [1, 1]


def a_large_recurrence(random: Random) -> str:
    def some(low: int, high: int, count: int) -> list[dict[str, int]]:
        return [{"start": number} for number in random.sample(range(low, high + 1), count)]

    rows = [
        {"second": some(0, 59, 6), "minute": some(0, 59, 4), "hour": [{"start": 0, "end": 23}]}
        | {"dayOfMonth": some(1, 31, 20), "month": some(1, 12, 9)}
        for _ in range(20)
    ]
    return canonical_spec({"calendars": rows})


def test_a_recurrence_takes_no_more_memory_than_is_counted() -> None:
    random = Random(5)
    specs = [a_large_recurrence(random) for _ in range(3)]
    compile_timing(Timing(specs[0])).next_after(0)  # what all recurrences share
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        found = [compile_timing(Timing(spec)) for spec in specs[1:]]
        for recurrence in found:
            for year in range(40):  # all kinds of year
                recurrence.next_after(year * 31_556_952)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    texts_and_rules = sum(map(len, specs)) + 2_000 * 40
    assert taken < sum(map(_bytes_of, found)) + texts_and_rules


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_all_zones_together_keep_a_bounded_number_of_stretches(zone: str) -> None:
    explain_next(Timing("0 0 1 3,9 *", zone=zone), 1_772_928_000, 400)
    assert _stretch.cache_info().maxsize == STRETCHES_KEPT
    assert _stretch.cache_info().currsize >= 400
    assert _far_table.cache_info().currsize >= 10


def test_timings_that_share_their_days_find_them_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    days = day_rules._matching_days

    def counted(rule: day_rules.DayRule, new_year: int, leap: bool) -> tuple[int, ...]:
        found.append(new_year)
        return days(rule, new_year, leap)

    monkeypatch.setattr(day_rules, "_matching_days", counted)
    for minute in range(59):
        timing = Timing(f"{minute} 3 1-30 * *", zone="Europe/Oslo")
        assert compile_timing(timing).next_after(1_780_000_000) is not None
    assert len(found) <= 3
