"""Egress: every HTTP request that leaves the server goes through this module.

`GuardedResolver` resolves names and returns only allowed addresses. Connections go to exactly these addresses. The
name is not resolved a second time, so the answer cannot change in between. Each socket is checked as well when it
is made. This covers hosts that are written as an address, for which no resolver is used. Redirects are not
followed, proxies and credentials from the environment are not used, and cookies are not kept.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from horarium import __version__
from horarium.domain.errors import Problem
from horarium.domain.host_lists import HostList
from horarium.domain.ids import Id
from horarium.domain.refused_hosts import RefusedHosts
from horarium.domain.remembered import Remembered
from horarium.executors.addresses import DENIED, ZONED, AddressPolicy, check_url
from horarium.executors.answer_heads import AnswerNotTaken, AnswerProtocol
from horarium.executors.look_ups import Found, LookUps, Name, asked_by, asking
from horarium.executors.options import ExecutorOptions

__all__ = [
    "AddressRefused",
    "Connector",
    "EgressClient",
    "GuardedResolver",
    "check_url",
    "explain",
    "host_of",
    "not_allowed",
    "note_refusal",
    "read_limited",
    "was_refused",
]

_NO_LIMIT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)

# Many servers close a connection that was idle for 5 seconds. We close it earlier, so that we do not send a request
# on a connection that the server is closing.
_IDLE_SECONDS = 4.0


class AddressRefused(OSError):
    """A request to this host is not allowed. The message does not show the addresses that a name resolved to."""


class GuardedResolver(AbstractResolver):
    """Looks names up with the operating system's resolver and returns only the allowed addresses.

    `look_ups` are those of another resolver, which is closed with this one.
    """

    def __init__(self, policy: AddressPolicy, look_ups: LookUps | None = None) -> None:
        self._policy = policy
        self.look_ups = look_ups or LookUps(_look_up)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The allowed addresses of a name, looked up for the workspace of `asked_by`.

        Raises OSError if the name cannot be resolved, and AddressRefused if none of its addresses is allowed.
        """
        found = await self._find(host, family)
        if self._policy.denied.has(host):
            raise AddressRefused(f"{host} is refused ({DENIED})")
        permitted, refused = [], f"{host} has no address"
        for address_family, address, zone in found:
            refusal = ZONED if zone else self._policy.refusal(address)
            if refusal is None:
                permitted.append(_result(host, address, port, address_family))
            else:
                refused = f"{host} {self._policy.in_words(refusal)}"
        if not permitted:
            raise AddressRefused(refused)
        return permitted

    async def addresses(self, host: str) -> list[str]:
        """All addresses of a name, allowed or not, for who only compares them. Raises OSError."""
        return [found.address for found in await self._find(host, socket.AF_UNSPEC)]

    async def _find(self, host: str, family: int) -> Sequence[Found]:
        return _written(host, family) or await self.look_ups.find(asking(), Name(host, family))

    async def close(self) -> None:
        """Stops the threads without waiting for names that are being resolved."""
        await self.look_ups.close()


def _written(host: str, family: int) -> list[Found]:
    """The address that a host is written as, which no thread is needed for. Empty for a name, and for an address with a
    zone, which the system reads."""
    try:
        address = ip_address(host)
    except ValueError:
        return []
    kind = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    return [Found(kind, str(address), 0)] if "%" not in host and family in (0, kind) else []


def _look_up(name: Name) -> list[Found]:
    """What the system answers. Raises OSError."""
    try:
        answers = socket.getaddrinfo(name.host, 0, family=name.family, type=socket.SOCK_STREAM)
    except ValueError as error:  # say, a part of it is too long to be asked for
        raise socket.gaierror(socket.EAI_NONAME, "no host can have this name") from error
    return [
        Found(answer[0], str(answer[4][0]), int(answer[4][3]) if len(answer[4]) > 3 else 0)
        for answer in answers
        if answer[0] in (socket.AF_INET, socket.AF_INET6)
    ]


