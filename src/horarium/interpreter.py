"""How Python itself is set while a server runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

GARBAGE_THRESHOLDS = (50_000, 10, 10)
"""A run leaves some thirty objects in hand for as long as it takes. Looked through every 700 of them, as Python does by
itself, they cost a quarter of what a delivery takes; every 50,000, a few per cent."""
SWITCH_S = 0.001
"""How long the event loop may hold the interpreter while SQLite's writer waits for it; 5 ms is Python's own. The writer
comes back for it after each statement: with 1 ms a herd is worked off by a tenth sooner."""


@contextmanager
def set_for_serving() -> Iterator[None]:
    """Set for throughput, and back at the end. What is there at the start is not looked through for garbage again."""
    before, switch = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(switch)
        gc.set_threshold(*before)
        gc.unfreeze()
