"""What our own API does not know it refuses by name: nothing that a request says is dropped without a word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from horarium.api import show
from horarium.api.models import PolicyBody, ScheduleBody, TargetBody, WorkspacePatch
from tests.api.asking import BASE, HOOK, NOW, ask, fields, scheduled
from tests.api.test_walk_of_keys import PUBLIC, walk_of
from tests.support.house import House
from tests.support.receiver import Receiver

STRANGE = "strange_name"
# The bodies of these are items whose fields are their senders' own.
FREE = {"PUT /directory/{kind}"}
ORDER = {"name": "s", "recurrence": "@daily", "target": "t"}


async def told(house: House, method: str, path: str, body: Any = None) -> dict[str, str]:
    """The words of each problem of a refusal, by its field."""
    answer = await ask(house, method, path, body, 400)
    return {problem["field"]: problem["message"] for problem in answer["errors"]}


async def test_every_route_refuses_a_parameter_that_it_does_not_know(receiver: Receiver):
    async with House.open(NOW) as house:
        walk = await walk_of(house, receiver, "native")
        for method, path in walk.routes:
            body = walk.bodies.get(f"{method} {path}") if method not in ("GET", "HEAD") else None
            answer = await house.client.request(method, walk.filled(path), json=body, params={STRANGE: "1"})
            assert answer.status_code == 400, (method, path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert [problem["field"] for problem in answer.json()["errors"]] == [STRANGE], (method, path)
        assert len(walk.routes) > 60
        assert {f"{method} {path}" for method, path in walk.routes} >= PUBLIC


async def test_every_route_refuses_a_field_that_it_does_not_know(receiver: Receiver):
    async with House.open(NOW) as house:
        walk = await walk_of(house, receiver, "native")
        walked = 0
        for method, path in walk.routes:
            route = f"{method} {path}"
            if method in ("GET", "HEAD") or route in FREE:
                continue
            body = {**walk.bodies.get(route, {}), STRANGE: 1}
            answer = await house.client.request(method, walk.filled(path), json=body)
            if path.endswith("/bulk"):
                (line,) = answer.text.splitlines()
                assert (answer.status_code, json.loads(line)["status"]) == (200, 400)
                problems = json.loads(line)["errors"]
            else:
                assert answer.status_code == 400, (route, answer.text)
                problems = answer.json()["errors"]
            assert STRANGE in [problem["field"] for problem in problems], (route, problems)
            walked += 1
        assert walked > 35


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("time_zone", "timezone"),
        ("timeZone", "timezone"),
        ("tz", "timezone"),
        ("zone", "timezone"),
        ("catchup", "catch_up"),
        ("overlaps", "overlap"),
        ("cron", "recurrence"),
        ("cron_expression", "recurrence"),
        ("recurence", "recurrence"),
        ("payload", "input"),
        ("tags", "labels"),
        ("attempts", "policies.retry.max_attempts"),
        ("max_attempts", "policies.retry.max_attempts"),
        ("startAt", "start_at"),
    ],
)
async def test_a_misspelt_field_of_a_schedule_is_answered_with_the_one_that_is_meant(name, meant):
    async with House.open(NOW) as house:
        await scheduled(house)
        assert await told(house, "POST", "/schedules", {**ORDER, name: "x"}) == {
            name: f"is not known; did you mean {meant}?"
        }


async def test_a_misspelt_required_field_is_named_beside_the_missing_one():
    async with House.open(NOW) as house:
        await scheduled(house)
        found = await told(house, "POST", "/schedules", {"name": "s", "recurence": "@daily", "target": "t"})
        assert found == {
            "recurence": "is not known; did you mean recurrence?",
            "recurrence": "is required, such as 0 9 * * 1-5",
        }


@pytest.mark.parametrize(
    ("path", "body", "told_of"),
    [
        (
            "/targets",
            {"name": "t", "executor": {"type": "echo"}},
            {"kind": "is required: one of automation, workflow, function, agent, tool, table"},
        ),
        (
            "/targets",
            {"name": "t", "kind": "tool"},
            {"executor": "is required: an object with type, such as http, and the settings of that type"},
        ),
        (
            "/schedules",
            {"name": "s", "recurrence": "@daily"},
            {"target": "is required: the id, the key or the number of a target"},
        ),
        (
            "/schedules/by-key/s/backfill",
            {"from": "2026-03-01T00:00:00Z"},
            {"to": "is required, such as 2026-03-08T09:00:00Z"},
        ),
    ],
)
async def test_of_a_field_that_is_missing_it_is_told_what_it_would_be(path, body, told_of):
    async with House.open(NOW) as house:
        await scheduled(house)
        assert await told(house, "POST", path, body) == told_of


@pytest.mark.parametrize("length", [-1, 1e12, "99999d"])
async def test_of_a_length_of_time_that_is_too_long_or_below_0_its_bounds_are_told(length):
    async with House.open(NOW) as house:
        await scheduled(house)
        found = await told(house, "POST", "/schedules", {**ORDER, "jitter": length})
        assert found == {"jitter": "must be from 0 to 3660d"}


@pytest.mark.parametrize("length", ["soon", "5 minutes", "1w", True])
async def test_of_what_is_no_length_of_time_it_is_told_how_one_is_written(length):
    async with House.open(NOW) as house:
        await scheduled(house)
        found = await told(house, "POST", "/schedules", {**ORDER, "jitter": length})
        assert found["jitter"].endswith('a text like "1h30m" with the units d, h, m, s and ms')


async def test_the_fields_that_there_are_and_what_is_wrong_with_them_are_told_in_one_order():
    """Not in that of a set, which is another one in each process."""
    flat = {"jitter": -1, "overlap": "x", "catch_up": "x", "grace": "x", "max_fires": 0, "timeout": -1}
    async with House.open(NOW) as house:
        await scheduled(house)
        found = await told(house, "POST", "/schedules", {**ORDER, "zzzzz": 1})
        assert found["zzzzz"].endswith(", ".join(PolicyBody.model_fields))
        for given in (flat, dict(reversed(flat.items()))):
            found = await told(house, "POST", "/schedules", {**ORDER, **given})
            assert list(found) == [name for name in PolicyBody.model_fields if name in flat]


async def test_unknown_fields_are_found_at_every_depth():
    async with House.open(NOW) as house:
        await scheduled(house)
        body = {
            **ORDER,
            "policies": {"overlaps": "allow", "retry": {"attempts": 9}, "catch_up": "all"},
            "recurrence": {"intervals": [{"every": "1h", "offsett": "1m"}]},
            "audience": {"type": "contacts", "filters": {}},
        }
        found = await told(house, "POST", "/schedules", body)
        assert found["policies.overlaps"] == "is not known; did you mean overlap?"
        assert found["policies.retry.attempts"] == "is not known; did you mean max_attempts?"
        assert "audience.filters" in found
        assert any(name.startswith("recurrence") for name in found)


async def test_a_policy_beside_the_recurrence_is_told_as_it_was_written():
    async with House.open(NOW) as house:
        await scheduled(house)
        assert await told(house, "POST", "/schedules", {**ORDER, "retry": {"attempts": 9}}) == {
            "retry.attempts": "is not known; did you mean max_attempts?"
        }


async def test_what_may_hold_anything_stays_free():
    async with House.open(NOW) as house:
        await scheduled(house, input={"time_zone": 1}, labels={"cron": "x"})
        target = {"kind": "agent", "name": "T", "executor": HOOK, "extra": {"anything": 1}}
        await ask(house, "POST", "/targets", target, 201)


async def test_a_key_is_not_made_where_the_request_means_another_principal_or_workspace():
    async with House.open(NOW) as house:
        other = await ask(house, "POST", "/principals", {"name": "p"}, 201)
        order = {"name": "k", "scopes": ["runs:read"]}
        before = (await ask(house, "GET", "/keys"))["items"]
        assert await told(house, "POST", "/keys", {**order, "principal_id": other["id"]}) == {
            "principal_id": "is not known; did you mean principal?"
        }
        (words,) = (await told(house, "POST", "/keys", {**order, "workspace": "ws_x"})).values()
        assert "belongs to the workspace of the key that makes it" in words
        assert (await ask(house, "GET", "/keys"))["items"] == before


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        ("/schedules?labels=customer:c1", "labels", "did you mean label?"),
        ("/schedules?targets=x", "targets", "did you mean target?"),
        ("/schedules?timezone=UTC", "timezone", "the parameters are state, "),
        ("/runs?colour=4", "colour", "the parameters are schedule, "),
        ("/me?verbose=1", "verbose", "there are no parameters"),
    ],
)
async def test_an_unknown_filter_is_refused_with_those_that_there_are(path, name, words):
    async with House.open(NOW) as house:
        assert words in (await told(house, "GET", path))[name]


@pytest.mark.parametrize(
    "path", ["/schedules?state=active&state=paused", "/runs?limit=5&limit=5", "/audit?cursor=a&cursor=b"]
)
async def test_a_parameter_with_one_value_is_refused_where_it_is_given_twice(path):
    name = path.partition("?")[2].partition("=")[0]
    async with House.open(NOW) as house:
        assert await told(house, "GET", path) == {name: "is given 2 times; give it once"}


async def test_labels_may_be_given_several_times():
    async with House.open(NOW) as house:
        await scheduled(house, labels={"a": "1", "b": "2"})
        assert len((await ask(house, "GET", "/schedules?label=a:1&label=b:2"))["items"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "words"),
    [
        ("PUT", "/targets/by-key/k", {"executor": {"type": "http", "urll": "x"}}, "executor.urll", "did you mean url?"),
        ("PUT", "/targets/by-key/k", {"executor": {"type": "llm", "baseUrl": "x"}}, "executor.baseUrl",
         "did you mean base_url?"),
        ("PUT", "/targets/by-key/k", {"executor": {"type": "llm", "settings": {"temprature": 1}}},
         "executor.settings.temprature", "did you mean temperature?"),
        ("PUT", "/targets/by-key/k", {"executor": {"type": "sql", "columns": {"writes": ["a"]}}},
         "executor.columns.writes", "did you mean write?"),
        ("POST", "/audiences/preview", {"audience": {"type": "deals", "filter": {"stale_day": 3}}},
         "audience.filter.stale_day", "did you mean stale_days?"),
        ("POST", "/audiences/preview", {"audience": {"type": "deals", "filter": {"colour": 3}}},
         "audience.filter.colour", "the filters are status, "),
        ("PUT", "/audiences/crm", {"type": "http", "config": {"url": "http://127.0.0.1/", "pageSize": 5}},
         "config.pageSize", "did you mean page_size?"),
    ],
)  # fmt: skip
async def test_an_unknown_name_in_an_executor_a_source_or_a_filter_is_answered_with_the_nearest(
    method, path, body, field, words
):
    if path.startswith("/targets"):
        body = {"kind": "agent" if body["executor"]["type"] == "llm" else "workflow", "name": "T", **body}
    async with House.open(NOW) as house:
        assert words in (await told(house, method, path, body))[field]


async def test_a_body_where_none_is_expected_is_refused_unless_it_is_empty():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        place = f"/schedules/{made['id']}"
        for body in ({}, None):
            await ask(house, "POST", f"{place}/fire-now", body, 201)
        assert await told(house, "POST", f"{place}/fire-now", {"input": 1}) == {
            "input": "is not known: this request takes no body"
        }
        for content in (b"[]", b"1", b"a=b"):
            await ask(house, "POST", f"{place}/resume", status=400, content=content)
        assert await fields(house, "DELETE", place, {"version": 1}) == {"version"}


async def test_a_state_that_has_a_verb_is_refused_with_its_name():
    async with House.open(NOW) as house:
        made = await scheduled(house, key="k")
        place = f"/schedules/{made['id']}"
        for method, path, body in (
            ("PATCH", place, {"paused": True}),
            ("PATCH", place, {"state": "paused"}),
            ("PUT", place, {**ORDER, "paused": True}),
            ("PUT", "/schedules/by-key/k", {**ORDER, "paused": True}),
            ("PUT", "/schedules/by-key/k", {**ORDER, "state": "paused"}),
            ("POST", "/schedules", {**ORDER, "state": "paused"}),
            ("POST", "/schedules", {**ORDER, "enabled": False}),
        ):
            (words,) = (await told(house, method, path, body)).values()
            assert "POST /schedules/{id}/pause" in words, (method, body)
        assert (await ask(house, "GET", place))["state"] == "active"
        await ask(house, "POST", f"{place}/pause", {})
        (words,) = (await told(house, "PATCH", place, {"paused": False})).values()
        assert "/resume" in words
        await ask(house, "PATCH", place, {"paused": True, "state": "paused"})


async def test_what_get_answers_can_be_sent_back_and_changes_nothing():
    async with House.open(NOW) as house:
        made = await scheduled(house, key="k")
        place = f"/schedules/{made['id']}"
        await ask(house, "POST", f"{place}/pause", {"note": "why"})
        await ask(house, "PUT", "/audiences/own", {"type": "http", "config": {"url": "https://example.com/"}})
        target = await ask(house, "GET", "/targets/t")
        for method, path in (
            ("PUT", place), ("PATCH", place), ("PUT", "/schedules/by-key/k"),
            ("PUT", f"/targets/{target['id']}"), ("PATCH", "/targets/t"), ("PUT", "/targets/by-key/t"),
            ("PUT", "/audiences/own"), ("PATCH", "/workspaces/current"),
        ):  # fmt: skip
            read = path.replace("by-key/k", made["id"]).replace("by-key/t", "t")
            before = await ask(house, "GET", read)
            await ask(house, method, path, before)
            after = await ask(house, "GET", read)
            if "workspaces" in path:  # each change of a workspace counts as one
                before.pop("version"), after.pop("version")
            assert after == before, path


@pytest.mark.parametrize("name", ["id", "dialect", "created_at", "created_by", "note"])
async def test_what_no_request_can_change_is_refused_where_it_differs(name):
    async with House.open(NOW) as house:
        made = await scheduled(house)
        for method, body in (("PUT", ORDER), ("PATCH", {})):
            assert await fields(house, method, f"/schedules/{made['id']}", {**body, name: "other"}) == {name}


async def test_what_only_answers_have_is_refused_where_a_thing_is_made():
    async with House.open(NOW) as house:
        await scheduled(house)
        assert await told(house, "POST", "/schedules", {**ORDER, "id": "sch_x", "counts": {}}) == {
            "id": "is set by the server; leave it out",
            "counts": "is set by the server; leave it out",
        }


TARGET = {"kind": "workflow", "name": "T", "executor": HOOK}


@pytest.mark.parametrize("way", ["body", "If-Match"])
@pytest.mark.parametrize(("thing", "body"), [("schedules", ORDER), ("targets", TARGET)])
async def test_a_change_by_key_is_made_only_at_the_version_that_was_seen(thing, body, way):
    async with House.open(NOW) as house:
        await scheduled(house, key="k")
        place = f"/{thing}/by-key/{'k' if thing == 'schedules' else 't'}"

        def at(version: int) -> dict[str, Any]:
            return {"headers": {"If-Match": f'"{version}"'}} if way == "If-Match" else {}

        def with_version(version: int) -> Any:
            return {**body, "name": "New"} | ({"version": version} if way == "body" else {})

        assert "version" in await fields(house, "PUT", place, with_version(7), 409, **at(7))
        assert (await ask(house, "PUT", place, with_version(1), **at(1)))["version"] == 2
        words = await ask(house, "PUT", f"/{thing}/by-key/other", with_version(1), 409, **at(1))
        assert words["detail"].endswith(
            "with the key 'other', so none is at version 1; leave the version out"
        )
        assert len((await ask(house, "GET", f"/{thing}"))["items"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/schedules/{id}/pause",
        "/schedules/{id}/resume",
        *(f"/targets/t/{verb}" for verb in ("enable", "disable")),
    ],
)
async def test_a_verb_that_changes_a_thing_compares_its_version(path):
    async with House.open(NOW) as house:
        path = path.format(id=(await scheduled(house))["id"])
        assert await fields(house, "POST", path, None, 409, headers={"If-Match": '"7"'}) == {"version"}
        await ask(house, "POST", path, None, 200, headers={"If-Match": '"1"'})


async def test_a_new_signing_secret_is_made_only_at_the_version_that_was_seen():
    async with House.open(NOW) as house:
        await scheduled(house)
        path = "/targets/t/rotate-secret"
        assert await fields(house, "POST", path, None, 409, headers={"If-Match": '"7"'}) == {"version"}
        assert (await ask(house, "POST", path, None, 200, headers={"If-Match": '"1"'}))["version"] == 2


async def test_a_version_that_would_not_be_compared_is_refused():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        seen = {"headers": {"If-Match": '"1"'}}
        for path, body in (("/schedules", ORDER), (f"/schedules/{made['id']}/fire-now", None)):
            assert await fields(house, "POST", path, body, 400, **seen) == {"If-Match"}


async def test_a_version_is_refused_where_a_thing_is_made():
    async with House.open(NOW) as house:
        await scheduled(house)
        for path, body in (("/schedules", ORDER), ("/targets", TARGET)):
            found = await told(house, "POST", path, {**body, "version": 1})
            assert found == {"version": "is set by the server; leave it out"}
        line = await house.client.post(f"{BASE}/schedules/bulk", json={**ORDER, "version": 1})
        assert line.json()["errors"][0]["field"] == "version"


async def test_a_key_in_a_body_is_the_key_of_the_path():
    async with House.open(NOW) as house:
        await scheduled(house, key="k")
        target = {"kind": "workflow", "name": "T", "executor": HOOK}
        assert await fields(house, "PUT", "/schedules/by-key/k", {**ORDER, "key": "other"}) == {"key"}
        assert await fields(house, "PUT", "/targets/by-key/t", {**target, "key": "other"}) == {"key"}


async def test_very_many_unknown_names_are_told_quickly_and_in_few_words():
    async with House.open(NOW) as house:
        await scheduled(house)
        body = {**ORDER, **{f"recurrenc{number}": 1 for number in range(50_000)}}
        answer = await ask(house, "POST", "/schedules", body, 400)
        assert len(answer["errors"]) <= 101


async def test_every_field_of_an_answer_is_known_to_the_body_that_changes_it():
    """A field that is shown from now on has to be sortable: may it be changed, must it stay, or is it ignored?"""
    async with House.open(NOW) as house:
        made = await scheduled(house)
        for model, shown in (
            (ScheduleBody, await ask(house, "GET", f"/schedules/{made['id']}")),
            (TargetBody, await ask(house, "GET", "/targets/t")),
            (WorkspacePatch, await ask(house, "GET", "/workspaces/current")),
        ):
            assert {name for name in shown if name not in model.model_fields} == {
                name for name in shown if name in model.shown
            }
        assert len((await ask(house, "GET", f"/schedules/{made['id']}"))["next_fires"]) == show.NEXT_FIRES


async def test_several_versions_in_if_match_are_refused_in_words():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        headers = {"If-Match": '"1", "2"'}
        answer = await ask(house, "PATCH", f"/schedules/{made['id']}", {}, 400, headers=headers)
        assert "lists several versions" in answer["detail"]


async def test_the_pages_of_the_server_itself_mind_no_parameter():
    """Probes of load balancers add what they like."""
    async with House.open(NOW) as house:
        assert (await house.client.get("/healthz?x=1")).status_code == 200
        assert (await house.client.get(f"{BASE}/healthz?x=1")).status_code == 400
