"""An installation moves from one database to another: whole, resumable, counted."""

import asyncio
import itertools
import sqlite3
from contextlib import closing

import asyncpg
import pytest

from horarium.domain.errors import Conflict, Invalid, Unavailable
from horarium.domain.fire import FireKind
from horarium.domain.ids import random_id
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies
from horarium.store import copy_sides
from horarium.store.copy import copy
from horarium.store.copy_sides import MOST_MONTHS, PostgresSide, SqliteSide, side_of
from horarium.store.database_urls import url_of
from horarium.store.file_lock import sqlite_lock
from horarium.store.migrate import migrate
from horarium.store.migrations import latest
from horarium.store.postgres import PostgresStore
from horarium.store.postgres.connection import connect
from horarium.store.postgres.partitions import AHEAD
from horarium.store.verbs import meta, nodes
from horarium.store.verbs.events import NotesRow
from horarium.store.verbs.manual import fire_slots
from tests.support.installation import filled, look, open_store
from tests.support.postgres import drop_database, fresh_database, name_in
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, Node, Tenant, states

DAY = 24 * HOUR


@pytest.fixture
def postgres():
    url = fresh_database("copy")
    yield url
    drop_database(url)


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
    assert ("copied", "schedules", 25, 25) in told
    assert ("verified", "schedules", 25, 25) in told


async def test_work_goes_on_in_the_copy(postgres, tmp_path):
    source = f"sqlite:///{tmp_path}/a.db"
    tenant, made = await filled(source)
    await copy(source, postgres)
    store = await open_store(postgres)
    there = Tenant(store, tenant.workspace, tenant.principal)
    node = await Node.start(store)
    await there.release(NOON + 4 * MINUTE)
    for minutes in (9, 10):  # the slots that waited for a run begin when it has ended
        await node.work(NOON + minutes * MINUTE, FAILED)
    for one in made:
        assert "running" not in states(await there.fires(one))
    await store.close()


async def test_every_month_that_the_source_has_gets_a_partition_before_its_rows_arrive(postgres, tmp_path):
    """Rows of a month without one are deleted one by one for as long as they are kept."""
    source = f"sqlite:///{tmp_path}/a.db"
    store = await open_store(source)
    first = NOON - 200 * DAY  # a database that is made now has the months from now on
    tenant = await Tenant.open(store, first)
    await tenant.schedule("0 13 * * *", Policies(overlap=Overlap.ALLOW), first)
    for months in range(4):
        await tenant.release(first + 31 * months * DAY + HOUR)
    await store.close()
    await copy(source, postgres)
    connection = await connect(postgres)
    counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in ("runs", "runs_rest")]
    await connection.close()
    assert counts[0] >= 3
    assert counts[1] == 0


async def test_a_fire_of_long_ago_does_not_fill_the_copy_with_partitions(postgres, tmp_path):
    """A query over all history locks every partition. With those of fifty years PostgreSQL refused most of them."""
    source = f"sqlite:///{tmp_path}/a.db"
    store = await open_store(source)
    tenant = await Tenant.open(store)
    schedule = await tenant.schedule()
    slots = [NOON - years * 365 * DAY for years in (1, 3, 50)]
    await store.write(fire_slots, schedule, FireKind.BACKFILL, slots, "a", NOON)
    before = await tenant.fires(schedule)
    await store.close()
    await copy(source, postgres)
    connection = await connect(postgres)
    made = await connection.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'runs'::regclass")
    where = await connection.fetch(
        "SELECT tableoid::regclass::text, count(*) FROM runs GROUP BY 1 ORDER BY 1"
    )
    await connection.close()
    assert MOST_MONTHS < made <= MOST_MONTHS + 2 * (AHEAD + 1)
    assert [tuple(row) for row in where] == [("runs_2025_11", 1), ("runs_rest", 2)]
    copied = await open_store(postgres)
    assert await Tenant(copied, tenant.workspace, tenant.principal).fires(schedule) == before
    await copied.close()


