"""A node whose connection is gone loses its runs after SILENT_MS, unless its connection was never seen."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.engine.steps import SILENT_MS, Engine
from horarium.store.verbs import nodes as node_verbs
from tests.support.house import HandClock

NOW = 1_000_000
ME, OTHER = b"me", b"other"


class Told:
    """A store that says which nodes are connected, and notes which are taken for gone."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.connected: dict[bytes, bool] = {OTHER: True}
        self.lapsed = False
        self.gone: list[list[bytes]] = []

    async def urgent(self, verb: Any, *given: Any) -> Any:
        if verb is node_verbs.others:
            assert given == (ME, self.clock.now)
            return node_verbs.OtherNodes(dict(self.connected), self.lapsed)
        assert verb is node_verbs.free_lapsed
        now, node, gone = given
        assert (now, node) == (self.clock.now, ME)
        self.gone.append(list(gone))
        return None


@pytest.fixture
def clock():
    return HandClock(NOW)


@pytest.fixture
def store(clock):
    return Told(clock)


@pytest.fixture
def engine(store, clock):
    return Engine(store, clock, ME)


async def looked(engine: Engine, store: Told, clock: HandClock, at_ms: int) -> list[bytes]:
    """Which nodes are taken for gone at an instant; none where nothing is freed."""
    clock.now = at_ms
    store.gone.clear()
    assert not await engine.recover()
    return store.gone[-1] if store.gone else []


@pytest.mark.parametrize(
    ("later_ms", "gone"), [(SILENT_MS - 1, []), (SILENT_MS, [OTHER]), (SILENT_MS + 1, [OTHER])]
)
async def test_a_node_is_gone_when_its_connection_has_been_away_for_so_long(
    engine, store, clock, later_ms, gone
):
    assert await looked(engine, store, clock, NOW) == []
    store.connected[OTHER] = False
    assert await looked(engine, store, clock, NOW + 5_000) == []
    assert await looked(engine, store, clock, NOW + 5_000 + later_ms) == gone


async def test_a_node_that_has_connected_again_is_there_from_anew(engine, store, clock):
    await looked(engine, store, clock, NOW)
    store.connected[OTHER] = False
    await looked(engine, store, clock, NOW + 1)
    store.connected[OTHER] = True
    assert await looked(engine, store, clock, NOW + SILENT_MS) == []
    store.connected[OTHER] = False
    assert await looked(engine, store, clock, NOW + SILENT_MS + 1) == []
    assert await looked(engine, store, clock, NOW + 2 * SILENT_MS) == []
    assert await looked(engine, store, clock, NOW + 2 * SILENT_MS + 1) == [OTHER]


async def test_a_node_whose_connection_was_never_seen_is_left_to_its_lease(engine, store, clock):
    store.connected[OTHER] = False
    for later in (0, SILENT_MS, 10 * SILENT_MS):
        assert await looked(engine, store, clock, NOW + later) == []


async def test_a_node_that_has_left_is_forgotten(engine, store, clock):
    await looked(engine, store, clock, NOW)
    store.connected = {OTHER: False}
    await looked(engine, store, clock, NOW + 1)
    store.connected = {}
    assert await looked(engine, store, clock, NOW + 2 * SILENT_MS) == []
    assert engine.silent_since == {}


async def test_what_nodes_have_whose_lease_is_over_is_freed_and_nothing_is_written_while_all_are_there(
    engine, store, clock
):
    await looked(engine, store, clock, NOW)
    assert store.gone == []
    store.lapsed = True
    await looked(engine, store, clock, NOW + 1)
    assert store.gone == [[]]
