"""Schedules are fired by hand: now, or for a slot that lies behind."""

from __future__ import annotations

from horarium.domain.fire import FireKind, FireState
from horarium.domain.ids import Id, fire_id, lowest_id_at
from horarium.domain.schedule import Schedule
from horarium.store.base import FANOUT, Tx
from horarium.store.verbs.settle import insert_single_run


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
    await tx.rows("hold_cursors", ids=[schedule_id])
    row = await tx.row(
        "find_manual_fire", schedule_id=schedule_id, request=request, low=lowest_id_at(since_ms)
    )
    return None if row is None else bytes(row["id"])
