"""Decides which databases on the network this server may connect to, and at which addresses.

The operator lists the allowed hosts. For each connection, the host's name is looked up, its addresses are checked, and
the connection is made to exactly these addresses. Private networks are allowed, because the operator listed the host.
This machine itself needs the setting `sql_allow_loopback`. Metadata services of clouds are always refused. So is the
server's own database, under every name, address and socket: by its place before a connection is made, and by what the
database says of itself before the connection is used, since a pooler or a forwarded port may lead to it as well.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from horarium.domain.host_lists import NO_HOSTS, HostList, host_list
from horarium.executors.addresses import DENIED, LOOPBACK, PRIVATE, AddressPolicy, host_refusal
from horarium.executors.egress import AddressRefused, GuardedResolver
from horarium.executors.options import ExecutorOptions
from horarium.store.postgres.identity import DatabaseIdentity

_DEFAULT_PORT = 5432

# The end of the sentence that refuses the server's own database to targets and audiences.
OWN_DATABASE = "is the server's own database, which no target and no audience may use"


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """The PostgreSQL database in which the server keeps its own data.

    `hosts` are names, addresses or folders of Unix sockets. If there are none, the database is on this machine.
    """

    hosts: tuple[str, ...]
    ports: frozenset[int]
    name: str

    @classmethod
    def of(cls, url: str | None, environment: Mapping[str, str] = os.environ) -> OwnDatabase | None:
        """Reads the server's database URL. None if it is not the URL of a PostgreSQL database.

        What the URL leaves out comes from the environment variables that the driver reads too.
        """
        parts = urlsplit(url or "")
        if parts.scheme not in ("postgresql", "postgres"):
            return None
        query = {name: ",".join(values) for name, values in parse_qs(parts.query).items()}
        user, _, places = parts.netloc.rpartition("@")
        hosts, ports = [], set[int]()
        for place in places.split(",") if places else []:
            host, _, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
            hosts.append(unquote(host if port.isdecimal() else place).strip("[]"))
            ports.add(int(port) if port.isdecimal() else _DEFAULT_PORT)
        hosts += [host for host in (query.get("host") or "").split(",") if host]
        if not hosts:
            hosts = [host for host in environment.get("PGHOST", "").split(",") if host]
        given = (query.get("port") or ("" if ports else environment.get("PGPORT", ""))).split(",")
        ports |= {int(port) for port in given if port.isdecimal()}
        name = unquote(parts.path[1:]) or query.get("dbname") or query.get("database")
        name = name or environment.get("PGDATABASE") or unquote(user.partition(":")[0])
        return cls(tuple(hosts), frozenset(ports or {_DEFAULT_PORT}), name)

    async def is_at(
        self,
        host: str,
        addresses: Iterable[str],
        port: int,
        name: str,
        look_up: Callable[[str], Awaitable[Iterable[str]]],
    ) -> bool:
        """Whether another database is in fact this one. `look_up` finds the addresses of a host.

        `host` is the host in its URL, and `addresses` are what that was resolved to (none for the folder of a Unix
        socket). The socket of a PostgreSQL server is named after its port, so equal ports on this machine mean the
        same server, whether it is reached by socket or by network.
        """
        if name != self.name or port not in self.ports:
            return False
        if host in self.hosts:
            return True
        theirs, ours = set(addresses), set[str]()
        for own in self.hosts:
            ours.update(() if own.startswith("/") else await look_up(own))
        if not theirs.isdisjoint(ours):
            return True
        local = (
            not self.hosts
            or any(own.startswith("/") for own in self.hosts)
            or any(map(is_on_this_machine, ours))
        )
        return local and (host.startswith("/") or any(map(is_on_this_machine, theirs)))


def own_refusal(found: DatabaseIdentity, own: DatabaseIdentity) -> str | None:
    """Why the database that a connection has reached must not be used, for a sentence that begins with it, or None.

    `own` is the server's own database. In its cluster, roles that may read the cluster's files are refused too: they
    would read the server's database there. If a role may not ask which cluster it is in, equal names count as the same
    database.
    """
    if found.cluster is None or own.cluster is None:
        return OWN_DATABASE if found.name == own.name else None
    if found.cluster != own.cluster:
        return None
    if found.number == own.number:
        return OWN_DATABASE
    if found.powerful:
        return (
            "is in the same PostgreSQL as the server's own database, which this role could read there: use a role that "
            "is no superuser and may not read files"
        )
    return None


def is_on_this_machine(address: str) -> bool:
    """Whether an IP address belongs to this machine, which is found out by binding a socket to it."""
    parsed = ip_address(address)
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return parsed.is_loopback
    return True


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """The operator's rules for the hosts of databases.

    Each of `hosts` is `host`, `host:port`, the folder of a Unix socket, or `*` for any host except this machine.
    `allow_loopback` allows databases on this machine that are reached by network. `own` is the server's own database.
    `own_identity` is what that database says of itself. `denied` are hosts that are refused although they are listed.
    """

    hosts: tuple[str, ...] = ()
    allow_loopback: bool = False
    own: OwnDatabase | None = None
    denied: HostList = NO_HOSTS
    own_identity: DatabaseIdentity | None = None

    @classmethod
    def of(cls, options: ExecutorOptions) -> HostPolicy:
        """Takes the rules from the server's settings."""
        own = OwnDatabase.of(options.own_database)
        return cls(
            tuple(options.sql_hosts),
            options.sql_allow_loopback,
            own,
            host_list(options.deny_hosts),
            options.own_identity,
        )

    @property
    def addresses(self) -> AddressPolicy:
        """The rules for the addresses that the name of an allowed host leads to."""
        opened = (*PRIVATE, *(LOOPBACK if self.allow_loopback else ()))
        return AddressPolicy(opened, self.denied)

    def refusal(self, host: str, port: int, itself: bool = False) -> str | None:
        """Why a host is not allowed, or None if it is. Its addresses are checked later, by `resolve`. `itself`: it must
        be listed itself, and `*` does not stand for it."""
        plain = host.lower().rstrip(".")
        if not self._lists(plain, host, port, () if itself else ("*",)):
            if itself and "*" in self.hosts:
                return (
                    f"the host {host!r} is not among those the operator of this server allows (sql_hosts): * does not "
                    "stand for the host of an SQL Server, which may send its driver elsewhere unseen"
                )
            return f"the host {host!r} is not among those the operator of this server allows (sql_hosts)"
        if host.startswith("/"):
            return f"the host {host!r} is refused ({DENIED})" if self.denied.has(host) else None
        wrong = host_refusal(plain, self.addresses)
        if wrong and "loopback" in wrong:
            wrong += "; the setting sql_allow_loopback opens it"
        return f"the host {host!r} {wrong}" if wrong else None

    def _lists(self, plain: str, host: str, port: int, any_host: Sequence[str]) -> bool:
        """Whether the operator listed a host; `plain` is its name in lower case, `any_host` what stands for all."""
        if host.startswith("/"):
            return (
                host in self.hosts
            )  # "*" does not allow sockets of this machine: their folder must be listed
        listed = {entry.lower().rstrip(".") for entry in self.hosts}
        shown = f"[{plain}]" if ":" in plain else plain
        if not listed.isdisjoint((*any_host, plain, shown, f"{shown}:{port}")):
            return True
        return self.allow_loopback and (plain == "localhost" or _is_loopback(plain))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class DatabaseGuard:
    """Looks up and checks the host of a database each time a connection is made."""

    def __init__(self, policy: HostPolicy) -> None:
        self._policy = policy
        self._resolver = GuardedResolver(policy.addresses)

    async def resolve(self, host: str, port: int, name: str) -> Sequence[str]:
        """The addresses to connect to for the database `name`, or the folder of the Unix socket.

        Raises AddressRefused if the host or one of its addresses is not allowed, and OSError if its name is not known.
        """
        wrong = self._policy.refusal(host, port)
        if wrong:
            raise AddressRefused(wrong)
        found: list[str] = []
        if not host.startswith("/"):
            found = [str(answer["host"]) for answer in await self._resolver.resolve(host.rstrip("."), port)]
        own = self._policy.own
        if own is not None and await own.is_at(host, found, port, name, self._addresses_of):
            raise AddressRefused(f"the database {name!r} at {host!r} {OWN_DATABASE}")
        return found or [host]

    async def _addresses_of(self, host: str) -> Sequence[str]:
        """The addresses of a host of the server's own database; none if its name is not known."""
        try:
            return await self._resolver.addresses(host)
        except OSError:
            return ()

    @property
    def own_identity(self) -> DatabaseIdentity | None:
        """The server's own database, if it is in PostgreSQL: what `own_refusal` compares a new connection with."""
        return self._policy.own_identity

    async def close(self) -> None:
        """Ends the threads that look up names."""
        await self._resolver.close()
