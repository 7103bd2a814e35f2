"""A database is brought up to date once, with all it holds, also where it was made under the old numbering."""

import asyncio
import hashlib
import re
import sqlite3
import time
from contextlib import closing
from types import SimpleNamespace

import asyncpg
import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.domain.quotas import Usage
from horarium.domain.variations import PIN_FIELD
from horarium.store import migrate as migrate_module
from horarium.store.copy_sides import side_of
from horarium.store.database_urls import without_pooler
from horarium.store.file_lock import sqlite_lock
from horarium.store.migrate import migrate, migrate_alone, pending
from horarium.store.migrations import Migration, latest, migrations
from horarium.store.postgres import PostgresStore
from horarium.store.postgres import migrate as postgres_migrate
from horarium.store.postgres.connection import connect
from horarium.store.sqlite import SqliteStore
from horarium.store.sqlite import migrate as sqlite_migrate
from horarium.store.sqlite.connection import connect as connect_sqlite
from horarium.store.verbs.quotas import get_usage
from horarium.store.verbs.targets import delete_target, get_target
from tests.store.test_private_files import mode
from tests.support.postgres import drop_database, fresh_database
from tests.support.tenant import HOUR, MINUTE, NOON, Tenant

ADDED = "CREATE TABLE added (id BIGINT PRIMARY KEY)"
NOW = latest()
# What a database of the first schema is given.
SECOND = [
    "0002_deliveries",
    "0002_erasures",
    "0002_erasures_wait",
    "0002_looks",
    "0002_pauses",
    "0002_windows",
    "0002_workspace_units",
]
# Of the statements of the first schema. They stay as they are: what is new is added by a migration.
FIRST_SCHEMA = {
    "sqlite": "d33f603fcffb039669d767b104a8ab6a817dbcf085e30e1c3095da44a910bcfa",
    "postgres": "f8697cef9012e9d421b6dee85134ac9c668df028d7bb5148d8421dd24ff3bcbc",
}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'horarium.db'}"
        return
    made = fresh_database("migrated")
    yield made
    drop_database(made)


async def opened(url):
    if url.startswith("sqlite"):
        return SqliteStore(url.removeprefix("sqlite:///"))
    return await PostgresStore.open(url)


async def execute(url, *statements):
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    connection = await connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


# What the first schema does not have.
SECOND_GONE = (
    "DROP TABLE pauses",
    "DROP TABLE erasures",
    "DROP TABLE erasure_waits",
    "DROP INDEX workspaces_to_purge",
    "ALTER TABLE workspaces DROP COLUMN purge_ms",
    "DROP INDEX schedules_paused_until",
    "ALTER TABLE schedules DROP COLUMN paused_until_ms",
    "ALTER TABLE schedules DROP COLUMN catch_up_after",
    "DROP INDEX callbacks_to_look_at_of_target",
    "DROP INDEX fanouts_of_workspace",
    "DROP INDEX fanouts_of_schedule",
    "DROP INDEX keys_of_principal",
    "DROP INDEX grants_on_target",
)

# What a schema of the old numbering did not have.
NEW_SINCE = (
    *SECOND_GONE,
    "ALTER TABLE workspaces DROP COLUMN quotas",
    "ALTER TABLE workspaces DROP COLUMN weight",
    "ALTER TABLE workspaces DROP COLUMN allowed_hosts",
    "ALTER TABLE ready DROP COLUMN lost",
    "ALTER TABLE keys DROP COLUMN restriction",
    "ALTER TABLE schedules DROP COLUMN hourly",
    "DROP TABLE workspace_usage",
    "DROP TABLE freed_usage",
    "DROP INDEX callbacks_to_look_at",
    "ALTER TABLE callbacks DROP COLUMN handle",
    "ALTER TABLE callbacks DROP COLUMN look_ms",
    "ALTER TABLE ready DROP COLUMN begun_ms",
    "DROP INDEX single_fires_of_schedule",
    "DROP INDEX single_fires_by_hand",
    "DROP INDEX runs_of_schedule",
    "CREATE INDEX runs_of_schedule ON runs (schedule_id, id)",
    *(
        f"ALTER TABLE runs DROP COLUMN {name}"
        for name in ("slot_ms", "request", "missed_count", "missed_first", "missed_last")
    ),
    "ALTER TABLE runs DROP COLUMN waited",
    "ALTER TABLE nodes RENAME COLUMN lease_until_ms TO lease_ms",
    "DROP TABLE lane_reports",
    "DROP INDEX spans_of_workspace",
    "ALTER TABLE spans DROP COLUMN workspace_id",
)


