"""How much a worker holds."""

import pytest

from horarium.worker.worker import MOST_IN_HAND, most_in_hand


def test_a_worker_that_is_alone_takes_more_in_hand_than_one_that_shares():
    assert most_in_hand(16, shared=False) > most_in_hand(16, shared=True) > 16


@pytest.mark.parametrize("shared", [True, False])
def test_what_is_in_hand_is_bounded(shared):
    assert most_in_hand(5_000, shared) == MOST_IN_HAND


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("concurrency", [1, 256, 8_193, 50_000])
def test_while_all_that_can_be_is_under_way_there_is_room_for_as_many(shared, concurrency):
    assert most_in_hand(concurrency, shared) >= 2 * concurrency
