"""The further processes of a server: what they are told and asked, and what becomes of them when one of both ends."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from structlog.testing import capture_logs

from horarium import __version__
from horarium.app import further_processes, serve_further
from horarium.app.further_processes import _LENGTH, OTHER_VERSION, FurtherProcesses, settings_of
from horarium.domain.errors import Unavailable
from horarium.service.metrics import Asked, Metrics
from horarium.settings import Settings
from tests.support.few_files import room_for

PROGRAM = "tests.app.further_program"
PATIENCE_S = 60
Lines = list[MutableMapping[str, Any]]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(further_processes, "SHORTEST_PAUSE_S", 0.001)
    monkeypatch.setattr(further_processes, "LONGEST_PAUSE_S", 0.004)
    monkeypatch.setattr(further_processes, "ANSWER_S", PATIENCE_S)


@asynccontextmanager
async def running(node: str, processes: int = 2) -> AsyncIterator[tuple[FurtherProcesses, Lines]]:
    with capture_logs() as told:
        further = FurtherProcesses(PROGRAM, drain_s=PATIENCE_S)
        further.start(Settings(node=node, processes=processes))
        try:
            yield further, told
        finally:
            await further.aclose()


async def pids(further: FurtherProcesses, besides: set[int] = frozenset()) -> dict[int, int]:  # type: ignore[assignment]
    """The ids of the processes by their number, as soon as all answer and none of `besides` does."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await further.figures(Asked())
            ids = {number: int(metrics[0].samples[0].value) for number, metrics in found.items()}
            if len(ids) == len(further._keepers) and not besides & set(ids.values()):
                return ids
            await asyncio.sleep(0.01)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


async def test_each_process_is_asked_by_its_number_and_all_end_with_the_first() -> None:
    async with running("echo", processes=3) as (further, told):
        found = await pids(further)
        assert list(found) == [2, 3]
        asked = await further.figures(Asked(by_lane=True))
        assert {number: metrics[0].documentation for number, metrics in asked.items()} == {
            2: "echo-2",
            3: "echo-3",
        }
    assert [psutil.pid_exists(pid) for pid in found.values()] == [False, False]
    assert await further.figures(Asked()) == {}
    assert told == []


async def test_a_process_that_is_killed_is_started_again_and_the_others_go_on() -> None:
    async with running("echo", processes=3) as (further, told):
        before = await pids(further)
        os.kill(before[2], signal.SIGKILL)
        after = await pids(further, {before[2]})
        assert after[3] == before[3]
    (line,) = told
    assert (line["event"], line["number"], line["exit_code"]) == ("process_ended", 2, -9)


async def test_what_a_terminal_sends_to_all_processes_does_not_reach_the_further_ones() -> None:
    async with running("echo") as (further, _):
        (pid,) = (await pids(further)).values()
        assert os.getsid(pid) == os.getpgid(pid) == pid


async def test_a_process_of_another_version_is_told_of_and_tried_again() -> None:
    async with running("newer") as (_, told):
        await until(lambda: len(told) >= 3)
    assert [line["event"] for line in told[:3]] == ["process_failed", "process_ended", "process_failed"]
    assert "another version was installed" in told[0]["error"]


async def test_a_fault_in_what_keeps_a_process_running_ends_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(self: FurtherProcesses, number: int, settings: Settings) -> int:
        raise ValueError("a fault")

    monkeypatch.setattr(FurtherProcesses, "_run", fail)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with pytest.raises(Unavailable, match="a fault"):
        async with running("echo") as (_, told):
            await stopped.wait()
    assert [line["event"] for line in told] == ["loop_failed"]


async def test_a_process_that_always_ends_is_started_again_ever_more_slowly() -> None:
    async with running("brief") as (_, told):
        await until(lambda: len(told) >= 4)
    ended = [(line["event"], line["exit_code"], line["again_in_s"]) for line in told[:4]]
    assert ended == [("process_ended", 7, pause) for pause in (0.001, 0.002, 0.004, 0.004)]


