"""The server's own database is recognised by what it says of itself, under whatever name and port it is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine

from horarium.audiences.registry import AudienceOptions
from horarium.audiences.sql import SqlSource
from horarium.domain.audience import AudienceQuery, SourceFault
from horarium.domain.execution import Verdict
from horarium.executors.egress import AddressRefused
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import databases, make
from horarium.executors.sql.address import read_url
from horarium.executors.sql.databases import _identity
from horarium.executors.sql.guard import DatabaseGuard, HostPolicy, own_refusal
from horarium.store.postgres import PostgresStore
from horarium.store.postgres.identity import DatabaseIdentity
from tests.executors.calls import call_of
from tests.support import postgres
from tests.support.postgres_alias import postgres_alias

OWN = DatabaseIdentity("7001", 16384, "horarium", True)
OPTIONS = ExecutorOptions(sql_allow_loopback=True)


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        (OWN, True),
        (OWN._replace(powerful=False, name="renamed"), True),
        (OWN._replace(number=5, name="crm", powerful=False), False),
        (OWN._replace(number=5, name="crm"), True),  # a superuser in the same cluster reads its files
        (OWN._replace(cluster="7002"), False),
        (OWN._replace(cluster=None), True),
        (OWN._replace(cluster=None, name="crm", powerful=False), False),
    ],
)
def test_a_database_is_judged_by_its_cluster_and_number(found: DatabaseIdentity, refused: bool) -> None:
    assert (own_refusal(found, OWN) is not None) is refused


def test_where_the_server_may_not_ask_for_its_own_cluster_names_decide() -> None:
    own = OWN._replace(cluster=None)
    assert own_refusal(OWN, own)
    assert own_refusal(OWN._replace(name="crm"), own) is None


def name_of(url: str) -> str:
    return url.split("@/", 1)[1].split("?", 1)[0]


@pytest.fixture
async def own() -> AsyncIterator[str]:
    """The URL of a database that stands for the server's own, with a table in it."""
    url = postgres.fresh_database("own")
    postgres.server().psql(
        f'\\c "{name_of(url)}"\nCREATE TABLE keys (id int, name text); INSERT INTO keys VALUES (1)'
    )
    yield url
    postgres.drop_database(url)


@pytest.fixture
async def options(own: str) -> ExecutorOptions:
    """What a server gives its executors: it has asked its own database who it is."""
    store = await PostgresStore.open(own, notify=False)
    identity = await store.identity()
    await store.close()
    assert identity.name == name_of(own)
    assert identity.cluster is not None
    return replace(OPTIONS, own_database=own, own_identity=identity)


async def rows(options: ExecutorOptions, connection: str) -> list[str]:
    source = SqlSource(AudienceOptions(None, options))  # type: ignore[arg-type] - it needs no store
    config = {"connection": connection, "query": "SELECT id FROM keys", "key": "id"}
    try:
        query = AudienceQuery(bytes(16), "crm", {}, 1_772_438_400_000, config)
        return [row.key async for batch in source.rows(query) for row in batch]
    finally:
        await source.close()


async def test_another_name_and_port_of_the_servers_own_database_is_refused(
    own: str, options: ExecutorOptions
) -> None:
    socket = f"{postgres.socket_folder()}/.s.PGSQL.5432"
    async with postgres_alias(socket, name_of(own)) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/crm"
        assert await rows(OPTIONS, url) == ["1"]  # so the way is open, and only the database is refused
        for _ in range(2):
            with pytest.raises(SourceFault, match="own database"):
                await rows(options, url)
        executor = make(options)
        public, secrets = executor.split({"connection": url, "table": "keys"})
        given: Any = {"operation": "INSERT", "values": {"id": 2}}
        outcome = await executor.execute(call_of(public, secrets, input=given))
        await executor.close()
        assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, False)
        assert "own database" in str(outcome.error)
        assert await rows(OPTIONS, url) == ["1"]


