"""What runs on and on in a server, by its roles and its database."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import structlog

from horarium.app.parts import Server, make_watcher
from horarium.backup.by_server import ServerBackups
from horarium.domain.errors import Unavailable
from horarium.engine.acting import act_loop
from horarium.engine.clock import DatabaseClock
from horarium.engine.fanout import FanoutRunner
from horarium.engine.figures import engine_metrics, process_metrics
from horarium.engine.forgetting import forget_loop
from horarium.engine.loops import (
    HOUSEKEEPING_S,
    UPKEEP_S,
    NoHands,
    clock_loop,
    heartbeat_loop,
    lag_loop,
    release_loop,
    ring_on_due,
    told_loop,
    upkeep_loop,
)
from horarium.engine.poller import Poller
from horarium.engine.steps import DAY_MS, Engine
from horarium.engine.wake import Alarm
from horarium.events.deliverer import Deliverer
from horarium.events.figures import event_metrics
from horarium.events.publisher import Publisher
from horarium.python_tuning import give_memory_back
from horarium.service import recording
from horarium.service.allowed_hosts import REFRESH_S
from horarium.service.audit import AuditService
from horarium.service.identity import IdentityService
from horarium.service.recording import Recording
from horarium.service.secrets import FOLLOW_S, SecretService
from horarium.service.services import Services
from horarium.settings import ENVIRONMENT_PREFIX
from horarium.store.base import ACCESS, WEBHOOKS, Store
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs.events import forget_events as forget_old_events
from horarium.worker.figures import lane_metrics, worker_metrics

_log = structlog.get_logger(__name__)

# How often PostgreSQL's partitions are looked after.
PARTITIONS_S = 3600.0

# How often it is looked whether a backup is due.
BACKUPS_S = 15.0
HOUR_MS = 3_600_000

# How often a worker tells which of its lanes are slow, held or late.
REPORT_S = 3.0

# Events that are deleted in one transaction.
FORGOTTEN_AT_ONCE = 500

# How often nodes on PostgreSQL look for others that have died.
RECOVER_S = 0.5


def start_loops(server: Server, store: Store, clock: DatabaseClock) -> list[asyncio.Task[None]]:
    settings = server.settings
    alarm = Alarm(clock)
    ring_on_due(store, alarm)
    _forget_on_access(store, server.services.identities)
    _record_on_webhooks(store, server.services.recording)
    engine = Engine(store, clock, server.id, int(settings.retention_days * DAY_MS))
    _show_figures(server, engine, clock)
    loops = [
        clock_loop(clock, store, alarm),
        lag_loop(server.loop_figures),
        upkeep_loop([_touch_keys(server.services)], HOUSEKEEPING_S),
        upkeep_loop([_free_memory(store)], HOUSEKEEPING_S),
        upkeep_loop([_note_refused_hosts(server.services.audit)], UPKEEP_S),
        upkeep_loop([server.services.tenancy.allowed_hosts.refresh], REFRESH_S),
        upkeep_loop([server.services.recording.refresh], recording.REFRESH_S),
    ]
    if store.shared:
        loops.append(upkeep_loop([_follow_secret_key(server.services)], FOLLOW_S))
    if server.lease is None:
        loops.append(heartbeat_loop(store, clock, server.id, int(settings.lease * 1000)))
    tasks: list[asyncio.Task[None]] = []
    if server.worker is not None:
        tasks += server.worker.loops()
        loops.append(make_watcher(server).loop())
        loops.append(upkeep_loop([server.worker.find_strays], settings.poll))
        loops.append(upkeep_loop([server.worker.end_overruns], UPKEEP_S))
        loops.append(upkeep_loop([server.worker.report_lanes], REPORT_S))
        loops.append(upkeep_loop([server.shares.refresh], REFRESH_S))
        services = server.services
        server.deliverer = Deliverer(
            store, clock, server.id, services.vault, services.webhooks.post, lambda: server.may_work
        )
        services.metrics.add(partial(event_metrics, server.deliverer))
        loops.append(server.deliverer.loop())
    if "engine" in settings.roles:
        poller = Poller(store, clock)
        fan_out = FanoutRunner(store, clock, server.id, server.services.audiences, settings.poll)
        loops += [
            fan_out.loop(),
            release_loop(
                engine,
                alarm,
                server.worker or NoHands(),
                settings.poll,
                lambda: clock.uncertain or not server.may_work,
            ),
            upkeep_loop([engine.recover], UPKEEP_S if server.lease is None else RECOVER_S),
            upkeep_loop([poller.look, engine.tell_failures], UPKEEP_S),
            told_loop([engine.expire], poller.told["callbacks"]),
            told_loop([engine.unstick], poller.told["waiting_fires"]),
            told_loop([_link_audit(server.services.audit)], poller.told["audit"]),
            told_loop([server.services.pauses.resume_due], poller.told["pauses"]),
            upkeep_loop([engine.rezone, engine.forget, fan_out.tidy, _forget_audit(server)], HOUSEKEEPING_S),
            upkeep_loop([server.services.pauses.settle], HOUSEKEEPING_S),
            forget_loop(engine, alarm, HOUSEKEEPING_S),
            act_loop(server.services.actions, alarm, poller.told["actions"]),
            act_loop(server.services.erasures, alarm, poller.told["erasures"]),
            act_loop(server.services.purges, alarm, poller.told["purges"]),
            Publisher(store, clock, poller.told["events"]).loop(),
            upkeep_loop(
                [_forget_events(store, clock, int(settings.event_retention_days * DAY_MS))], HOUSEKEEPING_S
            ),
        ]
        if settings.backup_to is not None:
            loops.append(upkeep_loop([_backups(server, settings.backup_to).back_up], BACKUPS_S))
        if isinstance(store, PostgresStore):
            loops.append(upkeep_loop([_partitions(store, engine)], PARTITIONS_S))
    tasks += [asyncio.create_task(loop) for loop in loops]
    for task in tasks:
        task.add_done_callback(end_on_fault)
    return tasks


def _show_figures(server: Server, engine: Engine, clock: DatabaseClock) -> None:
    """Show the figures of the parts that this process runs among its metrics."""
    metrics, loop = server.services.metrics, asyncio.get_running_loop()
    metrics.add(lambda: process_metrics(server.loop_figures, clock, server.lease))
    if "engine" in server.settings.roles:
        metrics.add(lambda: engine_metrics(engine))
        server.services.readiness.releasing = lambda: engine.figures.releasing(loop.time())
    worker = server.worker
    if worker is not None:
        metrics.add(lambda: worker_metrics(worker, clock.now_ms()))
        metrics.add_by_lane(lambda workspace_id: lane_metrics(worker, workspace_id))


def _partitions(store: PostgresStore, engine: Engine) -> Callable[[], Awaitable[bool]]:
    async def tidy() -> bool:
        before = engine.clock.now_ms() - engine.retention_ms
        return await store.tidy_partitions(before if engine.retention_ms else None)

    return tidy


def _backups(server: Server, to: str) -> ServerBackups:
    """The backups that the settings ask for, made by a process that is told of the database alone."""
    settings = server.settings
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)
    }
    return ServerBackups(
        server.services.store,
        server.services.clock,
        to,
        int(settings.backup_every * HOUR_MS),
        settings.backup_keep,
        {**environment, "HORARIUM_DATA": str(settings.data), "HORARIUM_DATABASE": settings.database_url},
    )


def _free_memory(store: Store) -> Callable[[], Awaitable[bool]]:
    def free() -> None:
        if isinstance(store, SqliteStore):
            store.drop_pages()
        give_memory_back()

    async def free_memory() -> bool:
        await asyncio.to_thread(free)
        return False

    return free_memory


def _touch_keys(services: Services) -> Callable[[], Awaitable[bool]]:
    async def touch() -> bool:
        await services.identities.write_last_used()
        return False

    return touch


def _follow_secret_key(services: Services) -> Callable[[], Awaitable[bool]]:
    secrets = SecretService(services.store, services.vault, services.clock)

    async def follow_secret_key() -> bool:
        await secrets.follow()
        return False

    return follow_secret_key


def _forget_on_access(store: Store, identities: IdentityService) -> None:
    """Drop what is remembered of keys when a commit, here or on another node, has changed what one may do."""
    store.listen(lambda topic, at: identities.forget() if topic == ACCESS else None)


def _record_on_webhooks(store: Store, recording: Recording) -> None:
    """Look at once which workspaces have their events recorded, when a commit, here or on another node, changes it."""
    tasks: set[asyncio.Task[bool]] = set()

    def hear(topic: str, at: int) -> None:
        if topic == WEBHOOKS:
            task = asyncio.create_task(recording.refresh())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    store.listen(hear)


def _forget_events(store: Store, clock: DatabaseClock, kept_ms: int) -> Callable[[], Awaitable[bool]]:
    async def forget_events() -> bool:
        return await store.write(forget_old_events, clock.now_ms() - kept_ms, FORGOTTEN_AT_ONCE) > 0

    return forget_events


def _note_refused_hosts(audit: AuditService) -> Callable[[], Awaitable[bool]]:
    async def note_refused_hosts() -> bool:
        await audit.note_refused_hosts()
        return False

    return note_refused_hosts


def _link_audit(audit: AuditService) -> Callable[[], Awaitable[bool]]:
    async def link_audit() -> bool:
        await audit.link()
        return False

    return link_audit


def _forget_audit(server: Server) -> Callable[[], Awaitable[bool]]:
    audit, kept_ms = server.services.audit, int(server.settings.audit_retention_days * DAY_MS)

    async def forget_audit() -> bool:
        if kept_ms:
            await audit.forget(audit.clock.now_ms() - kept_ms)
        return False

    return forget_audit


def refuse_failed(loops: Iterable[asyncio.Task[None]]) -> None:
    """Raises Unavailable where one of these loops has failed, so that whoever started the process learns it."""
    for task in loops:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise Unavailable(
                f"the server ended because a part of it failed ({type(error).__name__}: {error}); its log has the "
                "details under loop_failed"
            ) from error


def end_on_fault(task: asyncio.Task[None]) -> None:
    """Stop the process when one of its loops has failed: a restart is better than a server that works by half."""
    if not task.cancelled() and task.exception() is not None:
        _log.error("loop_failed", exc_info=task.exception())
        os.kill(os.getpid(), signal.SIGTERM)
