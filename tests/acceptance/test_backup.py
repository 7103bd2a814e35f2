"""A backup under load is restored after its server was killed: nothing from before it is lost, nothing fires twice.

With BACKUP_SCHEDULES=200 in the environment so many schedules fire every second; the figures are printed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import time
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from horarium.backup.restoring import check_backup
from tests.acceptance.chaos_nodes import ServedNode, now_ms
from tests.cli.running import horarium
from tests.support.delivery_log import deliveries, receiving
from tests.support.ledger_check import Books, check, delivered_twice, from_postgres, from_sqlite, open_work
from tests.support.postgres import drop_database, fresh_database

SCHEDULES = int(os.environ.get("BACKUP_SCHEDULES", "30"))
PATIENCE_S = 60.0
ADMIN = "hor_" + "a" * 40
KEYS = {"HORARIUM_SECRET_KEY": b64encode(b"k" * 32).decode(), "HORARIUM_ADMIN_KEY": ADMIN}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def databases(request, tmp_path):
    """The URLs of an old and of a new database, which does not exist yet or is empty."""
    if request.param == "sqlite":
        yield [f"sqlite:///{tmp_path}/{name}.db" for name in ("old", "new", "same")]
        return
    made = [fresh_database("backed_up") for _ in range(3)]
    yield made
    for url in made:
        drop_database(url)


def run(*arguments: str, database: str) -> subprocess.CompletedProcess[str]:
    found = horarium(*arguments, **KEYS, HORARIUM_DATABASE=database)
    assert found.returncode == 0, found.stderr
    return found


def client_of(node: ServedNode) -> httpx.Client:
    return httpx.Client(
        base_url=f"{node.url}/horarium/v1", timeout=PATIENCE_S, headers={"authorization": f"Bearer {ADMIN}"}
    )


def make_schedules(client: httpx.Client, url: str) -> None:
    target = {"kind": "function", "key": "log", "name": "Log", "executor": {"type": "http", "url": url}}
    assert client.post("/targets", json=target).status_code == 201
    policies = ({"overlap": "allow", "catch_up": "all"}, {"overlap": "skip", "catch_up": "latest"})
    lines = [
        json.dumps({"name": f"n{n}", "recurrence": "* * * * * *", "target": "log", **policies[n % 2]})
        for n in range(SCHEDULES)
    ]
    sent = {"content": "\n".join(lines), "headers": {"content-type": "application/x-ndjson"}}
    assert client.post("/schedules/bulk", **sent).text.count('"status":201') == SCHEDULES


def pause_all(client: httpx.Client) -> None:
    for found in client.get("/schedules", params={"limit": 1000}).json()["items"]:
        answer = client.post(f"/schedules/{found['id']}/pause", json={"note": "enough"})
        assert answer.status_code == 200, answer.text


def books_of(url: str) -> Books:
    if url.startswith("sqlite"):
        return from_sqlite(Path(url.removeprefix("sqlite:///")))
    return asyncio.run(from_postgres(url))


def counts(url: str, tables: list[str]) -> dict[str, int]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return {
                table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
            }
    return asyncio.run(_counts(url, tables))


async def _counts(url: str, tables: list[str]) -> dict[str, int]:
    import asyncpg

    connection = await asyncpg.connect(url)
    found = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
    await connection.close()
    return found


def test_a_backup_under_load_loses_nothing_and_what_it_restores_fires_nothing_twice(
    tmp_path: Path, databases: list[str]
) -> None:
    old, new, same = databases
    log, backups = tmp_path / "deliveries", str(tmp_path / "backups")
    log.touch()
    with receiving(log) as url:
        node = ServedNode(tmp_path / "first", "first", {**KEYS, "HORARIUM_DATABASE": old})
        node.start()
        try:
            node.wait_ready()
            with client_of(node) as client:
                make_schedules(client, url)
            time.sleep(2)
            said = run("backup", backups, database=old).stdout
            time.sleep(1.5)
        finally:
            node.kill()
        killed = now_ms()
        file = Path(re.match(r"(.*\.backup): \d+ rows", said)[1])
        manifest = check_backup(file)
        before = deliveries(log)

        instant = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(killed / 1000)) + f".{killed % 1000:03}Z"
        run("restore", backups, "--worked-until", instant, database=new)
        second = ServedNode(tmp_path / "second", "second", {**KEYS, "HORARIUM_DATABASE": new})
        second.start()
        try:
            second.wait_ready()
            time.sleep(2.5)
            with client_of(second) as client:
                pause_all(client)
            until = time.monotonic() + PATIENCE_S
            while open_work(books := books_of(new)) and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            second.kill()
    everything = deliveries(log)
    # What the first server began after the backup is not in the restored books, and only that.
    known = {run["id"] for run in books.runs}
    lost = [one for one in before if run_bytes(one.run) not in known]
    assert [one for one in lost if one.at_ms <= manifest.made_ms] == []
    in_books = [one for one in everything if run_bytes(one.run) in known]
    assert check(books, in_books, kills=[killed]) == []
    assert delivered_twice(everything) == 0
    assert len(before) > SCHEDULES
    assert len(everything) - len(before) >= SCHEDULES

    run("restore", str(file), database=same)
    # The list of nodes' lanes is not restored: those nodes are gone.
    wanted = {table: rows for table, rows in manifest.rows.items() if table != "lane_reports"}
    assert counts(same, list(wanted)) == wanted
    print(
        f"\n{len(before)} deliveries before the kill, {len(lost)} of them of runs begun after the backup; "
        f"{len(everything) - len(before)} after the restore, 0 lost, 0 twice; "
        f"{sum(wanted.values())} rows in {len(wanted)} tables as in the manifest"
    )


def run_bytes(text: str) -> bytes:
    """The id of a run by its text."""
    number = 0
    for letter in text.removeprefix("run_"):
        number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)
    return number.to_bytes(16, "big")
