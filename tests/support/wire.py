"""A server that speaks HTTP byte for byte: it notes requests exactly as they came, and answers what a test writes.

async with Wire() as wire:
    wire.answers = [answer(200, b"{}"), [b"HTTP/1.1 200", CUT]]
    ... send to wire.port ...
    assert wire.requests[0].startswith(b"POST /hook HTTP/1.1\\r\\n")
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

# Steps beside bytes: the connection ends here, with or without a farewell, or nothing comes any more.
CUT, RESET, SILENCE = "cut", "reset", "silence"
Step = bytes | str

_LENGTH = re.compile(rb"\ncontent-length: *(\d+)", re.IGNORECASE)


def answer(status: int | str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> list[Step]:
    """A plain answer. `status` may have a reason behind it."""
    given = {"Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    reason = "" if isinstance(status, str) else " Said"
    return [f"HTTP/1.1 {status}{reason}\r\n{lines}\r\n".encode() + body]


class Wire:
    """Listens on a port of 127.0.0.1. The last answer stays."""

    def __init__(self) -> None:
        self.answers: list[Sequence[Step]] = [answer(200)]
        self.requests: list[bytes] = []
        self.arrived = asyncio.Event()
        self.open = 0
        self.port = 0
        self._over = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while (request := await _request(reader)) is not None:
                self.requests.append(request)
                self.arrived.set()
                steps = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if not await self._give(writer, steps):
                    return
        except ConnectionError:
            return  # the other side had enough of it
        finally:
            self.open -= 1
            writer.close()

    async def _give(self, writer: asyncio.StreamWriter, steps: Sequence[Step]) -> bool:
        """Answer. False where the connection ends with that."""
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif step == RESET:
                writer.transport.abort()
                return False
            elif step == CUT:
                return False
            else:
                await self._over.wait()
                return False
        return True

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._over.set()
        self._server.close()


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        return head + await reader.readexactly(int(found[1]) if found else 0)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
