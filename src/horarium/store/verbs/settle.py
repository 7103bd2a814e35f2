"""Settle: what the end of runs means for their fires, for their schedules and for the fires that waited for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from horarium.domain.events import fire_ended, schedule_paused
from horarium.domain.fire import FireKind, FireState, beginning, settled_state
from horarium.domain.ids import Id, random_id, run_id
from horarium.domain.pauses import Pause
from horarium.domain.run import RunMode, RunState
from horarium.domain.schedule import AfterCompletion, CatchUp, ScheduleState, policies_from_text
from horarium.domain.watching import ON_ITS_WAY_MS
from horarium.store.base import LOOK, Tx, sent_by_fields
from horarium.store.figures import RUNS
from horarium.store.rows import (
    CursorTally,
    FireCounts,
    NewFanoutTask,
    OpenRun,
    RowLock,
    RunRow,
    SettledCursor,
    StartingFire,
    new_row,
)
from horarium.store.verbs.entries import enqueue, hold_queued, hold_schedules, read_audiences
from horarium.store.verbs.pauses import write_pauses
from horarium.store.verbs.quotas import free


@sent_by_fields
@dataclass(slots=True)  # one for each attempt: frozen, to make it takes three times as long
class RunEnd:
    """How a run ended, and which fire it belongs to. Of an attempt that did not end its run, `state` is `pending` or
    `running`.

    `single`: its row is that of a single fire. `follow_up`: the schedule's policies ask for a look at it afterwards,
    because fires may wait for this one, failures in a row count, or a completed schedule is deleted.
    """

    run_id: Id
    workspace_id: Id
    fire_id: Id | None
    schedule_id: Id | None
    mode: RunMode
    state: RunState
    single: bool
    follow_up: bool
    row_key: str = ""

    @property
    def settled_fire(self) -> Id | None:
        """The fire that this end counts for. A run that was repeated by hand counts for none: its fire stays as it
        ended."""
        return None if self.mode is RunMode.RETRY else self.fire_id


class EndedFire(NamedTuple):
    """A fire that has ended. `by_clock`: it counts for its schedule, which fires by hand and backfills do not."""

    schedule_id: Id
    fire_id: Id
    by_clock: bool
    state: FireState


@dataclass(slots=True)
class _Tally:
    """How the fires of one schedule ended in one batch, counted in their order: the fields of `CursorTally`."""

    closed: int = 0
    succeeded: int = 0
    failed: int = 0
    streak_broken: int = 0
    failures: int = 0
    last_fire: Id = b""
    last_state: str = ""

    def add(self, fire: Id, state: FireState) -> None:
        """Count one more fire that has ended."""
        self.closed += 1
        if state is FireState.FAILED:
            self.failures += 1
        elif state is not FireState.CANCELLED:
            self.streak_broken, self.failures = 1, 0
        if state is FireState.COMPLETED:
            self.succeeded += 1
        elif state is not FireState.CANCELLED:
            self.failed += 1
        if fire >= self.last_fire:
            self.last_fire, self.last_state = fire, state.value

    def row(self, schedule_id: Id) -> CursorTally:
        """The row that adds the counts to a cursor."""
        return CursorTally(
            schedule_id,
            self.closed,
            self.succeeded,
            self.failed,
            self.streak_broken,
            self.failures,
            self.last_fire,
            self.last_state,
        )


_STATE = attrgetter("state")


async def count_first(tx: Tx, ends: Sequence[RunEnd], now: int) -> list[EndedFire]:
    """Lock the schedules of runs that are about to end, before anything of the runs is locked. Those that ask for
    nothing but their count are locked by that; their fires. `settle` needs not count these any more."""
    asking = {end.schedule_id for end in ends if end.follow_up or not end.single}
    await hold_schedules(tx, asking)
    plain = await _end_fires(tx, [end for end in ends if end.schedule_id not in asking], now)
    await _end_on_schedules(tx, plain)
    return plain


async def settle(
    tx: Tx, ends: Sequence[RunEnd], now: int, starts_waiting: bool = True, counted: Sequence[EndedFire] = ()
) -> None:
    """Write what the ends of these runs mean for fires and schedules, and start what waited for them, unless the caller
    does (`starts_waiting`). The ends of the runs themselves have been recorded, and `counted` are fires that end with
    them and have been counted."""
    for state, times in Counter(map(_STATE, ends)).items():
        tx.count(RUNS, state.value, times)
    ended = counted if len(counted) == len(ends) else await _end_fires(tx, ends, now)
    if tx.recording:
        _tell_ends(tx, ends, ended, now)
    await _free_rows(tx, ends)
    concerned = {end.schedule_id for end in ends if end.follow_up and end.schedule_id is not None}
    done = {fire.fire_id for fire in counted}
    uncounted = [fire for fire in ended if fire.fire_id not in done]
    *earlier, last = _rows_of_failures(uncounted) if concerned else [uncounted]
    for group in earlier:
        await _end_on_schedules(tx, group)
        ids = sorted(concerned & {fire.schedule_id for fire in group})
        for cursor in map(SettledCursor._make, await tx.tuples("settled_cursors", ids=ids)):
            await _pause_failing(tx, cursor, now)
    await _end_on_schedules(tx, last)
    if starts_waiting:
        concerned |= await _held_up(tx, ended)
    if concerned:
        await follow_up(tx, concerned, now)


async def _end_fires(tx: Tx, ends: Sequence[RunEnd], now: int) -> list[EndedFire]:
    """The fires that end because these runs have ended."""
    ended: list[EndedFire] = []
    shared: dict[Id, list[RunEnd]] = {}
    for end in ends:
        fire_id = end.settled_fire
        if fire_id is None or end.schedule_id is None:
            continue
        if not end.single:
            shared.setdefault(fire_id, []).append(end)
            continue
        by_clock = end.mode is RunMode.CLOCK
        ended.append(new_row(EndedFire, (end.schedule_id, fire_id, by_clock, _ENDS_OF_ONE_RUN[end.state])))
    for fire_id, of_fire in sorted(shared.items()):
        settled = await count_ends(tx, fire_id, _counts(end.state for end in of_fire), now)
        if settled is not None:
            first = of_fire[0]
            ended.append(EndedFire(first.schedule_id or b"", fire_id, first.mode is RunMode.CLOCK, settled))
    return ended


def _rows_of_failures(ended: Sequence[EndedFire]) -> list[list[EndedFire]]:
    """The ends in groups, to be counted one after another, so that a fire that succeeds does not hide the row of
    failures before it: in a group, no such fire of a schedule comes after a failed one."""
    groups: list[list[EndedFire]] = [[]]
    place: dict[Id, int] = {}
    failing: set[Id] = set()
    for fire in ended:
        schedule_id = fire.schedule_id
        if fire.state is FireState.FAILED:
            failing.add(schedule_id)
        elif fire.state is not FireState.CANCELLED and schedule_id in failing:
            failing.discard(schedule_id)
            place[schedule_id] = place.get(schedule_id, 0) + 1
            if place[schedule_id] == len(groups):
                groups.append([])
        groups[place.get(schedule_id, 0)].append(fire)
    return groups


def _tell_ends(tx: Tx, ends: Iterable[RunEnd], ended: Iterable[EndedFire], now: int) -> None:
    """Note the events of fires that have ended, in workspaces whose events are recorded."""
    workspaces = {end.fire_id: end.workspace_id for end in ends if end.workspace_id in tx.recording}
    for fire in ended:
        workspace_id = workspaces.get(fire.fire_id)
        if workspace_id is not None:
            tx.tell(fire_ended(workspace_id, fire.schedule_id, fire.fire_id, fire.state, now))


async def _held_up(tx: Tx, ended: Sequence[EndedFire]) -> set[Id]:
    """The schedules of which a fire waited for those that have ended. Any schedule of our own API may hold one, so its
    policies do not tell; but mostly there is none in the whole database, which one look at an index tells."""
    if not ended or await tx.row("any_waiting") is None:
        return set()
    ids = sorted({fire.schedule_id for fire in ended})
    return {schedule_id for (schedule_id,) in await tx.tuples("held_up", ids=ids)}


async def _free_rows(tx: Tx, ends: Iterable[RunEnd]) -> None:
    """Let the next fire take the audience rows whose runs have ended, where overlap is decided for each row."""
    locked = [
        RowLock(end.schedule_id, end.row_key, end.run_id)
        for end in ends
        if end.row_key and end.schedule_id is not None and (end.follow_up or end.state is RunState.CANCELLED)
    ]
    if locked:
        await tx.many("free_row_locks", locked)


def _counts(states: Iterable[RunState]) -> tuple[int, int, int]:
    """How many runs succeeded, failed and were cancelled."""
    counted = Counter(states)
    return counted[RunState.SUCCEEDED], counted[RunState.FAILED], counted[RunState.CANCELLED]


# How a single fire ends, by the state of its run. The statement part `single_fires` says the same.
_ENDS_OF_ONE_RUN = {state: settled_state(1, *_counts((state,))) or FireState.RUNNING for state in RunState}


async def count_ends(tx: Tx, fire: Id, counts: tuple[int, int, int], now: int) -> FireState | None:
    """Count ended runs of a fire with an audience. The fire's final state where these were the last, else None."""
    row = await tx.row(
        "count_runs_of_fire", id=fire, succeeded=counts[0], failed=counts[1], cancelled=counts[2]
    )
    if row is None:
        return None
    counted = FireCounts._make(row)
    if counted.state != FireState.RUNNING:
        return None
    broken = counted.error is not None
    state = settled_state(counted.runs, counted.succeeded, counted.failed, counted.cancelled, broken)
    if state is not None:
        await tx.run("finish_fire", id=fire, state=state.value, now=now, error=None)
    return state


