"""Lists of what belongs to one thing: the runs of a fire, the spans of a schedule, what waits for a target.

For each question of the store four rows are entered that differ in one part of their keys, in their times and in their
numbers, and hold what the question looks for. Statements are taken from their files, so that new ones are in the walk
by themselves. One that finds less than three rows in every family is passed over.
"""

import re
from contextlib import suppress
from sqlite3 import Error
from typing import NamedTuple

from asyncpg import PostgresError

from horarium.domain.errors import Invalid
from horarium.domain.ids import random_id
from horarium.store.base import Duplicate
from horarium.store.statements import load
from tests.store.conformance.test_neighbours import HIGH, PAGED_OTHERWISE, RANGES, UNIQUE, differ
from tests.store.conformance.test_strangers import GIVEN, NAMES, WRITTEN, Owner, _Undone, _value
from tests.support.all_rows import columns, insert, keys
from tests.support.tenant import NOON

_TABLE = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?")
# What a question demands of a column in so many words.
_DEMAND = re.compile(r"(?:\b(\w+)\.)?\b(\w+)\s*(=|IN|IS|>)\s*(\('[^)]*\)|'[^']*'|NULL|\d+)")
# Numbers that differ from row to row.
_COUNTED = re.compile(
    r"_ms$|^(number|place|generation|next_due|next_slot|last_slot|due|last_change|position)$"
)
_OPTIONAL = re.compile(r"CAST\(:(\w+) AS \w+\) IS (?:NOT )?NULL")

# Lists without a cursor whose order is that of times: what is due soonest, or began first. All others follow the ids.
SOONEST_FIRST = {
    "attempts_of_run", "awaited_now", "claimable_runs", "due_looks", "due_schedules", "due_schedules_of_workspaces",
    "event_notes", "old_audit_links", "open_fanout_tasks", "pauses_ahead", "pauses_in_force", "ruling_pauses",
    "ruling_pauses_of_schedules", "schedules_to_resume", "sizes_of_events", "soonest_of_workspace", "spans_between",
    "texts_of_events", "window_by_next_fire",
}  # fmt: skip
LATEST_FIRST = {"list_audit_entries"}
# Their order is that of texts, or they have none.
OF_ANOTHER_ORDER = {"logs_to_forget", "tasks_of_assignees", "workspaces_due", "outcomes_of_schedules"}
# Where each page goes on behind more than one value.
BEHIND_SEVERAL = {
    *PAGED_OTHERWISE, "list_fires_by_fired", "spans_of_workspace", "span_further_down", "sizes_of_versions",
    "sealed_versions", "list_pauses", "window_by_name_asc", "window_by_name_desc",
}  # fmt: skip
# Whose ends are numbers of events or times, and no ids.
BY_NUMBERS = {*BEHIND_SEVERAL, "audit_links_after", "events_after", "window_by_next_fire", "page_of_spool"}

# What is given for parameters that are no columns.
DEFAULTS = {
    "limit": 10, "most": 10, "share": 10, "kinds": 10, "few": 1, "skip": None, "before_last": 9, "large": 1 << 30,
    "now": 2 * NOON, "further": 0, "filtered": 0, "by_progress": 0, "overdue": 0, "due": 1, "label_name": "{}",
    "label_value": "{}", "statuses": '["{}"]', "assignees": '["{}", "somebody"]', "keys": '["{}"]', "of_runs": 1,
    "of_schedules": 1,
}  # fmt: skip
# Ends of ranges of time, and those of all other ranges by their type.
TIMES = {"from_ms": 0, **dict.fromkeys(("to_ms", "before_ms", "last_ms", "fired_ms", "waiting"), 1 << 60)}
ENDS = [(b"", b"\xff" * 16), (0, 1 << 60), ("", "~")]


class Found(NamedTuple):
    """What is told of one question: by what it fails, and in which order it answers, by the rows' ids."""

    limited: bool | None
    skipped: bool | None
    paged: bool | None
    bounded: list[bool]
    order: list[int]


