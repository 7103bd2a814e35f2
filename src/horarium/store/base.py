"""What the rest of the program knows of a store.

A *verb* is an async function whose first argument is a transaction. Its other arguments are values and pure
functions, it returns a value, and inside it awaits nothing but the transaction. A store runs a verb as one
transaction: all of it is committed, or nothing. Verbs live in `horarium.store.verbs`. Whatever differs between
the databases is hidden behind `Tx`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import fields
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Invalid, Problem, Unavailable
from horarium.domain.events import EventNote
from horarium.domain.ids import Id
from horarium.store.figures import StoreFigures

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")
V = TypeVar("V", bound=Callable[..., Any])

# A listener. It is called after the commit of a verb that announced something, with the topic and an instant (ms).
Signal = Callable[[str, int], None]

# Topic: the next due instant of a schedule is now the given one.
DUE = "due"

# Topic: runs can be claimed from the given instant on.
READY = "ready"

# Topic: a fire waits for its audience.
FANOUT = "fanout"

# Topic: runs were cancelled, and each worker checks whether one of them is its own.
CANCELLED = "cancelled"

# Topic: what a key may do has changed, so nobody may go on using what they remember of keys.
ACCESS = "access"

# Topics: targets were changed, and grants were taken away. What workers have in hand and not begun follows.
TARGETS, GRANTS = "targets", "grants"

# Topic: a node has nothing to begin, and takes what busy nodes have in hand and not begun.
IDLE = "idle"

# Topic: transactions have noted what becomes events.
OUTBOX = "outbox"

# Topic: logs of events have become longer.
EVENTS = "events"

# Topic: a webhook was made, changed or deleted, or the events of a workspace are wanted now.
WEBHOOKS = "webhooks"

# Topic: a run that another engine has is to be looked at from the given instant on.
LOOK = "look"


class Tx(Protocol):
    """One open transaction. `statement` is the name of a statement in `sql/`; its parameters are keywords."""

    # The workspaces whose events are recorded. A verb notes events of no other workspace.
    recording: Set[Id]

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        """All rows of the result."""

    async def tuples(self, statement: str, **params: Any) -> Sequence[Sequence[Any]]:
        """All rows of the result, to be read by position, where they may be thousands."""

    async def row(self, statement: str, **params: Any) -> Any:
        """The first row of the result, or None."""

    async def run(self, statement: str, **params: Any) -> int:
        """Execute a statement; the number of rows that it inserted, changed or deleted."""

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Execute a statement for many rows of parameters, each in the order of the statement's own columns;
        the number of rows inserted, changed or deleted."""

    async def each(self, statement: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """Query for many rows of parameters, each in the order of the statement's own columns; all rows found."""

    def announce(self, topic: str, at_ms: int) -> None:
        """Have listeners told after the commit. Of several instants on one topic they hear the earliest."""

    def record(self, entry: AuditEntry) -> None:
        """Have an entry of the audit log written with this transaction, just before the commit."""

    def tell(self, note: EventNote) -> None:
        """Have an event noted with this transaction, just before the commit. Its workspace is one of `recording`."""

    def count(self, figure: str, which: str | int, times: int) -> None:
        """Have something counted after the commit, in one of the figures that figures.py names."""


def cannot_hold(error: Exception) -> Invalid:
    """The error that a caller gets for a value that the database refuses to store."""
    return Invalid(Problem("", f"the database cannot hold one of the values: {error}"))


class Store(Protocol):
    """Runs verbs, each as one transaction.

    `write` is for the API. `urgent` is for the engine, and goes before it. `read` sees what is committed and
    cannot change anything. All raise what the verb raises, and Unavailable where the database cannot do it.
    """

    # Whether other processes may work on the same database.
    shared: bool
    # The workspaces whose events are recorded, as far as this process knows.
    recording: Set[Id]
    # What this process counts of its work on the database.
    figures: StoreFigures

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    async def write_grouped(self, verb: Callable[[Tx, Sequence[Item]], Awaitable[T]], item: Item) -> T:
        """Write one item with a verb that takes a list of them; items that come at the same time from several
        callers share one commit, and each caller gets what the verb returned for them all. An item that the verb
        refuses (with any HorariumError but Unavailable) fails alone."""

    async def urgent(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    async def read(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    def listen(self, signal: Signal) -> None:
        """Call `signal` on the event loop after every commit that announced something."""

    async def now_ms(self) -> int:
        """The database's own clock, in milliseconds since the epoch. All nodes follow it. Raises Unavailable."""

    async def bytes(self) -> int:
        """The size of the database, with its indexes and SQLite's log. Raises Unavailable."""

    def waiting(self) -> dict[str, int]:
        """How many verbs wait for their turn: those of the engine ("engine") and of the API ("api")."""

    async def close(self) -> None: ...


def point(verb: V) -> V:
    """Mark a verb that only looks up a few rows by key: SQLite runs it on the event loop, because handing it to a
    thread takes longer than the look-up. It has no transaction there, so each of its statements sees the latest state.
    """
    verb.point = True  # type: ignore[attr-defined]
    return verb


def prompt(verb: V) -> V:
    """Mark a verb that others wait for by the clock. On SQLite, where one writer serves all in turn, it goes before
    other urgent ones, and what it wrote is committed at once. On PostgreSQL it runs in a thread of its own, so it must
    share nothing with others but plain values."""
    verb.prompt = True  # type: ignore[attr-defined]
    return verb


def portable(verb: V) -> V:
    """Mark a verb that may run in another process: its arguments, its answer and its errors are plain values, and it
    changes none of its arguments."""
    verb.portable = True  # type: ignore[attr-defined]
    return verb


def sent_by_fields(kind: type[T]) -> type[T]:
    """Have the objects of a dataclass pickled as the values of its fields, in a third of the time."""
    values = attrgetter(*(field.name for field in fields(kind)))  # type: ignore[arg-type]
    kind.__reduce__ = lambda self: (kind, values(self))  # type: ignore[method-assign]
    return kind


class CommitUnknown(Unavailable):
    """The connection was lost while committing: the verb may have been done."""

    def __init__(self) -> None:
        super().__init__(
            "the connection to the database was lost during the commit: its outcome is not known"
        )


class Duplicate(Exception):
    """A uniqueness constraint refused a row. `constraint` is its name, as far as the database tells."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__(constraint)


def earliest(announced: dict[str, int], topic: str, at_ms: int) -> None:
    """Enter an announcement, so that the earliest instant of each topic is kept."""
    known = announced.get(topic)
    if known is None or at_ms < known:
        announced[topic] = at_ms
