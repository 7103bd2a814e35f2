"""An edit that names one field changes what follows from that field, and nothing else that a schedule shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asking import ask
from tests.api.dialects.autessa.support import agent_event
from tests.api.dialects.speakers import Autessa, Cadenya, M9m, Speaker, Trustpager, Uranus
from tests.support.house import House
from tests.support.receiver import Receiver

Json = dict[str, Any]
# A body, and what is shown differently afterwards: values by their paths (ABSENT where one is gone).
Edit = tuple[Json, Json]
ABSENT = "absent"


def flat(value: Any, path: str = "") -> Json:
    """The members of objects in objects, by their paths. An empty object is a value."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    found: Json = {}
    for name, inner in value.items():
        found |= flat(inner, f"{path}.{name}" if path else name)
    return found


def difference(before: Json, after: Json) -> Json:
    """What is shown differently, but for the instant of the change."""
    old, new = flat(before), flat(after)
    names = {name for name in {**old, **new} if not name.endswith(("updated_at", "updatedAt"))}
    return {name: new.get(name, ABSENT) for name in names if new.get(name, ABSENT) != old.get(name, ABSENT)}


async def edited_one_by_one(
    speaker: Speaker, method: str, path: str, edits: list[Edit], member: str = ""
) -> None:
    """Sends the edits one after the other, and holds each against what it may change. `member` holds the resource."""
    wrong = []
    for body, expected in edits:
        before = await shown(speaker, path, member)
        speaker.house.clock.now += 1_000
        answer = await speaker.client.request(method, path, json=body)
        assert answer.status_code == 200, (body, answer.text)
        after = await shown(speaker, path, member)
        if difference(before, after) != expected:
            wrong.append(f"{body} changed {difference(before, after)} instead of {expected}")
        answered = answer.json()[member] if member else answer.json()
        assert answered == {name: value for name, value in after.items() if name != "executions"}, body
    assert wrong == []


async def shown(speaker: Speaker, path: str, member: str) -> Json:
    found = (await speaker.client.get(path)).json()
    return dict(found[member] if member else found)


async def test_the_fields_of_a_trustpager_schedule(house: House, receiver: Receiver) -> None:
    speaker = await Trustpager.open(house, house.first, receiver)
    await house.target("automation", key="other")
    await house.target("automation", key="trustpager-automation-2")
    full = {"description": "D", "end_at": "2027-01-01T00:00:00Z", "max_runs": 50}
    made = (await speaker.client.post(speaker._at(), json=speaker.order | full)).json()["data"]
    nothing = dict.fromkeys(
        ("name", "description", "is_active", "cron_expression", "timezone", "audience_type", "audience_filter",
         "automation_id")
    )  # fmt: skip
    filtered = {"audience_filter.roles": ABSENT}
    edits: list[Edit] = [
        ({}, {}),
        (nothing, {}),
        ({"name": "Other"}, {"name": "Other"}),
        ({"description": "E"}, {"description": "E"}),
        ({"description": ""}, {"description": ""}),
        ({"cron_expression": "30 9 * * *"},
         {"cron_expression": "30 9 * * *", "next_run_at": "2026-11-23T09:30:00.000Z"}),
        ({"timezone": "Europe/Paris"}, {"timezone": "Europe/Paris", "next_run_at": "2026-11-23T08:30:00.000Z"}),
        ({"audience_filter": {"roles": ["a"]}}, {"audience_filter.roles": ["a"]}),
        ({"audience_filter": {}}, {"audience_filter": {}, **filtered}),
        ({"audience_type": "contacts"}, {"audience_type": "contacts"}),
        ({"audience_filter": {"has_email": True}}, {"audience_filter": ABSENT, "audience_filter.has_email": True}),
        ({"automation_id": "other"}, {"automation_id": "other"}),
        ({"end_at": "2027-02-01T00:00:00.999Z"}, {"end_at": "2027-02-01T00:00:00.000Z"}),
        ({"max_runs": 60}, {"max_runs": 60}),
        ({"is_active": False}, {"is_active": False, "next_run_at": None}),
        ({"name": "While off"}, {"name": "While off"}),
        ({"is_active": True}, {"is_active": True, "next_run_at": "2026-11-23T08:30:00.000Z"}),
        ({"is_active": True, "max_runs": 60}, {}),
        ({"max_runs": None}, {"max_runs": None}),
        ({"end_at": None}, {"end_at": None}),
    ]  # fmt: skip
    await edited_one_by_one(speaker, "PATCH", speaker._at(made["id"]), edits, "data")


