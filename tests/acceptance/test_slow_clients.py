"""Senders that begin and never end do not keep a server's connections, nor its time."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx

from tests.cli.running import server

HALF_OPEN = 60
# A server's limit, and what a busy machine may add.
HEAD_S, MARGIN_S = 10, 10
BEGUN = (
    b"",
    b"GET /horarium/v1/schedules HT",
    b"GET /horarium/v1/schedules HTTP/1.1\r\nhost: x\r\nx-slow: ",
)


def test_half_open_connections_are_closed_while_others_are_answered(tmp_path: Path) -> None:
    with server(tmp_path) as url:
        port = httpx.URL(url).port
        begun = time.monotonic()
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(HALF_OPEN)]
        waits = []
        with httpx.Client(base_url=url) as other:
            for connection, piece in zip(held, BEGUN * HALF_OPEN, strict=False):
                connection.sendall(piece)
                before = time.monotonic()
                assert other.get("/healthz").status_code == 200
                waits.append(time.monotonic() - before)
        assert sorted(waits)[HALF_OPEN // 2] < 0.2
        for connection in held:
            connection.settimeout(HEAD_S + MARGIN_S)
            assert connection.recv(1_000).startswith(b"HTTP/1.1 408 ")
            assert connection.recv(1_000) == b""
        assert HEAD_S - 1 < time.monotonic() - begun < HEAD_S + MARGIN_S
        for connection in held:
            connection.close()
