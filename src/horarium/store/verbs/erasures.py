"""Erasing a person from everything that a workspace holds, piece by piece.

A step looks at one piece of one place, in the order of its keys, changes what it finds, and stores how far the erasure
has come, all in one transaction. So a crash repeats nothing and leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from horarium.domain.erasures import PLACES, Erasure, ErasureState, Person, Place
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import Id
from horarium.store.base import Tx
from horarium.store.verbs import erased_runs, erased_texts
from horarium.store.verbs.directory import get_item
from horarium.store.verbs.erased_texts import by_id, by_item
from horarium.store.verbs.erasing import JSON, OWN_JSON, PERSON, PLAIN, UNIQUE, Found, Step, Tell, kept
from horarium.store.verbs.tenancy import hold_workspace

# How many erasures of a workspace may be under way, and how many with those that wait.
MOST_OPEN, MOST_WAITING = 10, 100


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
    look_ms: int | None = None
    waits_for: int = 0


# What a new erasure does not have.
_NOT_INSERTED = ("look_ms", "waits_for")


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
        stored.look_ms,
        stored.waits_for,
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
        erasure.look_ms,
    )


async def begin_erasure(tx: Tx, erasure: Erasure) -> Erasure:
    """Store a new erasure, with what the directory says of the person. Raises Conflict where as many are under way in
    the workspace as may be."""
    own = {"workspace_id": erasure.workspace_id}
    await hold_workspace(tx, erasure.workspace_id)
    running, count = await tx.row("count_open_erasures", **own)
    if running >= MOST_OPEN:
        words = f"{MOST_OPEN} erasures of this workspace are under way, and no more may be: wait until one is done"
        raise Conflict(words, "limit")
    if count >= MOST_WAITING:
        words = (
            f"{MOST_WAITING} erasures of this workspace wait for runs that are under way, and no more may: "
        )
        raise Conflict(words + "wait until these runs are over, or cancel them", "limit")
    person = erasure.person
    assert person is not None
    known: list[str | None] = []
    for name in (person.id, *person.values):
        user = await get_item(tx, erasure.workspace_id, "users", name)
        contact = await get_item(tx, erasure.workspace_id, "contacts", name)
        known += [user["email"], user["full_name"]] if user is not None else []
        known += [contact["email"], contact["name"]] if contact is not None else []
    begun = replace(erasure, person=person.with_values(text for text in known if text))
    await tx.many("insert_erasures", [_row(begun)[: -len(_NOT_INSERTED)]])
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


async def erase_piece(tx: Tx, erasure_id: Id | None, now: int, tell: Callable[[Id], Tell]) -> Erasure | None:
    """Look at the next piece of an erasure, or of the one that has waited longest: how far it is then. None where none
    is under way. `tell` makes the audit entries of a workspace."""
    if erasure_id is None and await tx.row("any_erasure", now=now) is None:
        return None
    row = await (
        tx.row("next_erasure", now=now) if erasure_id is None else tx.row("open_erasure", id=erasure_id)
    )
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
        look_ms=stored.look_ms,
    )
    return moved


def _moved(erasure: Erasure, found: Found, now: int) -> Erasure:
    """How far an erasure is after a step. Once it is done, whom it erased is erased as well."""
    counts = dict(erasure.counts)
    if found.changed:
        counts[erasure.place.value] = counts.get(erasure.place.value, 0) + found.changed
    updated = max(now, erasure.updated_ms + 1)
    moved = replace(erasure, updated_ms=updated, counts=counts, person=found.person, look_ms=found.look_ms)
    if erasure.place is Place.UNDER_WAY:
        moved = replace(moved, state=ErasureState.WAITING)
    if found.position is not None:
        return replace(moved, place=found.place or erasure.place, position=found.position)
    following = PLACES.index(erasure.place) + 1
    if following < len(PLACES):
        return replace(moved, place=PLACES[following], position=b"")
    return replace(moved, state=ErasureState.DONE, finished_ms=now, person=None, position=b"")


_STEPS: Mapping[Place, Step] = {
    Place.SPOOL: erased_runs.erase_spool,
    Place.OWN_RUNS: erased_runs.erase_own_runs,
    Place.DIRECTORY: erased_texts.erase_own_items,
    Place.USERS: by_item("users", PLAIN, PLAIN, PLAIN),
    Place.CONTACTS: by_item("contacts", PLAIN, PLAIN, PLAIN, JSON),
    Place.DEALS: by_item("deals", PLAIN, PLAIN, UNIQUE, UNIQUE, PERSON),
    Place.TASKS: by_item("tasks", PLAIN, PLAIN, PERSON, UNIQUE, PERSON),
    Place.PIPELINES: by_item("pipelines", PLAIN),
    Place.STAGES: by_item("stages", PLAIN, UNIQUE),
    Place.ACTIONS: by_id("actions", OWN_JSON, OWN_JSON, OWN_JSON, PLAIN),
    Place.SCHEDULES: erased_texts.erase_schedules,
    Place.VERSIONS: erased_texts.erase_versions,
    Place.RUNS: erased_runs.erase_runs_of_others,
    Place.FIRES: by_id("fires", kept, PLAIN, PLAIN),
    Place.TARGETS: by_id("targets", PLAIN),
    Place.PRINCIPALS: by_id("principals", PLAIN, PLAIN),
    Place.KEYS: by_id("keys", PLAIN),
    Place.ANSWERS: erased_texts.erase_answers,
    Place.EVENTS: erased_texts.erase_events,
    Place.DELIVERIES: erased_texts.erase_deliveries,
    Place.AUDIT: erased_texts.erase_entries_of_audit,
    Place.UNDER_WAY: erased_runs.look_at_what_was_under_way,
}