async def test_the_fields_of_an_m9m_schedule(house: House, receiver: Receiver) -> None:
    speaker = await M9m.open(house, house.first, receiver)
    await house.target("workflow", key="other", name="Other")
    order = speaker.order | {"maxRuns": 50, "maxDuration": 60, "inputData": [{"json": {"a": 1}}]}
    made = (await speaker.client.post(speaker._at(), json=order)).json()
    names = ("workflowId", "cronExpression", "timezone", "enabled", "inputData", "maxRuns", "maxDuration")
    edits: list[Edit] = [
        ({}, {}),
        (dict.fromkeys(names), {}),
        ({"workflowId": "other"}, {"workflowId": "other", "workflowName": "Other"}),
        ({"cronExpression": "30 9 * * *"},
         {"cronExpression": "30 9 * * *", "nextRun": "2026-11-23T09:30:00+00:00"}),
        ({"timezone": "Europe/Paris"}, {"timezone": "Europe/Paris", "nextRun": "2026-11-23T09:30:00+01:00"}),
        ({"timezone": ""}, {}),
        ({"inputData": [{"json": {"b": 2}}]}, {"inputData": [{"json": {"b": 2}}]}),
        ({"inputData": []}, {"inputData": []}),
        ({"maxRuns": 60}, {"maxRuns": 60}),
        ({"maxRuns": 0}, {"maxRuns": 0}),
        ({"maxDuration": 70}, {"maxDuration": 70}),
        ({"maxDuration": 0}, {"maxDuration": ABSENT}),
        ({"enabled": False}, {"enabled": False, "nextRun": None}),
        ({"maxRuns": 70}, {"maxRuns": 70}),
        ({"enabled": True}, {"enabled": True, "nextRun": "2026-11-23T09:30:00+01:00"}),
    ]  # fmt: skip
    await edited_one_by_one(speaker, "PUT", speaker._at(made["id"]), edits)


async def test_the_fields_of_an_m9m_workflow(house: House, receiver: Receiver) -> None:
    speaker = await M9m.open(house, house.first, receiver)
    body = {
        "id": "w",
        "name": "W",
        "description": "D",
        "executor": {"type": "http", "url": "https://example.com/1"},
    }
    assert (await speaker.client.post(f"{speaker.base}/workflows", json=body)).status_code == 201
    parts: list[Edit] = [
        ({"nodes": [1]}, {"nodes": [1]}),
        ({"connections": {"a": 1}}, {"connections": ABSENT, "connections.a": 1}),
        ({"settings": {"a": 1}}, {"settings.a": 1}),
        ({"staticData": {"a": 1}}, {"staticData.a": 1}),
        ({"pinData": {"a": 1}}, {"pinData.a": 1}),
        ({"tags": ["a"]}, {"tags": ["a"]}),
        ({"versionId": "7"}, {"versionId": "7"}),
        ({"isArchived": True}, {"isArchived": True}),
        ({"active": False}, {"active": False}),
        ({"active": True}, {"active": True}),
    ]
    other = {"type": "http", "url": "https://example.com/1", "method": "PUT"}
    edits: list[Edit] = [
        ({}, {}),
        (dict.fromkeys(("id", "name", "description", "executor", "nodes", "active")), {}),
        ({"id": "another"}, {}),
        ({"name": "X"}, {"name": "X"}),
        ({"description": "E"}, {"description": "E"}),
        ({"description": ""}, {"description": ""}),
        *parts,
        ({"executor": other}, {"executor.method": "PUT"}),
    ]
    await edited_one_by_one(speaker, "PUT", f"{speaker.base}/workflows/w", edits)
    await ask(house, "PATCH", "/targets/w", {"extra": {"workflow": {"nodes": [2]}, "mine": 1}})
    await ask(house, "POST", "/targets/w/disable")
    edits = [
        ({"tags": []}, {"tags": []}),
        ({"executor": other | {"method": "POST"}}, {"executor.method": "POST"}),
    ]
    await edited_one_by_one(speaker, "PUT", f"{speaker.base}/workflows/w", edits)
    kept = await ask(house, "GET", "/targets/w")
    assert (kept["extra"]["mine"], kept["extra"]["workflow"]["nodes"], kept["extra"]["workflow"]["tags"]) == (
        1,
        [2],
        [],
    )
    assert kept["enabled"] is False  # it was switched off by hand, and not for want of an executor


