"""A database that answers whatever it likes makes this process neither grow nor wait, and reads none of its files."""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql import SqlSource
from horarium.domain.audience import AudienceQuery, SourceFault
from horarium.domain.execution import Verdict
from horarium.executors import sql
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import address, received
from horarium.executors.sql.guard import HostPolicy
from tests.executors.calls import call_of
from tests.support.turns import longest_hold

MEGABYTE = 1024 * 1024
TLS_REQUEST, CANCEL_REQUEST = 80_877_103, 80_877_102
OPTIONS = ExecutorOptions(sql_hosts=("*",), sql_allow_loopback=True)


def message(kind: bytes, content: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


ACCEPTED = message(b"R", struct.pack("!i", 0))
OPEN = b"".join(
    (
        ACCEPTED,
        message(b"S", b"server_version\x0016.0\x00"),
        message(b"S", b"client_encoding\x00UTF8\x00"),
        message(b"K", struct.pack("!ii", 1, 2)),
        message(b"Z", b"I"),
    )
)
SETTINGS = b"".join(message(b"S", b"%d\x00x\x00" % number) for number in range(5_000))
# What a hostile server says first, and what it then says for ever.
TALK = {
    "an announced message of two gigabytes": (b"R" + struct.pack("!i", 2**31 - 1), bytes(MEGABYTE)),
    "notices without an end": (b"", message(b"N", b"M" + b"x" * MEGABYTE + b"\x00\x00")),
    "an error without an end": (b"E" + struct.pack("!i", 2**31 - 1), b"M" * MEGABYTE),
    "settings without an end": (ACCEPTED, SETTINGS),
    "a challenge without an end": (
        b"R" + struct.pack("!i", 2**31 - 1) + struct.pack("!i", 10),
        b"S" * MEGABYTE,
    ),
    "an announced message once it is open": (OPEN + b"T" + struct.pack("!i", 2**31 - 1), bytes(MEGABYTE)),
    "notices once it is open": (OPEN, message(b"N", b"M" + b"x" * MEGABYTE + b"\x00\x00")),
}


# What a server says to each message of the driver, by its kind: to a query and to one that is prepared.
COLUMN = b"\0\1a\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
ANSWERS = {
    b"Q": message(b"C", b"BEGIN\0") + message(b"Z", b"I"),
    b"P": message(b"1"),
    b"D": message(b"t", b"\0\0") + message(b"T", COLUMN),
    b"B": message(b"2"),
    b"E": message(b"C", b"SELECT 0\0"),
    b"S": message(b"Z", b"I"),
}
# By what they do: what a server says in place of one of these answers.
WRONG = {
    "a row of less than nothing": (b"E", b"D" + struct.pack("!i", -1)),
    "a row that ends before it begins": (b"E", b"D" + struct.pack("!i", 3)),
    "a message without a kind": (b"P", bytes(4) + b"\x08" + bytes(4)),
    "the least length": (b"P", b"1" + struct.pack("!i", -(2**31))),
    "a length that comes in pieces": (b"B", b"2\xff" + b"\xff"),
    "an error of nothing": (b"P", message(b"E")),
    "a state that is no text": (b"B", message(b"E", b"S\xff\0C\xff\xff\0M\xff\0\0")),
    "a setting that is no text": (b"P", message(b"S", b"\xff\0\xff\0")),
    "an answer to nothing": (b"S", message(b"Z", b"I") + message(b"E", b"SERROR\0C57P01\0Mgone\0\0")),
    "a column without a name": (b"D", message(b"t", b"\0\0") + message(b"T", b"\x7f\xff")),
    "a copy": (b"E", message(b"G", b"\0\0\0")),
    "a challenge": (b"E", message(b"R", struct.pack("!i", 3))),
}
TOLD = (
    "the database could not be reached: what it answers cannot be understood",
    "the database could not be reached: it does not answer as PostgreSQL does",
    "the database gave no row within 0.3 s",
    "the write did not finish within 0.3 s",
)


@asynccontextmanager
async def postgres_that(talks: Callable[..., object], *, hears: bool = False) -> AsyncIterator[int]:
    """A server that reads how a client of PostgreSQL begins, and then does as it is told here. Its port. `hears`: it is
    given what it can read from as well."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (code := await opening(reader)) == TLS_REQUEST:
                writer.write(b"N")
            if code != CANCEL_REQUEST:
                await talks(*([reader] if hears else []), writer)  # type: ignore[misc]
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def opening(reader: asyncio.StreamReader) -> int:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        return int(struct.unpack("!i", (await reader.readexactly(length - 4))[:4])[0])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def largest_while(work: asyncio.Task[str]) -> int:
    """By how many bytes this process has grown at most while a task ran."""
    process = psutil.Process()
    before = most = process.memory_info().rss
    while not work.done():
        most = max(most, process.memory_info().rss)
        await asyncio.wait([work], timeout=0.01)
    return most - before


async def said_by_audience(port: int, seconds: float = 2.0) -> str:
    source = SqlSource(AudienceOptions(None, OPTIONS))  # type: ignore[arg-type]
    url = f"postgresql://u:a-password@127.0.0.1:{port}/crm"
    config = {"connection": url, "query": "SELECT id FROM people", "key": "id", "timeout": seconds}
    assert source.check(config) == []
    try:
        return str([row async for row in source.rows(AudienceQuery(bytes(16), "crm", {}, 0, config))])
    except SourceFault as error:
        return str(error)
    finally:
        await source.close()


async def said_by_target(port: int, seconds: float = 2.0) -> str:
    executor = sql.make(OPTIONS)
    config = {"connection": f"postgresql://u:a-password@127.0.0.1:{port}/crm", "table": "people"}
    assert executor.check(config) == []
    given = {"operation": "INSERT", "values": {"name": "Ada"}}
    call = call_of(*executor.split(config), input=given, timeout_ms=int(seconds * 1000))
    try:
        outcome = await executor.execute(call)
    finally:
        await executor.close()
    assert outcome.verdict is Verdict.FAILED
    return str(outcome.error)


@pytest.mark.parametrize("way", [said_by_audience, said_by_target])
@pytest.mark.parametrize("name", TALK)
async def test_what_a_database_sends_is_bounded_from_its_first_byte_on(
    name: str, way: Callable[[int], str]
) -> None:
    first, again = TALK[name]

    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(again)
            await writer.drain()

    async with postgres_that(talk) as port:
        work = asyncio.create_task(way(port))  # type: ignore[arg-type]
        grown = await largest_while(work)
    assert "sent more than" in work.result() or "connection was closed" in work.result()
    assert grown < 100 * MEGABYTE


@pytest.mark.parametrize("way", [said_by_audience, said_by_target])
async def test_rows_of_a_few_bytes_are_bounded_by_their_number(way: Callable[[int], str]) -> None:
    row = message(b"D", struct.pack("!hi", 1, -1))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OPEN)
        while True:
            kind, length = struct.unpack("!ci", await reader.readexactly(5))
            await reader.readexactly(length - 4)
            writer.write(ANSWERS.get(kind, b"") if kind != b"E" else row * received.MOST_ROWS)
            if kind == b"E":
                await writer.drain()
                writer.write(row)

    async with postgres_that(talk, hears=True) as port:
        work = asyncio.create_task(way(port))  # type: ignore[arg-type]
        grown = await largest_while(work)
    assert "sent more than 100000 rows at once" in work.result()
    assert grown < 60 * MEGABYTE


@pytest.mark.parametrize(
    "first", [b"", ACCEPTED, OPEN], ids=["at once", "after the password", "once it is open"]
)
async def test_a_database_that_falls_silent_is_given_up_in_time(first: bytes) -> None:
    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await writer.drain()
        await asyncio.sleep(60)

    begun = time.monotonic()
    async with postgres_that(talk) as port:
        said = await asyncio.wait_for(said_by_audience(port, 0.3), 20)
    assert "no row within 0.3 s" in said
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize("way", [said_by_audience, said_by_target])
@pytest.mark.parametrize("name", WRONG)
async def test_a_database_that_begins_well_and_then_speaks_wrongly_is_told_plainly_and_holds_nobody(
    name: str, way: Callable[[int], str]
) -> None:
    which, instead = WRONG[name]
    unheard: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OPEN)
        while True:
            kind, length = struct.unpack("!ci", await reader.readexactly(5))
            await reader.readexactly(length - 4)
            for piece in (instead,) if kind == which else (ANSWERS.get(kind, b""),):
                writer.write(piece)
                await writer.drain()

    said: list[str] = []

    async def saying() -> None:
        said.append(await way(port, 0.3))  # type: ignore[misc,call-arg]

    async with postgres_that(talk, hears=True) as port:
        held = await longest_hold(saying())
    assert said[0] in TOLD
    assert held < 0.1, f"{held:.3f} s"
    assert unheard == []


@pytest.mark.parametrize("way", [said_by_audience, said_by_target])
async def test_a_database_cannot_have_more_steps_made_for_a_password_than_nobody_notices(
    way: Callable[[int], str],
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))
        (length,) = struct.unpack("!xi", await reader.readexactly(5))
        nonce = (await reader.readexactly(length - 4)).rpartition(b"r=")[2]
        challenge = b"r=%bmore,s=QSXCR+Q6sek8bf92,i=2147483647" % nonce
        writer.write(message(b"R", struct.pack("!i", 11) + challenge))
        await reader.read()

    async with postgres_that(talk, hears=True) as port:
        said = await asyncio.wait_for(way(port), 20)  # type: ignore[arg-type]
    assert said == "the database could not be reached: it does not answer as PostgreSQL does"


@pytest.mark.parametrize(
    ("version", "problems"), [("0.2.0", 1), ("0.1.21", 1), ("0.3.0", 0), ("0.3.2", 0), ("1.0", 0)]
)
def test_a_driver_that_sends_files_to_whoever_asks_for_them_is_not_used(
    version: str, problems: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "find_spec", lambda _name: True)
    monkeypatch.setattr(address, "version", lambda _name: version)
    _, found = address.read_url("mysql://u:a-password@127.0.0.1/crm", HostPolicy.of(OPTIONS))
    assert (
        found
        == ["needs aiomysql 0.3 or newer on the server, because older ones give away its files"] * problems
    )
    assert address.read_url("mysql+asyncmy://u:a-password@127.0.0.1/crm", HostPolicy.of(OPTIONS))[1] == []


async def test_where_a_driver_breaks_down_is_told_to_the_operator_and_a_fault_of_our_own_stays_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    executor = sql.make(OPTIONS)
    config = {"connection": "postgresql://u:a-password@127.0.0.1:1/crm", "table": "people"}
    call = call_of(*executor.split(config), input={"operation": "INSERT", "values": {"name": "Ada"}})

    async def breaks_down(*_: object) -> None:
        raise LookupError("in the words of somebody else")

    monkeypatch.setattr(executor, "_write", breaks_down)
    with capture_logs() as lines:
        outcome = await executor.execute(call)
    assert (outcome.error, outcome.retryable) == (TOLD[0], True)
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("database_not_understood", "warning")
    assert line["places"].splitlines()[-1] == "LookupError"
    monkeypatch.setattr(executor, "_write", None)  # what our own code cannot call
    with pytest.raises(TypeError):
        await executor.execute(call)
    await executor.close()


@pytest.fixture
def mysql_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """What we use of aiomysql, which the tests do without: a connection reads what its reader gives."""
    driver: Any = ModuleType("aiomysql.connection")
    driver._StreamReader = type("_StreamReader", (asyncio.StreamReader,), {})

    async def connect(host: str, port: int) -> SimpleNamespace:
        reader = driver._StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, host, port)
        await reader.readexactly(4)
        return SimpleNamespace(_reader=reader, transport=transport)

    driver.connect = connect
    monkeypatch.setitem(sys.modules, "aiomysql", ModuleType("aiomysql"))
    monkeypatch.setitem(sys.modules, "aiomysql.connection", driver)


async def test_what_a_mysql_sends_is_bounded_from_its_first_byte_on(mysql_driver: None) -> None:
    sent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(b"open")
            await reader.readexactly(4)
            while True:
                writer.write(bytes(MEGABYTE))
                await writer.drain()
        writer.close()
        sent.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        made = await received.connect_mysql("127.0.0.1", server.sockets[0].getsockname()[1])
        raw = SimpleNamespace(connection=SimpleNamespace(driver_connection=made))
        counting = received.counting_of(raw)  # type: ignore[arg-type]
        assert counting is made._reader
        counting.check()
        made.transport.write(b"more")
        for _ in range(3):  # what was taken counts no more
            await made._reader.readexactly(received.MOST_RECEIVED // 2)
            counting.forget()
        with pytest.raises(received.TooMuchReceived):
            await made._reader.readexactly(2 * received.MOST_RECEIVED)
        with pytest.raises(received.TooMuchReceived):
            counting.check()
        await sent.wait()
    finally:
        server.close()


async def test_packets_of_a_mysql_are_bounded_by_their_number(
    mysql_driver: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(received, "MOST_ROWS", 3)
    reader = received.CountingReader()
    gone: list[bool] = []
    reader.set_transport(SimpleNamespace(abort=lambda: gone.append(True)))  # type: ignore[arg-type]
    reader.feed_data(bytes(100))
    for _ in range(2):
        for _ in range(6):
            await reader.readexactly(1)
        reader.check()
        reader.forget()
    for _ in range(6):
        await reader.readexactly(1)
    with pytest.raises(received.TooMuchReceived, match="more than 3 rows"):
        await reader.readexactly(1)
    with pytest.raises(received.TooMuchReceived, match="more than 3 rows"):
        reader.check()
    assert gone == [True]


async def test_what_a_mysql_says_before_it_is_open_is_bounded_more_narrowly(mysql_driver: None) -> None:
    reader = type("_", (received.CountingReader,), {})()
    transport = SimpleNamespace(aborted=False, pause_reading=lambda: None)
    transport.abort = lambda: setattr(transport, "aborted", True)
    reader.set_transport(transport)
    reader.feed_data(bytes(received.MOST_BEFORE_OPEN))
    assert not transport.aborted
    reader.feed_data(b"x")
    assert transport.aborted
    with pytest.raises(received.TooMuchReceived):
        await reader.readexactly(1)


async def test_a_driver_that_does_not_take_a_part_of_the_url_fails_the_run_and_says_so(monkeypatch):
    class Odd(Exception):
        """As drivers raise it before there is a connection."""

    def refuse(*given: Any, **named: Any) -> None:
        raise Odd('"sid" argument contains invalid values')

    monkeypatch.setattr("sqlalchemy.ext.asyncio.create_async_engine", refuse)
    executor = sql.executor.make(OPTIONS)
    config = {"connection": "postgresql+asyncpg://u:p@127.0.0.1/a", "table": "t"}
    assert not executor.check(config)
    outcome = await executor.execute(call_of(config))
    await executor.close()
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
    assert outcome.error == 'the write failed: "sid" argument contains invalid values'
