"""The use cases of the audit log: list it, prove it, erase persons from it, and note refusals in it.

Entries are written by the use cases that they tell of (`trail.py`), in the same transaction as the change. They are
linked into the chain shortly afterwards; whoever reads the log has them linked first, and so misses none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from horarium.domain.audit import ERASED, FORGOTTEN, REFUSED, Anchor, AuditEntry, Link, LinkedEntry
from horarium.domain.errors import HorariumError, Unavailable
from horarium.domain.ids import LOWEST_ID, Id
from horarium.domain.listings import AuditListing
from horarium.domain.refused_hosts import RefusedHosts
from horarium.domain.tenancy import Identity
from horarium.service.clock import Clock
from horarium.service.pages import Page, cut
from horarium.service.trail import SERVER, Trail
from horarium.store.base import Store
from horarium.store.verbs import audit as verbs
from horarium.store.verbs.audit import Chain

_log = structlog.get_logger(__name__)

# The scopes for reading the log and for erasing persons from it.
READ, ERASE = "audit:read", "keys:admin"
# Links, and entries of a person, that are read or written in one transaction.
LINKS_AT_ONCE = 10
ERASED_AT_ONCE = 1_000
# Entries that are looked at in one reading, for those about a person.
LOOKED_AT_ONCE = 2_000
FORGOTTEN_AT_ONCE = 500
# Of refusals of the same key for the same reason, one in this time (ms) is written; the next says how many there were.
REPEATED_MS = 60_000
# How many reasons of one key are told apart, since a reason may name what the caller has chosen, and characters of one;
# and of how many keys they are remembered.
MOST_REASONS, LONGEST_REASON, MOST_KEYS = 20, 1_000, 500
# The reason of further refusals.
OTHER_REASONS = "(other reasons)"
DAY_MS = 86_400_000


@dataclass(slots=True)
class _Refusals:
    """Refusals of one key for one reason: when one was last written (ms), and how many came since."""

    written_ms: int
    since: int = 0


@dataclass(slots=True)
class AuditService:
    """Reading needs the scope audit:read, erasing keys:admin; otherwise Forbidden is raised."""

    store: Store
    clock: Clock
    refused_hosts: RefusedHosts = field(default_factory=RefusedHosts)
    _refusals: dict[Id, dict[str, _Refusals]] = field(default_factory=dict)

    async def page(self, who: Identity, listing: AuditListing) -> Page[LinkedEntry]:
        """One page of the log, newest first. Erased entries are left out."""
        who.require(READ)
        await self.link()
        found = await self.store.read(verbs.list_entries, replace(listing, limit=listing.limit + 1))
        return cut(found, listing.limit, lambda entry: entry.id)

    async def chain(self, who: Identity) -> Chain:
        """Where the chain of the caller's workspace begins and ends."""
        who.require(READ)
        await self.link()
        return await self.store.read(verbs.chain_of, who.workspace_id)

    async def links(self, who: Identity, chain: Chain) -> AsyncIterator[tuple[Link, list[LinkedEntry]]]:
        """The links of a chain from its beginning to its end, with their entries, read a few at a time."""
        number = chain.anchor.number
        while number < chain.number:
            found = await self.store.read(verbs.links_after, who.workspace_id, number, LINKS_AT_ONCE)
            if not found:
                return
            for link, entries in found:
                if link.number <= chain.number:
                    yield link, entries
            number = found[-1][0].number

    async def lost_something(self, who: Identity, chain: Chain) -> bool:
        """Whether links were deleted or entries erased since a chain was asked for: what was read of it meanwhile does
        not verify then, although nobody has changed anything."""
        now = await self.chain(who)
        since = Chain(Anchor(chain.number, chain.hash), now.number, now.hash)
        erased = [
            entry
            async for _, entries in self.links(who, since)
            for entry in entries
            if entry.action == ERASED
        ]
        return now.anchor != chain.anchor or bool(erased)

    async def erase(self, who: Identity, principal_id: Id) -> int:
        """Erase what the log says about a principal: what it did, and what was done to it. Returns how many entries
        lost their content. The log then tells that, and the chain still verifies."""
        who.require(ERASE)
        erased = 0
        while piece := await self._erase_linked(who.workspace_id, principal_id):
            erased += piece
        return erased

    async def _erase_linked(self, workspace_id: Id, principal_id: Id) -> int:
        """Look through the whole log once. It is read beside the writer of the database, which only erases."""
        await self.link()
        erased, ids, after = 0, list[Id](), LOWEST_ID
        while True:
            found = await self.store.read(
                verbs.entries_of_person, workspace_id, principal_id, after, LOOKED_AT_ONCE
            )
            ids += found.ids
            while len(ids) >= ERASED_AT_ONCE or (ids and found.after is None):
                tell = partial(_told_erased, Trail(workspace_id, self.clock.now_ms()), workspace_id)
                piece = ids[:ERASED_AT_ONCE]
                done = await self.store.write(verbs.erase_person, workspace_id, piece, tell)
                erased, ids = erased + done.erased, ids[done.seen :]
            if found.after is None:
                return erased
            after = found.after

    async def refused(self, workspace_id: Id, error: HorariumError) -> None:
        """Note that a policy has refused a request. Of many refusals for the same reason few are written, so that
        nobody fills the log by being refused."""
        now = self.clock.now_ms()
        trail = Trail(workspace_id, now)
        if trail.by.key_id is None:
            return
        reasons = self._reasons_of(trail.by.key_id, now)
        reason = str(error)[:LONGEST_REASON]
        if reason not in reasons and len(reasons) >= MOST_REASONS:
            reason = OTHER_REASONS
        known = reasons.get(reason)
        if known is not None and now - known.written_ms < REPEATED_MS:
            known.since += 1
            return
        reasons[reason] = _Refusals(now)
        said = {"reason": reason, "repeated": 0 if known is None else known.since}
        entry = trail.entry(REFUSED, "key", trail.by.key_id, **said)
        try:
            await self.store.write(verbs.record, entry)
        except Unavailable as failure:  # the refusal stands, whether or not it can be noted
            _log.warning("refusal_not_recorded", reason=reason, error=str(failure))

    def _reasons_of(self, key: Id, now: int) -> dict[str, _Refusals]:
        """The refusals of a key, by reason: where there are as many as may be, without those that were not repeated
        lately."""
        found = self._refusals.get(key)
        if found is None:
            if len(self._refusals) >= MOST_KEYS:
                self._refusals.clear()
            found = self._refusals[key] = {}
        elif len(found) >= MOST_REASONS:
            lately = {reason: told for reason, told in found.items() if now - told.written_ms < REPEATED_MS}
            found = self._refusals[key] = lately if len(lately) < len(found) else found
        return found

    async def note_refused_hosts(self) -> None:
        """Write an entry for each host to which connections of a workspace were refused, at most one an hour."""
        now = self.clock.now_ms()
        for found in self.refused_hosts.take(now):
            said = {"reason": found.reason, "times": found.times}
            entry = Trail(found.workspace_id, now, SERVER).entry(REFUSED, "host", found.host, **said)
            try:
                await self.store.write(verbs.record, entry)
            except Unavailable as failure:  # the refusal stands, whether or not it can be noted
                _log.warning("refusal_not_recorded", reason=found.reason, error=str(failure))

    async def link(self) -> None:
        """Link everything that is committed by now into the chains."""
        while await self.store.read(verbs.any_pending):
            if await self.store.write(verbs.link_pending, self.clock.now_ms()) < verbs.LINKED_AT_ONCE:
                return

    async def forget(self, before_ms: int) -> None:
        """Delete entries from before an instant (ms), the oldest links of each chain.

        Each deletion is told by an entry. So that these stay few, a chain is only cut once a day.
        """
        for workspace_id, oldest_ms in await self.store.read(verbs.oldest_links):
            if oldest_ms >= before_ms - DAY_MS:
                continue
            tell = partial(_told_forgotten, Trail(workspace_id, self.clock.now_ms()), workspace_id)
            piece = workspace_id, before_ms, FORGOTTEN_AT_ONCE
            while await self.store.write(verbs.forget_links, *piece, tell):
                continue


def _told_erased(trail: Trail, workspace_id: Id, count: int) -> AuditEntry:
    """The entry that tells how many entries were erased."""
    return trail.entry(ERASED, "ws", workspace_id, entries=count)


def _told_forgotten(trail: Trail, workspace_id: Id, last: Link, entries: int) -> AuditEntry:
    """The entry that tells of links that were deleted, of which this was the last."""
    return trail.entry(FORGOTTEN, "ws", workspace_id, upto=last.number, hash=last.hash.hex(), entries=entries)
