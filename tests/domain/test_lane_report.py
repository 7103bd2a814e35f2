"""What workers tell of their lanes, each by itself and together."""

import pytest

from horarium.domain.lane_report import LaneReport, percentile, together
from horarium.domain.waiting import WaitCause

PLAIN = LaneReport(32, 4, 0, 2, oldest_ms=9_500, p50_ms=20, p99_ms=80)
SILENT = LaneReport(6, 6, 6, 12, 1_000, 30_000, 30_000, WaitCause.CIRCUIT, 2_000)


@pytest.mark.parametrize(
    ("report", "plain"),
    [
        (PLAIN, True),
        (SILENT, False),
        (LaneReport(32, 4, 1, 0), False),
        (LaneReport(32, 4, 0, 1, oldest_ms=9_000), False),
        (LaneReport(4, 4, 0, 1, oldest_ms=9_900, held_by=WaitCause.LIMIT, held_since_ms=9_900), False),
    ],
)
def test_a_lane_is_reported_when_it_is_slow_held_or_late(report, plain):
    assert report.is_plain(10_000) is plain


def test_over_all_nodes_counts_are_added_and_the_worst_of_times_is_told():
    both = together([PLAIN, SILENT, LaneReport(1, 0, 0, 0, held_by=WaitCause.LIMIT, held_since_ms=5_000)])
    assert both == LaneReport(39, 10, 6, 14, 1_000, 30_000, 30_000, WaitCause.CIRCUIT, 2_000)
    assert together([PLAIN]) == PLAIN
    assert together([]) is None


@pytest.mark.parametrize(
    ("durations", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.99, 7),
        (range(1, 101), 0.5, 51),
        (range(100, 0, -1), 0.99, 100),
        ([3, 1, 2], 1.0, 3),
        ([3, 1, 2], 0.0, 1),
    ],
)
def test_a_percentile_is_one_of_the_durations(durations, share, expected):
    assert percentile(durations, share) == expected
