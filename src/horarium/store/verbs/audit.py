"""The audit log: entries are written with the change that they tell of, and shortly afterwards linked into a chain.

A transaction leaves all its entries of a workspace in one row of `audit_pending`; it neither reads the end of the chain
nor waits for it. `link_pending` takes these rows in the order in which they were committed, as far as it can tell: it
sees only what is committed, and one at a time does this. It writes the entries themselves and the links of the chain.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from horarium.domain.audit import (
    LINK_ENTRIES,
    NO_HASH,
    SALT_BYTES,
    Anchor,
    AuditEntry,
    Link,
    LinkedEntry,
    digest_of,
    link_hash,
    packed,
    pairs,
    unpacked,
)
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, lowest_id_at
from horarium.domain.listings import AuditListing, Counted, PageRows
from horarium.store.base import Tx
from horarium.store.verbs.meta import hold
from horarium.store.verbs.page_bytes import LARGE, fitting_rows, whole_page
from horarium.store.verbs.tenancy import gone_workspaces
from horarium.store.verbs.texts import escaped
from horarium.store.verbs.walks import looked_down_to

# The row of `meta` that is locked while entries are linked, so that only one node does it at a time.
LINKER = "audit_linker"
# Rows of `audit_pending` that are linked in one transaction.
LINKED_AT_ONCE = 500


class PendingRow(NamedTuple):
    """The entries of one transaction and workspace, packed."""

    id: Id
    workspace_id: Id
    entries: bytes


class EntryRow(NamedTuple):
    """An entry as it is written."""

    workspace_id: Id
    id: Id
    action: str
    subject: str
    principal_id: Id | None
    salt: bytes
    content: str


class LinkRow(NamedTuple):
    """A link as it is written."""

    workspace_id: Id
    number: int
    entries: bytes
    hash: bytes
    linked_ms: int


class HeadRow(NamedTuple):
    """The last link of a chain as it is written."""

    workspace_id: Id
    number: int
    hash: bytes
    anchor_hash: bytes = NO_HASH


class ChainRow(NamedTuple):
    """Where a chain ends, and where it begins."""

    workspace_id: Id
    number: int
    hash: bytes
    anchor_number: int
    anchor_hash: bytes


async def append(tx: Tx, entries: Sequence[AuditEntry]) -> None:
    """Write the entries of a transaction. Stores call this before they commit."""
    by_workspace: dict[Id, list[AuditEntry]] = defaultdict(list)
    for entry in entries:
        by_workspace[entry.workspace_id].append(entry)
    rows = [PendingRow(found[0].id, workspace, packed(found)) for workspace, found in by_workspace.items()]
    await tx.many("insert_audit_pending", rows)


async def record(tx: Tx, entry: AuditEntry) -> None:
    """Write an entry that tells of no change in the database."""
    tx.record(entry)


async def any_pending(tx: Tx) -> bool:
    """Whether there are entries that are not linked yet."""
    return await tx.row("any_audit_pending") is not None


async def link_pending(tx: Tx, now: int, limit: int = LINKED_AT_ONCE) -> int:
    """Link what up to `limit` transactions have written; of how many transactions that was."""
    await hold(tx, LINKER)
    pending = [PendingRow._make(row) for row in await tx.rows("audit_pending", limit=limit)]
    if not pending:
        return 0
    by_workspace: dict[Id, list[EntryRow]] = defaultdict(list)
    for row in pending:
        by_workspace[row.workspace_id] += _salted(unpacked(row.workspace_id, row.entries))
    heads = {row.workspace_id: row for row in await _chains(tx, list(by_workspace))}
    for gone in await gone_workspaces(tx, by_workspace.keys() - heads.keys()):
        del by_workspace[gone]
    links: list[LinkRow] = []
    for workspace_id, rows in by_workspace.items():
        head = heads.get(workspace_id) or ChainRow(workspace_id, 0, NO_HASH, 0, NO_HASH)
        links += _links(head, rows, now)
    if links:
        await tx.many("insert_audit_entries", [row for rows in by_workspace.values() for row in rows])
        await tx.many("insert_audit_links", links)
        ends = {link.workspace_id: HeadRow(link.workspace_id, link.number, link.hash) for link in links}
        await tx.many("set_audit_heads", list(ends.values()))
    await tx.run("delete_audit_pending", ids=[row.id for row in pending])
    return len(pending)


def _salted(given: Iterable[AuditEntry]) -> list[EntryRow]:
    """Entries as they are written, each with a salt. The random bytes for all of them are asked for at once."""
    entries = list(given)
    salts = os.urandom(SALT_BYTES * len(entries))
    return [
        EntryRow(
            entry.workspace_id,
            entry.id,
            entry.action,
            entry.subject,
            entry.principal_id,
            salts[place * SALT_BYTES : (place + 1) * SALT_BYTES],
            entry.content.decode(),
        )
        for place, entry in enumerate(entries)
    ]


def _links(head: ChainRow, rows: Sequence[EntryRow], now: int) -> list[LinkRow]:
    """The links that continue a chain with some entries."""
    number, end, links = head.number, head.hash, []
    for start in range(0, len(rows), LINK_ENTRIES):
        part = rows[start : start + LINK_ENTRIES]
        entries = b"".join(row.id + digest_of(row.salt, row.content.encode()) for row in part)
        number += 1
        end = link_hash(end, head.workspace_id, number, entries)
        links.append(LinkRow(head.workspace_id, number, entries, end, now))
    return links


async def _chains(tx: Tx, workspaces: Sequence[Id]) -> list[ChainRow]:
    return [ChainRow._make(row) for row in await tx.rows("audit_chains", ids=workspaces)]


def _bounds(listing: AuditListing) -> tuple[Id, Id]:
    """The lowest id that can match, and one above all that can, on this page."""
    until = HIGHEST_ID if listing.until_ms is None else lowest_id_at(listing.until_ms)
    return LOWEST_ID if listing.since_ms is None else lowest_id_at(listing.since_ms), min(
        until, listing.cursor
    )


def _entry_filters(listing: AuditListing) -> dict[str, Any]:
    subject = listing.subject
    return {
        "workspace_id": listing.workspace_id,
        "action": listing.action,
        "actions": None if listing.action is None else f"{escaped(listing.action)}.%",
        "principal_id": listing.principal_id,
        "subject": subject,
        "among": None if subject is None else f"%{subject.partition(':')[2]}%",
        "request": None if listing.request is None else f'%"request":"{escaped(listing.request)}"%',
    }


async def count_entries_within(tx: Tx, listing: AuditListing, scan: int) -> Counted:
    """How many of some `scan` linked entries match a listing, from its cursor on."""
    floor, before = _bounds(listing)
    own = {"workspace_id": listing.workspace_id}
    bound = await tx.row("audit_entry_further_down", **own, cursor=before, skip=scan)
    lowest = looked_down_to(floor, bound)
    given = {**_entry_filters(listing), "since": lowest, "before": before}
    (count,) = await tx.row("count_audit_entries_within", **given)
    return Counted(count, lowest if lowest > floor else None)


async def list_entries(tx: Tx, listing: AuditListing) -> PageRows[LinkedEntry]:
    """One page of linked entries, newest first. It ends early where their contents are large."""
    since, before = _bounds(listing)
    given = {**_entry_filters(listing), "since": since, "before": before}
    rows = await tx.rows("list_audit_entries", **given, limit=listing.limit, large=LARGE)

    async def whole(large: list[Id]) -> Sequence[Any]:
        found = await tx.rows("audit_entries_by_id", workspace_id=listing.workspace_id, ids=large)
        return [row for row in found if LinkedEntry._make(row).erased_by is None]

    page = await whole_page(rows, whole)
    return PageRows(map(LinkedEntry._make, page), page.ended_early)


class Chain(NamedTuple):
    """Where a chain begins and where it ends."""

    anchor: Anchor
    number: int
    hash: bytes


async def chain_of(tx: Tx, workspace_id: Id) -> Chain:
    """Where the chain of a workspace begins and ends."""
    found = await _chains(tx, [workspace_id])
    if not found:
        return Chain(Anchor(), 0, NO_HASH)
    return Chain(Anchor(found[0].anchor_number, found[0].anchor_hash), found[0].number, found[0].hash)


async def links_after(
    tx: Tx, workspace_id: Id, number: int, limit: int
) -> list[tuple[Link, list[LinkedEntry]]]:
    """Up to `limit` links after a number, each with those of its entries that are there."""
    links = [
        Link._make(row)
        for row in await tx.rows("audit_links_after", workspace_id=workspace_id, after=number, limit=limit)
    ]
    found = []
    for link in links:
        ids = [entry_id for entry_id, _ in pairs(link.entries)]
        rows = await tx.rows("audit_entries_by_id", workspace_id=workspace_id, ids=ids)
        found.append((link, [LinkedEntry._make(row) for row in rows]))
    return found


class EntriesOfPerson(NamedTuple):
    """Entries about a principal among some that were looked at, and the last of these; None where there are no more."""

    ids: list[Id]
    after: Id | None


async def entries_of_person(
    tx: Tx, workspace_id: Id, principal_id: Id, after: Id, limit: int
) -> EntriesOfPerson:
    """Look at up to `limit` linked entries after an id for those about what a principal did, or what was done to it."""
    end = await tx.row("audit_entry_further_up", workspace_id=workspace_id, after=after, skip=limit - 1)
    rows = await tx.rows(
        "audit_entries_of_person",
        workspace_id=workspace_id,
        principal_id=principal_id,
        subject=f"prn:{principal_id.hex()}",
        after=after,
        upto=HIGHEST_ID if end is None else end[0],
    )
    return EntriesOfPerson([entry_id for (entry_id,) in rows], None if end is None else end[0])


class ErasedOf(NamedTuple):
    """How many of some entries were erased, and how many of them were looked at."""

    erased: int
    seen: int


async def erase_person(
    tx: Tx, workspace_id: Id, ids: Sequence[Id], tell: Callable[[int], AuditEntry]
) -> ErasedOf:
    """Erase those of some entries that nobody has erased yet, of as many of the first as are erased at once by their
    bytes. `tell` makes the entry that tells of so many. Of two that erase at the same time, the second finds what the
    first has left."""
    seen = await fitting_rows(tx, "bytes_of_audit_entries", ids, workspace_id=workspace_id)
    rows = await tx.rows("audit_entries_not_erased", workspace_id=workspace_id, ids=ids[:seen])
    left = [entry_id for (entry_id,) in rows]
    return ErasedOf(await erase_entries(tx, workspace_id, left, tell(len(left))) if left else 0, seen)


async def erase_entries(tx: Tx, workspace_id: Id, ids: Sequence[Id], told: AuditEntry) -> int:
    """Erase what entries say, for ever; how many. They have been read in this transaction, so that nobody else erases
    them. `told` is the entry that tells of it."""
    tx.record(told)
    return await tx.run("erase_audit_entries", workspace_id=workspace_id, ids=ids, erased_by=told.id)


class OldestLink(NamedTuple):
    """When the oldest link of a chain was made (ms)."""

    workspace_id: Id
    linked_ms: int


async def oldest_links(tx: Tx) -> list[OldestLink]:
    """The age of each chain."""
    return [OldestLink._make(row) for row in await tx.rows("oldest_audit_links")]


async def forget_links(
    tx: Tx, workspace_id: Id, before_ms: int, limit: int, tell: Callable[[Link, int], AuditEntry]
) -> int:
    """Delete up to `limit` of the first links of a chain, from before an instant (ms), with their entries; how many
    links: few where they have many entries or large ones. The chain then begins after the last of them.

    `tell` makes the entry that tells of it, of the last link and how many entries were deleted. The chain is held
    before it is read: it must not begin anew where another node has deleted what followed.
    """
    await tx.row("hold_audit_chain", workspace_id=workspace_id)
    rows = await tx.rows("old_audit_links", workspace_id=workspace_id, before_ms=before_ms, limit=limit)
    if not rows:
        return 0
    links = [Link._make(row) for row in rows]
    of_links = [[entry_id for entry_id, _ in pairs(link.entries)] for link in links]
    every = list(chain.from_iterable(of_links))
    most = await fitting_rows(tx, "bytes_of_audit_entries", every, workspace_id=workspace_id)
    fit = sum(together <= most for together in accumulate(map(len, of_links))) or 1
    links, ids = links[:fit], list(chain.from_iterable(of_links[:fit]))
    last = links[-1]
    tx.record(tell(last, len(ids)))
    await tx.run("delete_audit_entries", workspace_id=workspace_id, ids=ids)
    await tx.run("delete_audit_links", workspace_id=workspace_id, number=last.number)
    await tx.run("set_audit_anchor", workspace_id=workspace_id, number=last.number, hash=last.hash)
    return len(links)
