"""What the first page tells of runs that wait."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from horarium.console.now import waits
from horarium.domain.waiting import WaitCause


def run(number: int, target: bytes, due_ms: int) -> Any:
    return SimpleNamespace(id=bytes([number]), target_id=target, due_ms=due_ms)


def test_for_what_runs_wait_is_told_by_target_and_cause_the_most_frequent_first() -> None:
    waiting = [run(1, b"a", 30), run(2, b"b", 50), run(3, b"b", 20), run(4, b"b", 40), run(5, b"a", 10)]
    causes = dict.fromkeys((bytes([1]), bytes([2]), bytes([3])), WaitCause.PLACE) | {
        bytes([4]): WaitCause.RETRY
    }
    found = waits(waiting, causes, {})
    assert [(each.cause, each.count, each.oldest_ms) for each in found] == [
        (WaitCause.PLACE, 2, 20),
        (WaitCause.PLACE, 1, 30),
        (WaitCause.RETRY, 1, 40),
    ]
