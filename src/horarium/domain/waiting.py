"""Why runs wait: what held their lane, and for how long.

A worker looks at its lanes several times a second and notes what holds each of them. When a run begins after it has
waited for a while, its wait is divided among what held its lane meanwhile. So a run that begins at once costs nothing,
and one that waited can say for what. Times and durations are milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

# A wait that is shorter is not noted.
NOTED_FROM_MS = 1_000
# Two looks that are further apart say nothing about the time between them.
LONGEST_GAP_MS = 2_000
# Periods that are remembered of one lane.
MOST_PERIODS = 64


class WaitCause(StrEnum):
    """What a run waits for."""

    # A place in a worker: all were taken, other lanes had their turn, or no worker was there.
    PLACE = "place"
    # Calls of its target have to end before further ones begin: it got slower, or refused some.
    LIMIT = "limit"
    # The target asked for a pause (Retry-After).
    PAUSE = "pause"
    # The target has not answered for a while and is only probed.
    CIRCUIT = "circuit"
    # As many runs as the target's `max_concurrency` allows are under way.
    CONCURRENCY = "concurrency"
    # The target's `rate_per_second` allows no further call yet.
    RATE = "rate"
    # The database of its target had no free connection, or was busy with other writes.
    DATABASE = "database"
    # A failed attempt is repeated later.
    RETRY = "retry"

    @property
    def words(self) -> str:
        """What it means, as the end of a sentence that begins with "it waits: "."""
        return _WORDS[self]


_WORDS = {
    WaitCause.PLACE: "the workers are busy with other runs",
    WaitCause.LIMIT: "its target is given no more calls at a time, because it got slower or refused some",
    WaitCause.PAUSE: "its target has asked for a pause",
    WaitCause.CIRCUIT: "its target has not answered for a while and is only probed",
    WaitCause.CONCURRENCY: "as many runs of its target as max_concurrency allows are under way",
    WaitCause.RATE: "rate_per_second of its target allows no further call yet",
    WaitCause.DATABASE: "the database of its target has no free connection, or is busy with other writes",
    WaitCause.RETRY: "a failed attempt is repeated later",
}


class Period(NamedTuple):
    """A time during which one thing held a lane."""

    cause: WaitCause
    from_ms: float
    to_ms: float


@dataclass(slots=True)
class Holds:
    """What held a lane lately: periods in their order, which do not overlap."""

    periods: list[Period] = field(default_factory=list)

    def note(self, cause: WaitCause | None, now: float) -> None:
        """Note what holds the lane now; None where nothing does.

        A cause that is seen twice within LONGEST_GAP_MS held the lane in between as well. One that is new holds it from
        now on.
        """
        last = self.periods[-1] if self.periods else None
        if last is not None and now - last.to_ms <= LONGEST_GAP_MS and (cause is last.cause or cause is None):
            if cause is not None or last.from_ms == last.to_ms:
                self.periods[-1] = last._replace(to_ms=now)
            return
        if cause is not None:
            self.periods.append(Period(cause, now, now))
            del self.periods[:-MOST_PERIODS]


def causes_of(periods: Iterable[Period], from_ms: float, to_ms: float) -> dict[WaitCause, int]:
    """What a wait from `from_ms` to `to_ms` consisted of, in milliseconds by cause, the longest first.

    The time in which nothing held the lane was a wait for a place. What took less than a tenth of the wait is counted
    with the rest, because the looks are not that exact.
    """
    waited = to_ms - from_ms
    if waited <= 0:
        return {}
    found: dict[WaitCause, float] = {}
    for period in periods:
        inside = min(period.to_ms, to_ms) - max(period.from_ms, from_ms)
        if inside > 0:
            found[period.cause] = found.get(period.cause, 0.0) + inside
    found[WaitCause.PLACE] = found.get(WaitCause.PLACE, 0.0) + waited - sum(found.values())
    large = {cause: spent for cause, spent in found.items() if spent * 10 >= waited}
    main = max(large, key=lambda cause: large[cause])
    large[main] += waited - sum(large.values())
    ordered = sorted(large.items(), key=lambda item: -item[1])
    return {cause: round(spent) for cause, spent in ordered}


def added(before: Mapping[WaitCause, int], more: Mapping[WaitCause, int]) -> dict[WaitCause, int]:
    """Two waits of one run together, the longest cause first."""
    total = {cause: before.get(cause, 0) + more.get(cause, 0) for cause in {**before, **more}}
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def waits_from_text(text: str | None) -> dict[WaitCause, int]:
    """Milliseconds by cause, from the JSON text in which they are stored; what is not known any more is left out."""
    if text is None:  # nearly always
        return {}
    known = set(WaitCause)
    return {WaitCause(name): spent for name, spent in json.loads(text).items() if name in known}


def cause_now(
    now_ms: int,
    next_attempt_ms: int,
    held_by: WaitCause | None,
    under_way: int,
    max_concurrency: int | None,
    rate_per_second: float | None,
) -> WaitCause:
    """What a run that has not begun waits for.

    `next_attempt_ms`: from when on it may begin. `held_by`: what holds its lane as the workers say. `under_way`: the
    runs of its target that are, counted over all nodes; the last two arguments are what the target bounds.
    """
    if next_attempt_ms > now_ms:
        return WaitCause.RETRY
    if held_by is not None:
        return held_by
    if max_concurrency is not None and under_way >= max_concurrency:
        return WaitCause.CONCURRENCY
    if rate_per_second is not None:
        return WaitCause.RATE
    return WaitCause.PLACE
