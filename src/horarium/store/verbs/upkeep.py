"""Upkeep: work that is done from time to time, so that nothing is stuck, outdated or kept for ever."""

from __future__ import annotations

from typing import NamedTuple

from horarium.domain.fire import SpanReason
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, lowest_id_at
from horarium.domain.plan import repeated_local_time, slot_after
from horarium.domain.schedule import policies_from_text, stored_recurrence, timing_from_text
from horarium.store.base import DUE, Tx, portable
from horarium.store.figures import SLOTS
from horarium.store.rows import RezonedCursor, RezonedSchedule, SpanRow, StaleCursor, ZoneInUse
from horarium.store.verbs.entries import hold_schedules
from horarium.store.verbs.page_bytes import fitting_rows
from horarium.store.verbs.settle import follow_up
from horarium.store.verbs.windows import rezone_windows
from horarium.times import zone_fingerprint

# Where history is deleted, so many times as many runs and fires are looked at as are deleted.
LOOKED_AT = 4
# So many attempts of old runs are deleted at once at most; the runs have their turn when none is left.
MOST_ATTEMPTS = 1_000
# Of the schedules that have a waiting fire so many are looked at at once, whether theirs may start.
WAITING_AT_ONCE = 1_000
# So many pages of a SQLite file (of 4 KiB) may hold nothing without being given back.
LEAST_SPARE_PAGES = 2_048


class Pending(NamedTuple):
    """Which kinds of upkeep have something to do."""

    callbacks: bool
    waiting_fires: bool
    audit: bool
    pauses: bool
    actions: bool
    erasures: bool
    purges: bool
    events: bool


async def pending(tx: Tx, now: int, after: Id = LOWEST_ID) -> tuple[Pending, Id]:
    """What there is to do at an instant, by one question. Of the schedules with a waiting fire it looks at those behind
    one, WAITING_AT_ONCE at most; and behind which one to look next."""
    *found, looked_to = await tx.row("pending_upkeep", now=now, after=after, piece=WAITING_AT_ONCE)
    return Pending._make(map(bool, found)), looked_to or LOWEST_ID


@portable
async def unstick(tx: Tx, now: int, limit: int, after: Id = LOWEST_ID) -> tuple[int, Id]:
    """Start waiting fires of up to `limit` schedules that have no open fire; of how many. It looks at those behind one,
    WAITING_AT_ONCE at most; and behind which one to look next, LOWEST_ID where nothing is left."""
    piece = {"after": after, "piece": WAITING_AT_ONCE}
    (looked_to,) = await tx.row("stuck_looked_to", **piece)
    stuck = [schedule_id for (schedule_id,) in await tx.rows("stuck_waiting", **piece, limit=limit)]
    if stuck:
        # Another may just be starting them, or put a later slot in their place.
        await hold_schedules(tx, stuck)
        await follow_up(tx, stuck, now)
    return len(stuck), (max(stuck) if len(stuck) == limit else looked_to) or LOWEST_ID


async def rezone(tx: Tx, now: int, limit: int) -> int:
    """Compute the next slot again for schedules whose time zone has other data than it was computed with, and when
    windows begin next; for how many schedules, or windows where these are more. Those of all zones are looked at, up to
    `limit` of each.

    The computation starts from where a schedule is accounted for, so no slot fires again. Neither does a local
    time that occurs once more by the new data. What fell due meanwhile is fired by the next release.
    """
    left = limit
    for zone, known in map(ZoneInUse._make, await tx.rows("zones_in_use")):
        current = zone_fingerprint(zone)
        if known == current or not left:
            continue
        found = await tx.rows("schedules_of_stale_zone", zone=zone, zone_data=known, limit=left)
        if not found:  # another node is at all of them
            continue
        stale = [StaleCursor._make(row) for row in found]
        rezoned = [_rezoned(cursor, current, now) for cursor in stale]
        await tx.many("rezone_cursors", [cursor for cursor, _ in rezoned])
        await tx.many("rezone_schedules", [RezonedSchedule(cursor.schedule_id, current) for cursor in stale])
        dropped = [span for _, span in rezoned if span is not None]
        if dropped:
            await tx.many("insert_spans", dropped)
            tx.count(SLOTS, SpanReason.CANCELLED.value, len(dropped))
        tx.announce(DUE, now)
        left -= len(stale)
    # At last, since others that wait for a window may have locked a schedule.
    return max(limit - left, await rezone_windows(tx, now, limit))


