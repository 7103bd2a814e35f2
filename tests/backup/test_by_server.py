"""A server makes backups by itself, one node at a time, and says where one fails."""

from __future__ import annotations

import asyncio
import os

import pytest
from structlog.testing import capture_logs

from horarium.backup import by_server
from horarium.backup.by_server import AGAIN_MS, HOLD_MS, ServerBackups
from horarium.store.migrate import migrate
from horarium.store.sqlite import SqliteStore
from horarium.store.verbs import meta
from tests.support.house import HandClock
from tests.support.tenant import HOUR, NOON, Tenant


@pytest.fixture
async def store(tmp_path):
    await migrate(f"sqlite:///{tmp_path}/a.db")
    opened = SqliteStore(tmp_path / "a.db")
    await Tenant.open(opened)
    yield opened
    await opened.close()


async def test_a_backup_is_claimed_by_one_and_again_when_it_is_due_or_its_maker_is_gone(store):
    now = NOON

    async def claim():
        return await store.write(meta.claim_backup, now, HOUR, now + HOLD_MS)

    assert [await claim(), await claim()] == [True, False]
    now += HOLD_MS
    assert await claim()
    await store.write(meta.note_backup, now)
    now += HOUR - 1
    assert not await claim()
    now += 1
    assert await claim()


async def test_the_server_makes_a_backup_and_no_second_one_before_it_is_due(store, tmp_path):
    now = await store.now_ms()
    environment = {**os.environ, "HORARIUM_DATABASE": f"sqlite:///{tmp_path}/a.db"}
    backups = ServerBackups(store, HandClock(now), str(tmp_path / "kept"), HOUR, 1, environment)
    with capture_logs() as told:
        for _ in range(2):
            assert await backups.back_up() is False
    assert [line["event"] for line in told] == ["backup_made"]
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert await store.read(meta.last_backup_ms) >= now
    await store.write(meta.note_backup, 0)
    assert not await store.write(meta.claim_backup, now + HOUR - 1, HOUR, NOON)
    assert await store.write(meta.claim_backup, now + HOUR, HOUR, NOON)


async def test_a_backup_that_fails_is_told_and_tried_again_later(store, tmp_path):
    (tmp_path / "file").write_text("")
    environment = {**os.environ, "HORARIUM_DATABASE": f"sqlite:///{tmp_path}/a.db"}
    backups = ServerBackups(store, HandClock(NOON), str(tmp_path / "file"), HOUR, 1, environment)
    with capture_logs() as told:
        await backups.back_up()
    assert [line["event"] for line in told] == ["backup_failed"]
    assert "cannot be written" in told[0]["said"]
    assert not await store.write(meta.claim_backup, NOON + AGAIN_MS - 1, HOUR, NOON)
    assert await store.write(meta.claim_backup, NOON + AGAIN_MS, HOUR, NOON)


async def test_a_server_that_stops_ends_the_process_that_makes_its_backup(store, tmp_path, monkeypatch):
    monkeypatch.setattr(by_server.sys, "executable", "/bin/sleep")
    started = []
    start = asyncio.create_subprocess_exec

    async def sleeping(program, *arguments, **options):
        started.append(await start(program, "100", **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", sleeping)
    backups = ServerBackups(store, HandClock(NOON), str(tmp_path), HOUR, 1, dict(os.environ))
    task = asyncio.create_task(backups.back_up())
    while not started:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert started[0].returncode is not None
