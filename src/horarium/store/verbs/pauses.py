"""Pauses of workspaces and of single schedules, as they are stored.

The release asks for those that may still concern a slot: they are not settled. The pause of a schedule is told by the
schedule's own state; its row is kept for whoever asks later why a slot did not fire. It matters to releases only where
the schedule was resumed while something else held it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import HIGHEST_ID, Id, random_id
from horarium.domain.pauses import WHEN_RESUMED, Closure, Pause, closure_of, in_turn, with_own
from horarium.domain.schedule import Schedule
from horarium.store.base import DUE, Tx
from horarium.store.verbs.pause_rows import pause_of_row, pause_row
from horarium.store.verbs.tenancy import hold_workspace
from horarium.store.verbs.windows import begin_windows

# A pause is settled so long after its end (ms), when no node's clock is before the end any more.
SETTLED_AFTER_MS = 60_000
# Pauses of one workspace that releases have to know of.
MOST_RULING = 50


class EndedPause(NamedTuple):
    """The columns of `pauses_to_settle`."""

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    ends_ms: int
    from_ms: int


def _as_read(pause: EndedPause) -> tuple[bool, int, Id]:
    """Where a pause stands among others: those of workspaces first, then those of schedules, as releases lock them."""
    return pause.schedule_id is not None, pause.from_ms, pause.id


@dataclass(frozen=True, slots=True)
class Ruling:
    """The pauses that may still concern a slot, by workspace and, of schedules that were asked for, by schedule.

    `of_schedules` is None where no schedule has any. `ends_ms` are the ends to come, at which releases look again.
    """

    of_workspaces: Mapping[Id, tuple[Closure, ...]] = field(default_factory=dict)
    of_schedules: Mapping[Id, tuple[Closure, ...]] | None = None
    ends_ms: tuple[int, ...] = ()

    def closures(self, workspace_id: Id, schedule_id: Id) -> tuple[Closure, ...]:
        """What concerns a schedule, one after another."""
        others = self.of_workspaces.get(workspace_id, ())
        own = self.of_schedules.get(schedule_id) if self.of_schedules else None
        return others if own is None else with_own(own, others)


async def ruling(tx: Tx, now: int) -> Ruling:
    """What rules at an instant, with the windows that have begun by then."""
    window_ms, of_workspaces, of_schedules, own_end_ms = await tx.row("what_rules", now=now)
    if window_ms is not None and window_ms <= now:
        await begin_windows(tx, now)
        _, of_workspaces, of_schedules, own_end_ms = await tx.row("what_rules", now=now)
    if not of_workspaces and not of_schedules:
        return _NOTHING_RULES
    found = _by(_workspace, await tx.rows("ruling_pauses") if of_workspaces else ())
    whole = {workspace_id: in_turn(closures) for workspace_id, closures in found.items()}
    ends = [each.ends_ms for closures in whole.values() for each in closures]
    later = tuple(at for at in (*ends, own_end_ms) if at is not None and at > now)
    return Ruling(whole, {} if of_schedules else None, later)


async def with_those_of(tx: Tx, rules: Ruling, schedules: Sequence[Id]) -> Ruling:
    """The same, with what concerns these schedules alone."""
    if rules.of_schedules is None or not schedules:
        return rules
    rows = await tx.rows("ruling_pauses_of_schedules", ids=sorted(schedules))
    own = {schedule_id: tuple(closures) for schedule_id, closures in _by(_schedule, rows).items()}
    return replace(rules, of_schedules={**rules.of_schedules, **own})


_NOTHING_RULES = Ruling()


def _workspace(pause: Pause) -> Id:
    return pause.workspace_id


def _schedule(pause: Pause) -> Id:
    assert pause.schedule_id is not None
    return pause.schedule_id


def _by(what: Callable[[Pause], Id], rows: Iterable[Sequence[Any]]) -> Mapping[Id, list[Closure]]:
    found: dict[Id, list[Closure]] = defaultdict(list)
    for pause in map(pause_of_row, rows):
        found[what(pause)].append(closure_of(pause))
    return found


async def pauses_in_force(tx: Tx, workspace_id: Id, now: int) -> list[Pause]:
    """The pauses of a workspace that hold now, the one that began first at the front."""
    return [pause_of_row(row) for row in await tx.rows("pauses_in_force", workspace_id=workspace_id, now=now)]


async def list_pauses(
    tx: Tx, workspace_id: Id, limit: int, after: tuple[int, Id] | None = None
) -> list[Pause]:
    """Pauses of a workspace, those that begin last first, behind (from_ms, id)."""
    from_ms, cursor = after or (1 << 62, HIGHEST_ID)
    rows = await tx.rows(
        "list_pauses", workspace_id=workspace_id, from_ms=from_ms, cursor=cursor, limit=limit
    )
    return [pause_of_row(row) for row in rows]


async def all_pauses(tx: Tx, workspace_id: Id, after: Id, limit: int) -> list[Pause]:
    """Pauses of a workspace and of its schedules, in the order of their ids, behind one."""
    rows = await tx.rows("all_pauses", workspace_id=workspace_id, after=after, limit=limit)
    return [pause_of_row(row) for row in rows]


async def add_pause(tx: Tx, pause: Pause) -> Pause:
    """Enter a new pause of a workspace. Raises Conflict where it has as many that matter to releases as may be: every
    release reads all of them, those of a moment ago among them."""
    await hold_workspace(tx, pause.workspace_id)
    (count,) = await tx.row("count_ruling_pauses", workspace_id=pause.workspace_id)
    if count >= MOST_RULING:
        words = (
            f"{MOST_RULING} pauses of this workspace are planned, hold, or ended a moment ago, and no more may be: "
            "wait a minute, or take a planned one back"
        )
        raise Conflict(words, "limit")
    await write_pauses(tx, [pause])
    return pause


async def drop_planned(tx: Tx, workspace_id: Id, pause_id: Id, now: int) -> Pause:
    """Take back a pause of a workspace that has not begun. Raises NotFound."""
    row = await tx.row("planned_pause", id=pause_id, workspace_id=workspace_id, now=now)
    if row is None:
        raise NotFound("planned pause")
    if not await tx.run("drop_pause", id=pause_id, workspace_id=workspace_id):
        raise NotFound("planned pause")  # somebody else has taken it back meanwhile
    return pause_of_row(row)


async def write_pauses(tx: Tx, pauses: Sequence[Pause]) -> None:
    """Enter new pauses, at least one. Releases heed them from now on."""
    await tx.many("insert_pauses", [pause_row(pause) for pause in pauses])
    for pause in pauses:
        if pause.schedule_id is None:
            tx.announce(DUE, pause.from_ms)


async def change_pause(tx: Tx, pause: Pause) -> None:
    """Give a pause another end, note or catch-up. Schedules that wait for its end are told."""
    await tx.run(
        "change_pause",
        id=pause.id,
        workspace_id=pause.workspace_id,
        ends_ms=pause.ends_ms,
        catch_up=pause.catch_up.value,
        note=pause.note,
    )
    if pause.ends_ms is not None:
        tx.announce(DUE, pause.ends_ms)


async def begin_of_schedule(tx: Tx, schedule: Schedule, now: int, by: Id | None = None) -> None:
    """Enter that a schedule was paused."""
    await write_pauses(tx, [pause_of(schedule, now, by)])


def pause_of(schedule: Schedule, now: int, by: Id | None = None) -> Pause:
    """The pause that a paused schedule is in from now on. Its end is entered when it comes."""
    own = schedule.workspace_id, schedule.id
    return Pause(random_id(now), *own, now, None, schedule.catch_up_after, schedule.note, by)


async def end_of_schedule(tx: Tx, schedule: Schedule, at_ms: int, held: bool = False) -> None:
    """Enter that the pause of a schedule has ended at an instant (ms). `held`: something else holds it now, so releases
    decide about the slots of this pause later."""
    await tx.run(
        "end_pause_of_schedule",
        workspace_id=schedule.workspace_id,
        schedule_id=schedule.id,
        ends_ms=at_ms,
        catch_up=schedule.catch_up_after.value,
        settled=0 if held else 1,
    )


async def beginning_of_pause(tx: Tx, workspace_id: Id, schedule_id: Id) -> int | None:
    """When the pause began (ms) that a schedule is in."""
    row = await tx.row("beginning_of_pause", workspace_id=workspace_id, schedule_id=schedule_id)
    return None if row is None else int(row[0])


async def note_of_schedule(tx: Tx, schedule: Schedule) -> None:
    """Enter the new note of a schedule that is paused."""
    own = {"workspace_id": schedule.workspace_id, "schedule_id": schedule.id}
    await tx.run("note_pause_of_schedule", **own, note=schedule.note)


async def pause_behind(
    tx: Tx, workspace_id: Id, schedule_id: Id | None, slot_ms: int, due_ms: int
) -> Pause | None:
    """The pause that held a slot back: one of a schedule, or one of the whole workspace (`schedule_id` is None)."""
    if schedule_id is None:
        row = await tx.row("pause_of_workspace_at", workspace_id=workspace_id, due=due_ms)
    else:
        row = await tx.row(
            "pause_of_schedule_at",
            workspace_id=workspace_id,
            schedule_id=schedule_id,
            due=due_ms,
            slot=slot_ms,
        )
    return None if row is None else pause_of_row(row)


async def schedules_to_resume(tx: Tx, now: int, limit: int) -> list[tuple[Id, Id]]:
    """(workspace, id) of schedules whose pauses have come to their end."""
    return [tuple(row) for row in await tx.rows("schedules_to_resume", now=now, limit=limit)]


async def put_off_resumption(
    tx: Tx, workspace_id: Id, schedule_id: Id, now: int, again_ms: int | None
) -> None:
    """Try to resume a schedule again at an instant (ms), None: never by itself; unless somebody has given its pause
    another end meanwhile."""
    await tx.run("put_off_resumption", workspace_id=workspace_id, id=schedule_id, now=now, again_ms=again_ms)


async def pauses_to_settle(tx: Tx, now: int, limit: int) -> list[EndedPause]:
    """Up to `limit` pauses that are over and that no schedule has slots in any more. A reader looks for them: where a
    workspace is paused there may be very many of its schedules that are looked at in vain."""
    before = now - SETTLED_AFTER_MS
    rows = await tx.rows("pauses_to_settle", before=before, due=WHEN_RESUMED, limit=limit)
    return [*map(EndedPause._make, rows)]


async def settle_pauses(tx: Tx, found: Sequence[EndedPause]) -> None:
    """Let releases forget pauses that were found to be over.

    A pause is locked before it is looked at once more: a release that has seen it go on may be about to let a schedule
    wait for its end. Several are locked in the order in which releases do, so that neither waits for the other.
    """
    for ended in sorted(found, key=_as_read):
        await tx.rows("hold_pause", id=ended.id)
        until = {"ends_ms": ended.ends_ms, "due": WHEN_RESUMED}
        if ended.schedule_id is None:
            concerned = await tx.row("concerned_by_pause", workspace_id=ended.workspace_id, **until)
        else:
            concerned = await tx.row("concerned_by_own_pause", schedule_id=ended.schedule_id, **until)
        if concerned is None or await tx.row("covered_pause", id=ended.id) is not None:
            await tx.run("settle_pause", id=ended.id)
