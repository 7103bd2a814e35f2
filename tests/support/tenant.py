"""A workspace in a store, and what engine and worker do to its schedules, one verb at a time.

Time is an argument; nothing here waits.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.fire import Fire, Span
from horarium.domain.ids import Id, random_id
from horarium.domain.places import LaneRoom
from horarium.domain.run import Run, RunState
from horarium.domain.schedule import Policies, Schedule
from horarium.domain.target import Completion, Target, TargetKind
from horarium.domain.tenancy import EVERY_TARGET, Key, Principal, PrincipalType, Workspace
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.store.base import Store
from horarium.store.rows import BegunRun, TargetRow
from horarium.store.verbs import dispatch, ledger, nodes, release, run_lists, schedules, targets, tenancy
from horarium.store.verbs.changes import change_schedule
from horarium.store.verbs.creation import create_schedules
from horarium.store.verbs.dispatch import Ended
from horarium.store.verbs.tenancy import NewKey
from horarium.times import Timing
from horarium.worker.work import RunnableTarget, Work, judge, work_of

NOON = 1_795_348_800_000
"""2026-11-22T12:00:00Z, a Sunday."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LEASE = 30_000
SUCCEEDED = Outcome(Verdict.SUCCEEDED)
FAILED = Outcome(Verdict.FAILED, error="no", retryable=False)
TRY_AGAIN = Outcome(Verdict.FAILED, error="not yet")
ACCEPTED = Outcome(Verdict.ACCEPTED, status=202)

_numbers = itertools.count(1)


