"""Creates many schedules by one request: each line is a schedule in JSON, and is answered by a line, in order.

Lines are read as they arrive and stored in batches, one transaction a batch; while one is written, the next is read.
The answers are sent when the request has been read, since many clients do not read before they have sent everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import orjson

from horarium.api.bodies import parse_object
from horarium.api.drafts import schedule_draft
from horarium.api.errors import problems_of, status_of
from horarium.api.fields import instant_or_none
from horarium.domain.errors import HorariumError, QuotaReached, TooLarge
from horarium.domain.ids import prefixed
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.rates import BULK_LINE
from horarium.service.schedules import ScheduleDraft
from horarium.service.services import Services
from horarium.service.turns import Turns

# Numbered lines, each with the schedule to create or with the answer that refuses it.
_Batch = list[tuple[int, ScheduleDraft | bytes]]
# How many lines are stored in one transaction.
BATCH = 512
# After so many refused lines, or bytes of answers, the rest of the request is not read: otherwise a request of one
# megabyte could be answered with hundreds.
MOST_REFUSED = 10_000
MOST_REFUSED_BYTES = 8 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024


async def create_all(who: Identity, services: Services, batches: AsyncIterator[list[bytes]]) -> list[bytes]:
    """Create a schedule from every line. Returns the answers as NDJSON, in pieces.

    A line that is refused changes nothing about the others. If the request ends early (see the constants above, or by
    TooLarge from `batches`), an answer with the status 413 stands in the place of the first line that was not read.
    """
    answers = _Answers()
    batch = _Batch()
    number, turns, most = 0, Turns(), who.workspace.quotas.bulk_lines
    async with _Writing(services, answers) as writing:
        try:
            async for lines in batches:
                for line in lines:
                    number += 1
                    await turns.give()
                    if not line or line.isspace():
                        continue
                    if number > most:
                        words = QuotaReached("bulk_lines", most, prefixed("ws", who.workspace_id))
                        raise TooLarge(f"the request has too many lines: {words}")
                    now = services.clock.now_ms()
                    try:
                        batch.append(
                            (number, await schedule_draft(who, services, parse_object(line, "the line"), now))
                        )
                    except HorariumError as error:
                        batch.append((number, answers.refused(number, error)))
                    if len(batch) == BATCH:
                        await writing.begin(batch)
                        batch = []
                    answers.refuse_more()
        except TooLarge as error:  # the lines before it are done and answered
            batch.append((number + 1, answers.refused(number + 1, error)))
        await writing.begin(batch)
    services.rates.spend(who, number * BULK_LINE)
    return answers.pieces


class _Answers:
    """The answers of all batches so far, and how many lines and bytes of them are refusals."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._bytes, self._refused, self._refused_bytes = 0, 0, 0

    def refused(self, number: int, error: HorariumError) -> bytes:
        """The answer to a line that is refused."""
        answer = {
            "line": number,
            "status": status_of(error),
            "detail": str(error),
            "errors": problems_of(error),
        }
        found = orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
        self._refused += 1
        self._refused_bytes += len(found)
        return found

    def add(self, answers: Iterable[bytes]) -> None:
        """The answers of a batch, in the order of its lines."""
        piece = b"".join(answers)
        self._bytes += len(piece)
        self.pieces.append(piece)

    def refuse_more(self) -> None:
        """Raises TooLarge when one of the limits is reached."""
        if self._refused >= MOST_REFUSED:
            raise TooLarge(f"{MOST_REFUSED} lines were refused; the rest of the request was not read")
        if self._refused_bytes >= MOST_REFUSED_BYTES or self._bytes >= MOST_BYTES:
            raise TooLarge(
                "the answers are too large; from this line on, the request was not read: send it again"
            )


class _Writing:
    """Stores one batch at a time. The block ends when the last one is stored."""

    def __init__(self, services: Services, answers: _Answers) -> None:
        self._services, self._answers = services, answers
        self._under_way: asyncio.Task[None] | None = None

    async def begin(self, batch: _Batch) -> None:
        await self._arrived()
        self._under_way = asyncio.create_task(_store(self._services, batch, self._answers))

    async def _arrived(self) -> None:
        if self._under_way is not None:
            await self._under_way

    async def __aenter__(self) -> _Writing:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._arrived()


async def _store(services: Services, batch: _Batch, answers: _Answers) -> None:
    """Write a batch, and answer it."""
    drafts = [draft for _, draft in batch if not isinstance(draft, bytes)]
    try:
        made = iter(await services.schedules.create_many(drafts) if drafts else ())
    except HorariumError:  # one of them clashes with what is stored: line by line
        answers.add([await _store_one(services, number, draft, answers) for number, draft in batch])
        return
    answers.add(draft if isinstance(draft, bytes) else _made(number, next(made)) for number, draft in batch)


async def _store_one(
    services: Services, number: int, draft: ScheduleDraft | bytes, answers: _Answers
) -> bytes:
    if isinstance(draft, bytes):
        return draft
    try:
        return _made(number, await services.schedules.create(draft))
    except HorariumError as error:
        return answers.refused(number, error)


def _made(number: int, made: Schedule) -> bytes:
    answer = {
        "line": number,
        "status": 201,
        "id": prefixed("sch", made.id),
        "key": made.key,
        "next_fire_at": instant_or_none(made.progress.next_due),
    }
    return orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
