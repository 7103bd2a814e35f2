"""The loops of the engine: do a step, then wait for as long as nothing is due."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from horarium.domain.errors import HorariumError
from horarium.domain.ids import Id
from horarium.domain.places import UNBOUNDED, LaneRoom
from horarium.engine.clock import DatabaseClock
from horarium.engine.figures import LoopFigures
from horarium.engine.steps import FIRST_BATCH, Engine, next_batch
from horarium.engine.wake import Alarm
from horarium.store.base import DUE, Store
from horarium.store.rows import ClaimedRun
from horarium.store.verbs import nodes as node_verbs

_log = structlog.get_logger(__name__)

# Pause after a failed release, on average: the database is away, and hammering it does not bring it back. Once it is
# there again, what is due is late by as much.
TROUBLE_S = 0.2
# How often a node looks whether its lease holds again. It asks nobody for that.
LEASE_S = 0.1
# How often lapsed leases and deadlines are looked at; bounds how late they are noticed.
UPKEEP_S = 1.0
HOUSEKEEPING_S = 60.0
SAMPLE_S = 1.0
# How often the lag of the event loop is measured.
LAG_S = 0.5


class Hands(Protocol):
    """What a release asks of the worker beside the engine: how many more runs it takes, and to take them."""

    def room(self) -> int: ...

    def lane_room(self) -> LaneRoom: ...

    async def take(self, runs: Sequence[ClaimedRun]) -> None: ...


class NoHands:
    """An engine without a worker in its process."""

    def room(self) -> int:
        return 0

    def lane_room(self) -> LaneRoom:
        return UNBOUNDED

    async def take(self, runs: Sequence[ClaimedRun]) -> None:
        raise RuntimeError("no room was offered")


def pause_after_trouble(chance: float) -> float:
    """How long a node waits before it releases again (s). `chance`, from 0 to 1, is another one for each node and each
    time, so that all nodes do not come to a database at once that has just started."""
    return TROUBLE_S * (0.5 + chance)


async def release_loop(
    engine: Engine,
    alarm: Alarm,
    hands: Hands,
    poll_s: float,
    held: Callable[[], bool],
    chance: Callable[[], float] = random.random,
) -> None:
    """Fire on time: release, and sleep until the earliest due instant."""
    batch, few_first, figures = FIRST_BATCH, False, engine.figures
    while True:
        if held():
            figures.ends_release()
            await asyncio.sleep(LEASE_S)
            continue
        begun = asyncio.get_running_loop().time()
        figures.begins_release(begun)
        try:
            released = await engine.release(hands.room(), batch, hands.lane_room(), few_first)
            if released.claimed:
                await hands.take(released.claimed)
            figures.ends_release()
            batch = next_batch(batch, released, (asyncio.get_running_loop().time() - begun) * 1000)
            few_first = released.shared and not released.ahead
            if released.full:
                continue
            due = released.next_due
        except HorariumError as error:
            figures.failed_release(str(error))
            _log.warning("release_failed", error=str(error))
            await asyncio.sleep(pause_after_trouble(chance()))
            continue
        if due is None or due > engine.clock.now_ms():
            await alarm.wait(due, poll_s)


async def upkeep_loop(steps: Sequence[Callable[[], Awaitable[bool]]], every_s: float) -> None:
    """Do steps in turn, each again while it returns that there is more, then pause."""
    while True:
        await _do_steps(steps)
        await asyncio.sleep(every_s)


async def _do_steps(steps: Sequence[Callable[[], Awaitable[bool]]]) -> None:
    """Do steps in turn, each again while it returns that there is more. One that fails is told in the log, also where
    the system has no more files, processes or memory: that ends, and no step is worth the whole server."""
    for step in steps:
        try:
            while await step():
                await asyncio.sleep(0)
        except (HorariumError, OSError, MemoryError) as error:
            words = str(error) or type(error).__name__
            _log.warning("step_failed", step=getattr(step, "__name__", "step"), error=words)


async def told_loop(steps: Sequence[Callable[[], Awaitable[bool]]], told: asyncio.Event) -> None:
    """Do steps in turn each time that there is something to do, each again while it returns that there is more."""
    while True:
        await told.wait()
        told.clear()
        await _do_steps(steps)


async def clock_loop(clock: DatabaseClock, store: Store, alarm: Alarm) -> None:
    """Follow the database's time."""
    while True:
        await asyncio.sleep(SAMPLE_S)
        try:
            difference = await clock.sample(store)
        except HorariumError as error:
            _log.warning("clock_not_sampled", error=str(error))
            continue
        if abs(difference) > 1000:
            clock.jumps += 1
            _log.warning("clock_jumped", milliseconds=difference, uncertain=clock.uncertain)
            alarm.ring()


async def lag_loop(figures: LoopFigures) -> None:
    """Measure how late the event loop wakes a task that sleeps."""
    clock = asyncio.get_running_loop().time
    while True:
        wanted = clock() + LAG_S
        await asyncio.sleep(LAG_S)
        figures.lag.add(max(0.0, clock() - wanted) * 1000)


async def heartbeat_loop(store: Store, clock: DatabaseClock, node: Id, lease_ms: int) -> None:
    """Keep this node's lease alive."""
    while True:
        try:
            await store.urgent(node_verbs.heartbeat, node, clock.now_ms(), lease_ms)
        except HorariumError as error:
            _log.warning("heartbeat_failed", error=str(error))
        await asyncio.sleep(lease_ms / 3000)


def ring_on_due(store: Store, alarm: Alarm) -> None:
    """Wake the release loop when a commit has moved a due instant."""
    store.listen(lambda topic, at: alarm.ring(at) if topic == DUE else None)
