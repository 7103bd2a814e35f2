from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from yarl import URL

from horarium.domain.host_lists import host_list
from horarium.domain.refused_hosts import RefusedHosts
from horarium.executors.egress import (
    MOST_CHECKED,
    MOST_CHECKED_BYTES,
    AddressRefused,
    EgressClient,
    explain,
    read_limited,
    was_refused,
)
from horarium.executors.options import ExecutorOptions
from tests.support.receiver import Answer, Receiver

WORKSPACE = bytes(16)


@pytest.fixture
async def strict() -> AsyncIterator[EgressClient]:
    egress = EgressClient(ExecutorOptions())
    yield egress
    await egress.close()


@pytest.fixture
async def opened() -> AsyncIterator[EgressClient]:
    egress = EgressClient(ExecutorOptions(allow_loopback=True))
    yield egress
    await egress.close()


class Names:
    """Replaces the system's resolver. Each time a name is resolved, it returns the next list of addresses."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers: Iterator[Sequence[str]] = iter(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in next(self._answers)
        ]


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> Names:
    names = Names(*answers)
    monkeypatch.setattr("horarium.executors.egress.socket.getaddrinfo", names)
    return names


async def refused(egress: EgressClient, url: str) -> BaseException:
    with pytest.raises((aiohttp.ClientError, OSError)) as caught:
        async with asyncio.timeout(5):
            await egress.request(WORKSPACE, "GET", url)
    assert was_refused(caught.value), caught.value
    return caught.value


async def test_a_permitted_request_arrives(opened: EgressClient, receiver: Receiver) -> None:
    response = await opened.request(
        WORKSPACE, "POST", receiver.url("/x"), data=b"hello", headers={"X-A": "b"}
    )
    response.release()
    assert response.status == 200
    (request,) = receiver.requests
    assert (request.method, request.body, request.headers["X-A"]) == ("POST", b"hello", "b")
    assert request.headers["User-Agent"].startswith("Horarium/")


async def test_a_client_has_so_many_connections_leaves_idle_ones_soon_and_ends_all_when_it_is_closed() -> (
    None
):
    egress = EgressClient(ExecutorOptions(max_connections=7))
    for _ in range(2):  # a later request opens all anew
        connector, session = egress.session.connector, egress.session
        assert isinstance(connector, aiohttp.TCPConnector)
        assert (connector.limit, connector._keepalive_timeout) == (7, 4.0)
        assert egress._resolver is not None
        resolver = egress._resolver
        await egress.close()
        assert session.closed
        with pytest.raises(RuntimeError, match="shutdown"):
            await resolver.resolve("db.example.com")


@pytest.mark.parametrize(("known", "kept"), [(10_000, 10_001), (10_001, 1)])
def test_of_no_more_addresses_than_a_bound_it_is_kept_how_they_were_judged(known: int, kept: int) -> None:
    policy = EgressClient(ExecutorOptions()).policy
    policy._seen.update({str(number): None for number in range(known)})
    assert policy.refusal("8.8.8.8") is None
    assert len(policy._seen) == kept


@pytest.mark.parametrize(("length", "kept"), [(30, MOST_CHECKED), (4_000, MOST_CHECKED_BYTES // 12_600)])
def test_urls_that_were_checked_are_kept_up_to_a_number_and_a_number_of_bytes(length: int, kept: int) -> None:
    egress, most = EgressClient(ExecutorOptions()), 0
    for number in range(MOST_CHECKED + 1):
        egress._checked.put(str(number), URL("http://example.com/"), 600 + 3 * length)
        most = max(most, len(egress._checked))
    assert most == kept
    egress.checked("http://example.com/" + "a" * (length - 19))
    assert egress._checked._bytes % (600 + 3 * length) == 0


async def test_a_refusal_is_noted_for_the_workspace_that_asked() -> None:
    refusals = RefusedHosts()
    egress = EgressClient(ExecutorOptions(refused_hosts=refusals))
    for url in ("http://10.1.2.3/", "http://127.0.0.1:9/"):
        with pytest.raises(AddressRefused):
            await egress.request(b"w" * 16, "GET", url)
    await egress.close()
    noted = [(refusal.workspace_id, refusal.host, refusal.times) for refusal in refusals.take(0)]
    assert noted == [(b"w" * 16, "10.1.2.3", 1), (b"w" * 16, "127.0.0.1", 1)]


class Pieces:
    """A body that arrives in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._left = list(pieces)

    async def read(self, most: int) -> bytes:
        piece = self._left.pop(0) if self._left else b""
        if len(piece) > most:
            self._left.insert(0, piece[most:])
        return piece[:most]

    def at_eof(self) -> bool:
        return not self._left


