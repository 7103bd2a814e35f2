"""The creation of schedules: from where their clock goes on, where their cursor is placed, and the rows they
become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import orjson

from horarium.domain.errors import Conflict
from horarium.domain.ids import Id
from horarium.domain.plan import slot_after
from horarium.domain.quotas import Usage
from horarium.domain.same_json import is_same_json
from horarium.domain.schedule import (
    Definition,
    Schedule,
    ScheduleState,
    policies_to_text,
    stored_recurrence,
    timing_from_text,
    timing_to_text,
)
from horarium.store.base import DUE, Duplicate, Tx
from horarium.store.rows import CursorRow, LabelRow, SameTarget, ScheduleRow, VersionRow
from horarium.store.verbs.pauses import pause_of, write_pauses
from horarium.store.verbs.quotas import take_for_schedules, tell_if_near
from horarium.store.verbs.targets import refuse_deleted
from horarium.store.verbs.texts import json_text, json_value
from horarium.times import Timing, zone_fingerprint

MINUTE_MS = 60_000
MINUTES_OF_DAY = 1_440


@dataclass(frozen=True, slots=True)
class Onward:
    """From where a schedule goes on: its next slot and due instant (ms), and its state, which may change by that."""

    accounted_to: int
    next_slot: int | None
    next_due: int | None
    state: ScheduleState
    ended_reason: str | None = None


def onward(schedule_id: Id, definition: Definition, state: ScheduleState, from_ms: int, fires: int) -> Onward:
    """From where a schedule goes on when its clock is set to an instant (`from_ms`). `fires`: how often it has
    fired.

    A schedule that is paused or archived has no next slot, except a paused one-shot, which keeps its instant.
    """
    recurrence = stored_recurrence(definition.timing)
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
    return Onward(from_ms, slot, policies.due_of(schedule_id, slot), ScheduleState.ACTIVE)


def place(schedule_id: Id, timing: str, next_slot: int | None) -> int:
    """The place of a cursor among the others, a number of 63 bits.

    It is made of the minute of the day (UTC) of the slot that was next when the cursor was made or moved, then
    of the timing (one of 16 heaps), then of the order of creation. Schedules of one timing fall due together,
    those of one minute often do, and those that are created one after another as well. With places side by side
    they share pages. A place decides nothing else.
    """
    minute = 0 if next_slot is None else next_slot // MINUTE_MS % MINUTES_OF_DAY
    heap = crc32(timing.encode()) % 16
    number = int.from_bytes(schedule_id)
    made = (number >> 80) % (1 << 30)  # ms; comes again every 12 days
    among_those = number >> 64 & 0xFFF
    return minute << 52 | heap << 48 | made << 18 | among_those << 6 | number & 0x3F


class Texts(NamedTuple):
    """Timing and policies as they are written: both the version and the cursor have them."""

    timing: str
    policies: str


def texts_of(definition: Definition) -> Texts:
    """The texts under which a definition is stored."""
    return Texts(timing_to_text(definition.timing), policies_to_text(definition.policies))


def version_row(
    schedule_id: Id, version: int, definition: Definition, texts: Texts, from_ms: int
) -> VersionRow:
    """A version of a definition that rules from an instant (ms) on, as it is written."""
    return VersionRow(
        schedule_id,
        version,
        *texts,
        definition.target_id,
        json_text(definition.input),
        json_text(definition.audience),
        definition.environment,
        from_ms,
    )


async def create_schedules(tx: Tx, schedules: Sequence[Schedule]) -> set[Id]:
    """Write new schedules, all or none. Their progress has been computed with `onward`. Returns those of their
    workspaces in which a pause or a maintenance window holds back slots of all schedules, now or later.

    Raises Conflict where a key is taken, NotFound where a target is gone, QuotaReached, and Invalid where a definition
    is beyond a quota.
    """
    busiest, held = await take_for_schedules(tx, schedules)
    await refuse_deleted(tx, schedules)
    if tx.recording:
        for workspace_id in {schedule.workspace_id for schedule in schedules} & tx.recording:
            own = [n for n, schedule in enumerate(schedules) if schedule.workspace_id == workspace_id]
            more = Usage(schedules=len(own), hourly=sum(busiest[n] for n in own))
            await tell_if_near(tx, workspace_id, more, schedules[own[0]].created_ms)
    try:
        rows = [_schedule_row(schedule, hourly) for schedule, hourly in zip(schedules, busiest, strict=True)]
        await tx.many("insert_schedules", rows)
    except Duplicate as error:
        raise Conflict("a schedule with this key exists already", "key_taken", "key") from error
    versions, cursors = [], []
    for schedule in schedules:
        texts = texts_of(schedule.definition)
        versions.append(
            version_row(schedule.id, 1, schedule.definition, texts, schedule.progress.accounted_to)
        )
        cursors.append(_cursor_row(schedule, texts))
    await tx.many("insert_versions", versions)
    await _insert_cursors(tx, cursors)
    await write_labels(tx, schedules)
    paused = [made for made in schedules if made.state is ScheduleState.PAUSED]
    if paused:
        await write_pauses(tx, [pause_of(made, made.created_ms, made.created_by) for made in paused])
    soonest = min((made.progress.next_due for made in schedules if made.progress.next_due), default=None)
    if soonest is not None:
        tx.announce(DUE, soonest)
    return held


async def _insert_cursors(tx: Tx, rows: Sequence[CursorRow]) -> None:
    """Insert each cursor at its place, or at the next place that is free."""
    while await tx.many("insert_cursors", rows) < len(rows):
        found = await tx.rows("placed_cursors", ids=[row.schedule_id for row in rows])
        placed = {schedule_id for (schedule_id,) in found}
        rows = [row._replace(place=row.place + 1) for row in rows if row.schedule_id not in placed]


def _cursor_row(schedule: Schedule, texts: Texts) -> CursorRow:
    definition, progress = schedule.definition, schedule.progress
    zone = definition.timing.zone
    return CursorRow(
        place(schedule.id, texts.timing, progress.next_slot),
        schedule.id,
        schedule.workspace_id,
        *texts,
        definition.target_id,
        0 if definition.audience is None else 1,
        progress.accounted_to,
        progress.next_slot,
        progress.next_due,
        zone,
        zone_fingerprint(zone),
        definition.policies.pause_after_failures,
    )


async def write_labels(tx: Tx, schedules: Sequence[Schedule]) -> None:
    """Enter the labels of schedules that have none entered yet."""
    rows = [
        LabelRow(schedule.workspace_id, name, value, schedule.id)
        for schedule in schedules
        for name, value in schedule.labels.items()
    ]
    if rows:
        await tx.many("insert_labels", rows)


def _schedule_row(schedule: Schedule, hourly: int) -> ScheduleRow:
    zone = schedule.definition.timing.zone
    return ScheduleRow(
        schedule.id,
        schedule.workspace_id,
        schedule.dialect,
        schedule.owner_id,
        schedule.definition.target_id,
        schedule.key,
        schedule.name,
        schedule.description,
        orjson.dumps(schedule.labels).decode(),
        orjson.dumps(schedule.extra).decode(),
        schedule.state.value,
        schedule.note,
        schedule.created_by,
        schedule.created_ms,
        schedule.ended_ms,
        schedule.ended_reason,
        zone,
        zone_fingerprint(zone),
        hourly,
    )


async def refuse_twin(tx: Tx, schedule: Schedule) -> None:
    """For dialects in which a target never has two equal schedules. Raises Conflict (duplicate) where another live
    schedule of the same dialect and target has the same recurrence, time zone and input.

    It is called after the schedule was written, in the same transaction. It locks the row of the target before it
    looks, so that of two transactions the second sees what the first has created.
    """
    await tx.row("lock_target", workspace_id=schedule.workspace_id, id=schedule.definition.target_id)
    timing, given = schedule.definition.timing, schedule.definition.input
    rows = await tx.rows(
        "same_definition_schedules",
        workspace_id=schedule.workspace_id,
        dialect=schedule.dialect,
        target_id=schedule.definition.target_id,
        timing=timing_to_text(Timing(timing.spec))[1:-1],
        bytes=len((json_text(given) or "").encode()),
    )
    for other in map(SameTarget._make, rows):
        theirs = timing_from_text(other.timing)
        if other.id == schedule.id or (theirs.spec, theirs.zone) != (timing.spec, timing.zone):
            continue
        (text,) = await tx.row("input_of_version", schedule_id=other.id, version=other.version)
        if is_same_json(json_value(text), given):
            words = "there is a schedule of this target with the same recurrence and input"
            raise Conflict(words, "duplicate")
