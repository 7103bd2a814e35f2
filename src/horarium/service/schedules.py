"""The use cases of schedules: create and read them, edit, pause, resume and delete them, and fire them by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from horarium.domain.audit import SCHEDULES_CREATED, AuditEntry
from horarium.domain.errors import Conflict, Invalid, Problem, Unauthorized
from horarium.domain.fire import Fire, FireKind
from horarium.domain.ids import Id, fire_id, random_id
from horarium.domain.pauses import said
from horarium.domain.plan import slot_after
from horarium.domain.restrictions import UNRESTRICTED, Restriction
from horarium.domain.schedule import (
    NO_OWNER,
    CatchUp,
    Definition,
    Policies,
    Progress,
    Schedule,
    ScheduleState,
    stored_recurrence,
)
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.domain.windows import NO_HOLDS, Holds
from horarium.service.checks import depth_problems
from horarium.service.clock import Clock
from horarium.service.facts import schedule_action, schedule_facts
from horarium.service.rates import BACKFILLED_FIRE, PREVIEWED_TIME, Rates
from horarium.service.reads import reads
from horarium.service.repeats import key_of_principal, request_by, request_of
from horarium.service.schemas import input_problems
from horarium.service.trail import Trail, difference, noting, recording, watched
from horarium.service.turns import Turns
from horarium.store.base import Store, Tx
from horarium.store.verbs import ledger, schedule_lists
from horarium.store.verbs import schedules as verbs
from horarium.store.verbs.changes import ScheduleChange, change_schedule
from horarium.store.verbs.creation import create_schedules, onward, refuse_twin
from horarium.store.verbs.idempotency import Request, claim
from horarium.store.verbs.manual import fire_by_hand, fire_slots
from horarium.store.verbs.tenancy import get_key, grants_of
from horarium.store.verbs.windows import holds_of, schedule_with_holds
from horarium.times import Recurrence, RecurrenceError, Timing, compile_timing, wants_anchor

# The most slots that one backfill may fire.
BACKFILL_LIMIT = 10_000
# Slots that are fired in one transaction, and that are looked for before others get a turn of the event loop.
BACKFILL_BATCH = 200
_SLOTS_IN_A_TURN = 8
# How errors name a target that the caller did not name.
OF_SCHEDULE = "of this schedule"


# Not frozen: creating a frozen one costs 4 us more, and a bulk request creates 10,000 of them.
@dataclass(slots=True)
class ScheduleDraft:
    """A schedule to be created, as a dialect has read it; see Schedule for its fields.

    `state` is the state in which it is created; `paused` overrides it. `id` is set if something had to be
    made for the schedule beforehand; otherwise it gets a new id.
    """

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
    id: Id | None = None


def compiled(timing: Timing, prefix: str = "recurrence") -> Recurrence:
    """The recurrence of a timing. Raises Invalid with every problem, as `recurrence_problems` names their fields."""
    try:
        return compile_timing(timing)
    except RecurrenceError as error:
        raise Invalid(recurrence_problems(error, prefix)) from None


def recurrence_problems(error: RecurrenceError, prefix: str = "recurrence") -> list[Problem]:
    """The problems of a recurrence as problems of a request.

    Their fields are under `prefix`, the name of the recurrence in the request. Fields beside the recurrence,
    such as `timezone`, keep their names.
    """
    problems = []
    for found in error.problems:
        beside = found.field in ("timezone", "start", "end", "dst_gap", "dst_overlap", "dst_every_hour")
        place = found.field if beside else ".".join(part for part in (prefix, found.field) if part)
        problems.append(Problem(place, found.message))
    return problems


def anchor_at(spec: str, dialect: str, now_ms: int) -> int:
    """The anchor (`Timing.anchor`, in seconds) of a recurrence that is created now.

    It is the present, rounded up to a whole second so that nothing fires early, or 0 if the recurrence does
    not count from an anchor. Raises RecurrenceError.
    """
    return -(-now_ms // 1000) if wants_anchor(spec, dialect) else 0


def has_passed(timing: Timing, now_ms: int) -> bool:
    """Whether a timing has a single instant and that is not in the future. Raises Invalid."""
    recurrence = compiled(timing)
    return recurrence.one_shot and slot_after(recurrence, now_ms) is None


def schedule_of(draft: ScheduleDraft, now: int) -> Schedule:
    """The schedule that a draft becomes at the instant `now`, in milliseconds. Raises Invalid."""
    compiled(draft.timing)
    definition = Definition(
        draft.timing, draft.policies, draft.target_id, draft.input, draft.audience, draft.environment
    )
    _refuse_depth(definition)
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


def require_grant(who: Identity, before: Schedule, after: Schedule) -> None:
    """Raises Forbidden if an edit needs a grant that the caller does not have.

    What changes what a schedule does, or makes it active again, needs a grant on the target that it has after the
    edit. Stopping, deleting, renaming and relabelling need none. A key that is restricted to some targets or labels
    changes no other schedule, and makes none into another.
    """
    who.restriction.refuse_other(after.definition.target_id, after.labels)
    starts = after.state is ScheduleState.ACTIVE and before.state is not ScheduleState.ACTIVE
    if starts or after.definition != before.definition:
        who.require_target(after.definition.target_id, OF_SCHEDULE, after.labels)


def granted(who: Identity, change: ScheduleChange) -> ScheduleChange:
    """A change that also raises Forbidden where the caller may not make it: see `require_grant`."""

    def checked(before: Schedule) -> Schedule:
        who.restriction.refuse_other(before.definition.target_id, before.labels)
        after = change(before)
        require_grant(who, before, after)
        return after

    return checked


def pausing(
    who: Identity,
    note: str | None = None,
    until_ms: int | None = None,
    catch_up: CatchUp | None = None,
    clears: Collection[str] = (),
) -> ScheduleChange:
    """The change that stops the clock of a schedule. It raises Conflict (state) and Forbidden, as `pause` says."""

    def paused(before: Schedule) -> Schedule:
        who.restriction.refuse_other(before.definition.target_id, before.labels)
        _refuse_ended(before, "paused")
        after = replace(
            before,
            state=ScheduleState.PAUSED,
            note=said("note", note, before.note, clears),
            paused_until_ms=said("until", until_ms, before.paused_until_ms, clears),
            catch_up_after=said("catch_up", catch_up, before.catch_up_after, clears) or CatchUp.NONE,
        )
        if _lets_more_fire(before, after):
            who.require_target(after.definition.target_id, OF_SCHEDULE, after.labels)
        return after

    return paused


def _lets_more_fire(before: Schedule, after: Schedule) -> bool:
    """Whether a pause was changed so that it ends sooner, or that more is caught up after it: that is a resumption,
    only later."""
    if before.state is not ScheduleState.PAUSED:
        return False
    end, was = after.paused_until_ms, before.paused_until_ms
    ends_sooner = end is not None and (was is None or end < was)
    catches_up = after.catch_up_after not in (before.catch_up_after, CatchUp.NONE)
    return ends_sooner or catches_up


def resuming(catch_up: CatchUp | None = None) -> ScheduleChange:
    """The change that lets the clock of a schedule go on. It raises Conflict (state) for a completed or archived one.

    `catch_up` says what becomes of the slots of the pause; None: what was said when it was paused.
    """

    def resumed(before: Schedule) -> Schedule:
        _refuse_ended(before, "resumed")
        after = replace(before, state=ScheduleState.ACTIVE, note=None, paused_until_ms=None)
        if before.state is ScheduleState.ACTIVE or catch_up is None:
            return after
        return replace(after, catch_up_after=catch_up)

    return resumed


def deleting(now: int, within: Restriction) -> ScheduleChange:
    """The change that deletes a schedule at an instant (ms). It raises Forbidden for one that is not `within`."""

    def deleted(before: Schedule) -> Schedule:
        within.refuse_other(before.definition.target_id, before.labels)
        return replace(before, state=ScheduleState.DELETED, deleted_ms=now)

    return deleted


def retargeting(target: Target) -> ScheduleChange:
    """The change that gives a schedule another target. It raises Invalid where the target does not take the input, or
    where the schedule has secrets that were given for its present target."""

    def retargeted(before: Schedule) -> Schedule:
        after = replace(before, definition=replace(before.definition, target_id=target.id))
        problems = []
        if target.input_schema is not None:
            problems = input_problems(target.input_schema, before.definition.input, "input")
        if problems:
            raise Invalid(problems)
        _refuse_moved_secrets(before, after)
        return after

    return retargeted


class ScheduleService:
    """Everything that callers can do with schedules.

    Whatever takes the id of a schedule or a fire raises NotFound if it does not exist in the workspace. An
    `expected_version` that is not the schedule's version raises Conflict (version).
    """

    def __init__(self, store: Store, clock: Clock, rates: Rates) -> None:
        self.store, self.clock, self.rates = store, clock, rates

    async def create(self, draft: ScheduleDraft, distinct: bool = False) -> Schedule:
        """Create a schedule. It is on the clock when this returns. Raises Invalid, Conflict (key_taken).

        With `distinct`, raises Conflict (duplicate) if the target has a schedule with the same
        recurrence, zone and input.
        """
        schedule, _ = await self._create(draft, distinct)
        return schedule

    async def create_with_holds(self, draft: ScheduleDraft) -> tuple[Schedule, Holds]:
        """As `create`; also what holds back slots of the schedule that are to come."""
        schedule, held = await self._create(draft)
        if not held:
            return schedule, NO_HOLDS
        now = self.clock.now_ms()
        return schedule, await self.store.read(holds_of, schedule.workspace_id, schedule.id, now)

    async def _create(self, draft: ScheduleDraft, distinct: bool = False) -> tuple[Schedule, bool]:
        """The new schedule, and whether anything holds back the slots of all schedules of its workspace."""
        schedule = schedule_of(draft, self.clock.now_ms())
        new = NewSchedule(schedule, created_entry(schedule))
        if distinct:
            held = await self.store.write(_create_distinct, new)
        else:
            held = await self.store.write_grouped(create_recorded, new)
        return schedule, schedule.workspace_id in held

    async def create_many(self, drafts: Sequence[ScheduleDraft]) -> list[Schedule]:
        """Create several schedules in one transaction, all or none, in turns with other work. Raises Invalid, Conflict
        (key_taken)."""
        now, turns, schedules = self.clock.now_ms(), Turns(), list[Schedule]()
        for draft in drafts:
            schedules.append(schedule_of(draft, now))
            await turns.give()
        told = created_together(schedules)
        await self.store.write(recording(create_schedules, lambda _: told), schedules)
        return schedules

    async def change(
        self,
        who: Identity,
        schedule_id: Id,
        change: ScheduleChange,
        expected_version: int | None = None,
        distinct: bool = False,
    ) -> Schedule:
        """Edit a schedule by a pure function from the schedule before to the schedule after.

        What the schedule owes under its old definition is accounted for in the same transaction; its clock
        goes on from now. So an edit neither fires by itself nor loses a slot. `distinct` is as in `create`.
        Raises what `change` raises, Invalid (timing), Conflict, and Forbidden as `require_grant` says.
        """

        return await self._change(
            who.workspace_id, schedule_id, granted(who, change), expected_version, distinct
        )

    async def _change(
        self,
        workspace_id: Id,
        schedule_id: Id,
        change: ScheduleChange,
        expected_version: int | None,
        distinct: bool = False,
    ) -> Schedule:
        def checked(before: Schedule) -> Schedule:
            after = change(before)
            if after.definition.timing != before.definition.timing:
                compiled(after.definition.timing)
            if (after.definition.input, after.definition.audience) != (
                before.definition.input,
                before.definition.audience,
            ):
                _refuse_depth(after.definition)
            _refuse_moved_secrets(before, after)
            return after

        now = self.clock.now_ms()
        trail, seen = Trail(workspace_id, now), list[Schedule]()
        by = trail.by.principal_id
        verb = recording(_change, lambda after: _changed_entries(trail, seen[0], after) if seen else ())
        return await self.store.write(
            verb, workspace_id, schedule_id, watched(checked, seen), now, expected_version, distinct, by
        )

    async def pause(
        self,
        who: Identity,
        schedule_id: Id,
        note: str | None = None,
        expected_version: int | None = None,
        until_ms: int | None = None,
        catch_up: CatchUp | None = None,
        clears: Collection[str] = (),
    ) -> Schedule:
        """Stop the clock of a schedule, which goes on by itself at `until_ms`, if that is given. `catch_up` says what
        becomes of the slots of the pause then; none of them fires where it is not given.

        Pausing a paused schedule changes the note, the end and the catch-up, as far as they are given, and takes away
        those that `clears` names (`note`, `until`, `catch_up`); with a sooner end, or with more to catch up, it needs a
        grant as resuming does. Raises Conflict (state) for a completed or archived schedule, Forbidden (a grant, a
        restricted key), and Invalid for an end that is not in the future.
        """
        refuse_past_end(until_ms, self.clock.now_ms())
        change = pausing(who, note, until_ms, catch_up, clears)
        return await self._change(who.workspace_id, schedule_id, change, expected_version)

    async def resume(
        self,
        who: Identity,
        schedule_id: Id,
        expected_version: int | None = None,
        catch_up: CatchUp | None = None,
    ) -> Schedule:
        """Let the clock of a paused schedule go on from now.

        `catch_up` says what becomes of the slots of the pause: with `none` they become one span in the ledger, with
        `latest` the last of them fires, with `all` each of them does, as far as the schedule's policies bound what is
        caught up. While the workspace is paused nothing is caught up. None: what was said when it was paused. Raises
        Conflict (state) for a completed or archived schedule, and Forbidden without a grant on its target.
        """
        return await self.change(who, schedule_id, resuming(catch_up), expected_version)

    async def delete(
        self,
        workspace_id: Id,
        schedule_id: Id,
        expected_version: int | None = None,
        within: Restriction = UNRESTRICTED,
    ) -> Schedule:
        """Delete a schedule. Its history is kept for the retention time, and its open runs go on.

        Raises Forbidden for one that is not `within`.
        """
        change = deleting(self.clock.now_ms(), within)
        return await self._change(workspace_id, schedule_id, change, expected_version)

    async def fire_now(self, who: Identity, schedule_id: Id, request: str | None = None) -> Fire:
        """Fire a schedule by hand, in whatever state it is.

        Two calls give two fires, unless both have the same `request`, are of the same principal and come within a
        day: then the second returns the fire of the first. Raises Forbidden without a grant on its target, and
        Invalid for a `request` that is no Idempotency-Key.
        """
        now = self.clock.now_ms()
        entry = fired_entry(who.workspace_id, schedule_id, now)
        once = None
        if request is not None:
            once = request_of(
                who.workspace_id, f"fire {schedule_id.hex()}", key_of_principal(who, request), b""
            )
        return await self.store.write(_fire_now, who, schedule_id, once, now, entry)

    async def backfill(
        self, who: Identity, schedule_id: Id, from_ms: int, to_ms: int, request: str | None = None
    ) -> list[Fire]:
        """Fire every slot in [from_ms, to_ms], each as a fire of kind backfill. Returns these fires in slot order.

        Slots are looked for before anything is written, and fired BACKFILL_BATCH in a transaction, so that nobody
        waits long behind a large range. The key pays for what is looked for, and for what is fired. Repeating a
        range with the same `request` of the same principal, or again without one, fires nothing twice, and
        completes what was interrupted. Raises Invalid for a range that is reversed, ends in the future, or has more
        than BACKFILL_LIMIT slots, and for a `request` that is no Idempotency-Key, Conflict if the schedule is given
        another definition meanwhile or the same `request` came with another range within a day, and Forbidden
        without a grant on its target. Each batch looks anew whether the caller may.
        """
        now = self.clock.now_ms()
        unique = "" if request is None else key_of_principal(who, request)
        once = None
        if request is not None:
            once = request_by(who, f"backfill {schedule_id.hex()}", request, f"{from_ms} {to_ms}".encode())
        schedule, slots = await self._to_backfill(who, schedule_id, from_ms, to_ms)
        version = schedule.definition_version
        trail = Trail(who.workspace_id, now)
        fires: list[Fire] = []
        for first in range(0, len(slots), BACKFILL_BATCH):
            batch = slots[first : first + BACKFILL_BATCH]
            said = {
                "slots": len(batch),
                "first_ms": batch[0],
                "last_ms": batch[-1],
                "repeat_key": request or "",
            }
            entry = trail.entry("schedule.backfilled", "sch", schedule_id, after=said)
            fires += await self.store.write(
                noting(_backfill, entry), who, schedule_id, version, batch, unique, once, now
            )
            self.rates.spend(who, len(batch) * BACKFILLED_FIRE)
        return fires

    async def slots_to_backfill(self, who: Identity, schedule_id: Id, from_ms: int, to_ms: int) -> list[int]:
        """The slots in [from_ms, to_ms], in milliseconds, that a backfill would fire. Raises as `backfill` does, and
        changes nothing. The key pays for them as for the times of a preview, also when they are too many."""
        _, slots = await self._to_backfill(who, schedule_id, from_ms, to_ms)
        return slots

    async def _to_backfill(
        self, who: Identity, schedule_id: Id, from_ms: int, to_ms: int
    ) -> tuple[Schedule, list[int]]:
        if to_ms < from_ms:
            raise Invalid(Problem("to", "must not be before from"))
        if to_ms > self.clock.now_ms():
            raise Invalid(Problem("to", "must not be in the future: a backfill fires slots that have passed"))
        schedule = await self.get(who.workspace_id, schedule_id)
        who.require_target(schedule.definition.target_id, OF_SCHEDULE, schedule.labels)
        recurrence = stored_recurrence(schedule.definition.timing)
        slots: list[int] = []
        try:
            await _find_slots(slots, recurrence, from_ms, to_ms)
        finally:
            self.rates.spend(who, len(slots) * PREVIEWED_TIME)
        return schedule, slots

    async def get_with_holds(self, workspace_id: Id, schedule_id: Id) -> tuple[Schedule, Holds]:
        """A schedule, and what holds back slots of it that are to come."""
        return await self.store.read(schedule_with_holds, workspace_id, schedule_id, self.clock.now_ms())

    get = reads(verbs.get_schedule)
    find_by_key = reads(verbs.find_schedule_by_key)
    with_keys = reads(verbs.schedules_with_keys)
    whose = reads(verbs.whose_schedule)
    count = reads(schedule_lists.count_schedules)
    fire = reads(ledger.get_fire)
    fires = reads(ledger.list_fires)
    fires_as_fired = reads(ledger.list_fires_by_fired)
    errors_of_fires = reads(ledger.errors_of_fires)
    history = reads(ledger.history)
    latest_fires = reads(ledger.latest_fires)
    list = reads(schedule_lists.list_schedules)


class NewSchedule(NamedTuple):
    """A schedule about to be created, and the audit entry that tells of it."""

    schedule: Schedule
    entry: AuditEntry


def created_entry(schedule: Schedule) -> AuditEntry:
    """The audit entry for a new schedule."""
    trail = Trail(schedule.workspace_id, schedule.created_ms)
    return trail.entry("schedule.created", "sch", schedule.id, after=schedule_facts(schedule))


def created_together(schedules: Sequence[Schedule]) -> list[AuditEntry]:
    """The audit entry for schedules that are created together.

    It has their ids only. An entry for each would slow bulk requests down; and their definitions are kept anyway, as
    version 1 of each.
    """
    if not schedules:
        return []
    first = schedules[0]
    said = {"count": len(schedules), "schedules": [schedule.id.hex() for schedule in schedules]}
    trail = Trail(first.workspace_id, first.created_ms)
    return [trail.entry(SCHEDULES_CREATED, "ws", first.workspace_id, after=said)]


def fired_entry(workspace_id: Id, schedule_id: Id, now: int) -> AuditEntry:
    """The audit entry for a schedule that is fired by hand."""
    return Trail(workspace_id, now).entry("schedule.fired", "sch", schedule_id)


def _changed_entries(trail: Trail, before: Schedule, after: Schedule) -> Iterator[AuditEntry]:
    said: dict[str, Any] = difference(schedule_facts(before), schedule_facts(after))
    if after.definition.environment != before.definition.environment:
        said["secrets_changed"] = True
    if said["after"] or "secrets_changed" in said:
        yield trail.entry(schedule_action(before, after), "sch", after.id, **said)


async def create_recorded(tx: Tx, new: Sequence[NewSchedule]) -> set[Id]:
    """As `create_schedules`, each with its audit entry."""
    held = await create_schedules(tx, [each.schedule for each in new])
    for each in new:
        tx.record(each.entry)
    return held


async def _create_distinct(tx: Tx, new: NewSchedule) -> set[Id]:
    held = await create_recorded(tx, [new])
    await refuse_twin(tx, new.schedule)
    return held


async def _change(
    tx: Tx,
    workspace_id: Id,
    schedule_id: Id,
    change: ScheduleChange,
    now: int,
    expected_version: int | None,
    distinct: bool,
    by: Id | None,
) -> Schedule:
    after = await change_schedule(tx, workspace_id, schedule_id, change, now, expected_version, by)
    if distinct and after.deleted_ms is None:
        await refuse_twin(tx, after)
    return after


def _refuse_depth(definition: Definition) -> None:
    """Raises Invalid where what a schedule hands on could be shown, but not be sent back in every API."""
    problems = [
        *depth_problems("input", definition.input),
        *depth_problems("audience", definition.audience),
    ]
    if problems:
        raise Invalid(problems)


def _refuse_moved_secrets(before: Schedule, after: Schedule) -> None:
    """Environment variables are secrets of the target that they were given for: with another target they are given
    again. Raises Invalid."""
    was, will_be = before.definition, after.definition
    if was.target_id == will_be.target_id or will_be.environment is None:
        return
    if will_be.environment == was.environment:
        words = "cannot be changed while the schedule keeps the environment variables given for its present target"
        raise Invalid(Problem("target", words, "conflict"))


def refuse_past_end(until_ms: int | None, now: int) -> None:
    """Raises Invalid for the end of a pause that is not in the future."""
    if until_ms is not None and until_ms <= now:
        raise Invalid(Problem("until", "must be in the future: at this instant the pause ends"))


def _refuse_ended(schedule: Schedule, done: str) -> None:
    if schedule.state in (ScheduleState.COMPLETED, ScheduleState.ARCHIVED):
        raise Conflict(f"the schedule is {schedule.state.value} and cannot be {done}", "state")


async def _fire_now(
    tx: Tx, who: Identity, schedule_id: Id, once: Request | None, now: int, entry: AuditEntry
) -> Fire:
    schedule = await verbs.get_schedule(tx, who.workspace_id, schedule_id)
    who.require_target(schedule.definition.target_id, OF_SCHEDULE, schedule.labels)
    if once is None:
        unique, fire = random_id(now).hex(), None
    else:
        unique = once.key
        fire = await claim(tx, once, fire_id(schedule_id, FireKind.MANUAL, now, unique), now)
    if fire is None:
        fire = await fire_by_hand(tx, schedule, FireKind.MANUAL, now, unique, now)
        tx.record(entry)
    return await ledger.get_fire(tx, who.workspace_id, fire)


async def _find_slots(slots: list[int], recurrence: Recurrence, from_ms: int, to_ms: int) -> None:
    """Append the slots in [from_ms, to_ms]. Raises Invalid for more than BACKFILL_LIMIT, when it has found these."""
    slot = slot_after(recurrence, from_ms - 1)
    while slot is not None and slot <= to_ms:
        if len(slots) == BACKFILL_LIMIT:
            words = f"the range has more than the {BACKFILL_LIMIT} slots that are allowed in one backfill"
            raise Invalid(Problem("to", words))
        slots.append(slot)
        if not len(slots) % _SLOTS_IN_A_TURN:
            await asyncio.sleep(0)
        slot = slot_after(recurrence, slot)


async def _as_by_now(tx: Tx, who: Identity) -> Identity:
    """A caller with the grants that its principal has by now. Raises Unauthorized where the key was revoked."""
    key = await get_key(tx, who.principal.workspace_id, who.key_id)
    if key is not None and key.revoked_ms is not None:
        raise Unauthorized("this API key was revoked")
    return replace(who, granted=frozenset(await grants_of(tx, who.principal_id)))


async def _backfill(
    tx: Tx,
    who: Identity,
    schedule_id: Id,
    version: int,
    slots: Sequence[int],
    unique: str,
    once: Request | None,
    now: int,
) -> list[Fire]:
    """Fire slots that the definition of a version names. Raises Conflict if it is not the schedule's any more, or if
    the request came with another range before; Unauthorized and Forbidden if the caller may not fire it any more."""
    workspace_id = who.workspace_id
    if once is not None:
        await claim(tx, once, schedule_id, now)
    schedule = await verbs.get_schedule(tx, workspace_id, schedule_id)
    (await _as_by_now(tx, who)).require_target(schedule.definition.target_id, OF_SCHEDULE, schedule.labels)
    if schedule.definition_version != version:
        words = "the schedule was changed while its slots were being fired; look at it, and ask again"
        raise Conflict(words, "version")
    ids = await fire_slots(tx, schedule, FireKind.BACKFILL, slots, unique, now)
    fires = {fire.id: fire for fire in await ledger.fires_named(tx, workspace_id, ids)}
    return [fires[fire_id] for fire_id in ids]
