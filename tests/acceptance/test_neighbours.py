"""A target that never answers stops nobody else: whole servers, a real receiver, nothing configured."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.neighbours import hanging_rows, hanging_schedules, recovery, serving, weights

# The part of a second that the machine of a test may need more than ours: these figures are bounds, the measured ones
# stand in docs/reliability.md.
SLACK = float(os.environ.get("HORARIUM_SLACK", "5"))


@pytest.mark.long
def test_good_schedules_fire_beside_a_target_that_never_answers(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, receiver):
        good = hanging_schedules(server, receiver, 12, hanging=300)
    print(good)
    assert good.share >= 0.99
    assert good.p99_ms <= 100 * SLACK


@pytest.mark.long
@pytest.mark.parametrize("same_workspace", [False, True])
def test_five_hundred_hanging_schedules_take_nothing_from_fifty_good_ones(
    tmp_path: Path, same_workspace: bool
) -> None:
    with serving(tmp_path) as (server, receiver):
        good = hanging_schedules(server, receiver, 60, same_workspace=same_workspace)
    print(good)
    assert good.share >= 0.99
    assert good.p99_ms <= 100 * SLACK


@pytest.mark.long
def test_fifty_thousand_rows_for_a_hanging_target_leave_a_neighbour_on_time(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, receiver):
        good = hanging_rows(server, receiver, 50)
    print(good)
    assert good.share >= 0.99
    assert good.p99_ms <= 100 * SLACK


@pytest.mark.long
def test_a_target_that_answers_again_is_called_on_time_within_ten_seconds(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, receiver):
        assert recovery(server, receiver) <= 10


@pytest.mark.long
def test_two_full_workspaces_get_calls_by_their_weights(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, receiver):
        assert weights(server, receiver) == pytest.approx(0.75, abs=0.05)
