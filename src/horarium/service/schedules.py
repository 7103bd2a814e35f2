"""The use cases of schedules. Each is one command in, one value out, one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from horarium.domain.errors import Conflict, Invalid, Problem
from horarium.domain.fire import Fire, FireKind
from horarium.domain.ids import Id, random_id
from horarium.domain.plan import slot_after
from horarium.domain.schedule import (
    NO_OWNER,
    Definition,
    Policies,
    Progress,
    Schedule,
    ScheduleState,
    stored_recurrence,
)
from horarium.service.clock import Clock
from horarium.service.reads import reads
from horarium.store.base import Store, Tx
from horarium.store.verbs import ledger
from horarium.store.verbs import schedules as verbs
from horarium.store.verbs.changes import Change, change_schedule
from horarium.store.verbs.creation import create_schedules, onward, refuse_twin
from horarium.store.verbs.manual import find_manual_fire, fire_by_hand
from horarium.times import Recurrence, RecurrenceError, Timing, compile_timing, wants_anchor

BACKFILL_LIMIT = 10_000
REPEAT_MS = 86_400_000
"""How long a repeated request for a fire by hand is the same request."""


@dataclass(slots=True)  # not frozen: that costs 4 us each where 10,000 come in a request
class ScheduleDraft:
    """A schedule to be made. The timing has been built by the dialect; the target has been resolved."""

    workspace_id: Id
    created_by: Id
    name: str
    timing: Timing
    target_id: Id
    dialect: str = "native"
    policies: Policies = field(default_factory=Policies)
    input: Any = None
    audience: Mapping[str, Any] | None = None
    environment: bytes | None = None
    owner_id: Id = NO_OWNER
    key: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    paused: bool = False
    note: str | None = None
    state: ScheduleState = ScheduleState.ACTIVE
    """The state it is born in; `paused` goes before it."""
    id: Id | None = None
    """Its id, where something had to be made for it beforehand; a new one otherwise."""


def compiled(timing: Timing, prefix: str = "recurrence") -> Recurrence:
    """The recurrence of a timing; what is wrong with it as Invalid, fields under `prefix` (`timezone` stands alone)."""
    try:
        return compile_timing(timing)
    except RecurrenceError as error:
        raise Invalid(recurrence_problems(error, prefix)) from None


def recurrence_problems(error: RecurrenceError, prefix: str = "recurrence") -> list[Problem]:
    """What times/ found wrong, in the form of the domain. `timezone` is a field beside the recurrence, not in it."""
    problems = []
    for one in error.problems:
        beside = one.field in ("timezone", "start", "end", "dst_gap", "dst_overlap", "dst_every_hour")
        place = one.field if beside else ".".join(part for part in (prefix, one.field) if part)
        problems.append(Problem(place, one.message))
    return problems


def anchor_at(spec: str, dialect: str, now_ms: int) -> int:
    """Where the elapsed time of a recurrence made now counts from (`Timing.anchor`, in seconds): the next whole
    second, so that nothing is early. Raises RecurrenceError."""
    return -(-now_ms // 1000) if wants_anchor(spec, dialect) else 0


def has_passed(timing: Timing, now_ms: int) -> bool:
    """Whether a timing is a one-shot whose instant does not lie ahead. Raises Invalid."""
    recurrence = compiled(timing)
    return recurrence.one_shot and slot_after(recurrence, now_ms) is None


def schedule_of(draft: ScheduleDraft, now: int) -> Schedule:
    """The schedule a draft becomes at `now`. Raises Invalid."""
    compiled(draft.timing)
    definition = Definition(
        draft.timing, draft.policies, draft.target_id, draft.input, draft.audience, draft.environment
    )
    new = draft.id or random_id(now)
    state = ScheduleState.PAUSED if draft.paused else draft.state
    step = onward(new, definition, state, now, 0)
    return Schedule(
        id=new,
        workspace_id=draft.workspace_id,
        dialect=draft.dialect,
        name=draft.name,
        state=step.state,
        definition=definition,
        progress=Progress(step.accounted_to, step.next_slot, step.next_due),
        version=1,
        definition_version=1,
        created_ms=now,
        updated_ms=now,
        created_by=draft.created_by,
        owner_id=draft.owner_id,
        key=draft.key,
        description=draft.description,
        labels=draft.labels,
        extra=draft.extra,
        note=draft.note,
        ended_ms=now if step.ended_reason else None,
        ended_reason=step.ended_reason,
    )


class ScheduleService:
    """Everything that callers can do with schedules. What does not exist in the workspace raises NotFound."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    async def create(self, draft: ScheduleDraft, distinct: bool = False) -> Schedule:
        """Make a schedule; it is on the clock when this returns. Raises Invalid, Conflict (key taken).

        `distinct`: Conflict (duplicate) where the target has a schedule with the same recurrence, zone and input.
        """
        schedule = schedule_of(draft, self.clock.now_ms())
        if distinct:
            await self.store.write(_create_distinct, schedule)
        else:
            await self.store.write_grouped(create_schedules, schedule)
        return schedule

    async def create_many(self, drafts: Sequence[ScheduleDraft]) -> list[Schedule]:
        """Make several in one transaction, all or none."""
        now = self.clock.now_ms()
        schedules = [schedule_of(draft, now) for draft in drafts]
        await self.store.write(create_schedules, schedules)
        return schedules

    async def change(
        self,
        workspace_id: Id,
        schedule_id: Id,
        change: Change,
        expected_version: int | None = None,
        distinct: bool = False,
    ) -> Schedule:
        """Apply a pure function to a schedule. What it gives is checked, stored and put on the clock from now.

        `distinct` as for `create`.
        """

        def checked(before: Schedule) -> Schedule:
            after = change(before)
            if after.definition.timing != before.definition.timing:
                compiled(after.definition.timing)
            return after

        now = self.clock.now_ms()
        return await self.store.write(
            _change, workspace_id, schedule_id, checked, now, expected_version, distinct
        )

    async def pause(
        self, workspace_id: Id, schedule_id: Id, note: str | None = None, expected_version: int | None = None
    ) -> Schedule:
        """Stop the clock; a completed or archived schedule is a Conflict. Pausing twice is the same as once."""

        def paused(before: Schedule) -> Schedule:
            _refuse_ended(before, "paused")
            return replace(before, state=ScheduleState.PAUSED, note=note if note is not None else before.note)

        return await self.change(workspace_id, schedule_id, paused, expected_version)

    async def resume(
        self, workspace_id: Id, schedule_id: Id, expected_version: int | None = None
    ) -> Schedule:
        """Let the clock go on from now; what passed meanwhile is one span in the ledger."""

        def resumed(before: Schedule) -> Schedule:
            _refuse_ended(before, "resumed")
            return replace(before, state=ScheduleState.ACTIVE, note=None)

        return await self.change(workspace_id, schedule_id, resumed, expected_version)

    async def delete(
        self, workspace_id: Id, schedule_id: Id, expected_version: int | None = None
    ) -> Schedule:
        """Take a schedule away; its history stays for the retention time. Runs in flight go on."""
        now = self.clock.now_ms()

        def deleted(before: Schedule) -> Schedule:
            return replace(before, state=ScheduleState.DELETED, deleted_ms=now)

        return await self.change(workspace_id, schedule_id, deleted, expected_version)

    async def fire_now(self, workspace_id: Id, schedule_id: Id, request: str | None = None) -> Fire:
        """Fire by hand, whatever the schedule's state. Two calls are two fires, unless within a day they carry one
        `request`."""
        return await self.store.write(_fire_now, workspace_id, schedule_id, request, self.clock.now_ms())

    async def backfill(
        self, workspace_id: Id, schedule_id: Id, from_ms: int, to_ms: int, request: str = ""
    ) -> list[Fire]:
        """Fire every slot of [from, to] that lies in the past, each as a fire of kind backfill.

        The same range again (with the same `request`) fires nothing twice. Raises Invalid for a range that is empty,
        in the future, or holds more than BACKFILL_LIMIT slots.
        """
        now = self.clock.now_ms()
        if to_ms < from_ms:
            raise Invalid(Problem("to", "must not be before from"))
        if to_ms > now:
            raise Invalid(Problem("to", "lies in the future: a backfill fires slots that have passed"))
        return await self.store.write(_backfill, workspace_id, schedule_id, from_ms, to_ms, request, now)

    get = reads(verbs.get_schedule)
    find_by_key = reads(verbs.find_schedule_by_key)
    whose = reads(verbs.whose_schedule)
    count = reads(verbs.count_schedules)
    fire = reads(ledger.get_fire)
    fires = reads(ledger.list_fires)
    fires_as_fired = reads(ledger.list_fires_by_fired)
    history = reads(ledger.history)
    list = reads(verbs.list_schedules)


