"""From a claimed run to a call, and from an outcome to what is recorded: the decisions of a worker, all pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from horarium.domain.errors import Unavailable
from horarium.domain.execution import Call, Outcome, Unsent, Verdict
from horarium.domain.ids import Id
from horarium.domain.overlap import Overlap
from horarium.domain.plan import slot_after
from horarium.domain.quotas import DEFAULT
from horarium.domain.retry import (
    RetryEnd,
    lasts_until,
    retry_at,
    unreached_until,
    while_unreached,
    why_ended,
)
from horarium.domain.run import RunMode, RunState
from horarium.domain.schedule import (
    AfterCompletion,
    OverlapScope,
    Policies,
    policies_from_text,
    stored_recurrence,
    timing_from_text,
)
from horarium.domain.target import Completion
from horarium.domain.variations import choose, has_variations, variation_facts
from horarium.domain.waiting import WaitCause, added, waits_from_text
from horarium.domain.watching import ON_ITS_WAY_MS, next_look_ms
from horarium.executors.template import Filling
from horarium.store.rows import ClaimedRun, NewWatched, UntoldEnd
from horarium.store.verbs.dispatch import Ended
from horarium.store.verbs.release_rows import FIRST_EPOCH
from horarium.store.verbs.settle import RunEnd
from horarium.worker.outputs import stored_output

if TYPE_CHECKING:
    import asyncio

    from horarium.worker.lanes import Lane

# How many workers may be lost with a run in their hands: one that takes its worker down each time must end.
MOST_LOST = 25
# Bytes that may be made of any number of runs: they are not counted.
LITTLE_MADE = 64 * 1024
# Why runs of a target that was deleted are not sent.
DELETED = "it was deleted"
_ONE_RUN = Policies()
_BUFFERING = (Overlap.BUFFER_ONE, Overlap.BUFFER_ALL, Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER)


@dataclass(frozen=True, slots=True)
class RunnableTarget:
    """What a worker knows of a target: its row, with configuration parsed and secrets opened. Times in milliseconds.

    `disabled`: why its runs must fail without being sent, None where they may go out. `home_id` is the workspace that
    shares it, None for a target of the workspace itself; `told` makes of an error what a borrower may read.
    """

    id: Id
    version: int
    name: str
    executor: str
    config: Mapping[str, Any]
    secrets: Mapping[str, Any]
    completion: str
    timeout_ms: int
    deadline_ms: int
    disabled: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    home_id: Id | None = None
    told: Callable[[str], str] | None = None
    # Bytes, roughly, that it takes in memory.
    size: int = 0
    # How much its configuration makes of a run; None where it has no template.
    filling: Filling | None = None
    # Bytes of its largest variation, which a run is given.
    longest_variation: int = 0

    def as_told(self, outcome: Outcome) -> Outcome:
        """An outcome as it may be recorded: where the target is shared, its error names no place."""
        if self.told is None or outcome.error is None:
            return outcome
        return replace(outcome, error=self.told(outcome.error))


class Patience(NamedTuple):
    """How long a run waits for a target that has not answered since `silent_since`: until `until` (ms since the
    epoch). `opened_ms`: when the lane's circuit opened, by the event loop's clock. `unreached`: that of the lane."""

    opened_ms: int
    silent_since: int
    until: int
    unreached: bool


@dataclass(slots=True, eq=False)
class Together:
    """Runs that an executor was given at once, each of which ends by itself. `task`: where it is called; `left`: how
    many have not ended; `replaced`: another taker has the task's place, because one of them was parked; `broken_off`:
    the worker has cancelled the task, because it has ended them all."""

    task: asyncio.Task[None]
    left: int
    replaced: bool = False
    broken_off: bool = False


@dataclass(slots=True)
class Work:
    """A claimed run in a worker's hands.

    `taken_ms`: when this worker got it, where runs are traced. `stopped`: the attempt shall end; `overran`: because its
    time is over; `begun`: an execution was started for it; `outcome`: what came of it. `waited`: for what it waited,
    where that took long; `marked`: others can see that it is under way. `together`: those with which it is
    under way, where its executor was given many at once.

    The last fields belong to the lane: when the attempt began (in milliseconds of the event loop's clock; 0 while it
    does not run), whether it waits without a place, whether it is one of the calls that find out if the target is
    back, and whether it was counted as a slow one. `patience`: how long it waits for a circuit that is open. `made`:
    bytes that were made of it for its target, counted while it is under way and where they are many.
    """

    run: ClaimedRun
    target: RunnableTarget
    policies: Policies
    environment: Mapping[str, str] = field(default_factory=dict)
    callback_token: str | None = None
    taken_ms: int = 0
    started_ms: int = 0
    stopped: bool = False
    overran: bool = False
    begun: bool = False
    outcome: Outcome | None = None
    waited: Mapping[WaitCause, int] | None = None
    marked: bool = False
    together: Together | None = None
    lane: Lane | None = None
    began: float = 0.0
    parked: bool = False
    probes: bool = False
    slow: bool = False
    patience: Patience | None = None
    made: int = 0

    @property
    def id(self) -> Id:
        return self.run.id

    @property
    def epoch(self) -> int:
        return self.run.epoch

    @property
    def attempt(self) -> int:
        """The number of the attempt that is made, from 1."""
        return self.run.attempts + 1

    @property
    def size(self) -> int:
        """Characters of what the target is given, near enough to bytes."""
        return len(self.run.input or "") + len(self.run.data or "")

    @property
    def may_make_much(self) -> bool:
        """Whether its target's templates may make much of it, or a variation much more than what it gives."""
        filling, variation = self.target.filling, self.target.longest_variation
        if filling is None:
            return variation > LITTLE_MADE
        given = self.size + variation + sum(map(len, self.environment.values()))
        return variation + filling.at_most(given) > LITTLE_MADE

    def makes(self) -> int:
        """Bytes, roughly, that are made of it for its target."""
        filling, variation = self.target.filling, self.target.longest_variation
        return variation if filling is None else variation + filling.bytes_of(_given(self))

    @property
    def timeout_ms(self) -> int:
        return self.policies.timeout_ms or self.target.timeout_ms


