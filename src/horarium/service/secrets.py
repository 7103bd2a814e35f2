"""Rotation of the key that encrypts stored secrets: a new key is made, and every secret is encrypted with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from horarium.domain.errors import Unavailable
from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.service.clock import Clock
from horarium.service.trail import Trail
from horarium.store.base import Store
from horarium.store.vault import Vault
from horarium.store.verbs import meta, nodes
from horarium.store.verbs import secrets as verbs
from horarium.store.verbs.audit import record

# How many secrets are encrypted anew in one transaction.
AT_ONCE = 500
# How often a node asks with which key it shall encrypt, and after which time all of them have done so.
FOLLOW_S, FOLLOWED_S = 3.0, 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did.

    `new_key` tells that a key was made. It is false if the keys come from the settings, where the operator
    puts the new key first. `resealed` counts the secrets that were encrypted anew.
    """

    new_key: bool
    resealed: int


@dataclass(frozen=True, slots=True)
class SecretService:
    """What can be done with the encryption key of a server."""

    store: Store
    vault: Vault
    clock: Clock
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def rotate(self, who: Identity) -> Rotated:
        """Make a new encryption key and encrypt all stored secrets with it. Needs workspaces:admin.

        Old keys are kept, so that copies of the database from before can still be read. If a rotation is
        interrupted, the next one finishes it. Where other nodes are at work, secrets are encrypted anew once these
        encrypt with the new key as well. Raises Forbidden, and Unavailable where this node does not have the key that
        the others encrypt with.
        """
        who.require(SERVER_SCOPE)
        agreed = await self.store.read(meta.agreed_vault)
        if agreed is not None and not self.vault.knows(agreed):
            raise Unavailable(
                "this server does not have the secret key that the others encrypt with: restart it with both keys, the "
                "new one first"
            )
        made = self.vault.has_file
        if made:
            self.vault.rotate_key()
        await self.store.write(meta.rotate_vault, self.vault.fingerprint())
        await self.follow()
        if len(await self.store.read(nodes.living, self.clock.now_ms())) > 1:
            await self.pause(FOLLOWED_S)
        resealed = 0
        for place in verbs.PLACES:
            resealed += await self._reseal(place)
        said = {"new_key": made, "resealed": resealed}
        trail = Trail(who.workspace_id, self.clock.now_ms())
        await self.store.write(record, trail.entry("secrets.rotated", "vault", "key", after=said))
        return Rotated(made, resealed)

    async def follow(self) -> None:
        """Encrypt with the key that all nodes have agreed on."""
        agreed = await self.store.read(meta.agreed_vault)
        if agreed is not None and not self.vault.seal_with(agreed):
            _log.error("secret_key_missing", consequence="secrets that other nodes store cannot be read here")

    async def _reseal(self, place: str) -> int:
        after, count = verbs.BEFORE_ALL, 0
        while True:
            found = await self.store.read(verbs.sealed, place, after, AT_ONCE)
            stale = [sealed for sealed in found if not self.vault.is_current(sealed.blob)]
            fresh = [(sealed, self.vault.reseal(sealed.blob, sealed.id)) for sealed in stale]
            count += await self.store.write(verbs.reseal, place, fresh)
            if len(found) < AT_ONCE:
                return count
            after = (found[-1].id, found[-1].version)
