"""A server is killed at random while its runs go to a real engine: each becomes one item there, and ends here."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.engines.away import AWAY, Away, entries_of
from tests.engines.conftest import free_port, running, valkey_command
from tests.engines.counting import counted
from tests.engines.handoff import DOWN_S, RUNS, hand_over, hand_over_to_one_that_is_away
from tests.engines.others import (
    beside,
    executions,
    nats_target,
    temporal_target,
    work_off_messages,
    work_off_workflows,
)
from tests.engines.rabbit import durable_queue, rabbit
from tests.engines.takers import (
    fifo_queue,
    finish_jobs,
    kafka_target,
    kubernetes_target,
    mock_kafka,
    rabbit_target,
    sqs_target,
    streams_target,
)
from tests.engines.workers import COUNTS, celery_target, celery_worker, rq_target, rq_worker, url
from tests.executors.emulated_kubernetes import EmulatedKubernetes


def test_each_run_is_one_message_on_nats_whatever_is_killed(tmp_path: Path, nats_port: int) -> None:
    seen: Counter[str] = Counter()
    with beside(work_off_messages(nats_port, "kill", seen)):
        handed = hand_over(tmp_path, f"127.0.0.1:{nats_port}", nats_target(nats_port, "kill"))
    print(f"nats: {RUNS} runs, {handed.kills} kills, {seen.total()} messages, {handed.seconds:.1f} s")
    assert handed.states == {"succeeded": RUNS}
    assert set(seen.values()) == {1}
    assert len(seen) == RUNS


def test_each_run_is_one_workflow_on_temporal_whatever_is_killed(tmp_path: Path, temporal_port: int) -> None:
    executions.clear()
    with beside(work_off_workflows(temporal_port, "kill")):
        handed = hand_over(tmp_path, f"127.0.0.1:{temporal_port}", temporal_target(temporal_port, "kill"))
    print(
        f"temporal: {RUNS} runs, {handed.kills} kills, {executions.total()} executions, {handed.seconds:.1f} s"
    )
    assert handed.states == {"succeeded": RUNS}
    assert set(executions.values()) == {1}
    assert len(executions) == RUNS


@pytest.mark.parametrize(
    ("name", "worker", "target"), [("celery", celery_worker, celery_target), ("rq", rq_worker, rq_target)]
)
def test_each_run_is_one_task_of_celery_and_rq_whatever_is_killed(
    tmp_path: Path, name: str, worker: Any, target: Any
) -> None:
    port, folder = free_port(), tmp_path / "valkey"
    folder.mkdir()
    with (
        running(valkey_command(port, folder), port, folder / "log"),
        worker(port, "kill", tmp_path / "worker.log"),
    ):
        handed = hand_over(tmp_path, f"127.0.0.1:{port}", target(port, "kill"))
        times = counted(url(port, COUNTS))
    print(
        f"{name}: {RUNS} runs, {handed.kills} kills, {sum(times.values())} executions, {handed.seconds:.1f} s"
    )
    assert handed.states == {"succeeded": RUNS}
    assert set(times.values()) == {1}
    assert len(times) == RUNS


@pytest.mark.parametrize("engine", AWAY, ids=lambda engine: engine.__name__)
def test_runs_wait_for_an_engine_that_is_away_and_their_attempts_say_so(
    tmp_path: Path, engine: type[Away]
) -> None:
    with ExitStack() as stack:
        away = engine(tmp_path, stack)
        waited = hand_over_to_one_that_is_away(tmp_path, f"127.0.0.1:{away.port}", away.target(), away.comes)
        times = away.items()
    print(
        f"{engine.__name__} away: {RUNS} runs, {DOWN_S:.0f} s down, {times.total()} items, all ended "
        f"{waited.seconds:.1f} s after the engine came; their attempts said: {sorted(waited.reasons)}"
    )
    assert waited.states == {"succeeded": RUNS}
    assert "the engine could not be reached: connection refused" in waited.reasons
    assert waited.reasons <= away.reasons
    assert len(times) == RUNS
    assert max(times.values()) == 1


def test_runs_wait_for_an_engine_that_says_nothing(tmp_path: Path) -> None:
    """For far longer than their attempts would have taken, of which the usual policy allows three."""
    port, folder, down_s = free_port(), tmp_path / "valkey", max(DOWN_S, 15.0)
    folder.mkdir()
    with running(valkey_command(port, folder), port, folder / "log") as process:
        process.send_signal(signal.SIGSTOP)
        waited = hand_over_to_one_that_is_away(
            tmp_path,
            f"127.0.0.1:{port}",
            streams_target(port, "silent") | {"timeout": "1s"},
            lambda: process.send_signal(signal.SIGCONT),
            down_s,
        )
        times = entries_of(port, "silent")
    print(f"silent: {RUNS} runs, {down_s:.0f} s, all ended {waited.seconds:.1f} s after it spoke again")
    assert waited.states == {"succeeded": RUNS}
    assert "the engine did not take the run within 1 s" in waited.reasons
    assert len(times) == RUNS
    assert max(times.values()) == 1


def test_each_run_is_one_job_of_an_emulated_kubernetes_whatever_is_killed(tmp_path: Path) -> None:
    cluster, port = EmulatedKubernetes(), free_port()
    with beside(finish_jobs(cluster, port)):
        handed = hand_over(tmp_path, f"127.0.0.1:{port}", kubernetes_target(port))
    asked = Counter(line.partition(" ")[0] for line in cluster.asked)
    print(
        f"kubernetes: {RUNS} runs, {handed.kills} kills, {cluster.created} Jobs, {asked['POST']} requests for them"
    )
    assert handed.states == {"succeeded": RUNS}
    assert cluster.created == len(cluster.jobs) == RUNS


def test_each_run_is_one_message_of_an_emulated_sqs_whatever_is_killed(tmp_path: Path) -> None:
    with fifo_queue() as (port, queue, received):
        handed = hand_over(tmp_path, f"127.0.0.1:{port}", sqs_target(queue))
        times = Counter(received())
    print(f"sqs: {RUNS} runs, {handed.kills} kills, {times.total()} messages, {handed.seconds:.1f} s")
    assert handed.states == {"succeeded": RUNS}
    assert set(times.values()) == {1}
    assert len(times) == RUNS


def test_each_run_is_one_entry_of_a_stream_whatever_is_killed(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "valkey"
    folder.mkdir()
    with running(valkey_command(port, folder), port, folder / "log"):
        handed = hand_over(tmp_path, f"127.0.0.1:{port}", streams_target(port, "kill"))
        times = entries_of(port, "kill")
    print(f"streams: {RUNS} runs, {handed.kills} kills, {times.total()} entries, {handed.seconds:.1f} s")
    assert handed.states == {"succeeded": RUNS}
    assert set(times.values()) == {1}
    assert len(times) == RUNS


def test_each_run_is_a_message_of_rabbitmq_under_its_id_whatever_is_killed(tmp_path: Path) -> None:
    """RabbitMQ knows no message again, so a run may be two of them."""
    port = free_port()
    with rabbit(port, tmp_path), durable_queue(port, "jobs") as received:
        handed = hand_over(tmp_path, f"127.0.0.1:{port}", rabbit_target(port, "jobs"))
        times = Counter(received())
    twice = sum(1 for count in times.values() if count > 1)
    print(
        f"rabbitmq: {RUNS} runs, {handed.kills} kills, {times.total()} messages, {twice} runs have two or more, "
        f"{handed.seconds:.1f} s"
    )
    assert handed.states == {"succeeded": RUNS}
    assert len(times) == RUNS
    assert max(times.values()) <= handed.kills


def test_each_run_is_a_record_of_kafka_under_its_id_whatever_is_killed(tmp_path: Path) -> None:
    """A producer that begins anew is a new one for Kafka, so a run may be two records. The cluster is a mock: it keeps
    nothing and cannot fail over."""
    with mock_kafka() as (port, received):
        handed = hand_over(tmp_path, "127.0.0.1", kafka_target(port, "jobs"))
        times = Counter(received("jobs"))
    twice = sum(1 for count in times.values() if count > 1)
    print(
        f"kafka: {RUNS} runs, {handed.kills} kills, {times.total()} records, {twice} runs have two or more, "
        f"{handed.seconds:.1f} s"
    )
    assert handed.states == {"succeeded": RUNS}
    assert len(times) == RUNS
    assert max(times.values()) <= handed.kills
