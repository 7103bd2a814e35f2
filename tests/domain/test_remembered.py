"""What is remembered has a bound in number and in bytes."""

from __future__ import annotations

from horarium.domain.remembered import Remembered


def test_a_value_is_known_until_it_is_replaced_or_all_are_forgotten() -> None:
    known: Remembered[str, int] = Remembered(10, 100)
    known.put("a", 1, 40)
    known.put("a", 2, 60)
    known.put("b", 3, 40)
    assert (known.get("a"), known.get("b"), known.get("c"), len(known)) == (2, 3, None, 2)
    known.clear()
    assert (known.get("a"), len(known)) == (None, 0)
    known.put("c", 4, 100)
    assert known.get("c") == 4


def test_where_one_more_would_be_too_many_or_too_large_the_others_are_forgotten() -> None:
    many: Remembered[int, int] = Remembered(3, 1_000)
    large: Remembered[int, int] = Remembered(1_000, 100)
    for number in range(50):
        many.put(number, number, 1)
        large.put(number, number, 40)
        assert (many.get(number), large.get(number)) == (number, number)
        assert len(many) <= 3
        assert len(large) <= 2


def test_a_value_that_is_larger_than_all_may_be_is_remembered_alone() -> None:
    known: Remembered[str, int] = Remembered(10, 100)
    known.put("a", 1, 10)
    known.put("huge", 2, 1_000)
    assert (known.get("a"), known.get("huge")) == (None, 2)
    known.put("b", 3, 10)
    assert (known.get("huge"), known.get("b")) == (None, 3)
