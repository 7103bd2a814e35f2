"""The store in a SQLite file, and everything that only SQLite needs."""

from horarium.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
