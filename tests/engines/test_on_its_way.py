"""Runs that are cancelled on their way to an engine, before it has answered that it took them, are ended there too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from tests.acceptance.server_kills import Server
from tests.engines.conftest import free_port
from tests.engines.others import beside
from tests.engines.takers import kubernetes_target
from tests.executors.emulated_kubernetes import EmulatedKubernetes, status

# A look of the server that was killed is made again by the next one after 20 s.
PATIENCE_S = 50


class Mute(EmulatedKubernetes):
    """Creates Jobs and does not say so. While it is `busy` it deletes none."""

    busy = False

    async def _create(self, request: web.Request) -> web.Response:
        await super()._create(request)
        await asyncio.Event().wait()
        raise AssertionError

    async def _delete(self, request: web.Request) -> web.Response:
        return status(503, "ServiceUnavailable", "busy") if self.busy else await super()._delete(request)


async def serve(cluster: EmulatedKubernetes, port: int) -> None:
    runner = web.AppRunner(cluster.app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def wait_until(said: str, holds: Callable[[], object], server: Server) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, f"{said}; the server said last: {server.said()[-4_000:]}"
        time.sleep(0.05)


def cancel_the_only_run(client: httpx.Client) -> None:
    (run,) = client.get("/horarium/v1/runs").json()["items"]
    answer = client.post(f"/horarium/v1/runs/{run['id']}/cancel")
    assert answer.is_success, answer.text
    assert client.get(f"/horarium/v1/runs/{run['id']}").json()["state"] == "cancelled"


@pytest.mark.parametrize("killed", [False, True], ids=["", "killed"])
def test_a_run_that_is_cancelled_while_its_engine_is_silent_is_ended_there(
    tmp_path: Path, killed: bool
) -> None:
    """Also where the server is killed between the cancellation and what it would have told the engine."""
    cluster, port = Mute(), free_port()
    cluster.busy = killed
    server = Server(tmp_path / "data", ["--engine-host", f"127.0.0.1:{port}"])
    with beside(serve(cluster, port)):
        with server.running() as client:
            target = client.post("/horarium/v1/targets", json=kubernetes_target(port)).json()["id"]
            at = datetime.fromtimestamp(time.time() + 2, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            made = {"name": "Job", "recurrence": {"at": at}, "target": target}
            assert client.post("/horarium/v1/schedules", json=made).is_success
            wait_until("no Job was created", lambda: cluster.jobs, server)
            cancel_the_only_run(client)
            if not killed:
                wait_until("the Job goes on", lambda: not cluster.jobs, server)
        if killed:
            assert cluster.jobs
            cluster.busy = False
            with server.running():
                wait_until("the Job goes on", lambda: not cluster.jobs, server)
