"""What the commands print that work on a database, a folder or a recurrence, and ask no server."""

from __future__ import annotations

import asyncio
import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import chdir, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from horarium.doctor.checks import Database, Seen, Server
from horarium.store.vault import Vault, new_key
from horarium.store.verbs.watchdog import Ledger, WatchedNode
from tests.cli.printing import lines_of, printed
from tests.support.installation import filled
from tests.support.names import Names

NOW, HOUR = 1_795_348_800_000, 3_600_000
# They go on for ever (test_starting.py, test_operating_commands.py): only how they refuse to start stands here.
ENDLESS = {"serve", "watchdog"}
# What differs from machine to machine and from time to time.
_CHANCE = (
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "INSTANT"),
    (re.compile(r"horarium-20\d{6}T\d+Z(-\w+)?"), "horarium-INSTANT"),
    (re.compile(r"[\d,]+ bytes"), "N bytes"),
    (re.compile(r"\d+ of \d+ pages"), "N of N pages"),
    (re.compile(r"^(  (?:program|key fingerprint) +)\S+"), r"\1ONE"),
    (re.compile(r"horarium \S+ \(tzdata \S+\)"), "horarium VERSION (tzdata VERSION)"),
)
_NODE = WatchedNode("n1", "2026a", NOW + 10_000, None)
_LEDGER = Ledger(None, None, (_NODE,), NOW - HOUR, NOW - 900 * HOUR)
_DATABASE = Database("sqlite", 1, NOW, NOW, {"vault_key": "f00", "zone_data": "2026a"}, _LEDGER, NOW - 5)
_FINE = Seen(
    "0.1.0",
    1,
    "2026a",
    Server("http://a", "0.1.0", ready=True, taken=True),
    database=_DATABASE,
    free={"/data": (0.5, 1 << 30)},
    certificate_days=90.0,
)
# Installations that the doctor is shown.
SEEN = {
    "one in order": _FINE,
    "one of which some things have to be seen to": replace(
        _FINE,
        folder_open=True,
        open_files=1024,
        certificate_days=3.0,
        free={"/data": (0.05, 1 << 30)},
        database=replace(
            _DATABASE,
            here_ms=NOW - 90_000,
            ledger=replace(
                _LEDGER,
                oldest_ready_ms=NOW - HOUR,
                nodes=(_NODE._replace(lease_until_ms=NOW - 9_000),),
                last_backup_ms=NOW - 200 * HOUR,
            ),
        ),
        server=Server("http://a", trouble="refused"),
    ),
    "one that does not work": replace(
        _FINE, folder="there is no data folder x", database=None, trouble="no route"
    ),
}

WALK = r"""
# Times of a recurrence.
$ next
$ next '0 9 * * 1-5' -z Europe/Paris --after 2026-03-27T00:00:00Z -n 3
$ next '30 2 * * *' -z Europe/Paris --after 2026-03-28T12:00:00Z -n 2
$ next '{"at": "2026-03-01T12:30:00"}' --after 2026-03-28T12:00:00Z
$ next '@daily' --after 2026-03-28T12:00:00Z -n 2 --json
$ next '0 0 12 * * *' --dialect m9m --after 2026-03-28T12:00:00Z -n 1
$ next '0 99 * * *'
$ next '0 99 * * *' --json
$ next '{'
$ next '@daily' --dialect nonsense
$ next '@daily' --after soon
$ next '@daily' -z Europe/Nowhere
< {"spec": "@daily", "after": "2026-03-28T12:00:00Z", "count": 1}
$ next --batch
# Settings.
$ settings --changed
$ settings --changed --port 9 --public-url https://h.example/ --json
$ settings --config settings.toml --changed
$ settings --config missing.toml
$ settings --port 99999 --roles cook
# What refuses to start.
$ serve --roles cook --port 99999
$ serve --config missing.toml
$ demo --seconds 1
$ watchdog --silence noise --data new
$ watchdog --disk 100
$ bench nonsense
$ bench fanout --runs 5
$ bench storm --rate 5
$ bench storm --seconds 5
$ bench storm --load
$ bench handoff --engine nonsense
$ --version
# The tables.
$ migrate --check --database sqlite:///no/such.db
$ migrate --check --database sqlite:///empty.db
$ migrate --plan --database sqlite:///empty.db
$ migrate --plan --check --database sqlite:///empty.db
$ migrate --database sqlite:///empty.db
$ migrate --database sqlite:///empty.db
$ migrate --check --database sqlite:///empty.db
$ migrate --check --database sqlite:///newer.db
$ migrate --plan --database sqlite:///newer.db
# Backups and the way back.
$ backup --data data
$ backup kept --list
$ backup kept --data data
T backup kept --data data --keep 1
$ backup kept --data none
$ backup --list kept
$ restore kept --check
$ restore kept --data back
$ restore kept --data back
T restore kept --data again
$ restore kept --data again --worked-until 2026-11-22T13:00:00Z
$ restore kept --data third --worked-until soon
$ restore none --data third
$ restore settings.toml --data third
$ key recover --data none
# Copies.
$ copy data copied
$ copy data copied
$ copy none copied2
$ compact --data copied
$ compact --data none
$ key recover --data copied
"""