async def _end_on_schedules(tx: Tx, ended: Iterable[EndedFire]) -> None:
    tallies: dict[Id, _Tally] = {}
    for schedule_id, fire_id, by_clock, state in ended:
        if by_clock:
            tallies.setdefault(schedule_id, _Tally()).add(fire_id, state)
    if tallies:
        rows = [tallies[schedule_id].row(schedule_id) for schedule_id in sorted(tallies)]
        await tx.many("settle_cursors", rows)


async def end_fire(
    tx: Tx,
    workspace: Id,
    schedule: Id,
    fire: Id,
    kind: FireKind,
    state: FireState,
    now: int,
    error: str | None = None,
) -> None:
    """End a fire for a reason of its own: its audience could not be read, or was empty. The caller follows up."""
    await tx.run("finish_fire", id=fire, state=state.value, now=now, error=error)
    if workspace in tx.recording:
        tx.tell(fire_ended(workspace, schedule, fire, state, now))
    await _end_on_schedules(tx, [EndedFire(schedule, fire, kind is FireKind.CLOCK, state)])


async def follow_up(tx: Tx, schedules: Iterable[Id], now: int) -> None:
    """Start a waiting fire, pause after failures in a row, and delete what is completed, where the policies say so.

    Whoever moves the cursor of a schedule follows up after that: otherwise one that was paused would go on firing."""
    for cursor in map(SettledCursor._make, await tx.tuples("settled_cursors", ids=sorted(schedules))):
        await _pause_failing(tx, cursor, now)
        if cursor.open_fires > 0:
            continue
        if cursor.waiting_fires > 0:
            await _begin_waiting(tx, cursor.schedule_id, now)
        elif cursor.state == ScheduleState.COMPLETED:
            policies = policies_from_text(cursor.policies)
            if policies.after_completion is AfterCompletion.DELETE:
                await delete_quiet(tx, [cursor.schedule_id], now)


