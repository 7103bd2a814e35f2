"""Hosts to which connections were refused by policy, counted for the audit log.

A target may fire each second, and each of its connections may be refused. So a host is told of once in a period, with
how many refusals there were.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from horarium.domain.ids import Id

# How long (ms) nothing more is told of a host, after it was told of.
PERIOD_MS = 3_600_000
# Hosts of one workspace that are told of by themselves in a period; the rest are told of together, as OTHERS.
MOST_HOSTS = 20
OTHERS = "others"
# Workspaces that are remembered. Beyond it nothing more is noted until a period is over.
MOST_WORKSPACES = 10_000
# Characters that are kept of a host.
LONGEST_HOST = 253


class RefusedHost(NamedTuple):
    """Refused connections of a workspace to a host: why the first of them was refused, and how many there were."""

    workspace_id: Id
    host: str
    reason: str
    times: int


@dataclass(slots=True)
class _Told:
    """`at_ms`: when the host was told of last, or None. `times`: the refusals that were not told of yet."""

    reason: str
    at_ms: int | None = None
    times: int = 0


@dataclass(slots=True)
class RefusedHosts:
    """The refusals of one process. `note` is called where a connection is refused, `take` now and then."""

    _hosts: dict[Id, dict[str, _Told]] = field(default_factory=dict)

    def note(self, workspace_id: Id, host: str, reason: str) -> None:
        """Count a refusal. It costs little, and memory only up to a limit."""
        hosts = self._hosts.get(workspace_id)
        if hosts is None:
            if len(self._hosts) >= MOST_WORKSPACES:
                return
            hosts = self._hosts[workspace_id] = {}
        host = "".join(filter(str.isprintable, host.lower()[:LONGEST_HOST]))  # PostgreSQL's texts hold no NUL
        if host not in hosts and len(hosts) >= MOST_HOSTS:
            host = OTHERS
        hosts.setdefault(host, _Told(reason)).times += 1

    def take(self, now_ms: int) -> list[RefusedHost]:
        """What is to be told of at an instant (ms). What was told of a period ago, and not refused since, is
        forgotten."""
        found: list[RefusedHost] = []
        for workspace_id, hosts in list(self._hosts.items()):
            for host, told in list(hosts.items()):
                if told.at_ms is not None and now_ms - told.at_ms < PERIOD_MS:
                    continue
                if not told.times:
                    del hosts[host]
                    continue
                found.append(RefusedHost(workspace_id, host, told.reason, told.times))
                told.at_ms, told.times = now_ms, 0
            if not hosts:
                del self._hosts[workspace_id]
        return found
