"""Events: notes that are written with what they tell of, and the log of each workspace that they become.

A transaction leaves all its notes of a workspace in one row of `event_outbox`. It neither numbers them nor reads what
they name. `publish` does that a moment later: it sees only what is committed, and one node at a time does it, so that
the numbers of a log are in the order in which they become visible, and who reads on from a number misses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from horarium.domain.errors import NotFound
from horarium.domain.events import (
    Event,
    EventNote,
    EventType,
    NamedSchedule,
    NamedTarget,
    SingleRun,
    content_of,
    fire_late,
    packed,
    unpacked,
)
from horarium.domain.fire import Fire, FireKind
from horarium.domain.ids import Id, numbered_id
from horarium.domain.schedule import policies_from_text
from horarium.store.base import EVENTS, Tx, point, portable
from horarium.store.figures import FORGOTTEN_EVENTS, TOLD
from horarium.store.verbs.ledger import fires_named
from horarium.store.verbs.meta import hold
from horarium.store.verbs.tenancy import gone_workspaces

# The row of `meta` that is locked while notes become events, so that only one node does it at a time.
PUBLISHER = "event_publisher"
# Rows of the outbox that become events in one transaction.
PUBLISHED_AT_ONCE = 500
# So many of the newest events of a workspace are kept at most, however young they are.
MOST_KEPT = 1_000_000


class NotesRow(NamedTuple):
    """The notes of one transaction and workspace, packed."""

    id: Id
    workspace_id: Id
    notes: bytes


class EventRow(NamedTuple):
    """An event as it is written."""

    workspace_id: Id
    number: int
    id: Id
    type: str
    schedule_id: Id | None
    at_ms: int
    told_ms: int
    content: str


class LogEnd(NamedTuple):
    """The number of the last event of a workspace."""

    workspace_id: Id
    number: int


class EventLog(NamedTuple):
    """How far the log of a workspace goes: its last number, up to which it has been deleted, and until when it is
    recorded for those who read it without a webhook."""

    number: int = 0
    forgotten: int = 0
    wanted_until_ms: int = 0


async def write_notes(tx: Tx, notes: Sequence[EventNote]) -> None:
    """Write the notes of a transaction. Stores call this before they commit."""
    by_workspace: dict[Id, list[EventNote]] = defaultdict(list)
    for note in notes:
        by_workspace[note.workspace_id].append(note)
    rows = [
        NotesRow(numbered_id(found[0].at_ms), workspace_id, packed(found))
        for workspace_id, found in by_workspace.items()
    ]
    await tx.many("insert_event_notes", rows)


@point
async def any_notes(tx: Tx) -> bool:
    """Whether there are notes that have not become events yet."""
    return await tx.row("any_event_note") is not None


@portable
async def publish(tx: Tx, now: int, limit: int = PUBLISHED_AT_ONCE) -> int:
    """Make events of the notes of up to `limit` transactions; of how many transactions that was."""
    await hold(tx, PUBLISHER)
    pending = [NotesRow._make(row) for row in await tx.rows("event_notes", limit=limit)]
    if not pending:
        return 0
    by_workspace: dict[Id, list[EventNote]] = defaultdict(list)
    for row in pending:
        by_workspace[row.workspace_id] += unpacked(row.workspace_id, row.notes)
    ends = dict(await tx.rows("event_logs", ids=sorted(by_workspace)))
    for gone in await gone_workspaces(tx, by_workspace.keys() - ends.keys()):
        del by_workspace[gone]
    rows: list[EventRow] = []
    for workspace_id, notes in by_workspace.items():
        made = await _events(tx, workspace_id, notes, ends.get(workspace_id, 0), now)
        if made:
            ends[workspace_id] = made[-1].number
        rows += made
    if rows:
        await tx.many("insert_events", rows)
        await tx.many("extend_event_logs", [LogEnd(one, ends[one]) for one in sorted(by_workspace)])
        tx.count(TOLD, "events", len(rows))
        tx.announce(EVENTS, now)
    await tx.run("delete_event_notes", ids=[row.id for row in pending])
    return len(pending)


async def _events(
    tx: Tx, workspace_id: Id, notes: Sequence[EventNote], last: int, now: int
) -> list[EventRow]:
    """The events of some notes of a workspace, numbered after `last`. What is an event already becomes none again."""
    fires = {fire.id: fire for fire in await _fires(tx, workspace_id, notes)}
    runs = await _single_runs(tx, fires)
    every = list(_with_lateness(notes, fires, runs))
    known = {
        an_id
        for (an_id,) in await tx.rows(
            "known_events", workspace_id=workspace_id, ids=[note.id for note in every]
        )
    }
    schedules = await _schedules(tx, every)
    targets = await _targets(tx, every, schedules)
    rows = []
    for note in every:
        if note.id in known:
            continue
        known.add(note.id)
        last += 1
        schedule = schedules.get(note.schedule_id or b"")
        target_id = note.target_id or (b"" if schedule is None else schedule.target_id)
        content = content_of(
            note,
            schedule,
            targets.get(target_id),
            fires.get(note.fire_id or b""),
            runs.get(note.fire_id or b""),
        )
        rows.append(
            EventRow(workspace_id, last, note.id, note.type.value, note.schedule_id, note.at_ms, now, content)
        )
    return rows


async def _fires(tx: Tx, workspace_id: Id, notes: Iterable[EventNote]) -> list[Fire]:
    ids = sorted({note.fire_id for note in notes if note.fire_id is not None})
    return await fires_named(tx, workspace_id, ids) if ids else []


async def _single_runs(tx: Tx, fires: Collection[Id]) -> dict[Id, SingleRun]:
    if not fires:
        return {}
    rows = await tx.rows("single_runs_of_events", ids=sorted(fires))
    return {row[0]: SingleRun._make(row) for row in rows}


async def _schedules(tx: Tx, notes: Iterable[EventNote]) -> dict[Id, NamedSchedule]:
    ids = sorted({note.schedule_id for note in notes if note.schedule_id is not None})
    rows = await tx.rows("schedules_of_events", ids=ids) if ids else ()
    return {row[0]: NamedSchedule._make(row) for row in rows}


async def _targets(
    tx: Tx, notes: Iterable[EventNote], schedules: Mapping[Id, NamedSchedule]
) -> dict[Id, NamedTarget]:
    ids = {note.target_id for note in notes if note.target_id is not None}
    ids |= {schedule.target_id for schedule in schedules.values()}
    rows = await tx.rows("targets_of_events", ids=sorted(ids)) if ids else ()
    return {row[0]: NamedTarget._make(row) for row in rows}


def _with_lateness(
    notes: Iterable[EventNote], fires: Mapping[Id, Fire], runs: Mapping[Id, SingleRun]
) -> Iterable[EventNote]:
    """The notes, and before the end of a single fire one that it began late, where its first attempt began later than
    its schedule's objective allows. A release tells only of what was late already when it was entered."""
    for note in notes:
        fire, run = fires.get(note.fire_id or b""), runs.get(note.fire_id or b"")
        if fire is not None and run is not None and note.type is not EventType.FIRE_LATE:
            late = _lateness(note, fire, run)
            if late is not None:
                yield late
        yield note


