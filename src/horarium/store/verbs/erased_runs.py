"""The steps of an erasure through runs and what becomes runs. What somebody has in hand when it is passed may bring the
person back, so it is awaited, and looked at again when it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from horarium.domain.erasures import (
    ERASED,
    REPEATED,
    Erasure,
    Person,
    Place,
    look_again_ms,
    telling,
    values_in,
)
from horarium.domain.errors import Conflict
from horarium.domain.ids import HIGHEST_ID, Id, id_time, lowest_id_at
from horarium.domain.listings import RunListing
from horarium.domain.run import RunState
from horarium.store.base import Tx
from horarium.store.verbs import erasing
from horarium.store.verbs.entries import hold_schedules_of
from horarium.store.verbs.erasing import (
    JSON,
    PLAIN,
    UNIQUE,
    Found,
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
from horarium.store.verbs.run_pages import find_runs
from horarium.store.verbs.runs import cancel_run
from horarium.store.verbs.texts import json_value

# Rows that are looked at to find runs of the person.
LOOK = 2_000
# For so many runs an erasure waits at most before it goes on with further ones.
MOST_AWAITED = 50_000
# Runs of which all rows, and the errors of all attempts, are read at once.
FEW = 10
# The position at what is under way where some of it that has ended named the person.
_NAMED = b"named"


async def erase_spool(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """Rows of audiences that wait for their runs: the person's own get none."""
    person = whom(erasure)
    after, number = place_of(erasure)
    where = {"workspace_id": erasure.workspace_id, "after": after, "number": number}
    rows, goes_on = await fitting_piece(tx, "sizes_of_spool", "texts_of_spool", erasing.PIECE, **where)
    own = [(fire, number) for fire, number, key, _ in rows if person.owns(key)]
    for fire, number in own:
        await tx.run("drop_from_spool", fire_id=fire, number=number)
    others = [row for row in rows if not person.owns(row[2])]
    count = await change(tx, "change_texts_of_spool", changed_rows(others, erasure, 2, UNIQUE, JSON))
    last = position_of(*rows[-1][:2]) if goes_on else None
    return Found(count + len(own), last, person)


