"""Release: turn due slots into fires and runs, in one transaction, and move each schedule on.

The plan is asked once for each distinct situation in the batch (a thousand schedules of one recurrence that
stand at the same slot are one situation), and everything is written in sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from horarium.domain.errors import Unavailable
from horarium.domain.fire import FireKind, FireState, SpanReason
from horarium.domain.ids import Id, fire_id, lowest_id_at, run_id
from horarium.domain.overlap import Decision
from horarium.domain.plan import Firing, Passed, Plan, plan
from horarium.domain.run import Missed, RunMode
from horarium.domain.schedule import (
    AfterCompletion,
    OverlapScope,
    Policies,
    policies_from_text,
    stored_recurrence,
    timing_from_text,
)
from horarium.domain.tenancy import EVERY_TARGET
from horarium.store.base import CANCELLED, FANOUT, READY, Tx
from horarium.store.rows import BornRunSchedule, ClaimedRun
from horarium.store.verbs.fanout import stop_fanouts
from horarium.store.verbs.meta import raise_zone_data
from horarium.store.verbs.settle import cancel_runs, delete_quiet, follow_up
from horarium.times import TZDATA_VERSION, jitter_ms, zone_fingerprint

SKIP_REASON = "previous fire still running"
REPLACED = "replaced by a later fire"
_CLOCK_KIND, _CLOCK_MODE = FireKind.CLOCK.value, RunMode.CLOCK.value
FIRST_EPOCH = 1
"""Runs born claimed start here; runs born unclaimed at 0, and every claim adds one."""


@dataclass(slots=True)
class Released:
    """What a release did: how many schedules it took, how many fires it began, and the runs that it claimed for the
    node that released them. `next_due`: when the next schedule is due (ms)."""

    schedules: int = 0
    fires: int = 0
    claimed: Sequence[ClaimedRun] = ()
    next_due: int | None = None


class Standing(NamedTuple):
    """A cursor and what decides about it: the columns of `standing` in release.sql, in their order.

    A release looks some thirty times at them for each fire, and a row of SQLite searches its column names each time.
    """

    place: int
    schedule_id: Id
    workspace_id: Id
    version: int
    accounted_to: int
    next_due: int | None
    fires: int
    open_fires: int
    waiting_fires: int
    zone: str
    zone_data: str
    timing: str
    policies: str
    target_id: Id
    has_audience: int
    target_version: int
    limited: int


class _BornClaimed(NamedTuple):
    """A run that is claimed at its birth, before the rest of what its worker must know has been read."""

    run_id: Id
    fire_id: Id
    standing: Standing
    slot_ms: int
    due_ms: int
    missed: Missed | None


@dataclass(slots=True)
class _Batch:
    """Rows to write, gathered over all schedules of one release. `known`: fires that exist already;
    `cleared`: schedules whose earlier fires were cancelled, so that the one that waits may be able to
    start."""

    now: int
    node: Id | None
    room: int
    known: frozenset[Id] = frozenset()
    begun: int = 0
    fired: list[tuple[Any, ...]] = field(default_factory=list)
    advanced: list[tuple[Any, ...]] = field(default_factory=list)
    fires: list[tuple[Any, ...]] = field(default_factory=list)
    runs: list[tuple[Any, ...]] = field(default_factory=list)
    ready: list[tuple[Any, ...]] = field(default_factory=list)
    spans: dict[tuple[Id, int], tuple[Any, ...]] = field(default_factory=dict)
    joining: dict[Id, int] = field(default_factory=dict)
    fanouts: list[tuple[Any, ...]] = field(default_factory=list)
    ended: list[tuple[Any, ...]] = field(default_factory=list)
    ended_quietly: list[Id] = field(default_factory=list)
    born_claimed: list[_BornClaimed] = field(default_factory=list)
    cleared: set[Id] = field(default_factory=set)


async def earliest_due(tx: Tx) -> int | None:
    """The instant at which the next schedule is due, or None."""
    row = await tx.row("earliest_due")
    return None if row is None else int(row[0])


async def release(
    tx: Tx, now: int, limit: int, node: Id | None = None, room: int = 0, careful: bool = False
) -> Released:
    """Account for every slot due at `now` of up to `limit` schedules.

    Up to `room` of the new runs are claimed for `node` at birth. `careful` leaves out fires that exist
    already: for the repeat after a uniqueness constraint has refused a batch (a restored backup, say).
    """
    due = [*map(Standing._make, await tx.rows("due_schedules", now=now, limit=limit))]
    released = await _release(tx, due, _Batch(now, node, room), careful)
    released.next_due = await earliest_due(tx)
    return released


async def release_one(tx: Tx, schedule_id: Id, now: int) -> None:
    """Account for what one schedule owes at `now`, before it is edited, paused or deleted.

    Nothing is done where nothing is due. The cursor is locked by a statement of its own: one that waits sees what it
    waited for, but what it joins as it was before.
    """
    await tx.rows("hold_cursors", ids=[schedule_id])
    row = await tx.row("due_schedule", schedule_id=schedule_id)
    if row is not None and row["next_due"] is not None and row["next_due"] <= now:
        await _release(tx, [Standing._make(row)], _Batch(now, None, 0), careful=True)


async def _release(tx: Tx, due: Sequence[Standing], batch: _Batch, careful: bool) -> Released:
    if not due:
        return Released()
    await _refuse_older_zones(tx, due)
    situations: dict[tuple[Any, ...], _Situation] = {}
    further = []
    for row in due:
        situation = _situation(row, batch.now, situations)
        if situation.plain is None or careful or row.has_audience:
            further.append((row, situation))
        else:
            _begin_plainly(batch, row, situation, situation.plain)
    if careful:
        batch.known = await _known(tx, further)
    for row, situation in further:
        await _enter(tx, batch, row, situation.policies, situation.jitter, situation.plan)
    await _write(tx, batch)
    return Released(len(due), batch.begun, await _describe_born(tx, batch.born_claimed))


@dataclass(frozen=True, slots=True)
class _Situation:
    """What decides about a schedule now, and what it owes: shared by all schedules of the batch that stand
    alike.

    `plain` is set where all that happens is that one slot fires and its fire starts.
    """

    policies: Policies
    jitter: int
    plan: Plan
    plain: Firing | None


def _situation(row: Standing, now: int, known: dict[tuple[Any, ...], _Situation]) -> _Situation:
    policies = policies_from_text(row.policies)
    alone = not row.has_audience
    if alone and policies.overlap_scope is OverlapScope.ROW:  # there are no rows to tell apart
        policies = replace(policies, overlap_scope=OverlapScope.FIRE)
    jitter = jitter_ms(row.schedule_id, policies.jitter_ms) if policies.jitter_ms else 0
    fires = row.fires if policies.max_fires is not None else 0
    open_fires, waiting = row.open_fires, row.waiting_fires
    key = (row.timing, row.policies, row.accounted_to, fires, open_fires, waiting, jitter, alone)
    found = known.get(key)
    if found is None:
        recurrence = stored_recurrence(timing_from_text(row.timing))
        planned = plan(recurrence, policies, row.accounted_to, fires, open_fires, waiting, now - jitter)
        found = known[key] = _Situation(policies, jitter, planned, _plain(planned))
    return found


def _plain(planned: Plan) -> Firing | None:
    entries = planned.entries
    if planned.ended is not None or len(entries) != 1:
        return None
    only = entries[0]
    return only if isinstance(only, Firing) and only.decision is Decision.START else None


def _begin_plainly(batch: _Batch, row: Standing, situation: _Situation, firing: Firing) -> None:
    """The rows of one slot that fires, all at once: nine schedules of ten come through here, so it is one
    function.

    `_enter` would write the same rows.
    """
    schedule_id, slot, next_slot = row.schedule_id, firing.slot_ms, situation.plan.next_slot
    one = fire_id(schedule_id, FireKind.CLOCK, slot)
    due = slot + situation.jitter
    batch.fires.append(_fire_row(row, firing, situation.jitter, FireState.RUNNING, batch.now, 1, one))
    _one_run(batch, one, row, firing, due)
    next_due = None if next_slot is None else next_slot + situation.jitter
    batch.fired.append((row.place, schedule_id, slot, next_slot, next_due, batch.now, one))


async def _refuse_older_zones(tx: Tx, due: Sequence[Standing]) -> None:
    """What was computed from newer zone data than ours is not ours to plan."""
    zones = {(row.zone, row.zone_data) for row in due}
    if all(zone_data == zone_fingerprint(zone) for zone, zone_data in zones):
        return
    highest = await raise_zone_data(tx, TZDATA_VERSION)
    if highest != TZDATA_VERSION:
        raise Unavailable(
            f"this node has the zone data {TZDATA_VERSION}, others have {highest}: it does not plan until it "
            "is brought up to date"
        )


async def _known(tx: Tx, planned: Sequence[tuple[Standing, _Situation]]) -> frozenset[Id]:
    """Which of the fires that are planned exist already."""
    ids = [
        fire_id(row.schedule_id, FireKind.CLOCK, entry.slot_ms)
        for row, situation in planned
        for entry in situation.plan.entries
        if isinstance(entry, Firing)
    ]
    return frozenset(row[0] for row in await tx.rows("known_fires", ids=ids)) if ids else frozenset()


async def _enter(
    tx: Tx, batch: _Batch, row: Standing, policies: Policies, jitter: int, planned: Plan
) -> None:
    """Gather the rows of one schedule's plan."""
    next_due = None if planned.next_slot is None else planned.next_slot + jitter
    schedule_id = row.schedule_id
    if planned.ended is not None:
        batch.ended.append((schedule_id, batch.now, planned.ended))
        if policies.after_completion is AfterCompletion.DELETE and not planned.entries:
            batch.ended_quietly.append(schedule_id)
    entries = planned.entries
    if len(entries) == 1 and isinstance(entries[0], Firing) and entries[0].decision is Decision.START:
        begun = fire_id(schedule_id, FireKind.CLOCK, entries[0].slot_ms)
        if begun not in batch.known:
            _begin(batch, row, entries[0], jitter, begun)
            slot = entries[0].slot_ms
            batch.fired.append((row.place, schedule_id, slot, planned.next_slot, next_due, batch.now, begun))
            return
    fired = opened = waiting = skipped = 0
    last: tuple[Any, ...] = (None, None, None, None)
    skip: tuple[Any, ...] = (None, None)
    for entry in entries:
        if isinstance(entry, Passed):
            _pass(batch, row, entry, joins=entry is entries[0])
            if entry.reason is SpanReason.SKIPPED:
                skipped += entry.count
                skip = (entry.last_ms, SKIP_REASON)
            continue
        one = fire_id(schedule_id, FireKind.CLOCK, entry.slot_ms)
        if one in batch.known:
            continue
        fired += 1
        waits = entry.decision in (Decision.WAIT, Decision.CANCEL_AND_WAIT)
        if entry.decision is Decision.TERMINATE_AND_START:
            await _write_births(tx, batch)
            await _terminate(tx, schedule_id, entry.slot_ms, batch.now)
        elif entry.decision is Decision.CANCEL_AND_WAIT:
            await _write_births(tx, batch)
            waiting -= await _ask_to_stop(tx, schedule_id, batch.now)
            batch.cleared.add(schedule_id)
        if waits:
            batch.fires.append(_fire_row(row, entry, jitter, FireState.WAITING, batch.now, None, one))
            waiting += 1
        else:
            _begin(batch, row, entry, jitter, one)
            opened += 1
        last = (entry.slot_ms, batch.now, one, "waiting" if waits else "running")
    batch.advanced.append(
        (
            row.place,
            schedule_id,
            planned.accounted_to,
            planned.next_slot,
            next_due,
            fired,
            opened,
            waiting,
            skipped,
            *last,
            *skip,
        )
    )


