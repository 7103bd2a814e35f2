"""A receiver of runs, in a process of its own, and as small as possible, because it is not what is measured.

Every POST is answered at once and noted. A GET returns the notes and begins new ones.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import orjson

# The receiver ends after this time, even if nobody stops it.
LONGEST_S = 1800.0
_ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


@dataclass(frozen=True, slots=True)
class Notes:
    """What arrived: for each POST the instant (us since the epoch) and its headers
    `ce-time` and `ce-source` (empty where it had none), and the body of the last one."""

    posts: list[tuple[int, str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receiver:
    """The address of a receiver."""

    url: str

    async def notes(self) -> Notes:
        """Take the notes; the receiver begins new ones."""
        async with aiohttp.ClientSession() as session, session.get(self.url) as response:
            found: dict[str, Any] = orjson.loads(await response.read())
        return Notes([(at, when, source) for at, when, source in found["posts"]], found["body"].encode())


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port, which is stopped when the block ends."""
    command = [sys.executable, "-m", "horarium.bench.receiver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            yield Receiver(f"http://127.0.0.1:{int(process.stdout.readline())}/")
        finally:
            process.kill()


class _Connection(asyncio.Protocol):
    posts: list[tuple[int, str, str]] = []  # noqa: RUF012 - of all connections
    body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = int(_header(head, b"content-length") or 0)
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.transport.write(self._tell() if head.startswith(b"GET") else self._note(head, body))

    def _note(self, head: bytes, body: bytes) -> bytes:
        _Connection.posts.append(
            (time.time_ns() // 1000, _header(head, b"ce-time"), _header(head, b"ce-source"))
        )
        _Connection.body = body
        return _ANSWER

    def _tell(self) -> bytes:
        told = orjson.dumps({"posts": _Connection.posts, "body": _Connection.body.decode()})
        _Connection.posts = []
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told)


def _header(head: bytes, name: bytes) -> str:
    lower = head.lower()
    at = lower.find(b"\r\n" + name + b":")
    if at < 0:
        return ""
    return head[at + len(name) + 3 :].split(b"\r\n", 1)[0].strip().decode()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.sleep(LONGEST_S)


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve())
