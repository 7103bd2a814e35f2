"""Answers of servers that do not write HTTP by the book, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from unittest.mock import Mock

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.executors.answer_heads import MOST_BESIDE, MOST_HEAD, AnswerProtocol, AnswerUnasked
from horarium.executors.http import HttpExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import stored_call


class RawServer:
    """Answers each request with the next of `answers`, piece by piece as they are given; counts its connections.

    With `hangs_up` it closes the connection behind each answer."""

    def __init__(self, *answers: Sequence[bytes] | bytes, hangs_up: bool = False) -> None:
        self._hangs_up = hangs_up
        self._answers = [(answer,) if isinstance(answer, bytes) else answer for answer in answers]
        self.connections = 0
        self.closed = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> RawServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
                )
                await reader.readexactly(int(length.partition(b":")[2]))
                for piece in self._answers.pop(0):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if self._hangs_up:
                    raise ConnectionError
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            self.closed.set()


@pytest.fixture
async def executor() -> AsyncIterator[HttpExecutor]:
    made = make(ExecutorOptions(allow_loopback=True))
    yield made
    await made.close()


async def post(executor: HttpExecutor, server: RawServer) -> Outcome:
    return await executor.execute(stored_call(executor, {"url": server.url}))


def answer(*headers: bytes, status: bytes = b"200 OK", body: bytes = b"ok", length: bool = True) -> bytes:
    lines = [b"HTTP/1.1 " + status, *headers]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(answer(b"Content-Security-Policy: " + b"x" * 12_000), id="a header of 12 kB"),
        pytest.param(answer(b"X-Big: " + b"x" * 65_000), id="a head of nearly 64 KB"),
        pytest.param(answer(*(b"X-%d: 1" % n for n in range(999))), id="1,000 headers"),
        pytest.param(answer(b"Content-Length: 2"), id="a doubled length"),
        pytest.param(answer(b"content-length: 2, 2", length=False), id="a length that is a list"),
        pytest.param(answer(b"content-LENGTH :2", b"Content-Length: 2 "), id="a length with spaces"),
        pytest.param(answer(b"X: 1").replace(b"\r\n", b"\n"), id="lines that end in a bare LF"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(), id="a 103 first"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + answer(), id="a 100 three times"),
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 700])
async def test_a_head_that_browsers_accept_is_accepted(
    executor: HttpExecutor, written: bytes, cut: int
) -> None:
    pieces = [written[i : i + cut] for i in range(0, len(written), cut)] if cut else [written]
    pieces = [*pieces[:40], b"".join(pieces[40:])]
    async with RawServer(pieces, pieces) as server:
        for _ in range(2):
            outcome = await post(executor, server)
            assert (outcome.verdict, outcome.output) == (Verdict.SUCCEEDED, "ok"), outcome
        assert server.connections == 1


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (answer(b"X-Big: " + b"x" * 66_000), "its head is longer than 64 KB or has more than 1000 headers"),
        (
            answer(*(b"X-%d: 1" % n for n in range(1000))),
            "its head is longer than 64 KB or has more than 1000",
        ),
        (
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
            "its head is longer than 64 KB or has more than 1000",
        ),
        (answer(b"Content-Length: 3"), "the answer was not valid HTTP"),
        (answer(b"Content-Length: 2, 3", length=False), "the answer was not valid HTTP"),
        (answer(b"Content-Length: -2", b"Content-Length: -2", length=False), "the answer was not valid HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer was not valid HTTP"),
        (b"HTTP/1.1 xyz\r\n\r\n", "the answer was not valid HTTP"),
    ],
)
async def test_what_is_no_answer_says_what_is_wrong(
    executor: HttpExecutor, written: bytes, said: str
) -> None:
    async with RawServer(written) as server:
        outcome = await post(executor, server)
        assert said in (outcome.error or "")
        assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, True)
        await server.closed.wait()


@pytest.mark.parametrize(
    "written",
    [
        pytest.param([answer(status=b"204 No Content")], id="with its length"),
        pytest.param([answer(status=b"204 No Content", length=False)], id="without a length"),
        pytest.param([answer(status=b"204 No Content", body=b""), b"late"], id="late"),
        pytest.param(
            [
                answer(
                    b"Transfer-Encoding: chunked",
                    status=b"204 No Content",
                    body=b"2\r\nok\r\n0\r\n\r\n",
                    length=False,
                )
            ],
            id="in chunks",
        ),
    ],
)
async def test_the_body_of_a_204_is_ignored_and_its_connection_left(
    executor: HttpExecutor, written: Sequence[bytes]
) -> None:
    async with RawServer(written, answer()) as server:
        outcome = await post(executor, server)
        assert (outcome.verdict, outcome.status, outcome.output) == (Verdict.SUCCEEDED, 204, None)
        await server.closed.wait()
        assert (await post(executor, server)).output == "ok"
        assert server.connections == 2


async def test_a_204_without_a_body_keeps_its_connection(executor: HttpExecutor) -> None:
    nothing = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    async with RawServer(nothing, nothing, answer()) as server:
        for _ in range(3):
            assert (await post(executor, server)).verdict is Verdict.SUCCEEDED
        assert server.connections == 1


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "the target closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nX-Half: ", "the target closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nX : 1\r\nbroken\r\n", "the answer was not valid HTTP"),
    ],
)
async def test_a_head_that_is_cut_short_says_what_is_wrong_with_it(
    executor: HttpExecutor, written: bytes, said: str
) -> None:
    async with RawServer(written, hangs_up=True) as server:
        outcome = await post(executor, server)
        assert said in (outcome.error or "")


@pytest.mark.parametrize(
    "announced", [b"Content-Length: 2", b"content-length : 010", b"Transfer-Encoding: chunked"]
)
async def test_a_204_that_announces_a_body_is_not_waited_for_and_its_connection_left(
    executor: HttpExecutor, announced: bytes
) -> None:
    head = b"HTTP/1.1 204 No Content\r\n" + announced + b"\r\n\r\n"
    async with RawServer(head, answer()) as server:
        assert (await post(executor, server)).status == 204
        assert (await post(executor, server)).output == "ok"
        assert server.connections == 2


@pytest.mark.parametrize(
    "said", [answer(body=b"stale"), answer(status=b"500 No"), b"HTTP/1.1 2", b"\r\n", b"not HTTP\r\n\r\n"]
)
async def test_what_a_server_says_behind_its_answer_is_no_answer_to_the_next_request(
    executor: HttpExecutor, said: bytes
) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer())
        if not asked.is_set():
            await asked.wait()
            writer.write(said)
        while await reader.read(65_536):
            pass
        over.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        config = {"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"}
        for _ in range(2):
            outcome = await executor.execute(stored_call(executor, config))
            assert (outcome.status, outcome.output) == (200, "ok"), outcome
            if not asked.is_set():
                asked.set()
                await over.wait()  # its connection was left
        await executor.close()


async def test_an_answer_that_comes_before_the_request_is_none(executor: HttpExecutor) -> None:
    loop = asyncio.get_running_loop()
    protocol, transport = AnswerProtocol(loop), Mock()
    protocol.connection_made(transport)
    protocol.data_received(answer())
    transport.close.assert_called_once()
    protocol.set_response_params()
    with pytest.raises(AnswerUnasked):
        await protocol.read()


async def test_a_connection_that_has_left_http_carries_no_other_request(executor: HttpExecutor) -> None:
    async with RawServer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", answer()) as server:
        outcome = await post(executor, server)
        assert (outcome.verdict, outcome.retryable, outcome.status) == (Verdict.FAILED, False, 101)
        assert (await post(executor, server)).output == "ok"
        assert server.connections == 2


@pytest.mark.parametrize(
    "announced",
    [
        pytest.param(b"HTTP/1.1 100\r\n\r\n" * 5000, id="many small ones"),
        pytest.param((b"HTTP/1.1 103 x\r\n" + b"A: b\r\n" * 900 + b"\r\n") * 20, id="many headers"),
        pytest.param((b"HTTP/1.1 103 x\r\nA: " + b"b" * 20_000 + b"\r\n\r\n") * 4, id="many bytes"),
    ],
)
async def test_the_heads_before_an_answer_may_together_be_as_long_as_one(
    executor: HttpExecutor, announced: bytes
) -> None:
    async with RawServer(announced + answer(), answer()) as server:
        outcome = await post(executor, server)
        assert "its head is longer than 64 KB or has more than 1000 headers" in (outcome.error or "")
        assert (await post(executor, server)).output == "ok"


CHUNKED = answer(b"Transfer-Encoding: chunked", body=b"", length=False)


@pytest.mark.parametrize(
    "endless", [b"1;" + b"x" * 1000, b"0" * 1000], ids=["an extension of a chunk", "the size of a chunk"]
)
@pytest.mark.parametrize("cut", [1_000, 100_000])
async def test_what_stands_around_a_body_is_bounded(executor: HttpExecutor, endless: bytes, cut: int) -> None:
    piece = endless[-1:] * cut
    most = MOST_HEAD + 2 * MOST_BESIDE
    async with RawServer([CHUNKED, endless, *[piece] * (most // cut)]) as server:
        outcome = await post(executor, server)
        assert outcome.error == "the answer was refused: there is far more around its body than in it"
        await server.closed.wait()


async def test_a_body_in_the_smallest_chunks_is_read(executor: HttpExecutor) -> None:
    sent = b"00000001\r\nx\r\n" * 60_000
    pieces = [sent[i : i + 30_000] for i in range(0, len(sent), 30_000)]
    async with RawServer([CHUNKED, *pieces, b"0\r\n\r\n"]) as server:
        assert (await post(executor, server)).output == "x" * 60_000


@pytest.mark.filterwarnings("ignore:Sending a large body directly")
async def test_a_server_that_does_not_read_a_request_keeps_no_connection_of_ours(
    executor: HttpExecutor,
) -> None:
    size, loop = 8 * 1024 * 1024, asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        target = {"url": f"http://127.0.0.1:{listening.getsockname()[1]}/"}
        outcome = await executor.execute(stored_call(executor, target, input="x" * size, timeout_ms=50))
        assert outcome.error == "the target did not finish its answer within 0.05 s"
        taken, _ = await loop.sock_accept(listening)
        with taken:
            arrived = 0
            async with asyncio.timeout(10):
                while data := await loop.sock_recv(taken, 1024 * 1024):
                    arrived += len(data)
    assert arrived < size