async def test_a_process_that_lived_for_long_is_started_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(further_processes, "LONG_LIFE_S", 0.0)
    async with running("brief") as (_, told):
        await until(lambda: len(told) >= 2)
    assert [line["again_in_s"] for line in told[:2]] == [0.001, 0.001]


async def test_a_process_that_does_not_answer_is_left_out_and_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running("echo", processes=3) as (further, _):
        found = await pids(further)
        os.kill(found[2], signal.SIGSTOP)
        monkeypatch.setattr(further_processes, "ANSWER_S", 0.2)
        try:
            for _ in range(3):
                assert list(await further.figures(Asked())) == [3]
            assert list(further._ends[2]._open) == [Asked()]
        finally:
            os.kill(found[2], signal.SIGCONT)
        monkeypatch.setattr(further_processes, "ANSWER_S", PATIENCE_S)
        assert await pids(further) == found


async def test_a_process_that_gives_no_sign_of_life_any_more_is_killed_and_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(further_processes, "LOOK_S", 0.01)
    async with running("echo", processes=3) as (further, told):
        before = await pids(further)
        os.kill(before[2], signal.SIGSTOP)
        monkeypatch.setattr(further_processes, "SILENCE_S", 0.2)
        await until(lambda: bool(told))
        monkeypatch.setattr(further_processes, "SILENCE_S", PATIENCE_S)
        after = await pids(further, {before[2]})
        assert after[3] == before[3]
    assert [(line["event"], line["number"]) for line in told] == [("process_silent", 2), ("process_ended", 2)]
    assert (told[0]["pid"], told[1]["exit_code"]) == (before[2], -9)


async def test_a_process_that_ends_by_itself_is_not_taken_for_one_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(further_processes, "LOOK_S", 0.0)
    async with running("echo") as (further, told):
        (pid,) = (await pids(further)).values()
        os.kill(pid, signal.SIGTERM)
        await pids(further, {pid})
    assert [(line["event"], line["exit_code"]) for line in told] == [("process_ended", -15)]


async def test_a_process_that_does_not_end_in_time_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(further_processes, "END_S", -PATIENCE_S + 0.1)  # the time to drain is added
    async with running("deaf") as (further, told):
        found = await pids(further)
    assert not psutil.pid_exists(found[2])
    assert [(line["event"], line["pid"]) for line in told] == [("process_killed", found[2])]


