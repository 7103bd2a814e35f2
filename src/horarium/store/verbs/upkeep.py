"""Upkeep: what is done now and then so that nothing is stuck, stale or kept for ever."""

from __future__ import annotations

from typing import Any

from horarium.domain.ids import lowest_id_at
from horarium.domain.plan import repeated_local_time, slot_after
from horarium.domain.schedule import policies_from_text, stored_recurrence, timing_from_text
from horarium.store.base import DUE, Tx
from horarium.store.verbs.settle import follow_up
from horarium.times import zone_fingerprint


async def unstick(tx: Tx, now: int, limit: int) -> int:
    """Start waiting fires of schedules of which none is open; how many schedules."""
    stuck = [row["schedule_id"] for row in await tx.rows("stuck_waiting", limit=limit)]
    if stuck:
        await follow_up(tx, stuck, now)
    return len(stuck)


async def rezone(tx: Tx, now: int, limit: int) -> int:
    """Compute anew the next slot of schedules whose zone has other data than it was computed with; how many.

    From where they are accounted for: nothing fires again, not even a local reading that comes once more by the new
    data, and what fell due meanwhile is the release's business.
    """
    for row in await tx.rows("zones_in_use"):
        zone, known = row["zone"], row["zone_data"]
        current = zone_fingerprint(zone)
        if known == current:
            continue
        stale = await tx.rows("schedules_of_stale_zone", zone=zone, zone_data=known, limit=limit)
        moved: list[tuple[Any, ...]] = []
        dropped: list[tuple[Any, ...]] = []
        for one in stale:
            if one["next_due"] is None:  # paused meanwhile, or nothing is to come: only looked at
                moved.append((one["schedule_id"], one["accounted_to"], one["next_slot"], None, current))
                continue
            recurrence = stored_recurrence(timing_from_text(one["timing"]))
            accounted = one["accounted_to"]
            if one["last_slot"] == accounted:
                again = repeated_local_time(recurrence, accounted, one["next_slot"])
                if again is not None:
                    dropped.append((one["schedule_id"], again, again, 1, "cancelled", one["version"], now))
                    accounted = again
            slot = slot_after(recurrence, accounted)
            policies = policies_from_text(one["policies"])
            delay = policies.delay_of(one["schedule_id"])
            due = None if slot is None else slot + delay
            moved.append((one["schedule_id"], accounted, slot, due, current))
        await tx.many("rezone_cursors", moved)
        await tx.many("rezone_schedules", [(one["schedule_id"], current) for one in stale])
        if dropped:
            await tx.many("insert_spans", dropped)
        tx.announce(DUE, now)
        return len(moved)
    return 0


async def forget(tx: Tx, before_ms: int, limit: int) -> int:
    """Drop fires, runs and spans that ended before an instant, up to `limit` of each; how many of the
    most."""
    bound = lowest_id_at(before_ms)
    runs = [row["id"] for row in await tx.rows("old_runs", before=bound, before_ms=before_ms, limit=limit)]
    fires = [row["id"] for row in await tx.rows("old_fires", before=bound, before_ms=before_ms, limit=limit)]
    if runs:
        await tx.run("delete_attempts", ids=runs)
        await tx.run("forget_callbacks", ids=runs)
        await tx.run("delete_runs", ids=runs)
    if fires:
        await tx.run("delete_fires", ids=fires)
    spans = await tx.run("delete_spans", before_ms=before_ms, limit=limit)
    await tx.run("forget_nodes", before_ms=before_ms)
    return max(len(runs), len(fires), spans)
