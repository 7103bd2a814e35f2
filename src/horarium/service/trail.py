"""Who makes a request, as the audit log tells it, and the entries that use cases write.

Whether somebody may do something is decided by the Identity that a use case is given. Who did it is only noted, so it
is not handed through every call: `act_as` notes it once for the task that answers a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, TypeVar

from horarium.domain.audit import Actor, AuditEntry, content_of
from horarium.domain.ids import Id, numbered_id
from horarium.domain.same_json import is_same_json
from horarium.store.base import Tx

P = ParamSpec("P")
T = TypeVar("T")

# Who acts if nobody was noted: the server itself.
SERVER = Actor()

# Within a verb of the store nobody is known to act: SQLite runs it in a thread of its own, and other verbs beside it.
_acting: ContextVar[Actor | None] = ContextVar("acting", default=SERVER)
# The id of the request that the present task answers; None where it answers none. Log lines tell it.
REQUEST: ContextVar[str | None] = ContextVar("request", default=None)


def act_as(actor: Actor) -> None:
    """Note who acts in the present task and in the tasks that it starts."""
    _acting.set(actor)


def acting() -> Actor:
    """Who acts in the present task. Raises RuntimeError within a verb of the store."""
    actor = _acting.get()
    if actor is None:
        raise RuntimeError("make the trail before the verb: within it nobody is known to act")
    return actor


class Trail:
    """Makes the entries of one use case. It keeps who acts, because verbs of the store run elsewhere. By default that
    is who acts in the present task."""

    __slots__ = ("at_ms", "by", "workspace_id")

    def __init__(self, workspace_id: Id, at_ms: int, by: Actor | None = None) -> None:
        self.workspace_id, self.at_ms, self.by = workspace_id, at_ms, acting() if by is None else by

    def entry(self, action: str, prefix: str, subject: Id | str, **said: Any) -> AuditEntry:
        """An entry about a thing: the prefix of its ids and its id, or its name. `said` is written as JSON."""
        about = f"{prefix}:{subject.hex() if isinstance(subject, bytes) else subject}"
        return AuditEntry(
            numbered_id(self.at_ms),
            self.workspace_id,
            action,
            about,
            self.by.principal_id,
            content_of(self.at_ms, action, about, self.by, said),
        )


def recording(
    verb: Callable[Concatenate[Tx, P], Awaitable[T]], entries: Callable[[T], Iterable[AuditEntry]]
) -> Callable[Concatenate[Tx, P], Awaitable[T]]:
    """A verb that also writes the entries about what it returns, in its own transaction. They are made by a trail that
    was there before."""

    async def recorded(tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> T:
        answer = await verb(tx, *args, **kwargs)
        before = _acting.set(None)
        try:
            for entry in entries(answer):
                tx.record(entry)
        finally:
            _acting.reset(before)
        return answer

    recorded.__name__ = getattr(verb, "__name__", "verb")
    return recorded


def noting(
    verb: Callable[Concatenate[Tx, P], Awaitable[T]], entry: AuditEntry
) -> Callable[Concatenate[Tx, P], Awaitable[T]]:
    """A verb that also writes an entry, in its own transaction."""
    return recording(verb, lambda _: (entry,))


def watched(change: Callable[[T], T], seen: list[T]) -> Callable[[T], T]:
    """A change that also keeps in `seen` what it was given. A verb that is run again overwrites it."""

    def watching(before: T) -> T:
        seen[:] = [before]
        return change(before)

    return watching


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What an entry says about a change: the fields that differ, as they were and as they are."""
    names = [name for name in {**before, **after} if not is_same_json(before.get(name), after.get(name))]
    return {
        "before": {name: before.get(name) for name in names},
        "after": {name: after.get(name) for name in names},
    }
