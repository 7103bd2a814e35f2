"""A statement finds the rows that it is asked for: none that are of others, or that differ in one part of a key.

Tables are filled from their columns and statements are taken from their files, so that new ones are in the walk by
themselves. A statement that finds nothing here, in a table with a row of each kind, is passed over.
"""

import operator
import re
from collections import Counter
from contextlib import suppress
from sqlite3 import IntegrityError, ProgrammingError

import pytest
from asyncpg import IntegrityConstraintViolationError

from horarium.domain.errors import Invalid
from horarium.store.base import Duplicate
from horarium.store.statements import load
from tests.store.conformance.test_strangers import GIVEN, WRITTEN, Owner, _Undone, _value, writing
from tests.support.all_rows import columns, insert, keys
from tests.support.tenant import NOON

# Columns that are no part of the key, and that no two rows have in common.
UNIQUE = {
    "targets": ["number"], "keys": ["hash"], "workspaces": ["slug"], "spool": ["row_key"], "events": ["id"],
    "cursors": ["schedule_id"],
}  # fmt: skip
# What is done in each workspace, whichever one is named with it.
OF_ALL_WORKSPACES = {"purge_labels"}
# Questions about all workspaces: what they find in two is what they find in each.
FOUND_IN_ALL = {
    "all_fanout_tasks", "allowed_hosts", "audit_pending", "deleted_workspaces", "due_schedules", "event_notes",
    "lapsed_owners", "list_workspaces", "looks_of_targets", "old_fires", "old_runs", "open_fanout_tasks",
    "open_lanes", "open_runs_due", "queue_by_lane", "recorded_workspaces", "schedules_by_dialect",
    "schedules_that_wait", "schedules_to_resume", "sealed_sources", "sealed_targets", "sealed_versions",
    "sealed_webhooks", "targets_known_to_fail", "watched_nodes", "windows_begun", "workspaces_due",
    "workspaces_with_freed", "zones_in_use", "zones_of_windows",
}  # fmt: skip
# Questions about a principal and a key that may be of another workspace than the one that is named with them.
OF_ANOTHER = {"standing_of_taker"}
# Questions about all workspaces that are answered by a sum, or by any one or the newest one.
SUMMED = {
    "any_action",
    "any_erasure",
    "any_to_purge",
    "any_workspace",
    "next_action",
    "next_erasure",
    "next_to_purge",
    "counts_of_upkeep",
    "newest_ids",
    "nodes_by_life",
    "pending_upkeep",
    "settled_total",
    "stuck_looked_to",
}


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_no_statement_changes_a_row_whose_key_differs_in_one_part(store, filled):
    mine, parts = await Owner.open(store, 1, filled), await store.read(keys)
    walked = 0
    for name in writing(store.flavour):
        statement = load(store.flavour)[name]
        kind, table = WRITTEN.search(statement.sql).groups()
        if kind == "INSERT INTO" or table not in mine.rows or table == "grants" or name in OF_ALL_WORKSPACES:
            continue
        row = mine.rows[table]
        # What statements call otherwise than the columns.
        row = {"id": row.get("schedule_id"), "old": row.get("sealed"), "node": b"x", "epoch": 1} | row
        given = {*(statement.columns or statement.parameters)}
        given |= {"schedule_id"} if "id" in given - mine.rows[table].keys() else set()
        for part in given.intersection(parts[table]):
            others = {column: another(row[column]) for column in (part, *UNIQUE.get(table, ()))}
            if alone := await touched(store, statement, row):
                found = await touched(store, statement, row, (table, mine.rows[table] | others))
                assert found == alone, f"{name} changes also a row with another {part}"
                walked += 1
    assert walked > 130


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_no_question_is_answered_with_what_another_workspace_has(store, filled):
    mine = await Owner.open(store, 1, filled)
    questions = [one for one in load(store.flavour).values() if not WRITTEN.search(one.sql)]
    alone = {one.name: await fullest(store, one, mine) for one in questions}
    await Owner.open(store, 2, filled)
    asked = 0
    for one in questions:
        before, given = alone[one.name]
        if before and one.name not in SUMMED:
            before, found = Counter(before), Counter(await answered(store, one, mine, given))
            assert before <= found, one.name
            expected = sum(before.values()) * (1 + (one.name in FOUND_IN_ALL))
            assert sum(found.values()) == expected, one.name
            asked += 1
    assert asked > 180


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_whoever_names_what_is_of_another_workspace_is_told_what_is_told_of_what_is_not_there(
    store, filled
):
    mine, other = await Owner.open(store, 1, filled), await Owner.open(store, 2, filled)
    not_there = Owner(3, filled, other.workspace)

    every = await store.read(columns)
    not_there.rows = {
        table: {column.name: not_there.value(table, column) for column in every[table]} for table in mine.rows
    }
    ids = {mine.id_of(table): not_there.id_of(table) for table in mine.rows}
    asked, told = 0, set()
    for one in load(store.flavour).values():
        if WRITTEN.search(one.sql) or "workspace_id" not in one.parameters:
            continue
        whole, given = await fullest(store, one, mine)
        if whole:
            asked += 1
            given |= {"workspace_id": other.workspace}
            elsewhere = {name: ids.get(value, value) for name, value in given.items()}
            if await answered(store, one, mine, given) != await answered(store, one, not_there, elsewhere):
                told.add(one.name)
    assert told == OF_ANOTHER
    assert asked > 100


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_pages_of_one_have_all_that_is_on_a_large_page_in_its_order(store, filled):
    mine = await crowd(store, filled)
    walked = 0
    for one in load(store.flavour).values():
        begin = next((name for name in ("after", "cursor") if name in one.parameters), None)
        if WRITTEN.search(one.sql) or begin is None or one.name in PAGED_OTHERWISE:
            continue
        whole, given = await fullest(store, one, mine)
        if "limit" not in one.parameters and "skip" in one.parameters:  # a place so many rows further on
            whole = [
                row for skip in range(5) for row in await answered(store, one, mine, given | {"skip": skip})
            ]
        differing = [place for place, values in enumerate(zip(*whole, strict=True)) if differ(values)]
        if len(whole) < 3 or not differing:
            continue
        pages, at = [], {}
        while page := await answered(store, one, mine, given | at | {"limit": 1}):
            pages += page
            at = {begin: page[-1][differing[0]]}
            assert len(page) == 1, one.name
            assert len(pages) <= len(whole), one.name
        assert pages == whole, one.name
        walked += 1
    assert walked > 35


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_no_list_is_longer_than_its_limit_or_reaches_beyond_the_ends_of_its_range(store, filled):
    mine = await crowd(store, filled)
    limited = bounded = 0
    for one in load(store.flavour).values():
        if WRITTEN.search(one.sql):
            continue
        whole, given = await fullest(store, one, mine)
        if len(whole) > 2 and "limit" in one.parameters:
            assert len(await answered(store, one, mine, given | {"limit": 2})) == 2, one.name
            limited += 1
        ids = [
            column for column in zip(*whole, strict=True) if isinstance(column[0], bytes) and differ(column)
        ]
        values = ids[0] if ids else ()
        for end in set(RANGES).intersection(
            one.parameters if len(values) > 2 and one.name not in BY_OTHERS else ()
        ):
            middle = sorted(values)[1]
            found = await answered(store, one, mine, given | {end: middle})
            within = [row for row, value in zip(whole, values, strict=True) if RANGES[end](value, middle)]
            assert found == within, f"{one.name} by {end}"
            bounded += 1
    assert limited > 50
    assert bounded > 12


