"""The runs in a worker's hands that have not begun, given out lane by lane in turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from horarium.domain.ids import Id
from horarium.worker.work import Work


class LaneQueue:
    """First in, first out within a lane (a target); lanes take turns, so that a herd of one does not keep a single run
    of another waiting. Any number of takers, of whom each run wakes one."""

    def __init__(self) -> None:
        self._lanes: dict[Id, deque[Work]] = {}
        self._turns: deque[Id] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[Work]:
        for lane in self._lanes.values():
            yield from lane

    def put(self, work: Work) -> None:
        lane = self._lanes.get(work.target.id)
        if lane is None:
            lane = self._lanes[work.target.id] = deque()
            self._turns.append(work.target.id)
        lane.append(work)
        self._wake_one()

    def _wake_one(self) -> None:
        while self._idle:
            taker = self._idle.popleft()
            if not taker.done():
                taker.set_result(None)
                return

    async def get(self) -> Work:
        """The next run; waits for one."""
        while not self._turns:
            taker = asyncio.get_running_loop().create_future()
            self._idle.append(taker)
            try:
                await taker
            except asyncio.CancelledError:
                if self._turns:  # woken and cancelled at once: what it was woken for is another's
                    self._wake_one()
                raise
        turn = self._turns.popleft()
        lane = self._lanes[turn]
        work = lane.popleft()
        if lane:
            self._turns.append(turn)
        else:
            del self._lanes[turn]
        return work
