"""A database that several servers stand for. Real failovers are in tests/acceptance/test_failover.py."""

import asyncio
import time

import pytest
import pytest_asyncio

from horarium.domain.errors import Unavailable
from horarium.store.postgres import PostgresStore, hosts
from horarium.store.postgres.connection import connect
from horarium.store.postgres.hosts import hosts_of
from horarium.store.verbs import tenancy
from tests.support.poolers import name_in
from tests.support.postgres import drop_database, migrated_database, run_sql, socket_folder

FIRST = "postgresql://h:p@a:1,b:2/h"


@pytest_asyncio.fixture
async def name():
    made = await migrated_database("hosts")
    yield name_in(made)
    drop_database(made)


def url_with(name, first_folder, more=""):
    return f"postgresql://postgres@/{name}?host={first_folder},{socket_folder()}{more}"


@pytest.mark.parametrize(
    ("url", "urls"),
    [
        (FIRST, ("postgresql://h:p@a:1/h", "postgresql://h:p@b:2/h")),
        ("postgresql://h@[::1]:1,b/h?x=y", ("postgresql://h@[::1]:1/h?x=y", "postgresql://h@b/h?x=y")),
        ("postgresql://h@/h?host=/a,/b", ("postgresql://h@/h?host=/a", "postgresql://h@/h?host=/b")),
        (
            "postgresql://h@/h?host=a,b&port=1,2",
            ("postgresql://h@/h?host=a&port=1", "postgresql://h@/h?host=b&port=2"),
        ),
        (
            "postgresql://h@/h?host=a,b&port=1",
            ("postgresql://h@/h?host=a&port=1", "postgresql://h@/h?host=b&port=1"),
        ),
        ("postgresql://h@a/h", ("postgresql://h@a/h",)),
    ],
)
def test_each_server_has_a_url_of_its_own(url, urls):
    assert hosts_of(url).urls == urls


def test_a_primary_is_wanted_unless_the_address_says_something_else(monkeypatch):
    assert hosts_of("postgresql://a,b/wanted").wanted == {"target_session_attrs": "primary"}
    assert hosts_of("postgresql://a,b/wanted?target_session_attrs=any").wanted == {}
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "any")
    assert hosts_of("postgresql://a,b/by_variable").wanted == {}


async def test_a_server_that_does_not_answer_leaves_time_for_the_next_and_is_asked_last_from_then_on(
    name, tmp_path, monkeypatch
):
    monkeypatch.setattr(hosts, "HOST_SECONDS", 0.4)

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(silent, tmp_path / ".s.PGSQL.5432")
    url = url_with(name, tmp_path)
    try:
        first = await connect(url)
        begun = time.monotonic()
        second = await connect(url)
        assert time.monotonic() - begun < 0.4
        assert await second.fetchval("SELECT 1") == 1
        for connection in (first, second):
            await connection.close()
    finally:
        server.close()


@pytest.mark.parametrize("wanted", ["read-write", "primary", "any"])
async def test_every_pool_finds_the_server_that_the_address_asks_for(name, tmp_path, wanted):
    store = await PostgresStore.open(url_with(name, tmp_path, f"&target_session_attrs={wanted}"))
    try:
        assert await store.read(tenancy.any_workspace) is False
        assert await store.write(tenancy.any_workspace) is False

        async def verb(tx):
            await tx.run("delete_grants_of_principal", workspace_id=b"", principal_id=b"")

        with pytest.raises(Unavailable, match="read-only"):
            await store.read(verb)
    finally:
        await store.close()


async def test_where_no_server_is_what_is_asked_for_the_error_says_so(name, tmp_path):
    run_sql("SELECT 1")
    with pytest.raises(Unavailable, match="match the target"):
        await PostgresStore.open(
            url_with(name, socket_folder(), "&target_session_attrs=standby"), notify=False
        )
