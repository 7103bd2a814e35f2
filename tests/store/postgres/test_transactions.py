"""When a transaction on PostgreSQL begins, and that nothing is begun for what only reads."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
import pytest_asyncio

from horarium.service.trail import Trail
from horarium.store.postgres.connection import PostgresConnection
from horarium.store.postgres.transaction import BEGIN, PostgresTx, committed
from horarium.store.statements import load, prepare
from horarium.store.verbs import actions, audit, erasures, nodes, purges, runs, upkeep
from tests.support.tenant import NOON, Tenant

STATEMENTS = load("postgres")


class Told:
    """A connection that notes the commands which it passes on."""

    def __init__(self, connection):
        self._connection, self.commands = connection, []

    def __getattr__(self, name):
        return getattr(self._connection, name)

    async def execute(self, command, *args):
        if not args:
            self.commands.append(command)
        return await self._connection.execute(command, *args)


@pytest_asyncio.fixture
async def told(url):
    own = PostgresConnection(url)
    yield Told(await own.open())
    own.drop()


async def commands_of(told, verb, *args):
    """What a verb makes the store say of transactions."""
    told.commands.clear()
    await committed(PostgresTx(told, STATEMENTS), lambda tx: verb(tx, *args))
    return told.commands


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        (actions.hold_action, (None,)),
        (erasures.erase_piece, (None, NOON, None)),
        (purges.purge_piece, (NOON,)),
        (nodes.others, (b"n" * 16, NOON)),
        (runs.expire_callbacks, (NOON, 10)),
        (upkeep.unstick, (NOON, 10)),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_a_look_at_what_is_to_be_done_begins_no_transaction_where_there_is_nothing(told, verb, args):
    assert await commands_of(told, verb, *args) == []


async def test_a_transaction_begins_with_the_first_statement_that_changes_something(told):
    seen = []

    async def verb(tx):
        await tx.rows("living_nodes", now=NOON, limit=1)
        seen.append([*told.commands])
        await tx.run("retire_all_nodes", now=NOON)
        seen.append([*told.commands])
        await tx.run("retire_all_nodes", now=NOON)

    assert await commands_of(told, verb) == [BEGIN, "COMMIT"]
    assert seen == [[], [BEGIN]]


async def test_a_transaction_begins_with_the_first_row_that_is_locked(told):
    async def verb(tx):
        await tx.row("next_to_purge", now=NOON)

    assert await commands_of(told, verb) == [BEGIN, "COMMIT"]


async def test_rows_that_are_copied_into_a_table_are_copied_within_the_transaction(url, told):
    assert STATEMENTS["insert_spool"].copied is not None

    async def verb(tx):
        await tx.many("insert_spool", [(b"f" * 16, 1, "row", "{}")])
        raise LookupError

    with pytest.raises(LookupError):
        await commands_of(told, verb)
    assert told.commands == [BEGIN, "ROLLBACK"]
    assert await told.fetchval("SELECT count(*) FROM spool") == 0


async def test_items_that_come_while_a_transaction_is_opened_are_written_in_it(store, monkeypatch):
    """Of sixteen creates at a time the first one was written alone, and the others waited for its commit."""
    groups, asked, open_it = [], [], PostgresTx.ensure_open

    async def verb(tx, items):
        groups.append(items)

    async def opening(tx):
        if not asked:
            asked.append(asyncio.create_task(store.write_grouped(verb, "second")))
            await asyncio.sleep(0)
        await open_it(tx)

    monkeypatch.setattr(PostgresTx, "ensure_open", opening)
    await store.write_grouped(verb, "first")
    await asyncio.gather(*asked)
    assert groups == [["first", "second"]]


async def test_what_is_only_recorded_is_committed_too(store, told):
    tenant = await Tenant.open(store)
    entry = Trail(tenant.workspace, NOON).entry("test.noted", "ws", tenant.workspace)

    async def verb(tx):
        tx.record(entry)

    assert await commands_of(told, verb) == [BEGIN, "COMMIT"]
    assert await store.read(audit.any_pending)


async def test_what_a_failed_verb_has_changed_is_undone_and_what_it_only_read_needs_no_undoing(told):
    async def changed(tx):
        await tx.rows("living_nodes", now=NOON, limit=1)
        await tx.run("retire_all_nodes", now=NOON)
        raise LookupError

    async def read(tx):
        await tx.rows("living_nodes", now=NOON, limit=1)
        raise LookupError

    for verb, said in ((changed, [BEGIN, "ROLLBACK"]), (read, [])):
        with pytest.raises(LookupError):
            await commands_of(told, verb)
        assert told.commands == said
        assert not told.is_in_transaction()


class BrokenOff(Told):
    """A connection whose caller is cancelled while it waits for the answer to BEGIN."""

    async def execute(self, command, *args):
        answer = await super().execute(command, *args)
        if command == BEGIN:
            raise asyncio.CancelledError
        return answer


@pytest.mark.parametrize("closed", [True, False])
async def test_what_a_verb_raises_is_told_also_where_its_connection_is_gone_on_which_nothing_can_be_undone(
    closed,
):
    said = []

    class Connection:
        def is_closed(self):
            return closed

        async def execute(self, command, *_):
            said.append(command)
            if closed and command == "ROLLBACK":
                raise asyncpg.InterfaceError("the connection is closed")

    async def fails(tx):
        await tx.ensure_open()
        raise KeyError("its own")

    with pytest.raises(KeyError, match="its own"):
        await committed(PostgresTx(Connection(), STATEMENTS), fails)
    assert said == ([BEGIN] if closed else [BEGIN, "ROLLBACK"])


async def test_a_transaction_is_ended_whose_caller_was_cancelled_while_it_began(url):
    own = PostgresConnection(url)
    told = BrokenOff(await own.open())

    async def verb(tx):
        await tx.run("retire_all_nodes", now=NOON)

    with pytest.raises(asyncio.CancelledError):
        await commands_of(told, verb)
    assert not told.is_in_transaction()
    own.drop()


async def test_what_is_said_only_to_read_is_run_by_a_database_that_changes_and_locks_nothing(told):
    only_reading = [each for each in STATEMENTS.values() if each.only_reads]
    assert len(only_reading) > 300
    await told.execute("SET default_transaction_read_only = on")
    for statement in only_reading:
        await told.fetch(statement.sql, *(None for _ in statement.parameters))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM runs WHERE id = :id FOR NO KEY UPDATE",
        "SELECT id FROM runs WHERE id = :id FOR KEY SHARE SKIP LOCKED",
        "WITH gone AS (DELETE FROM runs WHERE id = :id RETURNING id) SELECT id FROM gone",
        "SELECT pg_try_advisory_xact_lock_shared(:lock)",
        "SELECT set_config('a.b', :value, TRUE)",
        "LOCK TABLE runs",
    ],
)
def test_what_changes_or_locks_something_is_not_said_only_to_read(text):
    assert not prepare("any", text, "postgres").only_reads


def test_a_column_whose_name_holds_such_a_word_is_only_read():
    assert prepare("any", "SELECT updated_ms, deleted_ms, locked_by FROM t", "postgres").only_reads
