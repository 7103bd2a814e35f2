"""Connections that come slowly, in very large pieces, or in great numbers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest
import uvicorn

from horarium.api import connections
from horarium.api.connections import (
    ConnectionLimits,
    _OneSend,
    bound_unread,
    end_slow_connections,
    limited_protocol,
)
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
LIMITS = ConnectionLimits(head_s=0.3, least_rate=1_000, patience_s=0.3)


@asynccontextmanager
async def served(limits: ConnectionLimits = LIMITS) -> AsyncIterator[int]:
    """A server with these limits; its port."""
    async with House.open(NOW) as house:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        protocol = limited_protocol(limits)
        server = uvicorn.Server(
            uvicorn.Config(
                house.api, log_config=None, access_log=False, lifespan="off", http=protocol, ws="none"
            )
        )
        tasks = [
            asyncio.create_task(server.serve(sockets=[listening])),
            asyncio.create_task(end_slow_connections(server.server_state)),
        ]
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await tasks[0]
            tasks[1].cancel()
            listening.close()
        assert not protocol.open_by_address


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LOOK_S", 0.05)


async def spoken(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Everything that the server answers to some pieces until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = bytearray()

    async def listen() -> None:
        while piece := await reader.read(65_536):
            answer.extend(piece)

    listening = asyncio.create_task(listen())
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
    with suppress(ConnectionError):
        await asyncio.wait_for(listening, 10)
    writer.close()
    return bytes(answer)


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    async with served() as port:
        for pieces in ((b"",), (b"GET / HT",), (b"GET / HTTP/1.1\r\nhost: x\r\n",), (b"\r\n",)):
            assert (await spoken(port, *pieces)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for() -> None:
    async with served() as port:
        drops = [b"GET / HTTP/1.1\r\n", *[b"x"] * 40]
        assert (await spoken(port, *drops, pause=0.02)).startswith(b"HTTP/1.1 408 ")


async def test_empty_lines_after_a_request_do_not_keep_a_connection() -> None:
    async with served() as port:
        answer = await spoken(port, GET, *[b"\r\n"] * 40, pause=0.02)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 408 " in answer


async def test_a_body_that_stops_or_drips_is_not_waited_for() -> None:
    head = b"PUT /horarium/v1/directory/users HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"
    async with served() as port:
        begun = asyncio.get_running_loop().time()
        await spoken(port, head + b"[")
        await spoken(port, head, *[b"[" * 5] * 60, pause=0.02)
        assert asyncio.get_running_loop().time() - begun < 5
        assert (await spoken(port, LAST)).startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_keeps_coming_is_waited_for() -> None:
    async with served() as port:
        head = b"POST /horarium/v1/schedules HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\n"
        answer = await spoken(port, head, *[b" " * 100] * 40, LAST, pause=0.02)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert answer.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 12_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * 500_000,
        b"GET / HTTP/1.1\r\n" + b"x" * 500_000,
    ],
)
async def test_a_head_that_is_too_large_is_refused(head: bytes) -> None:
    async with served() as port:
        parts = [head[at : at + 16_384] for at in range(0, len(head), 16_384)]
        for pieces in ([head], parts):
            answer = await spoken(port, *pieces)
            assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""  # reset, as more was still coming


async def test_a_head_of_sixty_kilobytes_is_accepted() -> None:
    async with served() as port:
        head = b"GET /healthz HTTP/1.1\r\nconnection: close\r\nx: " + b"y" * 60_000 + b"\r\n\r\n"
        assert (await spoken(port, head)).startswith(b"HTTP/1.1 200 ")


async def test_requests_one_after_another_are_answered_on_one_connection() -> None:
    async with served() as port:
        body = b"x" * 50_000
        post = b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        answer = await spoken(port, GET, post, post, GET, LAST)
        assert answer.count(b"HTTP/1.1 200 ") == 3
        assert answer.count(b"HTTP/1.1 404 ") == 2


async def test_the_end_of_a_large_body_is_no_part_of_the_head_behind_it() -> None:
    async with served() as port:
        body = b"x" * 100_000
        get = b"GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        answer = await spoken(port, get + LAST[:20], LAST[20:], pause=0.05)
        assert answer.count(b"HTTP/1.1 200 ") == 2


class Below:
    """The transport below a connection: what is written to it in each call, until it is closed or aborted."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.closing = False

    def get_extra_info(self, name: str) -> Any:
        return {"peername": ("192.0.2.7", 1), "sockname": ("127.0.0.1", 80)}.get(name)

    def pause_reading(self) -> None: ...

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def writelines(self, pieces: Sequence[bytes]) -> None:
        self.calls.append(b"".join(pieces))

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = close


HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