def _lateness(note: EventNote, fire: Fire, run: SingleRun) -> EventNote | None:
    if run.began_ms is None or run.policies is None or fire.kind is not FireKind.CLOCK:
        return None
    objective = policies_from_text(run.policies).lateness_objective_ms
    late = run.began_ms - fire.due_ms
    if objective is None or late <= objective:
        return None
    return fire_late(note.workspace_id, fire.schedule_id, fire.id, late, objective, note.at_ms)


async def recorded_workspaces(tx: Tx, now: int) -> frozenset[Id]:
    """The workspaces whose events are recorded, because somebody wants them."""
    return frozenset(row[0] for row in await tx.rows("recorded_workspaces", now=now))


async def want_events(tx: Tx, workspace_id: Id, until_ms: int) -> None:
    """Have the events of a workspace recorded until an instant (ms), whether it has a webhook or not."""
    await tx.run("want_events", workspace_id=workspace_id, until=until_ms)


async def event_log(tx: Tx, workspace_id: Id) -> EventLog:
    """How far the log of a workspace goes."""
    row = await tx.row("event_log", workspace_id=workspace_id)
    return EventLog() if row is None else EventLog._make(row)


@point
async def log_ends(tx: Tx, workspaces: Collection[Id]) -> dict[Id, int]:
    """The numbers of the last events of some workspaces."""
    return dict(await tx.rows("event_logs", ids=sorted(workspaces))) if workspaces else {}


