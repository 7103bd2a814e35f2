"""Requests with an Idempotency-Key: done once, answered again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.fire import Fire, FireKind
from horarium.domain.ids import Id, fire_id
from horarium.domain.schedule import Schedule
from horarium.store.base import Tx, portable
from horarium.store.verbs.creation import create_schedules
from horarium.store.verbs.ledger import get_fire
from horarium.store.verbs.manual import fire_by_hand
from horarium.store.verbs.page_bytes import delete_some
from horarium.store.verbs.schedules import get_schedule

P = ParamSpec("P")
# How long the same key means the same request.
KEPT_MS = 86_400_000
# Stands for the subject of a request until it is made, within one transaction.
_NOT_KNOWN_YET = b""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may come again: what it asks for (`scope`), its key, and a hash of its body."""

    workspace_id: Id
    scope: str
    key: str
    hash: bytes


class HasId(Protocol):
    """Something that a request has made."""

    @property
    def id(self) -> Id: ...


Made = TypeVar("Made", bound=HasId)


class MadeBefore(NamedTuple):
    """The request came before: the id of what it made then."""

    id: Id


class StoredAnswer(NamedTuple):
    """What is kept of a request: the hash of its body, and the id of what it made, or the answer as it was given."""

    request_hash: bytes
    subject: bytes


async def claim(tx: Tx, request: Request, subject: Id, now: int) -> Id | None:
    """Note that `request` is answered with `subject`; where it is not new, the first answer's subject.

    Raises Conflict (idempotency) where the key came with another body within KEPT_MS.
    """
    place = {"workspace_id": request.workspace_id, "scope": request.scope, "key": request.key}
    await tx.run("forget_answer", **place, before=now - KEPT_MS)
    if await tx.run("claim_answer", **place, request_hash=request.hash, subject=subject, now=now):
        return None
    first = StoredAnswer._make(await tx.row("get_answer", **place))
    if first.request_hash != request.hash:
        words = "this Idempotency-Key came with another body before; use a new key for a new request"
        raise Conflict(words, "idempotency", "Idempotency-Key")
    return first.subject


def once(
    verb: Callable[Concatenate[Tx, P], Awaitable[Made]], request: Request, now: int
) -> Callable[Concatenate[Tx, P], Awaitable[Made | MadeBefore]]:
    """A verb that makes something, and does so once for a request: that it came is noted in the same transaction.

    Raises Conflict (idempotency).
    """

    async def done_once(tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> Made | MadeBefore:
        first = await claim(tx, request, _NOT_KNOWN_YET, now)
        if first is not None:
            return MadeBefore(first)
        made = await verb(tx, *args, **kwargs)
        await keep_answer(tx, request, _NOT_KNOWN_YET, made.id)
        return made

    done_once.__name__ = getattr(verb, "__name__", "verb")
    return done_once


def gone() -> Conflict:
    """The error for a request whose result was deleted before it came again."""
    words = "what this Idempotency-Key made has been deleted; use a new key to make it again"
    return Conflict(words, "gone", "Idempotency-Key")


async def create_schedule_once(
    tx: Tx, schedule: Schedule, request: Request, now: int, entry: AuditEntry | None = None
) -> tuple[Schedule, bool]:
    """Make a schedule, or find the one that the same request made before (then True). `entry` is recorded where it is
    made.

    Raises Conflict (idempotency; key_taken; gone where what the request made has been deleted).
    """
    first = await claim(tx, request, schedule.id, now)
    if first is None:
        await create_schedules(tx, [schedule])
        _record(tx, entry)
        return schedule, False
    try:
        return await get_schedule(tx, request.workspace_id, first), True
    except NotFound:
        raise gone() from None


async def create_with_answer(
    tx: Tx,
    schedule: Schedule,
    request: Request,
    write: Callable[[Schedule], bytes],
    now: int,
    entry: AuditEntry | None = None,
) -> bytes:
    """Make a schedule once for a request; the first answer, as `write` wrote it then. `entry` is recorded where the
    schedule is made.

    Raises Conflict (idempotency; key_taken).
    """
    answer = write(schedule)
    first = await claim(tx, request, answer, now)
    if first is not None:
        return first
    await create_schedules(tx, [schedule])
    _record(tx, entry)
    return answer


async def fire_once(
    tx: Tx,
    schedule_id: Id,
    request: Request,
    now: int,
    check: Callable[[Schedule], None],
    entry: AuditEntry | None = None,
) -> Fire | bytes:
    """Fire by hand once for a request: the fire while its answer has not been kept, else the first answer.

    `check` raises if the caller may not fire the schedule. Raises NotFound, Conflict (idempotency), and what `check`
    raises. `entry` is recorded where the schedule is fired.
    """
    schedule = await get_schedule(tx, request.workspace_id, schedule_id)
    check(schedule)
    new = fire_id(schedule_id, FireKind.MANUAL, now, request.key)
    first = await claim(tx, request, new, now)
    if first is not None and len(first) != len(new):
        return first
    if first is None:
        await fire_by_hand(tx, schedule, FireKind.MANUAL, now, request.key, now)
        _record(tx, entry)
    return await get_fire(tx, request.workspace_id, first or new)


def _record(tx: Tx, entry: AuditEntry | None) -> None:
    if entry is not None:
        tx.record(entry)


async def keep_answer(tx: Tx, request: Request, subject: Id, answer: bytes) -> bytes:
    """Keep the answer to a request in the place of its subject; the one that was kept first."""
    place = {"workspace_id": request.workspace_id, "scope": request.scope, "key": request.key}
    if await tx.run("keep_answer", **place, subject=subject, answer=answer):
        return answer
    row = await tx.row("get_answer", **place)
    return answer if row is None else StoredAnswer._make(row).subject


@portable
async def forget_answers(tx: Tx, before_ms: int, limit: int) -> int:
    """Forget up to `limit` requests from before an instant, fewer where their answers are large; how many. There may be
    more while it is any."""
    return await delete_some(tx, "forget_answers", limit, before=before_ms)
