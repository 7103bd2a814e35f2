"""Erasing a person from everything that a workspace holds, piece by piece.

A step looks at one piece of one place, in the order of its keys, changes what it finds, and stores how far the erasure
has come, all in one transaction. So a crash repeats nothing and leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from typing import Any, NamedTuple

import orjson

from horarium.domain.audit import AuditEntry
from horarium.domain.erasures import (
    ERASED,
    PLACES,
    REPEATED,
    Content,
    Erasure,
    ErasureState,
    Person,
    Place,
    look_again_ms,
    telling,
    values_in,
)
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, id_time, lowest_id_at, ulid
from horarium.domain.listings import RunListing
from horarium.domain.run import RunState
from horarium.store.base import WEBHOOKS, Tx
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
# How many bytes of runs one step looks at, where they are more than one.
PIECE_BYTES = 2_000_000
# How many erasures of a workspace may be under way, and how many with those that wait.
MOST_OPEN, MOST_WAITING = 10, 100
# For so many runs an erasure waits at most before it goes on with further ones.
MOST_AWAITED = 50_000
# How the position at what is under way begins.
_ENDED, _NAMED = b"ended", b"named"
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
    look_ms: int | None = None
    waits_for: int = 0


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
    await tx.many("insert_erasures", [_row(begun)[:-2]])
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
    the person, who may be known by more values now, where to go on instead of here, and when, if not now."""

    changed: int
    position: bytes | None
    person: Person
    place: Place | None = None
    look_ms: int | None = None


Step = Callable[[Tx, Erasure, int, Tell], Awaitable[Found]]


async def erase_piece(tx: Tx, erasure_id: Id | None, now: int, tell: Callable[[Id], Tell]) -> Erasure | None:
    """Look at the next piece of an erasure, or of the one that has waited longest: how far it is then. None where none
    is under way. `tell` makes the audit entries of a workspace."""
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


def _whom(erasure: Erasure) -> Person:
    assert erasure.person is not None
    return erasure.person


