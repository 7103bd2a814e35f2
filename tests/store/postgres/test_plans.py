"""What PostgreSQL does for the store's statements as long as it knows nothing of the tables: right after the first
schedules are made, or a thousand times as many as when it looked last."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from horarium.domain.ids import random_id
from horarium.store.postgres.connection import BY_KEY, READ_ONLY, connect
from horarium.store.statements import load
from horarium.store.verbs.runs import run_target
from tests.support.poolers import MODE, opened
from tests.support.tenant import NOON, Tenant

pytestmark = pytest.mark.skipif(MODE == "only", reason="sessions behind a pooler have no settings")

# The tables whose rows grow with what callers store and with what runs.
GROWING = ("schedules", "labels", "versions", "cursors", "fires", "runs", "ready", "callbacks")
# The statements that want all rows of an index, and why.
WHOLE = {
    "all_fanout_tasks": "after a restore, all that are open",
    "any_waiting": "the first is enough",
    "claimed_runs_of_lane": "of the rows that nodes have claimed, which are few",
    "count_open_objectives": "of the rows that nodes have claimed",
    "count_open_runs": "of the rows that nodes have claimed",
    "counts_of_upkeep": "they are counted",
    "earliest_due": "the first is enough",
    "earliest_look": "the first is enough",
    "earliest_ready": "the first is enough",
    "lapsed_owners": "of the rows that nodes have claimed",
    "newest_ids": "the last of each month",
    "open_objectives_asc": "of the rows that nodes have claimed",
    "open_objectives_desc": "of the rows that nodes have claimed",
    "open_run_ids": "of the rows that nodes have claimed",
    "open_runs_due": "after a restore, all that are open",
    "other_nodes": "of the rows that nodes have claimed",
    "queue_by_lane": "a sample of the queue",
    "schedules_that_wait": "of the schedules that have a waiting fire",
    "sealed_versions": "pages of all, when the key of the secrets is changed",
    "settled_total": "one sum, of a benchmark",
    "workspaces_due": "steps from one workspace to the next",
    "zones_in_use": "steps from one zone to the next",
}
# Pages of schedules have filters that few callers use, and look through all versions for them while there are few.
FILTERED = ("schedules_by_", "schedules_within_", "schedules_among", "count_schedules_")


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)


def read_whole(plan: dict[str, Any]) -> set[str]:
    """The growing tables of which a plan reads all rows of an index, or simply all."""
    return {
        table
        for node in nodes_of(plan)
        for table in GROWING
        if node["Node Type"].startswith(("Index", "Seq"))
        and node["Relation Name"].partition("_2")[0] == table
        and "Index Cond" not in node
    }


async def connected(url: str, count: int, settings: dict[str, str]) -> Any:
    """A connection with these settings to a database in which so many schedules have just been made."""
    store = await opened(url)
    connection = await connect(url)
    # Otherwise the server may take statistics meanwhile, by which it reads small tables whole.
    for table in await connection.fetch(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384"
    ):
        await connection.execute(f"ALTER TABLE {table[0]} SET (autovacuum_enabled = false)")
    tenant = await Tenant.open(store)
    if count:
        await tenant.schedules(count)
    await store.close()
    for name, value in settings.items():
        await connection.execute(f"SET {name} = {value}")
    return connection


@pytest.mark.parametrize("settings", [BY_KEY, READ_ONLY], ids=["writing", "reading"])
@pytest.mark.parametrize("count", [0, 300])
async def test_no_statement_reads_a_whole_index_to_find_some_rows(
    url: str, count: int, settings: dict[str, str]
) -> None:
    connection = await connected(url, count, settings)
    found = set()
    for name, statement in load("postgres").items():
        kinds = [kind.name for kind in (await connection.prepare(statement.sql)).get_parameters()]
        if not statement.sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")) or name.startswith(
            FILTERED
        ):
            continue
        typed = f"({', '.join(kinds)})" if kinds else ""
        await connection.execute(f"PREPARE asked{typed} AS {statement.sql}")
        given = f"({', '.join(['NULL'] * len(kinds))})" if kinds else ""
        plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{given}"))
        await connection.execute("DEALLOCATE asked")
        if read_whole(plan[0]["Plan"]):
            found.add(name)
    await connection.close()
    assert found == set(WHOLE)


@pytest.mark.parametrize("statement", ["get_schedule", "get_schedule_and_held"])
@pytest.mark.parametrize("count", [0, 300])
async def test_a_schedule_is_found_by_its_id_alone(url: str, statement: str, count: int) -> None:
    """All names of the workspace were looked through."""
    connection = await connected(url, count, READ_ONLY)
    await connection.execute(f"PREPARE asked(bytea, bytea) AS {load('postgres')[statement].sql}")
    plan = json.loads(await connection.fetchval("EXPLAIN (FORMAT JSON) EXECUTE asked(NULL, NULL)"))
    await connection.close()
    by = [
        node["Index Name"] for node in nodes_of(plan[0]["Plan"]) if node.get("Relation Name") == "schedules"
    ]
    assert by == ["schedules_pkey"]


@pytest.mark.parametrize("join", ["nestloop", "hashjoin", "mergejoin"])
async def test_lanes_take_turns_in_their_order_however_the_database_joins(url: str, join: str) -> None:
    """Where it read the targets first, lanes between two others were passed over, and their runs were not claimed."""
    store = await opened(url)
    tenants = [await Tenant.open(store) for _ in range(3)]
    lanes = [await tenant.add_target() for _ in range(4) for tenant in tenants]
    for _ in range(300):
        await tenants[0].add_target()
    for tenant, lane in zip(tenants * 4, lanes, strict=True):
        await store.write(run_target, tenant.workspace, lane, random_id(NOON), None, NOON)
    await store.close()
    connection = await connect(url)
    await connection.execute("ANALYZE")
    for other in {"nestloop", "hashjoin", "mergejoin"} - {join}:
        await connection.execute(f"SET enable_{other} = off")
    found = await connection.fetch(load("postgres")["open_lanes"].sql, b"", 5)
    await connection.close()
    assert [row["lane"] for row in found] == sorted(lanes)[:5]
