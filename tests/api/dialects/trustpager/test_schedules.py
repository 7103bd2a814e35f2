"""Schedules of this dialect: made, read, changed, deleted; every answer in its shape."""

from __future__ import annotations

import re
from typing import Any

import pytest

from horarium.domain.ids import uuid_text
from tests.api.dialects.trustpager.orders import BASE, order
from tests.support.house import House, client_of

FIELDS = {
    "id", "name", "description", "is_active", "cron_expression", "timezone", "audience_type", "audience_filter",
    "automation_id", "next_run_at", "last_run_at", "run_count", "max_runs", "end_at", "created_at", "updated_at",
}  # fmt: skip
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def made(house: House, **given: Any) -> dict[str, Any]:
    answer = await house.client.post(BASE, json=order(**given))
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_it_makes_a_schedule_and_answers_it_whole(house: House) -> None:
    answer = await house.client.post(BASE, json=order())
    assert answer.status_code == 201
    assert set(answer.json()) == {"data", "meta"}
    data = answer.json()["data"]
    assert set(data) == FIELDS
    assert UUID.fullmatch(data["id"])
    assert data["next_run_at"] == "2026-03-02T09:00:00.000Z"
    assert data["created_at"] == data["updated_at"] == "2026-03-02T08:00:00.000Z"
    assert data["timezone"] == "UTC"
    assert data["automation_id"] == "digest"
    assert data["is_active"] is True
    assert data["run_count"] == 0
    assert data["audience_filter"] == {}
    none = ("description", "last_run_at", "max_runs", "end_at")
    assert [data[name] for name in none] == [None] * 4


async def test_the_workspace_may_have_a_default_time_zone(house: House) -> None:
    who = await house.who()
    await house.services.tenancy.update_workspace(
        who, who.workspace_id, settings={"timezone": "Australia/Sydney"}
    )
    data = await made(house)
    assert data["timezone"] == "Australia/Sydney"
    assert data["next_run_at"] == "2026-03-02T22:00:00.000Z"


async def test_everything_given_is_kept(house: House) -> None:
    given = {
        "description": "Each morning",
        "timezone": "Europe/Berlin",
        "audience_type": "contacts",
        "audience_filter": {"contact_type": "lead", "has_email": True, "limit": 500},
        "is_active": False,
        "end_at": "2026-12-31T23:59:59+01:00",
        "max_runs": 10,
    }
    data = await made(house, **given)
    again = (await house.client.get(f"{BASE}/{data['id']}")).json()["data"]
    assert again == data
    assert {name: data[name] for name in given if name != "end_at"} == {
        name: value for name, value in given.items() if name != "end_at"
    }
    assert data["end_at"] == "2026-12-31T22:59:59.000Z"
    assert data["next_run_at"] is None


async def test_an_inactive_one_has_no_next_run_and_resumes_from_now(house: House) -> None:
    data = await made(house, is_active=False)
    assert data["next_run_at"] is None
    await house.move("2026-03-04T10:00:00Z")
    answer = await house.client.patch(f"{BASE}/{data['id']}", json={"is_active": True})
    assert answer.json()["data"]["next_run_at"] == "2026-03-05T09:00:00.000Z"
    assert answer.json()["data"]["run_count"] == 0


async def test_a_changed_expression_or_zone_moves_the_next_run(house: House) -> None:
    data = await made(house)
    url = f"{BASE}/{data['id']}"
    answer = await house.client.patch(url, json={"cron_expression": "0 10 * * *"})
    assert answer.json()["data"]["next_run_at"] == "2026-03-02T10:00:00.000Z"
    answer = await house.client.patch(url, json={"timezone": "Asia/Tokyo"})
    assert answer.json()["data"]["next_run_at"] == "2026-03-03T01:00:00.000Z"
    answer = await house.client.patch(url, json={"name": "Other", "description": "x"})
    assert answer.json()["data"]["name"] == "Other"
    assert answer.json()["data"]["next_run_at"] == "2026-03-03T01:00:00.000Z"


