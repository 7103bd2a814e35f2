"""The months of PostgreSQL: which are made, and what goes with one that is dropped."""

import pytest
from structlog.testing import capture_logs

from horarium.store.postgres import partitions
from horarium.store.postgres.connection import connect
from horarium.store.postgres.partitions import (
    drop_partitions,
    following,
    make_partitions,
    month_starts,
    months,
)
from horarium.store.verbs.runs import replay_run
from tests.store.conformance.test_callbacks import open_for
from tests.support.tenant import ACCEPTED, DAY, NOON, Node, Tenant


def test_the_months_from_one_instant_to_another_are_made_and_three_more():
    begins = month_starts((2026, 12))
    assert list(months(begins, begins)) == [(2026, 12), (2027, 1), (2027, 2), (2027, 3)]
    assert list(months(begins - 1, begins)) == [(2026, 11), *months(begins, begins)]
    assert [following(month) for month in ((2026, 11), (2026, 12))] == [(2026, 12), (2027, 1)]


async def test_what_belongs_to_the_runs_of_a_month_goes_with_it_and_that_of_the_next_stays(
    url, store, monkeypatch
):
    monkeypatch.setattr(partitions, "BATCH", 1)
    tenant, node = await Tenant.open(store), await Node.start(store)
    connection = await connect(url)
    await make_partitions(connection, NOON, NOON + 40 * DAY)
    await tenant.schedules(3, "0 12 1 * *")
    for month in ((2026, 12), (2027, 1)):
        now = month_starts(month) + NOON % DAY
        await tenant.release(now)
        await node.work(now)
    await connection.execute(
        "INSERT INTO callbacks (run_id, workspace_id, target_id, token_hash, attempt, deadline_ms, lease_ms) "
        "SELECT id, workspace_id, target_id, 'h', 1, 0, 0 FROM runs"
    )
    await connection.execute("INSERT INTO attempts SELECT id, n, 0, 0 FROM runs, generate_series(1, 2) n")
    kept = "SELECT count(*) FROM {} WHERE run_id IN (SELECT id FROM runs)"
    await drop_partitions(connection, month_starts((2027, 1)))
    for table, left in (("attempts", 6), ("callbacks", 3)):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == left
        assert await connection.fetchval(kept.format(table)) == left
    await connection.close()


async def test_what_belongs_to_a_month_goes_also_where_a_node_has_died_just_after_it_had_dropped_it(
    url, store, monkeypatch
):
    tenant, connection = await Tenant.open(store), await connect(url)
    await make_partitions(connection, NOON, NOON)
    await tenant.schedule("0 12 1 12 *")
    now = month_starts((2026, 12)) + NOON % DAY
    await tenant.release(now)
    await (await Node.start(store)).work(now)
    await connection.execute("INSERT INTO attempts SELECT id, 1, 0, 0 FROM runs")

    async def dies(connection, month):
        if month == (2026, 12):
            raise ConnectionResetError

    before = month_starts((2027, 1))
    with monkeypatch.context() as killed:
        killed.setattr(partitions, "_delete_attempts_and_callbacks", dies)
        with pytest.raises(ConnectionResetError):
            await drop_partitions(connection, before)
    assert await connection.fetchval("SELECT count(*) FROM attempts") == 1
    assert not [name for name in await drop_partitions(connection, before) if name.startswith("runs")]
    assert await connection.fetchval("SELECT count(*) FROM attempts") == 0
    assert await connection.fetchval("SELECT count(*) FROM meta WHERE name LIKE 'dropped:%'") == 0
    await connection.close()


async def test_a_month_that_another_node_has_dropped_meanwhile_is_passed_over(url, monkeypatch):
    connection, early = await connect(url), month_starts((2020, 1))
    await make_partitions(connection, early, early)
    seen = await partitions._partitions(connection, "runs")
    await connection.execute("DROP TABLE runs_2020_01")

    async def as_seen(connection, table):
        return seen if table == "runs" else set()

    monkeypatch.setattr(partitions, "_partitions", as_seen)
    assert await drop_partitions(connection, month_starts((2020, 3))) == ["runs_2020_02"]
    await connection.close()