def lines() -> Iterator[str]:
    """The walk with what was printed."""
    with TemporaryDirectory() as folder, chdir(folder):
        _prepare(Path())
        names, stdin = Names(), ""
        for line in WALK.strip().splitlines():
            if line.startswith("< "):
                stdin = line[2:] + "\n"
            yield line if line[0] in "#<" else f"{line[0]} horarium {line[2:]}"
            if line[0] in "$T":
                yield from _told(shlex.split(line[2:]), folder, names, line[0] == "T", stdin)
        for words, seen in SEEN.items():
            yield f"# The doctor, of {words}."
            yield from _doctor(seen)
        yield "$ horarium doctor (with settings that are wrong)"
        yield from lines_of(
            *printed(["doctor"], environment={"HORARIUM_PORT": "99999", "HORARIUM_POLL": "0"})
        )
        yield "# The benchmarks."
        yield "$ horarium bench storm --schedules 20 --due 10"
        found = printed(["bench", "storm", "--schedules", "20", "--due", "10"])
        yield from (re.sub(r"\d[\d.]*(e[+-]?\d+)?", "N", line) for line in lines_of(*found))


def _prepare(folder: Path) -> None:
    for name in ("data", "kept", "copied", "back", "again"):
        (folder / name).mkdir(mode=0o700)
    key = new_key()
    for name in ("data", "back", "again"):
        (folder / name / "secret.key").touch(0o600)
        (folder / name / "secret.key").write_text(key)
    asyncio.run(filled("sqlite:///data/horarium.db", Vault([key]).fingerprint()))
    (folder / "settings.toml").write_text('port = 81\nlog_level = "debug"\n')
    for name, schema in (("empty", 0), ("newer", 99)):
        with closing(sqlite3.connect(f"{name}.db")) as made:
            made.execute(f"PRAGMA user_version = {schema}")


def _told(words: list[str], folder: str, names: Names, terminal: bool, stdin: str) -> Iterator[str]:
    found = lines_of(*printed(words, terminal=terminal, stdin=stdin), terminal)
    if "--plan" in words:  # the statements themselves stand in the migrations
        found = [line for line in found if line.startswith(("  --", "!", "="))]
    for line in names.named("\n".join(found or ["  (nothing)"])).split("\n"):
        line = line.replace(folder, "FOLDER")
        line = re.sub(r"IANA data \w+;", "IANA data VERSION;", line)
        if words[0] != "next":
            for form, name in _CHANCE:
                line = form.sub(name, line)
        yield line


def _doctor(seen: Seen) -> Iterator[str]:
    async def look(settings: Any, address: str) -> Seen:
        return seen

    with patch("horarium.doctor.look.look", look):
        yield "$ horarium doctor"
        yield from lines_of(*printed(["doctor"]))
        if seen.folder is not None:
            yield "$ horarium doctor --json"
            yield from lines_of(*printed(["doctor", "--json"]))
