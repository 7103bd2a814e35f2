"""A caller of each dialect that can do the same few things: what the matrix of dialects is made of.

speaker = await Trustpager.open(house, tenant, receiver)      # any of SPEAKERS
made = await speaker.create()                                 # daily at 09:00 UTC
await speaker.change(made)                                    # to 10:00

`filled` gives the places of a route (`{id}` and so on) what they stand for, and `bodies` what its requests hold,
so that a test can walk along all routes of a dialect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import httpx

from horarium.domain.ids import from_prefixed, from_ulid, from_uuid_text, prefixed
from tests.api.dialects.trustpager.orders import fill
from tests.support.house import House, Tenant, client_of
from tests.support.receiver import Receiver

Json = dict[str, Any]


class Speaker(ABC):
    """`base` is where its routes are, `kind` that of its target, `unread` names fields that mean nothing beside
    what its bodies hold, `schedule` is its schedule once it has made one."""

    dialect: ClassVar[str]
    base: ClassVar[str]
    kind: ClassVar[str] = "workflow"
    unread: ClassVar[tuple[str, ...]] = ()

    def __init__(self, house: House, tenant: Tenant) -> None:
        self.house, self.tenant, self.client = house, tenant, tenant.client
        self.number, self.schedule = 0, ""

    @classmethod
    async def open(cls, house: House, tenant: Tenant, receiver: Receiver) -> Self:
        speaker = cls(house, tenant)
        target = await house.target(
            cls.kind, receiver.url("/run"), tenant=tenant, key=f"{cls.dialect}-{cls.kind}"
        )
        speaker.number = target.number
        await speaker.prepare()
        return speaker

    async def prepare(self) -> None:  # noqa: B027 - most need nothing
        """What a schedule of this dialect needs beside its target."""

    @abstractmethod
    async def create(self) -> Json:
        """Make a schedule that fires daily at 09:00 UTC; as answered."""

    @abstractmethod
    async def read(self, an_id: str) -> httpx.Response: ...

    @abstractmethod
    async def listed(self) -> list[str]:
        """The ids of all schedules."""

    @abstractmethod
    async def change(self, an_id: str) -> httpx.Response:
        """Move it to 10:00 UTC."""

    @abstractmethod
    async def pause(self, an_id: str) -> httpx.Response: ...

    @abstractmethod
    async def resume(self, an_id: str) -> httpx.Response: ...

    @abstractmethod
    async def history(self, an_id: str) -> list[str]:
        """How its fires went, newest first."""

    @abstractmethod
    async def delete(self, an_id: str) -> httpx.Response: ...

    @abstractmethod
    def seen(self, schedule: Json) -> tuple[str, bool, str | None]:
        """(id, whether it is on, when it fires next) of a schedule as answered."""

    @abstractmethod
    def envelope(self, answer: httpx.Response) -> str:
        """The message of a failure, once its envelope has been looked at."""

    def filled(self, path: str) -> str:
        """A route's path with a schedule of this caller in it."""
        return self.base + path.replace("{id}", self.schedule)

    @property
    def bodies(self) -> dict[str, Json]:
        """A body that is accepted by each route that needs one, by method and path."""
        return {}

    def core_id(self, an_id: str) -> str:
        """A schedule's id as the project's own API writes it."""
        tail = an_id.replace("_", "-").split("-", 1)[1]
        found = from_uuid_text(an_id) or from_ulid(tail)
        assert found is not None
        return prefixed("sch", found)


