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
from tests.simulation.loop import run_in_virtual_time
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
    assert next_piece(200, PIECE_S * 0.7) == next_piece(200, PIECE_S) == next_piece(200, PIECE_S / 2) == 200
    assert next_piece(200, PIECE_S * 1.01) == 100
    assert next_piece(100, PIECE_S / 4) == next_piece(100, PIECE_S * 0.49) == 125
    assert next_piece(LEAST_PIECE + 1, 9.0) == next_piece(LEAST_PIECE, 9.0) == LEAST_PIECE
    assert next_piece(LARGEST_PIECE - 1, 0.0) == next_piece(LARGEST_PIECE, 0.0) == LARGEST_PIECE


@pytest.mark.parametrize(
    ("took_s", "rest_s"), [(0.0, 0.0), (0.02, 0.04), (0.1, 0.2), (0.11, 0.2), (60.0, 0.2)]
)
def test_the_rest_is_twice_as_long_as_the_piece_and_a_fifth_of_a_second_at_most(took_s, rest_s):
    assert rest_after(took_s) == pytest.approx(rest_s)


class SlowPieces:
    """An engine whose pieces take so long each, some of history and then some of empty space; it notes when each one
    was begun."""

    def __init__(self, took_s, rows, space):
        self.took_s, self.left, self.begun = took_s, {"rows": rows, "space": space}, []

    async def _piece(self, kind):
        self.begun.append((kind, round(asyncio.get_running_loop().time(), 3)))
        await asyncio.sleep(self.took_s)
        self.left[kind] -= 1
        return self.left[kind] > 0

    async def forget_history(self, limit):
        return limit if await self._piece("rows") else 0

    async def give_back_space(self):
        return await self._piece("space")


def begun_in_virtual_time(engine, seconds, every_s=1_000):
    """When each piece was begun that the loop does within some seconds."""
    alarm = Alarm(HandClock(0))
    alarm._waiting = True  # a release waits, and nothing is due

    async def whole():
        task = asyncio.create_task(forget_loop(engine, alarm, every_s))
        await asyncio.sleep(seconds)
        task.cancel()

    run_in_virtual_time(whole())
    return engine.begun


@pytest.mark.parametrize(("took_s", "apart_s"), [(0.05, 0.15), (1.0, 1.2)])
def test_the_loop_rests_after_each_piece_but_the_last_of_a_kind(took_s, apart_s):
    begun = begun_in_virtual_time(SlowPieces(took_s, rows=4, space=3), 100)
    space_from = 3 * apart_s + took_s
    assert begun == [
        *[("rows", pytest.approx(number * apart_s, abs=0.002)) for number in range(4)],
        *[("space", pytest.approx(space_from + number * apart_s, abs=0.002)) for number in range(3)],
    ]


def test_the_loop_looks_again_after_its_interval():
    begun = begun_in_virtual_time(SlowPieces(0.05, rows=1, space=1), 25, every_s=10)
    assert [when for kind, when in begun if kind == "rows"] == pytest.approx([0, 10.1, 20.2], abs=0.002)


@pytest.mark.parametrize(
    ("clear_ms", "waits_for"), [(19, 2), (20, 0), (21, 0), (None, 0)], ids=lambda value: str(value)
)
async def test_a_piece_begins_at_once_where_no_release_is_due_within_20_milliseconds(
    waits, clear_ms, waits_for
):
    alarm = Alarm(HandClock(1_000))
    alarm._waiting, alarm._until = True, None if clear_ms is None else 1_000 + clear_ms
    await forgetting.give_way(alarm)
    assert waits == [0.02] * waits_for


async def test_a_piece_begins_as_soon_as_the_release_is_over(monkeypatch):
    alarm, slept = Alarm(HandClock(1_000)), []

    async def sleep(seconds):
        slept.append(seconds)
        alarm._waiting = True  # what was due has been released, and nothing else is

    monkeypatch.setattr(forgetting.asyncio, "sleep", sleep)
    await forgetting.give_way(alarm)
    assert slept == [0.02]


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
