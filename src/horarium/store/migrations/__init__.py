"""The schema as numbered SQL files, each applied once, in order.

A file `0002_name.sql` serves both databases; `0002_name.sqlite.sql` and `0002_name.postgres.sql` serve one of them.
Files of one number are applied together, in the order of their names.

Nodes of the version before work on beside the new ones. So a migration only adds what they can do without (a table, an
index, a column that may be empty or has a default), and what is no longer needed is removed one number later.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import NamedTuple

from horarium.domain.errors import Unavailable
from horarium.domain.quotas import DEFAULT
from horarium.store.statements import Flavour

# What stands for these marks in the files, because the databases write it differently.
_MARKS: dict[Flavour, dict[str, str]] = {
    "sqlite": {
        "{clustered}": " WITHOUT ROWID",
        "{by_time}": "",
        "{place}": "INTEGER PRIMARY KEY",
        "{written_order}": "",
        "{schedule_of_cursor}": "BYTEA NOT NULL",
        "{by_bytes}": "",
    },
    "postgres": {
        "{clustered}": "",
        "{by_time}": " PARTITION BY RANGE (id)",
        "{place}": "BIGINT NOT NULL",
        "{written_order}": " DEFAULT nextval('event_outbox_order')",
        "{schedule_of_cursor}": "BYTEA PRIMARY KEY",
        "{by_bytes}": ' COLLATE "C"',
    },
}

# Before the first release three migrations led to the schema that is now the first one. A database that has all
# three holds the schema 1, but for what ADOPTING adds and for the tables in the files of _SINCE.
_LAST_OLD_NUMBER = 3
_LAST_OLD_COMMIT = "9727139"
ADOPTING = (
    "CREATE INDEX IF NOT EXISTS cursors_due_by_workspace ON cursors (workspace_id, next_due) "
    "WHERE next_due IS NOT NULL",
    "ALTER TABLE workspaces ADD COLUMN quotas TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE workspaces ADD COLUMN weight DOUBLE PRECISION NOT NULL DEFAULT 1",
    """ALTER TABLE workspaces ADD COLUMN allowed_hosts TEXT NOT NULL DEFAULT '["*"]'""",
    "ALTER TABLE nodes RENAME COLUMN lease_ms TO lease_until_ms",
    "ALTER TABLE ready ADD COLUMN lost BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX IF NOT EXISTS schedules_of_dialect ON schedules (workspace_id, dialect, id) "
    "WHERE dialect <> 'native'",
    "CREATE INDEX IF NOT EXISTS versions_of_target ON versions (target_id, schedule_id)",
    "CREATE INDEX IF NOT EXISTS fires_by_hand ON fires (schedule_id, id) WHERE kind <> 'clock'",
    "CREATE INDEX IF NOT EXISTS fires_waiting ON fires (schedule_id, id) WHERE state = 'waiting'",
    "CREATE INDEX IF NOT EXISTS runs_with_error ON runs (workspace_id, id) WHERE error IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS runs_without_schedule ON runs (target_id, id) WHERE schedule_id IS NULL",
    "ALTER TABLE keys ADD COLUMN restriction TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE schedules ADD COLUMN hourly BIGINT NOT NULL DEFAULT 0",
    """CREATE TABLE workspace_usage (
        workspace_id BYTEA PRIMARY KEY, schedules BIGINT NOT NULL, targets BIGINT NOT NULL, hourly BIGINT NOT NULL,
        most_schedules BIGINT NOT NULL, most_targets BIGINT NOT NULL, most_hourly BIGINT NOT NULL,
        strict BIGINT NOT NULL)""",
    """CREATE TABLE freed_usage (
        id BYTEA NOT NULL, workspace_id BYTEA NOT NULL, schedules BIGINT NOT NULL, hourly BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, id))""",
    # How many slots the schedules of before have in an hour is not known; they are counted as none.
    f"""INSERT INTO workspace_usage
        (workspace_id, schedules, targets, hourly, most_schedules, most_targets, most_hourly, strict)
    SELECT id, (SELECT count(*) FROM schedules s WHERE s.workspace_id = w.id AND s.deleted_ms IS NULL),
        (SELECT count(*) FROM targets t WHERE t.workspace_id = w.id AND t.deleted_ms IS NULL), 0,
        {DEFAULT.schedules}, {DEFAULT.targets}, {DEFAULT.fires_per_hour}, 0
    FROM workspaces w""",  # noqa: S608
    "ALTER TABLE callbacks ADD COLUMN handle TEXT",
    "ALTER TABLE callbacks ADD COLUMN look_ms BIGINT",
    "CREATE INDEX IF NOT EXISTS callbacks_to_look_at ON callbacks (look_ms) WHERE look_ms IS NOT NULL",
    "ALTER TABLE ready ADD COLUMN begun_ms BIGINT",
    "ALTER TABLE runs ADD COLUMN waited TEXT",
    *(
        f"ALTER TABLE runs ADD COLUMN {name} BIGINT"
        for name in ("slot_ms", "missed_count", "missed_first", "missed_last")
    ),
    "ALTER TABLE runs ADD COLUMN request TEXT",
    "DROP INDEX runs_of_schedule",
    "CREATE INDEX single_fires_of_schedule ON runs (schedule_id, id) WHERE slot_ms IS NOT NULL",
    "CREATE INDEX runs_of_schedule ON runs (schedule_id, id) WHERE slot_ms IS NULL",
    "CREATE INDEX single_fires_by_hand ON runs (schedule_id, id) WHERE slot_ms IS NOT NULL AND mode <> 'clock'",
    """CREATE TABLE lane_reports (
        target_id BYTEA NOT NULL, node_id BYTEA NOT NULL, at_ms BIGINT NOT NULL, call_limit BIGINT NOT NULL,
        under_way BIGINT NOT NULL, parked BIGINT NOT NULL, waiting BIGINT NOT NULL, oldest_ms BIGINT, p50_ms BIGINT,
        p99_ms BIGINT, held_by TEXT, held_since_ms BIGINT, PRIMARY KEY (target_id, node_id))""",
    "CREATE INDEX lane_reports_of_node ON lane_reports (node_id)",
    # Which field of an input names a variation was fixed in the program; now each agent says it.
    """UPDATE targets SET extra =
        REPLACE(extra, '"variation_selection_mode":', '"variation_pin_field":"variationId","variation_selection_mode":')
    WHERE extra LIKE '%"variation_selection_mode":%' AND extra NOT LIKE '%"variation_pin_field":%'""",
    "CREATE INDEX IF NOT EXISTS schedules_by_name "
    "ON schedules (workspace_id, lower(substr(name{by_bytes}, 1, 100)), id) WHERE deleted_ms IS NULL",
    "CREATE INDEX IF NOT EXISTS cursors_still ON cursors (workspace_id, schedule_id) WHERE next_due IS NULL",
    "CREATE INDEX IF NOT EXISTS cursors_failing ON cursors (workspace_id, schedule_id) WHERE failures_in_row > 0",
    "CREATE INDEX IF NOT EXISTS fires_of_workspace ON fires (workspace_id, id)",
    "ALTER TABLE spans ADD COLUMN workspace_id BYTEA",
    "UPDATE spans SET workspace_id = (SELECT s.workspace_id FROM schedules s WHERE s.id = spans.schedule_id)",
    "CREATE INDEX IF NOT EXISTS spans_of_workspace ON spans (workspace_id, last_ms, schedule_id)",
)
# What only one of the databases needs.
_ADOPTING_ALONE: dict[Flavour, tuple[str, ...]] = {
    "sqlite": (),
    "postgres": (
        "CREATE INDEX IF NOT EXISTS schedules_by_key_prefix "
        'ON schedules (workspace_id, dialect, owner_id, key COLLATE "C") WHERE key IS NOT NULL AND deleted_ms IS NULL',
    ),
}

# The parts of the first schema that a database of the old numbering does not have.
_SINCE = ("actions", "audit", "event_order", "events")


class Migration(NamedTuple):
    """One file: its number, its name without number and suffix, and its statements for one database."""

    number: int
    name: str
    statements: list[str]

    @property
    def title(self) -> str:
        return f"{self.number:04d}_{self.name}"


def migrations(flavour: Flavour) -> list[Migration]:
    """All migrations for one database, in the order in which they are applied."""
    found = []
    for entry in files("horarium.store").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+?)(?:\.(sqlite|postgres))?\.sql", entry.name)
        if match and match[3] in (None, flavour):
            text = _marked(re.sub(r"--[^\n]*", "", entry.read_text("utf-8")), flavour)
            statements = [part.strip() for part in text.split(";") if part.strip()]
            found.append(Migration(int(match[1]), match[2], statements))
    return sorted(found, key=lambda migration: (migration.number, migration.name))


def _marked(text: str, flavour: Flavour) -> str:
    """A text with its marks as a database writes them."""
    for mark, words in _MARKS[flavour].items():
        text = text.replace(mark, words)
    return text


_ADDS_COLUMN = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+) ")


def added_column(statement: str) -> tuple[str, str] | None:
    """The table and the column that a statement adds; None where it does something else. Databases of development
    versions may have a column of a later migration already."""
    found = _ADDS_COLUMN.match(statement)
    return found and (found[1], found[2])


@cache
def latest() -> int:
    """The schema number that this program works with."""
    return max(migration.number for migration in migrations("sqlite"))


def adopting(flavour: Flavour) -> list[str]:
    """The statements that complete a database of the old numbering."""
    tables = [migration.statements for migration in migrations(flavour) if migration.name in _SINCE]
    changes = [_marked(statement, flavour) for statement in ADOPTING]
    return [*changes, *_ADOPTING_ALONE[flavour], *chain.from_iterable(tables)]


def adopt(old_number: int) -> int:
    """The number of a schema that was made under the old numbering; the caller executes `adopting` on it.

    Raises Unavailable, with what to do, where not all of the old migrations were applied.
    """
    if old_number == _LAST_OLD_NUMBER:
        return 1
    if 0 < old_number < _LAST_OLD_NUMBER:
        raise Unavailable(
            f"the database was made by a development version before 0.1.0 and stopped at its schema {old_number} of "
            f"{_LAST_OLD_NUMBER}: start the version of git commit {_LAST_OLD_COMMIT} on it once, then this one"
        )
    raise Unavailable(f"the database has an unknown schema ({old_number}): no version of Horarium made it")


def refuse_newer(number: int, newest_accepted: int) -> None:
    """Raises Unavailable for a schema that this program does not know: it cannot tell what it would break."""
    if number > newest_accepted:
        raise Unavailable(
            f"the database has schema {number}, this program knows {latest()}: start a newer program"
        )
