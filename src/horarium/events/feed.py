"""The events of one webhook that are in this process: which is sent next, and what follows from how it went.

Events of one schedule form a line. They are sent one after another, each once the one before has arrived or was given
up; those of different schedules are sent side by side. An event that did not arrive waits and is sent again. While
nothing arrives at all, one event is sent at a time, to see whether the receiver is there again.

Nothing here waits or reads a clock; `Deliverer` does. Instants are milliseconds since the epoch.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from horarium.domain.events import Event
from horarium.domain.ids import Id
from horarium.domain.webhooks import (
    DISABLE_MS,
    FAILURES_TO_PROBE,
    GIVE_UP_MS,
    GONE,
    OUTAGE_MS,
    Answer,
    DeliveryState,
    Webhook,
    wait_ms,
)
from horarium.store.verbs.webhooks import DeliveryRow, HeldWebhook, Sent

# Events of one webhook that are in hand at once. When so many have not arrived, no more are read from the log.
MOST_IN_HAND = 1_000
# Of these, how many are under way. A receiver that takes 50 ms to answer has a hundred events in two turns.
MOST_UNDER_WAY = 64

# While nothing arrives, one event is tried at least this often (ms).
LONGEST_PROBE_MS = 60_000
# So many events that the webhook does not want are passed before the store is told.
UNSAID = 500


@dataclass(slots=True, eq=False)
class Item:
    """An event in hand. `attempts` have failed so far, the first of them at `first_ms` (without any: since when it has
    had to wait). `refused_ms`: since when it fails although others arrive. `noted`: the store knows that it waits, so
    that the position of the webhook may pass it."""

    event: Event
    line: Id
    attempts: int = 0
    first_ms: int = 0
    refused_ms: int | None = None
    noted: bool = False


@dataclass(slots=True)
class _Line:
    """The events of one schedule, the oldest first."""

    items: deque[Item] = field(default_factory=deque)
    under_way: bool = False


class Feed:
    """The events of one webhook in this process."""

    def __init__(self, held: HeldWebhook, secrets: Sequence[str] = ()) -> None:
        self.webhook: Webhook = held.webhook
        self.secrets = secrets
        self.epoch = held.epoch
        # Up to which number the log has been read, and the last one that the store was told as the position.
        self.read_to = held.webhook.position
        self.under_way = 0
        self.lost = False
        self._beyond = held.beyond
        self._lines: dict[Id, _Line] = {}
        self._in_hand: dict[int, Item] = {}
        # Lines whose first event may be sent, as (number of the event, line), and those that wait, as (due, line).
        self._ready: list[tuple[int, Id]] = []
        self._later: list[tuple[int, Id]] = []
        # Numbers of events that the store does not know to wait: the position stays before the least of them.
        self._open: list[int] = []
        self._failures = 0
        self._failing_since = held.webhook.failing_since_ms
        self._quiet_until = 0
        # When the last event arrived, and when the receiver was there again after an outage.
        self._arrived_ms = self._back_ms = 0
        self._rows: dict[int, DeliveryRow] = {}
        self._disabled: str | None = None
        self._said_position = held.webhook.position
        if self._failing_since is not None:
            self._failures = FAILURES_TO_PROBE
        for one in held.waiting:
            line, event = _line_of(one.event), one.event
            item = Item(event, line, one.attempts, one.first_ms, one.refused_ms, noted=True)
            self._append(item, one.due_ms)

    # What is in hand

    @property
    def room(self) -> int:
        """How many more events may be taken in hand: what the store has not been told counts as well."""
        return MOST_IN_HAND - max(len(self._in_hand), len(self._rows))

    @property
    def in_hand(self) -> int:
        """How many events are under way or wait."""
        return len(self._in_hand)

    @property
    def probing(self) -> bool:
        """Whether nothing has arrived lately, so that one event is sent at a time."""
        return self._failures >= FAILURES_TO_PROBE

    @property
    def disabled(self) -> bool:
        """Whether nothing is sent any more."""
        return self._disabled is not None

    def add(self, events: Iterable[Event], now: int) -> None:
        """Take the next events of the log in hand, as far as the webhook wants them."""
        for event in events:
            self.read_to = event.number
            if event.number in self._beyond or event.number in self._in_hand:
                continue
            if not self.webhook.wanted.wants(event):
                continue
            item = Item(event, _line_of(event))
            line = self._lines.get(item.line)
            if line is not None and line.items[0].attempts:
                self._note(item, DeliveryState.WAITING, now)
            else:
                heapq.heappush(self._open, event.number)
            self._append(item)

    def pass_to(self, number: int) -> None:
        """Pass events up to a number, because they have been deleted."""
        self.read_to = max(self.read_to, number)

    def _append(self, item: Item, due_ms: int | None = None) -> None:
        self._in_hand[item.event.number] = item
        line = self._lines.get(item.line)
        if line is None:
            line = self._lines[item.line] = _Line()
            self._offer(item.line, item.event.number, due_ms)
        line.items.append(item)

    def _offer(self, line: Id, number: int, due_ms: int | None = None) -> None:
        if due_ms is None:
            heapq.heappush(self._ready, (number, line))
        else:
            heapq.heappush(self._later, (due_ms, line))

    # What is sent

    def next(self, now: int) -> Item | None:
        """An event to be sent now, the oldest first; None where there is none, or not yet."""
        if self.disabled or self.lost or now < self._quiet_until:
            return None
        if self.under_way >= (1 if self.probing else MOST_UNDER_WAY):
            return None
        while self._later and self._later[0][0] <= now:
            self._make_ready()
        if self._later and not self._ready and self.probing:
            self._make_ready()
        if not self._ready:
            return None
        _, name = heapq.heappop(self._ready)
        line = self._lines[name]
        line.under_way = True
        self.under_way += 1
        return line.items[0]

    def _make_ready(self) -> None:
        _, name = heapq.heappop(self._later)
        heapq.heappush(self._ready, (self._lines[name].items[0].event.number, name))

    def next_due(self) -> int | None:
        """When something may be sent that may not yet be (ms); None where nothing waits."""
        if self.probing:
            return self._quiet_until if self._lines else None
        return self._later[0][0] if self._later else None

    def ended(self, item: Item, answer: Answer, now: int) -> None:
        """Note how sending an event went."""
        line = self._lines[item.line]
        line.under_way = False
        self.under_way -= 1
        if not item.attempts:
            item.first_ms = now
        if answer.arrived:
            self._note_arrival(item, now)
            self._done(item, line, DeliveryState.DELIVERED, answer, now)
            return
        item.attempts += 1
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = now
        if answer.status == GONE:
            self._disabled = "the receiver answered 410 Gone"
        elif now - self._failing_since >= DISABLE_MS:
            self._disabled = f"nothing has arrived for {DISABLE_MS // 86_400_000} days"
        if self._is_refused_for_too_long(item, now):
            self._done(item, line, DeliveryState.FAILED, answer, now)
            return
        due = now + wait_ms(item.attempts, answer.again_ms)
        if self.probing:
            pause = wait_ms(self._failures - FAILURES_TO_PROBE + 1, answer.again_ms)
            self._quiet_until = now + min(pause, LONGEST_PROBE_MS)
        heapq.heappush(self._later, (due, item.line))
        self._note(item, DeliveryState.WAITING, now, answer, due)
        for behind in line.items:
            if not behind.noted:
                self._note(behind, DeliveryState.WAITING, now)

    def _note_arrival(self, item: Item, now: int) -> None:
        """An event has arrived: the receiver is there."""
        since = self._failing_since
        if self.probing:
            # One that is sent for the first time, since now, proves no outage beside events that are refused.
            if since is not None and now - max(since, item.first_ms) >= OUTAGE_MS:
                self._back_ms = now
            self._try_all_again()
        self._failures, self._failing_since, self._quiet_until = 0, None, 0
        self._arrived_ms = now

    def _is_refused_for_too_long(self, item: Item, now: int) -> bool:
        """Whether an event that did not arrive is given up. A time in which nothing arrived is not held against it: its
        day begins when it fails although another has arrived since its first failure, and again after an outage."""
        if item.refused_ms is not None and item.refused_ms < self._back_ms:
            item.refused_ms = None
        if item.refused_ms is None and self._arrived_ms >= item.first_ms:
            item.refused_ms = now
        return not self.probing and item.refused_ms is not None and now - item.refused_ms >= GIVE_UP_MS

    def _try_all_again(self) -> None:
        """The receiver is there again: whatever waits may be sent at once."""
        for _, name in self._later:
            heapq.heappush(self._ready, (self._lines[name].items[0].event.number, name))
        self._later.clear()

    def _done(self, item: Item, line: _Line, state: DeliveryState, answer: Answer, now: int) -> None:
        """An event needs not be sent any more: the next of its line may be."""
        item.attempts += state is DeliveryState.DELIVERED
        self._note(item, state, now, answer)
        line.items.popleft()
        del self._in_hand[item.event.number]
        if line.items:
            self._offer(item.line, line.items[0].event.number)
        else:
            del self._lines[item.line]

    # What the store is told

    def _note(
        self, item: Item, state: DeliveryState, now: int, answer: Answer | None = None, due: int | None = None
    ) -> None:
        item.noted = True
        item.first_ms = item.first_ms or now
        event = item.event
        self._rows[event.number] = DeliveryRow(
            self.webhook.id,
            event.number,
            event.id,
            event.type,
            state.value,
            item.attempts,
            item.first_ms,
            None if answer is None else now,
            due,
            None if answer is None else answer.status,
            None if answer is None else answer.error,
            item.refused_ms,
        )

    def unsaid(self) -> Sent | None:
        """What the store has not been told; None where there is nothing that is worth a transaction. It counts as told
        from now on."""
        while self._open and self._is_settled(self._open[0]):
            heapq.heappop(self._open)
        position = self._open[0] - 1 if self._open else self.read_to
        moved = position - self._said_position
        if not self._rows and moved < UNSAID and self._disabled is None:
            return None
        rows, self._rows = self._rows, {}
        self._said_position = position
        return Sent(
            self.webhook.id,
            self.webhook.workspace_id,
            self.epoch,
            position,
            self._failing_since,
            [rows[number] for number in sorted(rows)],
            self._disabled,
        )

    def _is_settled(self, number: int) -> bool:
        item = self._in_hand.get(number)
        return item is None or item.noted


def _line_of(event: Event) -> Id:
    """Which line an event belongs to: that of its schedule; one of its own where it has none."""
    return event.schedule_id or event.id
