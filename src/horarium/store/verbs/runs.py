"""Runs as callers deal with them: they are read, cancelled, repeated, asked for directly, and finished by their
target."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.execution import TimeIsUp
from horarium.domain.ids import Id, derived_id, run_id
from horarium.domain.run import Attempt, Run, RunMode, RunState
from horarium.domain.waiting import waits_from_text
from horarium.domain.watching import deadline_error
from horarium.store.base import CANCELLED, Tx, portable
from horarium.store.rows import CallbackRow, CallbackSecrets, FinishedRun, OpenRun, RunRow
from horarium.store.verbs.entries import enqueue, error_of_end, hold_queued, hold_schedules, lane_of
from horarium.store.verbs.settle import RunEnd, cancel_runs, follow_up, settle

# The members of enums by their values: in a tenth of the time that asking the enum takes.
_STATES = {state.value: state for state in RunState}
_MODES = {mode.value: mode for mode in RunMode}
# Which later generations of a run are asked for at once: the next ones, since some may have been deleted, and some far
# ahead, so that very many are passed in a few steps.
_STEPS = (*range(1, 9), *(1 << power for power in range(4, 20)))


class _StoredRun(NamedTuple):
    """The columns of `runs_with_places` in runs.sql."""

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    fire_id: Id | None
    target_id: Id
    mode: str
    row_key: str
    generation: int
    state: str
    due_ms: int
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    attempts: int
    status: int | None
    data: str | None
    output: str | None
    error: str | None
    slot_ms: int | None
    next_attempt_ms: int | None
    version: int | None
    begun_ms: int | None
    waited: str | None


def run_from_row(row: Sequence[Any]) -> Run:
    """A run from a row that has the columns of `runs_with_places`. One whose attempt is under way is running."""
    stored = _StoredRun._make(row)
    state = _STATES[stored.state]
    if state is RunState.PENDING and stored.begun_ms is not None:
        state = RunState.RUNNING
    return Run(
        id=stored.id,
        workspace_id=stored.workspace_id,
        schedule_id=stored.schedule_id,
        fire_id=stored.fire_id,
        target_id=stored.target_id,
        mode=_MODES[stored.mode],
        row_key=stored.row_key,
        generation=stored.generation,
        state=state,
        due_ms=stored.due_ms,
        created_ms=stored.created_ms,
        started_ms=stored.begun_ms if stored.started_ms is None else stored.started_ms,
        finished_ms=stored.finished_ms,
        attempts=stored.attempts,
        status=stored.status,
        data=stored.data,
        output=stored.output,
        error=stored.error,
        slot_ms=stored.slot_ms,
        next_attempt_ms=stored.next_attempt_ms,
        version=stored.version,
        waited=waits_from_text(stored.waited),
    )


async def get_run(tx: Tx, workspace_id: Id, run: Id) -> tuple[Run, list[Attempt]]:
    """A run with its attempts, oldest first. Raises NotFound."""
    row = await tx.row("get_run", id=run, workspace_id=workspace_id)
    if row is None:
        raise NotFound("run")
    found = run_from_row(row)
    attempts = [Attempt(*row) for row in await tx.rows("attempts_of_run", run_id=run)]
    if found.state.final and found.attempts > len(attempts) and found.started_ms is not None:
        attempts.append(
            Attempt(found.attempts, found.started_ms, found.finished_ms or 0, found.status, found.error)
        )
    return found, attempts


async def inputs_of(tx: Tx, runs: Sequence[Run]) -> dict[Id, str | None]:
    """The inputs of runs as JSON texts, by the run's id: that of the schedule's definition by which it fired, or what
    was given for a run without a schedule."""
    versions = {
        (run.schedule_id, run.version)
        for run in runs
        if run.schedule_id is not None and run.version is not None
    }
    rows = await tx.each("inputs_of_versions", sorted(versions)) if versions else ()
    inputs = {(schedule_id, version): text for schedule_id, version, text in rows}
    return {
        run.id: run.data if run.schedule_id is None else inputs.get((run.schedule_id, run.version))
        for run in runs
    }


async def cancel_run(
    tx: Tx, workspace_id: Id, run: Id, now: int, reason: str = "cancelled by request"
) -> Run:
    """Cancel an open run at once. A worker that has it is told. Raises NotFound, and Conflict where the run is
    over."""
    row = await tx.row("run_to_cancel", id=run, workspace_id=workspace_id)
    if row is None:
        raise await _over(tx, workspace_id, run)
    still_open = OpenRun.from_row(row)
    await hold_schedules(tx, [still_open.schedule_id])
    if not await cancel_runs(tx, [still_open], now, reason):
        raise await _over(tx, workspace_id, run)  # it has ended meanwhile
    if still_open.schedule_id is not None:
        await follow_up(tx, [still_open.schedule_id], now)
    tx.announce(CANCELLED, now)
    return (await get_run(tx, workspace_id, run))[0]


async def _over(tx: Tx, workspace_id: Id, run: Id) -> Conflict:
    found, _ = await get_run(tx, workspace_id, run)
    return Conflict(f"the run is over: it {found.state.ended}", "state")


async def replay_run(tx: Tx, workspace_id: Id, run: Id, now: int) -> Run:
    """Repeat a run that is over, as a new run of the next generation. The fire stays as it ended. Raises NotFound,
    and Conflict where the run is still open."""
    old, _ = await get_run(tx, workspace_id, run)
    if not old.state.final:
        raise Conflict("the run is still open: cancel it first, or wait", "state")
    if old.fire_id is not None:
        generation = await _latest_generation(tx, old.fire_id, old) + 1
        new = run_id(old.fire_id, old.row_key, generation)
    else:
        generation = old.generation + 1
        new = derived_id(now, old.id, generation.to_bytes(4, "big"))
    again = RunRow(
        new,
        old.workspace_id,
        old.target_id,
        RunMode.RETRY.value,
        due_ms=now,
        created_ms=now,
        schedule_id=old.schedule_id,
        fire_id=old.fire_id,
        version=old.version,
        row_key=old.row_key,
        generation=generation,
        data=old.data,
    )
    await _enter_run(tx, again)
    return (await get_run(tx, workspace_id, new))[0]


async def _latest_generation(tx: Tx, fire_id: Id, run: Run) -> int:
    """How often the row of a run has been run again. The runs of a row are asked for by their ids, which tell their
    generation: to look for them would be to look at all rows of the fire, of which there may be millions."""
    latest = run.generation
    while True:
        asked = {run_id(fire_id, run.row_key, latest + step): latest + step for step in _STEPS}
        found = [asked[known] for (known,) in await tx.rows("runs_there", ids=list(asked))]
        if not found:
            return latest
        latest = max(found)


async def run_target(tx: Tx, workspace_id: Id, target_id: Id, new: Id, data: str | None, now: int) -> Run:
    """A run of a target asked for directly, without a schedule; `data` is its input as JSON text.

    Raises NotFound where the workspace has no such target.
    """
    mode = RunMode.MANUAL.value
    await _enter_run(tx, RunRow(new, workspace_id, target_id, mode, due_ms=now, created_ms=now, data=data))
    return (await get_run(tx, workspace_id, new))[0]


async def _enter_run(tx: Tx, run: RunRow) -> None:
    lane = await lane_of(tx, run.workspace_id, run.target_id)
    if lane.deleted:
        raise NotFound("target")
    await enqueue(tx, [run], int(lane.limited))


async def delete_run(tx: Tx, workspace_id: Id, run: Id) -> Run:
    """Delete a run that is over; the run as it was. Raises NotFound, and Conflict where the run is still open."""
    await tx.row("hold_run", id=run, workspace_id=workspace_id)
    found, _ = await get_run(tx, workspace_id, run)
    if not found.state.final:
        raise Conflict("the run is still open: cancel it first", "state")
    await tx.run("keep_fire_of_run", id=run, workspace_id=workspace_id)
    await tx.run("delete_run", id=run, workspace_id=workspace_id)
    return found


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What a target says of a run that it finishes itself. A `state` of None is a sign of life."""

    state: RunState | None
    output: str | None = None
    error: str | None = None


