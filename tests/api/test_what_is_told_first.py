"""What a request of our own API is told first where several things are wrong with it, for every route.

The routes are those that the application has, so that a new one is walked as well. A request is answered
as if the first thing wrong were the only one, with everything wrong that comes later as well.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.api.asking import BASE
from tests.api.test_walk_of_keys import BY_TOKEN, OF_ITSELF, PUBLIC, Walk, house, walk_of
from tests.support.house import House, client_of
from tests.support.receiver import Receiver

__all__ = ["house"]

# What may be wrong, in the order in which it is told, with the status of the answer. What a route does not take at all
# comes before the key.
STATUSES = {
    "unknown parameter": 400,
    "unwanted body": 400,
    "unwanted version": 400,
    "unwanted repeat key": 400,
    "no key": 401,
    "no scope": 403,
    "bad query": 400,
    "no json": 400,
    "unknown field": 400,
    "unknown path": 404,
}
# Routes that tell of a path that names nothing before that, with the reason.
SOONER = {
    "bad query": (
        {f"GET /schedules/{{id}}/{what}" for what in ("fires", "ledger", "versions")},
        "what is left of a deleted schedule is looked up first",
    ),
    "no json": ({"PUT /directory/{kind}"}, "the body is read line by line, which needs the kind"),
    "unknown field": (
        {"PUT /schedules/{id}", "PATCH /schedules/{id}", "PUT /targets/{ref}", "PATCH /targets/{ref}"},
        "a change is read over what is stored",
    ),
}
# Here a path that names nothing makes what it names, and there the key needs one of several scopes, which is asked with
# the list.
MAKES = {"PUT /schedules/by-key/{key}", "PUT /targets/by-key/{key}", "PUT /audiences/{name}"}
ANY_SCOPE = {"GET /actions"}
# Good bodies and queries of routes that the walk of keys sends bad ones.
WINDOW = {"recurrence": "0 2 * * *", "duration": "1h"}
TARGET = {"kind": "workflow", "name": "T", "executor": {"type": "echo"}}
BODIES: dict[str, Any] = {
    "POST /schedules/{id}/windows": WINDOW,
    "POST /workspaces/{id}/windows": WINDOW,
    "POST /webhooks/{id}/replay": {"since": "2026-11-22T00:00:00Z"},
    "PUT /schedules/{id}": {"name": "s", "key": "mine", "recurrence": "0 10 * * *", "target": "t"},
    "PUT /targets/{ref}": TARGET,
    "PUT /targets/by-key/{key}": TARGET,
}
QUERIES = {"GET /schedules/{id}/explain": {"at": "2026-11-23T09:00:00Z"}}


@dataclass(slots=True)
class Asked:
    """A request that is about to be sent."""

    client: httpx.AsyncClient
    url: str
    body: Any
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


class Wrongs:
    """Sends good requests with things wrong. `clients` are those of STATUSES whose key is wrong."""

    def __init__(self, walk: Walk, page: Any, clients: dict[str, httpx.AsyncClient]) -> None:
        self.walk, self.clients = walk, clients
        self.entries = {
            f"{method.upper()} {path}": entry
            for path, methods in page["paths"].items()
            for method, entry in methods.items()
        }

    def possible(self, route: str) -> list[str]:
        """What may be wrong with a request of a route, in the order in which it is told."""
        writes, takes_body = not route.startswith("GET"), "requestBody" in self.entries[route]
        # Lines that are wrong are answered one by one.
        one_body = takes_body and not route.endswith("/bulk")
        may = {
            "unknown parameter": True,
            "unwanted body": writes and not takes_body,
            "unwanted version": writes and "If-Match" not in self.parameters(route, "header"),
            "unwanted repeat key": writes and "Idempotency-Key" not in self.parameters(route, "header"),
            "no key": True,
            "no scope": route not in OF_ITSELF["native"] | ANY_SCOPE,
            "bad query": "limit" in self.parameters(route, "query"),
            "no json": one_body,
            "unknown field": one_body and "{kind}" not in route,
            "unknown path": "{" in route and route not in MAKES,
        }
        found = [wrong for wrong in STATUSES if may[wrong]]
        for wrong, (routes, _) in SOONER.items():
            if route in routes:
                found.remove("unknown path")
                found.insert(found.index(wrong), "unknown path")
        return found

    async def answer(self, route: str, wrongs: Sequence[str]) -> tuple[int, Any, Any]:
        """The status of the answer to a request with these things wrong, the kind of the problem, and its parts."""
        method, path = route.split()
        body = None if method == "GET" else BODIES.get(route, self.walk.bodies.get(route, {}))
        asked = Asked(self.clients["nothing"], self.walk.filled(path), body, dict(QUERIES.get(route, {})))
        for wrong in reversed(wrongs):
            if wrong in self.clients:
                asked.client = self.clients[wrong]
            else:
                getattr(self, f"_{wrong.replace(' ', '_')}")(asked, path)
        if wrongs[0] == "no scope" and path.split("/")[1] == "audit":
            asked.client = self.clients["no audit"]
        sent: Any = {"json": asked.body} if asked.content is None else {"content": asked.content}
        answer = await asked.client.request(
            method, asked.url, params=asked.query, headers=asked.headers, **sent
        )
        said = answer.json() if answer.status_code >= 400 else {}
        return answer.status_code, said.get("type"), said.get("errors")

    def parameters(self, route: str, where: str) -> set[str]:
        """The names of the parameters of a route that stand in the header or in the query."""
        return {one["name"] for one in self.entries[route].get("parameters", ()) if one["in"] == where}

    def _unknown_parameter(self, asked: Asked, path: str) -> None:
        asked.query["strange"] = "1"

    def _unwanted_body(self, asked: Asked, path: str) -> None:
        asked.body = {"strange": 1}

    def _unwanted_version(self, asked: Asked, path: str) -> None:
        asked.headers["If-Match"] = '"1"'

    def _unwanted_repeat_key(self, asked: Asked, path: str) -> None:
        asked.headers["Idempotency-Key"] = "again"

    def _bad_query(self, asked: Asked, path: str) -> None:
        asked.query["limit"] = "x"

    def _no_json(self, asked: Asked, path: str) -> None:
        asked.content = b'{"a": '

    def _unknown_field(self, asked: Asked, path: str) -> None:
        asked.body = {**asked.body, "strange": 1}

    def _unknown_path(self, asked: Asked, path: str) -> None:
        """The first place in the path names nothing."""
        before = BASE + path.partition("{")[0]
        named, rest = re.fullmatch(r"([^/]+)(.*)", asked.url.removeprefix(before)).groups()  # type: ignore[union-attr]
        asked.url = before + named[:-3] + ("777" if named[-3:] != "777" else "888") + rest


@pytest.fixture
async def clients(house: House) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Callers by what is wrong with their key. No scope is one that has no use for what the route does."""
    async with (
        client_of(house.api, headers={}) as stranger,
        client_of(house.api, await house.key_with("audit:read")) as auditor,
        client_of(house.api, await house.key_with("directory:read")) as reader,
    ):
        yield {"nothing": house.client, "no key": stranger, "no scope": auditor, "no audit": reader}


