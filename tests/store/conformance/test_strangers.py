"""Every statement that writes is run with what belongs to another workspace, and touches nothing of it.

Tables are filled from their columns and statements are taken from their files, so that new ones are in the walk by
themselves. A statement that names no workspace has to stand in WITHOUT_WORKSPACE, with the reason.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

import horarium.store
from horarium.domain.ids import HIGHEST_ID, random_id
from horarium.store.base import Duplicate
from horarium.store.statements import load
from tests.support.all_rows import Column, all_rows, columns, insert, rows_within
from tests.support.tenant import NOON

SQL = Path(horarium.store.__file__).parent / "sql"
FILE_OF = {
    name: path.stem
    for path in SQL.rglob("*.sql")
    for name in re.findall(r"^-- name: (\w+)$", path.read_text("utf-8"), re.MULTILINE)
}
WRITTEN = re.compile(r"\b(INSERT INTO|(?<!FOR )(?<!KEY )UPDATE(?: OR IGNORE)?|DELETE FROM) (\w+)")

ENGINE = (
    "the engine and the workers serve every workspace, and take ids from rows that they have read themselves"
)
SERVER = "it is about the whole server"
FOUND = "its verb has found the webhook in the workspace before"
READ_BEFORE = "its verbs change rows that they have read by their workspace in the same transaction"
TOKEN = "the token of the attempt says whose run it is"
# What writes without naming a workspace: whole files, or statements.
WITHOUT_WORKSPACE = {
    "dispatch": ENGINE, "entries": ENGINE, "fanout": ENGINE, "lanes": ENGINE, "nodes": ENGINE, "release": ENGINE,
    "release_rows": ENGINE, "situations": ENGINE, "settle": ENGINE, "upkeep": ENGINE, "meta": SERVER,
    "readiness": SERVER, "secrets": SERVER,
    "restored": SERVER, "watching": ENGINE, "forget_waiting": ENGINE, "delete_audit_pending": ENGINE,
    "delete_event_notes": ENGINE, "free_schedules": ENGINE, "forget_answers": SERVER, "next_number": SERVER,
    "take_webhook": ENGINE, "free_webhook": ENGINE, "move_webhook": ENGINE,
    "note_deliveries": ENGINE, "disable_webhook": ENGINE,
    "set_webhook_position": FOUND, "replay_deliveries": FOUND, "replay_waiting": FOUND,
    "mark_some_replayed": FOUND, "delete_deliveries": FOUND,
    "delete_some_deliveries": FOUND,
    "insert_workspace": SERVER, "update_workspace": "its id is the workspace", "touch_keys": ENGINE,
    "answer_callback": TOKEN, "extend_callback": TOKEN, "erasures": READ_BEFORE, "erased_runs": READ_BEFORE,
    "erased_texts": READ_BEFORE,
    "mark_workspace_deleted": "its id is the workspace", "begin_purge": "its id is the workspace",
    "purge_again": "its id is the workspace",
    "unmark_workspace": "its id is the workspace", "settle_pause": ENGINE,
    "forget_lost_windows": ENGINE, "move_windows": ENGINE,
}  # fmt: skip
# What the engine writes of a row that it holds, whichever workspace it names with it; and the deletion of a whole
# workspace, whose statements refer to each other's rows and are tried together in test_purges.py. Mirrors stand in
# other workspaces by their nature (test_shares.py).
BY_HOLDER = {
    "open_callback",
    "follow_target",
    "follow_targets",
    "follow_source",
    "follow_sources",
    *(name for name, file in FILE_OF.items() if file == "purges"),
}
# Whose row an id names, by the column that holds the id.
NAMES = {
    "workspace_id": "workspaces", "schedule_id": "schedules", "target_id": "targets", "owner_id": "targets",
    "lane": "targets", "fire_id": "fires", "run_id": "runs", "principal_id": "principals", "created_by": "principals",
    "webhook_id": "webhooks", "event_id": "events",
}  # fmt: skip
# States in which statements find something to do.
STATES = {"schedules": "active", "targets": "enabled", "fires": "waiting", "runs": "succeeded"}
# Parameters that are no columns of the table which is written, where they must not be 1.
GIVEN = {
    "now": NOON,
    "at": NOON,
    "before": NOON * 2,
    "older_than": HIGHEST_ID,
    "answer": b"answered",
    "after": 0,
    "until": NOON,
    "reason": "why",
    "runs_as": "http",
    "key": "a-name",
    "new_id": "a-name",
}


class Owner:
    """A workspace that has one row in each table which can hold something of a workspace. Those with different numbers
    have nothing in common, also where no two rows may. `filled`: nothing is NULL, and runs go on. `never_null`:
    columns that have a value in any case."""

    def __init__(
        self,
        number: int = 1,
        filled: bool = False,
        workspace: bytes | None = None,
        never_null: Collection[str] = (),
    ) -> None:
        self._number, self._filled, self._never_null = number, filled, never_null
        self._ids: dict[str, bytes] = {"workspaces": workspace or random_id(NOON)}
        self.rows: dict[str, dict[str, Any]] = {}

    @classmethod
    async def open(
        cls, store, number: int = 1, filled: bool = False, never_null: Collection[str] = ()
    ) -> "Owner":
        owner = cls(number, filled, never_null=never_null)
        await store.urgent(owner.enter)
        return owner

    async def enter(self, tx, tables=None) -> None:
        """Enter the rows into all tables, or into some."""
        for table, of_table in (await columns(tx)).items():
            if tables is not None and table not in tables:
                continue
            if any(column.is_bytes and column.name in ("id", *NAMES) for column in of_table):
                self.rows[table] = {column.name: self.value(table, column) for column in of_table}
                await insert(tx, table, self.rows[table])

    @property
    def workspace(self) -> bytes:
        return self.id_of("workspaces")

    @property
    def ids(self) -> list[bytes]:
        return list(self._ids.values())

    def id_of(self, table: str) -> bytes:
        return self._ids.setdefault(table, random_id(NOON))

    def value(self, table: str, column: Column) -> Any:
        if column.is_bytes and column.name in ("id", *NAMES):
            return self.id_of(NAMES.get(column.name, table))
        if table.startswith("directory_") and column.name in ("assignee", "contact", "owner"):
            return "somebody"
        if not column.required and not self._filled and column.name not in self._never_null:
            return None
        if column.is_bytes:
            return b"x" * self._number
        if column.name == "state":
            return "running" if self._filled and table in ("fires", "runs") else STATES.get(table, "open")
        if column.is_number:
            if column.name in ("number", "place"):
                return self._number
            return 1_000 if column.name.startswith("most_") else int(column.name != "strict")
        return "{}" if self._number == 1 else f'{{"of": {self._number}}}'


def writing(flavour) -> list[str]:
    """The names of all statements that write."""
    return sorted(name for name, one in load(flavour).items() if WRITTEN.search(one.sql))


def named(statement) -> bool:
    return "workspace_id" in statement.parameters


@pytest.mark.parametrize("name", [name for name in writing("sqlite") if not named(load("sqlite")[name])])
def test_what_writes_without_naming_a_workspace_is_listed_with_its_reason(name):
    assert name in WITHOUT_WORKSPACE or FILE_OF[name] in WITHOUT_WORKSPACE, (
        f"{name} writes, and names no workspace: give it a condition on workspace_id"
    )


async def test_no_statement_touches_what_is_of_another_workspace(store):
    statements = load(store.flavour)
    mine = await Owner.open(store, never_null={"paused_until_ms"})
    stranger = random_id(NOON)
    before = await all_rows(store)
    walked, idle = 0, []
    for name in writing(store.flavour):
        statement = statements[name]
        if not named(statement) or name in BY_HOLDER:
            continue
        kind, table = WRITTEN.search(statement.sql).groups()
        touched, after = await _tried(store, statement, mine.rows[table] | {"workspace_id": stranger})
        assert not before - after, (name, "changed", before - after)
        if kind != "INSERT INTO":
            assert touched <= 0, (name, "touched", touched)
            touched, after = await _tried(
                store, statement, mine.rows[table] | {"workspace_id": mine.workspace}
            )
            idle += [name] if touched <= 0 and after == before else []
        walked += 1
    assert await all_rows(store) == before
    assert idle == [], "these find nothing in their own workspace either, so the walk shows nothing of them"
    assert walked > 30


class _Undone(Exception):
    """Rolls a transaction back."""


async def _tried(store, statement, row):
    """How many rows a statement touches for what a row says, and what the database holds then. All of it is undone."""
    seen = []

    async def verb(tx):
        names = statement.columns or statement.parameters
        values = {name: _value(name, row, statement) for name in names}
        if statement.columns:
            touched = await tx.many(statement.name, [tuple(values.values())])
        else:
            touched = await tx.run(statement.name, **values)
        seen.extend((touched, await rows_within(tx)))
        raise _Undone

    try:
        await store.urgent(verb)
    except _Undone:
        return seen
    except Duplicate:  # the id is taken, by whom it belongs to
        return 0, await all_rows(store)


def _value(name, row, statement):
    if name == statement.listed:
        held = (value for value in row.values() if isinstance(value, bytes) and value != HIGHEST_ID)
        return [row.get("id") or next(held)]
    if name in row:
        return row[name]
    return GIVEN.get(name, 1)