class Tenant:
    """`target` is the target of schedules that name none."""

    def __init__(self, store: Store, workspace: Id, principal: Id) -> None:
        self.store, self.workspace, self.principal = store, workspace, principal
        self.target: Id = b""

    @classmethod
    async def open(cls, store: Store, now: int = NOON) -> Tenant:
        new = random_id(now)
        workspace = Workspace(new, f"tenant-{next(_numbers)}", "Tenant", now, now)
        admin = Principal(random_id(now), new, PrincipalType.PERSON, "Ada", now)
        key = Key(random_id(now), new, admin.id, "first", "hint", ("*",), now)
        hashed = NewKey(key, random_id(now) + random_id(now))
        await store.write(tenancy.create_workspace, workspace, admin, hashed, [EVERY_TARGET])
        tenant = cls(store, new, admin.id)
        tenant.target = await tenant.add_target()
        return tenant

    async def add_target(self, now: int = NOON, **given: Any) -> Id:
        plain = Target(
            id=random_id(now),
            workspace_id=self.workspace,
            kind=TargetKind.AUTOMATION,
            name="Target",
            executor="http",
            config={"url": "https://example.com"},
            created_by=self.principal,
            created_ms=now,
            updated_ms=now,
        )
        made = await self.store.write(targets.create_target, replace(plain, **given), self.principal)
        return made.id

    async def callback_target(self) -> Id:
        return await self.add_target(completion=Completion.CALLBACK, deadline_ms=HOUR)

    async def schedule(
        self, spec: str = "* * * * *", policies: Policies | None = None, now: int = NOON, **given: Any
    ) -> Schedule:
        (made,) = await self.schedules(1, spec, policies, now, **given)
        return made

    async def schedules(
        self,
        count: int,
        spec: str = "* * * * *",
        policies: Policies | None = None,
        now: int = NOON,
        **given: Any,
    ) -> list[Schedule]:
        timing = Timing(spec, zone=given.pop("zone", "UTC"), anchor=now // 1000)
        given = {"target_id": self.target} | given
        draft = ScheduleDraft(
            self.workspace, self.principal, "Schedule", timing, policies=policies or Policies(), **given
        )
        made = [schedule_of(draft, now) for _ in range(count)]
        await self.store.write(create_schedules, made)
        return made

    async def again(self, schedule: Schedule) -> Schedule:
        return await self.store.read(schedules.get_schedule, self.workspace, schedule.id)

    async def change(self, schedule: Schedule, now: int, **what: Any) -> Schedule:
        return await self.store.write(
            change_schedule, self.workspace, schedule.id, lambda one: replace(one, **what), now
        )

    async def redefine(self, schedule: Schedule, now: int, **what: Any) -> Schedule:
        def changed(one: Schedule) -> Schedule:
            return replace(one, definition=replace(one.definition, **what))

        return await self.store.write(change_schedule, self.workspace, schedule.id, changed, now)

    async def fires(self, schedule: Schedule) -> list[Fire]:
        """Oldest first."""
        found = await self.store.read(ledger.list_fires, self.workspace, schedule.id, 10_000)
        return found[::-1]

    async def spans(self, schedule: Schedule) -> list[Span]:
        _, spans = await self.store.read(
            ledger.entries_between, self.workspace, schedule.id, 0, NOON * 2, 10_000
        )
        return spans

    async def runs(self, schedule: Schedule) -> list[Run]:
        """Oldest first."""
        found = await self.store.read(run_lists.list_runs, self.workspace, 10_000, schedule_id=schedule.id)
        return found[::-1]

    async def release(
        self, now: int, limit: int = 1_000, careful: bool = False, few_first: bool = False
    ) -> release.Released:
        return await self.store.urgent(release.release, now, limit, None, 0, careful, few_first=few_first)


class Node:
    """A node that works on a store: registered, claiming, recording."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.id: Id = random_id(NOON)
        self.lane = dispatch.BEFORE_ALL
        self.rows: dict[Id, TargetRow] = {}

    @classmethod
    async def start(cls, store: Store, now: int = NOON, alone: bool = False) -> Node:
        one = cls(store)
        row = nodes.NodeRow(one.id, "node", "engine,worker", "1", "2026a", now, now, now + LEASE)
        await store.urgent(nodes.register, row, alone)
        return one

    async def claim(
        self, now: int, room: int = 1_000, lane_room: Mapping[Id, int] | None = None
    ) -> list[Work]:
        claimed = await self.store.urgent(
            dispatch.claim, self.id, now, room, self.lane, {}, lane_room=LaneRoom(lane_room or {})
        )
        self.lane = claimed.lane
        return self._works(claimed)

    async def begin(self, now: int, room: int = 1_000) -> list[Work]:
        """Claim what there is, and have it marked as under way."""
        works = await self.claim(now, room)
        rows = [BegunRun(work.id, self.id, work.epoch, now) for work in works]
        await self.store.urgent(dispatch.mark_begun, rows)
        return works

    async def take(self, ids: Sequence[Id]) -> list[Work]:
        return self._works(await self.store.read(dispatch.describe_claimed, ids, {}))

    def _works(self, claimed: dispatch.Claimed) -> list[Work]:
        self.rows |= {row.id: row for row in claimed.targets}
        return [work_of(run, self._target(run.target_id), {}) for run in claimed.runs]

    def _target(self, target: Id) -> RunnableTarget:
        row = self.rows[target]
        return RunnableTarget(
            target,
            row.version,
            row.name,
            row.executor,
            {},
            {},
            row.completion,
            row.timeout_ms,
            row.deadline_ms,
        )

    async def record(
        self, works: Sequence[Work], outcome: Outcome, now: int, careful: bool = False
    ) -> list[Id]:
        """Record one outcome for all of these; the runs that were refused."""
        for work in works:
            work.started_ms = work.started_ms or now
        return await self.tell([judge(work, outcome, now) for work in works], now, careful)

    async def tell(self, ended: Sequence[Ended], now: int, careful: bool = False) -> list[Id]:
        return await self.store.urgent(dispatch.record, self.id, ended, now, careful)

    async def work(self, now: int, outcome: Outcome = SUCCEEDED, room: int = 1_000) -> list[Id]:
        """Claim what there is and record one outcome for it; what was done."""
        works = await self.claim(now, room)
        await self.record(works, outcome, now)
        return [work.id for work in works]


def states(found: Sequence[Fire | Run]) -> list[str]:
    return [one.state.value for one in found]


__all__ = [
    "ACCEPTED", "DAY", "FAILED", "HOUR", "LEASE", "MINUTE", "NOON", "SUCCEEDED", "TRY_AGAIN", "Node", "RunState",
    "Tenant", "states",
]  # fmt: skip