async def test_the_fields_of_a_uranus_schedule(house: House, receiver: Receiver) -> None:
    speaker = await Uranus.open(house, house.first, receiver)
    await house.target("workflow", key="other")
    await house.target("function", key="fn")
    made = await speaker.create()
    names = (
        "name",
        "type",
        "cron_expression",
        "next_run",
        "delay_seconds",
        "callback_type",
        "callback_id",
        "status",
    )
    delayed = {"type": "delayed", "cron_expression": ABSENT, "delay_seconds": 3600}
    edits: list[Edit] = [
        ({}, {}),
        (dict.fromkeys(names), {}),
        ({"name": "Other"}, {"name": "Other"}),
        ({"type": "cron"}, {}),
        ({"cron_expression": "30 9 * * *"},
         {"cron_expression": "30 9 * * *", "next_run": "2026-11-23T09:30:00Z"}),
        ({"callback_id": "other"}, {"callback_id": "other"}),
        ({"callback_type": "workflow"}, {}),
        ({"callback_type": "function", "callback_id": "fn"}, {"callback_type": "function", "callback_id": "fn"}),
        ({"status": "active"}, {}),
        ({"status": "paused"}, {"status": "paused", "next_run": None}),
        ({"name": "While paused"}, {"name": "While paused"}),
        ({"status": "active"}, {"status": "active", "next_run": "2026-11-23T09:30:00Z"}),
        ({"type": "delayed", "delay_seconds": 3600}, {**delayed, "next_run": "2026-11-23T09:00:13Z"}),
        ({"delay_seconds": 3600}, {}),
        ({"delay_seconds": 7200}, {"delay_seconds": 7200, "next_run": "2026-11-23T10:00:15Z"}),
        ({"type": "once", "next_run": "2026-11-24T09:00:00Z"},
         {"type": "once", "delay_seconds": ABSENT, "next_run": "2026-11-24T09:00:00Z"}),
        ({"status": "paused"}, {"status": "paused"}),
        ({"next_run": "2026-11-25T09:00:00Z"}, {"next_run": "2026-11-25T09:00:00Z"}),
    ]  # fmt: skip
    await edited_one_by_one(speaker, "PUT", speaker._at(made["id"]), edits)


