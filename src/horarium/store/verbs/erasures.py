"""Erasing a person from everything that a workspace holds, piece by piece.

A step looks at one piece of one place, in the order of its keys, changes what it finds, and stores how far the erasure
has come, all in one transaction. So a crash repeats nothing and leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from horarium.domain.audit import AuditEntry
from horarium.domain.erasures import (
    ERASED,
    PLACES,
    Erasure,
    ErasureState,
    Person,
    Place,
    telling,
    values_in,
)
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, ulid
from horarium.domain.listings import RunListing
from horarium.store.base import Tx
from horarium.store.rows import LabelRow
from horarium.store.verbs.audit import erase_entries
from horarium.store.verbs.directory import delete_item, get_item
from horarium.store.verbs.run_pages import find_runs
from horarium.store.verbs.runs import cancel_run
from horarium.store.verbs.texts import json_value

# Rows of a place that one step looks at, and of the places whose texts are small.
PIECE, SMALL_PIECE = 100, 500
# Rows that are looked at to find runs of the person.
LOOK = 2_000
# How many erasures of a workspace may be under way.
MOST_OPEN = 10
# Makes the entry of the audit log that tells how many entries were erased.
Tell = Callable[[int], AuditEntry]


class StoredErasure(NamedTuple):
    """The columns of `erasure_columns`."""

    id: Id
    workspace_id: Id
    salt: bytes
    hash: bytes
    principal_id: Id
    created_ms: int
    updated_ms: int
    person: str | None
    state: str
    place: str
    position: bytes
    counts: str
    finished_ms: int | None


def _erasure(row: Sequence[Any]) -> Erasure:
    stored = StoredErasure._make(row)
    person = None
    if stored.person is not None:
        known = orjson.loads(stored.person)
        person = Person(known["id"], tuple(known["values"]))
    return Erasure(
        stored.id,
        stored.workspace_id,
        stored.salt,
        stored.hash,
        stored.principal_id,
        stored.created_ms,
        stored.updated_ms,
        person,
        ErasureState(stored.state),
        Place(stored.place),
        stored.position,
        orjson.loads(stored.counts),
        stored.finished_ms,
    )


def _row(erasure: Erasure) -> StoredErasure:
    person = None
    if erasure.person is not None:
        person = orjson.dumps({"id": erasure.person.id, "values": erasure.person.values}).decode()
    return StoredErasure(
        erasure.id,
        erasure.workspace_id,
        erasure.salt,
        erasure.hash,
        erasure.by,
        erasure.created_ms,
        erasure.updated_ms,
        person,
        erasure.state.value,
        erasure.place.value,
        erasure.position,
        orjson.dumps(dict(erasure.counts)).decode(),
        erasure.finished_ms,
    )


async def begin_erasure(tx: Tx, erasure: Erasure) -> Erasure:
    """Store a new erasure, with what the directory says of the person. Raises Conflict where as many are under way in
    the workspace as may be."""
    own = {"workspace_id": erasure.workspace_id}
    (count,) = await tx.row("count_open_erasures", **own)
    if count >= MOST_OPEN:
        words = f"{MOST_OPEN} erasures of this workspace are under way, and no more may be: wait until one is done"
        raise Conflict(words, "limit")
    person = erasure.person
    assert person is not None
    user = await get_item(tx, erasure.workspace_id, "users", person.id)
    contact = await get_item(tx, erasure.workspace_id, "contacts", person.id)
    known = [user["email"], user["full_name"]] if user is not None else []
    known += [contact["email"], contact["name"]] if contact is not None else []
    begun = replace(erasure, person=person.with_values(text for text in known if text))
    await tx.many("insert_erasures", [_row(begun)])
    return begun


async def get_erasure(tx: Tx, workspace_id: Id, erasure: Id) -> Erasure:
    """An erasure of a workspace. Raises NotFound."""
    row = await tx.row("get_erasure", id=erasure, workspace_id=workspace_id)
    if row is None:
        raise NotFound("erasure")
    return _erasure(row)


async def list_erasures(tx: Tx, workspace_id: Id, limit: int, cursor: Id) -> list[Erasure]:
    """Up to `limit` erasures of a workspace with lower ids than `cursor`, the latest first."""
    rows = await tx.rows("list_erasures", workspace_id=workspace_id, cursor=cursor, limit=limit)
    return [_erasure(row) for row in rows]


class Found(NamedTuple):
    """What a step has found: how many rows it changed, the position after them (None: nothing of this place is left),
    and the person, who may be known by more values now."""

    changed: int
    position: bytes | None
    person: Person


async def erase_piece(tx: Tx, erasure_id: Id | None, now: int, tell: Callable[[Id], Tell]) -> Erasure | None:
    """Look at the next piece of an erasure, or of the one that has waited longest: how far it is then. None where none
    is under way. `tell` makes the audit entries of a workspace."""
    row = await (tx.row("next_erasure") if erasure_id is None else tx.row("open_erasure", id=erasure_id))
    if row is None:
        return None
    erasure = _erasure(row)
    found = await _STEPS[erasure.place](tx, erasure, now, tell(erasure.workspace_id))
    moved = _moved(erasure, found, now)
    stored = _row(moved)
    await tx.run(
        "move_erasure",
        id=stored.id,
        workspace_id=stored.workspace_id,
        updated_ms=stored.updated_ms,
        person=stored.person,
        state=stored.state,
        place=stored.place,
        position=stored.position,
        counts=stored.counts,
        finished_ms=stored.finished_ms,
    )
    return moved


def _moved(erasure: Erasure, found: Found, now: int) -> Erasure:
    """How far an erasure is after a step. Once it is done, whom it erased is erased as well."""
    counts = dict(erasure.counts)
    if found.changed:
        counts[erasure.place.value] = counts.get(erasure.place.value, 0) + found.changed
    moved = replace(erasure, updated_ms=max(now, erasure.updated_ms + 1), counts=counts, person=found.person)
    if found.position is not None:
        return replace(moved, position=found.position)
    following = PLACES.index(erasure.place) + 1
    if following < len(PLACES):
        return replace(moved, place=PLACES[following], position=b"")
    return replace(moved, state=ErasureState.DONE, finished_ms=now, person=None, position=b"")


def _whom(erasure: Erasure) -> Person:
    assert erasure.person is not None
    return erasure.person


async def _own_runs(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """The runs of the person's rows: open ones are cancelled, and all are emptied."""
    person, own = _whom(erasure), erasure.workspace_id
    await tx.run("drop_from_spool", workspace_id=own, row_key=person.id)
    listing = RunListing(own, SMALL_PIECE, erasure.position or HIGHEST_ID, row_key=person.id)
    page = await find_runs(tx, listing, LOOK)
    for run in page:
        if not run.state.final:
            await cancel_run(tx, own, run.id, now, "its person is erased")
    ids = [run.id for run in page]
    if ids:
        person = person.with_values(await _telling_errors(tx, own, ids, person))
        await tx.run("empty_runs", ids=ids, erased=ERASED)
        await tx.run("empty_attempts", ids=ids, erased=ERASED)
        await tx.run("empty_handles", ids=ids)
    return Found(len(ids), page.reached, person)


