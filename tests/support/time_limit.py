"""An end for what hangs: a test that waits for ever fails, and shows where it waited."""

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

# How long a test may take, and so may what is made before and cleared up after it (seconds). The slowest tests take a
# fourth of it on a busy machine.
LONGEST_S = 150.0
# The failure may be kept by a task that nobody asks. So it comes again, until the test has ended (seconds).
AGAIN_S = 2.0
# The limits that were over. Whoever waited may have left threads behind that wait for ever, and Python waits for them
# when it ends.
over: list[float] = []


@contextmanager
def time_limit(seconds: float, again_s: float = AGAIN_S) -> Iterator[None]:
    """Fail in the middle of the block if it takes longer, whether it computes or waits."""

    def fail(number: int, frame: FrameType | None) -> None:
        over.append(seconds)
        pytest.fail(f"this took longer than {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, fail)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, again_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def end_all_the_same() -> None:
    """End this process now, with what it has to clear up, where something in it may hang."""
    if not over:
        return
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(1)
