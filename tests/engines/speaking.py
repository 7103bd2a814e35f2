"""Emulated engines that begin well. Each says what it says through a function that may change it: whatever one of its
frames becomes, the frames before it were right, and those behind it answer what comes then."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

from tests.engines.emulated import Answer

# Steps beside bytes: the connection ends here, or our side of it.
CLOSE, HALF = "close", "half"
Step = bytes | str
# What becomes of each frame, by its number among all frames and as it was.
Change = Callable[[int, bytes], Sequence[Step]]
Say = Callable[[bytes], None]


def unchanged(number: int, frame: bytes) -> Sequence[Step]:
    return (frame,)


class Speaking:
    """An engine whose frames are changed. `frames` are those that it had to say, `open` its open connections."""

    def __init__(self, speak: Callable[[asyncio.StreamReader, Say, int], Any]) -> None:
        self._speak = speak
        self.change: Change = unchanged
        self.frames: list[bytes] = []
        self.open = 0
        self.closed = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        halves = list[asyncio.StreamWriter]()

        def say(frame: bytes) -> None:
            steps = self.change(len(self.frames), frame)
            self.frames.append(frame)
            for step in steps:
                if step == CLOSE or writer.is_closing():
                    raise ConnectionError
                if step == HALF:
                    writer.write_eof()
                    halves.append(writer)
                elif isinstance(step, bytes) and not halves:
                    writer.write(step)

        self.open += 1
        self.closed.clear()
        try:
            await self._speak(reader, say, writer.get_extra_info("sockname")[1])
        finally:
            self.open -= 1
            if not self.open:
                self.closed.set()


async def rabbitmq(reader: asyncio.StreamReader, say: Say, port: int) -> None:
    """A broker that confirms each message."""
    from pamqp import commands, frame

    capabilities = {"publisher_confirms": True, "basic.nack": True}
    answers = {
        commands.Connection.StartOk: commands.Connection.Tune(2047, 131_072, 10),
        commands.Connection.Open: commands.Connection.OpenOk(),
        commands.Connection.Close: commands.Connection.CloseOk(),
        commands.Channel.Open: commands.Channel.OpenOk(),
        commands.Confirm.Select: commands.Confirm.SelectOk(),
    }
    confirmed = 0
    await reader.readexactly(8)
    say(frame.marshal(commands.Connection.Start(0, 9, {"capabilities": capabilities}, "PLAIN", "en_US"), 0))
    while True:
        head = await reader.readexactly(7)
        kind, channel, size = struct.unpack(">BHL", head)
        content = await reader.readexactly(size + 1)
        if kind == 3:
            confirmed += 1
            say(frame.marshal(commands.Basic.Ack(confirmed), channel))
        elif kind == 1 and type(asked := frame.unmarshal(head + content)[2]) in answers:
            say(frame.marshal(answers[type(asked)], channel))


async def kafka(
    reader: asyncio.StreamReader, say: Say, port: int, leader: Callable[[], int] = lambda: 1, wrong: int = 0
) -> None:
    """A cluster of one broker with one topic of one partition, which stores each record. `leader` numbers the broker
    whenever the cluster is asked for it, and `wrong` is the error that each record is answered with."""

    def text(given: str) -> bytes:
        return struct.pack(">h", len(given)) + given.encode()

    def many(*given: bytes) -> bytes:
        return struct.pack(">i", len(given)) + b"".join(given)

    def cluster() -> bytes:
        number = struct.pack(">i", leader())
        broker = number + text("localhost") + struct.pack(">ih", port, -1)
        partition = struct.pack(">hi", 0, 0) + number + many(number) + many(number)
        topic = struct.pack(">h", 0) + text("jobs") + b"\0" + many(partition)
        return many(broker) + number + many(topic)

    versions = ((18, 0, 0), (3, 0, 1), (22, 0, 0), (0, 3, 3))
    stored = 0
    while True:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        kind, _, number = struct.unpack(">hhi", (await reader.readexactly(size))[:8])
        answers = {
            18: struct.pack(">h", 0) + many(*(struct.pack(">hhh", *each) for each in versions)),
            3: cluster() if kind == 3 else b"",
            22: struct.pack(">ihqh", 0, 0, 4_000, 0),
            0: many(text("jobs") + many(struct.pack(">ihqq", 0, wrong, stored, -1))) + struct.pack(">i", 0),
        }
        stored += kind == 0
        say(struct.pack(">ii", len(answers[kind]) + 4, number) + answers[kind])


async def nats(reader: asyncio.StreamReader, say: Say, port: int) -> None:
    """A server whose stream stores each message."""
    say(b'INFO {"headers":true,"max_payload":1048576}\r\n')
    stored = 0
    while line := await reader.readline():
        if line.startswith(b"PING"):
            say(b"PONG\r\n")
        if line.startswith(b"HPUB"):
            *_, answers_to, _, size = line.split()
            await reader.readexactly(int(size) + 2)
            stored += 1
            receipt = json.dumps({"stream": "JOBS", "seq": stored}).encode()
            say(b"MSG %b 1 %d\r\n%b\r\n" % (answers_to, len(receipt), receipt))


async def redis(reader: asyncio.StreamReader, say: Say, port: int) -> None:
    """A server that adds each entry, and says of which run."""
    while line := await reader.readline():
        words = []
        for _ in range(int(line[1:])):
            size = int((await reader.readline())[1:])
            words.append((await reader.readexactly(size + 2))[:-2])
        added = b"*3\r\n:1\r\n$15\r\n1700000000000-0\r\n$%d\r\n%b\r\n"
        say(added % (len(words[3]), words[3]) if words[0] == b"EVAL" else b"+OK\r\n")


ENGINES: dict[str, Callable[[asyncio.StreamReader, Say, int], Any]] = {
    "rabbitmq": rabbitmq,
    "kafka": kafka,
    "nats": nats,
    "redis": redis,
}

__all__ = ["CLOSE", "ENGINES", "HALF", "Answer", "Change", "Speaking", "Step", "unchanged"]