async def callback_secrets(tx: Tx, run: Id, token: str) -> CallbackSecrets:
    """What the answer to a callback must not show. Raises NotFound for an unknown run or a wrong token (the two are
    not told apart)."""
    row = await tx.row("callback_secrets", run_id=run)
    if row is None:
        raise NotFound("run")
    found = CallbackSecrets(*row)
    if not hmac.compare_digest(found.token_hash, sha256(token.encode()).digest()):
        raise NotFound("run")
    return found


async def answer_callback(tx: Tx, run: Id, token: str, answer: CallbackAnswer, now: int) -> Run:
    """Record what a target says of a run, given with the token of the attempt.

    The first final answer counts. The same answer again is accepted, another is a Conflict. Raises NotFound for an
    unknown run and for a wrong token alike, so that a caller cannot tell one from the other.
    """
    callback = await _callback(tx, run)
    if callback is None or not hmac.compare_digest(callback.token_hash, sha256(token.encode()).digest()):
        raise NotFound("run")
    if callback.answer is not None or RunState(callback.state).final:
        if answer.state is None or callback.answer != answer.state.value:
            raise Conflict(f"the run is over: it {RunState(callback.state).ended}", "state")
        return (await get_run(tx, callback.workspace_id, run))[0]
    if answer.state is None:
        until = max(callback.deadline_ms, now + callback.lease_ms)
        taken = await tx.run("extend_callback", run_id=run, attempt=callback.attempt, deadline_ms=until) == 1
    else:
        taken = await _end_by_callback(tx, callback, answer.state, answer.output, answer.error, now)
    if not taken:
        return await answer_callback(tx, run, token, answer, now)  # something else was quicker
    return (await get_run(tx, callback.workspace_id, run))[0]


