"""The use cases of erasing a person: begin, look at how far it has come, and go on, piece by piece."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from horarium.domain.audit import ERASED, AuditEntry
from horarium.domain.erasures import Erasure, Person, Place, person_hash, person_problems
from horarium.domain.errors import Invalid
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.tenancy import Identity
from horarium.service.audit import AuditService
from horarium.service.clock import Clock
from horarium.service.trail import SERVER, Trail, noting
from horarium.store.base import Store
from horarium.store.verbs import erasures as verbs
from horarium.store.verbs.erasing import Tell
from horarium.store.verbs.events import publish

# The scope that allows erasing a person, as it allows erasing from the audit log.
ERASE = "keys:admin"
SALT_BYTES = 16
# For so long the pieces of an erasure are looked at before the request is answered, in seconds.
AT_ONCE_S = 0.8


@dataclass(frozen=True, slots=True)
class ErasureService:
    """Everything here needs the scope keys:admin; otherwise Forbidden is raised."""

    store: Store
    clock: Clock
    audit: AuditService

    async def erase(self, who: Identity, person: str, values: Sequence[str] = ()) -> Erasure:
        """Erase a person from the workspace: its rows with what their runs were given and answered, the directory,
        inputs, attempts, events, and what the audit log says.

        `person` is a row key of audiences or an id of the directory, `values` are texts by which the person is known
        besides, such as an address. The erasure is done when this returns, or is carried on by the engine: when its
        state is `done`, nothing of the person can be read any more. While it is `waiting`, runs that were under way
        may still bring the person back; they are looked at when they are over. Raises Invalid, and Conflict where as
        many are under way as may be.
        """
        who.require(ERASE)
        problems = person_problems(person, values)
        if problems:
            raise Invalid(problems)
        now, salt = self.clock.now_ms(), os.urandom(SALT_BYTES)
        erasure = Erasure(
            random_id(now),
            who.workspace_id,
            salt,
            person_hash(salt, person),
            who.principal_id,
            now,
            now,
            Person(person).with_values(values),
        )
        # The log does not tell who was erased.
        said = {"id": prefixed("ers", erasure.id)}
        entry = Trail(who.workspace_id, now).entry("person.erased", "ws", who.workspace_id, after=said)
        begun = await self.store.write(noting(verbs.begin_erasure, entry), erasure)
        until = time.monotonic() + AT_ONCE_S
        while begun.finished_ms is None and begun.look_ms is None and time.monotonic() < until:
            begun = await self._step(begun.id) or await self.get(who, begun.id)
        return begun

    async def get(self, who: Identity, erasure_id: Id) -> Erasure:
        """An erasure and how far it has come. Raises NotFound."""
        who.require(ERASE)
        return await self.store.read(verbs.get_erasure, who.workspace_id, erasure_id)

    async def list(self, who: Identity, limit: int, cursor: Id) -> Sequence[Erasure]:
        """Up to `limit` erasures with lower ids than `cursor`, the latest first."""
        who.require(ERASE)
        return await self.store.read(verbs.list_erasures, who.workspace_id, limit, cursor)

    async def step(self) -> bool:
        """Look at the next piece of the erasure that has waited longest. Whether there was one."""
        return await self._step(None) is not None

    async def _step(self, erasure_id: Id | None) -> Erasure | None:
        now = self.clock.now_ms()

        def tell(workspace_id: Id) -> Tell:
            trail = Trail(workspace_id, now, SERVER)

            def told(count: int) -> AuditEntry:
                return trail.entry(ERASED, "ws", workspace_id, entries=count)

            return told

        found = await self.store.write(verbs.erase_piece, erasure_id, now, tell)
        if found is None:
            return None
        if found.place is Place.EVENTS and not found.position:  # what is noted of it becomes an event first
            while await self.store.write(publish, now):
                continue
        if found.place is Place.AUDIT and not found.position:
            await self.audit.link()
        return found
