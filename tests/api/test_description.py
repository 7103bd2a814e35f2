"""The description of our own API is whole, its examples work, and a change that breaks clients is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from horarium.api.description.operations import OPERATIONS
from horarium.domain.ids import prefixed
from tests.api.asking import BASE, ask
from tests.support import openapi_page
from tests.support.breaking import breaking
from tests.support.described import Description
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


@pytest.fixture(scope="module")
def stored() -> Any:
    return json.loads(openapi_page.PLACE.read_text("utf-8"))


async def test_the_stored_description_is_the_one_that_the_server_publishes(stored: Any) -> None:
    now = json.loads(openapi_page.written(await openapi_page.document()))
    assert breaking(stored, now) == [], "this breaks clients; if it must be, `make openapi` and the changelog"
    assert stored == now, "run `make openapi`, and look at the difference"


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_operation_has_a_stable_name_typed_answers_and_typed_errors(stored: Any) -> None:
    names = [operation["operationId"] for _, _, operation in operations(stored)]
    assert len(set(names)) == len(names) >= 80
    for method, path, operation in operations(stored):
        name = operation["operationId"]
        assert name.count(".") == 1, f"{method} {path} is not in the table of operations"
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert good, name
        for status, response in operation["responses"].items():
            contents = response.get("content", {})
            assert contents or status == "204", f"{name} {status} has no schema"
            for media, content in contents.items():
                assert content["schema"].keys() & {"$ref", "anyOf"}, f"{name} {status} {media} has no schema"
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], f"{name}: {parameter['name']} is not described"
            assert parameter["schema"].get("type"), f"{name}: {parameter['name']} has no type"
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            assert content["schema"], f"{name}: the body {media} has no schema"
            assert content.get("example") is not None, f"{name}: the body has no example"


async def test_every_field_of_an_answer_says_what_it_is(stored: Any) -> None:
    asked = 0
    for _, _, operation in operations(stored):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                asked += _say_what_they_are(stored, content["schema"], set())
    assert asked > 1_000


def _say_what_they_are(document: Any, schema: Any, seen: set[str]) -> int:
    """Raises AssertionError for a field without a description; how many fields there are."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in seen:
            return 0
        return _say_what_they_are(document, document["components"]["schemas"][name], seen | {name})
    found = 0
    for name, inner in schema.get("properties", {}).items():
        assert "$ref" in inner or "anyOf" in inner or inner.get("description"), name
        found += 1 + _say_what_they_are(document, inner, seen)
    for inner in (schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found += _say_what_they_are(document, inner, seen) if isinstance(inner, dict) else 0
    return found


async def test_every_example_of_a_body_works_when_it_is_sent(tmp_path: Path) -> None:
    async with House.open(NOW, data=tmp_path) as house:
        target = await ask(house, "POST", "/targets", OPERATIONS["POST /targets"].example, 201)
        made = await ask(house, "POST", "/schedules", OPERATIONS["POST /schedules"].example, 201)
        principal = await ask(house, "POST", "/principals", OPERATIONS["POST /principals"].example, 201)
        key = await ask(house, "POST", "/keys", OPERATIONS["POST /keys"].example, 201)
        webhook = await ask(house, "POST", "/webhooks", OPERATIONS["POST /webhooks"].example, 201)
        places = {"schedules": made["id"], "targets": target["id"], "principals": principal["id"], "keys": key["id"],
                  "webhooks": webhook["id"], "workspaces": "current"}  # fmt: skip
        other = prefixed("ws", (await house.workspace("other")).workspace_id)
        sent = 5
        for route, operation in OPERATIONS.items():
            method, path = route.split()
            if operation.example is None or route in (
                "POST /targets", "POST /schedules", "POST /principals", "POST /keys", "POST /webhooks",
            ) or path.startswith("/runs/"):  # fmt: skip
                continue
            path = path.replace("{id}", places.get(path.split("/")[1], "x")).replace("{ref}", target["id"])
            path = path.replace("{workspace}", other)
            path = path.replace("{key}", "by-example").replace("{kind}", "users").replace("{name}", "people")
            if operation.media == "application/x-ndjson":
                answer = await house.client.request(method, BASE + path, content=operation.sent())
                assert {json.loads(line)["result"] for line in answer.text.splitlines()} == {"created"}
            else:
                answer = await house.client.request(method, BASE + path, json=operation.example)
            assert answer.status_code in (200, 201), (route, answer.text)
            sent += 1
        assert sent >= 20


async def test_an_answer_that_is_not_as_it_is_described_is_noticed(stored: Any) -> None:
    description = Description(stored)
    good: Any = {"status": "ok", "version": "1", "tzdata": "2026a"}

    def check(value: Any, status: int = 200, media: str = "application/json") -> None:
        description.check("GET", "/healthz", status, media, json.dumps(value).encode())

    check(good)
    for wrong in ({**good, "more": 1}, {"status": "ok", "version": "1"}, {**good, "version": 1}):
        with pytest.raises(AssertionError):
            check(wrong)
    for status, media in ((201, "application/json"), (200, "text/html")):
        with pytest.raises(AssertionError):
            check(good, status, media)


def changed(document: Any, change: Any) -> Any:
    after = copy.deepcopy(document)
    change(after)
    return after


BREAKING = {
    "a field of an answer is removed": lambda d: d["components"]["schemas"]["Schedule"]["properties"].pop(
        "name"
    ),
    "a field of an answer may be absent": lambda d: d["components"]["schemas"]["Run"]["required"].remove(
        "state"
    ),
    "a field of an answer may be null": lambda d: d["components"]["schemas"]["Schedule"]["properties"][
        "name"
    ].update(type=["string", "null"]),
    "a field of an answer has another type": lambda d: d["components"]["schemas"]["Fire"]["properties"][
        "runs"
    ].update(type="string"),
    "a field of a body becomes required": lambda d: d["components"]["schemas"]["ScheduleBody"][
        "required"
    ].append("key"),
    "a field of a body is narrowed": lambda d: d["components"]["schemas"]["RetryBody"]["properties"][
        "max_attempts"
    ]["anyOf"][0].update(maximum=10),
    "a value of a body is taken away": lambda d: d["components"]["schemas"]["TargetBody"]["properties"][
        "kind"
    ]["enum"].remove("tool"),
    "a parameter is removed": lambda d: d["paths"]["/schedules"]["get"]["parameters"].pop(),
    "a parameter is narrowed": lambda d: d["paths"]["/schedules"]["get"]["parameters"][-3]["schema"].update(
        maximum=10
    ),
    "a parameter becomes required": lambda d: d["paths"]["/schedules"]["get"]["parameters"][0].update(
        required=True
    ),
    "an operation is removed": lambda d: d["paths"].pop("/fires/{id}"),
    "an operation is renamed": lambda d: d["paths"]["/fires/{id}"]["get"].update(operationId="fires.show"),
    "a body becomes required": lambda d: d["paths"]["/schedules/{id}/pause"]["post"]["requestBody"].update(
        required=True
    ),
}
HARMLESS = {
    "a field of an answer comes": lambda d: d["components"]["schemas"]["Schedule"]["properties"].update(
        new={"type": "string"}
    ),
    "an optional field of a body comes": lambda d: d["components"]["schemas"]["ScheduleBody"][
        "properties"
    ].update(new={"type": "string"}),
    "an optional parameter comes": lambda d: d["paths"]["/schedules"]["get"]["parameters"].append(
        {"name": "new", "in": "query", "schema": {"type": "string"}}
    ),
    "a bound of a parameter is widened": lambda d: d["paths"]["/schedules"]["get"]["parameters"][-3][
        "schema"
    ].update(maximum=5_000),
    "words change": lambda d: d["components"]["schemas"]["Schedule"].update(description="other"),
    "an operation comes": lambda d: d["paths"].update({"/new": d["paths"]["/me"]}),
}


@pytest.mark.parametrize("change", BREAKING)
def test_a_change_that_breaks_clients_is_told(stored: Any, change: str) -> None:
    assert breaking(stored, changed(stored, BREAKING[change]))


@pytest.mark.parametrize("change", HARMLESS)
def test_a_change_that_breaks_nobody_passes(stored: Any, change: str) -> None:
    assert breaking(stored, changed(stored, HARMLESS[change])) == []