def work_of(run: ClaimedRun, target: RunnableTarget, environment: Mapping[str, str]) -> Work:
    """A claimed run as work; `environment` are its schedule's variables, opened."""
    policies = _ONE_RUN if run.policies is None else policies_from_text(run.policies)
    return Work(run, target, policies, environment)


def asks_for_follow_up(policies: Policies) -> bool:
    """Whether the end of a fire may start, pause or delete something."""
    return (
        policies.overlap in _BUFFERING
        or policies.overlap_scope is OverlapScope.ROW
        or policies.pause_after_failures is not None
        or policies.after_completion is AfterCompletion.DELETE
    )


def obstacle(work: Work) -> str | None:
    """Why a run must fail without being sent, or None."""
    if work.target.disabled is not None:
        return f"{Unsent.DISABLED}: {work.target.disabled}"
    if not work.run.granted:
        return str(Unsent.NO_GRANT)
    if work.run.lost > MOST_LOST:
        return f"{Unsent.LOST}: {work.run.lost} workers had it, and all of them were gone before it ended"
    return None


def _given(work: Work) -> dict[str, Any]:
    """What a run gives to its target, by the names that templates have for it."""
    run = work.run
    data = None if run.data is None else orjson.loads(run.data)
    scheduled = run.schedule_id is not None
    given = None if run.input is None else orjson.loads(run.input)
    value = given if scheduled else data
    return {
        "input": value,
        "row": data if scheduled else None,
        "variation": _variation(work.target, run.id, value),
        "environment": work.environment,
    }


def call_of(work: Work, now: int, callback_base: str | None) -> Call:
    """What the executor is given."""
    run, target = work.run, work.target
    return Call(
        run_id=run.id,
        workspace_id=run.workspace_id,
        target_id=target.id,
        target_name=target.name,
        config=target.config,
        secrets=target.secrets,
        attempt=work.attempt,
        timeout_ms=work.timeout_ms,
        now_ms=now,
        kind=run.fire_kind or run.mode,
        schedule_id=run.schedule_id,
        schedule_name=run.schedule_name,
        fire_id=run.fire_id,
        slot_ms=run.slot_ms,
        due_ms=run.due_ms,
        timezone=timing_from_text(run.timing).zone if run.timing else "UTC",
        missed=run.missed,
        row_key=run.row_key,
        **_given(work),
        callback_token=work.callback_token,
        callback_base=callback_base if work.callback_token else None,
        watched=target.completion == Completion.WATCH,
        home_id=target.home_id,
    )


def _variation(target: RunnableTarget, run: Id, given: Any) -> dict[str, Any] | None:
    if not has_variations(target.extra):
        return None
    return variation_facts(choose(target.extra, target.id, run, given))


def judge(work: Work, outcome: Outcome, now: int) -> Ended:
    """What is recorded of an attempt that ended with `outcome` at `now`."""
    outcome = work.target.as_told(outcome)
    match outcome.verdict:
        case Verdict.SUCCEEDED:
            return _ended(work, RunState.SUCCEEDED, outcome, now)
        case Verdict.ACCEPTED:
            return _ended(work, RunState.RUNNING, outcome, now)
        case Verdict.FAILED:
            again = _another_attempt(work, outcome, now)
            if isinstance(again, RetryEnd):
                return _ended(work, RunState.FAILED, _with_reason(work, outcome, again), now)
            return _ended(work, RunState.PENDING, outcome, now, again)


def waits_until(work: Work, silent_since: int, unreached: bool = False) -> int:
    """Until when a run waits for a target that has not answered since `silent_since` (both ms since the epoch).

    It waits as long as its attempts would have taken if they had been sent and had reached their time limit. So a
    target that never answers costs a schedule the same time whether its circuit is open or not. `unreached`: it is an
    engine, and what is sent to it while it is silent counts as not tried.
    """
    retry, run = work.policies.retry, work.run
    next_slot = _next_slot(work) if retry.until_next_slot else None
    sent_ms = max(run.ready_ms, silent_since)
    until = lasts_until(retry, work.id, run.attempts, run.due_ms, sent_ms, work.timeout_ms, next_slot)
    return max(until, unreached_until(retry, run.due_ms, next_slot)) if unreached else until


