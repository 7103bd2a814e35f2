"""The life of a schedule: made, read, edited, paused, resumed, deleted, fired by hand.

Whatever changes a schedule first accounts for what it owes under its old definition (`release_one`), in the
same transaction; then it moves on from now. So an edit never fires by itself, and no slot is lost or covered
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import orjson

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.fire import FireKind, FireState, SpanReason
from horarium.domain.ids import Id, fire_id, lowest_id_at
from horarium.domain.plan import passed_between, slot_after
from horarium.domain.schedule import (
    NO_OWNER,
    AfterPause,
    Definition,
    Policies,
    Progress,
    Schedule,
    ScheduleState,
    policies_from_text,
    policies_to_text,
    timing_from_text,
    timing_to_text,
)
from horarium.store.base import DUE, FANOUT, Duplicate, Tx, point
from horarium.store.verbs.release import release_one
from horarium.store.verbs.settle import insert_single_run
from horarium.times import compile_timing, jitter_ms, zone_fingerprint

MAX_ID: Id = b"\xff" * 16
MIN_ID: Id = bytes(16)
MINUTE_MS = 60_000
MINUTES_OF_DAY = 1_440


@dataclass(frozen=True, slots=True)
class Listing:
    """What to list: None means any. `newest_first` with `cursor` the last id seen; or `skip` rows from the
    start.

    `not_state` takes all states but one; `extra` is a (name, text) of what the schedule's dialect keeps in
    `extra`.
    """

    workspace_id: Id
    limit: int
    cursor: Id | None = None
    skip: int = 0
    newest_first: bool = True
    dialect: str | None = None
    owner_id: Id | None = None
    target_id: Id | None = None
    state: str | None = None
    not_state: str | None = None
    extra: tuple[str, str] | None = None
    prefix: str | None = None
    search: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    search_input: bool = True
    """Whether `search` looks into the input as well, beside name, key and description."""

    def filters(self) -> dict[str, Any]:
        name, value = self.labels[0] if self.labels else (None, None)
        return {
            "workspace_id": self.workspace_id,
            "dialect": self.dialect,
            "owner_id": self.owner_id,
            "target_id": self.target_id,
            "state": self.state,
            "not_state": self.not_state,
            "extra": None if self.extra is None else f"%{_member(*self.extra)}%",
            "prefix": None if self.prefix is None else _like(self.prefix) + "%",
            "search": None if self.search is None else f"%{_like(self.search)}%",
            "search_input": 1 if self.search_input else 0,
            "label_name": name,
            "label_value": value,
        }


def _member(name: str, value: str) -> str:
    """A member of a JSON object as `extra` is stored, as a pattern. Quotes inside texts are escaped there, so
    that nothing else looks like it."""
    return (
        orjson.dumps({name: value})
        .decode()[1:-1]
        .replace("\\", "\\\\")
        .replace("%", "\\%")
        .replace("_", "\\_")
    )


def _like(text: str) -> str:
    """A text as a pattern that matches only itself, in lower case."""
    return text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def schedule_from_row(row: Any) -> Schedule:
    """A schedule from a row of `get_schedule` or a listing."""
    return Schedule(
        id=row["id"],
        workspace_id=row["workspace_id"],
        dialect=row["dialect"],
        name=row["name"],
        state=ScheduleState(row["state"]),
        definition=Definition(
            timing=timing_from_text(row["timing"]),
            policies=policies_from_text(row["policies"]),
            target_id=row["run_target_id"],
            input=None if row["input"] is None else orjson.loads(row["input"]),
            audience=None if row["audience"] is None else orjson.loads(row["audience"]),
            environment=row["environment"],
        ),
        progress=Progress(
            **{name: row[name] for name in _PROGRESS},
        ),
        version=row["version"],
        definition_version=row["definition_version"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        created_by=row["created_by"],
        owner_id=row["owner_id"],
        key=row["key"],
        description=row["description"],
        labels=orjson.loads(row["labels"]),
        extra=orjson.loads(row["extra"]),
        note=row["note"],
        ended_ms=row["ended_ms"],
        ended_reason=row["ended_reason"],
        deleted_ms=row["deleted_ms"],
    )


_PROGRESS = (
    "accounted_to",
    "next_slot",
    "next_due",
    "fires",
    "succeeded",
    "failed",
    "skipped",
    "open_fires",
    "waiting_fires",
    "failures_in_row",
    "last_slot",
    "last_fired_ms",
    "last_fire_id",
    "last_state",
    "last_skip_ms",
    "last_skip_reason",
)


@dataclass(frozen=True, slots=True)
class Onward:
    """From where a schedule goes on: its next slot and due instant, and its state if that changes by it."""

    accounted_to: int
    next_slot: int | None
    next_due: int | None
    state: ScheduleState
    ended_reason: str | None = None


def onward(schedule_id: Id, definition: Definition, state: ScheduleState, from_ms: int, fires: int) -> Onward:
    """Where a schedule stands when its clock goes on from an instant. Pure.

    A paused or archived one has no next slot, except a paused one-shot that keeps its instant.
    """
    recurrence = compile_timing(definition.timing)
    policies = definition.policies
    if state is ScheduleState.PAUSED and recurrence.one_shot:
        return Onward(from_ms, slot_after(recurrence, from_ms), None, state)
    if state not in (ScheduleState.ACTIVE, ScheduleState.COMPLETED):
        return Onward(from_ms, None, None, state)
    if policies.max_fires is not None and fires >= policies.max_fires:
        return Onward(from_ms, None, None, ScheduleState.COMPLETED, "max_fires")
    slot = slot_after(recurrence, from_ms)
    if slot is None:
        return Onward(from_ms, None, None, ScheduleState.COMPLETED, "exhausted")
    return Onward(from_ms, slot, slot + _jitter(schedule_id, policies), ScheduleState.ACTIVE)


def place(schedule_id: Id, timing: str, next_slot: int | None) -> int:
    """Where a cursor lies among the others (63 bits): by the minute of the day (UTC) of its slot when it was made or
    moved, then by its timing (one of 16 heaps), then in the order of its making.

    Schedules of one timing fall due together, and those of one minute often do; lying together they share pages, and
    so do those that are made one after another. It is a place only: nothing is decided by it.
    """
    minute = 0 if next_slot is None else next_slot // MINUTE_MS % MINUTES_OF_DAY
    heap = crc32(timing.encode()) % 16
    number = int.from_bytes(schedule_id)
    made = (number >> 80) % (1 << 30)  # ms; comes again every 12 days
    among_those = number >> 64 & 0xFFF
    return minute << 52 | heap << 48 | made << 18 | among_those << 6 | number & 0x3F


def _jitter(schedule_id: Id, policies: Policies) -> int:
    return jitter_ms(schedule_id, policies.jitter_ms) if policies.jitter_ms else 0


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _version_row(schedule_id: Id, version: int, definition: Definition, from_ms: int) -> tuple[Any, ...]:
    return (
        schedule_id,
        version,
        timing_to_text(definition.timing),
        policies_to_text(definition.policies),
        definition.target_id,
        _json(definition.input),
        _json(definition.audience),
        definition.environment,
        from_ms,
    )


async def create_schedules(tx: Tx, schedules: Sequence[Schedule]) -> None:
    """Write new schedules, whole or not at all. Their progress has been computed with `onward`.

    Raises Conflict where a key is taken.
    """
    try:
        await tx.many("insert_schedules", [_schedule_row(one) for one in schedules])
    except Duplicate as error:
        raise Conflict("a schedule with this key exists already", "key_taken", "key") from error
    await tx.many(
        "insert_versions",
        [_version_row(one.id, 1, one.definition, one.progress.accounted_to) for one in schedules],
    )
    await _insert_cursors(tx, schedules)
    await _write_labels(tx, schedules)
    soonest = min((one.progress.next_due for one in schedules if one.progress.next_due), default=None)
    if soonest is not None:
        tx.announce(DUE, soonest)


async def _insert_cursors(tx: Tx, schedules: Sequence[Schedule]) -> None:
    """Each at its place, or the next one that is free."""
    further = 0
    while await tx.many("insert_cursors", [_cursor_row(one, further) for one in schedules]) < len(schedules):
        placed = {row[0] for row in await tx.rows("placed_cursors", ids=[one.id for one in schedules])}
        schedules = [one for one in schedules if one.id not in placed]
        further += 1


def _cursor_row(one: Schedule, further: int) -> tuple[Any, ...]:
    definition, progress = one.definition, one.progress
    timing, zone = timing_to_text(definition.timing), definition.timing.zone
    return (
        place(one.id, timing, progress.next_slot) + further,
        one.id,
        one.workspace_id,
        timing,
        policies_to_text(definition.policies),
        definition.target_id,
        0 if definition.audience is None else 1,
        progress.accounted_to,
        progress.next_slot,
        progress.next_due,
        zone,
        zone_fingerprint(zone),
        definition.policies.pause_after_failures,
    )


async def _write_labels(tx: Tx, schedules: Sequence[Schedule]) -> None:
    rows = [
        (one.workspace_id, name, value, one.id) for one in schedules for name, value in one.labels.items()
    ]
    if rows:
        await tx.many("insert_labels", rows)


def _schedule_row(one: Schedule) -> tuple[Any, ...]:
    return (
        one.id,
        one.workspace_id,
        one.dialect,
        one.owner_id,
        one.definition.target_id,
        one.key,
        one.name,
        one.description,
        orjson.dumps(one.labels).decode(),
        orjson.dumps(one.extra).decode(),
        one.state.value,
        one.note,
        one.created_by,
        one.created_ms,
        one.ended_ms,
        one.ended_reason,
        one.definition.timing.zone,
        zone_fingerprint(one.definition.timing.zone),
    )


@point
async def get_schedule(tx: Tx, workspace_id: Id, schedule_id: Id) -> Schedule:
    """A live schedule of the workspace. Raises NotFound."""
    row = await tx.row("get_schedule", id=schedule_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("schedule")
    return schedule_from_row(row)


async def refuse_twin(tx: Tx, schedule: Schedule) -> None:
    """For dialects in which a target has no two equal schedules: Conflict (duplicate) where another live
    schedule of the same dialect and target has the same recurrence, zone and input.

    Called after the schedule was written, in the same transaction. The target's row is locked first, so that
    of two transactions the second sees what the first has made.
    """
    await tx.run("hold_lane", lane=schedule.definition.target_id)
    rows = await tx.rows(
        "same_definition_schedules",
        workspace_id=schedule.workspace_id,
        dialect=schedule.dialect,
        target_id=schedule.definition.target_id,
    )
    for row in rows:
        timing = timing_from_text(row["timing"])
        given = None if row["input"] is None else orjson.loads(row["input"])
        if (
            row["id"] != schedule.id
            and (timing.spec, timing.zone)
            == (schedule.definition.timing.spec, schedule.definition.timing.zone)
            and given == schedule.definition.input
        ):
            raise Conflict(
                "there is a schedule of this target with the same recurrence and input", "duplicate"
            )


@point
async def find_schedule_by_key(
    tx: Tx, workspace_id: Id, dialect: str, key: str, owner_id: Id = NO_OWNER
) -> Schedule | None:
    """The live schedule with a key that its maker chose, within its dialect and owner."""
    row = await tx.row(
        "get_schedule_by_key", workspace_id=workspace_id, dialect=dialect, owner_id=owner_id, key=key
    )
    return None if row is None else schedule_from_row(row)


async def whose_schedule(tx: Tx, schedule_id: Id) -> tuple[Id, str, bool] | None:
    """(workspace, dialect, deleted) of a schedule of any workspace, or None: for telling the two kinds of
    absence apart, never for reading it."""
    row = await tx.row("workspace_of_schedule", id=schedule_id)
    return None if row is None else (row["workspace_id"], row["dialect"], row["deleted_ms"] is not None)


async def list_schedules(tx: Tx, listing: Listing) -> list[Schedule]:
    """One page; ask for one more than shown to know whether there is a next one."""
    statement = "list_schedules_desc" if listing.newest_first else "list_schedules_asc"
    start = MAX_ID if listing.newest_first else MIN_ID
    further = listing.labels[1:]
    rows = await tx.rows(
        statement,
        **listing.filters(),
        cursor=listing.cursor or start,
        limit=listing.limit if not further else 1_000_000,
        skip=listing.skip if not further else 0,
    )
    found = [schedule_from_row(row) for row in rows]
    if further:
        found = [one for one in found if all(one.labels.get(name) == value for name, value in further)]
        found = found[listing.skip : listing.skip + listing.limit]
    return found


async def count_schedules(tx: Tx, listing: Listing) -> int:
    """How many schedules a listing's filters take, whatever its page."""
    if len(listing.labels) > 1:
        everything = replace(listing, cursor=None, skip=0, limit=1_000_000)
        return len(await list_schedules(tx, everything))
    return int((await tx.row("count_schedules", **listing.filters()))[0])


