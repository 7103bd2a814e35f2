"""The lease of a node never lasts longer here than the database has granted it, and is kept alive as long as anything
answers."""

import asyncio
import threading
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import asyncpg
import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
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
    lease._beats, lease._beating, lease._disturbed = None, None, asyncio.Event()
    return lease


async def test_a_lease_is_over_when_the_machine_wakes_that_was_suspended_for_so_long(clock, monkeypatch):
    """The monotonic clock has stood still meanwhile."""
    awake = SimpleNamespace(
        monotonic=lambda: 100.0, CLOCK_BOOTTIME=7, clock_gettime=lambda which: {7: clock.now}[which]
    )
    monkeypatch.setattr(module, "time", awake)
    lease = lease_of([])
    await lease._beat(SlowConnection(clock))
    assert lease.held
    clock.now += LEASE_S
    assert not lease.held


async def test_a_lease_counts_from_when_it_was_asked_for_however_long_the_answer_took(clock):
    lease = lease_of([])
    await lease._beat(SlowConnection(clock))
    assert lease.left_s == LEASE_S - 2.0
    clock.now += LEASE_S - 2.0
    assert not lease.held


async def test_a_node_that_was_given_up_holds_its_new_lease_from_its_question_on_and_drops_what_it_had(clock):
    lapses = []
    lease, connection = lease_of(lapses), SlowConnection(clock, alive=False)
    with capture_logs() as lines:
        await lease._beat(connection)
    assert connection.asked == [nodes.heartbeat, nodes.register]
    told = {"event": "lease_lapsed", "consequence": "this node drops what it held and registers anew"}
    assert lines == [{"log_level": "error", **told}]
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


@pytest.mark.parametrize(("silent_s", "beats"), [(LEASE_S, True), (LEASE_S + 0.26, False)])
async def test_no_heartbeat_is_sent_once_the_event_loop_has_stood_still_for_longer_than_a_lease(
    clock, silent_s, beats
):
    lease, connection = lease_of([]), SlowConnection(clock)
    lease._pulse = clock.now - silent_s
    with capture_logs() as lines:
        await lease._beat(connection)
    assert connection.asked == ([nodes.heartbeat] if beats else [])
    told = {"event": "event_loop_stands_still", "seconds": 4.3, "consequence": "the lease lapses"}
    assert lines == ([] if beats else [{"log_level": "error", **told}])
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


class Played:
    """A connection that is lost and refused at the times that a test sets, by the event loop's clock."""

    def __init__(self):
        self.beats, self.dropped, self.opened = [], [], []
        self.connected, self.away, self.silent = False, False, False
        self.current = None

    async def open(self):
        if not self.connected:
            if self.away:
                raise Unavailable("the database is away")
            self.opened.append(now())
            self.connected, self.current = True, Opened()
        return self.current

    async def now_ms(self):
        return 0

    async def run(self, verb, *args):
        self.beats.append(now())
        await self.open()
        if self.silent:
            await asyncio.Event().wait()
        return True

    def drop(self):
        self.dropped.append(now())
        self.lose()

    def lose(self):
        self.connected = False
        if self.current is not None:
            self.current.lose()


def now():
    return round(asyncio.get_running_loop().time(), 2)


def beaten(monkeypatch, story):
    """What a lease has done with its connection while a story was told, in virtual time, and the lines in the log."""
    connection = Played()
    monkeypatch.setattr(module, "PostgresConnection", lambda *_: connection)

    async def whole():
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=loop.time))
        lease = lease_of([])
        lease._url, lease._lend, lease._stopping = "", None, threading.Event()
        beating = asyncio.create_task(lease._beat_on())

        async def lives():
            while True:
                lease._pulse = loop.time()
                await asyncio.sleep(module.PULSE_S)

        living = asyncio.create_task(lives())
        await story(connection, lease)
        lease._stopping.set()
        lease._disturbed.set()
        await beating
        living.cancel()

    with capture_logs() as connection.lines:
        run_in_virtual_time(whole())
    return connection


def near(*times):
    return [pytest.approx(at, abs=0.12) for at in times]


