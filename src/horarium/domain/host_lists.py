"""Lists of hosts: those that a server refuses for everybody, and those that one workspace may reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from horarium.domain.errors import Problem

# The most entries of a list.
MOST_HOSTS = 1_000
# The entry that stands for every host.
EVERY_HOST = "*"
# What the entries of a list may be, for messages.
FORMS = (
    "a name, *.name for all names below it, an address, a network such as 10.1.0.0/16, or * for every host"
)
_NAME = re.compile(r"(?:\*\.)?(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_FOLDER = re.compile(r"/[\w./-]{1,200}", re.ASCII)
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class HostList:
    """A list of hosts, ready to be asked.

    `names` are host names in lower case and folders of Unix sockets, `domains` the names whose subdomains are listed,
    `networks` the addresses. `everything` tells that `*` is in the list.
    """

    everything: bool = False
    names: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    def has(self, host: str) -> bool:
        """Whether a host is listed: a name, an address or the folder of a Unix socket, as a URL names it.

        A name is listed by its name alone, whatever addresses it leads to.
        """
        plain = host.lower().rstrip(".") if not host.startswith("/") else host
        if self.everything or plain in self.names or plain.endswith(self.domains):
            return True
        try:
            address = ip_address(plain.strip("[]"))
        except ValueError:
            return False
        same = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return _holds(self.networks, same or address)

    def concerns(self, address: Address) -> bool:
        """Whether an address is listed, or an IPv4 address to which a router may translate it.

        This is for lists of what is denied. A list of what is allowed is asked with `has`, because nobody knows whether
        there is such a router.
        """
        return self.everything or any(
            _holds(self.networks, known) for known in (address, *_stands_for(address))
        )


# The list without entries.
NO_HOSTS = HostList()


def _holds(networks: Iterable[Network], address: Address) -> bool:
    return any(address in network for network in networks)


def _stands_for(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 address of a mapped, 6to4 or NAT64 address."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address in _NAT64:
        yield IPv4Address(address.packed[12:])


@lru_cache(maxsize=1024)
def host_list(entries: tuple[str, ...]) -> HostList:
    """The list with these entries, in which `host_list_problems` finds nothing wrong."""
    names, domains, networks = set[str](), list[str](), list[Network]()
    for plain in map(_plain, entries):
        if plain == EVERY_HOST:
            continue
        if network := _network(plain):
            networks.append(network)
        elif plain.startswith("*."):
            domains.append(plain[1:])
        else:
            names.add(plain)
    return HostList(EVERY_HOST in entries, frozenset(names), tuple(domains), tuple(networks))


def host_list_problems(entries: Any, field: str) -> Iterator[Problem]:
    """What is wrong with a list of hosts. `field` is the name under which problems are reported."""
    if not isinstance(entries, list | tuple):
        yield Problem(field, f"must be a list of hosts; each is {FORMS}", "type")
        return
    if len(entries) > MOST_HOSTS:
        yield Problem(field, f"has {len(entries)} hosts; at most {MOST_HOSTS} are allowed", "too_long")
        return
    for number, entry in enumerate(entries):
        if not isinstance(entry, str) or not _is_host(_plain(entry)):
            shown = str(entry)[:80]
            yield Problem(f"{field}.{number}", f"{shown!r} is not a host: it must be {FORMS}")


def _is_host(plain: str) -> bool:
    if plain == EVERY_HOST or _network(plain) or _FOLDER.fullmatch(plain):
        return True
    # A name whose last part is a number would be read as an address by some programs.
    return bool(_NAME.fullmatch(plain)) and not plain.rpartition(".")[2].isdecimal()


def _plain(entry: str) -> str:
    return entry if entry.startswith("/") else entry.lower().rstrip(".").strip("[]")


def _network(text: str) -> Network | None:
    """The network that a text names; one address is a network too."""
    try:
        return ip_network(text)
    except ValueError:
        return None
