"""A server that cannot work is not ready, and says why."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing

import pytest

from horarium.domain.errors import Unavailable
from horarium.service import readiness
from horarium.service.readiness import LEAST_FREE_BYTES, Readiness
from horarium.store.migrate import migrate
from horarium.store.postgres import PostgresStore
from horarium.store.sqlite import SqliteStore
from tests.support.house import HandClock
from tests.support.postgres import drop_database, fresh_database, migrated_database
from tests.support.tenant import HOUR, MINUTE, NOON, Tenant


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request, tmp_path, monkeypatch):
    """A store with a tenant whose schedule has fired a minute after noon."""
    monkeypatch.setattr(readiness, "KEPT_S", 0)
    if request.param == "sqlite":
        await migrate(f"sqlite:///{tmp_path}/a.db")
        opened, url = SqliteStore(tmp_path / "a.db"), None
    else:
        url = await migrated_database("ready")
        opened = await PostgresStore.open(url, notify=False)
    tenant = await Tenant.open(opened)
    await tenant.schedule()
    await tenant.release(NOON + MINUTE)
    yield opened
    await opened.close()
    if url is not None:
        drop_database(url)


async def test_a_server_that_can_work_is_ready(store, tmp_path):
    assert await Readiness(store, HandClock(NOON + MINUTE), tmp_path).reasons() == []


async def test_a_ledger_ahead_of_the_clock_is_told(store):
    clock = HandClock(NOON - 2 * HOUR)
    looked = Readiness(store, clock, None)
    (reason,) = await looked.reasons()
    assert "the ledger is 2 hours ahead of the clock" in reason
    clock.now = NOON + MINUTE
    assert await looked.reasons() == []


async def test_a_lost_lease_and_an_uncertain_clock_are_told(store):
    looked = Readiness(store, HandClock(NOON + MINUTE), None)
    looked.may_work, looked.clock_uncertain = (lambda: False), (lambda: True)
    reasons = "; ".join(await looked.reasons())
    assert "lost its lease" in reasons
    assert "jumped ahead" in reasons


async def test_a_missing_schema_is_told(store, monkeypatch):
    newer = readiness.latest() + 1
    monkeypatch.setattr(readiness, "latest", lambda: newer)
    (reason,) = await Readiness(store, HandClock(NOON + MINUTE), None).reasons()
    assert f"this program needs {newer}" in reason


async def test_a_node_of_the_version_before_stays_ready_while_others_are_brought_up_to_date(
    store, monkeypatch
):
    older = readiness.latest() - 1
    monkeypatch.setattr(readiness, "latest", lambda: older)
    assert await Readiness(store, HandClock(NOON + MINUTE), None).reasons() == []


async def test_what_cannot_be_committed_is_told_although_reading_works(tmp_path, monkeypatch):
    monkeypatch.setattr(readiness, "KEPT_S", 0)
    await migrate(f"sqlite:///{tmp_path}/a.db")
    store = SqliteStore(tmp_path / "a.db")
    await Tenant.open(store)
    looked = Readiness(store, HandClock(NOON), tmp_path)
    store.connection.execute("PRAGMA query_only=ON")
    (reason,) = await looked.reasons()
    assert "readonly" in reason
    store.connection.execute("PRAGMA query_only=OFF")
    assert await looked.reasons() == []
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.05)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (reason,) = await looked.reasons()
    assert "has not committed anything" in reason
    await store.close()


async def test_releases_that_are_not_done_are_told_with_the_reason_once_they_have_taken_long(store):
    looked = Readiness(store, HandClock(NOON + MINUTE), None)
    looked.releasing = lambda: (5.0, "the database refused: permission denied")
    assert await looked.reasons() == []
    looked.releasing = lambda: (61.4, "the database refused: permission denied")
    said = "for 61 s nothing could be released that is due: "
    assert await looked.reasons() == [f"{said}the database refused: permission denied"]
    looked.releasing = lambda: (5.6, "")
    assert await looked.reasons() == [
        "for 6 s nothing could be released that is due: the database has not answered"
    ]


async def test_a_process_that_can_open_no_more_files_says_that_it_is_not_ready(store, monkeypatch):
    async def no_files(verb, *args):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(store, "read", no_files)
    reasons = await Readiness(store, HandClock(NOON + MINUTE), None).reasons()
    assert reasons == ["this process could not look at the database: Too many open files"]


async def test_a_full_disk_is_told(store, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(1 << 30, 1 << 30, 4096))
    (reason,) = await Readiness(store, HandClock(NOON + MINUTE), tmp_path).reasons()
    assert reason == "the disk of the database is full: 4 KiB are free"


@pytest.mark.parametrize(("free", "reasons"), [(LEAST_FREE_BYTES - 1, 1), (LEAST_FREE_BYTES, 0)])
async def test_a_disk_is_full_where_less_than_a_megabyte_is_free(store, tmp_path, monkeypatch, free, reasons):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(1 << 30, 1 << 30, free))
    assert len(await Readiness(store, HandClock(NOON + MINUTE), tmp_path).reasons()) == reasons


async def test_many_questions_are_answered_by_one_look(store, monkeypatch):
    monkeypatch.setattr(readiness, "KEPT_S", 60)
    looked = Readiness(store, HandClock(NOON + MINUTE), None)
    assert await looked.reasons() == []
    looked.may_work = lambda: False
    assert await looked.reasons() == []


async def test_a_database_that_is_away_is_a_reason(store, monkeypatch):
    async def away(verb, *args):
        raise Unavailable("the database cannot be reached: gone")

    looked = Readiness(store, HandClock(NOON + MINUTE), None)
    monkeypatch.setattr(store, "read", away)
    assert await looked.reasons() == ["the database cannot be reached: gone"]


async def test_a_database_without_tables_is_a_reason(tmp_path):
    url = fresh_database("empty")
    for store, words in (
        (SqliteStore(tmp_path / "empty.db"), "no such table: workspaces"),
        (await PostgresStore.open(url, notify=False), "its schema is missing"),
    ):
        (reason,) = await Readiness(store, HandClock(NOON), None).reasons()
        assert words in reason
        await store.close()
    drop_database(url)
