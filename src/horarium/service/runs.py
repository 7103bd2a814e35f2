"""The use cases of runs: read, cancel, retry and start them, and finish them by callback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, Invalid, Problem, QuotaReached
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.quotas import quotas_from_text
from horarium.domain.restrictions import UNRESTRICTED, Restriction
from horarium.domain.run import Run, RunState
from horarium.domain.tenancy import Identity
from horarium.domain.waiting import WaitCause
from horarium.service.clock import Clock
from horarium.service.facts import shared_id, short
from horarium.service.failure_log import FailureLog
from horarium.service.reads import reads
from horarium.service.repeats import write_once
from horarium.service.trail import Trail, noting, recording
from horarium.store.base import Duplicate, Store
from horarium.store.vault import Vault
from horarium.store.verbs import run_lists
from horarium.store.verbs import runs as verbs
from horarium.store.verbs.fire_failures import failed_rows
from horarium.store.verbs.idempotency import Request
from horarium.store.verbs.lanes import causes_of_waits
from horarium.store.verbs.runs import CallbackAnswer

# How many requests may repeat the same run in the same millisecond.
MOST_AT_ONCE = 20
# The class of a failure that the target itself has reported by callback.
REPORTED = "reported"
# Takes the secrets of a run, an output, an error or None, and a limit in bytes. Returns the output and the error as
# they may be stored: scrubbed of the secrets, and cut at the limit.
KeepAnswer = Callable[[Sequence[Any], Any, str | None, int], tuple[Any, str | None]]


@dataclass(frozen=True, slots=True)
class RunService:
    """Everything that takes a workspace raises NotFound for what does not exist in it."""

    store: Store
    clock: Clock
    vault: Vault
    keep_answer: KeepAnswer
    # Bytes of a callback's output that are kept, as of any other answer of a target.
    output_limit: int = 64 * 1024
    _failures: FailureLog = field(default_factory=FailureLog)

    get = reads(verbs.get_run)
    failed_rows = reads(failed_rows)
    list = reads(run_lists.list_runs)
    count = reads(run_lists.count_runs)
    inputs_of = reads(verbs.inputs_of)

    async def waits(self, workspace_id: Id, runs: Sequence[Run]) -> dict[Id, WaitCause]:
        """What those of some runs wait for that have not begun, by their ids."""
        return await self.store.read(causes_of_waits, workspace_id, runs, self.clock.now_ms())

    async def cancel(self, workspace_id: Id, run: Id, within: Restriction = UNRESTRICTED) -> Run:
        """Cancel a run that has not ended.

        Raises NotFound, Conflict (it has ended), Forbidden (its target is not `within`).
        """
        await self._refuse_other(workspace_id, run, within)
        now = self.clock.now_ms()
        entry = Trail(workspace_id, now).entry("run.cancelled", "run", run)
        return await self.store.write(noting(verbs.cancel_run, entry), workspace_id, run, now)

    async def retry(self, who: Identity, run: Id) -> Run:
        """Start a new run for one that has ended, with an idempotency key of its own.

        Raises NotFound, Conflict (it has not ended, or many requests repeat it at once), Forbidden (no grant on its
        target).
        """
        return (await self.retry_once(who, run, None))[0]

    async def retry_once(self, who: Identity, run: Id, request: Request | None) -> tuple[Run, bool]:
        """As `retry`, once for a request: the new run, and whether the same request started it before. Raises also what
        `write_once` raises."""
        ended, _ = await self.get(who.workspace_id, run)
        who.require_target(ended.target_id, "of this run")  # the target of a run never changes
        now = self.clock.now_ms()
        trail = Trail(who.workspace_id, now)
        verb = recording(verbs.replay_run, lambda new: [_started(trail, "run.retried", new, retry_of=run)])

        async def find(an_id: Id) -> Run:
            return (await self.get(who.workspace_id, an_id))[0]

        for later in range(now, now + MOST_AT_ONCE):
            try:
                return await write_once(self.store, find, request, now, verb, who.workspace_id, run, later)
            except Duplicate:  # another request has repeated the same run at the same moment
                continue
        raise Conflict("many requests repeat this run at the same moment; send the request again", "state")

    async def start(self, who: Identity, target_id: Id, data: Any) -> Run:
        """Run a target now, without a schedule. `data` is its input and can be written as JSON.

        Raises NotFound, Forbidden (no grant on the target), Invalid (too large).
        """
        who.require_target(target_id, "that this run is for")
        now = self.clock.now_ms()
        text = None if data is None else orjson.dumps(data)
        most = who.workspace.quotas.input_bytes
        if text is not None and len(text) > most:
            reached = QuotaReached("input_bytes", most, prefixed("ws", who.workspace_id))
            raise Invalid(Problem("input", f"is too large: {reached}", "quota"))
        trail = Trail(who.workspace_id, now)
        verb = recording(
            verbs.run_target, lambda new: [_started(trail, "run.started", new, input=short(data))]
        )
        return await self.store.write(
            verb, who.workspace_id, target_id, random_id(now), None if text is None else text.decode(), now
        )

    async def _refuse_other(self, workspace_id: Id, run: Id, within: Restriction) -> None:
        if within.of_schedules:
            found, _ = await self.get(workspace_id, run)
            within.refuse_other(found.target_id, {})

    async def delete(self, workspace_id: Id, run: Id, within: Restriction = UNRESTRICTED) -> None:
        """Delete a run that has ended.

        Raises NotFound, Conflict (it has not ended), Forbidden (its target is not `within`).
        """
        await self._refuse_other(workspace_id, run, within)
        trail = Trail(workspace_id, self.clock.now_ms())

        def deleted(gone: Run) -> Iterator[AuditEntry]:
            was = {"target": prefixed("tgt", gone.target_id), "state": gone.state, "row_key": gone.row_key}
            if gone.schedule_id is not None:
                was["schedule"] = prefixed("sch", gone.schedule_id)
            yield trail.entry("run.deleted", "run", run, before=was)

        await self.store.write(recording(verbs.delete_run, deleted), workspace_id, run)

    async def complete(self, run: Id, token: str, output: Any = None) -> Run:
        """The target reports by callback that the run succeeded. `output` can be written as JSON; it is cut and
        scrubbed of secrets as an answer that comes at once is.

        Raises NotFound (also for a wrong token), Conflict (the run has ended).
        """
        answer = await self._kept(run, token, RunState.SUCCEEDED, output, None)
        return await self.store.write(verbs.answer_callback, run, token, answer, self.clock.now_ms())

    async def fail(self, run: Id, token: str, error: str | None = None, output: Any = None) -> Run:
        """The target reports by callback that the run failed. `error` and `output` are scrubbed as by `complete`.
        Raises as that does."""
        error = error or "the target reported a failure"
        answer = await self._kept(run, token, RunState.FAILED, output, error)
        now = self.clock.now_ms()
        failed = await self.store.write(verbs.answer_callback, run, token, answer, now)
        if failed.finished_ms is not None and failed.finished_ms >= now:  # and not said a second time
            self._failures.failed(
                now,
                failed.id,
                failed.workspace_id,
                failed.target_id,
                failure=REPORTED,
                attempt=failed.attempts,
                schedule_id=failed.schedule_id,
                fire_id=failed.fire_id,
            )
        return failed

    async def heartbeat(self, run: Id, token: str) -> Run:
        """The target reports by callback that it still works on the run, whose deadline starts anew.

        Raises as `complete` does.
        """
        return await self.store.write(
            verbs.answer_callback, run, token, CallbackAnswer(None), self.clock.now_ms()
        )

    async def _kept(
        self, run: Id, token: str, state: RunState, output: Any, error: str | None
    ) -> CallbackAnswer:
        """The answer as it may be stored."""
        if output is None and error is None:
            return CallbackAnswer(state)
        found = await self.store.read(verbs.callback_secrets, run, token)
        secrets: list[Any] = [token]
        if found.secrets is not None:
            secrets += self.vault.open(found.secrets, found.target_id).values()
        if found.environment is not None and found.schedule_id is not None:
            secrets += self.vault.open(found.environment, found.schedule_id).values()
        most = min(self.output_limit, quotas_from_text(found.quotas).output_bytes)
        kept, said = self.keep_answer(secrets, output, error, most)
        return CallbackAnswer(state, None if kept is None else orjson.dumps(kept).decode(), said)


def _started(trail: Trail, action: str, run: Run, retry_of: Id | None = None, **said: Any) -> AuditEntry:
    """The audit entry for a run that was started by hand."""
    after = {"target": shared_id("tgt", run.target_id), **said}
    if retry_of is not None:
        after["retry_of"] = prefixed("run", retry_of)
    return trail.entry(action, "run", run.id, after=after)
