"""What clients of m9m, its own web page among them, send and look for beyond its document."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from horarium.domain.execution import Call, Outcome, Verdict
from horarium.store.rows import BegunRun
from horarium.store.verbs import dispatch
from tests.api.dialects.m9m.conftest import NEW
from tests.support.house import House
from tests.support.receiver import Answer, Receiver


class TestMaxDuration:
    """The web page's field "Maximum Duration (seconds)"."""

    async def test_it_is_kept_shown_and_cleared(self, house: House) -> None:
        made = (await house.client.post("/api/v1/schedules", json=NEW | {"maxDuration": 60})).json()
        assert made["maxDuration"] == 60
        url = f"/api/v1/schedules/{made['id']}"
        assert (await house.client.get(url)).json() == made
        assert (await house.client.get("/api/v1/schedules")).json()["data"] == [made]
        kept = (await house.client.put(url, json={"maxRuns": 5})).json()
        assert kept["maxDuration"] == 60
        assert (await house.client.put(url, json=kept)).json()["maxDuration"] == 60
        assert "maxDuration" not in (await house.client.put(url, json={"maxDuration": 0})).json()

    async def test_it_limits_an_attempt_and_the_time_for_further_ones(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[Call] = []

        async def execute(_: Any, call: Call) -> Outcome:
            calls.append(call)
            house.clock.now += call.timeout_ms
            return Outcome(Verdict.FAILED, error="no answer in time")

        monkeypatch.setattr(type(house.services.executors["http"]), "execute", execute)
        made = (await house.client.post("/api/v1/schedules", json=NEW | {"maxDuration": 60})).json()
        await house.move("2024-01-29T14:00:00Z")
        assert [call.timeout_ms for call in calls] == [60_000]
        history = (await house.client.get(f"/api/v1/schedules/{made['id']}/history")).json()
        assert history["data"][0]["status"] == "failed"
        assert history["data"][0]["error"].startswith(
            "no answer in time; not tried again after attempt 1 of 3"
        )

    async def test_without_it_the_limit_is_the_workflows(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[Call] = []

        async def execute(_: Any, call: Call) -> Outcome:
            calls.append(call)
            return Outcome(Verdict.SUCCEEDED)

        monkeypatch.setattr(type(house.services.executors["http"]), "execute", execute)
        made = (await house.client.post("/api/v1/schedules", json=NEW | {"maxDuration": 0})).json()
        assert "maxDuration" not in made
        await house.move("2024-01-29T14:00:00Z")
        assert [call.timeout_ms for call in calls] == [30_000]

    @pytest.mark.parametrize("wrong", [-1, 86_401, 1.5, "60", True])
    async def test_one_that_is_no_duration_is_refused(self, house: House, wrong: Any) -> None:
        answer = await house.client.post("/api/v1/schedules", json=NEW | {"maxDuration": wrong})
        assert (answer.status_code, list(answer.json()["details"])) == (400, ["maxDuration"])


async def test_the_history_says_since_when_a_run_is_under_way(
    house: House, schedule: dict[str, Any], receiver: Receiver
) -> None:
    go_on = asyncio.Event()
    receiver.script("/run", Answer(200, until=go_on))
    house.clock.now += 3 * 86_400_000
    await house.release()
    url = f"/api/v1/schedules/{schedule['id']}/history"
    (waiting,) = (await house.client.get(url)).json()["data"]
    assert (waiting["status"], waiting["startedAt"]) == ("running", None)
    work = house.begin_work()
    await asyncio.wait_for(receiver.arrived.wait(), 5)
    (working,) = house.worker._holding.values()
    marked = BegunRun(
        working.id, house.node, working.epoch, working.started_ms
    )  # as the worker does for slow ones
    await house.store.urgent(dispatch.mark_begun, [marked])
    history = (await house.client.get(url)).json()
    (running,) = history["data"]
    execution = (await house.client.get(f"/api/v1/executions/{running['executionId']}")).json()
    assert running["startedAt"] == "2024-01-29T11:00:00.000-05:00"
    assert history["executions"][0]["startTime"] == running["startedAt"]
    assert execution["startedAt"] == "2024-01-29T16:00:00.000Z"
    assert (running["finishedAt"], running["duration"]) == (None, None)
    go_on.set()
    await asyncio.wait_for(work, 5)


async def test_deleting_a_scheduled_workflow_names_the_ids_of_its_schedules(
    house: House, schedule: dict[str, Any]
) -> None:
    answer = await house.client.delete(f"/api/v1/workflows/{NEW['workflowId']}")
    assert answer.status_code == 409
    assert f"'Daily Report' ({schedule['id']})" in answer.json()["error"]
    assert (await house.client.delete(f"/api/v1/schedules/{schedule['id']}")).status_code == 204
    assert (await house.client.delete(f"/api/v1/workflows/{NEW['workflowId']}")).status_code == 204