async def test_the_fields_of_an_autessa_event(house: House, receiver: Receiver) -> None:
    speaker = await Autessa.open(house, house.first, receiver)
    other = (await house.target("agent", key="other")).number
    tool = (await house.target("tool", key="tool")).number
    body = agent_event(speaker.number, timezone="UTC")
    an_id = (await speaker.call("create", **body)).json()["eventId"]
    request = "agentConfig.agentExecutionRequest"
    bye = {"agentExecutionRequest": {"agentId": other, "input": "Bye"}}
    of_agent = {"agentConfig.continueOnError": ABSENT, f"{request}.environmentVariables": ABSENT}
    names = ("eventName", "description", "cronExpression", "timezone", "enabled", "actionType", "agentConfig")
    edits: list[Edit] = [
        ({}, {}),
        (dict.fromkeys(name for name in names if name != "eventName"), {}),
        ({"eventName": "Other"}, {"eventName": "Other"}),
        ({"description": "E"}, {"description": "E"}),
        ({"description": ""}, {"description": ""}),
        ({"cronExpression": "cron(30 9 * * ? *)"},
         {"cronExpression": "cron(30 9 * * ? *)", "nextRunAt": "2026-11-23T09:30:00Z"}),
        ({"timezone": "Europe/Paris"}, {"timezone": "Europe/Paris", "nextRunAt": "2026-11-23T08:30:00Z"}),
        ({"enabled": True}, {}),
        ({"enabled": False}, {"enabled": False, "nextRunAt": ABSENT}),
        ({"eventName": "While off"}, {"eventName": "While off"}),
        ({"cronExpression": "rate(2 hours)"}, {"cronExpression": "rate(2 hours)"}),
        ({"enabled": True}, {"enabled": True, "nextRunAt": "2026-11-23T10:00:11Z"}),
        ({"agentConfig": bye}, {f"{request}.agentId": other, f"{request}.input": "Bye", **of_agent}),
        ({"agentConfig": {**bye, "continueOnError": False}}, {"agentConfig.continueOnError": False}),
        ({"agentConfig": {**bye, "continueOnError": True}}, {"agentConfig.continueOnError": True}),
        ({"actionType": "INVOKE_TOOL", "toolConfig": {"toolExecutionRequest": {"toolId": tool}}},
         {"actionType": "INVOKE_TOOL", "toolConfig.toolExecutionRequest.toolId": tool,
          "agentConfig.continueOnError": ABSENT, f"{request}.agentId": ABSENT, f"{request}.input": ABSENT}),
        ({"toolConfig": {"toolExecutionRequest": {"toolId": tool, "variables": {}}}},
         {"toolConfig.toolExecutionRequest.variables": {}}),
    ]  # fmt: skip
    wrong = []
    for change, expected in edits:
        before = (await speaker.read(an_id)).json()["scheduledEvent"]
        speaker.house.clock.now += 1_000
        answer = await speaker.call("update", scheduledEventId=an_id, **change)
        assert answer.status_code == 200, (change, answer.text)
        after = (await speaker.read(an_id)).json()["scheduledEvent"]
        assert answer.json()["scheduledEvent"] == after
        if difference(before, after) != expected:
            wrong.append(f"{change} changed {difference(before, after)} instead of {expected}")
    assert wrong == []


def masked(path: str, value: Any) -> Json:
    """A body that replaces the field at a path, and dummies beside it that the mask does not list."""
    *outer, last = path.split(".")
    body: Json = {
        "metadata": {"name": 7, "labels": 7},
        "spec": {"schedule": 7, "overlapPolicy": 7, "data": 7},
    }
    inner = body
    for name in outer:
        if not isinstance(inner.get(name), dict):
            inner[name] = {}
        inner = inner[name]
    inner[last] = value
    return body | {"updateMask": path}


def plain(path: str, value: Any) -> Json:
    """A body that holds a field alone."""
    body = value
    for name in reversed(path.split(".")):
        body = {name: body}
    return dict(body)


