"""An event loop in virtual time, on which whole nodes can be stopped dead or frozen between any two steps.

Time all but stands still while callbacks run, and leaps to the next timer when none is ready, so `asyncio.sleep`,
`call_later` and timeouts run as they are, thousands of times faster. Every callback carries the context it was made in,
and with it the node it belongs to: what belongs to a frozen node waits until it thaws, what belongs to a dead one for
ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

NODE: ContextVar[Any] = ContextVar("node", default=None)
"""The node that the running code belongs to: an object with `dead`, `frozen` and `held`; None is the world."""

LONGEST_LEAP_S = 3600.0


STEP_S = 1e-6
"""What one turn of the loop takes: a timer that rings early must not ring for ever at one instant."""
MOST_STEPS_AT_ONCE = 100_000
MANY_TIMERS = 100


class Deadlock(Exception):
    """Nothing is ready and no timer is set: the simulation would never end."""


class Livelock(Exception):
    """Something runs in circles, and no time passes."""


class _Handle(asyncio.Handle):
    """A callback that is ready. Made without what only the debug mode of a loop asks for."""

    __slots__ = ()

    def __init__(
        self, callback: Any, args: tuple[Any, ...], loop: VirtualLoop, context: Context | None
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._source_traceback = self._repr = None


class _Timer(asyncio.TimerHandle):
    """A callback for later, made in the same way. Of two with the same instant none is before the other."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __lt__(self, other: object) -> bool:
        return False

    def __init__(
        self, when: float, callback: Any, args: tuple[Any, ...], loop: VirtualLoop, context: Context | None
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._source_traceback = self._repr = None
        self._when = when
        self._scheduled = True

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._callback = self._args = None
            if self._scheduled:
                self._loop.cancelled_timers += 1


class VirtualLoop(asyncio.BaseEventLoop):
    """`time()` begins at 0. `early_s`: timers ring up to this much too early, as real ones do.

    A world takes tens of thousands of steps, so the methods that each of them needs are those of `BaseEventLoop`
    without its debug mode, its other threads and its selector.
    """

    def __init__(self, random: Random, early_s: float = 0.0) -> None:
        super().__init__()
        self._ready: deque[asyncio.Handle] = deque()
        self._scheduled: list[tuple[float, _Timer]] = []
        self.cancelled_timers = 0
        self._now = 0.0
        self._random = random
        self._early_s = early_s
        self._resolution = early_s + 1e-9
        self._steps_at_once = 0

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        if self._closed:
            self._check_closed()
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if self._closed:
            self._check_closed()
        timer = _Timer(self._now + delay, callback, args, self, context)
        heappush(self._scheduled, (timer._when, timer))
        return timer

    def call_at(
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if self._closed:
            self._check_closed()
        timer = _Timer(when, callback, args, self, context)
        heappush(self._scheduled, (when, timer))
        return timer

    def resume(self, held: list[asyncio.Handle]) -> None:
        """Put back callbacks that were laid aside."""
        self._ready.extend(held)
        held.clear()

    def _run_once(self) -> None:
        """Let the time pass until something is ready, and run what is; lay aside what belongs to dead and frozen
        nodes."""
        ready, scheduled = self._ready, self._scheduled
        if scheduled and (len(scheduled) > MANY_TIMERS or scheduled[0][1]._cancelled):
            scheduled = self._forget_cancelled()
        if ready or self._stopping:
            self._steps_at_once += 1
            if self._steps_at_once > MOST_STEPS_AT_ONCE:
                self._steps_at_once = 0
                raise Livelock(f"{MOST_STEPS_AT_ONCE} steps at {self._now:.3f} s")
            self._now += STEP_S
        else:
            self._leap()
        end = self._now + self._resolution
        while scheduled and scheduled[0][0] < end:
            timer = heappop(scheduled)[1]
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            node = handle._context.get(NODE)  # type: ignore[attr-defined]
            if node is not None and (node.dead or node.frozen):
                node.held.append(handle)
            elif not handle._cancelled:
                handle._run()

    def _forget_cancelled(self) -> list[tuple[float, _Timer]]:
        """Drop cancelled timers: those that would be next, and all of them once they are the most."""
        scheduled = self._scheduled
        if len(scheduled) > MANY_TIMERS and self.cancelled_timers > len(scheduled) / 2:
            for _, timer in scheduled:
                timer._scheduled = not timer._cancelled
            scheduled = self._scheduled = [entry for entry in scheduled if not entry[1]._cancelled]
            heapify(scheduled)
            self.cancelled_timers = 0
        else:
            while scheduled and scheduled[0][1]._cancelled:
                self.cancelled_timers -= 1
                heappop(scheduled)[1]._scheduled = False
        return scheduled

    def _leap(self) -> None:
        """What a selector would do that waits: here, let the time pass until the next timer."""
        if not self._scheduled:
            raise Deadlock
        when, now = self._scheduled[0][0], self._now
        self._now += STEP_S
        if when > now:
            self._steps_at_once = 0
            until = min(when, self._now + LONGEST_LEAP_S)
            early = self._random.random() * self._early_s if self._early_s else 0.0
            self._now = max(self._now, until - early)
        else:
            self._steps_at_once += 1

    def _write_to_self(self) -> None:
        pass


def run_in_virtual_time(story: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that runs on a loop of its own in virtual time."""
    loop = VirtualLoop(Random(1))
    try:
        return loop.run_until_complete(story)
    finally:
        loop.close()
