"""Everything that an executor takes or counts is given back, however its work ends: with success, a refusal, an error,
at a time limit, and cancelled at any of its awaits."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import uvloop

from horarium.domain.events import Event
from horarium.domain.execution import Verdict, Watched, WatchedTarget
from horarium.domain.ids import derived_id
from horarium.domain.webhooks import Parcel
from horarium.executors import command, event_post, http, processes, python
from horarium.executors.egress import EgressClient
from horarium.executors.engines import connections as connections_module
from horarium.executors.engines import kubernetes, sqs
from horarium.executors.engines.connections import AllInUse, Connections
from horarium.executors.event_post import SignedEventPost
from horarium.executors.limits import Limits
from horarium.executors.llm import make as make_llm
from horarium.executors.look_ups import Found, LookUps, Name, asking
from horarium.executors.options import ExecutorOptions
from horarium.executors.processes import ProcessPool
from horarium.executors.sql.databases import EmbeddedDatabase
from tests.executors.calls import NOW_MS, call_of
from tests.executors.sql_places import Place, leave, sqlite_place
from tests.support.cut_short import cut_at_every_await, tasks_and_files
from tests.support.model_server import completion
from tests.support.wire import CUT, SILENCE, Step, Wire, answer

FUNCTIONS = "tests.executors.functions_of_the_page"
ANSWERS: Mapping[str, list[Step]] = {
    "success": answer(200, b'{"MessageId": "1", "kind": "Job"}'),
    "a refusal": answer(400, b"no"),
    "an error": [CUT],
    "half an answer": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", CUT],
    "silence": [SILENCE],
    "silence in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", SILENCE],
    "too much": answer(200, b"x" * 300_000),
}


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire() as made:
        yield made


def of_client(client: EgressClient, limits: Limits | None = None) -> dict[str, Any]:
    """What a client holds: its connections in use, names that are looked up, and the times that are limited."""
    resolver, connector = client._resolver, client.session.connector
    assert resolver is not None
    assert connector is not None
    names = resolver.look_ups
    return {
        "connections": len(connector._acquired),
        "waiting": len(connector._waiters),
        "names": (names._busy.total(), len(names._under_way), len(names._waiting)),
        "asking": asking(),
        "limits": None if limits is None else len(limits._running),
        "tasks": tasks_and_files()["tasks"],
    }


@pytest.mark.parametrize("ending", ANSWERS)
async def test_an_http_run_gives_its_connection_back(wire: Wire, ending: str) -> None:
    executor = http.make(ExecutorOptions(allow_loopback=True, response_limit_bytes=1_000))
    wire.answers = [ANSWERS[ending]]
    call = call_of(
        {"url": f"http://localhost:{wire.port}/"}, timeout_ms=25 if SILENCE in ANSWERS[ending] else 5_000
    )

    def held() -> dict[str, Any]:
        return _without_tasks(of_client(executor._egress, executor._limits))

    assert await cut_at_every_await(lambda: executor.execute(call), held, between=executor.close) >= 1
    assert held()["connections"] == held()["limits"] == 0
    await executor.close()


@pytest.mark.parametrize("ending", ["a result", *ANSWERS])
async def test_a_look_at_a_run_gives_its_connection_back(
    wire: Wire, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LOOK_S", 0.025 if ending.startswith("silence") else 5.0)
    executor = http.make(ExecutorOptions(allow_loopback=True, response_limit_bytes=1_000))
    poll = {"url": f"http://127.0.0.1:{wire.port}/", "state": "state", "succeeded": ["done"]}
    target = WatchedTarget(b"t" * 16, b"w" * 16, {"url": poll["url"], "poll": poll}, {})
    runs = [Watched(bytes([number]) * 16, poll["url"]) for number in range(3)]
    wire.answers = [ANSWERS.get(ending, answer(200, b'{"state": "done"}'))]

    def held() -> dict[str, Any]:
        # A server that says nothing does not see the end of a connection.
        return of_client(executor._egress) | {"open": wire.open > 3 and SILENCE not in wire.answers[0]}

    await cut_at_every_await(
        lambda: executor.watch(target, runs), lambda: _without_tasks(held()), between=executor.close
    )
    assert held()["connections"] == 0
    await executor.close()


@pytest.mark.parametrize("ending", ["success", "a refusal", "an error", "too much", "silence"])
async def test_an_event_gives_its_connection_back(
    wire: Wire, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_post, "ANSWER_S", 0.025 if ending == "silence" else 5.0)
    post = SignedEventPost(ExecutorOptions(allow_loopback=True))
    event = Event(1, derived_id(NOW_MS, b"event"), "run.failed", None, NOW_MS, NOW_MS, "{}")
    parcel = Parcel(b"w" * 16, b"h" * 16, f"http://127.0.0.1:{wire.port}/", [], event, 1, NOW_MS)
    wire.answers = [ANSWERS[ending]]

    def held() -> dict[str, Any]:
        return _without_tasks(of_client(post._egress, post._limits))

    await cut_at_every_await(lambda: post.send(parcel), held, between=post.close)
    assert held()["connections"] == held()["limits"] == 0
    await post.close()


@pytest.mark.parametrize("ending", ["an answer", "a refusal", "an error", "too long", "silence in the body"])
async def test_a_model_gives_its_connection_back(wire: Wire, ending: str) -> None:
    import orjson

    executor = make_llm(ExecutorOptions(allow_loopback=True))
    body = orjson.dumps(completion({"model": "m"}, "Fine."))
    said = answer(200, body, {"Content-Type": "application/json"})
    said = answer(200, b" " * 1_100_000) if ending == "too long" else said
    wire.answers = [ANSWERS.get(ending, said)]
    config = {"model": "m", "base_url": f"http://127.0.0.1:{wire.port}/v1", "api_key": "key"}
    call = call_of(config, timeout_ms=40 if SILENCE in wire.answers[0] else 5_000)

    def held() -> dict[str, Any]:
        return _without_tasks(of_client(executor._egress))

    await cut_at_every_await(lambda: executor.execute(call), held)
    assert held()["connections"] == 0
    await executor.close()


def _engines(port: int) -> dict[str, tuple[Any, dict[str, Any], dict[str, Any]]]:
    options = ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",))
    keys = {"access_key_id": "A", "secret_access_key": "b", "region": "eu-west-1"}
    spec = {"template": {"spec": {"containers": [{"name": "a"}]}}}
    return {
        "sqs": (sqs.make(options), {"queue_url": f"http://127.0.0.1:{port}/1/a.fifo", **keys}, {}),
        "kubernetes": (
            kubernetes.make(options), {"server": f"127.0.0.1:{port}", "tls": False, "spec": spec}, {},
        ),
    }  # fmt: skip


@pytest.mark.parametrize("engine", ["sqs", "kubernetes"])
@pytest.mark.parametrize("ending", ["success", "a refusal", "an error", "half an answer", "silence"])
async def test_an_engine_over_http_gets_its_session_back(wire: Wire, engine: str, ending: str) -> None:
    executor, config, secrets = _engines(wire.port)[engine]
    wire.answers = [ANSWERS["success"]]
    await executor.execute(call_of(config, secrets, timeout_ms=5_000))  # the session is open from here on
    wire.answers = [ANSWERS[ending]]
    call = call_of(config, secrets, timeout_ms=25 if ending == "silence" else 5_000)
    sessions = executor._http._sessions

    def held() -> dict[str, Any]:
        in_use = sum(len(kept.connection.connector._acquired) for kept in sessions._open.values())
        return {**of_connections(sessions), "open": len(sessions._open), "requests": in_use}

    await cut_at_every_await(lambda: executor.execute(call), held)
    assert held() == {
        "users": 0,
        "wanting": 0,
        "waiting": 0,
        "opening": 0,
        "leaving": 0,
        "open": 1,
        "requests": 0,
    }
    await executor.close()


def of_connections(kept: Connections[Any]) -> dict[str, Any]:
    return {
        "users": sum(one.users for one in kept._open.values()),
        "wanting": kept._wanting.total(),
        "waiting": len(kept._waiting),
        "opening": len(kept._opening),
        "leaving": len(kept._leaving),
    }


async def test_whoever_waits_for_room_among_connections_leaves_no_place_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections_module, "MOST_OF_WORKSPACE", 1)
    monkeypatch.setattr(connections_module, "WAIT_S", 0.02)
    kept: Connections[object] = Connections(lambda _: True, _nothing)

    async def connect() -> object:
        await asyncio.sleep(0)
        return object()

    async def use(place: str) -> None:
        async with kept.hold(b"w", place, connect):
            await asyncio.sleep(0)

    async def waiting() -> None:
        """One holds the only place while another one waits for it."""
        async with kept.hold(b"w", "first", connect):
            with pytest.raises(AllInUse):
                await use("second")
        await use("second")

    async def taking_turns() -> None:
        async with kept.hold(b"w", "first", connect):
            other = asyncio.create_task(use("second"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await other

    for work in (lambda: use("first"), waiting, taking_turns):
        await cut_at_every_await(work, lambda: of_connections(kept))
        assert set(of_connections(kept).values()) == {0}
        await asyncio.wait_for(use("third"), 5)
    await kept.close()


async def _nothing(_: object) -> None:
    await asyncio.sleep(0)


async def test_a_look_up_that_nobody_waits_for_takes_no_place_of_those_that_wait() -> None:
    may_answer = threading.Event()

    def look_up(name: Name) -> list[Found]:
        assert name.host != "slow" or may_answer.wait(30)
        return [Found(2, "127.0.0.1", 0)]

    names = LookUps(look_up, now=lambda: 0.0)

    def held() -> dict[str, Any]:
        return {"waiting": len(names._waiting), "wanted": [one.wanted for one in names._under_way.values()]}

    staying = asyncio.create_task(names.find(b"w", Name("slow", 0)))
    await asyncio.sleep(0)

    async def find() -> None:
        async with asyncio.timeout(0.02):
            await names.find(b"w", Name("slow", 0))

    async def given_up() -> None:
        try:
            await find()
        except TimeoutError:
            return

    await cut_at_every_await(given_up, held)
    assert held() == {"waiting": 0, "wanted": [1]}
    may_answer.set()
    assert await asyncio.wait_for(staying, 5) == [Found(2, "127.0.0.1", 0)]
    assert (names._busy.total(), len(names._under_way)) == (0, 0)
    await names.close()


SCRIPTS = {
    "success": "echo $$ >> PIDS; cat > /dev/null",
    "an error": "echo $$ >> PIDS; exit 3",
    "a child that stays": "echo $$ >> PIDS; (trap '' TERM; sleep 30) & echo $! >> PIDS; exit 0",
    "time over": "echo $$ >> PIDS; sleep 30 & echo $! >> PIDS; wait",
}


@pytest.mark.parametrize("again", [0, 1, 2])
@pytest.mark.parametrize("ending", SCRIPTS)
def test_a_command_leaves_no_process_and_no_pipe(ending: str, again: int, tmp_path: Path) -> None:
    """On the event loop that servers have: each loop keeps the pipes of programs in its own way."""
    uvloop.run(_command_cut(ending, again, tmp_path))


async def _command_cut(ending: str, again: int, tmp_path: Path) -> None:
    pids, program = tmp_path / "pids", tmp_path / "program"
    program.write_text("#!/bin/sh\n" + SCRIPTS[ending].replace("PIDS", str(pids)))
    program.chmod(0o755)
    pids.touch()
    executor = command.make(ExecutorOptions(commands=(str(program),)))
    call = call_of({"argv": [str(program)]}, timeout_ms=150 if ending == "time over" else 5_000)

    def held() -> dict[str, Any]:
        return tasks_and_files() | {
            "alive": [pid for pid in map(int, pids.read_text().split()) if _lives(pid)]
        }

    assert (
        await cut_at_every_await(lambda: executor.execute(call), held, again=again, always={"alive": []}) >= 1
    )
    gc.collect()  # what was not closed complains when it is collected
    assert held()["alive"] == []
    assert pids.read_text()


async def test_what_a_program_leaves_running_is_ended_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_PIPE_GRACE_SECONDS", 60.0)
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n(trap '' TERM; sleep 30) & exit 0\n")
    program.chmod(0o755)
    executor = command.make(ExecutorOptions(commands=(str(program),)))
    outcome = await executor.execute(call_of({"argv": [str(program)]}, timeout_ms=20_000))
    assert outcome.verdict is Verdict.SUCCEEDED


def _lives(pid: int) -> bool:
    """Whether a process goes on that is a shell or sleeps, as those of these tests: another may have its number by now.
    One that has ended and that nobody has asked about yet does not go on."""
    try:
        name, _, state = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return False
    return name in ("sh", "program", "sleep") and state.split()[0] != "Z"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The processes that were started for functions."""
    found: list[Any] = []
    start = processes._Process.start

    async def noted() -> Any:
        found.append(await start())
        return found[-1]

    monkeypatch.setattr(processes._Process, "start", noted)
    return found


