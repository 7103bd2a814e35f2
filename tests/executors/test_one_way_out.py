"""Every connection to where a user says goes through the guard: nothing else in the server opens connections."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import horarium

ROOT = Path(horarium.__file__).parent
# What opens connections or looks up names in the standard library and in what is installed.
OPENS = re.compile(
    r"aiohttp\.(?:ClientSession|TCPConnector|request)|urllib\.request|http\.client|\bhttpx2?\.(?!AsyncBaseTransport"
    r"|Request|Response)|\brequests\.(?:get|post|put|request|Session)|smtplib|ftplib|telnetlib|create_connection|open_connection|open_unix_connection"
    r"|sock_connect|\.connect_ex\(|getaddrinfo|gethostby|create_async_engine|asyncpg\.(?:connect|create_pool)"
    r"|websockets|paramiko|OTLPSpanExporter|module\.Client\b|boto3\.client|ConnectionPool\(|aiormq\.Connection|AIOKafka"
)
# The files that may, and why none of them follows a user past the guard.
MAY = {
    "app/further_processes.py": "the socket between a server and the processes that it has started",
    "backup/s3.py": "the storage for backups that the operator has named",
    "executors/egress.py": "the guarded client itself",
    "executors/engines/kafka.py": "connects to the addresses that the guard of engines resolved",
    "executors/engines/nats_link.py": "connects to the address that the guard of engines resolved",
    "executors/engines/http_door.py": "looks names up and connects as the guard of engines says",
    "executors/engines/rabbitmq.py": "connects to the address that the guard of engines resolved",
    "executors/engines/redis_servers.py": "each connection asks the guard of engines for the address",
    "executors/engines/temporal.py": "connects to the address that the guard of engines resolved",
    "executors/llm/ask.py": "its client is given the transport that sends by the guarded client",
    "executors/sql/databases.py": "its engines connect to the addresses that the guard resolved",
    "executors/sql/dialled.py": "each connection of the drivers that dial by themselves is judged by the guard",
    "executors/sql/received.py": "opens the connections of executors/sql/databases.py, to bound what arrives",
    "store/postgres/connection.py": "the server's own database",
    "store/postgres/hosts.py": "the servers of the server's own database",
    "worker/tracing.py": "sends spans to the collector that the operator's environment names",
}
# These speak to a server as its clients, and are not part of it. Watchdog and doctor call what the operator has named.
CLIENTS = ("cli/", "bench/", "watchdog/", "doctor/")


class _WithoutTexts(ast.NodeTransformer):
    """Leaves only the code of a module."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


def code_of(path: Path) -> str:
    """A module without its comments and texts."""
    return ast.unparse(_WithoutTexts().visit(ast.parse(path.read_text("utf-8"))))


def test_only_the_guard_and_the_servers_own_store_open_connections() -> None:
    found = {
        name
        for path in ROOT.rglob("*.py")
        if not (name := path.relative_to(ROOT).as_posix()).startswith(CLIENTS) and OPENS.search(code_of(path))
    }
    assert found == set(MAY)
