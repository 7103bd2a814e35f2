"""The circuit of a lane, move by move."""

from functools import reduce

import pytest

from horarium.domain.circuit import (
    CLOSED,
    MOST_PROBES,
    PROBE_EVERY_MS,
    TIMEOUTS_TO_OPEN,
    Closed,
    HalfOpen,
    Open,
    answered,
    may_send,
    sent,
    timed_out,
)

OPEN = Open(since_ms=1_000, probe_ms=6_000)


@pytest.mark.parametrize(
    ("circuit", "move", "after"),
    [
        (Closed(), lambda c: answered(c), Closed()),
        (Closed(3), lambda c: answered(c), Closed()),
        (Closed(1), lambda c: timed_out(c, 50, 20, 0), Closed(2)),
        (Closed(4), lambda c: timed_out(c, 50, 20, 0), Open(50, 50 + PROBE_EVERY_MS)),
        (Closed(), lambda c: timed_out(c, 50, 20, 30), Closed()),
        (Closed(), lambda c: sent(c, 50), Closed()),
        (OPEN, lambda c: sent(c, 6_001), Open(1_000, 6_001 + PROBE_EVERY_MS)),
        (OPEN, lambda c: timed_out(c, 6_500, 6_001, 0), OPEN),
        (OPEN, lambda c: answered(c), HalfOpen(1_000)),
        (HalfOpen(1_000), lambda c: sent(c, 7_001), HalfOpen(1_000, sent=1)),
        (HalfOpen(1_000), lambda c: answered(c), HalfOpen(1_000, answers=2)),
        (HalfOpen(1_000, answers=2), lambda c: answered(c), Closed()),
        (HalfOpen(1_000), lambda c: timed_out(c, 9_000, 6_500, 7_000), HalfOpen(1_000)),
        (
            HalfOpen(1_000),
            lambda c: timed_out(c, 9_000, 7_500, 0),
            Open(1_000, 9_000 + PROBE_EVERY_MS),
        ),
    ],
)
def test_each_move_leads_to_one_state(circuit, move, after):
    assert move(circuit) == after


@pytest.mark.parametrize(
    ("circuit", "now", "under_way", "may"),
    [
        (Closed(4), 0, 10_000, True),
        (OPEN, 5_999, 0, False),
        (OPEN, 6_000, 0, True),
        (OPEN, 6_000, MOST_PROBES - 1, True),
        (OPEN, 60_000, MOST_PROBES, False),
        (HalfOpen(0, sent=0), 0, MOST_PROBES, True),
        (HalfOpen(0, sent=2), 0, 0, True),
        (HalfOpen(0, sent=3), 0, 0, False),
    ],
)
def test_what_may_be_sent_depends_on_the_state(circuit, now, under_way, may):
    assert may_send(circuit, now, under_way) is may


def test_an_answer_between_time_outs_keeps_the_circuit_closed():
    circuit = CLOSED
    for now in range(10, 200, 10):
        circuit = answered(timed_out(timed_out(circuit, now, now - 1, now - 9), now, now - 1, now - 9))
        assert isinstance(circuit, Closed)


def test_five_time_outs_in_a_row_open_the_circuit():
    circuit = reduce(lambda one, now: timed_out(one, now, now - 1, 0), range(1, TIMEOUTS_TO_OPEN), CLOSED)
    assert isinstance(circuit, Closed)
    assert isinstance(timed_out(circuit, 100, 99, 0), Open)


def test_a_hanging_target_is_probed_every_five_seconds_while_earlier_probes_hang():
    circuit, probes = Open(0, PROBE_EVERY_MS), []
    for now in range(0, 60_000, 100):
        hanging = sum(1 for at in probes if now < at + 30_000)
        if may_send(circuit, now, hanging):
            circuit, probes = sent(circuit, now), [*probes, now]
    assert probes == list(range(PROBE_EVERY_MS, 60_000, PROBE_EVERY_MS))


def test_calls_sent_while_the_target_was_away_do_not_open_the_circuit_again():
    circuit = answered(answered(answered(OPEN)))
    for _ in range(500):
        circuit = timed_out(circuit, 30_000, 2_000, 9_020)
    assert isinstance(circuit, Closed)
