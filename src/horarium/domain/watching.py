"""When to look again at a run that another engine has."""

from __future__ import annotations

# The least and the longest time between two looks (ms).
SOONEST_MS = 1_000
LATEST_MS = 60_000
# A look comes after a part of the time that the run has taken already: what is quick is seen quickly, and what takes
# hours is not asked for every second.
_PART = 8


def next_look_ms(now: int, since_ms: int) -> int:
    """The instant of the next look at a run that an engine has had since `since_ms` (ms since the epoch)."""
    return now + max(SOONEST_MS, min(LATEST_MS, (now - since_ms) // _PART))
