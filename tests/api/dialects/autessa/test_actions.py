"""What events do: agents that answer, tools that are called, rows that are written, each by a real fire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from horarium.domain.errors import Problem
from horarium.domain.ids import from_prefixed
from horarium.domain.json_text import DEEPEST_PART
from horarium.domain.run import Run, RunState
from horarium.domain.target import Target
from horarium.executors import command
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import create_table, read_rows
from tests.api.dialects.autessa.support import Autessa, agent_event, limited, table_event, tool_event
from tests.support.house import House
from tests.support.model_server import ModelServer
from tests.support.receiver import Answer, Receiver


async def runs(house: House) -> list[Run]:
    return await house.services.runs.list(house.first.workspace_id, 100)


async def test_an_agent_answers_through_a_fire_of_its_event(house: House, autessa: Autessa) -> None:
    async with ModelServer() as server:
        config = {"model": "echo", "base_url": server.base_url, "instructions": "Be brief."}
        agent = await house.target("agent", executor="llm", config=config)
        event = await autessa.event(**agent_event(agent.number))
        assert await house.move("2025-11-03T14:00:00Z") == 1
        messages = server.requests[0]["messages"]
    (run,) = await runs(house)
    assert run.state is RunState.SUCCEEDED
    output = orjson.loads(run.output or "")
    assert output["answer"] == "You said: Generate daily summary"
    assert [one["role"] for one in messages] == ["system", "user"]
    assert (await autessa.get(event))["lastRunAt"] == "2025-11-03T14:00:00Z"


async def test_a_tool_receives_its_variables_and_its_environment_stays_secret(
    house: House, autessa: Autessa, receiver: Receiver
) -> None:
    tool = await house.target(
        "tool",
        config={
            "url": receiver.url("/tool"),
            "headers": {"X-Sent": "{{ environment.TOKEN }}"},
            "body": {"variables": "{{ input.variables }}"},
        },
    )
    receiver.script("/tool", Answer(200, b'{"echo": "s3cret-value"}'))
    request = {
        "toolId": tool.number,
        "variables": {"team": "blue"},
        "environmentVariables": {"TOKEN": "s3cret-value"},
    }
    made = await autessa.call(
        "create", **tool_event(tool.number, toolConfig={"toolExecutionRequest": request})
    )
    assert await house.move("2025-11-03T12:05:00Z") == 1
    (sent,) = receiver.requests
    assert sent.json() == {"variables": {"team": "blue"}}
    assert sent.headers["x-sent"] == "s3cret-value"
    an_id = made.json()["eventId"]
    shown = (await autessa.call("get", scheduledEventId=an_id)).json()["scheduledEvent"]
    masked = request | {"environmentVariables": {"TOKEN": "***"}}
    assert shown["toolConfig"] == {"toolExecutionRequest": masked}
    (run,) = await runs(house)
    native = await house.client.get("/horarium/v1/schedules")
    everything = f"{made.text} {run} {native.text} {house.store.connection.serialize()!r}"
    assert "s3cret-value" not in everything
    # What an answer showed can be sent back: the secret stays.
    update = {"scheduledEventId": an_id, "toolConfig": shown["toolConfig"]}
    assert (await autessa.call("update", **update)).status_code == 200
    assert await house.move("2025-11-03T12:10:00Z") == 1
    assert receiver.requests[1].headers["x-sent"] == "s3cret-value"


async def test_an_events_secrets_do_not_follow_it_to_another_target(house: House, autessa: Autessa) -> None:
    tool, other = await house.target("tool"), await house.target("tool")
    request = {"toolId": tool.number, "environmentVariables": {"TOKEN": "s3cret-value", "REGION": "eu"}}
    made = await autessa.call(
        "create", **tool_event(tool.number, toolConfig={"toolExecutionRequest": request})
    )
    an_id = made.json()["eventId"]
    moved = request | {"toolId": other.number, "environmentVariables": {"TOKEN": "***", "REGION": "us"}}
    update = {"scheduledEventId": an_id, "toolConfig": {"toolExecutionRequest": moved}}
    refused = await autessa.call("update", **update)
    assert refused.status_code == 400
    assert "environmentVariables.TOKEN" in refused.text
    assert "REGION" not in refused.text
    path = "/horarium/v1/schedules/" + an_id.replace(an_id.partition("_")[0], "sch")
    by_native = await house.client.patch(path, json={"target": str(other.number)})
    assert by_native.status_code == 400
    assert "environment variables" in by_native.text
    moved["environmentVariables"]["TOKEN"] = "another-value"
    assert (await autessa.call("update", **update)).status_code == 200


async def test_a_failure_is_retried_unless_errors_are_to_be_passed_over(
    house: House, autessa: Autessa, receiver: Receiver
) -> None:
    receiver.script("/agent", Answer(500))
    agent = await house.target("agent", receiver.url("/agent"))
    for go_on in (True, False):
        config = agent_event(agent.number)["agentConfig"] | {"continueOnError": go_on}
        await autessa.event(
            **agent_event(
                agent.number, agentConfig=config, cronExpression="at(2025-11-03T13:00:00)", timezone="UTC"
            )
        )
    await house.move("2025-11-03T13:00:00Z")
    for _ in range(5):
        house.clock.now += 600_000
        await house.work()
    assert sorted((one.state.value, one.attempts) for one in await runs(house)) == [
        ("failed", 1),
        ("failed", 3),
    ]


async def test_the_event_goes_on_after_a_failure(house: House, autessa: Autessa, receiver: Receiver) -> None:
    receiver.script("/agent", Answer(400))
    agent = await house.target("agent", receiver.url("/agent"))
    event = await autessa.event(**agent_event(agent.number, cronExpression="rate(1 hour)"))
    assert await house.move("2025-11-03T13:00:00Z") == 1
    assert (await autessa.get(event))["enabled"] is True
    assert await house.move("2025-11-03T14:00:00Z") == 1


async def test_get_tells_how_the_event_ran_last(house: House, autessa: Autessa, receiver: Receiver) -> None:
    receiver.script("/agent", Answer(400), Answer(200))
    agent = await house.target("agent", receiver.url("/agent"))
    event = await autessa.event(**agent_event(agent.number, cronExpression="rate(1 hour)"))
    assert "lastOutcome" not in await autessa.get(event)
    house.clock.now += 3_600_000
    await house.release()
    assert (await autessa.get(event))["lastOutcome"] == {"status": "running"}
    await house.work()
    at = "2025-11-03T13:00:00Z"
    assert (await autessa.get(event))["lastOutcome"] == {
        "status": "failed",
        "startedAt": at,
        "finishedAt": at,
        "error": "the target answered 400 Bad Request",
    }
    await house.move("2025-11-03T14:00:00Z")
    at = "2025-11-03T14:00:00Z"
    assert (await autessa.get(event))["lastOutcome"] == {
        "status": "success",
        "startedAt": at,
        "finishedAt": at,
    }
    assert "lastOutcome" not in (await autessa.call("all")).json()["ownedEvents"][0]


async def test_get_tells_why_a_run_is_tried_again(house: House, autessa: Autessa, receiver: Receiver) -> None:
    receiver.script("/agent", Answer(503))
    agent = await house.target("agent", receiver.url("/agent"))
    event = await autessa.event(**agent_event(agent.number, cronExpression="rate(1 hour)"))
    await house.move("2025-11-03T13:00:00Z")
    outcome = (await autessa.get(event))["lastOutcome"]
    assert (outcome["status"], outcome["error"]) == ("running", "the target answered 503 Service Unavailable")


async def test_who_gives_an_event_another_action_answers_for_its_target(
    house: House, receiver: Receiver
) -> None:
    agent = await house.target("agent", receiver.url("/agent"))
    event = await (await limited(house, agent.id)).event(
        **agent_event(agent.number, cronExpression="rate(1 hour)")
    )
    config = {"agentExecutionRequest": {"agentId": agent.number, "input": "Something else"}}
    update = {"scheduledEventId": event["eventId"], "agentConfig": config}
    assert (await Autessa(house).call("update", **update)).status_code == 200
    who = await house.who()
    principals = (await house.services.tenancy.list_principals(who, bytes(16), 10)).items
    (maker,) = [one for one in principals if one.name == "limited"]
    await house.services.tenancy.remove_grant(who, maker.id, agent.id)
    assert await house.move("2025-11-03T13:00:00Z") == 1
    (run,) = await runs(house)
    assert run.state is RunState.SUCCEEDED


async def test_who_sends_the_action_as_it_is_shown_answers_for_its_target_and_who_renames_does_not(
    house: House, autessa: Autessa
) -> None:
    agent = await house.target("agent")
    event = await autessa.event(**agent_event(agent.number))
    an_id = from_prefixed("evt", event["eventId"])
    assert an_id is not None
    maker = (await house.who()).principal_id
    other = await limited(house, agent.id)
    for body, answers_for_it in (
        ({"eventName": "Renamed"}, "maker"),
        ({"eventName": "Again", "actionType": "INVOKE_AGENT"}, "maker"),
        ({"agentConfig": event["agentConfig"]}, "other"),
    ):
        assert (await other.call("update", scheduledEventId=event["eventId"], **body)).status_code == 200
        now = await house.services.schedules.get(house.first.workspace_id, an_id)
        assert (now.created_by == maker) is (answers_for_it == "maker"), body


async def test_a_grant_withdrawn_since_fails_the_run_with_that_reason(
    house: House, receiver: Receiver
) -> None:
    agent = await house.target("agent", receiver.url("/agent"))
    caller = await limited(house, agent.id)
    event = await caller.event(**agent_event(agent.number, cronExpression="rate(1 hour)"))
    who = await house.who()
    (principal,) = [
        one
        for one in (await house.services.tenancy.list_principals(who, bytes(16), 10)).items
        if one.name == "limited"
    ]
    await house.services.tenancy.remove_grant(who, principal.id, agent.id)
    assert await house.move("2025-11-03T13:00:00Z") == 1
    (run,) = await runs(house)
    assert run.state is RunState.FAILED
    assert "grant" in (run.error or "")
    assert receiver.requests == []
    assert await caller.errors(
        "update", 403, scheduledEventId=event["eventId"], agentConfig=event["agentConfig"]
    ) == [f"API key does not have permission to access the target agent (ID: {agent.number})"]
    # Somebody who may takes the event over by setting its target again.
    admin = Autessa(house)
    body = {"scheduledEventId": event["eventId"], "agentConfig": event["agentConfig"]}
    assert (await admin.call("update", **body)).status_code == 200
    assert await house.move("2025-11-03T14:00:00Z") == 1
    assert len(receiver.requests) == 1


async def test_revoking_the_key_that_made_an_event_changes_nothing(
    house: House, autessa: Autessa, receiver: Receiver
) -> None:
    agent = await house.target("agent", receiver.url("/agent"))
    who = await house.who()
    issued = await house.services.tenancy.create_key(who, "second", ["*"])
    await Autessa(house, issued.text).event(**agent_event(agent.number, cronExpression="rate(1 hour)"))
    await house.services.tenancy.revoke_key(who, issued.key.id)
    assert await house.move("2025-11-03T13:00:00Z") == 1
    assert len(receiver.requests) == 1


async def test_an_update_to_another_action_needs_its_config(
    house: House, autessa: Autessa, receiver: Receiver
) -> None:
    agent = await house.target("agent")
    tool = await house.target("tool", receiver.url("/tool"))
    event = await autessa.event(**agent_event(agent.number, cronExpression="rate(1 hour)"))
    an_id = event["eventId"]
    errors = await autessa.errors("update", 400, scheduledEventId=an_id, actionType="INVOKE_TOOL")
    assert errors == ["Tool ID is required for INVOKE_TOOL action"]
    config = {"toolExecutionRequest": {"toolId": tool.number, "variables": {"a": 1}}}
    changed = await autessa.call(
        "update", scheduledEventId=an_id, actionType="INVOKE_TOOL", toolConfig=config
    )
    shown = changed.json()["scheduledEvent"]
    assert shown["actionType"] == "INVOKE_TOOL"
    assert shown["toolConfig"] == config
    assert "agentConfig" not in shown
    await house.move("2025-11-03T13:00:00Z")
    assert receiver.requests[0].json()["input"] == {"variables": {"a": 1}}


COLUMNS = [{"name": "name", "type": "text", "nullable": False}, {"name": "score", "type": "integer"}]


@pytest.fixture
async def table(house: House, tmp_path: Path) -> Target:
    options = ExecutorOptions(data_dir=tmp_path)
    await create_table(options, house.first.workspace_id, "crm", "people", COLUMNS)
    return await house.target("table", executor="sql", config={"database": "crm", "table": "people"})


async def rows(house: House, tmp_path: Path) -> list[dict[str, Any]]:
    options = ExecutorOptions(data_dir=tmp_path)
    found = await read_rows(options, house.first.workspace_id, "crm", "people")
    return list(found["rows"])


async def test_a_row_is_written_once_by_each_fire(
    house: House, autessa: Autessa, table: Target, tmp_path: Path
) -> None:
    config = {"operation": "INSERT", "values": {"name": "Ada", "score": 1}}
    event = await autessa.event(**table_event(table.number, config))
    assert event["autessaDbConfig"] == config | {"targetTableId": table.number}
    for slot in ("2025-11-03T12:05:00Z", "2025-11-03T12:10:00Z"):
        assert await house.move(slot) == 1
        await house.work()
    assert [one["name"] for one in await rows(house, tmp_path)] == ["Ada", "Ada"]
    assert {one.state for one in await runs(house)} == {RunState.SUCCEEDED}
    where = json.dumps([{"column": "score", "operator": "<", "value": 5}])
    update = {"operation": "UPDATE", "values": {"score": 9}, "whereConditions": where}
    changed = await autessa.call(
        "update",
        scheduledEventId=event["eventId"],
        autessaDbConfig={"targetTableId": table.number, **update},
    )
    assert changed.status_code == 200, changed.text
    await house.move("2025-11-03T12:15:00Z")
    assert [one["score"] for one in await rows(house, tmp_path)] == [9, 9]


async def test_a_table_out_of_reach_says_nothing_about_the_request(
    house: House, autessa: Autessa, table: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> list[Problem]:
        return [Problem("", "connection refused", "unavailable")]

    monkeypatch.setattr(house.services.executors["sql"], "check_operation", away)
    errors = await autessa.errors("create", 503, **table_event(table.number))
    assert errors == ["the table cannot be looked at now: connection refused"]


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"operation": "DELETE", "values": {"name": "x"}}, "operation"),
        ({"operation": "INSERT", "values": {}}, "values"),
        ({"operation": "INSERT", "values": {"name": "x", "nope": 1}}, "nope"),
        ({"operation": "INSERT", "values": {"name": "x", "score": "many"}}, "score"),
        ({"operation": "INSERT", "values": {"score": 1}}, "name"),
        ({"operation": "INSERT", "values": {"name": "x"}, "dbRecordId": 1}, "dbRecordId"),
        ({"operation": "INSERT", "values": {"name": "x"}, "whereConditions": "{}"}, "whereConditions"),
        ({"operation": "UPDATE", "values": {"name": "x"}}, "dbRecordId"),
        ({"operation": "UPDATE", "values": {"name": "x"}, "dbRecordId": "1"}, "dbRecordId"),
        ({"operation": "UPDATE", "values": {"name": "x"}, "whereConditions": "{}"}, "whereConditions"),
        ({"operation": "UPDATE", "values": {"name": "x"}, "whereConditions": "not json"}, "whereConditions"),
        ({"operation": "UPDATE", "values": {"name": "x"}, "whereConditions": {"a": 1}}, "whereConditions"),
        ({"operation": "UPDATE", "values": {"name": "x"}, "whereConditions": '{"nope": 1}'}, "nope"),
    ],
)
async def test_a_write_that_does_not_fit_the_table_is_refused_when_it_is_made(
    autessa: Autessa, table: Target, config: dict[str, Any], named: str
) -> None:
    errors = await autessa.errors("create", 400, **table_event(table.number, config))
    assert any(named in one for one in errors), errors


async def test_an_event_cannot_set_variables_that_its_command_does_not_know(
    house: House, autessa: Autessa
) -> None:
    house.services.executors["command"] = command.make(ExecutorOptions(commands=("true?env=REGION",)))
    executor = {"type": "command", "argv": ["true"]}
    body = {"kind": "tool", "name": "T", "executor": executor}
    made = (await house.client.post("/horarium/v1/targets", json=body)).json()
    for name, status in (("TAR_OPTIONS", 400), ("REGION", 200), ("HORARIUM_ENV_X", 200)):
        request = {"toolId": made["number"], "environmentVariables": {name: "x"}}
        event = tool_event(made["number"], toolConfig={"toolExecutionRequest": request})
        answer = await autessa.call("create", **event)
        assert answer.status_code == status, answer.text
        assert status == 200 or f"environmentVariables.{name}" in answer.text


@pytest.mark.parametrize("name", ["", "A=B", "A\n", "A\0", "x" * 201])
async def test_what_is_no_name_of_an_environment_variable_is_refused(
    house: House, autessa: Autessa, name: str
) -> None:
    tool = await house.target("tool")
    good = {"x" * 200: "1", "ü": "", "A B": "2"}
    for variables, status in ((good, 200), (good | {name: "1"}, 400)):
        request = {"toolId": tool.number, "environmentVariables": variables}
        answer = await autessa.call(
            "create", **tool_event(tool.number, toolConfig={"toolExecutionRequest": request})
        )
        assert answer.status_code == status, answer.text
        if status == 400:
            assert "is not a name of an environment variable" in answer.text


@pytest.mark.parametrize("value", [None, 1, True, [], {}, "x" * 100_001])
async def test_the_value_of_an_environment_variable_is_a_text(
    house: House, autessa: Autessa, value: object
) -> None:
    tool = await house.target("tool")
    request = {"toolId": tool.number, "environmentVariables": {"A": value, "B": "x" * 100_000}}
    body = tool_event(tool.number, toolConfig={"toolExecutionRequest": request})
    (error,) = await autessa.errors("create", 400, **body)
    assert error.startswith("toolConfig.toolExecutionRequest.environmentVariables.A: ")


async def test_an_event_has_200_environment_variables_at_most(house: House, autessa: Autessa) -> None:
    tool = await house.target("tool")
    for count in (200, 201):
        request = {"toolId": tool.number, "environmentVariables": {f"V{n}": "1" for n in range(count)}}
        answer = await autessa.call(
            "create", **tool_event(tool.number, toolConfig={"toolExecutionRequest": request})
        )
        assert (answer.status_code, "at most 200 are allowed" in answer.text) == (
            (200, False) if count == 200 else (400, True)
        )


async def test_a_mask_for_a_secret_that_is_not_stored_is_refused(house: House, autessa: Autessa) -> None:
    tool = await house.target("tool")

    def config(**variables: str) -> dict[str, object]:
        return {"toolExecutionRequest": {"toolId": tool.number, "environmentVariables": variables}}

    (told,) = await autessa.errors("create", 400, **tool_event(tool.number, toolConfig=config(TOKEN="***")))
    assert told.startswith("toolConfig.toolExecutionRequest.environmentVariables.TOKEN: is ***")
    event = await autessa.event(**tool_event(tool.number, toolConfig=config(TOKEN="s3cret")))
    changed = config(TOKEN="***", OTHER="***")
    (told,) = await autessa.errors("update", 400, scheduledEventId=event["eventId"], toolConfig=changed)
    assert "environmentVariables.OTHER: is ***" in told


async def test_an_input_that_is_too_deep_is_refused_under_the_name_of_its_config(
    house: House, autessa: Autessa
) -> None:
    tool, deep = await house.target("tool"), {"a": {}}
    for _ in range(DEEPEST_PART):
        deep = {"a": deep}
    config = {"toolExecutionRequest": {"toolId": tool.number, "variables": deep}}
    (told,) = await autessa.errors("create", 400, **tool_event(tool.number, toolConfig=config))
    assert told == f"toolConfig.toolExecutionRequest: is nested more than {DEEPEST_PART} levels deep"
