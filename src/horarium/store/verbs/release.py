"""Release: turn due slots into fires and runs, in one transaction, and move each schedule on.

Schedules that stand alike (a thousand of one recurrence at the same slot) are one situation. The plan is made once
for each situation, and all rows are written in sets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import NamedTuple

from horarium.domain.errors import Unavailable
from horarium.domain.events import (
    EventNote,
    fire_late,
    schedule_ended,
    schedule_ending,
    slots_passed,
)
from horarium.domain.fire import FireKind, FireState, SpanReason, beginning
from horarium.domain.ids import Id, fire_id, lowest_id_at
from horarium.domain.overlap import Decision, Overlap
from horarium.domain.pauses import WHEN_RESUMED, Closure
from horarium.domain.places import UNBOUNDED, LaneRoom
from horarium.domain.plan import Firing, Passed, Plan, passed_between, plan, slot_after
from horarium.domain.run import RunMode
from horarium.domain.schedule import (
    AfterCompletion,
    OverlapScope,
    Policies,
    policies_from_text,
    stored_recurrence,
    timing_from_text,
)
from horarium.domain.tenancy import EVERY_TARGET
from horarium.store.base import CANCELLED, FANOUT, READY, Tx, portable, prompt
from horarium.store.figures import ENTERED, FIRED, SLOTS
from horarium.store.rows import (
    Advance,
    BornRunSchedule,
    ClaimedRun,
    CompletedSchedule,
    CursorMove,
    DueCursor,
    FiredCursor,
    FireRow,
    HeldFire,
    LastSpan,
    NewFanoutTask,
    OpenRun,
    ReadyRow,
    SingleFireRow,
    SlotFire,
    SlotSingleFire,
    SpanExtension,
    SpanRow,
    new_row,
)
from horarium.store.verbs.entries import cancel_waiting_fires, hold_schedules
from horarium.store.verbs.fanout import stop_fanout_tasks
from horarium.store.verbs.meta import raise_zone_data
from horarium.store.verbs.pauses import Ruling, ruling, with_those_of
from horarium.store.verbs.settle import cancel_runs, delete_quiet, follow_up
from horarium.times import TZDATA_VERSION, held_ms, zone_fingerprint

SKIP_REASON = "previous fire still running"
UNBEGUN_REASON = "previous fire had not begun"
# A run that a worker has had for so long is marked where it has begun (ms).
MARKED_WITHIN_MS = 2_000
# Only schedules of our own API hold their latest slot where the fire before it has not begun. Dialects document that it
# is skipped.
_HOLDING = "native"
REPLACED = "replaced by a later fire"
# The epoch of runs that are born claimed. Runs that are not start at 0, and every claim adds one.
FIRST_EPOCH = 1
# A full release is held to be shared where another workspace has a schedule that is due this soon.
SOON_MS = 1_000
# Of a release at least one schedule in so many may be one that waited for the end of a pause.
LEAST_RESUMED = 4
_CLOCK_MODE = RunMode.CLOCK.value
_SITUATION = itemgetter(1)


@dataclass(slots=True)
class Released:
    """What a release did: how many schedules it took, how many fires it began, and the runs that it claimed for the
    node that released them. `next_due`: when the next schedule is due (ms). `shared`: whether the release was full
    while other workspaces had schedules due, or due within SOON_MS."""

    schedules: int = 0
    fires: int = 0
    claimed: Sequence[ClaimedRun] = ()
    next_due: int | None = None
    shared: bool = False


class _BornClaimed(NamedTuple):
    """The run of a single fire that is claimed at its birth, before the rest of what its worker must know has been
    read."""

    fire_id: Id
    cursor: DueCursor
    start: _Start


@dataclass(slots=True)
class _Batch:
    """The rows of one release, gathered over all its schedules.

    Up to `room` runs are claimed for `node` at birth, and of each lane no more than `lane_room` says; `born` counts
    them by lane. `begun` counts the fires that have been written already.
    `joining`: by schedule the first of its slots that did not fire and may join the span before them. `cleared`:
    schedules whose earlier fires were asked to stop, so that the one that waits may be able to start. `rules`: the
    pauses that may matter.
    """

    now: int
    node: Id | None
    room: int
    lane_room: LaneRoom = UNBOUNDED
    rules: Ruling = field(default_factory=Ruling)
    born: dict[Id, int] = field(default_factory=dict)
    begun: int = 0
    fired: list[FiredCursor] = field(default_factory=list)
    moves: list[CursorMove] = field(default_factory=list)
    fires: list[FireRow] = field(default_factory=list)
    single_fires: list[SingleFireRow] = field(default_factory=list)
    ready: list[ReadyRow] = field(default_factory=list)
    fanouts: list[NewFanoutTask] = field(default_factory=list)
    spans: dict[tuple[Id, int], SpanRow] = field(default_factory=dict)
    joining: dict[Id, int] = field(default_factory=dict)
    longer_spans: list[SpanExtension] = field(default_factory=list)
    completed: list[CompletedSchedule] = field(default_factory=list)
    completed_quietly: list[Id] = field(default_factory=list)
    born_claimed: list[_BornClaimed] = field(default_factory=list)
    cleared: set[Id] = field(default_factory=set)


class _Start(NamedTuple):
    """A slot that fires, as all schedules of a situation enter it: as `single` fires, or else as `fire`, in a state in
    which it waits or has its audience read."""

    firing: Firing
    due_ms: int
    single: SlotSingleFire | None
    fire: SlotFire


@dataclass(frozen=True, slots=True)
class _Situation:
    """What a schedule owes now and where that leaves its cursor: shared by all schedules of the batch that stand alike.

    `delay`: from each slot to its due instant (ms). `entries`: what is to be written of the plan, in its order.
    `fires_once`: one slot fires, its fire starts, and nothing else happens. `replaces`: some fires end earlier ones.
    `holds_instead`: one is held in place of an earlier one.
    `quiet`: the schedule is completed, shall be deleted then, and starts nothing.
    """

    delay: int
    plan: Plan
    entries: Sequence[_Start | Passed]
    advance: Advance
    fires_once: bool
    replaces: bool
    holds_instead: bool
    quiet: bool


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
) -> Released:
    """Account for every slot due at `now` of up to `limit` schedules.

    Up to `room` of the new runs are claimed for `node` at birth, of each lane no more than `lane_room` says.
    `careful` leaves out fires that exist already: for the repeat after a uniqueness constraint has refused a batch
    (a restored backup, say).
    """
    rules = await ruling(tx, now)
    due, shared = await _due(tx, now, limit)
    if rules.of_workspaces or rules.of_schedules is not None:
        due += await _resumed(tx, rules, now, max(limit - len(due), limit // LEAST_RESUMED))
    released = await _release(tx, due, _Batch(now, node, room, lane_room, rules), careful)
    ends = rules.ends_ms
    released.next_due = min((at for at in (await earliest_due(tx), *ends) if at is not None), default=None)
    released.shared = shared
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


async def _due(tx: Tx, now: int, limit: int) -> tuple[list[DueCursor], bool]:
    """The schedules to release: those due soonest, and where these are not all, some of every other workspace, by
    their weights. And whether there are others that are due or soon will be.

    So a herd of one workspace delays the others by one batch and not by the whole herd. Where no other waits, the herd
    pays for one look at the workspaces in each batch.
    """
    due = [*map(DueCursor._make, await tx.tuples("due_schedules", now=now, limit=limit))]
    if len(due) < limit:
        return due, False
    taken = {cursor.workspace_id for cursor in due}
    soon = await tx.rows("workspaces_due", now=now + SOON_MS)
    others = [row for row in soon if row[0] not in taken]
    if others:
        others = others[: max(1, limit // 2)]
        for_each = limit // 2 / sum(weight for _, weight in others)
        asked = [(workspace, max(1, int(weight * for_each)), now) for workspace, weight in others]
        due += map(DueCursor._make, await tx.each("due_schedules_of_workspaces", asked))
    return due, len(soon) > 1


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
        await _release(tx, [cursor], _Batch(now, None, 0, rules=rules), careful=True)


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
    await _release(tx, [cursor], _Batch(now, None, 0, rules=rules), careful=True, known=True)


async def pass_over(tx: Tx, until_ms: int, limit: int) -> bool:
    """Enter the slots that were due by an instant (ms) as missed, whatever the policies say, of up to `limit`
    schedules. Whether there may be more of them."""
    due = [DueCursor._make(row) for row in await tx.tuples("due_schedules", now=until_ms, limit=limit)]
    spans: list[SpanRow] = []
    moves: list[CursorMove] = []
    completed: list[CompletedSchedule] = []
    deleted: list[Id] = []
    for cursor in due:
        recurrence = stored_recurrence(timing_from_text(cursor.timing))
        policies = policies_from_text(cursor.policies)
        upto_ms = until_ms - policies.delay_of(cursor.schedule_id)
        passed = passed_between(recurrence, cursor.accounted_to, upto_ms, SpanReason.MISSED)
        accounted_to = cursor.accounted_to
        if passed is not None:
            accounted_to = passed.last_ms
            of_span = passed.first_ms, passed.last_ms, passed.count, passed.reason.value
            spans.append(SpanRow(cursor.schedule_id, *of_span, cursor.version, until_ms, cursor.workspace_id))
        slot = slot_after(recurrence, accounted_to)
        next_due = None if slot is None else policies.due_of(cursor.schedule_id, slot)
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
    tx: Tx, due: Sequence[DueCursor], batch: _Batch, careful: bool, known: bool = False
) -> Released:
    """`known`: the batch has the pauses of its schedules already."""
    if not due:
        return Released()
    await _refuse_older_zones(tx, due)
    rules = batch.rules
    if not known:
        rules = await with_those_of(tx, rules, [cursor.schedule_id for cursor in due])
    situations: dict[tuple[object, ...], _Situation] = {}
    unbegun = await _unbegun(tx, due, batch.now)
    owed = [
        (
            cursor,
            _situation(
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
    await _gather(tx, batch, owed)
    await _write(tx, batch)
    if tx.recording:
        _tell(tx, owed, batch.now)
    _count_slots(tx, owed, batch.now)
    return Released(len(due), batch.begun, await _describe_born(tx, batch.born_claimed))


def _count_slots(tx: Tx, owed: Sequence[tuple[DueCursor, _Situation]], now: int) -> None:
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


def _tell(tx: Tx, owed: Sequence[tuple[DueCursor, _Situation]], now: int) -> None:
    """Note the events of schedules in workspaces whose events are recorded."""
    for cursor, situation in owed:
        if cursor.workspace_id in tx.recording:
            for note in _notes(cursor, situation, now):
                tx.tell(note)


def _notes(cursor: DueCursor, situation: _Situation, now: int) -> Iterator[EventNote]:
    """What happened to a schedule in a release: slots that passed, fires that are late already, its end or the last
    slot before it."""
    own = cursor.workspace_id, cursor.schedule_id
    objective = policies_from_text(cursor.policies).lateness_objective_ms
    for entry in situation.entries:
        if isinstance(entry, Passed):
            note = slots_passed(*own, entry.first_ms, entry.last_ms, entry.count, entry.reason, now)
            if note is not None:
                yield note
        elif objective is not None and now - entry.due_ms > objective:
            fire = fire_id(cursor.schedule_id, FireKind.CLOCK, entry.firing.slot_ms)
            yield fire_late(*own, fire, now - entry.due_ms, objective, now)
    if situation.plan.ended is not None:
        yield schedule_ended(*own, situation.plan.ended, now)
    elif (last_ms := _last_slot(cursor, situation)) is not None:
        yield schedule_ending(*own, last_ms, now)


def _last_slot(cursor: DueCursor, situation: _Situation) -> int | None:
    """The next slot of a schedule, if this release has left it as the last one; else None."""
    next_slot, most = situation.plan.next_slot, policies_from_text(cursor.policies).max_fires
    if next_slot is None or not situation.entries:
        return None
    fired = situation.advance.fired
    if fired and most is not None and cursor.fires + fired == most - 1:
        return next_slot
    following = slot_after(stored_recurrence(timing_from_text(cursor.timing)), next_slot)
    return next_slot if following is None else None


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


def _situation(
    cursor: DueCursor,
    now: int,
    known: dict[tuple[object, ...], _Situation],
    begun: bool,
    closures: tuple[Closure, ...],
) -> _Situation:
    policies = policies_from_text(cursor.policies)
    alone = not cursor.has_audience
    if alone and policies.overlap_scope is OverlapScope.ROW:  # there are no rows to tell apart
        policies = replace(policies, overlap_scope=OverlapScope.FIRE)
    delay = policies.delay_of(cursor.schedule_id)
    fires = cursor.fires if policies.max_fires is not None else 0
    in_flight, waiting = cursor.open_fires, cursor.waiting_fires
    key = (
        cursor.timing,
        cursor.policies,
        cursor.accounted_to,
        fires,
        in_flight,
        waiting,
        delay,
        alone,
        begun,
        closures,
    )
    found = known.get(key)
    if found is None:
        recurrence = stored_recurrence(timing_from_text(cursor.timing))
        of_slots = [closure.earlier(delay) for closure in closures]
        planned = plan(
            recurrence, policies, cursor.accounted_to, fires, in_flight, waiting, now - delay, begun, of_slots
        )
        found = known[key] = _situation_of(planned, policies, delay, alone, planned.entries, now)
    return found


def _situation_of(
    planned: Plan, policies: Policies, delay: int, alone: bool, entries: Sequence[Firing | Passed], now: int
) -> _Situation:
    firings = [entry for entry in entries if isinstance(entry, Firing)]
    return _Situation(
        delay,
        planned,
        [_start(entry, delay, alone, now) if isinstance(entry, Firing) else entry for entry in entries],
        _advance(planned, delay, entries, now),
        len(entries) == len(firings) == 1 and not firings[0].decision.waits,
        any(firing.decision.replaces for firing in firings),
        any(firing.decision is Decision.HOLD_INSTEAD for firing in firings),
        planned.ended is not None
        and policies.after_completion is AfterCompletion.DELETE
        and not planned.entries,
    )


def _start(firing: Firing, delay: int, alone: bool, now: int) -> _Start:
    begins = beginning(has_audience=not alone, waits=firing.decision.waits)
    slot_ms, due_ms, missed = firing.slot_ms, firing.slot_ms + delay, firing.missed
    of_missed = () if missed is None else (missed.count, missed.first_ms, missed.last_ms)
    fire = SlotFire(FireKind.CLOCK.value, slot_ms, due_ms, begins.state.value, now, "", *of_missed)
    single = SlotSingleFire(_CLOCK_MODE, slot_ms, due_ms, now, None, *of_missed)
    return _Start(firing, due_ms, single if begins.state is FireState.RUNNING else None, fire)


def _advance(planned: Plan, delay: int, entries: Sequence[Firing | Passed], now: int) -> Advance:
    """How the cursor moves when these entries of a plan are written."""
    firings = [entry for entry in entries if isinstance(entry, Firing)]
    skips = [entry for entry in entries if isinstance(entry, Passed) and entry.reason.by_overlap]
    waiting = sum(firing.decision.waits for firing in firings)
    instead = sum(firing.decision is Decision.HOLD_INSTEAD for firing in firings)
    advance = Advance(
        planned.accounted_to,
        planned.next_slot,
        _due_after(planned, delay),
        fired=len(firings) - instead,
        opened=len(firings) - waiting,
        waiting=waiting - instead,
        skipped=sum(skip.count for skip in skips) + instead,
    )
    # A fire that is held is the last one from its start on. Until then that is the one it waits for.
    firings = [firing for firing in firings if not firing.decision.holds]
    if firings:
        last = firings[-1]
        state = FireState.WAITING if last.decision.waits else FireState.RUNNING
        advance = advance._replace(last_slot=last.slot_ms, last_fired_ms=now, last_state=state.value)
    if skips:
        reason = SKIP_REASON if skips[-1].reason is SpanReason.SKIPPED else UNBEGUN_REASON
        advance = advance._replace(last_skip_ms=skips[-1].last_ms, last_skip_reason=reason)
    return advance


def _due_after(planned: Plan, delay: int) -> int | None:
    """When a schedule is due next."""
    if planned.next_slot is None:
        return None
    return WHEN_RESUMED if planned.paused else held_ms(planned.next_slot + delay)


async def _without_known_fires(
    tx: Tx, owed: Sequence[tuple[DueCursor, _Situation]], now: int
) -> list[tuple[DueCursor, _Situation]]:
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
    return [(cursor, _less(cursor, situation, known, now)) for cursor, situation in owed]


def _less(cursor: DueCursor, situation: _Situation, known: Collection[Id], now: int) -> _Situation:
    entries = [
        entry
        for entry in situation.plan.entries
        if isinstance(entry, Passed)
        or fire_id(cursor.schedule_id, FireKind.CLOCK, entry.slot_ms) not in known
    ]
    policies = policies_from_text(cursor.policies)
    alone = not cursor.has_audience
    return _situation_of(situation.plan, policies, situation.delay, alone, entries, now)


async def _gather(tx: Tx, batch: _Batch, owed: Sequence[tuple[DueCursor, _Situation]]) -> None:
    """Gather the rows of what each schedule owes. Only ending earlier fires and dropping those that were held touches
    the database in this step."""
    held = await _drop_held(tx, [cursor for cursor, situation in owed if situation.holds_instead])
    for cursor, situation in owed:
        fire: Id | None = None
        entries, advance = situation.entries, situation.advance
        earlier = held.get(cursor.schedule_id) if held else None
        if earlier is not None:
            entries = _skip_held(batch, cursor, earlier, entries)
            if cursor.workspace_id in tx.recording:
                tx.tell(_note_of_skip(cursor, earlier, batch.now))
            if advance.last_skip_ms is None:
                advance = advance._replace(last_skip_ms=earlier.slot_ms, last_skip_reason=UNBEGUN_REASON)
        for entry in entries:
            if isinstance(entry, Passed):
                _pass(batch, cursor, entry, joins=entry is situation.plan.entries[0])
                continue
            if situation.replaces:
                await _make_way(tx, batch, cursor.schedule_id, entry.firing)
            if entry.firing.decision.holds:
                _hold(batch, cursor, entry, earlier)
            else:
                fire = _fire(batch, cursor, entry)
        place, schedule_id = cursor.place, cursor.schedule_id
        if situation.fires_once:
            slot_ms, next_slot, next_due, *_ = advance
            row = (place, schedule_id, fire, slot_ms, next_slot, next_due, batch.now)
            batch.fired.append(new_row(FiredCursor, row))
        else:
            batch.moves.append(CursorMove(place, schedule_id, fire, *advance))
        if situation.plan.ended is not None:
            batch.completed.append(CompletedSchedule(schedule_id, batch.now, situation.plan.ended))
            if situation.quiet:
                batch.completed_quietly.append(schedule_id)


def _pass(batch: _Batch, cursor: DueCursor, entry: Passed, joins: bool) -> None:
    """Enter slots that did not fire. The first of a plan may join the span that ends where the schedule stands."""
    schedule_id = cursor.schedule_id
    if joins:
        batch.joining[schedule_id] = entry.first_ms
    batch.spans[schedule_id, entry.first_ms] = SpanRow(
        schedule_id,
        entry.first_ms,
        entry.last_ms,
        entry.count,
        entry.reason.value,
        cursor.version,
        batch.now,
        cursor.workspace_id,
    )


async def _drop_held(tx: Tx, cursors: Sequence[DueCursor]) -> dict[Id, HeldFire]:
    """Take the fires out of the ledger that schedules have held, because a later slot of each is held instead; the
    fires by schedule."""
    if not cursors:
        return {}
    rows = await tx.tuples("held_fires", ids=sorted(cursor.schedule_id for cursor in cursors))
    held = {fire.schedule_id: fire for fire in map(HeldFire._make, rows)}
    await tx.run("drop_fires", ids=sorted(fire.id for fire in held.values()))
    return held


def _skip_held(
    batch: _Batch, cursor: DueCursor, held: HeldFire, entries: Sequence[_Start | Passed]
) -> Sequence[_Start | Passed]:
    """Enter the slot of a fire that was held as skipped; the entries of the plan that are still to be entered.

    It makes one span with the slots before and after it that were skipped for the same reason.
    """
    reason, version = SpanReason.UNBEGUN, held.version
    last_ms, slots = held.slot_ms, 1
    first = entries[0]
    if (
        isinstance(first, Passed)
        and (first.reason, cursor.version) == (reason, version)
        and held.slot_ms == cursor.accounted_to
    ):
        last_ms, slots = first.last_ms, 1 + first.count
        entries = entries[1:]
    schedule_id = held.schedule_id
    if held.span_first_ms is not None and (held.span_reason, held.span_version) == (reason.value, version):
        extended = SpanExtension(schedule_id, held.span_first_ms, last_ms, slots, batch.now)
        batch.longer_spans.append(extended)
    else:
        own = held.slot_ms, last_ms, slots, reason.value, version, batch.now
        row = SpanRow(schedule_id, *own, cursor.workspace_id)
        batch.spans[schedule_id, held.slot_ms] = row
    return entries


def _note_of_skip(cursor: DueCursor, held: HeldFire, now: int) -> EventNote:
    """The event of a slot that was held and is skipped."""
    slot, own = held.slot_ms, (cursor.workspace_id, cursor.schedule_id)
    note = slots_passed(*own, slot, slot, 1, SpanReason.UNBEGUN, now)
    assert note is not None
    return note


def _hold(batch: _Batch, cursor: DueCursor, start: _Start, earlier: HeldFire | None) -> None:
    """The row of a slot that is held. It goes on standing for the missed slots for which the `earlier` one stood."""
    fire = fire_id(cursor.schedule_id, FireKind.CLOCK, start.firing.slot_ms)
    row = FireRow(fire, cursor.workspace_id, cursor.schedule_id, cursor.version, *start.fire)
    if earlier is not None and start.firing.missed is None:
        row = row._replace(
            missed_count=earlier.missed_count,
            missed_first=earlier.missed_first,
            missed_last=earlier.missed_last,
        )
    batch.fires.append(row)


def _fire(batch: _Batch, cursor: DueCursor, start: _Start) -> Id:
    """The rows of a slot that fires: its fire and, unless it waits, its only run or the reading of its audience."""
    schedule_id, workspace_id, version = cursor.schedule_id, cursor.workspace_id, cursor.version
    fire = fire_id(schedule_id, FireKind.CLOCK, start.firing.slot_ms)
    if start.single is not None:
        target_id, due_ms = cursor.target_id, start.due_ms
        single = (fire, workspace_id, schedule_id, version, target_id, *start.single)
        batch.single_fires.append(new_row(SingleFireRow, single))
        if batch.node is None or cursor.limited or not _finds_room(batch, target_id):
            batch.ready.append(new_row(ReadyRow, (fire, target_id, due_ms, cursor.limited, None, 0)))
        else:
            batch.ready.append(new_row(ReadyRow, (fire, target_id, due_ms, 0, batch.node, FIRST_EPOCH)))
            batch.born_claimed.append(_BornClaimed(fire, cursor, start))
        return fire
    batch.fires.append(new_row(FireRow, (fire, workspace_id, schedule_id, version, *start.fire)))
    if cursor.has_audience and not start.firing.decision.waits:
        batch.fanouts.append(NewFanoutTask(fire, workspace_id, schedule_id, version, batch.now))
    return fire


def _finds_room(batch: _Batch, lane: Id) -> bool:
    """Whether one more run of a lane may be born claimed."""
    born = batch.born.get(lane, 0)
    if len(batch.born_claimed) >= batch.room or born >= batch.lane_room.of(lane):
        return False
    batch.born[lane] = born + 1
    return True


async def _describe_born(tx: Tx, born: Sequence[_BornClaimed]) -> list[ClaimedRun]:
    """The runs that were born claimed, as their worker is told of them.

    Names, inputs and grants are read here, for the schedules of these runs alone, because a release does not
    need them.
    """
    if not born:
        return []
    ids = list({run.cursor.schedule_id for run in born})
    rows = await tx.tuples("schedules_of_born_runs", ids=ids, every_target=EVERY_TARGET)
    schedules = {row[0]: BornRunSchedule._make(row) for row in rows}
    return [_described(run, schedules[run.cursor.schedule_id]) for run in born]


def _described(run: _BornClaimed, schedule: BornRunSchedule) -> ClaimedRun:
    cursor, start = run.cursor, run.start
    fields = (
        run.fire_id,
        cursor.workspace_id,
        cursor.schedule_id,
        run.fire_id,
        cursor.target_id,
        cursor.target_version,
        "",
        start.due_ms,
        start.firing.slot_ms,
        0,
        FIRST_EPOCH,
        max(start.due_ms, start.fire.fired_ms),
        0,
        None,
        schedule.name,
        cursor.timing,
        cursor.policies,
        schedule.input,
        None,
        schedule.environment,
        True,
        bool(schedule.granted),
        False,
        RunMode.CLOCK,
        FireKind.CLOCK,
        start.firing.missed,
    )
    return new_row(ClaimedRun, fields)


async def _make_way(tx: Tx, batch: _Batch, schedule_id: Id, firing: Firing) -> None:
    """End the earlier fires of a schedule where the overlap policy says so, those of this release among them."""
    if firing.decision is Decision.TERMINATE_AND_START:
        await _write_births(tx, batch)
        await _terminate(tx, schedule_id, firing.slot_ms, batch.now)
    elif firing.decision is Decision.CANCEL_AND_WAIT:
        await _write_births(tx, batch)
        await _ask_to_stop(tx, schedule_id, batch.now)
        batch.cleared.add(schedule_id)


async def _terminate(tx: Tx, schedule_id: Id, slot_ms: int, now: int) -> None:
    """Cancel a schedule's open runs at once, which settles their fires."""
    await stop_fanout_tasks(tx, schedule_id, now)
    await cancel_runs(tx, await _open_runs(tx, schedule_id, slot_ms), now)
    tx.announce(CANCELLED, now)


