"""What a worker counts: its attempts by outcome, how late they were sent, and how long they took.

Attempts are counted for each lane, up to a number of lanes, and the rest together. What names a lane is shown only to
whoever has a key of the whole server: the other figures show nothing of tenants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.figures import LATENESS_MS, Samples
from horarium.domain.ids import Id, prefixed
from horarium.domain.waiting import WaitCause
from horarium.service.metrics import REST, counters, gauge, histogram

if TYPE_CHECKING:
    from horarium.worker.lanes import Lanes
    from horarium.worker.worker import Worker

# Lanes whose attempts are counted by themselves.
MOST_LANES = 100
SUCCEEDED, CANCELLED, TIMED_OUT = "succeeded", "cancelled", "timed_out"
# All that may come of an attempt, so that each has a figure from the start.
OUTCOMES = (
    SUCCEEDED,
    "accepted",
    "overloaded",
    TIMED_OUT,
    "refused",
    "server_error",
    "unexpected_status",
    "failed",
    CANCELLED,
)
_HOLDING = (WaitCause.LIMIT, WaitCause.PAUSE, WaitCause.CIRCUIT)


def outcome_class(outcome: Outcome, overloaded: bool, timed_out: bool) -> str:
    """The class of an outcome, one of OUTCOMES: by the verdict, and for failures by the status of the answer."""
    match outcome.verdict:
        case Verdict.SUCCEEDED:
            return SUCCEEDED
        case Verdict.ACCEPTED:
            return "accepted"
    if overloaded:
        return "overloaded"
    if timed_out:
        return TIMED_OUT
    if outcome.status is None:
        return "failed"
    return {4: "refused", 5: "server_error"}.get(outcome.status // 100, "unexpected_status")


@dataclass(slots=True, eq=False)
class LaneTally:
    """The attempts of a lane, or of all that are not counted by themselves. `ended` counts all that had an outcome;
    `others` those that did not succeed, by class."""

    workspace_id: Id = b""
    ended: int = 0
    others: Counter[str] = field(default_factory=Counter)

    def by_outcome(self, more: int = 0) -> Counter[str]:
        """Attempts by class; `more` have ended besides and are not in `ended` yet."""
        found = Counter(self.others)
        found[SUCCEEDED] = self.ended + more - sum(self.others.values()) + self.others[CANCELLED]
        return found


@dataclass(slots=True)
class WorkerFigures:
    """`sent`: how much later than due first attempts began, `took`: how long attempts took (ms). `gone` are the
    attempts of lanes that are forgotten."""

    sent: Samples = field(default_factory=lambda: Samples(LATENESS_MS))
    took: Samples = field(default_factory=lambda: Samples(LATENESS_MS))
    rest: LaneTally = field(default_factory=LaneTally)
    gone: Counter[str] = field(default_factory=Counter)
    by_lane: dict[Id, LaneTally] = field(default_factory=dict)

    def tally_of(self, lane: Id, workspace_id: Id) -> LaneTally:
        """Where the attempts of a new lane are counted."""
        if len(self.by_lane) >= MOST_LANES:
            return self.rest
        return self.by_lane.setdefault(lane, LaneTally(workspace_id))

    def forget(self, lane: Id, unlearned: int) -> None:
        """A lane is forgotten: its attempts stay in the sum, and another lane may be counted by itself."""
        tally = self.by_lane.pop(lane, None)
        if tally is None:
            self.rest.ended += unlearned
        else:
            self.gone += tally.by_outcome(unlearned)

    def settle(self) -> None:
        """Put what was noted into the histograms."""
        self.sent.settle()
        self.took.settle()


def attempts_by_lane(figures: WorkerFigures, lanes: Lanes) -> dict[Id | None, tuple[Id, Counter[str]]]:
    """The attempts of each lane that is counted by itself, with its workspace, and under None those of the rest."""
    unlearned = {lane.id: lane.ends for lane in lanes}
    found: dict[Id | None, tuple[Id, Counter[str]]] = {
        lane: (tally.workspace_id, tally.by_outcome(unlearned.pop(lane, 0)))
        for lane, tally in figures.by_lane.items()
    }
    found[None] = b"", figures.rest.by_outcome(sum(unlearned.values()))
    return found


def worker_metrics(worker: Worker, now_ms: int) -> Iterator[Metric]:
    """The figures of a worker that name no lane."""
    lanes, figures = worker.lanes, worker.figures
    attempts = Counter(dict.fromkeys(OUTCOMES, 0))
    attempts.update(figures.gone)
    for _, by_outcome in attempts_by_lane(figures, lanes).values():
        attempts.update(by_outcome)
    yield counters(
        "horarium_attempts", "Attempts that have ended, by what came of them.", "outcome", attempts
    )
    yield histogram(
        "horarium_run_lateness_seconds",
        "How much later than due the first attempt of a run was sent.",
        figures.sent.settle(),
    )
    yield histogram("horarium_attempt_seconds", "How long attempts took.", figures.took.settle())
    yield gauge("horarium_runs_in_hand", "Runs that this worker has and has not begun.", lanes.queued)
    yield gauge("horarium_attempts_under_way", "Attempts that occupy a place of this worker.", lanes.busy)
    yield gauge(
        "horarium_attempts_parked",
        "Attempts that wait for an answer over the network without a place.",
        lanes.waiting,
    )
    yield gauge("horarium_worker_places", "Attempts that may occupy a place at once.", lanes.places)
    reports = worker.reports  # those of the last look: to make them takes long where there are many lanes
    held = Counter(report.held_by for report in reports.values())
    family = GaugeMetricFamily(
        "horarium_lanes_held",
        "Targets that are called less than they could be, by what holds them.",
        labels=["why"],
    )
    for cause in _HOLDING:
        family.add_metric([cause.value], held[cause])
    yield family
    oldest = min(
        (found.oldest_ms for found in reports.values() if found.oldest_ms is not None), default=now_ms
    )
    yield gauge(
        "horarium_longest_wait_seconds",
        "How long the run has waited that has waited longest in hand.",
        (now_ms - oldest) / 1000,
    )
    slowest = max((found.p99_ms or 0 for found in reports.values()), default=0)
    yield gauge(
        "horarium_slowest_lane_p99_seconds",
        "The p99 of the slowest target with runs in hand.",
        slowest / 1000,
    )


def lane_metrics(worker: Worker, workspace_id: Id | None) -> Iterator[Metric]:
    """The figures of a worker by lane, those of one workspace or (None) of all."""
    attempts = CounterMetricFamily(
        "horarium_lane_attempts",
        "Attempts that have ended, by target and by what came of them.",
        labels=["workspace", "target", "outcome"],
    )
    for lane, (owner, by_outcome) in attempts_by_lane(worker.figures, worker.lanes).items():
        if workspace_id in (None, owner):
            names = [REST, REST] if lane is None else [prefixed("ws", owner), prefixed("tgt", lane)]
            for outcome, times in sorted(by_outcome.items()):
                attempts.add_metric([*names, outcome], times)
    yield attempts
    under_way = GaugeMetricFamily(
        "horarium_lane_attempts_under_way",
        "Attempts that are under way in this worker, by target.",
        labels=["workspace", "target"],
    )
    busiest = sorted(
        (lane for lane in worker.lanes if workspace_id in (None, lane.workspace.id)),
        key=lambda lane: -lane.under_way,
    )
    for busy in busiest[:MOST_LANES]:
        under_way.add_metric([prefixed("ws", busy.workspace.id), prefixed("tgt", busy.id)], busy.under_way)
    if workspace_id is None:
        under_way.add_metric([REST, REST], sum(busy.under_way for busy in busiest[MOST_LANES:]))
    yield under_way
