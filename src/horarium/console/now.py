"""The first page: what ran, what will run, what fails, what waits and why, and whether anything runs at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forecast import Forecast, forecast
from horarium.domain.ids import Id
from horarium.domain.listings import ScheduleListing, TargetListing
from horarium.domain.run import Run, RunState
from horarium.domain.schedule import Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.domain.waiting import WaitCause
from horarium.service.nodes import AtWork

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
HOURS = 24
# How many of the latest runs, of those that failed, of those that wait and of the active schedules are looked at.
LATEST, FAILED, WAITING, ACTIVE = 500, 200, 200, 500
# How many coming schedules, failing targets and reasons to wait are shown.
SHOWN = 8
_OUTCOMES = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.RUNNING, RunState.PENDING)


@dataclass(frozen=True, slots=True)
class LastDay:
    """The runs of the last 24 hours by outcome, hour by hour with the oldest hour first.

    `is_whole` tells that none is left out.
    """

    by_outcome: dict[str, int]
    by_hour: list[dict[str, int]]
    is_whole: bool

    @property
    def total(self) -> int:
        return sum(self.by_outcome.values())

    @property
    def peak(self) -> int:
        """The runs of the busiest hour."""
        return max(sum(hour.values()) for hour in self.by_hour)


@dataclass(frozen=True, slots=True)
class Failing:
    """A target whose runs have failed in the last 24 hours: how many, and the latest of them."""

    target: Target | None
    count: int
    latest: Run


@dataclass(frozen=True, slots=True)
class Waits:
    """Runs that wait for the same thing at the same target. `oldest_ms`: since when the oldest is due."""

    target: Target | None
    cause: WaitCause
    count: int
    oldest_ms: int


class NowPages(Pages):
    async def show(self, request: Request) -> Answer:
        """What the key may see: a part that it lacks the scope for is left out, and the page says so."""
        who = await self.who(request)
        now = self.now_ms()
        active = await self._schedules(who, ScheduleState.ACTIVE) if who.may("schedules:read") else []
        paused = await self._paused(who) if who.may("schedules:read") else 0
        has_targets = who.may("targets:read") and await self._has_targets(who)
        at_work = await self.services.nodes.at_work()
        coming = sorted(
            (schedule for schedule in active if schedule.progress.next_due is not None), key=_next_due
        )
        values: dict[str, Any] = {
            "active": active,
            "paused": paused,
            "has_targets": has_targets,
            "coming": coming[:SHOWN],
            "forecast": _forecast(active, now),
            "more_active": len(active) == ACTIVE,
            "at_work": at_work,
            "nodes": await self.services.nodes.named(who) if who.may(SERVER_SCOPE) else [],
            "banner": _why_nothing_runs(at_work, bool(active), paused),
            "last_day": None,
            "failing": [],
            "waits": [],
            "running": 0,
            "latest": [],
        }
        if who.may("runs:read"):
            values |= await self._of_runs(who, now)
        nothing = not active and not paused and not values["latest"]
        if nothing and who.may("schedules:read"):
            return self.page(request, "first.html", **values, step=1 if not has_targets else 2)
        return self.page(request, "now.html", **values)

    async def _schedules(self, who: Identity, state: ScheduleState) -> list[Schedule]:
        listing = ScheduleListing(who.workspace_id, ACTIVE, state=state.value)
        return list(await self.services.schedules.list(listing))

    async def _paused(self, who: Identity) -> int:
        listing = ScheduleListing(who.workspace_id, 1, state=ScheduleState.PAUSED.value)
        return await self.services.schedules.count(replace(listing, limit=ACTIVE))

    async def _has_targets(self, who: Identity) -> bool:
        found = await self.services.targets.list(who, TargetListing(who.workspace_id, 1))
        return bool(found.items)

    async def _of_runs(self, who: Identity, now: int) -> dict[str, Any]:
        runs = self.services.runs
        latest = await runs.list(who.workspace_id, LATEST)
        failed = await runs.list(who.workspace_id, FAILED, state=RunState.FAILED.value)
        waiting = await runs.list(who.workspace_id, WAITING, state=RunState.PENDING.value)
        causes = await runs.waits(who.workspace_id, waiting)
        ids = {run.target_id for run in (*failed, *waiting, *latest[:SHOWN])}
        targets = await self.services.targets.named(who.workspace_id, ids) if ids else {}
        return {
            "last_day": last_day(latest, now),
            "failing": failing(failed, targets, now)[:SHOWN],
            "waits": waits(waiting, causes, targets)[:SHOWN],
            "more_wait": len(waiting) == WAITING,
            "running": await runs.count(who.workspace_id, state=RunState.RUNNING.value),
            "latest": latest[:SHOWN],
            "targets": targets,
        }


def last_day(latest: Sequence[Run], now: int) -> LastDay:
    """The runs of the last 24 hours, of the latest runs of a workspace."""
    by_hour: list[Counter[str]] = [Counter() for _ in range(HOURS)]
    total: Counter[str] = Counter()
    since = now - DAY_MS
    for run in latest:
        at = run.due_ms
        if since < at <= now:
            by_hour[min(HOURS - 1, (at - since) // HOUR_MS)][run.state.value] += 1
            total[run.state.value] += 1
    is_whole = len(latest) < LATEST or latest[-1].due_ms <= since
    shown = {state.value: total[state.value] for state in _OUTCOMES}
    return LastDay(shown, [dict(hour) for hour in by_hour], is_whole)


def failing(failed: Sequence[Run], targets: dict[Id, Target], now: int) -> list[Failing]:
    """The targets of the runs that failed in the last 24 hours, those with most failures first."""
    recent = [run for run in failed if (run.finished_ms or run.due_ms) > now - DAY_MS]
    counts = Counter(run.target_id for run in recent)
    latest: dict[Id, Run] = {}
    for run in recent:
        latest.setdefault(run.target_id, run)
    return [Failing(targets.get(each), count, latest[each]) for each, count in counts.most_common()]


def waits(waiting: Sequence[Run], causes: dict[Id, WaitCause], targets: dict[Id, Target]) -> list[Waits]:
    """For what runs wait, the most frequent first."""
    alike: dict[tuple[Id, WaitCause], list[Run]] = {}
    for run in waiting:
        if (cause := causes.get(run.id)) is not None:
            alike.setdefault((run.target_id, cause), []).append(run)
    found = [
        Waits(targets.get(target_id), cause, len(runs), min(run.due_ms for run in runs))
        for (target_id, cause), runs in alike.items()
    ]
    return sorted(found, key=lambda each: -each.count)


def _forecast(active: Sequence[Schedule], now: int) -> Forecast:
    return forecast(active, now // 1000)


def _next_due(schedule: Schedule) -> int:
    return schedule.progress.next_due or 0


def _why_nothing_runs(at_work: AtWork, any_active: bool, paused: int) -> str | None:
    """Why nothing runs at all, in a sentence, or None where something can."""
    if not at_work.engines:
        return (
            "No node fires schedules: none that is alive has the role engine. Start one, or look at its log."
        )
    if not at_work.workers:
        return "Schedules fire, but no node runs what they fire: none that is alive has the role worker. Start one."
    if not any_active and paused:
        return f"Nothing fires: every schedule that is not over is paused ({paused})."
    return None
