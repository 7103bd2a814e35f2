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


async def act_loop(work: Steps, alarm: Alarm, told: asyncio.Event) -> None:
    """Do batches while there is something to do, and begin again when told that there is. After a batch the loop
    rests for longer than the batch took. `alarm` is the one that the releases of this process wait for."""
    clock = asyncio.get_running_loop().time
    more = False
    while True:
        if not more:
            await told.wait()
            told.clear()
        await give_way(alarm)
        begun = clock()
        try:
            more = await work.step()
        except HorariumError as error:
            more = False
            _log.warning("step_failed", step="act", error=str(error))
        await asyncio.sleep(rest_after(clock() - begun))
