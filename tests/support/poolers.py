"""A real PgBouncer before the PostgreSQL of tests. It serves every database of that server under its own name, on a
Unix socket and on a port of 127.0.0.1, and is ended with the process.

`THROUGH_POOLER=beside` has the tests of the store go through it, with a direct address beside; `THROUGH_POOLER=only`
without one.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from horarium.store.postgres import PostgresStore
from horarium.store.postgres.connection import connect
from tests.support.postgres import name_in, socket_folder

PROGRAM = "/usr/sbin/pgbouncer"
MODE = os.environ.get("THROUGH_POOLER", "")
# Servers for one database, whatever the number of clients.
SERVERS = 20

# Connections that stores hear over, for as long as the process lives.
_ears: dict[int, Any] = {}

_CONFIGURATION = """
[databases]
* = host={socket_folder} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = {mode}
default_pool_size = {servers}
max_client_conn = 2000
server_idle_timeout = 20
server_lifetime = 3600
server_login_retry = 1
ignore_startup_parameters = {ignored}
logfile = {folder}/log
pidfile = {folder}/pid
"""


@cache
def pooler(mode: str = "transaction") -> PgBouncer:
    """The PgBouncer of this process, started on first use."""
    started = PgBouncer(socket_folder(), mode)
    atexit.register(started.close)
    return started


async def opened(url: str, *, notify: bool = True) -> PostgresStore:
    """The store in a database of tests. With THROUGH_POOLER=beside its verbs go through a pooler, and it hears other
    nodes over a connection beside, as a node does."""
    if MODE != "beside":
        return await PostgresStore.open(url, notify=notify)
    store = await PostgresStore.open(url, notify=notify, pooled=pooler().url(name_in(url)))
    if notify:
        ear = await connect(url)
        await store.lend_ear(ear, asyncio.get_running_loop())
        _ears[id(store)] = ear
    return store


class PgBouncer:
    """A running PgBouncer. `port` is where it listens, also the name of its socket in `folder`."""

    def __init__(
        self,
        socket_folder: str,
        mode: str = "transaction",
        servers: int = SERVERS,
        ignored: Sequence[str] = ("extra_float_digits",),
    ) -> None:
        """`ignored` are settings of clients that it swallows."""
        self.folder = Path(tempfile.mkdtemp(prefix="horarium-pgb-", dir="/tmp"))
        self.port = _free_port()
        file = self.folder / "pgbouncer.ini"
        file.write_text(
            _CONFIGURATION.format(
                socket_folder=socket_folder,
                port=self.port,
                folder=self.folder,
                mode=mode,
                servers=servers,
                ignored=", ".join(ignored),
            )
        )
        command = [PROGRAM, str(file)]
        options: dict[str, Any] = {}
        owner = os.stat(socket_folder)
        if os.getuid() == 0:  # as whom it refuses to run; the owner of the server may reach its socket
            os.chown(self.folder, owner.st_uid, owner.st_gid)
            options = {"user": owner.st_uid, "group": owner.st_gid}
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
        )
        self._wait()

    def url(self, name: str) -> str:
        """The address of a database through this PgBouncer; it does not say so."""
        return f"postgresql://postgres@/{name}?host={quote(str(self.folder), safe='/')}&port={self.port}"

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while True:
            said = self.folder / "log"
            assert self._process.poll() is None, said.read_text() if said.exists() else "PgBouncer has ended"
            assert time.monotonic() < end, said.read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
