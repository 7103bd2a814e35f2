"""What is tuned while a server runs is as before when it has ended."""

import gc
import sys

from horarium.python_tuning import GARBAGE_THRESHOLDS, SWITCH_SECONDS, tuned_for_serving


def test_everything_is_set_back_when_serving_ends() -> None:
    kept = gc.get_freeze_count()
    before = gc.get_threshold(), sys.getswitchinterval()
    try:
        with tuned_for_serving():
            assert (gc.get_threshold(), sys.getswitchinterval()) == (GARBAGE_THRESHOLDS, SWITCH_SECONDS)
            assert gc.get_freeze_count() > kept
        assert (gc.get_threshold(), sys.getswitchinterval()) == before
        assert gc.get_freeze_count() == 0
    finally:
        if kept:
            gc.freeze()  # as the tests had it
