"""A node's line to the database they share: the store as that node sees it, with everything that can befall a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from horarium.domain.errors import Unavailable
from horarium.store.base import Signal
from horarium.store.group_commit import GroupCommits

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.world import World

CUT_S = 0.2
"""How long a call takes to notice that the line is cut."""


class Line:
    """The `Store` of one node. A verb is run whole, at one instant, on the database that all nodes share."""

    flavour = "sqlite"

    def __init__(self, world: World, node: Node) -> None:
        self.shared = not world.profile.alone
        self._world, self._node = world, node
        self.signals: list[Signal] = []
        self._groups = GroupCommits(lambda verb, take: self.write(verb, take()))

    def listen(self, signal: Signal) -> None:
        self.signals.append(signal)

    async def now_ms(self) -> int:
        await self._out("now_ms")
        found = self._world.db_ms()
        await self._back("now_ms")
        return found

    async def write(self, verb: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await self._call(verb, args, kwargs)

    async def write_grouped(self, verb: Callable[..., Awaitable[Any]], item: Any) -> Any:
        """As on both databases: items that come at the same time share a transaction."""
        return await self._groups.submit(verb, item)

    async def urgent(self, verb: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await self._call(verb, args, kwargs)

    async def read(self, verb: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        name = getattr(verb, "__name__", "verb")
        await self._out(name)
        try:
            answer = await self._world.look(verb, args, kwargs)
        except Exception:
            await self._travel()
            raise
        await self._back(name)
        return answer

    async def _call(self, verb: Callable[..., Awaitable[Any]], args: Any, kwargs: Any) -> Any:
        name = getattr(verb, "__name__", "verb")
        await self._out(name)
        try:
            answer = await self._world.commit(self._node, name, verb, args, kwargs)
        except Exception:
            await self._travel()
            raise
        await self._back(name)
        return answer

    async def _out(self, name: str) -> None:
        """Up to the moment before the verb begins."""
        world, node = self._world, self._node
        await self._travel()
        if world.armed or world.over:
            await node.meet("before", name)
        if node.cut == "both":
            await asyncio.sleep(CUT_S)
            raise Unavailable("the line to the database is cut")
        if node.storm[0] and world.chance("storm", node.storm[0]):
            world.count("failed before commit")
            raise Unavailable("the database refused")

    async def _back(self, name: str) -> None:
        """From the moment after the commit to the answer."""
        world, node = self._world, self._node
        if world.armed or world.over:
            await node.meet("after", name)
        if node.cut == "replies" or (node.storm[1] and world.chance("storm", node.storm[1])):
            world.count("reply lost after commit")
            await asyncio.sleep(CUT_S)
            raise Unavailable("the answer of the database never came")
        await self._travel()

    async def _travel(self) -> None:
        most = self._world.latency
        if most:
            await asyncio.sleep(self._world.random("latency").random() * most)
        else:
            await asyncio.sleep(0)

    async def close(self) -> None:
        pass
