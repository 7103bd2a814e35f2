"""The metrics of a server, in the text format of Prometheus.

The parts of a server count plain numbers. Each has a function that turns them into metrics, and is asked when somebody
reads the metrics. A server has a registry of its own, because a process may hold several servers (in tests).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from horarium import __version__
from horarium.domain.errors import Unavailable
from horarium.domain.figures import Histogram
from horarium.domain.fire import FireKind, SpanReason
from horarium.domain.ids import Id, prefixed
from horarium.domain.run import RunState
from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.figures import FIRED, FIRES, FORGOTTEN_EVENTS, FREED, RUNS, SLOTS, TOLD
from horarium.store.migrations import latest
from horarium.store.verbs.figures import LaneQueue, Present, present, workspaces_of_targets
from horarium.times import TZDATA_VERSION

# What stands in the place of a lane's name for all lanes that are not shown by themselves.
REST = "other"
# Lanes whose queues are shown, the longest first.
MOST_LANES = 50
# The label that tells the figures of the processes of one server apart.
PROCESS = "process"
# For how long what was read is given again, in seconds: the metrics may be read without a key, so reading them again
# and again must cost little.
KEPT_S, PRESENT_KEPT_S = 0.25, 1.0

# Turns the figures of one part into metrics.
Collect = Callable[[], Iterable[Metric]]
# The same for figures by lane: of one workspace, or of all (None).
CollectLanes = Callable[[Id | None], Iterable[Metric]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures of a process are wanted: all that it counts itself, or those by lane of one workspace or of all
    (None)."""

    by_lane: bool = False
    workspace_id: Id | None = None


# Asks the further processes of a server; the answers by the number of the process.
AskFurther = Callable[[Asked], Awaitable[Mapping[int, Sequence[Metric]]]]


def gauge(name: str, words: str, value: float) -> Metric:
    """A figure that may rise and fall."""
    return GaugeMetricFamily(name, words, value=value)


def counter(name: str, words: str, value: float) -> Metric:
    """A figure that only rises; its name gets the ending `_total`."""
    return CounterMetricFamily(name, words, value=value)


