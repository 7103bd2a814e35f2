"""Our schema in SQLite, made once in each process: databases of tests are copies of it, which takes a tenth as long."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from horarium.store.sqlite import SqliteStore
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.migrate import migrate_sqlite


@cache
def _template() -> bytes:
    with closing(connect(":memory:", durable=False)) as connection:
        migrate_sqlite(connection)
        return connection.serialize()


def fill_memory(connection: sqlite3.Connection) -> None:
    """Give a database in memory our schema."""
    connection.deserialize(_template())


def open_store(path: Path) -> SqliteStore:
    """A store in a new file with our schema. It does not wait for the disk: no test pulls the plug."""
    path.write_bytes(_template())
    store = SqliteStore(path)
    store.connection.execute("PRAGMA synchronous=OFF")
    return store
