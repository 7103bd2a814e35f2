"""A Temporal that does not accept who connects. It is emulated: the test server of Temporal accepts everybody."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import pytest

from horarium.executors.engines.temporal import make
from horarium.executors.options import ExecutorOptions
from tests.engines.emulated import serving
from tests.executors.calls import stored_call

DATA, SETTINGS, HEADERS, ACKNOWLEDGED, WHOLE, LAST_AND_WHOLE = 0, 4, 1, 1, 4, 5


def refusing(status: int, words: str) -> Any:
    """Answers each request with a status."""
    return answering(lambda: status, words)


def answering(status: Callable[[], int | None], words: str = "") -> Any:
    """As much of HTTP/2 and gRPC as it takes to answer each request: with an empty message for the status 0, with
    nothing for None, and otherwise with the status alone."""

    def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
        return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body

    def named(name: bytes, value: bytes) -> bytes:
        return bytes([0, len(name)]) + name + bytes([len(value)]) + value

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(SETTINGS, 0, 0, b""))
        await reader.readexactly(24)
        while True:
            head = await reader.readexactly(9)
            await reader.readexactly(int.from_bytes(head[:3]))
            if head[3] == SETTINGS and not head[4] & ACKNOWLEDGED:
                writer.write(frame(SETTINGS, ACKNOWLEDGED, 0, b""))
            said = status() if head[3] == HEADERS else None
            if said is not None:
                stream, begins = (
                    int.from_bytes(head[5:9]),
                    b"\x88" + named(b"content-type", b"application/grpc"),
                )
                ends = named(b"grpc-status", str(said).encode()) + named(b"grpc-message", words.encode())
                if said == 0:
                    writer.write(frame(HEADERS, WHOLE, stream, begins) + frame(DATA, 0, stream, bytes(5)))
                    begins = b""
                writer.write(frame(HEADERS, LAST_AND_WHOLE, stream, begins + ends))
            await writer.drain()

    return answer


@pytest.mark.parametrize(
    ("status", "expected", "unreached"),
    [
        (16, "the engine refused the run: it does not accept the api_key, or asks for one", False),
        (7, "the engine refused the run: it does not accept the api_key, or asks for one", False),
        (14, "the engine could not be reached: the connection broke", True),
    ],
)
async def test_an_identity_that_is_not_accepted_is_a_refusal_and_not_an_engine_that_is_away(
    status, expected, unreached
):
    executor = make(ExecutorOptions(engine_hosts=("127.0.0.1",)))
    async with serving(refusing(status, "code: Unauthenticated")) as port:
        place = f"127.0.0.1:{port}"
        config = {"address": place, "workflow": "Job", "task_queue": "jobs", "api_key": "of-somebody"}
        outcome = await executor.execute(stored_call(executor, config))
        await executor.close()
    assert (outcome.error, outcome.unreached) == (expected, unreached)
