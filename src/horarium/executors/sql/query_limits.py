"""Limits what a user's own query on an embedded database may do.

SQLite runs the query inside this process. So the query may read the tables of its database, but no other file, and it
may not use pragmas. No value may be larger than a row of an audience, and the query is stopped when its time is up, or
when it has written too much to temporary files, as sorting does.

SQLite looks whether it is to stop where its program jumps, as it does for each row, and never within a function. So
functions that can take long are refused, bounded, or may stand only so often in a program.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

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
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
# Functions that stand in a query like tables.
_TABLE_FUNCTIONS = frozenset(("json_each", "json_tree"))
_FORBIDDEN_FUNCTIONS = frozenset(("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"))
# Functions whose time grows with the product of two objects: seconds for one call.
_TOO_SLOW = frozenset(("json_patch", "jsonb_patch"))

# Functions whose time grows with the product of two texts: up to a seventh of a second for one call. `MOST_COSTLY` is
# how many of them one program may have, as SQLite has compiled it: a column of a subquery is computed wherever it is
# named.
_COSTLY = ("like(", "glob(", "instr(", "replace(")
MOST_COSTLY = 50
# The most characters of a text times those to be cut off its ends.
_MOST_TRIMMED = 5_000_000

# How many instructions SQLite executes between two checks. They take much less than a millisecond without large values,
# and with the largest ones they write some 30 MB.
_STEPS = 1_000
# The most that a query may write to temporary files, in bytes, and how often this is looked at, in seconds.
MOST_WRITTEN = 256 * 1024 * 1024
_LOOK_S = 0.01


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


class Watch:
    """Looks at a running query. `why` says why it was stopped, for a sentence that begins with the query."""

    def __init__(self, deadline: Deadline, stopped: Callable[[], bool]) -> None:
        self._deadline, self._stopped = deadline, stopped
        self._written_before, self._next_look = _written(), 0.0
        self.why: str | None = None

    def must_stop(self) -> bool:
        """Whether the query is to be stopped. To be called in the thread that runs it."""
        if self._stopped() or self._deadline.has_passed():
            return True
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_S
            if _written() - self._written_before > MOST_WRITTEN:
                self.why = (
                    f"writes more than {MOST_WRITTEN >> 20} MB to temporary files, which it needs for what it sorts, "
                    "groups or makes distinct"
                )
        return self.why is not None

    def trimmed(self, strip: Callable[[str, frozenset[str]], str], text: Any, characters: Any) -> Any:
        """What a function that cuts characters off a text answers. Raises ValueError if that would take long."""
        if text is None or characters is None:
            return None
        text, characters = _as_text(text), _as_text(characters)
        if len(text) * len(characters) > _MOST_TRIMMED:
            self.why = "cuts more different characters off a text than may be looked for"
            raise ValueError(self.why)
        return strip(text, frozenset(characters))


def _written() -> int:
    """The bytes that this thread has written so far. 0 on systems other than Linux, which do not tell."""
    try:
        with open("/proc/thread-self/io", "rb", buffering=0) as told:
            return int(told.read(500).partition(b"wchar:")[2].split(maxsplit=1)[0])
    except (OSError, IndexError, ValueError):
        return 0


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _begin(text: str, characters: frozenset[str]) -> int:
    return next((at for at, one in enumerate(text) if one not in characters), len(text))


def _left(text: str, characters: frozenset[str]) -> str:
    return text[_begin(text, characters) :]


def _right(text: str, characters: frozenset[str]) -> str:
    return text[: len(text) - _begin(text[::-1], characters)]


def _both(text: str, characters: frozenset[str]) -> str:
    return _left(_right(text, characters), characters)


# The functions that cut characters off a text. SQLite's own take seconds where there are many characters.
_TRIMS = (("trim", _both), ("ltrim", _left), ("rtrim", _right))


def check_program(instructions: Iterable[Sequence[Any]]) -> str | None:
    """What is wrong with a query, by what EXPLAIN answers for it, for a sentence that begins with it, or None."""
    costly = sum(str(one[5]).startswith(_COSTLY) for one in instructions)
    if costly > MOST_COSTLY:
        return f"computes {costly} times LIKE, GLOB, instr or replace, but at most {MOST_COSTLY} may stand in a query"
    return None


@contextmanager
def only_reading(
    raw: sqlite3.Connection, deadline: Deadline, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Watch]:
    """Within this context, a connection may only read the tables of its database, within the limits.

    Statements are stopped when the deadline has passed, `stopped()` is true, or one writes too much to temporary files.
    A statement that is refused or stopped raises `sqlite3.Error`. Leaving the context removes the limits. But the
    functions that cut characters off a text stay bounded, because nothing else uses them.
    """
    tables = frozenset(
        name.lower()
        for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        if name.lower() != MARKER
    )
    # SQLite sets these two up when they are first used, by statements that are refused below. So use them now.
    raw.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").close()
    watch = Watch(deadline, stopped)
    before = [(kind, raw.setlimit(kind, limit)) for kind, limit in _LIMITS]
    for name, strip in _TRIMS:
        raw.create_function(name, 2, partial(watch.trimmed, strip), deterministic=True)
    raw.set_authorizer(_authorizer(tables))
    raw.set_progress_handler(watch.must_stop, _STEPS)
    try:
        yield watch
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
        if (
            action == sqlite3.SQLITE_FUNCTION
            and (second or "").lower() not in _FORBIDDEN_FUNCTIONS | _TOO_SLOW
        ):
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return authorize
