"""The use cases of agents that work towards objectives: what the fires of their schedules had run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from horarium.domain.ids import Id
from horarium.domain.listings import AgentListing, ObjectiveListing
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal
from horarium.store.base import Store
from horarium.store.verbs import objectives as verbs


@dataclass(frozen=True, slots=True)
class ObjectiveService:
    """`dialect` is the one whose schedules' runs are objectives here."""

    store: Store
    dialect: str

    async def get(self, workspace_id: Id, run: Id) -> tuple[Objective, ObjectiveContext]:
        """An objective and what it came from. Raises NotFound."""
        return await self.store.read(verbs.get_objective, workspace_id, self.dialect, run)

    async def agents(self, listing: AgentListing) -> tuple[list[Target], Mapping[Id, Principal], int]:
        """One page of agents, who made them, and how many there are in all."""
        return await self.store.read(verbs.list_agents, listing)

    async def makers(self, ids: Iterable[Id]) -> dict[Id, Principal]:
        """Principals by id, also those that are gone since."""
        return await self.store.read(verbs.makers, list(ids))

    async def list(self, listing: ObjectiveListing) -> tuple[list[Objective], ObjectiveContext, int]:
        """One page, what it came from, and how many there are in all."""
        return await self.store.read(verbs.list_objectives, listing)
