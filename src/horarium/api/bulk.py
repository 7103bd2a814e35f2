"""Creates or updates many schedules by one request: each line is a schedule in JSON, and is answered by a line, in
order. What is done with the lines of a batch is a `LineWriter`: there are one that creates and one that also updates.

Lines are read as they arrive and stored in batches, one transaction a batch; while one is written, the next is read.
The answers are sent when the request has been read, since many clients do not read before they have sent everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import orjson

from horarium.api.bodies import parse_object
from horarium.api.drafts import schedule_draft
from horarium.api.errors import problems_of, status_of
from horarium.api.fields import instant_or_none
from horarium.domain.errors import Forbidden, HorariumError, QuotaReached, TooLarge
from horarium.domain.ids import Id, prefixed
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.rates import BULK_LINE
from horarium.service.schedules import OF_SCHEDULE, ScheduleDraft
from horarium.service.services import Services
from horarium.service.turns import Turns

Item = TypeVar("Item")


class LineWriter(Protocol[Item]):
    """What one mode of a bulk request does with its lines."""

    async def read(self, raw: dict[str, Any]) -> Item:
        """What is kept of a line until its batch is written. Raises what makes the line refused."""

    async def write(self, items: Sequence[Item]) -> Sequence[Written | HorariumError]:
        """Write a batch. For each item what has become of it, or why it was refused."""


@dataclass(frozen=True, slots=True)
class Written:
    """What has become of a line: the schedule, and whether it was created, updated or found unchanged."""

    schedule: Schedule
    result: Literal["created", "updated", "unchanged"]


# Numbered lines, each with what is to be written or with the answer that refuses it.
_Batch = list[tuple[int, Item | bytes]]
# How many lines are stored in one transaction.
BATCH = 512
# After so many refused lines, or bytes of answers, the rest of the request is not read: otherwise a request of one
# megabyte could be answered with hundreds.
MOST_REFUSED = 10_000
MOST_REFUSED_BYTES = 8 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024


async def write_all(
    who: Identity, services: Services, writer: LineWriter[Item], batches: AsyncIterator[list[bytes]]
) -> list[bytes]:
    """Hand every line to a writer. Returns the answers as NDJSON, in pieces.

    A line that is refused changes nothing about the others. If the request ends early (see the constants above, or by
    TooLarge from `batches`), an answer with the status 413 stands in the place of the first line that was not read.
    """
    answers = _Answers()
    batch: _Batch[Item] = []
    number, turns = 0, Turns()
    async with _Writing(who, services, writer, answers) as writing:
        try:
            async for lines in batches:
                for line in lines:
                    await turns.give()
                    says_something = bool(line) and not line.isspace()
                    most = who.workspace.quotas.bulk_lines
                    if says_something and number >= most:
                        words = QuotaReached("bulk_lines", most, prefixed("ws", who.workspace_id))
                        raise TooLarge(f"the request has too many lines: {words}")
                    number += 1
                    if not says_something:
                        continue
                    try:
                        batch.append((number, await writer.read(parse_object(line, "the line"))))
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
            "result": "refused",
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


class _Writing(Generic[Item]):
    """Writes one batch at a time. The block ends when the last one is written."""

    def __init__(
        self, who: Identity, services: Services, writer: LineWriter[Item], answers: _Answers
    ) -> None:
        self._who, self._services, self._writer, self._answers = who, services, writer, answers
        self._under_way: asyncio.Task[None] | None = None

    async def begin(self, batch: _Batch[Item]) -> None:
        await self._arrived()
        self._under_way = asyncio.create_task(self._write(batch))

    async def _arrived(self) -> None:
        if self._under_way is not None:
            await self._under_way

    async def __aenter__(self) -> _Writing[Item]:
        return self

    async def _write(self, batch: _Batch[Item]) -> None:
        """Write a batch, and answer it."""
        items = [item for _, item in batch if not isinstance(item, bytes)]
        found = await self._writer.write(items) if items else ()
        schedules = [one.schedule for one in found if isinstance(one, Written)]
        fires = await self._services.explain.next_fires(self._who.workspace_id, schedules)
        written, answers = iter(found), self._answers
        answers.add(
            item if isinstance(item, bytes) else _answer(number, next(written), fires, answers)
            for number, item in batch
        )

    async def __aexit__(self, *_: object) -> None:
        await self._arrived()


def _answer(
    number: int, found: Written | HorariumError, fires: Mapping[Id, int | None], answers: _Answers
) -> bytes:
    if isinstance(found, HorariumError):
        return answers.refused(number, found)
    answer = {
        "line": number,
        "status": 201 if found.result == "created" else 200,
        "result": found.result,
        "id": prefixed("sch", found.schedule.id),
        "key": found.schedule.key,
        "next_fire_at": instant_or_none(fires[found.schedule.id]),
    }
    return orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class Creating:
    """Every line is a new schedule."""

    who: Identity
    services: Services

    async def read(self, raw: dict[str, Any]) -> ScheduleDraft:
        return await schedule_draft(self.who, self.services, raw, self.services.clock.now_ms())

    async def write(self, items: Sequence[ScheduleDraft]) -> Sequence[Written | HorariumError]:
        refused = [self._refusal(draft) for draft in items]
        granted = [draft for draft, refusal in zip(items, refused, strict=True) if refusal is None]
        made = iter(await self._make(granted) if granted else ())
        return [next(made) if refusal is None else refusal for refusal in refused]

    def _refusal(self, draft: ScheduleDraft) -> Forbidden | None:
        """Why a line is refused that was read before the grant on its target was taken away: a batch may wait for hours
        for its last line."""
        try:
            self.who.require_target(draft.target_id, OF_SCHEDULE, draft.labels)
        except Forbidden as error:
            return error.with_traceback(None)
        return None

    async def _make(self, items: Sequence[ScheduleDraft]) -> Sequence[Written | HorariumError]:
        try:
            made = await self.services.schedules.create_many(items)
        except HorariumError:  # one of them clashes with what is stored: line by line
            return [await self._one(draft) for draft in items]
        return [Written(schedule, "created") for schedule in made]

    async def _one(self, draft: ScheduleDraft) -> Written | HorariumError:
        try:
            return Written(await self.services.schedules.create(draft), "created")
        except HorariumError as error:
            return error
