"""Carries on what takes many steps, actions on many things, erasures and purges: each step gives way to releases."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from horarium.domain.errors import HorariumError
from horarium.engine.forgetting import give_way, rest_after
from horarium.engine.wake import Alarm

_log = structlog.get_logger(__name__)


class Steps(Protocol):
    """What is done step by step."""

    async def step(self) -> bool:
        """Do the next step. Whether there may be more to do."""


async def act_loop(work: Steps, alarm: Alarm, every_s: float) -> None:
    """Do batches while there is something to do, and look again every so many seconds. After a batch the loop rests
    for longer than the batch took. `alarm` is the one that the releases of this process wait for."""
    clock = asyncio.get_running_loop().time
    while True:
        await give_way(alarm)
        begun = clock()
        try:
            more = await work.step()
        except HorariumError as error:
            more = False
            _log.warning("step_failed", step="act", error=str(error))
        await asyncio.sleep(rest_after(clock() - begun) if more else every_s)
