"""The lease of a node never lasts longer here than the database has granted it."""

from types import SimpleNamespace

import pytest

from horarium.engine import lease as module
from horarium.engine.lease import Lease
from horarium.store.verbs import nodes

LEASE_S = 4.0


class SlowConnection:
    """A connection that takes a second for each question. The database grants the lease as it is asked."""

    def __init__(self, clock, alive=True):
        self.clock, self.alive = clock, alive
        self.asked = []

    async def now_ms(self):
        self.clock.now += 1.0
        return 1_000_000

    async def run(self, verb, *args):
        self.asked.append(verb)
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
