"""What the first page tells of runs that wait."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from horarium.console.now import waits
from horarium.domain.ids import random_id
from horarium.domain.waiting import WaitCause
from horarium.store.verbs import nodes
from tests.api.asking import scheduled
from tests.console.browsing import signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


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


async def test_of_the_nodes_that_are_alive_it_is_told_how_many_do_what() -> None:
    async with House.open(NOW) as house:
        await scheduled(house)
        now = house.clock.now
        for name, roles in (("b", "api,worker"), ("c", "api,worker"), ("d", "worker"), ("e", "engine")):
            node = nodes.NodeRow(random_id(now), name, roles, "1", "z", now, now, now + 60_000)
            await house.store.urgent(nodes.register, node, False)
        async with signed_in(house) as person:
            page = await person.see("/")
        found = re.search(
            r"<b>(\d+)</b> alive.*?<b>(\d+)</b> fire.*?<b>(\d+)</b> run.*?<b>(\d+)</b> answer", page
        )
        assert found is not None
        assert found.groups() == ("5", "2", "4", "3")
