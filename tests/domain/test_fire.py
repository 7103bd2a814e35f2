"""How a fire ends, by how its runs ended."""

import pytest

from horarium.domain.fire import FireState, settled_state


@pytest.mark.parametrize(
    ("runs", "succeeded", "failed", "cancelled"), [(1, 0, 0, 0), (3, 1, 1, 0), (3, 2, 0, 0), (2, 0, 0, 1)]
)
def test_a_fire_is_open_until_its_last_run_has_ended(runs, succeeded, failed, cancelled):
    assert settled_state(runs, succeeded, failed, cancelled) is None
    assert settled_state(runs, succeeded, failed, cancelled, broken=True) is None


@pytest.mark.parametrize(
    ("succeeded", "failed", "cancelled", "state"),
    [
        (0, 0, 0, FireState.COMPLETED),
        (3, 0, 0, FireState.COMPLETED),
        (0, 3, 0, FireState.FAILED),
        (0, 1, 2, FireState.FAILED),
        (0, 0, 3, FireState.CANCELLED),
        (1, 2, 0, FireState.PARTIAL),
        (1, 0, 2, FireState.PARTIAL),
        (1, 1, 1, FireState.PARTIAL),
    ],
)
def test_a_fire_ends_as_its_runs_did(succeeded, failed, cancelled, state):
    assert settled_state(succeeded + failed + cancelled, succeeded, failed, cancelled) is state


@pytest.mark.parametrize(
    ("succeeded", "failed", "cancelled", "state"),
    [
        (0, 0, 0, FireState.FAILED),
        (3, 0, 0, FireState.PARTIAL),
        (0, 3, 0, FireState.FAILED),
        (0, 0, 3, FireState.CANCELLED),
        (1, 2, 0, FireState.PARTIAL),
    ],
)
def test_a_fire_whose_audience_was_not_read_to_its_end_never_completes(succeeded, failed, cancelled, state):
    runs = succeeded + failed + cancelled
    assert settled_state(runs, succeeded, failed, cancelled, broken=True) is state


def test_only_ended_states_are_final():
    still = {FireState.WAITING, FireState.RESOLVING, FireState.RUNNING}
    assert {state for state in FireState if not state.final} == still
