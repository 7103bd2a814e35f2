"""What the sending of events counts of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import Metric

from horarium.domain.figures import LATENESS_MS, Histogram
from horarium.domain.webhooks import DeliveryState
from horarium.service.metrics import counters, gauge, histogram

if TYPE_CHECKING:
    from horarium.events.deliverer import Deliverer


@dataclass(slots=True)
class EventFigures:
    """`delays`: how long after what they tell of events have arrived (ms)."""

    delays: Histogram = field(default_factory=lambda: Histogram(LATENESS_MS))


def event_metrics(deliverer: Deliverer) -> Iterator[Metric]:
    """The figures of a node that sends events."""
    feeds = deliverer.feeds.values()
    yield gauge("horarium_webhooks", "Webhooks that this node has in hand.", float(len(feeds)))
    yield gauge(
        "horarium_webhooks_failing",
        "Of these, the ones at which nothing arrives.",
        float(sum(feed.probing for feed in feeds)),
    )
    yield gauge(
        "horarium_events_in_hand",
        "Events that are under way or wait to be sent again.",
        float(sum(feed.in_hand for feed in feeds)),
    )
    sent = {state.value: 0 for state in DeliveryState} | deliverer.outcomes()
    yield counters("horarium_event_deliveries", "What became of events that were sent.", "state", sent)
    yield histogram(
        "horarium_event_delay_seconds",
        "How long after what they tell of events arrived at webhooks.",
        deliverer.figures.delays,
    )
