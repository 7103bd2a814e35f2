"""A tenant's own query on an embedded database, kept within bounds.

SQLite runs it inside this process. So it may read the tables of its database and nothing else (no pragma, no other
file), a value is no larger than a row of an audience may be, and it ends when its time is up.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from horarium.domain.audience import ROW_SIZE_LIMIT
from horarium.executors.sql.config import MARKER

# Together they bound the memory that one row can take while it is made. A table has at most 201 columns.
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, ROW_SIZE_LIMIT),
    (sqlite3.SQLITE_LIMIT_COLUMN, 250),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (sqlite3.SQLITE_LIMIT_VDBE_OP, 100_000),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
_TABLE_FUNCTIONS = frozenset(("json_each", "json_tree"))
_FORBIDDEN_FUNCTIONS = frozenset(("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"))

# Steps of SQLite's machine between two looks at the time: well below a millisecond of work.
_STEPS = 10_000


class Deadline:
    """When a query is stopped, in seconds of the monotonic clock; moved on at each row."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """The time counts from now."""
        self._until = time.monotonic() + self._seconds

    def has_passed(self) -> bool:
        return time.monotonic() > self._until


@contextmanager
def only_reading(
    raw: sqlite3.Connection, deadline: Deadline, stopped: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Bounds what is run on a connection meanwhile. What goes beyond is a `sqlite3.Error`."""
    tables = frozenset(
        name.lower()
        for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        if name.lower() != MARKER
    )
    # A connection sets these up when they are first named, by statements that are refused below.
    raw.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").close()
    before = [(kind, raw.setlimit(kind, most)) for kind, most in _LIMITS]
    raw.set_authorizer(_judge(tables))
    raw.set_progress_handler(lambda: stopped() or deadline.has_passed(), _STEPS)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)
        raw.set_authorizer(None)
        for kind, most in before:
            raw.setlimit(kind, most)


def _judge(tables: frozenset[str]) -> Callable[..., int]:
    def judge(
        action: int, first: str | None, second: str | None, _database: str | None, _source: str | None
    ) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            allowed = (first or "").lower() in tables | _TABLE_FUNCTIONS
            return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN_FUNCTIONS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return judge
