"""What a dialect answers can be sent back, and changes nothing: no version, no row of the database, no fire.

Each test makes one resource, lets a minute pass, sends the answer of GET back as it is, and compares all rows; on both
databases.
"""

import json
from typing import Any

import pytest

from horarium.domain.json_text import DEEPEST_PART
from tests.api.asking import BASE, ask
from tests.api.dialects.autessa.support import agent_event, table_event, tool_event
from tests.api.dialects.speakers import SPEAKERS, Autessa, Cadenya, M9m, Speaker, Trustpager, Uranus
from tests.api.test_round_trips import (
    EXECUTORS,
    POLICIES,
    Json,
    house,
    kept,
    made_stricter,
    receiver,
    unchanged,
)
from tests.support.house import House

__all__ = ["house", "kept", "receiver"]
# The connections to PostgreSQL stay open from test to test, and belong to one event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def core_sent_back(house: House, an_id: str) -> None:
    """A schedule of a dialect sent back over the own API."""
    shown = await ask(house, "GET", f"/schedules/{an_id}")
    for method in ("PUT", "PATCH"):
        await unchanged(house, method, f"{BASE}/schedules/{an_id}", shown)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"description": "D", "end_at": "2027-01-01T23:59:59.999Z", "max_runs": 5, "is_active": False},
        {"cron_expression": "0 0 * * *", "timezone": "Europe/Paris"},
        {"audience_type": "deals", "audience_filter": {"pipeline_id": "p"}},
    ],
    ids=lambda given: ",".join(given) or "plain",
)
async def test_a_trustpager_schedule_sent_back_stays_as_it_is(house, receiver, given):
    speaker = await Trustpager.open(house, house.first, receiver)
    answer = await speaker.client.post(speaker._at(), json=speaker.order | given)
    assert answer.status_code == 201, answer.text
    an_id = answer.json()["data"]["id"]
    shown = (await speaker.read(an_id)).json()["data"]
    assert (await unchanged(house, "PATCH", speaker._at(an_id), shown))["data"] == shown
    await core_sent_back(house, speaker.core_id(an_id))


@pytest.mark.parametrize("used", ["active", "off", "used up"])
@pytest.mark.parametrize(
    "given", [{}, {"maxRuns": 1}, {"cronExpression": "@every 90m", "timezone": "Asia/Tokyo"}]
)
async def test_an_m9m_schedule_sent_back_stays_as_it_is(house, receiver, given, used):
    speaker = await M9m.open(house, house.first, receiver)
    order = speaker.order | given | {"enabled": used != "off"}
    made = (await speaker.client.post(speaker._at(), json=order)).json()["id"]
    if used == "used up":
        await house.move("2026-03-02T10:00:00Z")
    shown = (await speaker.read(made)).json()
    answer = await unchanged(house, "PUT", speaker._at(made), shown)
    assert answer == shown
    await core_sent_back(house, speaker.core_id(made))


async def test_an_m9m_schedule_sent_back_stays_as_it_is_when_its_workflows_schema_has_become_stricter(
    house, receiver
):
    speaker = await M9m.open(house, house.first, receiver)
    order = speaker.order | {"inputData": [{"b": 1, "a": 2}]}
    made = (await speaker.client.post(speaker._at(), json=order)).json()["id"]
    await made_stricter(house, speaker.core_id(made))
    shown = (await speaker.read(made)).json()
    assert await unchanged(house, "PUT", speaker._at(made), shown) == shown
    other = await speaker.client.put(speaker._at(made), json={**shown, "inputData": [{"a": True}]})
    assert other.status_code == 400, other.text