@pytest.mark.parametrize(("later", "stays"), [(-1, False), (0, True)])
async def test_a_month_with_something_that_has_ended_later_stays(url, store, later, stays):
    """A run that took long, or was retried: its retention begins when it has ended."""
    tenant, node = await Tenant.open(store), await Node.start(store)
    before = month_starts((2027, 1))
    connection = await connect(url)
    await make_partitions(connection, NOON, NOON)
    await tenant.schedule("0 12 1 12 *")
    await tenant.release(month_starts((2026, 12)) + NOON % DAY)
    await node.work(before + later)
    dropped = await drop_partitions(connection, before)
    assert ("runs_2026_12" not in dropped) is stays
    await connection.close()


class Meanwhile:
    """A connection; just after it has been asked whether a month is needed, some work is done."""

    def __init__(self, connection, month, work):
        self._connection, self._month, self._work = connection, month, work

    def __getattr__(self, name):
        return getattr(self._connection, name)

    async def fetchval(self, asked, *given):
        answer = await self._connection.fetchval(asked, *given)
        if f"FROM {self._month} " in asked:
            await self._work()
        return answer


@pytest.mark.parametrize("claimed", [False, True])
async def test_a_month_of_which_a_run_is_repeated_while_it_is_looked_at_stays(url, store, claimed):
    tenant, node = await Tenant.open(store), await Node.start(store)
    connection, before = await connect(url), month_starts((2027, 1))
    await make_partitions(connection, NOON, NOON)
    await tenant.schedule("0 12 1 12 *", target_id=await tenant.callback_target())
    await tenant.release(now := month_starts((2026, 12)) + NOON % DAY)
    (run,) = await node.work(now)

    async def repeated():
        await store.write(replay_run, tenant.workspace, run, before)
        if claimed:
            (work,) = await node.claim(before)
            await open_for(node, work, "token")
            await node.record([work], ACCEPTED, before)

    dropped = await drop_partitions(Meanwhile(connection, "runs_2026_12", repeated), before)
    assert "runs_2026_12" not in dropped
    assert await connection.fetchval("SELECT count(*) FROM runs WHERE finished_ms IS NULL") == 1
    await connection.close()


async def test_the_months_that_were_made_and_dropped_are_one_line_in_the_log_and_none_are_none(url, store):
    connection = await connect(url)
    now, early = await store.now_ms(), month_starts((2020, 1))
    await make_partitions(connection, now, now)
    await make_partitions(connection, early, early)
    year, month = next(iter(months(now, now)))
    await connection.execute(f"DROP TABLE runs_{year}_{month:02}")
    with capture_logs() as lines:
        for _ in range(2):
            await store.tidy_partitions(month_starts((2020, 2)))
    changed = [f"runs_{year}_{month:02}", "fires_2020_01", "runs_2020_01"]
    assert lines == [{"log_level": "info", "event": "partitions_changed", "partitions": changed}]
    await connection.close()


async def test_who_uses_a_month_is_not_waited_for_long_and_holds_up_no_other_month(url, monkeypatch):
    monkeypatch.setattr(partitions, "_PATIENCE", "SET LOCAL lock_timeout = '20ms'")
    reader, connection = await connect(url), await connect(url)
    await make_partitions(connection, NOON, NOON)
    reading = reader.transaction()
    await reading.start()
    await reader.execute("LOCK TABLE fires IN ACCESS SHARE MODE")
    far = month_starts((2030, 1))
    with capture_logs() as lines:
        made = await make_partitions(connection, far, far)
    assert {name.split("_")[0] for name in made} == {"runs"}
    assert ["lock" in line.pop("why") for line in lines] == [True] * 4
    names = [name.replace("runs", "fires") for name in made]
    assert lines == [{"log_level": "info", "event": "partition_not_made", "name": name} for name in names]
    dropped = await drop_partitions(connection, month_starts((2040, 1)))
    assert "runs_2030_01" in dropped
    assert not any(name.startswith("fires") for name in dropped)
    await reading.rollback()
    assert "fires_2030_01" in await make_partitions(connection, far, far)
    for one in (reader, connection):
        await one.close()
