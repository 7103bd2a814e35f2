"""Schedules are fired by hand: now, or for a slot that lies in the past."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.domain.fire import FireKind, beginning
from horarium.domain.ids import Id, fire_id
from horarium.domain.schedule import Schedule
from horarium.store.base import Tx
from horarium.store.figures import FIRES
from horarium.store.rows import FireRow, NewFanoutTask, ReadyRow, SingleFireRow
from horarium.store.verbs.entries import hold_schedules, lane_of, queue_up, read_audiences


async def fire_by_hand(
    tx: Tx, schedule: Schedule, kind: FireKind, slot_ms: int, request: str, now: int
) -> Id:
    """A manual fire or a backfilled slot; its id. See `fire_slots`."""
    return (await fire_slots(tx, schedule, kind, [slot_ms], request, now))[0]


async def fire_slots(
    tx: Tx, schedule: Schedule, kind: FireKind, slots: Sequence[int], request: str, now: int
) -> list[Id]:
    """Fire slots (ms) of a schedule by hand, or fill them in; the ids of their fires, in the order of the slots.

    These fires ignore the overlap policy and move neither clock nor counters.

    The same (kind, slot, request) again is the same fire, and starts nothing. Raises NotFound where the target is gone.
    """
    ids = [fire_id(schedule.id, kind, slot_ms, request) for slot_ms in slots]
    await hold_schedules(tx, [schedule.id])  # so that none of the fires is entered by somebody else meanwhile
    known = {row[0] for row in await tx.rows("known_fires", ids=ids)}
    new = [(fire, slot_ms) for fire, slot_ms in zip(ids, slots, strict=True) if fire not in known]
    if not new:
        return ids
    own = schedule.workspace_id, schedule.id, schedule.definition_version
    target_id = schedule.definition.target_id
    lane = await lane_of(tx, schedule.workspace_id, target_id)
    tx.count(FIRES, kind.value, len(new))
    if schedule.definition.audience is None:
        single = [
            SingleFireRow(fire, *own, target_id, kind.run_mode.value, slot_ms, now, now, request)
            for fire, slot_ms in new
        ]
        await tx.many("insert_single_fires", single)
        await queue_up(tx, [ReadyRow(fire, target_id, now, int(lane.limited)) for fire, _ in new])
        return ids
    begins = beginning(has_audience=True).state.value
    rows = [FireRow(fire, *own, kind.value, slot_ms, slot_ms, begins, now, request) for fire, slot_ms in new]
    await tx.many("insert_fires", rows)
    await read_audiences(tx, [NewFanoutTask(fire, *own, now) for fire, _ in new])
    return ids
