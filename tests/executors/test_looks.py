"""Looks at runs of an engine: each fails by itself."""

import asyncio

import pytest

from horarium.domain.execution import Outcome, Verdict, Watched
from horarium.executors import looks
from horarium.executors.engines.messages import NotUnderstood
from horarium.executors.looks import look_at_each, look_in_parts, seen_of

RUNS = [Watched(name.encode(), name) for name in ("a", "b", "c", "d")]
DONE = Outcome(Verdict.SUCCEEDED)


async def test_what_fails_of_one_run_is_its_error_and_what_goes_on_is_left_out():
    wrong = OSError("away")

    async def look(run):
        if run.handle == "b":
            raise wrong
        return None if run.handle == "c" else DONE

    assert await look_at_each(RUNS, look, 2) == {b"a": DONE, b"b": wrong, b"d": DONE}


async def test_a_look_at_which_a_library_breaks_down_says_that_the_answer_cannot_be_understood():
    async def look(run):
        raise KeyError("in the words of somebody else")

    seen = await look_at_each(RUNS[:1], look, 2)
    assert str(seen[b"a"]) == "what it answers cannot be understood"
    assert isinstance(seen[b"a"], NotUnderstood)
    assert isinstance(seen[b"a"].__cause__, KeyError)


async def test_looks_that_have_not_ended_in_time_leave_what_others_have_shown(monkeypatch):
    monkeypatch.setattr(looks, "LOOKS_S", 0.01)

    async def look(run):
        if run.handle == "a":
            await asyncio.Event().wait()
        return DONE

    seen = await look_at_each(RUNS, look, 2)
    assert isinstance(seen.pop(b"a"), TimeoutError)
    assert seen == {b"b": DONE, b"c": DONE, b"d": DONE}


async def test_a_look_at_several_runs_that_fails_is_the_error_of_these():
    away = OSError("away")

    async def look(some):
        if some[0].handle == "a":
            raise away
        return {run.run_id: DONE for run in some}

    assert await look_in_parts(RUNS, look, 2) == {b"a": away, b"b": away, b"c": DONE, b"d": DONE}


async def test_no_look_goes_on_where_nobody_waits_for_it_any_more():
    under_way = 0

    async def look(run):
        nonlocal under_way
        under_way += 1
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):  # as one that takes leave of its engine
                await asyncio.sleep(0)
            under_way -= 1

    task = asyncio.create_task(look_at_each(RUNS, look, 4))
    while under_way < 4:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert under_way == 0


async def test_what_cannot_be_made_out_of_a_stored_result_concerns_its_run_alone():
    refused = OSError("wrong type")
    seen = await seen_of(
        RUNS, [1, 0, refused, 2], lambda stored: None if stored == 2 else Outcome(DONE.verdict, 6 / stored)
    )
    assert seen[b"a"].output == 6
    assert isinstance(seen[b"b"], ZeroDivisionError)
    assert seen[b"c"] is refused
    assert b"d" not in seen
