"""An installation moves from one database to another: whole, resumable, counted."""

import fcntl
import sqlite3
from contextlib import closing

import pytest

from horarium.domain.errors import Conflict, Unavailable
from horarium.store import copy as copying
from horarium.store.copy import copy
from horarium.store.migrate import migrate
from horarium.store.postgres import PostgresStore
from horarium.store.postgres.connection import connect
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import meta, run_lists
from tests.support.postgres import drop_database, fresh_database
from tests.support.tenant import FAILED, MINUTE, NOON, TRY_AGAIN, Node, Tenant, states


@pytest.fixture
def postgres():
    url = fresh_database("copy")
    yield url
    drop_database(url)


async def open_store(url):
    await migrate(url)
    if url.startswith("sqlite"):
        return SqliteStore(url.removeprefix("sqlite:///"))
    return await PostgresStore.open(url, notify=False)


async def filled(url):
    """A database with a bit of everything; its tenant, schedules, and what is in it by table."""
    store = await open_store(url)
    tenant = await Tenant.open(store)
    made = await tenant.schedules(
        25, labels={"ä": "ö", "Z": "a"}, input={"text": "\u0000é"}, environment=b"\x00\xff"
    )
    node = await Node.start(store)
    for n in (1, 2, 3):
        await tenant.release(NOON + n * MINUTE)
        await node.work(NOON + n * MINUTE, (FAILED, TRY_AGAIN, FAILED)[n - 1], room=20)
    await store.write(meta.agree_on_vault, "fingerprint", lambda known: True)
    await store.close()
    return tenant, made


async def look(url, tenant, made):
    store = await open_store(url)
    there = Tenant(store, tenant.workspace, tenant.principal)
    found = [
        (await there.again(one), await there.fires(one), await there.spans(one), await there.runs(one))
        for one in made
    ]
    found.append(await store.read(run_lists.count_runs, tenant.workspace))
    found.append(await store.write(meta.agree_on_vault, "fingerprint", lambda known: known == "fingerprint"))
    await store.close()
    return found


@pytest.mark.parametrize("there_and_back", [False, True])
async def test_everything_arrives(postgres, tmp_path, there_and_back):
    first = f"sqlite:///{tmp_path}/a.db"
    tenant, made = await filled(first)
    before = await look(first, tenant, made)
    told = []
    copied = await copy(first, postgres, lambda *args: told.append(args))
    last = postgres
    if there_and_back:
        last = f"sqlite:///{tmp_path}/b/c.db"
        await copy(postgres, last)
    assert await look(last, tenant, made) == before
    assert (copied["schedules"], copied["labels"]) == (25, 50)
    assert ("schedules", 25, 25) in told


async def test_work_goes_on_in_the_copy(postgres, tmp_path):
    source = f"sqlite:///{tmp_path}/a.db"
    tenant, made = await filled(source)
    await copy(source, postgres)
    store = await open_store(postgres)
    there = Tenant(store, tenant.workspace, tenant.principal)
    node = await Node.start(store)
    await there.release(NOON + 4 * MINUTE)
    await node.work(NOON + 9 * MINUTE, FAILED)
    for one in made:
        assert "running" not in states(await there.fires(one))
    await store.close()


async def test_cursors_that_share_a_place_find_places_of_their_own(postgres, tmp_path):
    """On PostgreSQL nothing lies by its place, so nothing keeps two nodes from giving one twice."""
    source = f"sqlite:///{tmp_path}/a.db"
    _, made = await filled(source)
    await copy(source, postgres)
    connection = await connect(postgres)
    await connection.execute("UPDATE cursors SET place = 5")
    await connection.close()
    await copy(postgres, f"sqlite:///{tmp_path}/b.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as there:
        assert len(there.execute("SELECT place FROM cursors").fetchall()) == len(made)


async def test_an_interrupted_copy_goes_on_where_it_stood(postgres, tmp_path, monkeypatch):
    source = f"sqlite:///{tmp_path}/a.db"
    tenant, made = await filled(source)
    monkeypatch.setattr(copying, "BATCH", 7)

    def interrupt(table, done, rows):
        if table == "labels" and done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy(source, postgres, interrupt)
    store = await open_store(postgres)
    assert not await store.write(meta.is_complete)
    await store.close()
    told = []
    await copy(source, postgres, lambda *args: told.append(args))
    assert [done for table, done, _ in told if table == "labels"] == [28, 35, 42, 49, 50]
    assert await look(postgres, tenant, made) == await look(source, tenant, made)


async def test_a_target_with_data_of_its_own_is_refused(postgres, tmp_path):
    source = f"sqlite:///{tmp_path}/a.db"
    await filled(source)
    await copy(source, postgres)
    with pytest.raises(Conflict, match="data already"):
        await copy(source, postgres)
    with pytest.raises(Conflict, match="same database"):
        await copy(source, source)


async def test_a_source_in_use_is_refused(postgres, tmp_path):
    source = f"sqlite:///{tmp_path}/a.db"
    await filled(source)
    with (tmp_path / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="running on the source"):
            await copy(source, postgres)
