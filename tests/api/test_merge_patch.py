"""Partial changes are merged as RFC 7396 says, however large they are."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.api.drafts import merged
from horarium.domain.ids import prefixed
from tests.api.asking import BASE, HOOK, NOW, ask, scheduled
from tests.support.house import House


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


CADENYA = "/v1/workspaces/{workspace}/agents/a"


@pytest.mark.parametrize(
    ("path", "method", "mine", "others"),
    [
        (BASE + "/schedules/by-key/mine", "PATCH", {"name": "mine"}, {"description": "theirs"}),
        (BASE + "/schedules/by-key/mine", "PATCH", {"policies": {"overlap": "allow"}},
         {"policies": {"max_fires": 7}}),
        (BASE + "/targets/t", "PATCH", {"name": "mine"}, {"description": "theirs"}),
        (BASE + "/targets/t", "PATCH", {"extra": {"mine": 1}}, {"extra": {"theirs": 1}}),
        (BASE + "/webhooks/{hook}", "PATCH", {"name": "mine"}, {"types": ["fire.failed"]}),
        (BASE + "/workspaces/current", "PATCH", {"name": "mine"}, {"settings": {"timezone": "Asia/Tokyo"}}),
        ("/api/v1/workflows/t", "PUT", {"name": "mine"}, {"description": "theirs"}),
        ("/api/v1/workflows/t", "PUT", {"tags": ["mine"]}, {"versionId": "theirs"}),
        (CADENYA, "PATCH", {"metadata": {"name": "mine"}}, {"spec": {"description": "theirs"}}),
        (CADENYA, "PATCH", {"metadata": {"name": "mine"}}, {"metadata": {"labels": {"theirs": "1"}}}),
    ],
)  # fmt: skip
async def test_a_partial_change_keeps_what_another_has_changed_since_the_thing_was_read(
    monkeypatch: pytest.MonkeyPatch, path: str, method: str, mine: Any, others: Any
) -> None:
    async with House.open(NOW) as house:
        await scheduled(house, key="mine")
        await house.target("agent", key="a")
        hook = await ask(house, "POST", "/webhooks", {"url": HOOK["url"]}, 201)
        path = path.format(hook=hook["id"], workspace=prefixed("ws", house.first.workspace_id))
        once = [others]

        async def changed(body: Any) -> None:
            answer = await house.client.request(method, path, json=body)
            assert answer.status_code == 200, answer.text

        def late(write: Any) -> Any:
            async def write_after_another(*given: Any, **named: Any) -> Any:
                if once:
                    await changed(once.pop())
                return await write(*given, **named)

            return write_after_another

        services = house.services
        for service, name in (
            (services.schedules, "change"), (services.targets, "change"), (services.targets, "edit"),
            (services.webhooks, "change"), (services.tenancy, "update_workspace"),
        ):  # fmt: skip
            monkeypatch.setattr(type(service), name, late(getattr(type(service), name)))
        await changed(mine)
        found = (await house.client.get(path)).json()
        assert not once
        for body in (mine, others):
            assert merged(found, body) == found
