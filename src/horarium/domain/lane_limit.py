"""How many calls of one target may be under way at a time: a limit that learns from what the target shows.

The limit is a gradient limit. At the end of each window (100 ends, or a second) it becomes

    limit * gradient + sqrt(limit)

`gradient` is 1 while the target is as quick as usual and loses nothing, and falls to 0.5 at the least:

- latency: `TOLERANCE * usual / now`, where `usual` is a slow average. A minimum in its place would call every target
  slow that was quick once; an average forgets.
- losses: one minus the share of calls that timed out or were refused by a target that is overloaded (429, 503). It is
  a share and not a count, because one refusal in a thousand is no reason to send half as much.

Three guards: while less than half of the limit is in use only losses change it (a lane with little to do has shown
nothing about what it could do); no window more than halves the limit; the limit never falls below one call, which is
the probe that finds out when the target can take more.

A new limit doubles with each window until the first window that shows slowness or losses. A window in which nothing
ended shows neither: targets that take a minute for an honest answer must be able to reach hundreds of calls within
seconds. What keeps the calls of a target that never answers within bounds is the number of waiting calls that
`domain/places.py` allows, and its circuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

START = 32.0
# Where a limit begins anew after its circuit was open.
RESTART = 8.0
FLOOR = 1.0
# More than one server keeps open to one target.
CEILING = 4_096.0
# A window ends after so many ends, or so much time.
WINDOW_ENDS = 100
WINDOW_MS = 1_000
# How much slower than usual a target may become before its limit shrinks.
TOLERANCE = 1.5
# The weight of a window in the usual latency.
USUAL_WEIGHT = 0.1
# From this share of losses on a window adds nothing to the limit.
MOSTLY_LOST = 0.5
# Below this gradient a new limit stops doubling.
STEADY = 0.9


@dataclass(frozen=True, slots=True)
class Window:
    """What a lane showed in one window.

    `busiest`: the most calls that were under way at once. `ends`: calls that ended, `lost` of them by a time-out or by
    a refusal for overload; `latency_ms` is the mean of those that were answered, None where none was.
    """

    busiest: int
    ends: int = 0
    lost: int = 0
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LaneLimit:
    """`value`: calls that may be under way. `usual_ms`: the slow average of the latency. `doubling`: nothing bad was
    seen yet."""

    value: float = START
    usual_ms: float | None = None
    doubling: bool = True

    @property
    def calls(self) -> int:
        """The limit as a number of calls."""
        return int(self.value)


def adapt(limit: LaneLimit, window: Window) -> LaneLimit:
    """The limit after a window."""
    gradient = _gradient(limit.usual_ms, window)
    doubling = limit.doubling and gradient >= STEADY and not window.lost
    in_use = window.busiest * 2 >= limit.value
    value = limit.value
    if in_use and doubling:
        value *= 2
    elif in_use or window.lost:
        value *= gradient
        if in_use and window.lost < window.ends * MOSTLY_LOST:
            value += sqrt(limit.value)
    usual = _usual(limit.usual_ms, window.latency_ms)
    return LaneLimit(min(CEILING, max(FLOOR, value)), usual, doubling)


def restarted(limit: LaneLimit) -> LaneLimit:
    """The limit of a target that answers again: small, and doubling while all goes well."""
    return LaneLimit(RESTART, limit.usual_ms, True)


def _gradient(usual: float | None, window: Window) -> float:
    """Between 0.5 and 1: how much of the limit the window leaves."""
    gradient = 1.0
    if usual is not None and window.latency_ms:
        gradient = min(gradient, TOLERANCE * usual / window.latency_ms)
    if window.ends:
        gradient = min(gradient, 1 - window.lost / window.ends)
    return max(0.5, gradient)


def _usual(usual: float | None, now: float | None) -> float | None:
    if usual is None or now is None:
        return now if usual is None else usual
    return usual + (now - usual) * USUAL_WEIGHT
