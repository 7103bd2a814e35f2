"""What null, an empty text, zero, false, and empty lists and objects mean in the fields of what dialects make and edit.

The fields are those of the OpenAPI pages, so that a new one is walked as well: it needs a value in KINDS, and a place
in EMPTY that says what its empty value means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import pytest

from horarium.api.kit import registry
from tests.api.asking import ask
from tests.api.dialects.speakers import SPEAKERS, Json, Speaker
from tests.support.house import House
from tests.support.receiver import Receiver

LEFT_OUT: Any = object()
AGENTS = "/workspaces/{workspaceId}/agents"
EMPTY_OF = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
# Objects that are stored as they are given: what is in them is no field of the dialect.
WHOLE = ("audience_filter", "executor")
# In the bodies of KINDS it stands for the number of a target.
NUMBER = "the number of a target"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that a dialect makes and edits. `full` is a body with all fields, none as it is by default.
    `of` is the kind of the target whose NUMBER is in it."""

    dialect: str
    make: str
    edit: str
    full: Json
    of: str = "workflow"


def uranus(**own: Any) -> Kind:
    """A schedule of the type that has these own fields."""
    names = {"name": "N", "callback_type": "workflow", "callback_id": "uranus-workflow", "status": "paused"}
    return Kind("uranus", "POST /{id}/schedules", "PUT /{id}/schedules/{scheduleId}", {**names, **own})


def autessa(action: str, of: str, **config: Any) -> Kind:
    """An event with an action."""
    names = {"eventName": "N", "description": "D", "enabled": True, "actionType": action}
    times = {"cronExpression": "cron(0 9 * * ? *)", "timezone": "Asia/Tokyo"}
    return Kind("autessa", "POST /create", "POST /update", {**names, **times, **config}, of)