def unsent(work: Work, now: int, silent_since: int) -> Ended:
    """What is recorded of a run that was not sent, because its target has not answered for too long."""
    waited = (now - max(work.run.ready_ms, silent_since)) / 1000
    words = (
        f"{Unsent.SILENT} for {(now - silent_since) / 1000:.0f} s; the run waited {waited:.0f} s "
        "for it, as long as its attempts would have taken"
    )
    return _ended(work, RunState.FAILED, Outcome(Verdict.FAILED, error=words), now)


def cancelled(work: Work, now: int) -> Ended:
    """What is recorded of an attempt that was ended because the run shall stop."""
    return _ended(work, RunState.CANCELLED, Outcome(Verdict.FAILED, error="cancelled"), now)


def _with_reason(work: Work, outcome: Outcome, end: RetryEnd) -> Outcome:
    """The outcome of the last attempt, whose error also says why there is no further one."""
    why = why_ended(end, work.policies.retry, work.attempt, outcome.retry_after_ms)
    if why is None:
        return outcome
    return replace(outcome, error=why if outcome.error is None else f"{outcome.error}; {why}")


def _another_attempt(work: Work, outcome: Outcome, now: int) -> int | RetryEnd:
    if not outcome.retryable or outcome.gone:
        return RetryEnd.OUTCOME
    retry = work.policies.retry
    return retry_at(
        while_unreached(retry) if outcome.unreached else retry,
        work.id,
        work.attempt,
        work.run.due_ms,
        now,
        outcome.retry_after_ms,
        _next_slot(work) if work.policies.retry.until_next_slot else None,
    )


def _next_slot(work: Work) -> int | None:
    """The slot behind the one this run is for, of schedules that the clock fires."""
    run = work.run
    if run.mode is not RunMode.CLOCK or run.slot_ms is None or run.timing is None:
        return None
    if work.policies.overlap is Overlap.ALLOW:
        return None
    try:
        recurrence = stored_recurrence(timing_from_text(run.timing))
    except (
        Unavailable
    ):  # the dialect is not installed on this node: retries are then bounded by their number alone
        return None
    return slot_after(recurrence, run.slot_ms)


def _ended(work: Work, state: RunState, outcome: Outcome, now: int, again: int | None = None) -> Ended:
    run = work.run
    most = DEFAULT.output_bytes if work.lane is None else work.lane.workspace.share.output_bytes
    begun = bool(work.started_ms)  # what was stopped before it began has spent no attempt
    end = RunEnd(
        run.id,
        run.workspace_id,
        run.fire_id,
        run.schedule_id,
        run.mode,
        state,
        run.single,
        asks_for_follow_up(work.policies),
        run.row_key,
    )
    return Ended(
        end,
        run.epoch,
        work.attempt if begun else run.attempts,
        work.started_ms if begun else None,
        now,
        outcome.status,
        stored_output(outcome.output, most),
        outcome.error,
        again,
        work.target.id,
        outcome.gone,
        work.callback_token is not None or run.epoch > FIRST_EPOCH,  # or by who held it before
        None if work.waited is None else _waits_text(work.waited, run.waited),
        _watched(work, outcome, now) if state is RunState.RUNNING else None,
        _untold(work, state, outcome, now),
        work.target.version,
    )


def _watched(work: Work, outcome: Outcome, now: int) -> NewWatched | None:
    """The row by which a run is looked at that an engine has taken; None for one that a callback will end."""
    if outcome.handle is None:
        return None
    run, began = work.run, work.started_ms
    return NewWatched(
        run.id,
        run.workspace_id,
        run.target_id,
        b"",
        work.attempt,
        began + work.target.deadline_ms,
        outcome.handle,
        next_look_ms(now, began),
    )


def _untold(work: Work, state: RunState, outcome: Outcome, now: int) -> UntoldEnd | None:
    """The row by which an engine is told of a run that has ended here and that it may have: what was sent may have
    arrived though no answer came. None where it cannot have it, or has ended it itself."""
    run = work.run
    if work.target.completion != Completion.WATCH or not state.final or state is RunState.SUCCEEDED:
        return None
    given_before = run.epoch > FIRST_EPOCH
    given_now = bool(work.started_ms) and outcome.retryable
    if not given_before and not given_now:
        return None
    until = now + ON_ITS_WAY_MS
    return UntoldEnd(run.id, run.workspace_id, run.target_id, b"", work.attempt, until, state.value, now)


def _waits_text(waited: Mapping[WaitCause, int], before: str | None) -> str:
    """A wait together with those of earlier attempts, as JSON."""
    total = added(waits_from_text(before), waited)
    return orjson.dumps({cause.value: spent for cause, spent in total.items()}).decode()
