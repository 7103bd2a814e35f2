"""Bounds what a database may send: PostgreSQL, and MySQL by its driver aiomysql (at the end). For other drivers see
`dialled`.

The driver of PostgreSQL keeps a message in memory until it is complete, and a message may have a gigabyte, also one
that comes before the server has asked who connects. So the bytes that arrive are counted from the first one on, and a
connection that brings more than MOST_BEFORE_OPEN before it is open, or later more than MOST_RECEIVED between two calls
of `Counting.forget`, is cut off.

The driver also believes what a message says of itself. It reads one without a kind again and again, for ever, and does
as many steps as the server wants before it sends a password, all of that in one go. So messages are looked at before
the driver reads them.

The driver has no public way to set the protocol of a connection. So the class of its protocols is replaced, for
connections that `connect` opens; all others of this process, such as those of the server's own store, are left alone.
The tests notice if a later version makes its protocols elsewhere.
"""

from __future__ import annotations

import asyncio
import importlib
import re
import struct
from abc import ABC, abstractmethod
from contextvars import ContextVar
from typing import Any, cast

import asyncpg
from asyncpg import connect_utils
from asyncpg.protocol import Protocol
from sqlalchemy import Connection

from horarium.domain.audience import ROW_SIZE_LIMIT

# Rows that are fetched at once, and the bytes that may arrive meanwhile: enough for as many of the largest rows.
FETCHED = 100
MOST_RECEIVED = FETCHED * ROW_SIZE_LIMIT * 5 // 4
# The rows that may arrive meanwhile, however small: each takes a hundred bytes. No question of ours has as many.
MOST_ROWS = 100_000
# The bytes that may arrive before a connection is open. An honest server sends a few thousand.
MOST_BEFORE_OPEN = 1024 * 1024
# Steps of SCRAM that a server may ask for. Usual are 4,096; the driver takes 5 ms for them, and nobody has a turn.
MOST_STEPS = 50_000
_STEPS = re.compile(rb"(?:^|,)i=(\d{1,20})")
# The kinds of messages, and what each begins with: its kind, and its length with that of the length itself. The kind
# and the code of the request for those steps.
_KINDS = b"123ACDEGHIKNRSTVWZcdnstv"
_HEAD, _LEAST = struct.Struct("!Bi"), 4
_ASKING, _SCRAM = b"R"[0], (11).to_bytes(4)
_ROW = b"D"[0]


class TooMuchReceived(OSError):
    """The database has sent more at once than is allowed, in bytes or in rows."""

    def __init__(self, most: int) -> None:
        if most == MOST_ROWS:
            super().__init__(f"the database sent more than {most} rows at once")
            return
        why = (
            "its rows are too large"
            if most == MOST_RECEIVED
            else "it does not answer as such a database does"
        )
        super().__init__(f"the database sent more than {most} bytes at once; {why}")


class NoPostgres(OSError):
    """The database has sent what no PostgreSQL does."""

    def __init__(self) -> None:
        super().__init__("it does not answer as PostgreSQL does")


class Counting(Protocol):  # type: ignore[misc]
    """The driver's protocol, which counts and looks at what arrives before it reads it."""

    _received, _most = 0, MOST_BEFORE_OPEN
    _rows = 0
    _wrong = False
    # What has come of the head of a message, and how many bytes of a message have not come.
    _begun, _missing = b"", 0
    _link: asyncio.Transport

    def open(self) -> None:
        """The connection is open, so rows may come from now on."""
        self._received, self._most = 0, MOST_RECEIVED

    def forget(self) -> None:
        """Begin to count anew, because what has arrived so far has been taken."""
        self._received = self._rows = 0

    def check(self) -> None:
        """Raises TooMuchReceived or NoPostgres if the connection was cut off."""
        why = self._why()
        if why is not None:
            raise why from None

    def _why(self) -> TooMuchReceived | NoPostgres | None:
        if self._received > self._most:
            return TooMuchReceived(self._most)
        if self._rows > MOST_ROWS:
            return TooMuchReceived(MOST_ROWS)
        return NoPostgres() if self._wrong else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop. The driver's error has this one as its cause."""
        super().connection_lost(self._why() or exc)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of the server's event loop are of no class of asyncio's.
        self._link = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self._most:
            self._link.abort()
            return
        self._wrong = self._wrong or not self._is_sound(data)
        if not self._wrong:
            try:
                super().data_received(data)
            except Exception:  # it breaks down at a message that it does not expect
                self._wrong = True
        if self._wrong:
            self._link.abort()

    def _is_sound(self, data: bytes) -> bool:
        """Whether each message that begins in what has arrived has a kind and a length, and asks for no more steps than
        it may, and whether there are no more rows than may be."""
        at, end = self._missing, len(data)
        if self._begun:
            data, self._begun = self._begun + data, b""
            end = len(data)
        while at + _HEAD.size <= end:
            kind, length = _HEAD.unpack_from(data, at)
            if kind not in _KINDS or length < _LEAST:
                return False
            if (
                kind == _ASKING
                and self._most == MOST_BEFORE_OPEN
                and not _may_be_asked(data[at + 5 : at + 1 + length])
            ):
                return False
            self._rows += kind == _ROW
            at += 1 + length
        if self._rows > MOST_ROWS:
            return False
        self._missing = max(at - end, 0)
        self._begun = data[at:]
        return True


