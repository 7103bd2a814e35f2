"""What the engine counts of itself is shown as it was counted, in the units that the names say."""

from types import SimpleNamespace

import pytest

from horarium.engine import figures as module
from horarium.engine.figures import EngineFigures, LoopFigures, engine_metrics, process_metrics


@pytest.fixture
def machine(monkeypatch):
    """The two clocks of this machine, set by hand."""
    clocks = SimpleNamespace(wall_ns=1_700_000_000_000_000_000, monotonic=50.0)
    fake = SimpleNamespace(time_ns=lambda: clocks.wall_ns, monotonic=lambda: clocks.monotonic)
    monkeypatch.setattr(module, "time", fake)
    return clocks


def shown(families):
    """The value of each figure that has a single one, by its name."""
    return {
        family.name: sample.value
        for family in families
        for sample in family.samples
        if not sample.labels and not sample.name.endswith(("_sum", "_count", "_created"))
    }


def of_engine(figures):
    return shown(engine_metrics(SimpleNamespace(figures=figures)))


def of_process(clock, lease=None):
    return shown(process_metrics(LoopFigures(), clock, lease))


def clock_at(now_ms, uncertain=False, jumps=0):
    return SimpleNamespace(now_ms=lambda: now_ms, uncertain=uncertain, jumps=jumps)


def test_each_piece_of_deleted_history_is_added_up(machine):
    figures = EngineFigures()
    assert of_engine(figures)["horarium_history_deleted"] == 0
    figures.forgot(100, more=True)
    figures.forgot(40, more=False)
    assert of_engine(figures)["horarium_history_deleted"] == 140


def test_releases_that_failed_are_shown(machine):
    assert of_engine(EngineFigures())["horarium_releases_failed"] == 0
    assert of_engine(EngineFigures(releases_failed=3))["horarium_releases_failed"] == 3


def test_the_history_is_behind_since_the_first_full_piece_until_one_that_is_not_full(machine):
    figures, seen = EngineFigures(), []
    for seconds, more in ((0, False), (10, True), (30, True), (5, False), (7, True)):
        figures.forgot(1, more)
        machine.monotonic += seconds
        seen.append(of_engine(figures)["horarium_retention_behind_seconds"])
    assert seen == [0, 10, 40, 0, 7]


@pytest.mark.parametrize(("ahead_ms", "skew"), [(0, 0), (1, 0.001), (90_000, 90), (-90_000, -90)])
def test_the_skew_is_positive_where_the_database_is_ahead(machine, ahead_ms, skew):
    found = of_process(clock_at(machine.wall_ns // 1_000_000 + ahead_ms))
    assert found["horarium_clock_skew_seconds"] == skew


def test_the_jumps_of_the_clock_and_its_doubt_are_shown(machine):
    found = of_process(clock_at(0, uncertain=True, jumps=2))
    assert (found["horarium_clock_uncertain"], found["horarium_clock_jumps"]) == (1, 2)
    assert of_process(clock_at(0))["horarium_clock_uncertain"] == 0


def test_a_process_has_figures_of_a_lease_where_it_has_one(machine):
    found = of_process(clock_at(0), SimpleNamespace(held=True, left_s=2.5, lapses=4))
    assert {name: value for name, value in found.items() if "lease" in name} == {
        "horarium_lease_held": 1,
        "horarium_lease_left_seconds": 2.5,
        "horarium_lease_lapses": 4,
    }
    assert not any("lease" in name for name in of_process(clock_at(0)))