update_row = partial(autessa, "UPDATE_AUTESSADB", "table")
_ROW = {"operation": "UPDATE", "targetTableId": NUMBER, "values": {"name": "x"}, "continueOnError": True}
_METADATA = {"name": "N", "externalId": "x", "labels": {"l": "1"}, "bundleKey": "b"}
KINDS = {
    "trustpager": Kind(
        "trustpager",
        "POST /event-schedules",
        "PATCH /event-schedules/{id}",
        {
            "name": "N", "description": "D", "is_active": True, "cron_expression": "0 9 * * *",
            "timezone": "Asia/Tokyo", "audience_type": "users", "audience_filter": {"roles": ["owner"]},
            "automation_id": "trustpager-automation", "end_at": "2027-01-01T00:00:00.000Z", "max_runs": 5,
        },
    ),
    "m9m schedule": Kind(
        "m9m",
        "POST /schedules",
        "PUT /schedules/{id}",
        {
            "workflowId": "m9m-workflow", "cronExpression": "0 9 * * *", "timezone": "Asia/Tokyo",
            "enabled": True, "inputData": [{"json": {"a": 1}}], "maxRuns": 5, "maxDuration": 60,
        },
    ),
    "m9m workflow": Kind(
        "m9m",
        "POST /workflows",
        "PUT /workflows/{id}",
        {
            "id": "own", "name": "N", "description": "D", "executor": {"type": "echo"}, "active": True,
            "nodes": [{"name": "n"}], "connections": {"n": {}}, "settings": {"a": 1}, "staticData": {"b": 1},
            "pinData": {"c": 1}, "tags": ["t"], "versionId": "v", "isArchived": True,
        },
    ),
    "uranus cron": uranus(type="cron", cron_expression="0 9 * * *"),
    "uranus once": uranus(type="once", next_run="2026-11-24T09:00:00Z"),
    "uranus delayed": uranus(type="delayed", delay_seconds=60),
    "autessa agent": autessa(
        "INVOKE_AGENT",
        "agent",
        agentConfig={
            "agentExecutionRequest": {
                "agentId": NUMBER, "input": "Hello", "environmentVariables": {"A": "1"},
            },
            "continueOnError": True,
        },
    ),
    "autessa tool": autessa(
        "INVOKE_TOOL",
        "tool",
        toolConfig={
            "toolExecutionRequest": {
                "toolId": NUMBER, "variables": {"a": 1}, "environmentVariables": {"A": "1"},
            },
            "continueOnError": True,
        },
    ),
    "autessa row": update_row(autessaDbConfig={**_ROW, "dbRecordId": 7}),
    "autessa rows": update_row(autessaDbConfig={**_ROW, "whereConditions": '{"name": "y"}'}),
    "cadenya schedule": Kind(
        "cadenya",
        f"POST {AGENTS}/{{agentId}}/schedules",
        f"PATCH {AGENTS}/{{agentId}}/schedules/{{id}}",
        {
            "metadata": _METADATA,
            "spec": {
                "initialMessage": "Hi", "firstUserMessage": "Hi", "data": {"a": 1},
                "firstUserMessageData": {"a": 1}, "systemPromptData": {"b": 1},
                "schedule": {
                    "timezone": "Asia/Tokyo", "calendars": [{"hour": [{"start": 9}]}],
                    "intervals": [{"every": "5400s"}],
                },
                "overlapPolicy": "OVERLAP_POLICY_ALLOW", "status": "AGENT_SCHEDULE_STATUS_PAUSED",
                "variationId": "v1",
            },
            "state": "STATE_PAUSED",
        },
    ),
    "cadenya agent": Kind(
        "cadenya",
        f"POST {AGENTS}",
        f"PATCH {AGENTS}/{{id}}",
        {
            "metadata": _METADATA,
            "spec": {
                "description": "D", "webhookEventsUrl": "https://example.com/1",
                "executor": {"type": "http", "url": "https://example.com/1"}, "completion": "callback",
                "inputDataSchema": {"type": "object"}, "status": "AGENT_STATUS_DRAFT",
                "variationSelectionMode": "VARIATION_SELECTION_MODE_FIRST",
                "variations": [{"id": "v1", "name": "One", "weight": 2.0, "spec": {"p": 1}}],
            },
            "state": "STATE_DRAFT",
            "defaultVariation": {"metadata": {"name": "V"}, "spec": {"p": 1}},
        },
    ),
}  # fmt: skip
# Routes with a body that neither make nor edit a thing of KINDS, and fields that say which thing is edited, and how.
OF_NO_THING = {
    "POST /event-schedules/preview-cron", "POST /workflows/{id}/execute", "POST /all", "POST /get", "POST /toggle",
    "POST /delete",
}  # fmt: skip
BESIDE = {"scheduledEventId", "updateMask"}
# What null means in an edit of these: the field is cleared. In all others it counts as left out.
CLEARED_BY_NULL = {("trustpager", "end_at"), ("trustpager", "max_runs")}
# By kind, or by dialect: what the empty value of a field's type means where a thing is made, and where it is edited.
REFUSED, KEPT = "refused", "kept as it is"
CLEARED = "left out, cleared"
IGNORED = "left out, unchanged"
EMPTY: dict[str, dict[str, str]] = {
    "trustpager": {
        REFUSED: "name cron_expression timezone audience_type automation_id end_at max_runs",
        KEPT: "description is_active",
        CLEARED: "audience_filter",
    },
    "m9m schedule": {
        REFUSED: "workflowId cronExpression",
        KEPT: "enabled",
        CLEARED: "inputData maxRuns maxDuration",
        IGNORED: "timezone",
    },
    "m9m workflow": {
        REFUSED: "name executor",
        KEPT: "description active settings staticData pinData tags versionId isArchived",
        CLEARED: "nodes connections",
        "refused, unchanged": "id",
    },
    "uranus": {
        REFUSED: "name type cron_expression next_run delay_seconds callback_type callback_id status",
    },
    "autessa": {
        REFUSED: """eventName cronExpression actionType agentConfig toolConfig autessaDbConfig
            agentConfig.agentExecutionRequest agentConfig.agentExecutionRequest.agentId
            agentConfig.agentExecutionRequest.input
            toolConfig.toolExecutionRequest toolConfig.toolExecutionRequest.toolId
            autessaDbConfig.operation autessaDbConfig.targetTableId autessaDbConfig.values""",
        KEPT: """enabled agentConfig.continueOnError agentConfig.agentExecutionRequest.environmentVariables
            toolConfig.continueOnError toolConfig.toolExecutionRequest.environmentVariables
            toolConfig.toolExecutionRequest.variables
            autessaDbConfig.continueOnError autessaDbConfig.dbRecordId autessaDbConfig.whereConditions""",
        CLEARED: "description",
        IGNORED: "timezone",
    },
    "cadenya schedule": {
        REFUSED: """metadata.name spec.schedule spec.schedule.timezone spec.data spec.firstUserMessageData
            spec.overlapPolicy spec.status state""",
        KEPT: "spec.systemPromptData",
        CLEARED: """metadata.externalId metadata.labels metadata.bundleKey spec.schedule.calendars
            spec.schedule.intervals spec.variationId""",
        # The message stands in the other spelling as well.
        IGNORED: "spec.initialMessage spec.firstUserMessage",
        "refused, unchanged": "metadata spec",
    },
    "cadenya agent": {
        REFUSED: """metadata.name spec.executor spec.status spec.completion spec.variationSelectionMode state""",
        KEPT: "spec.inputDataSchema",
        CLEARED: "metadata.externalId metadata.labels metadata.bundleKey spec.description spec.variations",
        # Its address stands in the executor as well, and the variations are listed in the spec.
        IGNORED: "spec spec.webhookEventsUrl defaultVariation",
        "refused, unchanged": "metadata",
    },
}


