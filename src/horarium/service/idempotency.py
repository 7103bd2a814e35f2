"""Requests that may be repeated: the same key and body make one thing and get the first answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from horarium.domain.errors import Invalid, Problem
from horarium.domain.fire import Fire
from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.service.checks import name_problems
from horarium.service.clock import Clock
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.store.base import Store
from horarium.store.verbs import idempotency as verbs
from horarium.store.verbs.idempotency import Request

KEY_LIMIT = 255


def request_of(workspace_id: Id, scope: str, key: str, body: bytes) -> Request:
    """A request by its Idempotency-Key; `scope` says what it asks for. Raises Invalid for an odd key."""
    problems = list(name_problems("Idempotency-Key", key, KEY_LIMIT))
    if problems:
        raise Invalid([Problem(one.field, one.message, "header") for one in problems])
    return Request(workspace_id, scope, key, blake2b(body, digest_size=16).digest())


@dataclass(frozen=True, slots=True)
class IdempotencyService:
    store: Store
    clock: Clock

    async def create_schedule(self, draft: ScheduleDraft, request: Request) -> tuple[Schedule, bool]:
        """Make a schedule once for a request; whether it had been made before. Raises Invalid, Conflict."""
        now = self.clock.now_ms()
        schedule = schedule_of(draft, now)
        return await self.store.write(verbs.create_schedule_once, schedule, request, now)

    async def create_with_answer(
        self, draft: ScheduleDraft, request: Request, write: Callable[[Schedule], bytes]
    ) -> bytes:
        """Make a schedule once for a request; the answer that `write` made of it the first time, whatever has
        become of it since. Raises Invalid, Conflict."""
        now = self.clock.now_ms()
        schedule = schedule_of(draft, now)
        return await self.store.write(verbs.create_with_answer, schedule, request, write, now)

    async def fire_once(self, schedule_id: Id, request: Request) -> Fire | bytes:
        """Fire by hand once for a request: the fire, or the first answer where one was kept (`keep`).

        Raises NotFound, Conflict (idempotency).
        """
        return await self.store.write(verbs.fire_once, schedule_id, request, self.clock.now_ms())

    async def keep(self, request: Request, subject: Id, answer: bytes) -> bytes:
        """Keep what a request was answered with; the answer that was kept first."""
        return await self.store.write(verbs.keep_answer, request, subject, answer)
