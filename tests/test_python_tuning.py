"""What is tuned while a server runs is as before when it has ended, and memory that nobody uses is given back."""

import ctypes
import gc
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from horarium.python_tuning import GARBAGE_THRESHOLDS, SWITCH_SECONDS, give_memory_back, tuned_for_serving


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


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc gives memory back when asked"
)
def test_what_the_c_library_holds_and_nobody_uses_is_given_back() -> None:
    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    texts = [b"x" * size for size in range(60_000, 61_000)]
    last = texts[-1]  # what lies behind the others keeps them from being given back by themselves
    texts.clear()
    before = resident_bytes()
    give_memory_back()
    assert before - resident_bytes() > 30_000_000
    assert len(last) == 60_999


def test_a_c_library_that_cannot_give_memory_back_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    give_memory_back()
