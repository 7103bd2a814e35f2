"""Whatever is wrong is told as a problem document that names the field, and leaves nothing behind."""

import httpx
import pytest

from horarium.store.verbs.targets import delete_target
from tests.api.asking import BASE, NOW, ask, fields, scheduled
from tests.support.house import House, client_of


async def test_malformed_json_is_refused_with_its_place():
    async with House.open(NOW) as house:
        answer = await house.client.post(f"{BASE}/schedules", content=b'{"name": "x",\n "recurrence": }')
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert "line 2 column 16" in answer.json()["detail"]
        assert answer.json()["errors"][0]["code"] == "json"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'"x"', b"\xff\xfe", b'{"a": "\\ud800"}', b"[" * 5000, b'{"a": NaN}']
)
async def test_what_is_no_json_object_is_refused(content):
    async with House.open(NOW) as house:
        answer = await house.client.post(f"{BASE}/schedules", content=content)
        assert answer.status_code == 400


async def test_json_that_nests_too_deeply_is_refused():
    async with House.open(NOW) as house:
        deep = b'{"name": "x", "input": ' + b"[" * 200 + b"]" * 200 + b"}"
        answer = await house.client.post(f"{BASE}/schedules", content=deep)
        assert answer.status_code == 400
        assert "deep" in answer.json()["detail"]


async def test_a_body_is_json_whatever_its_content_type():
    async with House.open(NOW) as house:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        await ask(house, "POST", "/schedules/preview", {"recurrence": "@daily"}, headers=headers)


async def test_ten_megabytes_are_refused_without_being_read():
    async with House.open(NOW) as house:
        read = 0

        async def body():
            nonlocal read
            for _ in range(10):
                read += 1
                yield b"x" * 1_000_000

        answer = await house.client.post(f"{BASE}/schedules", content=body())
        assert answer.status_code == 413
        announced = await house.client.post(f"{BASE}/schedules", content=b"x" * 10_000_000)
        assert announced.status_code == 413
        assert announced.json()["errors"][0]["code"] == "too-large"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer hor_wrong"}, {"Authorization": "Basic eDp5"}]
)
async def test_a_bad_key_is_refused(headers):
    async with House.open(NOW) as house, client_of(house.api, headers=headers) as client:
        answer = await client.get(f"{BASE}/schedules")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_may_come_as_x_api_key():
    async with House.open(NOW) as house, client_of(house.api, headers={"X-API-Key": house.key}) as client:
        assert (await client.get(f"{BASE}/schedules")).status_code == 200


async def test_a_missing_scope_is_named():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        async with client_of(house.api, await house.key_with("schedules:read")) as client:
            assert (await client.get(f"{BASE}/schedules/{made['id']}")).status_code == 200
            for method, path in (
                ("DELETE", f"/schedules/{made['id']}"),
                ("POST", "/targets"),
                ("GET", "/runs"),
            ):
                answer = await client.request(method, BASE + path, json={})
                assert answer.status_code == 403
                assert answer.json()["errors"][0]["code"].startswith("scope:")


async def test_unknown_routes_and_methods_are_problem_documents_too():
    async with House.open(NOW) as house:
        assert (await ask(house, "GET", "/nonsense", status=404))["type"].endswith("no-route")
        answer = await house.client.delete(f"{BASE}/schedules")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, POST"
        assert (await house.client.get("/nowhere")).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "thing", ["schedules", "targets", "runs", "fires", "keys", "principals", "workspaces"]
)
async def test_another_workspaces_things_are_not_found(thing):
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        mine = await scheduled(house)
        await house.client.post(f"{BASE}/schedules/{mine['id']}/fire-now")
        paths = {"schedules": mine["id"], "targets": mine["target"]}
        for listed in ("keys", "principals", "runs"):
            paths[listed] = (await ask(house, "GET", f"/{listed}"))["items"][0]["id"]
        paths["fires"] = (await ask(house, "GET", f"/schedules/{mine['id']}/fires"))["items"][0]["id"]
        paths["workspaces"] = (await ask(house, "GET", "/me"))["workspace"]["id"]
        async with client_of(house.api, await house.key_with("*", tenant=other)) as client:
            answer = await client.get(f"{BASE}/{thing}/{paths[thing]}")
            assert answer.status_code == 404
            assert (await client.get(f"{BASE}/{thing}/nonsense")).status_code == 404


async def test_a_broken_cursor_or_filter_names_itself():
    async with House.open(NOW) as house:
        assert await fields(house, "GET", "/schedules?cursor=zzz", None) == {"cursor"}
        assert await fields(house, "GET", "/schedules?search=a%00b&label=%00:1", None) == {"search", "label"}
        assert await fields(house, "PUT", "/schedules/by-key/a%00b", {}) == {"key"}
        path = "/schedules?limit=0&state=happy&sort=up&label=x&target=nope"
        assert await fields(house, "GET", path, None) == {"limit", "state", "sort", "label", "target"}


