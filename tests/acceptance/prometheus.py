"""Two servers under a mixed load, read by a Prometheus, and what it answers to the dashboard and the alert rules.

`python -m tests.acceptance.prometheus FILE [SECONDS]` writes what the dashboard's queries give over that time to FILE.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import yaml

from tests.acceptance.chaos_nodes import ServedNode, _free_port
from tests.cli.running import horarium
from tests.support.postgres import drop_database, fresh_database

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
RULES = ROOT / "deploy" / "prometheus-rules.yml"
ADMIN = "hor_" + "a" * 40
# How often Prometheus reads the figures, and over how long the dashboard takes rates.
SCRAPE_S, RATE_S = 1, 15
PATIENCE_S = 60.0
# What a rule compares its figure with.
_COMPARED = re.compile(r"\s*(?:==|<|>)\s*[\d.]+\s*$")


class _Target(BaseHTTPRequestHandler):
    """Targets of all kinds: /good answers at once, /slow after a second and a half, /bad with 500, /later by a callback
    that does not come, /silent not in time."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep({"/slow": 1.5, "/silent": 3.0}.get(self.path, 0.01))
        self.send_response({"/bad": 500, "/later": 202}.get(self.path, 200))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # who did not want to wait any longer
            self.close_connection = True


@contextmanager
def _targets() -> Iterator[str]:
    serving = ThreadingHTTPServer(("127.0.0.1", 0), _Target)
    serving.daemon_threads = True
    thread = Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_address[1]}"
    finally:
        serving.shutdown()
        thread.join()


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of the dashboard: where it stands, the unit of its values, and its queries with their legends."""

    title: str
    kind: str
    unit: str
    place: dict[str, int]
    queries: list[tuple[str, str]]


def panels() -> list[Panel]:
    """The panels of the dashboard, with its variables filled in."""
    found = json.loads(DASHBOARD.read_text("utf-8"))
    return [
        Panel(
            panel["title"],
            panel["type"],
            panel["fieldConfig"]["defaults"].get("unit", ""),
            panel["gridPos"],
            [(_filled_in(target["expr"]), target["legendFormat"]) for target in panel["targets"]],
        )
        for panel in found["panels"]
        if panel.get("targets")
    ]


def _filled_in(query: str) -> str:
    return query.replace("$job", "horarium").replace("$__rate_interval", f"{RATE_S}s")


def rules() -> dict[str, str]:
    """What each alert rule looks at, by its name: its expression without the comparison, which then has a value."""
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: _COMPARED.sub("", rule["expr"]) for rule in group["rules"]}


class Prometheus:
    """A Prometheus on a free port of this machine."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **params: Any) -> Any:
        answer = self._client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def now(self, query: str) -> list[dict[str, Any]]:
        """The series that a query gives now."""
        return list(self.get("/query", query=query)["result"])

    def between(self, query: str, first: float, last: float, step: float) -> list[dict[str, Any]]:
        """The series that a query gives over a time."""
        return list(self.get("/query_range", query=query, start=first, end=last, step=step)["result"])


@contextmanager
def prometheus(folder: Path, servers: Sequence[str]) -> Iterator[Prometheus]:
    """Prometheus with our rules and the jobs of docs/operate/monitoring.md."""
    program = shutil.which("prometheus")
    assert program is not None, "Prometheus is missing: apt-get install prometheus"
    folder.mkdir()
    (folder / "horarium.key").write_text(ADMIN)
    static = [{"targets": [server.removeprefix("http://") for server in servers]}]
    every = {"scrape_interval": f"{SCRAPE_S}s", "static_configs": static}
    written = {
        "global": {"evaluation_interval": f"{SCRAPE_S}s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "horarium", **every},
            {
                "job_name": "horarium-targets",
                "params": {"workspace": ["*"]},
                "authorization": {"credentials_file": str(folder / "horarium.key")},
                **every,
            },
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(written))
    port = _free_port()
    command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + PATIENCE_S
        while not _is_ready(url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.2)
        with httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE_S) as client:
            yield Prometheus(client)
    finally:
        process.terminate()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


