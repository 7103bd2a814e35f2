"""What a worker counts of its attempts, in all and by lane."""

from functools import partial
from types import SimpleNamespace

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.worker import figures as counted
from horarium.worker.figures import (
    OUTCOMES,
    WorkerFigures,
    attempts_by_lane,
    lane_metrics,
    outcome_class,
    worker_metrics,
)
from horarium.worker.lanes import FORGET_AFTER_MS, Lanes
from tests.worker.test_lanes import GOOD, begin_all, filled

REFUSED = Outcome(Verdict.FAILED, status=404)


def end_all(lanes, outcome):
    for work in begin_all(lanes):
        work.outcome = outcome
        lanes.end(work)


def totals(lanes):
    """The public figure, by outcome."""
    worker = SimpleNamespace(lanes=lanes, figures=lanes.figures, reports={})
    family = next(family for family in worker_metrics(worker, 0) if family.name == "horarium_attempts")
    return {sample.labels["outcome"]: sample.value for sample in family.samples if sample.value}


@pytest.mark.parametrize(
    ("outcome", "overloaded", "timed_out", "found"),
    [
        (GOOD, False, False, "succeeded"),
        (Outcome(Verdict.ACCEPTED, status=202), False, False, "accepted"),
        (Outcome(Verdict.FAILED, status=429), True, False, "overloaded"),
        (Outcome(Verdict.FAILED), False, True, "timed_out"),
        (Outcome(Verdict.FAILED), False, False, "failed"),
        (REFUSED, False, False, "refused"),
        (Outcome(Verdict.FAILED, status=502), False, False, "server_error"),
        (Outcome(Verdict.FAILED, status=302), False, False, "unexpected_status"),
    ],
)
def test_each_outcome_has_a_class(outcome, overloaded, timed_out, found):
    assert outcome_class(outcome, overloaded, timed_out) == found
    assert found in OUTCOMES


def test_attempts_are_counted_before_and_after_their_window_ends(time):
    lanes = Lanes(50, 50, 1_000)
    filled(lanes, "a", 10)
    end_all(lanes, GOOD)
    assert totals(lanes) == {"succeeded": 10}
    time.now += 60_000
    filled(lanes, "a", 4)
    end_all(lanes, REFUSED)
    lanes.tick()
    assert totals(lanes) == {"succeeded": 10, "refused": 4}
    assert lanes.figures.took.settle().count == 14


def test_an_attempt_that_was_ended_is_counted_as_cancelled(time):
    lanes = Lanes(50, 50, 1_000)
    filled(lanes, "a", 1)
    for work in begin_all(lanes):
        work.stopped = True
        lanes.end(work)
    assert totals(lanes) == {"cancelled": 1}


def test_no_more_lanes_are_counted_by_themselves_than_the_bound_says(time, monkeypatch):
    monkeypatch.setattr(counted, "MOST_LANES", 2)
    lanes = Lanes(50, 50, 1_000)
    for lane in "abcd":
        filled(lanes, lane, 3)
    end_all(lanes, GOOD)
    found = attempts_by_lane(lanes.figures, lanes)
    assert {lane: by["succeeded"] for lane, (_, by) in found.items()} == {b"a": 3, b"b": 3, None: 6}
    assert totals(lanes) == {"succeeded": 12}


def test_the_sum_never_falls_when_a_lane_is_forgotten(time, monkeypatch):
    monkeypatch.setattr(counted, "MOST_LANES", 1)
    lanes = Lanes(50, 50, 1_000)
    for lane in "ab":
        filled(lanes, lane, 3)
    end_all(lanes, REFUSED)
    for work in (*lanes,):
        work.in_hand = 0
    for _ in range(2):
        time.now += FORGET_AFTER_MS + 1
        lanes.tick()
    assert list(lanes) == []
    assert totals(lanes) == {"refused": 6}
    filled(lanes, "c", 1)
    assert list(lanes.figures.by_lane) == [b"c"]


def test_figures_by_lane_are_those_of_the_workspace_that_was_asked_for(time):
    lanes = Lanes(50, 50, 1_000)
    filled(lanes, "a" * 16, 2, "v" * 16)
    filled(lanes, "b" * 16, 2, "w" * 16)
    end_all(lanes, GOOD)
    worker = SimpleNamespace(lanes=lanes, figures=lanes.figures, reports={})
    shown = [
        {sample.labels["target"] for sample in family.samples} for family in lane_metrics(worker, b"v" * 16)
    ]
    everything = {
        sample.labels["target"] for family in lane_metrics(worker, None) for sample in family.samples
    }
    assert len(shown[0]) == 1
    assert all(targets == shown[0] for targets in shown)
    assert len(everything) == 3


@pytest.mark.parametrize(
    ("reports", "wait_s", "p99_s"),
    [
        ({}, 0, 0),
        ({b"a": (None, None)}, 0, 0),
        ({b"a": (9_000, 250), b"b": (4_000, 2_500), b"c": (None, 100)}, 6, 2.5),
    ],
)
def test_the_longest_wait_and_the_slowest_target_are_told_in_seconds(time, reports, wait_s, p99_s):
    lanes = Lanes(50, 50, 1_000)
    told = {
        lane: SimpleNamespace(oldest_ms=oldest, p99_ms=p99, held_by=None)
        for lane, (oldest, p99) in reports.items()
    }
    worker = SimpleNamespace(lanes=lanes, figures=lanes.figures, reports=told)
    shown = {
        family.name: family.samples[0].value for family in worker_metrics(worker, 10_000) if family.samples
    }
    assert shown["horarium_longest_wait_seconds"] == wait_s
    assert shown["horarium_slowest_lane_p99_seconds"] == p99_s


def test_what_was_noted_is_put_into_both_histograms(monkeypatch):
    figures, settled = WorkerFigures(), []
    for name in ("sent", "took"):
        monkeypatch.setattr(figures, name, SimpleNamespace(settle=partial(settled.append, name)))
    figures.settle()
    assert settled == ["sent", "took"]