@pytest.mark.parametrize("again", [0, 1])
@pytest.mark.parametrize("function", ["none", "raises", "waits", "ends_its_process"])
async def test_a_function_in_a_process_gives_its_place_back(
    function: str, again: int, started: list[Any]
) -> None:
    executor = python.make(ExecutorOptions(python_functions=(f"{FUNCTIONS}:*",), python_workers=1))
    config = {"function": f"{FUNCTIONS}:{function}", "arguments": {}}
    call = call_of(config, timeout_ms=40 if function == "waits" else 20_000)
    pool = executor._pool

    def held() -> dict[str, Any]:
        nobodys = [one for one in started if one.alive and one not in pool._idle]
        return {"free": pool._free._value, "starting": len(pool._starting), "nobody's": len(nobodys)}

    usual = {"free": 1, "starting": 0, "nobody's": 0}
    assert await cut_at_every_await(lambda: executor.execute(call), held, again=again, always=usual) >= 1
    plain = call_of({"function": f"{FUNCTIONS}:none", "arguments": {}}, timeout_ms=20_000)
    assert (await executor.execute(plain)).verdict is Verdict.SUCCEEDED
    await executor.close()
    assert not [one for one in started if one.alive]


async def test_a_process_that_is_not_ready_yet_is_used_by_the_next_call(started: list[Any]) -> None:
    pool = ProcessPool(1)
    first = asyncio.create_task(pool.run(f"{FUNCTIONS}:none", {}, by_keyword=True, limit=10))
    async with asyncio.timeout(20):
        while not pool._starting:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, *pool._starting, return_exceptions=True)
        assert await pool.run(f"{FUNCTIONS}:none", {}, by_keyword=True, limit=10) == b""
    assert len(started) == 1
    await pool.close()
    assert not [one for one in started if one.alive]


