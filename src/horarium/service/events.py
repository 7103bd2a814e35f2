"""The use cases of events: read the log of a workspace, and follow it as it grows."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from horarium.domain.errors import HorariumError, Invalid, NotFound, Problem, RateLimited
from horarium.domain.events import Event, EventFilter
from horarium.domain.ids import Id, from_prefixed
from horarium.domain.listings import MOST_COUNTED, Total
from horarium.domain.tenancy import Identity
from horarium.service.clock import Clock
from horarium.service.pages import mark_from, number_from
from horarium.service.recording import Recording
from horarium.service.totals import COUNT_S
from horarium.store.base import EVENTS, Store
from horarium.store.verbs import events as verbs
from horarium.store.verbs.meta import mark_of_restore

# Events that a page looks at, at most: a filter that few of them pass must not make a request long.
MOST_LOOKED_AT = 5_000
READ_AT_ONCE = 500
# How often those who follow look although nobody has told them of anything.
LOOK_S = 1.0
_LAST = 1 << 62


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, and the number from which the next page goes on (None: this is the last page)."""

    items: list[Event]
    next: int | None


@dataclass(frozen=True, slots=True)
class Growth:
    """What a log has gained: the newest of the events, the latest first, and how many there are in all."""

    newest: list[Event]
    count: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Some events that a follower wants (none in a time in which none came), and the number up to which the log has
    been looked at for them."""

    events: list[Event]
    upto: int


class Place:
    """Of those of whom there may be only so many: taken when it is made, and given back once, by `leave` or when nobody
    holds it any more. So a generator that nobody begins gives it back as well as one that ends."""

    __slots__ = ("_given_back",)

    def __init__(self, given_back: Callable[[], None]) -> None:
        self._given_back: Callable[[], None] | None = given_back

    def leave(self) -> None:
        given_back, self._given_back = self._given_back, None
        if given_back is not None:
            given_back()

    def __enter__(self) -> None:
        """Hold the place for a block."""

    def __exit__(self, *_: object) -> None:
        self.leave()

    def __del__(self) -> None:
        self.leave()


@dataclass(slots=True)
class EventService:
    """Reading needs the scope events:read; whoever reads has the events of the workspace recorded for a while.

    `most_streams` is how many may follow the events of one workspace at the same time in this process.
    """

    store: Store
    clock: Clock
    recording: Recording
    most_streams: int
    closed: bool = False
    streams: Counter[Id] = field(default_factory=Counter)
    _ends: dict[Id, int] = field(default_factory=dict)
    _more: dict[Id, asyncio.Event] = field(default_factory=dict)
    _look: asyncio.Event = field(default_factory=asyncio.Event)
    _looking: asyncio.Task[None] | None = None
    _mark: int | None = None

    def __post_init__(self) -> None:
        self.store.listen(lambda topic, at: self._look.set() if topic == EVENTS else None)

    async def get(self, who: Identity, event_id: Id) -> Event:
        """An event. Raises NotFound, Forbidden."""
        who.require("events:read")
        return await self.store.read(verbs.get_event, who.workspace_id, event_id)

    async def page(
        self,
        who: Identity,
        wanted: EventFilter,
        limit: int,
        cursor: int | None = None,
        since_ms: int | None = None,
        after: Id | None = None,
        oldest_first: bool = False,
    ) -> EventPage:
        """Events that a filter wants, the newest first or the oldest first: those told at `since_ms` or later and after
        the event `after`. A page may hold fewer than `limit` and yet have a next one. Raises NotFound, Forbidden."""
        who.require("events:read")
        await self.recording.want(who.workspace_id)
        low = (
            0 if since_ms is None else await self.store.read(verbs.number_before, who.workspace_id, since_ms)
        )
        if after is not None:
            low = max(low, await self.number_of(who, after))
        if oldest_first:
            return await self._upwards(who.workspace_id, wanted, limit, max(low, cursor or 0))
        return await self._downwards(who.workspace_id, wanted, limit, low, cursor or _LAST)

    async def total(
        self, who: Identity, wanted: EventFilter, since_ms: int | None = None, after: Id | None = None
    ) -> Total:
        """How many events a filter wants, on all pages. Raises NotFound, Forbidden."""
        who.require("events:read")
        own = who.workspace_id
        log = await self.store.read(verbs.event_log, own)
        low = log.forgotten
        if since_ms is not None:
            low = max(low, await self.store.read(verbs.number_before, own, since_ms))
        if after is not None:
            low = max(low, await self.number_of(who, after))
        if not (wanted.types or wanted.labels or wanted.schedules):
            return Total(log.number - low)
        count, before, until = 0, _LAST, time.monotonic() + COUNT_S
        while True:
            found = await self.store.read(verbs.events_before, own, before, low, READ_AT_ONCE)
            count += sum(map(wanted.wants, found))
            if len(found) < READ_AT_ONCE:
                return Total(count)
            if count >= MOST_COUNTED or time.monotonic() > until:
                return Total(min(count, MOST_COUNTED), at_least=True)
            before = found[-1].number

    async def _upwards(self, workspace_id: Id, wanted: EventFilter, limit: int, after: int) -> EventPage:
        items: list[Event] = []
        for _ in range(MOST_LOOKED_AT // READ_AT_ONCE):
            found = await self.store.read(verbs.events_after, workspace_id, after, READ_AT_ONCE)
            for event in found:
                after = event.number
                if wanted.wants(event):
                    items.append(event)
                    if len(items) == limit:
                        return EventPage(items, None if _is_last(event, found) else after)
            if len(found) < READ_AT_ONCE:
                return EventPage(items, None)
        return EventPage(items, after)

    async def _downwards(
        self, workspace_id: Id, wanted: EventFilter, limit: int, low: int, before: int
    ) -> EventPage:
        items: list[Event] = []
        for _ in range(MOST_LOOKED_AT // READ_AT_ONCE):
            found = await self.store.read(verbs.events_before, workspace_id, before, low, READ_AT_ONCE)
            for event in found:
                before = event.number
                if wanted.wants(event):
                    items.append(event)
                    if len(items) == limit:
                        return EventPage(items, None if _is_last(event, found) else before)
            if len(found) < READ_AT_ONCE:
                return EventPage(items, None)
        return EventPage(items, before)

    async def number_of(self, who: Identity, event_id: Id) -> int:
        """The number of an event of the workspace. Raises Invalid where it does not exist, or not any more."""
        try:
            return (await self.store.read(verbs.get_event, who.workspace_id, event_id)).number
        except NotFound:
            words = (
                "is no event of this workspace, or one that was deleted because it was too old; "
                "read from an instant (since) instead"
            )
            raise Invalid(Problem("after", words, "unknown")) from None

    async def follow_from(self, who: Identity, last: str | None) -> int:
        """The number after which somebody follows who has last seen an event (its id), was told a position (a cursor of
        a list that is read by numbers), or has seen nothing yet. Raises Invalid, Forbidden, and RateLimited where as
        many follow as may."""
        who.require("events:read")
        self._refuse_more(who.workspace_id)
        await self.recording.want(who.workspace_id)
        if last is None:
            return (await self.store.read(verbs.event_log, who.workspace_id)).number
        event_id = from_prefixed("evt", last)
        if event_id is not None:
            return await self.number_of(who, event_id)
        try:
            number = number_from(last)
        except Invalid:
            words = f"{last[:60]!r} is neither an id such as evt_01J... nor a position that a stream has told"
            raise Invalid(Problem("Last-Event-ID", words, "header")) from None
        if mark_from(last) != await self.mark():
            words = "is a position of before a restore from a backup; read from an instant (since) instead"
            raise Invalid(Problem("after", words, "unknown"))
        log = await self.store.read(verbs.event_log, who.workspace_id)
        if not log.forgotten <= number <= log.number:
            words = "is a position behind which events were deleted because they were too old; read from an instant"
            raise Invalid(Problem("after", f"{words} (since) instead", "unknown"))
        return number

    async def mark(self) -> int:
        """What a position that is told has beside its number. A restored server gives the numbers of events that were
        told after the backup to others."""
        if self._mark is None:  # it stays as it is while a server works
            self._mark = await self.store.read(mark_of_restore)
        return self._mark

    def follow(
        self, workspace_id: Id, wanted: EventFilter, after: int, beat_s: float
    ) -> AsyncGenerator[Heard]:
        """The events after a number that a filter wants, as they come; none every `beat_s` seconds in which none came.
        It ends when the server stops. Raises RateLimited at once where as many follow as may: others may have come
        since `follow_from`."""
        self._refuse_more(workspace_id)
        return self._follow(self._counted(workspace_id), workspace_id, wanted, after, beat_s)

    def _refuse_more(self, workspace_id: Id) -> None:
        if self.streams[workspace_id] >= self.most_streams:
            words = (
                f"{self.most_streams} streams of this workspace are open at this server, and no more may be"
            )
            raise RateLimited(words, 10_000)

    async def _follow(
        self, place: Place, workspace_id: Id, wanted: EventFilter, after: int, beat_s: float
    ) -> AsyncGenerator[Heard]:
        loop = asyncio.get_running_loop()
        beat = loop.time() + beat_s
        with place:
            self._begin_to_look()
            while not self.closed:
                end = self._ends[workspace_id]
                found = await self.store.read(verbs.events_after, workspace_id, after, READ_AT_ONCE)
                after = found[-1].number if found else max(after, end)  # what was there has been deleted
                some = [event for event in found if wanted.wants(event)]
                if some or loop.time() >= beat:
                    beat = loop.time() + beat_s
                    yield Heard(some, after)
                if found:
                    continue
                await self._wait(workspace_id, after, beat - loop.time())

    async def newest(
        self, workspace_id: Id, after: int, most: int, least_s: float, beat_s: float
    ) -> AsyncGenerator[Growth]:
        """What the log has gained since a number, as it grows, at most every `least_s` seconds: however much it is, at
        most `most` events are read. A Growth without events every `beat_s` seconds in which there were none. It ends
        when the server stops."""
        loop = asyncio.get_running_loop()
        beat = loop.time() + beat_s
        with self._counted(workspace_id):
            self._begin_to_look()
            while not self.closed:
                end = self._ends[workspace_id]
                if end > after:
                    found = await self.store.read(verbs.events_before, workspace_id, _LAST, after, most)
                    gained, after = end - after, max(end, found[0].number if found else 0)
                    beat = loop.time() + beat_s
                    yield Growth(found, max(gained, len(found)))
                    await asyncio.sleep(least_s)
                    continue
                if loop.time() >= beat:
                    beat = loop.time() + beat_s
                    yield Growth([], 0)
                await self._wait(workspace_id, after, beat - loop.time())

    def _counted(self, workspace_id: Id) -> Place:
        """The place of one who follows a workspace: they are counted, and the end of its log is kept."""
        self.streams[workspace_id] += 1
        self._ends.setdefault(workspace_id, 0)
        self._more.setdefault(workspace_id, asyncio.Event())

        def left() -> None:
            self.streams[workspace_id] -= 1
            if not self.streams[workspace_id]:
                del self.streams[workspace_id], self._ends[workspace_id], self._more[workspace_id]

        return Place(left)

    async def _wait(self, workspace_id: Id, after: int, seconds: float) -> None:
        """Until the log of a workspace goes beyond a number, at most so long."""
        if self._ends[workspace_id] > after or self.closed:
            return
        more = self._more[workspace_id]
        try:
            async with asyncio.timeout(max(seconds, 0.01)):
                await more.wait()
        except TimeoutError:
            return

    def _begin_to_look(self) -> None:
        if self._looking is None or self._looking.done():
            self._look.set()
            self._looking = asyncio.create_task(self._look_on())

    async def _look_on(self) -> None:
        """Look how far the logs go that somebody follows, while somebody does: one query for all of them."""
        while self.streams and not self.closed:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._look.wait()
            except TimeoutError:
                pass
            self._look.clear()
            try:
                ends = await self.store.read(verbs.log_ends, list(self.streams))
            except HorariumError:  # the database is away: the next look will find what there is
                continue
            for workspace_id, number in ends.items():
                if workspace_id in self._ends and number != self._ends[workspace_id]:
                    self._ends[workspace_id] = number
                    more = self._more.get(workspace_id)
                    if more is not None:  # whoever followed may have gone meanwhile
                        self._more[workspace_id] = asyncio.Event()
                        more.set()

    def close(self) -> None:
        """End all streams, because the server stops."""
        self.closed = True
        if self._looking is not None:
            self._looking.cancel()
        for more in self._more.values():
            more.set()


def _is_last(event: Event, found: Sequence[Event]) -> bool:
    """Whether none follows an event of those that were read at once."""
    return len(found) < READ_AT_ONCE and event is found[-1]