async def test_a_role_that_reads_the_clusters_files_is_refused_and_a_plain_one_is_not(
    options: ExecutorOptions,
) -> None:
    socket = f"{postgres.socket_folder()}/.s.PGSQL.5432"
    other = postgres.fresh_database("crm")
    name, roles = name_of(other), ("plain_of_crm", "reader_of_crm", "chief_of_crm")
    for role in roles:
        postgres.run_sql(f"DROP ROLE IF EXISTS {role}")
        postgres.run_sql(f"CREATE ROLE {role} LOGIN")
    postgres.run_sql("GRANT pg_read_server_files TO reader_of_crm")
    postgres.run_sql("GRANT postgres TO chief_of_crm")
    postgres.server().psql(
        f'\\c "{name}"\nCREATE TABLE keys (id int); INSERT INTO keys VALUES (7); GRANT SELECT ON keys TO PUBLIC'
    )
    try:
        for role in ("postgres", "reader_of_crm", "chief_of_crm"):
            async with postgres_alias(socket, name, role) as port:
                with pytest.raises(SourceFault, match="could read there"):
                    await rows(options, f"postgresql://u@127.0.0.1:{port}/crm")
        async with postgres_alias(socket, name, "plain_of_crm") as port:
            assert await rows(options, f"postgresql://u@127.0.0.1:{port}/crm") == ["7"]
    finally:
        postgres.drop_database(other)
        for role in roles:
            postgres.run_sql(f"DROP ROLE {role}")


async def test_a_role_that_may_not_ask_for_the_cluster_is_judged_by_the_true_name(
    own: str, options: ExecutorOptions
) -> None:
    postgres.server().psql(
        f'\\c "{name_of(own)}"\nREVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;'
        "CREATE ROLE asks_nothing LOGIN; GRANT SELECT ON keys TO asks_nothing"
    )
    socket = f"{postgres.socket_folder()}/.s.PGSQL.5432"
    try:
        async with postgres_alias(socket, name_of(own), "asks_nothing") as port:
            with pytest.raises(SourceFault, match="own database"):
                await rows(options, f"postgresql://u@127.0.0.1:{port}/crm")
    finally:
        postgres.server().psql(f'\\c "{name_of(own)}"\nDROP OWNED BY asks_nothing; DROP ROLE asks_nothing')


class Raw:
    """A connection of a driver whose every statement fails with a SQLSTATE."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate
        self.done: list[str] = []

    def cursor(self) -> Raw:
        return self

    def execute(self, _statement: str) -> None:
        error = RuntimeError("refused")
        error.sqlstate = self.sqlstate  # type: ignore[attr-defined]
        raise error

    def close(self) -> None:
        self.done.append("closed")

    def rollback(self) -> None:
        self.done.append("rolled back")

    def terminate(self) -> None:
        self.done.append("terminated")


def test_a_database_that_was_asked_who_it_is_is_left_without_a_transaction() -> None:
    raw = Raw("42883")
    _identity(raw)
    assert raw.done == ["closed", "rolled back"]


@pytest.mark.parametrize(
    ("found", "raised", "done"),
    [
        (OWN, AddressRefused, ["terminated"]),
        (OWN._replace(cluster="7002"), None, []),
        (None, None, []),
        (OSError("away"), OSError, ["terminated"]),
    ],
)
def test_a_connection_that_is_refused_or_cannot_be_judged_is_cut_off(
    found: Any, raised: type[BaseException] | None, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def identity(_raw: Any) -> DatabaseIdentity | None:
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]

    monkeypatch.setattr(databases, "_identity", identity)
    address, problems = read_url("postgresql://u@127.0.0.1/crm", HostPolicy.of(OPTIONS))
    assert address is not None, problems
    engine = create_engine(address.url)
    databases._refuse_own(engine, address, DatabaseGuard(HostPolicy(own_identity=OWN)))
    judge, raw = list(engine.pool.dispatch.connect)[-1], Raw("")  # type: ignore[attr-defined]
    if raised is None:
        judge(raw, None)
    else:
        with pytest.raises(raised):
            judge(raw, None)
    assert raw.done == done


def test_another_product_with_the_same_protocol_is_not_the_servers_database() -> None:
    assert _identity(Raw("42883")) is None  # it knows no such function
    for sqlstate in ("42501", "57014", "08006"):
        with pytest.raises(RuntimeError):
            _identity(Raw(sqlstate))
