"""Whole servers in processes of their own, and connections that send requests to them."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from horarium.bench.stage import Stage
from horarium.domain.ids import random_id
from horarium.domain.tenancy import EVERY_SCOPE, KEY_PREFIX, Key, key_hash, key_hint
from horarium.store.verbs import tenancy

START_S = 120.0
STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Process:
    """A server that listens. `begun` is when its process was started (`time.time()`)."""

    port: int
    pid: int
    begun: float

    def usage(self) -> tuple[float, float]:
        """(CPU seconds so far, resident megabytes). Only on Linux."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return _ticks(self.pid) / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def database_cpu(made: Stage) -> float:
    """The CPU seconds so far of the connections of a stage's own PostgreSQL server; 0 of any other database. Only on
    Linux."""
    noted = made.folder / "postgres" / "postmaster.pid"
    if not noted.exists():
        return 0.0
    server = noted.read_text().split("\n", 1)[0]
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return sum(_ticks(int(pid)) for pid in children) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended
    return int(fields[11]) + int(fields[12])


@contextmanager
def process(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Process]:
    """Run a module until the block ends, its output in `log`. It must print its address, as `http://127.0.0.1:port`."""
    begun = time.time()
    with log.open("w") as output:
        started = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
        )
    try:
        yield Process(_port(started, log, begun), started.pid, begun)
    finally:
        started.terminate()
        try:
            started.wait(STOP_S)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _port(started: subprocess.Popen[bytes], log: Path, begun: float) -> int:
    while started.poll() is None and time.time() - begun < START_S:
        found = re.search(r"http://127\.0\.0\.1:(\d+)\D", log.read_text())
        if found is not None:
            return int(found[1])
        time.sleep(0.01)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")


@contextmanager
def serving(made: Stage, settings: Mapping[str, str] | None = None) -> Iterator[Process]:
    """`horarium serve` on the stage's database, with these environment variables."""
    command = [
        "horarium",
        "serve",
        "--database",
        made.url,
        "--data",
        str(made.folder / "serve"),
        "--port",
        "0",
    ]
    environment = {"HORARIUM_SECRET_KEY": made.secret_key, **(settings or {})}
    with process([*command, "--allow-loopback"], environment, made.folder / "serve.log") as server:
        yield server


async def api_key(made: Stage) -> str:
    """Make a key that may do everything in the stage's workspace; its text."""
    text, now = KEY_PREFIX + secrets.token_urlsafe(32), made.clock.now_ms()
    key = Key(random_id(now), made.workspace, made.principal, "bench", key_hint(text), (EVERY_SCOPE,), now)
    await made.store.write(tenancy.create_key, tenancy.NewKey(key, key_hash(text)))
    return text


class Asker:
    """One kept-alive HTTP connection that costs little: requests are written as bytes, answers read by their length, or
    in chunks as long lists come."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, cookie: str = ""
    ) -> None:
        self._reader, self._writer, self._key = reader, writer, key
        self._cookie = cookie

    async def sign_in(self) -> str:
        """Begin a session of the console, in which all further requests are sent; its cookie."""
        body = urlencode({"key": self._key}).encode()
        head = (
            "POST /console/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        found = re.search(r"set-cookie: (horarium_session=[^;]+)", answer, re.IGNORECASE)
        if found is None:
            raise RuntimeError(f"the console was not signed in to: {answer[:500]}")
        self._cookie = found[1]
        return self._cookie

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
        """Send a request; the body of the answer. Raises RuntimeError where its status is not in the 200s."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
        if self._cookie:
            head += f"Cookie: {self._cookie}\r\nAccept: text/html\r\n"
        if body:
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(head.encode() + b"\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        _, _, length = answer.lower().partition(b"content-length:")
        if length:
            content = await self._reader.readexactly(int(length.split(b"\r\n", 1)[0]))
        else:
            content = b"".join([chunk async for chunk in self._chunks()])
        if answer[9:10] != b"2":
            raise RuntimeError(f"{method} {path}: {answer[:64]!r} {content[:500]!r}")
        return content

    async def stream(self, path: str) -> AsyncIterator[bytes]:
        """The pieces of an answer that goes on until it is ended. Raises RuntimeError where its status is not 200."""
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self._cookie}\r\nAccept: text/event-stream\r\n\r\n"
        self._writer.write(head.encode())
        answer = await self._reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer[:16]:
            raise RuntimeError(f"GET {path}: {answer[:64]!r}")
        async for chunk in self._chunks():
            yield chunk

    async def _chunks(self) -> AsyncIterator[bytes]:
        size = 1
        while size:
            size = int(await self._reader.readline(), 16)
            yield (await self._reader.readexactly(size + 2))[:-2]


@asynccontextmanager
async def asker(port: int, key: str, cookie: str = "") -> AsyncIterator[Asker]:
    """A connection to the server on a port, closed when the block ends; with a cookie, in that session."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        yield Asker(reader, writer, key, cookie)
    finally:
        writer.close()
