"""A caller of this dialect: the six routes, and the bodies of the document."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from tests.support.house import House, Tenant, client_of

NOW = "2025-11-03T12:00:00Z"
BASE = "/clients/scheduled-events"


class Autessa:
    """Calls with a key as the document prints it: `Authorization: KEY`, no Bearer, no Content-Type."""

    def __init__(self, house: House, key: str | None = None) -> None:
        self.house = house
        self.client = client_of(house.api, headers={"Authorization": key or house.key})

    async def call(self, route: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"{BASE}/{route}", content=orjson.dumps(body))

    async def errors(self, route: str, status: int, **body: Any) -> list[str]:
        """The errors of a call that fails with this status."""
        answer = await self.call(route, **body)
        assert answer.status_code == status, answer.text
        assert answer.json().keys() == {"errors"}
        return list(answer.json()["errors"])

    async def event(self, **body: Any) -> dict[str, Any]:
        """The event that a create makes."""
        answer = await self.call("create", **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["scheduledEvent"])

    async def get(self, event: dict[str, Any]) -> dict[str, Any]:
        answer = await self.call("get", scheduledEventId=event["eventId"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["scheduledEvent"])


def agent_event(number: int, **more: Any) -> dict[str, Any]:
    """The document's create body."""
    request = {"agentId": number, "input": "Generate daily summary", "environmentVariables": {}}
    return {
        "eventName": "Daily Summary Agent",
        "description": "Runs every day at 9 AM",
        "cronExpression": "cron(0 9 * * ? *)",
        "timezone": "America/New_York",
        "enabled": True,
        "actionType": "INVOKE_AGENT",
        "agentConfig": {"agentExecutionRequest": request, "continueOnError": False},
    } | more


def tool_event(number: int, **more: Any) -> dict[str, Any]:
    config = {"toolExecutionRequest": {"toolId": number, "variables": {"a": 1}}}
    return {
        "eventName": "Tool",
        "cronExpression": "rate(5 minutes)",
        "actionType": "INVOKE_TOOL",
        "toolConfig": config,
    } | more


def table_event(number: int, config: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    operation = {"operation": "INSERT", "values": {"name": "Ada"}} if config is None else config
    return {
        "eventName": "Table",
        "cronExpression": "rate(5 minutes)",
        "actionType": "UPDATE_AUTESSADB",
        "autessaDbConfig": {"targetTableId": number, **operation},
    } | more


async def limited(house: House, *granted: bytes, tenant: Tenant | None = None) -> Autessa:
    """A caller whose principal holds these grants only."""
    who = await house.who(tenant)
    principal = await house.services.tenancy.create_principal(who, "limited", granted=granted)
    issued = await house.services.tenancy.create_key(who, "limited", ["*"], principal.id)
    return Autessa(house, issued.text)
