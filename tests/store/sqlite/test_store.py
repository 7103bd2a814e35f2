"""SQLite's connections, and what its store makes of verbs that fail, are late, or read only."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from horarium.domain.errors import Unavailable
from horarium.service.trail import Trail
from horarium.store.base import READY, point
from horarium.store.sqlite import group
from horarium.store.sqlite import store as store_module
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.store import SqliteStore
from horarium.store.sqlite.transaction import ROWS_AT_ONCE
from horarium.store.verbs import audit
from tests.support.sqlite_schema import open_store
from tests.support.tenant import NOON, Tenant


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = open_store(tmp_path / "one.db")
    yield made
    await made.close()


async def hold(tx, name: str) -> None:
    await tx.run("set_meta", name=name, value="1")


async def held(tx) -> set[str]:
    return {row[0] for row in await tx.rows("all_meta")}


# SQLite numbers what it is told: `synchronous` 2 is FULL, `temp_store` 2 is MEMORY, `auto_vacuum` 2 is INCREMENTAL.
PROMISED = {
    "journal_mode": "wal", "synchronous": 2, "busy_timeout": 10_000, "foreign_keys": 1, "cache_size": -8_192,
    "temp_store": 2, "wal_autocheckpoint": 65_536, "auto_vacuum": 2,
}  # fmt: skip


def settings_of(connection: sqlite3.Connection) -> dict[str, object]:
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PROMISED}


def test_a_connection_loses_nothing_that_was_committed_waits_for_others_and_keeps_references(
    tmp_path: Path,
) -> None:
    with closing(connect(str(tmp_path / "one.db"))) as connection:
        assert settings_of(connection) == PROMISED
        connection.execute("CREATE TABLE a (b)")
    with closing(connect(str(tmp_path / "one.db"), durable=False, cache_kib=64)) as connection:
        assert settings_of(connection) == PROMISED | {"synchronous": 0, "cache_size": -64}


async def test_each_connection_of_a_store_keeps_as_much_in_memory_as_its_work_needs(tmp_path: Path) -> None:
    store = open_store(tmp_path / "one.db")
    size = "PRAGMA cache_size"
    assert store.connection.execute(size).fetchone()[0] == -65_536

    @point
    async def looked_up(tx) -> int:
        return int(tx._connection.execute(size).fetchone()[0])

    async def read(tx) -> int:
        return int(tx._connection.execute(size).fetchone()[0])

    assert (await store.read(read), await store.read(looked_up)) == (-24_576, -8_192)
    store.write_apart()
    assert store.connection.execute(size).fetchone()[0] == -8_192
    await store.close()


async def test_every_connection_of_a_store_drops_the_pages_that_nobody_uses(store: SqliteStore) -> None:
    @point
    async def looked_up(tx) -> None:
        await held(tx)

    await store.write(hold, "one")
    await store.read(held)
    await store.read(looked_up)
    asked: list[tuple[int, str]] = []
    connections = [store._writer_connection, *store._reader_connections]
    assert len(connections) == 3
    for number, connection in enumerate(connections):
        connection.set_trace_callback(lambda text, number=number: asked.append((number, text)))
    store.drop_pages()
    assert sorted(asked) == [(number, "PRAGMA shrink_memory") for number in range(3)]
    assert await store.read(held) == {"one"}


async def test_a_store_that_was_closed_meanwhile_has_no_pages_to_drop(tmp_path: Path) -> None:
    store = open_store(tmp_path / "one.db")
    await store.read(held)
    await store.close()
    store.drop_pages()


async def test_connections_that_two_threads_may_not_use_keep_their_pages(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    store._writer_connection.set_trace_callback(asked.append)
    monkeypatch.setattr(sqlite3, "threadsafety", 1)
    store.drop_pages()
    assert asked == []


def test_letters_of_any_language_are_the_same_in_lower_case() -> None:
    with closing(connect(":memory:")) as connection:
        assert connection.execute("SELECT lower('ÄÉŞ'), lower(NULL)").fetchone()[:] == ("äéş", None)


@pytest.mark.parametrize("how", ["reader", "look-up"])
async def test_reading_changes_nothing(store: SqliteStore, how: str) -> None:
    async def verb(tx) -> None:
        await hold(tx, "a")

    with pytest.raises(Unavailable, match="readonly database"):
        await store.read(point(verb) if how == "look-up" else verb)
    assert "a" not in await store.read(held)


async def test_a_read_that_takes_too_long_is_ended_and_the_next_one_has_all_its_time(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_module.READ_SECONDS == 5.0

    async def endless(tx) -> None:
        count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        tx._connection.execute(count).fetchall()

    with monkeypatch.context() as then:
        then.setattr(store_module, "READ_SECONDS", 0.0)
        for _ in range(3):  # more often than there are readers
            with pytest.raises(Unavailable, match=r"took longer than 0 s or failed: interrupted"):
                await store.read(endless)
    assert (await store.read(held)) is not None
    assert store.figures.verbs["endless"].calls == 3


async def test_a_verb_that_the_database_refuses_takes_no_other_of_its_group_with_it(
    store: SqliteStore,
) -> None:
    async def refused(tx) -> None:
        await hold(tx, "refused")
        tx.announce(READY, 1)
        tx._connection.execute("SELECT * FROM nowhere")

    async def broken(tx) -> None:
        await hold(tx, "broken")
        raise KeyError("no")

    heard: list[tuple[str, int]] = []
    told: list[tuple[str, bool]] = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    store.figures.tell = lambda verb, seconds, was_refused: told.append((verb, was_refused))
    found = await asyncio.gather(
        store.write(hold, "a"),
        store.write(refused),
        store.write(hold, "b"),
        store.write(broken),
        store.urgent(hold, "c"),
        return_exceptions=True,
    )
    assert [type(one) for one in found] == [type(None), Unavailable, type(None), KeyError, type(None)]
    assert {"a", "b", "c"} <= await store.read(held)
    assert not {"refused", "broken"} & await store.read(held)
    assert store.figures.refused == 1
    assert [verb for verb, was_refused in told if was_refused] == ["refused"]
    assert heard == []


@pytest.mark.parametrize("kind", [KeyError, Unavailable])
async def test_a_verb_that_fails_when_its_group_is_begun_again_leaves_nothing_of_its_first_run(
    store: SqliteStore, kind: type[Exception]
) -> None:
    """Another one of the group fails after it has written, so those before it are run once more."""
    tenant, runs, heard = await Tenant.open(store), [], []
    entry = Trail(tenant.workspace, NOON).entry("test.noted", "ws", tenant.workspace)
    store.listen(lambda topic, at: heard.append((topic, at)))

    async def once(tx) -> None:
        runs.append(1)
        await hold(tx, "once")
        if len(runs) > 1:
            tx._connection.execute("SELECT * FROM nowhere" if kind is Unavailable else "SELECT 1")
            raise KeyError("only once")
        tx.announce(READY, 1)
        tx.record(entry)
        tx.count("runs", "succeeded", 1)

    async def broken(tx) -> None:
        await hold(tx, "broken")
        raise KeyError("no")

    found = await asyncio.gather(
        store.write(once), store.write(broken), store.write(hold, "a"), return_exceptions=True
    )
    assert [type(one) for one in found] == [kind, KeyError, type(None)]
    assert len(runs) == 2
    assert await store.read(held) & {"once", "broken", "a"} == {"a"}
    assert not await store.read(audit.any_pending)
    assert (heard, store.figures.of("runs")) == ([], {})


async def test_a_group_that_cannot_be_committed_is_told_to_all_of_it_and_to_all_who_wait_where_none_can_begin(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(done: list[object], next_task: object) -> float:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as then:
        then.setattr(store._group, "write", full)
        found = await asyncio.gather(*(store.write(hold, name) for name in "abc"), return_exceptions=True)
    assert {str(one) for one in found} == {"the database could not commit: database or disk is full"}
    assert store.figures.refused >= 1
    assert store.waiting() == {"engine": 0, "api": 0}
    await store.write(hold, "d")
    assert await store.read(held) & {*"abcd"} == {"d"}


async def test_where_no_transaction_can_begin_that_is_waited_for_once_and_not_by_each_who_waits(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To begin takes ten seconds where another program holds the file."""
    tries, all_wait = 0, threading.Event()

    def held_by_another(done: list[object], next_task: object) -> float:
        nonlocal tries
        tries += 1
        assert all_wait.wait(20)
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(store._group, "write", held_by_another)
    asked = [asyncio.create_task(store.write(hold, name)) for name in "abcde"]
    asked += [asyncio.create_task(store.urgent(hold, name)) for name in "fg"]
    await asyncio.sleep(0)
    all_wait.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert {str(one) for one in found} == {"the database could not commit: database is locked"}
    assert (tries, store.figures.refused) == (1, 1)


