"""The store on PostgreSQL, and everything that only PostgreSQL needs."""

from horarium.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
