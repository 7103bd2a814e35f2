"""Runs that another engine has: which to look at, and what is recorded of those that have ended there.

Nobody holds such a run. A node that looks at it moves the next look on first, so that nodes share the looks; two looks
at the same run do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from horarium.domain.ids import Id
from horarium.domain.look_shares import TargetLooks
from horarium.domain.run import RunState
from horarium.store.base import Tx, portable
from horarium.store.rows import FinishedRun, NextLook, NotedTrouble, OpenWatched, WatchedAnswer, WatchedRun
from horarium.store.verbs.dispatch import BEFORE_ALL, storable
from horarium.store.verbs.entries import error_of_end, hold_schedules_of
from horarium.store.verbs.settle import RunEnd, settle


@dataclass(frozen=True, slots=True)
class WatchedEnd:
    """How a run ended at its engine. `state` is final; `output` is JSON text."""

    run_id: Id
    state: RunState
    output: str | None = None
    error: str | None = None


async def earliest_look(tx: Tx) -> int | None:
    """When the next run is to be looked at (ms), or None."""
    row = await tx.row("earliest_look")
    return None if row is None else int(row[0])


async def targets_to_look_at(tx: Tx, after: Id, limit: int) -> list[TargetLooks]:
    """Up to `limit` targets with runs that are looked at, in their order after target `after` and then from the
    beginning."""
    found = await tx.rows("looks_of_targets", after=after, limit=limit)
    if len(found) < limit and after != BEFORE_ALL:
        rows = await tx.rows("looks_of_targets", after=BEFORE_ALL, limit=limit - len(found))
        found = [*found, *(row for row in rows if row[0] <= after)]
    return [TargetLooks._make(row) for row in found]


@portable
async def take_looks(tx: Tx, now: int, shares: Mapping[Id, int], until: int) -> list[WatchedRun]:
    """Of each target up to its share of runs whose look has come. Nobody else looks at them before `until`, in case
    this node is lost."""
    rows = await tx.each("due_looks", [(target, share, now) for target, share in sorted(shares.items())])
    ids = [row[0] for row in rows]
    if not ids:
        return []
    await tx.many("move_looks", [NextLook(run, until) for run in ids])
    return [WatchedRun._make(row) for row in await tx.rows("watched_runs", ids=ids)]


@portable
async def record_looks(
    tx: Tx,
    ends: Sequence[WatchedEnd],
    later: Mapping[Id, int],
    now: int,
    troubles: Mapping[Id, str | None] | None = None,
) -> list[Id]:
    """Record what a look has shown: runs that have ended, when to look again at others (by run), and what others show
    from now on of looks that fail. The runs that ended by this.

    Rows are locked in the order in which a cancellation locks them: schedules, callbacks, runs."""
    by_run = {end.run_id: end for end in ends}
    open_runs: list[OpenWatched] = []
    if ends:
        await hold_schedules_of(tx, sorted(by_run))
        open_runs = [OpenWatched.from_row(row) for row in await tx.rows("open_watched", ids=sorted(by_run))]
        answers = [WatchedAnswer(run, end.state.value) for run, end in sorted(by_run.items())]
        await tx.many("answer_watched", answers)
    if later:
        await tx.many("look_later", [NextLook(run, at) for run, at in sorted(later.items())])
    if troubles:
        noted = [NotedTrouble(run, storable(error)) for run, error in sorted(troubles.items())]
        await tx.many("note_troubles", noted)
    if not open_runs:
        return []
    await tx.many("finish_runs", [_finished(run, by_run[run.run_id], now) for run in open_runs])
    await settle(tx, [_ended(run, by_run[run.run_id].state) for run in open_runs], now)
    return [run.run_id for run in open_runs]


@portable
async def record_tellings(tx: Tx, told: Sequence[Id], later: Mapping[Id, int]) -> None:
    """Record runs that the engine was told to end, and when it is told again of others (by run)."""
    if told:
        await tx.run("stop_looking", ids=sorted(told))
    if later:
        await tx.many("tell_later", [NextLook(run, at) for run, at in sorted(later.items())])


def _finished(run: OpenWatched, end: WatchedEnd, now: int) -> FinishedRun:
    ended = max(now, run.started_ms or now)  # a node whose clock is ahead may have started it
    error = error_of_end(end.state, storable(end.error))
    return FinishedRun(run.run_id, end.state.value, None, ended, run.attempt, output=end.output, error=error)


def _ended(run: OpenWatched, state: RunState) -> RunEnd:
    return RunEnd(
        run.run_id,
        run.workspace_id,
        run.fire_id,
        run.schedule_id,
        run.mode,
        state,
        single=run.single,
        follow_up=True,
        row_key=run.row_key,
    )
