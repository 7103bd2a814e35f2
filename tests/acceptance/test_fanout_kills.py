"""A server is killed three times while it reads a large audience: in the end each row has exactly one run.

`FANOUT_ROWS=100000 python -m pytest -s tests/acceptance/test_fanout_kills.py` for the whole size. The
receiver is a process of its own that is never killed.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.acceptance.server_kills import Server
from tests.support.delivery_log import deliveries, receiving

ROWS = int(os.environ.get("FANOUT_ROWS", "12000"))
PATIENCE_S = 60.0 + ROWS / 100
BASE = "/v1/event-schedules"
KILLS = (0.2, 0.5, 0.8)
"""Of the audience read, when the server is killed."""


@pytest.mark.long
def test_an_audience_is_delivered_once_each_through_three_kills(tmp_path: Path) -> None:
    log, server = tmp_path / "deliveries", Server(tmp_path / "data")
    database = tmp_path / "data" / "horarium.db"
    log.touch()
    met = []
    with receiving(log) as url:
        with server.running() as client:
            schedule = _prepare(client, url)
            _fire(client, schedule)
            met.append(_wait_for(database, int(ROWS * KILLS[0])))
        for share in KILLS[1:]:
            with server.running():
                met.append(_wait_for(database, int(ROWS * share)))
        with server.running() as client:
            record = _ended(client, schedule)
    assert [one for one in met if one < ROWS], "no kill came in mid-fan-out"
    print(f"killed at {met} of {ROWS} rows")
    assert (record["status"], record["error_message"]) == ("completed", None)
    assert (record["audience_size"], record["runs_triggered"], record["runs_failed"]) == (ROWS, ROWS, 0)
    with closing(sqlite3.connect(database)) as books:
        runs = books.execute("SELECT count(*), count(DISTINCT row_key), sum(state = 'succeeded') FROM runs")
        assert runs.fetchone() == (ROWS, ROWS, ROWS)
        for table in ("ready", "fanouts", "row_locks", "spool"):
            assert books.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        fires = "SELECT count(*), sum(runs), sum(succeeded), sum(failed), sum(cancelled) FROM fires"
        assert books.execute(fires).fetchone() == (1, ROWS, ROWS, 0, 0)
    seen = deliveries(log)
    assert len({one.run for one in seen}) == ROWS
    print(f"{len(seen)} deliveries of {ROWS} runs")


def _prepare(client: httpx.Client, url: str) -> str:
    """The contacts, the automation and a schedule that never fires by itself; its id."""
    executor = {"type": "http", "url": url}
    body = {"kind": "automation", "key": "log", "name": "Log", "executor": executor}
    assert client.post("/horarium/v1/targets", json=body).status_code == 201
    answer = client.put(
        "/horarium/v1/directory/contacts",
        content=_contacts(),
        headers={"Content-Type": "application/x-ndjson"},
        timeout=PATIENCE_S,
    )
    assert answer.json() == {"stored": ROWS}
    order = {
        "name": "Everybody",
        "cron_expression": "0 0 1 1 *",
        "audience_type": "contacts",
        "automation_id": "log",
        "audience_filter": {"has_email": True},
    }
    answer = client.post(BASE, json=order)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def _contacts() -> Iterator[bytes]:
    for number in range(ROWS):
        item = {"id": f"c{number:07}", "email": f"p{number}@example.com", "type": "lead", "plan": "gold"}
        yield orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE)


def _fire(client: httpx.Client, schedule: str) -> None:
    """Ask for a fire and do not wait for the answer: the server will not live to give it."""
    try:
        client.post(f"{BASE}/{schedule}/fire-now", timeout=0.2)
    except httpx.TimeoutException:
        return


def _wait_for(database: Path, rows: int) -> int:
    """How many rows had been read when it was first seen that these had."""
    until = time.monotonic() + PATIENCE_S
    with closing(sqlite3.connect(database, isolation_level=None)) as books:
        while time.monotonic() < until:
            found = books.execute("SELECT rows_done FROM fanouts").fetchone()
            resolved = books.execute("SELECT count(*) FROM fires WHERE state <> 'resolving'").fetchone()[0]
            if resolved:
                return ROWS
            if found and found[0] >= rows:
                return int(found[0])
            time.sleep(0.001)
    raise AssertionError("the audience is not being read")


def _ended(client: httpx.Client, schedule: str) -> Any:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        (record,) = client.get(f"{BASE}/{schedule}/runs").json()["data"]
        if record["status"] != "running":
            return record
        time.sleep(0.1)
    raise AssertionError(f"the fire does not end: {record}")