async def test_the_head_of_an_answer_and_the_beginning_of_its_body_are_sent_at_once() -> None:
    calls = Below()
    transport = _OneSend(cast("Any", calls), asyncio.get_running_loop())
    for data in (HEAD, b"some", b"more", HEAD, b""):
        transport.write(data)
    assert calls.calls == [HEAD + b"some", b"more", HEAD]


async def test_a_head_that_no_body_follows_is_sent_all_the_same() -> None:
    calls = Below()
    transport = _OneSend(cast("Any", calls), asyncio.get_running_loop())
    transport.write(HEAD)
    assert calls.calls == []
    await asyncio.sleep(0)
    assert calls.calls == [HEAD]
    transport.write(HEAD)
    transport.close()
    assert calls.calls == [HEAD, HEAD]
    assert calls.closing


async def test_a_head_is_not_sent_on_a_connection_that_was_ended() -> None:
    calls = Below()
    transport = _OneSend(cast("Any", calls), asyncio.get_running_loop())
    transport.write(HEAD)
    transport.abort()
    await asyncio.sleep(0)
    assert calls.calls == []


@pytest.mark.parametrize(("waiting", "fits"), [(2, True), (3, False)])
async def test_so_many_requests_as_may_wait_behind_another_are_answered(waiting: int, fits: bool) -> None:
    async with served(ConnectionLimits(pipelined=2)) as port:
        answer = await spoken(port, GET * waiting + LAST)
        assert (answer.count(b"HTTP/1.1 ") == waiting + 1) is fits


async def test_very_many_requests_at_once_on_one_connection_are_refused() -> None:
    async with served() as port:
        answer = await spoken(port, GET * 10_000)
        assert answer.count(b"HTTP/1.1 ") <= LIMITS.pipelined + 1


@asynccontextmanager
async def answering(gate: asyncio.Event) -> AsyncIterator[tuple[Any, Below]]:
    """A connection to an application that answers when the gate opens, and what is below it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await gate.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_keep_alive=5)
    config.load()
    state = uvicorn.server.ServerState()
    made: Any = limited_protocol(ConnectionLimits())(config, state, {})
    below = Below()
    made.connection_made(below)
    yield made, below
    made.connection_lost(None)


async def all_answered(connection: Any) -> None:
    while connection.tasks:
        await asyncio.wait(connection.tasks)


async def test_a_connection_on_which_no_further_request_comes_is_ended() -> None:
    loop, gate = asyncio.get_running_loop(), asyncio.Event()
    async with answering(gate) as (connection, below):
        connection.data_received(GET)
        connection.look(loop.time() + 100)
        assert not below.closing  # the answer may take its time
        gate.set()
        await all_answered(connection)
        connection.look(loop.time() + 4.5)
        assert not below.closing
        connection.look(loop.time() + 5.5)
        assert below.closing


async def test_a_connection_is_kept_from_the_last_byte_of_a_request_that_was_answered_before() -> None:
    loop, gate = asyncio.get_running_loop(), asyncio.Event()
    gate.set()
    async with answering(gate) as (connection, below):
        connection.data_received(b"PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\na")
        await all_answered(connection)
        connection._since -= 100.0  # as if the second byte came that much later
        connection.data_received(b"b")
        connection.look(loop.time() + 4.5)
        assert not below.closing


async def test_a_request_that_comes_in_time_keeps_its_connection() -> None:
    loop, gate = asyncio.get_running_loop(), asyncio.Event()
    gate.set()
    async with answering(gate) as (connection, below):
        for _ in range(3):
            connection.data_received(GET)
            await all_answered(connection)
            connection.look(loop.time() + 4.5)
        assert not below.closing
        assert len(below.calls) == 3


BODY = b"PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"


def connected(limits: ConnectionLimits, below: Below | None = None) -> tuple[Any, Below]:
    """A connection whose body is expected, and what is below it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    config = uvicorn.Config(app, log_config=None, lifespan="off")
    config.load()
    made: Any = limited_protocol(limits)(config, uvicorn.server.ServerState(), {})
    below = below or Below()
    made.connection_made(below)
    made.data_received(BODY)
    return made, below


@pytest.mark.parametrize("seconds_ahead", [0, 30])
async def test_what_came_quickly_before_buys_a_sender_no_more_than_the_patience(
    monkeypatch: pytest.MonkeyPatch, seconds_ahead: int
) -> None:
    monkeypatch.setattr(connections, "LOOK_S", 1.0)
    connection, below = connected(ConnectionLimits(least_rate=1_000, patience_s=3.0))
    for _ in range(seconds_ahead):
        connection.data_received(b"x" * 10_000)
        await asyncio.sleep(0)
        connection.look(0.0)
    seen = []
    for _ in range(5):
        connection.look(0.0)
        seen.append(below.closing)
    assert seen == [False, False, False, True, True]
    connection.connection_lost(None)


