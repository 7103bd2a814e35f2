"""Finds out who makes a request, by its API key. This is the only place where a request gets its workspace.

The identity behind a key is remembered for a few seconds, so that a key which is used often does not cost a
query each time. If a key, a grant or a workspace changes through this process, everything remembered is
dropped at once. Other processes are told when a key or a grant is taken away; if that message is lost, they
notice it when the few seconds are over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from horarium.domain.errors import Forbidden, NotFound, Unauthorized
from horarium.domain.ids import Id
from horarium.domain.tenancy import KEY_PREFIX, SERVER_SCOPE, Identity, key_hash
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs.tenancy import Presented, get_workspace, present_key, touch_keys

# For how long an identity is remembered, and for how many keys at once.
REMEMBERED_MS = 3_000
REMEMBERED_KEYS = 10_000
_LONGEST_KEY = 128


class WrongNetwork(Forbidden):
    """A valid key is used from a network that it is not restricted to: perhaps it was stolen."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        super().__init__("this API key may not be used from this address; it is restricted to some networks")


@dataclass(slots=True)
class _Known:
    """What the store says of a key (None: it does not exist), and the instant until which this is used."""

    presented: Presented | None
    until_ms: int


@dataclass(slots=True)
class IdentityService:
    """Finds identities by keys, and notes when keys are used."""

    store: Store
    clock: Clock
    _known: dict[bytes, _Known] = field(default_factory=dict)
    _used: dict[Id, int] = field(default_factory=dict)
    # How often everything remembered was dropped.
    forgotten: int = 0

    async def resolve(self, presented: str | None, address: str | None = None) -> Identity:
        """The identity behind a key as the request presents it, which is the request's own. `address` is where the
        request comes from.

        Raises Unauthorized for a key that is missing, unknown, revoked or expired, and
        Forbidden for one that may not be used from this address.
        """
        if not presented:
            raise Unauthorized("no API key was sent; send it as Authorization: Bearer KEY")
        if not presented.startswith(KEY_PREFIX) or len(presented) > _LONGEST_KEY:
            raise Unauthorized(f"this is not an API key of this server; its keys begin with {KEY_PREFIX}")
        now = self.clock.now_ms()
        hashed = key_hash(presented)
        known = self._known.get(hashed)
        if known is None or known.until_ms <= now:
            known = await self._look_up(hashed, now)
        if known.presented is None:
            raise Unauthorized("this API key is unknown or was revoked")
        if known.presented.expires_ms is not None and known.presented.expires_ms <= now:
            raise Unauthorized("this API key has expired; create a new one")
        identity = known.presented.identity
        if not identity.restriction.allows_address(address):
            raise WrongNetwork(identity)
        self._used[identity.key_id] = now
        return identity.another()

    async def acting_in(self, identity: Identity, workspace_id: Id) -> Identity:
        """The identity with which a server administrator acts in a workspace. It keeps its principal and its key, so
        the audit log of the workspace tells who it was.

        Raises Forbidden for a key without workspaces:admin, unless the workspace is its own, and NotFound.
        """
        if workspace_id == identity.workspace_id:
            return identity
        identity.require(SERVER_SCOPE)
        found = await self.store.read(get_workspace, workspace_id)
        if found is None:
            raise NotFound("workspace")
        return replace(identity, workspace=found)

    def forget(self) -> None:
        """Drop everything remembered, because a key, a grant, a principal or a workspace has changed."""
        self._known.clear()
        self.forgotten += 1

    async def write_last_used(self) -> int:
        """Write to the store when each key was last used since the last call; returns how many keys were.

        A loop of the server calls it now and then, and the server once more when it stops.
        """
        used, self._used = self._used, {}
        if used:
            await self.store.write(touch_keys, sorted(used.items()))
        return len(used)

    async def _look_up(self, hashed: bytes, now: int) -> _Known:
        forgotten = self.forgotten
        known = _Known(await self.store.read(present_key, hashed), now + REMEMBERED_MS)
        if len(self._known) >= REMEMBERED_KEYS:
            self._known.clear()
        # If something changed while this was read, the answer may be outdated and must not be remembered.
        if forgotten == self.forgotten:
            self._known[hashed] = known
        return known
