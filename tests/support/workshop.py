"""Engine and worker on a store in memory, under a clock that a test sets: no thread, no network, no sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.ids import Id, random_id
from horarium.domain.schedule import Policies, Schedule
from horarium.domain.tenancy import EVERY_TARGET, Identity
from horarium.engine.steps import Engine
from horarium.executors.output import keep_answer
from horarium.service.explain import ExplainService
from horarium.service.rates import Rates
from horarium.service.runs import RunService
from horarium.service.schedules import ScheduleDraft, ScheduleService
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import nodes
from horarium.times import Timing
from horarium.worker.worker import Worker
from tests.support.callers import caller
from tests.support.inline_store import InlineSqliteStore
from tests.support.sqlite_schema import fill_memory

NOON = 1_772_366_400_000  # 2026-03-01T12:00:00Z


class Hands:
    """A clock that is set by hand."""

    def __init__(self, now_ms: int) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now


class Scripted:
    """An executor that answers as told: `answer` may be an outcome, or a function of the call, also async."""

    type = "scripted"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answer: Any = Outcome(Verdict.SUCCEEDED)

    def check(self, config: Any) -> list[Any]:
        return []

    def split(self, config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(config), {}

    async def execute(self, call: Call) -> Outcome:
        self.calls.append(call)
        answer = self.answer(call) if callable(self.answer) else self.answer
        return await answer if asyncio.iscoroutine(answer) else answer

    async def close(self) -> None:
        pass


class Workshop:
    """`await Workshop.open()`; then make schedules, move `clock.now`, call `tick()`, look."""

    def __init__(self) -> None:
        self.clock = Hands(NOON)
        self.store = InlineSqliteStore(self.clock.now_ms)
        fill_memory(self.store.connection)
        self.executor = Scripted()
        self.schedules = ScheduleService(self.store, self.clock, Rates(self.clock))
        self.runs = RunService(self.store, self.clock, Vault([new_key()]), keep_answer)
        self.explain = ExplainService(self.store, self.clock)
        self.workspace, self.principal = random_id(NOON), random_id(NOON)
        self.node = random_id(NOON)
        self.engine = Engine(self.store, self.clock, self.node)
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers = iter(range(1, 1_000))

    @classmethod
    async def open(cls, concurrency: int = 4, **executors: Any) -> Workshop:
        """`executors`: further ones by type."""
        shop = cls()
        write = shop.store.connection.execute
        write(
            "INSERT INTO workspaces (id, slug, name, settings, version, created_ms, updated_ms) "
            "VALUES (?, 'w', 'w', '{}', 1, ?, ?)",
            (shop.workspace, NOON, NOON),
        )
        write(
            "INSERT INTO workspace_usage VALUES (?, 0, 0, 0, 10000, 10000, 100000000, 0)", (shop.workspace,)
        )
        write(
            "INSERT INTO principals VALUES (?, ?, 'service', 'p', NULL, ?, NULL)",
            (shop.principal, shop.workspace, NOON),
        )
        write("INSERT INTO grants VALUES (?, ?, ?, ?)", (shop.principal, EVERY_TARGET, shop.workspace, NOON))
        shop.target = shop.make_target()
        me = nodes.NodeRow(shop.node, "n", "all", "1", "z", NOON, NOON, NOON + 30_000)
        await shop.store.urgent(nodes.register, me, True)
        known = {"scripted": shop.executor, **executors}
        shop.worker = Worker(shop.store, shop.clock, shop.node, known, Vault([new_key()]), concurrency)
        shop._tasks = shop.worker.loops()
        return shop

    @property
    def who(self) -> Identity:
        """The principal of this workspace, who has a grant on every target."""
        return caller(self.workspace, self.principal)

    def make_target(self, **columns: Any) -> Id:
        row = {
            "id": random_id(NOON),
            "workspace_id": self.workspace,
            "number": next(self._numbers),
            "kind": "function",
            "name": "target",
            "executor": "scripted",
            "config": "{}",
            "completion": "response",
            "timeout_ms": 1_000,
            "deadline_ms": 60_000,
            "extra": "{}",
            "state": "enabled",
            "version": 1,
            "created_by": self.principal,
            "created_ms": NOON,
            "updated_ms": NOON,
        } | columns
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        self.store.connection.execute(f"INSERT INTO targets ({names}) VALUES ({marks})", row)
        return bytes(row["id"])

    async def schedule(self, spec: str, policies: Policies | None = None, **given: Any) -> Schedule:
        timing = Timing(spec, **given.pop("timing", {}))
        target = given.pop("target_id", self.target)
        draft = ScheduleDraft(
            self.workspace, self.principal, "s", timing, target, policies=policies or Policies(), **given
        )
        return await self.schedules.create(draft)

    async def again(self, schedule: Schedule) -> Schedule:
        return await self.schedules.get(self.workspace, schedule.id)

    async def release(self) -> int:
        """One release as the engine makes it; how many fires."""
        released = await self.engine.release(self.worker.room(), lane_room=self.worker.lane_room())
        if released.claimed:
            await self.worker.take(released.claimed)
        return released.fires

    async def settle(self, until: Callable[[], bool] | None = None) -> None:
        """Let the worker's loops run until nothing moves."""
        for _ in range(60):
            await asyncio.sleep(0)
            if until is not None and until():
                return

    async def tick(self, at_ms: int) -> int:
        """Set the clock, release, and let the worker work."""
        self.clock.now = at_ms
        fires = await self.release()
        self.worker._alarm.ring()
        await self.settle()
        return fires

    async def hang(self) -> None:
        """Let attempts last until the test is over."""
        held = asyncio.Event()

        async def answer(_: Call) -> None:
            await held.wait()

        self.executor.answer = answer

    async def with_runs_in_hand(self) -> Worker:
        """The worker, which attempts the first of many runs and holds the others."""
        await self.hang()
        for _ in range(20):
            await self.schedule("* * * * *")
        await self.tick(NOON + 60_000)
        return self.worker

    async def mark(self) -> None:
        """Let all attempts that have begun be seen as under way, as they are after a quarter of a second."""
        await self.worker._mark_begun(-1)

    def rows(self, sql: str, *params: Any) -> list[Any]:
        return self.store.connection.execute(sql, params).fetchall()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.store.close()
