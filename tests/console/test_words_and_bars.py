"""What pages say of events and of keys, how bars stand on the time line of a run, and filters that are half given."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace
from typing import Any

import pytest

from horarium.console import words
from horarium.console.event_words import sentence
from horarium.console.runs import bars
from horarium.console.scope_words import grants_in_words, restriction_in_words
from horarium.domain.restrictions import Restriction
from tests.api.asking import scheduled
from tests.console.browsing import signed_in
from tests.support.house import House


@pytest.mark.parametrize(("count", "more"), [(1, ""), (5, ""), (6, " and 1 more"), (7, " and 2 more")])
def test_five_targets_are_named_and_further_ones_counted(count: int, more: str) -> None:
    ids = [bytes([number]) * 16 for number in range(1, count + 1)]
    names = ", ".join(["a deleted target"] * min(count, 5)) + more
    assert grants_in_words(ids, {}) == f"may schedule {names}"
    found = restriction_in_words(Restriction(tuple(ids), {}, ()), {})
    assert found == [f"only schedules and runs of {names}"]


@pytest.mark.parametrize(
    ("fire", "said"),
    [
        ({"id": "fire_1"}, "its fire is not kept any more"),
        (None, "its fire is not kept any more"),
        ({"runs": 0, "error": None}, "it had no run"),
        ({"runs": 0, "error": "gone"}, "gone"),
        ({"runs": 1, "succeeded": 1, "failed": 0, "cancelled": 0, "error": None}, "1 succeeded of 1 run"),
        (
            {"runs": 1200, "succeeded": 1100, "failed": 99, "cancelled": 1, "error": None},
            "1,100 succeeded, 99 failed, 1 cancelled of 1,200 runs",
        ),
        ({"runs": 2, "succeeded": 0, "failed": 0, "cancelled": 0, "error": None}, "none has ended of 2 runs"),
    ],
)
def test_an_event_says_how_its_fire_ended(fire: Any, said: str) -> None:
    assert sentence({"type": "fire.completed", "fire": fire, "details": {}}) == said


@pytest.mark.parametrize(
    ("due", "attempts", "finished", "now", "expected"),
    [
        (0, [(0, 1000)], 1000, 9999, [(0, 1000)]),
        (0, [(500, 1000)], 1000, 9999, [(500, 500)]),
        (0, [(0, 250), (500, 1000)], 1000, 9999, [(0, 250), (500, 500)]),
        (1000, [(1100, 1200)], None, 2000, [(100, 100)]),  # it still goes on
        (1000, [(500, 1000)], 1500, 9999, [(0, 500)]),  # begun before it was due
        (0, [(1000, 1000)], 1000, 9999, [(992, 8)]),  # a bar can be seen, and ends within the line
        (0, [(0, 0)], 0, 9999, [(0, 8)]),
        (0, [(0, 1500)], 1000, 9999, [(0, 1000)]),
    ],
)
def test_attempts_stand_on_the_line_of_their_run_from_its_beginning_to_its_end(
    due: int, attempts: list[tuple[int, int]], finished: int | None, now: int, expected: list[tuple[int, int]]
) -> None:
    run: Any = SimpleNamespace(due_ms=due, finished_ms=finished)
    made: Any = [SimpleNamespace(started_ms=begin, finished_ms=end) for begin, end in attempts]
    assert [(bar.start, bar.width) for bar in bars(run, made, now)] == expected


async def test_the_link_of_a_label_leads_to_the_schedules_that_carry_it() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house, signed_in(house) as person:
        for name, label in (("first", {"a:b": "c"}), ("second", {"a": "b:c"}), ("third", {"a": ""})):
            made = await scheduled(house, name=name, labels=label)
            page = await person.see(f"/schedules/{made['id']}")
            (link,) = re.findall(r'<a class="label" href="/console([^"]*)"', page)
            rows = re.findall(r'href="/console/schedules/(sch_\w+)"', await person.see(html.unescape(link)))
            assert set(rows) == {made["id"]}


async def test_a_label_that_is_half_given_is_refused_as_a_filter() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house, signed_in(house) as person:
        for label in ("team", ":red", ":", "a\\:b"):
            page = await person.see(f"/schedules?label={label}", 400)
            assert "is written name:value" in page, label


@pytest.mark.parametrize("unit_ms", [unit_ms for unit_ms, _ in words._UNITS])
def test_a_length_of_time_is_told_in_its_next_unit_from_one_of_it_on(unit_ms: int) -> None:
    word = dict(words._UNITS)[unit_ms]
    assert words.rough(unit_ms) == words.rough(2 * unit_ms - 1) == f"1 {word}"
    assert not words.rough(unit_ms - 1).endswith(f" {word}")
    assert words.lasting(unit_ms) == f"1 {word}"
    for sign, said in ((1, f"1 {word} ago"), (-1, f"in 1 {word}")):
        assert f">{said}</time>" in words.ago(10**12 - sign * unit_ms, 10**12)
    assert f"1 {word}" not in words.ago(10**12 - unit_ms + 1, 10**12)


def test_less_than_a_second_away_is_now() -> None:
    for away_ms in (-999, 0, 999):
        assert ">now</time>" in words.ago(10**12 + away_ms, 10**12)