@pytest.mark.parametrize("written", [masked, plain])
async def test_the_fields_of_a_cadenya_schedule(house: House, receiver: Receiver, written: Any) -> None:
    speaker = await Cadenya.open(house, house.first, receiver)
    await ask(
        house, "PATCH", "/targets/cadenya-agent", {"extra": {"variations": [{"id": "v1"}, {"id": "v2"}]}}
    )
    spec = {**speaker.order["spec"], "data": {"a": 1}, "systemPromptData": {"b": 1}, "variationId": "v1"}
    metadata = {"name": "N", "externalId": "x", "labels": {"l": "1"}, "bundleKey": "b"}
    made = (await speaker.client.post(speaker._at(), json={"metadata": metadata, "spec": spec})).json()
    at_ten, daily = [{"hour": [{"start": 10}]}], [{"every": "86400s"}]
    ten = "2026-11-23T10:00:00.000Z"
    changes: list[tuple[str, Any, Json]] = [
        ("metadata.name", "Other", {}),
        ("metadata.externalId", "y", {}),
        ("metadata.bundleKey", "c", {"metadata.labels.bundle_key": "c"}),
        ("spec.initialMessage", "Bye", {"spec.firstUserMessage": "Bye"}),
        ("spec.firstUserMessage", "Hello", {"spec.initialMessage": "Hello"}),
        ("spec.data.a", 2, {"spec.firstUserMessageData.a": 2}),
        ("spec.firstUserMessageData.a", 3, {"spec.data.a": 3}),
        ("spec.systemPromptData.b", 2, {}),
        ("spec.overlapPolicy", "OVERLAP_POLICY_ALLOW", {}),
        ("spec.variationId", "v2", {}),
        ("spec.status", "AGENT_SCHEDULE_STATUS_PAUSED", {"state": "STATE_PAUSED", "info.nextFireAt": ABSENT}),
        ("state", "STATE_ACTIVE",
         {"spec.status": "AGENT_SCHEDULE_STATUS_ACTIVE", "info.nextFireAt": "2026-11-23T09:00:00.000Z"}),
    ]  # fmt: skip
    if written is masked:
        changes += [
            ("spec.schedule.calendars", at_ten, {"info.nextFireAt": ten}),
            ("spec.schedule.intervals", daily, {}),
            ("spec.schedule.timezone", "Asia/Tokyo", {"info.nextFireAt": "2026-11-23T15:00:00.000Z"}),
        ]
    else:
        rules = {"timezone": "Asia/Tokyo", "calendars": at_ten}
        changes.append(("spec.schedule", rules, {"info.nextFireAt": "2026-11-24T01:00:00.000Z"}))
    edits: list[Edit] = [({}, {})]
    for path, value, also in changes:
        place, given = path, value
        if path.count(".") == 2 and not path.startswith("spec.schedule"):
            place, _, member = path.rpartition(".")
            given = {member: value}
        edits.append((written(place, given), flat(value, path) | also))
    await edited_one_by_one(speaker, "PATCH", speaker._at(made["metadata"]["id"]), edits)


@pytest.mark.parametrize("written", [masked, plain])
async def test_the_fields_of_a_cadenya_agent(house: House, receiver: Receiver, written: Any) -> None:
    speaker = await Cadenya.open(house, house.first, receiver)
    agents = f"{speaker.base}/workspaces/{speaker.workspace}/agents"
    metadata = {"name": "A", "externalId": "scout", "labels": {"l": "1"}}
    variations = [{"id": "v1", "name": "One", "weight": 1.0, "spec": {}}]
    spec = {"webhookEventsUrl": "https://example.com/1", "description": "D", "variations": variations}
    assert (await speaker.client.post(agents, json={"metadata": metadata, "spec": spec})).status_code == 200
    other = {"type": "echo"}
    changes: list[tuple[str, Any, Json]] = [
        ("metadata.name", "B", {}),
        ("metadata.bundleKey", "c", {"metadata.labels.bundle_key": "c"}),
        ("spec.description", "E", {}),
        ("spec.webhookEventsUrl", "https://example.com/2", {"spec.executor.url": "https://example.com/2"}),
        ("spec.completion", "callback", {}),
        ("spec.inputDataSchema", {"type": "object"}, {}),
        ("spec.variations", [{**variations[0], "name": "Two"}], {}),
        ("spec.variationSelectionMode", "VARIATION_SELECTION_MODE_FIRST", {}),
        ("spec.variationSelectionMode", "VARIATION_SELECTION_MODE_RANDOM", {}),
        ("spec.variationSelectionMode", "VARIATION_SELECTION_MODE_WEIGHTED", {}),
        ("spec.status", "AGENT_STATUS_DRAFT", {"state": "STATE_DRAFT"}),
        ("state", "STATE_PUBLISHED", {"spec.status": "AGENT_STATUS_PUBLISHED"}),
    ]
    edits: list[Edit] = [({}, {})]
    edits += [(written(path, value), flat(value, path) | also) for path, value, also in changes]
    gone = {f"spec.executor.{name}": ABSENT for name in ("url", "signing_secret")}
    back = {"completion": "response", "executor": other}
    expected = {
        "spec.completion": "response",
        "spec.executor.type": "echo",
        "spec.webhookEventsUrl": ABSENT,
        **gone,
    }
    edits.append(({"spec": back, "updateMask": "spec.completion,spec.executor"}, expected))
    await edited_one_by_one(speaker, "PATCH", f"{agents}/scout", edits)
