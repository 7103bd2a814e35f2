"""A group of verbs that one transaction of SQLite's writer commits together."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence, Set
from typing import Any

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Unavailable
from horarium.domain.events import EventNote
from horarium.domain.ids import Id
from horarium.store.base import Tx
from horarium.store.figures import Counted
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.statements import Statement
from horarium.store.verbs.audit import append
from horarium.store.verbs.events import write_notes

# How long the writer takes further verbs into one commit. It bounds how long the first of them waits.
GROUP_SECONDS = 0.02


class Task:
    """A verb that is to be run and what became of it. `seconds` is how long it took. `prompt`: what it wrote is
    committed at once."""

    __slots__ = ("announced", "answer", "counted", "error", "prompt", "recorded", "seconds", "told", "verb")

    def __init__(self, verb: Callable[[Tx], Awaitable[Any]], prompt: bool = False) -> None:
        self.verb = verb
        self.prompt = prompt
        self.answer: Any = None
        self.error: BaseException | None = None
        self.announced: dict[str, int] = {}
        self.recorded: list[AuditEntry] = []
        self.told: list[EventNote] = []
        self.counted: list[Counted] = []
        self.seconds = 0.0

    def fail(self, error: BaseException) -> None:
        """Nothing of it is committed, also where it was run before with success."""
        self.error = error
        self.announced, self.recorded, self.told, self.counted = {}, [], [], []


class GroupWriter:
    """Runs verbs on one connection, in groups. `recording` and `packs`: as for `SqliteTx`. `refused` counts the verbs
    that the database could not do, without those of groups that it could not commit."""

    def __init__(
        self, connection: sqlite3.Connection, statements: dict[str, Statement], packs: bool = True
    ) -> None:
        self._connection = connection
        self._packs = packs
        self._statements = statements
        self.recording: Set[Id] = frozenset()
        self.refused = 0

    def write(self, done: list[Task], next_task: Callable[[], Task | None]) -> float:
        """Run tasks until none is left, GROUP_SECONDS have passed or a prompt one is done; then commit them all. Each
        task that was begun is added to `done`. The seconds that the commit took.

        A verb that fails does not affect the others. Raises sqlite3.Error, or MemoryError, where nothing could be
        committed.
        """
        connection = self._connection
        until = time.monotonic() + GROUP_SECONDS
        try:
            connection.execute("BEGIN IMMEDIATE")
            while (task := next_task()) is not None:
                done.append(task)
                if self._spoils(task):
                    self._begin_again(done)
                if task.prompt or time.monotonic() > until:
                    break
            recorded = [entry for task in done for entry in task.recorded]
            if recorded:
                drive(append(SqliteTx(connection, self._statements), recorded))
            told = [note for task in done for note in task.told]
            if told:
                drive(write_notes(SqliteTx(connection, self._statements), told))
            begun = time.monotonic()
            connection.execute("COMMIT")
            return time.monotonic() - begun
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _spoils(self, task: Task) -> bool:
        """Run a verb in the open transaction; True where it failed after it had written something."""
        connection = self._connection
        tx = SqliteTx(connection, self._statements, self.recording, self._packs)
        before = connection.total_changes
        begun = time.monotonic()
        try:
            task.answer = drive(task.verb(tx))
            task.announced, task.recorded, task.counted = tx.announced, tx.recorded, tx.counted
            task.told = tx.told
        except BaseException as error:
            if not connection.in_transaction:
                raise  # the disk is full, memory has run out, or similar: SQLite has rolled everything back
            if isinstance(error, sqlite3.OperationalError):
                self.refused += 1
                task.fail(Unavailable(f"the database refused: {error}"))
            else:
                task.fail(error)
        task.seconds = time.monotonic() - begun
        return task.error is not None and connection.total_changes != before

    def _begin_again(self, tasks: Sequence[Task]) -> None:
        """Roll back, and run the verbs that had succeeded once more.

        The usual way would be a savepoint for each verb. But inside a savepoint SQLite copies each page that a
        statement changes, every time: 60,000 rows in one verb took 9 s instead of 0.6 s.
        Verbs that fail after writing are rare.
        """
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN IMMEDIATE")
        for task in tasks:
            if task.error is None and self._spoils(task):
                return self._begin_again(tasks)
        return None
