"""What is wrong, by what was seen in one look. Pure; times are milliseconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from horarium.store.verbs.meta import zone_data_order
from horarium.store.verbs.watchdog import Ledger

# For how long a node that was given up is told.
TOLD_FOR_MS = 600_000
KINDS = ("server", "database", "late", "queue", "node", "disk", "zone-data", "backup")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. `kind` is one of KINDS, `about` says of what; the two together are one alert."""

    kind: str
    about: str
    words: str


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is wrong: a slot that is due and not in the ledger, and a run that could begin, after so
    many milliseconds; a disk of which less is free than this share; a last backup that is older (None: never)."""

    late_ms: int = 30_000
    queue_ms: int = 300_000
    free_share: float = 0.1
    backup_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `servers`: the address of each server, with what was wrong with its answer (None: nothing).
    `ledger` is None where the database gave no answer, and `trouble` says why. `free`: the free share of disks."""

    now_ms: int
    servers: Mapping[str, str | None]
    ledger: Ledger | None
    trouble: str | None = None
    free: Mapping[str, float] = field(default_factory=dict)


def findings(look: Look, limits: Limits, own_zone_data: str) -> list[Finding]:
    """Everything that is wrong. `own_zone_data`: the version of the zone data that the watchdog has."""
    found = [
        Finding("server", address, f"the server at {address} does not answer: {wrong}")
        for address, wrong in look.servers.items()
        if wrong is not None
    ]
    for place, share in look.free.items():
        if share < limits.free_share:
            found.append(Finding("disk", place, f"the disk of {place} is nearly full: {share:.1%} is free"))
    if look.ledger is None:
        return [*found, Finding("database", "", f"the database cannot be read: {look.trouble}")]
    return [*found, *_of_ledger(look.ledger, look.now_ms, limits, own_zone_data)]


def _of_ledger(ledger: Ledger, now: int, limits: Limits, own_zone_data: str) -> Iterator[Finding]:
    late = 0 if ledger.oldest_due_ms is None else now - ledger.oldest_due_ms
    if late > limits.late_ms:
        yield Finding(
            "late", "", f"a slot has been due for {length(late)} and is not in the ledger: nothing fires"
        )
    waits = 0 if ledger.oldest_ready_ms is None else now - ledger.oldest_ready_ms
    if waits > limits.queue_ms:
        words = "the targets or the workers are too slow, or no worker is there"
        yield Finding("queue", "", f"a run has waited for a worker for {length(waits)}: {words}")
    if limits.backup_ms is not None:
        yield from _of_backups(ledger, now, limits.backup_ms)
    newest = max((own_zone_data, *(node.zone_data for node in ledger.nodes)), key=zone_data_order)
    for node in ledger.nodes:
        if node.given_up_ms is not None:
            yield Finding(
                "node", node.name, f"the node {node.name} is gone: it ended without stopping in order"
            )
        elif node.lease_until_ms < now:
            ago = length(now - node.lease_until_ms)
            yield Finding("node", node.name, f"the node {node.name} is silent: its lease was over {ago} ago")
        elif zone_data_order(node.zone_data) < zone_data_order(newest):
            words = (
                f"the node {node.name} has the zone data {node.zone_data}, and there is {newest}: update it"
            )
            yield Finding("zone-data", node.name, words)


def _of_backups(ledger: Ledger, now: int, oldest_ms: int) -> Iterator[Finding]:
    """Whether the last backup is too old, or none has been made for as long."""
    if ledger.last_backup_ms is not None:
        if now - ledger.last_backup_ms > oldest_ms:
            age = length(now - ledger.last_backup_ms)
            yield Finding("backup", "", f"the last backup was made {age} ago: see the log for backup_failed")
    elif ledger.made_ms is not None and now - ledger.made_ms > oldest_ms:
        age = length(now - ledger.made_ms)
        yield Finding("backup", "", f"no backup has been made, and the installation is {age} old")


def length(milliseconds: int) -> str:
    """A length of time for people."""
    seconds = milliseconds // 1000
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds / 3600:.1f} h"
