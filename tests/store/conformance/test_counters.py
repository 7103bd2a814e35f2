"""A version or an epoch that stays while its row changes hides the change from whoever has the row in memory.

Statements are taken from their files, so that new ones are in the walk by themselves.
"""

import pytest

from horarium.domain.errors import Invalid
from horarium.store.base import Duplicate
from horarium.store.statements import load
from tests.store.conformance.test_strangers import WRITTEN, Owner, _Undone, _value, writing
from tests.support.all_rows import columns, rows_within

# The tables whose rows somebody keeps in memory by their version.
VERSIONED = ("targets", "schedules", "workspaces", "webhooks")
# What changes such a row and leaves its version, each with the reason.
KEEP_THE_VERSION = {
    "zone_schedule": "the zone data say how the cursor was computed, and nobody is shown them",
    "rezone_schedules": "as zone_schedule",
    "complete_schedules": "the end of a schedule is no edit: an edit that was made of it before is still right",
    "delete_completed": "as complete_schedules",
    "put_off_resumption": "the schedule stays paused, and is only looked at again later",
    "reseal_targets": "the secrets stay the same, sealed with another key",
    "reseal_webhooks": "as reseal_targets",
    "change_texts_of_targets": "why a target was switched off is in no memory",
    "mirror_again_target": "a mirror that comes back is followed in the same transaction, which raises the version",
    "key_of_mirror_target": "a target is run without its key",
    "move_webhook": "how far a webhook has come belongs to the node that has it in hand",
    "set_webhook_position": "the node that has it in hand loses it",
    "take_webhook": "only who has it in hand changes",
    "take_webhooks_back": "only who has it in hand changes",
    "free_webhook": "only who has it in hand changes",
    "free_webhooks_of": "only who has it in hand changes",
    "free_all_webhooks": "only who has it in hand changes",
}  # fmt: skip
# What lets go and leaves the epoch, with the reason.
KEEP_THE_EPOCH = {
    "put_off_fanout_task": "its own holder lets it go, and whoever takes it next raises the epoch"
}


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_no_statement_lets_a_version_or_an_epoch_fall_back(store, filled):
    walked = 0
    async for name, before, after in changes(store, filled):
        for count in {"version", "epoch"} & before.keys():
            if before[count] is not None:
                assert after[count] >= before[count], (name, count)
                walked += 1
    assert walked > 30


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_what_is_taken_or_taken_away_has_a_new_epoch(store, filled):
    """So that a holder which has lost it notices, also where it holds it again."""
    walked = set()
    async for name, before, after in changes(store, filled):
        if "epoch" in before and before["owner"] != after["owner"] and name not in KEEP_THE_EPOCH:
            assert after["epoch"] > before["epoch"], name
            walked.add(name)
    assert len(walked) >= (7 if filled else 3), walked


@pytest.mark.parametrize("filled", [False, True], ids=["what has to be there", "all is there"])
async def test_what_changes_a_row_that_is_kept_in_memory_raises_its_version(store, filled):
    walked = set()
    async for name, before, after in changes(store, filled):
        if WRITTEN.search(load(store.flavour)[name].sql)[2] in VERSIONED and name not in KEEP_THE_VERSION:
            assert after["version"] > before["version"], name
            walked.add(name)
    assert len(walked) >= (6 if filled else 10), walked


async def changes(store, filled):
    """Of each statement that updates rows, and changes the one row that it is given: the row before and after."""
    mine = await Owner.open(store, 1, filled)
    names = {
        table: [column.name for column in found] for table, found in (await store.urgent(columns)).items()
    }
    for name in writing(store.flavour):
        statement = load(store.flavour)[name]
        kind, table = WRITTEN.search(statement.sql).groups()
        if not kind.startswith("UPDATE") or table not in mine.rows:
            continue
        found = await changed(store, statement, mine.rows[table])
        rows = [
            [dict(zip(names[table], row[1:], strict=True)) for row in side if row[0] == table]
            for side in found
        ]
        if rows and len(rows[0]) == len(rows[1]) == 1:
            yield name, rows[0][0], rows[1][0]


async def changed(store, statement, row):
    """What a statement takes out of the database and what it puts in. All of it is undone."""
    ids = {"id": row.get("schedule_id") or row.get("run_id"), "old": row.get("sealed")}
    row = ids | {"node": b"x", "epoch": 1, "answer": "another"} | row
    found = []

    async def verb(tx):
        values = {name: _value(name, row, statement) for name in statement.columns or statement.parameters}
        before = await rows_within(tx)
        if statement.columns:
            await tx.many(statement.name, [tuple(values.values())])
        else:
            await tx.run(statement.name, **values)
        after = await rows_within(tx)
        found.extend((before - after, after - before))
        raise _Undone

    try:
        await store.urgent(verb)
    except (_Undone, Invalid, Duplicate):
        return found
