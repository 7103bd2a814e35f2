"""Names that are answered late hold up nobody but the workspace that asks for them."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import weakref
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from horarium.executors import look_ups as module
from horarium.executors.egress import EgressClient
from horarium.executors.engines.hosts import EngineHosts
from horarium.executors.look_ups import (
    MOST_OF_WORKSPACE,
    REMEMBERED_S,
    Found,
    LookUps,
    Name,
    asked_by,
    asking,
)
from horarium.executors.options import ExecutorOptions
from tests.support.receiver import Receiver

ONE, OTHER = b"one", b"other"


class System:
    """Answers names at once, and those of `.slow` when the test lets it."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: Counter[str] = Counter()

    def look_up(self, name: Name) -> list[Found]:
        self.asked[name.host] += 1
        if name.host.endswith(".slow"):
            assert self.may_answer.wait(30)
        if name.host.endswith(".unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [Found(socket.AF_INET, "127.0.0.1", 0)]

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        (found,) = self.look_up(Name(host, 0))
        return [(found.family, socket.SOCK_STREAM, 6, "", (found.address, port))]


class Clock:
    at = 0.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def system() -> Iterator[System]:
    made = System()
    yield made
    made.may_answer.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def look_ups(system: System, clock: Clock) -> AsyncIterator[LookUps]:
    made = LookUps(system.look_up, clock.now)
    yield made
    await made.close()


async def under_way(look_ups: LookUps, workspace: bytes, *hosts: str) -> list[asyncio.Task[Any]]:
    """Look-ups that have begun, or wait."""
    tasks = [asyncio.create_task(look_ups.find(workspace, Name(host, 0))) for host in hosts]
    await asyncio.sleep(0)
    return tasks


async def found(look_ups: LookUps, workspace: bytes, host: str) -> Any:
    async with asyncio.timeout(5):
        return await look_ups.find(workspace, Name(host, 0))


async def test_slow_names_of_one_workspace_take_its_share_and_no_other_workspace_waits(look_ups, system):
    slow = await under_way(look_ups, ONE, *(f"{n}.slow" for n in range(100)))
    assert [one.address for one in await found(look_ups, OTHER, "quick")] == ["127.0.0.1"]
    assert system.asked.total() == MOST_OF_WORKSPACE + 1
    system.may_answer.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*slow)
    assert len(system.asked) == 101


async def test_a_workspace_gets_a_thread_though_many_others_have_slow_names(look_ups, system):
    slow = [
        task
        for n in range(10)
        for task in await under_way(look_ups, bytes([n]), *(f"{n}-{m}.slow" for m in range(40)))
    ]
    assert await found(look_ups, OTHER, "quick")
    system.may_answer.set()
    await asyncio.gather(*slow)


async def test_a_name_is_looked_up_once_for_all_who_ask_meanwhile(look_ups, system):
    asked = [task for who in (ONE, OTHER) for task in await under_way(look_ups, who, *["a.slow"] * 20)]
    system.may_answer.set()
    answers = await asyncio.gather(*asked)
    assert all(answer == answers[0] for answer in answers)
    assert system.asked == {"a.slow": 1}


async def test_a_name_that_waits_in_one_workspace_is_looked_up_at_once_for_another(look_ups, system):
    """Otherwise a workspace could hold up a host of all by asking for it behind slow names."""
    names = [f"{n}.slow" for n in range(MOST_OF_WORKSPACE)]
    slow = await under_way(look_ups, ONE, *names, "quick")
    assert await found(look_ups, OTHER, "quick")
    async with asyncio.timeout(5):
        assert await slow[-1]  # it has the answer as well
    assert system.asked["quick"] == 1


async def test_a_name_that_waits_in_two_workspaces_is_looked_up_once_and_told_to_both():
    """Both have as many look-ups as they may; the name of the second is under way when a thread is free for it."""
    answers: dict[str, Future[list[Found]]] = defaultdict(Future)
    asked: Counter[str] = Counter()

    def look_up(name: Name) -> list[Found]:
        asked[name.host] += 1
        return answers[name.host].result(30)

    look_ups = LookUps(look_up)
    try:
        first = await under_way(look_ups, ONE, *(f"{n}.one" for n in range(MOST_OF_WORKSPACE)), "both")
        second = await under_way(look_ups, OTHER, *(f"{n}.other" for n in range(MOST_OF_WORKSPACE)), "both")
        async with asyncio.timeout(20):
            for done, waits in (("0.one", first[0]), ("0.other", second[0]), ("1.other", second[1])):
                answers[done].set_result([])
                await waits
            answers["both"].set_result([Found(socket.AF_INET, "127.0.0.1", 0)])
            assert await first[-1] == await second[-1] != []
        assert asked["both"] == 1
    finally:
        for n in range(MOST_OF_WORKSPACE):
            for host in (f"{n}.one", f"{n}.other"):
                if not answers[host].done():
                    answers[host].set_result([])
        await look_ups.close()


