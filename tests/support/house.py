"""The whole application in this process: every API over one store in memory, under a clock that a test sets.

async with House.open("2026-03-01T12:00:00Z") as house:
    target = await house.target("function", "https://example.com/hook", key="nightly")
    answer = await house.client.post("/api/v1/schedules", json={...})   # the workspace's key is sent
    await house.move("2026-03-02T09:00:00Z")                            # the clock, then what fell due
    other = await house.workspace("other")                              # another tenant: other.client

No thread, no sleep, and no network but what `http` targets do (127.0.0.1 is open to them). `release` and
`work` are the engine's and the worker's steps one by one; `begin_work` starts work that a receiver holds up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from horarium.api.app import make_api
from horarium.api.kit import registry as dialect_registry
from horarium.api.kit.registry import Dialects
from horarium.audiences import registry as audience_sources
from horarium.audiences.registry import AudienceOptions
from horarium.console.app import add_console
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import EVERY_SCOPE, EVERY_TARGET, SERVER_SCOPE, Identity, PrincipalType
from horarium.engine.fanout import FanoutRunner
from horarium.engine.steps import Engine
from horarium.executors import registry
from horarium.executors.event_post import SignedEventPost
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import keep_answer
from horarium.executors.secrecy import merge_secrets
from horarium.service.allowed_hosts import AllowedHosts
from horarium.service.services import Services, make_services
from horarium.service.targets import TargetDraft
from horarium.service.tenancy import _create, _found
from horarium.settings import Settings
from horarium.store.base import Store
from horarium.store.migrate import migrate
from horarium.store.postgres import PostgresStore
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import dispatch, nodes
from horarium.worker.worker import Worker
from tests.support.described import hold_against
from tests.support.inline_store import InlineSqliteStore
from tests.support.sqlite_schema import fill_memory


def instant(text: str) -> int:
    """Milliseconds of an RFC 3339 text."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class HandClock:
    """A clock that is set by hand."""

    def __init__(self, now_ms: int) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now


@dataclass(slots=True)
class Tenant:
    """A workspace, its administrator's key, and a client that sends it."""

    workspace_id: Id
    key: str
    client: httpx.AsyncClient


