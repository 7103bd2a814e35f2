"""Clock changes that no zone has had yet: stretches of any length and order, against the definition."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.times import Timing, compile_timing
from horarium.times.clock_changes import LONGEST_GAP, ClockChangePolicy, cut_stretch

HOUR = 3600


def instants_of(
    wall: int, starts: list[int], offsets: list[int], end: int, policy: ClockChangePolicy
) -> set[int]:
    """Where a reading fires, from the definition: every stretch is tried."""
    ends = [*starts[1:], end]
    occurs = [wall - o for a, b, o in zip(starts, ends, offsets, strict=True) if a <= wall - o < b]
    if occurs:
        return {"first": {occurs[0]}, "last": {occurs[-1]}, "both": set(occurs)}[policy.overlap]
    for at, before, after in zip(starts[1:], offsets, offsets[1:], strict=False):
        if at + before <= wall < at + after and after - before < LONGEST_GAP:
            return {"skip": set(), "next_valid": {at}, "shift": {wall - before}}[policy.gap]
    return set()


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**9))
def test_any_sequence_of_changes_is_cut_as_the_definition_says(seed: int) -> None:
    random = Random(seed)
    policy = ClockChangePolicy(
        random.choice(("next_valid", "skip", "shift")), random.choice(("first", "last", "both"))
    )
    lengths = [random.choice((1, 3, 5, 8, 13)) * HOUR // random.choice((1, 2, 4)) for _ in range(6)]
    starts, offsets = [0], [random.randrange(-4, 5) * HOUR // 2]
    for length in lengths:
        starts.append(starts[-1] + length)
        offsets.append(offsets[-1] + random.choice((-4, -2, -1, 1, 2, 4)) * HOUR // 2)
    end = starts[-1] + 12 * HOUR
    walls = list(range(-30 * HOUR, end + 30 * HOUR, 600))
    expected = {
        at: True for wall in walls for at in instants_of(wall, starts, offsets, end, policy) if 0 <= at < end
    }
    assert _fires(set(walls), starts, offsets, end, policy) == set(expected)


def _fires(
    walls: set[int], starts: list[int], offsets: list[int], end: int, policy: ClockChangePolicy
) -> set[int]:
    found = set()
    for index in range(len(starts)):
        stretch = cut_stretch(starts, offsets, end, index, policy)
        for piece in stretch.pieces:
            assert stretch.lo <= piece.lo < piece.hi <= stretch.hi
            if any(a <= wall < b for a, b in piece.jumped for wall in walls):
                found.add(piece.lo)
            for offset in piece.offsets:
                found |= {wall - offset for wall in walls if piece.lo <= wall - offset < piece.hi}
    return found


@pytest.mark.parametrize("gap", ["next_valid", "shift"])
def test_a_moved_date_line_gives_its_day_to_no_one(gap: str) -> None:
    starts, offsets = [0, 100 * HOUR], [-10 * HOUR, 14 * HOUR]
    stretch = cut_stretch(starts, offsets, 200 * HOUR, 1, ClockChangePolicy(gap, "first"))
    assert [(piece.jumped, piece.offsets) for piece in stretch.pieces] == [((), (14 * HOUR,))]


def test_what_is_remembered_of_the_day_of_a_clock_change_says_nothing_of_the_time_before_it() -> None:
    # New York, 8 March 2026: at 07:00 UTC the clock goes from 02:00 to 03:00.
    midnight = 1_772_928_000  # 2026-03-08T00:00:00Z
    twice_a_day = compile_timing(Timing("0 1,9 * * *", zone="America/New_York"))
    assert twice_a_day.next_after(midnight + 6 * 3600 + 1800) == midnight + 13 * 3600
    assert twice_a_day.next_after(midnight + 5 * 3600 + 1800) == midnight + 6 * 3600
