"""Decides which addresses and URLs outgoing requests may go to. Pure: nothing here uses the network.

Only public hosts are allowed. Refused are private, loopback, link-local, shared, documentation, multicast and
reserved networks, IPv6 addresses that contain such an IPv4 address, and cloud metadata services. Also refused is
every spelling of a host that different programs understand differently, because attackers use such spellings to get
around checks like these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from horarium.domain.errors import Problem
from horarium.domain.host_lists import NO_HOSTS, HostList, host_list
from horarium.executors.options import ExecutorOptions

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _v4(*pairs: tuple[str, str]) -> tuple[tuple[IPv4Network, str], ...]:
    return tuple((IPv4Network(network), kind) for network, kind in pairs)


# The kind of the addresses of this machine itself, which have an option of their own.
LOOPBACK_KIND = "loopback"
_SPECIAL_V4 = _v4(
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared (carrier NAT)"),
    ("127.0.0.0/8", LOOPBACK_KIND),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "reserved"),
    ("192.52.193.0/24", "reserved"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "reserved"),
    ("198.18.0.0/15", "reserved"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)

# Only 2000::/3 is assigned to public hosts. The networks below are inside it, but are not public hosts.
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
    )
)
# Networks outside 2000::/3. All of them are refused; the names only make the message clearer.
_KINDS_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", LOOPBACK_KIND),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b:1::/48", "private"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
# Private networks, in which a host may be that the operator lists.
PRIVATE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

# Metadata services of cloud providers. Some of these addresses are in none of the tables above. No setting allows them.
_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.42.42",
        "169.254.169.253",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd00:42::42",
        "fd20:ce::254",
    )
)
_METADATA_NAMES = frozenset(("metadata", "metadata.google.internal", "metadata.goog", "instance-data"))
_LOOPBACK_NAMES = frozenset(("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"))


# Why a host of `deny_hosts` is refused.
DENIED = "denied by the operator of this server"
# Further reasons. No setting opens any of these.
METADATA = "a metadata service"
ZONED = "an address with a zone"
NO_ADDRESS = "not an address"
_NEVER_OPENED = (DENIED, METADATA, ZONED, NO_ADDRESS)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses are allowed.

    `opened` are the networks that the settings allow in addition to public hosts, `denied` the hosts that are refused
    whatever is opened. `names_options` says whether refusals name the options of the server that open an address; they
    are those of HTTP requests, and databases have settings of their own.
    """

    opened: tuple[Network, ...] = ()
    denied: HostList = NO_HOSTS
    names_options: bool = False
    _seen: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, options: ExecutorOptions) -> AddressPolicy:
        """The policy that the settings ask for.

        Raises ValueError, which names the entry, if an entry of `allow_private` is not a network.
        """
        loopback = LOOPBACK if options.allow_loopback else ()
        opened = (*loopback, *(ip_network(text) for text in options.allow_private))
        return cls(opened, host_list(options.deny_hosts), names_options=True)

    def opens(self, address: Address) -> bool:
        """Whether the settings allow this address, whatever kind of address it is."""
        return any(address.version == network.version and address in network for network in self.opened)

    def refusal(self, text: str) -> str | None:
        """Why a connection to an address is not allowed, or None if it is allowed.

        `text` is the address in the standard form that the operating system writes.
        """
        if text not in self._seen:
            if len(self._seen) > 10_000:
                self._seen.clear()
            self._seen[text] = self._judge(text)
        return self._seen[text]

    def in_words(self, reason: str, address: str | None = None) -> str:
        """What a caller is told of a refusal: the reason that `refusal` gave, and the option that opens the address.

        `address` is given only if the caller wrote it: nobody learns here which address is behind a name.
        """
        option = self._option(reason, address)
        opens = f"; the operator of this server opens it with {option}" if option else ""
        return f"leads to an address that is refused ({reason}){opens}"

    def _option(self, reason: str, written: str | None) -> str | None:
        if not self.names_options or reason in _NEVER_OPENED:
            return None
        address = None if written is None else ip_address(written)
        if reason == LOOPBACK_KIND and (address is None or address.is_loopback):
            return "--allow-loopback"
        network = "and its network" if address is None else f"{ip_network(address)}, or a network around it"
        return f"--allow-private {network}"

    def _judge(self, text: str) -> str | None:
        try:
            address = ip_address(text)
        except ValueError:
            return NO_ADDRESS
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return ZONED
        if address in _METADATA or not _METADATA.isdisjoint(_carried(address)):
            return METADATA
        if self.denied.concerns(address):
            return DENIED
        if self.opens(address):
            return None
        return _special_v4(address) if isinstance(address, IPv4Address) else _special_v6(address)


