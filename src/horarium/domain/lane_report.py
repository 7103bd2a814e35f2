"""What the workers tell of their lanes, so that people can see why a target is called less than it could be.

Each node reports the lanes that are not plain: those whose target is slow or silent, or whose runs wait. Instants are
milliseconds since the epoch, durations are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.domain.waiting import WaitCause

# The latest attempts of a lane whose durations are kept.
KEPT_DURATIONS = 128
# What a node said longer ago does not count: it is gone, or its lane is plain again.
CURRENT_MS = 15_000
# The most lanes that a node reports; those whose runs have waited longest come first.
MOST_REPORTED = 100
# A lane is not plain once a run of it has waited so long.
WAITS_MS = 1_000


@dataclass(frozen=True, slots=True)
class LaneReport:
    """A lane in one worker, or together in all.

    `limit`: calls that may be under way; `under_way`: those that are, `parked` of them without a place; `waiting`:
    runs in hand that have not begun, the oldest of which could begin since `oldest_ms`. `p50_ms` and `p99_ms`: of the
    durations of the latest attempts. `held_by` and `held_since_ms`: what keeps the lane from calling its target.
    """

    limit: int
    under_way: int
    parked: int
    waiting: int
    oldest_ms: int | None = None
    p50_ms: int | None = None
    p99_ms: int | None = None
    held_by: WaitCause | None = None
    held_since_ms: int | None = None

    def is_plain(self, now_ms: int) -> bool:
        """Whether nothing about the lane is worth a report."""
        late = self.oldest_ms is not None and now_ms - self.oldest_ms >= WAITS_MS
        return self.held_by is None and not self.parked and not late


def percentile(durations: Sequence[float], share: float) -> int | None:
    """The duration that `share` of all (between 0 and 1) do not exceed, or None where there are none."""
    if not durations:
        return None
    ordered = sorted(durations)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))])


def together(reports: Iterable[LaneReport]) -> LaneReport | None:
    """One lane over all nodes: counts are added, of times the worst is told, and of what holds the lane what has held
    it longest. None where no node reports it."""
    every = list(reports)
    if not every:
        return None
    held = [report for report in every if report.held_by is not None]
    longest = min(held, key=lambda report: report.held_since_ms or 0, default=None)
    return LaneReport(
        limit=sum(report.limit for report in every),
        under_way=sum(report.under_way for report in every),
        parked=sum(report.parked for report in every),
        waiting=sum(report.waiting for report in every),
        oldest_ms=min((report.oldest_ms for report in every if report.oldest_ms is not None), default=None),
        p50_ms=max((report.p50_ms for report in every if report.p50_ms is not None), default=None),
        p99_ms=max((report.p99_ms for report in every if report.p99_ms is not None), default=None),
        held_by=None if longest is None else longest.held_by,
        held_since_ms=None if longest is None else longest.held_since_ms,
    )


@dataclass(frozen=True, slots=True)
class LaneState:
    """What is known of a target's runs that are not over, over all nodes. `waiting`: runs that have not begun,
    counted up to a bound, the oldest of which could begin since `oldest_ms`; `under_way`: those of which an attempt
    has taken a quarter of a second. `report`: what the workers say, None where there is nothing to say."""

    waiting: int
    under_way: int
    oldest_ms: int | None
    report: LaneReport | None