def _result(host: str, address: str, port: int, family: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


class Connector(aiohttp.TCPConnector):
    """Connections that read the heads of answers by `answer_heads`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # The library has no public way to set the protocol of its connections. The tests of `answer_heads` notice
        # if a later version of it does not look here any more.
        self._factory: Any = partial(AnswerProtocol, loop=self._loop)


# How many URLs are remembered as checked, and how many bytes of them; and what one takes besides its text.
MOST_CHECKED, MOST_CHECKED_BYTES = 10_000, 8 << 20
_URL_BYTES = 600


class EgressClient:
    """An HTTP client that connects only to allowed addresses and keeps connections open for later requests.

    It can be created anywhere, but all requests must be made in one event loop. Executors call `request`. `session`
    is an aiohttp session with the same checks, for libraries that need one.
    """

    def __init__(self, options: ExecutorOptions) -> None:
        self.policy = AddressPolicy.of(options)
        self._allowed_hosts, self._refused = options.allowed_hosts, options.refused_hosts
        self._max_connections = options.max_connections
        self._resolver: GuardedResolver | None = None
        self._session: aiohttp.ClientSession | None = None
        self._checked: Remembered[str, URL] = Remembered(MOST_CHECKED, MOST_CHECKED_BYTES)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The aiohttp session. It is opened when it is first used.

        It does not decompress answers, so a small answer cannot become a large one; callers do that up to their limits
        (`answer_bodies`). It sets no timeout, because the caller limits the time of the whole request.
        """
        if self._session is None or self._session.closed:
            self._resolver = GuardedResolver(self.policy)
            self._session = aiohttp.ClientSession(
                connector=Connector(
                    resolver=self._resolver,
                    socket_factory=self._socket,
                    limit=self._max_connections,
                    keepalive_timeout=_IDLE_SECONDS,
                    # It would let all workspaces wait for the one that asked first. `LookUps` remembers names.
                    use_dns_cache=False,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "User-Agent": f"Horarium/{__version__}",
                    "Accept": "*/*",
                    "Accept-Encoding": "identity",
                },
                timeout=_NO_LIMIT,
                trust_env=False,
                auto_decompress=False,
            )
        return self._session

    def check(self, url: str) -> list[Problem]:
        """The problems that `check_url` finds in a URL under the policy of this client."""
        return check_url(url, self.policy)

    def checked(self, url: str) -> URL:
        """The parsed URL. Raises AddressRefused if requests to it are not allowed. Results are cached."""
        parsed = self._checked.get(url)
        if parsed is None:
            problems = self.check(url)
            if problems:
                raise AddressRefused(f"the URL {problems[0].message}")
            parsed = URL(url)
            self._checked.put(url, parsed, _URL_BYTES + 3 * len(url))
        return parsed

    def check_host(self, workspace_id: Id, url: str, field: str = "url") -> list[Problem]:
        """A problem if the workspace may not reach the host of a URL in which `check` finds no problems."""
        wrong = not_allowed(URL(url).raw_host or "", self._allowed_hosts(workspace_id))
        return [Problem(field, f"leads to a host that {wrong}")] if wrong else []

    async def request(
        self,
        workspace_id: Id,
        method: str,
        url: str,
        *,
        headers: Any = None,
        data: Any = None,
        connect_s: float | None = None,
    ) -> aiohttp.ClientResponse:
        """Sends one request for a workspace. The body of the answer is not read yet, and the caller must close the
        answer. `connect_s`: how long it may take to connect.

        Raises AddressRefused, or what aiohttp raises (see `explain`). A refusal is noted for the audit log.
        """
        limit = _NO_LIMIT if connect_s is None else aiohttp.ClientTimeout(total=None, sock_connect=connect_s)
        try:
            checked = self.checked(url)
            wrong = not_allowed(checked.raw_host or "", self._allowed_hosts(workspace_id))
            if wrong:
                raise AddressRefused(f"{checked.raw_host} {wrong}")
            with asked_by(workspace_id):
                return await self.session.request(
                    method, checked, headers=headers, data=data, allow_redirects=False, timeout=limit
                )
        except (AddressRefused, aiohttp.ClientError) as error:
            note_refusal(self._refused, workspace_id, host_of(url), error)
            raise

    async def close(self) -> None:
        """Closes all connections. A later request opens a new session."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._resolver is not None:
            await self._resolver.close()
            self._resolver = None

    def _socket(self, addr_info: Any) -> socket.socket:
        """Makes a socket, but only for an allowed address. This is the last check before a connection."""
        family, kind, protocol, _, sockaddr = addr_info
        zone = sockaddr[3] if len(sockaddr) > 3 else 0
        address = _canonical(sockaddr[0])
        reason = ZONED if zone else self.policy.refusal(address)
        if reason:
            raise AddressRefused(f"the host {self.policy.in_words(reason)}")
        return socket.socket(family=family, type=kind, proto=protocol)


def not_allowed(host: str, allowed: HostList | None) -> str | None:
    """Why a workspace may not reach a host, for a sentence that begins with the host. None if it may.

    `allowed` are the hosts that the workspace may reach; None stands for every host.
    """
    if allowed is None or allowed.has(host):
        return None
    return "is not among the hosts that this workspace may reach (allowed_hosts)"


def _canonical(address: str) -> str:
    parsed = ip_address(address)
    return str(parsed) if isinstance(parsed, IPv6Address) else address


async def read_limited(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body of an answer, or only its first `limit` + 1 bytes if it is longer.

    The rest of a longer body is never read: the caller closes the connection with `response.close()`.
    """
    content = response.content
    data = await content.read(limit + 1)
    if content.at_eof():
        return data
    parts, size = [data], len(data)
    while size <= limit and not content.at_eof():
        part = await content.read(limit + 1 - size)
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def was_refused(error: BaseException | None) -> bool:
    """Whether an error was caused by AddressRefused, even if a library wrapped it in errors of its own."""
    return _refusal(error) is not None


def _refusal(error: BaseException | None) -> AddressRefused | None:
    for _ in range(8):
        if error is None or isinstance(error, AddressRefused):
            return error
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return None


def note_refusal(noted: RefusedHosts, workspace_id: Id, host: str, error: BaseException) -> None:
    """Note for the audit log that a connection was refused, if that is what the error says."""
    refusal = _refusal(error)
    if refusal is not None:
        noted.note(workspace_id, host, str(refusal))


def host_of(url: str) -> str:
    """The host in a URL, or "" if it has none that could be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def explain(error: BaseException) -> str:
    """One sentence that says why a request failed. It contains no addresses, no paths and nothing that was sent."""
    refusal = _refusal(error)
    if refusal is not None:
        return f"refused: {refusal}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host's name could not be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "the TLS handshake failed: the host's certificate or protocol was not accepted"
    if isinstance(error, aiohttp.ClientConnectorError):
        # The library's own text contains the address. The system's text for the error number does not.
        reason = os.strerror(error.os_error.errno) if error.os_error.errno else "connection failed"
        return f"could not connect: {reason.lower()}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "could not connect: no answer"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the target closed the connection without an answer"
    if isinstance(error.__cause__, AnswerNotTaken):
        return f"the answer was refused: {error.__cause__.message}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection was closed before the answer was complete"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the answer was not valid HTTP"
    if isinstance(error, ConnectionResetError | aiohttp.ClientOSError | OSError):
        return "the connection broke"
    return f"the request failed ({type(error).__name__})"