@pytest.mark.parametrize(
    ("thing", "change"),
    [
        ("schedules", {"input": {"no": "list"}}),
        ("targets", {"name": "Another name"}),
        ("targets", {"key": "another-key"}),
    ],
)
async def test_an_m9m_schedule_sent_back_stays_as_it_is_after_the_own_api_changed_it_or_its_workflow(
    house, receiver, thing, change
):
    speaker = await M9m.open(house, house.first, receiver)
    made = (await speaker.client.post(speaker._at(), json=speaker.order)).json()["id"]
    schedule = await ask(house, "GET", f"/schedules/{speaker.core_id(made)}")
    changed = schedule["id"] if thing == "schedules" else schedule["target"]
    await ask(house, "PATCH", f"/{thing}/{changed}", change)
    shown = (await speaker.read(made)).json()
    house.clock.now += 60_000
    assert await unchanged(house, "PUT", speaker._at(made), shown) == shown


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
async def test_a_cadenya_schedule_sent_back_stays_as_it_is_when_its_agents_schema_has_become_stricter(
    house, receiver, masked
):
    speaker = await Cadenya.open(house, house.first, receiver)
    order = {**speaker.order, "spec": {**speaker.order["spec"], "data": {"b": 1, "a": 2}}}
    an_id = (await speaker.client.post(speaker._at(), json=order)).json()["metadata"]["id"]
    await made_stricter(house, speaker.core_id(an_id))
    shown = (await speaker.read(an_id)).json()
    body = {**shown, "updateMask": "metadata,spec"} if masked else shown
    answer = await unchanged(house, "PATCH", speaker._at(an_id), body)
    assert answer["spec"] == shown["spec"]
    body = {**body, "spec": {**shown["spec"], "data": {"a": True}}}
    assert (await speaker.client.patch(speaker._at(an_id), json=body)).status_code == 400


async def test_an_autessa_event_sent_back_stays_as_it_is_when_its_tools_schema_has_become_stricter(
    house, receiver
):
    speaker = await Autessa.open(house, house.first, receiver)
    number = (await house.target("tool", receiver.url("/x"), key="other-tool")).number
    an_id = (await speaker.call("create", **tool_event(number))).json()["eventId"]
    await made_stricter(house, speaker.core_id(an_id))
    shown = (await speaker.read(an_id)).json()["scheduledEvent"]
    again, headers = {**shown, "scheduledEventId": an_id}, {"Authorization": speaker.tenant.key}
    await unchanged(house, "POST", f"{speaker.base}/update", again, headers=headers)
    assert (await speaker.read(an_id)).json()["scheduledEvent"] == shown


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
async def test_the_deepest_input_that_the_own_api_takes_can_be_sent_back_by_cadenya(house, receiver, masked):
    speaker = await Cadenya.open(house, house.first, receiver)
    an_id = (await speaker.client.post(speaker._at(), json=speaker.order)).json()["metadata"]["id"]
    path = f"/schedules/{speaker.core_id(an_id)}"
    too_deep = {"initialMessage": "Hi", "data": nested(DEEPEST_PART)}
    refused = await ask(house, "PATCH", path, {"input": too_deep}, 400)
    assert [problem["field"] for problem in refused["errors"]] == ["input"]
    await ask(house, "PATCH", path, {"input": {**too_deep, "data": nested(DEEPEST_PART - 1)}})
    shown = (await speaker.read(an_id)).json()
    body = {**shown, "updateMask": "metadata,spec"} if masked else shown
    assert (await unchanged(house, "PATCH", speaker._at(an_id), body))["spec"] == shown["spec"]


async def test_the_deepest_workflow_that_m9m_takes_can_be_sent_back_by_the_own_api(house, receiver):
    body = {"id": "w1", "name": "W", "settings": {"deep": nested(DEEPEST_PART)}}
    assert (await house.client.post("/api/v1/workflows", json=body)).status_code == 400
    body["settings"] = {"deep": nested(DEEPEST_PART - 3)}
    answer = await house.client.post("/api/v1/workflows", json=body)
    assert answer.status_code == 201, answer.text
    shown = await ask(house, "GET", "/targets/w1")
    assert shown["extra"]["workflow"]["settings"] == body["settings"]
    assert (await unchanged(house, "PUT", f"{BASE}/targets/w1", shown))["version"] == shown["version"]


