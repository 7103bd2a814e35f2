"""A backup holds everything, says what it holds, and is restored into either database, or refused with the reason."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing

import asyncpg
import pytest

from horarium.app import open_server
from horarium.backup import making
from horarium.backup.keeping import back_up
from horarium.backup.making import make_backup
from horarium.backup.manifest import FORMAT, file_name, made_of_name
from horarium.backup.restoring import check_backup, read_manifest, restore
from horarium.domain.errors import Conflict, Unavailable
from horarium.settings import Settings
from horarium.store.copy import copy
from horarium.store.copy_sides import SqliteSide
from horarium.store.migrate import migrate
from horarium.store.migrations import latest
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import meta
from tests.support.installation import filled, look, open_store
from tests.support.postgres import drop_database, fresh_database
from tests.support.tenant import MINUTE, NOON, SUCCEEDED, Node, Tenant, states

KEY = new_key()
VAULT = Vault([KEY])
DAY = 86_400


@pytest.fixture
def postgres():
    made = []

    def fresh():
        made.append(fresh_database("backup"))
        return made[-1]

    yield fresh
    for url in made:
        drop_database(url)


def url_in(kind, folder, postgres, name):
    return f"sqlite:///{folder}/{name}/horarium.db" if kind == "sqlite" else postgres()


@pytest.fixture
async def backed_up(tmp_path):
    """A backup of a SQLite database; its tenant and schedules."""
    url = f"sqlite:///{tmp_path}/old/horarium.db"
    (tmp_path / "old").mkdir()
    tenant, made = await filled(url, VAULT.fingerprint())
    file, _ = await make_backup(url, tmp_path / "backups")
    return file, tenant, made


def changed(file, *statements):
    """Damage a backup."""
    with closing(sqlite3.connect(file)) as backup, backup:
        for statement in statements:
            backup.execute(statement)


@pytest.mark.parametrize(
    ("source", "target"), [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite")]
)
async def test_a_backup_holds_everything_and_is_restored_into_either_database(
    tmp_path, postgres, source, target
):
    (tmp_path / "old").mkdir()
    old, new = url_in(source, tmp_path, postgres, "old"), url_in(target, tmp_path, postgres, "new")
    tenant, made = await filled(old, VAULT.fingerprint())
    before = await look(old, tenant, made, VAULT.fingerprint())
    here = time.time_ns() // 1_000_000
    file, manifest = await make_backup(old, tmp_path / "backups")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file_name(manifest.made_ms)]
    assert abs(manifest.made_ms - here) < 60_000
    assert manifest.database == ("sqlite" if source == "sqlite" else "postgresql")
    assert (manifest.schema, manifest.key_fingerprint) == (latest(), VAULT.fingerprint())
    assert (manifest.rows["schedules"], manifest.rows["labels"]) == (25, 50)
    assert check_backup(file) == manifest
    assert KEY.encode() not in file.read_bytes()

    assert await restore(file, new, VAULT) == manifest
    assert await look(new, tenant, made, VAULT.fingerprint()) == before
    assert not list(tmp_path.glob("**/.horarium-*"))


async def test_what_was_claimed_is_free_again_and_what_the_old_node_reports_is_refused(tmp_path):
    (tmp_path / "old").mkdir()
    old, new = f"sqlite:///{tmp_path}/old/horarium.db", f"sqlite:///{tmp_path}/new/horarium.db"
    store = await open_store(old)
    tenant = await Tenant.open(store)
    schedule = await tenant.schedule()
    node = await Node.start(store)
    await tenant.release(NOON + MINUTE)
    works = await node.claim(NOON + MINUTE)
    file, _ = await make_backup(old, tmp_path / "backups")
    await store.close()

    await restore(file, new, None)
    restored = await open_store(new)
    node.store = restored
    refused = await node.record(works, SUCCEEDED, NOON + MINUTE, careful=True)
    assert refused == [work.id for work in works]
    there = Tenant(restored, tenant.workspace, tenant.principal)
    other = await Node.start(restored)
    assert await other.work(NOON + MINUTE) == [work.id for work in works]
    assert states(await there.fires(schedule)) == ["completed"]
    await restored.close()


async def test_what_is_committed_while_a_backup_is_made_is_not_in_it_and_does_not_disturb_it(
    tmp_path, monkeypatch
):
    url = f"sqlite:///{tmp_path}/a.db"
    await filled(url)
    monkeypatch.setattr(making, "PAGES", 2)
    steps = []

    def meanwhile(words):
        if words.startswith("copied") and len(steps) < 5:
            with closing(sqlite3.connect(tmp_path / "a.db")) as other, other:
                other.execute("INSERT INTO counters VALUES (?, 1)", (f"later {len(steps)}",))
            steps.append(words)

    file, manifest = await make_backup(url, tmp_path / "backups", meanwhile)
    assert len(steps) == 5
    with closing(sqlite3.connect(file)) as backup:
        assert backup.execute("SELECT count(*) FROM counters WHERE name LIKE 'later%'").fetchone() == (0,)
    assert check_backup(file) == manifest


async def test_a_role_that_may_only_read_can_back_up_and_the_database_is_not_told(tmp_path, postgres):
    url = postgres()
    await filled(url)
    owner = await asyncpg.connect(url)
    name = f"reader_{os.getpid()}"
    await owner.execute(f"CREATE ROLE {name} LOGIN; GRANT pg_read_all_data TO {name}")
    try:
        kept = await back_up(url.replace("postgres@", f"{name}@"), str(tmp_path))
        assert (kept.noted, kept.manifest.rows["schedules"]) == (False, 25)
        assert (await back_up(url, str(tmp_path))).noted
    finally:
        await owner.execute(f"DROP ROLE {name}")
        await owner.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_the_newest_backups_are_kept_and_the_database_knows_of_the_last(
    tmp_path, postgres, kind, monkeypatch
):
    (tmp_path / "old").mkdir()
    url = url_in(kind, tmp_path, postgres, "old")
    await (await open_store(url)).close()
    kept = [await back_up(url, str(tmp_path / "backups"), keep=2) for _ in range(4)]
    (tmp_path / "backups" / "notes.txt").write_text("mine")
    kept.append(await back_up(url, str(tmp_path / "backups"), keep=2))
    there = {file.name for file in (tmp_path / "backups").iterdir()}
    assert there == {file_name(one.manifest.made_ms) for one in kept[-2:]} | {"notes.txt"}
    assert kept[-1].deleted == [file_name(kept[-3].manifest.made_ms)]
    store = await open_store(url)
    assert await store.read(meta.last_backup_ms) == kept[-1].manifest.made_ms
    await store.close()


async def test_a_backup_that_has_just_been_made_is_kept_also_beside_those_of_a_clock_that_was_ahead(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    await migrate(url)
    place = tmp_path / "backups"
    place.mkdir(mode=0o700)
    ahead = [file_name(time.time_ns() // 1_000_000 + days * DAY * 1000) for days in (300, 400)]
    for name in ahead:
        (place / name).write_bytes(b"")
    made = [file_name((await back_up(url, str(place), keep=2)).manifest.made_ms) for _ in range(3)]
    assert sorted(path.name for path in place.iterdir()) == sorted([*ahead, *made[-2:]])


async def test_no_server_works_on_a_backup_and_no_copy_or_backup_is_made_of_it(backed_up, tmp_path):
    file, _, _ = backed_up
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "horarium.db").write_bytes(file.read_bytes())
    with pytest.raises(Unavailable, match="the database is a backup, on which no server works"):
        async with open_server(Settings(data=data, secret_key=KEY)):
            pass
    with pytest.raises(Unavailable, match="is a backup: use `horarium restore`"):
        await copy(f"sqlite:///{data}/horarium.db", f"sqlite:///{tmp_path}/b.db")
    with pytest.raises(Unavailable, match="is itself a backup"):
        await make_backup(f"sqlite:///{data}/horarium.db", tmp_path / "more")


async def test_a_target_with_data_is_refused_and_stays_as_it_is(backed_up, tmp_path):
    file, _, _ = backed_up
    (tmp_path / "new").mkdir()
    url = f"sqlite:///{tmp_path}/new/horarium.db"
    tenant, made = await filled(url)
    before = await look(url, tenant, made)
    with pytest.raises(Conflict, match="there is a database at"):
        await restore(file, url, VAULT)
    assert await look(url, tenant, made) == before


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
async def test_what_a_killed_server_has_left_beside_its_database_never_gets_into_the_restored_one(
    backed_up, tmp_path, ending
):
    """SQLite would write what stands in the log of the old database into the new one, and so destroy it."""
    file, tenant, made = backed_up
    new = tmp_path / "new"
    new.mkdir(mode=0o700)
    left = new / f"horarium.db{ending}"
    left.write_bytes(b"pages of the old database")
    url = f"sqlite:///{new}/horarium.db"
    with pytest.raises(Conflict, match=f"horarium.db{ending}, and SQLite would read it"):
        await restore(file, url, VAULT)
    assert left.read_bytes() == b"pages of the old database"
    assert not (new / "horarium.db").exists()
    left.write_bytes(b"")
    await restore(file, url, VAULT)
    assert (await look(url, tenant, made, VAULT.fingerprint()))[-1] is True


async def test_a_key_that_does_not_open_the_secrets_is_refused_before_anything_is_made(backed_up, tmp_path):
    file, _, _ = backed_up
    url = f"sqlite:///{tmp_path}/new/horarium.db"
    with pytest.raises(Unavailable, match=f"fingerprint is {VAULT.fingerprint()}.*put the file secret.key"):
        await restore(file, url, None)
    other = Vault([new_key()])
    with pytest.raises(
        Unavailable, match=f"{VAULT.fingerprint()}, and the key given has.*{other.fingerprint()}"
    ):
        await restore(file, url, other)
    assert not (tmp_path / "new").exists()
    await restore(file, url, Vault([new_key(), KEY]))


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["DELETE FROM labels"], "labels has 0 rows, its manifest says 50"),
        (["DROP TABLE labels"], "labels has 0 rows, its manifest says 50"),
        (["CREATE TABLE more (id INTEGER)", "INSERT INTO more VALUES (1)"], "more has 1 rows"),
        (["UPDATE meta SET value = 'x' WHERE name = 'backup'"], "manifest of the backup is damaged"),
        (["UPDATE meta SET value = '{}' WHERE name = 'backup'"], "manifest of the backup is damaged"),
        (["UPDATE meta SET value = '[1]' WHERE name = 'backup'"], "manifest of the backup is damaged"),
        (
            [f"UPDATE meta SET value = '{{\"format\":{FORMAT + 1}}}' WHERE name = 'backup'"],
            "use a newer program",
        ),
        (["DELETE FROM meta WHERE name = 'backup'"], "no manifest"),
        (["UPDATE schedules SET name = 'other'"], "schedules holds something else than its manifest says"),
        (["UPDATE labels SET value = 'b' WHERE name = 'Z'"], "labels holds something else"),
        (["UPDATE cursors SET next_due = next_due + 1"], "cursors holds something else"),
        (["UPDATE nodes SET lease_until_ms = 1"], "nodes holds something else"),
        (["UPDATE meta SET value = 'x' WHERE name = 'vault_key'"], "meta holds something else"),
        (["INSERT INTO meta VALUES ('more', '')"], "meta holds something else"),
        (["DROP INDEX labels_of_schedule"], "sqlite_schema holds something else"),
        (["CREATE TABLE more (id INTEGER)"], "sqlite_schema holds something else"),
        (["PRAGMA application_id = 7"], "is no backup of Horarium"),
        (["PRAGMA user_version = 7"], "has schema 7"),
    ],
)
async def test_a_backup_that_is_not_what_it_says_is_refused_and_nothing_is_left(
    backed_up, tmp_path, statements, words
):
    file, _, _ = backed_up
    changed(file, *statements)
    with pytest.raises(Unavailable, match=words):
        await restore(file, f"sqlite:///{tmp_path}/new/horarium.db", VAULT)
    assert [path.name for path in (tmp_path / "new").glob("*") if path.suffix != ".lock"] == []


async def test_a_damaged_file_is_refused(backed_up, tmp_path):
    file, _, _ = backed_up
    whole = file.read_bytes()
    target = f"sqlite:///{tmp_path}/new/horarium.db"
    for damaged in (
        whole[: len(whole) // 2],
        b"",
        b"x" * 5000,
        whole[:8192] + b"\xff" * 8192 + whole[16384:],
    ):
        file.write_bytes(damaged)
        with pytest.raises(Unavailable, match=r"damaged|no backup|not complete"):
            await restore(file, target, VAULT)
    with pytest.raises(Unavailable, match="no backup at"):
        await restore(tmp_path / "none", target, VAULT)


async def test_a_value_of_which_one_byte_has_changed_is_noticed(backed_up, tmp_path):
    """The structure of the file is whole, and no row is missing."""
    file, _, _ = backed_up
    whole = file.read_bytes()
    at = whole.rindex(b'text":"')  # in the input of a schedule; nothing else in the file has these bytes
    file.write_bytes(whole[:at] + b"T" + whole[at + 1 :])
    with closing(sqlite3.connect(file)) as backup:
        assert backup.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with pytest.raises(Unavailable, match="versions holds something else than its manifest says"):
        check_backup(file)
    with pytest.raises(Unavailable, match="versions holds something else than its manifest says"):
        await restore(file, f"sqlite:///{tmp_path}/new/horarium.db", VAULT)
    file.write_bytes(whole)
    check_backup(file)


async def test_a_backup_of_the_format_before_is_counted_and_restored(backed_up, tmp_path):
    file, tenant, made = backed_up
    changed(
        file,
        "UPDATE meta SET value = json_set(json_remove(value, '$.sums'), '$.format', 1) WHERE name = 'backup'",
    )
    assert check_backup(file).sums is None
    url = f"sqlite:///{tmp_path}/new/horarium.db"
    await restore(file, url, VAULT)
    assert (await look(url, tenant, made, VAULT.fingerprint()))[-1] is True


async def test_a_value_that_arrives_in_the_file_as_another_is_noticed(postgres, tmp_path, monkeypatch):
    url = postgres()
    await filled(url)
    insert = SqliteSide.insert

    async def other(self, table, columns, rows, meta):
        if table == "spans":
            rows = [
                tuple(
                    "other" if column == "reason" else value
                    for column, value in zip(columns, row, strict=True)
                )
                for row in rows
            ]
        await insert(self, table, columns, rows, meta)

    monkeypatch.setattr(SqliteSide, "insert", other)
    with pytest.raises(Unavailable, match="spans holds something else"):
        await make_backup(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_restore_into_postgres_that_was_interrupted_continues(backed_up, postgres, monkeypatch):
    file, tenant, made = backed_up
    url = postgres()

    def interrupt(words):
        if words.startswith("copied labels"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await restore(file, url, VAULT, progress=interrupt)
    store = await open_store(url)
    assert not await store.write(meta.is_complete)
    await store.close()
    await restore(file, url, VAULT)
    assert (await look(url, tenant, made, VAULT.fingerprint()))[-1] is True


async def test_a_backup_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    await migrate(url)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be written"):
        await make_backup(url, tmp_path / "file")
    with pytest.raises(Unavailable, match="no database at"):
        await make_backup(f"sqlite:///{tmp_path}/none.db", tmp_path / "backups")
    assert not (tmp_path / "backups").exists()


async def test_a_postgres_database_of_another_schema_is_refused(tmp_path, postgres):
    url = postgres()
    with pytest.raises(Unavailable, match="holds no installation"):
        await make_backup(url, tmp_path)
    await migrate(url)
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO schema_migrations VALUES ($1, 'more', now())", latest() + 1)
    await connection.close()
    with pytest.raises(
        Unavailable, match=f"has schema {latest() + 1}, this program {latest()}: use the version"
    ):
        await make_backup(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_the_slots_after_a_backup_do_not_fire_again_where_the_old_server_worked_on(tmp_path):
    """The old server fired until five minutes after the backup; only what was due later is left to the restored one."""
    (tmp_path / "old").mkdir()
    url, new = f"sqlite:///{tmp_path}/old/horarium.db", f"sqlite:///{tmp_path}/new/horarium.db"
    store = await open_store(url)
    now = int(time.time()) // 60 * MINUTE
    tenant = await Tenant.open(store, now - 60 * MINUTE)
    schedule = await tenant.schedule(now=now - 60 * MINUTE)
    node = await Node.start(store)
    await tenant.release(now - 59 * MINUTE)
    await node.work(now - 59 * MINUTE)
    await tenant.release(now - 58 * MINUTE)
    file, manifest = await make_backup(url, tmp_path / "backups")
    await store.close()
    changed(file, "UPDATE meta SET value = json_set(value, '$.made_ms', 5) WHERE name = 'backup'")
    for wrong in (manifest.made_ms + 60 * MINUTE, 4):
        with pytest.raises(Conflict, match="cannot have worked until"):
            await restore(file, new, None, wrong)

    told: list[str] = []
    await restore(file, new, None, now - 50 * MINUTE, told.append)
    assert told == ["copying the backup", "checking the backup", "ending what was open in the backup"]
    restored = await open_store(new)
    there = Tenant(restored, tenant.workspace, tenant.principal)
    assert states(await there.fires(schedule)) == ["completed", "cancelled"]
    assert "not sent again" in (await there.runs(schedule))[-1].error
    assert await (await Node.start(restored)).claim(now) == []
    released = await there.release(now - 49 * MINUTE)
    assert released.fires == 1
    (span,) = await there.spans(schedule)
    assert (span.count, span.reason.value, span.first_ms) == (8, "missed", now - 57 * MINUTE)
    again = await there.again(schedule)
    assert (again.progress.fires, again.progress.open_fires) == (3, 1)
    await restored.close()


def test_a_backup_is_named_by_its_instant_and_names_are_in_that_order():
    names = [file_name(at) for at in (NOON, NOON + 1, NOON + 999, NOON + 1000, NOON + DAY * 1000)]
    assert names == sorted(names)
    assert [made_of_name(name) for name in names][:2] == [NOON, NOON + 1]
    for other in ("horarium.db", names[0] + ".part", names[0].replace("T12", "T32"), ""):
        assert made_of_name(other) is None


def test_the_manifest_is_read_without_reading_the_rest(tmp_path):
    with pytest.raises(Unavailable, match="no backup at"):
        read_manifest(tmp_path)