async def test_where_the_system_starts_no_process_it_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = asyncio.create_subprocess_exec

    async def refused(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", real)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
    async with running("echo") as (further, told):
        assert await pids(further)
    assert [line["event"] for line in told] == ["process_not_started", "process_ended"]
    assert "Resource temporarily unavailable" in told[0]["error"]


@pytest.mark.parametrize("room", [0, 1, 5])
def test_tries_to_start_a_process_without_open_files_take_none_and_one_succeeds_once_there_are_some(
    room: int,
) -> None:
    """On the event loop that servers have, which keeps what it has opened for a process that it cannot start."""

    async def tried() -> None:
        async with running("echo") as (further, told):
            with room_for(room):
                await until(lambda: len(told) >= 6)
            assert await pids(further)
        assert {line["event"] for line in told} == {"process_not_started", "process_ended"}
        left.append(psutil.Process().num_fds())

    left: list[int] = []
    uvloop.run(tried())
    uvloop.run(tried())
    assert left[1] <= left[0]


def test_processes_that_are_ending_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the event loop that servers have, which refuses what is written to a closed socket."""
    monkeypatch.setattr(further_processes, "END_S", -PATIENCE_S + 0.1)  # the time to drain is added

    async def asked() -> None:
        async with running("deaf") as (further, _):
            await pids(further)
            further.stop()
            for _ in range(3):
                await asyncio.sleep(0)
            assert await further.figures(Asked()) == {}

    uvloop.run(asked())


def test_a_further_process_has_the_settings_of_the_first_but_serves_no_requests() -> None:
    first = Settings(processes=4, node="north", port=8443, poll=7.5)
    assert settings_of(3, first) == Settings(node="north-3", port=8443, poll=7.5, roles=("engine", "worker"))
    assert settings_of(2, Settings(processes=2)).node is None


def packed(value: object) -> bytes:
    data = pickle.dumps(value)
    return _LENGTH.pack(len(data)) + data


async def test_a_further_process_says_what_it_has_counted_and_ends_when_the_first_one_does(
    tmp_path: Path,
) -> None:
    first, end = socket.socketpair()
    configured: list[Settings] = []
    settings = Settings(data=tmp_path, roles=("engine", "worker"))
    with capture_logs() as told:
        serving = asyncio.create_task(serve_further(end, configured.append))
        reader, writer = await asyncio.open_unix_connection(sock=first)
        asks = [Asked(), Asked(by_lane=True)]
        writer.write(packed(__version__) + packed(settings) + b"".join(map(packed, asks)))
        answers = [await further_processes._receive(reader) for _ in asks]
        writer.close()
        assert await serving == 0
    assert configured == [settings]
    assert [asked for asked, _ in answers] == asks
    whole, by_lane = ({metric.name for metric in metrics} for _, metrics in answers)
    assert {"horarium_slots", "horarium_attempts_under_way", "process_cpu_seconds"} <= whole
    assert "horarium_nodes" not in whole
    assert by_lane
    assert not by_lane & whole
    assert [line["event"] for line in told if line["event"].startswith("process")] == ["process_started"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_further_process_ends_in_order_at_either_signal(tmp_path: Path, number: int) -> None:
    first, end = socket.socketpair()
    given = [__version__, Settings(data=tmp_path, roles=("engine",)), Asked()]
    first.sendall(b"".join(map(packed, given)))
    serving = asyncio.create_task(serve_further(end, lambda settings: None))
    with first:
        await asyncio.to_thread(first.recv, 1)  # it has started
        os.kill(os.getpid(), number)
        assert await serving == 0


async def test_a_further_process_whose_first_one_has_died_before_it_said_anything_ends(
    tmp_path: Path,
) -> None:
    first, end = socket.socketpair()
    first.close()
    assert await serve_further(end, lambda settings: pytest.fail("nothing was said")) == 0


async def test_a_further_process_without_a_database_says_so_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(settings: Settings) -> Any:
        raise Unavailable("the database cannot be reached")

    monkeypatch.setattr(further_processes, "open_server", closed)
    first, end = socket.socketpair()
    with first, capture_logs() as told:
        first.sendall(packed(__version__) + packed(Settings(data=tmp_path)))
        assert await serve_further(end, lambda settings: None) == 1
    assert told == [
        {"event": "process_failed", "log_level": "error", "error": "the database cannot be reached"}
    ]


async def test_a_further_process_of_another_version_than_the_first_takes_no_settings_from_it() -> None:
    first, end = socket.socketpair()
    with first:
        first.sendall(packed("0.0.0") + packed(Settings()))
        code = await serve_further(end, lambda settings: pytest.fail("they were taken"))
    assert code == OTHER_VERSION


async def test_a_further_process_that_cannot_say_what_it_has_counted_says_so_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Metrics, asked: Asked) -> list[Any]:
        raise ValueError("a fault")

    monkeypatch.setattr(Metrics, "of_process", fail)
    first, end = socket.socketpair()
    given = [__version__, Settings(data=tmp_path, roles=("engine",)), Asked()]
    with first, capture_logs() as told:
        first.sendall(b"".join(map(packed, given)))
        assert await serve_further(end, lambda settings: None) == 1
    events = [line["event"] for line in told if line["log_level"] == "error"]
    assert events == ["loop_failed", "process_failed"]
