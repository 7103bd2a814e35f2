"""The steps of an erasure through all that is no run: the directory, schedules, what is kept to be given again, and
what tells of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from horarium.domain.erasures import Erasure
from horarium.domain.ids import LOWEST_ID, ulid
from horarium.store.base import WEBHOOKS, Tx
from horarium.store.rows import LabelRow
from horarium.store.verbs import erasing
from horarium.store.verbs.audit import erase_entries
from horarium.store.verbs.directory import delete_item
from horarium.store.verbs.erasing import (
    JSON,
    OWN_JSON,
    PLAIN,
    UNIQUE,
    Column,
    Found,
    Step,
    Tell,
    change,
    changed_rows,
    fitting,
    fitting_piece,
    last_of,
    piece_of,
    place_of,
    position_of,
    whom,
)


async def erase_own_items(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """The person's own items, and what refers to them."""
    person, own = whom(erasure), {"workspace_id": erasure.workspace_id}
    changed = 0
    for kind in ("users", "contacts"):
        changed += await delete_item(tx, erasure.workspace_id, kind, person.id)
    changed += await tx.run("leave_tasks", **own, assignee=person.id)
    changed += await tx.run("leave_tasks_about", **own, contact=person.id)
    changed += await tx.run("leave_deals", **own, owner=person.id)
    return Found(changed, None, person)