async def _spool(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Rows of audiences that wait for their runs: the person's own get none."""
    person = _whom(erasure)
    after, number = _place_of(erasure)
    rows = await tx.rows(
        "texts_of_spool", workspace_id=erasure.workspace_id, after=after, number=number, limit=PIECE
    )
    own = [(fire, number) for fire, number, key, _ in rows if person.owns(key)]
    for fire, number in own:
        await tx.run("drop_from_spool", fire_id=fire, number=number)
    others = [row for row in rows if not person.owns(row[2])]
    count = await _change(tx, "change_texts_of_spool", _changed(others, erasure, 2, _UNIQUE, _JSON))
    last = _position(*rows[-1][:2]) if len(rows) == PIECE else None
    return Found(count + len(own), last, person)


async def _own_runs(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """The runs of the person's rows: open ones are cancelled, and all are emptied."""
    person, own = _whom(erasure), erasure.workspace_id
    listing = RunListing(own, SMALL_PIECE, erasure.position or HIGHEST_ID, row_key=person.id)
    page = await find_runs(tx, listing, LOOK)
    person = await _empty(tx, own, person, {run.id: run.state for run in page}, now)
    return Found(len(page), page.reached, person)


async def _empty(tx: Tx, workspace_id: Id, person: Person, runs: Mapping[Id, RunState], now: int) -> Person:
    """Cancel those of some runs that are open, and empty all: the person, who may be known by more values now."""
    ids = list(runs)
    if not ids:
        return person
    for run, state in runs.items():
        if not state.final:
            with suppress(Conflict):  # it has ended meanwhile
                await cancel_run(tx, workspace_id, run, now, "its person is erased")
    known = person.with_values(await _telling_errors(tx, workspace_id, ids, person))
    await tx.run("empty_runs", ids=ids, erased=ERASED)
    await tx.run("empty_attempts", ids=ids, erased=ERASED)
    await tx.run("empty_handles", ids=ids)
    return known


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


# How a column loses a person: it has no text of it, or another id (as in `Person.renamed`), or refers to nobody where
# it referred to the person.
Column = Callable[[Erasure, str | None], str | None]


def _text(content: Content) -> Column:
    return lambda erasure, text: _whom(erasure).erased_from(text, content)


def _other_id(erasure: Erasure, an_id: str | None) -> str | None:
    return _whom(erasure).renamed(an_id, erasure.salt)


def _nobody(erasure: Erasure, an_id: str | None) -> str | None:
    return None if an_id is not None and _whom(erasure).owns(an_id) else _other_id(erasure, an_id)


def _kept(erasure: Erasure, text: str | None) -> str | None:
    return text


_PLAIN, _JSON, _OWN_JSON = _text(Content.PLAIN), _text(Content.JSON), _text(Content.OWN_JSON)
_UNIQUE: Column = _other_id
_PERSON: Column = _nobody


def _changed(
    rows: Sequence[Sequence[Any]], erasure: Erasure, keys: int, *columns: Column
) -> list[tuple[Any, ...]]:
    """Those of some rows that name a person, without the person. A row begins with so many keys; `columns` are the
    others."""
    found = []
    for row in map(tuple, rows):
        texts = tuple(column(erasure, text) for column, text in zip(columns, row[keys:], strict=True))
        if texts != row[keys:]:
            found.append((*row[:keys], *texts))
    return found


async def _change(tx: Tx, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    if rows:
        await tx.many(statement, rows)
    return len(rows)


def _by_item(name: str, *columns: Column) -> Step:
    """The step through the items of a kind in the directory. Users and contacts that are the person are deleted."""

    async def step(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
        person, own = _whom(erasure), erasure.workspace_id
        after = erasure.position.decode("utf-8", "surrogatepass")
        rows = await tx.rows(f"texts_of_{name}", workspace_id=own, after=after, limit=SMALL_PIECE)
        gone = {row[0] for row in rows if name in ("users", "contacts") and person.owns(row[0])}
        for an_id in gone:
            await delete_item(tx, own, name, an_id)
        others = [row for row in rows if row[0] not in gone]
        changed = [(own, *row) for row in _changed(others, erasure, 1, _UNIQUE, *columns)]
        count = await _change(tx, f"change_texts_of_{name}", changed)
        last = rows[-1][0].encode("utf-8", "surrogatepass") if len(rows) == SMALL_PIECE else None
        return Found(count + len(gone), last, person)

    return step


def _by_id(name: str, *columns: Column) -> Step:
    """The step through rows by ascending ids."""

    async def step(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
        rows = await _piece(tx, f"texts_of_{name}", erasure, PIECE)
        count = await _change(tx, f"change_texts_of_{name}", _changed(rows, erasure, 1, *columns))
        return Found(count, _last(rows, PIECE), _whom(erasure))

    return step


async def _piece(tx: Tx, statement: str, erasure: Erasure, limit: int) -> Sequence[Any]:
    after = erasure.position or LOWEST_ID
    return await tx.rows(statement, workspace_id=erasure.workspace_id, after=after, limit=limit)


def _last(rows: Sequence[Any], limit: int) -> Id | None:
    return rows[-1][0] if len(rows) == limit else None


async def _runs(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """All other runs, with their earlier attempts and the handles by which engines were asked about them. Rows whose
    key is a value are the person's as well. What is under way is looked at once more when it is over."""
    if not erasure.position:
        fires = await tx.rows("audiences_in_hand", workspace_id=erasure.workspace_id)
        await _await(tx, erasure, [fire for (fire,) in fires], now, is_audience=1)
    elif erasure.waits_for >= MOST_AWAITED:
        look = await _look(tx, erasure, now)
        again_from = erasure.position if look.first_read is None else _before(look.first_read)
        return Found(look.changed, min(erasure.position, again_from), look.person, look_ms=look.again_ms)
    rows = await _piece(tx, "sizes_of_runs", erasure, PIECE)
    piece = rows[: _fitting([size for _, _, size in rows])]
    await _await(tx, erasure, await _in_hand(tx, piece), now, is_audience=0)
    count, person = await _erase_runs(tx, erasure, [row[0] for row in piece], now)
    last = piece[-1][0] if len(piece) < len(rows) else _last(rows, PIECE)
    return Found(count, last, person)


def _fitting(sizes: Sequence[int]) -> int:
    """How many of some texts, of so many bytes, one step looks at: one at least."""
    whole = list(accumulate(sizes))
    return max(1, sum(size <= PIECE_BYTES for size in whole))


async def _in_hand(tx: Tx, runs: Sequence[Sequence[Any]]) -> list[Id]:
    """Which of some runs (rows that begin with id and state) somebody has in hand, or had until this moment. Nobody
    claims the others before the transaction is over."""
    opened = [row[0] for row in runs if not RunState(row[1]).final]
    free = {run for (run,) in await tx.rows("free_runs", ids=opened)} if opened else set()
    return [run for run in opened if run not in free]


async def _erase_runs(tx: Tx, erasure: Erasure, runs: Sequence[Id], now: int) -> tuple[int, Person]:
    """Erase the person from some runs: how many rows were changed, and the person."""
    own, person = erasure.workspace_id, _whom(erasure)
    rows = await tx.rows("texts_of_runs", ids=runs, workspace_id=own) if runs else ()
    mine = {row[0]: RunState(row[1]) for row in rows if person.owns(row[2])}
    erasure = replace(erasure, person=await _empty(tx, own, person, mine, now))
    others = {row[0]: row for row in rows if row[0] not in mine}
    changed = _changed(list(others.values()), erasure, 2, _PLAIN, _JSON, _JSON, _PLAIN, _PLAIN)
    renamed = [run for run, _, key, *_ in changed if key != others[run][2]]
    if renamed:
        await tx.run("drop_row_locks", ids=renamed)
    count = await _change(tx, "change_texts_of_runs", changed)
    if others:
        attempts = _changed(await tx.rows("texts_of_attempts", ids=list(others)), erasure, 2, _PLAIN)
        count += await _change(tx, "change_texts_of_attempts", attempts)
        await tx.run("empty_handles", ids=list(others))
    return count + len(mine), _whom(erasure)


async def _await(tx: Tx, erasure: Erasure, ids: Sequence[Id], now: int, is_audience: int) -> None:
    rows = [(erasure.id, an_id, erasure.workspace_id, is_audience, now) for an_id in ids]
    await _change(tx, "await_for_erasure", rows)


class Look(NamedTuple):
    """What a look at what is awaited has found: how many of it are over, how many rows were changed, the person, of the
    audiences that have been read the fire that is oldest, and when to look again (None: nothing is awaited)."""

    over: int
    changed: int
    person: Person
    first_read: Id | None
    again_ms: int | None


async def _look(tx: Tx, erasure: Erasure, now: int) -> Look:
    """Look at what is awaited and whose time has come. What is over loses the person, and is not awaited any more."""
    own = {"erasure_id": erasure.id, "workspace_id": erasure.workspace_id}
    due = {
        an_id: bool(audience) for an_id, audience in await tx.rows("awaited_now", **own, now=now, limit=PIECE)
    }
    runs = [an_id for an_id, audience in due.items() if not audience]
    sizes = await tx.rows("sizes_of_some_runs", ids=runs, workspace_id=erasure.workspace_id) if runs else ()
    fitting = _fitting([size for _, _, size in sizes])
    for run, *_ in sizes[fitting:]:  # its turn comes with the next step
        del due[run]
    held = set(await _in_hand(tx, sizes[:fitting]))
    if any(due.values()):
        held |= {fire for (fire,) in await tx.rows("audiences_in_hand", workspace_id=erasure.workspace_id)}
    still, over = [each for each in due if each in held], [each for each in due if each not in held]
    changed, person = await _erase_runs(
        tx, erasure, [run for run in runs if run in due and run not in held], now
    )
    if still:
        await tx.run("await_longer", **own, ids=still, look_ms=look_again_ms(erasure, now))
    if over:
        await tx.run("await_no_longer", **own, ids=over)
    first = (await tx.row("first_awaited", **own))[0]
    read = min((each for each in over if due[each]), default=None)
    return Look(len(over), changed, person, read, first)


def _before(fire: Id) -> Id:
    """Where the runs of a fire begin: they have its time."""
    return lowest_id_at(id_time(fire))


async def _under_way(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """What was under way. Its position tells whether some of it has ended since all that repeats it was looked at, and
    whether that named the person."""
    look = await _look(tx, erasure, now)
    if look.first_read is not None:
        return Found(look.changed, _before(look.first_read), look.person, Place.RUNS)
    named = look.changed > 0 or erasure.position == _NAMED
    ended = look.over > 0 or erasure.position != b""
    mark = _NAMED if named else _ENDED if ended else b""
    if look.again_ms is not None and look.again_ms <= now:  # there was more than one step looks at
        return Found(look.changed, mark, look.person, Place.UNDER_WAY)
    if named or (ended and look.again_ms is None):
        return Found(look.changed, b"", look.person, REPEATED)
    if look.again_ms is not None:
        return Found(look.changed, mark, look.person, Place.UNDER_WAY, look.again_ms)
    return Found(look.changed, None, look.person)


async def _schedules(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Schedules with their labels, and the notes of their pauses and of maintenance windows."""
    own = erasure.workspace_id
    rows = await _piece(tx, "texts_of_schedules", erasure, PIECE)
    before = {row[0]: tuple(row) for row in rows}
    texts = _changed(rows, erasure, 1, _PLAIN, _PLAIN, _PLAIN, _OWN_JSON, _OWN_JSON, _PLAIN)
    changed = [_with_own_key(row, before[row[0]]) for row in texts]
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
        notes = [*notes, *await tx.rows("notes_of_schedules", ids=ids)]
    count += await _change(tx, "change_notes", _changed(notes, erasure, 1, _PLAIN))
    if not erasure.position:
        of_windows = await tx.rows("notes_of_windows", workspace_id=own)
        count += await _change(tx, "change_notes_of_windows", _changed(of_windows, erasure, 1, _PLAIN))
    return Found(count, _last(rows, PIECE), _whom(erasure))


def _with_own_key(row: tuple[Any, ...], before: tuple[Any, ...]) -> tuple[Any, ...]:
    """A schedule whose key named the person gets one of its own, because keys are unique."""
    schedule_id, key, *rest = row
    return (schedule_id, key if key == before[1] else f"erased-{ulid(schedule_id)}", *rest)


async def _versions(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Inputs and audiences of schedules."""
    after, number = _place_of(erasure)
    own = erasure.workspace_id
    rows = await tx.rows("sizes_of_versions", workspace_id=own, after=after, number=number, limit=PIECE)
    piece = [(schedule, version) for schedule, version, _ in rows[: _fitting([row[2] for row in rows])]]
    texts = await tx.each("texts_of_versions", piece) if piece else ()
    count = await _change(tx, "change_texts_of_versions", _changed(texts, erasure, 2, _JSON, _JSON))
    more = len(rows) == PIECE or len(piece) < len(rows)
    return Found(count, _position(*piece[-1]) if more else None, _whom(erasure))


def _place_of(erasure: Erasure) -> tuple[Id, int]:
    """The id and the number at which an erasure stands in a table that has both."""
    position = erasure.position or LOWEST_ID + bytes(8)
    return position[:16], int.from_bytes(position[16:], "big")


def _position(an_id: Id, number: int) -> bytes:
    return an_id + number.to_bytes(8, "big")


async def _answers(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """What was answered to requests with an Idempotency-Key, to be given again. Where the key names the person, the
    request is forgotten."""
    own, person = erasure.workspace_id, _whom(erasure)
    scope, key = orjson.loads(erasure.position) if erasure.position else ("", "")
    rows = await tx.rows("answers_kept", workspace_id=own, scope=scope, key=key, limit=PIECE)
    gone = [(scope, key) for scope, key, _ in rows if _PLAIN(erasure, key) != key]
    for scope, key in gone:
        await tx.run("drop_answer", workspace_id=own, scope=scope, key=key)
    changed = [
        (own, scope, key, said)
        for scope, key, subject in rows
        if (scope, key) not in gone and (said := _answer_without(erasure, subject)) is not None
    ]
    count = await _change(tx, "change_answers", changed)
    last = orjson.dumps(rows[-1][:2]) if len(rows) == PIECE else None
    return Found(count + len(gone), last, person)


def _answer_without(erasure: Erasure, subject: bytes) -> bytes | None:
    """An answer without the person; None where it stays, as the id of what was made does."""
    if len(subject) == len(LOWEST_ID):
        return None
    said = subject.decode("utf-8", "surrogateescape")
    left = _OWN_JSON(erasure, said)
    return None if left is None or left == said else left.encode("utf-8", "surrogateescape")


async def _events(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Events. Nodes have some of them in hand to send them, so they are to read them again."""
    person, own = _whom(erasure), erasure.workspace_id
    number = int.from_bytes(erasure.position, "big")
    rows = await tx.rows("texts_of_events", workspace_id=own, number=number, limit=SMALL_PIECE)
    changed = [(own, *row) for row in _changed(rows, erasure, 1, _OWN_JSON)]
    count = await _change(tx, "change_texts_of_events", changed)
    if count:
        await tx.run("take_webhooks_back", workspace_id=own)
        tx.announce(WEBHOOKS, now)
    last = rows[-1][0].to_bytes(8, "big") if len(rows) == SMALL_PIECE else None
    return Found(count, last, person)


async def _deliveries(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """What receivers of events answered where a delivery failed."""
    person, own = _whom(erasure), erasure.workspace_id
    after, number = _place_of(erasure)
    rows = await tx.rows(
        "texts_of_deliveries", workspace_id=own, after=after, number=number, limit=SMALL_PIECE
    )
    count = await _change(tx, "change_texts_of_deliveries", _changed(rows, erasure, 2, _PLAIN))
    last = _position(*rows[-1][:2]) if len(rows) == SMALL_PIECE else None
    return Found(count, last, person)


async def _audit(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Entries of the audit log that name the person: what they say goes, and the chain still verifies."""
    rows = await _piece(tx, "texts_of_entries", erasure, PIECE)
    ids = [row[0] for row in _changed(rows, erasure, 1, _PLAIN, _OWN_JSON)]
    if ids:
        await erase_entries(tx, erasure.workspace_id, ids, tell(len(ids)))
    return Found(len(ids), _last(rows, PIECE), _whom(erasure))


_STEPS: Mapping[Place, Step] = {
    Place.SPOOL: _spool,
    Place.OWN_RUNS: _own_runs,
    Place.DIRECTORY: _directory,
    Place.USERS: _by_item("users", _PLAIN, _PLAIN, _PLAIN),
    Place.CONTACTS: _by_item("contacts", _PLAIN, _PLAIN, _PLAIN, _JSON),
    Place.DEALS: _by_item("deals", _PLAIN, _PLAIN, _UNIQUE, _UNIQUE, _PERSON),
    Place.TASKS: _by_item("tasks", _PLAIN, _PLAIN, _PERSON, _UNIQUE, _PERSON),
    Place.PIPELINES: _by_item("pipelines", _PLAIN),
    Place.STAGES: _by_item("stages", _PLAIN, _UNIQUE),
    Place.ACTIONS: _by_id("actions", _OWN_JSON, _OWN_JSON, _OWN_JSON, _PLAIN),
    Place.SCHEDULES: _schedules,
    Place.VERSIONS: _versions,
    Place.RUNS: _runs,
    Place.FIRES: _by_id("fires", _kept, _PLAIN, _PLAIN),
    Place.TARGETS: _by_id("targets", _PLAIN),
    Place.PRINCIPALS: _by_id("principals", _PLAIN, _PLAIN),
    Place.KEYS: _by_id("keys", _PLAIN),
    Place.ANSWERS: _answers,
    Place.EVENTS: _events,
    Place.DELIVERIES: _deliveries,
    Place.AUDIT: _audit,
    Place.UNDER_WAY: _under_way,
}
