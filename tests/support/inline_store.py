"""A SQLite store without threads: each verb runs where it is called, and a simulation can fail it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from typing import Any, Concatenate

from horarium.domain.ids import Id
from horarium.store.base import P, Signal, T, Tx
from horarium.store.figures import StoreFigures
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.sqlite.writer_process import Call, pickled, unpickled
from horarium.store.statements import load
from horarium.store.verbs.audit import append
from horarium.store.verbs.events import write_notes

# Of the calls of a verb that may run in another process, how many of the first are given copies of their arguments, and
# one in how many of the others. Copies of all of them took an eighth of the time of a simulated world.
COPIED_FIRST = 20
COPIED_OF = 10


class InlineSqliteStore:
    """A store on one connection, every verb run at once where it is called: for simulations and tests.

    A verb that is marked `portable` gets copies of its arguments, and its caller a copy of its answer, as where it runs
    in another process: the first calls of each verb, and some of the others.

    `clock` gives the database's time; `hook`, where set, is called with ("begin" | "commit", verb name) so
    that a simulation can fail before or after the commit.
    """

    flavour = "sqlite"
    shared = True

    def __init__(
        self,
        clock: Callable[[], int],
        path: str = ":memory:",
        hook: Callable[[str, str], Awaitable[None]] | None = None,
    ) -> None:
        self.connection = connect(path, durable=False)
        self._clock = clock
        self._hook = hook
        self._statements = load("sqlite")
        self._signals: list[Signal] = []
        self.figures = StoreFigures()
        self.recording: Set[Id] = frozenset()
        self._portable_calls: Counter[str] = Counter()

    def listen(self, signal: Signal) -> None:
        self._signals.append(signal)

    def forget_listeners(self) -> None:
        """As after a crash of the process that listened."""
        self._signals.clear()

    async def now_ms(self) -> int:
        return self._clock()

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        name = getattr(verb, "__name__", "verb")
        if self._hook is not None:
            await self._hook("begin", name)
        portable = getattr(verb, "portable", False)
        tx = SqliteTx(self.connection, self._statements, self.recording, packs=not portable)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            if portable and self._is_copied(name):
                answer = _as_in_another_process(verb, tx, args, kwargs)
            else:
                answer = drive(verb(tx, *args, **kwargs))
            if tx.recorded:
                drive(append(tx, tx.recorded))
            if tx.told:
                drive(write_notes(tx, tx.told))
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        self.figures.take(tx.counted, 0.0)
        for topic, at in tx.announced.items():
            for signal in self._signals:
                signal(topic, at)
        if self._hook is not None:
            await self._hook("commit", name)
        return answer

    def _is_copied(self, verb: str) -> bool:
        self._portable_calls[verb] += 1
        calls = self._portable_calls[verb]
        return calls <= COPIED_FIRST or calls % COPIED_OF == 0

    async def write_grouped(self, verb: Callable[[Tx, Sequence[Any]], Awaitable[T]], item: Any) -> T:
        return await self.write(verb, [item])

    urgent = write

    async def read(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a verb that changes nothing; there is nothing to commit.

        Rows that it changes all the same are counted. `PRAGMA query_only` would refuse them, but each use of it makes
        SQLite prepare every statement of the connection anew, which took most of the time of a simulated world.
        """
        before = self.connection.total_changes
        answer = drive(verb(SqliteTx(self.connection, self._statements), *args, **kwargs))
        assert self.connection.total_changes == before, f"{verb} was to read and has written"
        return answer

    async def bytes(self) -> int:
        return 0

    def waiting(self) -> dict[str, int]:
        return {"engine": 0, "api": 0}

    async def close(self) -> None:
        self.connection.close()


def _as_in_another_process(verb: Any, tx: Tx, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    its_verb, its_args, its_kwargs, _ = unpickled(pickled(Call(verb, args, kwargs, prompt=False)))
    try:
        answer = drive(its_verb(tx, *its_args, **its_kwargs))
    except Exception as error:
        raise unpickled(pickled(error)) from error
    return unpickled(pickled(answer))
