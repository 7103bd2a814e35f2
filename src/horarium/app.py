"""The place where all parts are put together: settings become a running server.

By default it is one process, in which the HTTP server, the engine and the worker share an event loop and a store.
Where one process is not enough, `roles` divides these parts among several.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import uvicorn
from fastapi import FastAPI

from horarium import __version__
from horarium.api.app import make_api
from horarium.api.connections import ConnectionLimits, end_slow_connections, limited_protocol
from horarium.api.kit import registry as dialects
from horarium.audiences import registry as audience_sources
from horarium.audiences.registry import AudienceOptions
from horarium.backup.by_server import ServerBackups
from horarium.console.app import add_console
from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.tenancy import is_key
from horarium.engine.acting import act_loop
from horarium.engine.clock import DatabaseClock
from horarium.engine.fanout import FanoutRunner
from horarium.engine.figures import LoopFigures, engine_metrics, process_metrics
from horarium.engine.forgetting import forget_loop
from horarium.engine.lease import Lease
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
from horarium.executors import registry
from horarium.executors.event_post import SignedEventPost
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text, keep_answer
from horarium.executors.secrecy import Scrubber, merge_secrets
from horarium.open_files import raise_limit, waiting_calls
from horarium.python_tuning import tuned_for_serving
from horarium.service import recording
from horarium.service.allowed_hosts import REFRESH_S, AllowedHosts
from horarium.service.audit import AuditService
from horarium.service.events import EventService
from horarium.service.identity import IdentityService
from horarium.service.recording import Recording
from horarium.service.services import Services, make_services
from horarium.service.shares import Shares
from horarium.service.tenancy import bootstrap, recover
from horarium.settings import ENVIRONMENT_PREFIX, Settings, differing, in_url
from horarium.store.base import ACCESS, WEBHOOKS, Store
from horarium.store.file_lock import file_lock, sqlite_lock
from horarium.store.migrations import latest
from horarium.store.postgres import PostgresStore
from horarium.store.postgres.migrate import migrate_postgres
from horarium.store.private_files import private_database, private_file, private_folder
from horarium.store.sqlite import SqliteStore
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.vault import Vault
from horarium.store.verbs import meta, nodes
from horarium.store.verbs.events import forget_events as forget_old_events
from horarium.times import TZDATA_VERSION, grammar_names
from horarium.worker.figures import lane_metrics, worker_metrics
from horarium.worker.watcher import Watcher
from horarium.worker.worker import MOST_WAITING, Worker

if TYPE_CHECKING:
    from horarium.worker.tracing import Tracing

_log = structlog.get_logger(__name__)


# How often PostgreSQL's partitions are looked after.
PARTITIONS_S = 3600.0

# How often it is looked whether a backup is due.
BACKUPS_S = 15.0
HOUR_MS = 3_600_000

# How far this machine's clock may be from the database's before that is logged.
SKEW_MS = 1_000

# How often a worker tells which of its lanes are slow, held or late.
REPORT_S = 3.0

# Events that are deleted in one transaction.
FORGOTTEN_AT_ONCE = 500

# How often nodes on PostgreSQL look for others that have died.
RECOVER_S = 0.5


@dataclass(slots=True)
class Server:
    """A server that has been started, but for the network."""

    id: Id
    settings: Settings
    services: Services
    api: FastAPI
    shares: Shares
    loop_figures: LoopFigures
    worker: Worker | None = None
    deliverer: Deliverer | None = None
    # Only on PostgreSQL: on SQLite no other node could take the runs of this one.
    lease: Lease | None = None
    # Only where runs and transactions are traced.
    tracing: Tracing | None = None

    @property
    def may_work(self) -> bool:
        """Whether this node still has the right to fire and to begin runs."""
        return self.lease is None or self.lease.held


@asynccontextmanager
async def data_folder(settings: Settings) -> AsyncIterator[Path]:
    """The data folder, which is made if it is missing, and locked while the block runs.

    Raises Unavailable where it cannot be used, and where another server has it.
    """
    try:
        private = private_folder(settings.data)
        private_file(settings.data / "lock")
    except OSError as error:
        raise Unavailable(
            f"the data folder {settings.data} cannot be used: {_reason(error)}; name another with --data"
        ) from None
    if not private:
        advice = f"others on this machine can look into it; chmod 700 {settings.data}"
        _log.warning("data_folder_open", folder=str(settings.data), advice=advice)
    refusal = (
        f"another Horarium server is using {settings.data}: stop it, or give this one a folder of its own "
        "with --data"
    )
    with file_lock(settings.data / "lock", refusal):
        yield settings.data


def _reason(error: Exception) -> str:
    """Why a file could not be opened, without the number of the error and the name of the file."""
    if isinstance(error, OSError):
        if isinstance(error, FileExistsError | NotADirectoryError):
            return f"{error.filename} is not a folder"
        return f"{error.strerror} ({error.filename})"
    return str(error)


def open_sqlite(path: Path, stack: AsyncExitStack) -> SqliteStore:
    """The store in a SQLite file, whose schema is brought up to date. `stack` closes it and gives back its lock.

    Raises Unavailable, also where another process works on the file, whatever data folder it was given.
    """
    try:
        stack.enter_context(sqlite_lock(path))
        private_database(path)
        store = SqliteStore(path)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(
            f"the database file {path} cannot be opened: {_reason(error)}; its folder must exist and be writable"
        ) from None
    stack.push_async_callback(store.close)
    applied = migrate_sqlite(store.connection)
    if applied:
        _log.info("migrated", applied=applied)
    return store


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
        await _refuse_missing_dialects(store)
        await _make_first_workspace(store, clock, settings)
        entry = await _register(store, clock, settings)
        shares = Shares(store)
        await shares.refresh()
        api = make_api(services, installed)
        add_console(api, services, installed)
        server = Server(entry.id, settings, services, api, shares, LoopFigures())
        server.tracing = _tracing(server)
        if "worker" in settings.roles:
            server.worker = _worker(server)
        if isinstance(store, PostgresStore):
            lend = store.lend_ear if store.wants_ear else None
            server.lease = Lease(store.url, entry, settings.lease, lambda: _look_again(server), lend)
        await services.recording.refresh()  # before anything can happen that somebody wants to be told of
        services.readiness.folder = settings.sqlite_folder
        services.readiness.may_work = lambda: server.may_work
        services.readiness.clock_uncertain = lambda: clock.uncertain
        tasks = _start(server, store, clock)
        try:
            yield server
        finally:
            await _stop(server, store, tasks)
            await registry.close(executors)
            await audience_sources.close(sources)
            await post.close()


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[tuple[Store, Vault]]:
    """The store that the settings name, its schema brought up to date, and the vault for its secrets.

    Raises Unavailable where the database cannot be used, and where its secrets were encrypted with another key.
    """
    async with AsyncExitStack() as stack:
        store: Store
        if settings.database_url.startswith("sqlite:///"):
            data = await stack.enter_async_context(data_folder(settings))
            store = open_sqlite(Path(settings.database_url.removeprefix("sqlite:///")), stack)
            given = None if settings.secret_key is None else Vault(settings.secret_key.split(","))
            vault = given or _vault_in_file(data / "secret.key", await store.write(meta.has_vault))
        else:
            vault = _given_vault(settings)
            applied = await migrate_postgres(settings.database_url)
            if applied:
                _log.info("migrated", applied=applied)
            store = await PostgresStore.open(
                settings.database_url,
                f"horarium {settings.node or os.getpid()}",
                pooled=settings.database_pooled,
            )
            stack.push_async_callback(store.close)
        if not await store.write(meta.is_complete):
            raise Unavailable(
                "a copy into this database has not been finished: run the copy again, it continues where it stopped"
            )
        if await store.write(meta.is_backup):
            raise Unavailable(
                "the database is a backup, on which no server works: restore it with `horarium restore`"
            )
        if not await store.write(meta.agree_on_vault, vault.fingerprint(), vault.knows):
            raise Unavailable(
                "the secrets in this database were encrypted with another secret key: give that key, or both keys with "
                "the new one first"
            )
        yield store, vault


def _vault_in_file(path: Path, has_secrets: bool) -> Vault:
    """The vault with the keys in a file, which is made at the first start. Raises Unavailable where the file is missing
    and the database holds secrets already: a new key would not open them."""
    if has_secrets and not path.exists():
        raise Unavailable(
            f"the key file {path} is missing, and the secrets in this database were encrypted with it: put the file "
            "secret.key that belongs to this database there"
        )
    try:
        return Vault.from_file(path)
    except OSError as error:
        raise Unavailable(f"the key file {path} cannot be used: {_reason(error)}") from None


def _given_vault(settings: Settings) -> Vault:
    """The vault with the keys from the settings. On PostgreSQL no node makes a key, because all need the same one."""
    if settings.secret_key is None:
        raise Unavailable(
            "with PostgreSQL the secret key must be given: set HORARIUM_SECRET_KEY to the base64 of 32 random bytes, "
            "the same on every node"
        )
    return Vault(settings.secret_key.split(","))


async def _make_first_workspace(store: Store, clock: DatabaseClock, settings: Settings) -> None:
    """Make the first workspace and its key where there is none; of several nodes that start, one does it."""
    async with store.alone() if isinstance(store, PostgresStore) else nullcontext():
        await bootstrap(store, clock.now_ms(), settings.left_key_file, _given_admin_key(settings))


def _given_admin_key(settings: Settings) -> str | None:
    """The first administrator's key, where the operator gives it. Raises Unavailable for a file that holds none."""
    if settings.admin_key_file is None:
        return settings.admin_key
    try:
        text = settings.admin_key_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"the first administrator's key cannot be read: {error}") from None
    if not is_key(text):
        raise Unavailable(
            f"{settings.admin_key_file} holds no key: it must hold hor_ and 32 to 124 letters, digits, - and _"
        )
    return text


