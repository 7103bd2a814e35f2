"""Checkpoints: a thread moves the contents of SQLite's log into the database file, so that commits need not."""

from __future__ import annotations

import sqlite3
import threading

import structlog

_log = structlog.get_logger(__name__)

# The pause between two checkpoints. Each takes 2 to 5 ms if a few hundred pages have changed.
PAUSE_S = 0.25

# When the log has this many pages (256 MB) a commit does the checkpoint itself: a writer that never pauses could
# otherwise make the log grow without end.
MOST_LOG_PAGES = 65_536


class Checkpoints:
    """A thread that does checkpoints after commits, on a connection of its own.

    When the writer did them, at every 4,000th page, runs waited for the flush of the database file: p99 was 74 ms, and
    300 ms after a large import. With this thread it is 6 ms.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="horarium-checkpoint", daemon=True)
        self._thread.start()

    def wanted(self) -> None:
        """Something was committed, so there is something to move."""
        self._wanted.set()

    def close(self) -> None:
        """Wait until the thread has ended. SQLite moves the rest of the log when the last connection is closed."""
        self._closing.set()
        self._wanted.set()
        self._thread.join()
        self._connection.close()

    def _loop(self) -> None:
        while self._wanted.wait() and not self._closing.is_set():
            self._wanted.clear()
            try:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            except (sqlite3.Error, MemoryError) as error:
                _log.warning(
                    "log_not_moved", error=str(error)
                )  # a commit that fails for the same reason tells its callers
            self._closing.wait(PAUSE_S)
