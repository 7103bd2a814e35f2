"""History is deleted in pieces that give way to releases."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Unavailable
from horarium.engine import forgetting
from horarium.engine.forgetting import (
    LARGEST_PIECE,
    LEAST_PIECE,
    PIECE_S,
    forget_loop,
    next_piece,
    rest_after,
)
from horarium.engine.wake import Alarm
from tests.support.house import HandClock
from tests.support.workshop import NOON, Workshop

# The real one, while the tests put another in its place.
pause = asyncio.sleep


class Deletes:
    """An engine with so many old rows and pieces of empty space; it notes each piece that was asked for."""

    def __init__(self, rows, fails=0, space=0):
        self.rows, self.fails, self.pieces, self.space = rows, fails, [], space

    async def forget_history(self, limit):
        if self.fails:
            self.fails -= 1
            raise Unavailable("away")
        deleted = min(limit, self.rows)
        self.rows -= deleted
        self.pieces.append(deleted)
        return deleted

    async def give_back_space(self):
        self.space -= 1
        return self.space >= 0


@pytest.fixture
def waits(monkeypatch):
    """How long the loop has slept each time; the test goes on when it sleeps for the interval, 60 s."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if seconds == 60:
            await asyncio.Event().wait()
        await pause(0)

    monkeypatch.setattr(forgetting.asyncio, "sleep", sleep)
    return slept


async def ran(engine, alarm, waits, times=1):
    task = asyncio.create_task(forget_loop(engine, alarm, 60))
    while waits.count(60) < times and not task.done():
        await pause(0)
    task.cancel()


async def test_a_piece_grows_while_it_is_quick_and_shrinks_while_it_is_slow():
    assert next_piece(400, PIECE_S * 2) == 200
    assert next_piece(100, PIECE_S * 0.7) == next_piece(100, PIECE_S) == next_piece(100, PIECE_S / 2) == 100
    assert next_piece(100, PIECE_S / 4) == 125
    assert next_piece(LEAST_PIECE, 9.0) == LEAST_PIECE
    assert next_piece(LARGEST_PIECE, 0.0) == LARGEST_PIECE
    assert rest_after(0.02) == pytest.approx(0.04)
    assert rest_after(60.0) == 0.2


async def test_everything_old_is_deleted_piece_by_piece(waits):
    engine = Deletes(1_000)
    alarm = Alarm(HandClock(0))
    alarm._waiting = True  # a release waits, and nothing is due
    await ran(engine, alarm, waits)
    assert sum(engine.pieces) == 1_000
    assert max(engine.pieces) <= LARGEST_PIECE
    assert len(engine.pieces) > 3


async def test_a_piece_waits_while_a_release_is_about_to_begin_but_not_for_ever(waits):
    engine, alarm = Deletes(10), Alarm(HandClock(1_000))
    waiting = asyncio.create_task(alarm.wait(1_010, 60))
    await pause(0)
    assert alarm.clear_ms() == 10
    await ran(engine, alarm, waits)
    # once before the rows, and once before the space
    assert waits == [forgetting.CLEAR_MS / 1000] * forgetting.MOST_WAITS * 2 + [60]
    assert engine.pieces == [10]
    waiting.cancel()


async def test_empty_space_is_given_back_piece_by_piece_once_nothing_is_left_to_delete(waits):
    engine, alarm = Deletes(300, space=5), Alarm(HandClock(0))
    alarm._waiting = True
    await ran(engine, alarm, waits)
    assert sum(engine.pieces) == 300
    assert engine.space == -1


async def test_a_release_under_way_leaves_no_time_clear():
    assert Alarm(HandClock(0)).clear_ms() == 0


async def test_a_database_that_is_away_does_not_end_the_loop(waits):
    engine, alarm = Deletes(10, fails=1), Alarm(HandClock(0))
    alarm._waiting = True
    await ran(engine, alarm, waits)
    assert engine.pieces == []


async def test_the_history_is_behind_until_a_piece_has_found_less_than_it_may_delete():
    """A piece that is full says that there may be more."""
    shop = await Workshop.open()
    try:
        schedule = await shop.schedule("* * * * *")
        for minute in range(1, 5):
            await shop.tick(NOON + minute * 60_000)
        assert (await shop.again(schedule)).progress.succeeded == 4
        engine = replace(shop.engine, retention_ms=60_000)
        shop.clock.now = NOON + 3_600_000
        seen = []
        for _ in range(3):
            found = await engine.forget_history(2)
            seen.append((found, engine.figures.behind_since is not None))
        assert seen == [(2, True), (2, True), (0, False)]
    finally:
        await shop.close()
