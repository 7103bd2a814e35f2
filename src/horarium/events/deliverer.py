"""Sends events to webhooks: each webhook is in the hand of one node, and takes no more than its share of the places.

A node takes webhooks that no node has, reads on in the log of their workspaces, and sends side by side what their
`Feed` lets it. What it has sent is told to the store in batches, beside the sending, so that no event waits for a
commit. After a crash another node goes on where the store says; what it sends again has the same id.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable

import structlog

from horarium.domain.errors import HorariumError
from horarium.domain.events import Event
from horarium.domain.ids import Id
from horarium.domain.places import may_begin
from horarium.domain.webhooks import EventPost, Parcel
from horarium.events.feed import MOST_IN_HAND, Feed, Item
from horarium.events.figures import EventFigures
from horarium.service.clock import Clock
from horarium.service.webhooks import signing_secrets
from horarium.store.base import EVENTS, WEBHOOKS, Store
from horarium.store.figures import DELIVERIES
from horarium.store.vault import Vault
from horarium.store.verbs import events as event_verbs
from horarium.store.verbs import webhooks as verbs
from horarium.store.verbs.webhooks import Sent

_log = structlog.get_logger(__name__)

# Events under way at once; and, apart from them, those to receivers at which nothing arrives.
MOST_UNDER_WAY, MOST_PROBES = 256, 32
# Events that are read from the log at once.
READ_AT_ONCE = 200
# How often webhooks that nobody has are looked for, and those that were changed or given to others.
LOOK_S = 1.0
# How often a node that has lost its right to send looks whether it has it again. It asks nobody for that.
HELD_S = 0.1
# How long what was sent gathers before the store is told of it in one transaction.
TELL_S = 0.05
TROUBLE_S = 0.5
# How long a node that stops waits for answers. What did not arrive until then is sent again by another node.
CLOSE_S = 2.0


class Deliverer:
    """`may_work` tells whether this node has still the right to send."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        node: Id,
        vault: Vault,
        post: EventPost,
        may_work: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store, self._clock, self._node = store, clock, node
        self._vault, self._post, self._may_work = vault, post, may_work
        self.feeds: dict[Id, Feed] = {}
        self.figures = EventFigures()
        self._tasks: set[asyncio.Task[None]] = set()
        # By workspace; of probes apart.
        self._under_way = {False: Counter[Id](), True: Counter[Id]()}
        self._unsaid: list[Sent] = []
        self._wake, self._some_sent = asyncio.Event(), asyncio.Event()
        self._look_at, self._new_events = 0.0, True
        store.listen(self._hear)

    def _hear(self, topic: str, at_ms: int) -> None:
        if topic == EVENTS:
            self._new_events = True
            self._wake.set()
        elif topic == WEBHOOKS:
            self._look_at = 0.0
            self._wake.set()

    async def loop(self) -> None:
        """Send, and tell the store of it, for as long as the server runs."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._again_and_again(self.step, self._pause))
            both.create_task(self._again_and_again(self.tell, self._pause_telling))

    async def _again_and_again(
        self, step: Callable[[], Awaitable[None]], pause: Callable[[], Awaitable[None]]
    ) -> None:
        while True:
            try:
                await step()
            except HorariumError as error:
                _log.warning("events_not_sent", error=str(error))
                await asyncio.sleep(TROUBLE_S)
            await pause()

    async def step(self) -> None:
        """Do what can be done now: take webhooks, read, and begin to send."""
        now = asyncio.get_running_loop().time()
        if not self._may_work():
            self._look_at = now + HELD_S
            return
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._new_events = True  # also where nobody has told of them
            await self._look()
        if self._new_events:
            self._new_events = False
            await self._read()
        self._send()

    async def _pause(self) -> None:
        """Until something happens, or is due."""
        loop = asyncio.get_running_loop()
        dues = [due for feed in self.feeds.values() if (due := feed.next_due()) is not None]
        seconds = max(self._look_at - loop.time(), 0.0)
        if dues:
            seconds = min(seconds, max((min(dues) - self._clock.now_ms()) / 1000, 0.01))
        timer = loop.call_later(seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
            self._wake.clear()

    async def _pause_telling(self) -> None:
        """Until there is something to tell, and then for a moment, in which more comes."""
        if not self._unsaid:
            await self._some_sent.wait()
            self._some_sent.clear()
        await asyncio.sleep(TELL_S)

    async def tell(self) -> None:
        """Tell the store what was sent. What it cannot be told now it is told before anything else."""
        full = any(feed.room <= 0 for feed in self.feeds.values())
        if not self._unsaid:
            self._unsaid = [sent for feed in self.feeds.values() if (sent := feed.unsaid()) is not None]
        if not self._unsaid:
            return
        batch = self._unsaid
        lost = await self._store.urgent(verbs.note_sent, self._node, batch, self._clock.now_ms())
        self._unsaid = []
        over = {(sent.webhook_id, sent.epoch) for sent in batch if sent.disabled or sent.webhook_id in lost}
        # One that was lost and taken again meanwhile has another epoch.
        self._drop([one for one, feed in self.feeds.items() if (one, feed.epoch) in over])
        if full:
            self._new_events = True
            self._wake.set()

    def _drop(self, webhooks: Iterable[Id]) -> None:
        for webhook_id in webhooks:
            feed = self.feeds.pop(webhook_id, None)
            if feed is not None:
                feed.lost = True

    async def _look(self) -> None:
        """Let go of webhooks that are not ours any more, and take those that nobody has. One that is ours by the store
        alone was taken in a transaction whose reply was lost."""
        ours, any_free = await self._store.read(verbs.webhooks_of, self._node)
        self._drop([one for one, feed in self.feeds.items() if ours.get(one) != feed.epoch])
        unheard = {one: epoch for one, epoch in ours.items() if one not in self.feeds}
        if unheard:
            await self._store.urgent(verbs.let_go, self._node, unheard)
        if not (any_free or unheard):
            return
        for claimed in await self._store.urgent(verbs.claim_webhooks, self._node, 100):
            held = await self._store.read(verbs.held_webhook, claimed, MOST_IN_HAND)
            webhook = held.webhook
            self.feeds[webhook.id] = Feed(held, signing_secrets(self._vault, webhook))

    async def _read(self) -> None:
        """Read on in the logs that go further than what has been read."""
        behind = {feed.webhook.workspace_id for feed in self.feeds.values() if feed.room > 0}
        ends = await self._store.read(event_verbs.log_ends, behind)
        pages: dict[tuple[Id, int, int], list[Event]] = {}  # webhooks of a workspace mostly read the same
        for feed in list(self.feeds.values()):
            if feed.read_to < ends.get(feed.webhook.workspace_id, 0) and feed.room > 0:
                await self._read_on(feed, ends[feed.webhook.workspace_id], pages)

    async def _read_on(self, feed: Feed, end: int, pages: dict[tuple[Id, int, int], list[Event]]) -> None:
        limit = min(READ_AT_ONCE, feed.room)
        page = feed.webhook.workspace_id, feed.read_to, limit
        found = pages.get(page)
        if found is None:
            found = pages[page] = await self._store.read(event_verbs.events_after, *page)
        feed.add(found, self._clock.now_ms())
        self._some_sent.set()  # what it does not want counts as sent
        if not found:
            feed.pass_to(end)
        if len(found) == limit:
            self._new_events = True
            self._wake.set()

    def _send(self) -> None:
        """Begin to send what may be sent; webhooks take turns."""
        now, waiting = self._clock.now_ms(), deque(self.feeds.values())
        while waiting:
            feed = waiting.popleft()
            if not self._may_send(feed):
                continue
            probing, item = feed.probing, feed.next(now)
            if item is None:
                continue
            self._under_way[probing][feed.webhook.workspace_id] += 1
            task = asyncio.create_task(self._deliver(feed, item, probing))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            waiting.append(feed)
        if self.feeds:  # who was first is last next time
            first = next(iter(self.feeds))
            self.feeds[first] = self.feeds.pop(first)

    def _may_send(self, feed: Feed) -> bool:
        """Whether one more may be under way: a workspace with many receivers that answer slowly leaves places to the
        others, as one with many lanes does."""
        under_way = self._under_way[feed.probing]
        most = MOST_PROBES if feed.probing else MOST_UNDER_WAY
        own = under_way[feed.webhook.workspace_id]
        return may_begin(feed.under_way, own, most - under_way.total(), most)

    async def _deliver(self, feed: Feed, item: Item, probing: bool) -> None:
        webhook = feed.webhook
        parcel = Parcel(
            webhook.workspace_id,
            webhook.id,
            webhook.url,
            feed.secrets,
            item.event,
            item.attempts + 1,
            self._clock.now_ms(),
        )
        try:
            answer = await self._post.send(parcel)
        finally:
            under_way = self._under_way[probing]
            under_way[webhook.workspace_id] -= 1
            if not under_way[webhook.workspace_id]:
                del under_way[webhook.workspace_id]
        now = self._clock.now_ms()
        if feed.lost:
            return
        had_room = feed.room > 0
        feed.ended(item, answer, now)
        if answer.arrived:
            self.figures.delays.add(max(0, now - item.event.at_ms))
        if not had_room:
            self._new_events = True
        self._some_sent.set()
        self._wake.set()

    def outcomes(self) -> dict[str, int]:
        """How often the store was told of each state of a delivery."""
        return self._store.figures.of(DELIVERIES)

    async def close(self) -> None:
        """Send nothing more, give what is under way a moment to arrive, and tell the store what was sent."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.tell()
        await self.tell()  # what has come after a batch that the store could not take
