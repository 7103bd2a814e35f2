"""Wrong keys are answered later and later, by the address that they come from.

A right key never waits: whether a key is right is found out first. What is remembered of addresses, and how many
requests wait at once, is bounded.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from horarium.domain.errors import RateLimited
from horarium.service.clock import Clock

# Wrong keys that are answered at once; one more is forgiven each second.
FREE = 10
# The first delay and the longest one, in seconds. Each wrong key doubles it.
FIRST_S, LONGEST_S = 0.1, 2.0
# Addresses that are remembered, and requests that wait at once.
MOST_ADDRESSES, MOST_WAITING = 10_000, 500


@dataclass(slots=True)
class WrongKeys:
    """Counts wrong keys by address. `sleep` waits for some seconds."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    waiting: int = 0
    # How many wrong keys are held against an address, as of an instant (ms); those that came last stand last.
    _against: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)

    async def slow_down(self, address: str) -> None:
        """Note a wrong key, and wait before it is answered. Raises RateLimited where too many wait already."""
        delay = self._delay(address)
        if not delay:
            return
        if self.waiting >= MOST_WAITING:
            wait = int(LONGEST_S * 1000)
            raise RateLimited(
                f"too many wrong API keys are sent to this server; try again in {wait} ms", wait
            )
        self.waiting += 1
        try:
            await self.sleep(delay)
        finally:
            self.waiting -= 1

    def _delay(self, address: str) -> float:
        now = self.clock.now_ms()
        held, at = self._against.pop(address, (0.0, now))
        held = max(0.0, held - max(0, now - at) / 1000) + 1.0
        self._against[address] = held, now
        if len(self._against) > MOST_ADDRESSES:
            self._against.popitem(last=False)
        if held <= FREE:
            return 0.0
        doublings = min(int(held - FREE) - 1, 16)
        return min(LONGEST_S, FIRST_S * (1 << max(0, doublings)))
