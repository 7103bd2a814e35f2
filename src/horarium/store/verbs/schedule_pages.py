"""Pages of schedules in any order and by any mixture of filters.

The ids of a page are found in one of two ways. Where one of the filters leaves few schedules, all of these are looked
at and put in order, so that it is known how many match. Otherwise the schedules are walked in the wanted order, a
window at a time, by an index that has this order. The number of windows is bounded: a page may end before it is full,
and says how far it has looked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id
from horarium.domain.listings import Counted, PageRows, ScheduleListing, ScheduleOrder
from horarium.domain.schedule import NO_OWNER, Schedule
from horarium.store.base import Tx
from horarium.store.verbs.page_bytes import PageRoom
from horarium.store.verbs.schedule_lists import listing_filters, schedules_by_id
from horarium.store.verbs.walks import Walk, merged, walked

# Where a filter leaves at most so many schedules, all of them are looked at.
FEW = 1_000
# How many of the newest runs are looked at, for each schedule of a window, for those that are the last of a schedule.
RUNS_FOR_EACH = 4
# Follows every character that a text can have.
_HIGHEST_TEXT = "\U0010ffff"
_NATIVE = "native"
# Before the place of a schedule that has a next fire, or none; and of one that has fired, or not.
_DUE, _NOT_DUE = b"d", b"z"
_FIRED, _NEVER_FIRED = b"f", b"e"


class _Keys(NamedTuple):
    """The columns of `schedules_among`: by what a schedule is put in order."""

    id: Id
    called: str
    next_due: int | None
    last_fire_id: Id | None


_Walker = Callable[[Tx, ScheduleListing, bytes | None], Awaitable[Walk[Id]]]


async def find_schedules(
    tx: Tx,
    listing: ScheduleListing,
    order: ScheduleOrder,
    position: bytes | None = None,
    room: PageRoom | None = None,
) -> PageRows[Schedule]:
    """Up to `limit` schedules of a listing in an order, after a position, as many as have `room`. The cursor, skip
    and order of the listing itself do not count.

    The page says what it has `reached`: the position from which the next page goes on, None where this is the last.
    It may hold fewer than `limit`, or none, and go on all the same.
    """
    few, total = None, None
    if order not in _BY_ID or not _walked_whole(listing):
        few = await _few(tx, listing)
    if few is None:
        walk = await _WALKERS[order](tx, listing, position)
    else:
        keys = await _among(tx, few.further, few.ids)
        walk, total = _first_of_few(keys, order, position, listing.limit), len(keys)
    page = await schedules_by_id(tx, listing.workspace_id, [schedule for _, schedule in walk.found], room)
    page.reached = walk.found[len(page) - 1][0] if page.ended_early and page else walk.reached
    page.total = total
    return page


async def matching_ids(tx: Tx, listing: ScheduleListing, after: Id = LOWEST_ID) -> Walk[Id]:
    """The ids of the next schedules of a listing, by ascending ids, as `find_schedules` finds them."""
    few = None if _walked_whole(listing) else await _few(tx, listing)
    if few is None:
        return await _made_asc(tx, listing, after)
    return _first_of_few(await _among(tx, few.further, few.ids), ScheduleOrder.OLDEST, after, listing.limit)


async def count_schedules_within(
    tx: Tx, listing: ScheduleListing, position: bytes | None, scan: int
) -> Counted:
    """How many of some `scan` schedules match a listing, from a position on; of all where a filter leaves few."""
    if position is None and (few := await _few(tx, listing)) is not None:
        return Counted(await _count_among(tx, few))
    after, way = position or LOWEST_ID, _way_of(listing)
    row = await tx.row(f"schedule_further_up_by_{way.name}", **way.given, cursor=after, skip=scan)
    upto = HIGHEST_ID if row is None else row[0]
    filters = {**listing_filters(way.further), **way.given}
    (count,) = await tx.row(f"count_schedules_within_{way.name}", **filters, cursor=after, upto=upto)
    return Counted(count, None if row is None else upto)


class _Way(NamedTuple):
    """By which index schedules are found in the order of their ids, the parameters that name what is found, and what
    is asked for besides."""

    name: str
    given: dict[str, Any]
    further: ScheduleListing


def _way_of(listing: ScheduleListing) -> _Way:
    """The way by the label or the target that is asked for, if one is."""
    if listing.labels:
        label = name, value = listing.labels[0]
        given = {"workspace_id": listing.workspace_id, "label_name": name, "label_value": value}
        return _Way("label", given, _without(listing, label))
    if listing.target_id is not None:
        return _Way("target", {"target_id": listing.target_id}, replace(listing, target_id=None))
    return _Way("workspace", {"workspace_id": listing.workspace_id}, listing)


def _without(listing: ScheduleListing, label: tuple[str, str]) -> ScheduleListing:
    return replace(listing, labels=tuple(other for other in listing.labels if other != label))


def _walked_whole(listing: ScheduleListing) -> bool:
    """Whether all that is on the way in the order of ids matches."""
    return _way_of(listing).further.unfiltered


def _place(order: ScheduleOrder, keys: _Keys) -> bytes:
    """Where a schedule stands in an order: places compare as the order is."""
    match order:
        case ScheduleOrder.NAME | ScheduleOrder.NAME_DOWN:
            return _name_place(keys.called, keys.id)
        case ScheduleOrder.NEXT_FIRE:
            return _due_place(keys.next_due, keys.id)
        case ScheduleOrder.LAST_FIRE:
            return _NEVER_FIRED + keys.id if keys.last_fire_id is None else _FIRED + keys.last_fire_id
        case _:
            return keys.id


def _name_place(called: str, schedule: Id) -> bytes:
    return called.encode("utf-8", "surrogatepass") + b"\0" + schedule


def _due_place(due: int | None, schedule: Id) -> bytes:
    return _NOT_DUE + schedule if due is None else _DUE + due.to_bytes(8, "big") + schedule


def _first_of_few(
    keys: Sequence[_Keys], order: ScheduleOrder, position: bytes | None, limit: int
) -> Walk[Id]:
    places = sorted(((_place(order, each), each.id) for each in keys), reverse=order.descending)
    if position is not None:
        places = [
            (place, each)
            for place, each in places
            if (place < position if order.descending else place > position)
        ]
    return Walk(places[:limit], places[limit - 1][0] if len(places) > limit else None)


async def _among(tx: Tx, listing: ScheduleListing, ids: Sequence[Id]) -> list[_Keys]:
    """Those of some schedules that match a listing."""
    if not ids:
        return []
    rows = await tx.rows("schedules_among", ids=list(ids), **listing_filters(listing))
    return [_Keys._make(row) for row in rows]


async def _count_among(tx: Tx, few: _Few) -> int:
    if not few.ids:
        return 0
    row = await tx.row("count_schedules_among", ids=few.ids, **listing_filters(few.further))
    return int(row[0])


class _Few(NamedTuple):
    """All schedules that one of the filters leaves, and what is asked for besides."""

    ids: list[Id]
    further: ScheduleListing


async def _few(tx: Tx, listing: ScheduleListing) -> _Few | None:
    """What one of the filters leaves, if there is one that leaves few."""
    workspace = {"workspace_id": listing.workspace_id}
    native = {**workspace, "no_owner": NO_OWNER}
    if listing.key is not None:
        rows = await tx.rows("ids_with_key", **native, key=listing.key)
        return _Few([schedule for (schedule,) in rows], listing)
    ways: list[tuple[str, dict[str, Any], ScheduleListing]] = []
    if listing.key_prefix:
        high = listing.key_prefix + _HIGHEST_TEXT
        ways.append(("ids_with_key_prefix", {**native, "low": listing.key_prefix, "high": high}, listing))
    ways += [
        (
            "ids_with_label",
            {**workspace, "label_name": name, "label_value": value},
            _without(listing, (name, value)),
        )
        for name, value in listing.labels
    ]
    if listing.failing:
        ways.append(("ids_of_failing", workspace, listing))
    if listing.next_before_ms is not None:
        ways.append(("ids_due_before", {**workspace, "next_before": listing.next_before_ms}, listing))
    if listing.target_id is not None:
        ways.append(("ids_of_target", {"target_id": listing.target_id}, listing))
    if listing.dialect not in (None, _NATIVE):
        ways.append(("ids_of_dialect", {**workspace, "dialect": listing.dialect}, listing))
    for statement, given, further in ways:
        rows = await tx.rows(statement, **given, limit=FEW + 1)
        if len(rows) <= FEW:
            return _Few([schedule for (schedule,) in rows], further)
    return None


async def _filtered(
    tx: Tx, listing: ScheduleListing, window: Sequence[tuple[bytes, Id]], end: bytes | None
) -> Walk[Id]:
    """Of a window in its order the schedules that match. `end` is the place up to which the window reaches; None where
    it is the last."""
    matching = {keys.id for keys in await _among(tx, listing, [schedule for _, schedule in window])}
    found = [(place, schedule) for place, schedule in window if schedule in matching]
    if len(found) > listing.limit:
        return Walk(found[: listing.limit], found[listing.limit - 1][0])
    return Walk(found, end)


async def _by_id(
    tx: Tx, listing: ScheduleListing, direction: str, position: bytes
) -> tuple[list[tuple[bytes, Id]], Id | None]:
    """The next window in the order of ids and its last id, which is None where nothing follows. It goes through the
    label or the target that is asked for, if one is."""
    way = _way_of(listing)
    rows = await tx.rows(f"window_{way.name}_{direction}", **way.given, cursor=position, limit=listing.window)
    return [(schedule, schedule) for (schedule,) in rows], _end(rows, listing, rows[-1][0] if rows else b"")


def _end(rows: Sequence[Any], listing: ScheduleListing, last: bytes) -> bytes | None:
    """The place of the last row of a window; None where the window was not filled, since nothing follows then."""
    return last if len(rows) == listing.window else None


async def _made_desc(tx: Tx, listing: ScheduleListing, position: bytes | None) -> Walk[Id]:
    return await _within(tx, listing, "down", position or HIGHEST_ID)


async def _made_asc(tx: Tx, listing: ScheduleListing, position: bytes | None) -> Walk[Id]:
    return await _within(tx, listing, "up", position or LOWEST_ID)


async def _within(tx: Tx, listing: ScheduleListing, direction: str, cursor: Id) -> Walk[Id]:
    """What matches in a window in the order of ids. It goes through the label or the target that is asked for, if one
    is."""
    way, most = _way_of(listing), listing.limit + 1
    last = await tx.row(
        f"schedule_further_{direction}_by_{way.name}", **way.given, cursor=cursor, skip=listing.window - 1
    )
    if direction == "down":
        statement, end = (
            f"schedules_within_{way.name}_desc",
            {"floor": LOWEST_ID if last is None else last[0]},
        )
    else:
        statement, end = f"schedules_within_{way.name}_asc", {"upto": HIGHEST_ID if last is None else last[0]}
    given = {**listing_filters(way.further), **way.given, **end}
    rows = await tx.rows(statement, **given, cursor=cursor, limit=most)
    found = [(schedule, schedule) for (schedule,) in rows]
    if len(found) == most:
        return Walk(found[:-1], found[-2][0])
    return Walk(found, None if last is None else last[0])


async def _by_name(tx: Tx, listing: ScheduleListing, direction: str, called: str, after: Id) -> Walk[Id]:
    rows = await tx.rows(
        f"window_by_name_{direction}",
        workspace_id=listing.workspace_id,
        called=called,
        cursor=after,
        limit=listing.window,
    )
    window = [(_name_place(name, schedule), schedule) for schedule, name in rows]
    return await _filtered(tx, listing, window, _end(rows, listing, window[-1][0] if window else b""))


async def _by_name_asc(tx: Tx, listing: ScheduleListing, position: bytes | None) -> Walk[Id]:
    called, after = ("", LOWEST_ID) if position is None else _name_and_id(position)
    return await _by_name(tx, listing, "asc", called, after)


async def _by_name_desc(tx: Tx, listing: ScheduleListing, position: bytes | None) -> Walk[Id]:
    called, after = (_HIGHEST_TEXT, HIGHEST_ID) if position is None else _name_and_id(position)
    return await _by_name(tx, listing, "desc", called, after)


def _name_and_id(position: bytes) -> tuple[str, Id]:
    return position[:-17].decode("utf-8", "replace").replace("\0", ""), position[-16:]


async def _by_next_fire(tx: Tx, listing: ScheduleListing, position: bytes | None) -> Walk[Id]:
    """The soonest first, then those without a next fire."""
    if position is None:
        position = _DUE + bytes(24)
    if position[:1] != _DUE or len(position) != 25:
        return await _without_next_fire(tx, listing, position[1:17])
    due, after = int.from_bytes(position[1:9], "big"), position[9:]
    before = (1 << 62) if listing.next_before_ms is None else listing.next_before_ms
    rows = await tx.rows(
        "window_by_next_fire",
        workspace_id=listing.workspace_id,
        due=min(due if after < HIGHEST_ID else due + 1, 1 << 61),
        before=before,
        limit=listing.window + 1,
    )
    full = len(rows) > listing.window
    if full and rows[0][0] == rows[-1][0]:
        return await _due_at(tx, listing, rows[0][0], after if rows[0][0] == due else LOWEST_ID)
    if full:  # of those at its last instant some are missing
        rows = [row for row in rows if row[0] < rows[-1][0]]
    end = None if listing.next_before_ms is not None else _NOT_DUE + LOWEST_ID
    if full:
        end = _due_place(rows[-1][0], HIGHEST_ID)
    window = sorted((_due_place(at, schedule), schedule) for at, schedule in rows)
    return await _filtered(tx, listing, [entry for entry in window if entry[0] > position], end)


async def _due_at(tx: Tx, listing: ScheduleListing, due: int, after: Id) -> Walk[Id]:
    """Schedules that are due at the same instant as very many: these are walked in the order of their ids."""
    ids, end = await _by_id(tx, listing, "asc", after)
    keys = await _among(tx, _way_of(listing).further, [schedule for _, schedule in ids])
    found = sorted((_due_place(due, each.id), each.id) for each in keys if each.next_due == due)
    if len(found) > listing.limit:
        return Walk(found[: listing.limit], found[listing.limit - 1][0])
    return Walk(found, _due_place(due, end or HIGHEST_ID))


async def _without_next_fire(tx: Tx, listing: ScheduleListing, after: Id) -> Walk[Id]:
    rows = await tx.rows(
        "window_without_next_fire", workspace_id=listing.workspace_id, cursor=after, limit=listing.window
    )
    window = [(_NOT_DUE + schedule, schedule) for (schedule,) in rows]
    return await _filtered(tx, listing, window, _end(rows, listing, window[-1][0] if window else b""))


async def _by_last_fire(tx: Tx, listing: ScheduleListing, position: bytes | None) -> Walk[Id]:
    """Those whose last slot that fired is the latest first; those that never fired, or whose fires are forgotten, at
    the end. No index says when schedules fired last, since every fire would write to it: the newest fires are looked
    at for those that are the last of their schedule."""
    if position is not None and position[:1] != _FIRED:
        return await _never_fired(tx, listing, position[1:17])
    cursor = HIGHEST_ID if position is None else position[1:17]
    own = {"workspace_id": listing.workspace_id, "cursor": cursor}
    walks = []
    for statement, further in (
        ("single_last_fires", "run_id_further_down"),
        ("other_last_fires", "fire_id_further_down"),
    ):
        floor = await tx.row(further, **own, skip=listing.window * RUNS_FOR_EACH)
        lowest = LOWEST_ID if floor is None else floor[0]
        rows = await tx.rows(statement, **own, floor=lowest, limit=listing.window)
        found = [(_FIRED + fire, schedule) for fire, schedule in rows]
        walks.append(walked(found, listing.window, None if floor is None else _FIRED + lowest))
    walk = merged(walks, listing.window)
    end = _NEVER_FIRED + HIGHEST_ID if walk.reached is None else walk.reached
    matching = {keys.id for keys in await _among(tx, listing, [schedule for _, schedule in walk.found])}
    found = [(place, schedule) for place, schedule in walk.found if schedule in matching]
    if len(found) > listing.limit:
        return Walk(found[: listing.limit], found[listing.limit - 1][0])
    return Walk(found, end)


async def _never_fired(tx: Tx, listing: ScheduleListing, before: Id) -> Walk[Id]:
    ids, end = await _by_id(tx, listing, "desc", before)
    keys = await _among(tx, _way_of(listing).further, [schedule for _, schedule in ids])
    fires = [each.last_fire_id for each in keys if each.last_fire_id is not None]
    known = {row[0] for row in await tx.rows("known_fires", ids=fires)} if fires else set[Id]()
    found = sorted(
        ((_NEVER_FIRED + each.id, each.id) for each in keys if each.last_fire_id not in known), reverse=True
    )
    if len(found) > listing.limit:
        return Walk(found[: listing.limit], found[listing.limit - 1][0])
    return Walk(found, None if end is None else _NEVER_FIRED + end)


_BY_ID = (ScheduleOrder.NEWEST, ScheduleOrder.OLDEST)
_WALKERS: dict[ScheduleOrder, _Walker] = {
    ScheduleOrder.NEWEST: _made_desc,
    ScheduleOrder.OLDEST: _made_asc,
    ScheduleOrder.NAME: _by_name_asc,
    ScheduleOrder.NAME_DOWN: _by_name_desc,
    ScheduleOrder.NEXT_FIRE: _by_next_fire,
    ScheduleOrder.LAST_FIRE: _by_last_fire,
}