async def erase_own_runs(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """The runs of the person's rows: open ones are cancelled, and all are emptied."""
    person, own = whom(erasure), erasure.workspace_id
    listing = RunListing(own, erasing.SMALL_PIECE, erasure.position or HIGHEST_ID, row_key=person.id)
    page = await find_runs(tx, listing, LOOK)
    person = await _empty(tx, own, person, {run.id: run.state for run in page}, now)
    return Found(len(page), page.reached, person)


async def _empty(tx: Tx, workspace_id: Id, person: Person, runs: Mapping[Id, RunState], now: int) -> Person:
    """Cancel those of some runs that are open, and empty all: the person, who may be known by more values now."""
    ids = list(runs)
    if not ids:
        return person
    await hold_schedules_of(tx, [run for run, state in runs.items() if not state.final])
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
    found: list[str] = []
    for some in _few_at_a_time(runs):
        rows = await tx.rows("texts_of_runs_named", ids=some, workspace_id=workspace_id)
        values = [*person.values, *(text for _, data, _ in rows for text in values_in(json_value(data)))]
        errors = [row[2] for row in (*rows, *await tx.rows("texts_of_attempts", ids=some))]
        found += telling(errors, values)
    return found


def _few_at_a_time(runs: Sequence[Id]) -> Iterator[Sequence[Id]]:
    """Some runs in pieces that are read together with what may be large: rows, and the errors of very many attempts."""
    return (runs[first : first + FEW] for first in range(0, len(runs), FEW))


async def erase_runs_of_others(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """All other runs, with their earlier attempts and the handles by which engines were asked about them. Rows whose
    key is a value are the person's as well. What is under way is looked at once more when it is over."""
    if not erasure.position:
        fires = await tx.rows("audiences_in_hand", workspace_id=erasure.workspace_id)
        await _await(tx, erasure, [fire for (fire,) in fires], now, is_audience=1)
    elif erasure.waits_for >= MOST_AWAITED:
        look = await _look(tx, erasure, now)
        again_from = erasure.position if look.first_read is None else _before(look.first_read)
        return Found(look.changed, min(erasure.position, again_from), look.person, look_ms=look.again_ms)
    rows = await piece_of(tx, "sizes_of_runs", erasure, erasing.PIECE)
    piece = rows[: fitting([size for _, _, size in rows])]
    await _await(tx, erasure, await _in_hand(tx, piece), now, is_audience=0)
    count, person = await _erase_runs(tx, erasure, [row[0] for row in piece], now)
    last = piece[-1][0] if len(piece) < len(rows) else last_of(rows, erasing.PIECE)
    return Found(count, last, person)


async def _in_hand(tx: Tx, runs: Sequence[Sequence[Any]]) -> list[Id]:
    """Which of some runs (rows that begin with id and state) somebody has in hand, or had until this moment. Nobody
    claims the others before the transaction is over."""
    opened = [row[0] for row in runs if not RunState(row[1]).final]
    await hold_schedules_of(tx, opened)  # first: those that are the person's are cancelled
    free = {run for (run,) in await tx.rows("free_runs", ids=opened)} if opened else set()
    return [run for run in opened if run not in free]


async def _erase_runs(tx: Tx, erasure: Erasure, runs: Sequence[Id], now: int) -> tuple[int, Person]:
    """Erase the person from some runs: how many rows were changed, and the person."""
    own, person = erasure.workspace_id, whom(erasure)
    rows = await tx.rows("texts_of_runs", ids=runs, workspace_id=own) if runs else ()
    mine = {row[0]: RunState(row[1]) for row in rows if person.owns(row[2])}
    erasure = replace(erasure, person=await _empty(tx, own, person, mine, now))
    others = {row[0]: row for row in rows if row[0] not in mine}
    changed = changed_rows(list(others.values()), erasure, 2, PLAIN, JSON, JSON, PLAIN, PLAIN)
    renamed = [run for run, _, key, *_ in changed if key != others[run][2]]
    if renamed:
        await tx.run("drop_row_locks", ids=renamed)
    count = await change(tx, "change_texts_of_runs", changed)
    for some in _few_at_a_time(list(others)):
        attempts = changed_rows(await tx.rows("texts_of_attempts", ids=some), erasure, 2, PLAIN)
        count += await change(tx, "change_texts_of_attempts", attempts)
    if others:
        await tx.run("empty_handles", ids=list(others))
    return count + len(mine), whom(erasure)


async def _await(tx: Tx, erasure: Erasure, ids: Sequence[Id], now: int, is_audience: int) -> None:
    rows = [(erasure.id, an_id, erasure.workspace_id, is_audience, now) for an_id in ids]
    await change(tx, "await_for_erasure", rows)


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
        an_id: bool(audience)
        for an_id, audience in await tx.rows("awaited_now", **own, now=now, limit=erasing.PIECE)
    }
    runs = [an_id for an_id, audience in due.items() if not audience]
    sizes = await tx.rows("sizes_of_some_runs", ids=runs, workspace_id=erasure.workspace_id) if runs else ()
    most = fitting([size for _, _, size in sizes])
    for run, *_ in sizes[most:]:  # its turn comes with the next step
        del due[run]
    held = set(await _in_hand(tx, sizes[:most]))
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


async def look_at_what_was_under_way(tx: Tx, erasure: Erasure, now: int, tell: Tell) -> Found:
    """What was under way. Its position tells whether some of it that has ended since all that repeats it was looked at
    named the person."""
    look = await _look(tx, erasure, now)
    if look.first_read is not None:
        return Found(look.changed, _before(look.first_read), look.person, Place.RUNS)
    named = look.changed > 0 or erasure.position == _NAMED
    mark = _NAMED if named else b""
    if look.again_ms is not None and look.again_ms <= now:  # there was more than one step looks at
        return Found(look.changed, mark, look.person, Place.UNDER_WAY)
    if named or (look.over > 0 and look.again_ms is None):
        return Found(look.changed, b"", look.person, REPEATED)
    if look.again_ms is not None:
        return Found(look.changed, b"", look.person, Place.UNDER_WAY, look.again_ms)
    return Found(look.changed, None, look.person)