def _carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses to which a router might translate an IPv6 address.

    A site may use a translation prefix of its own. So this returns the bytes of every position at which a standard
    places an IPv4 address. The result is compared only with metadata services, and it is practically impossible that
    another host has the same bytes by chance.
    """
    if isinstance(address, IPv4Address):
        return
    data = address.packed
    # Mapped, compatible, translated, ISATAP, and NAT64 with a prefix of 96 bits.
    yield IPv4Address(data[12:16])
    # NAT64 (RFC 6052) with prefixes of 32, 40, 48, 56 and 64 bits. Byte 8 is never part of the address.
    yield IPv4Address(data[4:8])
    yield IPv4Address(data[5:8] + data[9:10])
    yield IPv4Address(data[6:8] + data[9:11])
    yield IPv4Address(data[7:8] + data[9:12])
    yield IPv4Address(data[9:13])
    yield IPv4Address(data[2:6])  # 6to4
    yield IPv4Address(bytes(byte ^ 0xFF for byte in data[12:16]))  # Teredo


def _special_v4(address: IPv4Address) -> str | None:
    return _kind_in(address, _SPECIAL_V4)


def _special_v6(address: IPv6Address) -> str | None:
    if address.ipv4_mapped is not None:
        return _special_v4(address.ipv4_mapped)
    if address in _NAT64:
        return _special_v4(IPv4Address(address.packed[12:]))
    if address not in _GLOBAL_V6:
        return _kind_in(address, _KINDS_V6) or "reserved"
    if address.packed[8:12] in _ISATAP:
        return "a tunnel"
    return _kind_in(address, _SPECIAL_V6)


def _kind_in(address: Address, table: Iterable[tuple[Network, str]]) -> str | None:
    return next((kind for network, kind in table if address in network), None)


_SHAPE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_AUTHORITY = re.compile(
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE | re.ASCII
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE | re.ASCII)
_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE | re.ASCII)
# Characters of a URL.
MAX_URL = 4096


def check_url(url: object, policy: AddressPolicy | ExecutorOptions, field: str = "url") -> list[Problem]:
    """The problems of a URL that can be found without resolving a name: its syntax, and a host that is an address.

    A host that is a name is checked each time a connection is made, when the name is resolved (see `egress`).
    `field` is the name under which problems are reported.
    """
    policy = AddressPolicy.of(policy) if isinstance(policy, ExecutorOptions) else policy
    if not isinstance(url, str) or not url:
        return [Problem(field, "must be a text: an absolute http or https URL", "type")]
    wrong = _url_refusal(url, policy)
    return [Problem(field, wrong)] if wrong else []


def _url_refusal(url: str, policy: AddressPolicy) -> str | None:
    if len(url) > MAX_URL:
        return f"is longer than {MAX_URL} characters"
    if _FORBIDDEN.search(url):
        return "contains a space, a backslash or a control character: percent-encode it"
    shape = _SHAPE.match(url)
    if shape is None or shape["scheme"].lower() not in ("http", "https"):
        return "must be an absolute URL that begins with http:// or https://"
    wrong = _authority_refusal(shape["authority"])
    if wrong:
        return wrong
    try:
        host = URL(url).raw_host
    except ValueError:
        return "is not a URL"
    # The library that connects must understand the same host as this check, or we would check a different host.
    if host is None or host != _plain_host(shape["authority"]):
        return "has a host that programs can understand in more than one way"
    return host_refusal(host, policy)


def _plain_host(authority: str) -> str:
    match = _AUTHORITY.fullmatch(authority)
    host = match["host"].lower() if match else ""
    return str(IPv6Address(host[1:-1])) if host.startswith("[") else host


def _authority_refusal(authority: str) -> str | None:
    if not authority:
        return "has no host"
    if "@" in authority:
        return "must not contain a user name or password: send them in a header"
    if not authority.isascii():
        return "must have a host in ASCII: write an international name in its xn-- form"
    if "%" in authority:
        return "must not have a percent sign in its host"
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return "has a host or port that is not well formed"
    if match["port"] is not None and not 1 <= int(match["port"]) <= 65535:
        return "has a port that is not between 1 and 65535"
    if match["host"].startswith("["):
        try:
            IPv6Address(match["host"][1:-1])
        except ValueError:
            return "has a host that is not an IPv6 address"
    return None


def host_refusal(host: str, policy: AddressPolicy) -> str | None:
    """Why a request to a host is not allowed, or None if it is allowed.

    `host` is in lower case and without brackets, as URL libraries return it.
    """
    if ":" in host:
        return _address_refusal(host, policy)
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            IPv4Address(host)
        except ValueError:
            return "has a host that is an address in an unusual spelling: write it as four decimal numbers"
        return _address_refusal(host, policy)
    if labels[-1] == "":
        return "has a host that ends with a dot: remove the dot"
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return "has a host that is not a well-formed name"
    return _name_refusal(host, policy)


def _address_refusal(text: str, policy: AddressPolicy) -> str | None:
    reason = policy.refusal(text)
    return policy.in_words(reason, text) if reason else None


def _name_refusal(host: str, policy: AddressPolicy) -> str | None:
    if policy.denied.has(host):
        return f"has a host that is refused ({DENIED})"
    if host in _METADATA_NAMES:
        return policy.in_words(METADATA)
    loopback = host in _LOOPBACK_NAMES or host.endswith(".localhost")
    if loopback and not (policy.opens(_LOOPBACK_V4) or policy.opens(_LOOPBACK_V6)):
        return policy.in_words(LOOPBACK_KIND)
    return None


_LOOPBACK_V4, _LOOPBACK_V6 = IPv4Address("127.0.0.1"), IPv6Address("::1")
