"""The egress corpus: thousands of attempts to connect where the server must not, over every way out.

Each attempt is checked as when it is stored, and then made as if it had been stored before: what is refused at the
door must not be what alone keeps it from leaving. The oracle knows nothing of the server's own tables: it lists the
public addresses of the played network and what a setting opens, and every other connection is an escape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientSession

from horarium.api.dialects.cadenya.agents import wire as agents
from horarium.api.kit.fields import Fields
from horarium.audiences.http import HttpSource
from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql import SqlSource
from horarium.domain.audience import AudienceQuery, SourceFault
from horarium.domain.events import Event
from horarium.domain.execution import Verdict, Watched, WatchedTarget
from horarium.domain.host_lists import host_list
from horarium.domain.webhooks import Parcel
from horarium.executors import egress, http, llm, sql
from horarium.executors.addresses import AddressPolicy
from horarium.executors.event_post import SignedEventPost
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql.guard import HostPolicy
from tests.executors.calls import call_of
from tests.executors.egress_attempts import (
    HTTP,
    REDIRECTING,
    SQL,
    STATUSES,
    Attempt,
    http_attempts,
    redirects,
    sql_attempts,
)
from tests.support.played_network import PUBLIC, PUBLIC_V6, Address, PlayedNetwork, Tried, played_network
from tests.support.receiver import Answer

EVERYTHING = ("0.0.0.0/0", "::/0")
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
LOOPBACK = ("127.0.0.0/8", "::1/128")
# The beginning of the credentials in the server's file of credentials, as they would be sent.
NETRC = "c29tZWJvZHk6"
DENIED = ("10.0.0.0/8", "127.0.0.0/8", "0.0.0.0/8", "::/127")


class Server(NamedTuple):
    """A server's settings, and the networks that they open for HTTP and for SQL besides public addresses.

    `sql` is None where no database on the network may be reached at all. `denied` is refused whatever is opened. Where
    `public` is given, it is the only public host that may be reached.
    """

    options: ExecutorOptions
    http: Sequence[str] = ()
    sql: Sequence[str] | None = None
    denied: Sequence[str] = ()
    public: str = ""


STRICT = Server(ExecutorOptions())
SERVERS = {
    "strict": STRICT,
    "allow_loopback": Server(ExecutorOptions(allow_loopback=True), LOOPBACK),
    "allow_private one address": Server(ExecutorOptions(allow_private=("10.0.0.5/32",)), ("10.0.0.5/32",)),
    "allow_private everything": Server(ExecutorOptions(allow_private=EVERYTHING), EVERYTHING),
    "deny_hosts beside everything": Server(
        ExecutorOptions(
            allow_private=EVERYTHING,
            allow_loopback=True,
            sql_hosts=("*",),
            sql_allow_loopback=True,
            deny_hosts=(*DENIED, "example.com"),
        ),
        EVERYTHING,
        (*PRIVATE, *LOOPBACK),
        DENIED,
    ),
    "allowed_hosts beside everything": Server(
        ExecutorOptions(
            allow_private=EVERYTHING,
            sql_hosts=("*",),
            sql_allow_loopback=True,
            allowed_hosts=lambda _: host_list(("public.example", "192.168.0.0/16")),
        ),
        ("192.168.0.0/16",),
        ("192.168.0.0/16",),
        public="public.example",
    ),
    "sql_hosts one name": Server(ExecutorOptions(sql_hosts=("db.example.com",)), (), PRIVATE),
    "sql_hosts *": Server(ExecutorOptions(sql_hosts=("*",)), (), PRIVATE),
    "sql_hosts * and allow_loopback": Server(
        ExecutorOptions(sql_hosts=("*",), allow_loopback=True), LOOPBACK, PRIVATE
    ),
    "sql_allow_loopback": Server(
        ExecutorOptions(sql_hosts=("*",), sql_allow_loopback=True), (), (*PRIVATE, *LOOPBACK)
    ),
}


@dataclass
class Ways:
    """The ways out of one server."""

    options: ExecutorOptions
    targets: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        caller = http.make(self.options)
        self.targets = {
            "http target": caller,
            "agent webhook": caller,
            "llm base_url": llm.make(self.options),
            "sql target": sql.make(self.options),
        }
        self.post = SignedEventPost(self.options)
        for way, source in (("http audience", HttpSource), ("sql audience", SqlSource)):
            self.sources[way] = source(AudienceOptions(None, self.options))  # type: ignore[arg-type]

    async def make(self, attempt: Attempt) -> tuple[bool, bool]:
        """Check an attempt, and make it. Returns whether the check refused it, and whether it succeeded."""
        if attempt.way == "webhook":
            return await self._tell(attempt)
        config = _config(attempt)
        if attempt.way == "look at a run":
            return await self._look(attempt, config)
        maker = self.targets.get(attempt.way) or self.sources[attempt.way]
        refused = bool(maker.check(config))
        done = False
        for _ in range(attempt.times):
            self._forget_names(maker)
            if attempt.way in self.targets:
                public, secrets = maker.split(config)
                call = call_of(public, secrets, input=_INPUTS.get(attempt.way), timeout_ms=3_000)
                done |= (await maker.execute(call)).verdict is not Verdict.FAILED
            else:
                query = AudienceQuery(bytes(16), "crm", {}, 1_772_438_400_000, config)
                with suppress(SourceFault):
                    done |= [row async for row in maker.rows(query)] != []
        return refused, done

    async def _tell(self, attempt: Attempt) -> tuple[bool, bool]:
        """Send an event to a webhook."""
        event = Event(1, bytes(16), "fire.failed", None, 0, 0, "{}")
        parcel = Parcel(bytes(16), bytes(16), attempt.url, [self.post.new_secret()], event, 1, 0)
        done = [200 <= ((await self.post.send(parcel)).status or 599) < 300 for _ in range(attempt.times)]
        return bool(self.post.problems(bytes(16), attempt.url)), any(done)

    async def _look(self, attempt: Attempt, config: Mapping[str, Any]) -> tuple[bool, bool]:
        """Look how a run goes on, at a URL that was stored when it was given away."""
        maker = self.targets["http target"]
        target = WatchedTarget(bytes(16), bytes(16), *maker.split(config))
        done = False
        for _ in range(attempt.times):
            seen = await maker.watch(target, [Watched(bytes(16), attempt.url)])
            done |= not isinstance(seen.get(bytes(16)), Exception)
        return bool(maker.check(config)), done

    def _forget_names(self, maker: Any) -> None:
        """Have names asked for again, as they are some seconds later."""
        egress = getattr(maker, "_egress", None)
        if egress is not None:
            egress.session.connector.clear_dns_cache()

    async def close(self) -> None:
        for maker in {*self.targets.values(), *self.sources.values()}:
            await maker.close()
        await self.post.close()


_INPUTS = {
    "llm base_url": "Hello",
    "sql target": {"operation": "INSERT", "values": {"name": "Ada"}},
}


def _config(attempt: Attempt) -> Mapping[str, Any]:
    """The configuration that has the attempt's URL in it, as a caller would send it."""
    match attempt.way:
        case "llm base_url":
            return {"model": "small", "base_url": attempt.url, "api_key": "sk-1"}
        case "agent webhook":
            body = {"metadata": {"name": "An agent"}, "spec": {"webhookEventsUrl": attempt.url}}
            return agents.draft(agents.parse(Fields(body), True, 0)).config
        case "look at a run":
            poll = {"url": attempt.url, "state": "state", "succeeded": ["done"]}
            headers = {"Authorization": "Bearer of-the-target"}
            return {"url": attempt.url, "poll": poll, "headers": headers}
        case "sql target":
            return {"connection": attempt.url, "table": "people"}
        case "sql audience":
            return {"connection": attempt.url, "query": "SELECT id FROM people", "key": "id"}
        case _:
            return {"url": attempt.url}


