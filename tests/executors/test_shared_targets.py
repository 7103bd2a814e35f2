"""Which hosts targets of all kinds reach: those of the workspace that a target comes from, whoever runs it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from horarium.domain.execution import Verdict
from horarium.domain.host_lists import HostList, host_list
from horarium.domain.ids import Id
from horarium.executors.look_ups import Found, LookUps, Name
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


# The others look names up only where the client library of their engine is installed.
LOOKING_UP = ("http", "llm", "sql", "kubernetes", "nats", "sqs")


@pytest.mark.parametrize("kind", LOOKING_UP)
async def test_names_are_looked_up_and_refusals_noted_for_the_workspace_that_a_target_comes_from(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[Id | None] = set()

    async def find(_look_ups: LookUps, workspace: Id | None, name: Name) -> list[Found]:
        asked.add(workspace)
        return [Found(socket.AF_INET, "169.254.169.254", 0)]

    monkeypatch.setattr(LookUps, "find", find)
    options = ExecutorOptions(engine_hosts=("*",), sql_hosts=("*",))
    executor = MAKERS[kind](options)
    more = {"api_key": "k"} if kind == "llm" else {}
    outcome = await executor.execute(stored_call(executor, GIVEN[kind] | more, home_id=HOME))
    await executor.close()
    said = "leads to an address that is refused (a metadata service)"
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert said in str(outcome.error)
    assert asked == {HOME}
    (noted,) = options.refused_hosts.take(0)
    assert (noted.workspace_id, noted.reason) == (HOME, f"{noted.host} {said}")


FIELDS = {"http": "url", "llm": "base_url", "sql": "connection", "sqs": "queue_url", "temporal": "address"}


@pytest.mark.parametrize(
    ("kind", "more"), REACHING, ids=[f"{kind} {more.get('broker', '')}" for kind, more in REACHING]
)
async def test_a_target_at_a_host_that_its_workspace_may_not_reach_is_refused_when_it_is_stored(
    kind: str, more: dict[str, Any]
) -> None:
    config = {name: value for name, value in (GIVEN[kind] | more).items() if value is not None}
    listed = {b"none": (), b"other": ("nowhere.example",), b"all": ("*",)}
    options = ExecutorOptions(
        engine_hosts=("*",),
        sql_hosts=("*",),
        allowed_hosts=lambda workspace_id: (
            None if workspace_id == b"all" else host_list(listed[workspace_id])
        ),
    )
    executor = MAKERS[kind](options)
    found = {
        workspace: [problem.field for problem in executor.check_hosts(workspace, config)]
        for workspace in listed
    }
    await executor.close()
    field = FIELDS.get(kind, "server")
    assert found == {b"none": [field], b"other": [field], b"all": []}


async def test_a_host_that_a_placeholder_decides_about_is_judged_only_when_it_is_known() -> None:
    executor = MAKERS["http"](ExecutorOptions(allowed_hosts=lambda _: host_list(("a.example",))))
    for url, problems in (
        ("https://a.example/{{ input.x }}", 0),
        ("https://b.example/{{ input.x }}", 1),
        ("https://{{ input.x }}/", 0),
        ("https://b.{{ input.x }}.example/", 0),
    ):
        assert len(executor.check_hosts(b"w" * 16, {"url": url})) == problems
    await executor.close()