async def number_as_before(url, number):
    """Keep books on the schema as the program did before the migrations were made one."""
    await execute(url, *NEW_SINCE)
    if url.startswith("sqlite"):
        await execute(url, "PRAGMA application_id = 0", f"PRAGMA user_version = {number}")
        return
    await execute(
        url,
        "DROP TABLE schema_migrations",
        "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL)",
        f"INSERT INTO schema_version SELECT n, now() FROM generate_series(1, {number}) n",
    )


def first_number(url):
    """The statement that gives a database the number of the first schema."""
    if url.startswith("sqlite"):
        return "PRAGMA user_version = 1"
    return "DELETE FROM schema_migrations WHERE number > 1"


def add_migration(monkeypatch, *statements):
    """As in a version of the program that has one more."""
    for module in (sqlite_migrate, postgres_migrate, migrate_module):
        monkeypatch.setattr(
            module, "migrations", lambda name: [*migrations(name), Migration(NOW + 1, "more", statements)]
        )
        monkeypatch.setattr(module, "latest", lambda: NOW + 1)


MORE = f"{NOW + 1:04}_more"


def titles(applied):
    """Without the partitions that PostgreSQL has made."""
    return [name for name in applied if name[:4].isdigit()]


async def test_a_database_of_the_old_numbering_is_adopted_with_what_it_holds(url):
    await migrate(url)
    store = await opened(url)
    tenant = await Tenant.open(store)
    schedule = await tenant.schedule("0 * * * *")
    await store.write(delete_target, tenant.workspace, await tenant.add_target(), NOON)
    await store.close()
    agent = '{"variations":[],"variation_selection_mode":"weighted"}'
    await execute(url, "DROP INDEX cursors_due_by_workspace", f"UPDATE targets SET extra = '{agent}'")
    await number_as_before(url, 3)
    with capture_logs() as lines:
        assert await migrate(url) == SECOND
        assert await migrate(url) == []
    assert lines == [{"log_level": "info", "event": "schema_adopted", "old_schema": 3}]
    await execute(url, "DROP INDEX cursors_due_by_workspace")  # there again
    tenant.store = store = await opened(url)
    try:
        assert await store.read(get_usage, tenant.workspace) == Usage(schedules=1, targets=1, hourly=0)
        released = await tenant.release(NOON + HOUR + MINUTE)
        assert (released.schedules, released.fires) == (1, 1)
        after = await tenant.again(schedule)
        assert after.progress.fires == 1
        target = await store.read(get_target, tenant.workspace, after.definition.target_id)
        assert target.extra[PIN_FIELD] == "variationId"
    finally:
        await store.close()


@pytest.mark.parametrize("number", [1, 2])
async def test_a_database_that_stopped_at_an_old_schema_is_told_what_to_do(url, number):
    await migrate(url)
    await number_as_before(url, number)
    for _ in range(2):  # nothing was changed by the first try
        with pytest.raises(Unavailable, match=rf"stopped at its schema {number} of 3: start the version of"):
            await migrate(url)


@pytest.mark.parametrize("old", [True, False])
async def test_a_later_migration_is_applied_once(url, old, monkeypatch):
    await migrate(url)
    if old:
        await number_as_before(url, 3)
    add_migration(monkeypatch, ADDED)
    assert titles(await migrate(url)) == [*(SECOND if old else []), MORE]
    assert titles(await migrate(url)) == []


async def test_a_migration_that_fails_leaves_nothing_behind(url, monkeypatch):
    await migrate(url)
    with monkeypatch.context() as then:
        add_migration(then, ADDED, "CREATE TABLE workspaces (id BIGINT PRIMARY KEY)")
        with pytest.raises(Exception, match="workspaces"):
            await migrate(url)
    add_migration(monkeypatch, ADDED)
    assert titles(await migrate(url)) == [MORE]


