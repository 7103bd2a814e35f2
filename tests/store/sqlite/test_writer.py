"""In which order SQLite's one writer does what it is asked, what it commits together, and what does not end it."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from horarium.domain.errors import Unavailable
from horarium.store.base import point, prompt
from horarium.store.sqlite import store as sqlite_store
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.sqlite.store import SqliteStore


async def hold(tx, name):
    await tx.run("set_meta", name=name, value="held")


async def held(tx):
    return {row[0] for row in await tx.rows("all_meta")}


@point
async def held_now(tx):
    return await held(tx)


class OutOfMemory:
    """A connection in whose next commit memory runs out."""

    def __init__(self, connection):
        self._connection, self._left = connection, 1

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def execute(self, *given):
        if given == ("COMMIT",) and self._left:
            self._left = 0
            raise MemoryError
        return self._connection.execute(*given)


async def test_the_writer_goes_on_after_memory_has_run_out_and_nothing_of_that_commit_is_kept(tmp_path: Path):
    store = SqliteStore(tmp_path / "one.db")
    migrate_sqlite(store.connection)
    store._group._connection = OutOfMemory(store.connection)
    with pytest.raises(Unavailable, match="could not commit: MemoryError"):
        await store.write(hold, "a")
    await store.write(hold, "b")
    assert await store.read(held) & {"a", "b"} == {"b"}
    await store.close()


@pytest.mark.parametrize("kind", [lambda verb: verb, point])
async def test_a_read_for_which_there_is_no_memory_is_unavailable_and_the_next_one_is_done(
    tmp_path: Path, kind
):
    store = SqliteStore(tmp_path / "one.db")
    migrate_sqlite(store.connection)

    async def out_of_memory(tx):
        if tx._connection.in_transaction:  # SQLite ends it then
            tx._connection.execute("ROLLBACK")
        raise MemoryError

    for _ in range(4):  # more than there are threads that read
        with pytest.raises(Unavailable, match="not enough memory for the query"):
            await store.read(kind(out_of_memory))
    assert await store.read(held) == await store.read(held_now)
    await store.close()


@pytest.mark.parametrize("writes_first", [True, False])
async def test_nothing_is_done_by_halves_where_memory_runs_out_in_the_middle_of_a_group(
    tmp_path: Path, writes_first: bool
):
    """SQLite then rolls everything back, and what followed would be committed statement by statement."""
    store, go_on = SqliteStore(tmp_path / "one.db"), threading.Event()
    migrate_sqlite(store.connection)

    async def first(tx):
        await hold(tx, "a")
        go_on.wait(10)

    async def out_of_memory(tx):
        if writes_first:
            await hold(tx, "b")
        tx._connection.execute("ROLLBACK")
        raise MemoryError

    asked = [asyncio.create_task(store.write(verb)) for verb in (first, out_of_memory)]
    asked.append(asyncio.create_task(store.write(hold, "c")))
    await asyncio.sleep(0)
    go_on.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    kept = await store.read(held) & {*"abc"}
    assert kept == {"c"} - {"c" for answer in answers[2:] if isinstance(answer, Unavailable)}
    assert [str(answer) for answer in answers[:2]] == ["the database could not commit: MemoryError"] * 2
    await store.close()


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
@pytest.mark.parametrize("put_there", [None, "another file"])
async def test_nothing_is_written_into_a_file_that_was_removed_or_replaced_until_it_is_back(
    tmp_path: Path, put_there: str | None, end: str
):
    """It would be gone with the process. No further connection is opened either: SQLite would make a new file."""
    path, away = tmp_path / f"one.db{end}", tmp_path / "away.db"
    store = SqliteStore(tmp_path / "one.db")
    migrate_sqlite(store.connection)
    await store.write(hold, "a")
    path.rename(away)
    if put_there is not None:
        path.write_text(put_there)
    for asked in (store.write(hold, "b"), store.urgent(hold, "c"), store.read(held), store.read(held_now)):
        with pytest.raises(
            Unavailable, match=rf"one\.db{end} was removed or replaced while the server had it open"
        ):
            await asked
    assert path.exists() == (put_there is not None)
    away.rename(path)
    await store.write(hold, "d")
    assert await store.read(held) & {*"abcd"} == {*"ad"} == await store.read(held_now) & {*"abcd"}
    await store.close()


async def test_a_reader_that_cannot_open_the_file_once_more_says_so_and_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As where the process may open no more files."""
    store, connect = SqliteStore(tmp_path / "one.db"), sqlite_store.connect
    migrate_sqlite(store.connection)

    def refused(*given, **options):
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite_store, "connect", refused)
    for verb in (held, held_now):
        with pytest.raises(Unavailable, match="cannot be opened once more: unable to open database file"):
            await store.read(verb)
    monkeypatch.setattr(sqlite_store, "connect", connect)
    assert await store.read(held) == await store.read(held_now)
    await store.close()


async def test_what_others_wait_for_by_the_clock_goes_first_and_is_committed_at_once(tmp_path: Path):
    """Nothing of what was asked for besides is done between a prompt verb and its commit."""
    store, go_on, done = SqliteStore(tmp_path / "one.db"), threading.Event(), []

    async def first(tx):
        go_on.wait(10)

    async def other(tx):
        done.append("other")
        assert released.done.wait(10)  # the answer to `release` was given before, so it was committed

    @prompt
    async def release(tx):
        done.append("release")

    async def released():
        await store.urgent(release)
        released.done.set()

    released.done = threading.Event()
    asked = [asyncio.create_task(store.urgent(verb)) for verb in (first, other)]
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(released()))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*asked)
    assert done == ["release", "other"]
    await store.close()
