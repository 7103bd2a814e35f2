"""A transaction on a connection to PostgreSQL: how named statements are executed, and how it is committed.

It begins with the first statement that changes or locks something. What only reads before that is executed by itself:
that shows the same, since each statement of our transactions sees what is committed when it begins (the isolation level
READ COMMITTED), and a verb that finds nothing to do costs one round trip instead of three.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence, Set
from typing import Any, cast

import asyncpg

from horarium.domain.audit import AuditEntry
from horarium.domain.events import EventNote
from horarium.domain.ids import Id
from horarium.store.base import OUTBOX, CommitUnknown, Duplicate, T, Tx, cannot_hold, earliest
from horarium.store.figures import Counted
from horarium.store.postgres.faults import LOST
from horarium.store.statements import Copied, Statement
from horarium.store.verbs.audit import append
from horarium.store.verbs.events import write_notes

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"

# Rows that are sent in one statement.
CHUNK = 5_000


class PostgresTx:
    """A transaction on one connection. Before the commit the store writes the audit entries in `recorded` and the
    events in `told`, after it the store tells its listeners what `announced` holds, and counts what `counted` says.
    `begin` opens the transaction when it is needed; until it is set each statement is executed by itself. `open` tells
    whether that has been done, `commit_s` how many seconds the commit took."""

    def __init__(
        self, connection: Any, statements: dict[str, Statement], recording: Set[Id] = frozenset()
    ) -> None:
        self.connection = connection
        self.begin: str | None = None
        self.open = False
        self._statements = statements
        self.recording = recording
        self.told: list[EventNote] = []
        self.announced: dict[str, int] = {}
        self.recorded: list[AuditEntry] = []
        self.counted: list[Counted] = []
        self.commit_s = 0.0

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        return cast("Sequence[Any]", await self._execute(self.connection.fetch, statement, params))

    async def tuples(self, statement: str, **params: Any) -> Sequence[Sequence[Any]]:
        return await self.rows(statement, **params)

    async def row(self, statement: str, **params: Any) -> Any:
        return await self._execute(self.connection.fetchrow, statement, params)

    async def run(self, statement: str, **params: Any) -> int:
        return _touched(await self._execute(self.connection.execute, statement, params))

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        prepared, touched = self._statements[statement], 0
        if prepared.copied is not None:
            return await self._copy(prepared.copied, rows)
        for start in range(0, len(rows), CHUNK):
            columns = map(list, zip(*rows[start : start + CHUNK], strict=True))
            params = dict(zip(prepared.columns, columns, strict=True))
            touched += _touched(await self._execute(self.connection.execute, statement, params))
        return touched

    async def _copy(self, what: Copied, rows: Sequence[Sequence[Any]]) -> int:
        copy = self.connection.copy_records_to_table
        await self.ensure_open()
        try:
            return _touched(await copy(what.table, records=what.records(rows), columns=what.columns))
        except asyncpg.UniqueViolationError as error:
            raise Duplicate(error.constraint_name or "") from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise cannot_hold(error) from error

    async def each(self, statement: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        if not rows:
            return ()
        columns = map(list, zip(*rows, strict=True))
        params = dict(zip(self._statements[statement].columns, columns, strict=True))
        return await self.rows(statement, **params)

    async def _execute(
        self, method: Callable[..., Awaitable[Any]], statement: str, params: dict[str, Any]
    ) -> Any:
        """Hand the statement to one of the connection's methods. Raises Duplicate."""
        prepared = self._statements[statement]
        if not prepared.only_reads:
            await self.ensure_open()
        try:
            return await method(prepared.sql, *(params[name] for name in prepared.parameters))
        except asyncpg.UniqueViolationError as error:
            raise Duplicate(error.constraint_name or "") from error

    async def ensure_open(self) -> None:
        """Open the transaction, unless that has been done or statements are executed by themselves."""
        if self.begin is not None and not self.open:
            self.open = True  # also where this is cancelled before the answer has come
            await self.connection.execute(self.begin)

    def announce(self, topic: str, at_ms: int) -> None:
        earliest(self.announced, topic, at_ms)

    def record(self, entry: AuditEntry) -> None:
        self.recorded.append(entry)

    def tell(self, note: EventNote) -> None:
        self.told.append(note)
        self.announce(OUTBOX, note.at_ms)

    def count(self, figure: str, which: str | int, times: int) -> None:
        self.counted.append(Counted(figure, which, times))


def _touched(status: str) -> int:
    """The number at the end of a command's status: "UPDATE 3"."""
    number = status.rpartition(" ")[2]
    return int(number) if number.isdecimal() else 0


async def committed(
    tx: PostgresTx, verb: Callable[[PostgresTx], Awaitable[T]], begin: str = BEGIN, *, at_once: bool = False
) -> T:
    """Run a verb between `begin` and COMMIT, as far as it does more than read. `at_once`: also what it reads first,
    since `begin` has settings that the connection would not have without it.

    Raises CommitUnknown where the connection is lost during the commit.
    """
    connection = tx.connection
    tx.begin = begin
    try:
        if at_once:
            await tx.ensure_open()
        answer = await verb(tx)
        if tx.recorded:
            await append(tx, tx.recorded)
        if tx.told:
            await write_notes(tx, tx.told)
    except BaseException:
        if tx.open and not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    if not tx.open:
        return answer
    begun = time.monotonic()
    try:
        status = await connection.execute("COMMIT")
    except LOST as error:
        raise CommitUnknown from error
    tx.commit_s = time.monotonic() - begun
    if status != "COMMIT":
        raise RuntimeError("a verb went on after the database had refused one of its statements")
    return answer


async def database_now(tx: Tx) -> int:
    """The database's clock, in milliseconds since the epoch."""
    row = await tx.row("now_ms")
    return int(row[0])


async def database_bytes(tx: Tx) -> int:
    """The size of the database with its indexes."""
    row = await tx.row("database_bytes")
    return int(row[0])