async def _create_distinct(tx: Tx, schedule: Schedule) -> None:
    await create_schedules(tx, [schedule])
    await refuse_twin(tx, schedule)


async def _change(
    tx: Tx,
    workspace_id: Id,
    schedule_id: Id,
    change: Change,
    now: int,
    expected_version: int | None,
    distinct: bool,
) -> Schedule:
    after = await change_schedule(tx, workspace_id, schedule_id, change, now, expected_version)
    if distinct and after.deleted_ms is None:
        await refuse_twin(tx, after)
    return after


def _refuse_ended(schedule: Schedule, done: str) -> None:
    if schedule.state in (ScheduleState.COMPLETED, ScheduleState.ARCHIVED):
        raise Conflict(f"the schedule is {schedule.state.value} and cannot be {done}", "state")


async def _fire_now(tx: Tx, workspace_id: Id, schedule_id: Id, request: str | None, now: int) -> Fire:
    schedule = await verbs.get_schedule(tx, workspace_id, schedule_id)
    one = None
    if request is not None:
        one = await find_manual_fire(tx, schedule_id, request, now - REPEAT_MS)
    if one is None:
        unique = request if request is not None else random_id(now).hex()
        one = await fire_by_hand(tx, schedule, FireKind.MANUAL, now, unique, now)
    return await ledger.get_fire(tx, workspace_id, one)


async def _backfill(
    tx: Tx, workspace_id: Id, schedule_id: Id, from_ms: int, to_ms: int, request: str, now: int
) -> list[Fire]:
    schedule = await verbs.get_schedule(tx, workspace_id, schedule_id)
    recurrence = stored_recurrence(schedule.definition.timing)
    count = recurrence.count_between((from_ms - 1) // 1000, to_ms // 1000)
    if count > BACKFILL_LIMIT:
        words = f"the range holds {count} slots; at most {BACKFILL_LIMIT} are filled at once"
        raise Invalid(Problem("to", words))
    fires = []
    slot = slot_after(recurrence, from_ms - 1)
    while slot is not None and slot <= to_ms:
        one = await fire_by_hand(tx, schedule, FireKind.BACKFILL, slot, request, now)
        fires.append(await ledger.get_fire(tx, workspace_id, one))
        slot = slot_after(recurrence, slot)
    return fires
