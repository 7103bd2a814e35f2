"""Figures of a worker for Prometheus.

They have no labels for workspaces or targets: `/metrics` needs no key, so it shows nothing of tenants, and the number
of figures must not grow with theirs. Of the lane that stands worst its figure is told, and not its name. Which one it
is stands in the log and in `GET /targets/{ref}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from prometheus_client import Gauge

from horarium.domain.ids import Id
from horarium.domain.lane_report import LaneReport
from horarium.domain.waiting import WaitCause

if TYPE_CHECKING:
    from horarium.worker.lanes import Lanes

_IN_HAND = Gauge("horarium_runs_waiting_in_hand", "Runs that this worker has and has not begun.")
_UNDER_WAY = Gauge("horarium_attempts_under_way", "Attempts that occupy a place of this worker.")
_PARKED = Gauge(
    "horarium_attempts_parked", "Attempts that wait for an answer over the network without a place."
)
_HELD = Gauge(
    "horarium_lanes_held", "Targets that are called less than they could be, by what holds them.", ["why"]
)
_HOLDING = (WaitCause.LIMIT, WaitCause.PAUSE, WaitCause.CIRCUIT)
_OLDEST = Gauge(
    "horarium_longest_wait_seconds", "How long the run has waited that has waited longest in hand."
)
_SLOWEST = Gauge("horarium_slowest_lane_p99_seconds", "The p99 of the slowest target with runs in hand.")


for _cause in _HOLDING:
    _HELD.labels(_cause.value)


def show_lanes(lanes: Lanes, reports: Mapping[Id, LaneReport], now_ms: int) -> None:
    """Set the figures of a worker from its lanes and the reports of those that are not plain."""
    _IN_HAND.set(lanes.queued)
    _UNDER_WAY.set(lanes.busy)
    _PARKED.set(lanes.waiting)
    for cause in _HOLDING:
        _HELD.labels(cause.value).set(sum(report.held_by is cause for report in reports.values()))
    oldest = min(
        (report.oldest_ms for report in reports.values() if report.oldest_ms is not None), default=now_ms
    )
    _OLDEST.set((now_ms - oldest) / 1000)
    _SLOWEST.set(max((report.p99_ms or 0 for report in reports.values()), default=0) / 1000)
