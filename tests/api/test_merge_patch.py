"""Partial changes are merged as RFC 7396 says, however large they are."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.api.drafts import merged


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1, None]}, {"a": [1, None]}),
        (["a"], {"a": "null"}, {"a": "null"}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": 1}, None, None),
    ],
)
def test_the_examples_of_the_standard(before: Any, change: Any, after: Any) -> None:
    assert merged(before, change) == after


_VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["null", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


def _as_the_standard_writes_it(before: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    target = dict(before) if isinstance(before, dict) else {}
    for name, value in change.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = _as_the_standard_writes_it(target.get(name), value)
    return target


@given(_VALUES, _VALUES)
def test_any_two_values_are_merged_as_the_standard_says_and_stay_as_they_are(
    before: Any, change: Any
) -> None:
    kept = copy.deepcopy((before, change))
    assert merged(before, change) == _as_the_standard_writes_it(before, change)
    assert (before, change) == kept


def test_an_object_of_very_many_members_that_is_new_takes_little_time() -> None:
    large = {f"k{number}": {"a": [1]} for number in range(40_000)}
    taken = []
    for _ in range(3):
        begun = time.thread_time()
        assert merged({"name": "x"}, {"extra": large})["extra"] == large
        taken.append(time.thread_time() - begun)
    assert min(taken) < 0.05