def escapes(attempt: Attempt, server: Server, network: PlayedNetwork) -> list[Tried]:
    """The connections that must not have been tried."""
    opened = server.sql if attempt.way in SQL else server.http
    return [
        tried
        for tried in network.tried
        if not _allowed(tried, attempt, opened, network.canary)
        or _in(tried.address, server.denied)
        or (str(tried.address) in (PUBLIC, PUBLIC_V6) and server.public not in attempt.url)
    ]


def _allowed(tried: Tried, attempt: Attempt, opened: Sequence[str] | None, canary: int) -> bool:
    if tried.address is None or tried.port == canary or opened is None:
        return False
    if str(tried.address) in (PUBLIC, PUBLIC_V6):
        return True
    return not attempt.never and _in(tried.address, opened)


def _goes_on(attempt: Attempt, network: PlayedNetwork) -> bool:
    """Whether a public host was asked again after a redirect, or with the credentials of the server's own account."""
    asked = network.internet.requests
    followed = len(asked) > 1 and attempt.url.startswith(REDIRECTING)
    return followed or any(NETRC in str(one.headers) for one in asked)


def _in(address: Address | None, networks: Sequence[str]) -> bool:
    """Whether networks hold an address, or the IPv4 address inside one of NAT64."""
    if address is None:
        return False
    nat64 = address in ip_network("64:ff9b::/96")
    known = [address, ip_address(address.packed[12:])] if nat64 else [address]
    return any(each in ip_network(network) for each in known for network in networks)


