"""SQLite's writer in a process of its own: what callers see of it, and what becomes of it when one of the two ends."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from horarium.domain.errors import Unavailable
from horarium.store.base import CommitUnknown, Duplicate, portable, prompt
from horarium.store.figures import FREED
from horarium.store.sqlite import store as sqlite_store
from horarium.store.sqlite import writer_process
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.sqlite.store import SqliteStore
from horarium.store.sqlite.writer_process import WriterGone, WriterProcess

# Verbs of this module run in the process too: it looks for modules where this one does.


@portable
async def where(tx) -> int:
    return os.getpid()


@portable
async def hold(tx, name: str, value: str) -> str:
    await tx.run("set_meta", name=name, value=value)
    tx.announce("due", 17)
    tx.count(FREED, "runs", 2)
    return value


@portable
async def number_next(tx, name: str) -> None:
    await tx.run("set_meta", name=name, value=str(len(await tx.rows("all_meta"))))


@prompt
@portable
async def number_at_once(tx, name: str) -> None:
    await number_next(tx, name)


@portable
async def hold_and_fail(tx, name: str) -> None:
    await hold(tx, name, "lost")
    raise Duplicate(name)


@portable
async def ask_for_what_is_not_there(tx) -> None:
    tx._connection.execute("SELECT * FROM nowhere")


class Unportable(Exception):
    """It cannot be made again from its words alone."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} at {where}")


@portable
async def fail_unportably(tx) -> None:
    raise Unportable("a fault", "noon")


@portable
async def end_process(tx) -> None:
    os._exit(1)


async def here(tx) -> int:
    return os.getpid()


async def held(tx) -> dict[str, str]:
    return {row[0]: row[1] for row in await tx.rows("all_meta")}


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def store_with_process(folder: Path) -> AsyncIterator[SqliteStore]:
    """A store whose process has begun to write."""
    store = SqliteStore(folder / "one.db")
    migrate_sqlite(store.connection)
    store.write_apart()

    async def apart() -> bool:
        return await store.urgent(where) != os.getpid()

    try:
        await until(apart)
        yield store
    finally:
        await store.close()


async def test_portable_verbs_run_in_a_child_and_others_here(tmp_path: Path) -> None:
    async with store_with_process(tmp_path) as store:
        child = await store.urgent(where)
        assert psutil.Process(child).ppid() == os.getpid()
        assert await store.write(where) == child
        assert await store.write(here) == os.getpid()


async def test_while_the_child_starts_portable_verbs_run_here(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "one.db")
    migrate_sqlite(store.connection)
    store.write_apart()
    assert await store.urgent(where) == os.getpid()
    await store.close()


async def test_what_a_portable_verb_wrote_told_and_counted_arrives(tmp_path: Path) -> None:
    async with store_with_process(tmp_path) as store:
        heard: list[tuple[str, int]] = []
        store.listen(lambda topic, at: heard.append((topic, at)))
        assert await store.urgent(hold, "a", "1") == "1"
        assert (await store.read(held))["a"] == "1"
        assert heard == [("due", 17)]
        assert store.figures.of(FREED) == {"runs": 2}
        assert store.figures.verbs["hold"].calls == 1


async def test_a_portable_verb_that_fails_leaves_nothing_and_spoils_no_other(tmp_path: Path) -> None:
    async with store_with_process(tmp_path) as store:
        first, second, third = await asyncio.gather(
            store.urgent(hold, "a", "1"),
            store.urgent(hold_and_fail, "b"),
            store.urgent(hold, "c", "3"),
            return_exceptions=True,
        )
        assert (first, third) == ("1", "3")
        assert isinstance(second, Duplicate)
        assert second.constraint == "b"
        found = await store.read(held)
        assert (found["a"], found["c"]) == ("1", "3")
        assert "b" not in found


async def test_what_the_database_refuses_the_child_is_counted_here(tmp_path: Path) -> None:
    async with store_with_process(tmp_path) as store:
        for times in (1, 2):
            with pytest.raises(Unavailable, match="no such table: nowhere"):
                await store.urgent(ask_for_what_is_not_there)
            assert await store.urgent(hold, "a", "1") == "1"
            assert store.figures.refused == times


async def test_an_error_that_cannot_be_sent_arrives_in_words(tmp_path: Path) -> None:
    async with store_with_process(tmp_path) as store:
        with pytest.raises(RuntimeError, match="Unportable: a fault at noon"):
            await store.urgent(fail_unportably)
        assert await store.urgent(hold, "a", "1") == "1"