@pytest.mark.parametrize(
    "executor", [None, {"type": "http", "url": "https://example.com/w", "headers": {"X": "s3cret"}}]
)
@pytest.mark.parametrize("active", [True, False])
async def test_an_m9m_workflow_sent_back_stays_as_it_is(house, receiver, executor, active):
    body = {
        "id": "w1",
        "name": "W",
        "description": "D",
        "active": active,
        "nodes": [{"name": "n"}],
        "settings": {"a": 1},
        "tags": ["x"],
        "executor": executor,
    }
    answer = await house.client.post(
        "/api/v1/workflows", json={k: v for k, v in body.items() if v is not None}
    )
    assert answer.status_code == 201, answer.text
    path = f"/api/v1/workflows/{answer.json()['id']}"
    shown = (await house.client.get(path)).json()
    assert await unchanged(house, "PUT", path, shown) == shown


@pytest.mark.parametrize("kind", ["agent", "tool", "table"])
@pytest.mark.parametrize("cron", ["cron(0 9 * * ? *)", "rate(5 minutes)", "at(2026-03-01T12:00:30)"])
@pytest.mark.parametrize("enabled", [True, False])
async def test_an_autessa_event_sent_back_stays_as_it_is(house, receiver, kind, cron, enabled):
    speaker = await Autessa.open(house, house.first, receiver)
    number = (await house.target(kind, receiver.url("/x"), key=f"other-{kind}")).number
    bodies = {"agent": agent_event, "tool": tool_event, "table": table_event}
    body = bodies[kind](number, cronExpression=cron, enabled=enabled, timezone="UTC")
    if kind == "agent":
        request = {"agentId": number, "input": "Hello", "environmentVariables": {"TOKEN": "s3cret"}}
        body["agentConfig"] = {"agentExecutionRequest": request, "continueOnError": True}
    answer = await speaker.call("create", **body)
    assert answer.status_code == 200, answer.text
    an_id = answer.json()["eventId"]
    house.clock.now += 60_000
    await house.release()  # the time of at() has come
    shown = (await speaker.read(an_id)).json()["scheduledEvent"]
    again = {**shown, "scheduledEventId": an_id}
    headers = {"Authorization": speaker.tenant.key}
    await unchanged(house, "POST", f"{speaker.base}/update", again, headers=headers)
    assert (await speaker.read(an_id)).json()["scheduledEvent"] == shown
    await core_sent_back(house, speaker.core_id(an_id))


@pytest.mark.parametrize("kind", ["cron", "once", "delayed"])
@pytest.mark.parametrize("state", ["active", "paused", "fired"])
async def test_a_uranus_schedule_sent_back_stays_as_it_is(house, receiver, kind, state):
    speaker = await Uranus.open(house, house.first, receiver)
    own = {"cron": {}, "once": {"next_run": "2026-03-01T13:00:00Z"}, "delayed": {"delay_seconds": 3600}}
    order = {**speaker.order, "type": kind, **own[kind]}
    if kind != "cron":
        order.pop("cron_expression")
    made = (await speaker.client.post(speaker._at(), json=order)).json()["id"]
    if state == "paused":
        await speaker.pause(made)
    elif state == "fired":
        await house.move("2026-03-02T09:00:00Z")
    shown = (await speaker.read(made)).json()
    answer = await unchanged(house, "PUT", speaker._at(made), shown)
    assert {name: answer[name] for name in ("status", "next_run", "name", "type")} == {
        name: shown[name] for name in ("status", "next_run", "name", "type")
    }
    await core_sent_back(house, speaker.core_id(made))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"data": {"a": 1}, "systemPromptData": {"b": "c"}, "overlapPolicy": "OVERLAP_POLICY_ALLOW"},
        {"schedule": {"timezone": "Asia/Tokyo", "intervals": [{"every": "5400s", "offset": "60s"}]}},
        {"status": "AGENT_SCHEDULE_STATUS_PAUSED"},
        {"firstUserMessageData": {"x": [1, 2]}},
        {"data": "a text"},
        {"data": [1, {"a": None}]},
    ],
    ids=lambda spec: ",".join(f"{name} {type(value).__name__}" for name, value in spec.items()) or "plain",
)
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
async def test_a_cadenya_schedule_sent_back_stays_as_it_is(house, receiver, spec, masked):
    speaker = await Cadenya.open(house, house.first, receiver)
    order = speaker.order
    order = {
        "metadata": {"name": "N", "externalId": "x-1", "labels": {"a": "b"}, "bundleKey": "bundle"},
        "spec": {**order["spec"], **spec},
    }
    answer = await speaker.client.post(speaker._at(), json=order)
    assert answer.status_code == 200, answer.text
    an_id = answer.json()["metadata"]["id"]
    shown = (await speaker.read(an_id)).json()
    body = {**shown, "updateMask": "metadata,spec"} if masked else shown
    answer = await unchanged(house, "PATCH", speaker._at(an_id), body)
    assert (answer["metadata"], answer["spec"]) == (shown["metadata"], shown["spec"])
    await core_sent_back(house, speaker.core_id(an_id))