class House:
    """`first` is the tenant that `client`, `key` and `target` speak for; its key carries every scope."""

    def __init__(self, services: Services, clock: HandClock, api: Any, first: Tenant) -> None:
        self.services, self.clock, self.api, self.first = services, clock, api, first
        self.store = services.store
        self.client, self.key = first.client, first.key
        self.node = random_id(clock.now)
        self.engine = Engine(self.store, clock, self.node)
        self.fan_out = FanoutRunner(self.store, clock, self.node, services.audiences)
        self.worker = Worker(
            self.store, clock, self.node, services.executors, services.vault, 64, "http://testserver"
        )
        self._tenants = [first]
        self._tasks: set[asyncio.Task[int]] = set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        now: str,
        postgres: str | PostgresStore | InlineSqliteStore | None = None,
        dialects: Dialects | None = None,
        outgoing: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> AsyncIterator[House]:
        """`settings` change the server's (body_limit, rate_limit, ...); with `postgres`, the URL of an empty
        database, or a store of either kind that stays open, the store is there. `dialects` are those that are
        installed, if not given. `outgoing` changes what executors may do (see ExecutorOptions)."""
        clock = HandClock(instant(now))
        store = await _store(clock, postgres)
        allowed_hosts = AllowedHosts(store)
        options = ExecutorOptions(
            allow_loopback=True, data_dir=Path(settings.get("data", ".")), allowed_hosts=allowed_hosts.of
        )
        options = replace(options, **(outgoing or {}))
        executors = registry.load(options)
        post = SignedEventPost(options)
        sources = audience_sources.load(AudienceOptions(store, options))
        services = make_services(
            store,
            Vault([new_key()]),
            executors,
            clock,
            replace(
                Settings(), **({"rate_limit": 0.0} | settings)
            ),  # the clock stands still: no bucket would fill
            merge_secrets,
            keep_answer,
            sources,
            allowed_hosts,
            options.refused_hosts,
            post=post,
        )
        services.wrong_keys.sleep = _at_once
        installed = dialect_registry.load() if dialects is None else dialects
        api = make_api(services, installed)
        add_console(api, services, installed)
        house = cls(services, clock, api, await _tenant(services, clock, api, "first"))
        me = nodes.NodeRow(
            house.node,
            "house",
            "api,engine,worker",
            "1",
            "z",
            clock.now,
            clock.now,
            clock.now + 1_000_000_000,
        )
        await store.urgent(nodes.register, me, True)
        try:
            yield house
        finally:
            services.events.close()
            await house._close()
            await registry.close(executors)
            await post.close()
            await audience_sources.close(sources)
            if store is not postgres:
                await store.close()

    async def workspace(self, slug: str) -> Tenant:
        """Another tenant."""
        tenant = await _tenant(self.services, self.clock, self.api, slug)
        self._tenants.append(tenant)
        return tenant

    async def who(self, tenant: Tenant | None = None) -> Identity:
        return await self.services.identities.resolve((tenant or self.first).key)

    async def key_with(self, *scopes: str, tenant: Tenant | None = None) -> str:
        """A further key of the administrator, with these scopes only."""
        issued = await self.services.tenancy.create_key(await self.who(tenant), "some", scopes)
        return issued.text

    async def key_of_another(self, name: str, *scopes: str) -> str:
        """A key, with these scopes only, of somebody who has made nothing here, and who may schedule every target."""
        tenancy, admin = self.services.tenancy, await self.who()
        other = await tenancy.create_principal(admin, name, PrincipalType.PERSON, granted=[EVERY_TARGET])
        return (await tenancy.create_key(admin, "some", scopes, other.id)).text

    async def target(
        self, kind: str, url: str = "https://example.com/hook", tenant: Tenant | None = None, **given: Any
    ) -> Target:
        """An `http` target; `given` are further fields of its draft (key, extra, ...)."""
        given = {"name": kind.capitalize(), "executor": "http", "config": {"url": url}} | given
        draft = TargetDraft(TargetKind(kind), **given)
        return (await self.services.targets.create(await self.who(tenant), draft)).target

    async def move(self, to: str) -> int:
        """Set the clock, fire what is due, and do the work; how many fires."""
        self.clock.now = instant(to)
        fires = await self.release()
        await self.resolve()
        await self.work()
        return fires

    async def release(self) -> int:
        """Fire what is due, leaving the runs unclaimed; how many fires."""
        return (await self.engine.release(0)).fires

    async def resolve(self) -> None:
        """Read the audiences of the fires that wait for theirs, until none is left that is due."""
        while await self.fan_out.step():
            pass

    async def work(self) -> int:
        """Claim and execute runs until none is left that is due; how many attempts."""
        done = 0
        while made := await self.work_once():
            done += made
        return done

    async def work_once(self) -> int:
        """Claim and execute as many runs as the worker takes at once; how many attempts."""
        await self.worker._claim_step()
        batch = list(iter(self.worker._lanes.next_or_none, None))
        if not batch:
            return 0
        ended = await asyncio.gather(*(self.worker._attempts._attempt(work) for work in batch))
        recorded = [one for one in ended if one is not None]
        await self.store.urgent(dispatch.record, self.node, recorded, self.clock.now, True)
        for work in batch:
            work.outcome = None  # the lanes learn nothing here: their clock is not the one that tests set
            self.worker._lanes.end(work)
            self.worker._holding.pop(work.id, None)
        return len(batch)

    def begin_work(self) -> asyncio.Task[int]:
        """`work`, as a task that the test awaits once it has let the receiver answer."""
        task = asyncio.create_task(self.work())
        self._tasks.add(task)
        return task

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for tenant in self._tenants:
            await tenant.client.aclose()


async def _at_once(seconds: float) -> None:
    """Nobody waits in tests."""


async def _store(clock: HandClock, postgres: str | PostgresStore | InlineSqliteStore | None) -> Store:
    if isinstance(postgres, PostgresStore | InlineSqliteStore):
        return postgres
    if postgres is not None:
        await migrate(postgres)
        return await PostgresStore.open(postgres)
    in_memory = InlineSqliteStore(clock.now_ms)
    fill_memory(in_memory.connection)
    return in_memory


async def _tenant(services: Services, clock: HandClock, api: Any, slug: str) -> Tenant:
    founded = _found(slug, slug, {}, (EVERY_SCOPE, SERVER_SCOPE), clock.now)
    await services.store.write(_create, founded)
    return Tenant(founded.workspace.id, founded.issued.text, client_of(api, founded.issued.text))


def client_of(
    api: Any, key: str | None = None, headers: Mapping[str, str] | None = None
) -> httpx.AsyncClient:
    """A client without network; it sends the key as a bearer token, where there is one. What our own API answers is
    held against its description."""
    sent = dict(headers or {}) | ({"Authorization": f"Bearer {key}"} if key else {})
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api, raise_app_exceptions=True),
        base_url="http://testserver",
        headers=sent,
        event_hooks={"response": [partial(hold_against, api)]},
    )


def target_id(target: Target) -> str:
    """A target's id as the project's own API writes it."""
    return prefixed("tgt", target.id)
