"""Bounds how much a PostgreSQL database may send at once.

The driver keeps a row in memory until it is complete, and a row may have a gigabyte. So the bytes that arrive are
counted, and a connection that brings more than MOST_RECEIVED between two calls of `Counting.forget`
is cut off.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from sqlalchemy import Connection

from horarium.domain.audience import ROW_SIZE_LIMIT

# Rows that are fetched at once, and the bytes that may arrive meanwhile: enough for as many of the largest rows.
FETCHED = 100
MOST_RECEIVED = FETCHED * ROW_SIZE_LIMIT * 5 // 4


class TooMuchReceived(Exception):
    """The database has sent more at once than is allowed."""

    def __init__(self) -> None:
        super().__init__(f"the database sent more than {MOST_RECEIVED} bytes at once; its rows are too large")


class Counting(asyncio.Protocol):
    """Stands before the driver's protocol and counts what passes."""

    def __init__(self, driver: Any, transport: asyncio.Transport) -> None:
        self._driver, self._transport = driver, transport
        self._received = 0

    def forget(self) -> None:
        """Begin to count anew, because what has arrived so far has been taken."""
        self._received = 0

    def check(self) -> None:
        """Raises TooMuchReceived if the connection was cut off."""
        if self._received > MOST_RECEIVED:
            raise TooMuchReceived from None

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > MOST_RECEIVED:
            self._transport.abort()
        else:
            self._driver.data_received(data)

    def eof_received(self) -> Any:
        return self._driver.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._driver.connection_lost(exc)

    def pause_writing(self) -> None:
        self._driver.pause_writing()

    def resume_writing(self) -> None:
        self._driver.resume_writing()


class CountingConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection of the driver that counts what arrives once it is open."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *others: Any) -> None:
        super().__init__(protocol, transport, *others)
        self.counting = Counting(protocol, transport)
        transport.set_protocol(self.counting)


def counting_of(connection: Connection) -> Counting | None:
    """What counts on this connection. None if its database is not PostgreSQL."""
    raw = connection.connection.driver_connection
    return raw.counting if isinstance(raw, CountingConnection) else None