def _fire_row(
    row: Standing, entry: Firing, jitter: int, state: FireState, now: int, runs: int | None, one: Id
) -> tuple[Any, ...]:
    missed = entry.missed
    return (
        one,
        row.workspace_id,
        row.schedule_id,
        row.version,
        _CLOCK_KIND,
        entry.slot_ms,
        entry.slot_ms + jitter,
        "",
        state.value,
        now,
        missed.count if missed else None,
        missed.first_ms if missed else None,
        missed.last_ms if missed else None,
        runs,
        runs or 0,
    )


def _begin(batch: _Batch, row: Standing, entry: Firing, jitter: int, one: Id) -> None:
    """The rows of a fire that starts now: its one run, or the reading of its audience."""
    if row.has_audience:
        batch.fires.append(_fire_row(row, entry, jitter, FireState.RESOLVING, batch.now, None, one))
        batch.fanouts.append((one, row.workspace_id, row.schedule_id, row.version, batch.now))
        return
    batch.fires.append(_fire_row(row, entry, jitter, FireState.RUNNING, batch.now, 1, one))
    _one_run(batch, one, row, entry, entry.slot_ms + jitter)


def _one_run(batch: _Batch, of_fire: Id, row: Standing, firing: Firing, due_ms: int) -> None:
    run = run_id(of_fire)
    batch.runs.append(
        (
            run,
            row.workspace_id,
            row.schedule_id,
            of_fire,
            row.version,
            row.target_id,
            _CLOCK_MODE,
            "",
            0,
            due_ms,
            batch.now,
            None,
        )
    )
    limited = 1 if row.limited else 0
    if batch.node is not None and not limited and len(batch.born_claimed) < batch.room:
        batch.born_claimed.append(_BornClaimed(run, of_fire, row, firing.slot_ms, due_ms, firing.missed))
        batch.ready.append((run, row.target_id, due_ms, batch.node, FIRST_EPOCH, 0))
    else:
        batch.ready.append((run, row.target_id, due_ms, None, 0, limited))