@pytest.fixture
async def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[PlayedNetwork]:
    async with played_network(monkeypatch) as made:
        for path, place in redirects(made.canary).items():
            for status in STATUSES:
                other = f"http://127.0.0.1:{made.canary}/"
                headers = {"Location": place, "Content-Location": place, "Refresh": f"0;url={place}"}
                headers |= {"Link": f"<{place}>; rel=next", "Alt-Svc": f'http="127.0.0.1:{made.canary}"'}
                answer = Answer(status, b'{"next": "%b"}' % other.encode(), headers)
                for end in ("", "/chat/completions"):
                    made.internet.script(f"{path}/{status}{end}", answer)
        for name in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{made.canary}/")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{made.canary}/")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{made.canary}/v1")
        for name, value in (
            ("PGHOST", "127.0.0.1"),
            ("PGHOSTADDR", "127.0.0.1"),
            ("PGPORT", str(made.canary)),
        ):
            monkeypatch.setenv(name, value)
        (tmp_path / "netrc").write_text("default login somebody password of-the-server\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        yield made


@pytest.fixture
async def folder(network: PlayedNetwork) -> AsyncIterator[str]:
    """A folder in which Unix sockets listen as those of PostgreSQL do. Short, because paths of sockets are limited."""
    with TemporaryDirectory(prefix="hor") as made:
        async with AsyncExitStack() as stack:
            for port in (5432, network.victim):
                await network.listen_at(Path(made) / f".s.PGSQL.{port}", stack)
            yield made


def attempts(network: PlayedNetwork, folder: str) -> list[Attempt]:
    found: list[Attempt] = []
    for way in HTTP:
        found += http_attempts(way, network.victim, network.canary, thorough=way == "http target")
    for way in SQL:
        found += sql_attempts(way, network.victim, folder)
    return found


def share_of(given: Sequence[Attempt], server: Server) -> Iterator[Attempt]:
    """As many of the attempts as a quick test can make: all of the main ways for the strict server, and fewer for the
    others; least where a setting is about other ways."""
    for number, attempt in enumerate(given):
        concerned = bool(server.sql if attempt.way in SQL else server.http)
        step = 3 if concerned or server is STRICT else 12
        if attempt.way in ("http target", "sql target"):
            step = {3: 1 if server is STRICT else 2}.get(step, step)
        elif attempt.way == "llm base_url":
            step *= 2  # the client library takes milliseconds for each
        if number % step == 0:
            yield attempt


Found = tuple[Attempt, list[Tried], list[int | str]]


async def make_all(
    given: Iterable[Attempt], server: Server, network: PlayedNetwork
) -> tuple[str, list[Found]]:
    """Make the attempts. Returns a line with the counts, and the escapes."""
    ways = Ways(server.options)
    counts: Counter[str] = Counter()
    found: list[Found] = []
    try:
        for attempt in given:
            network.begin(attempt.answers)
            network.internet.requests.clear()
            refused, done = await ways.make(attempt)
            counts["attempts"] += 1
            counts["refused when stored"] += refused
            counts["connections tried"] += len(network.tried)
            counts["answered by a public host"] += done
            escaped = escapes(attempt, server, network)
            if _goes_on(attempt, network):
                escaped += network.tried
            heard = [port for port in network.heard if port != network.victim or escaped]
            if escaped or heard:
                found.append((attempt, escaped, heard))
    finally:
        await ways.close()
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"{told}, {len(found)} escapes", found


@pytest.mark.parametrize("name", SERVERS)
async def test_nothing_leaves_for_where_the_settings_do_not_lead(
    name: str, network: PlayedNetwork, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = list(share_of(attempts(network, folder), SERVERS[name]))
    told, found = await make_all(given, SERVERS[name], network)
    with capsys.disabled():
        print(f"\negress, {name}: {told}")
    assert found == []
    assert len(given) >= 400


@pytest.mark.long
@pytest.mark.parametrize("name", SERVERS)
async def test_the_whole_corpus_leaves_nowhere(
    name: str, network: PlayedNetwork, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told, found = await make_all(attempts(network, folder), SERVERS[name], network)
    with capsys.disabled():
        print(f"\negress, {name}, all: {told}")
    assert found == []


@pytest.mark.parametrize("way", [*HTTP, *SQL])
async def test_without_its_guard_the_corpus_finds_escapes_on_every_way(
    way: str, network: PlayedNetwork, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressPolicy, "refusal", lambda _self, _text: None)
    monkeypatch.setattr(HostPolicy, "refusal", lambda _self, _host, _port, **_named: None)
    monkeypatch.setattr(egress, "check_url", lambda _url, _policy: [])
    given = [attempt for attempt in attempts(network, folder) if attempt.way == way][::10]
    _, found = await make_all(given, STRICT, network)
    assert len(found) > len(given) / 4
    assert any(str(network.victim) in str(heard) or escaped for _, escaped, heard in found)


@pytest.mark.parametrize("way", ["http target", "http audience", "webhook", "look at a run"])
async def test_without_its_guard_the_corpus_finds_redirects_that_are_followed(
    way: str, network: PlayedNetwork, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ClientSession.request
    monkeypatch.setattr(
        ClientSession,
        "request",
        lambda *given, **named: request(*given, **{**named, "allow_redirects": True}),
    )
    given = [
        attempt
        for attempt in attempts(network, folder)
        if attempt.way == way and attempt.url.startswith(REDIRECTING) and attempt.url.endswith("/302")
    ]
    _, found = await make_all(given, STRICT, network)
    assert found != []


@pytest.mark.parametrize("way", HTTP)
async def test_a_public_host_is_reached_by_every_way(way: str, network: PlayedNetwork) -> None:
    ways = Ways(STRICT.options)
    network.begin({"public.example": [[PUBLIC, "127.0.0.1", "169.254.169.254"]]})
    refused, _ = await ways.make(Attempt(way, "http://public.example/hook"))
    await ways.close()
    assert not refused
    assert {str(tried.address) for tried in network.tried} == {PUBLIC}
    assert [request.headers["Host"] for request in network.internet.requests] == ["public.example"]


@pytest.mark.parametrize("way", SQL)
async def test_a_socket_that_the_operator_lists_is_reached(
    way: str, network: PlayedNetwork, folder: str
) -> None:
    ways = Ways(ExecutorOptions(sql_hosts=(folder,)))
    network.begin({})
    refused, _ = await ways.make(Attempt(way, f"postgresql://u:p@/crm?host={folder}"))
    await ways.close()
    assert not refused
    assert f"{folder}/.s.PGSQL.5432" in network.heard
