"""Limits what a user's own query on an embedded database may do.

SQLite runs the query inside this process. So the query may read the tables of its database, but no other file, and it
may not use pragmas. No value may be larger than a row of an audience, and the query is stopped when its time is up.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from horarium.domain.audience import ROW_SIZE_LIMIT
from horarium.executors.sql.config import MARKER

# Together these limit the memory that one row can use while SQLite computes it. Tables have at most 201 columns.
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
# Functions that stand in a query like tables.
_TABLE_FUNCTIONS = frozenset(("json_each", "json_tree"))
_FORBIDDEN_FUNCTIONS = frozenset(("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"))

# How many instructions SQLite executes between two checks of the time. They take much less than a millisecond.
_STEPS = 10_000


class Deadline:
    """The time at which a query is stopped. `seconds` is how long it may take until its next row.

    Uses the monotonic clock.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Starts the time anew, as after each row."""
        self._until = time.monotonic() + self._seconds

    def has_passed(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._until


@contextmanager
def only_reading(
    raw: sqlite3.Connection, deadline: Deadline, stopped: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Within this context, a connection may only read the tables of its database, within the limits.

    Statements are stopped when the deadline has passed or `stopped()` is true. A statement that is refused or stopped
    raises `sqlite3.Error`. Leaving the context removes the limits.
    """
    tables = frozenset(
        name.lower()
        for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        if name.lower() != MARKER
    )
    # SQLite sets these two up when they are first used, by statements that are refused below. So use them now.
    raw.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").close()
    before = [(kind, raw.setlimit(kind, limit)) for kind, limit in _LIMITS]
    raw.set_authorizer(_authorizer(tables))
    raw.set_progress_handler(lambda: stopped() or deadline.has_passed(), _STEPS)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)
        raw.set_authorizer(None)
        for kind, limit in before:
            raw.setlimit(kind, limit)


def _authorizer(tables: frozenset[str]) -> Callable[..., int]:
    """A function that SQLite asks for each action of a statement: reading these `tables` is allowed."""

    def authorize(
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

    return authorize
