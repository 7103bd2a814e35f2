"""Webhooks: where the events of a workspace are sent, and when what did not arrive is sent again.

Instants and durations are milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import orjson

from horarium.domain.errors import Problem
from horarium.domain.events import Event, EventFilter
from horarium.domain.execution import SigningRotation
from horarium.domain.ids import Id

# An event is sent again after so long, after four times as long, and so on, up to the longest wait.
FIRST_WAIT_MS, LONGEST_WAIT_MS = 1_000, 3_600_000
# An event that a receiver refuses for so long is given up, while others arrive.
GIVE_UP_MS = 86_400_000
# Once nothing has arrived for so long, the time for which events were refused before does not count any more.
OUTAGE_MS = 3_600_000
# A webhook at which nothing arrives for so long is disabled.
DISABLE_MS = 3 * 86_400_000
# After so many failures in a row one event is sent at a time, until one arrives.
FAILURES_TO_PROBE = 5


class WebhookState(StrEnum):
    """Whether events are sent to a webhook."""

    ENABLED = "enabled"
    # Somebody has switched it off, or nothing arrived for long, or its receiver said that it is gone (410).
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as the store keeps it. `sealed` holds its signing secrets, encrypted.

    Each event of the workspace up to number `position` was sent, is not wanted, or has a delivery that waits.
    `failing_since_ms`: since when nothing has arrived (None: the latest did).
    """

    id: Id
    workspace_id: Id
    name: str
    url: str
    wanted: EventFilter
    sealed: bytes
    state: WebhookState
    state_reason: str | None
    position: int
    failing_since_ms: int | None
    version: int
    created_by: Id
    created_ms: int
    updated_ms: int


class DeliveryState(StrEnum):
    """What became of an event that was sent."""

    DELIVERED = "delivered"
    # It did not arrive and is sent again; or an earlier event of its schedule has to arrive first.
    WAITING = "waiting"
    # It was given up.
    FAILED = "failed"
    # It is sent once more, because somebody asked for it.
    REPLAYED = "replayed"


class Delivery(NamedTuple):
    """What became of an event at a webhook. `due_ms`: when it is sent again; `status` and `error` are of the last
    attempt."""

    number: int
    event_id: Id
    type: str
    state: str
    attempts: int
    first_ms: int
    last_ms: int | None
    due_ms: int | None
    status: int | None
    error: str | None


# What a receiver says that is gone for good.
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of sending an event: the `status` of the answer, or the `error` where there was none. `again_ms`: for
    how long the receiver asks to be left alone."""

    status: int | None = None
    error: str | None = None
    again_ms: int | None = None

    @property
    def arrived(self) -> bool:
        """Whether the receiver has taken the event."""
        return self.status is not None and 200 <= self.status < 300


class Parcel(NamedTuple):
    """An event that is sent to a webhook. `secrets` sign it, `attempt` counts from 1."""

    workspace_id: Id
    webhook_id: Id
    url: str
    secrets: Sequence[str]
    event: Event
    attempt: int
    now_ms: int


class EventPost(Protocol):
    """How events leave the server, and what a webhook needs for it."""

    def problems(self, workspace_id: Id, url: str) -> Sequence[Problem]:
        """What is wrong with the URL of a webhook."""

    def new_secret(self) -> str:
        """A new signing secret."""

    def rotated(self, current: Sequence[str], ed25519: bool, keep_until_ms: int | None) -> SigningRotation:
        """Replace the newest of the signing secrets by a new one, which both sign until an instant (ms; None: the old
        one ends at once)."""

    async def send(self, parcel: Parcel) -> Answer:
        """Send an event, and tell what came of it. Raises nothing."""

    async def close(self) -> None: ...


def wait_ms(attempts: int, asked_ms: int | None = None) -> int:
    """How long to wait after so many attempts that failed, or as long as the receiver asked for, if that is more."""
    own: int = min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 4 ** min(attempts - 1, 10))
    return max(own, min(asked_ms or 0, LONGEST_WAIT_MS))


def filter_to_text(wanted: EventFilter) -> str:
    """A filter as it is stored."""
    return orjson.dumps(
        {
            "types": list(wanted.types),
            "labels": dict(wanted.labels),
            "schedules": [one.hex() for one in wanted.schedules],
        }
    ).decode()


def filter_from_text(text: str) -> EventFilter:
    """The filter in a text from `filter_to_text`."""
    stored = orjson.loads(text)
    schedules = tuple(bytes.fromhex(one) for one in stored["schedules"])
    return EventFilter(tuple(stored["types"]), stored["labels"], schedules)