# By path: how many schedules fire each second, and what else the target and the schedules say.
_LOAD: tuple[tuple[str, int, dict[str, Any], dict[str, Any]], ...] = (
    ("/good", 40, {}, {"overlap": "allow"}),
    ("/slow", 3, {}, {"overlap": "skip"}),
    ("/bad", 2, {}, {"overlap": "allow", "retry": {"max_attempts": 2, "initial": "1s"}}),
    ("/silent", 2, {}, {"overlap": "skip", "timeout": "1s", "retry": {"max_attempts": 1}}),
    ("/later", 1, {"completion": "callback", "deadline": "20s"}, {"overlap": "skip"}),
)


def _make_load(client: httpx.Client, url: str) -> None:
    lines = []
    for path, count, more, policies in _LOAD:
        key = path.removeprefix("/")
        body = {"kind": "function", "key": key, "name": key, "executor": {"type": "http", "url": url + path}}
        answer = client.post("/targets", json=body | more)
        assert answer.status_code == 201, answer.text
        line = {"recurrence": "* * * * * *", "target": key, **policies}
        lines += [json.dumps({"name": f"{key} {number}", **line}) for number in range(count)]
    sent = {"content": "\n".join(lines), "headers": {"content-type": "application/x-ndjson"}}
    assert client.post("/schedules/bulk", **sent).text.count('"status":201') == len(lines)


def _ask(client: httpx.Client, stop: Event) -> None:
    """Requests as people and programs make them, until they are stopped."""
    number = 0
    while not stop.wait(0.2):
        number += 1
        client.get(("/schedules", "/runs", "/targets", "/runs/none")[number % 4])
        if number % 50 == 1:
            client.post("/targets", content=b" " * 11_000_000, headers={"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class Watched:
    """Servers under a load that Prometheus reads. The second server may be stopped."""

    prometheus: Prometheus
    second: ServedNode


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Two servers on one PostgreSQL, under load, with a backup, and a Prometheus that reads them."""
    database = fresh_database("prometheus")
    environment = {
        "HORARIUM_DATABASE": database,
        "HORARIUM_ADMIN_KEY": ADMIN,
        "HORARIUM_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
    }
    nodes = [ServedNode(folder, f"node{number}", environment) for number in (1, 2)]
    with ExitStack() as stack:
        stack.callback(drop_database, database)
        url = stack.enter_context(_targets())
        for node in nodes:
            stack.callback(node.kill)
            node.start()
            node.wait_ready()
        headers = {"authorization": f"Bearer {ADMIN}"}
        base = f"{nodes[0].url}/horarium/v1"
        client = stack.enter_context(httpx.Client(base_url=base, timeout=PATIENCE_S, headers=headers))
        _make_load(client, url)
        made = horarium("backup", str(folder / "backups"), **environment)
        assert made.returncode == 0, made.stderr
        stop = Event()
        asking = Thread(target=_ask, args=(client, stop))
        asking.start()
        stack.callback(asking.join)
        stack.callback(stop.set)
        server = stack.enter_context(prometheus(folder / "prometheus", [node.url for node in nodes]))
        yield Watched(server, nodes[1])


def record(found: Prometheus, first: float, last: float) -> list[dict[str, Any]]:
    """What the queries of all panels give over a time, as JSON."""
    step = max(1.0, (last - first) / 300)
    return [
        {
            "title": panel.title,
            "kind": panel.kind,
            "unit": panel.unit,
            "place": panel.place,
            "series": [
                {"legend": _legend(legend, series["metric"]), "values": series["values"]}
                for query, legend in panel.queries
                for series in found.between(query, first, last, step)
            ],
        }
        for panel in panels()
    ]


def _legend(legend: str, metric: dict[str, str]) -> str:
    filled = re.sub(r"\{\{(\w+)\}\}", lambda name: metric.get(name[1], ""), legend).strip()
    return "" if filled == "__auto" else filled


def main() -> None:
    """Record a run in the middle of which the second server is away for a while."""
    file, seconds = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 600.0
    with (
        tempfile.TemporaryDirectory(prefix="horarium-dashboard-") as folder,
        watched(Path(folder)) as servers,
    ):
        time.sleep(2 * RATE_S)  # until there are rates
        first = time.time()
        time.sleep(seconds / 2)
        servers.second.kill()
        time.sleep(seconds / 10)
        servers.second.start()
        servers.second.wait_ready()
        time.sleep(max(0.0, first + seconds - time.time()))
        file.write_text(json.dumps(record(servers.prometheus, first, time.time())))


if __name__ == "__main__":
    main()
