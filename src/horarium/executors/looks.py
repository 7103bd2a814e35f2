"""Looks at the runs that an engine has, each of which fails by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from horarium.domain.execution import Outcome, Seen, Watched
from horarium.domain.ids import Id
from horarium.executors.engines.messages import understood
from horarium.service.turns import Turns

ReadT = TypeVar("ReadT")
ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

# How long the looks of one call may take (s): shorter than the time after which their round is ended, so that what was
# seen by then is told.
LOOKS_S = 6.0


async def look_at_each(
    runs: Sequence[Watched], look: Callable[[Watched], Awaitable[Outcome | None]], at_once: int
) -> dict[Id, Seen]:
    """What a look shows of each run, with up to `at_once` looks under way. `look` returns None where a run goes on."""

    async def one(some: Sequence[Watched]) -> Mapping[Id, Seen]:
        found = await look(some[0])
        return {} if found is None else {some[0].run_id: found}

    return await look_in_parts(runs, one, 1, at_once)


async def look_in_parts(
    runs: Sequence[Watched],
    look: Callable[[Sequence[Watched]], Awaitable[Mapping[Id, Seen]]],
    size: int,
    at_once: int = 1,
) -> dict[Id, Seen]:
    """What looks show of runs, with up to `size` runs in one look. A look that fails, or that has not ended in time, is
    the error of its own runs."""
    parts = [runs[first : first + size] for first in range(0, len(runs), size)]
    seen: dict[Id, Seen] = {}
    for part, found in zip(parts, await each_by_itself(parts, look, at_once, LOOKS_S), strict=True):
        if isinstance(found, Exception):
            seen |= dict.fromkeys((run.run_id for run in part), found)
        else:
            seen |= found
    return seen


async def each_by_itself(
    items: Sequence[ItemT], ask: Callable[[ItemT], Awaitable[AnswerT]], at_once: int, seconds: float
) -> list[AnswerT | Exception]:
    """What an engine answers to each of several questions, up to `at_once` of which are under way, or the error of that
    one. What has not ended after so many seconds is given up with a TimeoutError."""
    places = asyncio.Semaphore(at_once)

    async def one(item: ItemT) -> AnswerT:
        async with places:
            return await ask(item)

    tasks = [asyncio.create_task(one(item)) for item in items]
    if not tasks:
        return []
    try:
        await asyncio.wait(tasks, timeout=seconds)
    finally:
        late = [task for task in tasks if task.cancel()]
        await asyncio.gather(*late, return_exceptions=True)
    answers: list[AnswerT | Exception] = []
    for task in tasks:
        error = TimeoutError("no answer") if task.cancelled() else task.exception()
        if error is None:
            answers.append(task.result())
        elif isinstance(error, Exception):
            answers.append(understood(error))
        else:
            raise error
    return answers


async def seen_of(
    runs: Sequence[Watched], read: Sequence[ReadT | Exception], outcome: Callable[[ReadT], Outcome | None]
) -> dict[Id, Seen]:
    """What is seen of runs by what was read of each. What `outcome` cannot make out is the error of its own run. Other
    work has its turn between runs."""
    seen: dict[Id, Seen] = {}
    turns = Turns()
    for run, stored in zip(runs, read, strict=True):
        await turns.give()
        try:
            found = stored if isinstance(stored, Exception) else outcome(stored)
        except Exception as error:
            found = error.with_traceback(None)  # it has this frame, so both would keep what was read
        if found is not None:
            seen[run.run_id] = found
    return seen