def _existing_file(settings: Settings) -> Path:
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    if not file.exists():
        raise Unavailable(f"there is no database at {file}: name the server's data folder with --data")
    return file


async def recover_key(settings: Settings) -> str:
    """Make another key of the whole server, with nothing but access to the database. Returns its text.

    Raises Unavailable where the database cannot be used, and NotFound where it has no workspace yet.
    """
    async with AsyncExitStack() as stack:
        store: Store
        if settings.database_url.startswith("sqlite:///"):
            file = _existing_file(settings)
            await stack.enter_async_context(data_folder(settings))
            store = open_sqlite(file, stack)
        else:
            await migrate_postgres(settings.database_url)
            store = await PostgresStore.open(settings.database_url, "horarium key recover")
            stack.push_async_callback(store.close)
        return (await recover(store, await store.now_ms())).text


async def _refuse_missing_dialects(store: Store) -> None:
    """Raises Unavailable where the database holds schedules whose recurrences no installed dialect can read: nobody
    would fire them."""
    missing = await store.write(meta.schedules_without_dialect, grammar_names())
    if missing:
        counts = ", ".join(f"{count} of {name}" for name, count in missing.items())
        raise Unavailable(
            f"the database holds schedules of dialects that are not installed here: {counts}; install the packages "
            f"that provide these dialects (entry points of the group {dialects.GROUP})"
        )


