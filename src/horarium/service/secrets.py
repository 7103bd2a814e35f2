"""The encryption key of stored secrets: a new one put in front, and everything sealed with it."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.store.base import Store
from horarium.store.vault import Vault
from horarium.store.verbs import meta
from horarium.store.verbs import secrets as verbs

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Rotated:
    """Whether a new key was made (where keys come from the settings, it is put in front there), and how many
    values were sealed anew."""

    new_key: bool
    resealed: int


@dataclass(frozen=True, slots=True)
class SecretService:
    store: Store
    vault: Vault

    async def rotate(self, who: Identity) -> Rotated:
        """A new encryption key, with which all stored secrets are sealed; the old ones go on opening what was
        copied before. Needs workspaces:admin. Doing it again after a crash finishes what was begun."""
        who.require(SERVER_SCOPE)
        made = self.vault.has_file
        if made:
            self.vault.rotate_key()
        await self.store.write(meta.agree_on_vault, self.vault.fingerprint(), self.vault.knows)
        resealed = 0
        for place in verbs.PLACES:
            resealed += await self._reseal(place)
        return Rotated(made, resealed)

    async def _reseal(self, place: str) -> int:
        after, count = verbs.BEFORE_ALL, 0
        while True:
            found = await self.store.read(verbs.sealed, place, after, AT_ONCE)
            stale = [one for one in found if not self.vault.is_current(one.blob)]
            fresh = [(one, self.vault.reseal(one.blob, one.id)) for one in stale]
            count += await self.store.write(verbs.reseal, place, fresh)
            if len(found) < AT_ONCE:
                return count
            after = (found[-1].id, found[-1].version)
