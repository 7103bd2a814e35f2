"""The document's requests, as printed, and its error texts in the situations that they name."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.dialects.autessa.support import BASE, Autessa, agent_event, limited, table_event, tool_event
from tests.support.house import House

PRINTED = {
    "eventName": "Daily Summary Agent",
    "description": "Runs every day at 9 AM",
    "cronExpression": "cron(0 9 * * ? *)",
    "timezone": "America/New_York",
    "enabled": True,
    "actionType": "INVOKE_AGENT",
    "sharingLevel": "COMPANY",
    "companyPermissionLevel": "ADMIN",
}


async def test_the_six_calls_work_as_printed(house: House, autessa: Autessa) -> None:
    agent = await house.target("agent")
    created = (await autessa.call("create", **agent_event(agent.number))).json()
    assert created.keys() == {"scheduledEvent", "eventId", "scheduleArn"}
    event, an_id = created["scheduledEvent"], created["eventId"]
    assert PRINTED.items() <= event.items()
    assert an_id == event["eventId"]
    assert re.fullmatch(r"evt_[0-9A-HJKMNP-TV-Z]{26}", an_id)
    arn = rf"arn:aws:scheduler:[a-z0-9-]+:\d{{12}}:schedule/default/{an_id}"
    assert re.fullmatch(arn, created["scheduleArn"])
    assert event["nextRunAt"] == "2025-11-03T14:00:00Z"

    listed = (await autessa.client.post(f"{BASE}/all", content=b"{}")).json()
    assert listed == {"ownedEvents": [event], "companySharedEvents": [], "sharedWithMeEvents": []}
    got = (await autessa.call("get", scheduledEventId=an_id)).json()
    assert got == {"scheduledEvent": event, "permission": "ADMIN"}

    body = {"eventName": "Updated Event Name", "cronExpression": "rate(2 hours)"}
    updated = (await autessa.call("update", scheduledEventId=an_id, **body)).json()
    assert updated.keys() == {"scheduledEvent"}
    assert body.items() <= updated["scheduledEvent"].items()
    assert updated["scheduledEvent"]["nextRunAt"] == "2025-11-03T14:00:00Z"

    toggled = (await autessa.call("toggle", scheduledEventId=an_id, enabled=False)).json()
    assert toggled == {"eventId": an_id, "enabled": False}
    deleted = (await autessa.call("delete", scheduledEventId=an_id)).json()
    assert deleted == {"eventId": an_id, "deletedAt": "2025-11-03T12:00:00Z"}
    again = await autessa.errors("delete", 404, scheduledEventId=an_id)
    assert again == ["Scheduled event not found"]


async def test_a_bearer_prefix_is_tolerated(house: House) -> None:
    assert (await house.client.post(f"{BASE}/all", content=b"{}")).status_code == 200


async def test_the_name_is_required(house: House, autessa: Autessa) -> None:
    agent = await house.target("agent")
    for name in (None, "", "  "):
        body = agent_event(agent.number) | {"eventName": name}
        assert await autessa.errors("create", 400, **body) == ["Event name is required"]
    event = await autessa.event(**agent_event(agent.number))
    update = {"scheduledEventId": event["eventId"], "eventName": ""}
    assert await autessa.errors("update", 400, **update) == ["Event name is required"]


async def test_the_documents_own_pair_of_errors(house: House, autessa: Autessa) -> None:
    agent = await house.target("agent")
    caller = await limited(house)
    body = agent_event(agent.number, eventName="")
    assert await caller.errors("create", 400, **body) == [
        f"API key does not have permission to access the target agent (ID: {agent.number})",
        "Event name is required",
    ]


async def test_an_update_collects_what_is_forbidden_and_what_is_wrong(house: House, autessa: Autessa) -> None:
    agent, other = await house.target("agent"), await house.target("agent")
    event = await autessa.event(**agent_event(agent.number))
    caller = await limited(house, agent.id)
    config = agent_event(other.number)["agentConfig"]
    update = {"scheduledEventId": event["eventId"], "agentConfig": config}
    forbidden = f"API key does not have permission to access the target agent (ID: {other.number})"
    assert await caller.errors("update", 403, **update) == [forbidden]
    update["cronExpression"] = "at(2020-01-01T00:00:00)"
    first, second = await caller.errors("update", 400, **update)
    assert (first, "has passed" in second) == (forbidden, True)


async def test_the_configs_of_other_actions_are_not_read(house: House, autessa: Autessa) -> None:
    agent = await house.target("agent")
    event = await autessa.event(**agent_event(agent.number, toolConfig=3, autessaDbConfig={"values": 3}))
    update = {"scheduledEventId": event["eventId"], "toolConfig": [], "description": "New"}
    changed = await autessa.call("update", **update)
    assert changed.json()["scheduledEvent"] == event | {"description": "New"}


async def test_a_target_without_a_grant_is_forbidden(house: House) -> None:
    caller = await limited(house)
    for kind, body in (("agent", agent_event), ("tool", tool_event), ("table", table_event)):
        number = (await house.target(kind)).number
        text = f"API key does not have permission to access the target {kind} (ID: {number})"
        assert await caller.errors("create", 403, **body(number)) == [text]


async def test_who_has_no_grant_on_what_an_event_runs_is_told_so_whichever_call_needs_one(
    house: House, autessa: Autessa
) -> None:
    agent = await house.target("agent")
    an_id = (await autessa.event(**agent_event(agent.number, enabled=False)))["eventId"]
    caller = await limited(house)
    permission = f"API key does not have permission to access the target agent (ID: {agent.number})"
    for route, body in (
        ("toggle", {"enabled": True}),
        ("update", {"enabled": True}),
        ("update", {"cronExpression": "rate(5 minutes)"}),
    ):
        assert await caller.errors(route, 403, scheduledEventId=an_id, **body) == [permission], body
    for route, body in (("update", {"eventName": "Mine"}), ("toggle", {"enabled": False}), ("delete", {})):
        assert (await caller.call(route, scheduledEventId=an_id, **body)).status_code == 200, route


async def test_a_target_that_is_absent_or_another_companys(house: House, autessa: Autessa) -> None:
    other = await house.workspace("other")
    theirs = await house.target("agent", tenant=other)
    tool = await house.target("tool")
    text = ["Target resource does not belong to your company"]
    for number in (theirs.number, 999_999, 0, -1, 2**63, tool.number):
        assert await autessa.errors("create", 403, **agent_event(number)) == text


async def test_the_id_of_each_action_is_required(autessa: Autessa) -> None:
    common = {"eventName": "e", "cronExpression": "rate(1 day)"}
    for action, kind, field, request in (
        ("INVOKE_AGENT", "Agent", "agentConfig", {"agentExecutionRequest": {"input": "x"}}),
        ("INVOKE_TOOL", "Tool", "toolConfig", {"toolExecutionRequest": {}}),
        ("UPDATE_AUTESSADB", "Table", "autessaDbConfig", {"operation": "INSERT", "values": {"a": 1}}),
    ):
        text = [f"{kind} ID is required for {action} action"]
        assert await autessa.errors("create", 400, **common, actionType=action) == text
        assert await autessa.errors("create", 400, **common, actionType=action, **{field: request}) == text


async def test_each_call_names_what_it_cannot_do_without(house: House, autessa: Autessa) -> None:
    an_id = (await autessa.event(**agent_event((await house.target("agent")).number)))["eventId"]
    for route in ("get", "update", "toggle", "delete"):
        for given in ({}, {"scheduledEventId": None}):
            errors = await autessa.errors(route, 400, **given)
            assert "scheduledEventId: is required" in errors, route
    for given in ({}, {"enabled": None}):
        assert await autessa.errors("toggle", 400, scheduledEventId=an_id, **given) == [
            "enabled: is required"
        ]
    assert await autessa.errors("create", 400) == [
        "Event name is required",
        "cronExpression: is required",
        "actionType: is required",
    ]


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"operation": None}, ["autessaDbConfig.operation: is required"]),
        ({"values": None}, ["autessaDbConfig.values: is required"]),
        ({"values": []}, ["autessaDbConfig.values: must be an object"]),
        ({"whereConditions": {}}, ["autessaDbConfig.whereConditions: must be a string of JSON"]),
        ({"dbRecordId": 1}, ["autessaDbConfig.dbRecordId: does not go with INSERT; leave it out"]),
        ({"operation": "UPDATE"}, ["autessaDbConfig.dbRecordId: UPDATE needs dbRecordId or whereConditions"]),
        ({"values": {}}, ["autessaDbConfig.values: must be an object with at least one column"]),
        ({"operation": "DELETE"}, ["autessaDbConfig.operation: must be one of INSERT, UPDATE"]),
        ({"targetTableId": None}, ["Table ID is required for UPDATE_AUTESSADB action"]),
        ({"targetTableId": "7"}, ["autessaDbConfig.targetTableId: must be an integer"]),
        ({"continueOnError": "yes"}, ["autessaDbConfig.continueOnError: must be true or false"]),
    ],
)
async def test_a_write_to_a_table_names_what_is_missing_or_of_a_wrong_type(
    house: House, autessa: Autessa, change: dict[str, Any], errors: list[str]
) -> None:
    body = table_event((await house.target("table")).number)
    body["autessaDbConfig"] |= change
    assert await autessa.errors("create", 400, **body) == errors


async def test_of_a_config_without_its_request_the_missing_id_is_all_that_is_told(autessa: Autessa) -> None:
    for kind, config, name in (
        ("INVOKE_AGENT", "agentConfig", "Agent"),
        ("INVOKE_TOOL", "toolConfig", "Tool"),
    ):
        body = {"eventName": "n", "cronExpression": "rate(1 day)", "actionType": kind}
        for given in ({}, {"continueOnError": 7}):
            errors = await autessa.errors("create", 400, **body, **{config: given})
            assert errors == [f"{name} ID is required for {kind} action"]


async def test_an_unknown_event_is_not_found(autessa: Autessa) -> None:
    for route, more in (("get", {}), ("update", {}), ("toggle", {"enabled": True}), ("delete", {})):
        for an_id in ("evt_abc123", "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV", "7"):
            errors = await autessa.errors(route, 404, scheduledEventId=an_id, **more)
            assert errors == ["Scheduled event not found"]


async def test_another_companys_event_is_named_as_such(house: House, autessa: Autessa) -> None:
    agent = await house.target("agent")
    event = await autessa.event(**agent_event(agent.number))
    other = Autessa(house, (await house.workspace("other")).key)
    for route, more in (("get", {}), ("update", {}), ("toggle", {"enabled": True}), ("delete", {})):
        errors = await other.errors(route, 403, scheduledEventId=event["eventId"], **more)
        assert errors == ["Scheduled event does not belong to your company"]
    assert (await other.call("all")).json()["ownedEvents"] == []
    await autessa.call("delete", scheduledEventId=event["eventId"])
    assert await other.errors("get", 404, scheduledEventId=event["eventId"]) == ["Scheduled event not found"]


async def test_every_problem_is_collected(house: House, autessa: Autessa) -> None:
    errors = await autessa.errors(
        "create",
        400,
        cronExpression="cron(0 9 * * *)",
        timezone="Mars/Base",
        actionType="INVOKE_AGENT",
        enabled="yes",
        agentConfig={"agentExecutionRequest": {"environmentVariables": {"A": 1}}, "continueOnError": 1},
    )
    assert "Event name is required" in errors
    assert "Agent ID is required for INVOKE_AGENT action" in errors
    for field in (
        "cronExpression",
        "timezone",
        "enabled",
        "input",
        "environmentVariables.A",
        "continueOnError",
    ):
        assert any(field in one for one in errors), field
    assert len(errors) == 8


async def test_every_failure_leaves_in_the_envelope(house: House, autessa: Autessa) -> None:
    for answer, status in (
        (await autessa.client.post(f"{BASE}/nowhere", content=b"{}"), 404),
        (await autessa.client.get(f"{BASE}/all"), 405),
        (await autessa.client.post(f"{BASE}/get", content=b"{"), 400),
        (await autessa.client.post(f"{BASE}/get", content=b"[]"), 400),
        (await autessa.client.post(f"{BASE}/get", content=b'{"scheduledEventId": 7}'), 400),
        (await Autessa(house, "wrong").call("all"), 401),
        (await Autessa(house, await house.key_with("targets:read")).call("all"), 403),
    ):
        assert answer.status_code == status, answer.text
        assert answer.json().keys() == {"errors"}
        assert answer.json()["errors"]