def _report_skew(skew_ms: int) -> None:
    """Log where this machine's clock is wrong. It does no harm, because the server follows the database's clock."""
    if abs(skew_ms) > SKEW_MS:
        _log.warning("clock_skew", database_ahead_ms=skew_ms, consequence="the database's time is used")


def executor_options(settings: Settings) -> ExecutorOptions:
    """What executors may do, by the settings."""
    return ExecutorOptions(
        allow_loopback=settings.allow_loopback,
        allow_private=settings.allow_private,
        deny_hosts=settings.deny_hosts,
        python_functions=settings.python_functions,
        commands=settings.commands,
        engine_hosts=settings.engine_hosts,
        sql_hosts=settings.sql_hosts,
        sql_allow_loopback=settings.sql_allow_loopback,
        own_database=settings.database_url,
        llm_env_keys=settings.llm_env_keys,
        response_limit_bytes=settings.response_limit,
        data_dir=settings.data,
        public_url=settings.public_url,
        max_connections=settings.concurrency + _most_waiting(settings),
    )


def _most_waiting(settings: Settings) -> int:
    """How many calls may wait for their answer without a place, of the executors that wait on the network."""
    return waiting_calls(MOST_WAITING, settings.concurrency, raise_limit())


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


def _worker(server: Server) -> Worker:
    services, settings = server.services, server.settings
    return Worker(
        services.store,
        services.clock,
        server.id,
        services.executors,
        services.vault,
        settings.concurrency,
        settings.reached_at,
        settings.poll,
        lambda: server.may_work,
        _most_waiting(settings),
        server.shares.of,
        server.tracing,
    )


