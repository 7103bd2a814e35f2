"""Which of two things that are wrong with a request is told, for every pair and every route of every dialect.

The routes are those of the OpenAPI pages, so that a new one is walked as well. A request with two things wrong is
answered as the one with the first of them alone.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import httpx
import pytest

from horarium.api.kit import registry
from tests.api.dialects.speakers import SPEAKERS, Cadenya, Json, M9m, Speaker, Trustpager, Uranus
from tests.support.house import House, client_of
from tests.support.receiver import Receiver

# What may be wrong, in the order in which it is told, with the status of the answer.
STATUSES = {
    "no key": 401,
    "no scope": 403,
    "unknown path": 404,
    "bad query": 400,
    "no json": 400,
    "no grant": 403,
    "wrong type": 400,
}
AGENTS = "/workspaces/{workspaceId}/agents"
SCHEDULE = f"{AGENTS}/{{agentId}}/schedules"
# Pairs that are told the other way round, by route, with the reason.
OTHERWISE = {
    ("GET /schedules/{id}/history", "unknown path", "bad query"): "the schedule is read with its history",
    ("POST /workflows/{id}/execute", "no json", "no grant"): "the target stands in the path",
    (f"POST {SCHEDULE}", "no json", "no grant"): "the target stands in the path",
    (f"PATCH {SCHEDULE}/{{id}}", "no grant", "wrong type"): "the target is that of the schedule, which is edited last",
}  # fmt: skip
# Routes that need a grant, and what a body has beside what the speaker's has, so that it changes what is run. Autessa
# tells of a missing grant together with all else.
GRANTED: dict[str, Json] = {
    "POST /event-schedules": {},
    "PATCH /event-schedules/{id}": {"automation_id": "another"},
    "POST /create": {},
    "POST /update": {},
    "POST /schedules": {},
    "PUT /schedules/{id}": {"workflowId": "another"},
    "POST /workflows/{id}/execute": {},
    "POST /{id}/schedules": {},
    "PUT /{id}/schedules/{scheduleId}": {"callback_id": "another"},
    f"POST {SCHEDULE}": {},
    f"PATCH {SCHEDULE}/{{id}}": {"spec": {"overlapPolicy": "OVERLAP_POLICY_ALLOW"}},
}
# Parameters of queries that must be numbers, of which each list has one.
NUMBERS = ("limit", "sample")
# Anybody with a key may ask for these.
WITHOUT_SCOPE = ("/whoami", "/account", "/workspaces")


@dataclass(slots=True)
class Asked:
    """A request that is about to be sent."""

    client: httpx.AsyncClient
    method: str
    path: str
    body: Json | None
    query: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


class Wrongs:
    """Sends good requests of a speaker, with things wrong. `clients` are those of STATUSES whose key is wrong."""

    def __init__(self, speaker: Speaker, clients: dict[str, httpx.AsyncClient]) -> None:
        self.speaker, self.clients = speaker, clients
        page = registry.load()[speaker.dialect].application(speaker.house.services).openapi()
        self.entries: dict[str, Json] = {
            f"{method.upper()} {path}": entry
            for path, methods in page["paths"].items()
            for method, entry in methods.items()
        }

    def possible(self, route: str) -> list[str]:
        """What may be wrong with a request of a route, in the order of STATUSES."""
        entry, body = self.entries[route], self.speaker.bodies.get(route, {})
        may = {
            "no key": True,
            "no scope": route.split()[1] not in WITHOUT_SCOPE,
            "unknown path": "{" in route or "scheduledEventId" in body,
            "bad query": self.number(route) is not None,
            # The id of autessa stands in the body.
            "no json": "requestBody" in entry and "scheduledEventId" not in body,
            "no grant": route in GRANTED,
            "wrong type": bool(body.keys() - {"scheduledEventId"}),
        }
        return [wrong for wrong in STATUSES if may[wrong]]

    async def answer(self, route: str, *wrongs: str) -> tuple[int, str]:
        """The status and the text of the answer to a request with these things wrong."""
        method, path = route.split()
        body = self.speaker.bodies.get(route)
        if "no grant" in wrongs and body is not None:
            body = {**body, **GRANTED[route]}
        asked = Asked(self.speaker.client, method, self.speaker.filled(path), body)
        for wrong in reversed(wrongs):
            if wrong in self.clients:
                asked.client = self.clients[wrong]
            else:
                getattr(self, f"_{wrong.replace(' ', '_')}")(asked, route)
        sent: Any = {"json": asked.body} if asked.content is None else {"content": asked.content}
        answer = await asked.client.request(asked.method, asked.path, params=asked.query, **sent)
        return answer.status_code, answer.text

    def number(self, route: str) -> str | None:
        """The parameter of a route that is one of NUMBERS."""
        known = {one["name"] for one in self.entries[route]["parameters"] if one["in"] == "query"}
        return next((name for name in NUMBERS if name in known), None)

    def _unknown_path(self, asked: Asked, route: str) -> None:
        if asked.body is not None and "scheduledEventId" in asked.body:
            asked.body = {**asked.body, "scheduledEventId": _other(asked.body["scheduledEventId"])}
            return
        last = re.findall(r"\{\w+\}", route)[-1]
        before = self.speaker.filled(route.split()[1].partition(last)[0])
        an_id, rest = re.fullmatch(r"([^/:]+)(.*)", asked.path.removeprefix(before)).groups()  # type: ignore[union-attr]
        asked.path = before + _other(an_id) + rest

    def _bad_query(self, asked: Asked, route: str) -> None:
        asked.query[self.number(route) or ""] = "x"

    def _no_json(self, asked: Asked, route: str) -> None:
        asked.content = b'{"a": '

    def _wrong_type(self, asked: Asked, route: str) -> None:
        assert asked.body is not None
        name = next(name for name in asked.body if name not in ("scheduledEventId", "workflowId"))
        asked.body = {**asked.body, name: ["of no field"]}


def _other(an_id: str) -> str:
    """An id of the same form that names nothing."""
    return an_id[:-3] + ("777" if an_id[-3:] != "777" else "888")


@pytest.fixture
async def clients(house: House) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Callers whose key is wrong, by what is wrong with it."""
    who = await house.who()
    principal = await house.services.tenancy.create_principal(who, "bare")
    without_grants = await house.services.tenancy.create_key(who, "bare", ["*"], principal.id)
    async with (
        client_of(house.api, headers={}) as stranger,
        client_of(house.api, await house.key_with("directory:read")) as reader,
        client_of(house.api, without_grants.text) as bare,
    ):
        yield {"no key": stranger, "no scope": reader, "no grant": bare}


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_of_two_things_that_are_wrong_the_first_is_told(
    house: House, receiver: Receiver, clients: dict[str, httpx.AsyncClient], kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    await house.target(kind.kind, key="another")
    wrongs, otherwise, pairs = Wrongs(speaker, clients), [], 0
    for route in wrongs.entries:
        alone = {wrong: await wrongs.answer(route, wrong) for wrong in wrongs.possible(route)}
        for wrong, (status, text) in alone.items():
            assert status == STATUSES[wrong], (route, wrong, text)
        for first, second in combinations(alone, 2):
            pairs += 1
            both = await wrongs.answer(route, first, second)
            if (route, first, second) in OTHERWISE:
                first = second
            if kind.dialect == "autessa" and (first, second) == ("no grant", "wrong type"):
                assert both[0] == 400
                assert '"API key does not have permission to access the target agent (ID: ' in both[1]
                assert '"eventName: must be a string"' in both[1]
            elif both != alone[first]:
                otherwise.append(f"{route}: {first} is not told before {second}, but {both}")
    assert otherwise == [], "\n".join(otherwise)
    assert pairs > 20


@pytest.mark.parametrize("kind", [Trustpager, M9m, Uranus, Cadenya], ids=lambda kind: kind.dialect)
async def test_of_a_parameter_that_is_given_twice_the_last_counts(
    house: House, receiver: Receiver, clients: dict[str, httpx.AsyncClient], kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await speaker.create()
    wrongs, walked = Wrongs(speaker, clients), 0
    for route in wrongs.entries:
        name = wrongs.number(route)
        if name is not None:
            walked += 1
            for values, status in ((("x", "1"), 200), (("1", "x"), 400)):
                path, query = speaker.filled(route.split()[1]), [(name, value) for value in values]
                answer = await speaker.client.get(path, params=query)
                assert answer.status_code == status, (route, values, answer.text)
    assert walked > 0


# What lets a schedule end with its next fire, or archives it; what is refused then; and how that is told.
USED_UP: list[tuple[type[Speaker], Json, str, Json, str]] = [
    (Trustpager, {"max_runs": 1}, "PATCH", {"is_active": True}, '"code":"CONFLICT"'),
    (M9m, {"maxRuns": 1}, "PUT", {"enabled": True}, '"code":"CONFLICT"'),
    (Cadenya, {"state": "STATE_ARCHIVED"}, "PATCH", {"state": "STATE_ACTIVE"}, '"code":9'),
]
WRONG_BESIDE: dict[str, Json] = {
    "trustpager": {"name": 5},
    "m9m": {"timezone": 5},
    "cadenya": {"metadata": {"name": 5}},
}


@pytest.mark.parametrize(
    ("kind", "ends", "method", "revives", "told"), USED_UP, ids=[one[0].dialect for one in USED_UP]
)
async def test_a_wrong_field_is_told_before_a_state_that_refuses_the_change(
    house: House, receiver: Receiver, kind: type[Speaker], ends: Json, method: str, revives: Json, told: str
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    made = speaker.seen(await speaker.create())[0]
    path = speaker._at(made)  # type: ignore[attr-defined]
    assert (await speaker.client.request(method, path, json=ends)).status_code == 200
    await house.move("2026-11-23T09:00:00Z")
    refused = await speaker.client.request(method, path, json=revives)
    assert refused.status_code in (400, 409)
    assert told in refused.text
    beside = await speaker.client.request(method, path, json={**revives, **WRONG_BESIDE[kind.dialect]})
    assert beside.status_code == 400
    assert told not in beside.text
    assert "must be a string" in beside.text