async def test_lists_of_what_belongs_to_one_thing_keep_their_limits_orders_and_ends(store):
    of_tables, of_keys = await store.urgent(columns), await store.read(keys)
    told = {}
    for one in load(store.flavour).values():
        if not WRITTEN.search(one.sql) and (found := await asked_of_families(store, one, of_tables, of_keys)):
            told[one.name] = found
    for name, found in told.items():
        assert found.limited is not False, f"{name} is not as long as its limit"
        assert found.skipped is not False, f"{name} does not leave out as many as it should"
        assert found.paged is not False, f"the pages of {name} are not what is on one large page"
        assert all(found.bounded), f"{name} does not keep to its range"
        if found.order and name not in OF_ANOTHER_ORDER:
            falling = name in SOONEST_FIRST or name in LATEST_FIRST
            assert found.order == sorted(found.order, reverse=falling), f"{name} is in another order"
    assert sum(found.limited is not None for found in told.values()) > 105
    assert sum(found.skipped is not None for found in told.values()) > 5
    assert sum(found.paged is not None for found in told.values()) > 65
    assert sum(len(found.bounded) for found in told.values()) > 35
    assert sum(bool(found.order) for found in told.values()) > 20


class Relative(Owner):
    """One of a family, whose members have their ids in common, except those of one kind, and all else but times and
    numbers. Later members have earlier times. Or one column of theirs differs, named by `apart`."""

    def __init__(self, number, filled, head, apart) -> None:
        super().__init__(number, filled, head.workspace)
        self._ids = {kind: found for kind, found in head._ids.items() if kind != apart}
        self._apart = apart

    def value(self, table, column):
        unique = column.name in UNIQUE.get(table, ())
        if unique and column.is_bytes:
            return self._ids.setdefault(f"{table}.{column.name}", random_id(NOON))
        number, self._number = self._number, 1
        if column.name == self._apart or unique:
            self._number = number
        found = super().value(table, column)
        self._number = number
        return 5 - number if isinstance(found, int) and _COUNTED.search(column.name) else found


def families(statement, of_tables, of_keys):
    """The ways to enter rows for a question: the rows by table, and the ids in which they differ."""
    asked = {name for name, _ in _TABLE.findall(statement.sql)}
    parts = dict.fromkeys(
        NAMES.get(column.name, table) if column.is_bytes and column.name in ("id", *NAMES) else column.name
        for table, of_table in of_tables.items()
        for column in of_table
        if table in asked and column.name in of_keys[table]
    )
    for filled in (False, True):
        head = Owner(1, filled)
        for table, of_table in of_tables.items():
            for column in of_table:
                head.value(table, column)
        for apart in parts:
            members = [Relative(number, filled, head, apart) for number in (1, 2, 3, 4)]
            for member, own in zip(members, sorted(random_id(NOON) for _ in members), strict=True):
                member._ids[apart] = own
            rows = {}
            for table, of_table in of_tables.items():
                if table in asked or table in ("workspaces", "principals"):
                    of_members = [
                        demanded(
                            statement,
                            table,
                            {column.name: member.value(table, column) for column in of_table},
                        )
                        for member in (members if table in asked else members[:1])
                    ]
                    by_key = {
                        tuple(row[column] for column in of_keys[table]): row for row in reversed(of_members)
                    }
                    rows[table] = list(by_key.values())
            own = next((table for table in rows if apart in rows[table][0] and len(rows[table]) == 4), None)
            ids = (
                [row[apart] for row in reversed(rows[own])]
                if own
                else [each.id_of(apart) for each in members]
            )
            yield rows, sorted(ids) if isinstance(ids[0], str) else ids


def demanded(statement, table, row):
    """A row of a table with the values that a statement asks for in so many words."""
    called = {name: name for name, _ in _TABLE.findall(statement.sql)}
    called |= {alias: name for name, alias in _TABLE.findall(statement.sql) if alias}
    changed = dict(row)
    for alias, column, how, value in _DEMAND.findall(statement.sql):
        if column not in row or (called.get(alias) != table if alias else table not in called.values()):
            continue
        if how == "IS":
            changed[column] = None
        elif value != "NULL":
            changed[column] = (
                int(value) + (how == ">") if value.isdigit() else value.strip("(').").partition("'")[0]
            )
    return changed


