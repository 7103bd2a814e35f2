"""What `/metrics` says equals what the receiver got, what the ledger holds, and what the benchmark has measured."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from horarium.bench import lateness
from tests.cli.running import server

SECONDS = 30
LOAD_S = 4


class _Handler(BaseHTTPRequestHandler):
    """Answers 200 below /good, 500 below /bad and 404 elsewhere, and counts."""

    got: Counter[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.got[self.path] += 1
        self.send_response({"/good": 200, "/bad": 500}.get(self.path, 404))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def receiver() -> Iterator[tuple[str, Counter[str]]]:
    handler = type("Handler", (_Handler,), {"got": Counter()})
    serving = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_address[1]}", handler.got
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Samples by name and the values of their labels in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_equal_what_the_receiver_and_the_ledger_count(tmp_path: Path) -> None:
    with ExitStack() as stack:
        address, got = stack.enter_context(receiver())
        url = stack.enter_context(server(tmp_path / "data", "--allow-loopback"))
        key = (tmp_path / "data" / "admin.key").read_text().strip()
        api = stack.enter_context(
            httpx.Client(base_url=f"{url}/horarium/v1", headers={"Authorization": f"Bearer {key}"})
        )
        schedules, targets = [], {}
        for path in ("/good", "/bad", "/gone"):
            target = _made(
                api, "/targets", name=path, kind="function", executor={"type": "http", "url": address + path}
            )
            targets[path] = target["id"]
            policies = {"overlap": "allow", "retry": {"max_attempts": 2, "initial": 0.1}}
            for _ in range(3):
                more = {"recurrence": "@every 1s", "target": target["id"], "policies": policies}
                schedules.append(_made(api, "/schedules", name=path, **more))
        _made(api, f"/schedules/{schedules[0]['id']}/fire-now", 201)
        time.sleep(LOAD_S)
        for schedule in schedules:
            _made(api, f"/schedules/{schedule['id']}/pause", 200)
        runs = _ended(api)
        ledger = Counter[str]()
        for schedule in schedules:
            ledger += _ledger(api, schedule["id"])
        time.sleep(1.1)  # what was read of the database is given again for a second
        found = figures(httpx.get(f"{url}/metrics").text)
        by_lane = figures(api.get(f"{url}/metrics", params={"workspace": "*"}).text)

    states = Counter(run["state"] for run in runs)
    assert found["horarium_slots_total", "fired", ""] == ledger["clock"] > 9 * (LOAD_S - 2)
    assert found["horarium_fires_asked_for_total", "manual"] == 1
    passed = sum(value for name, value in found.items() if name[:2] == ("horarium_slots_total", "passed"))
    assert passed == ledger["span"]
    for state in ("succeeded", "failed", "cancelled"):
        assert found["horarium_runs_ended_total", state] == states[state]
    assert found["horarium_attempts_total", "succeeded"] == got["/good"]
    assert found["horarium_attempts_total", "server_error"] == got["/bad"]
    assert found["horarium_attempts_total", "refused"] == got["/gone"]
    assert found["horarium_attempt_seconds_count",] == sum(got.values())
    assert found["horarium_run_lateness_seconds_count",] == len(runs)
    assert found["horarium_slot_lateness_seconds_count",] == ledger["clock"]
    assert 0 < found["horarium_slot_lateness_seconds_sum",] < ledger["clock"]
    for path, outcome in (("/good", "succeeded"), ("/bad", "server_error"), ("/gone", "refused")):
        values = [
            value
            for name, value in by_lane.items()
            if name[0] == "horarium_lane_attempts_total" and outcome in name and targets[path] in name
        ]
        assert values == [got[path]], path
    assert found["horarium_queue_runs", "waiting"] == found["horarium_queue_runs", "claimed"] == 0


def _made(api: httpx.Client, path: str, status: int = 201, **body: object) -> dict[str, object]:
    answer = api.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def _ended(api: httpx.Client) -> list[dict[str, object]]:
    """All runs, once all of them are over."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        runs = api.get("/runs", params={"limit": 1000}).json()["items"]
        if all(run["state"] in ("succeeded", "failed", "cancelled") for run in runs):
            return runs
        time.sleep(0.1)
    raise AssertionError("runs are still open")


def _ledger(api: httpx.Client, schedule: object) -> Counter[str]:
    """How many fires by kind, and how many slots in spans."""
    found = Counter[str]()
    for entry in api.get(f"/schedules/{schedule}/ledger", params={"limit": 1000}).json()["items"]:
        if entry["entry"] == "span":
            found["span"] += entry["count"]
        else:
            found[entry["kind"]] += 1
    return found


# By how much the benchmark's figures and those of the server may differ.
SHARE = 0.02


# Between the sending, at which the server looks, and the arrival, at which the benchmark looks, lies the way there: a
# millisecond or two on a machine that does nothing else.
WAY_MS = 25.0


@pytest.mark.parametrize(("database", "load"), [("sqlite", True), ("postgres", False)])
async def test_the_figures_under_load_equal_those_of_the_benchmark(database: str, load: bool) -> None:
    found = (await lateness.run(database, schedules=2_000, rate=100, seconds=6, load=load)).extra
    print(f"\n{database}, requests to the API: {load}: {found}")
    assert found["delivered"] == 600
    for figure in ("told_fired", "told_sent", "told_succeeded"):
        assert found[figure] == pytest.approx(found["delivered"], rel=SHARE), figure
    assert found["told_api_requests"] == pytest.approx(found["api_requests"], rel=SHARE)
    if not load:  # with it the event loop has always something else to do between the two
        assert 0 < found["mean_ms"] - found["told_mean_ms"] < WAY_MS
