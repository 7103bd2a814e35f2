"""What the engine counts of itself, beside what the store counts of its transactions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import Metric

from horarium.domain.figures import MOMENTS_MS, Histogram
from horarium.engine.clock import DatabaseClock
from horarium.engine.lease import Lease
from horarium.service.metrics import counter, gauge, histogram

if TYPE_CHECKING:
    from horarium.engine.steps import Engine


@dataclass(slots=True)
class EngineFigures:
    """`releases_failed`: releases that the database did not do. `trying_since`: since when (the event loop's seconds)
    one is tried that has not been done; None where the last one was. `trouble`: why it failed, as far as it has.
    `forgotten`: rows of history that were deleted. `behind_since`: since when (monotonic seconds) there has been
    history beyond the retention time; None if all of it is deleted."""

    releases_failed: int = 0
    trying_since: float | None = None
    trouble: str = ""
    forgotten: int = 0
    behind_since: float | None = None

    def begins_release(self, now: float) -> None:
        if self.trying_since is None:
            self.trying_since, self.trouble = now, ""

    def failed_release(self, trouble: str) -> None:
        self.releases_failed += 1
        self.trouble = trouble

    def ends_release(self) -> None:
        self.trying_since = None

    def releasing(self, now: float) -> tuple[float, str]:
        """For how many seconds a release has been tried that is not done, and why not, as far as that is known."""
        return (0.0, "") if self.trying_since is None else (now - self.trying_since, self.trouble)

    def forgot(self, rows: int, more: bool) -> None:
        """Count rows that were deleted; `more`: whether more are to be deleted."""
        self.forgotten += rows
        if not more:
            self.behind_since = None
        elif self.behind_since is None:
            self.behind_since = time.monotonic()


@dataclass(slots=True)
class LoopFigures:
    """How much later than asked the event loop has woken a task that sleeps, in milliseconds."""

    lag: Histogram = field(default_factory=lambda: Histogram(MOMENTS_MS))


def engine_metrics(engine: Engine) -> Iterator[Metric]:
    """The figures of an engine."""
    figures = engine.figures
    yield counter(
        "horarium_releases_failed", "Releases that the database did not do.", figures.releases_failed
    )
    yield counter(
        "horarium_history_deleted",
        "Rows of history that were deleted, as they are counted.",
        figures.forgotten,
    )
    behind = 0.0 if figures.behind_since is None else time.monotonic() - figures.behind_since
    yield gauge(
        "horarium_retention_behind_seconds",
        "For how long there has been history beyond the retention time that is not deleted yet.",
        behind,
    )


def process_metrics(loop: LoopFigures, clock: DatabaseClock, lease: Lease | None) -> Iterator[Metric]:
    """The figures of a process: its event loop, its clock and its lease (None on SQLite)."""
    yield histogram("horarium_event_loop_lag_seconds", "How late the event loop wakes its tasks.", loop.lag)
    yield gauge(
        "horarium_clock_uncertain",
        "1 while a jump of the database's clock waits for its confirmation and nothing is fired.",
        float(clock.uncertain),
    )
    ahead = clock.now_ms() - time.time_ns() // 1_000_000
    yield gauge(
        "horarium_clock_skew_seconds",
        "How far the clock of the database, which decides, is ahead of this machine's.",
        ahead / 1000,
    )
    yield counter("horarium_clock_jumps", "Jumps of the database's clock of more than a second.", clock.jumps)
    if lease is not None:
        yield gauge("horarium_lease_held", "1 while this node may fire and begin runs.", float(lease.held))
        yield gauge("horarium_lease_left_seconds", "For how long the lease still holds.", lease.left_s)
        yield counter("horarium_lease_lapses", "How often this node lost its lease.", lease.lapses)