async def _describe_born(tx: Tx, born: Sequence[_BornClaimed]) -> list[ClaimedRun]:
    """The runs that were born claimed, as their worker is told of them.

    Names, inputs and grants are no concern of a release: they are read here, for the schedules of these runs alone.
    """
    if not born:
        return []
    ids = list({run.standing.schedule_id for run in born})
    rows = await tx.rows("schedules_of_born_runs", ids=ids, every_target=EVERY_TARGET)
    schedules = {row[0]: BornRunSchedule._make(row) for row in rows}
    described = []
    for run in born:
        standing, schedule = run.standing, schedules[run.standing.schedule_id]
        described.append(
            ClaimedRun(
                id=run.run_id,
                workspace_id=standing.workspace_id,
                schedule_id=standing.schedule_id,
                fire_id=run.fire_id,
                target_id=standing.target_id,
                target_version=standing.target_version,
                row_key="",
                due_ms=run.due_ms,
                slot_ms=run.slot_ms,
                attempts=0,
                epoch=FIRST_EPOCH,
                schedule_name=schedule.name,
                timing=standing.timing,
                policies=standing.policies,
                input=schedule.input,
                data=None,
                environment=schedule.environment,
                has_audience=False,
                granted=bool(schedule.granted),
                stop=False,
                mode=RunMode.CLOCK,
                fire_kind=FireKind.CLOCK,
                missed=run.missed,
            )
        )
    return described