async def _pause_failing(tx: Tx, cursor: SettledCursor, now: int) -> None:
    """Pause a schedule of which as many fires in a row have failed as its policy allows."""
    if not _shall_pause(cursor):
        return
    note = f"paused after {cursor.failures_in_row} failed fires in a row"
    await tx.run("pause_schedule", id=cursor.schedule_id, note=note, now=now)
    await tx.run("still_cursor", schedule_id=cursor.schedule_id)
    own = cursor.workspace_id, cursor.schedule_id
    await write_pauses(tx, [Pause(random_id(now), *own, now, None, CatchUp.NONE, note)])
    if cursor.workspace_id in tx.recording:
        tx.tell(schedule_paused(cursor.workspace_id, cursor.schedule_id, cursor.failures_in_row, note, now))


def _shall_pause(cursor: SettledCursor) -> bool:
    """Whether as many fires in a row have failed as the policy allows."""
    bound = cursor.pause_after
    return bound is not None and cursor.failures_in_row >= bound and cursor.state == ScheduleState.ACTIVE


async def _begin_waiting(tx: Tx, schedule_id: Id, now: int) -> None:
    """Start the oldest waiting fire of a schedule."""
    row = await tx.row("oldest_waiting_fire", schedule_id=schedule_id)
    if row is None:
        return
    fire = StartingFire._make(row)
    begins = beginning(bool(fire.has_audience))
    await tx.run(
        "begin_waiting_fire",
        id=fire.id,
        state=begins.state.value,
        runs=begins.runs,
        audience_size=begins.audience_size,
    )
    own = fire.workspace_id, fire.schedule_id, fire.version
    if fire.has_audience:
        await read_audiences(tx, [NewFanoutTask(fire.id, *own, now)])
    else:
        run = RunRow(
            run_id(fire.id),
            fire.workspace_id,
            fire.target_id,
            FireKind.CLOCK.run_mode.value,
            due_ms=now,
            created_ms=now,
            schedule_id=fire.schedule_id,
            fire_id=fire.id,
            version=fire.version,
        )
        await enqueue(tx, [run], fire.limited)
    await tx.run(
        "open_waiting",
        schedule_id=schedule_id,
        fire_id=fire.id,
        slot_ms=fire.slot_ms,
        fired_ms=fire.fired_ms,
    )