async def test_a_sqlite_file_of_a_newer_schema_or_of_another_program_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'horarium.db'}"
    await migrate(url)
    await execute(url, f"PRAGMA user_version = {NOW + 1}")
    with pytest.raises(Unavailable, match=rf"has schema {NOW + 1}, this program knows {NOW}: start a newer"):
        await migrate(url)
    await execute(url, "PRAGMA application_id = 7")
    with pytest.raises(Unavailable, match="belongs to another program"):
        await migrate(url)


@pytest.mark.parametrize("pragma", [f"user_version = {NOW + 1}", "application_id = 17"])
def test_whoever_is_refused_a_sqlite_file_holds_nobody_up(tmp_path, pragma):
    with closing(connect_sqlite(str(tmp_path / "one.db"))) as refused:
        sqlite_migrate.migrate_sqlite(refused)
        refused.execute(f"PRAGMA {pragma}")
        with pytest.raises(Unavailable):
            sqlite_migrate.migrate_sqlite(refused)
        assert not refused.in_transaction
        with closing(sqlite3.connect(tmp_path / "one.db", timeout=0)) as other:
            other.execute("DELETE FROM meta")


async def test_what_a_migration_would_do_is_told_and_nothing_is_changed(url, monkeypatch):
    if not url.startswith("sqlite"):
        assert (await pending(url)).number == 0
    await migrate(url)
    assert (await pending(url)).up_to_date
    with monkeypatch.context() as then:
        add_migration(then, ADDED)
        for _ in range(2):
            found = await pending(url)
            assert (found.number, found.known, found.up_to_date) == (NOW, NOW + 1, False)
            assert [migration.statements for migration in found.missing] == [(ADDED,)]
        assert titles(await migrate_alone(url)) == [MORE]
        assert (await pending(url)).up_to_date
    newer = await pending(url)
    is_postgres = not url.startswith("sqlite")
    assert (newer.number, newer.up_to_date, newer.too_new) == (NOW + 1, is_postgres, not is_postgres)


async def test_the_statements_that_adopt_an_old_database_are_in_the_plan(url):
    await migrate(url)
    await number_as_before(url, 3)
    found = await pending(url)
    assert (found.number, found.up_to_date) == (1, False)
    assert "ALTER TABLE ready ADD COLUMN lost BIGINT NOT NULL DEFAULT 0" in found.adopting
    assert [migration.title for migration in found.missing] == SECOND


async def test_a_sqlite_file_is_not_migrated_beside_its_server_nor_made(tmp_path):
    url = f"sqlite:///{tmp_path / 'horarium.db'}"
    for verb in (pending, migrate_alone):
        with pytest.raises(Unavailable, match="no database at"):
            await verb(url)
    await migrate(url)
    with sqlite_lock(tmp_path / "horarium.db"), pytest.raises(Unavailable, match="using the database"):
        await migrate_alone(url)
    await execute(url, "PRAGMA application_id = 7")
    with pytest.raises(Unavailable, match="belongs to another program"):
        await pending(url)


async def test_no_server_starts_on_a_file_while_it_is_migrated(tmp_path, monkeypatch):
    path, tried = tmp_path / "horarium.db", []
    await migrate(f"sqlite:///{path}")

    def migrating(connection):
        with pytest.raises(Unavailable, match="using the database"), sqlite_lock(path):
            pass
        tried.append(connection)
        return []

    monkeypatch.setattr(migrate_module, "migrate_sqlite", migrating)
    await migrate_alone(f"sqlite:///{path}")
    assert len(tried) == 1


async def test_a_file_is_made_for_the_servers_account_alone_and_so_is_its_folder(tmp_path):
    path = tmp_path / "data" / "horarium.db"
    await migrate(f"sqlite:///{path}")
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)


