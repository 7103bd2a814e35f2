"""Which database a connection leads to, whatever name, port or pooler it was reached by.

The statements name everything with its schema, so that no object which somebody else made can answer in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

# The number and the true name of the database, whether the role may ask for the number of the cluster, and whether it
# may read or write the files of the cluster or run programs there, itself or as another role that it may become.
IDENTITY = """
SELECT d.oid::pg_catalog.int8, d.datname::pg_catalog.text,
    pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
    EXISTS (
        SELECT FROM pg_catalog.pg_roles r
        WHERE (r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) ANY (CAST(ARRAY[
            'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'] AS pg_catalog.name[])))
        AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')
    )
FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
"""
CLUSTER = "SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system()"


class DatabaseIdentity(NamedTuple):
    """Which database a connection leads to.

    `cluster` is the number that a PostgreSQL cluster gets when it is made, and that its replicas share; None if the
    role may not ask for it. `number` and `name` are those of the database. `powerful` tells that the role may reach
    the files of the whole cluster.
    """

    cluster: str | None
    number: int
    name: str
    powerful: bool


def identity_of(row: Sequence[Any], cluster: str | None) -> DatabaseIdentity:
    """The identity by a row of IDENTITY and the answer of CLUSTER (None if it may not be asked)."""
    number, name, _, powerful = row
    return DatabaseIdentity(cluster, number, name, powerful)


async def ask_identity(connection: Any) -> DatabaseIdentity:
    """The identity of the database that a connection of asyncpg leads to."""
    row = await connection.fetchrow(IDENTITY)
    return identity_of(row, await connection.fetchval(CLUSTER) if row[2] else None)
