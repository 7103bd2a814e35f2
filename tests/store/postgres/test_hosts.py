"""A database that several servers stand for. Real failovers are in tests/acceptance/test_failover.py."""

import asyncio
from contextlib import asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio

from horarium.domain.errors import Unavailable
from horarium.store.postgres import PostgresStore, hosts
from horarium.store.postgres.connection import connect
from horarium.store.postgres.hosts import hosts_of
from horarium.store.verbs import tenancy
from tests.support.postgres import drop_database, migrated_database, name_in, run_sql, socket_folder

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


@pytest.fixture
def asked(monkeypatch):
    """Which servers were asked for what, one after another; what comes of it is in `answers` by the host."""
    noted, answers = [], {}

    async def connect(url, **given):
        noted.append((url.rpartition("@")[2], given))
        answer = answers.get(url.rpartition("@")[2].partition("/")[0], "a connection")
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(hosts.asyncpg, "connect", connect)
    return noted, answers


async def test_one_server_has_more_time_than_each_of_several_which_are_asked_for_the_primary(asked):
    noted, answers = asked
    answers["a"] = OSError("away")
    await hosts.Hosts(
        ("postgresql://h@a/h", "postgresql://h@b/h"), {"target_session_attrs": "primary"}
    ).connect(x=1)
    with pytest.raises(OSError, match="away"):
        await hosts_of("postgresql://h@a/only").connect(x=1)
    several = {"timeout": 3.0, "target_session_attrs": "primary", "x": 1}
    assert noted == [("a/h", several), ("b/h", several), ("a/only", {"timeout": 10.0, "x": 1})]


async def test_who_was_the_primary_last_is_asked_first_and_one_that_refuses_is_not_waited_for(
    asked, monkeypatch
):
    monkeypatch.setattr(hosts, "NEXT_AFTER_S", 60.0)
    noted, answers = asked
    several = hosts.Hosts(tuple(f"postgresql://h@{name}/h" for name in "abc"), {})
    answers |= {"a": OSError("away"), "b": asyncpg.CannotConnectNowError("starts")}
    async with asyncio.timeout(20):
        for _ in range(2):
            assert await several.connect() == "a connection"
        answers |= {"a": "another one", "c": ConnectionRefusedError("gone")}
        assert await several.connect() == "another one"
    assert [place[0] for place, _ in noted] == [*"abc", "c", *"ca"]


STANDBY = asyncpg.TargetServerAttributeNotMatched("a standby")


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (STANDBY, OSError("away"), "away"),
        (OSError("away"), STANDBY, "away"),
        (STANDBY, STANDBY, "a standby"),
        (OSError("first"), OSError("second"), "second"),
    ],
)
async def test_why_one_could_not_be_reached_tells_more_than_that_another_is_a_standby(
    asked, first, second, told
):
    _, answers = asked
    answers |= {"a": first, "b": second}
    with pytest.raises((OSError, asyncpg.TargetServerAttributeNotMatched), match=told):
        await hosts.Hosts(("postgresql://h@a/h", "postgresql://h@b/h"), {}).connect()


@asynccontextmanager
async def silent_server(folder):
    """A server that accepts connections and says nothing, as a machine that has vanished; its connections."""
    connections = []

    async def silent(reader, writer):
        connections.append(writer)
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(silent, folder / ".s.PGSQL.5432")
    try:
        yield connections
    finally:
        server.close()


async def test_a_server_that_does_not_answer_holds_nobody_up_and_is_asked_last_from_then_on(
    name, tmp_path, monkeypatch
):
    monkeypatch.setattr(hosts, "HOST_SECONDS", 60)
    monkeypatch.setattr(hosts, "NEXT_AFTER_S", 0.05)
    async with silent_server(tmp_path) as asked:
        url = url_with(name, tmp_path)
        async with asyncio.timeout(20):
            first = await connect(url)
            assert len(asked) == 1
            second = await connect(url)
        assert len(asked) == 1
        assert await second.fetchval("SELECT 1") == 1
        for connection in (first, second):
            await connection.close()


async def test_a_server_that_was_asked_in_vain_keeps_no_connection(name, tmp_path, monkeypatch):
    monkeypatch.setattr(hosts, "NEXT_AFTER_S", 0.0)
    url = url_with(name, socket_folder(), "&target_session_attrs=any")
    kept = [await connect(url) for _ in range(5)]
    async with asyncio.timeout(20):
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        while await kept[0].fetchval(sessions) > len(kept):
            await asyncio.sleep(0.05)
    for connection in kept:
        await connection.close()


async def test_where_no_server_answers_the_store_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(hosts, "HOST_SECONDS", 0.2)
    monkeypatch.setattr(hosts, "NEXT_AFTER_S", 0.05)
    async with silent_server(tmp_path):
        with pytest.raises(Unavailable, match="cannot be reached: TimeoutError"):
            await PostgresStore.open(f"postgresql://postgres@/any?host={tmp_path},{tmp_path}", notify=False)


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
