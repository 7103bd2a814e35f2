"""Work that somebody else may keep for as long as they like, and that nobody has to wait for.

What blocks is done in a thread that the end of the process does not wait for: the threads of asyncio and of the
library's pools are waited for. A task that takes too long is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


def in_own_thread(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Do something in a thread of its own, which has this name. Raises RuntimeError where the system has no more
    threads for this account."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[T] = loop.create_future()
    Thread(target=_do, args=(work, loop, [found]), name=name, daemon=True).start()
    return found


def leave(task: asyncio.Task[Any]) -> None:
    """Cancel a task and do not wait for it: what it waits for may not let go. Nobody is told how it ends."""
    task.add_done_callback(lambda late: late.cancelled() or late.exception())
    task.cancel()


def _do(work: Callable[[], Any], loop: asyncio.AbstractEventLoop, box: list[Any]) -> None:
    box.append(_done(work))
    with suppress(RuntimeError):  # the event loop has ended meanwhile
        loop.call_soon_threadsafe(_hand_over, box)


def _done(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return work(), None
    except Exception as error:
        return None, error


def _hand_over(box: list[Any]) -> None:
    """Tell what came of it. All is taken out of the box: an error leads to the frames of the thread, and these must not
    lead back to the error."""
    answer, wrong = box.pop()
    found = box.pop()
    if found.done():  # nobody waits for it any more
        return
    if wrong is None:
        found.set_result(answer)
    else:
        found.set_exception(wrong)
