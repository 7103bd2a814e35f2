"""What a server is made of, by its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import FastAPI

from horarium.domain.errors import Unavailable
from horarium.domain.ids import Id
from horarium.engine.figures import LoopFigures
from horarium.engine.lease import Lease
from horarium.events.deliverer import Deliverer
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text
from horarium.executors.secrecy import Scrubber
from horarium.open_files import raise_limit, waiting_calls
from horarium.service.services import Services
from horarium.service.shares import Shares
from horarium.settings import Settings
from horarium.worker.watcher import Watcher
from horarium.worker.worker import MOST_WAITING, Worker

if TYPE_CHECKING:
    from horarium.worker.tracing import Tracing


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
        max_connections=settings.concurrency + most_waiting(settings),
    )


def most_waiting(settings: Settings) -> int:
    """How many calls may wait for their answer without a place, of the executors that wait on the network."""
    return waiting_calls(MOST_WAITING, settings.concurrency, raise_limit())


def make_worker(server: Server) -> Worker:
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
        most_waiting(settings),
        server.shares.of,
        server.tracing,
    )


def make_watcher(server: Server) -> Watcher:
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


def make_tracing(server: Server) -> Tracing | None:
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
