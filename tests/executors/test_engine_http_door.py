"""What an engine that is asked over HTTP may write around its answers."""

from __future__ import annotations

import asyncio

import pytest
from yarl import URL

from horarium.executors.answer_heads import MOST_BESIDE, MOST_HEAD
from horarium.executors.engines.http_door import Answer, EngineHttp, EnginePlace
from horarium.executors.options import ExecutorOptions
from tests.executors.test_answer_heads import CHUNKED, RawServer, answer


async def asked(server: RawServer) -> Answer:
    """What a server answers to a request of an executor."""
    port = URL(server.url).port
    assert port is not None
    door = EngineHttp(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    try:
        async with asyncio.timeout(10):
            place = EnginePlace("127.0.0.1", port, False)
            return await door.request(bytes(16), place, "POST", "/", {}, b"{}", 1000)
    finally:
        await door.close()


async def test_an_engine_cannot_hold_the_server_by_heads_that_only_announce_an_answer() -> None:
    few = b"HTTP/1.1 102 Processing\r\n\r\n" * 100
    async with RawServer(few + answer(body=b'{"a":1}')) as server:
        assert await asked(server) == Answer(200, {"a": 1})
    async with RawServer([few] * (MOST_HEAD // 100)) as server:
        with pytest.raises(OSError, match="the answer was refused: its head is longer than 64 KB"):
            await asked(server)
        await server.closed.wait()


async def test_an_engine_cannot_hold_the_server_by_what_stands_around_a_body() -> None:
    async with RawServer([CHUNKED, b"1;", *[b"x" * 50_000] * (3 * MOST_BESIDE // 50_000)]) as server:
        with pytest.raises(
            OSError, match="the answer was refused: there is far more around its body than in it"
        ):
            await asked(server)
        await server.closed.wait()
