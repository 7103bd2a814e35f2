"""A server on the network: its addresses, its certificate, and its end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import replace

import structlog
import uvicorn

from horarium import __version__
from horarium.api.connections import ConnectionLimits, end_slow_connections, limited_protocol
from horarium.app.further_processes import FurtherProcesses
from horarium.app.loops import end_on_fault, refuse_failed
from horarium.app.opening import open_server
from horarium.app.parts import Server
from horarium.domain.errors import Unavailable
from horarium.domain.ids import prefixed
from horarium.python_tuning import tuned_for_serving
from horarium.service.events import EventService
from horarium.settings import Settings, differing, in_url
from horarium.store.migrations import latest
from horarium.times import TZDATA_VERSION

_log = structlog.get_logger(__name__)


async def serve(
    settings: Settings, ready: Callable[[Settings], None] | None = None, further_module: str = ""
) -> None:
    """Run a server until SIGTERM or SIGINT. Once it answers, `ready` is called with the settings that it runs with, in
    which free ports have their numbers. `further_module` is what its further processes run.

    Raises Unavailable where an address or the database cannot be used.
    """
    with ExitStack() as told:  # the last line comes when all is closed
        sockets = [told.enter_context(_listen(settings.host, settings.port))]
        settings = replace(settings, port=sockets[0].getsockname()[1])
        if settings.pages_at is not None:
            host, port = settings.pages_at
            sockets.append(told.enter_context(_listen(host, port, "another pages_address")))
            settings = replace(settings, pages_address=in_url(host, sockets[1].getsockname()[1]))
        async with (
            aclosing(FurtherProcesses(further_module, settings.drain)) as further,
            open_server(settings) as server,
        ):
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
            http_server = _HttpServer(config, server.services.events, further)
            watch = asyncio.create_task(end_slow_connections(http_server.server_state))
            watch.add_done_callback(end_on_fault)
            told.enter_context(_stop_told())
            _tell_start(settings, server)
            if settings.processes > 1:
                further.start(settings)
                server.services.metrics.further = further.figures
            if ready is not None:
                ready(settings)
            try:
                with tuned_for_serving():
                    await http_server.serve(sockets=sockets)
            finally:
                watch.cancel()
                refuse_failed([watch])


class _HttpServer(uvicorn.Server):
    """Ends the streams of events as soon as it begins to stop, because it waits for its answers to end. The further
    processes end at the same time."""

    def __init__(self, config: uvicorn.Config, events: EventService, further: FurtherProcesses) -> None:
        super().__init__(config)
        self._events, self._further = events, further

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._events.close()
        self._further.stop()
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
