"""What the own API answers about the worlds of some seeds: every list by each of its filters, every page, every thing.

The walk is made of the description of the API, so that a new route or filter is in it by itself. Its page has, for
each question, how many things were told about, and a hash of the answers. `python -m tests.simulation.answers` writes
it anew, and `python -m tests.simulation.answers 12` prints the answers about the world of seed 12, for comparing two
states of the program line by line.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx

from horarium.api.fields import instant_text
from horarium.service import looks
from tests.simulation.script import script_for
from tests.simulation.world import World
from tests.support.house import House

PAGE = Path(__file__).with_name("answers.txt")
# Worlds in which a lot has happened, and each differently.
SEEDS = (2, 4, 9, 12, 16, 17, 21, 24)
BASE = "/horarium/v1"
OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.json"
# Routes that tell of more than the world, or of what no world has.
LEFT_OUT = (
    "/", "/audit", "/directory/", "/events", "/healthz", "/keys", "/me", "/metrics", "/readyz", "/tables", "/webhooks",
    "/workspaces/{id}/export", "/erasures",
)  # fmt: skip
LEFT_OUT_WHOLE = ("/workspaces",)
# Of the things on a list, which are looked at one by one.
LOOKED_AT = slice(None, None, 7)
MOST_LOOKED_AT = 6
MOST_PAGES = 60


class Question(NamedTuple):
    """`route` as the description has it, `asked` the path with its query."""

    route: str
    asked: str


@cache
def routes() -> dict[str, list[dict[str, Any]]]:
    """The questions of the API that are in the walk, with the parameters of their queries."""
    paths = json.loads(OPENAPI.read_text())["paths"]
    return {
        path: [each for each in methods["get"].get("parameters", []) if each["in"] == "query"]
        for path, methods in paths.items()
        if "get" in methods
        and path not in LEFT_OUT_WHOLE
        and not any(path == left or (left != "/" and path.startswith(left)) for left in LEFT_OUT)
    }


def whole_page() -> str:
    return "".join(part(seed) for seed in SEEDS)


def part(seed: int) -> str:
    """The part of the page that tells of a seed."""
    found: dict[str, list[Any]] = {}
    for name, answer in answers(seed):
        found.setdefault(name, []).append(answer)
    lines = [
        f"  {name}: {' '.join(sorted({str(answer[0]) for answer in told}))}, "
        f"{sum(map(_things, told))} things in {len(told)} answers, {_hash(told)}"
        for name, told in found.items()
    ]
    return "\n".join((f"== seed {seed}", *lines, ""))


def answers(seed: int) -> list[tuple[str, Any]]:
    """What is asked about the world of a seed, under a name that has no ids, and the status and body of the answer."""
    with World(script_for(seed)).play() as world:
        world.store._hook = None  # nothing fails any more, and no node is told of anything
        world.store.forget_listeners()
        # How much a page looks at depends on how fast that goes: here it takes no time.
        with patch.object(looks, "time", SimpleNamespace(monotonic=lambda: 0.0)):
            return asyncio.run(_answers(world))


async def _answers(world: World) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    async with House.open(instant_text(world.db_ms()), world.store) as house:
        every = await house.client.get(f"{BASE}/workspaces", params={"limit": 100})
        names = {item["id"]: item["slug"] for item in every.json()["items"]}
        for workspace in sorted(names, key=names.__getitem__):
            if names[workspace] == "first":  # the one that asks
                continue
            house.client.headers["Horarium-Workspace"] = workspace
            async for question in _Walk(house.client, workspace).questions():
                answer = await house.client.get(BASE + question.asked)
                found.append((question.route, (answer.status_code, answer.json())))
    return found


class _Walk:
    """All questions about a workspace."""

    def __init__(self, client: httpx.AsyncClient, workspace: str) -> None:
        self._client, self._workspace = client, workspace
        # By list, the things on it.
        self._items: dict[str, list[Any]] = {}

    async def questions(self) -> AsyncIterator[Question]:
        for path in ("/schedules", "/runs"):
            await self._all(path)
        for route in sorted(routes(), key=lambda route: (route.count("{"), route)):
            for path in await self._paths(route):
                yield Question(route, path)
                for name, value in self._values(route):
                    # A value that is an id or an instant has no place in the name of a question.
                    shown = value if len(value) < 20 else "..."
                    yield Question(f"{route}?{name}={shown}", f"{path}?{name}={value}")
                if "cursor" in [each["name"] for each in routes()[route]]:
                    async for page in self._pages(path):
                        yield Question(f"{route} in pages of 3", page)

    async def _paths(self, route: str) -> list[str]:
        """The paths of a route: of a list one, of what is about a thing one for some of the things on its list."""
        if "{" not in route:
            return [route]
        above, name, rest = (
            route.partition("{")[0].rstrip("/"),
            route.partition("{")[2].partition("}")[0],
            route,
        )
        if above == "/workspaces":
            return [rest.replace("{id}", self._workspace)]
        by_key = above.endswith("/by-key")
        items = await self._all(above.removesuffix("/by-key"))
        key = "key" if by_key else "name" if name == "name" else "id"
        named = [item[key] for item in items[LOOKED_AT] if item.get(key)][:MOST_LOOKED_AT]
        paths = [rest.replace(f"{{{name}}}", value) for value in named]
        return (
            [path.replace("{number}", number) for path in paths for number in ("1", "2")]
            if "{number}" in rest
            else paths
        )

    async def _all(self, path: str) -> list[Any]:
        if path not in self._items:
            answer = await self._client.get(
                BASE + path, params={"limit": 1000} if path != "/audiences" else {}
            )
            self._items[path] = answer.json()["items"]
        return self._items[path]

    def _values(self, route: str) -> Iterator[tuple[str, str]]:
        """The values of each parameter of a route: all that its description lists, or some that the world has."""
        for parameter in routes()[route]:
            name, schema = parameter["name"], parameter["schema"]
            listed = schema.get("enum") or schema.get("items", {}).get("enum")
            for value in listed or self._known(name):
                yield name, str(value).lower() if isinstance(value, bool) else str(value)

    def _known(self, name: str) -> list[str]:
        schedules, runs = self._items.get("/schedules", []), self._items.get("/runs", [])
        slots = sorted({run["due_at"] for run in runs if run.get("due_at")})
        middle = slots[len(slots) // 2 : len(slots) // 2 + 1]
        # Slots from the first to the last, and whole seconds beside them.
        some = slots[:: len(slots) // 6 + 1] + slots[-1:]
        around = [at.replace(at[17:19], f"{(int(at[17:19]) + 1) % 60:02}") for at in some]
        return {
            "schedule": [item["id"] for item in schedules[:3]],
            "target": sorted({item["target"] for item in schedules})[:2],
            "fire": sorted({run["fire"] for run in runs})[:3],
            "created_by": sorted({item["created_by"] for item in schedules})[:1],
            "next_fire_before": middle,
            "from": middle,
            "to": middle,
            "at": some + around,
            "after": middle,
            "include": ["input", "row", "input,row"],
            "dialect": ["native"],
            "row_key": sorted({run["row_key"] for run in runs if run.get("row_key")})[:2],
            "search": ["name", "zebra"],
            "limit": ["1"],
            "count": ["3"],
            "attempt": ["1"],
            "total": ["true"],
            "failing": ["true", "false"],
            "state": ["enabled", "disabled"],
            "kind": [],
            "key": [],
            "key_prefix": ["a"],
            "label": ["team:a"],
            "schedule_key": [],
            "cursor": [],
        }.get(name, ["?"])

    async def _pages(self, path: str) -> AsyncIterator[str]:
        asked = f"{path}?limit=3"
        for _ in range(MOST_PAGES):
            yield asked
            after = (await self._client.get(BASE + asked)).json().get("next_cursor")
            if after is None:
                return
            asked = f"{path}?limit=3&cursor={after}"


def _things(answer: tuple[int, Any]) -> int:
    return len(answer[1].get("items", [1]))


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for name, answer in answers(int(sys.argv[1])):
            print(name, json.dumps(answer, indent=1))
    else:
        PAGE.write_text(whole_page())
