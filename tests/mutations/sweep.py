"""Reads everything back: every list of every API through all of its pages, and each thing that it names by itself.

Of runs and fires there may be a hundred thousand. Lists show them whole, and by itself each is shown that is among the
first ALONE of its list, and then every tenth.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

from tests.api.test_round_trips import ITEMS
from tests.mutations.mutate import Mutant
from tests.mutations.sending import Reply
from tests.mutations.walk import Walk
from tests.mutations.world import OWN

Json = dict[str, Any]
ALONE = 5_000


def is_alone(number: int) -> bool:
    """Whether the run or fire with this number in its list is shown by itself."""
    return number < ALONE or number % 10 == 0


async def sweep(walk: Walk) -> int:
    """List and show everything; how many requests it took. What cannot be read is noted among the walk's faults."""
    sweeping = Sweep(walk)
    with walk.watching():
        await sweeping.own()
        await sweeping.trustpager()
        await sweeping.autessa()
        await sweeping.m9m()
        agents = await sweeping.cadenya()
        await sweeping.uranus(agents)
    return sweeping.asked


class Sweep:
    def __init__(self, walk: Walk) -> None:
        self.walk, self.asked, self.fires = walk, 0, 0

    async def read(self, api: str, path: str, method: str = "GET", body: Any = None, **query: Any) -> Any:
        """The JSON of an answer, which must be 200. None where it is not."""
        given = {name: value for name, value in query.items() if value is not None}
        full = f"{path}?{urlencode(given)}" if given else path
        reply: Reply = await self.walk.world.ask(api, method, full, body)
        self.asked += 1
        if reply.status == 200 and reply.broke is None:
            return reply.json() if reply.media == "application/json" else reply.body
        if reply.status == 503 and path.endswith("audience-preview"):
            self.walk.outside += 1  # the schedule was given a source that does not answer as it should
            return None
        self.walk.note(
            f"cannot be read: {reply.status} {reply.broke!r}", Mutant(method, f"{api} {full}"), reply
        )
        return None

    async def pages(self, path: str, **query: Any) -> AsyncIterator[Json]:
        """All items of a list of our own API."""
        cursor = None
        while True:
            page = await self.read(OWN, path, limit=1000, cursor=cursor, **query)
            for item in page["items"] if page else ():
                yield item
            cursor = page.get("next_cursor") if page else None
            if cursor is None:
                return

    async def own(self) -> None:
        async for schedule in self.pages("/schedules"):
            await self._schedule(f"/schedules/{schedule['id']}")
        async for target in self.pages("/targets"):
            await self.read(OWN, f"/targets/{target['id']}")
        number = 0
        async for run in self.pages("/runs"):
            number += 1
            if is_alone(number):
                await self.read(OWN, f"/runs/{run['id']}")
        for kind in ("keys", "workspaces", "principals"):
            async for found in self.pages(f"/{kind}"):
                await self.read(OWN, f"/{kind}/{found['id']}")
                if kind == "principals":
                    await self.read(OWN, f"/principals/{found['id']}/grants")
        for kind in ITEMS:
            async for item in self.pages(f"/directory/{kind}"):
                await self.read(OWN, f"/directory/{kind}/{quote(item['id'], safe='')}")
            everybody = {"type": kind if kind != "tasks" else "tasks_by_assignee"}
            if kind not in ("pipelines", "stages"):
                await self.read(OWN, "/audiences/preview", "POST", {"audience": everybody, "sample": 50})
        for source in (await self.read(OWN, "/audiences"))["items"]:
            await self.read(OWN, f"/audiences/{quote(source['name'], safe='')}")
        for table in (await self.read(OWN, "/tables"))["items"]:
            place = f"/tables/{quote(table['database'], safe='')}/{quote(table['table'], safe='')}"
            await self.read(OWN, place)
            await self.read(OWN, f"{place}/rows")
        async for _ in self.pages("/audit"):
            pass
        await self.read(OWN, "/audit/export")

    async def _schedule(self, path: str) -> None:
        shown = await self.read(OWN, path)
        await self.read(OWN, f"{path}/preview", count=3)
        await self.read(OWN, f"{path}/ledger")
        if shown is not None:
            at = shown["next_slot_at"] or shown["last_slot_at"] or shown["created_at"]
            await self.read(OWN, f"{path}/explain", at=at)
        async for fire in self.pages(f"{path}/fires"):
            self.fires += 1
            if is_alone(self.fires):
                await self.read(OWN, f"/fires/{fire['id']}")

    async def trustpager(self) -> None:
        after = None
        while True:
            page = await self.read("trustpager", "/event-schedules", limit=100, after=after)
            for schedule in page["data"] if page else ():
                path = f"/event-schedules/{schedule['id']}"
                await self.read("trustpager", path)
                await self.read("trustpager", f"{path}/runs", limit=100)
                if schedule["audience_type"]:  # our own API can take the audience away
                    await self.read("trustpager", f"{path}/audience-preview", sample=5)
            after = ((page or {}).get("meta") or {}).get("next_cursor")
            if not after:
                return

    async def autessa(self) -> None:
        found = await self.read("autessa", "/all", "POST", {})
        for event in found["ownedEvents"] if found else ():
            await self.read("autessa", "/get", "POST", {"scheduledEventId": event["eventId"]})

    async def m9m(self) -> None:
        for kind in ("schedules", "workflows", "executions"):
            offset, limit = 0, 100
            while True:
                page = await self.read("m9m", f"/{kind}", offset=offset, limit=limit)
                for number, found in enumerate(page["data"] if page else ()):
                    if kind == "executions" and not is_alone(offset + number):
                        continue
                    path = f"/{kind}/{quote(found['id'], safe='')}"
                    await self.read("m9m", path)
                    if kind == "schedules":
                        await self.read("m9m", f"{path}/history")
                offset += limit
                if page is None or len(page["data"]) < limit:
                    break

    async def cadenya(self) -> list[str]:
        """The ids of the agents."""
        (workspace,) = self.walk.world.stock.all("cadenya", "workspaceId")
        base, agents = f"/workspaces/{workspace}", []
        await self.read("cadenya", "/whoami")
        await self.read("cadenya", "/account")
        async for agent in self._cadenya(f"{base}/agents"):
            agents.append(agent["metadata"]["id"])
            path = f"{base}/agents/{agents[-1]}"
            await self.read("cadenya", path)
            async for schedule in self._cadenya(f"{path}/schedules"):
                await self.read("cadenya", f"{path}/schedules/{schedule['metadata']['id']}")
        number = 0
        async for objective in self._cadenya(f"{base}/objectives"):
            number += 1
            if not is_alone(number):
                continue
            path = f"{base}/objectives/{objective['metadata']['id']}"
            await self.read("cadenya", path)
            await self.read("cadenya", f"{path}/events")
        return agents

    async def _cadenya(self, path: str) -> AsyncIterator[Json]:
        cursor = None
        while True:
            page = await self.read("cadenya", path, limit=100, cursor=cursor, includeInfo="true")
            for item in page["items"] if page else ():
                yield item
            cursor = ((page or {}).get("pagination") or {}).get("nextCursor")
            if not cursor:
                return

    async def uranus(self, agents: list[str]) -> None:
        for agent in {*self.walk.world.stock.all("uranus", "agents"), *agents}:
            path = f"/{quote(agent, safe='')}/schedules"
            reply = await self.walk.world.ask("uranus", "GET", path)
            if reply.status == 404:  # an agent that was deleted, or one that never was
                continue
            page = await self.read("uranus", path)
            for schedule in page["schedules"] if page else ():
                await self.read("uranus", f"{path}/{schedule['id']}")