class Trustpager(Speaker):
    dialect, base, kind = "trustpager", "/functions/v1/api/v1", "automation"

    @property
    def order(self) -> Json:
        return {
            "name": "Matrix",
            "cron_expression": "0 9 * * *",
            "timezone": "UTC",
            "audience_type": "users",
            "audience_filter": {"roles": ["owner"]},
            "automation_id": "trustpager-automation",
        }

    async def prepare(self) -> None:
        if self.tenant is self.house.first:
            await fill(self.house, "users", [{"id": "u1", "full_name": "Ada", "role": "owner"}])

    def _at(self, an_id: str = "") -> str:
        return f"{self.base}/event-schedules{an_id and '/' + an_id}"

    async def create(self) -> Json:
        answer = await self.client.post(self._at(), json=self.order)
        assert answer.status_code == 201, answer.text
        self.schedule = answer.json()["data"]["id"]
        return dict(answer.json()["data"])

    async def read(self, an_id: str) -> httpx.Response:
        return await self.client.get(self._at(an_id))

    async def listed(self) -> list[str]:
        return [one["id"] for one in (await self.client.get(self._at())).json()["data"]]

    async def change(self, an_id: str) -> httpx.Response:
        return await self.client.patch(self._at(an_id), json={"cron_expression": "0 10 * * *"})

    async def pause(self, an_id: str) -> httpx.Response:
        return await self.client.patch(self._at(an_id), json={"is_active": False})

    async def resume(self, an_id: str) -> httpx.Response:
        return await self.client.patch(self._at(an_id), json={"is_active": True})

    async def fire_now(self, an_id: str) -> httpx.Response:
        return await self.client.post(self._at(an_id) + "/fire-now")

    async def history(self, an_id: str) -> list[str]:
        runs = (await self.client.get(self._at(an_id) + "/runs")).json()["data"]
        return ["success" if one["status"] == "completed" else one["status"] for one in runs]

    async def delete(self, an_id: str) -> httpx.Response:
        return await self.client.delete(self._at(an_id))

    def seen(self, schedule: Json) -> tuple[str, bool, str | None]:
        found = schedule.get("data", schedule)
        return found["id"], found["is_active"], found["next_run_at"]

    def envelope(self, answer: httpx.Response) -> str:
        error = answer.json()["error"]
        assert answer.json().keys() == {"error"}
        assert error.keys() == {"code", "message", "fix", "hint", "status"}
        assert error["status"] == answer.status_code
        return str(error["message"])

    @property
    def bodies(self) -> dict[str, Json]:
        return {
            "POST /event-schedules": self.order,
            "POST /event-schedules/preview-cron": {"cron_expression": "0 9 * * *"},
            "PATCH /event-schedules/{id}": self.order,
        }


class Autessa(Speaker):
    """Its ids stand in bodies, and its key stands alone in the header."""

    dialect, base, kind = "autessa", "/clients/scheduled-events", "agent"
    unread = ("toolConfig", "autessaDbConfig")  # of other actions

    async def prepare(self) -> None:
        self.client = client_of(self.house.api, headers={"Authorization": self.tenant.key})
        self.house._tenants.append(Tenant(self.tenant.workspace_id, self.tenant.key, self.client))

    @property
    def order(self) -> Json:
        return {
            "eventName": "Matrix",
            "cronExpression": "cron(0 9 * * ? *)",
            "actionType": "INVOKE_AGENT",
            "agentConfig": {"agentExecutionRequest": {"agentId": self.number, "input": "Hello"}},
        }

    async def call(self, route: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"{self.base}/{route}", json=body)

    async def create(self) -> Json:
        answer = await self.call("create", **self.order)
        assert answer.status_code == 200, answer.text
        self.schedule = answer.json()["eventId"]
        return dict(answer.json())

    async def read(self, an_id: str) -> httpx.Response:
        return await self.call("get", scheduledEventId=an_id)

    async def listed(self) -> list[str]:
        return [one["eventId"] for one in (await self.call("all")).json()["ownedEvents"]]

    async def change(self, an_id: str) -> httpx.Response:
        return await self.call("update", scheduledEventId=an_id, cronExpression="cron(0 10 * * ? *)")

    async def pause(self, an_id: str) -> httpx.Response:
        return await self.call("toggle", scheduledEventId=an_id, enabled=False)

    async def resume(self, an_id: str) -> httpx.Response:
        return await self.call("toggle", scheduledEventId=an_id, enabled=True)

    async def history(self, an_id: str) -> list[str]:
        """This product shows none; the project's own API does."""
        path = f"/horarium/v1/schedules/{self.core_id(an_id)}/fires"
        fires = (await self.tenant.client.get(path)).json()["items"]
        return ["success" if one["state"] == "completed" else one["state"] for one in fires]

    async def delete(self, an_id: str) -> httpx.Response:
        return await self.call("delete", scheduledEventId=an_id)

    def seen(self, schedule: Json) -> tuple[str, bool, str | None]:
        found = schedule.get("scheduledEvent", schedule)
        return found["eventId"], found["enabled"], found.get("nextRunAt")

    def envelope(self, answer: httpx.Response) -> str:
        errors = answer.json()["errors"]
        assert answer.json().keys() == {"errors"}
        assert errors
        assert all(isinstance(one, str) and one for one in errors)
        return "; ".join(errors)

    @property
    def bodies(self) -> dict[str, Json]:
        which = {"scheduledEventId": self.schedule}
        return {
            "POST /get": which,
            "POST /create": self.order,
            "POST /update": self.order | which,
            "POST /toggle": which | {"enabled": True},
            "POST /delete": which,
        }


