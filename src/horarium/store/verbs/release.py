"""Release: turn due slots into fires and runs, in one transaction, and move each schedule on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from horarium.domain.errors import Unavailable
from horarium.domain.fire import FireKind, SpanReason
from horarium.domain.ids import Id, fire_id
from horarium.domain.overlap import Decision, Overlap
from horarium.domain.pauses import WHEN_RESUMED, Closure, held_since
from horarium.domain.places import UNBOUNDED, LaneRoom
from horarium.domain.plan import Firing, Passed, passed_between, slot_after
from horarium.domain.schedule import AfterCompletion, policies_from_text, stored_recurrence, timing_from_text
from horarium.store.base import Tx, portable, prompt
from horarium.store.figures import ENTERED, FIRED, SLOTS
from horarium.store.rows import ClaimedRun, CompletedSchedule, CursorMove, DueCursor, SpanRow
from horarium.store.verbs.entries import hold_schedules
from horarium.store.verbs.meta import raise_zone_data
from horarium.store.verbs.pauses import Ruling, ruling, with_those_of
from horarium.store.verbs.release_rows import Batch, describe_born, gather, write_batch
from horarium.store.verbs.settle import delete_quiet
from horarium.store.verbs.situations import Situation, notes_of, situation_of, without_fires
from horarium.times import TZDATA_VERSION, zone_fingerprint

# A run that a worker has had for so long is marked where it has begun (ms).
MARKED_WITHIN_MS = 2_000
# Only schedules of our own API hold their latest slot where the fire before it has not begun. Dialects document that it
# is skipped.
_HOLDING = "native"
# A full release is held to be shared where another workspace has a schedule that is due this soon.
SOON_MS = 1_000
# A workspace with at most so many schedules due goes ahead of a herd.
FEW = 32
# Of a release at least one schedule in so many may be one that waited for the end of a pause.
LEAST_RESUMED = 4
_SITUATION = itemgetter(1)


@dataclass(slots=True)
class Released:
    """What a release did: how many schedules it took, how many fires it began, and the runs that it claimed for the
    node that released them. `next_due`: when the next schedule is due (ms). `full`: whether more schedules were due
    than it took. `shared`: whether it was full while other workspaces had schedules due, or due within SOON_MS.
    `ahead`: whether it took nothing but the schedules of workspaces with few, which go ahead of a herd."""

    schedules: int = 0
    fires: int = 0
    claimed: Sequence[ClaimedRun] = ()
    next_due: int | None = None
    full: bool = False
    shared: bool = False
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class _Due:
    """The schedules of a release. The rest as in Released."""

    cursors: list[DueCursor]
    full: bool = False
    shared: bool = False
    ahead: bool = False


async def earliest_due(tx: Tx) -> int | None:
    """The instant at which the next schedule is due, or None."""
    row = await tx.row("earliest_due")
    return None if row is None or row[0] == WHEN_RESUMED else int(row[0])


@prompt
@portable
async def release(
    tx: Tx,
    now: int,
    limit: int,
    node: Id | None = None,
    room: int = 0,
    careful: bool = False,
    lane_room: LaneRoom = UNBOUNDED,
    few_first: bool = False,
) -> Released:
    """Account for every slot due at `now` of up to `limit` schedules.

    Up to `room` of the new runs are claimed for `node` at birth, of each lane no more than `lane_room` says.
    `careful` leaves out fires that exist already: for the repeat after a uniqueness constraint has refused a batch
    (a restored backup, say). `few_first`: workspaces with few schedules due go alone, ahead of the others.
    Whoever repeats releases must not ask for it twice in a row, because the others wait meanwhile.
    """
    rules = await ruling(tx, now)
    due = await _due(tx, now, limit, few_first)
    cursors = due.cursors
    if not due.ahead:
        cursors += await _resumed(tx, rules, now, max(limit - len(cursors), limit // LEAST_RESUMED))
    released = await _release(tx, cursors, Batch(now, node, room, lane_room, rules), careful)
    ends = rules.ends_ms
    released.next_due = min((at for at in (await earliest_due(tx), *ends) if at is not None), default=None)
    released.full = due.full or len(cursors) >= limit
    released.shared, released.ahead = due.shared, due.ahead
    return released


async def _resumed(tx: Tx, rules: Ruling, now: int, limit: int) -> list[DueCursor]:
    """Up to `limit` schedules that waited for the end of a pause that has come."""
    found: list[DueCursor] = []
    for workspace_id, own in sorted(rules.of_workspaces.items()):
        over = any(not each.open_at(now) for each in own)
        if over and not any(each.from_ms <= now and each.open_at(now) for each in own):
            waiting = await tx.rows(
                "waiting_for_resumption",
                workspace_id=workspace_id,
                due=WHEN_RESUMED,
                now=now,
                limit=limit - len(found),
            )
            found += map(DueCursor._make, waiting)
        if len(found) >= limit:
            return found
    if rules.of_schedules is not None:
        alone = await tx.rows(
            "waiting_for_own_resumption", due=WHEN_RESUMED, now=now, limit=limit - len(found)
        )
        known = {cursor.schedule_id for cursor in found}
        found += [cursor for cursor in map(DueCursor._make, alone) if cursor.schedule_id not in known]
    return found


async def _due(tx: Tx, now: int, limit: int, few_first: bool) -> _Due:
    """The schedules to release: those due soonest, and where these are not all, as many of each workspace as are its
    part by its weight.

    So a herd of one workspace delays the others by one batch and not by the whole herd, and with `few_first` not even
    by the batch in which they are. Where no other waits, the herd pays for one look at the workspaces in each batch.
    """
    if few_first and (few := await _few_beside_a_herd(tx, now, limit)):
        return _Due(few, full=True, shared=True, ahead=True)
    due = [*map(DueCursor._make, await tx.tuples("due_schedules", now=now, limit=limit))]
    if len(due) < limit:
        return _Due(due)
    soon = await tx.rows("workspaces_due", now=now + SOON_MS)
    if len(soon) > 1:
        due += await _rest_of_parts(tx, now, limit, due, dict(soon))
    return _Due(due, full=True, shared=len(soon) > 1)


async def _rest_of_parts(
    tx: Tx, now: int, limit: int, due: Sequence[DueCursor], weights: Mapping[Id, float]
) -> list[DueCursor]:
    """What is due besides of the workspaces of which less than their part is in a release: of `limit`, by weight."""
    taken = Counter(cursor.workspace_id for cursor in due)
    for_each = limit / sum(weights.values())
    parts = {workspace: max(1, int(weight * for_each)) for workspace, weight in weights.items()}
    asked = [(workspace, part, now) for workspace, part in parts.items() if taken[workspace] < part]
    if not asked:
        return []
    known = {cursor.schedule_id for cursor in due}
    found = map(DueCursor._make, await tx.each("due_schedules_of_workspaces", asked[:limit]))
    return [cursor for cursor in found if cursor.schedule_id not in known]


async def _few_beside_a_herd(tx: Tx, now: int, limit: int) -> list[DueCursor]:
    """What is due of the workspaces that have at most FEW schedules due, up to `limit` in all; nothing where no other
    workspace has more than that."""
    workspaces = await tx.rows("workspaces_due", now=now)
    if len(workspaces) < 2:
        return []
    asked = [(workspace, FEW + 1, now) for workspace, _ in workspaces[:limit]]
    due = [*map(DueCursor._make, await tx.each("due_schedules_of_workspaces", asked))]
    count = Counter(cursor.workspace_id for cursor in due)
    few = [cursor for cursor in due if count[cursor.workspace_id] <= FEW]
    return few[:limit] if len(few) < len(due) else []


async def release_one(tx: Tx, schedule_id: Id, now: int) -> None:
    """Account for what one schedule owes at `now`, before it is edited, paused or deleted.

    Nothing is done where nothing is due. The cursor is locked before it is read: a statement that had to wait for the
    lock would read the cursor anew, but the tables joined to it as they were before the wait.
    """
    await hold_schedules(tx, [schedule_id])
    row = await tx.row("due_schedule", schedule_id=schedule_id)
    if row is None:
        return
    cursor = DueCursor._make(row)
    due = cursor.next_due
    if due is not None and (due <= now or due == WHEN_RESUMED):
        rules = await ruling(tx, now)
        await _release(tx, [cursor], Batch(now, rules=rules), careful=True)


async def release_after_pause(tx: Tx, schedule_id: Id, now: int, closure: Closure) -> None:
    """Enter what a schedule owes of a pause of its own that has just ended, by the catch-up of the pause, unless
    something else holds it. The clock of the schedule stands where the pause found it, and has been set going again."""
    row = await tx.row("due_schedule", schedule_id=schedule_id)
    if row is None:
        return
    cursor = DueCursor._make(row)
    rules = await with_those_of(tx, await ruling(tx, now), [schedule_id])
    others = (rules.of_schedules or {}).get(schedule_id, ())
    rules = Ruling(rules.of_workspaces, {schedule_id: (closure, *others)})
    await _release(tx, [cursor], Batch(now, rules=rules), careful=True, known=True)


async def pass_over(tx: Tx, until_ms: int, limit: int) -> bool:
    """Enter the slots that were due by an instant (ms) as missed, whatever the policies and the pauses that have ended
    by then say, of up to `limit` schedules. Slots of a pause that goes on wait for its end. Whether there may be more
    schedules."""
    rules = await ruling(tx, until_ms)
    due = [DueCursor._make(row) for row in await tx.tuples("due_schedules", now=until_ms, limit=limit)]
    if len(due) < limit:
        due += await _resumed(tx, rules, until_ms, limit - len(due))
    rules = await with_those_of(tx, rules, [cursor.schedule_id for cursor in due])
    spans: list[SpanRow] = []
    moves: list[CursorMove] = []
    completed: list[CompletedSchedule] = []
    deleted: list[Id] = []
    for cursor in due:
        recurrence = stored_recurrence(timing_from_text(cursor.timing))
        policies = policies_from_text(cursor.policies)
        held_ms = held_since(rules.closures(cursor.workspace_id, cursor.schedule_id), until_ms)
        decided_ms = until_ms if held_ms is None else held_ms - 1
        upto_ms = decided_ms - policies.delay_of(cursor.schedule_id)
        passed = passed_between(recurrence, cursor.accounted_to, upto_ms, SpanReason.MISSED)
        accounted_to = cursor.accounted_to
        if passed is not None:
            accounted_to = passed.last_ms
            of_span = passed.first_ms, passed.last_ms, passed.count, passed.reason.value
            spans.append(SpanRow(cursor.schedule_id, *of_span, cursor.version, until_ms, cursor.workspace_id))
        slot = slot_after(recurrence, accounted_to)
        next_due = None if slot is None else policies.due_of(cursor.schedule_id, slot)
        if next_due is not None and next_due <= until_ms:
            next_due = WHEN_RESUMED
        moves.append(CursorMove(cursor.place, cursor.schedule_id, None, accounted_to, slot, next_due))
        if slot is None:
            completed.append(CompletedSchedule(cursor.schedule_id, until_ms, "exhausted"))
            if policies.after_completion is AfterCompletion.DELETE:
                deleted.append(cursor.schedule_id)
    for statement, rows in (
        ("insert_spans", spans),
        ("move_cursors", moves),
        ("complete_schedules", completed),
    ):
        if rows:
            await tx.many(statement, rows)
    if deleted:
        await delete_quiet(tx, deleted, until_ms)
    return len(due) == limit


async def _release(
    tx: Tx, due: Sequence[DueCursor], batch: Batch, careful: bool, known: bool = False
) -> Released:
    """`known`: the batch has the pauses of its schedules already."""
    if not due:
        return Released()
    await _refuse_older_zones(tx, due)
    rules = batch.rules
    if not known:
        rules = await with_those_of(tx, rules, [cursor.schedule_id for cursor in due])
    situations: dict[tuple[object, ...], Situation] = {}
    unbegun = await _unbegun(tx, due, batch.now)
    owed = [
        (
            cursor,
            situation_of(
                cursor,
                batch.now,
                situations,
                cursor.schedule_id not in unbegun,
                rules.closures(cursor.workspace_id, cursor.schedule_id),
            ),
        )
        for cursor in due
    ]
    if careful:
        owed = await _without_known_fires(tx, owed, batch.now)
    await gather(tx, batch, owed)
    await write_batch(tx, batch)
    if tx.recording:
        _tell(tx, owed, batch.now)
    _count_slots(tx, owed, batch.now)
    return Released(len(due), batch.begun, await describe_born(tx, batch.born_claimed))


def _count_slots(tx: Tx, owed: Sequence[tuple[DueCursor, Situation]], now: int) -> None:
    """Have the slots counted that are accounted for, and how much later than due those that fire were entered."""
    situations = [*map(_SITUATION, owed)]
    by_id = dict(zip(map(id, situations), situations, strict=True))
    fired: dict[int, int] = {}
    for known_as, times in Counter(map(id, situations)).items():
        for entry in by_id[known_as].entries:
            if isinstance(entry, Passed):
                tx.count(SLOTS, entry.reason.value, entry.count * times)
            elif entry.firing.decision is Decision.HOLD_INSTEAD:
                tx.count(
                    SLOTS, SpanReason.UNBEGUN.value, times
                )  # that which it replaces was counted as fired
            else:
                fired[entry.due_ms] = fired.get(entry.due_ms, 0) + times
    if fired:
        tx.count(SLOTS, FIRED, sum(fired.values()))
    for due_ms, times in fired.items():
        tx.count(ENTERED, max(0, now - due_ms), times)


def _tell(tx: Tx, owed: Sequence[tuple[DueCursor, Situation]], now: int) -> None:
    """Note the events of schedules in workspaces whose events are recorded."""
    for cursor, situation in owed:
        if cursor.workspace_id in tx.recording:
            for note in notes_of(cursor, situation, now):
                tx.tell(note)


async def _refuse_older_zones(tx: Tx, due: Sequence[DueCursor]) -> None:
    """Raise Unavailable where cursors were computed from newer zone data than this node has."""
    zones = {(cursor.zone, cursor.zone_data) for cursor in due}
    if all(zone_data == zone_fingerprint(zone) for zone, zone_data in zones):
        return
    highest = await raise_zone_data(tx, TZDATA_VERSION)
    if highest != TZDATA_VERSION:
        raise Unavailable(
            f"this node has the zone data {TZDATA_VERSION}, others have {highest}: it does not plan until it "
            "is brought up to date"
        )


async def _unbegun(tx: Tx, due: Sequence[DueCursor], now: int) -> set[Id]:
    """The schedules whose overlap policy skips and whose only open fire has a single run, which no worker has begun:
    they hold their latest slot. The run has the id of its fire."""
    runs: dict[Id, Id] = {}
    for cursor in due:
        fire = cursor.last_fire_id
        if (
            cursor.open_fires == 1
            and fire is not None
            and not cursor.has_audience
            and policies_from_text(cursor.policies).overlap is Overlap.SKIP
            and timing_from_text(cursor.timing).dialect == _HOLDING
        ):
            runs[fire] = cursor.schedule_id
    if not runs:
        return set()
    rows = await tx.rows("unbegun_runs", ids=sorted(runs), long_ago=now - MARKED_WITHIN_MS)
    return {runs[row[0]] for row in rows}


async def _without_known_fires(
    tx: Tx, owed: Sequence[tuple[DueCursor, Situation]], now: int
) -> list[tuple[DueCursor, Situation]]:
    """The same, without the fires that exist already."""
    planned = [
        fire_id(cursor.schedule_id, FireKind.CLOCK, entry.slot_ms)
        for cursor, situation in owed
        for entry in situation.plan.entries
        if isinstance(entry, Firing)
    ]
    known = {row[0] for row in await tx.tuples("known_fires", ids=planned)} if planned else set()
    if not known:
        return list(owed)
    return [(cursor, without_fires(cursor, situation, known, now)) for cursor, situation in owed]