def counters(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    """A figure that only rises, by a label."""
    family = CounterMetricFamily(name, words, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def _bound_text(seconds: float) -> str:
    """An upper bound as Prometheus writes it."""
    return "+Inf" if seconds == float("inf") else f"{seconds:g}"


def histogram(name: str, words: str, found: Histogram) -> Metric:
    """A histogram in seconds, of one in milliseconds."""
    buckets = [(_bound_text(bound / 1000), number) for bound, number in found.cumulative()]
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=found.total / 1000)


@dataclass(frozen=True, slots=True)
class _Part(Collector):
    """One part of a server, as a registry asks it."""

    ask: Collect

    def collect(self) -> Iterable[Metric]:
        return self.ask()


class Metrics:
    """The metrics of one server. `further` is set where it has further processes, which count for themselves."""

    further: AskFurther | None = None

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._by_lane: list[CollectLanes] = []
        self._present: Present | None = None
        # When it was read, by the database's clock.
        self._present_ms = 0
        self._bytes = 0
        self._read_at = self._text_at = float("-inf")
        self._text = b""
        self._showing = asyncio.Lock()
        self.add(self._of_store)

    content_type = CONTENT_TYPE_LATEST

    def add(self, collect: Collect) -> None:
        """Show the figures of one part of the server."""
        self._registry.register(_Part(collect))

    def add_by_lane(self, collect: CollectLanes) -> None:
        """Show the figures of one part by lane, to whoever may see them."""
        self._by_lane.append(collect)

    async def text(self) -> bytes:
        """The figures that show nothing of tenants."""
        await self._read()
        async with self._showing:
            if time.monotonic() - self._text_at > KEPT_S:
                self._text = await self._shown(Asked(), self._of_present())
                self._text_at = time.monotonic()
        return self._text

    async def text_by_lane(self, who: Identity, workspace_id: Id | None) -> bytes:
        """The figures by lane: of one workspace, or of all (None). Raises Forbidden without a key of the server."""
        who.require(SERVER_SCOPE)
        await self._read()
        queues = await self._queues(workspace_id)
        of_database = _lane_queues(queues, self._present_ms, workspace_id)
        return await self._shown(Asked(by_lane=True, workspace_id=workspace_id), of_database)

    def of_process(self, asked: Asked) -> list[Metric]:
        """What this process has counted itself."""
        if asked.by_lane:
            return [metric for collect in self._by_lane for metric in collect(asked.workspace_id)]
        return list(self._registry.collect())

    async def _shown(self, asked: Asked, of_database: Iterable[Metric]) -> bytes:
        """The figures of all processes of this server, and those that are the same for all."""
        found = self.of_process(asked)
        if self.further is not None:
            found = _together({1: found, **await self.further(asked)})
        shown, registry = [*found, *of_database], CollectorRegistry()
        registry.register(_Part(lambda: shown))
        return generate_latest(registry)

    async def _read(self) -> None:
        """Read what only the database knows. Without an answer the other figures are shown all the same."""
        if time.monotonic() - self._read_at <= PRESENT_KEPT_S:
            return
        try:
            now = self._clock.now_ms()
            self._present = await self._store.read(present, now)
            self._present_ms = now
            self._bytes = await self._store.bytes()
        except Unavailable:
            self._present = None
        self._read_at = time.monotonic()

    async def _queues(self, workspace_id: Id | None) -> list[tuple[Id, LaneQueue]]:
        """The queues of lanes, each with its workspace, the longest first."""
        found = () if self._present is None else self._present.lanes
        owners = await self._store.read(workspaces_of_targets, [queue.lane for queue in found])
        mine = [(owners[queue.lane], queue) for queue in found if queue.lane in owners]
        mine = [item for item in mine if workspace_id in (None, item[0])]
        return sorted(mine, key=lambda item: -item[1].waiting)

    def _of_store(self) -> Iterator[Metric]:
        figures = self._store.figures
        info = {"version": __version__, "schema": str(latest()), "zone_data": TZDATA_VERSION}
        kind = "postgresql" if self._store.shared else "sqlite"
        yield InfoMetricFamily("horarium", "The versions at work.", value={**info, "database": kind})
        slots = {FIRED: 0, **{reason.value: 0 for reason in SpanReason}, **figures.of(SLOTS)}
        family = CounterMetricFamily(
            "horarium_slots",
            "Slots that this process has accounted for: those that fired, and those that did not, by the reason.",
            labels=["outcome", "reason"],
        )
        for which, times in sorted(slots.items()):
            family.add_metric([FIRED, ""] if which == FIRED else ["passed", which], times)
        yield family
        yield histogram(
            "horarium_slot_lateness_seconds",
            "How much later than due the slots that fired were entered in the ledger.",
            figures.entered,
        )
        asked = {kind.value: 0 for kind in FireKind if kind is not FireKind.CLOCK} | figures.of(FIRES)
        yield counters("horarium_fires_asked_for", "Fires that callers asked for, by kind.", "kind", asked)
        ends = {state.value: 0 for state in RunState if state.final} | figures.of(RUNS)
        yield counters("horarium_runs_ended", "Runs that have ended, by their state.", "state", ends)
        for figure, name, words in (
            (TOLD, "horarium_events_recorded", "Events that have got their place in a log."),
            (
                FORGOTTEN_EVENTS,
                "horarium_events_deleted",
                "Events that were deleted because of their age or number.",
            ),
        ):
            yield counter(name, words, sum(figures.of(figure).values()))
        yield counter(
            "horarium_runs_recovered",
            "Runs and fan-outs that this process took from nodes that were gone.",
            sum(figures.of(FREED).values()),
        )
        verbs = SummaryMetricFamily(
            "horarium_store_verb_seconds",
            "How long the transactions and reads of the database took, with the wait for a connection on PostgreSQL.",
            labels=["verb"],
        )
        for verb, took in sorted(figures.verbs.items()):
            verbs.add_metric([verb], took.calls, took.seconds)
        yield verbs
        yield histogram(
            "horarium_store_commit_seconds", "How long the commits of the database took.", figures.commits
        )
        yield counter(
            "horarium_store_refused", "Transactions that the database could not do.", figures.refused
        )
        queue = GaugeMetricFamily(
            "horarium_store_queue_length",
            "Transactions that wait for their turn, by who asks.",
            labels=["who"],
        )
        for who, number in self._store.waiting().items():
            queue.add_metric([who], number)
        yield queue

    def _of_present(self) -> Iterator[Metric]:
        found = self._present
        yield gauge(
            "horarium_database_up", "1 if the database has answered, 0 if not.", float(found is not None)
        )
        if found is None:
            return
        now = self._present_ms
        yield gauge("horarium_database_bytes", "The size of the database, with its indexes.", self._bytes)
        if found.last_backup_ms is not None:
            yield gauge(
                "horarium_backup_age_seconds",
                "How long ago the newest backup was made.",
                _age_s(found.last_backup_ms, now),
            )
        yield gauge(
            "horarium_oldest_due_slot_seconds",
            "For how long the oldest slot has been due that is not accounted for; 0 if there is none.",
            _age_s(found.oldest_due_ms, now),
        )
        queue = GaugeMetricFamily(
            "horarium_queue_runs",
            "Runs in the queue: nobody has claimed them (waiting), they begin later (later), workers have them "
            "(claimed).",
            labels=["state"],
        )
        queue.add_metric(["waiting"], sum(lane.waiting for lane in found.lanes))
        queue.add_metric(["later"], sum(lane.later for lane in found.lanes))
        queue.add_metric(["claimed"], sum(lane.claimed for lane in found.lanes))
        yield queue
        yield gauge(
            "horarium_queue_oldest_seconds",
            "For how long the oldest unclaimed run could have begun; 0 if there is none.",
            _age_s(found.oldest_ready_ms, now),
        )
        yield gauge(
            "horarium_callbacks_pending", "Runs that wait for a callback of their target.", found.callbacks
        )
        yield gauge("horarium_fanouts_under_way", "Fires whose audience is being read.", found.fanouts)
        yield gauge(
            "horarium_audit_pending",
            "Transactions whose audit entries are not in the chain yet.",
            found.audit_pending,
        )
        nodes = GaugeMetricFamily(
            "horarium_nodes",
            "Nodes that have not stopped, by whether their lease holds.",
            labels=["lease"],
        )
        nodes.add_metric(["held"], found.nodes_alive)
        nodes.add_metric(["lapsed"], found.nodes_lapsed)
        yield nodes


def _together(found: Mapping[int, Iterable[Metric]]) -> list[Metric]:
    """The figures of several processes, each with the number of its process."""
    families: dict[str, Metric] = {}
    for number, metrics in found.items():
        for metric in metrics:
            empty = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            families.setdefault(metric.name, empty).samples += [
                sample._replace(labels={**sample.labels, PROCESS: str(number)}) for sample in metric.samples
            ]
    return list(families.values())


def _age_s(since_ms: int | None, now_ms: int) -> float:
    return 0.0 if since_ms is None else max(0, now_ms - since_ms) / 1000


def _lane_queues(
    queues: list[tuple[Id, LaneQueue]], now_ms: int, workspace_id: Id | None
) -> Iterator[Metric]:
    labels = ["workspace", "target"]
    depth = GaugeMetricFamily(
        "horarium_lane_queue_runs", "Runs in the queue, by target and state.", labels=[*labels, "state"]
    )
    oldest = GaugeMetricFamily(
        "horarium_lane_queue_oldest_seconds",
        "For how long the oldest unclaimed run of a target could have begun.",
        labels=labels,
    )
    shown, rest = queues[:MOST_LANES], queues[MOST_LANES:]
    for owner, queue in shown:
        names = [prefixed("ws", owner), prefixed("tgt", queue.lane)]
        for state in ("waiting", "later", "claimed"):
            depth.add_metric([*names, state], getattr(queue, state))
        oldest.add_metric(names, _age_s(queue.oldest_ms, now_ms))
    if rest or workspace_id is None:
        for state in ("waiting", "later", "claimed"):
            depth.add_metric([REST, REST, state], sum(getattr(queue, state) for _, queue in rest))
        since = min((queue.oldest_ms for _, queue in rest if queue.oldest_ms is not None), default=None)
        oldest.add_metric([REST, REST], _age_s(since, now_ms))
    yield depth
    yield oldest
