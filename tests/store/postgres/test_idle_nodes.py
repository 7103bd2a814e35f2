"""Nodes with nothing to begin take what a busy one has in hand and not begun."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace

from horarium.domain.execution import Call, Outcome, Verdict
from horarium.store.postgres import PostgresStore
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import dispatch
from horarium.worker.worker import Worker
from tests.support.poolers import opened
from tests.support.postgres import drop_database, migrated_database
from tests.support.tenant import MINUTE, NOON, Node, Tenant

NODES, RUNS, CONCURRENCY = 3, 160, 4
CALL_S = 0.2
# Ten times what is promised, because other tests may keep the machine busy.
PATIENCE_S = 10.0
NOW = NOON + MINUTE


class Calls:
    """An executor whose target takes CALL_S; it notes who called and when."""

    waits_on_network = True

    def __init__(self, place: int, log: list[tuple[float, int, bytes]]) -> None:
        self._place, self._log = place, log

    async def execute(self, call: Call) -> Outcome:
        self._log.append((asyncio.get_running_loop().time(), self._place, call.run_id))
        await asyncio.sleep(CALL_S)
        return Outcome(Verdict.SUCCEEDED)


async def test_idle_nodes_take_what_a_busy_one_has_not_begun_and_nothing_is_sent_twice() -> None:
    url = await migrated_database("idle")
    stores = [await opened(url) for _ in range(NODES)]
    log: list[tuple[float, int, bytes]] = []
    tasks: list[asyncio.Task[None]] = []
    try:
        tenant = await Tenant.open(stores[0])
        await tenant.schedules(RUNS)
        nodes = [await Node.start(store, NOW) for store in stores]
        clock = SimpleNamespace(now_ms=lambda: NOW)
        workers = [
            Worker(store, clock, node.id, {"http": Calls(place, log)}, Vault([new_key()]), CONCURRENCY)
            for place, (store, node) in enumerate(zip(stores, nodes, strict=True))
        ]
        await tenant.release(NOW)
        taken = await stores[0].urgent(dispatch.claim, nodes[0].id, NOW, RUNS, dispatch.BEFORE_ALL, {})
        assert len(taken.runs) == RUNS
        await workers[0]._accept(taken)
        for worker in workers:
            tasks += worker.loops()
        async with asyncio.timeout(PATIENCE_S * 3):
            while len({run for _, _, run in log}) < RUNS or await held(stores[0]):
                await asyncio.sleep(0.05)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for store in stores:
            await store.close()
        drop_database(url)
    assert set(Counter(run for _, _, run in log).values()) == {1}
    first = [min(at for at, other, _ in log if other == place) for place in range(NODES)]
    print(
        f"the idle nodes began {max(first) - first[0]:.2f} s after the busy one; {Counter(p for _, p, _ in log)}"
    )
    assert max(first) - first[0] < PATIENCE_S


async def held(store: PostgresStore) -> bool:
    """Whether any run is in the queue."""
    return bool(await store.read(dispatch.others_hold, b""))
