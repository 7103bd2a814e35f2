"""Waiting for an instant or an event, whichever comes first."""

from __future__ import annotations

import asyncio

from horarium.service.clock import Clock

LONGEST_WAIT_S = 3600.0


class Alarm:
    """Wakes its one waiter at an instant, or sooner when it is rung.

    `ring(at_ms)` only wakes a waiter whose instant is later than `at_ms`: what happens tomorrow does not wake a
    loop that waits until noon.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()
        self._until: int | None = None
        self._waiting = False

    def ring(self, at_ms: int = 0) -> None:
        """Something is due at an instant (ms), by default at once."""
        if not self._waiting or self._until is None or at_ms < self._until:
            self._event.set()

    def clear_ms(self) -> float:
        """For how long its waiter will still wait (ms), as far as is known now; 0 while nobody waits, since then the
        waiter is at work."""
        if not self._waiting or self._event.is_set():
            return 0.0
        return float("inf") if self._until is None else max(0.0, self._until - self._clock.now_ms())

    async def wait(self, until_ms: int | None, backstop_s: float) -> None:
        """Return at `until_ms` by the clock, or sooner if rung, and after `backstop_s` seconds at the latest."""
        self._until, self._waiting = until_ms, True
        try:
            seconds = backstop_s
            if until_ms is not None:
                seconds = min(seconds, (until_ms - self._clock.now_ms()) / 1000)
            if seconds > 0 and not self._event.is_set():
                await _wait(self._event, min(seconds, LONGEST_WAIT_S))
            else:
                await asyncio.sleep(0)  # a loop that always finds work must not keep the others from theirs
        finally:
            self._event.clear()
            self._waiting = False


async def _wait(event: asyncio.Event, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    timer = loop.call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        timer.cancel()