def _tracing(server: Server) -> Tracing | None:
    """What traces runs and transactions, where the settings ask for it. Raises Unavailable where its packages are not
    installed."""
    share = server.settings.trace_share
    if not share:
        return None
    try:
        from horarium.service.database_spans import DatabaseSpans
        from horarium.worker.tracing import Tracing, resource_of, to_collector
    except ImportError as error:
        raise Unavailable(
            f"trace_share is {share:g}, and what traces runs is not installed ({error.name}): "
            "pip install 'horarium[otel]'"
        ) from None
    processor, store = to_collector(), server.services.store
    spans = DatabaseSpans(
        processor, share, resource_of(server.id), "postgresql" if store.shared else "sqlite"
    )
    store.figures.tell = spans.took
    return Tracing(processor, share, server.id)


def _watcher(server: Server) -> Watcher:
    services = server.services
    return Watcher(
        services.store,
        services.clock,
        services.executors,
        services.vault,
        lambda text, secrets: error_text(text, Scrubber(secrets.values())),
        server.settings.poll,
        lambda: server.may_work,
        server.shares.of,
    )


def _start(server: Server, store: Store, clock: DatabaseClock) -> list[asyncio.Task[None]]:
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
        upkeep_loop([_note_refused_hosts(server.services.audit)], UPKEEP_S),
        upkeep_loop([server.services.tenancy.allowed_hosts.refresh], REFRESH_S),
        upkeep_loop([server.services.recording.refresh], recording.REFRESH_S),
    ]
    if server.lease is None:
        loops.append(heartbeat_loop(store, clock, server.id, int(settings.lease * 1000)))
    tasks: list[asyncio.Task[None]] = []
    if server.worker is not None:
        tasks += server.worker.loops()
        loops.append(_watcher(server).loop())
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
        task.add_done_callback(_end_on_fault)
    return tasks


def _show_figures(server: Server, engine: Engine, clock: DatabaseClock) -> None:
    """Show the figures of the parts that this process runs among its metrics."""
    metrics = server.services.metrics
    metrics.add(lambda: process_metrics(server.loop_figures, clock, server.lease))
    if "engine" in server.settings.roles:
        metrics.add(lambda: engine_metrics(engine))
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


def _touch_keys(services: Services) -> Callable[[], Awaitable[bool]]:
    async def touch() -> bool:
        await services.identities.write_last_used()
        return False

    return touch


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


def _end_on_fault(task: asyncio.Task[None]) -> None:
    """Stop the process when one of its loops has failed: a restart is better than a server that works by half."""
    if not task.cancelled() and task.exception() is not None:
        _log.error("loop_failed", exc_info=task.exception())
        os.kill(os.getpid(), signal.SIGTERM)


