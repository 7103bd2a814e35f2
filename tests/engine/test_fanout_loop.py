"""The loop of the fan-out takes up what is due when it is due, without its poll, and ends what it has begun. In virtual
time, on a store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.domain.audience import AudienceQuery, RowPage
from horarium.domain.errors import Unavailable
from horarium.engine.fanout import BACKOFF_S, CHUNK, FIRST_CHUNK, SHARE, SOURCE_S, TROUBLE_S, FanoutRunner
from horarium.store.verbs.fanout import FanoutLost
from tests.engine.test_fanout import neighbour_of
from tests.simulation.loop import VirtualLoop
from tests.support.audience import Listed, Stand, failing, rows
from tests.support.inline_store import InlineSqliteStore
from tests.support.sqlite_schema import fill_memory
from tests.support.tenant import MINUTE, NOON

# When the story begins: a slot of each schedule is due. No story is as long as the poll.
START_MS = NOON + MINUTE
POLL_S = 3_000.0


def now() -> float:
    """Seconds since the story began, to a hundredth."""
    return round(asyncio.get_running_loop().time(), 2)


class LoopClock:
    def now_ms(self) -> int:
        return START_MS + round(asyncio.get_running_loop().time() * 1000)


class Slow(Listed):
    """A source that takes `takes_s` seconds for each page. It notes when each page was asked for, and how many readers
    have been stopped while they waited for one; that of the last page takes a second to end."""

    def __init__(self, count: int = 3, takes_s: float = 0.0) -> None:
        super().__init__(rows(count))
        self.takes_s, self.begun, self.stopped = takes_s, [], 0

    async def page(self, query: AudienceQuery, position: str | None, limit: int) -> RowPage:
        self.begun.append(now())
        number = len(self.begun)
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            await asyncio.sleep(1 if number == SHARE else 0)
            self.stopped += 1
            raise
        return await super().page(query, position, limit)


class Told:
    """What a store was asked, and when. `before` is called ahead of each verb, `after` once it is committed."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []
        self.before: Callable[[str], Awaitable[None]] | None = None
        self.after: Callable[[str], None] = lambda _: None

    async def hook(self, moment: str, verb: str) -> None:
        if moment == "commit":
            self.after(verb)
            return
        self.asked.append((verb, now()))
        if self.before is not None:
            await self.before(verb)

    def times_of(self, verb: str) -> list[float]:
        return [when for name, when in self.asked if name == verb]


def play(source: Listed, story: Callable[[Stand, Told], Awaitable[None]]) -> None:
    """Run a story in virtual time, with a stand whose fan-out runs by the time of the loop."""
    loop = VirtualLoop(Random(1))

    async def whole() -> None:
        told = Told()
        store = InlineSqliteStore(LoopClock().now_ms, hook=told.hook)
        fill_memory(store.connection)
        stand = await Stand.open(store, source)
        assert stand.node is not None
        stand.fan_out = FanoutRunner(store, LoopClock(), stand.node.id, stand.audiences, POLL_S)
        await story(stand, told)
        await store.close()

    try:
        loop.run_until_complete(whole())
    finally:
        loop.close()


@asynccontextmanager
async def running(stand: Stand) -> Any:
    """The loop of the fan-out; at the end it is stopped and has ended."""
    task = asyncio.create_task(stand.fan_out.loop())
    await asyncio.sleep(0.01)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_fire_is_read_when_it_is_released_and_other_changes_wake_nobody():
    source = Slow()

    async def story(stand: Stand, told: Told) -> None:
        async with running(stand):
            await asyncio.sleep(4)
            one = await stand.schedule()
            await asyncio.sleep(1)
            assert told.times_of("claim_fanout_tasks") == [0.0]
            await stand.tenant.release(START_MS)
            await asyncio.sleep(1)
        assert (await stand.last(one)).runs == 3
        assert source.begun == [5.01]

    play(source, story)


def test_a_source_that_failed_is_asked_again_when_its_pause_is_over():
    source = Slow()
    source.before_page = failing(100)

    async def story(stand: Stand, told: Told) -> None:
        one = await stand.schedule()
        await stand.tenant.release(START_MS)
        async with running(stand):
            await asyncio.sleep(100)
        assert (await stand.last(one)).state == "failed"
        expected = [0.0, BACKOFF_S[0], sum(BACKOFF_S[:2]), sum(BACKOFF_S)]
        assert source.begun == pytest.approx(expected, abs=0.02)
        assert len(told.times_of("claim_fanout_tasks")) < 15

    play(source, story)


def test_what_did_not_fit_is_read_as_soon_as_something_has_ended_and_nobody_asks_for_it_meanwhile():
    source = Slow(takes_s=7)

    async def story(stand: Stand, told: Told) -> None:
        for _ in range(SHARE + 1):
            await stand.schedule()
        await stand.tenant.release(START_MS)
        async with running(stand):
            await asyncio.sleep(100)
        assert source.begun == [*[0.0] * SHARE, 7.0]
        asked = told.times_of("claim_fanout_tasks")
        assert all(when == 0 or 7 <= when <= 7.02 or 14 <= when <= 14.02 for when in asked)
        assert len(asked) < 15

    play(source, story)


def test_whoever_reads_has_ended_when_the_loop_has():
    source = Slow(takes_s=100)

    async def story(stand: Stand, _: Told) -> None:
        for _ in range(SHARE):
            await stand.schedule()
        await stand.tenant.release(START_MS)
        async with running(stand):
            await asyncio.sleep(5)
            assert (len(source.begun), source.stopped) == (SHARE, 0)
        assert source.stopped == SHARE
        assert now() == 6.01
        assert stand.fan_out._tasks == stand.fan_out._held == {}

    play(source, story)


