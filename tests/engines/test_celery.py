"""Runs as tasks of Celery: one message a run, and the outcome by the result backend. Valkey and the worker are real."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import redis

from horarium.domain.execution import Outcome, Refused, Verdict, Watched
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.engines.celery import CeleryExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.engines.conftest import free_port, running, valkey_command
from tests.engines.counting import counted
from tests.engines.looks import ended, given, target_of
from tests.engines.workers import COUNTS, RESULTS, celery_worker, url, wait_until_said
from tests.executors.calls import RUN_ID, call_of, stored_call

RUN = prefixed("run", RUN_ID)


@pytest_asyncio.fixture
async def executor(valkey_port: int) -> AsyncIterator[CeleryExecutor]:
    made = make(
        ExecutorOptions(engine_hosts=(f"127.0.0.1:{valkey_port}",), public_url="https://horarium.example")
    )
    yield made
    await made.close()


@pytest.fixture(scope="module")
def worker(valkey_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with celery_worker(valkey_port, "reports", tmp_path_factory.mktemp("celery") / "log"):
        yield


@pytest.fixture
def broker(valkey_port: int) -> Iterator[Any]:
    client = redis.Redis.from_url(url(valkey_port))
    client.flushdb()
    yield client
    client.close()


def config_of(port: int, queue: str = "reports", **more: Any) -> dict[str, Any]:
    return {
        "server": f"127.0.0.1:{port}",
        "task": "reports.make",
        "queue": queue,
        "args": ["{{ input.team }}"],
        "kwargs": {"month": "{{ slot }}"},
        "result_database": RESULTS,
    } | more


async def test_a_run_is_one_task_and_ends_with_its_result(executor, worker, valkey_port):
    call, taken = await given(executor, config_of(valkey_port), "result")
    run = prefixed("run", call.run_id)
    assert taken.handle == run == executor.handle_of(call.run_id)
    output = {"team": "blue", "month": "2026-03-08T13:00:00Z", "run": run}
    assert await ended(executor, call, taken.handle) == Outcome(Verdict.SUCCEEDED, output=output)
    again = await executor.execute(call_of(call.config, run_id=call.run_id, attempt=2, watched=True))
    assert (again.verdict, again.handle) == (Verdict.ACCEPTED, run)
    assert again.output == {"task_id": run, "queue": "reports", "duplicate": True}
    assert counted(url(valkey_port, COUNTS))[run] == 1


async def test_without_arguments_the_task_gets_the_context(executor, worker, valkey_port):
    config = {
        "server": f"127.0.0.1:{valkey_port}",
        "task": "reports.whole",
        "queue": "reports",
        "result_database": 1,
    }
    call, taken = await given(executor, config, "context")
    assert (await ended(executor, call, taken.handle)).output == {"of": taken.handle}


async def test_a_task_that_raises_fails_its_run_with_the_exception(executor, worker, valkey_port):
    call, taken = await given(executor, config_of(valkey_port), "raises", input={"team": "broken"})
    outcome = await ended(executor, call, taken.handle)
    assert (outcome.verdict, outcome.error) == (
        Verdict.FAILED,
        "the task failed: ValueError: the team is broken",
    )


async def test_a_task_that_is_cancelled_before_it_begins_is_left_out(executor, valkey_port, tmp_path):
    queue = "later"
    call, taken = await given(executor, config_of(valkey_port, queue), "cancelled")
    with (
        celery_worker(valkey_port, "other", tmp_path / "log") as process,
        redis.Redis.from_url(url(valkey_port)) as client,
    ):
        # A worker that says that it is ready may miss what is broadcast in the next moment: it is told again.
        words, log = b"flagged as revoked: " + taken.handle.encode(), tmp_path / "log"
        for _ in range(10):
            await executor.cancel(target_of(call), Watched(call.run_id, taken.handle))
            await asyncio.sleep(0.5)
            if words in log.read_bytes():
                break
        wait_until_said(words, process, log)
        client.rename(queue, "other")  # the worker that was told comes to it
        outcome = await ended(executor, call, taken.handle)
    assert (outcome.verdict, outcome.error) == (
        Verdict.FAILED,
        "the task was revoked: TaskRevokedError: revoked",
    )


async def test_a_run_is_one_message_for_as_long_as_it_is_remembered(executor, valkey_port, broker):
    call = stored_call(executor, config_of(valkey_port, "unread", remember_s=60))
    for attempt in (1, 2):
        outcome = await executor.execute(call_of(call.config, attempt=attempt))
        assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
    assert broker.llen("unread") == 1
    assert 0 < broker.ttl(f"horarium:{RUN}") <= 60
    broker.delete(f"horarium:{RUN}")
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    assert broker.llen("unread") == 2


async def test_a_message_that_is_refused_leaves_no_mark(executor, valkey_port, broker):
    broker.set("taken", "this is no list")
    outcome = await executor.execute(stored_call(executor, config_of(valkey_port, "taken")))
    assert (outcome.verdict, outcome.unreached) == (Verdict.FAILED, False)
    assert outcome.error.startswith("the engine refused the run: ")
    assert "WRONGTYPE" in outcome.error
    assert not broker.exists(f"horarium:{RUN}")


async def test_the_callback_of_a_run_stands_in_the_headers_of_its_task(executor, valkey_port, broker):
    call = stored_call(executor, config_of(valkey_port, "unread"), callback_token="cbt_secret")
    assert (await executor.execute(call)).verdict is Verdict.ACCEPTED
    headers = json.loads(broker.lindex("unread", 0))["headers"]
    assert headers["Horarium-Callback-Token"] == "cbt_secret"
    assert headers["Horarium-Callback-Url"] == f"https://horarium.example/horarium/v1/runs/{RUN}"


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        (pickle.dumps({"status": "SUCCESS", "result": 1}), "the stored result is not JSON"),
        (b'{"status": "FAILURE", "result": null}', "the task failed"),
        (
            b'{"status": "FAILURE", "result": {"exc_type": "E", "exc_message": ["sesame-1"]}}',
            "the task failed: E: ***",
        ),
        (b"[" * 10_000, "the stored result is not JSON"),
    ],
)
async def test_results_are_read_as_json_alone_and_without_secrets(executor, valkey_port, stored, error):
    call = stored_call(executor, config_of(valkey_port, secrets={"WORD": "sesame-1"}))
    with redis.Redis.from_url(url(valkey_port, RESULTS)) as results:
        results.set("celery-task-meta-run_x", stored, ex=60)
        (outcome,) = (await executor.watch(target_of(call), [Watched(b"x", "run_x")])).values()
    assert outcome.verdict is Verdict.FAILED
    assert outcome.error.startswith(error)


async def test_of_a_result_that_is_too_long_the_beginning_is_kept_as_text(executor, valkey_port):
    call = stored_call(executor, config_of(valkey_port))
    with redis.Redis.from_url(url(valkey_port, RESULTS)) as results:
        results.set(
            "celery-task-meta-run_y", b'{"status": "SUCCESS", "result": "%s"}' % (b"x" * 3_000_000), ex=60
        )
        (outcome,) = (await executor.watch(target_of(call), [Watched(b"y", "run_y")])).values()
    assert outcome == Outcome(Verdict.SUCCEEDED, output='"' + "x" * (64 * 1024 - 1))


async def test_a_result_that_cannot_be_read_leaves_the_others_as_they_are(executor, valkey_port):
    call = stored_call(executor, config_of(valkey_port))
    with redis.Redis.from_url(url(valkey_port, RESULTS)) as results:
        results.delete("celery-task-meta-listed", "celery-task-meta-done")
        results.lpush("celery-task-meta-listed", "no result at all")
        results.set("celery-task-meta-done", b'{"status": "SUCCESS", "result": 3}')
    names = ("listed", "done")
    found = await executor.watch(target_of(call), [Watched(name.encode(), name) for name in names])
    assert isinstance(found[b"listed"], Refused)
    assert "WRONGTYPE" in str(found[b"listed"])
    assert found[b"done"] == Outcome(Verdict.SUCCEEDED, output=3)


async def test_a_server_that_was_away_is_found_again(tmp_path: Path):
    port = free_port()
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    call = stored_call(executor, config_of(port))
    away = await executor.execute(call)
    assert (away.verdict, away.retryable, away.unreached) == (Verdict.FAILED, True, True)
    assert away.error == "the engine could not be reached: connection refused"
    try:
        for _ in range(2):
            with running(valkey_command(port, tmp_path), port, tmp_path / "log"):
                async with asyncio.timeout(20):  # it listens before it has read what it had stored
                    while (outcome := await executor.execute(call)).unreached:
                        await asyncio.sleep(0.02)
                assert outcome.verdict is Verdict.SUCCEEDED, outcome.error
                assert await executor.watch(target_of(call), [Watched(RUN_ID, RUN)]) == {}
            assert (await executor.execute(call)).unreached
            (unseen,) = (await executor.watch(target_of(call), [Watched(RUN_ID, RUN)])).values()
            with pytest.raises(OSError, match=r"refused|closed|lost|reset"):
                raise unseen
    finally:
        await executor.close()


async def test_a_wrong_password_is_no_outage_and_is_not_shown(tmp_path: Path):
    port = free_port()
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{port}",)))
    with running([*valkey_command(port, tmp_path), "--requirepass", "right"], port, tmp_path / "log"):
        for password, taken in (("sesame-1", False), ("right", True)):
            call = stored_call(executor, config_of(port, password=password))
            outcome = await executor.execute(call)
            assert (outcome.verdict is Verdict.SUCCEEDED, outcome.unreached) == (taken, False), outcome.error
            assert "sesame" not in str(outcome)
    await executor.close()


async def test_only_listed_engines_are_connected_to(valkey_port):
    config = config_of(valkey_port)
    for listed in ((), ("*",), ("redis.example.com",), (f"127.0.0.1:{valkey_port + 1}",)):
        executor = make(ExecutorOptions(engine_hosts=listed))
        call = stored_call(executor, config)
        (problem,) = executor.check_hosts(call.workspace_id, config)
        assert "engine_hosts" in problem.message
        outcome = await executor.execute(call)
        assert (outcome.retryable, outcome.unreached) == (False, False)
        assert "engine_hosts" in outcome.error
        await executor.close()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"server": "a b"}, "server"),
        ({"server": "redis://redis"}, "server"),
        ({"database": -1}, "database"),
        ({"database": True}, "database"),
        ({"task": ""}, "task"),
        ({"queue": 5}, "queue"),
        ({"args": {"team": 1}}, "args"),
        ({"args": ["{{ nothing }}"]}, "args.0"),
        ({"kwargs": ["team"]}, "kwargs"),
        ({"remember_s": 0}, "remember_s"),
        ({"user": "horarium"}, "password"),
        ({"serializer": "pickle"}, "serializer"),
    ],
)
def test_a_mistake_is_reported_at_its_field(config, field):
    problems = make(ExecutorOptions()).check(config_of(6379) | config)
    assert [problem.field for problem in problems] == [field]


def test_a_password_is_a_secret():
    public, secrets = make(ExecutorOptions()).split(config_of(6379, password="open sesame"))
    assert (public["password"], secrets) == ("***", {"password": "open sesame"})


async def test_of_runs_that_go_together_one_that_is_refused_or_given_up_holds_back_no_other(
    executor, valkey_port, broker
):
    broker.set("taken", "this is no list")
    calls = [
        stored_call(
            executor,
            config_of(valkey_port, "taken" if number == 7 else "together"),
            run_id=derived_id(number, b"together"),
            target_id=derived_id(2, b"taken" if number == 7 else b"together"),
        )
        for number in range(300)
    ]
    tasks = [asyncio.create_task(executor.execute(call)) for call in calls]
    await asyncio.sleep(0)
    tasks[9].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes.pop(9), asyncio.CancelledError)
    assert outcomes.pop(7).error.startswith("the engine refused the run: ")
    assert {outcome.verdict for outcome in outcomes} == {Verdict.SUCCEEDED}
    assert 298 <= broker.llen("together") <= 299


@pytest.mark.parametrize("more", [{"database": 999}, {"user": "nobody", "password": "wrong"}])
async def test_a_place_that_the_server_does_not_open_is_a_refusal(valkey_port, more):
    executor = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{valkey_port}",)))
    outcome = await executor.execute(
        stored_call(executor, {"server": f"127.0.0.1:{valkey_port}", "task": "job"} | more)
    )
    await executor.close()
    assert outcome.error.startswith("the engine refused the run: "), outcome.error
