"""Looks at the runs that other engines have, and records how they ended there.

Each target's runs are looked at by a task of their own, which nothing waits for: an engine that is slow or silent keeps
the looks at others from nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import structlog

from horarium.domain.errors import HorariumError
from horarium.domain.execution import (
    Executor,
    NamesRuns,
    Outcome,
    Refused,
    Seen,
    Verdict,
    Watched,
    WatchedTarget,
    WatchesRuns,
)
from horarium.domain.ids import Id
from horarium.domain.look_shares import NEW, Standing, UnderLook, turn_of_looks
from horarium.domain.run import RunState
from horarium.domain.watching import ELSEWHERE, TROUBLE, look_again_ms, may_be_elsewhere, next_telling_ms
from horarium.engine.wake import Alarm
from horarium.executors.engines.messages import NotUnderstood
from horarium.executors.looks import each_by_itself
from horarium.service.breakdowns import places_of
from horarium.service.clock import Clock
from horarium.service.failure_log import FailureLog
from horarium.store.base import CANCELLED, LOOK, Store
from horarium.store.rows import WatchedRun
from horarium.store.vault import Vault
from horarium.store.verbs import dispatch, watching
from horarium.store.verbs.tenancy import USUAL_SHARE, Share
from horarium.store.verbs.watching import WatchedEnd
from horarium.worker.outputs import stored_output
from horarium.worker.targets import TargetCache
from horarium.worker.work import DELETED, RunnableTarget

_log = structlog.get_logger(__name__)

# Targets that one turn looks through for runs whose time has come, and for how many it is known how they stand.
MOST_TARGETS = 1_000
MOST_KNOWN = 10_000
# How long an engine may take to show the runs of one target, to end one, and to end all that it is asked to.
WATCH_S = 10.0
CANCEL_S = 5.0
CANCELS_S = 6.0
CANCELS_AT_ONCE = 10
# For how long a run belongs to the node that looks at it (ms): longer than all that takes.
TAKEN_MS = 20_000
# The least time between two turns, and how many times as long as the search for runs it is.
BETWEEN_S = 0.02
BETWEEN_TIMES = 4
# The class of a failure that an engine has reported, in the log.
FAILED_THERE = "engine"
TROUBLE_S = 0.5


class Watcher:
    """One process's looks at watched runs. `clean` takes secrets out of what an engine has said before it is shown.
    `may_work`: whether this node's lease holds; `share_of`: what a workspace gets, and how much
    of its outputs is stored."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        executors: Mapping[str, Executor],
        vault: Vault,
        clean: Callable[[str, Mapping[str, Any]], str],
        poll_s: float = 5.0,
        may_work: Callable[[], bool] = lambda: True,
        share_of: Callable[[Id], Share] = lambda _: USUAL_SHARE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._executors = executors
        self._targets = TargetCache(vault)
        self._clean = clean
        self._poll_s = poll_s
        self._may_work = may_work
        self._share_of = share_of
        self._alarm = Alarm(clock)
        self._failures = FailureLog()
        # What is looked at at this moment, and by which tasks; how targets stand; behind which the next turn begins.
        self._under_look: dict[Id, UnderLook] = {}
        self._looks: set[asyncio.Task[None]] = set()
        self._standings: dict[Id, Standing] = {}
        self._after = dispatch.BEFORE_ALL
        store.listen(self._hear)

    def _hear(self, topic: str, at_ms: int) -> None:
        if topic == LOOK:
            self._alarm.ring(at_ms)
        elif topic == CANCELLED:
            self._alarm.ring()

    async def loop(self) -> None:
        """Look at runs when their time comes."""
        time = asyncio.get_running_loop().time
        try:
            while True:
                due: int | None = None
                begun = time()
                try:
                    if self._may_work():
                        due = await self.begin()
                except HorariumError as error:
                    _log.warning("looks_failed", error=str(error))
                    await asyncio.sleep(TROUBLE_S)
                    continue
                self._failures.flush(self._clock.now_ms())
                await asyncio.sleep(max(BETWEEN_S, BETWEEN_TIMES * (time() - begun)))
                await self._alarm.wait(due, self._poll_s)
        finally:
            for task in self._looks:
                task.cancel()
            await self.ended()

    async def begin(self) -> int | None:
        """Begin to look at the runs whose turn it is; when the next turn is (ms), or None. Whenever looks have ended,
        there may be another one."""
        now = self._clock.now_ms()
        due = await self._store.read(watching.earliest_look)
        if due is None or due > now:
            return due
        targets = await self._store.read(watching.targets_to_look_at, self._after, MOST_TARGETS)
        turn = turn_of_looks(targets, now, self._under_look, self._standings, self._after)
        self._after = turn.after
        if turn.shares:
            runs = await self._store.urgent(watching.take_looks, now, turn.shares, now + TAKEN_MS)
            by_target: dict[Id, list[WatchedRun]] = {}
            for run in runs:
                by_target.setdefault(run.target_id, []).append(run)
            for target, some in by_target.items():
                self._under_look[target] = UnderLook(some[0].workspace_id, len(some))
                task = asyncio.create_task(self._look_at(target, some))
                self._looks.add(task)
                task.add_done_callback(self._looks.discard)
        return now if len(targets) >= MOST_TARGETS else turn.next_ms

    async def ended(self) -> None:
        """Wait until all looks that are under way have ended."""
        while self._looks:
            await asyncio.wait(self._looks)

    async def _look_at(self, target_id: Id, runs: Sequence[WatchedRun]) -> None:
        """Look at runs of one target, and record what that shows. What fails here concerns no other target."""
        answered: bool | None = False
        try:
            target = await self._target(target_id, runs[0].target_version)
            answered = await self._ask(target, runs)
        except HorariumError as error:
            answered = None  # that says nothing of the engine
            _log.warning("looks_not_recorded", target=target_id.hex(), runs=len(runs), error=str(error))
        except Exception:
            _log.exception("looks_broke_down", target=target_id.hex(), runs=len(runs))
        finally:
            del self._under_look[target_id]
            if answered is not None:
                self._note_standing(target_id, answered)
            self._alarm.ring()

    def _note_standing(self, target_id: Id, answered: bool) -> None:
        stands = self._standings.get(target_id)
        if stands is None:
            if len(self._standings) >= MOST_KNOWN:
                self._standings.clear()
            stands = NEW
        self._standings[target_id] = stands.after(answered, self._clock.now_ms())

    async def _target(self, target_id: Id, version: int) -> RunnableTarget:
        if self._targets.version(target_id) != version:
            self._targets.learn(await self._store.read(dispatch.read_targets, {target_id}))
        return self._targets[target_id]

    async def _ask(self, target: RunnableTarget, runs: Sequence[WatchedRun]) -> bool:
        """Ask an engine how runs of one target go, and then to end those that nobody waits for any more; whether it has
        answered to anything."""
        executor = self._executors.get(target.executor)
        going = [run for run in runs if run.answer is None]
        over = [run for run in runs if run.answer is not None]
        seen: Mapping[Id, Seen] = {}
        answered = False
        if not isinstance(executor, WatchesRuns):
            why = f"this server has no executor {target.executor!r} that watches runs"
            _log.warning("runs_not_looked_at", target=target.name, runs=len(runs), error=why)
            await self._record(target, going, {})
            await self._record_telling(over, set())
            return False
        asked = WatchedTarget(
            target.id, target.home_id or runs[0].workspace_id, target.config, target.secrets
        )
        if going:
            seen = await self._watch(executor, asked, target, going)
            answered = any(_is_answer(seen.get(run.run_id)) for run in going)
            await self._record(target, going, seen)
        if over:
            answers = await self._tell(executor, asked, target, over)
            answered = answered or any(map(_is_answer, answers))
            told = {run.run_id for run, error in zip(over, answers, strict=True) if error is None}
            await self._record_telling(over, told)
        return answered

    async def _watch(
        self, executor: WatchesRuns, asked: WatchedTarget, target: RunnableTarget, runs: Sequence[WatchedRun]
    ) -> Mapping[Id, Seen]:
        """What is seen of runs. Where nothing can be seen, that is the error of each."""
        try:
            async with asyncio.timeout(WATCH_S):
                seen = await executor.watch(asked, [Watched(run.run_id, run.handle or "") for run in runs])
            # Executors are foreign code: what is none of the two is as little as an error.
            seen = {
                run: one if isinstance(one, Outcome | Exception) else TypeError(type(one).__name__)
                for run, one in seen.items()
            }
        except Exception as error:
            seen = {run.run_id: error for run in runs}
        self._note(target, "runs_not_looked_at", [one for one in seen.values() if isinstance(one, Exception)])
        return seen

    async def _tell(
        self, executor: WatchesRuns, asked: WatchedTarget, target: RunnableTarget, runs: Sequence[WatchedRun]
    ) -> list[Exception | None]:
        """Ask an engine to end runs, each by itself; for each the error if that has failed. Where it has told no handle
        of one, and none can be made, there is nothing to tell."""

        async def cancel(run: WatchedRun) -> None:
            handle = run.handle
            if handle is None and isinstance(executor, NamesRuns):
                handle = executor.handle_of(run.run_id)
            if handle is not None:
                async with asyncio.timeout(CANCEL_S):
                    await executor.cancel(asked, Watched(run.run_id, handle))

        answers = await each_by_itself(runs, cancel, CANCELS_AT_ONCE, CANCELS_S)
        self._note(target, "runs_not_cancelled_there", [one for one in answers if one is not None])
        return answers

    async def _record_telling(self, runs: Sequence[WatchedRun], told: Set[Id]) -> None:
        now = self._clock.now_ms()
        again = {
            run.run_id: next_telling_ms(
                now,
                run.run_id in told,
                run.deadline_ms if run.ended_ms is None else run.ended_ms,
                run.deadline_ms if run.handle is None else None,
            )
            for run in runs
        }
        later = {run: at for run, at in again.items() if at is not None}
        over = [run for run in again if run not in later]
        await self._store.urgent(watching.record_tellings, over, later)

    async def _record(
        self, target: RunnableTarget, runs: Sequence[WatchedRun], seen: Mapping[Id, Seen]
    ) -> None:
        now = self._clock.now_ms()
        seen = {run.run_id: _trusted(run, seen[run.run_id]) for run in runs if run.run_id in seen}
        outcomes: dict[Id, Outcome] = {}
        for run in runs:
            found = seen.get(run.run_id)
            if isinstance(found, Outcome):
                outcomes[run.run_id] = target.as_told(found)
        ends = [
            end_of(run.run_id, outcomes[run.run_id], self._share_of(run.workspace_id).output_bytes)
            for run in runs
            if run.run_id in outcomes
        ]
        later = {
            run.run_id: look_again_ms(now, run.started_ms or now, run.deadline_ms)
            for run in runs
            if run.run_id not in outcomes
        }
        troubles = {
            run.run_id: trouble
            for run in runs
            if run.run_id not in outcomes
            if (trouble := self._trouble(target, run, seen.get(run.run_id))) != run.error
        }
        ended = {*await self._store.urgent(watching.record_looks, ends, later, now, troubles)}
        for run in runs:
            outcome = outcomes.get(run.run_id)
            if outcome is not None and run.run_id in ended and outcome.verdict is Verdict.FAILED:
                self._failures.failed(
                    now,
                    run.run_id,
                    run.workspace_id,
                    run.target_id,
                    failure=FAILED_THERE,
                    attempt=run.attempt,
                )

    def _note(self, target: RunnableTarget, event: str, errors: Sequence[BaseException]) -> None:
        """One line in the log for what failed at one target, with the first error without secrets, and where an
        unexpected one arose."""
        if not errors:
            return
        unexpected = next(
            (error for error in errors if isinstance(error, NotUnderstood) or not isinstance(error, OSError)),
            None,
        )
        _log.warning(
            event,
            target=target.name,
            executor=target.executor,
            runs=len(errors),
            error=self._clean(str(unexpected or errors[0]) or "no answer", target.secrets),
            places=places_of(unexpected),
        )

    def _trouble(self, target: RunnableTarget, run: WatchedRun, found: Seen | None) -> str | None:
        """What a run that goes on shows as its error: why this look at it has failed."""
        if isinstance(found, OSError | TimeoutError):
            said = self._clean(str(found) or "no answer", target.secrets)
            if target.disabled == DELETED:
                said += " (the target was deleted, and its secrets with it)"
            return target.as_told(Outcome(Verdict.FAILED, error=TROUBLE + said)).error
        if found is not None:
            return f"{TROUBLE}the executor broke down ({type(found).__name__})"
        return None if run.error is not None and run.error.startswith(TROUBLE) else run.error


def _trusted(run: WatchedRun, found: Seen) -> Seen:
    """What is seen of a run. That an engine does not know it ends it only where the engine must be the one that has
    it."""
    if (
        isinstance(found, Outcome)
        and found.unknown
        and may_be_elsewhere(run.target_version, run.edited_ms, run.created_ms)
    ):
        return OSError(ELSEWHERE)
    return found


def _is_answer(found: Seen | None) -> bool:
    """Whether an engine is there, by what was seen of a run, or by what came of telling it of an end."""
    return not isinstance(found, Exception) or isinstance(found, Refused)


def end_of(run_id: Id, outcome: Outcome, most: int) -> WatchedEnd:
    """What is recorded of a run that has ended at its engine with `outcome`. `most` bytes of an output are stored.
    Pure."""
    succeeded = outcome.verdict is Verdict.SUCCEEDED
    output = stored_output(outcome.output, most)
    return WatchedEnd(run_id, RunState.SUCCEEDED if succeeded else RunState.FAILED, output, outcome.error)
