"""The bench runs, and its ratios to other libraries in one run are what is promised."""

import json

import pytest

from horarium.bench import times

pytest.importorskip("croniter")
pytest.importorskip("cronsim")


@pytest.fixture(scope="module")
def report() -> times.Report:
    return times.run(quick=True)


def test_a_next_instant_is_many_times_faster_than_that_of_others(report: times.Report) -> None:
    # About 55 and 85 on a quiet machine; the promise is 12 and 25.
    assert report.ratios["cronsim"] > 12
    assert report.ratios["croniter"] > 25


def test_a_million_schedules_over_500_pairs_are_advanced_in_one_go(report: times.Report) -> None:
    # About 0.03 s on a quiet machine; the promise is 0.1 s, and this one is shared.
    assert report.million_seconds < 0.4


def test_the_report_can_be_read_by_people_and_programs(report: times.Report) -> None:
    assert "geometric mean" in times.as_text(report)
    assert json.loads(times.as_json(report))["ratios"] == report.ratios
    assert {row.name for row in report.rows} == {*times.CRON_CLASSES, *times.OTHER_CLASSES}