class M9m(Speaker):
    dialect, base, kind = "m9m", "/api/v1", "workflow"

    def __init__(self, house: House, tenant: Tenant) -> None:
        super().__init__(house, tenant)
        self.execution = ""

    @property
    def order(self) -> Json:
        return {
            "workflowId": "m9m-workflow",
            "cronExpression": "0 9 * * *",
            "inputData": [{"json": {"a": self.schedule}}],
        }

    def _at(self, an_id: str = "") -> str:
        return f"{self.base}/schedules{an_id and '/' + an_id}"

    async def create(self) -> Json:
        answer = await self.client.post(self._at(), json=self.order)
        assert answer.status_code == 201, answer.text
        self.schedule = answer.json()["id"]
        run = await self.client.post(f"{self.base}/workflows/m9m-workflow/execute", json=[])
        self.execution = run.json()["id"]
        await self.house.work()
        return dict(answer.json())

    async def read(self, an_id: str) -> httpx.Response:
        return await self.client.get(self._at(an_id))

    async def listed(self) -> list[str]:
        return [one["id"] for one in (await self.client.get(self._at())).json()["data"]]

    async def change(self, an_id: str) -> httpx.Response:
        return await self.client.put(self._at(an_id), json={"cronExpression": "0 10 * * *"})

    async def pause(self, an_id: str) -> httpx.Response:
        return await self.client.post(self._at(an_id) + "/disable")

    async def resume(self, an_id: str) -> httpx.Response:
        return await self.client.post(self._at(an_id) + "/enable")

    async def history(self, an_id: str) -> list[str]:
        return [one["status"] for one in (await self.client.get(self._at(an_id) + "/history")).json()["data"]]

    async def delete(self, an_id: str) -> httpx.Response:
        return await self.client.delete(self._at(an_id))

    def seen(self, schedule: Json) -> tuple[str, bool, str | None]:
        return schedule["id"], schedule["enabled"], schedule["nextRun"]

    def envelope(self, answer: httpx.Response) -> str:
        body = answer.json()
        assert body.keys() - {"details"} == {"error", "code", "message"}
        assert body["error"] == body["message"]
        assert body.get("details", {"x": "y"})
        return str(body["error"])

    def filled(self, path: str) -> str:
        stands = {"workflows": "m9m-workflow", "executions": self.execution}
        return self.base + path.replace("{id}", stands.get(path.split("/")[1], self.schedule))

    @property
    def bodies(self) -> dict[str, Json]:
        return {
            "POST /schedules": self.order,
            "PUT /schedules/{id}": self.order,
            "POST /workflows": {"name": "W", "executor": {"type": "http", "url": "https://example.com/"}},
            "PUT /workflows/{id}": {"name": "W"},
        }


class Uranus(Speaker):
    dialect, base, kind = "uranus", "/api/agents", "workflow"

    @property
    def order(self) -> Json:
        return {
            "name": "Matrix",
            "type": "cron",
            "cron_expression": "0 9 * * *",
            "callback_type": "workflow",
            "callback_id": "uranus-workflow",
        }

    async def prepare(self) -> None:
        await self.house.target("agent", tenant=self.tenant, key="secretary")

    def _at(self, an_id: str = "") -> str:
        return f"{self.base}/secretary/schedules{an_id and '/' + an_id}"

    async def create(self) -> Json:
        answer = await self.client.post(self._at(), json=self.order)
        assert answer.status_code == 201, answer.text
        self.schedule = answer.json()["id"]
        return dict(answer.json())

    async def read(self, an_id: str) -> httpx.Response:
        return await self.client.get(self._at(an_id))

    async def listed(self) -> list[str]:
        return [one["id"] for one in (await self.client.get(self._at())).json()["schedules"]]

    async def change(self, an_id: str) -> httpx.Response:
        return await self.client.put(self._at(an_id), json={"cron_expression": "0 10 * * *"})

    async def pause(self, an_id: str) -> httpx.Response:
        return await self.client.put(self._at(an_id), json={"status": "paused"})

    async def resume(self, an_id: str) -> httpx.Response:
        return await self.client.put(self._at(an_id), json={"status": "active"})

    async def history(self, an_id: str) -> list[str]:
        return [one["status"] for one in (await self.read(an_id)).json()["executions"]]

    async def delete(self, an_id: str) -> httpx.Response:
        return await self.client.delete(self._at(an_id))

    def seen(self, schedule: Json) -> tuple[str, bool, str | None]:
        return schedule["id"], schedule["status"] == "active", schedule["next_run"]

    def envelope(self, answer: httpx.Response) -> str:
        error = answer.json()["error"]
        assert answer.json().keys() == {"error"}
        assert error.keys() - {"details", "problems"} == {"code", "message"}
        assert "details" not in error or error["details"].keys() == {"field", "issue"}
        return str(error["message"])

    def filled(self, path: str) -> str:
        return self.base + path.replace("{id}", "secretary").replace("{scheduleId}", self.schedule)

    @property
    def bodies(self) -> dict[str, Json]:
        return {"POST /{id}/schedules": self.order, "PUT /{id}/schedules/{scheduleId}": self.order}