async def test_verbs_that_are_asked_for_together_keep_their_order_on_both_sides(tmp_path: Path) -> None:
    async def hold_here(tx, name: str, value: str) -> None:
        await hold(tx, name, value)

    async with store_with_process(tmp_path) as store:
        asked = [store.urgent(hold if number % 3 else hold_here, "a", str(number)) for number in range(50)]
        await asyncio.gather(*asked)
        assert (await store.read(held))["a"] == "49"


async def test_what_the_child_has_put_off_is_done_next_in_the_order_in_which_it_was_asked_for(
    tmp_path: Path,
) -> None:
    """A prompt verb is committed at once, so what was sent with it goes back to the queue."""
    begun, go_on = threading.Event(), threading.Event()

    async def busy(tx) -> None:
        begun.set()
        assert go_on.wait(20)

    async with store_with_process(tmp_path) as store:
        asked = [asyncio.create_task(store.urgent(busy))]
        await asyncio.to_thread(begun.wait, 20)
        asked += [asyncio.create_task(store.urgent(number_next, name)) for name in "abc"]
        asked += [asyncio.create_task(store.write(number_next, name)) for name in "de"]
        asked += [asyncio.create_task(store.urgent(number_at_once, "first"))]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*asked)
        found = await store.read(held)
        assert sorted("abcde", key=lambda name: int(found[name])) == [*"abcde"]
        assert int(found["first"]) < int(found["a"])


async def test_where_the_child_ends_its_callers_learn_that_the_commit_is_unknown_and_another_one_starts(
    tmp_path: Path,
) -> None:
    async with store_with_process(tmp_path) as store:
        child = await store.urgent(where)
        with capture_logs() as lines:
            with pytest.raises(CommitUnknown):
                await store.urgent(end_process)
            assert await store.urgent(hold, "a", "1") == "1"  # at once, here
        told = {"event": "writer_process_gone", "pid": child, "replaced": True}
        assert lines == [{"log_level": "error", **told}]

        async def replaced() -> bool:
            return await store.urgent(where) not in {child, os.getpid()}

        await until(replaced)
        assert not psutil.pid_exists(child)


async def test_a_child_that_says_nothing_more_is_ended_before_its_callers_are_answered_and_another_one_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it might still commit after that would be done twice."""
    monkeypatch.setattr(writer_process, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(writer_process, "END_SECONDS", 0.01)
    async with store_with_process(tmp_path) as store:
        child = await store.urgent(where)
        os.kill(child, signal.SIGSTOP)
        with capture_logs() as lines, pytest.raises(CommitUnknown):
            await store.urgent(hold, "a", "1")
        assert not psutil.pid_exists(child)
        assert [line["event"] for line in lines] == ["writer_process_killed", "writer_process_gone"]
        assert await store.urgent(hold, "a", "2") == "2"

        async def replaced() -> bool:
            return await store.urgent(where) not in {child, os.getpid()}

        await until(replaced)


async def test_a_child_that_the_system_does_not_let_start_is_tried_again_and_verbs_run_here_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and processes run out, and are there again."""
    refused, start = [0], writer_process.subprocess.Popen

    def no_more(*given: Any, **options: Any) -> Any:
        refused[0] += 1
        raise BlockingIOError(11, "Resource temporarily unavailable")

    async with store_with_process(tmp_path) as store:
        child = await store.urgent(where)
        monkeypatch.setattr(writer_process.subprocess, "Popen", no_more)
        monkeypatch.setattr(sqlite_store, "START_AGAIN_S", 60.0)
        with capture_logs() as lines, pytest.raises(CommitUnknown):
            await store.urgent(end_process)
        assert [line["event"] for line in lines] == ["writer_process_gone", "writer_process_not_started"]
        assert lines[1]["error"] == "[Errno 11] Resource temporarily unavailable"
        assert lines[1]["again_in_s"] == 60.0
        assert await store.urgent(where) == os.getpid()
        assert await store.urgent(hold, "a", "1") == "1"
        assert refused == [1]
        monkeypatch.setattr(writer_process.subprocess, "Popen", start)
        store._start_at = 0.0  # the time has come

        async def replaced() -> bool:
            return await store.urgent(where) not in {child, os.getpid()}

        await until(replaced)


