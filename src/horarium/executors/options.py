"""What the server's settings say to executors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExecutorOptions:
    """Handed to every executor's `make(options)`. The defaults are the strictest.

    allow_loopback        opens 127.0.0.0/8 and ::1 to outgoing HTTP (demos, tests, one-machine set-ups)
    allow_private         further networks opened to outgoing HTTP, as CIDRs: ("10.1.0.0/16",)
    python_functions      what `python` targets may call: "package.module:function" or "package.module:*"
    commands              what `command` targets may start: names looked up in `command_path`, or absolute
                          paths, each with the environment variables that it may be given behind it
                          ("backup.sh?env=REGION+TEAM"); empty means that commands are off
    response_limit_bytes  how much of an answer is kept as a run's output
    data_dir              the server's data folder, None where there is none
    public_url            the address under which targets reach this server (for callbacks)
    max_connections       open outgoing connections in all
    python_workers        processes that run synchronous `python` functions
    sql_hosts             database hosts that `sql` targets and audiences may connect to: "host", "host:port",
                          the folder of a Unix socket, or "*" for any host but this machine; empty means
                          embedded databases alone
    sql_allow_loopback    opens the databases of this machine that are reached by network
    own_database          the URL of the server's own database, which no target and no audience may use
    llm_env_keys          variables of the server's environment that `llm` targets may name as their API key
    command_path          where names of commands are looked up
    """

    allow_loopback: bool = False
    allow_private: tuple[str, ...] = ()
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
    llm_env_keys: tuple[str, ...] = ()
    command_path: str = "/usr/local/bin:/usr/bin:/bin"
