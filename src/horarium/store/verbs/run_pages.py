"""Pages of the runs, the fires and the ledger of a whole workspace.

Nothing in the history has an index for every filter, because each fire would write to it. So a page looks at a bounded
number of rows, and may end before it is full; it says how far it has looked, and the next page goes on there. Filters
that leave little go ways of their own: what failed has an index, what is open is in the queue, runs of a label with
few schedules are found through these, and the run of a row is found by its id, which is made of the fire and the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from horarium.domain.fire import Fire, FireKind, FireState, Span
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, id_time, lowest_id_at, row_run_id, run_id
from horarium.domain.listings import MOST_COUNTED, Counted, FireListing, LedgerListing, PageRows, RunListing
from horarium.domain.run import Run, RunState
from horarium.store.base import Tx
from horarium.store.verbs import run_lists
from horarium.store.verbs.fanout import PLACE
from horarium.store.verbs.ledger import fire_from_row, span_from_row
from horarium.store.verbs.page_bytes import LARGE, PageRoom, whole_page
from horarium.store.verbs.run_lists import RunFilters, rows_of_runs
from horarium.store.verbs.runs import run_from_row
from horarium.store.verbs.texts import label_texts
from horarium.store.verbs.walks import Walk, looked_down_to, merged, walked

# The runs of a label are found through its schedules where it has at most so many.
FEW_SCHEDULES = 500
# For the runs of a row: fires that are looked at for a page, and ids that are tried.
ROW_FIRES, ROW_IDS = 500, 5_000
# Runs of a label that are counted in one step.
LABELLED = 1_000
# How often a row may have been run again by hand; later runs of it are not found by its key.
ROW_GENERATIONS = 4

_OPEN = ("open", RunState.PENDING.value, RunState.RUNNING.value)
_WITH_ERROR = (RunState.FAILED.value, RunState.CANCELLED.value)
# The states of fires that a single fire never has: it has an audience of one, and does not wait.
_NEVER_SINGLE = (FireState.WAITING.value, FireState.RESOLVING.value, FireState.PARTIAL.value)


async def find_runs(tx: Tx, listing: RunListing, scan: int, room: PageRoom | None = None) -> PageRows[Run]:
    """Up to `limit` runs of a listing, the latest first, looking at some `scan` rows, as many as have `room`.

    The page says what it has `reached`: the id from which the next page goes on, None where this is the last. It may
    hold fewer than `limit`, or none, and go on all the same.
    """
    walk = await _run_rows(tx, listing, scan)
    rows = [row for _, row in walk.found]
    page = await whole_page(
        rows, lambda large: tx.rows("runs_named", workspace_id=listing.workspace_id, ids=large), room
    )
    reached = walk.found[len(page) - 1][0] if page.ended_early and page else walk.reached
    runs = [run for run in map(run_from_row, page) if _made_in_time(run, listing)]
    return PageRows(runs, page.ended_early, reached)


def _made_in_time(run: Run, listing: RunListing) -> bool:
    return listing.made_before_ms is None or run.created_ms < listing.made_before_ms


async def _run_rows(tx: Tx, listing: RunListing, scan: int) -> Walk[Any]:
    filters = _run_filters(listing)
    if listing.row_key:
        return await _runs_of_row(tx, listing, filters)
    floor, below = _bounds(listing, filters.range())
    most = listing.limit + 1
    if listing.state in _OPEN:
        found = await tx.rows(
            "open_run_ids", **{**filters.of_open(), "floor": floor}, cursor=below, limit=most
        )
        return await _of_ids(tx, listing, found)
    if listing.labels and listing.schedule_id is None and listing.state not in _WITH_ERROR:
        rarest = await _rare_label(tx, listing)
        if rarest is not None:
            found = await _ids_with_label(tx, listing, rarest, floor, below, most)
            return await _of_ids(tx, listing, found)
    elif listing.target_id is not None and listing.schedule_id is None and listing.state not in _WITH_ERROR:
        rows = await run_lists.rows_of_targets(tx, filters, below, most, 0, floor)
        if rows is not None:
            return _cut(rows, listing.limit)
    return await _walk_runs(tx, listing, filters, floor, below, scan)


def _run_filters(listing: RunListing) -> RunFilters:
    return RunFilters(
        listing.workspace_id,
        listing.schedule_id,
        listing.fire_id,
        listing.target_id,
        listing.state,
        None,
        listing.labels,
    )


async def _ids_with_label(
    tx: Tx, listing: RunListing, label: tuple[str, str], floor: Id, below: Id, most: int
) -> Sequence[Any]:
    return await tx.rows(
        "run_ids_with_label",
        **_with_label(listing, label),
        target_id=listing.target_id,
        state=listing.state,
        cursor=below,
        floor=floor,
        limit=most,
    )


async def _walk_runs(
    tx: Tx, listing: RunListing, filters: RunFilters, floor: Id, below: Id, scan: int
) -> Walk[Any]:
    """Runs one by one from the latest on, by an index that has the order of ids."""
    most = listing.limit + 1
    window = {"cursor": below, "limit": most, "skip": 0}
    own: dict[str, Any] = {"workspace_id": listing.workspace_id}
    if listing.state in _WITH_ERROR:
        further, statement = "run_id_with_error_further_down", "list_runs_with_error"
    elif listing.schedule_id is not None:
        further, statement = "run_id_of_schedule_further_down", "run_ids_of_schedule"
        own["schedule_id"] = listing.schedule_id
    else:
        further, statement = "run_id_further_down", "list_runs"
    bound = await tx.row(further, **own, cursor=below, skip=scan) if listing.filtered else None
    lowest = looked_down_to(floor, bound)
    if statement == "run_ids_of_schedule":
        found = await tx.rows(statement, **filters.of_row(), **window, floor=lowest)
        rows = await rows_of_runs(tx, listing.workspace_id, [run for (run,) in found])
    else:
        rows = await tx.rows(statement, **filters.of_row(), **window, floor=lowest, large=LARGE)
    return _cut(rows, listing.limit, lowest if lowest > floor else None)


def _bounds(
    listing: RunListing | FireListing, of_fire: tuple[Id, Id] = (LOWEST_ID, HIGHEST_ID)
) -> tuple[Id, Id]:
    """The lowest id that can match, and one above all that can, on this page."""
    floor, above = of_fire
    if listing.from_ms is not None:
        floor = max(floor, lowest_id_at(listing.from_ms))
    if listing.to_ms is not None:
        above = min(above, lowest_id_at(listing.to_ms + 1))
    return floor, min(above, listing.cursor)


def _cut(rows: Sequence[Any], limit: int, floor: Id | None = None) -> Walk[Any]:
    return merged([walked([(row[0], row) for row in rows], limit + 1, floor)], limit)


async def _of_ids(tx: Tx, listing: RunListing, found: Sequence[Any]) -> Walk[Any]:
    return _cut(await rows_of_runs(tx, listing.workspace_id, [run for (run,) in found]), listing.limit)


async def _rare_label(tx: Tx, listing: RunListing) -> tuple[str, str] | None:
    """One of the labels that few schedules have, if there is one."""
    for name, value in listing.labels:
        given = {"label_name": name, "label_value": value}
        row = await tx.row(
            "frequency_of_label", workspace_id=listing.workspace_id, **given, limit=FEW_SCHEDULES + 1
        )
        if row[0] <= FEW_SCHEDULES:
            return name, value
    return None


def _with_label(listing: RunListing, label: tuple[str, str]) -> dict[str, Any]:
    name, value = label
    own = {"workspace_id": listing.workspace_id, "label_name": name, "label_value": value}
    return {**own, **label_texts({*listing.labels} - {label})}


async def _runs_of_row(tx: Tx, listing: RunListing, filters: RunFilters) -> Walk[Any]:
    """The runs of a row of audiences: the ids that they have are made of the ids of the fires and the row's key.

    They are in the order of their fires, so a position is the id of a fire and that of a run.
    """
    key, position = listing.row_key or "", listing.cursor
    last_fire, last_run = position[:16], position[16:]
    floor, above = _bounds(replace(listing, cursor=HIGHEST_ID), filters.range())
    above = min(above, last_fire if last_run == LOWEST_ID else _after(last_fire))
    if listing.fire_id is not None:
        floor, above = listing.fire_id, min(_after(listing.fire_id), above)
    window = {"floor": floor, "cursor": above, "limit": ROW_FIRES}
    own: dict[str, Any] = {"workspace_id": listing.workspace_id}
    statement = "fires_with_rows"
    if listing.schedule_id is not None:
        statement, own = "fires_of_schedule_with_rows", {**own, "schedule_id": listing.schedule_id}
    fires = await tx.rows(statement, **own, **window)
    more = len(fires) == ROW_FIRES
    fire_of: dict[Id, Id] = {}
    reached = None
    for fire, runs in fires:
        if len(fire_of) >= ROW_IDS:
            more = True
            break
        fire_of |= dict.fromkeys(_ids_of_row(fire, key, runs), fire)
        reached = fire + LOWEST_ID
    ids, rows = list(fire_of), list[Any]()
    for start in range(0, len(ids), ROW_IDS):
        some = ids[start : start + ROW_IDS]
        rows += await tx.rows("runs_listed_of_row", ids=some, **filters.of_row(), row_key=key, large=LARGE)
    found = [(fire_of[row[0]] + row[0], row) for row in rows]
    behind = [entry for entry in found if entry[0] < position]
    return merged([Walk(behind, reached if more else None)], listing.limit)


def _after(an_id: Id) -> Id:
    """The id that follows an id."""
    return an_id if an_id == HIGHEST_ID else (int.from_bytes(an_id, "big") + 1).to_bytes(16, "big")


def _ids_of_row(fire: Id, key: str, runs: int) -> Iterable[Id]:
    """All ids that a run of a row may have: by the key alone, by key and place in the fire, and when run again."""
    yield from (run_id(fire, key, generation) for generation in range(ROW_GENERATIONS))
    yield from (row_run_id(fire, key, place) for place in range(runs // PLACE + 1))


async def find_fires(tx: Tx, listing: FireListing, scan: int) -> PageRows[Fire]:
    """Up to `limit` fires of a listing, the latest slot first, looking at some `scan` rows. As `find_runs`."""
    walk = await _fires(tx, listing, scan)
    return PageRows([fire for _, fire in walk.found], reached=walk.reached)


def _fire_filters(listing: FireListing) -> dict[str, Any]:
    return {
        "kind": None if listing.kind is None else listing.kind.value,
        "state": listing.state,
        "target_id": listing.target_id,
        **label_texts(listing.labels),
    }


async def _fires(tx: Tx, listing: FireListing, scan: int) -> Walk[Fire]:
    filters = _fire_filters(listing)
    workspace = {"workspace_id": listing.workspace_id}
    floor, below = _bounds(listing)
    most = listing.limit + 1

    async def walk(statement: str, further: str, own: dict[str, Any]) -> Walk[Fire]:
        bound = await tx.row(further, **own, cursor=below, skip=scan)
        lowest = looked_down_to(floor, bound)
        rows = await tx.rows(statement, **own, **filters, cursor=below, floor=lowest, limit=most)
        return walked(_placed(rows), most, lowest if lowest > floor else None)

    if listing.schedule_id is not None:
        own = {**workspace, "schedule_id": listing.schedule_id}
        walks = [await walk("fires_of_schedule_within", "fire_id_of_schedule_further_down", own)]
        return merged(walks, listing.limit)
    walks = [await walk("other_fires_of_workspace", "fire_id_further_down", workspace)]
    if listing.state in _WITH_ERROR:
        walks.append(await walk("single_fires_with_error", "run_id_with_error_further_down", workspace))
    elif listing.state == FireState.RUNNING.value:
        walks.append(await _open_fires(tx, listing, filters, floor, below))
    elif listing.state not in _NEVER_SINGLE:
        walks.append(await walk("single_fires_of_workspace", "run_id_further_down", workspace))
    return merged(walks, listing.limit)


async def _open_fires(
    tx: Tx, listing: FireListing, filters: dict[str, Any], floor: Id, below: Id
) -> Walk[Fire]:
    """Single fires whose run is not over, from the queue and from the callbacks that are awaited. The runs of
    audiences are there as well, so a page may find fewer."""
    opened = RunFilters(listing.workspace_id, None, None, listing.target_id, "open", None, ())
    most = max(listing.limit + 1, ROW_FIRES)
    found = await tx.rows("open_run_ids", **{**opened.of_open(), "floor": floor}, cursor=below, limit=most)
    ids = [run for (run,) in found]
    rows = await tx.rows("fires_among", workspace_id=listing.workspace_id, ids=ids, **filters)
    placed = sorted(_placed(rows), key=lambda entry: entry[0], reverse=True)
    return Walk(placed, ids[-1] if len(ids) == most else None)


def _placed(rows: Iterable[Sequence[Any]]) -> list[tuple[bytes, Fire]]:
    return [(row[0], fire_from_row(row)) for row in rows]


async def count_runs_within(tx: Tx, listing: RunListing, scan: int) -> Counted:
    """How many of some `scan` runs match a listing, from its cursor on."""
    filters = _run_filters(listing)
    if listing.row_key:
        walk = await _runs_of_row(tx, replace(listing, limit=ROW_FIRES), filters)
        return Counted(len(walk.found), walk.reached)
    floor, below = _bounds(listing, filters.range())
    if listing.state in _OPEN:
        given = {**filters.of_open(), "floor": floor}
        found = await tx.rows("open_run_ids", **given, cursor=below, limit=MOST_COUNTED)
        return Counted(len(found), found[-1][0] if len(found) == MOST_COUNTED else None)
    if listing.labels and listing.schedule_id is None and listing.state not in _WITH_ERROR:
        rarest = await _rare_label(tx, listing)
        if rarest is not None:
            found = await _ids_with_label(tx, listing, rarest, floor, below, LABELLED)
            return Counted(len(found), found[-1][0] if len(found) == LABELLED else None)
    way, own = "workspace", {"workspace_id": listing.workspace_id}
    further = "run_id_further_down"
    if listing.state in _WITH_ERROR:
        way, further = "error", "run_id_with_error_further_down"
    elif listing.schedule_id is not None:
        way, further = "schedule", "run_id_of_schedule_further_down"
        own["schedule_id"] = listing.schedule_id
    bound = await tx.row(further, **own, cursor=below, skip=scan)
    lowest = looked_down_to(floor, bound)
    (count,) = await tx.row(f"count_runs_within_{way}", **filters.of_row(), cursor=below, floor=lowest)
    return Counted(count, lowest if lowest > floor else None)


async def count_fires_within(tx: Tx, listing: FireListing, scan: int) -> Counted:
    """How many of some `scan` fires match a listing, from its cursor on."""
    floor, below = _bounds(listing)
    own = {"workspace_id": listing.workspace_id}
    if listing.schedule_id is not None:
        own["schedule_id"] = listing.schedule_id
        ways = [("schedule", "fire_id_of_schedule_further_down")]
    else:
        ways = [("others", "fire_id_further_down")]
        if listing.state in _WITH_ERROR:
            ways.append(("error", "run_id_with_error_further_down"))
        elif listing.state not in _NEVER_SINGLE:
            ways.append(("singles", "run_id_further_down"))
    bounds = [await tx.row(further, **own, cursor=below, skip=scan) for _, further in ways]
    lowest = max([floor, *(bound[0] for bound in bounds if bound is not None)])
    count = 0
    for way, _ in ways:
        given = {**own, **_fire_filters(listing), "cursor": below, "floor": lowest}
        count += (await tx.row(f"count_fires_within_{way}", **given))[0]
    return Counted(count, lowest if lowest > floor else None)


# Of the entries of one instant in the ledger fires come before spans.
_FIRE, _SPAN = b"f", b"e"


async def find_entries(tx: Tx, listing: LedgerListing, scan: int) -> PageRows[Fire | Span]:
    """Up to `limit` entries of the ledger of a workspace, the latest first: fires of the clock by their slot, and
    spans by their last one. As `find_runs`; positions are longer than ids."""
    walks: list[Walk[Fire | Span]] = []
    ms, kind, cursor = _entry_position(listing.position)
    if listing.fires:
        below = cursor if kind == _FIRE else lowest_id_at(ms)
        fires = FireListing(
            listing.workspace_id,
            listing.limit + 1,
            min(below, HIGHEST_ID),
            schedule_id=listing.schedule_id,
            kind=FireKind.CLOCK,
            labels=listing.labels,
            from_ms=listing.from_ms,
            to_ms=listing.to_ms,
        )
        walk = await _fires(tx, fires, scan)
        reached = None if walk.reached is None else _entry_place(id_time(walk.reached), _FIRE, walk.reached)
        walks.append(
            Walk([(_entry_place(id_time(place), _FIRE, place), fire) for place, fire in walk.found], reached)
        )
    if listing.spans:
        walks.append(await _spans(tx, listing, ms, cursor if kind == _SPAN else HIGHEST_ID, scan))
    both: Walk[Fire | Span] = merged(walks, listing.limit)
    return PageRows([entry for _, entry in both.found], reached=both.reached)


async def _spans(tx: Tx, listing: LedgerListing, ms: int, cursor: Id, scan: int) -> Walk[Fire | Span]:
    own = {"workspace_id": listing.workspace_id, "last_ms": ms, "cursor": cursor}
    bound = await tx.row("span_further_down", **own, skip=scan)
    first = listing.from_ms
    if bound is not None:
        first = max(first, bound[0])
    most = listing.limit + 1
    rows = await tx.rows(
        "spans_of_workspace",
        **own,
        from_ms=first,
        to_ms=listing.to_ms,
        reason=None if listing.reason is None else listing.reason.value,
        schedule_id=listing.schedule_id,
        **label_texts(listing.labels),
        limit=most,
    )
    spans = [span_from_row(row) for row in rows]
    found: list[tuple[bytes, Fire | Span]] = [
        (_entry_place(span.last_ms, _SPAN, span.schedule_id), span) for span in spans
    ]
    floor = None
    if bound is not None and bound[0] >= listing.from_ms:
        floor = _entry_place(bound[0], _SPAN, bound[1])
    return walked(found, most, floor)


def _entry_place(ms: int, kind: bytes, an_id: Id) -> bytes:
    return max(ms, 0).to_bytes(8, "big") + kind + an_id


def _entry_position(position: bytes | None) -> tuple[int, bytes, Id]:
    if position is None:
        return (1 << 47), _SPAN, HIGHEST_ID
    return min(int.from_bytes(position[:8], "big"), 1 << 47), position[8:9], position[9:]