async def get_event(tx: Tx, workspace_id: Id, event_id: Id) -> Event:
    """An event of a workspace. Raises NotFound."""
    row = await tx.row("get_event", workspace_id=workspace_id, id=event_id)
    if row is None:
        raise NotFound("event")
    return Event._make(row)


async def events_after(tx: Tx, workspace_id: Id, after: int, limit: int) -> list[Event]:
    """Up to `limit` events after a number, in their order."""
    rows = await tx.rows("events_after", workspace_id=workspace_id, after=after, limit=limit)
    return [Event._make(row) for row in rows]


async def events_before(tx: Tx, workspace_id: Id, before: int, after: int, limit: int) -> list[Event]:
    """Up to `limit` events with numbers between two, the last first."""
    rows = await tx.rows("events_before", workspace_id=workspace_id, before=before, after=after, limit=limit)
    return [Event._make(row) for row in rows]


async def number_before(tx: Tx, workspace_id: Id, at_ms: int) -> int:
    """The number after which the events of a workspace begin that were told at an instant (ms) or later.

    The log is in the order of these instants, so it is halved again and again.
    """
    log = await event_log(tx, workspace_id)
    low, high = log.forgotten, log.number
    while low < high:
        middle = (low + high) // 2
        found = await events_after(tx, workspace_id, middle, 1)
        if not found or found[0].told_ms >= at_ms:
            high = middle
        else:
            low = found[0].number
    return low


class OldLog(NamedTuple):
    """A log that holds events, and when the oldest of them was told (ms)."""

    workspace_id: Id
    number: int
    forgotten: int
    oldest_ms: int | None


@portable
async def forget_events(tx: Tx, before_ms: int, limit: int) -> int:
    """Delete up to `limit` of the oldest events: those told before an instant (ms), and of a log with more than
    MOST_KEPT those beyond. How many; 0 where nothing is left to delete.

    A log is held before it is read: another node may have deleted what was there a moment ago.
    """
    for found in map(OldLog._make, await tx.rows("logs_to_forget")):
        if not _shall_forget(found, before_ms):
            continue
        held = await tx.row("hold_event_log", workspace_id=found.workspace_id)
        row = None if held is None else await tx.row("log_to_forget", workspace_id=found.workspace_id)
        if row is None or not _shall_forget(log := OldLog._make(row), before_ms):
            continue
        own, surplus = {"workspace_id": log.workspace_id}, log.number - MOST_KEPT
        old = await tx.rows("old_events", **own, after=log.forgotten, limit=limit)
        gone = [number for number, told_ms in old if told_ms < before_ms or number <= surplus]
        upto = gone[-1] if gone else old[0][0] - 1 if old else log.number
        if gone:
            await tx.run("delete_events", **own, after=log.forgotten, upto=upto)
        await tx.run("delete_old_deliveries", **own, upto=upto)
        await tx.run("note_forgotten_events", **own, upto=upto)
        tx.count(FORGOTTEN_EVENTS, "events", len(gone))
        return len(gone)
    return 0


def _shall_forget(log: OldLog, before_ms: int) -> bool:
    """Whether some events of a log are to be deleted, or all of them are gone already."""
    if log.oldest_ms is None or log.oldest_ms < before_ms:
        return True
    return log.forgotten < log.number - MOST_KEPT