async def test_a_group_is_committed_once_it_has_taken_its_time(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert group.GROUP_SECONDS == 0.02
    before = store.figures.commits.count
    monkeypatch.setattr(group, "GROUP_SECONDS", -1.0)
    await asyncio.gather(*(store.write(hold, name) for name in "abc"))
    assert store.figures.commits.count == before + 3


async def test_what_is_asked_of_a_store_that_is_closing_is_refused_and_what_was_asked_before_is_done(
    tmp_path: Path,
) -> None:
    store = open_store(tmp_path / "one.db")
    await asyncio.gather(store.read(held), store.read(point(held)))
    asked = asyncio.create_task(store.write(hold, "a"))
    await asyncio.sleep(0)
    await store.close()
    assert await asked is None
    for connection in (store.connection, *store._reader_connections):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")
    for ask in (store.write(hold, "b"), store.urgent(hold, "b"), store.read(point(held))):
        with pytest.raises(Unavailable, match="the store is closing"):
            await ask
    with closing(sqlite3.connect(tmp_path / "one.db")) as there:
        assert {name for (name,) in there.execute("SELECT name FROM meta")} & {"a", "b"} == {"a"}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, ROWS_AT_ONCE[0] + 3])
async def test_each_of_many_rows_is_written_once(store: SqliteStore, count: int) -> None:
    async def fill(tx) -> int:
        return int(await tx.many("insert_spool", [(b"f" * 16, n, str(n), "{}") for n in range(count)]))

    async def numbers(tx) -> list[int]:
        return [row[0] for row in tx._connection.execute("SELECT number FROM spool ORDER BY number")]

    assert await store.write(fill) == count
    assert await store.read(numbers) == list(range(count))


async def test_an_sqlite_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module.sqlite3, "sqlite_version_info", (3, 34, 9))
    with pytest.raises(Unavailable, match=r"SQLite 3\.35\.0 or newer is needed"):
        SqliteStore(tmp_path / "one.db")
