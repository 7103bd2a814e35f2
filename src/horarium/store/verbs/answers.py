"""Requests with an Idempotency-Key: done once, answered again."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.store.base import Tx
from horarium.store.verbs.schedules import create_schedules, get_schedule

KEPT_MS = 86_400_000
"""How long the same key means the same request."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may come again: what it asks for (`scope`), its key, and a hash of its body."""

    workspace_id: Id
    scope: str
    key: str
    hash: bytes


async def claim(tx: Tx, request: Request, subject: Id, now: int) -> Id | None:
    """Note that `request` is answered with `subject`; where it is not new, the first answer's subject.

    Raises Conflict (idempotency) where the key came with another body within KEPT_MS.
    """
    place = {"workspace_id": request.workspace_id, "scope": request.scope, "key": request.key}
    await tx.run("forget_answer", **place, before=now - KEPT_MS)
    if await tx.run("claim_answer", **place, request_hash=request.hash, subject=subject, now=now):
        return None
    first = await tx.row("get_answer", **place)
    if bytes(first["request_hash"]) != request.hash:
        words = "this Idempotency-Key came with another body before; use a new key for a new request"
        raise Conflict(words, "idempotency", "Idempotency-Key")
    return bytes(first["subject"])


async def create_schedule_once(
    tx: Tx, schedule: Schedule, request: Request, now: int
) -> tuple[Schedule, bool]:
    """Make a schedule, or find the one that the same request made before (then True).

    Raises Conflict (idempotency; key_taken; gone where what the request made has been deleted).
    """
    first = await claim(tx, request, schedule.id, now)
    if first is None:
        await create_schedules(tx, [schedule])
        return schedule, False
    try:
        return await get_schedule(tx, request.workspace_id, first), True
    except NotFound:
        words = "what this Idempotency-Key made has been deleted; use a new key to make it again"
        raise Conflict(words, "gone", "Idempotency-Key") from None


async def forget_answers(tx: Tx, before_ms: int) -> int:
    """Forget the requests from before an instant; how many."""
    return await tx.run("forget_answers", before=before_ms)