@pytest.mark.parametrize("rows_at_once", [1, 2, 5_000])
async def test_cursors_that_share_a_place_find_places_of_their_own(
    postgres, tmp_path, monkeypatch, rows_at_once
):
    """On PostgreSQL nothing lies by its place, so nothing keeps two nodes from giving one twice."""
    monkeypatch.setattr(copy_sides, "BATCH", rows_at_once)
    source = f"sqlite:///{tmp_path}/a.db"
    _, made = await filled(source)
    await copy(source, postgres)
    connection = await connect(postgres)
    await connection.execute("UPDATE cursors SET place = 5")
    await connection.close()
    await copy(postgres, f"sqlite:///{tmp_path}/b.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as there:
        assert len(there.execute("SELECT place FROM cursors").fetchall()) == len(made)


@pytest.mark.parametrize(
    "path", [["sqlite", "postgres"], ["postgres", "sqlite"], ["sqlite", "postgres", "sqlite"]]
)
async def test_events_that_wait_to_be_told_keep_their_order_and_come_before_later_ones(
    postgres, tmp_path, path
):
    """A fire that began before the copy and ends after it must not be told to end before it has begun."""

    async def written(tx, *numbers):
        # Their ids are in no order: they begin with the instant of what is told.
        for number in numbers:
            await tx.many("insert_event_notes", [NotesRow(bytes([255 - number]) * 16, bytes(16), b"")])

    async def told(tx, *numbers):
        await tx.run("delete_event_notes", ids=[bytes([255 - number]) * 16 for number in numbers])

    async def order(tx):
        return [255 - row[0][0] for row in await tx.rows("event_notes", limit=100)]

    urls = [postgres if kind == "postgres" else f"sqlite:///{tmp_path}/{n}.db" for n, kind in enumerate(path)]
    store = await open_store(urls[0])
    await store.write(written, 9, 2, 5, 1, 7)
    await store.write(told, 9, 2)
    await store.close()
    for source, target in itertools.pairwise(urls):
        await copy(source, target)
    copied = await open_store(urls[-1])
    await copied.write(written, 8, 3)
    assert await copied.read(order) == [5, 1, 7, 8, 3]
    await copied.close()


@pytest.mark.parametrize("first", ["sqlite", "postgres"])
async def test_no_more_is_held_in_memory_at_once_than_some_bytes_of_long_texts(
    postgres, tmp_path, monkeypatch, first
):
    """A batch of 5,000 runs with long outputs took gigabytes."""
    monkeypatch.setattr(copy_sides, "BATCH_BYTES", 1_000)
    sizes = [10, 990, 10, 10, 4_000, 1_200, 600, 600, 10]
    url, other = f"sqlite:///{tmp_path}/a.db", postgres
    if first == "postgres":
        url, other = other, url
    store = await open_store(url)

    async def spooled(tx):
        rows = [(bytes(16), number, str(number), "x" * size) for number, size in enumerate(sizes)]
        await tx.many("insert_spool", rows)

    await store.write(spooled)
    await store.close()
    side = side_of(url)
    await side.connect()
    await side.begin_reading()
    batches, at = [], []
    while rows := await side.after("spool", ["fire_id", "number", "data"], at):
        at = rows[-1][:2]
        batches.append([row[1] for row in rows])
    await side.close()
    assert [number for batch in batches for number in batch] == [*range(len(sizes))]
    assert all(sum(sizes[number] for number in batch[:-1]) < 2_000 for batch in batches)
    assert len(batches) >= 5
    assert (await copy(url, other))["spool"] == len(sizes)


async def test_an_interrupted_copy_goes_on_where_it_stood(postgres, tmp_path, monkeypatch):
    source = f"sqlite:///{tmp_path}/a.db"
    tenant, made = await filled(source)
    monkeypatch.setattr(copy_sides, "BATCH", 7)

    def interrupt(step, table, done, rows):
        if table == "labels" and done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy(source, postgres, interrupt)
    store = await open_store(postgres)
    assert not await store.write(meta.is_complete)
    await store.close()
    told = []
    await copy(source, postgres, lambda *args: told.append(args))
    assert [done for step, table, done, _ in told if (step, table) == ("copied", "labels")] == [
        28,
        35,
        42,
        49,
        50,
    ]
    assert await look(postgres, tenant, made) == await look(source, tenant, made)


async def test_a_target_with_data_of_its_own_is_refused(postgres, tmp_path):
    source = f"sqlite:///{tmp_path}/a.db"
    await filled(source)
    await copy(source, postgres)
    with pytest.raises(Conflict, match="data already"):
        await copy(source, postgres)
    with pytest.raises(Conflict, match="same database"):
        await copy(source, source)


async def test_a_source_or_target_in_use_is_refused(postgres, tmp_path):
    source = f"sqlite:///{tmp_path}/a.db"
    await filled(source)
    with sqlite_lock(tmp_path / "a.db"), pytest.raises(Unavailable, match="using the database"):
        await copy(source, postgres)
    store = await open_store(postgres)
    now = await store.now_ms()
    node = nodes.NodeRow(random_id(now), "n", "api", "1", "2026a", now, now, now + 60_000)
    await store.urgent(nodes.register, node, False)
    await store.close()
    with pytest.raises(Unavailable, match="running on the target"):
        await copy(source, postgres)
    with pytest.raises(Unavailable, match="running on the source"):
        await copy(postgres, f"sqlite:///{tmp_path}/b.db")


async def test_a_watchdog_may_look_on_while_everything_is_copied(postgres, tmp_path, monkeypatch):
    monkeypatch.setattr(copy_sides, "PATIENCE_S", 0.5)
    await filled(f"sqlite:///{tmp_path}/a.db")
    await migrate(postgres)
    watching = await PostgresStore.open(postgres, "horarium watchdog", notify=False)
    await copy(f"sqlite:///{tmp_path}/a.db", postgres)
    await copy(postgres, f"sqlite:///{tmp_path}/b.db")
    await watching.close()
    frozen = await PostgresStore.open(postgres, "horarium node 1")
    with pytest.raises(Unavailable, match="running on the source"):
        await copy(postgres, f"sqlite:///{tmp_path}/c.db")
    await frozen.close()


@pytest.mark.parametrize("to_postgres", [True, False])
async def test_a_copy_stopped_in_its_last_steps_goes_on(postgres, tmp_path, monkeypatch, to_postgres):
    first = f"sqlite:///{tmp_path}/a.db"
    tenant, made = await filled(first)
    target = postgres if to_postgres else f"sqlite:///{tmp_path}/b.db"

    side = copy_sides.PostgresSide if to_postgres else SqliteSide
    whole, written = side._put, []

    def put(self, values, gone=()):
        if gone:
            written.append(gone)
            raise KeyboardInterrupt
        return whole(self, values, gone)

    monkeypatch.setattr(side, "_put", put)
    with pytest.raises(KeyboardInterrupt):
        await copy(first, target)
    assert len(written) == 1
    monkeypatch.undo()
    store = await open_store(target)
    assert not await store.write(meta.is_complete)
    await store.close()
    await copy(first, target)
    assert await look(target, tenant, made) == await look(first, tenant, made)
    with pytest.raises(Conflict, match="data already"):
        await copy(first, target)


async def interrupted(source, target):
    """A copy that is stopped while the labels are copied."""

    def stop_at_labels(step, table, done, rows):
        if table == "labels":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy(source, target, stop_at_labels)


async def test_an_unfinished_copy_is_refused_as_a_source(postgres, tmp_path):
    first = f"sqlite:///{tmp_path}/a.db"
    await filled(first)
    await interrupted(first, postgres)
    with pytest.raises(Unavailable, match="not been finished"):
        await copy(postgres, f"sqlite:///{tmp_path}/b.db")


async def test_no_server_can_start_on_either_side_while_it_is_copied(postgres, tmp_path):
    first, second = f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    await filled(first)
    tried = []

    def locked(step, table, done, rows):
        with pytest.raises(Unavailable, match="using the database"), sqlite_lock(tmp_path / "a.db"):
            pass
        tried.append(table)

    await copy(first, postgres, locked)
    assert tried
    store = await open_store(postgres)
    row = nodes.NodeRow(random_id(NOON), "n", "api", "1", "2026a", NOON, NOON, NOON)
    for reading in (True, False):
        side = copy_sides.PostgresSide(postgres)
        await side.connect()
        # The test's own store is a connection of a server.
        side._refuse_busy = lambda name: asyncio.sleep(0)
        await (side.begin_reading() if reading else side.begin_writing())
        with pytest.raises(Unavailable, match="being copied"):
            await store.urgent(nodes.register, row, False)
        await side.close()
    await store.close()
    await copy(postgres, second)


async def test_one_database_under_two_names_is_the_same(postgres, tmp_path):
    first = f"sqlite:///{tmp_path}/a.db"
    await filled(first)
    (tmp_path / "link.db").symlink_to(tmp_path / "a.db")
    with pytest.raises(Conflict, match="same database"):
        await copy(first, f"sqlite:///{tmp_path}/link.db")
    (tmp_path / "hard.db").hardlink_to(tmp_path / "a.db")
    with pytest.raises(Unavailable, match="several names"):
        await copy(first, f"sqlite:///{tmp_path}/hard.db")
    await migrate(postgres)
    with pytest.raises(Conflict, match="same database"):
        await copy(postgres, postgres.replace("postgresql://", "postgres://"))


@pytest.mark.parametrize("side", ["source", "target"])
async def test_a_database_that_is_not_reached_is_named_and_no_copy_is_said_to_have_begun(tmp_path, side):
    await filled(f"sqlite:///{tmp_path}/a.db")
    away = "postgresql://horarium@127.0.0.1:9/horarium"
    sides = (away, f"sqlite:///{tmp_path}/b.db") if side == "source" else (f"sqlite:///{tmp_path}/a.db", away)
    with pytest.raises(Unavailable, match=r"^the database at 127\.0\.0\.1:9 cannot be reached: "):
        await copy(*sides)


async def test_a_refused_copy_makes_nothing(postgres, tmp_path):
    with pytest.raises(Unavailable, match="no database at"):
        await copy(f"sqlite:///{tmp_path}/none/a.db", postgres)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Invalid, match="neither sqlite"):
        await copy("mysql://host/name", postgres)
    with pytest.raises(Unavailable, match="holds no installation"):
        await copy(postgres, f"sqlite:///{tmp_path}/a.db")
    connection = await connect(postgres)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()


