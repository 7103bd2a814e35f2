"""What a workspace looks like at a glance: what ran in the last day, what fails, what is due next, and how its
schedules have fared lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from horarium.domain.ids import Id
from horarium.domain.lane_report import percentile
from horarium.domain.schedule import Schedule
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import overview as verbs
from horarium.store.verbs.overview import FailedOfTarget, Outcome
from horarium.times import Timing

HOUR_MS = 3_600_000
HOURS = 24
# Runs that are counted: of the last day, and of those that ended badly.
MOST_RUNS, MOST_FAILED = 10_000, 2_000
# Runs whose begin is compared with when they were due, and schedules whose objective is looked up for that.
MOST_STARTS, MOST_OBJECTIVES = 2_000, 200
# The timings of a workspace with so many schedules or more are remembered, for so long (ms), since reading them takes
# a while; and those of so many workspaces.
LARGE, REMEMBERED_MS, REMEMBERED = 5_000, 60_000, 1_000


@dataclass(frozen=True, slots=True)
class LastDay:
    """The runs that were due in the last 24 hours, by state, and hour by hour with the oldest hour first.

    `is_whole` tells that none is left out: of more than MOST_RUNS the newest are counted.
    """

    by_state: dict[str, int]
    by_hour: list[dict[str, int]]
    is_whole: bool

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def peak(self) -> int:
        """The runs of the busiest hour."""
        return max(sum(hour.values()) for hour in self.by_hour)


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late the latest runs of the last 24 hours began (ms): half of them at most `p50_ms`, 99 of 100 at most
    `p99_ms`; both are None where none has begun. The schedules of `with_objective` runs have an objective, than which
    `too_late` of them began later; `objective_ms` is the tightest one."""

    runs: int
    p50_ms: int | None
    p99_ms: int | None
    with_objective: int
    too_late: int
    objective_ms: int | None


@dataclass(slots=True)
class OverviewService:
    """Reads what a page that shows a whole workspace needs, each by one query of bounded length."""

    store: Store
    clock: Clock
    _timings: dict[Id, tuple[int, list[tuple[Timing, int]]]] = field(default_factory=dict)

    async def last_day(self, workspace_id: Id) -> LastDay:
        """The runs of the last 24 hours."""
        until = self.clock.now_ms() + 1
        since = until - HOURS * HOUR_MS
        found = await self.store.read(verbs.runs_of_hours, workspace_id, since, until, MOST_RUNS)
        by_hour: list[dict[str, int]] = [{} for _ in range(HOURS)]
        by_state: Counter[str] = Counter()
        for hour, state, runs in found:
            by_hour[hour][state] = runs
            by_state[state] += runs
        return LastDay(dict(by_state), by_hour, by_state.total() < MOST_RUNS)

    async def lateness(self, workspace_id: Id) -> Lateness:
        """How late runs begin lately, and how that compares with what their schedules allow."""
        since = self.clock.now_ms() - HOURS * HOUR_MS
        starts = await self.store.read(verbs.starts_of_runs, workspace_id, since, MOST_STARTS)
        late = [max(0, start.late_ms) for start in starts]
        frequent = Counter(start.schedule_id for start in starts if start.schedule_id is not None)
        schedules = [schedule for schedule, _ in frequent.most_common(MOST_OBJECTIVES)]
        objectives = await self.store.read(verbs.objectives_of, workspace_id, schedules)
        held = [
            (start.late_ms, objectives[start.schedule_id])
            for start in starts
            if start.schedule_id in objectives
        ]
        return Lateness(
            len(late),
            percentile(late, 0.5),
            percentile(late, 0.99),
            len(held),
            sum(late_ms > objective for late_ms, objective in held),
            min(objectives.values(), default=None),
        )

    async def failing(self, workspace_id: Id, most: int) -> list[FailedOfTarget]:
        """The targets whose runs have failed in the last 24 hours, those with most failures first."""
        since = self.clock.now_ms() - HOURS * HOUR_MS
        return await self.store.read(verbs.failed_of_targets, workspace_id, since, MOST_FAILED, most)

    async def errors(self, workspace_id: Id, runs: Sequence[Id]) -> dict[Id, str | None]:
        """The errors of runs by their ids."""
        return await self.store.read(verbs.errors_of, workspace_id, runs)

    async def due_next(self, workspace_id: Id, limit: int) -> list[Schedule]:
        """The schedules that are due next, the soonest first."""
        return await self.store.read(verbs.due_next, workspace_id, limit)

    async def outcomes(self, workspace_id: Id, schedules: Sequence[Id], each: int) -> dict[Id, list[Outcome]]:
        """The latest fires of schedules, up to `each` of every one, the oldest first."""
        return await self.store.read(verbs.latest_outcomes, workspace_id, schedules, each)

    async def timings(self, workspace_id: Id) -> list[tuple[Timing, int]]:
        """The distinct timings of the schedules that have a next slot, and how many schedules have each, of
        a large workspace as they were at most REMEMBERED_MS ago."""
        now = self.clock.now_ms()
        known = self._timings.get(workspace_id)
        if known is not None and now - known[0] < REMEMBERED_MS:
            return known[1]
        found = await self.store.read(verbs.timings_of, workspace_id)
        if sum(count for _, count in found) < LARGE:
            return found
        if len(self._timings) >= REMEMBERED:
            self._timings.clear()
        self._timings[workspace_id] = now, found
        return found