def differ(values):
    """Whether no two of some values are the same."""
    return len({*values}) == len(values)


class Fellow(Owner):
    """An owner with the target and the label of all the others."""

    def value(self, table, column):
        return "{}" if table == "labels" and not column.is_bytes else super().value(table, column)


async def crowd(store, filled):
    """The first of four owners in one workspace, with one target and one label; without what a workspace has once."""
    first = await Fellow.open(store, 1, filled)
    for number in (2, 3, 4):
        fellow = Fellow(number, filled, first.workspace)
        fellow._ids["targets"] = first.id_of("targets")
        for table in first.rows:
            with suppress(Duplicate, IntegrityError, IntegrityConstraintViolationError):
                await store.urgent(fellow.enter, {table})
    return first


def another(value):
    """A value of the same type."""
    if isinstance(value, int):
        return value + 1
    return value[:-1] + bytes([value[-1] ^ 1]) if isinstance(value, bytes) else f"{value}~"


async def touched(store, statement, row, beside=()):
    """How many rows a statement changes that is given the values of a row, with a further row of a table beside it. All
    of it is undone."""
    found = []

    async def verb(tx):
        if beside:
            await insert(tx, *beside)
        values = {name: _value(name, row, statement) for name in statement.columns or statement.parameters}
        if statement.columns:
            found.append(await tx.many(statement.name, [tuple(values.values())]))
        else:
            found.append(await tx.run(statement.name, **values))
        raise _Undone

    try:
        await store.urgent(verb)
    except (_Undone, Invalid, Duplicate):  # Invalid: a value of another type than any column of the table has
        return max(found[0], 0) if found else 0


