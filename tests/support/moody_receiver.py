"""A receiver of runs, in a process of its own, whose paths behave as differently as targets do.

with moods(tmp_path / "log") as receiver:
    receiver.url("neighbour", "at-once")       # answered at once
    receiver.url("tenant", "after-20")         # after 20 ms
    receiver.url("models", "between-2000-60000")
    receiver.url("dead", "hang")               # never, until `wake()`; what has hung until then goes on hanging
    ... receiver.arrivals("neighbour") ...

The first part of a path names who called; each request is noted under it when it arrives.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO, cast

_ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: when it came and the slot that it was for (0 where it named none), in milliseconds, and its run."""

    at_ms: int
    slot_ms: int
    run: str

    @property
    def late_ms(self) -> int:
        return self.at_ms - self.slot_ms


class Moods:
    def __init__(self, port: int, log: Path) -> None:
        self._port, self._log = port, log

    def url(self, name: str, behaviour: str) -> str:
        return f"http://127.0.0.1:{self._port}/{name}/{behaviour}"

    def wake(self) -> None:
        """What hung answers new requests from now on."""
        self._tell("wake")

    def arrivals(self, name: str) -> list[Arrival]:
        """The requests of one caller so far, in order."""
        self._tell("flush")
        found = []
        for line in self._log.read_text().splitlines():
            who, at, slot, run = line.split()
            if who == name:
                found.append(Arrival(int(at), int(slot), run))
        return found

    def seen(self, name: str) -> int:
        """How many requests of one caller came so far. Cheap, so that asking takes no time from what is measured."""
        return int(self._tell(f"seen/{name}"))

    def most_at_once(self, name: str) -> int:
        """How many requests of one caller have been open at a time at most."""
        return int(self._tell(f"most/{name}"))

    def open_now(self, name: str) -> int:
        """How many requests of one caller are open."""
        return int(self._tell(f"open/{name}"))

    def _tell(self, word: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/control/{word}", timeout=30) as answer:
            return bytes(answer.read())


@contextmanager
def moods(log: Path) -> Iterator[Moods]:
    """A receiver that notes into `log`; its process ends with the block."""
    command = [sys.executable, "-m", "tests.support.moody_receiver", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Moods(int(process.stdout.readline()), log)
        finally:
            process.kill()


class _Notes:
    def __init__(self, log: TextIO) -> None:
        self.log, self.awake = log, False
        self.seen: Counter[str] = Counter()
        self.open: Counter[str] = Counter()
        self.most: Counter[str] = Counter()


class _Connection(asyncio.Protocol):
    def __init__(self, notes: _Notes) -> None:
        self._notes, self._buffer = notes, b""
        self._name: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._over()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(_header(head, b"content-length") or 0)
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            _, name, behaviour = head.split(b" ", 2)[1].decode().split("/", 2)
            if name == "control":
                self._control(behaviour)
            else:
                self._take(name, behaviour, head)

    def _take(self, name: str, behaviour: str, head: bytes) -> None:
        notes = self._notes
        slot = _instant(_header(head, b"ce-time"))
        notes.log.write(f"{name} {time.time_ns() // 1_000_000} {slot} {_header(head, b'idempotency-key')}\n")
        self._name = name
        notes.seen[name] += 1
        notes.open[name] += 1
        notes.most[name] = max(notes.most[name], notes.open[name])
        word, *numbers = behaviour.split("-")
        if behaviour == "at-once" or (word == "hang" and notes.awake):
            self._answer()
        elif word == "after":
            asyncio.get_running_loop().call_later(int(numbers[0]) / 1000, self._answer)
        elif word == "between":
            seconds = random.uniform(int(numbers[0]), int(numbers[1])) / 1000
            asyncio.get_running_loop().call_later(seconds, self._answer)

    def _answer(self) -> None:
        self._over()
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)

    def _over(self) -> None:
        if self._name is not None:
            self._notes.open[self._name] -= 1
            self._name = None

    def _control(self, words: str) -> None:
        verb, _, name = words.partition("/")
        self._notes.log.flush()
        if verb == "wake":
            self._notes.awake = True
        counters = {"seen": self._notes.seen, "most": self._notes.most, "open": self._notes.open}
        counted = counters.get(verb, Counter())[name]
        body = str(counted).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def _header(head: bytes, name: bytes) -> str:
    at = head.find(b"\r\n" + name + b":")
    return "" if at < 0 else head[at + len(name) + 3 :].split(b"\r\n", 1)[0].strip().decode()


def _instant(text: str) -> int:
    """`2026-11-22t12:00:00z` (in lower case, as the head is) in milliseconds; 0 where there is none."""
    if not text:
        return 0
    return round(datetime.fromisoformat(text.upper()).timestamp() * 1000)


async def _serve(path: Path) -> None:
    with path.open("a") as log:
        notes = _Notes(log)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(notes), "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    import resource

    import uvloop

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_serve(Path(sys.argv[1])))
