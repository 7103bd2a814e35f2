"""What a field may be at most is accepted, and one more is refused in words that tell the bound."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from horarium.api.kit import Fields, registry
from tests.api.dialects.speakers import SPEAKERS, Speaker
from tests.support.house import House
from tests.support.receiver import Receiver

AGENTS = "/workspaces/{workspaceId}/agents"
DAY_S = 86_400
HOUR = {"hour": [{"start": 9}]}


def texts(place: str, most: int) -> tuple[str, Any, Any, str]:
    """A text of so many characters at most."""
    return place, "x" * most, "x" * (most + 1), f"at most {most} "


def numbers(place: str, least: int, most: int) -> list[tuple[str, Any, Any, str]]:
    """A number within bounds."""
    words = f"from {least} to {most}"
    return [(place, least, least - 1, words), (place, most, most + 1, words)]


# By dialect and route: the place in a body or, behind a question mark, in a query; what is accepted there and what is
# not; and what the refusal says.
BOUNDS: dict[str, dict[str, list[tuple[str, Any, Any, str]]]] = {
    "trustpager": {
        "POST /event-schedules": [
            texts("name", 200),
            texts("cron_expression", 1000),
            texts("description", 10_000),
            *numbers("max_runs", 1, (1 << 53) - 1),
        ],
        "POST /event-schedules/preview-cron": numbers("count", 1, 20),
        "GET /event-schedules": numbers("?limit", 1, 100),
        "GET /event-schedules/{id}/audience-preview": numbers("?sample", 0, 50),
    },
    "autessa": {
        "POST /create": [
            texts("eventName", 200),
            texts("agentConfig.agentExecutionRequest.input", 1_000_000),
        ],
    },
    "m9m": {
        "POST /schedules": [
            texts("cronExpression", 1024),
            texts("timezone", 100),
            *numbers("maxDuration", 0, DAY_S),
            *numbers("maxRuns", 0, (1 << 53) - 1),
        ],
        "POST /workflows": [texts("id", 200), texts("name", 200), texts("description", 10_000)],
        "GET /schedules": numbers("?limit", 1, 100),
        "GET /workflows": numbers("?limit", 1, 100),
        "GET /executions": [*numbers("?limit", 1, 100), *numbers("?offset", 0, 999_999_999)],
        "GET /schedules/{id}/history": numbers("?limit", 1, 100),
    },
    "uranus": {
        "POST /{id}/schedules": [texts("name", 200), texts("cron_expression", 1024)],
        "GET /{id}/schedules": [*numbers("?limit", 1, 10_000), *numbers("?offset", 0, 999_999_999)],
    },
    "cadenya": {
        f"POST {AGENTS}/{{agentId}}/schedules": [
            texts("metadata.name", 200),
            texts("metadata.externalId", 255),
            texts("metadata.bundleKey", 255),
            texts("spec.initialMessage", 200_000),
            ("spec.schedule.calendars", [HOUR | {"comment": "x" * 200}], [HOUR | {"comment": "x" * 201}], "200"),
        ],
        f"POST {AGENTS}": [
            texts("metadata.name", 200),
            texts("metadata.externalId", 200),
            ("metadata.labels", {str(n): "" for n in range(64)}, {str(n): "" for n in range(65)}, "at most 64 "),
            ("metadata.labels", {"x" * 200: ""}, {"x" * 201: ""}, "1 to 200 printable"),
            ("metadata.labels", {"a": ""}, {"": ""}, "1 to 200 printable"),
            ("metadata.labels", {"a": "x" * 1000}, {"a": "x" * 1001}, "at most 1000 "),
            ("metadata.labels", {"a": "x"}, {"a": "\0"}, "without NUL"),
            ("metadata.labels", {"a": ""}, {"a": None}, "is required"),
            texts("defaultVariation.metadata.name", 200),
            ("spec.variations", ["v"] * 50, ["v"] * 51, "at most 50 "),
            ("spec.variations", [{"id": "x" * 100}], [{"id": "x" * 101}], "at most 100 "),
            ("spec.variations", [{"name": "x" * 200}], [{"name": "x" * 201}], "at most 200 "),
            ("spec.variations", [{"name": "v"}], [{}], "is required"),
            ("spec.variations", ["v"], [""], "must be an object with name"),
            ("spec.variations", [{"name": "v", "weight": 0}], [{"name": "v", "weight": -0.1}], "from 0 to 1000000"),
            (
                "spec.variations",
                [{"name": "v", "weight": 1_000_000}],
                [{"name": "v", "weight": 1_000_001}],
                "from 0 to 1000000",
            ),
        ],
    },
}  # fmt: skip


async def send(speaker: Speaker, route: str, place: str, value: Any) -> httpx.Response:
    """A good request of a route with another value in one place."""
    method, path = route.split()
    url = speaker.filled(path)
    if place.startswith("?"):
        return await speaker.client.request(method, url, params={place[1:]: value})
    return await speaker.client.request(method, url, json=put(speaker.bodies[route], place, value))


def put(body: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy of a body with another value in one place."""
    made = deepcopy(body)
    *outer, last = place.split(".")
    inner = made
    for name in outer:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return made


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_a_bound_is_accepted_and_what_is_beyond_it_is_refused(
    receiver: Receiver, kind: type[Speaker], tmp_path: Path
) -> None:
    async with House.open("2026-11-23T08:00:00Z", data=tmp_path, body_limit=4_000_000) as house:
        speaker = await kind.open(house, house.first, receiver)
        await speaker.create()
        wrong = []
        for route, bounds in BOUNDS[kind.dialect].items():
            for place, within, beyond, words in bounds:
                answer = await send(speaker, route, place, beyond)
                if not (400 <= answer.status_code < 500 and words in answer.text):
                    wrong.append((route, place, answer.status_code, answer.text[:200]))
                answer = await send(speaker, route, place, within)
                if words in answer.text or answer.status_code >= 500:
                    wrong.append((route, place, "within", answer.status_code, answer.text[:200]))
        assert not wrong, "\n".join(map(str, wrong))


# The bounds of a schedule's body that its dialect judges while it reads it, without asking for anything else.
NEW_SCHEDULE = {
    "trustpager": "POST /event-schedules",
    "autessa": "POST /create",
    "m9m": "POST /schedules",
    "uranus": "POST /{id}/schedules",
    "cadenya": f"POST {AGENTS}/{{agentId}}/schedules",
}


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
def test_a_bound_of_a_schedule_is_told_by_reading_its_body(kind: type[Speaker]) -> None:
    speaker, route = object.__new__(kind), NEW_SCHEDULE[kind.dialect]
    speaker.number, speaker.schedule = 7, ""
    parse = registry.load()[kind.dialect].parse
    told = 0
    for place, within, beyond, words in BOUNDS[kind.dialect][route]:
        if place.startswith(("spec.schedule", "agentConfig")):  # judged once the rest of the body is known
            continue
        for value, is_wrong in ((within, False), (beyond, True)):
            fields = Fields(put(speaker.bodies[route], place, value))
            parse(fields, True)
            found = [problem for problem in fields.problems if words in problem.message]
            assert bool(found) is is_wrong, (place, is_wrong)
            assert all(problem.field == place for problem in found)
        told += 1
    assert told
