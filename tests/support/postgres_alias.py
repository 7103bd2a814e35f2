"""Another way to a PostgreSQL: forwards connections to its socket under another database name, as poolers do."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_SSL_REQUEST = 80877103


@asynccontextmanager
async def postgres_alias(
    socket: str, database: str, user: str | None = None, lets_go: bool = True
) -> AsyncIterator[int]:
    """The port on 127.0.0.1 where every name of a database leads to `database` of the server behind a Unix socket.

    With `user`, every name of a role leads to that one. Without `lets_go`, connections that their clients end stay open
    on this side.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            parameters = await _startup(reader, writer)
            parameters |= {b"database": database.encode()} | ({b"user": user.encode()} if user else {})
            behind, to_behind = await asyncio.open_unix_connection(socket)
            to_behind.write(_packet(parameters))
            try:
                await asyncio.gather(_copy(reader, to_behind), _copy(behind, writer, lets_go))
                if not lets_go:
                    await asyncio.Event().wait()
            finally:
                writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[bytes, bytes]:
    """The parameters with which a client begins; it is told that there is no TLS."""
    while True:
        (size, code) = struct.unpack("!ii", await reader.readexactly(8))
        rest = await reader.readexactly(size - 8)
        if code != _SSL_REQUEST:
            parts = rest.rstrip(b"\0").split(b"\0")
            return dict(zip(parts[::2], parts[1::2], strict=True))
        writer.write(b"N")


def _packet(parameters: dict[bytes, bytes]) -> bytes:
    body = struct.pack("!i", 196608) + b"".join(k + b"\0" + v + b"\0" for k, v in parameters.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lets_go: bool = True) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        if lets_go:
            writer.close()
