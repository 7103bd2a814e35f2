"""Shares the event loop between long work and everything else.

Requests, the engine and the worker run in one event loop. Work whose length depends on what somebody has sent must
not keep the others waiting. So it is done in slices, and waits in a line between them: in one round of the loop only
one slice of all such work is done. Some work cannot stop in the middle, as decoding JSON cannot. After such a long
slice the line rests for twice as long as it took, so that the others have two thirds of the time in any case.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Generator
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

T = TypeVar("T")

# The length of a slice in seconds.
SLICE_S = 0.003
# A slice that takes longer than this, in seconds, could not stop in the middle.
LONG_S = 3 * SLICE_S
# How many times as long as such a slice the line rests after it.
REST = 2


class Turns:
    """One piece of long work. It calls `give` between its steps."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def give(self) -> None:
        """Wait in the line if the work has had the loop for SLICE_S since the last time."""
        if time.monotonic() - self._since > SLICE_S:
            await turn()
            self._since = time.monotonic()


async def in_turns(work: Generator[None, None, T]) -> T:
    """The result of long work that yields between its steps."""
    turns = Turns()
    while True:
        try:
            next(work)
        except StopIteration as end:
            return cast("T", end.value)
        await turns.give()


def at_once(work: Generator[None, None, T]) -> T:
    """The result of work that yields between its steps, without a break."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return cast("T", end.value)


async def turn() -> None:
    """Wait in the line. The caller may then work for a slice; if it cannot stop in between, also for longer."""
    loop = asyncio.get_running_loop()
    line = _lines.get(loop)
    if line is None:
        line = _lines[loop] = _Line()
    await line.turn()


class _Line:
    """Those who wait for a slice on one event loop, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._moving = False
        # When the latest slice began, in processor time of this thread; 0 if there was none since the line was empty.
        self._began = 0.0

    async def turn(self) -> None:
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        self._waiting.append(mine)
        if not self._moving:
            self._moving, self._began = True, 0.0
            loop.call_soon(self._round)
        await mine

    def _round(self) -> None:
        """Called once in each round of the loop while somebody waits: after a slice, and before the next one."""
        loop, now = asyncio.get_running_loop(), time.thread_time()
        took = now - self._began if self._began else 0.0
        if took > LONG_S:
            self._began = 0.0
            loop.call_later(REST * took, self._round)
            return
        self._began = now
        self._moving = self._call_next()
        if self._moving:
            loop.call_soon(self._round)

    def _call_next(self) -> bool:
        """Let the first one work whose task has not been cancelled. False if there is none."""
        while self._waiting:
            mine = self._waiting.popleft()
            if not mine.done():
                mine.set_result(None)
                return True
        return False


_lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()
