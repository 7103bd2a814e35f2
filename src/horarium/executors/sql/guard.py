"""Which databases on the network may be connected to, and to which addresses a connection is made.

The operator lists hosts; what a listed name leads to is judged when a connection is made, and the connection is made to
exactly the addresses that were judged. Addresses in private networks are fine, since the operator listed the host. This
machine itself needs a setting of its own, metadata services are never reached, and the server's own database is
refused under every name, address and socket.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qs, unquote, urlsplit

from horarium.executors.addresses import LOOPBACK, AddressPolicy, host_refusal
from horarium.executors.egress import AddressRefused, GuardedResolver
from horarium.executors.options import ExecutorOptions

_PRIVATE = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
_USUAL_PORT = 5432

OWN_DATABASE = "is the server's own database, which no target and no audience may use"


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """The PostgreSQL database that the server itself runs on. `hosts` are names, addresses or folders of sockets; none
    means this machine."""

    hosts: tuple[str, ...]
    ports: frozenset[int]
    name: str

    @classmethod
    def of(cls, url: str | None, environment: Mapping[str, str] = os.environ) -> OwnDatabase | None:
        """From the server's database URL; None where that is no PostgreSQL database. What the URL leaves out is taken
        from where the driver takes it."""
        parts = urlsplit(url or "")
        if parts.scheme not in ("postgresql", "postgres"):
            return None
        query = {name: ",".join(values) for name, values in parse_qs(parts.query).items()}
        user, _, places = parts.netloc.rpartition("@")
        hosts, ports = [], set[int]()
        for place in places.split(",") if places else []:
            host, _, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
            hosts.append(unquote(host if port.isdecimal() else place).strip("[]"))
            ports.add(int(port) if port.isdecimal() else _USUAL_PORT)
        hosts += [host for host in (query.get("host") or "").split(",") if host]
        if not hosts:
            hosts = [host for host in environment.get("PGHOST", "").split(",") if host]
        given = (query.get("port") or ("" if ports else environment.get("PGPORT", ""))).split(",")
        ports |= {int(port) for port in given if port.isdecimal()}
        name = unquote(parts.path[1:]) or query.get("dbname") or query.get("database")
        name = name or environment.get("PGDATABASE") or unquote(user.partition(":")[0])
        return cls(tuple(hosts), frozenset(ports or {_USUAL_PORT}), name)

    def is_at(self, host: str, addresses: Iterable[str], port: int, name: str) -> bool:
        """Whether a database is this one. `host` is what its URL says, `addresses` what that leads to (none for the
        folder of a socket). Looks up names; blocks meanwhile.

        A PostgreSQL server's socket carries the number of its port, so the two lead to the same server."""
        if name != self.name or port not in self.ports:
            return False
        if host in self.hosts:
            return True
        theirs = set(addresses)
        ours = {address for own in self.hosts if not own.startswith("/") for address in _looked_up(own)}
        if not theirs.isdisjoint(ours):
            return True
        local = not self.hosts or any(own.startswith("/") for own in self.hosts) or any(map(is_here, ours))
        return local and (host.startswith("/") or any(map(is_here, theirs)))


def _looked_up(host: str) -> set[str]:
    try:
        return {str(answer[4][0]) for answer in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def is_here(address: str) -> bool:
    """Whether an address is one of this machine's: only those can be bound to."""
    parsed = ip_address(address)
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as tried:
        try:
            tried.bind((address, 0))
        except OSError:
            return parsed.is_loopback
    return True


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """`hosts` holds `host`, `host:port`, the folder of a Unix socket, or `*` for any host but this machine.

    `allow_loopback` opens the databases of this machine that are reached by network."""

    hosts: tuple[str, ...] = ()
    allow_loopback: bool = False
    own: OwnDatabase | None = None

    @classmethod
    def of(cls, options: ExecutorOptions) -> HostPolicy:
        own = OwnDatabase.of(options.own_database)
        return cls(tuple(options.sql_hosts), options.sql_allow_loopback, own)

    @property
    def addresses(self) -> AddressPolicy:
        return AddressPolicy(opened=(*_PRIVATE, *(LOOPBACK if self.allow_loopback else ())))

    def refusal(self, host: str, port: int) -> str | None:
        """Why a host may not be connected to, as far as can be said without looking up its name."""
        plain = host.lower().rstrip(".")
        if not self._lists(plain, host, port):
            return f"the host {host!r} is not among those the operator of this server allows (sql_hosts)"
        if host.startswith("/"):
            return None
        wrong = host_refusal(plain, self.addresses)
        if wrong and "loopback" in wrong:
            wrong += "; the setting sql_allow_loopback opens it"
        return f"the host {host!r} {wrong}" if wrong else None

    def _lists(self, plain: str, host: str, port: int) -> bool:
        if host.startswith("/"):
            return host in self.hosts  # "*" speaks of hosts; a folder of this machine is named or refused
        listed = {entry.lower().rstrip(".") for entry in self.hosts}
        shown = f"[{plain}]" if ":" in plain else plain
        if not listed.isdisjoint(("*", plain, shown, f"{shown}:{port}")):
            return True
        return self.allow_loopback and (plain == "localhost" or _is_loopback(plain))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class DatabaseGuard:
    """Resolves and judges the host of a database for every connection that is made."""

    def __init__(self, policy: HostPolicy) -> None:
        self._policy = policy
        self._resolver = GuardedResolver(policy.addresses)

    async def places(self, host: str, port: int, name: str) -> Sequence[str]:
        """The addresses to connect to, or the folder of the socket. Raises AddressRefused, or OSError where the name is
        not known."""
        wrong = self._policy.refusal(host, port)
        if wrong:
            raise AddressRefused(wrong)
        found: list[str] = []
        if not host.startswith("/"):
            found = [str(answer["host"]) for answer in await self._resolver.resolve(host.rstrip("."), port)]
        own = self._policy.own
        if own is not None and await asyncio.to_thread(own.is_at, host, found, port, name):
            raise AddressRefused(f"the database {name!r} at {host!r} {OWN_DATABASE}")
        return found or [host]

    async def close(self) -> None:
        await self._resolver.close()
