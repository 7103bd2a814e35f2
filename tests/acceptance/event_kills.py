"""Kills a whole server at random while it sends events, to a receiver that fails now and then and to one that is dead.

`test_event_kills` does it for a few rounds, and with KILL_ROUNDS=50 in the environment for as long as is asked. The
receiver is a thread of the test, which is never killed.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from horarium.domain.events import fire_ended
from horarium.domain.fire import FireState
from horarium.domain.ids import prefixed
from tests.acceptance.server_kills import Server

SCHEDULES = 40
PATIENCE_S = 120.0
BASE = "/horarium/v1"
FINAL = ("succeeded", "failed", "cancelled")


@dataclass
class Inbox:
    """What arrived at a webhook: the events by id, each with every body that came under it, in the order of their first
    arrivals, and how late they were in milliseconds after their slot and after the server had acted."""

    failing: float = 0.15
    bodies: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    after_slot: list[float] = field(default_factory=list)
    after_entry: list[float] = field(default_factory=list)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes, at_ms: float) -> None:
        event = json.loads(body)
        with self.lock:
            if event["id"] not in self.bodies and event["fire"] is not None:
                self.after_slot.append(at_ms - _ms(event["fire"]["slot"]))
                self.after_entry.append(at_ms - _ms(event["fire"]["fired_at"]))
            self.bodies[event["id"]].append(body)


def _ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


@contextmanager
def receiving(inbox: Inbox, seed: int) -> Iterator[str]:
    """The address of a receiver: it fails at `/hook` now and then, at `/dead` always, and never at `/target`."""
    chance = random.Random(seed)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            at_ms, status = time.time() * 1000, 200
            if self.path == "/dead":
                status = 500
            elif self.path == "/hook":
                if chance.random() < inbox.failing:
                    inbox.refused += 1
                    status = chance.choice((500, 503, 0))
                if status == 200 or chance.random() < 0.3:  # some have taken what they seem to refuse
                    inbox.take(body, at_ms)
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *given: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        # As many connections at once as servers make. Of more than the usual 5 some are a second late.
        request_queue_size = 256

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A connection was cut by a kill."""

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def furnish(client: httpx.Client, url: str, schedules: int, *paths: str, **policies: str) -> None:
    """Webhooks, a target and schedules that fire every second."""
    for path in paths:
        made = client.post(f"{BASE}/webhooks", json={"url": url + path, "name": path})
        assert made.status_code == 201, made.text
    body = {
        "kind": "function",
        "key": "log",
        "name": "L",
        "executor": {"type": "http", "url": f"{url}/target"},
    }
    assert client.post(f"{BASE}/targets", json=body).status_code == 201
    order = {"recurrence": "* * * * * *", "target": "log", "policies": {"overlap": "allow", **policies}}
    lines = [{"name": f"s{number}", **order} for number in range(schedules)]
    made = client.post(f"{BASE}/schedules/bulk", content="\n".join(map(json.dumps, lines)))
    assert made.status_code == 200, made.text


def pause_all(client: httpx.Client) -> None:
    cursor = None
    while True:
        query = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"{BASE}/schedules", params=query).json()
        for schedule in page["items"]:
            assert client.post(f"{BASE}/schedules/{schedule['id']}/pause", json={}).status_code == 200
        cursor = page["next_cursor"]
        if cursor is None:
            return


Rows = Sequence[Mapping[str, Any]]


class Installation:
    """A server and its database: SQLite in the data folder or, with a URL, PostgreSQL."""

    def __init__(self, data: Path, database: str | None = None) -> None:
        self.database = database
        self._file = data / "horarium.db"
        # On PostgreSQL another node may have what the killed one had; it is taken from that one after a while.
        self.quiet_s = 0.0 if database is None else 3.0
        options = [] if database is None else ["--database", database]
        self.server = Server(data, options)

    def ask(self, *queries: str) -> list[Rows]:
        """The rows of queries, all as of one instant."""
        if self.database is not None:
            return asyncio.run(self._ask_postgres(self.database, queries))
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            return [connection.execute(query).fetchall() for query in queries]

    async def _ask_postgres(self, url: str, queries: Sequence[str]) -> list[Rows]:
        connection = await asyncpg.connect(url)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return [await connection.fetch(query) for query in queries]
        finally:
            await connection.close()


