"""Maintenance windows: kept, listed and taken back; their times are entered as pauses when they begin."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import Id
from horarium.domain.schedule import CatchUp, Schedule, ScheduleState, timing_from_text, timing_to_text
from horarium.domain.windows import (
    MOST_OF_SCHEDULE,
    MOST_OF_SCHEDULES,
    MOST_OF_WORKSPACE,
    NO_HOLDS,
    NOTHING_HOLDS,
    Holds,
    HoldsOver,
    Window,
    begun_by,
    rezoned,
)
from horarium.store.base import DUE, Tx, point
from horarium.store.verbs.pause_rows import PauseRow, pause_of_row, pause_row
from horarium.store.verbs.schedules import schedule_from_row
from horarium.store.verbs.tenancy import hold_workspace
from horarium.times import zone_fingerprint


class _StoredWindow(NamedTuple):
    """The columns of `window_columns`."""

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    timing: str
    duration_ms: int
    catch_up: str
    next_ms: int | None
    created_ms: int
    note: str | None
    principal_id: Id | None


class MovedWindow(NamedTuple):
    """When a window begins next, and the fingerprint of the zone data by which that was computed."""

    id: Id
    next_ms: int | None
    zone_data: str


def _moved(window: Window, next_ms: int | None) -> MovedWindow:
    return MovedWindow(window.id, next_ms, zone_fingerprint(window.timing.zone))


def _window(row: Sequence[Any]) -> Window:
    stored = _StoredWindow._make(row)
    return Window(
        stored.id,
        stored.workspace_id,
        stored.schedule_id,
        timing_from_text(stored.timing),
        stored.duration_ms,
        CatchUp(stored.catch_up),
        stored.next_ms,
        stored.created_ms,
        stored.note,
        stored.principal_id,
    )


async def add_window(tx: Tx, window: Window) -> Window:
    """Enter a new window. Raises Conflict (limit) where there are as many as may be."""
    await hold_workspace(tx, window.workspace_id)
    whole, single = await tx.row("count_windows_of_workspace", workspace_id=window.workspace_id)
    if window.schedule_id is None:
        _refuse_more(whole, MOST_OF_WORKSPACE, "the workspace")
    else:
        own = {"workspace_id": window.workspace_id, "schedule_id": window.schedule_id}
        (of_schedule,) = await tx.row("count_windows_of_schedule", **own)
        _refuse_more(of_schedule, MOST_OF_SCHEDULE, "the schedule")
        _refuse_more(single, MOST_OF_SCHEDULES, "the schedules of the workspace together")
    await tx.run(
        "insert_window",
        id=window.id,
        workspace_id=window.workspace_id,
        schedule_id=window.schedule_id,
        timing=timing_to_text(window.timing),
        duration_ms=window.duration_ms,
        catch_up=window.catch_up.value,
        next_ms=window.next_ms,
        created_ms=window.created_ms,
        note=window.note,
        principal_id=window.by,
        zone=window.timing.zone,
        zone_data=zone_fingerprint(window.timing.zone),
    )
    return window


def _refuse_more(there: int, most: int, whose: str) -> None:
    if there >= most:
        raise Conflict(f"{whose} may have {most} maintenance windows, and no more: take one back", "limit")


async def windows_of(tx: Tx, workspace_id: Id, schedule_id: Id | None) -> list[Window]:
    """The windows of a schedule, or those of the whole workspace (`schedule_id` is None), the oldest first."""
    if schedule_id is None:
        rows = await tx.rows("windows_of_workspace", workspace_id=workspace_id)
    else:
        rows = await tx.rows("windows_of_schedule", workspace_id=workspace_id, schedule_id=schedule_id)
    return [_window(row) for row in rows]


async def all_windows(tx: Tx, workspace_id: Id, after: Id, limit: int) -> list[Window]:
    """Windows of a workspace and of its schedules, in the order of their ids, behind one."""
    rows = await tx.rows("all_windows", workspace_id=workspace_id, after=after, limit=limit)
    return [_window(row) for row in rows]


async def drop_window(tx: Tx, workspace_id: Id, schedule_id: Id | None, window_id: Id, now: int) -> Window:
    """Take back a window of a schedule or of the whole workspace (`schedule_id` is None). If it holds, it ends now.
    Raises NotFound."""
    row = await tx.row("get_window", workspace_id=workspace_id, id=window_id)
    if row is None or (window := _window(row)).schedule_id != schedule_id:
        raise NotFound("maintenance window")
    await begin_windows(tx, now)
    if not await tx.run("delete_window", workspace_id=workspace_id, id=window_id):
        raise NotFound("maintenance window")  # somebody else has taken it back meanwhile
    own = {"workspace_id": workspace_id, "id": window_id}
    for pause in [pause_of_row(row) for row in await tx.rows("times_of_window", **own, now=now)]:
        kept = {"catch_up": pause.catch_up.value, "note": pause.note}
        await tx.run("change_pause", id=pause.id, workspace_id=workspace_id, ends_ms=now, **kept)
        tx.announce(DUE, now)
    return window


async def windows_wait(tx: Tx, now: int) -> bool:
    """Whether times of windows have begun that are not entered yet."""
    return await tx.row("window_waits", now=now) is not None


async def holds_over(tx: Tx, workspace_id: Id, schedules: Collection[Id], now: int) -> HoldsOver:
    """What holds back slots of some schedules that are to come."""
    of_these = {"workspace_id": workspace_id, "ids": sorted(schedules)}
    (anything,) = await tx.row("anything_holds", **of_these)
    if not anything:
        return NOTHING_HOLDS
    pauses = [pause_of_row(row) for row in await tx.rows("pauses_ahead", **of_these, now=now)]
    windows = [_window(row) for row in await tx.rows("windows_over", **of_these)]
    return HoldsOver(pauses, windows) if pauses or windows else NOTHING_HOLDS


@point
async def schedule_with_holds(tx: Tx, workspace_id: Id, schedule_id: Id, now: int) -> tuple[Schedule, Holds]:
    """A schedule that has not been deleted, and what holds back slots of it that are to come: none are while it is not
    active. Raises NotFound."""
    row = await tx.row("get_schedule_and_held", id=schedule_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("schedule")
    *whole, held = row
    schedule = schedule_from_row(whole)
    if not held or schedule.state is not ScheduleState.ACTIVE:
        return schedule, NO_HOLDS
    return schedule, await holds_of(tx, workspace_id, schedule_id, now)


@point
async def holds_of(tx: Tx, workspace_id: Id, schedule_id: Id, now: int) -> Holds:
    """What holds back slots of a schedule that are to come. A workspace and a schedule have few windows each."""
    return (await holds_over(tx, workspace_id, [schedule_id], now)).of(schedule_id)


async def begin_windows(tx: Tx, now: int) -> int:
    """Enter the times of windows that have begun; of how many windows. Whoever decides about slots does that first, so
    that no slot of a window is decided without it."""
    await tx.run("forget_lost_windows", now=now)
    found = [_window(row) for row in sorted(await tx.rows("windows_begun", now=now), key=itemgetter(0))]
    if not found:
        return 0
    entered: list[PauseRow] = []
    moved: list[MovedWindow] = []
    for window in found:
        begun, after = begun_by(window, now)
        entered += map(pause_row, begun)
        moved.append(_moved(window, after.next_ms))
    if entered:
        await tx.many("insert_pauses", entered)
    await tx.many("move_windows", moved)
    return len(found)


async def rezone_windows(tx: Tx, now: int, limit: int) -> int:
    """Compute anew when windows begin next whose time zone has other data than that was computed with; of how many
    windows. One that another node is at is passed over, and is looked at again later."""
    left = limit
    for zone, known in await tx.rows("zones_of_windows"):
        if known == zone_fingerprint(zone) or not left:
            continue
        rows = await tx.rows("windows_of_zone", zone=zone, zone_data=known, limit=left)
        moved = []
        for *columns, last_ms in rows:
            window = _window(columns)
            moved.append(_moved(window, rezoned(window, last_ms, now)))
        if moved:
            await tx.many("move_windows", moved)
        left -= len(moved)
    return limit - left
