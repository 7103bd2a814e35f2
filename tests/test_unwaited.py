from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from horarium.unwaited import in_own_thread


async def test_what_is_done_beside_is_told_and_has_a_thread_that_no_end_waits_for():
    thread = await in_own_thread(threading.current_thread, "quite-aside")
    assert (thread.name, thread.daemon) == ("quite-aside", True)
    with pytest.raises(ZeroDivisionError):
        await in_own_thread(lambda: 1 / 0, "quite-aside")


async def test_what_nobody_waits_for_any_more_is_told_to_nobody():
    may_end, loop = threading.Event(), asyncio.get_running_loop()
    troubles = list[object]()
    loop.set_exception_handler(lambda _, context: troubles.append(context))
    waiting = in_own_thread(may_end.wait, "quite-aside")
    waiting.cancel()
    may_end.set()
    while any(one.name == "quite-aside" for one in threading.enumerate()):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert waiting.cancelled()
    assert not troubles


def test_what_ends_after_its_event_loop_troubles_nobody(monkeypatch):
    may_end, troubles = threading.Event(), list[object]()
    monkeypatch.setattr(threading, "excepthook", troubles.append)

    async def begin() -> threading.Thread:
        in_own_thread(may_end.wait, "quite-aside")
        return next(one for one in threading.enumerate() if one.name == "quite-aside")

    thread = asyncio.run(begin())
    may_end.set()
    thread.join(10)
    assert not thread.is_alive()
    assert not troubles


async def test_what_fails_beside_leaves_nothing_for_the_search_for_garbage():
    class Held:
        """Stands for what a caller holds."""

        def fail(self) -> None:
            raise ValueError

    async def fails() -> weakref.ref[Held]:
        held = Held()
        with pytest.raises(ValueError):  # noqa: PT011
            await in_own_thread(held.fail, "quite-aside")
        return weakref.ref(held)

    gc.disable()
    try:
        found = await fails()
        while any(one.name == "quite-aside" for one in threading.enumerate()):
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # the step that the end of the work has woken holds what it found
        assert found() is None
    finally:
        gc.enable()