async def test_a_database_that_cannot_be_looked_at_is_named_with_the_reason(tmp_path):
    with pytest.raises(Unavailable, match=r"at 127\.0\.0\.1:9 cannot be reached"):
        await pending("postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(Unavailable, match=r"at 127\.0\.0\.1:9 cannot be reached"):
        await migrate("postgresql://nobody@127.0.0.1:9/none")
    (tmp_path / "notes.db").write_text("no database" * 1_000)
    with pytest.raises(Unavailable, match=r"notes\.db cannot be read: file is not a database"):
        await pending(f"sqlite:///{tmp_path}/notes.db")


async def test_a_schema_of_postgresql_is_too_new_only_where_it_is_two_ahead(monkeypatch):
    """Nodes are upgraded one after another, so the older ones work beside one migration that they do not know."""
    for ahead, too_new in ((0, False), (1, False), (2, True)):
        monkeypatch.setattr(
            migrate_module,
            "_postgres_number",
            lambda url, ahead=ahead: asyncio.sleep(0, (NOW + ahead, False)),
        )
        assert (await pending("postgresql://h@db/h")).too_new is too_new


@pytest.mark.parametrize("ahead", [0, 1, 2])
async def test_a_program_works_with_a_newer_schema_exactly_where_it_is_told_that_it_could(url, ahead):
    await migrate(url)
    if url.startswith("sqlite"):
        await execute(url, f"PRAGMA user_version = {NOW + ahead}")
    else:
        await execute(
            url,
            *(
                f"INSERT INTO schema_migrations VALUES ({NOW + more + 1}, 'more', now())"
                for more in range(ahead)
            ),
        )
    found = await pending(url)
    assert (found.number, found.missing) == (NOW + ahead, ())
    if found.too_new:
        with pytest.raises(Unavailable, match=rf"has schema {NOW + ahead}, this program knows {NOW}"):
            await migrate(url)
    else:
        assert await migrate(url) == []
    assert (await pending(url)).number == NOW + ahead


@pytest.mark.parametrize("error", [asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError])
async def test_a_migration_that_others_are_in_the_way_of_is_tried_again_and_given_up_with_what_to_do(
    monkeypatch, error
):
    tries = []

    async def apply(connection, missing):
        tries.append(missing)
        if len(tries) < 3:
            raise error("held")

    async def number(question):
        return NOW

    connection = SimpleNamespace(fetchval=number, execute=lambda statement: asyncio.sleep(0))
    waited = []

    async def sleep(seconds, sleep=asyncio.sleep):
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(postgres_migrate, "PAUSE_S", 7.5)
    monkeypatch.setattr(postgres_migrate, "_apply_at_once", apply)
    add_migration(monkeypatch, ADDED)
    with monkeypatch.context() as patched, capture_logs() as lines:
        patched.setattr(asyncio, "sleep", sleep)
        assert titles(await postgres_migrate._apply(connection)) == [MORE]
    assert len(tries) == 3
    assert [seconds for seconds in waited if seconds] == [7.5] * 2
    told = {"event": "migration_waits", "error": "held", "again_in_s": 7.5}
    assert lines == [{"log_level": "info", **told}] * 2
    monkeypatch.setattr(postgres_migrate, "PATIENCE_S", -1.0)
    tries.clear()
    with capture_logs() as lines, pytest.raises(Unavailable, match="end them, or wait for their end"):
        await postgres_migrate._apply(connection)
    assert (len(tries), lines) == (1, [])


async def test_what_is_copied_from_an_old_database_is_brought_up_to_date_first(url):
    await migrate(url)
    await number_as_before(url, 3)
    side = side_of(url)
    await side.connect()
    if without_pooler(url)[1]:
        with pytest.raises(Unavailable, match="cannot go through a pooler"):
            await side.begin_reading()
        await side.close()
        return
    await side.begin_reading()
    assert {"pauses", "erasures", "workspace_usage"} <= set(await side.tables())
    await side.close()


@pytest.mark.parametrize("flavour", ["sqlite", "postgres"])
def test_the_first_schema_stays_as_it_is(flavour):
    first = [migration.statements for migration in migrations(flavour) if migration.number == 1]
    found = hashlib.sha256(repr(first).encode()).hexdigest()
    assert found == FIRST_SCHEMA[flavour], "add a file with a higher number instead"


# What nodes that do not know it can do without.
ONLY_ADDS = re.compile(
    r"CREATE (TABLE|SEQUENCE|INDEX) IF NOT EXISTS |"
    r"ALTER TABLE \w+ ADD COLUMN \w+ (BIGINT|TEXT|BYTEA|DOUBLE PRECISION)( NOT NULL DEFAULT [^,;]+)?$"
)


@pytest.mark.parametrize("flavour", ["sqlite", "postgres"])
def test_a_migration_only_adds_what_nodes_of_the_version_before_can_do_without(flavour):
    later = [migration for migration in migrations(flavour) if migration.number > 1]
    others = [
        f"{migration.title}: {statement}"
        for migration in later
        for statement in migration.statements
        if not ONLY_ADDS.match(statement)
    ]
    assert later
    assert others == []


async def test_a_database_of_the_schema_before_keeps_what_it_holds(url):
    await migrate(url)
    store = await opened(url)
    tenant = await Tenant.open(store)
    await tenant.schedule("0 * * * *")
    await store.close()
    await execute(url, *SECOND_GONE, first_number(url))
    assert [migration.title for migration in (await pending(url)).missing] == SECOND
    assert await migrate(url) == SECOND
    tenant.store = store = await opened(url)
    try:
        assert (await tenant.release(NOON + HOUR + MINUTE)).fires == 1
    finally:
        await store.close()


async def test_a_column_that_a_development_version_has_made_is_kept(url):
    await migrate(url)
    await execute(url, first_number(url))
    assert await migrate(url) == SECOND
    assert (await pending(url)).up_to_date


async def test_a_migration_that_cannot_get_a_table_holds_nobody_up(monkeypatch):
    """Somebody reads a table for long, as a backup does. Those who come after the migration need not wait for that."""
    monkeypatch.setattr(postgres_migrate, "PAUSE_S", 0.05)
    url = fresh_database("held")
    await migrate(url)
    add_migration(monkeypatch, "ALTER TABLE schedules ADD COLUMN more BIGINT")
    reader, node = await connect(url), await connect(url)
    reading = reader.transaction()
    await reading.start()
    await reader.fetch("SELECT id FROM schedules")
    migrating = asyncio.create_task(migrate(url))
    longest = 0.0
    for _ in range(40):
        begun = time.monotonic()
        await node.execute("UPDATE schedules SET version = version")
        longest = max(longest, time.monotonic() - begun)
        await asyncio.sleep(0.01)
    assert not migrating.done()
    await reading.commit()
    assert titles(await migrating) == [MORE]
    assert longest < 1
    monkeypatch.setattr(postgres_migrate, "PATIENCE_S", 0)
    await execute(url, f"DELETE FROM schema_migrations WHERE number > {NOW}")
    add_migration(monkeypatch, "ALTER TABLE schedules ADD COLUMN most BIGINT")
    reading = reader.transaction()
    await reading.start()
    await reader.fetch("SELECT id FROM schedules")
    with pytest.raises(Unavailable, match="other transactions have held a table"):
        await migrate(url)
    await reading.rollback()
    for connection in (reader, node):
        await connection.close()
    drop_database(url)


def test_a_file_that_cannot_be_brought_up_to_date_is_as_it_was_and_the_reason_is_told(tmp_path):
    """The disk is full in the middle, which ends SQLite's transaction, or another program is writing."""
    path = tmp_path / "one.db"
    with closing(connect_sqlite(str(path))) as connection, closing(connect_sqlite(str(path))) as other:
        connection.execute("PRAGMA max_page_count=20")
        with pytest.raises(
            Unavailable, match=r"could not be brought up to date, and is as it was: .*disk is full"
        ):
            sqlite_migrate.migrate_sqlite(connection)
        assert not connection.in_transaction
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        connection.execute("PRAGMA max_page_count=100000")
        connection.execute("PRAGMA busy_timeout=0")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            Unavailable, match="could not be brought up to date, and is as it was: database is locked"
        ):
            sqlite_migrate.migrate_sqlite(connection)
        other.execute("ROLLBACK")
        assert sqlite_migrate.migrate_sqlite(connection)


async def test_a_file_that_is_no_database_is_not_brought_up_to_date(tmp_path):
    (tmp_path / "notes.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable, match=r"notes\.db cannot be opened: file is not a database"):
        await migrate(f"sqlite:///{tmp_path}/notes.db")