def _rezoned(stale: StaleCursor, zone_data: str, now: int) -> tuple[RezonedCursor, SpanRow | None]:
    """Where a cursor stands by our zone data, and the slot that must not fire because its local time has fired."""
    accounted_to, dropped = stale.accounted_to, None
    if stale.next_due is None:  # paused meanwhile, or nothing is to come
        return RezonedCursor(stale.schedule_id, accounted_to, stale.next_slot, None, zone_data), None
    recurrence = stored_recurrence(timing_from_text(stale.timing))
    if stale.last_slot == accounted_to or stale.waiting_fires:  # a fire that is held is no last one yet
        again = repeated_local_time(recurrence, accounted_to, stale.next_slot)
        if again is not None:
            reason = SpanReason.CANCELLED.value
            own = stale.schedule_id, again, again, 1, reason, stale.version
            dropped = SpanRow(*own, now, stale.workspace_id)
            accounted_to = again
    slot = slot_after(recurrence, accounted_to)
    policies = policies_from_text(stale.policies)
    next_due = None if slot is None else policies.due_of(stale.schedule_id, slot)
    return RezonedCursor(stale.schedule_id, accounted_to, slot, next_due, zone_data), dropped


class Forgotten(NamedTuple):
    """How many rows of history were deleted of the table that had most, and up to which run and which fire it has been
    looked: HIGHEST_ID where all were. What is old and goes on is passed over."""

    found: int
    runs: Id
    fires: Id


@portable
async def forget(
    tx: Tx, before_ms: int, limit: int, runs_after: Id = LOWEST_ID, fires_after: Id = LOWEST_ID
) -> Forgotten:
    """Delete up to `limit` each of the fires, runs, spans and pauses that ended before an instant (ms). Of the runs and
    fires behind some it looks at LOOKED_AT times as many at most. While `found` is `limit` there may be more.

    Of runs with large texts few are deleted at once, and a run after its last attempts.
    """
    runs, runs_to = await _old(tx, "old_runs", before_ms, limit, runs_after)
    fires, fires_to = await _old(tx, "old_fires", before_ms, limit, fires_after)
    if runs:
        most = await fitting_rows(tx, "bytes_of_runs", runs)
        if most < len(runs):
            runs, runs_to = runs[:most], runs[most - 1]
        if await tx.run("delete_attempts", ids=runs, limit=MOST_ATTEMPTS) == MOST_ATTEMPTS:
            return Forgotten(limit, runs_after, fires_after)
        await tx.run("forget_callbacks", ids=runs)
        await tx.run("delete_runs", ids=runs)
    if fires:
        await tx.run("delete_fires", ids=fires)
    spans = await tx.run("delete_spans", before_ms=before_ms, limit=limit)
    await tx.run("forget_nodes", before_ms=before_ms)
    pauses = await tx.run("forget_pauses", before_ms=before_ms, limit=limit)
    return Forgotten(max(len(runs), len(fires), spans, pauses), runs_to, fires_to)


async def _old(tx: Tx, statement: str, before_ms: int, limit: int, after: Id) -> tuple[list[Id], Id]:
    """Up to `limit` rows behind one that were over before an instant, and up to which one it has been looked."""
    most = limit * LOOKED_AT
    rows = await tx.rows(
        statement, after=after, before=lowest_id_at(before_ms), before_ms=before_ms, limit=most
    )
    over = [row_id for row_id, was_over in rows if was_over][:limit]
    if len(over) == limit:
        return over, over[-1]
    return over, rows[-1][0] if len(rows) == most else HIGHEST_ID


async def give_back_space(tx: Tx) -> bool:
    """Make the database file smaller by a piece where many of its pages hold nothing any more. Whether it was.

    An eighth of the file stays free, because what comes next needs pages again.
    """
    spare, pages = await tx.row("spare_pages")
    if spare <= max(LEAST_SPARE_PAGES, pages // 8):
        return False
    await tx.rows("give_back_pages")
    return True