def test_a_page_that_was_asked_for_ahead_is_not_read_to_its_end_once_its_fire_is_let_go():
    source = Slow(count=3_000, takes_s=7)

    async def story(stand: Stand, told: Told) -> None:
        await stand.schedule()
        await stand.tenant.release(START_MS)

        async def lost(verb: str) -> None:
            if verb == "write_chunk" and len(told.times_of(verb)) == 2:
                await asyncio.sleep(1)
                raise FanoutLost

        told.before = lost
        async with running(stand):
            await asyncio.sleep(16)
            stopped = source.stopped
        assert source.begun[:3] == [0.0, 7.0, 14.0]
        assert stopped == 1

    play(source, story)


def test_nothing_is_kept_of_a_reader_that_has_ended():
    source = Slow()

    async def story(stand: Stand, _: Told) -> None:
        await stand.schedule()
        await stand.tenant.release(START_MS)
        async with running(stand):
            await asyncio.sleep(1)
            assert source.begun
            assert stand.fan_out._tasks == stand.fan_out._held == {}

    play(source, story)


def test_while_the_database_is_away_it_is_asked_twice_a_second_and_then_reading_goes_on():
    source = Slow()

    async def story(stand: Stand, told: Told) -> None:
        one = await stand.schedule()
        await stand.tenant.release(START_MS)
        troubles = iter([Unavailable("away")] * 3)

        async def away(verb: str) -> None:
            if verb == "claim_fanout_tasks" and (trouble := next(troubles, None)):
                raise trouble

        told.before = away
        with capture_logs() as lines:
            async with running(stand):
                await asyncio.sleep(10)
        asked = told.times_of("claim_fanout_tasks")
        assert asked[:4] == pytest.approx([number * TROUBLE_S for number in range(4)], abs=0.01)
        assert lines == [{"log_level": "warning", "event": "fanouts_not_claimed", "error": "away"}] * 3
        assert (await stand.last(one)).runs == 3

    play(source, story)


@pytest.mark.parametrize("verb", ["write_chunk", "give_up"])
def test_what_the_database_did_not_take_is_tried_again_after_a_pause(verb):
    source = Slow(count=3 if verb == "write_chunk" else 100)

    async def story(stand: Stand, told: Told) -> None:
        one = await stand.schedule(audience_limit=50)
        await stand.tenant.release(START_MS)
        troubles = iter([Unavailable("away")] * 3)

        async def away(name: str) -> None:
            if name == verb and (trouble := next(troubles, None)):
                raise trouble

        told.before = away
        with capture_logs() as lines:
            async with running(stand):
                await asyncio.sleep(10)
        assert [line for line in lines if line["event"] == "fanout_waits"] == [
            {"log_level": "warning", "event": "fanout_waits", "error": "away"}
        ] * 3
        asked = told.times_of(verb)
        assert asked == pytest.approx([number * TROUBLE_S for number in range(4)], abs=0.02)
        expected = ("running", 3) if verb == "write_chunk" else ("failed", 0)
        assert ((await stand.last(one)).state, (await stand.last(one)).runs) == expected

    play(source, story)


@pytest.mark.parametrize(("beside", "at_once"), [(False, 3), (True, 2)])
def test_fires_of_one_workspace_write_at_the_same_time_and_beside_another_workspace_in_turn(beside, at_once):
    async def story(stand: Stand, told: Told) -> None:
        tenants = [stand.tenant] + ([await neighbour_of(stand)] if beside else [])
        for tenant in tenants:
            for _ in range(3):
                await tenant.schedule(audience={"type": "mine", "filter": {}})
        await stand.tenant.release(START_MS)
        under_way, most = 0, 0

        async def slowly(verb: str) -> None:
            nonlocal under_way, most
            if verb == "write_chunk":
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0.1)

        def committed(verb: str) -> None:
            nonlocal under_way
            under_way -= verb == "write_chunk"

        told.before, told.after = slowly, committed
        async with running(stand):
            await asyncio.sleep(10)
        assert (most, under_way) == (at_once, 0)

    play(Slow(), story)


@pytest.mark.parametrize(
    ("takes_s", "expected"),
    [(SOURCE_S - 1, ("running", None)), (SOURCE_S + 1, ("failed", "the source did not answer within 120 s"))],
)
def test_a_source_may_take_two_minutes_for_a_page(takes_s, expected):
    async def story(stand: Stand, _: Told) -> None:
        one = await stand.schedule()
        await stand.tenant.release(START_MS)
        async with running(stand):
            await asyncio.sleep(1_000)
        fire = await stand.last(one)
        assert (fire.state, fire.error) == expected

    play(Slow(takes_s=takes_s), story)


@pytest.mark.parametrize(
    ("weight", "heaviest", "rows"),
    [
        (1.0, 1.0, CHUNK),
        (1.0, 4.0, CHUNK // 4),
        (2.0, 1.0, CHUNK),
        (0.01, 4.0, FIRST_CHUNK),
        (1.0, 0.0, CHUNK),
    ],
)
def test_a_chunk_is_as_large_as_the_weight_of_its_workspace_says_and_no_smaller_than_a_first_one(
    weight, heaviest, rows
):
    async def story(stand: Stand, _: Told) -> None:
        job: Any = SimpleNamespace(weight=weight)
        beside: Any = [SimpleNamespace(weight=heaviest)] if heaviest else []
        stand.fan_out._held = dict(enumerate([job, *beside]))  # type: ignore[arg-type]
        assert stand.fan_out._chunk_of(job) == rows
        stand.fan_out._held = {}

    play(Slow(), story)