def test_heartbeats_are_three_in_the_time_of_a_lease_over_one_connection(monkeypatch):
    async def story(connection, lease):
        await asyncio.sleep(LEASE_S + 0.3)
        assert lease.held

    connection = beaten(monkeypatch, story)
    assert [later - one for one, later in pairwise(connection.beats)] == near(*[LEASE_S / 3] * 3)
    assert (len(connection.opened), len(connection.dropped)) == (1, 1)


def test_a_connection_that_was_lost_between_two_heartbeats_is_replaced_at_once(monkeypatch):
    async def story(connection, lease):
        await asyncio.sleep(0.5)
        connection.lose()
        await asyncio.sleep(0.3)

    connection = beaten(monkeypatch, story)
    assert connection.beats == near(0, 0.55)
    assert connection.opened == near(0, 0.55)


def test_while_the_database_is_away_it_is_asked_three_times_a_second_until_the_lease_is_over_and_after(
    monkeypatch,
):
    async def story(connection, lease):
        await asyncio.sleep(0.5)
        connection.away = True
        connection.lose()
        await asyncio.sleep(LEASE_S)
        assert not lease.held
        connection.away = False
        await asyncio.sleep(0.5)
        assert lease.held

    connection = beaten(monkeypatch, story)
    tries = [at for at in connection.beats if 0.5 < at < 0.5 + LEASE_S]
    apart = [later - one for one, later in pairwise(tries)]
    assert apart == near(*[module.AGAIN_S] * len(apart))
    assert len(apart) > 8
    told = {"log_level": "warning", "event": "heartbeat_failed", "error": "the database is away"}
    left = [line.pop("lease_left_s") for line in connection.lines]
    assert connection.lines == [told] * len(left)
    assert left == [pytest.approx(max(0.0, LEASE_S - at), abs=0.06) for at in connection.dropped[:-1]]


def test_a_connection_that_cannot_be_lent_as_an_ear_is_replaced_and_the_lease_kept(monkeypatch):
    """It may be lost just after a heartbeat."""
    lent = []

    async def lend(connection, loop):
        lent.append(connection)
        if len(lent) == 1:
            raise asyncpg.ConnectionDoesNotExistError("gone")

    async def story(connection, lease):
        connection.lose()
        lease._lend = lend
        await asyncio.sleep(2 * LEASE_S)
        assert lease.held

    connection = beaten(monkeypatch, story)
    assert len(lent) == len(connection.opened) == 2
    assert [line["event"] for line in connection.lines] == ["heartbeat_failed"]


def test_a_connection_without_an_answer_is_given_up_after_half_a_lease_and_another_is_opened(monkeypatch):
    async def story(connection, lease):
        await asyncio.sleep(0.5)
        connection.silent = True
        await asyncio.sleep(LEASE_S)
        connection.silent = False
        await asyncio.sleep(LEASE_S)

    connection = beaten(monkeypatch, story)
    given_up = LEASE_S / 3 + LEASE_S / 2
    assert connection.dropped[:1] == near(given_up)
    told = {"log_level": "warning", "event": "heartbeat_failed", "error": "no answer"}
    assert connection.lines[:1] == [told | {"lease_left_s": pytest.approx(LEASE_S - given_up, abs=0.06)}]
    assert connection.opened[:2] == near(0, given_up + module.AGAIN_S)


async def test_a_lease_that_is_closed_sends_no_more_heartbeats_and_is_over_before_the_server_says_goodbye():
    """A heartbeat that came later would make others wait for a node that has stopped."""
    lease, order = lease_of([]), []
    lease._stopping = threading.Event()
    lease._beats = SimpleNamespace(call_soon_threadsafe=lambda call: order.append(call))
    lease._pulsing = asyncio.create_task(asyncio.Event().wait())

    def join(seconds):
        order.append(("waited for", lease._stopping.wait(seconds), seconds))

    lease._thread = SimpleNamespace(join=join)
    await lease.close()
    # The thread is told that its pause is over before it is waited for.
    assert order == [lease._disturbed.set, ("waited for", True, 2.0)]
    await asyncio.gather(lease._pulsing, return_exceptions=True)
    assert lease._pulsing.cancelled()
