"""Deleting history, and giving back its space, in small pieces that give way to releases.

A piece is deleted while no release is about to begin, and is as large as fits into a few milliseconds. Then the loop
rests for several times as long as the piece took. So a million old rows take minutes, and no fire is late for them.
"""

from __future__ import annotations

import asyncio

import structlog

from horarium.domain.errors import HorariumError
from horarium.engine.steps import Engine
from horarium.engine.wake import Alarm

_log = structlog.get_logger(__name__)

# How many rows of each table a piece has at first, at least and at most. A hundred rows take some 5 ms of SQLite's
# writer. Fewer would save little, because on a busy machine a commit takes longer than that.
FIRST_PIECE, LEAST_PIECE, LARGEST_PIECE = 100, 100, 500

# How long a piece should take, in seconds, with its commit.
PIECE_S = 0.03

# After a piece the loop rests for so many times as long as it took, and at most so long.
REST, LONGEST_REST_S = 2, 0.2

# No piece is begun while a release is under way or due within this time (ms).
CLEAR_MS = 20

# How often a piece gives way before it is begun all the same: where something is due all the time, the history must
# not grow for ever.
MOST_WAITS = 2


def next_piece(rows: int, took_s: float) -> int:
    """How many rows the next piece has, after one of `rows` rows took so many seconds."""
    if took_s > PIECE_S:
        return max(rows // 2, LEAST_PIECE)
    if took_s < PIECE_S / 2:
        return min(rows + rows // 4, LARGEST_PIECE)
    return rows


def rest_after(took_s: float) -> float:
    """How long to rest after a piece, in seconds."""
    return min(REST * took_s, LONGEST_REST_S)


async def forget_loop(engine: Engine, alarm: Alarm, every_s: float) -> None:
    """Every so many seconds, delete the history that is beyond the retention time. `alarm` is the one that the
    releases of this process wait for."""
    while True:
        try:
            await _forget(engine, alarm)
            await _give_back_space(engine, alarm)
        except HorariumError as error:
            _log.warning("step_failed", step="forget", error=str(error))
        await asyncio.sleep(every_s)


async def _forget(engine: Engine, alarm: Alarm) -> None:
    """Delete piece by piece until nothing is left to delete."""
    clock, rows = asyncio.get_running_loop().time, FIRST_PIECE
    while True:
        await give_way(alarm)
        begun = clock()
        if await engine.forget_history(rows) < rows:
            return
        took = clock() - begun
        rows = next_piece(rows, took)
        await asyncio.sleep(rest_after(took))


async def _give_back_space(engine: Engine, alarm: Alarm) -> None:
    """Make the database file smaller piece by piece, as long as much of it is empty."""
    clock = asyncio.get_running_loop().time
    while True:
        await give_way(alarm)
        begun = clock()
        if not await engine.give_back_space():
            return
        await asyncio.sleep(rest_after(clock() - begun))


async def give_way(alarm: Alarm) -> None:
    """Wait while a release is under way or about to begin, MOST_WAITS times at most."""
    for _ in range(MOST_WAITS):
        if alarm.clear_ms() >= CLEAR_MS:
            return
        await asyncio.sleep(CLEAR_MS / 1000)
