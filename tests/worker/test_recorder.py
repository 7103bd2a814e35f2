"""What goes into one commit."""

from dataclasses import replace

from horarium.domain.run import RunMode, RunState
from horarium.store.verbs.dispatch import Ended
from horarium.store.verbs.settle import RunEnd
from horarium.worker.recorder import BATCH, MOST_BYTES, _how_many

ONE = Ended(RunEnd(b"r", b"w", b"f", b"s", RunMode.CLOCK, RunState.SUCCEEDED, True, False), 1, 1, 1, 2)


def test_small_outcomes_go_together():
    assert _how_many([ONE] * 10) == 10
    assert _how_many([ONE] * (BATCH + 10)) == BATCH


def test_large_outputs_go_in_several_commits():
    large = replace(ONE, output="x" * (MOST_BYTES // 4))
    assert _how_many([large] * 10) == 4


def test_the_largest_goes_alone():
    assert _how_many([replace(ONE, output="x" * (2 * MOST_BYTES)), ONE]) == 1