def by_item(name: str, *columns: Column) -> Step:
    """The step through the items of a kind in the directory. Users and contacts that are the person are deleted."""

    async def step(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
        person, own = whom(erasure), erasure.workspace_id
        after = erasure.position.decode("utf-8", "surrogatepass")
        where: dict[str, Any] = {"workspace_id": own, "after": after}
        if name == "contacts":  # only these have texts of any size
            contacts = "sizes_of_contacts", "texts_of_contacts"
            rows, goes_on = await fitting_piece(tx, *contacts, erasing.SMALL_PIECE, **where)
        else:
            rows = await tx.rows(f"texts_of_{name}", **where, limit=erasing.SMALL_PIECE)
            goes_on = len(rows) == erasing.SMALL_PIECE
        gone = {row[0] for row in rows if name in ("users", "contacts") and person.owns(row[0])}
        for an_id in gone:
            await delete_item(tx, own, name, an_id)
        others = [row for row in rows if row[0] not in gone]
        changed = [(own, *row) for row in changed_rows(others, erasure, 1, UNIQUE, *columns)]
        count = await change(tx, f"change_texts_of_{name}", changed)
        last = rows[-1][0].encode("utf-8", "surrogatepass") if goes_on else None
        return Found(count + len(gone), last, person)

    return step


def by_id(name: str, *columns: Column) -> Step:
    """The step through rows by ascending ids."""

    async def step(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
        rows = await piece_of(tx, f"texts_of_{name}", erasure, erasing.PIECE)
        count = await change(tx, f"change_texts_of_{name}", changed_rows(rows, erasure, 1, *columns))
        return Found(count, last_of(rows, erasing.PIECE), whom(erasure))

    return step


async def erase_schedules(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Schedules with their labels, and the notes of their pauses and of maintenance windows."""
    own = erasure.workspace_id
    where = {"workspace_id": own, "after": erasure.position or LOWEST_ID}
    rows, goes_on = await fitting_piece(
        tx, "sizes_of_schedules", "texts_of_schedules", erasing.PIECE, **where
    )
    before = {row[0]: tuple(row) for row in rows}
    texts = changed_rows(rows, erasure, 1, PLAIN, PLAIN, PLAIN, OWN_JSON, OWN_JSON, PLAIN)
    changed = [_with_own_key(row, before[row[0]]) for row in texts]
    count = await change(tx, "change_texts_of_schedules", changed)
    for schedule_id, _, _, _, labels, *_ in changed:
        if labels != before[schedule_id][4]:
            named: Mapping[str, str] = orjson.loads(labels)
            await tx.run("delete_labels", workspace_id=own, schedule_id=schedule_id)
            await change(
                tx,
                "insert_labels",
                [LabelRow(own, name, value, schedule_id) for name, value in named.items()],
            )
    ids = list(before)
    notes = [] if erasure.position else await tx.rows("notes_of_workspace", workspace_id=own)
    if ids:
        notes = [*notes, *await tx.rows("notes_of_schedules", ids=ids)]
    count += await change(tx, "change_notes", changed_rows(notes, erasure, 1, PLAIN))
    if not erasure.position:
        of_windows = await tx.rows("notes_of_windows", workspace_id=own)
        count += await change(tx, "change_notes_of_windows", changed_rows(of_windows, erasure, 1, PLAIN))
    return Found(count, rows[-1][0] if goes_on else None, whom(erasure))


def _with_own_key(row: tuple[Any, ...], before: tuple[Any, ...]) -> tuple[Any, ...]:
    """A schedule whose key named the person gets one of its own, because keys are unique."""
    schedule_id, key, *rest = row
    return (schedule_id, key if key == before[1] else f"erased-{ulid(schedule_id)}", *rest)


async def erase_versions(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Inputs and audiences of schedules."""
    after, number = place_of(erasure)
    own = erasure.workspace_id
    rows = await tx.rows(
        "sizes_of_versions", workspace_id=own, after=after, number=number, limit=erasing.PIECE
    )
    piece = [(schedule, version) for schedule, version, _ in rows[: fitting([row[2] for row in rows])]]
    texts = await tx.each("texts_of_versions", piece) if piece else ()
    count = await change(tx, "change_texts_of_versions", changed_rows(texts, erasure, 2, JSON, JSON))
    more = len(rows) == erasing.PIECE or len(piece) < len(rows)
    return Found(count, position_of(*piece[-1]) if more else None, whom(erasure))


async def erase_answers(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """What was answered to requests with an Idempotency-Key, to be given again. Where the key names the person, the
    request is forgotten."""
    own, person = erasure.workspace_id, whom(erasure)
    scope, key = orjson.loads(erasure.position) if erasure.position else ("", "")
    where = {"workspace_id": own, "scope": scope, "key": key}
    rows, goes_on = await fitting_piece(tx, "sizes_of_answers", "answers_kept", erasing.PIECE, **where)
    gone = [(scope, key) for scope, key, _ in rows if PLAIN(erasure, key) != key]
    for scope, key in gone:
        await tx.run("drop_answer", workspace_id=own, scope=scope, key=key)
    changed = [
        (own, scope, key, said)
        for scope, key, subject in rows
        if (scope, key) not in gone and (said := _answer_without(erasure, subject)) is not None
    ]
    count = await change(tx, "change_answers", changed)
    last = orjson.dumps(rows[-1][:2]) if goes_on else None
    return Found(count + len(gone), last, person)


def _answer_without(erasure: Erasure, subject: bytes) -> bytes | None:
    """An answer without the person; None where it stays, as the id of what was made does."""
    if len(subject) == len(LOWEST_ID):
        return None
    said = subject.decode("utf-8", "surrogateescape")
    left = OWN_JSON(erasure, said)
    return None if left is None or left == said else left.encode("utf-8", "surrogateescape")


async def erase_events(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Events. Nodes have some of them in hand to send them, so they are to read them again."""
    person, own = whom(erasure), erasure.workspace_id
    number = int.from_bytes(erasure.position, "big")
    where = {"workspace_id": own, "number": number}
    rows, goes_on = await fitting_piece(
        tx, "sizes_of_events", "texts_of_events", erasing.SMALL_PIECE, **where
    )
    changed = [(own, *row) for row in changed_rows(rows, erasure, 1, OWN_JSON)]
    count = await change(tx, "change_texts_of_events", changed)
    if count:
        await tx.run("take_webhooks_back", workspace_id=own)
        tx.announce(WEBHOOKS, now)
    last = rows[-1][0].to_bytes(8, "big") if goes_on else None
    return Found(count, last, person)


async def erase_deliveries(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """What receivers of events answered where a delivery failed."""
    person, own = whom(erasure), erasure.workspace_id
    after, number = place_of(erasure)
    rows = await tx.rows(
        "texts_of_deliveries", workspace_id=own, after=after, number=number, limit=erasing.SMALL_PIECE
    )
    count = await change(tx, "change_texts_of_deliveries", changed_rows(rows, erasure, 2, PLAIN))
    last = position_of(*rows[-1][:2]) if len(rows) == erasing.SMALL_PIECE else None
    return Found(count, last, person)


async def erase_entries_of_audit(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Entries of the audit log that name the person: what they say goes, and the chain still verifies."""
    where = {"workspace_id": erasure.workspace_id, "after": erasure.position or LOWEST_ID}
    rows, goes_on = await fitting_piece(tx, "sizes_of_entries", "texts_of_entries", erasing.PIECE, **where)
    ids = [row[0] for row in changed_rows(rows, erasure, 1, PLAIN, OWN_JSON)]
    if ids:
        await erase_entries(tx, erasure.workspace_id, ids, tell(len(ids)))
    return Found(len(ids), rows[-1][0] if goes_on else None, whom(erasure))
