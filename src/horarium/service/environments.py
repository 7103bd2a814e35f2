"""The environment variables of schedules, which are secrets: they are stored sealed, and answers show MASK instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.domain.target import MASK
from horarium.store.vault import Vault


@dataclass(frozen=True, slots=True)
class EnvironmentService:
    """Seals environment variables. It touches no store, so that an edit can call it inside its transaction."""

    vault: Vault

    def seal(self, values: Mapping[str, str], schedule_id: Id) -> bytes | None:
        """The variables of a new schedule, as its definition holds them. None where there are none."""
        return self.vault.seal(values, schedule_id) if values else None

    def replaced(self, before: Schedule, target_id: Id, values: Mapping[str, str]) -> bytes | None:
        """The variables of a schedule that gets `values` and a target, as its definition then holds them.

        MASK keeps a stored value as long as the schedule keeps its target: a secret stays with the target that it was
        given for. Variables that stay as they are stay sealed as they are, so that such an edit changes nothing.
        """
        stored = before.definition.environment if before.definition.target_id == target_id else None
        known = self.known(before, target_id)
        wanted = {
            name: known[name] if value == MASK and name in known else value for name, value in values.items()
        }
        return stored if wanted == known else self.seal(wanted, before.id)

    def known(self, before: Schedule, target_id: Id) -> Mapping[str, str]:
        """The variables of a schedule that it keeps if it gets this target: none where that is another one."""
        stored = before.definition.environment
        if stored is None or before.definition.target_id != target_id:
            return {}
        return self.vault.open(stored, before.id)
