"""Schedules are made: where their clock begins, where their cursor lies, and the rows they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import orjson

from horarium.domain.errors import Conflict
from horarium.domain.ids import Id
from horarium.domain.plan import slot_after
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
from horarium.times import zone_fingerprint

MINUTE_MS = 60_000
MINUTES_OF_DAY = 1_440


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
    return Onward(from_ms, slot, slot + policies.delay_of(schedule_id), ScheduleState.ACTIVE)


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


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


Texts = tuple[str, str]
"""Timing and policies as they are written: both the version and the cursor have them."""


def texts_of(definition: Definition) -> Texts:
    return timing_to_text(definition.timing), policies_to_text(definition.policies)


def version_row(
    schedule_id: Id, version: int, definition: Definition, texts: Texts, from_ms: int
) -> tuple[Any, ...]:
    return (
        schedule_id,
        version,
        *texts,
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
    texts = [texts_of(one.definition) for one in schedules]
    both = list(zip(schedules, texts, strict=True))
    versions = [version_row(one.id, 1, one.definition, text, one.progress.accounted_to) for one, text in both]
    await tx.many("insert_versions", versions)
    await _insert_cursors(tx, [_cursor_row(one, text) for one, text in both])
    await write_labels(tx, schedules)
    soonest = min((one.progress.next_due for one in schedules if one.progress.next_due), default=None)
    if soonest is not None:
        tx.announce(DUE, soonest)


async def _insert_cursors(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
    """Each at its place, or the next one that is free."""
    while await tx.many("insert_cursors", rows) < len(rows):
        placed = {row[0] for row in await tx.rows("placed_cursors", ids=[one for _, one, *_ in rows])}
        rows = [(taken + 1, one, *rest) for taken, one, *rest in rows if one not in placed]


def _cursor_row(one: Schedule, texts: Texts) -> tuple[Any, ...]:
    definition, progress = one.definition, one.progress
    zone = definition.timing.zone
    return (
        place(one.id, texts[0], progress.next_slot),
        one.id,
        one.workspace_id,
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


async def refuse_twin(tx: Tx, schedule: Schedule) -> None:
    """For dialects in which a target has no two equal schedules: Conflict (duplicate) where another live
    schedule of the same dialect and target has the same recurrence, zone and input.

    Called after the schedule was written, in the same transaction. The target's row is locked first, so that
    of two transactions the second sees what the first has made.
    """
    await tx.run("lock_target", id=schedule.definition.target_id)
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