def _pass(batch: _Batch, row: Standing, entry: Passed, joins: bool) -> None:
    """Slots that did not fire. What comes first may join the span that ends where the schedule stands."""
    schedule_id, version = row.schedule_id, row.version
    if joins:
        batch.joining[schedule_id] = entry.first_ms
    span = (schedule_id, entry.first_ms, entry.last_ms, entry.count, entry.reason.value, version, batch.now)
    batch.spans[schedule_id, entry.first_ms] = span


async def _terminate(tx: Tx, schedule_id: Id, slot_ms: int, now: int) -> None:
    """Cancel a schedule's open runs at once, which settles their fires."""
    await stop_fanouts(tx, schedule_id, now)
    open_runs = await tx.rows("open_runs_of_schedule", schedule_id=schedule_id, before=lowest_id_at(slot_ms))
    await cancel_runs(tx, open_runs, now)
    tx.announce(CANCELLED, now)


async def _ask_to_stop(tx: Tx, schedule_id: Id, now: int) -> int:
    """Cancel what waits or has not begun, ask workers to end what has; how many waiting fires that ended."""
    await stop_fanouts(tx, schedule_id, now)
    open_runs = await tx.rows("open_runs_of_schedule", schedule_id=schedule_id, before=lowest_id_at(now + 1))
    await cancel_runs(tx, [run for run in open_runs if run["owner"] is None], now)
    await tx.run("stop_running_of_schedule", schedule_id=schedule_id)
    tx.announce(CANCELLED, now)
    return await tx.run("cancel_waiting_fires", schedule_id=schedule_id, now=now, error=REPLACED)


async def _write_births(tx: Tx, batch: _Batch) -> None:
    """What has begun so far: in the database before it may have to be cancelled again."""
    batch.begun += len(batch.fires)
    if any(owner is None for _, _, _, owner, _, _ in batch.ready):
        tx.announce(READY, batch.now)
    if batch.fanouts:
        tx.announce(FANOUT, batch.now)
    for statement, rows in (
        ("insert_fires", batch.fires),
        ("insert_runs", batch.runs),
        ("insert_ready", batch.ready),
        ("insert_fanouts", batch.fanouts),
    ):
        if rows:
            await tx.many(statement, rows)
            rows.clear()


async def _write(tx: Tx, batch: _Batch) -> None:
    if batch.spans:
        await _write_spans(tx, batch)
    for statement, rows in (
        ("advance_fired", batch.fired),
        ("advance_cursors", batch.advanced),
        ("complete_schedules", batch.ended),
    ):
        if rows:
            await tx.many(statement, rows)
    await _write_births(tx, batch)
    if batch.ended_quietly:
        await delete_quiet(tx, batch.ended_quietly, batch.now)
    if batch.cleared:
        await follow_up(tx, batch.cleared, batch.now)


async def _write_spans(tx: Tx, batch: _Batch) -> None:
    """Spans of the same reason and version that meet are one; the cursors still stand where they stood."""
    longer = []
    for before in await tx.rows("last_spans", ids=sorted(batch.joining)) if batch.joining else ():
        place = before["schedule_id"], batch.joining[before["schedule_id"]]
        _, _, last_ms, count, reason, version, _ = batch.spans[place]
        if (before["reason"], before["version"]) == (reason, version):
            del batch.spans[place]
            longer.append((place[0], before["first_ms"], last_ms, count, batch.now))
    if longer:
        await tx.many("extend_spans", longer)
    if batch.spans:
        await tx.many("insert_spans", list(batch.spans.values()))
