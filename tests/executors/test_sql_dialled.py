"""Drivers that dial by themselves connect only where the guard lets them, and keep no more than is allowed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import create_engine, make_url
from sqlalchemy.util.concurrency import greenlet_spawn

from horarium.executors.egress import AddressRefused
from horarium.executors.sql import databases, dialled, received
from horarium.executors.sql.address import Address
from horarium.executors.sql.dialled import DIALLED, Dialled, connect
from horarium.executors.sql.guard import DatabaseGuard, HostPolicy

LEFT_ALONE = asyncio


class Pieces(asyncio.BufferedProtocol):
    """A driver's protocol that is filled a few bytes at a time, as that of asyncmy is."""

    def __init__(self) -> None:
        self.room, self.got = bytearray(3), b""
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self.room)

    def buffer_updated(self, nbytes: int) -> None:
        self.got += self.room[:nbytes]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


class Whole(asyncio.Protocol):
    """A driver's protocol that is given what has arrived, as that of oracledb is."""

    def __init__(self) -> None:
        self.got = b""
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.got += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


@pytest.fixture(params=sorted(DIALLED))
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What we use of a driver, which the tests do without: it asks asyncio for the loop, and goes where it is sent."""
    module, package, opener = dialled._DRIVERS[request.param]
    inner: Any = ModuleType(module)
    inner.asyncio = LEFT_ALONE

    async def opens(places: Sequence[tuple[str, int]]) -> SimpleNamespace:
        ask = inner.asyncio.get_event_loop if package == "asyncmy" else inner.asyncio.get_running_loop
        kind = Pieces if package == "asyncmy" else Whole
        for place in places:
            try:
                transport, protocol = await ask().create_connection(kind, *place)
            except OSError as error:
                raise LookupError("in the driver's own words") from error
        return SimpleNamespace(transport=transport, protocol=protocol)

    outer: Any = ModuleType(package)
    setattr(outer, opener, opens)
    monkeypatch.setitem(sys.modules, package, outer)
    monkeypatch.setitem(sys.modules, module, inner)
    return str(request.param)


Met = list[asyncio.StreamWriter]


@pytest_asyncio.fixture
async def database() -> AsyncIterator[tuple[int, Met]]:
    """The port of a server, and who has connected to it."""
    met: Met = []
    server = await asyncio.start_server(lambda _, writer: met.append(writer), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], met
    for writer in met:
        writer.transport.abort()
    server.close()


def judged_by(policy: HostPolicy) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    guard = DatabaseGuard(policy)
    return lambda host, port: guard.resolve(host, port, "crm")


def known(port: int, *, in_packets: bool = False) -> Dialled:
    return Dialled("127.0.0.1", port, judged_by(HostPolicy(("*",))), in_packets=in_packets)


@pytest.mark.parametrize("elsewhere", ["127.0.0.1", "169.254.169.254", "::1", "db.example.com", "/run/db"])
async def test_a_database_sends_its_client_to_no_place_that_the_guard_refuses(
    driver: str, elsewhere: str, database: tuple[int, Met]
) -> None:
    port, _ = database
    other: Met = []
    hidden = await asyncio.start_server(lambda _, writer: other.append(writer), "127.0.0.1", 0)
    judge = judged_by(HostPolicy(("127.0.0.1:1", "169.254.169.254", "::1")))
    places = [("127.0.0.1", port), (elsewhere, hidden.sockets[0].getsockname()[1])]
    with pytest.raises(AddressRefused):
        await connect(driver, Dialled("127.0.0.1", port, judge, in_packets=False), places)
    hidden.close()
    assert other == []


async def test_a_database_sends_its_client_to_the_address_that_was_judged(
    driver: str, database: tuple[int, Met]
) -> None:
    port, _ = database
    asked: list[tuple[str, int]] = []

    async def judge(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    found = Dialled("192.0.2.1", port, judge, in_packets=False)
    made = await connect(driver, found, [("node.example.com", port)])
    assert asked == [("node.example.com", port)]
    assert made.transport.get_extra_info("peername") == ("127.0.0.1", port)
    made.transport.abort()


async def test_what_arrives_is_handed_on_whole_and_counted(driver: str, database: tuple[int, Met]) -> None:
    port, met = database
    found = known(port)
    made = await connect(driver, found, [("127.0.0.1", port)])
    raw = SimpleNamespace(connection=SimpleNamespace(driver_connection=made))
    assert received.counting_of(raw) is found  # type: ignore[arg-type]
    met[0].write(b"a few bytes")
    met[0].close()
    assert await made.protocol.lost is None
    assert made.protocol.got == b"a few bytes"
    found.check()
    made.transport.abort()


@pytest.mark.parametrize("opened", [False, True])
async def test_a_database_that_sends_more_than_is_allowed_is_cut_off(
    opened: bool, driver: str, database: tuple[int, Met], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialled, "MOST_BEFORE_OPEN", 10)
    monkeypatch.setattr(dialled, "MOST_RECEIVED", 20)
    port, met = database
    found = known(port)
    made = await connect(driver, found, [("127.0.0.1", port)])
    if not opened:  # as while it is being opened
        found = known(port)
        made.protocol = Whole()
        counted = dialled._Counted(made.protocol, found)
        counted.connection_made(made.transport)
        made.transport.set_protocol(counted)
    met[0].write(bytes(21 if opened else 11))
    assert isinstance(await made.protocol.lost, received.TooMuchReceived)
    assert made.protocol.got == b""
    with pytest.raises(received.TooMuchReceived):
        found.check()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_packets_of_a_mysql_are_counted_however_they_come(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (dialled, received):
        monkeypatch.setattr(module, "MOST_ROWS", 3)
    sent = b"\x02\0\0\x01ab" + b"\0\0\0\x02" + b"\x05\0\0\x03abcde"
    gone: list[bool] = []
    inner = SimpleNamespace(connection_made=lambda _: None, data_received=lambda _: None)
    found = known(3306, in_packets=True)
    counted = dialled._Counted(inner, found)
    counted.connection_made(SimpleNamespace(abort=lambda: gone.append(True)))  # type: ignore[arg-type]
    for _ in range(2):
        for at in range(0, len(sent), size):
            counted.data_received(sent[at : at + size])
        found.check()
        found.forget()
    for at in range(0, len(sent), size):
        counted.data_received(sent[at : at + size])
    assert gone == []
    counted.data_received(b"\0\0\0\x04")
    assert gone == [True]
    with pytest.raises(received.TooMuchReceived, match="more than 3 rows"):
        found.check()


async def test_other_users_of_a_driver_are_left_alone(driver: str, database: tuple[int, Met]) -> None:
    port, _ = database
    (await connect(driver, known(port), [("127.0.0.1", port)])).transport.abort()
    module, package, opener = dialled._DRIVERS[driver]
    assert sys.modules[module].asyncio.get_running_loop() is asyncio.get_running_loop()  # type: ignore[attr-defined]
    made = await getattr(sys.modules[package], opener)([("127.0.0.1", port)])
    assert not isinstance(made.transport.get_protocol(), dialled._Counted)
    made.transport.abort()


@pytest.mark.parametrize("kind", ["mysql+asyncmy", "mariadb+asyncmy", "oracle+oracledb_async"])
async def test_databases_are_connected_to_in_this_way_by_their_drivers(kind: str) -> None:
    url = make_url(f"{kind}://u:a-password@127.0.0.1/crm")
    own = url.get_dialect()
    dialect = SimpleNamespace(name=own.name, driver=own.driver, create_connect_args=lambda _url: ([], {}))
    engine, named = create_engine("sqlite://"), dict[str, Any]()
    guard = DatabaseGuard(HostPolicy(("127.0.0.1",), allow_loopback=True))
    databases._pin(engine, Address(url, {}, "127.0.0.1", 3306, "crm"), guard)
    (pin,) = engine.dialect.dispatch.do_connect
    await greenlet_spawn(pin, dialect, None, [], named)
    opens = named["async_creator_fn"]
    assert (opens.func, opens.args[0]) == (connect, own.driver)
    assert opens.args[1].in_packets is (own.name != "oracle")
    with pytest.raises(AddressRefused):
        await opens.args[1].address("169.254.169.254", 80)


async def test_the_driver_of_sql_servers_waits_in_threads_that_nobody_else_wants() -> None:
    url = make_url("mssql+aioodbc://u:a-password@127.0.0.1/crm")
    dialect = SimpleNamespace(
        name="mssql", driver="aioodbc", create_connect_args=lambda _url: (["dsn"], {"ansi": True})
    )
    engine, given, named = create_engine("sqlite://"), list[Any](), dict[str, Any]()
    guard = DatabaseGuard(HostPolicy(("127.0.0.1",), allow_loopback=True))
    threads: Any = object()
    databases._pin(engine, Address(url, {"timeout": 10}, "127.0.0.1", 1433, "crm"), guard, threads)
    (pin,) = engine.dialect.dispatch.do_connect
    await greenlet_spawn(pin, dialect, None, given, named)
    opened = {"executor": threads, "async_creator_fn": databases.connect_odbc}
    assert (given, named) == (["dsn"], {"ansi": True, "timeout": 10, **opened})
