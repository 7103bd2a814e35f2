"""One attacker in a process of its own: `python -m tests.acceptance.attacker URL KEY SECONDS PART,PART...`

It has a key of a workspace of its own and does up to four things at once, each at a bounded rate. It ends by itself
after SECONDS and prints one line of JSON: what it did, how often, and how much of a core it used itself.

- `slow`: connections that send one header a second and never finish the head.
- `half-open`: connections on which nothing, half a head, or half a body comes.
- `bodies`: requests whose bodies of 4 MB are the worst that we know for their route.
- `keys`: requests with keys that do not exist.
- `nothing`: to compare with.

Each part has loopback addresses of its own, so that a limit per address which stops one does not stop the others.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.acceptance import worst_bodies

OWN = "/horarium/v1"
SIZE = 4 * 1024 * 1024 - 64 * 1024

SLOW = 100
HALF_OPEN = 800
# How long (seconds) the attacker waits before it opens a connection again that the server has closed.
AGAIN_S = 1.0
# Senders of bodies, and the bodies that they send in a second together.
BODY_SENDERS, BODIES_A_SECOND = 4, 4.0
# Senders of wrong keys, and the requests that they make in a second together.
KEY_SENDERS, KEYS_A_SECOND = 64, 3_000.0
# The longest (seconds) that a sender waits for an answer.
PATIENCE_S = 20.0

# The addresses that each part connects from: 800 connections are more than one address may have.
ADDRESSES = {
    "slow": ("127.0.1.1",),
    "half-open": ("127.0.2.1", "127.0.2.2"),
    "bodies": ("127.0.3.1",),
    "keys": ("127.0.4.1",),
}

UNFINISHED = (
    b"",
    b"GET /horarium/v1/schedules HT",
    b"GET /horarium/v1/schedules HTTP/1.1\r\nhost: x\r\nx-slow: ",
    b"POST /horarium/v1/schedules HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{",
)


@dataclass(slots=True)
class Pace:
    """Gives permission so many times a second, to all senders together."""

    a_second: float
    _next: float = 0.0

    async def turn(self) -> None:
        self._next = max(self._next, time.monotonic() - 0.1) + 1 / self.a_second
        await asyncio.sleep(self._next - time.monotonic())


class Attack:
    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._key = key
        self.counts: Counter[str] = Counter()
        self._keys, self._bodies = Pace(KEYS_A_SECOND), Pace(BODIES_A_SECOND)
        self._worst: Iterator[tuple[str, str, str, bytes]] = itertools.cycle([])

    async def run(self, parts: list[str], seconds: float) -> None:
        """Attack in these ways for so many seconds."""
        senders: dict[str, tuple[int, Callable[[int], Awaitable[None]]]] = {
            "slow": (SLOW, self._slow),
            "half-open": (HALF_OPEN, self._half_open),
            "bodies": (BODY_SENDERS, self._send_bodies),
            "keys": (KEY_SENDERS, self._send_keys),
        }
        if "bodies" in parts:
            await self._prepare_bodies()
        print("ready", flush=True)
        tasks = [
            asyncio.create_task(self._for_ever(part, send, number))
            for part in parts
            if part != "nothing"
            for count, send in [senders[part]]
            for number in range(count)
        ]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _for_ever(self, part: str, send: Callable[[int], Awaitable[None]], number: int) -> None:
        while True:
            try:
                await send(number)
                self.counts[f"{part}: closed by the server"] += 1
            except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                self.counts[f"{part}: {type(error).__name__}"] += 1
            await asyncio.sleep(AGAIN_S)

    async def _slow(self, number: int) -> None:
        reader, writer = await self._open("slow")
        try:
            writer.write(b"GET /horarium/v1/schedules HTTP/1.1\r\nhost: x\r\n")
            while not reader.at_eof():
                self.counts["slow: headers"] += 1
                writer.write(b"x-slow-%d: 1\r\n" % self.counts["slow: headers"])
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1_000), 1.0)
        finally:
            writer.close()

    async def _half_open(self, number: int) -> None:
        reader, writer = await self._open("half-open", number)
        try:
            self.counts["half-open: opened"] += 1
            writer.write(UNFINISHED[number % len(UNFINISHED)])
            while await reader.read(1_000):
                pass
        finally:
            writer.close()

    async def _send_keys(self, number: int) -> None:
        reader, writer = await self._open("keys")
        try:
            while True:
                await self._keys.turn()
                key = f"hor_{random.getrandbits(256):064x}"
                writer.write(
                    b"GET /horarium/v1/schedules HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n\r\n"
                    % key.encode()
                )
                self.counts[f"keys: {await self._answer(reader)}"] += 1
        finally:
            writer.close()

    async def _send_bodies(self, number: int) -> None:
        reader, writer = await self._open("bodies")
        try:
            while True:
                await self._bodies.turn()
                method, path, content_type, body = next(self._worst)
                writer.write(self._head(method, path, content_type, len(body)) + body)
                self.counts[f"bodies: {await self._answer(reader)}"] += 1
        finally:
            writer.close()

    async def _prepare_bodies(self) -> None:
        """Make what the bodies are sent to, and the bodies."""
        executor = {"type": "http", "url": "http://127.0.0.1:1/"}
        target = {"kind": "workflow", "name": "T", "executor": executor}
        unique = {"allOf": [{"uniqueItems": True}] * 150}
        for key, more in (("plain", {}), ("checked", {"input_schema": unique})):
            made = json.dumps(target | {"key": key} | more).encode()
            reader, writer = await self._open("bodies")
            writer.write(self._head("POST", f"{OWN}/targets", "application/json", len(made)) + made)
            status = await self._answer(reader)
            writer.close()
            if status != 201:
                raise SystemExit(f"the target {key} was not made: {status}")
        order = {"name": "s", "recurrence": "0 9 1 1 *", "target": "plain"}
        checked = order | {"target": "checked"}
        any_json, texts = "application/json", worst_bodies.TEXTS
        put, raw = worst_bodies.with_value, worst_bodies.RAW
        body, url = ("executor", "body"), ("executor", "url")
        found = [
            ("PUT", "/targets/by-key/t", any_json, put(target, body, texts["template openings"](SIZE))),
            ("PUT", "/targets/by-key/t", any_json, put(target, body, texts["a template of spaces"](SIZE))),
            ("PUT", "/targets/by-key/t", any_json, put(target, url, texts["template openings"](SIZE))),
            ("POST", "/schedules", any_json, put(checked, ("input",), worst_bodies.ARRAYS["numbers"](SIZE))),
            ("POST", "/schedules", any_json, put(checked, ("input",), worst_bodies.ARRAYS["texts"](SIZE))),
            (
                "POST",
                "/schedules",
                any_json,
                put(order, ("input",), worst_bodies.OBJECTS["long names"](SIZE)),
            ),
            ("POST", "/schedules", any_json, put(order, ("recurrence",), texts["a cron list"](SIZE))),
            (
                "POST",
                "/schedules",
                any_json,
                put(order, ("labels",), worst_bodies.OBJECTS["many members"](SIZE)),
            ),
            ("POST", "/schedules/bulk", "application/x-ndjson", raw["lines of x"](SIZE)),
            ("POST", "/schedules/bulk", "application/x-ndjson", raw["empty objects on lines"](SIZE)),
            ("PUT", "/directory/users", "text/csv", raw["a cell of line ends"](SIZE)),
            ("PUT", "/directory/users", "text/csv", raw["many columns"](SIZE)),
            ("PUT", "/directory/users", any_json, raw["a list of objects with an id"](SIZE)),
            ("POST", "/keys", any_json, put({"name": "k"}, ("scopes",), worst_bodies.ARRAYS["texts"](SIZE))),
        ]
        self._worst = itertools.cycle(
            [(method, OWN + path, kind, text) for method, path, kind, text in found]
        )

    def _head(self, method: str, path: str, content_type: str, length: int) -> bytes:
        return (
            f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {self._key}\r\n"
            f"content-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        ).encode()

    async def _open(self, part: str, number: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = ADDRESSES[part][number % len(ADDRESSES[part])]
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.open_connection(self._host, self._port, local_addr=(address, 0))

    async def _answer(self, reader: asyncio.StreamReader) -> int:
        """Read one answer to its end; its status."""
        async with asyncio.timeout(PATIENCE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"transfer-encoding: chunked" in head:
                while size := int((await reader.readline()).strip() or b"0", 16):
                    await reader.readexactly(size + 2)
                await reader.readline()
            else:
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0))
        return int(head.split(b" ", 2)[1])


def main(url: str, key: str, seconds: str, parts: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4_096)), hard))
    attack = Attack(url, key)
    asyncio.run(_timed(attack, parts.split(","), float(seconds)))


async def _timed(attack: Attack, parts: list[str], seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    begun, cpu = time.monotonic(), used.ru_utime + used.ru_stime
    await attack.run(parts, seconds)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cores = (used.ru_utime + used.ru_stime - cpu) / (time.monotonic() - begun)
    print(json.dumps({"cores": round(cores, 2), "counts": dict(sorted(attack.counts.items()))}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
