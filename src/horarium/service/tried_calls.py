"""Trying a target out: one call by its real executor, whose whole exchange is shown, and which is no run.

Nothing of it is stored but an entry in the audit log. It does not count in the lane of the target: neither the limits
of the target nor its circuit hold it back, and whatever it is answered changes nothing about the target.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from horarium.domain.errors import Conflict, Invalid, RateLimited
from horarium.domain.execution import Call, Exchange, Executor, Outcome, TimeIsUp, Verdict, broke_down
from horarium.domain.ids import Id, random_id
from horarium.domain.json_text import too_deep
from horarium.domain.run import RunMode
from horarium.domain.target import Completion, Target, TargetState
from horarium.domain.tenancy import Identity
from horarium.domain.variations import choose, has_variations, variation_facts
from horarium.service.checks import depth_problems
from horarium.service.clock import Clock
from horarium.service.targets import TargetService
from horarium.service.trail import Trail, noting
from horarium.store.base import Store, Tx
from horarium.store.verbs.targets import get_target

# The longest time of such a call, in milliseconds: somebody waits for it.
LONGEST_MS = 60_000
# How much longer an executor may take that does not keep its time limit, in seconds.
OVERRUN_S = 5.0
# Characters of an output that is no JSON.
LONGEST_OUTPUT = 64 * 1024
# Such calls of one workspace, and of all, at the same time in this process.
MOST_OF_ONE, MOST_TOGETHER = 4, 32

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TriedCall:
    """What came of it. `run_id` is what the target took for the id of a run; there is no such run. `took_ms` is how
    long the executor needed. `exchange` is empty for executors that send no messages."""

    target_id: Id
    run_id: Id
    began_ms: int
    took_ms: int
    outcome: Outcome
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class TriedCallService:
    store: Store
    clock: Clock
    executors: Mapping[str, Executor]
    targets: TargetService
    _under_way: Counter[Id] = field(default_factory=Counter)

    async def call(self, who: Identity, target_id: Id, given: Any = None, row: Any = None) -> TriedCall:
        """Call a target once with an input, and with a row as of an audience.

        Raises NotFound, Forbidden (the scope targets:write, a grant on the target), Invalid (the input does not fit the
        target), Conflict (the target is disabled), RateLimited.
        """
        who.require("targets:write")
        target = await self.store.read(get_target, who.workspace_id, target_id)
        who.require_target(target.id, target.name)
        if target.shared_from is not None:
            raise Conflict(
                "the target is shared from another workspace, which does not show what is sent", "state"
            )
        problems = [
            *depth_problems("input", given),
            *depth_problems("row", row),
            *self.targets.check_input(target, given),
        ]
        if problems:
            raise Invalid(problems)
        if target.state is not TargetState.ENABLED:
            words = f"the target is disabled ({target.state_reason or 'switched off'}); enable it before it is called"
            raise Conflict(words)
        self._refuse_more(who.workspace_id)
        self._under_way[who.workspace_id] += 1
        try:
            tried = await self._tried(target, given, row)
        finally:
            self._under_way[who.workspace_id] -= 1
        said = {"outcome": tried.outcome.verdict.value, "status": tried.outcome.status}
        entry = Trail(who.workspace_id, tried.began_ms).entry("target.tested", "tgt", target.id, after=said)
        await self.store.write(noting(_nothing, entry))
        return tried

    def _refuse_more(self, workspace_id: Id) -> None:
        own, together = self._under_way[workspace_id], self._under_way.total()
        if own >= MOST_OF_ONE or together >= MOST_TOGETHER:
            words = (
                f"{own} targets of this workspace are being tried at this server; wait until one has answered"
            )
            raise RateLimited(words, 1_000)

    async def _tried(self, target: Target, given: Any, row: Any) -> TriedCall:
        now, exchange = self.clock.now_ms(), Exchange()
        run_id = random_id(now)
        call = Call(
            run_id=run_id,
            workspace_id=target.workspace_id,
            target_id=target.id,
            target_name=target.name,
            config=target.config,
            secrets=self.targets.secrets_of(target),
            attempt=1,
            timeout_ms=min(target.timeout_ms, LONGEST_MS),
            now_ms=now,
            kind=RunMode.MANUAL,
            input=given,
            row=row,
            row_key="" if row is None else "test",
            due_ms=now,
            variation=_variation(target, run_id, given),
            watched=target.completion is Completion.WATCH,
            exchange=exchange,
        )
        begun = time.perf_counter()
        outcome = await self._outcome(target.executor, call)
        took_ms = round((time.perf_counter() - begun) * 1000)
        return TriedCall(target.id, run_id, now, took_ms, outcome, exchange)

    async def _outcome(self, kind: str, call: Call) -> Outcome:
        executor = self.executors.get(kind)
        if executor is None:
            words = f"this server has no executor {kind!r}: install its plug-in"
            return Outcome(Verdict.FAILED, error=words, retryable=False)
        try:
            async with asyncio.timeout(call.timeout_ms / 1000 + OVERRUN_S):
                return await executor.execute(call)
        except TimeoutError:
            return Outcome(Verdict.FAILED, error=TimeIsUp.ANY.after(call.timeout_ms))
        except Exception as error:
            # A fault of the executor's own is told like a failure of its target, as in a run.
            _log.exception("executor_failed", executor=kind)
            return broke_down(error)


def output_of(outcome: Outcome) -> Any:
    """The output as an answer can hold it: as it is, or as a text where it is no JSON or nested too deeply."""
    try:
        text = orjson.dumps(outcome.output)
    except TypeError:
        return repr(outcome.output)[:LONGEST_OUTPUT]
    return text.decode() if too_deep(outcome.output, text) else outcome.output


def _variation(target: Target, run_id: Id, given: Any) -> dict[str, Any] | None:
    if not has_variations(target.extra):
        return None
    return variation_facts(choose(target.extra, target.id, run_id, given))


async def _nothing(tx: Tx) -> None:
    """Changes nothing; only the entry about it is written."""