async def test_more_and_longer_labels_than_the_own_api_takes_can_be_sent_back(house, receiver):
    speaker = await Cadenya.open(house, house.first, receiver)
    labels = {f"x{number}": "y" * 1000 for number in range(64)}
    order = {"metadata": {"name": "N", "labels": labels, "bundleKey": "b"}, "spec": speaker.order["spec"]}
    answer = await speaker.client.post(speaker._at(), json=order)
    assert answer.status_code == 200, answer.text
    await core_sent_back(house, speaker.core_id(answer.json()["metadata"]["id"]))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"webhookEventsUrl": "https://example.com/hook"},
        {"executor": {**EXECUTORS["http"], "method": "POST"}, "completion": "callback"},
        {"executor": EXECUTORS["llm"], "inputDataSchema": {"type": "object"}, "description": "D"},
        {"variations": [{"id": "v1", "name": "One", "weight": 2, "spec": {"a": [1, None]}}, "Two"]},
        {"variationSelectionMode": "VARIATION_SELECTION_MODE_RANDOM", "status": "AGENT_STATUS_ARCHIVED"},
    ],
    ids=lambda spec: ",".join(spec) or "plain",
)
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
async def test_a_cadenya_agent_sent_back_stays_as_it_is(house, receiver, spec, masked):
    speaker = await Cadenya.open(house, house.first, receiver)
    agents = f"{speaker.base}/workspaces/{speaker.workspace}/agents"
    metadata = {"name": "N", "externalId": "x-1", "labels": {"a": "b"}, "bundleKey": "bundle"}
    made = await speaker.client.post(agents, json={"metadata": metadata, "spec": spec})
    assert made.status_code == 200, made.text
    await agent_sent_back(house, f"{agents}/{made.json()['metadata']['id']}", masked)
    if "executor" not in spec:
        return
    first = await unchanged(
        house, "PATCH", f"{agents}/external_id:x-1", made.json()
    )  # with the secret in the clear
    assert "***" in json.dumps(first["spec"]["executor"])


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
async def test_an_agent_that_the_own_api_made_stays_as_it_is_when_cadenya_sends_it_back(house, masked):
    body = {
        "kind": "agent",
        "name": "A",
        "description": "",
        "executor": EXECUTORS["http"],
        "extra": {"mine": 1},
    }
    made = await ask(house, "POST", "/targets", body, 201)
    workspace = (await house.client.get("/v1/whoami")).json()["defaultWorkspace"]["id"]
    await agent_sent_back(house, f"/v1/workspaces/{workspace}/agents/{made['number']}", masked)


async def agent_sent_back(house: House, path: str, masked: bool) -> None:
    """An agent sent back over cadenya, and over the own API."""
    shown = (await house.client.get(path)).json()
    body = {**shown, "updateMask": "metadata,spec,state"} if masked else shown
    assert await unchanged(house, "PATCH", path, body) == shown
    own = f"{BASE}/targets/tgt_{shown['metadata']['id'].removeprefix('agent_')}"
    target = (await house.client.get(own)).json()
    for method in ("PUT", "PATCH"):
        await unchanged(house, method, own, target)


# What another API has changed since


def ids_of(given: Any) -> str:
    return str(given.dialect) if isinstance(given, type) else json.dumps(given)[:60]