# Which ids lie within a range that has such an end.
RANGES = {
    "after": operator.gt, "before": operator.lt, "floor": operator.ge, "high": operator.lt, "low": operator.ge,
    "upto": operator.le,
}  # fmt: skip
# Lists whose pages begin behind more than one value, or are read backwards; and whose ends are no ids of theirs.
PAGED_OTHERWISE = {"events_before", "texts_of_deliveries", "texts_of_spool"}
BY_OTHERS = {*PAGED_OTHERWISE, "audit_links_after", "events_after", "starts_of_runs"}
# Where a page or a range begins and ends, by the names of the parameters: below everything and above it.
LOW = ("after", "cursor", "low", "floor", "since", "from_ms")
HIGH = ("before", "high", "below", "until", "upto", "to_ms")
ENDS = [(b"", b"\xff" * 16), (0, 1 << 60), ("", "~")]
ENDS += [pair[::-1] for pair in ENDS]
# By what lists are filtered.
FILTERS = ("state", "created_by", "owner_id", "target_id", "key", "status", "type", "kind", "last_state")


async def fullest(store, statement, owner):
    """Of the answers to a question with several ends of ranges, with and without filters, the one with most rows; and
    what was given for it."""
    tried = [{**dict.fromkeys(LOW, low), **dict.fromkeys(HIGH, high)} for low, high in ENDS]
    tried += [each | dict.fromkeys(FILTERS) for each in tried]
    found = [(await answered(store, statement, owner, each), each) for each in tried]
    if "id" in statement.parameters and not any(rows for rows, _ in found):
        # The id is that of another table than the first that the statement names.
        of_tables = [{"id": owner.id_of(table)} for table in sorted(tables_of(statement, owner))]
        tried = [each | an_id for each in tried for an_id in of_tables]
        found = [(await answered(store, statement, owner, each), each) for each in tried]
    return max(found, key=lambda pair: len(pair[0]))


def tables_of(statement, owner):
    """The tables of an owner that a statement reads."""
    return [name for name in re.findall(r"\b(?:FROM|JOIN) (\w+)", statement.sql) if name in owner.rows]


async def answered(store, statement, owner, given):
    """The rows with which a question is answered that is given the values of an owner's rows in its tables, and what is
    `given` beside them."""
    tables = tables_of(statement, owner)
    if not tables:
        return []
    names = statement.columns or statement.parameters
    row = (
        dict.fromkeys(names)
        | {"limit": 10, "most": 10, "share": 10, "few": 1, "skip": 0, "before_last": 0, "large": 1 << 30}
        | GIVEN
    )
    row |= {"workspace_id": owner.workspace, "now": 2 * NOON}
    for table in reversed(tables):
        row |= owner.rows[table]
    row |= given
    values = {name: _value(name, row, statement) for name in names}
    found = []

    async def verb(tx):
        if statement.columns:
            rows = await tx.each(statement.name, [tuple(values.values())])
        else:
            rows = await tx.rows(statement.name, **values)
        found.extend(tuple(row) for row in rows)
        raise _Undone  # what is locked is let go

    try:
        await store.urgent(verb)
    except (
        _Undone,
        Invalid,
        ProgrammingError,
        IntegrityError,
    ):  # which values those for many rows take is not said on SQLite
        return found
