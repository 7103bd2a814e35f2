"""Bulk requests in the mode upsert make each schedule as its line says, and write nothing where it is so already."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api.asking import BASE, HOOK, ask, scheduled
from tests.api.test_round_trips import house, kept, rows
from tests.support.house import House

__all__ = ["house", "kept"]
# The fixtures keep their connections from test to test, so all belong to one event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")
ORDER = {"name": "s", "recurrence": "0 9 * * *", "target": "t"}


async def upsert(house: House, lines: list[Any], mode: str = "?mode=upsert", **options: Any) -> list[Any]:
    """The answers to the lines."""
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    answer = await house.client.post(f"{BASE}/schedules/bulk{mode}", content=content, **options)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def orders(count: int, **given: Any) -> list[dict[str, Any]]:
    return [{**ORDER, "key": f"k/{number}", "input": {"n": number}, **given} for number in range(count)]


async def test_a_second_run_writes_nothing(house: House) -> None:
    await scheduled(house)
    lines = orders(700)
    first = await upsert(house, lines)
    assert Counter((told["status"], told["result"]) for told in first) == {(201, "created"): 700}
    house.clock.now += 60_000
    before = await rows(house)
    second = await upsert(house, lines)
    assert await rows(house) == before
    assert Counter((told["status"], told["result"]) for told in second) == {(200, "unchanged"): 700}
    assert [(told["line"], told["id"], told["key"]) for told in second] == [
        (told["line"], told["id"], told["key"]) for told in first
    ]


async def test_each_line_says_what_has_become_of_it(house: House) -> None:
    await scheduled(house)
    made = await upsert(house, orders(3))
    lines: list[Any] = orders(6)
    lines[1] = {**lines[1], "name": "new"}
    lines[2] = {**lines[2], "target": "nobody"}
    del lines[4]["key"]
    lines[5] = "{"
    told = await upsert(house, lines)
    assert [(line["line"], line["result"]) for line in told] == [
        (1, "unchanged"), (2, "updated"), (3, "refused"), (4, "created"), (5, "refused"), (6, "refused"),
    ]  # fmt: skip
    assert [line["status"] for line in told] == [200, 200, 400, 201, 400, 400]
    assert [line["errors"][0]["field"] for line in told if line["result"] == "refused"] == [
        "target",
        "key",
        "",
    ]
    changed = await ask(house, "GET", f"/schedules/{made[1]['id']}")
    assert (changed["name"], changed["version"]) == ("new", 2)


async def test_a_key_that_stands_twice_is_created_by_the_first_line_and_changed_by_the_second(
    house: House,
) -> None:
    await scheduled(house)
    lines = [
        {**ORDER, "key": "k"},
        {**ORDER, "key": "k", "name": "two"},
        {**ORDER, "key": "k", "name": "two"},
    ]
    told = await upsert(house, lines)
    assert [line["result"] for line in told] == ["created", "updated", "unchanged"]
    assert len({line["id"] for line in told}) == 1


async def test_what_get_has_answered_can_be_upserted_and_is_unchanged(house: House) -> None:
    made = await scheduled(house, key="mine", labels={"a": "b"}, overlap="allow", description="d")
    await ask(house, "POST", f"/schedules/{made['id']}/pause", {"note": "n"})
    shown = await ask(house, "GET", f"/schedules/{made['id']}")
    (told,) = await upsert(house, [shown])
    assert told["result"] == "unchanged"


async def test_a_version_in_a_line_counts(house: House) -> None:
    await scheduled(house, key="mine")
    lines = [{**ORDER, "key": "mine", "version": 7}, {**ORDER, "key": "none", "version": 1}]
    assert [(line["status"], line["errors"][0]["field"]) for line in await upsert(house, lines)] == [
        (409, "version"),
        (409, "version"),
    ]


async def test_upsert_touches_nothing_of_other_workspaces_and_needs_grants(house: House) -> None:
    mine = await scheduled(house, key="mine")
    other = await house.workspace("other")
    (told,) = await upsert(
        house, [{**ORDER, "key": "mine"}], headers={"Authorization": f"Bearer {other.key}"}
    )
    assert (told["status"], told["errors"][0]["field"]) == (400, "target")
    mallory = await house.services.tenancy.create_principal(await house.who(), "Mallory")
    key = await house.services.tenancy.create_key(await house.who(), "m", ["schedules:write"], mallory.id)
    lines = [{**ORDER, "key": "mine", "recurrence": "0 10 * * *"}, {**ORDER, "key": "new"}]
    told_all = await upsert(house, lines, headers={"Authorization": f"Bearer {key.text}"})
    assert [line["status"] for line in told_all] == [403, 403]
    assert await ask(house, "GET", f"/schedules/{mine['id']}") == mine


@pytest.mark.parametrize("mode", ["", "?mode=create"])
async def test_without_the_mode_a_taken_key_is_refused(house: House, mode: str) -> None:
    await scheduled(house, key="mine")
    told = await upsert(house, [{**ORDER, "key": "mine"}, {**ORDER, "key": "new"}], mode)
    assert [(line["status"], line["result"]) for line in told] == [(409, "refused"), (201, "created")]


async def test_an_unknown_mode_is_refused(house: House) -> None:
    answer = await house.client.post(f"{BASE}/schedules/bulk?mode=merge", content=json.dumps(ORDER))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "mode")


async def test_each_line_is_answered_for_itself_where_a_later_key_stands_twice(house: House) -> None:
    await scheduled(house)
    lines = [
        {**ORDER, "key": "a"},
        {**ORDER, "key": "b"},
        {**ORDER, "key": "b", "name": "two"},
        {**ORDER, "key": "c"},
        {**ORDER, "key": "a"},
    ]
    told = await upsert(house, lines)
    assert [line["result"] for line in told] == ["created", "created", "updated", "created", "unchanged"]
    a, b, again, c, at_last = [line["id"] for line in told]
    assert (again, at_last) == (b, a)
    assert len({a, b, c}) == 3


async def test_a_line_is_refused_to_whoever_is_refused_the_same_by_itself(house: House) -> None:
    await scheduled(house, key="k")
    await ask(house, "POST", "/targets", {"kind": "tool", "name": "O", "key": "o", "executor": HOOK}, 201)
    nobody = await ask(house, "POST", "/principals", {"name": "nobody"}, 201)
    known = {**ORDER, "key": "k"}
    lines = [known, {**known, "name": "n"}, {**known, "recurrence": "0 8 * * *"}, {**ORDER, "key": "new"}]
    refused = 0
    for bounds in ({"principal": nobody["id"]}, {"targets": ["o"]}, {"labels": {"team": "a"}}):
        given = {"name": "k", "scopes": ["schedules:write"], **bounds}
        key = (await ask(house, "POST", "/keys", given, 201))["key"]
        mine = {"Authorization": f"Bearer {key}"}
        for line in lines:
            alone = await house.client.put(f"{BASE}/schedules/by-key/{line['key']}", json=line, headers=mine)
            (told,) = await upsert(house, [line], headers=mine)
            if alone.status_code < 400:
                assert told["status"] == 200, (bounds, line)
            else:
                found = alone.json()
                assert (told["status"], told["errors"]) == (found["status"], found["errors"]), (bounds, line)
                refused += 1
    assert refused == 10  # without a grant, what stays as it does may be sent, and be renamed


def between(
    monkeypatch: pytest.MonkeyPatch, house: House, look: str, other: Callable[[], Awaitable[Any]]
) -> None:
    """Have something else happen once a request has looked which schedules there are, and before it writes."""
    schedules = type(house.services.schedules)
    looked = getattr(schedules, look)

    async def look_and_be_late(*given: Any) -> Any:
        found = await looked(*given)
        monkeypatch.setattr(schedules, look, looked)
        await other()
        return found

    monkeypatch.setattr(schedules, look, look_and_be_late)


@pytest.mark.parametrize("route", ["put", "upsert"])
async def test_a_schedule_that_somebody_else_makes_under_the_key_meanwhile_is_replaced(
    house: House, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    await scheduled(house)
    theirs: dict[str, Any] = {}

    async def other() -> None:
        theirs.update(await ask(house, "POST", "/schedules", {**ORDER, "key": "mine", "name": "theirs"}, 201))

    between(monkeypatch, house, "find_by_key" if route == "put" else "with_keys", other)
    if route == "put":
        await ask(house, "PUT", "/schedules/by-key/mine", ORDER, 200)
    else:
        told = await upsert(house, [{**ORDER, "key": "other"}, {**ORDER, "key": "mine"}])
        assert [(line["status"], line["result"]) for line in told] == [(201, "created"), (200, "updated")]
    found = await ask(house, "GET", "/schedules/by-key/mine")
    assert (found["id"], found["name"], found["version"]) == (theirs["id"], "s", 2)


@pytest.mark.parametrize("route", ["put", "upsert"])
async def test_a_schedule_that_somebody_else_deletes_meanwhile_is_not_made_again_unasked(
    house: House, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    made = await scheduled(house, key="mine")
    await scheduled(house, key="other")
    between(
        monkeypatch,
        house,
        "find_by_key" if route == "put" else "with_keys",
        lambda: ask(house, "DELETE", f"/schedules/{made['id']}", None, 204),
    )
    change = {**ORDER, "name": "new"}
    if route == "put":
        await ask(house, "PUT", "/schedules/by-key/mine", change, 404)
    else:
        told = await upsert(house, [{**change, "key": "mine"}, {**change, "key": "other"}])
        assert [(line["status"], line["result"]) for line in told] == [(404, "refused"), (200, "updated")]
    await ask(house, "GET", "/schedules/by-key/mine", status=404)
