"""Workflows and executions: targets and runs, in m9m's words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.dialects.m9m.conftest import NEW, WORKFLOW
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

PRODUCT = {
    "name": "From the editor",
    "active": True,
    "nodes": [{"id": "1", "name": "Start", "type": "start", "parameters": {"text": "={{ $json.a }}"}}],
    "connections": {"Start": {"main": [[]]}},
    "settings": {"timezone": "UTC"},
    "tags": ["daily"],
}


async def execute(house: House, body: Any = None) -> dict[str, Any]:
    answer = await house.client.post(f"/api/v1/workflows/{WORKFLOW}/execute", json=body)
    assert answer.status_code == 200, answer.text
    run: dict[str, Any] = answer.json()
    return run


class TestWorkflows:
    async def test_one_with_an_executor_is_made_shown_changed_and_deleted(
        self, house: House, receiver: Receiver
    ) -> None:
        executor = {"type": "http", "url": receiver.url("/x"), "headers": {"Authorization": "very-secret"}}
        made = await house.client.post("/api/v1/workflows", json=PRODUCT | {"executor": executor})
        assert made.status_code == 201
        body = made.json()
        assert body["signingSecret"].startswith("whsec_")
        assert PRODUCT | body == body
        assert body["executor"]["headers"] == {"Authorization": "***"}
        one = f"/api/v1/workflows/{body['id']}"
        shown = (await house.client.get(one)).json()
        assert "signingSecret" not in shown
        changed = await house.client.put(one, json={"name": "Renamed", "executor": shown["executor"]})
        assert (changed.status_code, changed.json()["name"]) == (200, "Renamed")
        assert changed.json()["nodes"] == PRODUCT["nodes"]
        assert (await house.client.delete(one)).status_code == 204
        gone = await house.client.get(one)
        assert (gone.status_code, gone.json()["error"]) == (404, "Workflow not found")

    async def test_the_caller_may_choose_its_id(self, house: House) -> None:
        made = await house.client.post("/api/v1/workflows", json=PRODUCT | {"id": "daily-mail"})
        assert made.json()["id"] == "daily-mail"
        again = await house.client.post("/api/v1/workflows", json=PRODUCT | {"id": "daily-mail"})
        assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")
        number = await house.client.post("/api/v1/workflows", json=PRODUCT | {"id": "12"})
        assert number.json()["details"].keys() == {"id"}

    async def test_without_an_executor_its_runs_say_so(self, house: House) -> None:
        made = (await house.client.post("/api/v1/workflows", json=PRODUCT)).json()
        assert (made["executor"], made["active"]) == (None, False)
        run = (await house.client.post(f"/api/v1/workflows/{made['id']}/execute")).json()
        await house.work()
        ended = (await house.client.get(f"/api/v1/executions/{run['id']}")).json()
        assert ended["status"] == "failed"
        assert "nothing says how this workflow is executed" in ended["error"]

    async def test_without_an_executor_it_cannot_be_switched_on(self, house: House) -> None:
        await house.client.post("/api/v1/workflows", json=PRODUCT | {"id": "bare"})
        native = "/horarium/v1/targets/bare"
        assert (await house.client.get(native)).json()["executor"] == {"type": "none"}
        answer = await house.client.post(f"{native}/enable")
        assert (answer.status_code, "give it an executor" in answer.json()["detail"]) == (409, True)

    async def test_a_change_without_an_executor_leaves_it_off(self, house: House) -> None:
        await house.client.post("/api/v1/workflows", json=PRODUCT | {"id": "bare"})
        changed = (await house.client.put("/api/v1/workflows/bare", json={"name": "Renamed"})).json()
        assert (changed["name"], changed["executor"], changed["active"]) == ("Renamed", None, False)
        run = (await house.client.post("/api/v1/workflows/bare/execute")).json()
        await house.work()
        ended = (await house.client.get(f"/api/v1/executions/{run['id']}")).json()
        assert "nothing says how this workflow is executed" in ended["error"]

    @pytest.mark.parametrize("name", ["", " ", 3])
    async def test_a_change_takes_no_name_that_is_none(self, house: House, name: Any) -> None:
        before = (await house.client.post("/api/v1/workflows", json=PRODUCT)).json()
        url = f"/api/v1/workflows/{before['id']}"
        refused = await house.client.put(url, json={"name": name})
        assert (refused.status_code, refused.json()["details"].keys()) == (400, {"name"})
        assert (await house.client.get(url)).json() == before

    async def test_an_executor_given_later_sets_it_going(self, house: House, receiver: Receiver) -> None:
        made = (await house.client.post("/api/v1/workflows", json=PRODUCT)).json()
        executor = {"type": "http", "url": receiver.url("/late")}
        one = f"/api/v1/workflows/{made['id']}"
        changed = (await house.client.put(one, json={"executor": executor})).json()
        assert changed["active"] is True
        await house.client.post(f"{one}/execute")
        await house.work()
        assert receiver.requests[0].path == "/late"

    async def test_the_workspace_may_choose_a_runner(self, house: House, receiver: Receiver) -> None:
        config = {"url": receiver.url("/runner"), "headers": {"X-Token": "abcdef"}}
        await house.target("function", key="m9m-runner", config=config)
        made = (await house.client.post("/api/v1/workflows", json=PRODUCT)).json()
        assert made["executor"]["headers"] == {"X-Token": "***"}
        assert "signingSecret" not in made
        await house.client.post(f"/api/v1/workflows/{made['id']}/execute")
        await house.work()
        assert receiver.requests[0].headers["X-Token"] == "abcdef"

    async def test_a_runner_is_only_for_those_who_may_use_it(self, house: House) -> None:
        tenancy, who = house.services.tenancy, await house.who()
        await house.target("function", key="m9m-runner")
        kim = await tenancy.create_principal(who, "Kim")
        key = (await tenancy.create_key(who, "kim", ["*"], kim.id)).text
        sent = {"Authorization": f"Bearer {key}"}
        answer = await house.client.post("/api/v1/workflows", json=PRODUCT, headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")

    async def test_lists_carry_both_names_and_the_window(self, house: House) -> None:
        await house.target("function", key="fn")
        body = (await house.client.get("/api/v1/workflows?limit=1&offset=0&search=daily")).json()
        assert body.keys() == {"data", "workflows", "total", "offset", "limit"}
        assert body["data"] == body["workflows"]
        assert (body["total"], body["offset"], body["limit"]) == (1, 0, 1)
        assert body["data"][0]["id"] == WORKFLOW

    async def test_one_that_is_scheduled_cannot_be_deleted(self, house: House) -> None:
        await house.client.post("/api/v1/schedules", json=NEW)
        answer = await house.client.delete(f"/api/v1/workflows/{WORKFLOW}")
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "name"),
            ({"name": " "}, "name"),
            ({"name": 3}, "name"),
            ({"name": "x", "nodes": {}}, "nodes"),
            ({"name": "x", "executor": "http"}, "executor"),
            ({"name": "x", "executor": {}}, "executor.type"),
            ({"name": "x", "executor": {"type": "http"}}, "executor.url"),
            ({"name": "x", "executor": {"type": "magic"}}, "executor.type"),
        ],
    )
    async def test_what_is_wrong_is_named(self, house: House, body: dict[str, Any], field: str) -> None:
        answer = await house.client.post("/api/v1/workflows", json=body)
        assert answer.status_code == 400
        assert answer.json()["details"].keys() == {field}


class TestExecutions:
    async def test_executing_by_hand_is_a_manual_run(self, house: House, receiver: Receiver) -> None:
        run = await execute(house, [{"json": {"a": 1}}])
        assert run.keys() == {
            "id", "workflowId", "status", "mode", "startedAt", "finishedAt", "data", "error",
        }  # fmt: skip
        assert (run["workflowId"], run["status"], run["mode"]) == (WORKFLOW, "running", "manual")
        await house.work()
        assert receiver.requests[0].json()["input"] == [{"json": {"a": 1}}]
        ended = (await house.client.get(f"/api/v1/executions/{run['id']}")).json()
        assert (ended["status"], ended["error"]) == ("completed", None)

    @pytest.mark.parametrize("body", [None, {}, [], {"inputData": None}])
    async def test_without_items_there_is_an_empty_one(
        self, house: House, receiver: Receiver, body: Any
    ) -> None:
        await execute(house, body)
        await house.work()
        assert receiver.requests[0].json()["input"] == [{"json": {}}]

    async def test_input_of_a_wrong_type_is_refused(self, house: House) -> None:
        for body in (3, "x", {"inputData": {}}):
            answer = await house.client.post(f"/api/v1/workflows/{WORKFLOW}/execute", json=body)
            assert (answer.status_code, answer.json()["details"].keys()) == (400, {"inputData"})

    async def test_retry_is_a_new_run_and_the_old_one_stays(self, house: House, receiver: Receiver) -> None:
        receiver.script("/run", Answer(400), Answer(200))
        run = await execute(house)
        await house.work()
        one = f"/api/v1/executions/{run['id']}"
        assert (await house.client.get(one)).json()["status"] == "failed"
        again = (await house.client.post(f"{one}/retry")).json()
        assert (again["mode"], again["status"]) == ("retry", "running")
        assert again["id"] != run["id"]
        open_one = await house.client.post(f"/api/v1/executions/{again['id']}/retry")
        assert open_one.status_code == 409
        await house.work()
        listed = (await house.client.get("/api/v1/executions")).json()
        assert {one["status"] for one in listed["data"]} == {"failed", "completed"}

    async def test_an_execution_tells_when_it_began_and_ended(self, house: House, receiver: Receiver) -> None:
        run = await execute(house)
        one = f"/api/v1/executions/{run['id']}"
        assert (run["startedAt"], run["finishedAt"]) == ("2024-01-26T16:00:00.000Z", None)
        house.clock.now += 1_500
        await house.work()
        ended = (await house.client.get(one)).json()
        times = ended["startedAt"], ended["finishedAt"]
        assert times == ("2024-01-26T16:00:01.500Z", "2024-01-26T16:00:01.500Z")

    async def test_cancel_ends_a_run_at_once(self, house: House, receiver: Receiver) -> None:
        run = await execute(house)
        answer = await house.client.post(f"/api/v1/executions/{run['id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert answer.json()["message"]
        twice = await house.client.post(f"/api/v1/executions/{run['id']}/cancel")
        assert (twice.status_code, twice.json()["code"]) == (409, "CONFLICT")
        await house.work()
        assert receiver.requests == []

    async def test_a_cancelled_run_of_a_schedule_failed_in_its_history(
        self, house: House, receiver: Receiver
    ) -> None:
        made = (await house.client.post("/api/v1/schedules", json=NEW)).json()
        house.clock.now += 3 * 86_400_000
        await house.release()
        history = f"/api/v1/schedules/{made['id']}/history"
        row = (await house.client.get(history)).json()["data"][0]
        await house.client.post(f"/api/v1/executions/{row['executionId']}/cancel")
        after = (await house.client.get(history)).json()
        assert after["data"][0]["status"] == "failed"
        assert "cancelled" in after["data"][0]["error"]
        one = (await house.client.get(f"/api/v1/schedules/{made['id']}")).json()
        assert (one["lastStatus"], one["runCount"], one["failureCount"]) == ("failed", 1, 1)

    async def test_deleting_needs_an_end(self, house: House) -> None:
        run = await execute(house)
        one = f"/api/v1/executions/{run['id']}"
        assert (await house.client.delete(one)).status_code == 409
        await house.work()
        assert (await house.client.delete(one)).status_code == 204
        gone = await house.client.get(one)
        assert (gone.status_code, gone.json()["error"]) == (404, "Execution not found")

    async def test_lists_are_filtered_by_workflow_and_status(self, house: House, receiver: Receiver) -> None:
        await house.target("workflow", receiver.url("/other"), key="other")
        await execute(house)
        await house.work()
        await house.client.post("/api/v1/workflows/other/execute")
        for query, total in (
            ("", 2),
            ("?status=running", 1),
            ("?status=completed", 1),
            ("?status=failed", 0),
            ("?workflowId=other", 1),
            ("?workflowId=other&status=completed", 0),
            ("?workflowId=nobody", 0),
        ):
            body = (await house.client.get(f"/api/v1/executions{query}")).json()
            assert (body["total"], len(body["data"])) == (total, total), query
        assert (await house.client.get("/api/v1/executions?status=waiting")).status_code == 400

    async def test_runs_of_other_targets_are_no_executions(self, house: House) -> None:
        target = await house.target("function", key="fn")
        who = await house.who()
        run = await house.services.runs.start(who, target.id, None)
        from horarium.api.kit.writing import dashed

        assert (await house.client.get("/api/v1/executions")).json()["total"] == 0
        answer = await house.client.get(f"/api/v1/executions/{dashed('exec', run.id)}")
        assert answer.status_code == 404

    async def test_average_time_counts_what_runs_took(self, house: House, receiver: Receiver) -> None:
        made = (await house.client.post("/api/v1/schedules", json=NEW)).json()
        go_on = asyncio.Event()
        receiver.script("/run", Answer(200, until=go_on))
        house.clock.now += 3 * 86_400_000
        await house.release()
        work = house.begin_work()
        await asyncio.wait_for(receiver.arrived.wait(), 5)
        house.clock.now += 2_000
        go_on.set()
        await asyncio.wait_for(work, 5)
        history = (await house.client.get(f"/api/v1/schedules/{made['id']}/history")).json()
        assert (history["averageTime"], history["data"][0]["duration"]) == (2000, 2000)