async def _callback(tx: Tx, run: Id) -> CallbackRow | None:
    row = await tx.row("callback_of_run", run_id=run)
    return None if row is None else CallbackRow.from_row(row)


async def _end_by_callback(
    tx: Tx,
    callback: CallbackRow,
    state: RunState,
    output: str | None,
    error: str | None,
    now: int,
    overdue_ms: int | None = None,
) -> bool:
    """End a run because its target says so, or does not say so until its deadline: that is not after `overdue_ms` then.

    False where something else has ended the run meanwhile, or has given the callback to another attempt or more time.
    """
    await hold_schedules(tx, [callback.schedule_id])
    await hold_queued(tx, [callback.run_id])
    own = {"run_id": callback.run_id, "attempt": callback.attempt, "overdue_ms": overdue_ms}
    if not await tx.run("answer_callback", **own, answer=state.value):
        return False
    await tx.run("forget_ready", ids=[callback.run_id])
    # It may have been started by a node whose clock is ahead of ours.
    ended = max(now, callback.started_ms or now)
    error = error_of_end(state, error)
    finished = FinishedRun(
        callback.run_id, state.value, None, ended, callback.attempt, output=output, error=error
    )
    await tx.many("finish_runs", [finished])
    end = RunEnd(
        callback.run_id,
        callback.workspace_id,
        callback.fire_id,
        callback.schedule_id,
        callback.mode,
        state,
        single=callback.single,
        follow_up=True,
        row_key=callback.row_key,
    )
    await settle(tx, [end], now)
    return True


@portable
async def expire_callbacks(tx: Tx, now: int, limit: int) -> list[CallbackRow]:
    """Fail up to `limit` runs whose target has not finished them before their deadline; their callbacks."""
    ended = []
    expired = [
        await _callback(tx, run) for (run,) in await tx.rows("expired_callbacks", now=now, limit=limit)
    ]
    callbacks = [callback for callback in expired if callback is not None]
    await hold_schedules(
        tx, [callback.schedule_id for callback in callbacks]
    )  # all at once, and so in one order
    for callback in callbacks:
        error = deadline_error(TimeIsUp.CALLBACK.value, callback.error)
        if await _end_by_callback(tx, callback, RunState.FAILED, None, error, now, overdue_ms=now):
            ended.append(callback)
    return ended