async def test_what_nobody_waits_for_any_more_is_never_looked_up(look_ups, system):
    names = [f"{n}.slow" for n in range(MOST_OF_WORKSPACE)]
    slow = await under_way(look_ups, ONE, *names)
    given_up, *others = await under_way(look_ups, ONE, "given-up", "wanted", "wanted")
    for task in (given_up, others[0]):
        task.cancel()
    await asyncio.gather(given_up, others[0], return_exceptions=True)
    system.may_answer.set()
    await asyncio.gather(*slow)
    async with asyncio.timeout(5):
        assert await others[1]  # for whom it still is looked up
    await found(look_ups, ONE, "quick")
    assert "given-up" not in system.asked


async def test_what_was_found_is_used_again_for_a_few_seconds(look_ups, system, clock):
    for after_s in (0, 1, REMEMBERED_S - 1.25):
        clock.at += after_s
        await found(look_ups, ONE, "quick")
    assert system.asked["quick"] == 1
    clock.at += 0.25
    await found(look_ups, OTHER, "quick")
    assert system.asked["quick"] == 2


async def test_a_name_that_is_not_known_is_told_to_all_who_ask_and_looked_up_again(look_ups, system):
    for n in (1, 2):
        asked = await under_way(look_ups, ONE, "a.unknown", "a.unknown")
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(error) for error in told] == [socket.gaierror] * 2
        assert system.asked["a.unknown"] == n


async def test_a_name_that_is_not_known_leaves_nothing_for_the_search_for_garbage(look_ups):
    class Body:
        """Stands for what a caller holds while it asks."""

    async def asks() -> weakref.ref[Body]:
        body = Body()
        with suppress(OSError):
            await look_ups.find(ONE, Name("a.unknown", 0))
        return weakref.ref(body)

    gc.disable()
    try:
        assert (await asks())() is None
    finally:
        gc.enable()


async def test_of_no_more_names_than_a_bound_is_kept_what_was_found(look_ups, monkeypatch):
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    for n in range(10):
        await found(look_ups, ONE, f"host-{n}")
        assert len(look_ups._known) <= 3


async def test_what_waits_for_a_thread_is_given_up_when_look_ups_end(look_ups, system):
    slow = await under_way(look_ups, ONE, *(f"{n}.slow" for n in range(MOST_OF_WORKSPACE + 2)))
    await look_ups.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert [task.done() for task in slow] == [False] * MOST_OF_WORKSPACE + [True] * 2
    system.may_answer.set()
    await asyncio.gather(*slow, return_exceptions=True)
    assert system.asked.total() == MOST_OF_WORKSPACE
    assert (look_ups._busy, look_ups._under_way) == ({}, {})


async def test_the_end_of_the_process_waits_for_no_name(look_ups, system):
    asked = asyncio.create_task(look_ups.find(ONE, Name("a.slow", 0)))
    while not system.asked:
        await asyncio.sleep(0)
    asking_system = [one for one in threading.enumerate() if one.name.startswith("horarium-resolve")]
    assert asking_system
    assert all(one.daemon for one in asking_system)
    system.may_answer.set()
    await asked


def test_the_workspace_for_which_names_are_looked_up_is_known_within_its_block_alone():
    assert asking() is None
    with asked_by(ONE):
        with asked_by(OTHER):
            assert asking() == OTHER
        assert asking() == ONE
    assert asking() is None


async def test_slow_names_of_one_workspace_hold_up_neither_requests_nor_engines_of_another(
    system, monkeypatch
):
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    egress = EgressClient(ExecutorOptions(allow_loopback=True))
    engines = EngineHosts(ExecutorOptions(engine_hosts=("*", "quick")))
    async with Receiver() as receiver:
        slow = [
            asyncio.create_task(asked)
            for n in range(100)
            for asked in (
                egress.request(ONE, "GET", f"http://{n}.slow/"),
                engines.address(ONE, f"{n}.slow", 6379),
            )
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await engines.address(OTHER, "quick", 6379) == "127.0.0.1"
            response = await egress.request(OTHER, "GET", receiver.url("/", host="quick"))
            assert response.status == 200
            response.release()
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        await egress.close()
        await engines.close()
    system.may_answer.set()


async def test_where_the_system_gives_no_thread_the_name_fails_and_the_next_one_is_looked_up(
    system, monkeypatch
):
    looking = LookUps(system.look_up)
    begin = threading.Thread.start

    def refused(thread: threading.Thread) -> None:
        monkeypatch.setattr(threading.Thread, "start", begin)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(OSError, match="can't start new thread"):
        await looking.find(ONE, Name("quick", 0))
    assert await looking.find(ONE, Name("quick", 0))
    assert looking._busy == {}
    await looking.close()


async def test_an_address_takes_no_thread_and_is_judged_all_the_same(system, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    engines = EngineHosts(ExecutorOptions(engine_hosts=("*", "127.0.0.1", "::1")))
    for address in ("127.0.0.1", "::1", "10.1.2.3"):
        assert await engines.address(ONE, address, 6379) == address
    with pytest.raises(OSError, match="refused"):
        await engines.address(ONE, "169.254.169.254", 6379)
    assert not system.asked
    await engines.close()
