"""How a worker ends: what it waits for, and what it hands back."""

import asyncio

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.store.verbs import dispatch
from horarium.store.verbs.dispatch import Claimed
from tests.support.workshop import NOON, Workshop
from tests.worker.test_worker import away

MINUTE = 60_000
GOOD = Outcome(Verdict.SUCCEEDED)


async def test_what_is_handed_back_as_a_worker_ends_is_begun_by_nobody_meanwhile():
    shop = await Workshop.open(concurrency=1)
    try:
        worker, urgent = await shop.with_runs_in_hand(), shop.store.urgent
        begun = len(shop.executor.calls)
        (first,) = worker._attempts.doing

        async def ends_meanwhile(verb, *args, **kwargs):
            worker._attempts.stop(worker._holding[first])  # a place is free while the rest is handed back
            await shop.settle()
            return await urgent(verb, *args, **kwargs)

        shop.store.urgent = ends_meanwhile
        await worker.drain(0.0)
        await shop.settle()
        assert len(shop.executor.calls) == begun == 1
    finally:
        del shop.store.urgent
        await shop.close()


@pytest.mark.parametrize(("given_s", "recording_s"), [(0.0, 1.0), (0.9, 1.0), (3.0, 3.0)])
async def test_a_worker_that_ends_has_a_second_at_least_to_record_what_has_ended(
    monkeypatch, given_s, recording_s
):
    shop = await Workshop.open()
    try:
        allowed, timeout = [], asyncio.timeout
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "timeout", lambda seconds: allowed.append(seconds) or timeout(60))
            await shop.worker.drain(given_s)
        assert allowed == [given_s, recording_s]
    finally:
        await shop.close()


async def test_what_is_under_way_is_handed_back_also_where_what_has_ended_cannot_be_recorded_in_time(
    monkeypatch,
):
    shop = await Workshop.open(concurrency=2)
    try:
        await shop.with_runs_in_hand()
        worker, back, timeout = shop.worker, [], asyncio.timeout
        gone, stays = (worker._holding[run] for run in worker._attempts.doing)
        worker._forget(gone)  # it is not ours any more, and its attempt has not ended yet
        worker._recorder._none.clear()

        async def hand_back(verb, node, held, now):
            assert (verb, node, now) == (dispatch.hand_back, shop.node, shop.clock.now)
            back.append(held)

        monkeypatch.setattr(shop.store, "urgent", hand_back)
        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "timeout", lambda seconds: timeout(0))
            await worker.drain(5.0)
        assert len(back) == 2  # what was not begun at first
        assert back[1] == [(stays.id, stays.epoch)]
    finally:
        monkeypatch.undo()
        await shop.close()


async def test_runs_that_come_while_a_worker_ends_and_the_database_is_away_keep_nobody(monkeypatch):
    """What a node holds when it has stopped is free again, too."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *")
        shop.clock.now = NOON + MINUTE
        released = await shop.engine.release(shop.worker.room(), lane_room=shop.worker.lane_room())
        await shop.worker.drain(0.0)
        monkeypatch.setattr(shop.store, "urgent", away)
        await shop.worker._accept(Claimed(released.claimed))
        assert not shop.worker._holding
    finally:
        monkeypatch.undo()
        await shop.close()


@pytest.mark.parametrize("born", [True, False], ids=["born", "claimed"])
async def test_runs_that_come_while_a_worker_ends_are_handed_back_unbegun(born):
    """They had been asked for before. The worker has nothing under way, so it ends without waiting."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *")
        shop.clock.now = NOON + MINUTE
        if born:
            released = await shop.engine.release(shop.worker.room(), lane_room=shop.worker.lane_room())
            assert len(released.claimed) == 1
            await shop.worker.drain(0.0)
            await shop.worker.take(released.claimed)
        else:
            await shop.engine.release(0)
            urgent = shop.store.urgent

            async def ends_meanwhile(verb, *args, **kwargs):
                answer = await urgent(verb, *args, **kwargs)
                if verb is dispatch.claim:
                    await shop.worker.drain(0.0)
                return answer

            shop.store.urgent = ends_meanwhile
            shop.worker._alarm.ring()
        await shop.settle()
        assert shop.executor.calls == []
        assert [owner for (owner,) in shop.rows("SELECT owner FROM ready")] == [None]
    finally:
        await shop.close()


async def test_what_is_to_end_already_is_not_handed_back_by_a_worker_that_ends(monkeypatch):
    shop = await Workshop.open(concurrency=1)
    try:
        worker, back = await shop.with_runs_in_hand(), []

        async def hand_back(works):
            back.append([work.id for work in works])

        unbegun = [work.id for work in worker._lanes.unbegun()]
        assert len(unbegun) > 2
        monkeypatch.setattr(worker, "_hand_back", hand_back)
        worker._holding[unbegun[0]].stopped = True
        await worker.drain(0.0)
        assert sorted(back[0]) == sorted(unbegun[1:])
    finally:
        await shop.close()


@pytest.mark.parametrize("answers", [GOOD, ValueError("its own fault")], ids=["an outcome", "a fault"])
async def test_a_worker_ends_also_where_its_targets_keep_to_themselves_that_they_are_to_end(answers):
    shop = await Workshop.open(concurrency=1)
    ended = []

    async def answer(_):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(1)
        if isinstance(answers, Exception):
            raise answers
        return answers

    shop.executor.answer = answer
    for _ in range(3):
        await shop.schedule("* * * * *")
    await shop.tick(NOON + MINUTE)
    async with asyncio.timeout(60):
        await shop.close()
    assert ended == [1]  # and no further one was begun


async def test_a_worker_that_ends_waits_until_what_has_ended_is_recorded():
    shop = await Workshop.open()
    try:
        drained = []

        async def drain():
            drained.append(1)

        shop.worker._recorder.drained = drain
        await shop.worker.drain(0.0)
        assert drained == [1]
    finally:
        await shop.close()


async def test_a_worker_that_ends_gives_nothing_back_that_its_end_hands_back(monkeypatch):
    shop = await Workshop.open(concurrency=1)
    try:
        worker, back = await shop.with_runs_in_hand(), []

        async def hand_back(works):
            back.extend(works)

        monkeypatch.setattr(worker, "_hand_back", hand_back)
        monkeypatch.setattr(worker._lanes, "excess", lambda: [*worker._lanes.unbegun()][:1])
        worker._closing = True
        await worker._give_back()
        assert back == []
        worker._closing = False
        await worker._give_back()
        assert len(back) == 1
    finally:
        await shop.close()
