"""The steps of a backup and of a restore one by one: what is handed on, kept, asked first, cleared up and refused."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from horarium.backup import by_server, keeping, making, restoring
from horarium.backup.by_server import ServerBackups
from horarium.backup.making import make_backup
from horarium.backup.manifest import FORMAT, Manifest, file_name, manifest_of
from horarium.backup.places import Folder, find, newest, place_of
from horarium.backup.restoring import check_backup, restore
from horarium.domain.errors import Conflict, Unavailable
from horarium.store.file_lock import sqlite_lock
from horarium.store.migrate import migrate
from horarium.store.verbs.meta import COPYING
from tests.simulation.loop import VirtualLoop
from tests.support.installation import open_store
from tests.support.tenant import MINUTE, Node, Tenant, states

NOW = 1_800_000_000_000
HOUR_MS = 3_600_000


class Claims:
    """A store that only notes what is written, and a clock that goes with the loop. `mine`: whether a claim is won."""

    def __init__(self, mine: bool = True) -> None:
        self.mine, self.written = mine, list[tuple[Any, ...]]()

    def now_ms(self) -> int:
        return NOW + round(asyncio.get_running_loop().time()) * 1000

    async def write(self, verb: Any, *given: Any) -> bool:
        self.written.append((verb.__name__, *given))
        return self.mine


class Child:
    """A process that ends after so many seconds, or `stubborn` not even where it is told to."""

    pid = 2**22 + 1  # beyond those that Linux gives

    def __init__(self, seconds: float, code: int = 0, stubborn: bool = False) -> None:
        self.seconds, self.code, self.stubborn = seconds, code, stubborn
        self.returncode: int | None = None
        self.told: list[str] = []

    async def communicate(self) -> tuple[bytes, bytes]:
        await asyncio.sleep(self.seconds)
        self.returncode = self.code
        return b" made \n", b"x" * 2_000 + b" the end\n"

    def terminate(self) -> None:
        self.told.append("terminate")
        if not self.stubborn:
            self.returncode = -15

    def kill(self) -> None:
        self.told.append("kill")
        self.returncode = -9

    async def wait(self) -> None:
        while self.returncode is None:
            await asyncio.sleep(1)


def played(
    child: Child, monkeypatch: pytest.MonkeyPatch, mine: bool = True, ends_s: float | None = None
) -> tuple[Claims, list[tuple[tuple[str, ...], Mapping[str, Any]]], list[tuple[int, int, int]], float]:
    """Let a server make a backup by this process; what was written, started and set, and how long it took. `ends_s`:
    when the server stops."""
    started: list[tuple[tuple[str, ...], Mapping[str, Any]]] = []
    priorities: list[tuple[int, int, int]] = []
    claims: Any = Claims(mine)

    async def start(*words: str, **given: Any) -> Child:
        started.append((words, given))
        return child

    monkeypatch.setattr(by_server.asyncio, "create_subprocess_exec", start)
    monkeypatch.setattr(by_server.os, "setpriority", lambda *given: priorities.append(given))
    loop = VirtualLoop(Random(1))

    async def play() -> float:
        backups = ServerBackups(claims, claims, "/kept", HOUR_MS, 3, {"HORARIUM_DATA": "/here"})
        making_it = asyncio.create_task(backups.back_up())
        await asyncio.wait({making_it}, timeout=ends_s)
        if ends_s is not None:
            making_it.cancel()
            await asyncio.wait({making_it})
            assert making_it.cancelled()
        else:
            assert making_it.result() is False
        left = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.sleep(0)
        assert all(task.done() for task in left)
        return loop.time()

    try:
        return claims, started, priorities, loop.run_until_complete(play())
    finally:
        loop.close()


def test_a_process_of_low_priority_makes_the_backup_with_what_it_was_given_while_the_claim_is_renewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child = Child(100)
    with capture_logs() as told:
        claims, ((words, given),), priorities, _ = played(child, monkeypatch)
    assert words[1:] == ("-m", "horarium", "backup", "/kept", "--keep", "3")
    assert given["env"] == {"HORARIUM_DATA": "/here"}
    assert given["stdin"] == asyncio.subprocess.DEVNULL
    assert priorities == [(os.PRIO_PROCESS, child.pid, 10)]
    assert claims.written == [
        ("claim_backup", NOW, HOUR_MS, NOW + 120_000),
        *(("keep_backup_claim", NOW + at * 1000 + 120_000) for at in (30, 60, 90)),
        ("keep_backup_claim", NOW + HOUR_MS),
    ]
    assert [(line["event"], line["said"]) for line in told] == [("backup_made", "made")]
    assert child.told == []


def test_a_backup_that_has_failed_is_tried_again_ten_minutes_after_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with capture_logs() as told:
        claims, *_ = played(Child(20, code=1), monkeypatch)
    assert claims.written[-1] == ("keep_backup_claim", NOW + 20_000 + 600_000)
    (line,) = told
    assert (line["event"], len(line["said"]), line["said"][-7:]) == ("backup_failed", 1_000, "the end")


def test_where_another_node_makes_the_backup_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    claims, started, _, _ = played(Child(1), monkeypatch, mine=False)
    assert (started, len(claims.written)) == ([], 1)


@pytest.mark.parametrize(
    ("stubborn", "told", "took_s"), [(False, ["terminate"], 5), (True, ["terminate", "kill"], 15)]
)
def test_a_server_that_stops_tells_the_process_to_end_and_ends_it_after_ten_seconds(
    stubborn: bool, told: list[str], took_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child(10_000, stubborn=stubborn)
    *_, took = played(child, monkeypatch, ends_s=5)
    assert child.told == told
    assert took == pytest.approx(took_s, abs=0.5)


class Elsewhere:
    """A place that is not on this machine. It notes what is done with it."""

    def __init__(self, done: list[str]) -> None:
        self.done, self.there = done, [file_name(1), file_name(2)]

    def names(self) -> list[str]:
        self.done.append("names")
        return self.there

    def put(self, file: Path) -> str:
        self.done.append(f"put {file.name}")
        self.there.append(file.name)
        return "s3://there"

    def delete(self, name: str) -> None:
        self.done.append(f"delete {name}")


async def test_a_place_that_cannot_be_used_is_known_before_the_backup_and_only_what_is_too_old_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    manifest = Manifest(5, "sqlite", "0", 1, None, {})

    async def made(url: str, folder: Path, progress: Any) -> tuple[Path, Manifest]:
        done.append("made")
        file = folder / file_name(3)
        file.write_bytes(b"12345")
        return file, manifest

    async def note(url: str, made_ms: int) -> bool:
        done.append(f"noted {url} {made_ms}")
        return True

    monkeypatch.setattr(keeping, "make_backup", made)
    monkeypatch.setattr(keeping, "_note", note)
    monkeypatch.setattr(keeping, "place_of", lambda to: Elsewhere(done))
    told: list[str] = []
    kept = await keeping.back_up("url", "s3://there", 2, told.append)
    assert done == ["names", "made", f"put {file_name(3)}", "names", f"delete {file_name(1)}", "noted url 5"]
    assert kept == (manifest, "s3://there", 5, [file_name(1)], True)
    assert told == ["uploading the backup"]
    monkeypatch.setattr(keeping, "place_of", lambda to: Folder(tmp_path))
    kept = await keeping.back_up("url", str(tmp_path), 0)
    assert (kept.where, kept.size, kept.deleted) == (str(tmp_path / file_name(3)), 5, [])


@pytest.mark.parametrize("url", ["sqlite:///none", "postgresql://h/d"])
async def test_a_database_that_cannot_be_told_of_its_backup_is_none_that_was_and_is_let_go(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[bool] = []

    class Connection:
        def __init__(self, url: str, name: str) -> None:
            pass

        async def run(self, verb: Any, made_ms: int) -> None:
            raise Unavailable("it may only be read")

        def drop(self) -> None:
            dropped.append(True)

    def refused(path: str) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(keeping, "PostgresConnection", Connection)
    monkeypatch.setattr(keeping, "connect", refused)
    assert await keeping._note(url, 5) is False
    assert dropped == [True] * url.startswith("postgresql")


@pytest.fixture
async def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/old/horarium.db"
    (tmp_path / "old").mkdir()
    await migrate(url)
    return url


async def test_a_backup_is_private_and_no_other_takes_its_name_and_progress_is_told(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making.time, "time_ns", lambda: NOW * 1_000_000)
    monkeypatch.setattr(making, "PAGES", 20)
    modes: set[int] = set()
    told: list[str] = []
    flushed: list[str] = []
    real = making.flush
    monkeypatch.setattr(making, "flush", lambda path: (flushed.append(path.name), real(path)))

    def progress(words: str) -> None:
        told.append(words)
        modes.update(stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("kept/.horarium-*/backup"))

    file, manifest = await make_backup(database, tmp_path / "kept", progress)
    assert file.name == file_name(NOW)
    assert flushed == ["backup", "kept"]  # what it holds before it has its name, and its name
    assert modes == {0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    copied = [int(words.split()[1]) for words in told if words.startswith("copied ")]
    assert copied == sorted(copied)
    assert told[-1] == "checking the backup"
    before = file.read_bytes()
    with pytest.raises(Conflict, match="there is a backup"):
        await make_backup(database, tmp_path / "kept")
    assert (file.read_bytes(), [*file.parent.iterdir()]) == (before, [file])
    with closing(sqlite3.connect(file)) as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert check_backup(file) == manifest


async def test_a_copy_that_does_not_hold_what_the_database_held_becomes_no_backup(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = making._of_sqlite

    def short_of_a_row(*given: Any) -> Manifest:
        manifest = real(*given)
        return replace(manifest, rows={**manifest.rows, "schedules": 1})

    monkeypatch.setattr(making, "_of_sqlite", short_of_a_row)
    with pytest.raises(Unavailable, match="the backup is not complete: schedules has 0 rows"):
        await make_backup(database, tmp_path / "kept")
    assert [*(tmp_path / "kept").iterdir()] == []


async def test_an_unfinished_copy_and_what_is_no_installation_are_not_backed_up(
    database: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "old" / "horarium.db")) as opened, opened:
        opened.execute("INSERT INTO meta (name, value) VALUES (?, '')", (COPYING,))
    with pytest.raises(Unavailable, match="copy that has not been finished"):
        await make_backup(database, tmp_path / "kept")
    (tmp_path / "no.db").write_bytes(b"x" * 5_000)
    with pytest.raises(Unavailable, match="the backup has failed"):
        await make_backup(f"sqlite:///{tmp_path}/no.db", tmp_path / "kept")
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(Unavailable, match="holds no installation"):
        await make_backup(f"sqlite:///{tmp_path}/empty.db", tmp_path / "kept")
    with pytest.raises(Unavailable, match="there is no database at"):
        await make_backup(f"sqlite:///{tmp_path}", tmp_path / "kept")
    assert [*(tmp_path / "kept").iterdir()] == []


async def test_a_postgres_database_that_fails_is_told_and_both_sides_of_the_copy_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    class Side:
        def __init__(self, *given: Any) -> None:
            self.name = str(given[0])

        async def connect(self) -> None:
            raise asyncpg.PostgresError("it is shutting down")

        async def close(self) -> None:
            closed.append(self.name.rpartition("/")[2])

    monkeypatch.setattr(making, "PostgresSide", Side)
    monkeypatch.setattr(making, "SqliteSide", Side)
    with pytest.raises(Unavailable):
        await make_backup("postgresql://u:hidden@h/d", tmp_path)
    assert closed == ["d", "backup"]
    assert [*tmp_path.iterdir()] == []


async def test_a_restored_database_is_one_private_file_and_its_backup_stays_as_it_was(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(restoring, "flush", lambda path: flushed.append(path.name))
    file, _ = await make_backup(database, tmp_path / "kept")
    before = file.read_bytes()
    target = tmp_path / "new" / "horarium.db"
    modes: set[int] = set()

    def progress(words: str) -> None:
        modes.update(
            stat.S_IMODE(part.stat().st_mode) for part in tmp_path.glob("new/.horarium-*/horarium.db")
        )

    await restore(file, f"sqlite:///{target}", None, progress=progress)
    assert file.read_bytes() == before
    assert flushed == ["horarium.db", "new"]
    assert modes == {0o600}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert {path.name for path in target.parent.iterdir()} - {"horarium.db.lock"} == {"horarium.db"}
    with closing(sqlite3.connect(target)) as opened:
        assert opened.execute("PRAGMA journal_mode").fetchone() == ("delete",)


async def test_a_restore_waits_for_nobody_who_has_the_file_and_takes_an_empty_one(
    database: str, tmp_path: Path
) -> None:
    file, _ = await make_backup(database, tmp_path / "kept")
    target = tmp_path / "new" / "horarium.db"
    target.parent.mkdir()
    target.touch()
    with sqlite_lock(target), pytest.raises(Unavailable):
        await restore(file, f"sqlite:///{target}", None)
    assert target.stat().st_size == 0
    await restore(file, f"sqlite:///{target}", None)
    with pytest.raises(Conflict, match="there is a database at"):
        await restore(file, f"sqlite:///{target}", None)


async def test_all_that_was_open_is_ended_and_all_schedules_are_passed_over_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "_BATCH", 2)
    (tmp_path / "old").mkdir()
    store = await open_store(f"sqlite:///{tmp_path}/old/horarium.db")
    now = restoring.time.time_ns() // 1_000_000 // MINUTE * MINUTE
    tenant = await Tenant.open(store, now - 60 * MINUTE)
    schedules = [await tenant.schedule(now=now - 60 * MINUTE) for _ in range(5)]
    await tenant.release(now - 59 * MINUTE)
    file, manifest = await make_backup(f"sqlite:///{tmp_path}/old/horarium.db", tmp_path / "kept")
    await store.close()
    for number, until in enumerate((manifest.made_ms - 1, manifest.made_ms + HOUR_MS)):
        with pytest.raises(Conflict, match="cannot have worked until"):
            await restore(file, f"sqlite:///{tmp_path}/wrong{number}/horarium.db", None, until)
    new = f"sqlite:///{tmp_path}/new/horarium.db"
    await restore(file, new, None, manifest.made_ms)
    restored = await open_store(new)
    there = Tenant(restored, tenant.workspace, tenant.principal)
    for schedule in schedules:
        assert states(await there.fires(schedule)) == ["cancelled"]
        (span,) = await there.spans(schedule)
        assert span.reason.value == "missed"
    assert await (await Node.start(restored)).claim(now) == []
    await restored.close()


def test_files_in_a_folder_are_found_by_their_names_and_what_cannot_be_read_or_deleted_is_told(
    tmp_path: Path,
) -> None:
    place = Folder(tmp_path / "kept")
    assert (place.names(), newest(place)) == ([], None)
    with pytest.raises(Unavailable, match="there is no backup in"):
        find(str(tmp_path), tmp_path)
    (tmp_path / "made").write_bytes(b"1")
    place.path.mkdir()
    assert place.put(tmp_path / "made") == str(place.path / "made")
    assert not (tmp_path / "made").exists()
    assert place.put(place.path / "made") == str(place.path / "made")
    place.delete("made")
    place.delete("made")  # somebody else was quicker
    for name in (file_name(1), file_name(2), "zzz"):
        (place.path / name).touch()
    (place.path / file_name(3)).mkdir()
    assert sorted(place.names()) == [file_name(1), file_name(2), "zzz"]
    assert find(str(place.path), tmp_path) == place.path / file_name(2)
    assert find(str(place.path / file_name(1)), tmp_path) == place.path / file_name(1)
    assert find(str(place.path / "none"), tmp_path) == place.path / "none"
    with pytest.raises(Unavailable, match=r"the folder .* cannot be read"):
        Folder(place.path / "zzz").names()
    with pytest.raises(Unavailable, match=r"the old backup .* cannot be deleted"):
        place.delete(file_name(3))
    assert isinstance(place_of("kept"), Folder)


def test_a_manifest_is_read_as_it_was_written_and_one_of_this_format_is_not_too_new() -> None:
    manifest = Manifest(1_234, "sqlite", "0.1.0", 2, "key", {"a": 1, "b": 2})
    assert manifest_of(manifest.text()) == manifest
    assert (manifest.total, manifest.made_at) == (3, "1970-01-01T00:00:01.234Z")
    assert f'"format":{FORMAT}' in manifest.text()