CHANGES: list[Json] = [
    {"name": "Another"},
    {"description": "Another"},
    {"description": None},
    {"key": "another key/ü"},
    {"labels": {"a": "b", "bundle_key": "x"}},
    {"input": None},
    {"input": False},
    {"input": 7},
    {"input": "a text"},
    {"input": [1]},
    {"input": {}},
    {"input": {"a": [1, {"b": None}]}},
    {"input": {"initialMessage": 7, "data": [1], "systemPromptData": "x", "variationId": 3}},
    {"input": {"initialMessage": "", "data": {}, "systemPromptData": {}, "variationId": ""}},
    {"input": {"initialMessage": None, "data": None, "systemPromptData": None, "variationId": None}},
    {"input": {"input": "Another", "more": 1}},
    {"input": {"input": 7}},
    {"input": {"variables": {"a": [2]}}},
    {"timezone": "Asia/Tokyo"},
    {"start_at": "2026-03-05T00:00:00Z"},
    {"end_at": "2026-12-05T00:00:00.999Z"},
    {"audience": None},
    {"audience": {"type": "contacts", "filter": {"has_email": True, "roles": None}}},
    {"policies": POLICIES},
    {"policies": {"timeout": "1.5s"}},
    {"policies": {"max_fires": 3}},
    {"policies": {"overlap": "buffer_one"}},
    {"policies": {"overlap": "cancel_other"}},
    {"policies": {"overlap": "allow"}},
    {"policies": {"retry": {"max_attempts": 1}}},
]
TIMINGS: dict[str, list[Any]] = {
    "trustpager": ["*/5 * * * *", "0 9 1 * MON"],
    "autessa": ["rate(7 minutes)", "at(2026-04-01T09:00:00)", "cron(0 12 * * ? *)"],
    "m9m": ["@every 90m", "@daily"],
    "uranus": ["0 12 * * *", {"once": "2026-04-01T09:00:00.5+02:00"}, {"delay": 3600}],
    "cadenya": [
        {"calendars": [{"hour": [{"start": 10}], "comment": "Ten"}]},
        {"intervals": [{"every": "7200s", "offset": "3600s"}]},
        {"calendars": [{"hour": [{"start": 9, "end": 9, "step": 1}]}], "intervals": []},
    ],
}
KINDS = ("automation", "workflow", "agent", "tool", "table", "function")


async def changed_elsewhere(house: House, speaker: Speaker, change: Json) -> str:
    """A new schedule of a dialect, which the own API has changed; its id in the dialect."""
    an_id = speaker.seen(await speaker.create())[0]
    await ask(house, "PATCH", f"/schedules/{speaker.core_id(an_id)}", change)
    return an_id


async def sent_back_as_shown(house: House, speaker: Speaker, an_id: str) -> Json:
    """A schedule as its dialect shows it, once that was sent back and has changed nothing."""
    shown = (await speaker.read(an_id)).json()
    if isinstance(speaker, Autessa):
        body = {**shown["scheduledEvent"], "scheduledEventId": an_id}
        headers = {"Authorization": speaker.tenant.key}
        await unchanged(house, "POST", f"{speaker.base}/update", body, headers=headers)
    elif isinstance(speaker, Trustpager):
        await unchanged(house, "PATCH", speaker._at(an_id), shown["data"])
    elif isinstance(speaker, Cadenya):
        await unchanged(house, "PATCH", speaker._at(an_id), shown)
        await unchanged(house, "PATCH", speaker._at(an_id), {**shown, "updateMask": "metadata,spec"})
    elif isinstance(speaker, M9m | Uranus):
        await unchanged(house, "PUT", speaker._at(an_id), shown)
    assert (await speaker.read(an_id)).json() == shown
    return dict(shown)


@pytest.mark.parametrize("change", CHANGES, ids=ids_of)
@pytest.mark.parametrize("dialect", SPEAKERS, ids=ids_of)
async def test_what_the_own_api_has_changed_stays_as_it_is_when_a_dialect_sends_it_back(
    house, receiver, dialect, change
):
    speaker = await dialect.open(house, house.first, receiver)
    await sent_back_as_shown(house, speaker, await changed_elsewhere(house, speaker, change))