class Cadenya(Speaker):
    dialect, base, kind = "cadenya", "/v1", "agent"

    def __init__(self, house: House, tenant: Tenant) -> None:
        super().__init__(house, tenant)
        self.workspace = prefixed("ws", tenant.workspace_id)
        self.objective = self.variation = ""
        self.agent = "cadenya-agent"

    def rules(self, hour: int) -> Json:
        return {"timezone": "UTC", "calendars": [{"hour": [{"start": hour}]}]}

    @property
    def order(self) -> Json:
        return {"metadata": {"name": "Matrix"}, "spec": {"initialMessage": "Hi", "schedule": self.rules(9)}}

    def _at(self, an_id: str = "") -> str:
        schedules = f"{self.base}/workspaces/{self.workspace}/agents/{self.agent}/schedules"
        return f"{schedules}{an_id and '/' + an_id}"

    async def create(self) -> Json:
        answer = await self.client.post(self._at(), json=self.order)
        assert answer.status_code == 200, answer.text
        self.schedule = answer.json()["metadata"]["id"]
        path = f"/horarium/v1/schedules/{self.core_id(self.schedule)}/fire-now"
        assert (await self.client.post(path)).status_code == 201
        await self.house.work()
        found = await self.client.get(f"{self.base}/workspaces/{self.workspace}/objectives")
        self.objective = found.json()["items"][0]["metadata"]["id"]
        self.variation = found.json()["items"][0]["variationId"]
        return dict((await self.read(self.schedule)).json())

    async def read(self, an_id: str) -> httpx.Response:
        return await self.client.get(self._at(an_id))

    async def listed(self) -> list[str]:
        return [one["metadata"]["id"] for one in (await self.client.get(self._at())).json()["items"]]

    async def change(self, an_id: str) -> httpx.Response:
        return await self.client.patch(self._at(an_id), json={"spec": {"schedule": self.rules(10)}})

    async def pause(self, an_id: str) -> httpx.Response:
        return await self.client.post(self._at(an_id) + ":pause")

    async def resume(self, an_id: str) -> httpx.Response:
        return await self.client.post(self._at(an_id) + ":resume")

    async def history(self, an_id: str) -> list[str]:
        path = f"{self.base}/workspaces/{self.workspace}/objectives"
        found = (await self.client.get(path, params={"agentScheduleId": an_id})).json()["items"]
        scheduled = [one for one in found if one["metadata"]["id"] != self.objective]
        return ["success" if one["state"] == "OBJECTIVE_STATE_FINALIZED" else "failed" for one in scheduled]

    async def delete(self, an_id: str) -> httpx.Response:
        return await self.client.delete(self._at(an_id))

    def seen(self, schedule: Json) -> tuple[str, bool, str | None]:
        info = schedule["info"]
        return schedule["metadata"]["id"], schedule["state"] == "STATE_ACTIVE", info.get("nextFireAt")

    def envelope(self, answer: httpx.Response) -> str:
        assert answer.json().keys() == {"code", "message", "details"}
        assert isinstance(answer.json()["code"], int)
        return str(answer.json()["message"])

    def filled(self, path: str) -> str:
        path = path.replace("{workspaceId}", self.workspace).replace("{agentId}", "cadenya-agent")
        stands = self.objective if "/objectives/" in path else self.schedule
        if "/agents/{id}" in path:
            stands = "cadenya-agent"
        elif "/variations/" in path:
            stands = self.variation
        return self.base + path.replace("{id}", stands)

    @property
    def bodies(self) -> dict[str, Json]:
        agents = "/workspaces/{workspaceId}/agents"
        executor = {"type": "http", "url": "https://example.com/"}
        return {
            f"POST {agents}/{{agentId}}/schedules": self.order,
            f"PATCH {agents}/{{agentId}}/schedules/{{id}}": self.order,
            f"POST {agents}": {"metadata": {"name": "A"}, "spec": {"executor": executor}},
        }


SPEAKERS: tuple[type[Speaker], ...] = (Trustpager, Autessa, M9m, Uranus, Cadenya)


def uuid_of(speaker: Speaker, an_id: str) -> str:
    """Any schedule's id as a UUID, which every dialect that takes one would understand."""
    found = from_prefixed("sch", speaker.core_id(an_id))
    assert found is not None
    text = found.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