async def test_a_source_that_changed_between_two_parts_is_noticed(postgres, tmp_path):
    first = f"sqlite:///{tmp_path}/a.db"
    await filled(first)
    await interrupted(first, postgres)
    with closing(sqlite3.connect(tmp_path / "a.db")) as changed, changed:
        changed.execute("UPDATE schedules SET name = 'other'")
    with pytest.raises(Conflict, match="schedules differs"):
        await copy(first, postgres)
    store = await open_store(postgres)
    assert not await store.write(meta.is_complete)
    await store.close()


async def meta_of(url, changed=None):
    """What the `meta` of a database says, after a change of it."""
    side = side_of(url)
    await side.connect()
    await side.begin_writing()
    if changed:
        await side.set_meta(changed)
    found = await side.meta()
    await side.close()
    return found


async def test_a_finished_copy_says_what_its_source_says_and_nothing_of_the_copying(postgres, tmp_path):
    first, last = f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    await filled(first)
    said = await meta_of(first, {"of its own": "kept"})
    await copy(first, postgres)
    await copy(postgres, last)
    assert await meta_of(postgres) == await meta_of(last) == said


async def test_a_backup_is_refused_as_a_source(tmp_path):
    first = f"sqlite:///{tmp_path}/a.db"
    await filled(first)
    await meta_of(first, {meta.BACKUP: "{}"})
    with pytest.raises(Unavailable, match="is a backup: use `horarium restore`"):
        await copy(first, f"sqlite:///{tmp_path}/b.db")


