"""A network for tests of what leaves the server: names, hosts and connections are played, and nothing is missed.

Names are answered by the test in place of the system's resolver. Each connection that any code of this process tries
is noted. One to this machine is really made, so real listeners on loopback notice it as well. One to port 80 of the
public address PUBLIC arrives at a real HTTP server of the test. Every other one is refused, so no packet leaves.
"""

from __future__ import annotations

import asyncio
import socket
import unicodedata
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from horarium.executors import look_ups
from tests.support.receiver import Receiver

Address = IPv4Address | IPv6Address

# The public hosts of the played network. The first one answers HTTP.
PUBLIC, PUBLIC_V6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


class Tried(NamedTuple):
    """A connection that was tried: to an address and port, or to a Unix socket (then `address` is None)."""

    address: Address | None
    port: int
    path: str = ""


class PlayedNetwork:
    """The network of one test. `tried` holds the connections, `heard` the ports at which listeners were reached.

    `victim` is the port of listeners on 127.0.0.1 and ::1, `canary` that of one which no setting opens. `internet` is
    the HTTP server behind PUBLIC. `answers` are what names lead to: a list for each time that a name is asked for; the
    last one stays. A name without answers leads to the victim, so code that reads a name differently is found out;
    only example.com is a public host.
    """

    def __init__(self, internet: Receiver) -> None:
        self.internet = internet
        self.answers: dict[str, list[Sequence[str]]] = {}
        self.tried: list[Tried] = []
        self.heard: list[int | str] = []
        self.victim = self.canary = 0
        self._connect = socket.socket.connect

    def begin(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        """Forget what was tried, and answer names with `answers` from now on."""
        self.answers = {"example.com": [[PUBLIC]], **{name: list(given) for name, given in answers.items()}}
        self.tried.clear()
        self.heard.clear()

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, *_: Any, **__: Any) -> list[Any]:
        """What socket.getaddrinfo answers in this network. It reads hosts as generously as any system does."""
        text = host.decode() if isinstance(host, bytes) else str(host)
        found = [_sockaddr(address, port) for address in self._addresses(text)]
        return [
            (kind, socket.SOCK_STREAM, 6, "", sockaddr) for kind, sockaddr in found if family in (0, kind)
        ]

    def _addresses(self, host: str) -> Sequence[str]:
        given = self.answers.get(host)
        if given:
            return given.pop(0) if len(given) > 1 else given[0]
        plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").replace("\u00ad", "").strip("[].")
        try:
            return [str(ip_address(plain))]
        except ValueError:
            pass
        try:
            return [socket.inet_ntoa(socket.inet_aton(plain))]
        except (OSError, ValueError):
            return ["127.0.0.1", "::1"]

    def connect(self, sock: socket.socket, address: Any) -> None:
        """What socket.socket.connect does in this network."""
        if sock.family == socket.AF_UNIX:
            self.tried.append(Tried(None, 0, str(address)))
            self._connect(sock, address)
            return
        ip = ip_address(address[0].partition("%")[0])
        plain = ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip
        self.tried.append(Tried(plain, address[1]))
        if (str(plain), address[1]) == (PUBLIC, 80):
            self._connect(sock, ("127.0.0.1", self.internet.port))
        elif plain.is_loopback or plain.is_unspecified:
            self._connect(sock, address)
        else:
            raise ConnectionRefusedError("there is nothing at this address of the played network")

    async def listen(self, host: str, port: int, stack: AsyncExitStack) -> int:
        """Listen on a port (0 takes a free one) and note every connection. Returns the port."""

        async def hear(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.heard.append(bound)
            writer.close()

        server = await asyncio.start_server(hear, host, port)
        stack.push_async_callback(_ended, server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def listen_at(self, path: Path, stack: AsyncExitStack) -> None:
        """Listen on a Unix socket and note every connection."""

        async def hear(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.heard.append(str(path))
            writer.close()

        stack.push_async_callback(_ended, await asyncio.start_unix_server(hear, path))


@asynccontextmanager
async def played_network(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PlayedNetwork]:
    """Play a network while the block runs."""
    async with AsyncExitStack() as stack:
        network = PlayedNetwork(await stack.enter_async_context(Receiver()))
        network.victim = await network.listen("127.0.0.1", 0, stack)
        if socket.has_ipv6:
            await network.listen("::1", network.victim, stack)
        network.canary = await network.listen("127.0.0.1", 0, stack)
        stack.enter_context(monkeypatch.context()).setattr(socket, "getaddrinfo", network.getaddrinfo)
        # Each attempt has its own answers, so none is used a second time.
        stack.enter_context(monkeypatch.context()).setattr(look_ups, "REMEMBERED_S", 0.0)
        patch = stack.enter_context(monkeypatch.context())
        patch.setattr(socket.socket, "connect", lambda sock, address: network.connect(sock, address))
        yield network


def _sockaddr(address: str, port: Any) -> tuple[int, tuple[Any, ...]]:
    bare, _, zone = address.partition("%")
    number = int(port or 0)
    if ":" not in bare:
        return socket.AF_INET, (bare, number)
    return socket.AF_INET6, (bare, number, 0, int(bool(zone)))


async def _ended(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()
