"""What the OpenAPI pages of the dialects say of their routes, walked over all of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from horarium.api.kit import registry
from tests.support.house import House

NOW = "2026-11-23T08:00:00Z"
# Routes below a base that need a body which a request without fields may leave out.
OPTIONAL_BODIES = {
    "trustpager": set[str](),
    "autessa": {"POST /all"},
    "m9m": {"POST /workflows/{id}/execute"},
    "uranus": set[str](),
    "cadenya": {
        "PATCH /workspaces/{workspaceId}/agents/{id}",
        "PATCH /workspaces/{workspaceId}/agents/{agentId}/schedules/{id}",
    },
}

WORDS = {
    "400": "The request cannot be accepted",
    "401": "A valid API key is needed",
    "403": "The key may not do that",
    "404": "Not found",
    "409": "It clashes with what is stored",
    "413": "The body is too large",
    "429": "Too many requests",
    "default": "Something went wrong",
}


async def operations(dialect: str) -> list[tuple[str, Any]]:
    """(route, what the page says of it) of every route."""
    async with House.open(NOW) as house:
        page = registry.load()[dialect].application(house.services).openapi()
    return [
        (f"{method.upper()} {path}", described)
        for path, methods in page["paths"].items()
        for method, described in methods.items()
    ]


@pytest.mark.parametrize("dialect", registry.load())
async def test_a_page_tells_what_can_go_wrong_with_each_route(dialect: str) -> None:
    for route, described in await operations(dialect):
        told = described["responses"].keys()
        takes_body = "requestBody" in described
        assert {"400", "401", "403", "429", "default"} <= told, route
        assert ("413" in told) is takes_body, route
        (done,) = (code for code in told if code.startswith("2"))
        assert ("content" in described["responses"][done]) is (done != "204"), route
        for code in told - {done}:
            assert described["responses"][code]["content"], (route, code)
            assert described["responses"][code]["description"] == WORDS[code], (route, code)
        assert described["responses"][done]["description"] == "Done"


@pytest.mark.parametrize("dialect", registry.load())
async def test_a_page_tells_which_bodies_may_be_left_out(dialect: str) -> None:
    optional = {
        route
        for route, described in await operations(dialect)
        if "requestBody" in described and not described["requestBody"]["required"]
    }
    assert optional == OPTIONAL_BODIES[dialect]


@pytest.mark.parametrize("dialect", registry.load())
async def test_a_page_names_each_part_of_a_path_and_each_route_once(dialect: str) -> None:
    found = await operations(dialect)
    for route, described in found:
        in_path = [one for one in described["parameters"] if one["in"] == "path"]
        assert [one["name"] for one in in_path] == re.findall(r"\{(\w+)\}", route), route
        assert all(one["required"] and one["schema"] == {"type": "string", "minLength": 1} for one in in_path)
        assert described["security"]
        assert described["summary"]
        assert described["tags"]
    ids = [described["operationId"] for _, described in found]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"(get|post|put|patch|delete)_[\w:-]+", each) for each in ids)
