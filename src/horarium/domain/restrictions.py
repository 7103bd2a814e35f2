"""What a key may be restricted to beside its scopes: some targets, schedules with some labels, some networks.

A restriction to targets and labels is about what a key changes, starts, stops, deletes and runs. What it may read is
decided by its scopes alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from horarium.domain.errors import Forbidden, Problem
from horarium.domain.ids import Id

# How many targets, labels and networks one key may name.
MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a key is restricted to; what is empty does not restrict it.

    `targets` are ids, `labels` must all be on a schedule, and a request must come from one of `networks` (CIDR).
    """

    targets: tuple[Id, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()

    @property
    def of_schedules(self) -> bool:
        """Whether the key may not do everything with every schedule."""
        return bool(self.targets or self.labels)

    def allows(self, target_id: Id, labels: Mapping[str, str]) -> bool:
        """Whether the key may do something with a schedule or a run of this target with these labels."""
        return (not self.targets or target_id in self.targets) and all(
            labels.get(name) == value for name, value in self.labels.items()
        )

    def refuse_other(self, target_id: Id, labels: Mapping[str, str]) -> None:
        """Raises Forbidden unless `allows`."""
        if not self.allows(target_id, labels):
            raise self._forbidden()

    def refuse_beyond(self) -> None:
        """Raises Forbidden for a key that is restricted to targets or labels: what is asked for is beyond them."""
        if self.targets or self.labels:
            raise self._forbidden()

    def allows_address(self, address: str | None) -> bool:
        """Whether a request may come from an address; one that is not known is refused."""
        if not self.networks:
            return True
        found = _address(address)
        return found is not None and any(found in ip_network(network) for network in self.networks)

    def covers(self, other: Restriction) -> bool:
        """Whether everything that `other` allows is allowed by this one."""
        return (
            (not self.targets or (bool(other.targets) and set(other.targets) <= set(self.targets)))
            and self.labels.items() <= other.labels.items()
            and (
                not self.networks or (bool(other.networks) and all(map(self._covers_network, other.networks)))
            )
        )

    def _covers_network(self, network: str) -> bool:
        inner = ip_network(network)
        return any(
            inner.subnet_of(outer)  # type: ignore[arg-type]
            for outer in map(ip_network, self.networks)
            if outer.version == inner.version
        )

    def _forbidden(self) -> Forbidden:
        labels = ", ".join(f"{name}:{value}" for name, value in self.labels.items())
        targets = f"{len(self.targets)} targets" if self.targets else ""
        named = [part for part in (targets, labels and f"schedules with the labels {labels}") if part]
        return Forbidden(f"this key is restricted to {' and '.join(named)}")


UNRESTRICTED = Restriction()


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    """An address; one of IPv4 that is written as one of IPv6 is taken as what it is."""
    try:
        found = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=4096)
def restriction_from_text(text: str) -> Restriction:
    """A restriction from what is stored. Equal texts give one object in memory."""
    stored = json.loads(text)
    if not stored:
        return UNRESTRICTED
    targets = tuple(bytes.fromhex(target) for target in stored.get("targets", ()))
    return Restriction(targets, stored.get("labels", {}), tuple(stored.get("networks", ())))


def restriction_to_text(restriction: Restriction) -> str:
    """What is stored of a restriction."""
    parts = {
        "targets": [target.hex() for target in restriction.targets],
        "labels": dict(restriction.labels),
        "networks": list(restriction.networks),
    }
    return json.dumps({name: part for name, part in parts.items() if part})


def network_problems(networks: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with the networks of a request."""
    for network in networks:
        try:
            found = ip_network(network)
        except ValueError as error:
            words = (
                f"{network[:80]!r} is not a network such as 10.1.0.0/16 or 2001:db8::/32: {str(error)[:80]}"
            )
            yield Problem("networks", words)
        else:
            if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped is not None:
                yield Problem("networks", f"{network!r} must be written as a network of IPv4")
