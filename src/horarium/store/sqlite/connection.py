"""How connections to a SQLite file are opened."""

from __future__ import annotations

import sqlite3

from horarium.store.sqlite.checkpoints import MOST_LOG_PAGES


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def connect(path: str, *, durable: bool = True) -> sqlite3.Connection:
    """A connection with our settings. Transactions are begun and ended by explicit statements.

    `durable`: every commit flushes the log to the disk (`synchronous=FULL`), so that a power cut loses nothing
    whose caller had an answer.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    # SQLite's own `lower` knows ASCII only, but a search that ignores case has to do so in any language.
    connection.create_function("lower", 1, _lower, deterministic=True)
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'OFF'}",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
        f"wal_autocheckpoint={MOST_LOG_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection
