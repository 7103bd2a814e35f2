"""What has a key of its maker's choice is read and changed by it as by its id, and neither is taken for the other."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from horarium.api.app import own_api
from horarium.api.unknown import BY_KEY
from tests.api.asking import BASE, NOW, ask, fields, scheduled
from tests.api.test_walk_of_keys import routes_of
from tests.support.house import House

SLOT = "2026-03-02T09:00:00Z"
# Keys with everything that means something else in a path or a query, and those that look like a verb.
KEYS = ["nightly", "team/a/pause", "a b+c", "50%25", "?x=1#y", "tâche", "pause", "by-key", "k" * 200]


def under(key: str, thing: str = "schedules") -> str:
    return f"/{thing}/by-key/{quote(key, safe='')}"


async def test_every_verb_under_an_id_is_there_under_the_key() -> None:
    async with House.open(NOW) as house:
        routes = set(routes_of(own_api(house.services, {})))
        walked = 0
        for method, path in routes:
            for by_id, by_key in BY_KEY.items():
                if path.startswith(by_id):
                    assert (method, path.replace(by_id, by_key)) in routes
                    walked += 1
        assert walked >= 18


@pytest.mark.parametrize("key", KEYS)
async def test_a_schedule_is_read_changed_paused_fired_and_deleted_by_its_key(key: str) -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house)
        body = {"name": "mine", "recurrence": "0 9 * * *", "target": "t"}
        mine = await ask(house, "PUT", under(key), body, 201)
        assert mine["key"] == key
        await house.move(SLOT)
        place = under(key)
        assert (await ask(house, "GET", place))["id"] == mine["id"]
        assert (await ask(house, "PATCH", place, {"description": "d"}))["description"] == "d"
        assert (await ask(house, "POST", f"{place}/pause", {"note": "n"}))["note"] == "n"
        assert (await ask(house, "POST", f"{place}/resume"))["state"] == "active"
        fire = await ask(house, "POST", f"{place}/fire-now", status=201)
        assert fire["schedule"] == mine["id"]
        range_ = {"from": "2026-02-27T00:00:00Z", "to": "2026-02-28T00:00:00Z"}
        assert (await ask(house, "POST", f"{place}/backfill", range_, 201))["count"] == 1
        assert (await ask(house, "GET", f"{place}/explain?at={SLOT}"))["verdict"] == "fired"
        assert (await ask(house, "GET", f"{place}/ledger"))["items"][0]["schedule"] == mine["id"]
        assert (await ask(house, "GET", f"{place}/fires"))["items"][0]["schedule"] == mine["id"]
        assert (await ask(house, "GET", f"{place}/preview"))["next_fires"]
        found = await ask(house, "GET", "/schedules", params={"key": key})
        assert [item["id"] for item in found["items"]] == [mine["id"]]
        await ask(house, "DELETE", place, status=204)
        await ask(house, "GET", place, status=404)
        assert (await ask(house, "GET", "/schedules", params={"key": key}))["items"] == []
        assert (await ask(house, "GET", f"/schedules/{made['id']}"))["state"] == "active"


@pytest.mark.parametrize("key", KEYS)
async def test_a_target_is_read_changed_switched_and_deleted_by_its_key(key: str) -> None:
    async with House.open(NOW) as house:
        body = {"kind": "tool", "name": "T", "executor": {"type": "http", "url": "https://example.com/hook"}}
        made = await ask(house, "PUT", under(key, "targets"), body, 201)
        place = under(key, "targets")
        assert (await ask(house, "GET", place))["id"] == made["id"]
        assert (await ask(house, "PATCH", place, {"name": "New"}))["name"] == "New"
        assert (await ask(house, "POST", f"{place}/disable"))["enabled"] is False
        assert (await ask(house, "POST", f"{place}/enable"))["enabled"] is True
        assert (await ask(house, "POST", f"{place}/rotate-secret"))["signing_secret"].startswith("whsec_")
        found = await ask(house, "GET", "/targets", params={"key": key})
        assert [item["id"] for item in found["items"]] == [made["id"]]
        await ask(house, "DELETE", place, status=204)
        await ask(house, "GET", place, status=404)


async def test_a_key_is_never_read_as_an_id_and_an_id_never_as_a_key() -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house, key="mine")
        target = await ask(house, "GET", "/targets/t")
        for path in (
            "/schedules/mine",
            under(made["id"]),
            under(target["id"], "targets"),
            under(str(target["number"]), "targets"),
        ):
            await ask(house, "GET", path, status=404)
        await ask(house, "POST", "/schedules/mine/pause", status=404)


async def test_a_key_names_nothing_of_another_workspace() -> None:
    async with House.open(NOW) as house:
        await scheduled(house, key="mine")
        other = await house.workspace("other")
        asking: dict[str, Any] = {"headers": {"Authorization": f"Bearer {other.key}"}}
        for path in ("/schedules/by-key/mine", "/schedules/by-key/mine/ledger", "/targets/by-key/t"):
            await ask(house, "GET", path, status=404, **asking)
        await ask(house, "POST", "/schedules/by-key/mine/pause", status=404, **asking)
        for path in ("/schedules?key=mine", "/targets?key=t"):
            assert (await ask(house, "GET", path, **asking))["items"] == []


@pytest.mark.parametrize("key", ["k" * 201, "a%00b", "%20", "%ED%A0%80"])
async def test_what_no_key_can_be_is_refused_with_its_field(key: str) -> None:
    async with House.open(NOW) as house:
        for thing in ("schedules", "targets"):
            assert await fields(house, "GET", f"/{thing}/by-key/{key}", None) == {"key"}
            assert await fields(house, "DELETE", f"/{thing}/by-key/{key}", None) == {"key"}


async def test_a_slash_that_is_not_encoded_is_no_part_of_a_key() -> None:
    async with House.open(NOW) as house:
        body = {"name": "s", "recurrence": "@daily", "target": "t"}
        answer = await house.client.put(f"{BASE}/schedules/by-key/team/a", json=body)
        assert (answer.status_code, "%2F" in answer.json()["detail"]) == (404, True)
        answer = await house.client.get(f"{BASE}/schedules/by-key")
        assert answer.status_code == 404


async def test_the_filter_by_key_goes_with_the_others() -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house, key="mine", labels={"a": "1", "b": "2"})
        await scheduled(house, key="mine too", labels={"a": "1"})
        for query, found in (
            ("label=a:1&label=b:2", [made["id"]]),
            ("label=a:2", []),
            ("state=paused", []),
            ("target=t", [made["id"]]),
            ("sort=asc", [made["id"]]),
            ("search=ine", [made["id"]]),
        ):
            items = (await ask(house, "GET", f"/schedules?key=mine&{query}"))["items"]
            assert [item["id"] for item in items] == found, query
        assert (await ask(house, "GET", "/targets?key=t&kind=agent"))["items"] == []
