"""Connections of drivers that dial by themselves (asyncmy, oracledb): where they lead, and what a database may send.

An Oracle may answer that its client has to connect elsewhere, and the driver does so. So each connection that one of
these drivers makes is judged as the first one is, and what arrives is counted as `received` says. Each driver asks
asyncio for the event loop. It is given one whose connections are made here, where `connect` opens a connection; all
other users of the driver are left alone.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, cast

from horarium.executors.egress import AddressRefused
from horarium.executors.sql.received import (
    MOST_BEFORE_OPEN,
    MOST_RECEIVED,
    MOST_ROWS,
    DialledCounts,
    TooMuchReceived,
)

# Drivers by their names in SQLAlchemy: their module that opens connections, and the name of what opens one.
_DRIVERS = {
    "asyncmy": ("asyncmy.connection", "asyncmy", "connect"),
    "oracledb": ("oracledb.thin_impl", "oracledb", "connect_async"),
}
DIALLED = frozenset(_DRIVERS)

# The addresses that may be connected to for a host and a port. Raises AddressRefused and OSError.
Judge = Callable[[str, int], Awaitable[Sequence[str]]]


class Dialled(DialledCounts):
    """What is known of one connection of a driver, although it may have been made in several steps: how much has
    arrived, and why it must not go on. `in_packets`: a row is a packet of MySQL, and these are counted too."""

    def __init__(self, address: str, port: int, judge: Judge, *, in_packets: bool) -> None:
        self._first, self._judge, self.in_packets = (address, port), judge, in_packets
        self._received, self._most, self._rows = 0, MOST_BEFORE_OPEN, 0
        self._refused: AddressRefused | None = None

    def open(self) -> None:
        self._received, self._rows, self._most = 0, 0, MOST_RECEIVED

    def forget(self) -> None:
        self._received = self._rows = 0

    def check(self) -> None:
        why = self.why()
        if why is not None:
            raise why from None

    def why(self) -> OSError | None:
        """Why the connection was cut off, or not made. None if it was not."""
        if self._received > self._most:
            return TooMuchReceived(self._most)
        return TooMuchReceived(MOST_ROWS) if self._rows > MOST_ROWS else self._refused

    def take(self, size: int, rows: int) -> bool:
        """Count what has arrived. False if that was too much."""
        self._received += size
        self._rows += rows
        return self.why() is None

    async def address(self, host: str, port: int) -> str:
        """Where to connect for a place that the driver names. Raises AddressRefused and OSError."""
        if (host, port) == self._first:
            return host
        try:
            return (await self._judge(host, port))[0]
        except AddressRefused as error:
            self._refused = error
            raise


class _Counted(asyncio.Protocol):
    """Stands before the protocol of a driver, and hands on what arrives while that is not too much."""

    def __init__(self, inner: Any, dialled: Dialled) -> None:
        self.inner, self._dialled = inner, dialled
        self._buffered = isinstance(inner, asyncio.BufferedProtocol)
        # What has come of the head of a packet, and how many bytes of a packet have not come.
        self._begun, self._missing = b"", 0
        self.link: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.link = transport
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._dialled.take(len(data), self._packets(data) if self._dialled.in_packets else 0):
            self.link.abort()
        elif self._buffered:
            self._fill(data)
        else:
            self.inner.data_received(data)

    def _fill(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            room = self.inner.get_buffer(len(rest))
            size = min(len(room), len(rest))
            room[:size] = rest[:size]
            self.inner.buffer_updated(size)
            rest = rest[size:]

    def _packets(self, data: bytes) -> int:
        """How many packets of MySQL begin here. Each has its length in three bytes, and a number in one."""
        if self._begun:
            data, self._begun = self._begun + data, b""
        at, end, found = self._missing, len(data), 0
        while at + 4 <= end:
            at += 4 + int.from_bytes(data[at : at + 3], "little")
            found += 1
        self._missing = max(at - end, 0)
        self._begun = data[at:]
        return found

    def eof_received(self) -> bool | None:
        return cast("bool | None", self.inner.eof_received())

    def connection_lost(self, exc: Exception | None) -> None:
        self.inner.connection_lost(self._dialled.why() or exc)

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()


class _Dialling:
    """An event loop that connects where a judge says. Everything else is the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, dialled: Dialled) -> None:
        self._loop, self._dialled = loop, dialled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(
        self, factory: Callable[[], Any], host: Any = None, port: Any = None, **options: Any
    ) -> tuple[Any, Any]:
        if host is not None:  # otherwise TLS begins on a socket that was connected here
            host = await self._dialled.address(host, port)
        transport, counted = await self._loop.create_connection(
            lambda: _Counted(factory(), self._dialled), host, port, **options
        )
        return transport, counted.inner

    async def start_tls(self, transport: Any, protocol: Any, context: Any, **options: Any) -> Any:
        counted = _Counted(protocol, self._dialled)
        counted.link = transport  # it is told of no connection, because it has one
        return await self._loop.start_tls(transport, counted, context, **options)


# What is known of the connection that is being opened here; None where connections are left alone.
_opening: ContextVar[Dialled | None] = ContextVar("dials_for_a_driver", default=None)


class _Asyncio:
    """Stands for asyncio in the module of a driver that opens connections."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    def get_running_loop() -> Any:
        dialled, loop = _opening.get(), asyncio.get_running_loop()
        return loop if dialled is None else _Dialling(loop, dialled)

    get_event_loop = get_running_loop


_ASYNCIO = _Asyncio()


async def connect(driver: str, dialled: Dialled, *given: Any, **named: Any) -> Any:
    """Opens a connection as the driver does. Raises what the driver raises, and AddressRefused or TooMuchReceived where
    the connection was not made for that reason."""
    module, package, opener = _DRIVERS[driver]
    importlib.import_module(module).asyncio = _ASYNCIO  # type: ignore[attr-defined]
    before = _opening.set(dialled)
    try:
        made = await getattr(importlib.import_module(package), opener)(*given, **named)
    except Exception:
        dialled.check()
        raise
    finally:
        _opening.reset(before)
    dialled.open()
    made.counting = dialled
    return made