async def asked_of_families(store, statement, of_tables, of_keys):
    """What is told of a question in the first family in which it is answered with three rows or more."""
    for rows, ids in families(statement, of_tables, of_keys):
        told = []

        async def verb(tx, rows=rows, ids=ids, told=told):
            for table, members in rows.items():
                for row in members:
                    await insert(tx, table, row)
            given = {statement.listed: ids}
            for table in reversed(rows):
                given |= rows[table][-1]
            whole, given = await fullest(tx, statement, given)
            if most_of(statement, whole) > 2:
                told.append(await tell(tx, statement, whole, given, ids))
            raise _Undone

        with suppress(_Undone, Duplicate, Invalid, Error, PostgresError):  # or no such family can be entered
            await store.urgent(verb)
        if told:
            return told[0]
    return None


async def tell(tx, statement, whole, given, ids):
    """Ask again with smaller limits and closer ends."""
    names = statement.parameters
    limited = skipped = paged = None
    bounded, order = [], []
    downwards = ("before",) if statement.name.endswith("_desc") else ()
    begin = next((name for name in (*downwards, "after", "cursor") if name in names), None)
    several = len(whole) > 2
    if "limit" in names:
        limited = most_of(statement, await ask(tx, statement, given | {"limit": 2})) == 2
    if "skip" in names and several:
        skipped = await ask(tx, statement, given | {"skip": 1}) == whole[1 : None if "limit" in names else 2]
    differing = [values for values in zip(*whole, strict=True) if differ(values)] if several else []
    if (
        differing
        and begin
        and {"limit", "skip"} & {*names}
        and statement.name not in BEHIND_SEVERAL | {"page_of_spool"}
    ):
        place = list(zip(*whole, strict=True)).index(differing[0])
        pages, at = [], {}
        while len(pages) <= len(whole) and (
            page := await ask(tx, statement, given | at | {"limit": 1, "skip": 0})
        ):
            pages += page
            at = {begin: page[-1][place]}
        paged = pages == whole
    of_bytes = [values for values in differing if isinstance(values[0], bytes)]
    if of_bytes and statement.name not in BY_NUMBERS:
        middle = sorted(of_bytes[0])[1]
        for end in set(RANGES).intersection(names):
            within = [
                row for row, value in zip(whole, of_bytes[0], strict=True) if RANGES[end](value, middle)
            ]
            bounded.append(await ask(tx, statement, given | {end: middle}) == within)
    if several and begin is None and "ORDER BY" in statement.sql:
        by_id = [values for values in differing if set(values) <= {*ids}]
        order = [ids.index(value) for value in by_id[0]] if by_id else []
    return Found(limited, skipped, paged, bounded, order)


async def fullest(tx, statement, row):
    """The answer with most rows to a question that is given a row's values and several ends of ranges, and what was
    given for it."""
    most, by = [], {}
    row = DEFAULTS | GIVEN | row | dict.fromkeys(_OPTIONAL.findall(load("sqlite")[statement.name].sql))
    for low, high in ENDS:
        for cursor in (low, high):
            ends = dict.fromkeys(("after", "low", "floor", "since"), low) | dict.fromkeys(HIGH, high)
            given = (
                row | ends | {"cursor": cursor, "number": 0, "called": "" if cursor == low else "~"} | TIMES
            )
            with suppress(PostgresError):  # an end of another type
                found = await ask(tx, statement, given)
                if most_of(statement, found) > most_of(statement, most):
                    most, by = found, given
    return most, by


def most_of(statement, found):
    """How many rows were found, or counted."""
    return found[0][0] if found and "\nSELECT count(*)" in f"\n{statement.sql}" else len(found)


async def ask(tx, statement, given):
    """The rows with which a question is answered. Where it is answered with one row, so many rows further on, those of
    all places, one after another."""
    if given["skip"] is None and "skip" in statement.parameters and "limit" not in statement.parameters:
        found = []
        while page := await ask(tx, statement, given | {"skip": len(found)}):
            found += page
        return found
    given = {**given, "skip": given["skip"] or 0}
    names = statement.columns or statement.parameters
    values = {
        name: given[name] if name == statement.listed else _value(name, given, statement) for name in names
    }
    if statement.columns:
        return [tuple(row) for row in await tx.each(statement.name, [tuple(values.values())])]
    return [tuple(row) for row in await tx.rows(statement.name, **values)]
