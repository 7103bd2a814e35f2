"""Pages one below, at and above what a list has, and numbers one below, at and above what a parameter may be.

The lists and the parameters are those of the OpenAPI page, so that a new one is walked as well.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.asking import BASE, HOOK, NOW, ask
from tests.api.test_round_trips import SOURCES
from tests.support.house import House

Json = dict[str, Any]
# Lists of which there is nothing here: deliveries need a receiver, and rows a database.
NOT_FILLED = {"/webhooks/{id}/deliveries", "/tables/{database}/{table}/rows"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made


async def filled(house: House) -> dict[str, str]:
    """Makes three of everything; what stands for the places of a path, by how the path begins."""
    target = {"kind": "workflow", "name": "T", "executor": HOOK}
    targets = [await ask(house, "POST", "/targets", {**target, "key": f"t{n}"}, 201) for n in range(3)]
    order = {"name": "s", "recurrence": "* * * * *", "target": "t0"}
    schedules = [await ask(house, "POST", "/schedules", {**order, "key": f"s{n}"}, 201) for n in range(3)]
    source = {"type": "http", "config": SOURCES["http"]}
    await ask(house, "PUT", "/audiences/people", source)
    people = [await ask(house, "POST", "/principals", {"name": "P"}, 201) for _ in range(3)]
    principal = people[0]
    for n in range(3):
        other = await ask(house, "POST", "/workspaces", {"name": f"W{n}"}, 201)
        await ask(house, "PUT", f"/targets/t0/shares/{other['id']}", {}, 201)
        await ask(house, "PUT", f"/audiences/people/shares/{other['id']}", {}, 201)
        await ask(house, "POST", f"/principals/{principal['id']}/grants", {"targets": [f"t{n}"]})
        await ask(house, "POST", "/keys", {"name": f"k{n}", "scopes": ["runs:read"]}, 201)
        await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
        await ask(house, "PATCH", "/schedules/by-key/s0", {"recurrence": f"*/{n + 2} * * * *"})
        await ask(house, "POST", "/schedules/by-key/s0/fire-now", status=201)
        await house.move(f"2026-03-01T12:0{n + 1}:00Z")
        period = {"from": f"2027-03-0{n + 1}T00:00:00Z", "until": f"2027-03-0{n + 1}T01:00:00Z"}
        await ask(house, "POST", "/workspaces/current/pause", period)
        await ask(house, "POST", "/erasures", {"person": f"nobody-{n}"})
        act = {"action": "relabel", "filter": {"key": f"s{n}"}, "labels": {"a": "b"}}
        await ask(house, "POST", "/schedules/actions", act)
    lines = "\n".join(json.dumps({"id": f"u{n}", "full_name": "U"}) for n in range(3))
    await house.client.put(f"{BASE}/directory/users", content=lines)
    await house.work()
    await ask(house, "GET", "/events")  # which are kept from the first time on that somebody asks for them
    return {
        "/schedules/{id}": f"/schedules/{schedules[0]['id']}",
        "/schedules/by-key/{key}": "/schedules/by-key/s0",
        "/targets/{ref}": f"/targets/{targets[0]['id']}",
        "/targets/by-key/{key}": "/targets/by-key/t0",
        "/audiences/{name}": "/audiences/people",
        "/principals/{id}": f"/principals/{principal['id']}",
        "/workspaces/{id}": "/workspaces/current",
        "/directory/{kind}": "/directory/users",
    }


def path_in(places: dict[str, str], path: str) -> str:
    """A path with something that there is in its places."""
    for begins, stands in places.items():
        path = path.replace(begins, stands)
    return path


async def test_a_page_ends_where_the_list_ends_and_the_cursor_goes_on_where_it_does_not(house: House) -> None:
    places = await filled(house)
    page = (await house.client.get(f"{BASE}/openapi.json")).json()
    lists = [
        path
        for path, methods in page["paths"].items()
        if "get" in methods
        and {"limit", "cursor"} <= {one["name"] for one in methods["get"].get("parameters", ())}
        and path not in NOT_FILLED
    ]
    assert len(lists) > 20
    for path in [
        *lists,
        "/schedules?sort=name",
        "/schedules?sort=-name",
        "/schedules?sort=asc",
        "/events?order=oldest",
    ]:
        url = path_in(places, path)
        whole, cursor = await page_of(house, url, 1000)
        assert len(whole) >= 3, path
        assert cursor is None, path
        for limit in (len(whole) - 1, len(whole), len(whole) + 1):
            items, cursor = await page_of(house, url, limit)
            assert items == whole[:limit], (path, limit)
            assert (cursor is None) is (limit >= len(whole)), (path, limit)
        assert await one_by_one(house, url) == whole, path
    # These lists have two parts, and a page ends with the first.
    for order in ("next_fire", "last_fire"):
        assert sorted(await one_by_one(house, f"/schedules?sort={order}")) == sorted(
            await one_by_one(house, "/schedules")
        )


async def one_by_one(house: House, url: str) -> list[Any]:
    """The items of a list that is read with a page for each."""
    read, cursor = await page_of(house, url, 1)
    while cursor is not None:
        items, cursor = await page_of(house, f"{url}{'&' if '?' in url else '?'}cursor={cursor}", 1)
        assert len(items) <= 1
        read += items
    return read


async def page_of(house: House, url: str, limit: int) -> tuple[list[Any], str | None]:
    """The items of a page, and the cursor of the next one."""
    found = await ask(house, "GET", f"{url}{'&' if '?' in url else '?'}limit={limit}")
    (items,) = (value for value in found.values() if isinstance(value, list))
    # What has an id may change between two looks, such as when a key was last used.
    return [item.get("id", item) if isinstance(item, dict) else item for item in items], found["next_cursor"]


async def test_a_number_is_taken_within_its_bounds_and_refused_beyond(house: House) -> None:
    places = await filled(house)
    page = (await house.client.get(f"{BASE}/openapi.json")).json()
    bounds = [
        (method, path, one["name"], one["schema"])
        for path, methods in page["paths"].items()
        for method, entry in methods.items()
        for one in entry.get("parameters", ())
        if one["in"] == "query" and one["schema"].get("type") == "integer" and path not in NOT_FILLED
    ]
    assert len(bounds) > 20
    for method, path, name, schema in sorted(bounds, key=lambda one: one[0] != "get"):
        url = BASE + path_in(places, path)
        for number in (schema["minimum"] - 1, schema["minimum"], schema["maximum"], schema["maximum"] + 1):
            is_good = schema["minimum"] <= number <= schema["maximum"]
            if is_good and method != "get":
                continue
            answer = await house.client.request(method.upper(), url, params={name: number})
            assert answer.status_code == (200 if is_good else 400), (path, name, number, answer.text)
            if not is_good:
                assert [problem["field"] for problem in answer.json()["errors"]] == [name], (path, number)
