"""`horarium copy` as a process: killed in the middle it continues, and servers wait for its end."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from horarium.app import open_server
from horarium.domain.errors import Unavailable
from horarium.settings import Settings
from tests.cli.running import horarium
from tests.support.postgres import drop_database, fresh_database
from tests.support.started import Started

ROWS = 60_000
COUNT = "SELECT count(*) FROM labels"


async def _installation(data: Path) -> None:
    """A data folder as a server leaves it, with a table that takes a while to copy."""
    async with open_server(Settings(data=data, roles=("api",))):
        pass
    with closing(sqlite3.connect(data / "horarium.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO labels (workspace_id, name, value, schedule_id) VALUES (x'01', 'n', 'v', ?)",
            ((number.to_bytes(16, "big"),) for number in range(ROWS)),
        )


def _rows(database: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return int(connection.execute(COUNT).fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def _kill_in_the_middle(source: Path, target: Path) -> None:
    process = Started(
        ["copy", str(source), str(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not _rows(target / "horarium.db") and time.monotonic() < until and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_killed_copy_continues_and_what_it_made_can_be_served_and_copied_back(tmp_path: Path) -> None:
    source, target, back = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    asyncio.run(_installation(source))
    _kill_in_the_middle(source, target)
    assert 0 < _rows(target / "horarium.db") < ROWS
    for name in ("secret.key", "admin.key"):
        (target / name).write_bytes((source / name).read_bytes())
        (target / name).chmod(0o600)
    with pytest.raises(Unavailable, match="not been finished"):
        asyncio.run(_open(target))
    found = horarium("copy", str(source), str(target))
    assert found.returncode == 0, found.stderr
    assert "copied and verified" in found.stdout
    assert f"labels: {ROWS} of {ROWS}" in found.stderr
    asyncio.run(_open(target))
    url = fresh_database("copied")
    assert horarium("copy", str(target), url).returncode == 0
    assert horarium("copy", url, str(back)).returncode == 0
    assert _rows(back / "horarium.db") == ROWS
    drop_database(url)


async def _open(data: Path) -> None:
    async with open_server(Settings(data=data, roles=("api",))):
        pass


async def test_two_servers_cannot_open_one_database_from_two_folders(tmp_path: Path) -> None:
    first = tmp_path / "first"
    (tmp_path / "link").symlink_to(first)
    async with open_server(Settings(data=first, roles=("api",))):
        for path in (first, tmp_path / "link"):
            other = Settings(
                data=tmp_path / "other", database=f"sqlite:///{path}/horarium.db", roles=("api",)
            )
            with pytest.raises(Unavailable, match="using the database"):
                async with open_server(other):
                    pass
        found = horarium("copy", str(first), str(tmp_path / "third"))
        assert (found.returncode, "using the database" in found.stderr) == (1, True)


async def test_a_database_without_its_key_file_is_refused_and_no_new_key_is_made(tmp_path: Path) -> None:
    await _open(tmp_path)
    (tmp_path / "secret.key").unlink()
    with pytest.raises(Unavailable, match=r"secret\.key that belongs to this database"):
        await _open(tmp_path)
    assert not (tmp_path / "secret.key").exists()


def test_what_cannot_be_copied_is_told_in_one_sentence(tmp_path: Path) -> None:
    for named, code, words in (("mysql://h/n", 2, "neither sqlite"), (str(tmp_path), 1, "no database at")):
        found = horarium("copy", named, str(tmp_path / "new"))
        assert (found.returncode, words in found.stderr) == (code, True), found.stderr
