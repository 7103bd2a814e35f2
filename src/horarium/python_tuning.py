"""How Python's garbage collector, its threads and the memory that they leave are tuned while a server runs."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Python looks for garbage after every 700 new objects. A run keeps some thirty objects for as long as it takes, so
# that by default the search takes a quarter of the time of a delivery; after every 50,000 it takes a few per cent.
GARBAGE_THRESHOLDS = (50_000, 10, 10)

# How long the event loop may keep Python's interpreter lock while SQLite's writer thread waits for it; Python's
# default is 5 ms. The writer needs the lock after every statement: with 1 ms a herd is done a tenth sooner.
SWITCH_SECONDS = 0.001


@contextmanager
def tuned_for_serving() -> Iterator[None]:
    """Tune for throughput, and set everything back at the end. Objects that exist at the start are left out of
    the search for garbage."""
    before, switch = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(switch)
        gc.set_threshold(*before)
        gc.unfreeze()


def give_memory_back() -> None:
    """Give back to the system what the C library holds and nobody uses, where it can (glibc). It takes up to 3 ms, in
    which other threads go on. After 100,000 schedules in one request a server on PostgreSQL had 17 MB of it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
