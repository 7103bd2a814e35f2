"""HTTP requests to engines: to hosts that the operator lists, each connection to the address that was judged."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from horarium.domain.ids import Id
from horarium.executors.decoding import TooManyValues, decoded_in_turn
from horarium.executors.egress import AddressRefused, Connector, explain, was_refused
from horarium.executors.engines.connections import Connections
from horarium.executors.engines.hosts import EngineHosts
from horarium.executors.engines.messages import EngineRefused
from horarium.executors.options import ExecutorOptions

# Requests to one engine that may be under way at a time, for one workspace.
_MOST_CONNECTIONS = 50
_CONNECT_S = 5
# Statuses by which an engine, or what stands before it, says that it takes nothing now: as good as away.
LATER = (429, 502, 503, 504)
_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)


class Answer(NamedTuple):
    """An answer: its status, and the JSON object that its body is; empty where it is none."""

    status: int
    content: Mapping[str, Any]


class TooLarge(EngineRefused):
    """An answer is larger than is read."""


class EnginePlace(NamedTuple):
    """A server of an engine. `ca` are the certificates that its own is checked with, as PEM; None: those of this
    machine."""

    host: str
    port: int
    tls: bool
    ca: str | None = None


class EngineHttp:
    """Sends requests to engines for one executor. Redirects are not followed, and no settings of the environment are
    used."""

    def __init__(self, options: ExecutorOptions) -> None:
        self.hosts = EngineHosts(options)
        self._sessions: Connections[aiohttp.ClientSession] = Connections(lambda one: not one.closed, _close)

    async def request(
        self,
        workspace_id: Id,
        place: EnginePlace,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        limit: int,
    ) -> Answer:
        """Send one request; `path` is written as it is to be sent. The body of the answer may have `limit` bytes.

        Raises OSError where there is no whole answer, AddressRefused where the host may not be reached, and
        TooLarge for an answer that is too long, or holds too many values.
        """
        # An address that is written as a number is never looked up, so it is judged here.
        await self.hosts.address(workspace_id, place.host, place.port)
        host = f"[{place.host}]" if ":" in place.host else place.host
        url = URL(f"{'https' if place.tls else 'http'}://{host}:{place.port}{path}", encoded=True)
        async with self._sessions.hold(
            workspace_id, place, lambda: self._open(workspace_id, place)
        ) as session:
            try:
                async with session.request(
                    method, url, headers=headers, data=body, allow_redirects=False
                ) as response:
                    content = bytearray()
                    async for piece in response.content.iter_any():
                        content += piece
                        if len(content) > limit:
                            raise TooLarge(f"its answer is longer than {limit} bytes")
                    return Answer(response.status, await _object_of(content))
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                kind = AddressRefused if was_refused(error) else OSError
                raise kind(explain(error).removeprefix("could not connect: ")) from error

    async def _open(self, workspace_id: Id, place: EnginePlace) -> aiohttp.ClientSession:
        context = await asyncio.to_thread(ssl.create_default_context, cadata=place.ca) if place.tls else False
        return aiohttp.ClientSession(
            connector=Connector(
                resolver=_Judged(self.hosts, workspace_id),
                limit=_MOST_CONNECTIONS,
                ssl=context,
                use_dns_cache=False,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_NO_LIMIT,
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("User-Agent",),
            headers={"User-Agent": "Horarium", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._sessions.close()
        await self.hosts.close()


async def _object_of(body: bytearray) -> Mapping[str, Any]:
    try:
        found = await decoded_in_turn(body)
    except TooManyValues as error:
        raise TooLarge(f"its answer is too large: {error}") from error
    except ValueError:
        found = None
    return found if isinstance(found, Mapping) else {}


class _Judged(AbstractResolver):
    """Looks up names as the guard of engines does, for one workspace."""

    def __init__(self, hosts: EngineHosts, workspace_id: Id) -> None:
        self._hosts, self._workspace_id = hosts, workspace_id

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The one address to connect to."""
        address = await self._hosts.address(self._workspace_id, host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
        ]

    async def close(self) -> None:
        """The guard is closed by whom it belongs to."""


async def _close(session: aiohttp.ClientSession) -> None:
    await session.close()