async def test_a_sender_is_not_slow_while_the_server_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LOOK_S", 1.0)
    connection, below = connected(ConnectionLimits(least_rate=1_000, patience_s=3.0))
    connection.flow.pause_reading()
    for _ in range(100):
        connection.look(0.0)
    assert not below.closing
    connection.flow.resume_reading()
    for _ in range(4):
        connection.look(0.0)
    assert below.closing
    connection.connection_lost(None)


@pytest.mark.parametrize("under_way", [True, False])
async def test_a_refusal_is_never_written_into_an_answer_that_is_under_way(under_way: bool) -> None:
    connection, below = connected(ConnectionLimits())
    connection.cycle.response_complete = not under_way
    connection.refuse(b"431 Request Header Fields Too Large", b"too large")
    assert b"".join(below.calls).startswith(b"HTTP/1.1 431 ") is not under_way
    assert below.closing
    connection.connection_lost(None)


async def test_one_address_may_not_take_all_connections() -> None:
    async with served(ConnectionLimits(per_address=5)) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        assert (await spoken(port, GET)).startswith(b"HTTP/1.1 503 ")
        held[0][1].close()
        await held[0][1].wait_closed()
        for _ in range(100):
            answer = await spoken(port, LAST)
            if answer.startswith(b"HTTP/1.1 200 "):
                break
        assert answer.startswith(b"HTTP/1.1 200 ")
        for _, writer in held[1:]:
            writer.close()


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "20010db800010002"),
        (("2001:db8:1:2::1", 1), "20010db800010002"),
        (("fe80::1%eth0", 1), "fe80000000000000"),
        (None, ""),
    ],
)
def test_addresses_are_counted_by_what_one_sender_can_have(
    client: tuple[str, int] | None, counted: str
) -> None:
    assert connections.counted_as(client) == counted


class _Unread(Below):
    """A transport below a connection, from which the reader takes as much as is said."""

    unread, aborted = 0, False

    def abort(self) -> None:
        self.aborted = self.closing = True

    def get_write_buffer_size(self) -> int:
        return self.unread


def answered(limits: ConnectionLimits, unread: int) -> tuple[Any, Any]:
    """A connection whose answer has been written, and what is below it, where so much of it waits."""
    connection, below = connected(limits, _Unread())
    connection.data_received(b"x" * 1_000_000)
    below.unread = unread
    connection.look(0.0)
    return connection, below


@pytest.mark.parametrize("closing", [False, True], ids=["kept open", "closed behind the answer"])
@pytest.mark.parametrize(
    ("unread", "taken", "given_up"),
    [(1_001, 0, True), (1_001, 99, True), (20_000, 100, False), (1_000, 0, False)],
    ids=["not read", "read slowly", "read fast enough", "small"],
)
async def test_a_large_answer_that_is_not_read_is_given_up(
    monkeypatch: pytest.MonkeyPatch, closing: bool, unread: int, taken: int, given_up: bool
) -> None:
    monkeypatch.setattr(connections, "LOOK_S", 1.0)
    limits = ConnectionLimits(least_rate=100, patience_s=3.0, unread_bytes=1_000)
    connection, below = answered(limits, unread)
    if closing:
        connection.transport.close()
    for second in range(1, 100):
        below.unread = max(unread - taken * second, min(unread, 1_001))
        connection.look(float(second))
        if below.aborted:
            break
    assert below.aborted is given_up
    connection.connection_lost(None)


async def test_who_reads_an_answer_that_goes_on_is_no_slow_reader() -> None:
    connection, below = answered(ConnectionLimits(patience_s=3.0, unread_bytes=1_000), 5_000)
    for second in range(1, 100):
        below.unread = 5_000 + second  # all was read, and more was written
        connection.look(float(second))
    assert not below.aborted
    connection.connection_lost(None)


async def test_what_waits_for_the_readers_of_one_address_is_bounded_by_the_largest_that_wait_long() -> None:
    limits = ConnectionLimits(unread_per_address=1_000, unread_s=5.0)
    held = [answered(limits, unread) for unread in (500, 600, 700)]
    for second, expected in ((4.9, [False, False, False]), (5.0, [False, True, True])):
        for connection, _ in held:
            connection.look(second)
        bound_unread([connection for connection, _ in held], second)
        assert [below.aborted for _, below in held] == expected
    for connection, _ in held:
        connection.connection_lost(None)


async def test_answers_that_nobody_reads_are_given_up_while_a_server_runs() -> None:
    limits = ConnectionLimits(patience_s=0.3, unread_bytes=100_000)
    async with served(limits) as port:
        with socket.socket() as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            silent.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(silent, ("127.0.0.1", port))
            await loop.sock_sendall(silent, b"GET /horarium/v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 10)
            await asyncio.sleep(1)
            with suppress(ConnectionError):
                while await asyncio.wait_for(loop.sock_recv(silent, 65_536), 5):
                    pass
