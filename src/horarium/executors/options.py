"""The settings that executors get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from horarium.domain.host_lists import HostList
from horarium.domain.ids import Id
from horarium.domain.refused_hosts import RefusedHosts
from horarium.store.postgres.identity import DatabaseIdentity


def every_host(_workspace_id: Id) -> HostList | None:
    """Lets each workspace reach every host that the other settings allow."""
    return None


@dataclass(frozen=True, slots=True)
class ExecutorOptions:
    """The argument of every executor's `make(options)`. The defaults allow as little as possible.

    allow_loopback        allows outgoing HTTP to 127.0.0.0/8 and ::1 (for demos, tests and single machines)
    allow_private         more networks to which outgoing HTTP is allowed, as CIDRs: ("10.1.0.0/16",)
    deny_hosts            hosts that nothing outgoing reaches, whatever else is allowed (see domain/host_lists.py)
    allowed_hosts         tells which hosts a workspace may reach, by the workspace's id; None means every host
                          that the other settings allow
    refused_hosts         where refused connections are noted, for the audit log
    python_functions      what `python` targets may call: "package.module:function" or "package.module:*"
    commands              what `command` targets may start: absolute paths, or names that are looked up in
                          `command_path`. The environment variables that may be set for a command follow it:
                          "backup.sh?env=REGION+TEAM". Empty means that commands are off
    response_limit_bytes  how many bytes of an answer are kept as a run's output
    data_dir              the server's data folder, or None if it has none
    public_url            the URL at which targets reach this server (for callbacks)
    max_connections       how many outgoing connections may be open at the same time
    python_workers        processes that run synchronous `python` functions
    sql_hosts             database hosts that `sql` targets and audiences may connect to: "host", "host:port",
                          the folder of a Unix socket, or "*" for any host except this machine. Empty means
                          that only embedded databases are allowed
    sql_allow_loopback    allows connections over the network to databases on this machine
    own_database          the URL of the server's own database, which targets and audiences must not use
    own_identity          which database that is, so that it is known under other names and ports too; None if it
                          is not in PostgreSQL
    engine_hosts          engines that targets may give runs to: "host", "host:port", or "*" for any host except this
                          machine. Empty means none
    llm_env_keys          variables of the server's environment that `llm` targets may name as their API key
    command_path          the folders in which names of commands are looked up
    """

    allow_loopback: bool = False
    allow_private: tuple[str, ...] = ()
    deny_hosts: tuple[str, ...] = ()
    allowed_hosts: Callable[[Id], HostList | None] = field(default=every_host, repr=False)
    refused_hosts: RefusedHosts = field(default_factory=RefusedHosts, repr=False, compare=False)
    python_functions: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    response_limit_bytes: int = 64 * 1024
    data_dir: Path | None = None
    public_url: str | None = None
    max_connections: int = 512
    python_workers: int = 4
    sql_hosts: tuple[str, ...] = ()
    sql_allow_loopback: bool = False
    own_database: str | None = field(default=None, repr=False)
    own_identity: DatabaseIdentity | None = None
    engine_hosts: tuple[str, ...] = ()
    llm_env_keys: tuple[str, ...] = ()
    command_path: str = "/usr/local/bin:/usr/bin:/bin"