@pytest.mark.parametrize("function", ["none_here", "raises_here", "cancels_here", "waits_here"])
async def test_a_function_in_the_event_loop_gives_its_time_back(function: str) -> None:
    executor = python.make(ExecutorOptions(python_functions=(f"{FUNCTIONS}:*",)))
    call = call_of({"function": f"{FUNCTIONS}:{function}", "arguments": {}}, timeout_ms=25)

    def held() -> dict[str, Any]:
        return {"limits": len(executor._limits._running), "tasks": len(asyncio.all_tasks())}

    await cut_at_every_await(lambda: executor.execute(call), held)
    assert held()["limits"] == 0
    await executor.close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = await sqlite_place(tmp_path)
    yield made
    await leave(made)


OPERATIONS: Mapping[str, tuple[Any, dict[str, Any]]] = {
    "success": ({"operation": "INSERT", "values": {"name": "Ada"}}, {}),
    "a refusal": ({"operation": "INSERT", "values": {"nobody": 1}}, {}),
    "an error": ({"operation": "INSERT", "values": {"name": "Ada", "id": 1}}, {}),
    "no table": ({"operation": "INSERT", "values": {"name": "Ada"}}, {"table": "nothing"}),
}


@pytest.mark.parametrize("again", [0, 1])
@pytest.mark.parametrize("ending", OPERATIONS)
async def test_a_write_gives_back_its_turn_its_thread_and_its_transaction(
    place: Place, ending: str, again: int
) -> None:
    operation, changes = OPERATIONS[ending]
    call = place.target(**changes).call(operation)
    await place.executor.execute(place.call(OPERATIONS["success"][0], run=1))
    (database,) = place.executor._databases._open.values()
    assert isinstance(database, EmbeddedDatabase)

    def held() -> dict[str, Any]:
        return {
            "turn": database._turn.locked(),
            "share": database._share._value,
            "connections": database._engine.pool.checkedout(),  # type: ignore[attr-defined]
            "free": _is_free(place.file),
            "tasks": len(asyncio.all_tasks()),
        }

    assert await cut_at_every_await(lambda: place.executor.execute(call), held, again=again) >= 1
    assert (held()["turn"], held()["connections"], held()["free"]) == (False, 0, True)
    assert (
        await place.executor.execute(place.call(OPERATIONS["success"][0], run=2))
    ).verdict is Verdict.SUCCEEDED


def _is_free(path: Path) -> bool:
    """Whether nobody holds the write lock of a file."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


async def test_a_pool_that_is_full_lets_the_next_one_in_when_one_that_waited_has_gone() -> None:
    pool = ProcessPool(1)

    async def call() -> bytes:
        return await pool.run(f"{FUNCTIONS}:none", {}, by_keyword=True, limit=10)

    async def two() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(call())

    await cut_at_every_await(two, lambda: {"free": pool._free._value, "starting": len(pool._starting)})
    assert await asyncio.wait_for(call(), 20) == b""
    await pool.close()


def _without_tasks(held: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in held.items() if name != "tasks"}
