"""Where a watchdog sends its alerts and pings in tests.

with inbox() as (address, kept):
    ... alert by json://ADDRESS/alerts, ping http://ADDRESS/ping ...
    assert kept.alerts == []
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Inbox(BaseHTTPRequestHandler):
    """Keeps the alerts that are posted, and the instants (monotonic seconds) of the pings."""

    alerts: list[dict[str, Any]]
    pings: list[float]

    def do_POST(self) -> None:
        self.alerts.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self._answer()

    def do_GET(self) -> None:
        self.pings.append(time.monotonic())
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def inbox() -> Iterator[tuple[str, type[Inbox]]]:
    """An inbox at HOST:PORT until the end of the block."""
    kept = type("KeptInbox", (Inbox,), {"alerts": [], "pings": []})
    serving = ThreadingHTTPServer(("127.0.0.1", 0), kept)
    thread = Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{serving.server_address[1]}", kept
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()
