"""A time limit for something awaitable that costs nothing where there is nothing to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from types import coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


class OutOfTime(Exception):
    """The limit has passed; not to be confused with a TimeoutError of what was awaited."""


async def within(seconds: float, awaited: Awaitable[T]) -> T:
    """What is awaited, in this task; cancelled after `seconds`, and then OutOfTime is raised.

    Where it ends without having waited for anything no timer could have ended it, and none is set: timers took a
    quarter of what the event loop does for a function that only computes.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    steps = awaited.__await__()
    try:
        waits_for = next(steps)
    except StopIteration as done:
        return cast("T", done.value)
    limit = asyncio.timeout_at(until)
    try:
        async with limit:
            result = await _onwards(steps, waits_for)
    except TimeoutError as error:
        if limit.expired():
            raise OutOfTime from error
        raise
    if limit.expired():
        raise OutOfTime
    return result


@coroutine
def _onwards(steps: Generator[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """The rest of what has begun, from its first wait on."""
    try:
        while True:
            try:
                sent = yield waits_for
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:
                waits_for = steps.throw(error)
            else:
                waits_for = steps.send(sent)
    except StopIteration as done:
        return cast("T", done.value)
