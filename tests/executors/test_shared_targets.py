"""A target that is shared reaches out in the name of the workspace that it comes from, whoever runs it."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.domain.execution import Verdict
from horarium.domain.host_lists import HostList, host_list
from horarium.domain.ids import Id
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import stored_call
from tests.executors.test_boundaries import GIVEN, KAFKA, MAKERS, RABBIT

HOME = b"h" * 16
REACHING: list[tuple[str, dict[str, Any]]] = [
    ("http", {}),
    ("llm", {"api_key": "k"}),
    ("sql", {}),
    ("celery", {}),
    ("kubernetes", {}),
    ("message", {}),
    ("message", KAFKA),
    ("message", RABBIT),
    ("nats", {}),
    ("rq", {}),
    ("sqs", {}),
    ("temporal", {}),
]


@pytest.mark.parametrize(
    ("kind", "more"), REACHING, ids=[f"{kind} {more.get('broker', '')}" for kind, more in REACHING]
)
async def test_the_hosts_of_the_workspace_that_a_target_comes_from_decide(
    kind: str, more: dict[str, Any]
) -> None:
    asked: set[Id] = set()

    def allowed(workspace_id: Id) -> HostList:
        asked.add(workspace_id)
        return host_list(("nowhere.example",))

    options = ExecutorOptions(engine_hosts=("*",), sql_hosts=("*",), allowed_hosts=allowed)
    executor = MAKERS[kind](options)
    config = {name: value for name, value in (GIVEN[kind] | more).items() if value is not None}
    call = stored_call(executor, config, home_id=HOME)
    outcome = await executor.execute(call)
    await executor.close()
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert "that this workspace may reach" in str(outcome.error)
    assert asked == {HOME}
    assert {refusal.workspace_id for refusal in options.refused_hosts.take(0)} == {HOME}
