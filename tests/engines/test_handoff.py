"""A server is killed at random while its runs go to a real engine: each becomes one item there, and ends here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.engines.handoff import RUNS, hand_over
from tests.engines.others import (
    beside,
    executions,
    nats_target,
    temporal_target,
    work_off_messages,
    work_off_workflows,
)


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
