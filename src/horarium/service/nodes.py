"""The nodes of the server: which processes work on the database, and what each does."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import nodes as verbs
from horarium.store.verbs.nodes import NodeRow

API, ENGINE, WORKER = "api", "engine", "worker"


@dataclass(frozen=True, slots=True)
class AtWork:
    """How many nodes are alive, and how many of them do each of the parts of a server."""

    nodes: int
    apis: int
    engines: int
    workers: int


@dataclass(frozen=True, slots=True)
class NodeService:
    """What is told of nodes."""

    store: Store
    clock: Clock

    async def at_work(self) -> AtWork:
        """How many nodes do what. It names none of them, so everybody who has a key may know."""
        roles = [node.roles.split(",") for node in await self._living()]
        counts = {role: sum(role in each for each in roles) for role in (API, ENGINE, WORKER)}
        return AtWork(len(roles), counts[API], counts[ENGINE], counts[WORKER])

    async def named(self, who: Identity) -> list[NodeRow]:
        """The nodes that are alive, by name. Needs workspaces:admin. Raises Forbidden."""
        who.require(SERVER_SCOPE)
        return await self._living()

    async def _living(self) -> list[NodeRow]:
        return await self.store.read(verbs.living, self.clock.now_ms())
