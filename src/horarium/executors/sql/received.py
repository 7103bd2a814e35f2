"""Bounds how much a PostgreSQL database may send at once.

The driver keeps a message in memory until it is complete, and a message may have a gigabyte, also one that comes before
the server has asked who connects. So the bytes that arrive are counted from the first one on, and a connection that
brings more than MOST_BEFORE_OPEN before it is open, or later more than MOST_RECEIVED between two calls of
`Counting.forget`, is cut off.

The driver has no public way to set the protocol of a connection. So the class of its protocols is replaced, for
connections that `connect` opens; all others of this process, such as those of the server's own store, are left alone.
The tests notice if a later version makes its protocols elsewhere.
"""

from __future__ import annotations

import asyncio
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
# The bytes that may arrive before a connection is open. An honest server sends a few thousand.
MOST_BEFORE_OPEN = 1024 * 1024


class TooMuchReceived(OSError):
    """The database has sent more at once than is allowed."""

    def __init__(self, most: int) -> None:
        why = "its rows are too large" if most == MOST_RECEIVED else "it is no PostgreSQL"
        super().__init__(f"the database sent more than {most} bytes at once; {why}")


class Counting(Protocol):  # type: ignore[misc]
    """The driver's protocol, which counts what arrives before it reads it."""

    _received, _most = 0, MOST_BEFORE_OPEN
    _link: asyncio.Transport

    def open(self) -> None:
        """The connection is open, so rows may come from now on."""
        self._received, self._most = 0, MOST_RECEIVED

    def forget(self) -> None:
        """Begin to count anew, because what has arrived so far has been taken."""
        self._received = 0

    def check(self) -> None:
        """Raises TooMuchReceived if the connection was cut off."""
        if self._received > self._most:
            raise TooMuchReceived(self._most) from None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of the server's event loop are of no class of asyncio's.
        self._link = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self._most:
            self._link.abort()
        else:
            super().data_received(data)


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
    TooMuchReceived where the server has sent too much before the connection was open."""
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


def counting_of(connection: Connection) -> Counting | None:
    """What counts on this connection. None if its database is not PostgreSQL."""
    raw = connection.connection.driver_connection
    return raw.counting if isinstance(raw, CountingConnection) else None