async def test_a_text_too_long_to_search_for_is_refused_and_not_a_fault_of_the_database():
    async with House.open(NOW) as house:
        long = "a" * 60_000
        for path in ("/schedules?search=", "/schedules?label=a:", "/targets?search="):
            found = await fields(house, "GET", path + long, None)
            assert found == {path.partition("?")[2].partition("=")[0]}
        assert await fields(house, "GET", "/schedules?search=" + "b" * 2_001, None) == {"search"}
        assert await ask(house, "GET", "/schedules?search=" + "b" * 2_000) == {
            "items": [],
            "next_cursor": None,
        }


async def test_every_problem_of_a_schedule_is_told_at_once():
    async with House.open(NOW) as house:
        body = {
            "name": 3,
            "recurrence": "0 99 * * *",
            "timezone": "Mars/Base",
            "target": "nobody",
            "overlap": "sometimes",
            "retry": {"max_attempts": 0},
            "labels": {"a": 1},
            "end_at": "tomorrow",
        }
        found = await fields(house, "POST", "/schedules", body)
        assert {"name", "timezone", "target", "overlap", "retry.max_attempts", "labels.a", "end_at"} <= found
        assert any(field.startswith("recurrence") for field in found)
        assert (await ask(house, "GET", "/schedules"))["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recurrence": "0 0 31 2 *"}, "recurrence.day_of_month"),
        ({"recurrence": {"once": "2026-02-01T00:00:00Z"}}, "recurrence"),
        ({"recurrence": {"cron": "x"}}, "recurrence.cron"),
        ({"recurrence": 5}, "recurrence"),
        ({"end_at": "2026-02-01T00:00:00Z"}, "end_at"),
        ({"start_at": "2026-05-01T00:00:00Z", "end_at": "2026-04-01T00:00:00Z"}, "end_at"),
        ({"timezone": "localtime"}, "timezone"),
        ({"name": "a\x00b"}, "name"),
        ({"name": " "}, "name"),
        ({"key": "42"}, "key"),
        ({"key": "sch_x"}, "key"),
        ({"jitter": "a while"}, "jitter"),
        ({"jitter": -1}, "jitter"),
        ({"policies": {"overlap": "no"}}, "policies.overlap"),
        ({"overlap": "skip", "policies": {"overlap": "allow"}}, "overlap"),
        ({"target": True}, "target"),
        ({"audience": {"type": "martians"}}, "audience.type"),
    ],
)
async def test_a_bad_field_is_named(change, field):
    async with House.open(NOW) as house:
        await scheduled(house)
        body = {"name": "s", "recurrence": "0 9 * * *", "target": "t"} | change
        assert field in await fields(house, "POST", "/schedules", body)
        assert len((await ask(house, "GET", "/schedules"))["items"]) == 1


async def test_what_fails_inside_shows_no_inside(monkeypatch):
    async with House.open(NOW) as house:

        async def broken(*_):
            raise ZeroDivisionError("secret inside")

        monkeypatch.setattr(type(house.services.searches), "schedules", broken)
        found = await ask(house, "GET", "/schedules", status=500)
        assert "secret" not in str(found)
        assert found["request_id"]
        assert found["detail"].endswith(found["request_id"])


async def test_a_key_that_asks_too_often_hears_when_to_come_back():
    async with House.open(NOW, rate_limit=1.0) as house:
        answers: list[httpx.Response] = [await house.client.get(f"{BASE}/me") for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 429]
        assert answers[1].headers["retry-after"] == "2"


async def test_no_list_breaks_at_a_value_that_a_parameter_cannot_have() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house:
        page = (await house.client.get("/horarium/v1/openapi.json")).json()
        asked = 0
        for path, methods in page["paths"].items():
            if "get" in methods and "{" not in path:
                for parameter in methods["get"]["parameters"]:
                    answer = await house.client.get(f"/horarium/v1{path}?{parameter['name']}=no-such")
                    assert answer.status_code < 500, (path, parameter["name"])
                    asked += 1
        assert asked > 40


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
async def test_a_schedule_whose_target_another_server_has_just_deleted_is_refused_by_that_field(headers):
    async with House.open(NOW) as house:
        made = await scheduled(house)
        await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
        target = await house.services.targets.resolve(house.first.workspace_id, "t")  # and is remembered here
        await house.store.write(delete_target, house.first.workspace_id, target.id, house.clock.now)
        body = {"name": "s", "recurrence": "0 9 * * *", "target": "t"}
        assert await fields(house, "POST", "/schedules", body, headers=headers) == {"target"}


async def test_a_key_for_a_principal_that_there_is_not_is_refused_by_that_field():
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/principals", {"name": "p", "type": "service"}, 201)
        await ask(house, "DELETE", f"/principals/{made['id']}", status=204)
        body = {"name": "k", "scopes": ["schedules:read"], "principal": made["id"]}
        assert await fields(house, "POST", "/keys", body) == {"principal"}
