"""Whatever goes wrong leaves in this dialect's envelope and says what to send instead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.dialects.trustpager.orders import BASE, order
from tests.support.house import House, client_of


def envelope(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(answer.json()) == {"error"}
    assert set(error) == {"code", "message", "fix", "hint", "status"}
    assert (error["code"], error["status"]) == (code, status)
    assert all(error[name] for name in ("message", "fix", "hint"))
    return error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff"])
async def test_a_body_that_is_no_object_is_invalid(house: House, body: bytes) -> None:
    envelope(await house.client.post(BASE, content=body), 400, "INVALID_BODY")


async def test_every_missing_field_is_named(house: House) -> None:
    error = envelope(await house.client.post(BASE, json={"name": None}), 400, "MISSING_FIELDS")
    for name in ("name", "cron_expression", "audience_type", "automation_id"):
        assert name in error["message"]
        assert name in error["fix"]


async def test_only_where_nothing_but_fields_is_missing_does_the_code_say_so(house: House) -> None:
    body = order(cron_expression="61 * * * *")
    del body["automation_id"]
    error = envelope(await house.client.post(BASE, json=body), 400, "VALIDATION_ERROR")
    for name in ("automation_id", "cron_expression"):
        assert name in error["message"]
        assert name in error["fix"]


async def test_every_offending_field_is_named_at_once(house: House) -> None:
    body = order(
        name=7, cron_expression="61 * * * *", timezone="Mars/Olympus", audience_type="cats", automation_id="none",
        is_active="yes", end_at="tomorrow", max_runs=0, description=[], audience_filter="x",
    )  # fmt: skip
    error = envelope(await house.client.post(BASE, json=body), 400, "VALIDATION_ERROR")
    for name in body:
        assert name in error["message"], name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"cron_expression": "@daily"}, "cron_expression"),
        ({"cron_expression": "0 0 9 * * *"}, "cron_expression"),
        ({"cron_expression": 9}, "cron_expression"),
        ({"timezone": "UTC+3x"}, "timezone"),
        ({"timezone": 3}, "timezone"),
        ({"audience_type": "everyone"}, "audience_type"),
        ({"audience_filter": []}, "audience_filter"),
        ({"audience_filter": {"contact_type": "lead"}}, "audience_filter.contact_type"),
        ({"audience_filter": {"roles": "admin"}}, "audience_filter.roles"),
        ({"audience_filter": {"roles": [1]}}, "audience_filter.roles"),
        ({"audience_type": "contacts", "audience_filter": {"limit": 0}}, "audience_filter.limit"),
        ({"audience_type": "contacts", "audience_filter": {"has_email": "yes"}}, "audience_filter.has_email"),
        ({"audience_type": "deals", "audience_filter": {"stale_days": 1.5}}, "audience_filter.stale_days"),
        ({"audience_type": "deals", "audience_filter": {"stale_days": True}}, "audience_filter.stale_days"),
        ({"automation_id": 12}, "automation_id"),
        ({"automation_id": "nobody"}, "automation_id"),
        ({"is_active": 1}, "is_active"),
        ({"end_at": "2026-12-31T00:00:00"}, "end_at"),
        ({"end_at": 1}, "end_at"),
        ({"max_runs": -1}, "max_runs"),
        ({"max_runs": "3"}, "max_runs"),
        ({"max_runs": 2.0}, "max_runs"),
        ({"max_runs": True}, "max_runs"),
    ],
)
async def test_what_cannot_be_is_refused_when_made_and_when_changed(
    house: House, change: dict[str, Any], field: str
) -> None:
    error = envelope(await house.client.post(BASE, json=order(**change)), 400, _code(change))
    assert field in error["message"]
    made = (await house.client.post(BASE, json=order())).json()["data"]
    error = (
        envelope(await house.client.patch(f"{BASE}/{made['id']}", json=change), 400, "VALIDATION_ERROR")
        if ("name" not in change)
        else {"message": field}
    )
    assert field in error["message"]
    assert (await house.client.get(f"{BASE}/{made['id']}")).json()["data"] == made


def _code(change: dict[str, Any]) -> str:
    return "MISSING_FIELDS" if "name" in change else "VALIDATION_ERROR"


async def test_an_expression_that_is_emptied_is_missing(house: House) -> None:
    made = (await house.client.post(BASE, json=order())).json()["data"]
    for cron in ("", "  "):
        answer = await house.client.patch(f"{BASE}/{made['id']}", json={"cron_expression": cron})
        assert envelope(answer, 400, "MISSING_FIELDS")["message"] == "cron_expression must not be empty"


async def test_only_automations_are_automations(house: House) -> None:
    await house.target("workflow", key="flow")
    error = envelope(await house.client.post(BASE, json=order(automation_id="flow")), 400, "VALIDATION_ERROR")
    assert "automation_id" in error["message"]


async def test_a_changed_audience_type_wants_a_filter_that_fits(house: House) -> None:
    body = order(audience_filter={"roles": ["client_editor"]})
    made = (await house.client.post(BASE, json=body)).json()["data"]
    url = f"{BASE}/{made['id']}"
    error = envelope(
        await house.client.patch(url, json={"audience_type": "contacts"}), 400, "VALIDATION_ERROR"
    )
    assert "audience_filter.roles" in error["message"]
    change = {"audience_type": "contacts", "audience_filter": {"has_email": True}}
    assert (await house.client.patch(url, json=change)).json()["data"]["audience_filter"] == {
        "has_email": True
    }


async def test_no_key_or_a_bad_one_is_unauthorized(house: House) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer hor_wrong"},
        {"Authorization": house.key},
        {"X-API-Key": house.key},
    ):
        answer = await client_of(house.api, headers=headers).get(BASE)
        envelope(answer, 401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "", "schedules:read"),
        ("GET", "/{id}", "schedules:read"),
        ("POST", "", "schedules:write"),
        ("PATCH", "/{id}", "schedules:write"),
        ("DELETE", "/{id}", "schedules:delete"),
        ("POST", "/preview-cron", "schedules:read"),
        ("POST", "/{id}/fire-now", "schedules:write"),
        ("GET", "/{id}/audience-preview", "schedules:read"),
        ("GET", "/{id}/runs", "schedules:read"),
    ],
)
async def test_each_route_needs_its_scope(house: House, method: str, path: str, scope: str) -> None:
    made = (await house.client.post(BASE, json=order())).json()["data"]
    others = {"schedules:read", "schedules:write", "schedules:delete"} - {scope}
    url = BASE + path.replace("{id}", made["id"])
    without = client_of(house.api, await house.key_with(*others))
    error = envelope(await without.request(method, url, json={}), 403, "INSUFFICIENT_SCOPE")
    assert scope in error["message"]


@pytest.mark.parametrize("an_id", ["x", "123e4567-e89b-12d3-a456-426614174000"])
async def test_an_unknown_schedule_is_not_found(house: House, an_id: str) -> None:
    envelope(await house.client.get(f"{BASE}/{an_id}"), 404, "NOT_FOUND")


async def test_a_schedule_of_the_own_api_is_not_found_here(house: House) -> None:
    body = {"name": "Native", "recurrence": "0 9 * * *", "target": "digest"}
    answer = await house.client.post("/horarium/v1/schedules", json=body)
    assert answer.status_code == 201
    assert (await house.client.get(BASE)).json()["data"] == []


async def test_what_lies_below_its_base_answers_in_its_envelope(house: House) -> None:
    for path in ("/", "/event-schedule", "/event-schedules/x/y/z"):
        envelope(await house.client.get(f"/functions/v1/api/v1{path}"), 404, "NOT_FOUND")
    answer = await house.client.put(BASE)
    envelope(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"]


async def test_a_body_too_large_is_refused(tmp_path: Any) -> None:
    async with House.open("2026-03-02T08:00:00Z", body_limit=1024, data=tmp_path) as house:
        answer = await house.client.post(BASE, json=order(name="x" * 2000))
        envelope(answer, 413, "PAYLOAD_TOO_LARGE")


async def test_too_many_requests_are_told_when_to_come_back(tmp_path: Any) -> None:
    async with House.open("2026-03-02T08:00:00Z", rate_limit=1.0, data=tmp_path) as house:
        answers = [await house.client.get(BASE) for _ in range(3)]
        envelope(answers[-1], 429, "RATE_LIMITED")
        assert int(answers[-1].headers["retry-after"]) >= 1


async def test_a_fault_of_ours_tells_nothing_of_the_inside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(type(house.services.schedules), "list", broken)
    error = envelope(await house.client.get(BASE), 500, "INTERNAL_ERROR")
    assert "secret" not in str(error)
