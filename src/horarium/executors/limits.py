"""Time limits of many awaits at once, hardly one of which is reached: a single timer for all of them."""

from __future__ import annotations

import asyncio
from types import TracebackType

RESOLUTION_S = 1e-6
"""What is this near has come: sums of seconds are not exact, and uvloop counts whole milliseconds."""


class OutOfTime(Exception):
    """The limit has passed; not to be confused with a TimeoutError of what was awaited."""


class Limits:
    """`with limits.of(seconds): await ...` cancels what is awaited when its time is up, and raises OutOfTime.

    An `asyncio.timeout` each sets a timer and takes it back: that was a quarter of what the event loop did for a
    function that only computes.
    """

    def __init__(self) -> None:
        self._running: set[Limit] = set()
        self._timer: asyncio.Handle | None = None
        self._rings_at = 0.0

    def of(self, seconds: float) -> Limit:
        """A limit for the current task, to be entered at once."""
        return Limit(self, asyncio.get_running_loop().time() + seconds)

    def begin(self, limit: Limit) -> None:
        if self._timer is None or limit.until < self._rings_at:
            self._set(limit.until)
        self._running.add(limit)

    def end(self, limit: Limit) -> None:
        self._running.discard(limit)

    def _set(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(until, self._look)
        self._rings_at = until

    def _look(self) -> None:
        """End what has run out of time, and come back for the next."""
        self._timer = None
        now = asyncio.get_running_loop().time() + RESOLUTION_S
        for limit in [limit for limit in self._running if limit.until <= now]:
            self._running.discard(limit)
            limit.expire()
        if self._running:
            self._set(min(limit.until for limit in self._running))


class Limit:
    """One await's limit: `until`, in the event loop's time."""

    __slots__ = ("_asked", "_expired", "_limits", "_task", "until")

    def __init__(self, limits: Limits, until: float) -> None:
        self._limits, self.until = limits, until
        self._expired = False

    def expire(self) -> None:
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
