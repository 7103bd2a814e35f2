"""Many schedules in one request: a line of JSON for each, a line of answer for each, in order.

Lines are read as they arrive and stored in batches, one transaction a batch; while one is written, the next is read. A
line that is refused takes nothing with it. The answers are sent when the request has been read, since many clients do
not listen before they have spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from horarium.api.bodies import Turns
from horarium.api.drafts import schedule_draft
from horarium.api.errors import problems_of, status_of
from horarium.api.fields import instant_or_none
from horarium.api.web import parse_object
from horarium.domain.errors import HorariumError, TooLarge
from horarium.domain.ids import prefixed
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services

BATCH = 512

Line = dict[str, Any]
Numbered = tuple[int, ScheduleDraft]


async def create_all(who: Identity, services: Services, batches: AsyncIterator[list[bytes]]) -> bytes:
    """Make a schedule of every line; the answers as NDJSON."""
    answers: list[Line] = []
    batch: list[Numbered] = []
    number, turns = 0, Turns()
    async with _Writing(services, answers) as writing:
        try:
            async for lines in batches:
                for line in lines:
                    number += 1
                    await turns.give()
                    if not line or line.isspace():
                        continue
                    now = services.clock.now_ms()
                    try:
                        batch.append((number, await schedule_draft(who, services, parse_object(line), now)))
                    except HorariumError as error:
                        answers.append(_refused(number, error))
                    if len(batch) == BATCH:
                        await writing.begin(batch)
                        batch = []
        except TooLarge as error:  # what came before it has been done, and is told
            answers.append(_refused(number + 1, error))
        await writing.begin(batch)
    answers.sort(key=lambda one: int(one["line"]))
    return b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in answers)


class _Writing:
    """One batch at a time on its way to the store; the block ends when the last has arrived."""

    def __init__(self, services: Services, answers: list[Line]) -> None:
        self._services, self._answers = services, answers
        self._under_way: asyncio.Task[None] | None = None

    async def begin(self, batch: Sequence[Numbered]) -> None:
        await self._arrived()
        self._under_way = asyncio.create_task(_store(self._services, batch, self._answers))

    async def _arrived(self) -> None:
        if self._under_way is not None:
            await self._under_way

    async def __aenter__(self) -> _Writing:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._arrived()


async def _store(services: Services, batch: Sequence[Numbered], answers: list[Line]) -> None:
    """Write a batch; where one of its lines clashes, line by line."""
    if not batch:
        return
    try:
        made = await services.schedules.create_many([draft for _, draft in batch])
    except HorariumError:
        for number, draft in batch:
            answers.append(await _store_one(services, number, draft))
        return
    answers += [_made(number, one) for (number, _), one in zip(batch, made, strict=True)]


async def _store_one(services: Services, number: int, draft: ScheduleDraft) -> Line:
    try:
        return _made(number, await services.schedules.create(draft))
    except HorariumError as error:
        return _refused(number, error)


def _made(number: int, one: Schedule) -> Line:
    return {
        "line": number,
        "status": 201,
        "id": prefixed("sch", one.id),
        "key": one.key,
        "next_fire_at": instant_or_none(one.progress.next_due),
    }


def _refused(number: int, error: HorariumError) -> Line:
    return {"line": number, "status": status_of(error), "detail": str(error), "errors": problems_of(error)}
