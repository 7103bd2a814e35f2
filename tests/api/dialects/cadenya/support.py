"""A caller of this dialect: an agent, the base of its schedules, and a few words for what tests do."""

from __future__ import annotations

from typing import Any

import httpx

from horarium.domain.ids import prefixed
from tests.support.house import House

NOW = "2026-03-06T12:00:00Z"  # a Friday


def at_nine(zone: str = "America/New_York") -> dict[str, Any]:
    return {"timezone": zone, "calendars": [{"hour": [{"start": 9}]}]}


def every(length: str, zone: str = "UTC") -> dict[str, Any]:
    return {"timezone": zone, "intervals": [{"every": length}]}


class Cadenya:
    """`agent` is the agent in use, `base` where its schedules are."""

    def __init__(self, house: House) -> None:
        self.house, self.client = house, house.client
        self.workspace = prefixed("ws", house.first.workspace_id)
        self.agent = ""

    @property
    def base(self) -> str:
        return f"/v1/workspaces/{self.workspace}/agents/{self.agent}/schedules"

    async def use_agent(self, **spec: Any) -> dict[str, Any]:
        """Make an agent and use it from now on."""
        executor = {"executor": {"type": "http", "url": "https://example.com/agent"}}
        body = {"metadata": {"name": "Agent"}, "spec": executor | spec}
        answer = await self.client.post(f"/v1/workspaces/{self.workspace}/agents", json=body)
        assert answer.status_code == 200, answer.text
        self.agent = answer.json()["metadata"]["id"]
        return dict(answer.json())

    def body(self, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
        spec = {"initialMessage": "Good morning", "schedule": at_nine()} | spec
        return {"metadata": metadata or {"name": "Daily"}, "spec": spec}

    async def created(self, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
        answer = await self.post("", self.body(metadata, **spec))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(self.base + path, params=query or None)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(self.base + path, json=body)

    async def patch(self, path: str, body: Any) -> httpx.Response:
        return await self.client.patch(self.base + path, json=body)

    async def objectives(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/v1/workspaces/{self.workspace}/objectives", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    @staticmethod
    def violations(answer: httpx.Response) -> set[str]:
        """The fields that an answer of status 400 complains about."""
        assert answer.status_code == 400, answer.text
        body = answer.json()
        assert body["code"] == 3
        return {one["field"] for one in body["details"][0]["fieldViolations"]}