async def cancel_runs(tx: Tx, runs: Sequence[OpenRun], now: int, reason: str = "cancelled") -> set[Id]:
    """Cancel open runs at once, whoever holds them, and settle their fires. The caller follows up. The runs that were
    cancelled: others have ended meanwhile.

    A worker that has one of them finds that its lease is gone. An engine to which it may have been given is told.
    """
    if not runs:
        return set()
    ids = sorted(run.id for run in runs)
    await hold_queued(tx, ids)  # what is claimed at this moment may be given to an engine
    if await tx.run("leave_untold", ids=ids, no_token=b"", now=now, deadline_ms=now + ON_ITS_WAY_MS):
        tx.announce(LOOK, now)
    await tx.run("forget_ready", ids=ids)
    await tx.run("close_callbacks", ids=ids)
    ended = {row[0] for row in await tx.rows("cancel_open_runs", ids=ids, now=now, error=reason)}
    ends = [
        RunEnd(
            run.id,
            run.workspace_id,
            run.fire_id,
            run.schedule_id,
            run.mode,
            RunState.CANCELLED,
            single=run.single,
            follow_up=False,
            row_key=run.row_key,
        )
        for run in runs
        if run.id in ended
    ]
    await settle(tx, ends, now, starts_waiting=False)
    return ended


async def delete_quiet(tx: Tx, schedules: Sequence[Id], now: int) -> None:
    """Delete completed schedules whose policy says so. They have no open fires."""
    await free(tx, schedules)
    await tx.run("delete_completed", ids=list(schedules), now=now)