@pytest.mark.parametrize(
    ("dialect", "recurrence"),
    [(speaker, spec) for speaker in SPEAKERS for spec in TIMINGS[speaker.dialect]],
    ids=ids_of,
)
async def test_a_recurrence_that_the_own_api_has_set_stays_when_a_dialect_sends_it_back(
    house, receiver, dialect, recurrence
):
    speaker = await dialect.open(house, house.first, receiver)
    await sent_back_as_shown(
        house, speaker, await changed_elsewhere(house, speaker, {"recurrence": recurrence})
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialect", [Trustpager, Autessa, M9m, Uranus], ids=ids_of)
async def test_a_target_that_the_own_api_has_set_is_shown_and_stays_when_a_dialect_sends_it_back(
    house, receiver, dialect, kind
):
    speaker = await dialect.open(house, house.first, receiver)
    other = await house.target(kind, receiver.url("/other"), key="other-target")
    an_id = await changed_elsewhere(house, speaker, {"target": "other-target"})
    shown = await sent_back_as_shown(house, speaker, an_id)
    if isinstance(speaker, Autessa):
        event = shown["scheduledEvent"]
        numbers = {"agent": "agentId", "tool": "toolId", "table": "targetTableId"}
        assert f'"{numbers.get(kind, "agentId")}": {other.number}' in json.dumps(event)
    else:
        assert '"other-target"' in json.dumps(shown)


@pytest.mark.parametrize("change", [{"key": "renamed"}, {"name": "Renamed"}, {"key": None}], ids=ids_of)
@pytest.mark.parametrize("dialect", SPEAKERS, ids=ids_of)
async def test_a_schedule_sent_back_stays_as_it_is_after_its_target_was_renamed(
    house, receiver, dialect, change
):
    speaker = await dialect.open(house, house.first, receiver)
    an_id = speaker.seen(await speaker.create())[0]
    target = (await ask(house, "GET", f"/schedules/{speaker.core_id(an_id)}"))["target"]
    await ask(house, "PATCH", f"/targets/{target}", change)
    if isinstance(speaker, Cadenya):
        speaker.agent = str(speaker.number)
    await sent_back_as_shown(house, speaker, an_id)


@pytest.mark.parametrize("recurrence", TIMINGS["uranus"], ids=ids_of)
async def test_a_uranus_schedule_is_listed_under_the_type_that_the_own_api_has_given_it(
    house, receiver, recurrence
):
    speaker = await Uranus.open(house, house.first, receiver)
    an_id = await changed_elsewhere(house, speaker, {"recurrence": recurrence})
    shown = (await speaker.read(an_id)).json()["type"]
    for kind in ("cron", "once", "delayed"):
        listed = (await speaker.client.get(f"{speaker._at()}?type={kind}")).json()["schedules"]
        assert [schedule["id"] for schedule in listed] == ([an_id] if kind == shown else [])


@pytest.mark.parametrize(
    ("kind", "stored", "shown"),
    [
        ("agent", {"input": "Another", "more": 1}, {"input": "Another"}),
        ("agent", "a text", {}),
        ("tool", {"variables": {"a": [2]}}, {"variables": {"a": [2]}}),
        ("tool", {"variables": [2]}, {}),
        ("table", {"operation": "INSERT", "values": {"name": "Bob"}}, None),
    ],
)
async def test_an_autessa_event_shows_the_input_that_is_stored_where_it_is_a_request(
    house, receiver, kind, stored, shown
):
    speaker = await Autessa.open(house, house.first, receiver)
    number = (await house.target(kind, receiver.url("/x"), key=f"other-{kind}")).number
    body = {"agent": agent_event, "tool": tool_event, "table": table_event}[kind](number)
    an_id = (await speaker.call("create", **body)).json()["eventId"]
    await ask(house, "PATCH", f"/schedules/{speaker.core_id(an_id)}", {"input": stored})
    event = (await sent_back_as_shown(house, speaker, an_id))["scheduledEvent"]
    if kind == "table":
        assert event["autessaDbConfig"] == {**stored, "targetTableId": number}
        return
    request = event[f"{kind}Config"][f"{kind}ExecutionRequest"]
    request.pop("environmentVariables", None)
    assert request == {**shown, f"{kind}Id": number}


async def test_an_autessa_event_that_was_due_before_it_is_sent_back_differs_by_its_fire_alone(
    house, receiver
):
    """As every change, it fires first what is due: exactly what the engine fires of an event that nobody sends back."""
    speaker = await Autessa.open(house, house.first, receiver)
    body = {**agent_event(speaker.number), "cronExpression": "rate(1 minute)"}
    ids = [(await speaker.call("create", **body)).json()["eventId"] for _ in range(2)]
    read = [(await speaker.read(an_id)).json()["scheduledEvent"] for an_id in ids]
    house.clock.now += 61_000
    answer = await speaker.call("update", **read[0], scheduledEventId=ids[0])
    assert answer.status_code == 200
    await house.release()
    sent_back, fired = [(await speaker.read(an_id)).json()["scheduledEvent"] for an_id in ids]
    assert {name for name in sent_back if sent_back[name] != read[0].get(name)} == {
        "lastOutcome",
        "lastRunAt",
        "nextRunAt",
    }
    assert sent_back | {"eventId": ids[1]} == fired
    await speaker.call("update", **sent_back, scheduledEventId=ids[0])
    assert (await speaker.read(ids[0])).json()["scheduledEvent"] == sent_back


async def test_an_autessa_event_with_another_action_keeps_the_policies_that_the_own_api_has_set(
    house, receiver
):
    speaker = await Autessa.open(house, house.first, receiver)
    an_id = await changed_elsewhere(house, speaker, {"policies": {"jitter": "90s", "overlap": "skip"}})
    config = {"agentExecutionRequest": {"agentId": speaker.number, "input": "Bye"}, "continueOnError": True}
    answer = await speaker.call("update", scheduledEventId=an_id, agentConfig=config)
    assert answer.json()["scheduledEvent"]["agentConfig"] == config
    policies = (await ask(house, "GET", f"/schedules/{speaker.core_id(an_id)}"))["policies"]
    assert (policies["overlap"], policies["retry"]["max_attempts"]) == ("skip", 1)
    assert policies["jitter"] == 90


async def test_a_uranus_schedule_of_another_type_may_be_given_the_time_that_was_shown(house, receiver):
    speaker = await Uranus.open(house, house.first, receiver)
    made = await speaker.create()
    body = {"type": "once", "next_run": made["next_run"]}
    changed = (await speaker.client.put(speaker._at(made["id"]), json=body)).json()
    assert (changed["type"], changed["next_run"]) == ("once", made["next_run"])


TARGET_CHANGES: list[Json] = [
    {"name": "Another"},
    {"key": "another"},
    {"description": None},
    {"timeout": 3},
    {"enabled": False},
    {"input_schema": {"type": "object"}},
    {"extra": {}},
    {"extra": {"labels": {"a": 1, "b": "c", "bundle_key": "x"}, "variations": [{"id": 7}], "bundleKey": 5}},
    {"extra": {"workflow": {"nodes": 7, "active": False, "settings": {"a": 1}}}},
    {"executor": EXECUTORS["http"]},
]


@pytest.mark.parametrize("change", TARGET_CHANGES, ids=ids_of)
@pytest.mark.parametrize("dialect", [M9m, Cadenya], ids=ids_of)
async def test_a_target_that_the_own_api_has_changed_stays_as_it_is_when_a_dialect_sends_it_back(
    house, receiver, dialect, change
):
    speaker = await dialect.open(house, house.first, receiver)
    number = str(speaker.number)
    answer = await house.client.patch(f"{BASE}/targets/{dialect.dialect}-{dialect.kind}", json=change)
    assert answer.status_code == 200, answer.text
    if isinstance(speaker, M9m):
        path = f"/api/v1/workflows/{number}"
        shown = (await house.client.get(path)).json()
        assert await unchanged(house, "PUT", path, shown) == shown
        return
    path = f"/v1/workspaces/{speaker.workspace}/agents/{number}"
    for masked in (False, True):
        await agent_sent_back(house, path, masked)