async def _ask_to_stop(tx: Tx, schedule_id: Id, now: int) -> None:
    """Cancel what waits or has not begun, and ask workers to end what has."""
    await stop_fanout_tasks(tx, schedule_id, now)
    unclaimed = [run for run in await _open_runs(tx, schedule_id, now + 1) if run.owner is None]
    await cancel_runs(tx, unclaimed, now)
    await tx.run("stop_running_of_schedule", schedule_id=schedule_id)
    tx.announce(CANCELLED, now)
    cancelled = await cancel_waiting_fires(tx, schedule_id, now, REPLACED)
    if cancelled:
        await tx.run("drop_waiting", schedule_id=schedule_id, cancelled=cancelled)


async def _open_runs(tx: Tx, schedule_id: Id, before_ms: int) -> list[OpenRun]:
    """The runs of a schedule's clock fires that are not over, of slots before an instant."""
    rows = await tx.rows("open_runs_of_schedule", schedule_id=schedule_id, before=lowest_id_at(before_ms))
    return [OpenRun.from_row(row) for row in rows]


async def _write_births(tx: Tx, batch: _Batch) -> None:
    """Write what has begun so far, so that it can be cancelled again where a later fire replaces it."""
    batch.begun += len(batch.fires) + len(batch.single_fires)
    if any(row.owner is None for row in batch.ready):
        tx.announce(READY, batch.now)
    if batch.fanouts:
        tx.announce(FANOUT, batch.now)
    for statement, rows in (
        ("insert_fires", batch.fires),
        ("insert_single_fires", batch.single_fires),
        ("insert_ready", batch.ready),
        ("insert_fanout_tasks", batch.fanouts),
    ):
        if rows:
            await tx.many(statement, rows)
            rows.clear()


