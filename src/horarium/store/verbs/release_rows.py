"""The rows of one release: gathered over all its schedules, then written in sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from horarium.domain.events import EventNote, slots_passed
from horarium.domain.fire import FireKind, SpanReason
from horarium.domain.ids import Id, fire_id, lowest_id_at
from horarium.domain.overlap import Decision
from horarium.domain.places import UNBOUNDED, LaneRoom
from horarium.domain.plan import Firing, Passed
from horarium.domain.run import RunMode
from horarium.domain.tenancy import EVERY_TARGET
from horarium.store.base import CANCELLED, FANOUT, READY, Tx
from horarium.store.rows import (
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
    SpanExtension,
    SpanRow,
    new_row,
)
from horarium.store.verbs.entries import cancel_waiting_fires, hold_queued
from horarium.store.verbs.fanout import stop_fanout_tasks
from horarium.store.verbs.pauses import Ruling
from horarium.store.verbs.settle import cancel_runs, delete_quiet, follow_up
from horarium.store.verbs.situations import UNBEGUN_REASON, Situation, Start

REPLACED = "replaced by a later fire"
# The epoch of runs that are born claimed. Runs that are not start at 0, and every claim adds one.
FIRST_EPOCH = 1


class _BornClaimed(NamedTuple):
    """The run of a single fire that is claimed at its birth, before the rest of what its worker must know has been
    read."""

    fire_id: Id
    cursor: DueCursor
    start: Start


@dataclass(slots=True)
class Batch:
    """The rows of one release, gathered over all its schedules.

    Up to `room` runs are claimed for `node` at birth, and of each lane no more than `lane_room` says; `born` counts
    them by lane. `begun` counts the fires that have been written already.
    `joining`: by schedule the first of its slots that did not fire and may join the span before them. `cleared`:
    schedules whose earlier fires were ended or asked to stop: the one that waits may be able to start, and those that
    failed may pause the schedule. `rules`: the
    pauses that may matter.
    """

    now: int
    node: Id | None = None
    room: int = 0
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


async def gather(tx: Tx, batch: Batch, owed: Sequence[tuple[DueCursor, Situation]]) -> None:
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


def _pass(batch: Batch, cursor: DueCursor, entry: Passed, joins: bool) -> None:
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
    batch: Batch, cursor: DueCursor, held: HeldFire, entries: Sequence[Start | Passed]
) -> Sequence[Start | Passed]:
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


def _hold(batch: Batch, cursor: DueCursor, start: Start, earlier: HeldFire | None) -> None:
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


def _fire(batch: Batch, cursor: DueCursor, start: Start) -> Id:
    """The rows of a slot that fires: its fire and, unless it waits, its only run or the reading of its audience."""
    schedule_id, workspace_id, version = cursor.schedule_id, cursor.workspace_id, cursor.version
    fire = fire_id(schedule_id, FireKind.CLOCK, start.firing.slot_ms)
    if start.single is not None:
        target_id, due_ms = cursor.target_id, start.due_ms
        single = (fire, workspace_id, schedule_id, version, target_id, *start.single)
        batch.single_fires.append(new_row(SingleFireRow, single))
        if batch.node is None or cursor.limited or not _finds_room(batch, target_id, workspace_id):
            batch.ready.append(new_row(ReadyRow, (fire, target_id, due_ms, cursor.limited, None, 0)))
        else:
            batch.ready.append(new_row(ReadyRow, (fire, target_id, due_ms, 0, batch.node, FIRST_EPOCH)))
            batch.born_claimed.append(_BornClaimed(fire, cursor, start))
        return fire
    batch.fires.append(new_row(FireRow, (fire, workspace_id, schedule_id, version, *start.fire)))
    if cursor.has_audience and not start.firing.decision.waits:
        batch.fanouts.append(NewFanoutTask(fire, workspace_id, schedule_id, version, batch.now))
    return fire


def _finds_room(batch: Batch, lane: Id, workspace: Id) -> bool:
    """Whether one more run of a lane may be born claimed."""
    born = batch.born.get(lane, 0)
    if len(batch.born_claimed) >= batch.room or born >= batch.lane_room.of(lane, workspace):
        return False
    batch.born[lane] = born + 1
    return True


async def describe_born(tx: Tx, born: Sequence[_BornClaimed]) -> list[ClaimedRun]:
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


async def _make_way(tx: Tx, batch: Batch, schedule_id: Id, firing: Firing) -> None:
    """End the earlier fires of a schedule where the overlap policy says so, those of this release among them."""
    if firing.decision is Decision.TERMINATE_AND_START:
        await _write_births(tx, batch)
        await _terminate(tx, schedule_id, firing.slot_ms, batch.now)
    elif firing.decision is Decision.CANCEL_AND_WAIT:
        await _write_births(tx, batch)
        await _ask_to_stop(tx, schedule_id, batch.now)
    else:
        return
    batch.cleared.add(schedule_id)


async def _terminate(tx: Tx, schedule_id: Id, slot_ms: int, now: int) -> None:
    """Cancel a schedule's open runs at once, which settles their fires. Those that wait for them go first: otherwise
    the next of these would begin beside the fire that they are ended for."""
    await stop_fanout_tasks(tx, schedule_id, now)
    await _cancel_waiting(tx, schedule_id, now)
    await cancel_runs(tx, await _open_runs(tx, schedule_id, slot_ms), now)
    tx.announce(CANCELLED, now)


async def _ask_to_stop(tx: Tx, schedule_id: Id, now: int) -> None:
    """Cancel what waits or has not begun, and ask workers to end what has."""
    await stop_fanout_tasks(tx, schedule_id, now)
    open_runs = await _open_runs(tx, schedule_id, now + 1)
    await hold_queued(tx, [run.id for run in open_runs])
    await cancel_runs(tx, [run for run in open_runs if run.owner is None], now)
    await tx.run("stop_running_of_schedule", schedule_id=schedule_id)
    tx.announce(CANCELLED, now)
    await _cancel_waiting(tx, schedule_id, now)


async def _cancel_waiting(tx: Tx, schedule_id: Id, now: int) -> None:
    cancelled = await cancel_waiting_fires(tx, schedule_id, now, REPLACED)
    if cancelled:
        await tx.run("drop_waiting", schedule_id=schedule_id, cancelled=cancelled)


async def _open_runs(tx: Tx, schedule_id: Id, before_ms: int) -> list[OpenRun]:
    """The runs of a schedule's clock fires that are not over, of slots before an instant."""
    rows = await tx.rows("open_runs_of_schedule", schedule_id=schedule_id, before=lowest_id_at(before_ms))
    return [OpenRun.from_row(row) for row in rows]


async def _write_births(tx: Tx, batch: Batch) -> None:
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


async def write_batch(tx: Tx, batch: Batch) -> None:
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


async def _write_spans(tx: Tx, batch: Batch) -> None:
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
