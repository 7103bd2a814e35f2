"""Records that hold JSON are equal only where the JSON is the same."""

from dataclasses import replace
from typing import Any

import pytest

from horarium.domain.audience import StoredSource
from horarium.domain.same_json import is_same_json
from horarium.domain.schedule import Definition, Policies
from horarium.domain.target import Target, TargetKind
from horarium.times import Timing

# Python takes the two of each pair for equal.
ALIKE: list[tuple[Any, Any]] = [(1, True), (0, False), (1, 1.0), (0.0, -0.0)]
AN_ID = bytes(16)
HOLDERS: list[tuple[Any, str]] = [
    (Definition(Timing("0 9 * * *"), Policies(), AN_ID), "input"),
    (Definition(Timing("0 9 * * *"), Policies(), AN_ID), "audience"),
    (Target(AN_ID, AN_ID, TargetKind.TOOL, "t", "echo", {}, AN_ID, 0, 0), "config"),
    (Target(AN_ID, AN_ID, TargetKind.TOOL, "t", "echo", {}, AN_ID, 0, 0), "input_schema"),
    (Target(AN_ID, AN_ID, TargetKind.TOOL, "t", "echo", {}, AN_ID, 0, 0), "extra"),
    (StoredSource(AN_ID, "s", AN_ID, "http", {}, 0, 0), "config"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_values_that_are_written_differently_are_not_the_same(one: Any, other: Any) -> None:
    assert one == other
    assert not is_same_json(one, other)
    assert not is_same_json({"a": [one]}, {"a": [other]})


def test_the_order_of_names_does_not_count() -> None:
    assert is_same_json({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(("one", "other"), ALIKE)
@pytest.mark.parametrize(("holder", "name"), HOLDERS)
def test_what_holds_another_value_is_another(holder: Any, name: str, one: Any, other: Any) -> None:
    before = replace(holder, **{name: {"a": [one]}})
    assert before == replace(holder, **{name: {"a": [one]}})
    assert before != replace(holder, **{name: {"a": [other]}})
    assert before != holder != object()
