"""Fan-out: read the audience of a fire and record one run for each row.

Each fire that this node reads for proceeds on its own, one chunk after the other. The store takes their chunks in
turn, so a large audience does not delay a small one, and a source that does not answer delays no other. Where several
workspaces read, they take turns as well, and a heavier one writes larger chunks. The first chunk is small, so that the
first delivery does not wait for the rest.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import TypeVar
from weakref import WeakValueDictionary

import orjson
import structlog

from horarium.domain.audience import (
    AudienceQuery,
    AudienceRow,
    PagedSource,
    Source,
    SourceFault,
    StreamingSource,
    repeated_fault,
    repeated_key,
    row_text,
)
from horarium.domain.errors import HorariumError, QuotaReached
from horarium.domain.ids import Id, prefixed
from horarium.engine.wake import Alarm
from horarium.service.audiences import AudienceService
from horarium.service.clock import Clock
from horarium.store.base import FANOUT, Duplicate, Store
from horarium.store.rows import AudienceText, FanoutTask, PreparedRow
from horarium.store.verbs import fanout as verbs
from horarium.store.verbs.fanout import FanoutLost, prepare

_log = structlog.get_logger(__name__)

# Rows in a chunk: a thousand take the writer about 10 ms, and a larger chunk saves little. Where fires of several
# workspaces are read a chunk has as many as the workspace's weight says, and never fewer than a first one.
FIRST_CHUNK, CHUNK = 128, 1_024
# Fires that one node reads for at once.
MOST_HELD = 64
# Of these, fires of one workspace.
SHARE = 4
# How long a source may take over one page or one count; most set themselves a shorter limit.
SOURCE_S = 120.0
# Pauses before a source that failed is asked again; after the last one the fire ends.
BACKOFF_S = (1.0, 5.0, 25.0)
TROUBLE_S = 0.5
SPOOL_PIECE = 5_000

# Rows of an audience, and the position behind them: None at the end.
PageOfTexts = tuple[list[AudienceText], str | None]
T = TypeVar("T")


class FanoutRunner:
    """What the engine does about audiences. `loop` runs for ever. `step` does one chunk of each fire, for tests and
    simulations."""

    def __init__(
        self, store: Store, clock: Clock, node: Id, audiences: AudienceService, poll_s: float = 5.0
    ) -> None:
        self._store, self._clock, self._node = store, clock, node
        self._audiences = audiences
        self._poll_s = poll_s
        self._alarm = Alarm(clock)
        self._held: dict[Id, FanoutTask] = {}
        self._queries: dict[Id, tuple[Source, AudienceQuery]] = {}
        self._ahead: dict[Id, tuple[str, asyncio.Task[PageOfTexts]]] = {}
        self._tasks: dict[Id, asyncio.Task[None]] = {}
        self._strays: set[Id] = set()
        # A workspace writes one chunk at a time where others read as well, so that they take turns.
        self._turns: WeakValueDictionary[Id, asyncio.Lock] = WeakValueDictionary()
        store.listen(lambda topic, at_ms: self._alarm.ring(at_ms) if topic == FANOUT else None)

    async def loop(self) -> None:
        """Take fires as they come and read for each in a task of its own."""
        try:
            while True:
                try:
                    for job in await self._claim():
                        self._begin(job)
                    due = await self._store.read(verbs.earliest_fanout_task)
                except HorariumError as error:
                    _log.warning("fanouts_not_claimed", error=str(error))
                    await asyncio.sleep(TROUBLE_S)
                    continue
                if due is not None and due <= self._clock.now_ms():
                    due = None  # more than fits: the end of one that is being read rings
                await self._alarm.wait(due, self._poll_s)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def step(self) -> bool:
        """Take what waits and do one chunk of everything held; whether there was any."""
        await self._claim()
        for job in list(self._held.values()):
            await self._advance(job)
        return bool(self._held) or bool(await self._claim())

    async def tidy(self) -> bool:
        """Put back fires that this node holds according to the store but does not have, and delete a part of the
        rows that were kept aside for fires that have ended. Whether there may be more of these.

        A fire is put back where it is missing twice in a row, because a claim may be on its way.
        """
        missing = set(await self._store.read(verbs.fanout_tasks_of, self._node)) - self._held.keys()
        for fire in missing & self._strays:
            await self._store.write(verbs.free_fanout_task, fire, self._node, self._clock.now_ms())
        self._strays = missing
        return await self._store.write(verbs.clear_orphans, SPOOL_PIECE) == SPOOL_PIECE

    async def _claim(self) -> list[FanoutTask]:
        room = MOST_HELD - len(self._held)
        if room <= 0:
            return []
        by_workspace = Counter(job.workspace_id for job in self._held.values())
        found = await self._store.urgent(
            verbs.claim_fanout_tasks, self._node, self._clock.now_ms(), room, SHARE, dict(by_workspace)
        )
        self._held |= {job.fire_id: job for job in found}
        return found

    def _begin(self, job: FanoutTask) -> None:
        task = asyncio.create_task(self._read_on(job.fire_id))
        self._tasks[job.fire_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.fire_id, None))

    async def _read_on(self, fire: Id) -> None:
        try:
            while (job := self._held.get(fire)) is not None:
                await self._advance(job)
        finally:
            self._forget(fire)
            self._alarm.ring()

    def _forget(self, fire: Id) -> None:
        self._held.pop(fire, None)
        self._queries.pop(fire, None)
        ahead = self._ahead.pop(fire, None)
        if ahead is not None:
            ahead[1].cancel()

    async def _advance(self, job: FanoutTask) -> None:
        """Do one step of one fire: its count, its spool, or a chunk of runs. A fire that ends leaves `_held`."""
        try:
            moved = await self._one_step(job)
        except SourceFault as error:
            moved = await self._fault(job, str(error), error.lasting)
        except FanoutLost:
            moved = None if await self._let_go(job) else job
        except HorariumError as error:  # the store is away, or was before it could tell what it did
            _log.warning("fanout_waits", error=str(error))
            await asyncio.sleep(TROUBLE_S)
            moved = None if await self._let_go(job) else job
        if moved is None:
            self._forget(job.fire_id)
        else:
            self._held[job.fire_id] = moved

    async def _one_step(self, job: FanoutTask) -> FanoutTask | None:
        source, query = await self._open(job)
        counted = job.counted
        size = FIRST_CHUNK if job.rows_done == 0 else self._chunk_of(job)
        if source.paged:
            if counted is None:
                counted = await _asked(source.count(query, job.most_rows + 1))
                if counted > job.most_rows:
                    raise SourceFault(_too_many(job), lasting=True)
            texts, position = await self._page(job, source, query, size)
        else:
            if counted is None:
                return await self._spool(job, source, query)
            texts = await self._store.read(verbs.spooled_page, job.fire_id, job.rows_done, size)
            done = job.rows_done + len(texts)
            position = None if done >= counted or not texts else str(done)
        if job.rows_done + len(texts) > job.most_rows:
            raise SourceFault(_too_many(job), lasting=True)
        distinct = source.distinct or not source.paged  # what was kept aside is, by its table
        return await self._write(job, prepare(job, texts, distinct), position, counted)

    async def _open(self, job: FanoutTask) -> tuple[Source, AudienceQuery]:
        """The source of an audience and the query for it: as they were when its reading began, because a change counts
        for the next fire. Raises SourceFault, also where what is still to be read was deleted or is shared no more."""
        known = self._queries.get(job.fire_id)
        if known is None or known[0].paged or job.counted is None:
            opened = await self._audiences.open(job.workspace_id, job.audience, job.fired_ms)
            known = self._queries.setdefault(job.fire_id, opened)
        return known

    async def _page(
        self, job: FanoutTask, source: PagedSource, query: AudienceQuery, size: int
    ) -> PageOfTexts:
        """The page with which a fire goes on. The page after it is read while this one is written."""
        ahead = self._ahead.pop(job.fire_id, None)
        if ahead is not None and ahead[0] == job.position:
            page = await ahead[1]
        else:
            page = await _page_of(source, query, job.position, size)
        _, onward = page
        if onward is not None and job.rows_done:  # nothing stands in the way of the first delivery
            task = asyncio.create_task(_page_of(source, query, onward, self._chunk_of(job)))
            task.add_done_callback(_seen)
            self._ahead[job.fire_id] = onward, task
        return page

    def _chunk_of(self, job: FanoutTask) -> int:
        """How many rows of a fire are written in one turn: those of the heaviest workspace CHUNK."""
        heaviest = max((other.weight for other in self._held.values()), default=job.weight)
        return max(FIRST_CHUNK, round(CHUNK * min(1.0, job.weight / heaviest)))

    def _turn_of(self, job: FanoutTask) -> AbstractAsyncContextManager[object]:
        """To be entered for each chunk: while fires of several workspaces are read, each workspace writes one at a
        time, whatever number of fires it has."""
        if all(other.workspace_id == job.workspace_id for other in self._held.values()):
            return nullcontext()
        turn = self._turns.get(job.workspace_id)
        if turn is None:
            turn = self._turns[job.workspace_id] = asyncio.Lock()
        return turn

    async def _write(
        self, job: FanoutTask, rows: Sequence[PreparedRow], position: str | None, counted: int
    ) -> FanoutTask | None:
        try:
            async with self._turn_of(job):
                now = self._clock.now_ms()
                return await self._store.write(
                    verbs.write_chunk, job, rows, position, counted, position is None, now
                )
        except Duplicate:
            key = await self._store.read(verbs.repeated_row, rows)
            raise SourceFault(repeated_fault(key), lasting=True) from None

    async def _spool(self, job: FanoutTask, source: StreamingSource, query: AudienceQuery) -> FanoutTask:
        """Keep all rows of a source aside, so that the audience is delivered as it was when it was read."""
        await self._empty_spool(job)
        number, kept = 0, job
        async with aclosing(source.rows(query)) as batches:
            while (batch := await _next(batches)) is not None:
                texts = _texts(batch)
                if number + len(texts) > job.most_rows:
                    raise SourceFault(_too_many(job), lasting=True)
                kept = await self._keep(kept, number + 1, texts)
                number += len(texts)
                await self._open(job)
        return await self._store.write(verbs.write_spool, kept, number, (), number)

    async def _keep(self, job: FanoutTask, first: int, texts: Sequence[AudienceText]) -> FanoutTask:
        try:
            return await self._store.write(verbs.write_spool, job, first, texts, None)
        except Duplicate:
            keys = orjson.dumps([text.key for text in texts]).decode()
            key = await self._store.read(verbs.spooled_twice, job.fire_id, keys)
            raise SourceFault(repeated_fault(key), lasting=True) from None

    async def _empty_spool(self, job: FanoutTask) -> None:
        """Delete the rows that an earlier attempt has kept aside."""
        after = 0
        while await self._store.write(verbs.empty_spool, job.fire_id, after, after + SPOOL_PIECE):
            after += SPOOL_PIECE

    async def _fault(self, job: FanoutTask, reason: str, lasting: bool) -> FanoutTask | None:
        """Ask again later, or end the fire with the reason."""
        try:
            if lasting or job.attempts >= len(BACKOFF_S):
                _log.info("audience_not_read", reason=reason, rows=job.rows_done)
                await self._store.write(verbs.give_up, job, reason, self._clock.now_ms())
            else:
                wait = int(BACKOFF_S[job.attempts] * 1000)
                await self._store.write(verbs.put_off, job, self._clock.now_ms() + wait)
        except FanoutLost:
            return None
        except HorariumError as error:
            _log.warning("fanout_waits", error=str(error))
            await asyncio.sleep(TROUBLE_S)
            return job
        return None

    async def _let_go(self, job: FanoutTask) -> bool:
        """Put a fire back if this node still holds it. It is taken up from where it stands according to the store."""
        try:
            await self._store.write(verbs.free_fanout_task, job.fire_id, self._node, self._clock.now_ms())
        except HorariumError:
            return False
        return True


async def _page_of(source: PagedSource, query: AudienceQuery, position: str | None, size: int) -> PageOfTexts:
    """A page of a source as it is written. Raises SourceFault."""
    page = await _asked(source.page(query, position, size))
    return _texts(page.rows), page.position


def _seen(task: asyncio.Task[PageOfTexts]) -> None:
    """Take note of the error of a page that is not needed any more, so that asyncio does not report it."""
    if not task.cancelled():
        task.exception()


async def _asked(answer: Awaitable[T]) -> T:
    """The answer of a source, within SOURCE_S. Raises SourceFault for whatever goes wrong in the source."""
    try:
        async with asyncio.timeout(SOURCE_S):
            return await answer
    except SourceFault:
        raise
    except TimeoutError:
        raise SourceFault(f"the source did not answer within {SOURCE_S:g} s") from None
    except HorariumError as error:
        raise SourceFault(str(error)) from error
    except Exception as error:  # a source may be foreign code: its faults end one fire, not the engine
        _log.exception("audience_source_failed")
        raise SourceFault(f"the source broke down: {type(error).__name__}") from error


async def _next(batches: AsyncGenerator[Sequence[AudienceRow], None]) -> Sequence[AudienceRow] | None:
    """The next batch of rows, or None at the end."""

    async def following() -> Sequence[AudienceRow] | None:
        return await anext(batches, None)

    return await _asked(following())


def _too_many(job: FanoutTask) -> str:
    if job.quota < job.policies.audience_limit:
        reached = QuotaReached("audience_rows", job.quota, prefixed("ws", job.workspace_id))
        return f"the audience has too many rows: {reached}"
    return f"the audience has more than the {job.most_rows} rows that the schedule allows"


def _texts(rows: Sequence[AudienceRow]) -> list[AudienceText]:
    """Rows as they are written. Raises SourceFault for a row that cannot become a run, and for a repeated key."""
    texts = [AudienceText(row.key, row_text(row)) for row in rows]
    twice = repeated_key(rows)
    if twice is not None:
        raise SourceFault(repeated_fault(twice), lasting=True)
    return texts
