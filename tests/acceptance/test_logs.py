"""The log of a whole server: JSON lines and nothing else, from its start to its stop."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from horarium import __version__
from tests.acceptance.test_metrics import receiver
from tests.support.started import Started

SECONDS = 30


@contextmanager
def logging_server(
    folder: Path, *options: str, **environment: str
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server whose standard output and error go to one file, as under a container; its address, and the lines of
    that file, each of which is JSON, once it has ended."""
    log, lines = folder / "log", []
    command = ["serve", "--data", str(folder / "data"), "--port", "0", *options]
    with log.open("w") as out:
        process = Started(command, stdout=out, stderr=out, env={**os.environ, **environment})
    try:
        until = time.monotonic() + SECONDS
        while not (started := [text for text in log.read_text().splitlines() if '"started"' in text]):
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield json.loads(started[0])["address"], lines
    finally:
        process.terminate()
        process.wait(SECONDS)
    lines += map(json.loads, log.read_text().splitlines())


def events(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


def test_a_server_tells_its_start_and_stop_and_nothing_that_is_secret(tmp_path: Path) -> None:
    key = "hor_" + "k" * 40
    with logging_server(tmp_path, "--concurrency", "7", HORARIUM_ADMIN_KEY=key) as (url, lines):
        assert httpx.get(f"{url}/healthz").status_code == 200
    (started,) = events(lines, "started")
    assert started["version"] == __version__
    assert started["database"] == "sqlite"
    assert started["settings"]["concurrency"] == "7"
    assert started["settings"]["admin_key"] == "***"
    assert len(events(lines, "stopped")) == 1
    assert key not in (tmp_path / "log").read_text()


def test_the_first_key_is_not_in_the_log(tmp_path: Path) -> None:
    with logging_server(tmp_path, "--log-format", "json") as (_, _lines):
        key = (tmp_path / "data" / "admin.key").read_text().strip()
    assert key not in (tmp_path / "log").read_text()


def test_a_request_has_one_line_on_request_with_the_id_that_it_brought(tmp_path: Path) -> None:
    with logging_server(tmp_path, HORARIUM_ACCESS_LOG="true") as (url, lines):
        key = (tmp_path / "data" / "admin.key").read_text().strip()
        mine = {"Authorization": f"Bearer {key}"}
        answer = httpx.get(f"{url}/horarium/v1/schedules?limit=1", headers={**mine, "X-Request-Id": "mine-1"})
        assert answer.headers["x-request-id"] == "mine-1"
        made = httpx.get(f"{url}/no%0Awhere").headers["x-request-id"]
    first, second = events(lines, "request")
    workspace = first.pop("workspace")
    assert workspace.startswith("ws_")
    wanted = {"method": "GET", "path": "/horarium/v1/schedules", "status": 200, "request_id": "mine-1"}
    assert {name: first[name] for name in wanted} == wanted
    assert first["address"] == "127.0.0.1"
    assert (second["path"], second["status"], second["request_id"]) == ("/no?where", 404, made)


def test_a_run_that_fails_has_a_line_without_its_payload(tmp_path: Path) -> None:
    with receiver() as (address, _), logging_server(tmp_path, "--allow-loopback") as (url, lines):
        key = (tmp_path / "data" / "admin.key").read_text().strip()
        with httpx.Client(base_url=f"{url}/horarium/v1", headers={"Authorization": f"Bearer {key}"}) as api:
            body = {"name": "t", "kind": "function", "executor": {"type": "http", "url": f"{address}/gone"}}
            target = api.post("/targets", json=body).json()["id"]
            given = {"name": "s", "recurrence": "0 0 1 1 *", "target": target, "input": {"word": "swordfish"}}
            schedule = api.post("/schedules", json=given).json()["id"]
            fire = api.post(f"/schedules/{schedule}/fire-now").json()["id"]
            until = time.monotonic() + SECONDS
            while not (runs := api.get("/runs", params={"state": "failed"}).json()["items"]):
                assert time.monotonic() < until
                time.sleep(0.05)
    (line,) = events(lines, "run_failed")
    found = {name: line[name] for name in ("schedule", "fire", "run", "attempt", "failure", "status")}
    ids = {"schedule": schedule, "fire": fire, "run": runs[0]["id"]}
    assert found == {**ids, "attempt": 1, "failure": "refused", "status": 404}
    assert line["workspace"].startswith("ws_")
    assert "swordfish" not in (tmp_path / "log").read_text()
