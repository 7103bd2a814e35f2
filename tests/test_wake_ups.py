"""Nothing waits for a poll: where the backstop is an hour away, everything still begins at once.

One server that does everything on SQLite, and two on PostgreSQL, of which one answers and fires and the other works.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from horarium.app import Server, open_server
from horarium.domain.ids import Id
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies, Schedule
from horarium.domain.target import TargetKind
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft
from horarium.service.targets import TargetDraft
from horarium.settings import Settings
from horarium.times import Timing
from tests.support.postgres import drop_database, migrated_database
from tests.support.receiver import Answer, Receiver

HOUR_S = 3600.0
# Far less than an hour, and more than a busy machine needs.
PATIENCE_S = 30.0


@dataclass
class Stage:
    """Servers on one database that do not poll. `server` is the one that is asked."""

    server: Server
    who: Identity
    receiver: Receiver

    async def target(self, path: str = "/run", **given: Any) -> Id:
        config = {"url": self.receiver.url(path)}
        draft = TargetDraft(TargetKind.FUNCTION, "T", "http", config, **given)
        return (await self.server.services.targets.create(self.who, draft)).target.id

    async def schedule(self, target: Id, spec: str = "0 0 1 1 *", **given: Any) -> Schedule:
        timing = Timing(spec, anchor=self.server.services.clock.now_ms() // 1000)
        draft = ScheduleDraft(self.who.workspace_id, self.who.principal_id, "s", timing, target, **given)
        return await self.server.services.schedules.create(draft)

    async def received(self, count: int) -> None:
        """Wait until so many requests have come."""
        await self.until(lambda: len(self.receiver.requests) >= count)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgres"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    plain = {"data": tmp_path / "a", "poll": HOUR_S, "allow_loopback": True}
    key = tmp_path / "a" / "admin.key"
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Receiver())
        if request.param == "sqlite":
            server = await stack.enter_async_context(open_server(Settings(**plain)))
        else:
            url = await migrated_database("wake")
            stack.callback(drop_database, url)
            plain |= {"database": url, "secret_key": base64.b64encode(os.urandom(32)).decode()}
            server = await stack.enter_async_context(open_server(Settings(**plain, roles=("api", "engine"))))
            working = Settings(**plain | {"data": tmp_path / "b"}, roles=("worker",))
            await stack.enter_async_context(open_server(working))
        who = await server.services.identities.resolve(key.read_text().strip())
        yield Stage(server, who, receiver)


async def users(count: int) -> AsyncIterator[tuple[int, Any]]:
    """Items of the directory, each with its line."""
    for number in range(count):
        yield number, {"id": f"u{number}", "email": f"{number}@x.com", "role": "owner"}


async def test_what_falls_due_what_is_fired_by_hand_and_what_is_run_alone_begins_at_once(
    stage: Stage,
) -> None:
    target = await stage.target()
    await asyncio.sleep(0.5)  # until all loops wait
    await stage.schedule(target, '{"delay":2}')
    await stage.received(1)
    schedule = await stage.schedule(target)
    await stage.server.services.schedules.fire_now(stage.who, schedule.id)
    await stage.received(2)
    await stage.server.services.runs.start(stage.who, target, {"n": 1})
    await stage.received(3)


async def test_a_retry_begins_when_it_is_due(stage: Stage) -> None:
    stage.receiver.script("/run", Answer(500), Answer(500), Answer(200))
    retry = Retry(max_attempts=3, initial_ms=300, until_next_slot=False)
    schedule = await stage.schedule(await stage.target(), policies=Policies(retry=retry))
    await stage.server.services.schedules.fire_now(stage.who, schedule.id)
    await stage.received(3)


async def test_an_audience_is_read_and_its_rows_are_served_at_once(stage: Stage) -> None:
    await stage.server.services.directory.put(stage.who.workspace_id, "users", users(3))
    schedule = await stage.schedule(await stage.target(), audience={"type": "users"})
    await stage.server.services.schedules.fire_now(stage.who, schedule.id)
    await stage.received(3)


async def test_what_waits_behind_a_fire_begins_at_its_end_and_what_is_cancelled_ends_at_once(
    stage: Stage,
) -> None:
    goes_on = asyncio.Event()
    stage.receiver.script("/run", Answer(200, until=goes_on), Answer(200))
    target = await stage.target(timeout_ms=600_000)
    policies = Policies(overlap=Overlap.BUFFER_ONE)
    await stage.schedule(target, '{"every":2}', policies=policies)
    await stage.received(1)
    await asyncio.sleep(2.5)  # the next slot has come, and waits
    assert len(stage.receiver.requests) == 1
    goes_on.set()
    await stage.received(2)


async def test_a_run_that_is_cancelled_is_given_up_by_its_worker_at_once(stage: Stage) -> None:
    never = asyncio.Event()
    stage.receiver.script("/hang", Answer(200, until=never), Answer(200))
    target = await stage.target("/hang", timeout_ms=600_000, max_concurrency=1)
    run = await stage.server.services.runs.start(stage.who, target, None)
    await stage.received(1)
    await stage.server.services.runs.start(stage.who, target, None)
    await stage.server.services.runs.cancel(stage.who.workspace_id, run.id)
    await stage.received(2)
    never.set()
