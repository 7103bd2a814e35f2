"""Shows schedules that fire into NATS and Temporal on this machine, and the outcomes that come back."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.server_kills import Server
from tests.engines.conftest import free_port, nats_command, program, running
from tests.engines.others import (
    beside,
    nats_target,
    temporal_target,
    work_off_messages,
    work_off_workflows,
)

FIRES = 4
PATIENCE_S = 60


def main() -> None:
    """Start the engines and a server, let two schedules fire some times, and print their ledgers."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="horarium-engines-")))
        nats_port, temporal_port = free_port(), free_port()
        print("Starting NATS, Temporal's test server and Horarium ...")
        command = nats_command(nats_port, folder / "nats")
        stack.enter_context(running(command, nats_port, folder / "nats.log"))
        command = [program("temporal-test-server"), str(temporal_port)]
        stack.enter_context(running(command, temporal_port, folder / "temporal.log"))
        stack.enter_context(beside(work_off_messages(nats_port, "demo", Counter())))
        stack.enter_context(beside(work_off_workflows(temporal_port, "demo")))
        hosts = ["--engine-host", f"127.0.0.1:{nats_port}", "--engine-host", f"127.0.0.1:{temporal_port}"]
        client = stack.enter_context(Server(folder / "data", hosts).running())
        for target in (nats_target(nats_port, "demo"), temporal_target(temporal_port, "demo")):
            _show(client, target)


def _show(client: httpx.Client, target: dict[str, Any]) -> None:
    made = _asked(client.post("/horarium/v1/targets", json=target))
    schedule = {
        "name": f"Into {target['name']}",
        "recurrence": "@every 2s",
        "target": made["id"],
        "max_fires": FIRES,
    }
    schedule_id = _asked(client.post("/horarium/v1/schedules", json=schedule))["id"]
    print(f"\n{schedule['name']}: every two seconds")
    end, told = time.monotonic() + PATIENCE_S, set[str]()
    while len(told) < FIRES:
        assert time.monotonic() < end, f"only {len(told)} of {FIRES} runs have come back"
        for run in _asked(client.get("/horarium/v1/runs", params={"schedule": schedule_id}))["items"]:
            if run["id"] not in told and run["state"] == "succeeded":
                told.add(run["id"])
                print(f"  due {run['due_at']}  {run['id']}  {run['state']}  answered {run['output']}")
        time.sleep(0.2)
    counts = _asked(client.get(f"/horarium/v1/schedules/{schedule_id}"))["counts"]
    print(f"  ledger: {counts['fires']} fires, {counts['succeeded']} succeeded, {counts['failed']} failed")


def _asked(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


if __name__ == "__main__":
    main()
