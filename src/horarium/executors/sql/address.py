"""Reads and checks the connection URLs of databases on the network.

A user writes the URL, and this server connects to it, so little is allowed: hosts that the operator listed, databases
that are reached over a network, and a few options that cannot name a file or another host. The addresses of the host
are checked later, when a connection is made (see `guard`).
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from horarium.executors.sql.guard import HostPolicy

# How long connecting to PostgreSQL may take, in seconds.
CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Backend:
    """A kind of database: its asynchronous drivers (the first is the default), its default port, and the options that
    its URLs may have. `dials_unseen`: its driver connects by itself, outside of Python, and goes where the database
    sends it without asking this server."""

    drivers: tuple[str, ...]
    port: int
    options: tuple[str, ...] = ()
    dials_unseen: bool = False


# The supported kinds of databases, by the beginning of their URLs.
BACKENDS: Mapping[str, Backend] = {
    "postgresql": Backend(("asyncpg",), 5432, ("host", "ssl", "sslmode", "prepared_statement_cache_size")),
    "mysql": Backend(("aiomysql", "asyncmy"), 3306, ("charset",)),
    "mariadb": Backend(("aiomysql", "asyncmy"), 3306, ("charset",)),
    "mssql": Backend(("aioodbc",), 1433, ("driver", "Encrypt", "TrustServerCertificate"), dials_unseen=True),
    "oracle": Backend(("oracledb_async",), 1521, ("service_name",)),
}
# Python packages of drivers that are not named like the driver.
_MODULES = {"oracledb_async": "oracledb"}
# The oldest version of a driver that may be used. Older ones of aiomysql send a server any file that it asks for,
# although no option allows it.
_OLDEST = {"aiomysql": (0, 3)}
_SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}", re.ASCII)
_OPTION = re.compile(r"[A-Za-z0-9 ._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A checked URL and the arguments for its driver. Both may hold the password, so they are never shown."""

    url: URL = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)
    host: str
    port: int
    database: str


def read_url(text: Any, policy: HostPolicy) -> tuple[Address | None, list[str]]:
    """The address in a connection URL, or None and what is wrong with the URL.

    The texts do not repeat the URL, because it may hold a password. Looks up no name.
    """
    url = _parse(text)
    if url is None:
        return None, ["must be a URL such as postgresql://user:password@host:5432/name"]
    name = _backend_name(url)
    if name == "sqlite":
        return None, [
            "a database file cannot be reached by a URL; set database to the name of an embedded database"
        ]
    backend = BACKENDS.get(name)
    if backend is None:
        return None, [f"{name!r} is not supported; the URL may begin with {', '.join(BACKENDS)}"]
    host, options, problems = _host_and_options(url, backend)
    port = url.port or backend.port
    wrong = None if problems else policy.refusal(host, port, itself=backend.dials_unseen)
    if wrong:
        problems.append(wrong)
    if not url.username or not url.database:
        problems.append("must name a user and a database: postgresql://user:password@host:5432/name")
    driver = _driver(url, backend)
    module = _MODULES.get(driver, driver)
    if find_spec(module) is None:
        problems.append(f"needs the Python package {module!r} on the server: pip install {module}")
    elif _version(module) < _OLDEST.get(module, ()):
        oldest = ".".join(map(str, _OLDEST[module]))
        problems.append(
            f"needs {module} {oldest} or newer on the server, because older ones give away its files"
        )
    if problems:
        return None, problems
    clean = URL.create(f"{name}+{driver}", url.username, url.password, host, port, url.database)
    return _with_arguments(name, clean, host, port, options), []


def backend_of(text: Any) -> str | None:
    """The kind of database that a connection URL names, or None if it is no URL."""
    url = _parse(text)
    return None if url is None else _backend_name(url)


def _backend_name(url: URL) -> str:
    name = "postgresql" if url.drivername.startswith("postgres:") else url.get_backend_name()
    return "postgresql" if name == "postgres" else name


def _parse(text: Any) -> URL | None:
    if not isinstance(text, str) or len(text) > 2048:
        return None
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        return None


def _driver(url: URL, backend: Backend) -> str:
    """The driver that the URL names if it is asynchronous. For any other (psycopg2, pymysql) the default is used."""
    asked = url.drivername.partition("+")[2]
    return asked if asked in backend.drivers else backend.drivers[0]


def _version(module: str) -> tuple[int, ...]:
    """The first numbers of the version of a driver that has an oldest one; empty for all others."""
    return tuple(int(part) for part in re.findall(r"\d+", version(module))[:2]) if module in _OLDEST else ()


def _host_and_options(url: URL, backend: Backend) -> tuple[str, dict[str, str], list[str]]:
    """The host (or folder of a Unix socket), the other options, and what is wrong with them."""
    options = {key: value for key, value in url.query.items() if isinstance(value, str)}
    unknown = sorted(set(url.query) - set(backend.options) | set(url.query) - set(options))
    problems = [f"the option {key!r} is not supported" for key in unknown]
    socket = options.pop("host", None)
    host = url.host or socket or ""
    if socket is not None and (url.host or not socket.startswith("/") or ".." in socket or "," in socket):
        problems.append(
            "the option 'host' may only name the folder of a Unix socket, with no host in the URL"
        )
    elif socket is None and not _HOST.fullmatch(host):
        problems.append("must name exactly one host")
    odd = [key for key, value in options.items() if not _OPTION.fullmatch(value)]
    problems += [f"the option {key!r} has a value that is not allowed" for key in odd]
    if not options.get("prepared_statement_cache_size", "0").isdecimal():
        problems.append("prepared_statement_cache_size must be a whole number")
    mode = options.get("sslmode", options.get("ssl", "prefer"))
    if "sslmode" in backend.options and mode not in _SSL_MODES:
        problems.append(f"sslmode must be one of {', '.join(_SSL_MODES)}")
    return host, options, problems


def _with_arguments(name: str, url: URL, host: str, port: int, options: dict[str, str]) -> Address:
    """The address with the arguments that its driver needs."""
    database = url.database or ""
    if name != "postgresql":
        return Address(url.update_query_dict(options), {}, host, port, database)
    mode = options.get("sslmode", options.get("ssl", "prefer"))
    # Everything is set that the driver would otherwise take from the environment or home folder of this process
    # (PGPASSWORD, .pgpass, PGSSLMODE). So a user's URL never uses the server's own credentials.
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
    return Address(url, arguments, host, port, database)


def _tls(mode: str, host: str) -> Any:
    """The driver's `ssl` argument for an `sslmode`."""
    if mode in ("disable", "prefer"):
        return False if mode == "disable" else "prefer"
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.host = host
    context.load_default_certs()
    context.check_hostname = mode == "verify-full"
    context.verify_mode = ssl.CERT_NONE if mode == "require" else ssl.CERT_REQUIRED
    return context


class NamedContext(ssl.SSLContext):
    """A TLS context that checks certificates for the name `host`, although the driver connects to an address."""

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
    """The password in a connection URL, even if its host is not allowed. None if there is none or it is not a URL."""
    url = _parse(text)
    return None if url is None else url.password
