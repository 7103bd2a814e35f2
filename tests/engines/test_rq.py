"""Runs as jobs of RQ: one job a run, watched to its end. Valkey and the worker are real."""

from __future__ import annotations

import pickle
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
import redis
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.job import Job
from rq.registry import CanceledJobRegistry
from rq.serializers import JSONSerializer

from horarium.domain.execution import Outcome, Verdict, Watched
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.engines.rq import RqExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.engines.counting import counted
from tests.engines.looks import ended, given, target_of
from tests.engines.workers import COUNTS, rq_worker, url, wait_until_said
from tests.executors.calls import RUN_ID, call_of, stored_call

RUN = prefixed("run", RUN_ID)


@pytest_asyncio.fixture
async def executor(valkey_port: int) -> AsyncIterator[RqExecutor]:
    made = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{valkey_port}",)))
    yield made
    await made.close()


@pytest.fixture(scope="module")
def worker(valkey_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with rq_worker(valkey_port, "jobs", tmp_path_factory.mktemp("rq") / "log"):
        yield


@pytest.fixture
def server(valkey_port: int) -> Iterator[Any]:
    with redis.Redis.from_url(url(valkey_port)) as client:
        client.delete(f"rq:job:{RUN}", "rq:queue:unread")
        yield client


def config_of(port: int, queue: str = "jobs", **more: Any) -> dict[str, Any]:
    return {
        "server": f"127.0.0.1:{port}",
        "function": "tests.engines.rq_jobs.make",
        "queue": queue,
        "args": ["{{ input.team }}"],
        "kwargs": {"month": "{{ slot }}"},
    } | more


async def test_a_run_is_one_job_and_ends_with_its_result(executor, worker, valkey_port):
    call, taken = await given(executor, config_of(valkey_port), "rq result")
    run = prefixed("run", call.run_id)
    assert taken.handle == run == executor.handle_of(call.run_id)
    output = {"team": "blue", "month": "2026-03-08T13:00:00Z"}
    assert await ended(executor, call, taken.handle) == Outcome(Verdict.SUCCEEDED, output=output)
    again = await executor.execute(call_of(call.config, run_id=call.run_id, attempt=2, watched=True))
    assert (again.verdict, again.handle) == (Verdict.ACCEPTED, run)
    assert again.output == {"job_id": run, "queue": "jobs", "duplicate": True}
    assert counted(url(valkey_port, COUNTS))[run] == 1


async def test_a_job_that_raises_fails_its_run_with_the_exception(executor, worker, valkey_port):
    call, taken = await given(executor, config_of(valkey_port), "rq raises", input={"team": "broken"})
    outcome = await ended(executor, call, taken.handle)
    assert (outcome.verdict, outcome.error) == (
        Verdict.FAILED,
        "the job failed: ValueError: the team is broken",
    )


async def test_a_job_is_what_rqs_own_client_writes_and_is_unique_to_it_too(executor, server, valkey_port):
    call = stored_call(executor, config_of(valkey_port, "unread", timeout_s=90, remember_s=3_600))
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
    queue = Queue("unread", connection=server, serializer=JSONSerializer)
    job = Job.fetch(RUN, connection=server, serializer=JSONSerializer)
    assert queue.job_ids == [RUN]
    assert queue in Queue.all(connection=server)
    assert (job.func_name, job.args, job.kwargs) == (
        "tests.engines.rq_jobs.make",
        ["blue"],
        {"month": "2026-03-08T13:00:00Z"},
    )
    assert (job.timeout, job.result_ttl, job.failure_ttl, job.get_status()) == (90, 3_600, 3_600, "queued")
    assert job.enqueued_at is not None
    with pytest.raises(DuplicateJobError):
        queue.enqueue("tests.engines.rq_jobs.make", "red", job_id=RUN, unique=True)
    job.delete()
    queue.enqueue("tests.engines.rq_jobs.make", "red", job_id=RUN, unique=True)
    assert (await executor.execute(call)).output["duplicate"] is True
    assert Job.fetch(RUN, connection=server, serializer=JSONSerializer).args == ["red"]


async def test_a_cancelled_run_takes_its_job_out_of_the_queue(executor, server, valkey_port):
    call, taken = await given(executor, config_of(valkey_port, "unread"), "rq cancelled")
    await executor.cancel(target_of(call), Watched(call.run_id, taken.handle))
    assert server.llen("rq:queue:unread") == 0
    registry = CanceledJobRegistry("unread", server, serializer=JSONSerializer)
    assert registry.get_job_ids() == [taken.handle]
    outcome = await ended(executor, call, taken.handle)
    assert (outcome.verdict, outcome.error) == (Verdict.FAILED, "the job was cancelled there")
    await executor.cancel(target_of(call), Watched(call.run_id, taken.handle))  # it is over: nothing to do


async def test_a_cancelled_run_stops_its_job_that_has_begun(executor, server, valkey_port, tmp_path):
    with rq_worker(valkey_port, "slow", tmp_path / "log", "Worker") as process:
        call, taken = await given(executor, config_of(valkey_port, "slow"), "rq slow", input={"team": "slow"})
        wait_until_said(taken.handle.encode(), process, tmp_path / "log")
        while not counted(url(valkey_port, COUNTS)).get(taken.handle):
            assert process.poll() is None
        await executor.cancel(target_of(call), Watched(call.run_id, taken.handle))
        outcome = await ended(executor, call, taken.handle)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.error.startswith("the job was stopped")


async def test_a_job_that_is_not_known_any_more_is_a_failure(executor, valkey_port):
    call = stored_call(executor, config_of(valkey_port))
    (outcome,) = (await executor.watch(target_of(call), [Watched(b"gone", "run_gone")])).values()
    assert outcome.error.startswith("the engine does not know the job any more")
    assert outcome.unknown


async def test_results_are_read_as_json_alone_and_without_secrets(executor, server, valkey_port):
    call = stored_call(executor, config_of(valkey_port, secrets={"WORD": "sesame-1"}))
    stored = {
        "pickled": b64encode(pickle.dumps({"rows": 3})),
        "secret": b64encode(b'{"word": "sesame-1"}'),
        "nothing": b"",
        "long": b64encode(b'"%b"' % (b"x" * 3_000_000)),
        "a long pickle": b64encode(pickle.dumps("x" * 3_000_000)),
    }
    for name, value in stored.items():
        server.hset(f"rq:job:{name}", "status", "finished")
        server.delete(f"rq:results:{name}")
        server.xadd(f"rq:results:{name}", {"type": "1", "return_value": value})
    found = await executor.watch(target_of(call), [Watched(name.encode(), name) for name in stored])
    assert {name.decode(): outcome.output for name, outcome in found.items()} == {
        "pickled": "the result is not JSON: start the workers with --serializer json",
        "secret": {"word": "***"},
        "nothing": None,
        "long": '"' + "x" * (64 * 1024 - 1),
        "a long pickle": "the result is not JSON: start the workers with --serializer json",
    }


async def test_a_job_that_cannot_be_read_leaves_the_others_as_they_are(executor, server, valkey_port):
    call = stored_call(executor, config_of(valkey_port))
    server.delete("rq:job:text", "rq:job:listed", "rq:job:done", "rq:results:listed", "rq:results:done")
    server.set("rq:job:text", "no job at all")
    server.hset("rq:job:listed", "status", "finished")
    server.lpush("rq:results:listed", "no result at all")
    server.hset("rq:job:done", "status", "finished")
    names = ("text", "listed", "done")
    found = await executor.watch(target_of(call), [Watched(name.encode(), name) for name in names])
    assert isinstance(found[b"text"], OSError)
    assert isinstance(found[b"listed"], OSError)
    assert found[b"done"].verdict is Verdict.SUCCEEDED


async def test_an_engine_that_is_away_is_not_reached(valkey_port):
    executor = make(ExecutorOptions(engine_hosts=("127.0.0.1:1",)))
    outcome = await executor.execute(stored_call(executor, config_of(1), run_id=derived_id(1, b"away")))
    assert (outcome.verdict, outcome.retryable, outcome.unreached) == (Verdict.FAILED, True, True)
    await executor.close()


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"server": ""}, "server"),
        ({"function": None}, "function"),
        ({"queue": ""}, "queue"),
        ({"args": "team"}, "args"),
        ({"kwargs": {"team": "{{ nothing }}"}}, "kwargs.team"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"tls": "yes"}, "tls"),
        ({"task": "x"}, "task"),
    ],
)
def test_a_mistake_is_reported_at_its_field(config, field):
    problems = make(ExecutorOptions()).check(config_of(6379) | config)
    assert [problem.field for problem in problems] == [field]


async def test_the_longest_results_of_many_jobs_are_seen_together(executor, server, valkey_port):
    """A value and an exception of a megabyte each, of more jobs than are looked at at a time."""
    runs = [Watched(bytes([number]), f"long-{number}") for number in range(40)]
    fields = {"return_value": b"A" * 1_200_000, "exc_string": b"B" * 1_200_000}
    for run in runs:
        server.hset(f"rq:job:{run.handle}", "status", "finished")
        server.xadd(f"rq:results:{run.handle}", fields)
    seen = await executor.watch(target_of(stored_call(executor, config_of(valkey_port))), runs)
    assert {run: type(found) for run, found in seen.items()} == {run.run_id: Outcome for run in runs}
    for run in runs:
        server.delete(f"rq:job:{run.handle}", f"rq:results:{run.handle}")
