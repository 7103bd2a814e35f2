"""Runs as Jobs of a cluster, whose API server is emulated: `emulated_kubernetes` says what it plays."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from horarium.domain.execution import Call, Outcome, Refused, Verdict, Watched, WatchedTarget
from horarium.domain.ids import derived_id, prefixed
from horarium.executors.engines import kubernetes
from horarium.executors.engines.kubernetes import KubernetesExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.executors.calls import RUN_ID, call_of, stored_call
from tests.executors.emulated_kubernetes import TOKEN, EmulatedKubernetes, status

RUN = prefixed("run", RUN_ID)
LABEL = RUN.lower().replace("_", "-")


@pytest_asyncio.fixture
async def cluster() -> AsyncIterator[tuple[EmulatedKubernetes, int]]:
    emulated = EmulatedKubernetes()
    async with TestServer(emulated.app) as server:
        assert server.port is not None
        yield emulated, server.port


@pytest_asyncio.fixture
async def executor(cluster: tuple[EmulatedKubernetes, int]) -> AsyncIterator[KubernetesExecutor]:
    made = make(ExecutorOptions(engine_hosts=(f"127.0.0.1:{cluster[1]}",)))
    yield made
    await made.close()


def config_of(port: int, **more: Any) -> dict[str, Any]:
    container = {"name": "report", "image": "report:1", "args": ["{{ input.team }}", "{{ secrets.WORD }}"]}
    return {
        "server": f"127.0.0.1:{port}",
        "tls": False,
        "token": TOKEN,
        "namespace": "jobs",
        "spec": {"backoffLimit": 2, "template": {"spec": {"containers": [container]}}},
        "labels": {"team": "reports"},
        "secrets": {"WORD": "sesame-1"},
    } | more


def target_of(call: Call) -> WatchedTarget:
    return WatchedTarget(call.target_id, call.workspace_id, call.config, call.secrets)


async def given(
    executor: KubernetesExecutor, port: int, number: int = 0, **more: Any
) -> tuple[Call, Watched]:
    """A watched run whose Job was created."""
    call = stored_call(executor, config_of(port, **more), run_id=derived_id(number, b"job"), watched=True)
    outcome = await executor.execute(call)
    assert outcome.verdict is Verdict.ACCEPTED, outcome.error
    assert outcome.handle is not None
    return call, Watched(call.run_id, outcome.handle)


async def looked(executor: KubernetesExecutor, call: Call, *runs: Watched) -> Any:
    return await executor.watch(target_of(call), runs)


async def test_a_run_is_one_job_of_its_name_however_often_it_is_given_away(executor, cluster):
    emulated, port = cluster
    call = stored_call(executor, config_of(port), watched=True)
    outcome = await executor.execute(call)
    assert outcome == Outcome(Verdict.ACCEPTED, output={"job": LABEL, "namespace": "jobs"}, handle=LABEL)
    assert executor.handle_of(call.run_id) == LABEL
    again = await executor.execute(call_of(call.config, call.secrets, attempt=2, watched=True))
    assert (again.verdict, again.handle, again.output["duplicate"]) == (Verdict.ACCEPTED, LABEL, True)
    job = emulated.jobs[LABEL]
    assert emulated.created == 1
    assert job["metadata"]["annotations"] == {"horarium/run": RUN}
    assert job["metadata"]["labels"]["team"] == "reports"
    assert job["spec"]["ttlSecondsAfterFinished"] == 172_800
    assert job["spec"]["backoffLimit"] == 2
    pod = job["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["containers"][0]["args"] == ["blue", "sesame-1"]


async def test_what_the_spec_says_comes_before_what_is_filled_in(executor, cluster):
    emulated, port = cluster
    spec = {
        "ttlSecondsAfterFinished": 60,
        "template": {"spec": {"restartPolicy": "OnFailure", "containers": [{"name": "a", "image": "b"}]}},
    }
    await given(executor, port, spec=spec)
    (job,) = emulated.jobs.values()
    assert job["spec"] == spec


async def test_a_job_that_completes_ends_its_run(executor, cluster):
    emulated, port = cluster
    call, run = await given(executor, port)
    assert await looked(executor, call, run) == {}
    emulated.jobs[run.handle]["status"] = {"conditions": [{"type": "Suspended", "status": "True"}]}
    assert await looked(executor, call, run) == {}
    emulated.jobs[run.handle]["status"] = {"conditions": [{"type": "Failed", "status": "False"}]}
    assert await looked(executor, call, run) == {}
    emulated.finish(run.handle)
    outcome = (await looked(executor, call, run))[run.run_id]
    assert (outcome.verdict, outcome.output["succeeded"]) == (Verdict.SUCCEEDED, 1)


async def test_a_job_that_fails_fails_its_run_with_the_reason(executor, cluster):
    emulated, port = cluster
    call, run = await given(executor, port)
    emulated.fail(run.handle)
    outcome = (await looked(executor, call, run))[run.run_id]
    words = "the Job failed: BackoffLimitExceeded: Job has reached the specified backoff limit"
    assert (outcome.verdict, outcome.error) == (Verdict.FAILED, words)


@pytest.mark.parametrize(
    ("message", "output"),
    [
        ('{"rows": 3}', {"rows": 3}),
        ("three rows", "three rows"),
        ("the word is sesame-1", "the word is ***"),
        (None, None),
    ],
)
async def test_the_termination_message_of_the_latest_pod_becomes_the_output(
    executor, cluster, message, output
):
    emulated, port = cluster
    call, run = await given(executor, port, termination_message=True)
    emulated.fail(run.handle, None if message is None else "an earlier pod")
    emulated.finish(run.handle, message)
    assert (await looked(executor, call, run))[run.run_id] == Outcome(Verdict.SUCCEEDED, output=output)


async def test_many_runs_are_looked_at_by_lists_of_what_has_not_succeeded(executor, cluster):
    emulated, port = cluster
    given_away = [await given(executor, port, number) for number in range(150)]
    call, runs = given_away[0][0], [run for _, run in given_away]
    emulated.asked.clear()
    assert await looked(executor, call, *runs) == {}
    assert [asked.partition("?")[0] for asked in emulated.asked] == [
        "GET /apis/batch/v1/namespaces/jobs/jobs"
    ] * 3
    emulated.finish(runs[0].handle)
    emulated.fail(runs[1].handle)
    del emulated.jobs[runs[2].handle]
    found = await looked(executor, call, *runs)
    assert {run: outcome.verdict.value for run, outcome in found.items()} == {
        runs[0].run_id: "succeeded",
        runs[1].run_id: "failed",
        runs[2].run_id: "failed",
    }
    assert found[runs[2].run_id].error.startswith("the cluster does not know the Job any more")
    assert found[runs[2].run_id].unknown


async def test_a_cancelled_run_deletes_its_job(executor, cluster):
    emulated, port = cluster
    call, run = await given(executor, port)
    await executor.cancel(target_of(call), run)
    assert emulated.jobs == {}
    await executor.cancel(target_of(call), run)  # it is gone: nothing to do


@pytest.mark.parametrize(
    ("refusal", "retryable", "unreached"),
    [
        ((409, "Conflict", "Operation cannot be fulfilled on resourcequotas"), True, False),
        ((403, "Forbidden", "jobs.batch is forbidden: exceeded quota"), False, False),
        ((422, "Invalid", "spec.template: Required value"), False, False),
        ((500, "InternalError", "failed calling webhook"), True, False),
        # A cluster that comes back says so to most of what is asked at first.
        ((429, "TooManyRequests", "the server has received too many requests"), True, True),
        ((503, "ServiceUnavailable", "etcd is away sesame-1"), True, True),
    ],
)
async def test_what_the_cluster_refuses_is_no_job_and_its_words_are_told(
    executor, cluster, refusal, retryable, unreached
):
    emulated, port = cluster
    emulated.refusal = status(*refusal)
    outcome = await executor.execute(stored_call(executor, config_of(port), watched=True))
    words = f"the cluster did not create the Job: {refusal[2].replace('sesame-1', '***')}"
    assert outcome == Outcome(Verdict.FAILED, error=words, retryable=retryable, unreached=unreached)


async def test_a_cluster_that_cannot_be_asked_ends_no_run(executor, cluster):
    emulated, port = cluster
    call, run = await given(executor, port)
    for refusal in (
        status(503, "ServiceUnavailable", "later"),
        web.Response(text="<html>a proxy</html>", status=200),
        web.Response(body=b"x" * (17 * 1024 * 1024)),
    ):
        emulated.refusal = refusal
        found = await looked(executor, call, run)
        assert all(isinstance(seen, OSError) for seen in found.values())


async def test_what_is_no_kubernetes_says_so(executor, cluster, monkeypatch):
    """A proxy that answers everything with a page of its own would leave runs without a word until their deadline."""
    emulated, port = cluster
    emulated.refusal = web.Response(text="<html>sign in</html>", content_type="text/html")
    outcome = await executor.execute(stored_call(executor, config_of(port)))
    words = "the engine refused the run: what answers there is no Kubernetes: it shows no Job"
    assert (outcome.verdict, outcome.error) == (Verdict.FAILED, words)
    call, run = await given(executor, port)
    emulated.refusal = web.Response(text="<html>sign in</html>", content_type="text/html")
    found = await looked(executor, call, run)
    assert str(found[run.run_id]) == "what answers there is no Kubernetes: it shows no Job"
    monkeypatch.setattr(kubernetes, "_LISTED_FROM", 1)
    emulated.refusal = web.json_response(["no", "list"])
    with pytest.raises(Refused, match="it shows no list of Jobs"):
        await looked(executor, call, run)


async def test_a_list_that_takes_long_is_left_for_single_looks(executor, cluster, monkeypatch):
    """Jobs that have failed stay in the list for days, so a target may have thousands."""
    monkeypatch.setattr(kubernetes, "_LISTED_FROM", 2)
    monkeypatch.setattr(kubernetes, "_LISTING_S", 0.05)
    emulated, port = cluster
    runs = [(await given(executor, port, number)) for number in range(2)]
    emulated.finish(runs[1][1].handle)
    emulated.listing = asyncio.Event()  # which nobody sets
    async with asyncio.timeout(3):
        found = await looked(executor, runs[0][0], *(run for _, run in runs))
    assert list(found) == [runs[1][1].run_id]
    assert found[runs[1][1].run_id].verdict is Verdict.SUCCEEDED


async def test_a_job_that_cannot_be_shown_leaves_the_others_as_they_are(executor, cluster):
    emulated, port = cluster
    runs = [(await given(executor, port, number)) for number in range(3)]
    call = runs[0][0]
    for _, run in runs[1:]:
        emulated.finish(run.handle)
    emulated.jobs[runs[1][1].handle]["status"]["conditions"] = 7
    found = await looked(executor, call, *(run for _, run in runs))
    words = "what answers there is no Kubernetes: its conditions are no list"
    assert str(found[runs[1][1].run_id]) == words
    assert found[runs[2][1].run_id].verdict is Verdict.SUCCEEDED
    assert runs[0][1].run_id not in found


async def test_a_cluster_that_is_away_is_not_reached(executor):
    away = make(ExecutorOptions(engine_hosts=("127.0.0.1:1",)))
    outcome = await away.execute(stored_call(away, config_of(1)))
    assert (outcome.verdict, outcome.retryable, outcome.unreached) == (Verdict.FAILED, True, True)
    assert outcome.error == "the engine could not be reached: connection refused"
    await away.close()


async def test_only_listed_engines_are_connected_to(cluster):
    emulated, port = cluster
    for listed in ((), ("*",), ("kubernetes.example.com",), (f"127.0.0.1:{port + 1}",)):
        executor = make(ExecutorOptions(engine_hosts=listed))
        call = stored_call(executor, config_of(port))
        (problem,) = executor.check_hosts(call.workspace_id, call.config)
        assert "engine_hosts" in problem.message
        outcome = await executor.execute(call)
        assert (outcome.retryable, outcome.unreached) == (False, False)
        assert "engine_hosts" in outcome.error
        await executor.close()
    assert emulated.asked == []


async def test_a_redirect_is_not_followed(executor, cluster):
    emulated, port = cluster
    emulated.refusal = web.Response(status=302, headers={"Location": f"http://127.0.0.1:{port}/elsewhere"})
    outcome = await executor.execute(stored_call(executor, config_of(port)))
    assert outcome.error == "the cluster did not create the Job: it answered 302"
    assert len(emulated.asked) == 1


def test_the_cluster_may_have_certificates_of_its_own(tmp_path: Path):
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=k",
        "-out",
        "c",
        "-keyout",
        "k",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    ca = (tmp_path / "c").read_text()
    assert make(ExecutorOptions()).check(config_of(6443, tls=True, ca=ca)) == []


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"server": "https://kubernetes"}, "server"),
        ({"ca": "no certificate"}, "ca"),
        ({"ca": ""}, "ca"),
        ({"ca": "zertifikät"}, "ca"),
        ({"namespace": "../secrets"}, "namespace"),
        ({"namespace": "Jobs"}, "namespace"),
        ({"spec": None}, "spec"),
        ({"spec": "{{ input.spec }}"}, "spec"),
        ({"spec": {"template": {"spec": {"containers": []}}}}, "spec.template.spec.containers"),
        ({"spec": {"a": "{{ nothing }}"}}, "spec.a"),
        ({"labels": {"a b": "c"}}, "labels"),
        ({"labels": {"horarium/target": "c"}}, "labels"),
        ({"labels": ["a"]}, "labels"),
        ({"termination_message": "yes"}, "termination_message"),
        ({"image": "x"}, "image"),
    ],
)
def test_a_mistake_is_reported_at_its_field(config, field):
    problems = make(ExecutorOptions()).check(config_of(6443) | config)
    assert [problem.field for problem in problems] == [field]


def test_the_token_is_a_secret():
    public, secrets = make(ExecutorOptions()).split(config_of(6443))
    assert public["token"] == "***"
    assert secrets == {"token": TOKEN, "secrets.WORD": "sesame-1"}


@pytest.mark.parametrize("wrong", [True, 1, 1.5, "True", {"type": "Complete"}])
def test_conditions_that_are_no_list_are_those_of_no_job(wrong):
    with pytest.raises(Refused, match="its conditions are no list"):
        kubernetes.ending({"status": {"conditions": wrong}})


@pytest.mark.parametrize("job", [7, [], {}, {"status": 7}, {"status": {"conditions": [[], None, 7, {}]}}])
def test_a_job_without_a_condition_shows_no_end(job):
    assert kubernetes.ending(job) is None


async def test_a_job_of_another_form_in_a_list_leaves_the_others_as_they_are(executor, cluster, monkeypatch):
    emulated, port = cluster
    monkeypatch.setattr(kubernetes, "_LISTED_FROM", 1)
    runs = [(await given(executor, port, number)) for number in range(2)]
    emulated.jobs[runs[1][1].handle]["status"]["conditions"] = 7
    found = await looked(executor, runs[0][0], *(run for _, run in runs))
    words = "what answers there is no Kubernetes: its conditions are no list"
    assert {run: str(seen) for run, seen in found.items()} == {runs[1][1].run_id: words}
