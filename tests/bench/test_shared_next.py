"""Schedules that share a timing share its next instant."""

from random import Random

from horarium.bench.shared_next import NEVER, SharedNext
from horarium.times import Timing, compile_timing

TIMINGS = [Timing("* * * * *"), Timing("0 9 * * *", zone="Europe/Berlin"), Timing('{"delay":90}')]


def test_all_are_advanced_past_one_instant() -> None:
    shared = SharedNext([compile_timing(timing) for timing in TIMINGS])
    assert shared.advance_all([0, 1, 2, 0], 0) == [60, 28_800, 90, 60]
    assert shared.advance_all([2, 0], 100) == [NEVER, 120]


def test_each_is_advanced_from_its_own_moment_as_if_it_were_alone() -> None:
    random = Random(3)
    recurrences = [compile_timing(timing) for timing in TIMINGS]
    indices = [random.randrange(3) for _ in range(500)]
    moments = [random.randrange(-1000, 100_000) for _ in range(500)]
    alone = [recurrences[i].next_after(t) for i, t in zip(indices, moments, strict=True)]
    expected = [NEVER if found is None else found for found in alone]
    assert SharedNext(recurrences).advance_each(indices, moments) == expected
