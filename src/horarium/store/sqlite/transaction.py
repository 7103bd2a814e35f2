"""A transaction on a connection to SQLite: how named statements are executed, and how a verb is run."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Coroutine, Mapping, Sequence, Set
from itertools import chain
from typing import Any, cast

from horarium.domain.audit import AuditEntry
from horarium.domain.events import EventNote
from horarium.domain.ids import Id
from horarium.store.base import OUTBOX, Duplicate, T, cannot_hold, earliest
from horarium.store.figures import Counted
from horarium.store.sqlite import packed
from horarium.store.statements import Statement

# How many rows one execution of a statement takes. There are few sizes, so that each is prepared only once. Python's
# interpreter lock is released and taken again for each execution, and while the event loop is busy that means waiting
# each time: row by row, 400 inserts and updates took a second instead of 20 ms. More than 64 at once are no faster, and
# statements for up to 1,024 rows, which stay prepared, kept 4 MB.
ROWS_AT_ONCE = (64, 32, 16, 8, 4, 2, 1)

# From how many rows on a result is taken in one step.
PACKED_FROM = 64
# How many executions of one query are each expected to find that many.
FEW_EXECUTIONS = 4


class SqliteTx:
    """A transaction on one connection. Before the commit the store writes the audit entries in `recorded` and the
    events in `told`, after it the store tells its listeners what `announced` holds, and counts what `counted` says.
    `packs`: many rows are read in one step, because another thread of the process may want the interpreter lock."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        statements: dict[str, Statement],
        recording: Set[Id] = frozenset(),
        packs: bool = True,
    ) -> None:
        self._connection = connection
        self._packs = packs
        self._statements = statements
        self.recording = recording
        self.told: list[EventNote] = []
        self.announced: dict[str, int] = {}
        self.recorded: list[AuditEntry] = []
        self.counted: list[Counted] = []

    def _execute(self, name: str, params: dict[str, Any]) -> sqlite3.Cursor:
        statement = self._statements[name]
        try:
            return self._connection.execute(*statement.sqlite_text(params))
        except _NOT_HELD as error:
            raise _translated(error) from error

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        return self._execute(statement, params).fetchall()

    async def tuples(self, statement: str, **params: Any) -> Sequence[Sequence[Any]]:
        prepared = self._statements[statement]
        wanted = params.get("limit") if prepared.listed is None else len(params[prepared.listed])
        if not self._packs or (wanted is not None and wanted < PACKED_FROM):
            return await self.rows(statement, **params)
        return self._packed(prepared, *prepared.sqlite_text(params))

    def _packed(
        self, prepared: Statement, sql: str, values: Mapping[str, Any] | Sequence[Any]
    ) -> Sequence[Sequence[Any]]:
        try:
            return packed.fetch(self._connection, prepared.name, sql, values)
        except sqlite3.DataError:  # the rows together are longer than SQLite's longest text
            return self._connection.execute(sql, values).fetchall()

    async def row(self, statement: str, **params: Any) -> Any:
        cursor = self._execute(statement, params)
        found = cursor.fetchone()
        cursor.close()
        return found

    async def run(self, statement: str, **params: Any) -> int:
        return self._execute(statement, params).rowcount

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        prepared, touched, start = self._statements[statement], 0, 0
        try:
            if not prepared.columns:
                return self._connection.executemany(prepared.sql, rows).rowcount
            if len(rows) == 1:
                return self._connection.execute(prepared.sqlite_rows(1), tuple(rows[0])).rowcount
            for size in ROWS_AT_ONCE:
                while len(rows) - start >= size:
                    values = tuple(chain.from_iterable(rows[start : start + size]))
                    touched += self._connection.execute(prepared.sqlite_rows(size), values).rowcount
                    start += size
        except _NOT_HELD as error:
            raise _translated(error) from error
        return touched

    async def each(self, statement: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        prepared = self._statements[statement]
        if self._packs and len(rows) <= FEW_EXECUTIONS:
            return [found for row in rows for found in self._packed(prepared, prepared.sql, row)]
        return [found for row in rows for found in self._connection.execute(prepared.sql, row)]

    def announce(self, topic: str, at_ms: int) -> None:
        earliest(self.announced, topic, at_ms)

    def record(self, entry: AuditEntry) -> None:
        self.recorded.append(entry)

    def tell(self, note: EventNote) -> None:
        self.told.append(note)
        self.announce(OUTBOX, note.at_ms)

    def count(self, figure: str, which: str | int, times: int) -> None:
        self.counted.append(Counted(figure, which, times))


# Raised for a violated constraint, a number of more than 64 bits, and a text that is not valid Unicode.
_NOT_HELD = (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError)


def _translated(error: Exception) -> Exception:
    if not isinstance(error, sqlite3.IntegrityError):
        return cannot_hold(error)
    text = str(error)
    return Duplicate(text.partition(": ")[2]) if "UNIQUE" in text or "PRIMARY KEY" in text else error


def drive(verb: Awaitable[T]) -> T:
    """Run a verb to its end without an event loop. Raises RuntimeError where it awaits anything but its transaction."""
    coroutine = cast("Coroutine[Any, Any, T]", verb)
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    coroutine.close()
    raise RuntimeError("a store verb awaited something other than its transaction")