def drained(installation: Installation) -> None:
    """Wait until all runs have ended and everything has arrived at /hook, for as long as what is left changes."""
    until = time.monotonic() + PATIENCE_S
    left: tuple[int, ...] = ()
    while time.monotonic() < until:
        counts = installation.ask(
            "SELECT count(*) FROM ready",
            "SELECT count(*) FROM event_outbox",
            "SELECT count(*) FROM webhooks w JOIN event_logs l ON l.workspace_id = w.workspace_id "
            "WHERE w.name = '/hook' AND w.position < l.number",
            "SELECT count(*) FROM event_deliveries d JOIN webhooks w ON w.id = d.webhook_id "
            "WHERE w.name = '/hook' AND d.state = 'waiting'",
        )
        before, left = left, tuple(rows[0][0] for rows in counts)
        if not any(left):
            return
        if left != before:
            until = time.monotonic() + PATIENCE_S
        time.sleep(0.2)
    raise AssertionError(f"not drained: {left} runs, notes, events that are behind or wait")


def findings(installation: Installation, inbox: Inbox) -> tuple[list[str], dict[str, int]]:
    """What is wrong: ends of fires without their event, events without arrival, other contents, wrong order."""
    found: list[str] = []
    fires, events = installation.ask(
        "SELECT * FROM runs WHERE slot_ms IS NOT NULL", "SELECT * FROM events ORDER BY number"
    )
    known = {event["id"]: event for event in events}
    ended = [fire for fire in fires if fire["state"] in FINAL]
    for fire in ended:
        note = fire_ended(b"", fire["schedule_id"], fire["id"], FireState.COMPLETED, 0)
        if note.id not in known:
            found.append(f"the end of fire {fire['id'].hex()} has no event with its id")
    ends = [event for event in events if event["type"].startswith("fire.") and event["type"] not in
            ("fire.skipped", "fire.missed", "fire.late")]  # fmt: skip
    if len(ends) != len(ended):
        found.append(f"{len(ended)} fires have ended, and {len(ends)} events tell of it")
    order: dict[bytes, list[int]] = defaultdict(list)
    numbers = {prefixed("evt", event["id"]): event for event in events}
    for an_id, bodies in inbox.bodies.items():
        event = numbers.get(an_id)
        if event is None:
            found.append(f"{an_id} arrived and is no event")
            continue
        if {body.decode() for body in bodies} != {event["content"]}:
            found.append(f"{an_id} arrived with another content")
        if event["schedule_id"] is not None:
            order[event["schedule_id"]].append(event["number"])
    for an_id in numbers.keys() - inbox.bodies.keys():
        found.append(f"{an_id} has not arrived")
    for schedule, arrived in order.items():
        if arrived != sorted(arrived):
            found.append(f"events of schedule {schedule.hex()} arrived in another order")
    more = sum(len(bodies) - 1 for bodies in inbox.bodies.values())
    return found, {"fires": len(ended), "events": len(events), "sent again": more, "refused": inbox.refused}


def rounds_of_killing(
    folder: Path, rounds: int, seed: int, database: str | None = None
) -> tuple[list[str], dict[str, int]]:
    """Kill `rounds` times, let the last server send what is left, and give what is wrong. `database`: the URL of a
    PostgreSQL; SQLite without one."""
    chance, inbox = random.Random(seed), Inbox()
    installation = Installation(folder / "data", database)
    server = installation.server
    with receiving(inbox, seed) as url:
        with server.running() as client:
            furnish(client, url, SCHEDULES, "/hook", "/dead")
            time.sleep(_moment(chance, installation.quiet_s))
        for _ in range(rounds - 1):
            with server.running():
                time.sleep(_moment(chance, installation.quiet_s))
        with server.running() as client:
            time.sleep(2.0)
            pause_all(client)
            inbox.failing = 0.0
            drained(installation)
        wrong, figures = findings(installation, inbox)
    return wrong, {"kills": rounds, **figures}


def _moment(chance: random.Random, quiet_s: float) -> float:
    """Seconds until the kill: anywhere after a time without events, or where the fires of a second end and become
    events."""
    seconds = quiet_s + chance.uniform(0.2, 2.0)
    if chance.random() < 0.7:
        at = time.time() + seconds
        seconds += int(at) + 1 - at + chance.uniform(0.0, 0.15)
    return seconds


def delays(folder: Path, schedules: int, seconds: float, database: str | None = None) -> Inbox:
    """How late events arrive, of so many schedules that fire every second, each at another moment of it, and each with
    its end as an event."""
    inbox = Inbox(failing=0.0)
    server = Installation(folder / "data", database).server
    with receiving(inbox, 1) as url, server.running() as client:
        furnish(client, url, schedules, "/hook", jitter="1s")
        time.sleep(3)
        inbox.after_slot.clear()
        inbox.after_entry.clear()
        time.sleep(seconds)
    return inbox
