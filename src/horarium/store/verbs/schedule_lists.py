"""Lists and counts of schedules.

The ids of a page are found first, through the filter that usually leaves least; the schedules are read for these
alone, and as many of them as a page may hold in bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson

from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id
from horarium.domain.listings import PageRows, ScheduleListing
from horarium.domain.schedule import NO_OWNER, Schedule
from horarium.store.base import Tx
from horarium.store.verbs import page_bytes
from horarium.store.verbs.page_bytes import LARGE, PageRoom, whole_page
from horarium.store.verbs.schedules import schedule_from_row
from horarium.store.verbs.texts import beginning_with, containing, escaped, in_json, label_texts

# Of several labels the rarest is the one to go by. A label that more schedules have counts as frequent.
FREQUENT = 1_000

# The dialect without an index of its own, since most schedules are of it.
_NATIVE = "native"


class _Way(NamedTuple):
    """By which index schedules are found, and the parameters of the statements that do so."""

    name: str
    parameters: dict[str, Any]


async def list_schedules(tx: Tx, listing: ScheduleListing) -> PageRows[Schedule]:
    """One page of schedules. A caller that asks for one more than it shows learns whether there is a next page. There
    is one as well where the page ended early because of its size."""
    way = await _way_to(tx, listing)
    order, start = ("desc", HIGHEST_ID) if listing.newest_first else ("asc", LOWEST_ID)
    rows = await tx.rows(
        f"schedules_by_{way.name}_{order}",
        **way.parameters,
        cursor=listing.cursor or start,
        limit=listing.limit,
        skip=listing.skip,
    )
    return await schedules_by_id(tx, listing.workspace_id, [schedule for (schedule,) in rows])


async def count_schedules(tx: Tx, listing: ScheduleListing) -> int:
    """How many schedules match the filters of a listing, whatever its page."""
    way = await _way_to(tx, listing)
    return int((await tx.row(f"count_schedules_by_{way.name}", **way.parameters))[0])


async def _way_to(tx: Tx, listing: ScheduleListing) -> _Way:
    if listing.key is not None:
        return _Way("key", {**listing_filters(listing), "key": listing.key, "no_owner": NO_OWNER})
    if listing.labels:
        rarest = await _rarest(tx, listing)
        name, value = rarest
        further = {*listing.labels} - {rarest}
        return _Way("label", {**listing_filters(listing, further), "label_name": name, "label_value": value})
    return _Way(_column_for(listing), listing_filters(listing))


def _column_for(listing: ScheduleListing) -> str:
    if listing.owner_id is not None:
        return "owner"
    if listing.target_id is not None:
        return "target"
    return "workspace" if listing.dialect in (None, _NATIVE) else "dialect"


async def _rarest(tx: Tx, listing: ScheduleListing) -> tuple[str, str]:
    """The label of a listing that the fewest schedules have."""
    if len(listing.labels) == 1:
        return listing.labels[0]
    frequencies = {}
    for name, value in listing.labels:
        label = {"label_name": name, "label_value": value}
        row = await tx.row("frequency_of_label", workspace_id=listing.workspace_id, **label, limit=FREQUENT)
        frequencies[name, value] = int(row[0])
    return min(frequencies, key=frequencies.__getitem__)


# Pages of more schedules than this are read in pieces, because a statement takes a limited number of ids.
_AT_ONCE = 10_000


async def schedules_by_id(
    tx: Tx, workspace_id: Id, ids: list[Id], room: PageRoom | None = None
) -> PageRows[Schedule]:
    """Schedules in the order of their ids here, as many as have `room`: that of a page, where none is given."""

    async def whole(large: list[Id]) -> Sequence[Any]:
        return await tx.rows("schedules_named", workspace_id=workspace_id, ids=large)

    found: PageRows[Schedule] = PageRows()
    place = {schedule: number for number, schedule in enumerate(ids)}
    room = room or PageRoom(page_bytes.PAGE_BYTES)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        rows = await tx.rows("schedules_listed", workspace_id=workspace_id, ids=some, large=LARGE)
        page = await whole_page(sorted(rows, key=lambda row: place[row[0]]), whole, room)
        found += map(schedule_from_row, page)
        if page.ended_early:
            found.ended_early = True
            break
    return found


def _spec(recurrence: str) -> str:
    """How the text of a timing holds a recurrence that is an object, as a LIKE pattern: with this member, or with any
    where it is empty. Quotes inside texts are escaped there, so nothing else looks like it."""
    begin = f'{{"{recurrence}"' if recurrence else "{"
    return f"%{escaped(orjson.dumps({'spec': begin}).decode()[1:-2])}%"


def listing_filters(
    listing: ScheduleListing, further: Collection[tuple[str, str]] | None = None
) -> dict[str, Any]:
    """The parameters of `schedule_filters`; `further` are the labels that each schedule must have: those of the
    listing, where none are given."""
    written = in_json(listing.search)
    return {
        "workspace_id": listing.workspace_id,
        "dialect": listing.dialect,
        "owner_id": listing.owner_id,
        "target_id": listing.target_id,
        "state": listing.state,
        "not_state": listing.not_state,
        "timing": None if listing.recurrence is None else _spec(listing.recurrence),
        "timing_alike": 1 if listing.recurrence else 0,
        "prefix": beginning_with(listing.prefix),
        "search": containing(listing.search),
        "search_written": containing(written),
        "sought": listing.search,
        "sought_written": written,
        "search_input": 1 if listing.search_input else 0,
        "key_prefix": listing.key_prefix,
        "created_by": listing.created_by,
        "made_upto": listing.made_upto_ms,
        "by_progress": int(listing.by_progress),
        "next_before": listing.next_before_ms,
        "last_state": listing.last_state,
        "failing": None if listing.failing is None else int(listing.failing),
        **label_texts(listing.labels if further is None else further),
    }
