"""What the attempts of runs have sent to their targets.

Requests are not stored. Nearly all of what one consists of is: the definition by which its schedule fired, the row, the
run, when the attempt began. So the request is made once more, by the executor that made it, and is not sent. What is
not kept is left out or said: secrets are hidden, and the target and the names are those of today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from horarium.domain.errors import NotFound
from horarium.domain.execution import Call, Executor, Message, ShowsRequests, Unsent
from horarium.domain.fire import Fire
from horarium.domain.ids import Id
from horarium.domain.run import Attempt, Run
from horarium.domain.schedule import Definition, Schedule
from horarium.domain.target import MASK, Completion, Target
from horarium.domain.tenancy import Identity
from horarium.domain.variations import choose, has_variations, variation_facts
from horarium.service.environments import EnvironmentService
from horarium.service.targets import TargetService
from horarium.store.base import Store, Tx
from horarium.store.verbs.ledger import get_fire, version_of
from horarium.store.verbs.runs import get_run
from horarium.store.verbs.schedules import get_schedule_or_deleted
from horarium.store.verbs.targets import get_target

# What a key needs to see what was sent: it holds the row, the input of the schedule and where the target is.
SCOPES = ("runs:read", "schedules:read", "targets:read")


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What an attempt has sent. `message` is None where the executor sends no message that could be shown, or where
    it cannot be made any more; `problem` then says why. `changed_ms`: the target was changed then, after the attempt
    had begun, so the request is made of what the target is now."""

    attempt: int
    message: Message | None
    problem: str | None = None
    changed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is stored of a run and of what it came from."""

    run: Run
    attempts: list[Attempt]
    target: Target
    schedule: Schedule | None
    definition: Definition | None
    fire: Fire | None


@dataclass(frozen=True, slots=True)
class SentRequestService:
    store: Store
    executors: Mapping[str, Executor]
    targets: TargetService
    environments: EnvironmentService
    callback_base: str

    async def of(self, who: Identity, run_id: Id, number: int | None = None) -> SentRequest:
        """What an attempt of a run has sent, the latest one without a number.

        Raises Forbidden, and NotFound for what there is not (any more): the run, the attempt, the target, the
        definition of that time.
        """
        for scope in SCOPES:
            who.require(scope)
        facts = await self.store.read(_facts, who.workspace_id, run_id)
        attempt = _attempt(facts.attempts, number)
        if Unsent.says(attempt.error):
            return SentRequest(attempt.number, None, "nothing was sent")
        target, executor = facts.target, self.executors.get(facts.target.executor)
        if target.shared_from is not None:
            return SentRequest(
                attempt.number, None, "the target is shared from a workspace that does not show it"
            )
        changed_ms = target.updated_ms if target.updated_ms > attempt.started_ms else None
        if not isinstance(executor, ShowsRequests):
            words = f"targets of the type {target.executor} send no HTTP request that could be shown"
            return SentRequest(attempt.number, None, words, changed_ms)
        try:
            message = executor.request_of(self._call(facts, attempt))
        except ValueError as error:
            words = f"the request cannot be made any more: {error}"
            return SentRequest(attempt.number, None, words, changed_ms)
        return SentRequest(attempt.number, message, None, changed_ms)

    def _call(self, facts: _Facts, attempt: Attempt) -> Call:
        """The attempt as the executor was given it. The token of a callback is kept as a digest alone, and the values
        of the environment are secrets."""
        run, target, definition = facts.run, facts.target, facts.definition
        data = None if run.data is None else orjson.loads(run.data)
        given = data if definition is None else definition.input
        calls_back = target.completion is Completion.CALLBACK
        names: Mapping[str, str] = {}
        if facts.schedule is not None:
            names = self.environments.known(facts.schedule, target.id)
        return Call(
            run_id=run.id,
            workspace_id=run.workspace_id,
            target_id=target.id,
            target_name=target.name,
            config=target.config,
            secrets=self.targets.secrets_of(target),
            attempt=attempt.number,
            timeout_ms=target.timeout_ms,
            now_ms=attempt.started_ms,
            kind=run.mode if facts.fire is None else facts.fire.kind,
            schedule_id=run.schedule_id,
            schedule_name=None if facts.schedule is None else facts.schedule.name,
            fire_id=run.fire_id,
            slot_ms=run.slot_ms,
            due_ms=run.due_ms,
            timezone="UTC" if definition is None else definition.timing.zone,
            missed=None if facts.fire is None else facts.fire.missed,
            input=given,
            variation=_variation(target, run.id, given),
            row_key=run.row_key,
            row=None if definition is None else data,
            environment=dict.fromkeys(names, MASK),
            callback_token=MASK if calls_back else None,
            callback_base=self.callback_base if calls_back else None,
            watched=target.completion is Completion.WATCH,
        )


async def _facts(tx: Tx, workspace_id: Id, run_id: Id) -> _Facts:
    run, attempts = await get_run(tx, workspace_id, run_id)
    target = await get_target(tx, workspace_id, run.target_id)
    schedule = definition = fire = None
    if run.schedule_id is not None and run.version is not None:
        schedule = await get_schedule_or_deleted(tx, workspace_id, run.schedule_id)
        _, definition = await version_of(tx, workspace_id, run.schedule_id, run.version)
    if run.fire_id is not None:
        fire = await get_fire(tx, workspace_id, run.fire_id)
    return _Facts(run, attempts, target, schedule, definition, fire)


def _attempt(attempts: list[Attempt], number: int | None) -> Attempt:
    for attempt in reversed(attempts):
        if number is None or attempt.number == number:
            return attempt
    raise NotFound("attempt")


def _variation(target: Target, run_id: Id, given: Any) -> dict[str, Any] | None:
    if not has_variations(target.extra):
        return None
    return variation_facts(choose(target.extra, target.id, run_id, given))
