"""The lease of a node never lasts longer here than the database has granted it."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from horarium.engine import lease as module
from horarium.engine.lease import LOST_S, Lease
from horarium.store.verbs import nodes
from tests.simulation.loop import run_in_virtual_time

LEASE_S = 4.0


class SlowConnection:
    """A connection that takes a second for each question. The database grants the lease as it is asked."""

    NOW_MS = 1_000_000

    def __init__(self, clock, alive=True):
        self.clock, self.alive = clock, alive
        self.asked, self.given = [], []
        self.lease = None
        # Whether the lease held when each question was put.
        self.held = []

    async def now_ms(self):
        self.clock.now += 1.0
        return self.NOW_MS

    async def run(self, verb, *args):
        self.asked.append(verb)
        self.given.append(args)
        self.held.append(self.lease is not None and self.lease.held)
        self.clock.now += 1.0
        return self.alive


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def lease_of(lapses):
    """A lease without its thread, which beats when it is told to."""
    lease = Lease.__new__(Lease)
    lease._node = nodes.NodeRow(b"n" * 16, "n", "all", "1", "z", 0, 0, 0)
    lease._lease_s, lease._pulse, lease._until = LEASE_S, 100.0, 0.0
    lease._loop = SimpleNamespace(call_soon_threadsafe=lambda call: call())
    lease._on_lapse = lambda: lapses.append(1)
    lease._beating, lease._disturbed = None, asyncio.Event()
    return lease


async def test_a_lease_counts_from_when_it_was_asked_for_however_long_the_answer_took(clock):
    lease = lease_of([])
    await lease._beat(SlowConnection(clock))
    assert lease.left_s == LEASE_S - 2.0
    clock.now += LEASE_S - 2.0
    assert not lease.held


async def test_a_node_that_was_given_up_holds_its_new_lease_from_its_question_on_and_drops_what_it_had(clock):
    lapses = []
    lease, connection = lease_of(lapses), SlowConnection(clock, alive=False)
    await lease._beat(connection)
    assert connection.asked == [nodes.heartbeat, nodes.register]
    assert (lease.lapses, lapses, lease.left_s) == (1, [1], LEASE_S - 3.0)


async def test_a_node_that_was_given_up_begins_nothing_until_it_is_registered_again_as_one_of_several(clock):
    lapses = []
    lease, connection = lease_of(lapses), SlowConnection(clock, alive=False)
    lease._until, connection.lease = clock.now + 100.0, lease
    lease._on_lapse = lambda: lapses.append(lease.held)
    await lease._beat(connection)
    assert connection.held == [True, False]
    assert lapses == [True]
    lease_ms = int(LEASE_S * 1000)
    node = replace(lease._node, lease_until_ms=SlowConnection.NOW_MS + lease_ms)
    assert connection.given == [(node.id, SlowConnection.NOW_MS, lease_ms), (node, False)]


async def test_each_lapse_is_counted_and_a_heartbeat_that_was_heard_is_none(clock):
    lapses = []
    lease = lease_of(lapses)
    for alive in (True, False, True, False):
        lease._pulse = clock.now
        await lease._beat(SlowConnection(clock, alive))
    assert (lease.lapses, len(lapses)) == (2, 2)


@pytest.mark.parametrize(("silent_s", "beats"), [(LEASE_S, True), (LEASE_S + 0.001, False)])
async def test_no_heartbeat_is_sent_once_the_event_loop_has_stood_still_for_longer_than_a_lease(
    clock, silent_s, beats
):
    lease, connection = lease_of([]), SlowConnection(clock)
    lease._pulse = clock.now - silent_s
    await lease._beat(connection)
    assert connection.asked == ([nodes.heartbeat] if beats else [])
    assert lease.held is beats


async def test_a_connection_is_lent_once_and_the_one_that_follows_it_once_more():
    """Who is lent it listens on it, and would hear everything as often as it was lent."""
    lent = []

    async def lend(connection, loop):
        lent.append(connection)

    lease = lease_of([])
    lease._lend = lend
    first, second = Opened(), Opened()
    for connection in (first, first, first, second, second):
        await lease._look_after(connection)
    assert lent == [first, second]
    assert len(first.hears) == len(second.hears) == 1


class Opened:
    """A connection that can be lost."""

    def __init__(self):
        self.hears = []
        self.add_termination_listener = self.hears.append

    def lose(self):
        for hear in self.hears:
            hear(self)


@pytest.mark.parametrize(("lost", "waited_s"), [("theirs", LOST_S), ("former", 20.0), (None, 20.0)])
def test_the_next_heartbeat_comes_soon_after_the_connection_is_lost_that_the_node_has_now(lost, waited_s):
    async def play():
        lease, loop = lease_of([]), asyncio.get_running_loop()
        lease._lend, lease._beats = None, loop
        connections = {"former": Opened(), "theirs": Opened()}
        for connection in connections.values():
            await lease._look_after(connection)
        if lost is not None:
            connections[lost].lose()
        waited = []
        for _ in range(2):
            begun = loop.time()
            await lease._wait(20.0)
            waited.append(loop.time() - begun)
        return waited

    assert run_in_virtual_time(play()) == pytest.approx([waited_s, 20.0], abs=0.001)
