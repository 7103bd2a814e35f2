"""Limits the time of many awaits with a single timer. This is cheap, because few limits are ever reached."""

from __future__ import annotations

import asyncio
from heapq import nsmallest
from operator import attrgetter
from types import TracebackType

# A limit this many seconds ahead counts as reached. Sums of seconds are not exact, and uvloop counts in whole
# milliseconds.
RESOLUTION_S = 1e-6
# Ending a call costs the event loop about half a millisecond. When the calls of targets that hang all reach their
# limits at once, only so many end before other work gets a turn, and the next ones this much later.
ENDED_AT_ONCE = 4
REST_S = 0.003


class OutOfTime(Exception):
    """The time is over. It differs from TimeoutError, which the awaited code itself may raise."""


class Limits:
    """`with limits.of(seconds): await ...` cancels the awaited code when its time is over, and raises OutOfTime.

    `asyncio.timeout` would set and cancel a timer for each call. For functions that only compute, that was a quarter
    of the work of the event loop.
    """

    def __init__(self) -> None:
        self._running: set[Limit] = set()
        self._timer: asyncio.Handle | None = None
        self._rings_at = 0.0

    def of(self, seconds: float) -> Limit:
        """A limit for the current task. Its time runs from this call, so enter it immediately."""
        return Limit(self, asyncio.get_running_loop().time() + seconds)

    def begin(self, limit: Limit) -> None:
        """Starts to watch a limit."""
        if self._timer is None or limit.until < self._rings_at:
            self._set(limit.until)
        self._running.add(limit)

    def end(self, limit: Limit) -> None:
        """Stops watching a limit."""
        self._running.discard(limit)

    def _set(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(until, self._look)
        self._rings_at = until

    def _look(self) -> None:
        """Ends the limits whose time is over, the first ones first, and sets the timer for the next."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        over = [limit for limit in self._running if limit.until <= now + RESOLUTION_S]
        for limit in nsmallest(ENDED_AT_ONCE, over, key=attrgetter("until")):
            self._running.discard(limit)
            limit.expire()
        if self._running:
            self._set(max(now + REST_S, min(limit.until for limit in self._running)))


class Limit:
    """The time limit of one block of code. `until` is an instant in seconds of the event loop's clock."""

    __slots__ = ("_asked", "_expired", "_limits", "_task", "until")

    def __init__(self, limits: Limits, until: float) -> None:
        self._limits, self.until = limits, until
        self._expired = False

    def expire(self) -> None:
        """Cancels the task because its time is over."""
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._asked = task.cancelling()
        self._limits.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._limits.end(self)
        if not self._expired:
            return
        asked_by_others = self._task.uncancel() > self._asked
        if kind is None or (kind in (asyncio.CancelledError, TimeoutError) and not asked_by_others):
            raise OutOfTime from error