@pytest.mark.parametrize(
    ("pieces", "read"),
    [
        ((), 0),
        ((1,), 1),
        ((10,), 10),
        ((11,), 11),
        ((12,), 11),
        ((10, 1), 11),
        ((5, 5, 5), 11),
        ((5, 6, 1), 11),
        ((1,) * 10, 10),
        ((1,) * 100, 11),
    ],
)
async def test_of_a_body_no_more_than_its_limit_and_one_byte_is_read(
    pieces: Sequence[int], read: int
) -> None:
    response: Any = SimpleNamespace(content=Pieces(*(b"x" * length for length in pieces)))
    assert await read_limited(response, 10) == b"x" * read


async def test_a_literal_address_is_refused(strict: EgressClient, receiver: Receiver) -> None:
    await refused(strict, receiver.url("/"))
    assert receiver.requests == []


async def test_the_socket_itself_refuses_where_no_url_was_checked(
    strict: EgressClient, receiver: Receiver
) -> None:
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await strict.session.get(receiver.url("/"))
    assert was_refused(caught.value)
    assert receiver.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.5",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "fd00::1",
    ],
)
async def test_a_name_that_leads_to_a_special_address_is_refused(
    strict: EgressClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve_to(monkeypatch, [address])
    error = await refused(strict, receiver.url("/", host="innocent.example"))
    assert address not in explain(error)
    assert receiver.requests == []


async def test_of_several_addresses_only_permitted_ones_are_used(
    opened: EgressClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["10.255.255.1", "169.254.169.254", "127.0.0.1"])
    async with asyncio.timeout(5):
        response = await opened.request(WORKSPACE, "GET", receiver.url("/", host="mixed.example"))
    response.release()
    assert len(receiver.requests) == 1


async def test_the_address_that_was_checked_is_the_one_connected_to(
    opened: EgressClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is resolved only once, so a name server cannot give a bad address the second time."""
    names = resolve_to(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    response = await opened.request(WORKSPACE, "GET", receiver.url("/", host="rebinding.example"))
    response.release()
    assert names.asked == ["rebinding.example"]
    assert receiver.requests[0].headers["Host"].startswith("rebinding.example")


async def test_a_name_that_changes_its_mind_is_refused_the_next_time(
    opened: EgressClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    monkeypatch.setattr("horarium.executors.look_ups.REMEMBERED_S", 0.0)
    url = receiver.url("/", host="rebinding.example")
    (await opened.request(WORKSPACE, "GET", url, headers={"Connection": "close"})).release()
    await refused(opened, url)
    assert len(receiver.requests) == 1


async def test_an_address_with_a_zone_is_refused(
    opened: EgressClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "horarium.executors.egress.socket.getaddrinfo",
        lambda host, port, **_: [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 1))],
    )
    await refused(opened, "http://zoned.example:1/")


@pytest.mark.parametrize(("zone", "refused"), [(0, False), (3, True)])
async def test_the_socket_itself_refuses_an_address_with_a_zone(zone: int, refused: bool) -> None:
    egress = EgressClient(ExecutorOptions(allow_private=("fe80::/10",)))
    place = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, zone))
    if refused:
        with pytest.raises(AddressRefused, match="a zone"):
            egress._socket(place)
    else:
        egress._socket(place).close()


async def test_redirects_are_not_followed(opened: EgressClient, receiver: Receiver) -> None:
    receiver.script("/from", Answer(302, headers={"Location": receiver.url("/to")}))
    response = await opened.request(WORKSPACE, "GET", receiver.url("/from"))
    response.release()
    assert response.status == 302
    assert [request.path for request in receiver.requests] == ["/from"]


async def test_a_redirect_that_a_user_of_the_session_follows_is_guarded(
    opened: EgressClient, receiver: Receiver
) -> None:
    receiver.script("/from", Answer(302, headers={"Location": "http://169.254.169.254/latest"}))
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await opened.session.get(receiver.url("/from"))
    assert was_refused(caught.value)


async def test_proxies_of_the_environment_are_not_used(
    opened: EgressClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    monkeypatch.setenv("no_proxy", "")
    response = await opened.request(WORKSPACE, "GET", receiver.url("/"))
    response.release()
    assert response.status == 200


async def test_cookies_are_not_kept(opened: EgressClient, receiver: Receiver) -> None:
    receiver.script("/", Answer(200, headers={"Set-Cookie": "session=1"}))
    for _ in range(2):
        (await opened.request(WORKSPACE, "GET", receiver.url("/", host="localhost"))).release()
    assert "Cookie" not in receiver.requests[-1].headers


async def test_connections_are_kept_and_used_again(opened: EgressClient, receiver: Receiver) -> None:
    for _ in range(5):
        response = await opened.request(WORKSPACE, "POST", receiver.url("/"))
        await response.read()
    assert len(receiver.connections) == 1


async def test_a_refusal_is_told_without_the_address_behind_a_name(
    strict: EgressClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["10.11.12.13"])
    told = explain(await refused(strict, "http://inside.example/secret-path"))
    assert told == (
        "refused: inside.example leads to an address that is refused (private); the operator of this server opens it "
        "with --allow-private and its network"
    )


async def test_an_unknown_name_is_no_refusal(strict: EgressClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("horarium.executors.egress.socket.getaddrinfo", unknown)
    with pytest.raises(aiohttp.ClientConnectorDNSError) as caught:
        await strict.request(WORKSPACE, "GET", "http://nowhere.example/")
    assert not was_refused(caught.value)
    assert explain(caught.value) == "the host's name could not be resolved"


def test_a_checked_url_is_remembered_and_a_bad_one_is_refused_each_time() -> None:
    egress = EgressClient(ExecutorOptions())
    assert egress.checked("http://example.com/a") is egress.checked("http://example.com/a")
    for _ in range(2):
        with pytest.raises(AddressRefused):
            egress.checked("http://0x7f.1/")


@pytest.mark.parametrize(
    "url",
    ["http://db.denied.example/", "http://denied.example/", "http://8.8.8.8/", "http://[::ffff:8.8.8.8]/",
     "http://[64:ff9b::808:808]/", "http://innocent.example/"],
)  # fmt: skip
async def test_what_the_operator_denies_is_refused_whatever_is_opened(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["8.8.8.8"])
    denied = ("denied.example", "*.denied.example", "8.8.8.0/24")
    egress = EgressClient(ExecutorOptions(allow_private=("0.0.0.0/0", "::/0"), deny_hosts=denied))
    error = await refused(egress, url)
    assert "denied by the operator" in explain(error)
    await egress.close()


async def test_a_denied_name_is_not_connected_to_where_no_url_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["127.0.0.1"])
    egress = EgressClient(ExecutorOptions(allow_loopback=True, deny_hosts=("denied.example",)))
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await egress.session.get(receiver.url("/", host="denied.example"))
    assert was_refused(caught.value)
    assert receiver.requests == []
    await egress.close()


async def test_a_workspace_reaches_only_the_hosts_of_its_list(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = bytes(15) + b"\x01"
    lists = {WORKSPACE: host_list(("hooks.example", "127.0.0.1"))}
    egress = EgressClient(ExecutorOptions(allow_loopback=True, allowed_hosts=lists.get))
    resolve_to(monkeypatch, ["127.0.0.1"], ["127.0.0.1"])
    for host, workspace in (("hooks.example", WORKSPACE), ("127.0.0.1", WORKSPACE), ("else.example", other)):
        (await egress.request(workspace, "GET", receiver.url("/", host=host))).release()
    assert len(receiver.requests) == 3
    for host in (
        "else.example",
        "127.0.0.2",
    ):  # the first has an open connection, which the other workspace made
        with pytest.raises(AddressRefused, match="not among the hosts that this workspace may reach"):
            await egress.request(WORKSPACE, "GET", receiver.url("/", host=host))
    assert len(receiver.requests) == 3
    await egress.close()
