"""Where a database on the network may be: connection URLs, read strictly.

A URL is written by a user, so it is an address this server would connect to on their behalf. Only hosts
that the operator listed are allowed (and this machine where a setting opens it), only databases reached over
a network, and of the URL's options only a few that cannot name a file or a second host. What the host's name leads to
is judged when a connection is made (see `guard`).
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from horarium.executors.sql.guard import HostPolicy

CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Backend:
    """A kind of database: its asynchronous drivers (the first is the default) and the URL options it may
    have."""

    drivers: tuple[str, ...]
    port: int
    options: tuple[str, ...] = ()


BACKENDS: Mapping[str, Backend] = {
    "postgresql": Backend(("asyncpg",), 5432, ("host", "ssl", "sslmode", "prepared_statement_cache_size")),
    "mysql": Backend(("aiomysql", "asyncmy"), 3306, ("charset",)),
    "mariadb": Backend(("aiomysql", "asyncmy"), 3306, ("charset",)),
    "mssql": Backend(("aioodbc",), 1433, ("driver", "Encrypt", "TrustServerCertificate")),
    "oracle": Backend(("oracledb_async",), 1521, ("service_name",)),
}
_MODULES = {"oracledb_async": "oracledb"}
_SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}", re.ASCII)
_OPTION = re.compile(r"[A-Za-z0-9 ._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that may be connected to, and the driver's arguments. Its text form carries the password: never
    shown."""

    url: URL = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)
    host: str
    port: int
    database: str


def read_url(text: Any, policy: HostPolicy) -> tuple[Address | None, list[str]]:
    """The address behind a connection URL, or None and what is wrong with it. No text holds the URL
    itself."""
    url = _parse(text)
    if url is None:
        return None, ["must be a URL such as postgresql://user:password@host:5432/name"]
    name = "postgresql" if url.drivername.startswith("postgres:") else url.get_backend_name()
    name = "postgresql" if name == "postgres" else name
    if name == "sqlite":
        return None, ["a database file is not reached by URL; use database with a name instead"]
    backend = BACKENDS.get(name)
    if backend is None:
        return None, [f"{name!r} is not supported; the URL may begin with {', '.join(BACKENDS)}"]
    host, options, problems = _host_and_options(url, backend)
    port = url.port or backend.port
    wrong = None if problems else policy.refusal(host, port)
    if wrong:
        problems.append(wrong)
    if not url.username or not url.database:
        problems.append("must name a user and a database: postgresql://user:password@host:5432/name")
    driver = _driver(url, backend)
    module = _MODULES.get(driver, driver)
    if find_spec(module) is None:
        problems.append(f"needs the Python package {module!r} on the server: pip install {module}")
    if problems:
        return None, problems
    clean = URL.create(f"{name}+{driver}", url.username, url.password, host, port, url.database)
    return _with_arguments(name, clean, host, port, options), []


def _parse(text: Any) -> URL | None:
    if not isinstance(text, str) or len(text) > 2048:
        return None
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        return None


def _driver(url: URL, backend: Backend) -> str:
    """The driver asked for if it is an asynchronous one; any other word (psycopg2, pymysql) means the
    default."""
    asked = url.drivername.partition("+")[2]
    return asked if asked in backend.drivers else backend.drivers[0]


def _host_and_options(url: URL, backend: Backend) -> tuple[str, dict[str, str], list[str]]:
    options = {key: value for key, value in url.query.items() if isinstance(value, str)}
    unknown = sorted(set(url.query) - set(backend.options) | set(url.query) - set(options))
    problems = [f"the option {key!r} is not taken" for key in unknown]
    socket = options.pop("host", None)
    host = url.host or socket or ""
    if socket is not None and (url.host or not socket.startswith("/") or ".." in socket or "," in socket):
        problems.append(
            "the option 'host' may only name the folder of a Unix socket, with no host in the URL"
        )
    elif socket is None and not _HOST.fullmatch(host):
        problems.append("must name one host")
    odd = [key for key, value in options.items() if not _OPTION.fullmatch(value)]
    problems += [f"the option {key!r} has a value that is not taken" for key in odd]
    if not options.get("prepared_statement_cache_size", "0").isdecimal():
        problems.append("prepared_statement_cache_size must be a whole number")
    mode = options.get("sslmode", options.get("ssl", "prefer"))
    if "sslmode" in backend.options and mode not in _SSL_MODES:
        problems.append(f"sslmode must be one of {', '.join(_SSL_MODES)}")
    return host, options, problems


def _with_arguments(name: str, url: URL, host: str, port: int, options: dict[str, str]) -> Address:
    database = url.database or ""
    if name != "postgresql":
        return Address(url.update_query_dict(options), {}, host, port, database)
    mode = options.get("sslmode", options.get("ssl", "prefer"))
    # Everything the driver would otherwise look for in this process's environment or home folder (PGPASSWORD,
    # .pgpass, PGSSLMODE) is given, so that a user's URL never borrows the server's own credentials.
    arguments: dict[str, Any] = {
        "host": host,
        "port": port,
        "password": url.password or "",
        "passfile": os.devnull,
        "ssl": False if host.startswith("/") else _tls(mode, host),
        "timeout": CONNECT_SECONDS,
        "server_settings": {"application_name": "horarium"},
    }
    if "prepared_statement_cache_size" in options:
        arguments["prepared_statement_cache_size"] = int(options["prepared_statement_cache_size"])
    return Address(url.set(host=None, port=None, password=None), arguments, host, port, database)


def _tls(mode: str, host: str) -> Any:
    if mode in ("disable", "prefer"):
        return False if mode == "disable" else "prefer"
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.host = host
    context.load_default_certs()
    context.check_hostname = mode == "verify-full"
    context.verify_mode = ssl.CERT_NONE if mode == "require" else ssl.CERT_REQUIRED
    return context


class NamedContext(ssl.SSLContext):
    """TLS to an address that was looked up beforehand: the certificate is still that of the host's name."""

    host: str

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.host, session)


def password_of(text: Any) -> str | None:
    """The password in a connection URL, wherever that leads."""
    url = _parse(text)
    return None if url is None else url.password