async def _write(tx: Tx, batch: _Batch) -> None:
    if batch.spans or batch.longer_spans:
        await _write_spans(tx, batch)
    for statement, rows in (
        ("move_fired_cursors", batch.fired),
        ("move_cursors", batch.moves),
        ("complete_schedules", batch.completed),
    ):
        if rows:
            await tx.many(statement, rows)
    await _write_births(tx, batch)
    if batch.completed_quietly:
        await delete_quiet(tx, batch.completed_quietly, batch.now)
    if batch.cleared:
        await follow_up(tx, batch.cleared, batch.now)


async def _write_spans(tx: Tx, batch: _Batch) -> None:
    """Write spans. Those that meet, with one reason and version, become one. The cursors have not been moved yet."""
    longer = batch.longer_spans
    for row in await tx.rows("last_spans", ids=sorted(batch.joining)) if batch.joining else ():
        before = LastSpan._make(row)
        place = before.schedule_id, batch.joining[before.schedule_id]
        span = batch.spans[place]
        if (before.reason, before.version) == (span.reason, span.version):
            del batch.spans[place]
            longer.append(
                SpanExtension(before.schedule_id, before.first_ms, span.last_ms, span.slots, batch.now)
            )
    if longer:
        await tx.many("extend_spans", longer)
    if batch.spans:
        await tx.many("insert_spans", list(batch.spans.values()))