Change = Callable[[Schedule], Schedule]
"""Takes a schedule as it is and gives it as it shall be; may raise. Pure: it runs inside the transaction."""


async def change_schedule(
    tx: Tx, workspace_id: Id, schedule_id: Id, change: Change, now: int, expected_version: int | None = None
) -> Schedule:
    """Edit, pause, resume, archive or delete a schedule, and move its clock on from now.

    What it owed is fired or recorded first. Time paused becomes one span when it is resumed. Raises NotFound,
    Conflict (`version`) and whatever `change` raises.
    """
    row = await tx.row("get_schedule", id=schedule_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("schedule")
    await release_one(tx, schedule_id, now)
    before = await get_schedule(tx, workspace_id, schedule_id)
    if expected_version is not None and before.version != expected_version:
        raise Conflict(
            f"the schedule is at version {before.version}, not {expected_version}: read it again",
            "version",
            "version",
        )
    after = change(before)
    if after == before:
        return before
    after = await _move(tx, before, after, now)
    if before.progress.waiting_fires and after.state in (ScheduleState.DELETED, ScheduleState.ARCHIVED):
        error = f"the schedule was {after.state.value} before it could start"
        await tx.run("cancel_waiting_fires", schedule_id=schedule_id, now=now, error=error)
        await tx.run("forget_waiting", schedule_id=schedule_id)
    await _write_change(tx, before, after, now)
    return await get_schedule(tx, workspace_id, schedule_id) if after.deleted_ms is None else after


async def _move(tx: Tx, before: Schedule, after: Schedule, now: int) -> Schedule:
    """Account for time that has passed unseen (paused), and set the clock where definition or state have
    changed."""
    redefined = after.definition != before.definition
    version = before.version + 1 if redefined else before.definition_version
    restarted = before.state is not ScheduleState.ACTIVE and after.state is ScheduleState.ACTIVE
    if not redefined and after.state is before.state:
        return replace(after, definition_version=version)
    from_ms = max(before.progress.accounted_to, now)
    if before.state is ScheduleState.PAUSED and (redefined or after.state is not ScheduleState.PAUSED):
        from_ms = await _account_for_pause(tx, before, after, now)
    elif after.state is not ScheduleState.PAUSED or redefined:
        # Reached but held back by jitter until now; or named while the schedule was completed or archived.
        await _record_passed(tx, before, now, SpanReason.CANCELLED)
    step = onward(after.id, after.definition, after.state, from_ms, after.progress.fires)
    definition = after.definition
    timing, zone = timing_to_text(definition.timing), definition.timing.zone
    await tx.run(
        "move_cursor",
        schedule_id=after.id,
        version=version,
        timing=timing,
        policies=policies_to_text(definition.policies),
        target_id=definition.target_id,
        has_audience=0 if definition.audience is None else 1,
        accounted_to=step.accounted_to
        if after.state is not ScheduleState.PAUSED or redefined
        else before.progress.accounted_to,
        next_slot=step.next_slot,
        next_due=step.next_due,
        zone=zone,
        zone_data=zone_fingerprint(zone),
        pause_after=definition.policies.pause_after_failures,
        forgive=1 if restarted else 0,
    )
    await tx.run("place_cursor", schedule_id=after.id, place=place(after.id, timing, step.next_slot))
    await tx.run("zone_schedule", id=after.id, zone=zone, zone_data=zone_fingerprint(zone))
    if step.next_due is not None:
        tx.announce(DUE, step.next_due)
    ended = now if step.state is ScheduleState.COMPLETED else None
    return replace(
        after, state=step.state, ended_ms=ended, ended_reason=step.ended_reason, definition_version=version
    )


async def _account_for_pause(tx: Tx, before: Schedule, after: Schedule, now: int) -> int:
    """Record the slots of a pause as one span; the instant the clock goes on from.

    A one-shot whose policy is to fire after a pause keeps its slot unaccounted, so that it is due at once,
    unless its time was changed.
    """
    since = before.progress.accounted_to
    fires_late = (
        compile_timing(before.definition.timing).one_shot
        and after.definition.policies.after_pause is AfterPause.FIRE
        and after.definition.timing == before.definition.timing
        and after.deleted_ms is None
    )
    if fires_late:
        return since
    await _record_passed(tx, before, now, SpanReason.PAUSED)
    return max(since, now)


async def _record_passed(tx: Tx, schedule: Schedule, now: int, reason: SpanReason) -> None:
    """Enter the slots up to now that are not accounted for as one span that did not fire."""
    recurrence = compile_timing(schedule.definition.timing)
    passed = passed_between(recurrence, schedule.progress.accounted_to, now, reason)
    if passed is not None:
        row = (
            schedule.id,
            passed.first_ms,
            passed.last_ms,
            passed.count,
            passed.reason.value,
            schedule.definition_version,
            now,
        )
        await tx.many("insert_spans", [row])


async def _write_change(tx: Tx, before: Schedule, after: Schedule, now: int) -> None:
    if after.definition != before.definition:
        await tx.many(
            "insert_versions", [_version_row(after.id, after.definition_version, after.definition, now)]
        )
    if after.labels != before.labels:
        await tx.run("delete_labels", schedule_id=after.id)
        await _write_labels(tx, [after])
    try:
        touched = await tx.run(
            "update_schedule",
            id=after.id,
            version=before.version,
            owner_id=after.owner_id,
            target_id=after.definition.target_id,
            key=after.key,
            name=after.name,
            description=after.description,
            labels=orjson.dumps(after.labels).decode(),
            extra=orjson.dumps(after.extra).decode(),
            state=after.state.value,
            note=after.note,
            definition_version=after.definition_version,
            created_by=after.created_by,
            updated_ms=now,
            ended_ms=after.ended_ms,
            ended_reason=after.ended_reason,
            deleted_ms=after.deleted_ms,
        )
    except Duplicate as error:
        raise Conflict("a schedule with this key exists already", "key_taken", "key") from error
    if touched != 1:
        raise Conflict("the schedule was changed meanwhile: read it again", "version", "version")


async def fire_by_hand(
    tx: Tx, schedule: Schedule, kind: FireKind, slot_ms: int, request: str, now: int
) -> Id:
    """A manual fire or a backfilled slot: it ignores the overlap policy and moves neither clock nor counters.

    The same (kind, slot, request) again is the same fire.
    """
    one = fire_id(schedule.id, kind.value, slot_ms, request)
    audience = schedule.definition.audience is not None
    inserted = await tx.run(
        "insert_manual_fire",
        id=one,
        workspace_id=schedule.workspace_id,
        schedule_id=schedule.id,
        version=schedule.definition_version,
        kind=kind.value,
        slot_ms=slot_ms,
        request=request,
        state=(FireState.RESOLVING if audience else FireState.RUNNING).value,
        fired_ms=now,
        audience_size=None if audience else 1,
        runs=0 if audience else 1,
    )
    if not inserted:
        return one
    if audience:
        row = (one, schedule.workspace_id, schedule.id, schedule.definition_version, now)
        await tx.many("insert_fanouts", [row])
        tx.announce(FANOUT, now)
        return one
    target = (await tx.rows("targets_by_id", ids=[schedule.definition.target_id]))[0]
    fire = {
        "id": one,
        "workspace_id": schedule.workspace_id,
        "schedule_id": schedule.id,
        "version": schedule.definition_version,
        "target_id": schedule.definition.target_id,
        "limited": target["max_concurrency"] is not None or target["rate_per_second"] is not None,
    }
    await insert_single_run(tx, fire, kind, now, now)
    return one


async def find_manual_fire(tx: Tx, schedule_id: Id, request: str, since_ms: int) -> Id | None:
    """The fire made by hand for a request since an instant; the schedule stays locked against a second
    one."""
    await tx.row("due_schedule", schedule_id=schedule_id)
    row = await tx.row(
        "find_manual_fire", schedule_id=schedule_id, request=request, low=lowest_id_at(since_ms)
    )
    return None if row is None else bytes(row["id"])
