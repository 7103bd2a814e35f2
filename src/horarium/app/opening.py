"""Starts everything of a server but the network, and ends it in order."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import structlog

from horarium import __version__
from horarium.api.app import make_api
from horarium.api.kit import registry as dialects
from horarium.app.installation import make_first_workspace, open_database, refuse_missing_dialects
from horarium.app.loops import refuse_failed, start_loops
from horarium.app.parts import Server, executor_options, make_tracing, make_worker
from horarium.audiences import registry as audience_sources
from horarium.audiences.registry import AudienceOptions
from horarium.console.app import add_console
from horarium.domain.errors import Unavailable
from horarium.domain.ids import random_id
from horarium.engine.clock import DatabaseClock
from horarium.engine.figures import LoopFigures
from horarium.engine.lease import Lease
from horarium.executors import registry
from horarium.executors.event_post import SignedEventPost
from horarium.executors.output import keep_answer
from horarium.executors.secrecy import merge_secrets
from horarium.service.allowed_hosts import AllowedHosts
from horarium.service.services import make_services
from horarium.service.shares import Shares
from horarium.settings import Settings
from horarium.store.base import Store
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import nodes
from horarium.times import TZDATA_VERSION
from horarium.unwaited import leave

_log = structlog.get_logger(__name__)

# How far this machine's clock may be from the database's before that is logged.
SKEW_MS = 1_000

# How long each part of the end may take, beside the time that is given to runs: the loops end; events, spans and the
# lease are let go; the database is told; all connections are closed. What a part consists of is done side by side.
GOODBYE_S = 5.0


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[Server]:
    """Start everything of a server but the network, and end it in order: store, services, engine and worker."""
    async with open_database(settings) as (store, vault):
        if isinstance(store, SqliteStore):
            store.write_apart()
        allowed_hosts = AllowedHosts(store)
        await allowed_hosts.refresh()
        own_identity = await store.identity() if isinstance(store, PostgresStore) else None
        outgoing = replace(
            executor_options(settings), allowed_hosts=allowed_hosts.of, own_identity=own_identity
        )
        executors = registry.load(outgoing)
        post = SignedEventPost(outgoing)
        clock = DatabaseClock()
        await clock.sample(store)
        _report_skew(clock.now_ms() - time.time_ns() // 1_000_000)
        sources = audience_sources.load(AudienceOptions(store, outgoing))
        services = make_services(
            store,
            vault,
            executors,
            clock,
            settings,
            merge_secrets,
            keep_answer,
            sources,
            allowed_hosts,
            outgoing.refused_hosts,
            post=post,
        )
        installed = dialects.load()
        await refuse_missing_dialects(store)
        await make_first_workspace(store, clock, settings)
        entry = await _register(store, clock, settings)
        shares = Shares(store)
        await shares.refresh()
        api = make_api(services, installed)
        add_console(api, services, installed)
        server = Server(entry.id, settings, services, api, shares, LoopFigures())
        server.tracing = make_tracing(server)
        if "worker" in settings.roles:
            server.worker = make_worker(server)
        if isinstance(store, PostgresStore):
            lend = store.lend_ear if store.wants_ear else None
            server.lease = Lease(store.url, entry, settings.lease, lambda: _look_again(server), lend)
        await services.recording.refresh()  # before anything can happen that somebody wants to be told of
        services.readiness.folder = settings.sqlite_folder
        services.readiness.may_work = lambda: server.may_work
        services.readiness.clock_uncertain = lambda: clock.uncertain
        tasks = start_loops(server, store, clock)
        try:
            yield server
        finally:
            failed = [task for task in tasks if task.done()]
            await _stop(server, store, tasks, suppress(Exception if failed else Unavailable))
            await asyncio.gather(
                registry.close(executors), audience_sources.close(sources), _within(GOODBYE_S, post.close())
            )
            refuse_failed(failed)


def _report_skew(skew_ms: int) -> None:
    """Log where this machine's clock is wrong. It does no harm, because the server follows the database's clock."""
    if abs(skew_ms) > SKEW_MS:
        _log.warning("clock_skew", database_ahead_ms=skew_ms, consequence="the database's time is used")


async def _register(store: Store, clock: DatabaseClock, settings: Settings) -> nodes.NodeRow:
    now = clock.now_ms()
    me = nodes.NodeRow(
        random_id(now),
        settings.node or f"{socket.gethostname()}-{os.getpid()}",
        ",".join(settings.roles),
        __version__,
        TZDATA_VERSION,
        now,
        now,
        now + int(settings.lease * 1000),
    )
    await store.urgent(nodes.register, me, not isinstance(store, PostgresStore))
    return me


def _look_again(server: Server) -> None:
    """Have the worker ask which runs are still its own, after the lease had lapsed."""
    if server.worker is not None:
        server.worker.look_again()


async def _stop(
    server: Server, store: Store, tasks: list[asyncio.Task[None]], goodbye: AbstractContextManager[Any]
) -> None:
    """`goodbye`: what keeps errors from whoever stops the server, at what may also be left undone."""
    if server.worker is not None:
        await server.worker.drain(server.settings.drain)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=GOODBYE_S)

    async def say(work: Coroutine[Any, Any, Any]) -> None:
        with goodbye:
            await _within(GOODBYE_S, work)

    parts: list[Coroutine[Any, Any, Any]] = []
    if server.deliverer is not None:
        parts.append(say(server.deliverer.close()))
    if server.lease is not None:
        parts.append(server.lease.close())
    if server.tracing is not None:
        store.figures.tell = None  # nobody sends any more spans
        parts.append(asyncio.to_thread(server.tracing.close))
    await asyncio.gather(*parts)
    stopped = store.urgent(nodes.stop, server.id, server.services.clock.now_ms())
    await asyncio.gather(say(server.services.identities.write_last_used()), say(stopped))


async def _within(seconds: float, work: Coroutine[Any, Any, Any]) -> None:
    """Do something, or leave it after a while: a database that says nothing any more must not keep a server from its
    end. What is left undone, others do when the lease has lapsed."""
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if done:
        task.result()
        return
    leave(task)  # a query that is cancelled waits for the database as well