def places(page: Json, schema: Json, within: str = "") -> Iterator[tuple[str, Any]]:
    """(place, the empty value of its type) of every field that a page describes, those of inner objects included."""
    for name, described in _resolved(page, schema).get("properties", {}).items():
        inner = _resolved(page, described)
        types = inner.get("type", "string" if "enum" in inner else "object")
        types = [types] if isinstance(types, str) else types
        yield within + name, EMPTY_OF[next(kind for kind in types if kind != "null")]
        if name not in WHOLE:
            yield from places(page, inner, f"{within}{name}.")


def _resolved(page: Json, schema: Json) -> Json:
    found: Json = schema
    if "$ref" in schema:
        found = page["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def at(body: Any, place: str) -> Any:
    """The value at a place, LEFT_OUT where there is none."""
    for name in place.split("."):
        body = body.get(name, LEFT_OUT) if isinstance(body, dict) else LEFT_OUT
    return body


def put(body: Json, place: str, value: Any) -> Json:
    """A copy of a body with another value at a place, or with none."""
    made = deepcopy(body)
    *outer, last = place.split(".")
    inner = made
    for name in outer:
        inner = inner[name]
    inner[last] = value
    if value is LEFT_OUT:
        del inner[last]
    return made


class Maker:
    """Makes, shows and edits things of one kind, one at a time. `page` is the dialect's OpenAPI page."""

    def __init__(self, speaker: Speaker, kind: Kind, number: int, page: Json) -> None:
        self.speaker, self.kind, self.page = speaker, kind, page
        self.full: Json = orjson.loads(
            orjson.dumps(kind.full).replace(orjson.dumps(NUMBER), str(number).encode())
        )

    @classmethod
    async def open(cls, house: House, receiver: Receiver, kind: Kind) -> Maker:
        (speaks,) = (one for one in SPEAKERS if one.dialect == kind.dialect)
        speaker = await speaks.open(house, house.first, receiver)
        target = await house.target(kind.of, key="numbered")
        if kind.dialect == "cadenya":
            await ask(
                house, "PATCH", "/targets/by-key/cadenya-agent", {"extra": {"variations": [{"id": "v1"}]}}
            )
        page = (await speaker.client.get(f"{speaker.base}/openapi.json")).json()
        return cls(speaker, kind, target.number, page)

    def fields(self, route: str) -> dict[str, Any]:
        """The empty value of every field of a route's body, by place."""
        method, path = route.split()
        body = self.page["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]
        return dict(places(self.page, body["schema"]))

    async def made(self, body: Json) -> Any:
        """What is shown of a thing that is made with a body, after which it is deleted; REFUSED where it is not."""
        an_id = await self._new(body)
        if an_id is None:
            return REFUSED
        shown = await self._shown(an_id)
        await self._delete(an_id)
        return shown

    async def edited(self, body: Json) -> Any:
        """What is shown of a thing that was made with all fields, after an edit; REFUSED where it was not edited."""
        an_id = await self._new(self.full)
        assert an_id is not None
        before = await self._shown(an_id)
        answer = await self._ask(self.kind.edit, body, an_id)
        shown = await self._shown(an_id)
        await self._delete(an_id)
        if answer.status_code == 200:
            return shown
        assert answer.status_code in (400, 403), answer.text
        assert shown == before
        return REFUSED

    async def _new(self, body: Json) -> str | None:
        answer = await self._ask(self.kind.make, body)
        if answer.status_code not in (200, 201):
            assert answer.status_code in (400, 403), answer.text
            return None
        found = self._thing(answer.json())
        return str(found.get("id") or found.get("eventId") or found["metadata"]["id"])

    async def _shown(self, an_id: str) -> Any:
        if self.kind.dialect == "autessa":
            answer = await self._ask("POST /get", {}, an_id)
        else:
            answer = await self._ask(f"GET {self.kind.edit.split()[1]}", None, an_id)
        assert answer.status_code == 200, answer.text
        # Ids differ between things that are otherwise the same.
        text = re.sub(r"[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "*", answer.text)
        return self._thing(orjson.loads(text))

    async def _delete(self, an_id: str) -> None:
        if self.kind.dialect == "autessa":
            answer = await self._ask("POST /delete", {}, an_id)
        else:
            answer = await self._ask(f"DELETE {self.kind.edit.split()[1]}", None, an_id)
        assert answer.status_code in (200, 204), answer.text

    def _thing(self, answer: Json) -> Json:
        name = {"trustpager": "data", "autessa": "scheduledEvent"}.get(self.kind.dialect)
        return dict(answer if name is None else answer[name])

    async def _ask(self, route: str, body: Json | None, an_id: str = "") -> Any:
        method, path = route.split()
        head, _, last = path.rpartition("/")
        if an_id and last.startswith("{"):
            path = f"{head}/{an_id}"
        elif an_id:
            body = {**(body or {}), "scheduledEventId": an_id}
        return await self.speaker.client.request(method, self.speaker.filled(path), json=body)


@pytest.mark.parametrize("name", KINDS)
async def test_null_counts_as_left_out_and_an_empty_value_means_what_the_table_says(
    house: House, receiver: Receiver, name: str
) -> None:
    maker = await Maker.open(house, receiver, KINDS[name])
    full, dialect = maker.full, maker.kind.dialect
    expected = {
        place: means
        for means, found in (EMPTY.get(name) or EMPTY[dialect]).items()
        for place in found.split()
    }
    complete, wrong = await maker.made(full), []
    for place, empty in maker.fields(maker.kind.make).items():
        if at(full, place) is LEFT_OUT:
            continue
        without, kept = (
            await maker.made(put(full, place, LEFT_OUT)),
            await maker.edited(put(full, place, LEFT_OUT)),
        )
        if await maker.made(put(full, place, None)) != without:
            wrong.append(f"{place}: null is not as left out where it is made")
        if await maker.edited(put(full, place, None)) != (
            without if (dialect, place) in CLEARED_BY_NULL else kept
        ):
            wrong.append(f"{place}: null is not as it should be in an edit")

        made, edited = await maker.made(put(full, place, empty)), await maker.edited(put(full, place, empty))
        means = (
            _means(made, place, empty, without, "left out"),
            _means(edited, place, empty, complete, "unchanged", without),
        )
        said = means[0] if means[0] == means[1] else ", ".join(means)
        if said != expected.get(place):
            wrong.append(f"{place}: {empty!r} is {said} instead of {expected.get(place)}")
    assert wrong == [], "\n".join(wrong)


def _means(shown: Any, place: str, empty: Any, same: Any, word: str, cleared: Any = LEFT_OUT) -> str:
    """What an empty value has led to: `word` where that is `same`."""
    if shown == REFUSED:
        return REFUSED
    if shown == same:
        return word
    if shown == cleared:
        return "cleared"
    return KEPT if at(shown, place) == empty else f"shown as {at(shown, place)!r}"


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_the_walk_knows_every_field_that_is_made_or_edited(house: House, kind: type[Speaker]) -> None:
    page = registry.load()[kind.dialect].application(house.services).openapi()
    ours = [one for one in KINDS.values() if one.dialect == kind.dialect]
    described = {
        f"{method.upper()} {path}": entry["requestBody"]["content"]["application/json"]["schema"]
        for path, methods in page["paths"].items()
        for method, entry in methods.items()
        if "requestBody" in entry
    }
    assert {route for one in ours for route in (one.make, one.edit)} == described.keys() - OF_NO_THING
    for route in {route for one in ours for route in (one.make, one.edit)}:
        known = [one.full for one in ours if route in (one.make, one.edit)]
        for place, _ in places(page, described[route]):
            if place not in BESIDE:
                assert any(at(full, place) is not LEFT_OUT for full in known), (route, place)
