"""How long some work keeps the event loop to itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from horarium.python_tuning import tuned_for_serving


async def longest_hold(work: Awaitable[object]) -> float:
    """Seconds of CPU time that pass at most between two turns of the loop while `work` is done.

    CPU time of this thread, so that other processes on the machine do not count; and with the settings of a server,
    so that collecting what other tests have left behind does not count either.
    """
    with tuned_for_serving():
        return await _longest_hold(work)


async def _longest_hold(work: Awaitable[object]) -> float:
    task = asyncio.ensure_future(work)
    longest = 0.0
    while not task.done():
        before = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)
    await task
    return longest
