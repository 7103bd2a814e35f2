"""Whatever goes wrong below /api/v1 is told in m9m's envelope."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from horarium.domain.json_text import DEEPEST_PART
from tests.api.dialects.m9m.conftest import NEW, WORKFLOW
from tests.support.house import House, client_of

ROUTES = [
    ("GET", "/schedules"),
    ("POST", "/schedules"),
    ("GET", "/schedules/{schedule}"),
    ("PUT", "/schedules/{schedule}"),
    ("DELETE", "/schedules/{schedule}"),
    ("POST", "/schedules/{schedule}/enable"),
    ("POST", "/schedules/{schedule}/disable"),
    ("GET", "/schedules/{schedule}/history"),
    ("GET", "/workflows"),
    ("POST", "/workflows"),
    ("GET", "/workflows/{workflow}"),
    ("PUT", "/workflows/{workflow}"),
    ("DELETE", "/workflows/{workflow}"),
    ("POST", "/workflows/{workflow}/execute"),
    ("GET", "/executions"),
    ("GET", "/executions/{execution}"),
    ("DELETE", "/executions/{execution}"),
    ("POST", "/executions/{execution}/retry"),
    ("POST", "/executions/{execution}/cancel"),
]
WITH_BODY = [
    (method, path) for method, path in ROUTES if path in ("/schedules", "/workflows") or method == "PUT"
]


def enveloped(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["error"] == body["message"]
    assert body["error"]
    assert body.keys() <= {"error", "code", "message", "details"}
    assert body.get("details", {"": ""}), "details are left out where there are none"
    return body


async def paths(house: House, schedule: dict[str, Any]) -> dict[str, str]:
    run = (await house.client.post(f"/api/v1/workflows/{WORKFLOW}/execute")).json()
    return {"schedule": schedule["id"], "workflow": WORKFLOW, "execution": run["id"]}


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_bad_key_and_none_are_401(house: House, method: str, path: str) -> None:
    for key in (None, "hor_unknown", "x"):
        async with client_of(house.api, key) as stranger:
            answer = await stranger.request(method, f"/api/v1{path}", content=b"{")
            enveloped(answer, 401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_missing_scope_is_403(house: House, schedule: dict[str, Any], method: str, path: str) -> None:
    key = await house.key_with("directory:read")
    where = path.format(**await paths(house, schedule))
    async with client_of(house.api, key) as limited:
        enveloped(await limited.request(method, f"/api/v1{where}", json={}), 403, "FORBIDDEN")


@pytest.mark.parametrize(("method", "path"), [one for one in ROUTES if "{" in one[1]])
async def test_what_is_another_tenants_is_not_found(
    house: House, schedule: dict[str, Any], method: str, path: str
) -> None:
    other = await house.workspace("other")
    where = path.format(**await paths(house, schedule))
    body = enveloped(await other.client.request(method, f"/api/v1{where}", json={}), 404, "NOT_FOUND")
    assert body["error"] in ("Schedule not found", "Workflow not found", "Execution not found")
    assert (await house.client.get(f"/api/v1/schedules/{schedule['id']}")).status_code == 200


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
async def test_a_body_that_is_no_json_object_is_400(
    house: House, schedule: dict[str, Any], method: str, path: str
) -> None:
    where = path.format(**await paths(house, schedule))
    for body in (b"", b"{", b"[]", b"3", b'{"a": NaN}', b"\xff", b"[" * 5000):
        answer = await house.client.request(method, f"/api/v1{where}", content=body)
        if method != "GET":
            assert enveloped(answer, 400, "VALIDATION_ERROR")["error"] == "Invalid JSON"


async def test_any_content_type_is_read_as_json(house: House) -> None:
    import json

    for number, kind in enumerate((None, "text/plain", "application/x-www-form-urlencoded", "nonsense")):
        headers = {} if kind is None else {"Content-Type": kind}
        body = json.dumps(NEW | {"cronExpression": f"{number} 9 * * *"}).encode()
        answer = await house.client.post("/api/v1/schedules", content=body, headers=headers)
        assert answer.status_code == 201


async def test_a_large_body_is_413() -> None:
    async with House.open("2024-01-26T16:00:00Z", body_limit=1000) as house:
        answer = await house.client.post("/api/v1/schedules", content=b"x" * 1001)
        enveloped(answer, 413, "PAYLOAD_TOO_LARGE")


async def test_too_many_requests_are_429_with_the_time_to_wait() -> None:
    async with House.open("2024-01-26T16:00:00Z", rate_limit=2.0) as house:
        for _ in range(2):
            assert (await house.client.get("/api/v1/schedules")).status_code == 200
        answer = await house.client.get("/api/v1/schedules")
        enveloped(answer, 429, "RATE_LIMITED")
        assert int(answer.headers["retry-after"]) >= 1


async def test_unknown_routes_are_404(house: House) -> None:
    for path in ("/nothing", "/schedules/a/b", "/schedules/", "/workflows/a/b/c", "/executions/x/y"):
        enveloped(await house.client.get(f"/api/v1{path}"), 404, "NOT_FOUND")


async def test_wrong_methods_are_405_and_say_which_are_right(house: House) -> None:
    for method, path in (("PATCH", "/schedules"), ("DELETE", "/schedules"), ("GET", "/schedules/x/enable")):
        answer = await house.client.request(method, f"/api/v1{path}")
        enveloped(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"]


async def test_a_fault_of_ours_is_500_and_says_nothing_of_the_inside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(type(house.services.schedules), "list", broken)
    answer = await house.client.get("/api/v1/schedules")
    enveloped(answer, 500, "INTERNAL_ERROR")
    assert "the inside" not in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"workflowId": 3},
        {"workflowId": ["x"]},
        {"cronExpression": 5},
        {"cronExpression": True},
        {"timezone": 1},
        {"timezone": "localtime"},
        {"timezone": "../etc/passwd"},
        {"enabled": "true"},
        {"inputData": {"json": {}}},
        {"maxRuns": -1},
        {"maxRuns": 1.5},
        {"maxRuns": True},
        {"maxRuns": 1 << 60},
        {"cronExpression": "0 9 * * *\0"},
    ],
)
async def test_wrong_types_and_values_are_named(
    house: House, schedule: dict[str, Any], wrong: dict[str, Any]
) -> None:
    (field,) = wrong
    made = await house.client.post("/api/v1/schedules", json=NEW | wrong)
    assert field in enveloped(made, 400, "VALIDATION_ERROR")["details"]
    changed = await house.client.put(f"/api/v1/schedules/{schedule['id']}", json=wrong)
    assert field in enveloped(changed, 400, "VALIDATION_ERROR")["details"]


async def test_both_ways_of_sending_a_key_are_fine(house: House) -> None:
    for headers in ({"Authorization": f"bearer {house.key}"}, {"X-API-Key": house.key}):
        async with client_of(house.api, None, headers) as client:
            assert (await client.get("/api/v1/schedules")).status_code == 200


async def test_of_two_keys_that_are_sent_the_one_in_the_products_own_header_counts(house: House) -> None:
    good, bad = house.key, "hor_wrong"
    for own, bearer, status in ((good, bad, 200), (bad, good, 401), ("", good, 200)):
        headers = {"Authorization": f"Bearer {bearer}", "X-API-Key": own}
        async with client_of(house.api, None, headers) as client:
            assert (await client.get("/api/v1/schedules")).status_code == status, (own, bearer)


async def test_a_workflow_that_is_named_by_nothing_is_missing(house: House, schedule: dict[str, Any]) -> None:
    one = f"/api/v1/schedules/{schedule['id']}"
    for given in ("", " "):
        for answer in (
            await house.client.put(one, json={"workflowId": given}),
            await house.client.post("/api/v1/schedules", json={**NEW, "workflowId": given}),
        ):
            details = enveloped(answer, 400, "VALIDATION_ERROR")["details"]
            assert details == {"workflowId": "must not be empty"}


async def test_what_a_run_by_hand_is_given_is_held_against_its_workflow(house: House) -> None:
    schema = {"type": "array", "items": {"properties": {"json": {"required": ["a"]}}}}
    await house.target("workflow", key="strict", input_schema=schema)
    path = "/api/v1/workflows/strict/execute"
    for body, status in (([{"json": {"a": 1}}], 200), ([{"json": {}}], 400), (None, 400)):
        answer = await house.client.post(path, json=body)
        assert answer.status_code == status, body
        if status == 400:
            assert all(field.startswith("inputData") for field in answer.json()["details"])


async def test_without_a_grant_on_the_workflow_it_cannot_be_scheduled(house: House) -> None:
    who = await house.who()
    service = await house.services.tenancy.create_principal(who, "ungranted")
    issued = await house.services.tenancy.create_key(who, "k", ["*"], service.id)
    async with client_of(house.api, issued.text) as client:
        enveloped(await client.post("/api/v1/schedules", json=NEW), 403, "FORBIDDEN")
        enveloped(await client.post(f"/api/v1/workflows/{WORKFLOW}/execute"), 403, "FORBIDDEN")


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_input_that_is_too_deep_is_refused_under_the_name_it_has_here(
    house: House, schedule: dict[str, Any], method: str
) -> None:
    deep: list[Any] = []
    for _ in range(DEEPEST_PART):
        deep = [deep]
    path = "/api/v1/schedules" + (f"/{schedule['id']}" if method == "PUT" else "")
    answer = await house.client.request(method, path, json={**NEW, "inputData": deep})
    assert enveloped(answer, 400, "VALIDATION_ERROR")["error"].startswith("inputData is nested more than")
