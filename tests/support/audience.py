"""Fan-outs under test: a store of either database, sources that do what a test wants, and the engine's steps
by hand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from horarium.audiences.directory import DirectorySource
from horarium.domain.audience import AudienceQuery, AudienceRow, RowPage, Source, SourceFault, StoredSource
from horarium.domain.fire import Fire
from horarium.domain.run import Run
from horarium.domain.schedule import Policies, Schedule
from horarium.engine.fanout import FanoutRunner
from horarium.service.audiences import AudienceService
from horarium.service.directory import DirectoryService
from horarium.store.base import Store
from horarium.store.postgres import PostgresStore
from horarium.store.vault import Vault, new_key
from horarium.store.verbs.audiences import put_source
from tests.support.house import HandClock
from tests.support.kept_postgres import emptied_database
from tests.support.sqlite_schema import open_store
from tests.support.tenant import MINUTE, NOON, Node, Tenant

FLAVOURS = ("sqlite", "postgres")


@asynccontextmanager
async def opened_store(flavour: str, folder: Path) -> AsyncIterator[Store]:
    if flavour == "sqlite":
        sqlite = open_store(folder / "horarium.db")
        yield sqlite
        await sqlite.close()
        return
    postgres = await PostgresStore.open(await emptied_database("audience"))
    yield postgres
    await postgres.close()


class Listed:
    """A source of rows from a list. `paged` or not; `before_page` is called with each page's position and may
    raise; `after_batch` is done once the first rows of one that is not paged were taken."""

    type = "listed"
    distinct = False

    def __init__(self, rows: Sequence[AudienceRow], paged: bool = True) -> None:
        self.listed, self.paged = list(rows), paged
        self.before_page: Callable[[int], None] = lambda _: None
        self.after_batch: Callable[[], Awaitable[None]] | None = None
        self.counts: int | None = None
        self.asked: list[AudienceQuery] = []
        self.read: list[AudienceQuery] = []

    def check(self, config: Mapping[str, Any]) -> Sequence[Any]:
        return []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(config), {}

    def check_filter(self, query: AudienceQuery) -> Sequence[Any]:
        return []

    async def count(self, query: AudienceQuery, most: int) -> int:
        self.asked.append(query)
        return min(most, len(self.listed) if self.counts is None else self.counts)

    async def page(self, query: AudienceQuery, position: str | None, limit: int) -> RowPage:
        at = int(position or 0)
        self.read.append(query)
        self.before_page(at)
        rows = self.listed[at : at + limit]
        over = at + limit >= len(self.listed)
        return RowPage(rows, None if over else str(at + limit))

    async def rows(self, query: AudienceQuery) -> AsyncGenerator[Sequence[AudienceRow], None]:
        self.read.append(query)
        for at in range(0, len(self.listed), 500):
            self.before_page(at)
            yield self.listed[at : at + 500]
            if self.after_batch is not None:
                await self.after_batch()
                self.after_batch = None

    async def close(self) -> None:
        return


def rows(count: int) -> list[AudienceRow]:
    return [AudienceRow(f"r{number:06}", {"n": number}) for number in range(count)]


def failing(times: int, after: int = 0) -> Callable[[int], None]:
    """Fails so many times at pages from a position on."""
    left = [times]

    def before_page(at: int) -> None:
        if at >= after and left[0] > 0:
            left[0] -= 1
            raise SourceFault("the source is out to lunch")

    return before_page


class Stand:
    """A tenant with a schedule every minute for an audience, a node that works, and a fan-out that is
    stepped."""

    def __init__(self, store: Store, tenant: Tenant, source: Source | None = None) -> None:
        self.store, self.tenant = store, tenant
        self.clock = HandClock(NOON)
        self.node: Node | None = None
        self.sources: dict[str, Source] = {"directory": DirectorySource(store)}
        if source is not None:
            self.sources["listed"] = source
        self.audiences = AudienceService(store, Vault([new_key()]), self.sources, self.clock)
        self.directory = DirectoryService(store, self.clock)
        self.fan_out: FanoutRunner

    @classmethod
    async def open(cls, store: Store, source: Source | None = None) -> Stand:
        stand = cls(store, await Tenant.open(store), source)
        stand.node = await Node.start(store)
        stand.fan_out = stand.another()
        if source is not None:
            one = StoredSource(
                stand.tenant.workspace, "mine", stand.tenant.workspace, "listed", {}, NOON, NOON
            )
            await store.write(put_source, one, NOON)
        return stand

    def another(self) -> FanoutRunner:
        """A reader that knows nothing of the first, as after a crash."""
        assert self.node is not None
        return FanoutRunner(self.store, self.clock, self.node.id, self.audiences)

    async def schedule(self, audience: Mapping[str, Any] | None = None, **policies: Any) -> Schedule:
        return await self.tenant.schedule(
            policies=Policies(**policies), audience=audience or {"type": "mine", "filter": {}}
        )

    async def fire(self, minutes: int = 1) -> None:
        self.clock.now = NOON + minutes * MINUTE
        await self.tenant.release(self.clock.now)

    async def resolve(self, most: int = 1_000) -> None:
        """Step until nothing is held and nothing waits; puts the clock on where a source is given time."""
        for _ in range(most):
            if not await self.fan_out.step():
                return
        raise AssertionError("the fan-out does not end")

    async def work(self, **how: Any) -> list[Any]:
        assert self.node is not None
        done: list[Any] = []
        while worked := await self.node.work(self.clock.now, **how):
            done += worked
        return done

    async def last(self, schedule: Schedule) -> Fire:
        return (await self.tenant.fires(schedule))[-1]

    async def runs(self, schedule: Schedule) -> list[Run]:
        found: list[Run] = []
        from horarium.store.verbs import run_lists

        cursor = None
        while True:
            page = await self.store.read(
                run_lists.list_runs, self.tenant.workspace, 1_000, cursor, schedule_id=schedule.id
            )
            found += page
            if len(page) < 1_000:
                return found
            cursor = page[-1].id

    async def fill(self, kind: str, items: Sequence[Mapping[str, Any]]) -> None:
        async def numbered() -> AsyncIterator[tuple[int, Any]]:
            for pair in enumerate(items, 1):
                yield pair

        found = await self.directory.put(self.tenant.workspace, kind, numbered())
        assert not found.refused, found.refused
