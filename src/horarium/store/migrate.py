"""Bringing the database at a URL up to date, whichever of the two it is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from horarium.store.postgres.migrate import migrate_postgres
from horarium.store.private_files import private_database, private_folder
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.migrate import migrate_sqlite


async def migrate(url: str) -> list[str]:
    """Bring the database at `sqlite:///PATH` or `postgresql://...` up to date, and make it where it is missing.

    Returns the names of what was applied. Raises Unavailable.
    """
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        private_folder(path.parent)
        private_database(path)
        with closing(connect(str(path))) as connection:
            return migrate_sqlite(connection)
    return await migrate_postgres(url)
