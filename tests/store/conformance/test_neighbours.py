"""A statement finds the rows that it is asked for: none that are of others, or that differ in one part of a key.

Tables are filled from their columns and statements are taken from their files, so that new ones are in the walk by
themselves. A statement that finds nothing here, in a table with a row of each kind, is passed over.
"""

import re
from collections import Counter
from sqlite3 import ProgrammingError

import pytest

from horarium.domain.errors import Invalid
from horarium.store.base import Duplicate
from horarium.store.statements import load
from tests.store.conformance.test_strangers import WRITTEN, Owner, _Undone, _value, writing
from tests.support.all_rows import insert, keys
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
    "all_fanout_tasks", "allowed_hosts", "audit_pending", "due_schedules", "event_notes", "lapsed_owners",
    "list_workspaces", "open_fanout_tasks", "open_lanes", "open_runs_due", "queue_by_lane", "recorded_workspaces",
    "schedules_by_dialect", "schedules_that_wait", "schedules_to_resume", "sealed_webhooks", "targets_known_to_fail",
    "watched_nodes", "windows_begun", "workspaces_due", "workspaces_with_freed", "zones_in_use", "zones_of_windows",
}  # fmt: skip
# Questions about all workspaces that are answered by a sum, or by what is newest.
SUMMED = {"counts_of_upkeep", "newest_ids", "nodes_by_life", "settled_total"}


async def test_no_statement_changes_a_row_whose_key_differs_in_one_part(store):
    mine, parts = await Owner.open(store), await store.read(keys)
    walked = 0
    for name in writing(store.flavour):
        statement = load(store.flavour)[name]
        kind, table = WRITTEN.search(statement.sql).groups()
        if kind == "INSERT INTO" or table not in mine.rows or table == "grants" or name in OF_ALL_WORKSPACES:
            continue
        row = mine.rows[table]
        for part in set(parts[table]).intersection(statement.columns or statement.parameters):
            others = {column: another(row[column]) for column in (part, *UNIQUE.get(table, ()))}
            if alone := await touched(store, statement, row):
                found = await touched(store, statement, row, (table, row | others))
                assert found == alone, f"{name} changes also a row with another {part}"
                walked += 1
    assert walked > 135


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_no_question_is_answered_with_what_another_workspace_has(store, filled):
    mine = await Owner.open(store, 1, filled)
    questions = [one for one in load(store.flavour).values() if not WRITTEN.search(one.sql)]
    alone = {one.name: await answered(store, one, mine) for one in questions}
    await Owner.open(store, 2, filled)
    asked = 0
    for one in questions:
        if alone[one.name] and one.name not in SUMMED:
            expected = sum(alone[one.name].values()) * (1 + (one.name in FOUND_IN_ALL))
            found = await answered(store, one, mine)
            assert alone[one.name] <= found, one.name
            assert sum(found.values()) == expected, one.name
            asked += 1
    assert asked > 120


def another(value):
    """A value of the same type."""
    if isinstance(value, int):
        return value + 1
    return value[:-1] + b"~" if isinstance(value, bytes) else f"{value}~"


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


async def answered(store, statement, owner):
    """The rows with which a question is answered that is given the values of an owner's rows in its tables."""
    tables = [name for name in re.findall(r"\b(?:FROM|JOIN) (\w+)", statement.sql) if name in owner.rows]
    row = {"workspace_id": owner.workspace, "limit": 5, "now": 2 * NOON, "after": None}
    for table in tables:
        row = owner.rows[table] | row
    values = {name: _value(name, row, statement) for name in statement.columns or statement.parameters}

    found = Counter()

    async def verb(tx):
        if statement.columns:
            rows = await tx.each(statement.name, [tuple(values.values())])
        else:
            rows = await tx.rows(statement.name, **values)
        found.update(tuple(row) for row in rows)
        raise _Undone  # what is locked is let go

    try:
        await store.urgent(verb)
    except (
        _Undone,
        Invalid,
        ProgrammingError,
    ):  # which values those for many rows take is not said on SQLite
        return found if tables else Counter()
