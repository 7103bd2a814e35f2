"""Runs as Temporal workflows: one workflow a run, watched to its end. The server is Temporal's own test server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from horarium.domain.execution import Outcome, Verdict, Watched, WatchedTarget
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.engines.temporal import TemporalExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import call_of, stored_call


@workflow.defn(name="Report")
class Report:
    @workflow.run
    async def run(self, given: dict[str, Any]) -> Any:
        if given["team"] == "broken":
            raise ApplicationError("the team is broken", non_retryable=True)
        if given["team"] == "slow":
            await asyncio.Event().wait()
        if given["team"] == "foreign":
            return RawValue(Payload(metadata={"encoding": b"json/protobuf", "messageType": b"their.Own"}))
        return {"team": given["team"], "rows": 3}


@pytest_asyncio.fixture
async def client(temporal_port: int) -> AsyncIterator[Client]:
    made = await Client.connect(f"127.0.0.1:{temporal_port}")
    yield made


@pytest_asyncio.fixture
async def executor(temporal_port: int) -> AsyncIterator[TemporalExecutor]:
    made = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{temporal_port}",)))
    yield made
    await made.close()


def config_of(port: int, **more: Any) -> dict[str, Any]:
    body = {"team": "{{ input.team }}"}
    return {
        "address": f"127.0.0.1:{port}",
        "workflow": "Report",
        "task_queue": "reports",
        "body": body,
    } | more


async def started(
    executor: TemporalExecutor, port: int, number: int, team: str, **more: Any
) -> tuple[Any, Any, Outcome]:
    """A watched run that was given to Temporal: (call, its target, outcome)."""
    run = derived_id(number, b"temporal")
    call = stored_call(executor, config_of(port, **more), run_id=run, input={"team": team}, watched=True)
    outcome = await executor.execute(call)
    assert outcome.verdict is Verdict.ACCEPTED, outcome.error
    return call, WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets), outcome


async def ended(executor: TemporalExecutor, target: Any, run: Watched) -> Outcome:
    async with asyncio.timeout(20):
        while True:
            found = await executor.watch(target, [run])
            if found:
                return found[run.run_id]
            await asyncio.sleep(0.1)


async def test_a_run_is_one_workflow_and_ends_with_its_result(executor, client, temporal_port):
    call, target, outcome = await started(executor, temporal_port, 1, "blue")
    run = Watched(call.run_id, outcome.handle)
    assert outcome.handle == prefixed("run", call.run_id) == executor.handle_of(call.run_id)
    assert await executor.watch(target, [run]) == {}
    async with Worker(
        client, task_queue="reports", workflows=[Report], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        assert await ended(executor, target, run) == Outcome(
            Verdict.SUCCEEDED, output={"team": "blue", "rows": 3}
        )
    again = await executor.execute(
        call_of(call.config, run_id=call.run_id, attempt=2, input=call.input, watched=True)
    )
    assert (again.verdict, again.handle) == (Verdict.ACCEPTED, outcome.handle)
    assert again.output["run_id"] == outcome.output["run_id"]


async def test_an_attempt_that_is_repeated_finds_the_workflow_that_runs(executor, client, temporal_port):
    call, _, outcome = await started(executor, temporal_port, 2, "slow")
    again = await executor.execute(call)
    assert (again.verdict, again.output) == (Verdict.ACCEPTED, outcome.output)
    await client.get_workflow_handle(outcome.handle).terminate()


async def test_a_workflow_that_fails_fails_its_run_with_the_reason(executor, client, temporal_port):
    call, target, outcome = await started(executor, temporal_port, 3, "broken")
    async with Worker(
        client, task_queue="reports", workflows=[Report], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        found = await ended(executor, target, Watched(call.run_id, outcome.handle))
    assert found.verdict is Verdict.FAILED
    assert found.error == "the workflow has failed: the team is broken"


async def test_a_cancelled_run_cancels_its_workflow(executor, client, temporal_port):
    call, target, outcome = await started(executor, temporal_port, 4, "slow")
    run = Watched(call.run_id, outcome.handle)
    async with Worker(
        client, task_queue="reports", workflows=[Report], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        await executor.cancel(target, run)
        found = await ended(executor, target, run)
    assert (found.verdict, found.error[:37]) == (Verdict.FAILED, "the workflow ended there as canceled:"[:37])
    await executor.cancel(target, run)  # it is over: nothing to do


async def test_a_result_that_cannot_be_decoded_is_told_of_its_own_run_alone(executor, client, temporal_port):
    """Workers with a converter of their own write what this server cannot read."""
    teams = ("foreign", "blue")
    runs = [await started(executor, temporal_port, 11 + n, team) for n, team in enumerate(teams)]
    target = runs[0][1]
    async with Worker(
        client, task_queue="reports", workflows=[Report], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        strange, plain = [
            await ended(executor, target, Watched(call.run_id, taken.handle)) for call, _, taken in runs
        ]
    both = await executor.watch(target, [Watched(call.run_id, taken.handle) for call, _, taken in runs])
    assert list(both.values()) == [strange, plain]
    assert strange == Outcome(Verdict.SUCCEEDED, output="the result could not be read: RuntimeError")
    assert plain == Outcome(Verdict.SUCCEEDED, output={"team": "blue", "rows": 3})


async def test_a_workflow_that_is_not_known_any_more_is_a_failure(executor, temporal_port):
    _, target, _ = await started(executor, temporal_port, 5, "blue")
    found = await executor.watch(target, [Watched(b"gone", "run_gone")])
    assert found[b"gone"].error.startswith("the engine does not know the workflow any more")
    assert found[b"gone"].unknown


async def test_an_engine_that_is_away_is_tried_again(temporal_port):
    executor = make(ExecutorOptions(engine_hosts=("127.0.0.1:1",)))
    outcome = await executor.execute(stored_call(executor, config_of(1), input={"team": "blue"}))
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, True)
    await executor.close()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"address": "a b"}, "address"),
        ({"address": "temporal:70000"}, "address"),
        ({"workflow": ""}, "workflow"),
        ({"task_queue": None}, "task_queue"),
        ({"execution_timeout_s": 0}, "execution_timeout_s"),
        ({"tls": "yes"}, "tls"),
        ({"queue": "reports"}, "queue"),
        ({"body": "{{ nothing }}"}, "body"),
    ],
)
def test_a_mistake_is_reported_at_its_field(executor, config, field):
    problems = executor.check(config_of(7233) | config)
    assert [problem.field for problem in problems] == [field]
