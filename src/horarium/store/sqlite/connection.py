"""How connections to a SQLite file are opened."""

from __future__ import annotations

import sqlite3

from horarium.store.sqlite.checkpoints import MOST_LOG_PAGES

# Pages that a connection keeps in memory, in KiB. Only the writer touches the same pages again and again.
# With 64 MB for every connection the memory of an idle server grew as its file did.
WRITER_CACHE_KIB = 65_536
# Readers of lists look single runs up in all of a long history. They keep the upper levels of its table, some 16 MB for
# a million runs: counting 10,000 runs of a target's schedules takes a third less than with 8 MB.
READER_CACHE_KIB = 24_576
CACHE_KIB = 8_192


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _holds(text: str | None, sought: str) -> bool:
    """Whether a text has another one in it, as LIKE tells it."""
    return text is not None and sought.lower() in text.lower()


def connect(path: str, *, durable: bool = True, cache_kib: int = CACHE_KIB) -> sqlite3.Connection:
    """A connection with our settings. Transactions are begun and ended by explicit statements.

    `durable`: every commit flushes the log to the disk (`synchronous=FULL`), so that a power cut loses nothing
    whose caller had an answer. `cache_kib`: how much of the file it keeps in memory.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    # SQLite's own `lower` knows ASCII only, but a search that ignores case has to do so in any language.
    connection.create_function("lower", 1, _lower, deterministic=True)
    connection.create_function("holds", 2, _holds, deterministic=True)
    for pragma in (
        "auto_vacuum=INCREMENTAL",  # it is decided when a file is made, and must come first
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'OFF'}",
        "busy_timeout=10000",
        "foreign_keys=ON",
        f"cache_size=-{cache_kib}",
        "temp_store=MEMORY",
        f"wal_autocheckpoint={MOST_LOG_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection
