"""An event loop in virtual time, on which whole nodes can be stopped dead or frozen between any two steps.

Time all but stands still while callbacks run, and leaps to the next timer when none is ready, so `asyncio.sleep`,
`call_later` and timeouts run as they are, thousands of times faster. Every callback carries the context it was made in,
and with it the node it belongs to: what belongs to a frozen node waits until it thaws, what belongs to a dead one for
ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import ContextVar
from random import Random
from typing import Any

NODE: ContextVar[Any] = ContextVar("node", default=None)
"""The node that the running code belongs to: an object with `dead`, `frozen` and `held`; None is the world."""

LONGEST_LEAP_S = 3600.0


STEP_S = 1e-6
"""What one turn of the loop takes: a timer that rings early must not ring for ever at one instant."""
MOST_STEPS_AT_ONCE = 100_000


class Deadlock(Exception):
    """Nothing is ready and no timer is set: the simulation would never end."""


class Livelock(Exception):
    """Something runs in circles, and no time passes."""


class _Ready(deque[asyncio.Handle]):
    """The loop's queue of callbacks, which lays aside those of dead and frozen nodes."""

    def popleft(self) -> asyncio.Handle:
        handle = super().popleft()
        node = handle._context.get(NODE)  # type: ignore[attr-defined]
        if node is None or not (node.dead or node.frozen):
            return handle
        node.held.append(handle)
        return _NOTHING


class _Nothing:
    """A cancelled handle: the loop goes on to the next."""

    _cancelled = True


_NOTHING: Any = _Nothing()


class VirtualLoop(asyncio.BaseEventLoop):
    """`time()` begins at 0. `early_s`: timers ring up to this much too early, as real ones do."""

    def __init__(self, random: Random, early_s: float = 0.0) -> None:
        super().__init__()
        self._ready = _Ready()
        self._selector = self
        self._now = 0.0
        self._random = random
        self._early_s = early_s
        self._clock_resolution = early_s + 1e-9
        self.steps = self._steps_at_once = 0

    def time(self) -> float:
        return self._now

    def resume(self, held: list[asyncio.Handle]) -> None:
        """Put back callbacks that were laid aside."""
        self._ready.extend(held)
        held.clear()

    def select(self, timeout: float | None) -> list[Any]:
        """What a selector would do: here, let the time pass until the next timer."""
        self.steps += 1
        self._steps_at_once += 1
        if timeout is None:
            raise Deadlock
        if self._steps_at_once > MOST_STEPS_AT_ONCE:
            self._steps_at_once = 0
            raise Livelock(f"{MOST_STEPS_AT_ONCE} steps at {self._now:.3f} s")
        self._now += STEP_S
        if timeout > 0:
            self._steps_at_once = 0
            until = min(self._scheduled[0]._when, self._now + LONGEST_LEAP_S)
            early = self._random.random() * self._early_s if self._early_s else 0.0
            self._now = max(self._now, until - early)
        return []

    def _process_events(self, events: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass
