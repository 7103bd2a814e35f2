"""What a store is to the rest of the house.

A *verb* is an async function whose first argument is a transaction: values and pure functions go in, values
come out, and nothing but the transaction is awaited inside. A store runs verbs, each whole or not at all.
Verbs live in `horarium.store.verbs`; the databases differ only behind `Tx`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from horarium.domain.errors import Invalid, Problem

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V", bound=Callable[..., Any])

Signal = Callable[[str, int], None]
"""Called after the commit of a verb that announced something: a topic and the instant (ms) it is about."""

DUE = "due"
"""Topic: a schedule's next due instant moved to the given one."""
READY = "ready"
"""Topic: runs can be claimed from the given instant on."""
FANOUT = "fanout"
"""Topic: a fire waits for its audience."""
CANCELLED = "cancelled"
"""Topic: runs were cancelled; workers look whether one of theirs is among them."""


class Tx(Protocol):
    """One open transaction. Statements are named; parameters are keywords."""

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        """All result rows."""

    async def row(self, statement: str, **params: Any) -> Any:
        """The first result row, or None."""

    async def run(self, statement: str, **params: Any) -> int:
        """Execute; how many rows were touched."""

    async def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Execute once for each row (values in the order of the statement's own columns); rows touched in
        all."""

    async def each(self, statement: str, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """Query once for each row (values in the order of the statement's own columns); all result rows."""

    def announce(self, topic: str, at_ms: int) -> None:
        """Tell listeners after the commit; of several on one topic the earliest counts."""


def cannot_hold(error: Exception) -> Invalid:
    """What a caller is told of a value that the database refuses."""
    return Invalid(Problem("", f"the database cannot hold one of the values: {error}"))


class Store(Protocol):
    """Where verbs are run. `write` is for the API, `urgent` for the engine: it goes first. `read` sees what
    is committed and changes nothing."""

    # Whether other processes may work on the same database.
    shared: bool

    async def write(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    async def write_grouped(self, verb: Callable[[Tx, Sequence[T]], Awaitable[object]], item: T) -> None:
        """Write one item with a verb that takes a list of them; items that come at the same time from several
        callers share one commit. An item that the verb refuses (Conflict, Invalid) fails alone."""

    async def urgent(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    async def read(
        self, verb: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    def listen(self, signal: Signal) -> None:
        """Call `signal` on the event loop after each commit that announced something."""

    async def now_ms(self) -> int:
        """The database's own clock: the judge between nodes."""

    async def close(self) -> None: ...


def point(verb: V) -> V:
    """Marks a verb that only looks up a few rows by key: quicker done where it is called than in a thread."""
    verb.point = True  # type: ignore[attr-defined]
    return verb


class Duplicate(Exception):
    """A uniqueness constraint refused a row; `constraint` is its name as far as the database tells."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__(constraint)


def earliest(announced: dict[str, int], topic: str, at_ms: int) -> None:
    """Note an announcement, keeping the earliest instant of each topic."""
    known = announced.get(topic)
    if known is None or at_ms < known:
        announced[topic] = at_ms