async def test_a_copy_that_another_version_has_begun_is_begun_anew(tmp_path):
    first, second = f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    await filled(first)
    await interrupted(first, second)
    await meta_of(second, {meta.COPYING: "1"})
    with pytest.raises(
        Conflict, match=f"begun with schema 1, this program has schema {latest()}: give an empty"
    ):
        await copy(first, second)


@pytest.mark.parametrize("reading", [True, False])
@pytest.mark.parametrize(
    ("error", "refusal", "said"),
    [
        (
            sqlite3.OperationalError("disk I/O error\nmore of it"),
            Unavailable,
            "stopped: disk I/O error; run it again",
        ),
        (asyncpg.DiskFullError("no space"), Unavailable, "stopped: no space; run it again"),
        (TimeoutError(), Unavailable, "stopped: TimeoutError; run it again"),
        (sqlite3.IntegrityError("UNIQUE"), Conflict, r"rows that are not from this source \(UNIQUE\)"),
        (asyncpg.UniqueViolationError("twice"), Conflict, r"rows that are not from this source \(twice\)"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
async def test_what_stops_a_copy_is_told_in_one_line_and_both_sides_are_let_go(
    tmp_path, monkeypatch, reading, error, refusal, said
):
    async def broken(*_):
        raise error

    await migrate(f"sqlite:///{tmp_path}/a.db")
    monkeypatch.setattr(SqliteSide, "times" if reading else "make_room", broken)
    monkeypatch.setattr(SqliteSide, "times", broken if reading else lambda self: asyncio.sleep(0, [NOON]))
    with pytest.raises(refusal, match=said) as caught:
        await copy(f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db")
    assert "\n" not in str(caught.value)
    for name in ("a.db", "b.db"):
        with sqlite_lock(tmp_path / name):
            pass


async def test_a_source_is_read_as_it_was_at_one_instant_however_long_the_target_takes(postgres, tmp_path):
    first = f"sqlite:///{tmp_path}/a.db"
    await filled(first)
    await copy(first, postgres)
    change = "UPDATE schedules SET description = 'changed meanwhile'"
    for url in (first, postgres):
        side = side_of(url)
        await side.connect()
        await side.begin_reading()
        before = await side.after("schedules", ["id", "description"], [])
        if url == first:
            with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as beside:
                beside.execute(change)
        else:
            beside = await connect(postgres)
            await beside.execute(change)
            await beside.close()
            shown = await side._connection.fetchval("SHOW idle_in_transaction_session_timeout")
            assert shown == "0"
        assert await side.after("schedules", ["id", "description"], []) == before
        await side.close()


async def test_only_a_server_whose_lease_holds_or_that_is_connected_is_in_the_way(postgres, monkeypatch):
    monkeypatch.setattr(copy_sides, "PATIENCE_S", 0.0)
    await migrate(postgres)
    onlookers = [
        await connect(postgres, f"horarium {name}") for name in ("copy", "watchdog", "doctor", "backup")
    ]
    elsewhere = await connect(postgres.replace(name_in(postgres), "postgres"), "horarium node 1")
    side = PostgresSide(postgres)
    await side.connect()
    now = await onlookers[0].fetchval("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
    node = "INSERT INTO nodes VALUES ('n', 'n', 'api', '1', '2026a', 0, 0, $1, $2)"
    for busy, until, stopped in (
        (False, now - 1, None),
        (False, now + 60_000, now),
        (True, now + 60_000, None),
    ):
        await onlookers[0].execute("DELETE FROM nodes")
        await onlookers[0].execute(node, until, stopped)
        if busy:
            with pytest.raises(Unavailable, match="running on the source"):
                await side._refuse_busy("source")
        else:
            await side._refuse_busy("source")
    for connection in (*onlookers, elsewhere):
        await connection.close()
    await side.close()


async def test_two_databases_of_one_server_are_not_the_same(postgres):
    sides = [
        PostgresSide(postgres),
        PostgresSide(postgres.replace(name_in(postgres), "postgres")),
        PostgresSide(postgres),
    ]
    for side in sides:
        await side.connect()
    first, other, again = [await side.identity() for side in sides]
    assert first == again != other
    for side in sides:
        await side.close()


async def test_a_statement_of_a_copy_may_take_as_long_as_counting_a_large_table_takes(monkeypatch):
    given = []
    monkeypatch.setattr(copy_sides, "connect_postgres", lambda *args: asyncio.sleep(0, given.append(args)))
    await PostgresSide("postgresql://h@db/h").connect()
    assert given == [("postgresql://h@db/h", "horarium copy", 3_600.0)]


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("folder", "sqlite:///folder/horarium.db"),
        ("folder/my.db", "sqlite:///folder/my.db"),
        ("postgresql://me@host/x", "postgresql://me@host/x"),
    ],
)
def test_a_database_is_named_by_folder_file_or_url(named, url):
    assert url_of(named) == url
