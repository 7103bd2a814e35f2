"""Looks at the runs that other engines have, and records how they ended there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import orjson
import structlog

from horarium.domain.errors import HorariumError
from horarium.domain.execution import Executor, Outcome, Verdict, Watched, WatchedTarget, WatchesRuns
from horarium.domain.ids import Id
from horarium.domain.run import RunState
from horarium.domain.watching import next_look_ms
from horarium.engine.wake import Alarm
from horarium.service.clock import Clock
from horarium.service.failure_log import FailureLog
from horarium.store.base import CANCELLED, LOOK, Store
from horarium.store.rows import WatchedRun
from horarium.store.vault import Vault
from horarium.store.verbs import dispatch, watching
from horarium.store.verbs.watching import WatchedEnd
from horarium.worker.targets import TargetCache

_log = structlog.get_logger(__name__)

# Runs in one round of looks, over all targets.
BATCH = 500
# How long the looks of one target may take in a round. An engine that is silent holds up no other for longer.
ROUND_S = 10.0
# For how long a run belongs to the node that looks at it (ms): longer than a round.
TAKEN_MS = 15_000
# The class of a failure that an engine has reported, in the log.
FAILED_THERE = "engine"
TROUBLE_S = 0.5


class Watcher:
    """One process's looks at watched runs. `may_work`: whether this node's lease holds."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        executors: Mapping[str, Executor],
        vault: Vault,
        poll_s: float = 5.0,
        may_work: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._clock = clock
        self._executors = executors
        self._targets = TargetCache(vault)
        self._poll_s = poll_s
        self._may_work = may_work
        self._alarm = Alarm(clock)
        self._failures = FailureLog()
        store.listen(self._hear)

    def _hear(self, topic: str, at_ms: int) -> None:
        if topic == LOOK:
            self._alarm.ring(at_ms)
        elif topic == CANCELLED:
            self._alarm.ring()

    async def loop(self) -> None:
        """Look at runs when their time comes."""
        while True:
            due: int | None = None
            try:
                if self._may_work():
                    due = await self.look()
            except HorariumError as error:
                _log.warning("looks_failed", error=str(error))
                await asyncio.sleep(TROUBLE_S)
                continue
            self._failures.flush(self._clock.now_ms())
            await self._alarm.wait(due, self._poll_s)

    async def look(self) -> int | None:
        """Look at the runs whose time has come; when the next is to be looked at (ms), or None."""
        now = self._clock.now_ms()
        due = await self._store.read(watching.earliest_look)
        if due is None or due > now:
            return due
        runs = await self._store.urgent(watching.take_looks, now, BATCH, now + TAKEN_MS)
        await self._learn(runs)
        by_target: dict[Id, list[WatchedRun]] = {}
        for run in runs:
            by_target.setdefault(run.target_id, []).append(run)
        await asyncio.gather(*(self._look_at(target, some) for target, some in by_target.items()))
        return await self._store.read(watching.earliest_look)

    async def _learn(self, runs: Sequence[WatchedRun]) -> None:
        versions = self._targets.versions
        unknown = {run.target_id for run in runs if versions.get(run.target_id) != run.target_version}
        if unknown:
            self._targets.learn(await self._store.read(dispatch.read_targets, unknown))

    async def _look_at(self, target_id: Id, runs: Sequence[WatchedRun]) -> None:
        """Look at runs of one target, and record what that shows."""
        target = self._targets[target_id]
        home = target.home_id or runs[0].workspace_id
        seen = WatchedTarget(target_id, home, target.config, target.secrets)
        executor = self._executors.get(target.executor)
        outcomes: Mapping[Id, Outcome] = {}
        told: list[Id] = []
        try:
            if not isinstance(executor, WatchesRuns):
                raise OSError(f"this server has no executor {target.executor!r} that watches runs")
            async with asyncio.timeout(ROUND_S):
                for run in runs:
                    if run.answer is not None:
                        await executor.cancel(seen, Watched(run.run_id, run.handle))
                        told.append(run.run_id)
                going = [Watched(run.run_id, run.handle) for run in runs if run.answer is None]
                outcomes = await executor.watch(seen, going) if going else {}
        except (OSError, TimeoutError) as error:
            _log.warning(
                "runs_not_looked_at", target=target.name, runs=len(runs), error=str(error) or "no answer"
            )
        except Exception:
            # A fault of the executor's own must not end the looks at the runs of others.
            _log.exception("executor_failed", executor=target.executor)
        outcomes = {run: target.as_told(outcome) for run, outcome in outcomes.items()}
        await self._record(runs, outcomes, told)

    async def _record(
        self, runs: Sequence[WatchedRun], outcomes: Mapping[Id, Outcome], told: Sequence[Id]
    ) -> None:
        now = self._clock.now_ms()
        ends = [
            end_of(run.run_id, outcomes[run.run_id])
            for run in runs
            if run.answer is None and run.run_id in outcomes
        ]
        over = {*(end.run_id for end in ends), *told}
        later = {
            run.run_id: next_look_ms(now, run.started_ms or now) for run in runs if run.run_id not in over
        }
        ended = {*await self._store.urgent(watching.record_looks, ends, later, told, now)}
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


def end_of(run_id: Id, outcome: Outcome) -> WatchedEnd:
    """What is recorded of a run that has ended at its engine with `outcome`. Pure."""
    succeeded = outcome.verdict is Verdict.SUCCEEDED
    output = None if outcome.output is None else orjson.dumps(outcome.output, default=repr).decode()
    return WatchedEnd(run_id, RunState.SUCCEEDED if succeeded else RunState.FAILED, output, outcome.error)