async def test_memory_that_runs_out_in_the_child_is_told_and_the_next_verb_is_done(tmp_path: Path) -> None:
    def out_of_memory(*_: Any) -> float:
        raise MemoryError

    answer = writer_process._answer(SimpleNamespace(refused=0, write=out_of_memory), [])  # type: ignore[arg-type]
    async with store_with_process(tmp_path) as store:
        process = store._process
        assert process is not None
        received = process._connection.recv_bytes
        answers = iter((answer,))

        def once() -> bytes:
            real = received()
            return next(answers, real)

        process._connection.recv_bytes = once  # type: ignore[method-assign]
        with pytest.raises(Unavailable, match="could not commit: MemoryError"):
            await store.urgent(where)
        assert await store.urgent(hold, "a", "1") == "1"


async def test_a_full_disk_in_the_child_is_unavailable_here(tmp_path: Path) -> None:
    async with store_with_process(tmp_path) as store:
        process = store._process
        assert process is not None
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (1, 1))
        with pytest.raises(Unavailable, match=r"could not commit|refused"):
            await store.urgent(hold, "a", "1")
        assert store.figures.refused == 1
        assert "a" not in await store.read(held)


async def test_the_child_ends_with_the_store(tmp_path: Path) -> None:
    async with store_with_process(tmp_path) as store:
        child = await store.urgent(where)
    assert not psutil.pid_exists(child)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.store.sqlite.test_writer_process import store_with_process, where

async def main():
    async with store_with_process(Path(sys.argv[1])) as store:
        print(await store.urgent(where), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_child_ends_with_the_server_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        child = psutil.Process(int(server.stdout.readline()))
        server.send_signal(how)
    child.wait(10)


async def test_the_child_knows_no_secret_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HORARIUM_SECRET_KEY", "secret")
    async with store_with_process(tmp_path) as store:
        environment = psutil.Process(await store.urgent(where)).environ()
    assert "PATH" in environment
    assert "HORARIUM_SECRET_KEY" not in environment


async def test_the_child_finds_python_and_its_time_zones_where_the_server_does_and_is_given_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("PATH", "PYTHONHOME", "PYTHONTZPATH", "TZ", "LANG", "LC_ALL", "VIRTUAL_ENV", "TMPDIR")
    for name in (*names, "HORARIUM_SECRET_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, f"the {name}")
    given: dict[str, str] = {}

    def started(command: list[str], *, env: dict[str, str], **_: Any) -> Any:
        given.update(env)
        return SimpleNamespace(pid=1, wait=lambda seconds: None)

    monkeypatch.setattr(writer_process.subprocess, "Popen", started)
    WriterProcess(str(tmp_path / "one.db")).close()
    assert given.pop("PYTHONPATH") == os.pathsep.join(filter(None, sys.path))
    assert given == {name: f"the {name}" for name in names}


def test_a_child_that_does_not_end_when_it_is_asked_to_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[Any] = []

    class Stuck:
        pid = 77

        def wait(self, seconds: float | None = None) -> None:
            did.append(seconds)
            if len(did) == 1:
                raise subprocess.TimeoutExpired("python", seconds or 0)

        def kill(self) -> None:
            did.append("killed")

    monkeypatch.setattr(writer_process.subprocess, "Popen", lambda *_, **__: Stuck())
    with capture_logs() as lines:
        WriterProcess(str(tmp_path / "one.db")).close()
    assert did == [writer_process.END_SECONDS, "killed", None]
    assert lines == [{"log_level": "warning", "event": "writer_process_killed", "pid": 77}]


async def test_a_signal_that_is_sent_to_all_ends_the_server_first_and_the_child_goes_on_until_then(
    tmp_path: Path,
) -> None:
    async with store_with_process(tmp_path) as store:
        child = await store.urgent(where)
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(child, number)
            assert await store.urgent(where) == child


async def test_a_child_that_has_never_begun_is_started_again_after_a_while_and_one_that_had_at_once(
    tmp_path: Path,
) -> None:
    """A child that cannot begin would otherwise be started for each verb."""

    class Gone:
        pid, closed = 1, 0

        def __init__(self, started: bool) -> None:
            self.started = started

        def ready(self) -> bool:
            raise WriterGone

        def close(self) -> None:
            self.closed += 1

    for started in (False, True):
        store = SqliteStore(tmp_path / f"{started}.db")
        migrate_sqlite(store.connection)
        store._process = gone = Gone(started)  # type: ignore[assignment]
        with capture_logs() as lines:
            assert await store.urgent(where) == os.getpid()
        assert (gone.closed, store._process is not None, store._start_at is None) == (1, started, started)
        told = {"event": "writer_process_gone", "pid": 1, "replaced": started}
        assert lines == [{"log_level": "error", **told}]
        if not started:
            await store.urgent(where)
            assert store._process is None
            store._start_at = 0.0  # the time has come
            await store.urgent(where)
            assert store._process is not None
        await store.close()