async def _stop(server: Server, store: Store, tasks: list[asyncio.Task[None]]) -> None:
    if server.worker is not None:
        await server.worker.drain(server.settings.drain)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if server.deliverer is not None:
        with suppress(Unavailable):
            await server.deliverer.close()
    if server.lease is not None:
        await server.lease.close()
    if server.tracing is not None:
        store.figures.tell = None  # nobody sends any more spans
        await asyncio.to_thread(server.tracing.close)
    with suppress(Unavailable):
        await server.services.identities.write_last_used()
        await store.urgent(nodes.stop, server.id, server.services.clock.now_ms())


async def serve(settings: Settings, ready: Callable[[Settings], None] | None = None) -> None:
    """Run a server until SIGTERM or SIGINT. Once it answers, `ready` is called with the settings that it runs with, in
    which free ports have their numbers.

    Raises Unavailable where an address or the database cannot be used.
    """
    with ExitStack() as told:  # the last line comes when all is closed
        sockets = [told.enter_context(_listen(settings.host, settings.port))]
        settings = replace(settings, port=sockets[0].getsockname()[1])
        if settings.pages_at is not None:
            host, port = settings.pages_at
            sockets.append(told.enter_context(_listen(host, port, "another pages_address")))
            settings = replace(settings, pages_address=in_url(host, sockets[1].getsockname()[1]))
        async with open_server(settings) as server:
            config = uvicorn.Config(
                server.api,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=int(settings.drain),
                lifespan="off",
                ws="none",
                http=limited_protocol(ConnectionLimits(per_address=settings.connections_per_address)),
                server_header=False,
                ssl_certfile=settings.tls_cert,
                ssl_keyfile=settings.tls_key,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=list(settings.trusted_proxies),
            )
            _load_certificate(config)
            http_server = _HttpServer(config, server.services.events)
            watch = asyncio.create_task(end_slow_connections(http_server.server_state))
            watch.add_done_callback(_end_on_fault)
            told.enter_context(_stop_told())
            _tell_start(settings, server)
            if ready is not None:
                ready(settings)
            try:
                with tuned_for_serving():
                    await http_server.serve(sockets=sockets)
            finally:
                watch.cancel()


class _HttpServer(uvicorn.Server):
    """Ends the streams of events as soon as it begins to stop, because it waits for its answers to end."""

    def __init__(self, config: uvicorn.Config, events: EventService) -> None:
        super().__init__(config)
        self._events = events

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._events.close()
        await super().shutdown(sockets)


@contextmanager
def _stop_told() -> Iterator[None]:
    """Write a log line at the end of the block, however it ends."""
    began = time.monotonic()
    try:
        yield
    finally:
        _log.info("stopped", after_s=round(time.monotonic() - began, 1))


def _tell_start(settings: Settings, server: Server) -> None:
    """The log line of a server that has started: its versions, its address, and how it is set up."""
    _log.info(
        "started",
        version=__version__,
        node=prefixed("node", server.id),
        address=f"{settings.scheme}://{in_url(settings.host, settings.port)}",
        database="postgresql" if server.services.store.shared else "sqlite",
        schema=latest(),
        zone_data=TZDATA_VERSION,
        settings=differing(settings),
        admin_key_file=str(settings.left_key_file) if settings.left_key_file.exists() else None,
    )


def _load_certificate(config: uvicorn.Config) -> None:
    """Raises Unavailable where certificate or key cannot be used."""
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise Unavailable(
            f"the TLS certificate {config.ssl_certfile} or its key {config.ssl_keyfile} cannot be used: {error}; both "
            "must be PEM files, the key not encrypted, and belong together"
        ) from None
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2


def _listen(host: str, port: int, instead: str = "another --port") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror}; choose {instead}") from None
    sock.listen(2048)
    return sock
