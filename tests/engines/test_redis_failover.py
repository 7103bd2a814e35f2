"""A Redis or Valkey that takes nothing now: it has become a replica, as one does in a failover while connections to it
stay open, it is full, or its replicas are gone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import redis

from horarium.domain.execution import Verdict
from horarium.domain.ids import derived_id
from horarium.executors.engines.rq import RqExecutor, make
from horarium.executors.options import ExecutorOptions
from tests.engines.conftest import free_port, running, valkey_command
from tests.engines.workers import url
from tests.executors.calls import stored_call


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Any]]:
    """A server of its own, with a client that may change what it is."""
    port = free_port()
    with (
        running(valkey_command(port, tmp_path), port, tmp_path / "log"),
        redis.Redis.from_url(url(port)) as client,
    ):
        yield port, client


@pytest_asyncio.fixture
async def executor() -> AsyncIterator[RqExecutor]:
    made = make(ExecutorOptions(engine_hosts=("127.0.0.1",)))
    yield made
    await made.close()


def connections(client: Any) -> set[str]:
    own = str(client.client_id())
    return {one["id"] for one in client.client_list(_type="normal")} - {own}


async def test_a_server_that_has_become_a_replica_counts_as_away_and_is_connected_to_anew(executor, server):
    """Its name leads to another server by now, and what is left in the schedule's retries is not spent on it."""
    port, client = server
    config = {"server": f"127.0.0.1:{port}", "function": "jobs.make"}
    calls = [stored_call(executor, config, run_id=derived_id(n, b"failover")) for n in range(3)]
    assert (await executor.execute(calls[0])).verdict is Verdict.SUCCEEDED
    before = connections(client)
    client.replicaof("127.0.0.1", 1)
    outcome = await executor.execute(calls[1])
    assert (outcome.verdict, outcome.unreached) == (Verdict.FAILED, True)
    assert outcome.error == "the engine could not be reached: it is a replica, and takes nothing"
    client.replicaof("NO", "ONE")
    assert (await executor.execute(calls[2])).verdict is Verdict.SUCCEEDED
    after = connections(client)
    assert after
    assert not before & after


@pytest.mark.parametrize(
    ("setting", "value", "before", "said"),
    [("maxmemory", "1", "0", "used memory"), ("min-replicas-to-write", "1", "0", "replicas")],
)
async def test_a_server_that_can_take_nothing_now_counts_as_away_and_says_why(
    executor, server, setting, value, before, said
):
    port, client = server
    call = stored_call(executor, {"server": f"127.0.0.1:{port}", "function": "jobs.make"})
    client.config_set(setting, value)
    outcome = await executor.execute(call)
    assert (outcome.verdict, outcome.unreached) == (Verdict.FAILED, True)
    assert outcome.error.startswith("the engine could not be reached: it takes nothing now: ")
    assert said in outcome.error
    client.config_set(setting, before)
    assert (await executor.execute(call)).verdict is Verdict.SUCCEEDED