async def _telling_errors(tx: Tx, workspace_id: Id, runs: Sequence[Id], person: Person) -> list[str]:
    """The errors of the person's runs that repeat something of its rows: events and fires may repeat them."""
    rows = await tx.rows("texts_of_runs_named", ids=runs, workspace_id=workspace_id)
    values = [*person.values, *(text for _, data, _ in rows for text in values_in(json_value(data)))]
    errors = [row[2] for row in (*rows, *await tx.rows("texts_of_attempts", ids=runs))]
    return telling(errors, values)


async def _directory(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """The person's own items, and what refers to them."""
    person, own = _whom(erasure), {"workspace_id": erasure.workspace_id}
    changed = 0
    for kind in ("users", "contacts"):
        changed += await delete_item(tx, erasure.workspace_id, kind, person.id)
    changed += await tx.run("leave_tasks", **own, assignee=person.id)
    changed += await tx.run("leave_tasks_about", **own, contact=person.id)
    changed += await tx.run("leave_deals", **own, owner=person.id)
    return Found(changed, None, person)


def _changed(rows: Sequence[Sequence[Any]], person: Person, keys: int) -> list[tuple[Any, ...]]:
    """Those of some rows that name a person, without the person. A row begins with so many keys; the rest is text."""
    found = []
    for row in map(tuple, rows):
        texts = tuple(person.erased_from(text) for text in row[keys:])
        if texts != row[keys:]:
            found.append((*row[:keys], *texts))
    return found


async def _change(tx: Tx, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    if rows:
        await tx.many(statement, rows)
    return len(rows)


def _by_item(name: str) -> Callable[[Tx, Erasure, int, Tell], Awaitable[Found]]:
    """The step through the items of a kind in the directory."""

    async def step(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
        person, own = _whom(erasure), erasure.workspace_id
        after = erasure.position.decode("utf-8", "surrogatepass")
        rows = await tx.rows(f"texts_of_{name}", workspace_id=own, after=after, limit=SMALL_PIECE)
        changed = [(own, *row) for row in _changed(rows, person, 1)]
        count = await _change(tx, f"change_texts_of_{name}", changed)
        last = rows[-1][0].encode("utf-8", "surrogatepass") if len(rows) == SMALL_PIECE else None
        return Found(count, last, person)

    return step


def _by_id(name: str) -> Callable[[Tx, Erasure, int, Tell], Awaitable[Found]]:
    """The step through rows by ascending ids."""

    async def step(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
        person = _whom(erasure)
        rows = await _piece(tx, f"texts_of_{name}", erasure, PIECE)
        count = await _change(tx, f"change_texts_of_{name}", _changed(rows, person, 1))
        return Found(count, _last(rows, PIECE), person)

    return step


async def _piece(tx: Tx, statement: str, erasure: Erasure, limit: int) -> Sequence[Any]:
    after = erasure.position or LOWEST_ID
    return await tx.rows(statement, workspace_id=erasure.workspace_id, after=after, limit=limit)


def _last(rows: Sequence[Any], limit: int) -> Id | None:
    return rows[-1][0] if len(rows) == limit else None


async def _runs(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """All other runs, with their earlier attempts and the handles by which engines were asked about them."""
    person = _whom(erasure)
    rows = await _piece(tx, "texts_of_runs", erasure, PIECE)
    count = await _change(tx, "change_texts_of_runs", _changed(rows, person, 1))
    ids = [row[0] for row in rows]
    if ids:
        attempts = _changed(await tx.rows("texts_of_attempts", ids=ids), person, 2)
        count += await _change(tx, "change_texts_of_attempts", attempts)
        await tx.run("empty_handles", ids=ids)
    return Found(count, _last(rows, PIECE), person)


async def _schedules(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Schedules with their labels, all versions of their inputs and audiences, and the notes of their pauses and
    of maintenance windows."""
    person, own = _whom(erasure), erasure.workspace_id
    rows = await _piece(tx, "texts_of_schedules", erasure, PIECE)
    before = {row[0]: tuple(row) for row in rows}
    changed = [_with_own_key(row, before[row[0]]) for row in _changed(rows, person, 1)]
    count = await _change(tx, "change_texts_of_schedules", changed)
    for schedule_id, _, _, _, labels, *_ in changed:
        if labels != before[schedule_id][4]:
            named: Mapping[str, str] = orjson.loads(labels)
            await tx.run("delete_labels", workspace_id=own, schedule_id=schedule_id)
            await _change(
                tx,
                "insert_labels",
                [LabelRow(own, name, value, schedule_id) for name, value in named.items()],
            )
    ids = list(before)
    notes = [] if erasure.position else await tx.rows("notes_of_workspace", workspace_id=own)
    if ids:
        versions = _changed(await tx.rows("texts_of_versions", ids=ids), person, 2)
        count += await _change(tx, "change_texts_of_versions", versions)
        notes = [*notes, *await tx.rows("notes_of_schedules", ids=ids)]
    count += await _change(tx, "change_notes", _changed(notes, person, 1))
    if not erasure.position:
        of_windows = await tx.rows("notes_of_windows", workspace_id=own)
        count += await _change(tx, "change_notes_of_windows", _changed(of_windows, person, 1))
    return Found(count, _last(rows, PIECE), person)


def _with_own_key(row: tuple[Any, ...], before: tuple[Any, ...]) -> tuple[Any, ...]:
    """A schedule whose key named the person gets one of its own, because keys are unique."""
    schedule_id, key, *rest = row
    return (schedule_id, key if key == before[1] else f"erased-{ulid(schedule_id)}", *rest)


async def _deliveries(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """What receivers of events answered where a delivery failed."""
    person, position = _whom(erasure), erasure.position or LOWEST_ID + bytes(8)
    rows = await tx.rows(
        "texts_of_deliveries",
        workspace_id=erasure.workspace_id,
        after=position[:16],
        number=int.from_bytes(position[16:], "big"),
        limit=SMALL_PIECE,
    )
    count = await _change(tx, "change_texts_of_deliveries", _changed(rows, person, 2))
    last = rows[-1][0] + rows[-1][1].to_bytes(8, "big") if len(rows) == SMALL_PIECE else None
    return Found(count, last, person)


async def _events(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    person, own = _whom(erasure), erasure.workspace_id
    number = int.from_bytes(erasure.position, "big")
    rows = await tx.rows("texts_of_events", workspace_id=own, number=number, limit=SMALL_PIECE)
    changed = [(own, *row) for row in _changed(rows, person, 1)]
    count = await _change(tx, "change_texts_of_events", changed)
    last = rows[-1][0].to_bytes(8, "big") if len(rows) == SMALL_PIECE else None
    return Found(count, last, person)


async def _audit(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Entries of the audit log that name the person: what they say goes, and the chain still verifies."""
    person = _whom(erasure)
    rows = await _piece(tx, "texts_of_entries", erasure, PIECE)
    ids = [row[0] for row in _changed(rows, person, 1)]
    if ids:
        await erase_entries(tx, erasure.workspace_id, ids, tell(len(ids)))
    return Found(len(ids), _last(rows, PIECE), person)


_STEPS: Mapping[Place, Callable[[Tx, Erasure, int, Tell], Awaitable[Found]]] = {
    Place.OWN_RUNS: _own_runs,
    Place.DIRECTORY: _directory,
    Place.CONTACTS: _by_item("contacts"),
    Place.DEALS: _by_item("deals"),
    Place.TASKS: _by_item("tasks"),
    Place.RUNS: _runs,
    Place.FIRES: _by_id("fires"),
    Place.SCHEDULES: _schedules,
    Place.ACTIONS: _by_id("actions"),
    Place.DELIVERIES: _deliveries,
    Place.EVENTS: _events,
    Place.AUDIT: _audit,
}