async def test_null_clears_end_and_number_of_runs_and_nothing_else(house: House) -> None:
    data = await made(house, end_at="2026-12-31T00:00:00Z", max_runs=3, description="kept")
    url = f"{BASE}/{data['id']}"
    change = {"end_at": None, "max_runs": None, "description": None, "name": None, "audience_filter": None}
    answer = await house.client.patch(url, json=change)
    assert answer.status_code == 200
    after = answer.json()["data"]
    assert (after["end_at"], after["max_runs"]) == (None, None)
    assert (after["description"], after["name"]) == ("kept", "Digest")


async def test_the_last_of_max_runs_switches_it_off(house: House) -> None:
    data = await made(house, max_runs=2)
    url = f"{BASE}/{data['id']}"
    await house.move("2026-03-02T09:00:00Z")
    first = (await house.client.get(url)).json()["data"]
    assert (first["run_count"], first["is_active"]) == (1, True)
    assert first["last_run_at"] == "2026-03-02T09:00:00.000Z"
    await house.move("2026-03-03T09:00:00Z")
    after = (await house.client.get(url)).json()["data"]
    assert (after["run_count"], after["is_active"], after["next_run_at"]) == (2, False, None)
    await house.client.patch(url, json={"max_runs": 3})
    assert (await house.client.get(url)).json()["data"]["is_active"] is False
    again = (await house.client.patch(url, json={"is_active": True})).json()["data"]
    assert (again["is_active"], again["next_run_at"]) == (True, "2026-03-04T09:00:00.000Z")


async def test_a_slot_at_exactly_the_end_fires_and_none_after_it(house: House) -> None:
    data = await made(house, end_at="2026-03-03T09:00:00Z")
    url = f"{BASE}/{data['id']}"
    await house.move("2026-03-02T09:00:00Z")
    assert (await house.client.get(url)).json()["data"]["next_run_at"] == "2026-03-03T09:00:00.000Z"
    await house.move("2026-03-03T09:00:00Z")
    after = (await house.client.get(url)).json()["data"]
    assert (after["run_count"], after["next_run_at"]) == (2, None)
    later = (await house.client.patch(url, json={"end_at": None})).json()["data"]
    assert later["next_run_at"] == "2026-03-04T09:00:00.000Z"


async def test_an_end_within_the_second_before_a_slot_keeps_it_from_firing(house: House) -> None:
    data = await made(house, end_at="2026-03-03T08:59:59.5Z")
    await house.move("2026-03-02T09:00:00Z")
    after = (await house.client.get(f"{BASE}/{data['id']}")).json()["data"]
    assert (after["run_count"], after["next_run_at"]) == (1, None)


