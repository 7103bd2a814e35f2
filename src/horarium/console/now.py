"""The first page: what ran, what will run, what fails, what waits and why, and whether anything runs at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.forecast import Forecast, forecasting
from horarium.console.pauses import paused
from horarium.domain.ids import Id, prefixed
from horarium.domain.lane_report import LaneReport
from horarium.domain.listings import ScheduleListing, TargetListing
from horarium.domain.run import Run, RunState
from horarium.domain.schedule import Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.domain.waiting import WaitCause
from horarium.service.nodes import AtWork
from horarium.service.overview import LastDay
from horarium.service.turns import in_turns

# Runs that wait and are looked at for what they wait for.
WAITING = 200
# How many coming schedules, failing targets, reasons to wait and latest runs are shown.
SHOWN = 8
# Lanes of which is shown who holds them, and runs that are named of each.
LANES, HOLDERS = 4, 3
_OUTCOMES = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.RUNNING, RunState.PENDING)


@dataclass(frozen=True, slots=True)
class Failing:
    """A target whose runs have failed in the last 24 hours: how many, and the latest of them."""

    target: Target | None
    count: int
    latest: Id
    error: str | None


@dataclass(frozen=True, slots=True)
class Waits:
    """Runs that wait for the same thing at the same target. `oldest_ms`: since when the oldest is due."""

    target: Target | None
    cause: WaitCause
    count: int
    oldest_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """A lane whose runs wait: what the workers say of it (None: nothing of note), and the latest runs that are under
    way in it."""

    target: Target
    report: LaneReport | None
    holders: Sequence[Run]


class NowPages(Pages):
    async def show(self, request: Request) -> Answer:
        """What the key may see: a part that it lacks the scope for is left out, and the page says so."""
        who = await self.who(request)
        at_work = await self.services.nodes.at_work()
        values: dict[str, Any] = {
            "at_work": at_work,
            "nodes": await self.services.nodes.named(who) if who.may(SERVER_SCOPE) else [],
            "banner": None,
            "pause": None,
            "coming": [],
            "forecast": None,
            "active": 0,
            "paused": 0,
            "last_day": None,
            "failing": [],
            "waits": [],
            "lanes": [],
            "lateness": None,
            "running": 0,
            "latest": [],
        }
        if who.may("schedules:read"):
            values |= await self._of_schedules(who)
        values["pause"] = await paused(self.services, who)
        values["banner"] = _why_nothing_runs(at_work, values["active"] > 0, values["paused"])
        if who.may("runs:read"):
            values |= await self._of_runs(who)
        nothing = not values["active"] and not values["paused"] and not values["latest"]
        if nothing and who.may("schedules:read"):
            target = await self._any_target(who) if who.may("targets:read") else None
            only = None if target is None else prefixed("tgt", target.id)
            return self.page(request, "first.html", **values, step=2 if target else 1, only_target=only)
        return self.page(request, "now.html", **values, outcomes=_OUTCOMES)

    async def _of_schedules(self, who: Identity) -> dict[str, Any]:
        timings = await self.services.overview.timings(who.workspace_id)
        ahead: Forecast = await in_turns(forecasting(timings, self.now_ms() // 1000))
        paused = ScheduleListing(who.workspace_id, 1, state=ScheduleState.PAUSED.value)
        return {
            "coming": await self._coming(who.workspace_id),
            "forecast": ahead,
            "active": sum(count for _, count in timings),
            "paused": await self.services.schedules.count(paused),
        }

    async def _coming(self, workspace_id: Id) -> list[tuple[Schedule, int]]:
        """The schedules whose next slots come first, and when they fire (ms)."""
        due = await self.services.overview.due_next(workspace_id, SHOWN)
        fires = await self.services.explain.next_fires(workspace_id, due)
        found = [(schedule, at_ms) for schedule in due if (at_ms := fires[schedule.id]) is not None]
        return sorted(found, key=lambda one: one[1])

    async def _any_target(self, who: Identity) -> Target | None:
        found = await self.services.targets.list(who, TargetListing(who.workspace_id, 1))
        return found.items[0] if found.items else None

    async def _of_runs(self, who: Identity) -> dict[str, Any]:
        runs, workspace_id = self.services.runs, who.workspace_id
        latest = await runs.list(workspace_id, SHOWN)
        waiting = await runs.list(workspace_id, WAITING, state=RunState.PENDING.value)
        causes = await runs.waits(workspace_id, waiting)
        failed = await self.services.overview.failing(workspace_id, SHOWN)
        ids = {run.target_id for run in (*waiting, *latest)} | {found.target_id for found in failed}
        targets = await self.services.targets.named(workspace_id, ids) if ids else {}
        errors = await self.services.overview.errors(workspace_id, [found.latest for found in failed])
        last_day: LastDay = await self.services.overview.last_day(workspace_id)
        found = waits(waiting, causes, targets)[:SHOWN]
        return {
            "last_day": last_day,
            "lateness": await self.services.overview.lateness(workspace_id),
            "lanes": await self._lanes(who, found),
            "failing": [
                Failing(targets.get(found.target_id), found.failed, found.latest, errors.get(found.latest))
                for found in failed
            ],
            "waits": found,
            "more_wait": len(waiting) == WAITING,
            "running": await runs.count(workspace_id, state=RunState.RUNNING.value),
            "latest": latest,
            "targets": targets,
        }

    async def _lanes(self, who: Identity, waiting: Sequence[Waits]) -> list[Held]:
        """What stands before the runs that wait: how each lane is held, and by which runs."""
        targets = list({each.target.id: each.target for each in waiting if each.target is not None}.values())
        reports = {}
        if targets and who.may("targets:read"):
            reports = await self.services.targets.reports(who, [target.id for target in targets])
        return [
            Held(
                target,
                reports.get(target.id),
                await self.services.runs.list(
                    who.workspace_id, HOLDERS, target_id=target.id, state=RunState.RUNNING.value
                ),
            )
            for target in targets[:LANES]
        ]


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


def _why_nothing_runs(at_work: AtWork, any_active: bool, paused: int) -> str | None:
    """Why nothing runs at all, in a sentence, or None where something can. The pause of the workspace is told apart."""
    if not at_work.engines:
        return (
            "No node fires schedules: none that is alive has the role engine. Start one, or look at its log."
        )
    if not at_work.workers:
        return "Schedules fire, but no node runs what they fire: none that is alive has the role worker. Start one."
    if not any_active and paused:
        return f"Nothing fires: every schedule that is not over is paused ({paused})."
    return None
