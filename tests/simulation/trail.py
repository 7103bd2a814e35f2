"""What the database itself saw: every entry and every change of state, noted by triggers as it was committed.

The checker reads this beside the tables, so it can tell what was true in between and not only what is left at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_ENDS = "schedule_id, new.first_ms, new.last_ms, new.count, new.reason, new.version"
_PAUSE = "new.workspace_id, new.from_ms, new.ends_ms, new.catch_up, new.schedule_id, new.window_id"
_TRIGGERS = (
    (
        "AFTER INSERT ON fires",
        "'fire', new.id, new.schedule_id, new.kind, new.state, new.slot_ms, new.due_ms, new.fired_ms, new.version,"
        " new.request",
    ),
    (
        "AFTER UPDATE OF state ON fires WHEN old.state <> new.state",
        "'fire_state', new.id, new.schedule_id, new.kind, new.state, old.state",
    ),
    (
        "AFTER DELETE ON fires WHEN old.state = 'waiting'",
        "'fire_gone', old.id, old.schedule_id, old.kind, old.slot_ms",
    ),
    (
        "AFTER INSERT ON runs",
        "'run', new.id, CASE WHEN new.slot_ms IS NULL THEN new.fire_id ELSE new.id END, new.schedule_id, new.mode,"
        " new.row_key, new.generation",
    ),
    (
        "AFTER INSERT ON runs WHEN new.slot_ms IS NOT NULL",
        "'fire', new.id, new.schedule_id, new.mode, 'running', new.slot_ms, new.due_ms, new.created_ms, new.version,"
        " COALESCE(new.request, '')",
    ),
    (
        "AFTER UPDATE OF state ON runs WHEN new.slot_ms IS NOT NULL AND new.state <> old.state"
        " AND new.state NOT IN ('pending', 'running')",
        "'fire_state', new.id, new.schedule_id, new.mode,"
        " CASE new.state WHEN 'succeeded' THEN 'completed' ELSE new.state END, 'running'",
    ),
    (
        "AFTER UPDATE OF state ON runs",
        "'run_state', new.id, new.state, old.state, new.attempts, old.attempts",
    ),
    (
        "AFTER INSERT ON pauses WHEN new.settled = 0",
        f"'pause', new.id, {_PAUSE}",
    ),
    (
        "AFTER INSERT ON pauses WHEN new.settled = 1",
        f"'settled_pause', new.id, {_PAUSE}",
    ),
    (
        "AFTER UPDATE OF ends_ms ON pauses WHEN new.settled = 1",
        f"'settled_pause', new.id, {_PAUSE}",
    ),
    (
        "AFTER UPDATE OF ends_ms, catch_up ON pauses WHEN new.settled = 0",
        f"'pause', new.id, {_PAUSE}",
    ),
    ("AFTER INSERT ON spans", f"'span', new.{_ENDS}"),
    ("AFTER UPDATE ON spans", f"'span', new.{_ENDS}"),
    (
        "AFTER INSERT ON cursors",
        "'cursor', new.schedule_id, new.version, new.accounted_to, NULL, NULL, new.next_due, NULL",
    ),
    (
        "AFTER UPDATE OF accounted_to, version, next_due ON cursors",
        "'cursor', new.schedule_id, new.version, new.accounted_to, old.version, old.accounted_to, new.next_due,"
        " old.next_due",
    ),
)
"""When something is noted, and what: first its kind, then its values."""


@dataclass(frozen=True, slots=True)
class Note:
    """One committed change. `tx` numbers the transactions; `at` is simulated seconds, `db_ms` the database's clock."""

    tx: int
    at: float
    db_ms: int
    node: str
    verb: str
    kind: str
    values: tuple[Any, ...]


class Trail:
    """`begin` a transaction, then `keep` or `drop` what the triggers told of it."""

    def __init__(
        self, connection: sqlite3.Connection, time: Callable[[], float], db: Callable[[], int]
    ) -> None:
        self.notes: list[Note] = []
        self._pending: list[tuple[Any, ...]] = []
        self._time, self._db = time, db
        self._tx = 0
        connection.create_function("sim_note", -1, self._note)
        for number, (when, values) in enumerate(_TRIGGERS):
            statement = f"CREATE TEMP TRIGGER sim_{number} {when} BEGIN SELECT sim_note({values}); END"
            connection.execute(statement)

    def _note(self, *values: Any) -> None:
        self._pending.append(values)

    def begin(self) -> None:
        self._pending.clear()

    def keep(self, node: str, verb: str) -> None:
        if not self._pending:
            return
        self._tx += 1
        at, db_ms = self._time(), self._db()
        self.notes += [
            Note(self._tx, at, db_ms, node, verb, kind, tuple(rest)) for kind, *rest in self._pending
        ]
        self._pending.clear()