async def test_deleting_leaves_the_automation(house: House) -> None:
    data = await made(house)
    answer = await house.client.delete(f"{BASE}/{data['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await house.client.get(f"{BASE}/{data['id']}")).status_code == 404
    assert (await house.client.delete(f"{BASE}/{data['id']}")).status_code == 404
    await made(house)


async def test_it_lists_131_schedules_in_two_pages_newest_first(house: House) -> None:
    ids = []
    for number in range(131):
        house.clock.now += 1
        ids.append((await made(house, name=f"S{number}"))["id"])
    first = (await house.client.get(BASE, params={"limit": 100})).json()
    assert first["pagination"]["has_more"] is True
    assert first["pagination"]["limit"] == 100
    for number in range(5):  # what is made meanwhile is newer than everything still to come
        house.clock.now += 1
        await made(house, name=f"New{number}")
    cursor = first["pagination"]["next_cursor"]
    second = (await house.client.get(BASE, params={"limit": 100, "after": cursor})).json()
    assert second["pagination"] == {"limit": 100, "has_more": False, "next_cursor": None}
    assert [one["id"] for one in first["data"] + second["data"]] == ids[::-1]


async def test_a_page_has_25_unless_told_otherwise(house: House) -> None:
    for _ in range(26):
        await made(house)
    page = (await house.client.get(BASE)).json()
    assert (len(page["data"]), page["pagination"]["limit"]) == (25, 25)
    assert set(page) == {"data", "pagination", "meta"}


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"after": "nonsense"}])
async def test_a_page_that_cannot_be_is_refused(house: House, params: dict[str, str]) -> None:
    answer = await house.client.get(BASE, params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert next(iter(params)) in answer.json()["error"]["message"]


async def test_a_cursor_of_another_list_is_unknown(house: House) -> None:
    data = await made(house)
    await made(house)
    cursor = (await house.client.get(BASE, params={"limit": 1})).json()["pagination"]["next_cursor"]
    assert cursor
    answer = await house.client.get(f"{BASE}/{data['id']}/runs", params={"after": cursor})
    assert answer.status_code == 400
    other = await house.workspace("other")
    assert (await other.client.get(BASE, params={"after": cursor})).status_code == 400


async def test_another_workspace_sees_nothing_of_it(house: House) -> None:
    data = await made(house)
    other = await house.workspace("other")
    assert (await other.client.get(BASE)).json()["data"] == []
    for method, path in (
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/runs"), ("GET", "/audience-preview"),
        ("POST", "/fire-now"),
    ):  # fmt: skip
        answer = await other.client.request(
            method, f"{BASE}/{data['id']}{path}", json={} if method == "PATCH" else None
        )
        assert answer.status_code == 404, path
        assert answer.json()["error"]["code"] == "NOT_FOUND"


async def test_the_shorter_base_is_the_same_place(house: House) -> None:
    data = await made(house)
    short = "/v1/event-schedules"
    assert (await house.client.get(short)).json()["data"] == [data]
    assert (await house.client.get(f"{short}/{data['id']}")).json()["data"] == data
    answer = await house.client.get(f"{short}/{data['id']}/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_an_automation_is_named_by_id_key_or_number(house: House) -> None:
    target = await house.target("automation", key="7d444840-9dc0-11d1-b245-5ffdce74fad2")
    for reference in (uuid_text(target.id), str(target.number), "7d444840-9dc0-11d1-b245-5ffdce74fad2"):
        data = await made(house, automation_id=reference)
        assert data["automation_id"] == reference


async def test_the_same_key_and_body_answer_the_first_answer_again(house: House) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await house.client.post(BASE, json=order(), headers=headers)
    await house.client.patch(f"{BASE}/{first.json()['data']['id']}", json={"name": "Changed"})
    again = await house.client.post(BASE, json=order(), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    newer = await house.client.post(BASE.replace("event-", "auto-"), json=order(), headers=headers)
    assert (newer.status_code, newer.json()) == (201, first.json())  # by the other name of the same route
    assert len((await house.client.get(BASE)).json()["data"]) == 1
    other = await house.client.post(BASE, json=order(name="Other"), headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "CONFLICT")
    house.clock.now += 24 * 3600 * 1000 + 1
    later = await house.client.post(BASE, json=order(), headers=headers)
    assert later.json()["data"]["id"] != first.json()["data"]["id"]


async def test_unknown_fields_are_ignored(house: House) -> None:
    data = await made(house, colour="red", company_id="x")
    assert set(data) == FIELDS


async def test_its_openapi_page_is_its_own(house: House) -> None:
    page = (await client_of(house.api).get("/functions/v1/api/v1/openapi.json")).json()
    assert len([1 for path in page["paths"].values() for _ in path]) == 9
    assert page["info"]["title"] == "Event schedules"


async def test_each_half_of_an_audience_is_changed_alone(house: House) -> None:
    plain = await made(house)
    assert (plain["audience_type"], plain["audience_filter"]) == ("users", {})
    url = f"{BASE}/{plain['id']}"
    for change, audience in (
        ({"audience_filter": {"roles": ["client_editor"]}}, ("users", {"roles": ["client_editor"]})),
        ({"name": "Other"}, ("users", {"roles": ["client_editor"]})),
        ({"audience_type": "contacts", "audience_filter": {}}, ("contacts", {})),
        ({"audience_type": "users"}, ("users", {})),
    ):
        data = (await house.client.patch(url, json=change)).json()["data"]
        assert (data["audience_type"], data["audience_filter"]) == audience
