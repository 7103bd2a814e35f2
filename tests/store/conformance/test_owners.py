"""What a node held is free under a new epoch once the node is gone, in every table in which nodes hold something.

The tables are those that have an owner and an epoch, so a new one is in this walk by itself. It has to be freed in each
of the ways in which nodes end.
"""

import pytest

from horarium.domain.ids import random_id
from horarium.store.verbs import nodes
from tests.store.conformance.test_strangers import Owner
from tests.support.all_rows import columns
from tests.support.raw import select
from tests.support.tenant import NOON

WAYS = {
    "its lease has lapsed": lambda store, node: store.urgent(nodes.free_lapsed, NOON, random_id(NOON)),
    "it stops": lambda store, node: store.urgent(nodes.stop, node, NOON),
    "nobody works on the database": lambda store, node: store.urgent(nodes.free_everything),
}


class Held(Owner):
    """A row in each table; those that a node can hold are held by one that is entered nowhere, since `NOON`."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.node = random_id(NOON)

    def value(self, table, column):
        if column.name == "owner" and column.is_bytes:
            return self.node
        return NOON if column.name == "begun_ms" else super().value(table, column)


@pytest.mark.parametrize("way", WAYS)
async def test_what_a_node_held_is_free_under_a_new_epoch_when(store, way):
    held = await Held.open(store)
    names = {
        table: {column.name for column in of_table}
        for table, of_table in (await store.urgent(columns)).items()
        if {"owner", "epoch"} <= {column.name for column in of_table if column.is_bytes or column.is_number}
    }
    assert names.keys() >= {"ready", "fanouts", "webhooks"}
    await WAYS[way](store, held.node)
    for table, known in names.items():
        before = held.rows[table]
        assert before["owner"] == held.node
        assert await select(store, f"SELECT owner, epoch FROM {table}") == [(None, before["epoch"] + 1)], (
            table
        )
        if "begun_ms" in known:
            assert await select(store, f"SELECT begun_ms FROM {table}") == [(None,)], table
        if "lost" in known:
            assert await select(store, f"SELECT lost FROM {table}") == [(before["lost"] + 1,)], table


@pytest.mark.parametrize("table", ["ready", "fanouts", "webhooks"])
async def test_a_node_that_holds_something_in_one_table_alone_is_found(store, table):
    class Single(Held):
        def value(self, of, column):
            value = super().value(of, column)
            return None if value == self.node and of != table else value

    held = await Single.open(store)
    await store.urgent(nodes.free_lapsed, NOON, random_id(NOON))
    assert await select(store, f"SELECT owner FROM {table}") == [(None,)]
    assert held.rows[table]["owner"] == held.node
