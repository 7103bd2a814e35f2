"""Cancels work at each of its awaits in turn, and looks whether everything that it took was given back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass
from typing import Any

Held = Callable[[], Mapping[str, Any]]
# More awaits than any of the works has: a bound, so that no loop goes on for ever.
_MOST_AWAITS = 400


@dataclass
class Cut(Awaitable[Any]):
    """Awaits a coroutine, and has its own task cancelled at one of its awaits, and at the next `again` ones.

    `awaits` is how many there were.
    """

    work: Coroutine[Any, Any, Any]
    at: int
    again: int = 0
    awaits: int = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        task = asyncio.current_task()
        assert task is not None
        sending: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                waited_for = self.work.send(sending) if thrown is None else self.work.throw(thrown)
            except StopIteration as end:
                return end.value
            self.awaits += 1
            if self.at <= self.awaits <= self.at + self.again:
                task.cancel()
            sending = thrown = None
            try:
                sending = yield waited_for
            except BaseException as error:
                thrown = error


async def cut_at_every_await(
    make: Callable[[], Coroutine[Any, Any, Any]],
    held: Held,
    *,
    again: int = 0,
    between: Callable[[], Awaitable[None]] | None = None,
    always: Mapping[str, Any] | None = None,
) -> int:
    """Do work again and again, cancelled at its first await, its second, and so on until it comes through.

    `held` says what is held; after each time it has to be what it was after the work had been done once. `between`
    makes things ready for the next time, and `always` is what is held whatever was held the first time. Returns at how
    many awaits the work was cut.
    """
    await make()
    usual = {**await _settled(held, None), **(always or {})}
    for at in range(1, _MOST_AWAITS):
        if between is not None:
            await between()
        cut = Cut(make(), at, again)
        ended = await asyncio.gather(asyncio.create_task(_run(cut)), return_exceptions=True)
        found = await _settled(held, usual)
        assert found == usual, f"cancelled at await {at} of {make}: left behind {_difference(usual, found)}"
        if cut.awaits < at:
            assert not isinstance(ended[0], BaseException), ended[0]
            return at - 1
        assert isinstance(ended[0], asyncio.CancelledError), (
            f"await {at}: the cancellation was lost, {ended[0]!r}"
        )
    raise AssertionError("the work has no end")


async def _run(cut: Cut) -> Any:
    return await cut


async def _settled(held: Held, usual: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What is held once it is as usual, or after a while in which threads and processes can end."""
    for times in range(600):
        if held() == usual or (usual is None and times > 20):
            break
        await asyncio.to_thread(os.sched_yield)
        if times > 200:  # the machine is busy
            await asyncio.sleep(0.01)
    return held()


def _difference(usual: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (usual.get(name), value) for name, value in found.items() if usual.get(name) != value}


def tasks_and_files() -> dict[str, Any]:
    """What every work holds while it goes on: tasks of the event loop and open files."""
    return {"tasks": len(asyncio.all_tasks()), "files": len(os.listdir("/dev/fd"))}
