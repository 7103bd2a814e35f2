"""Lists and counts of runs.

A list with few matches must not read a workspace's whole history, so the filters decide by which way the runs are
found: those that ended badly and those that are not over by indexes of their own, and those of targets first among the
newest runs, then through the schedules that have run these targets. Where these schedules are many, the newest runs
are all that is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, id_time, lowest_id_at
from horarium.domain.listings import PageRows
from horarium.domain.run import Run
from horarium.store.base import Tx
from horarium.store.verbs.page_bytes import LARGE, whole_page
from horarium.store.verbs.runs import run_from_row
from horarium.store.verbs.texts import label_texts

# Counts are exact up to this number. Where there are more, this number is the count.
MOST_COUNTED = 10_000

# How many of the newest runs are looked at one by one for those of a target, before they are found through its
# schedules: so many, and for each run that is asked for so many more.
NEARBY, NEARBY_FOR_EACH = 2_000, 10
# Among how many of the newest runs of a workspace those of some schedules are looked for first, so that few are read of
# schedules that have many.
AROUND = 20_000
# At so many of the newest runs a list looks where no index leads to those that it wants: among those that have an
# error, and where many schedules run what it wants.
MOST_LOOKED_AT = 20_000
# Schedules are few where targets stand in fewer versions of schedules than this.
FEW_VERSIONS = 1_000
# No page begins behind more runs than this.
DEEPEST = 20_000

# Whether the runs of a state are under way (None: both), for states of runs that are not over.
_OPEN = {"open": None, "pending": 0, "running": 1}
_WITH_ERROR = ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class RunFilters:
    """What the runs of a list must match; None where it does not matter. `labels` are those of their schedules."""

    workspace_id: Id
    schedule_id: Id | None
    fire_id: Id | None
    target_id: Id | None
    state: str | None
    kind: str | None
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def of_targets(self) -> bool:
        return self.target_id is not None or self.kind is not None

    def of_row(self) -> dict[str, Any]:
        """The parameters of `run_filters` and `state_filter`."""
        return {**self.of_place(), "state": self.state}

    def of_place(self) -> dict[str, Any]:
        """The parameters of `run_filters`."""
        return {
            "workspace_id": self.workspace_id,
            "schedule_id": self.schedule_id,
            "fire_id": self.fire_id,
            "target_id": self.target_id,
            "kind": self.kind,
            **label_texts(self.labels),
        }

    def of_open(self) -> dict[str, Any]:
        """The parameters of `open_runs` and `open_filters`."""
        filtered = bool(self.schedule_id or self.fire_id or self.labels)
        own = {"under_way": _OPEN[self.state or "open"], "filtered": int(filtered), "floor": self.range()[0]}
        return {**self.of_place(), **own}

    def wanted(self) -> dict[str, Any]:
        """The parameters of `targets_wanted`."""
        return {"workspace_id": self.workspace_id, "target_id": self.target_id, "kind": self.kind}

    def of_targets_wanted(self) -> dict[str, Any]:
        """The parameters of `targets_wanted` and `state_filter`."""
        return {**self.wanted(), "state": self.state}

    def range(self) -> tuple[Id, Id]:
        """The lowest id that can match, and one that is higher than all that can. The runs of a fire have its
        time."""
        if self.fire_id is None:
            return LOWEST_ID, HIGHEST_ID
        fired = id_time(self.fire_id)
        return lowest_id_at(fired), lowest_id_at(fired + 1)


async def list_runs(
    tx: Tx,
    workspace_id: Id,
    limit: int,
    cursor: Id | None = None,
    schedule_id: Id | None = None,
    fire_id: Id | None = None,
    target_id: Id | None = None,
    state: str | None = None,
    skip: int = 0,
    kind: str | None = None,
) -> PageRows[Run]:
    """Up to `limit` runs of a workspace, latest slot first, after the id `cursor` or after the first `skip`.

    `state` is one that runs are shown with (one that a worker has and has not begun is `pending`), or `open` for
    runs that are not over. `kind` keeps runs of one kind of target. Where the texts of the runs are large, there are
    fewer of them than was asked for, and the page says that it ended early. Behind the DEEPEST-th run there is nothing.
    Of targets that very many schedules run, and of runs of targets that ended badly, the newest MOST_LOOKED_AT are
    looked at.
    """
    if skip > DEEPEST:
        return PageRows(())
    filters = RunFilters(workspace_id, schedule_id, fire_id, target_id, state, kind)
    floor, above = filters.range()
    below = min(cursor or HIGHEST_ID, above)
    window = {"cursor": below, "limit": limit, "skip": skip, "large": LARGE}
    if state in _OPEN:
        rows = await _open_runs(tx, filters, below, limit, skip)
    elif state in _WITH_ERROR:
        if filters.of_targets:
            floor = max(floor, await _error_floor(tx, filters, below))
        rows = await tx.rows("list_runs_with_error", **filters.of_row(), **window, floor=floor)
    elif schedule_id is not None:
        found = await tx.rows(
            "run_ids_of_schedule", **filters.of_row(), cursor=below, floor=floor, limit=limit, skip=skip
        )
        rows = await rows_of_runs(tx, workspace_id, [run for (run,) in found])
    elif filters.of_targets:
        found_rows = await rows_of_targets(tx, filters, below, limit, skip)
        rows = await _latest_of_targets(tx, filters, below, limit, skip) if found_rows is None else found_rows
    else:
        rows = await tx.rows("list_runs", **filters.of_row(), **window, floor=floor)
    page = await whole_page(rows, lambda large: tx.rows("runs_named", workspace_id=workspace_id, ids=large))
    return PageRows(map(run_from_row, page), page.ended_early)


async def _open_runs(tx: Tx, filters: RunFilters, cursor: Id, limit: int, skip: int) -> Sequence[Any]:
    """Runs that are not over, from the queue and from the callbacks that are awaited."""
    found = await tx.rows("open_run_ids", **filters.of_open(), cursor=cursor, limit=skip + limit)
    return await rows_of_runs(tx, filters.workspace_id, [run for (run,) in found[skip:]])


async def rows_of_targets(
    tx: Tx, filters: RunFilters, cursor: Id, limit: int, skip: int, lowest: Id = LOWEST_ID
) -> Sequence[Any] | None:
    """Rows of the runs of targets, down to the id `lowest`; None where they would have to be looked for in very many
    schedules.

    Those of a busy target are among the newest of the workspace. The others are found through the schedules of the
    target, which takes a look at each of them.
    """
    most = skip + limit
    floor = await _floor(tx, filters, cursor, min(NEARBY + NEARBY_FOR_EACH * most, MOST_LOOKED_AT), lowest)
    if skip:
        ids = await _ids_down_to(tx, filters, cursor, limit, skip, floor)
        if floor == lowest or len(ids) == limit:
            return await rows_of_runs(tx, filters.workspace_id, ids)
    else:
        window = {"cursor": cursor, "limit": limit, "floor": floor}
        rows = await tx.rows("list_runs", **filters.of_row(), **window, skip=0, large=LARGE)
        if floor == lowest or len(rows) == limit:
            return rows
    if not await _run_by_few(tx, filters):
        return None
    for around in (AROUND, None):
        floor = lowest if around is None else await _floor(tx, filters, cursor, around, lowest)
        found = await tx.rows(
            "run_ids_of_targets",
            **filters.of_targets_wanted(),
            cursor=cursor,
            limit=most,
            before_last=most - 1,
            floor=floor,
        )
        if floor == lowest or len(found) == most:
            break
    return await rows_of_runs(tx, filters.workspace_id, [run for (run,) in found[skip:]])


async def _latest_of_targets(tx: Tx, filters: RunFilters, cursor: Id, limit: int, skip: int) -> Sequence[Any]:
    """Rows of the runs of targets that are among the MOST_LOOKED_AT newest."""
    floor = await _floor(tx, filters, cursor, MOST_LOOKED_AT, LOWEST_ID)
    ids = await _ids_down_to(tx, filters, cursor, limit, skip, floor)
    return await rows_of_runs(tx, filters.workspace_id, ids)


async def _ids_down_to(tx: Tx, filters: RunFilters, cursor: Id, limit: int, skip: int, floor: Id) -> list[Id]:
    window = {"cursor": cursor, "limit": limit, "floor": floor, "skip": skip}
    found = await tx.rows("nearby_run_ids_of_targets", **filters.of_targets_wanted(), **window)
    return [run for (run,) in found]


async def _run_by_few(tx: Tx, filters: RunFilters) -> bool:
    """Whether few schedules have ever run the targets."""
    row = await tx.row("versions_of_targets", **filters.wanted(), limit=FEW_VERSIONS)
    return int(row[0]) < FEW_VERSIONS


async def _error_floor(tx: Tx, filters: RunFilters, cursor: Id) -> Id:
    """The id of the run with an error that is MOST_LOOKED_AT such runs older than a cursor."""
    own = {"workspace_id": filters.workspace_id, "cursor": cursor}
    row = await tx.row("run_id_with_error_further_down", **own, skip=MOST_LOOKED_AT)
    return LOWEST_ID if row is None else row[0]


async def _floor(tx: Tx, filters: RunFilters, cursor: Id, skip: int, lowest: Id) -> Id:
    """The id of the run that is `skip` runs of the workspace older than a cursor, or `lowest` where that is higher."""
    row = await tx.row("run_id_further_down", workspace_id=filters.workspace_id, cursor=cursor, skip=skip)
    return lowest if row is None else max(lowest, row[0])


async def rows_of_runs(tx: Tx, workspace_id: Id, ids: Sequence[Id]) -> Sequence[Any]:
    """The rows of runs by id without their large texts, the highest id first."""
    if not ids:
        return ()
    return sorted(
        await tx.rows("runs_listed", workspace_id=workspace_id, ids=list(ids), large=LARGE),
        key=_id,
        reverse=True,
    )


def _id(row: Sequence[Any]) -> Id:
    found: Id = row[0]
    return found


async def count_runs(
    tx: Tx,
    workspace_id: Id,
    schedule_id: Id | None = None,
    target_id: Id | None = None,
    state: str | None = None,
    kind: str | None = None,
) -> int:
    """How many runs of a workspace match, but MOST_COUNTED where there are more. The filters are those of
    `list_runs`, and what that looks at is counted; `target_id` and `kind` have no effect together with a schedule."""
    filters = RunFilters(workspace_id, schedule_id, None, target_id, state, kind)
    if state in _OPEN:
        row = await tx.row("count_open_runs", **filters.of_open(), limit=MOST_COUNTED)
    elif state in _WITH_ERROR:
        floor = await _error_floor(tx, filters, HIGHEST_ID) if filters.of_targets else LOWEST_ID
        row = await tx.row("count_runs_with_error", **filters.of_row(), floor=floor, limit=MOST_COUNTED)
    elif schedule_id is not None:
        own = {"workspace_id": workspace_id, "schedule_id": schedule_id, "state": state}
        row = await tx.row("count_runs_of_schedule", **own, limit=MOST_COUNTED)
    elif filters.of_targets:
        if await _run_by_few(tx, filters):
            row = await tx.row("count_runs_of_targets", **filters.of_targets_wanted(), limit=MOST_COUNTED)
        else:
            floor = await _floor(tx, filters, HIGHEST_ID, MOST_LOOKED_AT, LOWEST_ID)
            given = {**filters.of_targets_wanted(), "floor": floor}
            row = await tx.row("count_nearby_runs_of_targets", **given, limit=MOST_COUNTED)
    else:
        row = await tx.row("count_runs", workspace_id=workspace_id, state=state, limit=MOST_COUNTED)
    return int(row[0])