async def test_of_all_that_is_wrong_the_first_is_told(
    house: House, receiver: Receiver, clients: dict[str, httpx.AsyncClient]
) -> None:
    walk = await walk_of(house, receiver, "native")
    page = (await house.client.get(f"{BASE}/openapi.json")).json()
    wrongs, otherwise, walked = Wrongs(walk, page, clients), list[str](), 0
    for route in [f"{method} {path}" for method, path in walk.routes]:
        # What stands under a key has the handlers of what stands under an id.
        if route in PUBLIC | BY_TOKEN or ("/by-key/" in route and route not in MAKES):
            continue
        walked += 1
        possible = wrongs.possible(route)
        for number, wrong in enumerate(possible):
            alone = await wrongs.answer(route, [wrong])
            if alone[0] != STATUSES[wrong]:
                otherwise.append(f"{route}: {wrong} is answered {alone}")
            with_later = alone if wrong == possible[-1] else await wrongs.answer(route, possible[number:])
            if with_later != alone:
                otherwise.append(f"{route}: {wrong} is not told before the rest, but {with_later}")
    assert otherwise == [], "\n".join(otherwise)
    assert walked > 80


async def test_of_two_versions_the_one_in_if_match_counts(
    house: House, receiver: Receiver, clients: dict[str, httpx.AsyncClient]
) -> None:
    walk = await walk_of(house, receiver, "native")
    page = (await house.client.get(f"{BASE}/openapi.json")).json()
    wrongs, walked = Wrongs(walk, page, clients), []
    for route, entry in wrongs.entries.items():
        if "If-Match" not in wrongs.parameters(route, "header") or "requestBody" not in entry:
            continue
        name = entry["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        names_version = "version" in page["components"]["schemas"][name]["properties"]
        if not names_version or ("/by-key/" in route and route not in MAKES):
            continue
        walked.append(route)
        method, path = route.split()
        thing = walk.filled(path[: path.rindex("}") + 1])
        for header, in_body, is_taken in ((0, 7, True), (7, 0, False), ("*", 0, True), ("*", 7, False)):
            now = int((await house.client.get(thing)).headers["etag"].strip('"'))
            body = {**BODIES.get(route, walk.bodies.get(route, {})), "version": now + in_body}
            headers = {"If-Match": "*" if header == "*" else f'"{now + int(header)}"'}
            answer = await house.client.request(method, walk.filled(path), json=body, headers=headers)
            assert answer.status_code == (200 if is_taken else 409), (route, header, in_body, answer.text)
    assert len(walked) > 8
