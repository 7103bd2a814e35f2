"""Decides which engines this server may connect to, and at which address.

The operator lists the hosts (`engine_hosts`). For each connection the host's name is looked up, the address is checked,
and the connection is made to exactly this address. Private networks are allowed, because the operator listed the host.
This machine itself is allowed only where its name or address is listed: `*` does not stand for it. Metadata services of
clouds are always refused.
"""

from __future__ import annotations

from ipaddress import ip_address

from horarium.domain.errors import Problem
from horarium.domain.host_lists import host_list
from horarium.domain.ids import Id
from horarium.executors.addresses import LOOPBACK, PRIVATE, AddressPolicy
from horarium.executors.egress import AddressRefused, GuardedResolver, not_allowed, note_refusal
from horarium.executors.look_ups import asked_by
from horarium.executors.options import ExecutorOptions

_LONGEST_HOST = 255


class EngineHosts:
    """The operator's rules for engines, with the look-up of names."""

    def __init__(self, options: ExecutorOptions) -> None:
        self._listed = {entry.lower().rstrip(".") for entry in options.engine_hosts}
        self._allowed_hosts, self._refused = options.allowed_hosts, options.refused_hosts
        denied = host_list(options.deny_hosts)
        self._elsewhere = GuardedResolver(AddressPolicy(PRIVATE, denied))
        here = AddressPolicy((*PRIVATE, *LOOPBACK), denied)
        self._also_here = GuardedResolver(here, self._elsewhere.look_ups)

    def refusal(self, workspace_id: Id, host: str, port: int) -> str | None:
        """Why a host may not be connected to, as a sentence, or None. Its address is checked later, by `address`."""
        if not self._is_named(host, port) and ("*" not in self._listed or _is_here(host)):
            return f"the host {host!r} is not among the engines that the operator of this server allows (engine_hosts)"
        wrong = not_allowed(host, self._allowed_hosts(workspace_id))
        return f"the host {host!r} {wrong}" if wrong else None

    def require(self, workspace_id: Id, host: str, port: int) -> None:
        """Raises AddressRefused where a host may not be connected to. Before a connection that is open already is used
        again, this notices that the workspace may not reach its host any more."""
        wrong = self.refusal(workspace_id, host, port)
        if wrong:
            refused = AddressRefused(wrong)
            note_refusal(self._refused, workspace_id, host, refused)
            raise refused

    async def address(self, workspace_id: Id, host: str, port: int) -> str:
        """The address to connect to. Raises AddressRefused where that is not allowed, and OSError for a name that is
        not known."""
        self.require(workspace_id, host, port)
        try:
            resolver = self._also_here if self._is_named(host, port) else self._elsewhere
            with asked_by(workspace_id):
                found = await resolver.resolve(host.rstrip("."), port)
        except AddressRefused as error:
            note_refusal(self._refused, workspace_id, host, error)
            raise
        return str(found[0]["host"])

    async def close(self) -> None:
        """Ends the threads that look up names."""
        await self._elsewhere.close()

    def _is_named(self, host: str, port: int) -> bool:
        plain = host.lower().rstrip(".")
        shown = f"[{plain}]" if ":" in plain else plain
        return not self._listed.isdisjoint((plain, shown, f"{shown}:{port}"))


def _is_here(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_and_port(text: str, default_port: int) -> tuple[str, int]:
    """The parts of `host`, `host:port` or `[address]:port`. Raises ValueError for anything else."""
    host, colon, port = text.rpartition(":")
    if text.endswith("]") or not colon:
        host, port = text, str(default_port)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        ip_address(host)
    elif ":" in host or not host:
        raise ValueError("write an IPv6 address in brackets")
    if (
        not port.isdecimal()
        or not 0 < int(port) < 65_536
        or len(host) > _LONGEST_HOST
        or set(host) & set("/@?# ")
    ):
        raise ValueError("it must be host:port")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError("no host can have this name: between its dots are 1 to 63 characters") from None
    return host, int(port)


def check_place(field: str, text: object, default_port: int) -> list[Problem]:
    """What is wrong with a text that must name a host and perhaps a port."""
    if not isinstance(text, str) or not text:
        return [Problem(field, "is required: the engine's host:port", "required")]
    try:
        host_and_port(text, default_port)
    except ValueError as error:
        return [Problem(field, f"is not a host and port ({error})")]
    return []
