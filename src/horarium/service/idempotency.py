"""Requests with an idempotency key: whoever repeats one gets the first answer, and nothing is created twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from horarium.domain.fire import Fire
from horarium.domain.ids import Id
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.clock import Clock
from horarium.service.schedules import OF_SCHEDULE, ScheduleDraft, created_entry, fired_entry, schedule_of
from horarium.store.base import Store
from horarium.store.verbs import idempotency as verbs
from horarium.store.verbs.idempotency import Request


@dataclass(frozen=True, slots=True)
class IdempotencyService:
    """Everything here raises Conflict (idempotency) if the key was used with another body."""

    store: Store
    clock: Clock

    async def create_schedule(self, draft: ScheduleDraft, request: Request) -> tuple[Schedule, bool]:
        """Create a schedule once for a request. Returns the schedule, and whether it existed before this call.

        Raises Invalid, Conflict.
        """
        now = self.clock.now_ms()
        schedule = schedule_of(draft, now)
        return await self.store.write(
            verbs.create_schedule_once, schedule, request, now, created_entry(schedule)
        )

    async def create_with_answer(
        self, draft: ScheduleDraft, request: Request, write: Callable[[Schedule], bytes]
    ) -> bytes:
        """Create a schedule once for a request, and return the answer that `write` made of it the first time.

        The answer stays the same even if the schedule has changed since. Raises Invalid, Conflict.
        """
        now = self.clock.now_ms()
        schedule = schedule_of(draft, now)
        return await self.store.write(
            verbs.create_with_answer, schedule, request, write, now, created_entry(schedule)
        )

    async def fire_once(self, who: Identity, schedule_id: Id, request: Request) -> Fire | bytes:
        """Fire a schedule by hand once for a request.

        Returns the fire, or the answer that `keep` stored for this request. Raises NotFound, and Forbidden without a
        grant on the schedule's target.
        """

        def granted(schedule: Schedule) -> None:
            who.require_target(schedule.definition.target_id, OF_SCHEDULE, schedule.labels)

        now = self.clock.now_ms()
        entry = fired_entry(who.workspace_id, schedule_id, now)
        return await self.store.write(verbs.fire_once, schedule_id, request, now, granted, entry)

    async def keep(self, request: Request, subject: Id, answer: bytes) -> bytes:
        """Store the answer to a request about `subject`. Returns the answer that was stored first, now or earlier."""
        return await self.store.write(verbs.keep_answer, request, subject, answer)