def _may_be_asked(content: bytes) -> bool:
    """Whether a message that a server asks for a password by asks for no more steps than MOST_STEPS."""
    steps = _STEPS.search(content, 4) if content.startswith(_SCRAM) else None
    return steps is None or int(steps[1]) <= MOST_STEPS


# The protocols of the connection that is being opened here; None where they are not counted.
_opening: ContextVar[list[Counting] | None] = ContextVar("counts_what_arrives", default=None)


class _Protocols:
    """Stands for the driver's module of protocols where it opens connections."""

    @staticmethod
    def Protocol(*given: Any) -> Protocol:
        opening = _opening.get()
        if opening is None:
            return Protocol(*given)
        opening.append(Counting(*given))
        return opening[-1]


connect_utils.protocol = _Protocols


class CountingConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection of the driver whose protocol counts what arrives."""

    def __init__(self, protocol: Counting, *others: Any) -> None:
        super().__init__(protocol, *others)
        self.counting = protocol
        protocol.open()


async def connect(*given: Any, **named: Any) -> CountingConnection:
    """Opens a connection as the driver does, and counts what arrives. Raises what the driver raises, and
    TooMuchReceived or NoPostgres where the connection was cut off before it was open."""
    protocols: list[Counting] = []
    before = _opening.set(protocols)
    try:
        made = await asyncpg.connect(*given, connection_class=CountingConnection, **named)
        assert isinstance(made, CountingConnection)
        return made
    except Exception:
        for each in protocols:
            each.check()
        raise
    finally:
        _opening.reset(before)


def cut_off(error: BaseException | None) -> TooMuchReceived | NoPostgres | None:
    """Why a connection was cut off, if that is what an error comes of."""
    for _ in range(8):
        if error is None or isinstance(error, TooMuchReceived | NoPostgres):
            return error
        error = error.__cause__ or error.__context__
    return None


def counting_of(connection: Connection) -> Counts | None:
    """What counts on this connection. None if nothing does."""
    raw = connection.connection.driver_connection
    found = getattr(raw, "counting", None) or getattr(raw, "_reader", None)
    return found if isinstance(found, Counts) else None


# MySQL


# How often the driver reads for one row.
_READS_OF_ROW = 2


class CountingReader(asyncio.StreamReader):
    """The reader of a driver's connection to MySQL, which counts what arrives. The driver puts together packets for as
    long as the server says that there is more."""

    _received, _most = 0, MOST_BEFORE_OPEN
    _reads = 0
    _transport: asyncio.Transport

    def open(self) -> None:
        """The connection is open, so rows may come from now on."""
        self._received, self._most = 0, MOST_RECEIVED

    def forget(self) -> None:
        """Begin to count anew, because what has arrived so far has been taken."""
        self._received = self._reads = 0

    def check(self) -> None:
        """Raises TooMuchReceived if the connection was cut off."""
        if self._received > self._most:
            raise TooMuchReceived(self._most)
        if self._reads > _READS_OF_ROW * MOST_ROWS:
            raise TooMuchReceived(MOST_ROWS)

    async def readexactly(self, n: int) -> bytes:
        """Called by the driver: for the head of a packet, and for the rest of it. A row is a packet."""
        self._reads += 1
        if self._reads > _READS_OF_ROW * MOST_ROWS:
            self._transport.abort()
            raise TooMuchReceived(MOST_ROWS)
        return await super().readexactly(n)

    def feed_data(self, data: Any) -> None:
        """Called by the event loop. What the driver waits for raises TooMuchReceived once the connection is cut off."""
        self._received += len(data)
        if self._received > self._most:
            self.set_exception(TooMuchReceived(self._most))
            self._transport.abort()
            return
        super().feed_data(data)


async def connect_mysql(*given: Any, **named: Any) -> Any:
    """Opens a connection as aiomysql does, and counts what arrives. Raises what the driver raises, which has
    TooMuchReceived as its cause where the connection was cut off."""
    driver: Any = importlib.import_module("aiomysql.connection")
    if not issubclass(driver._StreamReader, CountingReader):
        driver._StreamReader = type("_StreamReader", (CountingReader, driver._StreamReader), {})
    made = await driver.connect(*given, **named)
    made._reader.open()
    return made


class DialledCounts(ABC):
    """What counts on the connections of `dialled`."""

    @abstractmethod
    def open(self) -> None:
        """The connection is open, so rows may come from now on."""

    @abstractmethod
    def forget(self) -> None:
        """Begin to count anew, because what has arrived so far has been taken."""

    @abstractmethod
    def check(self) -> None:
        """Raises the reason if the connection was cut off."""


# What counts on a connection.
Counts = Counting | CountingReader | DialledCounts
