"""Which configurations of a table target are taken, and where their databases may be."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import make
from horarium.executors.sql.address import read_url
from horarium.executors.sql.guard import HostPolicy

OPEN = HostPolicy(("*",))


def problems_of(config: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    given = ExecutorOptions(**options)
    return [(problem.field, problem.message) for problem in make(given).check(config)]


async def test_a_configuration_needs_a_place_and_a_table() -> None:
    assert {field for field, _ in problems_of({})} == {"connection", "table"}
    both = {"connection": "postgresql://u@h/d", "database": "crm", "table": "t"}
    assert {field for field, _ in problems_of(both)} == {"connection"}


async def test_every_problem_is_told_with_its_field() -> None:
    config = {
        "database": "../x",
        "table": "",
        "columns": {"write": "a", "id": 1, "no": []},
        "exactly_once": 1,
        "x": 1,
    }
    fields = {field for field, _ in problems_of(config)}
    assert fields == {"x", "database", "table", "exactly_once", "columns.write", "columns.id", "columns.no"}


@pytest.mark.parametrize("name", ["", "..", "a/b", "a.b", "A", "1a", "a" * 64, "a\0", "a\n", 5, ["a"], "ä"])
async def test_names_of_embedded_databases_are_narrow(name: Any, tmp_path: Any) -> None:
    assert problems_of({"database": name, "table": "t"}, data_dir=tmp_path)[0][0] == "database"


async def test_our_own_tables_are_no_targets(tmp_path: Any) -> None:
    for table in ("horarium_writes", "HORARIUM_WRITES", "sqlite_master"):
        assert problems_of({"database": "crm", "table": table}, data_dir=tmp_path)[0][0] == "table"


async def test_without_a_data_folder_there_are_no_embedded_databases() -> None:
    assert problems_of({"database": "crm", "table": "t"})[0][0] == "database"


NOT_LISTED = "is not among those the operator of this server allows (sql_hosts)"
NO_URL = "must be a URL such as postgresql://user:password@host:5432/name"
INCOMPLETE = "must name a user and a database: postgresql://user:password@host:5432/name"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///etc/passwd", "a database file cannot be reached by a URL"),
        ("sqlite+aiosqlite:///x.db", "a database file cannot be reached by a URL"),
        ("duckdb:///x.db", "'duckdb' is not supported"),
        ("http://db.example.com/", "'http' is not supported"),
        ("postgresql://u@10.0.0.1/d", f"the host '10.0.0.1' {NOT_LISTED}"),
        ("postgresql://u@localhost/d", f"the host 'localhost' {NOT_LISTED}"),
        ("postgresql://u@/d?host=/var/run/postgresql", f"the host '/var/run/postgresql' {NOT_LISTED}"),
        ("postgresql://u@db.example.com:5433/d", f"the host 'db.example.com' {NOT_LISTED}"),
        ("postgresql://u@db.example.com.evil.org/d", f"the host 'db.example.com.evil.org' {NOT_LISTED}"),
        ("postgresql://u@db.example.com/d?host=10.0.0.1", "'host' may only name the folder of a Unix socket"),
        ("postgresql://u@db.example.com,10.0.0.1/d", "must name exactly one host"),
        ("postgresql://u@/d?host=db.example.com&host=10.0.0.1", "must name exactly one host"),
        ("postgresql://u@db.example.com/d?passfile=/etc/passwd", "the option 'passfile' is not supported"),
        ("postgresql://u@db.example.com/d?service=x", "the option 'service' is not supported"),
        (
            "postgresql://u@db.example.com/d?sslmode=never",
            "sslmode must be one of disable, prefer, require, verify-ca, verify-full",
        ),
        (
            "postgresql://u@db.example.com/d?sslrootcert=/etc/passwd",
            "the option 'sslrootcert' is not supported",
        ),
        (
            "postgresql://u@db.example.com/d?prepared_statement_cache_size=x",
            "prepared_statement_cache_size must be a whole number",
        ),
        ("postgresql://db.example.com/d", INCOMPLETE),
        ("postgresql://u@db.example.com", INCOMPLETE),
        ("postgresql:///d", INCOMPLETE),
        *((url, NO_URL) for url in ("postgresql://u@db.example.com:port/d", "not a url", "", None, 5)),
    ],
)
def test_urls_that_reach_elsewhere_are_refused(url: Any, said: str) -> None:
    address, problems = read_url(url, HostPolicy(("db.example.com:5432",)))
    assert address is None
    assert said in "; ".join(problems)


@pytest.mark.parametrize(
    ("url", "policy"),
    [
        ("postgresql://u:p@db.example.com/d", HostPolicy(("db.example.com",))),
        ("postgres://u:p@DB.example.com:6000/d?sslmode=verify-full", HostPolicy(("db.example.com:6000",))),
        ("postgresql+psycopg2://u:p@[::1]:5432/d", HostPolicy(("[::1]:5432",), allow_loopback=True)),
        ("postgresql://u@127.0.0.1/d", HostPolicy(allow_loopback=True)),
        ("postgresql://u@localhost/d", HostPolicy(allow_loopback=True)),
        ("postgresql://u@/d?host=/run/pg", HostPolicy(("/run/pg",))),
        ("postgresql://u@10.1.2.3/d", OPEN),
    ],
)
def test_allowed_hosts_are_reached_through_the_asynchronous_driver(url: str, policy: HostPolicy) -> None:
    address, problems = read_url(url, policy)
    assert problems == []
    assert address is not None
    assert address.url.drivername == "postgresql+asyncpg"
    assert address.arguments["host"]


@pytest.mark.parametrize(
    ("option", "verified", "by_name"),
    [
        ("sslmode=require", ssl.CERT_NONE, False),
        ("sslmode=verify-ca", ssl.CERT_REQUIRED, False),
        ("sslmode=verify-full", ssl.CERT_REQUIRED, True),
        ("ssl=verify-full", ssl.CERT_REQUIRED, True),
        ("ssl=require&sslmode=verify-full", ssl.CERT_REQUIRED, True),
    ],
)
def test_a_certificate_is_checked_as_far_as_the_url_asks_for_it(
    option: str, verified: ssl.VerifyMode, by_name: bool
) -> None:
    address, problems = read_url(f"postgresql://u:p@db.example.com/d?{option}", OPEN)
    assert problems == []
    assert address is not None
    context = address.arguments["ssl"]
    assert (context.verify_mode, context.check_hostname) == (verified, by_name)
    assert context.host == "db.example.com"
    assert verified is ssl.CERT_NONE or context.cert_store_stats()["x509_ca"] > 0


@pytest.mark.parametrize(
    ("place", "tls"),
    [
        ("db.example.com/d", "prefer"),
        ("db.example.com/d?sslmode=prefer", "prefer"),
        ("db.example.com/d?sslmode=disable", False),
        ("/d?host=/run/pg&sslmode=verify-full", False),
    ],
)
def test_a_driver_gets_all_that_it_would_take_from_elsewhere(place: str, tls: Any) -> None:
    address, problems = read_url(f"postgresql://u:p@{place}", HostPolicy(("*", "/run/pg")))
    assert problems == []
    assert address is not None
    assert address.arguments == {
        "host": "/run/pg" if place.startswith("/") else "db.example.com",
        "port": 5432,
        "password": "p",
        "passfile": "/dev/null",
        "ssl": tls,
        "timeout": 10,
        "server_settings": {"application_name": "horarium"},
    }
    assert (address.port, address.database, dict(address.url.query)) == (5432, "d", {})


@pytest.mark.parametrize(("length", "taken"), [(2_048, True), (2_049, False)])
def test_no_url_is_longer_than_a_bound(length: int, taken: bool) -> None:
    beginning = "postgresql://u@db.example.com/"
    address, _ = read_url(beginning + "d" * (length - len(beginning)), OPEN)
    assert (address is not None) is taken


def test_any_host_does_not_mean_any_folder_of_this_machine() -> None:
    assert read_url("postgresql://u@/d?host=/run/pg", OPEN)[0] is None


def test_credentials_of_the_server_process_are_never_borrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "the server's own")
    address, _ = read_url("postgresql://u@db.example.com/d", OPEN)
    assert address is not None
    assert address.arguments["password"] == ""
    assert address.arguments["passfile"] == "/dev/null"


def test_a_missing_driver_is_named() -> None:
    _, problems = read_url("mysql://u:p@db.example.com/d", OPEN)
    assert problems == ["needs the Python package 'aiomysql' on the server: pip install aiomysql"]


async def test_the_url_is_a_secret_and_never_shown() -> None:
    options = ExecutorOptions(sql_hosts=("*",))
    public, secrets = make(options).split({"connection": "postgresql://u:p@h/d", "table": "t"})
    assert public == {"connection": "***", "table": "t"}
    assert secrets == {"connection": "postgresql://u:p@h/d"}


def test_problems_never_hold_the_password() -> None:
    _, problems = read_url("postgresql://u:hunter2@evil/d?x=1&sslmode=2", HostPolicy())
    assert problems
    assert "hunter2" not in " ".join(problems)


def test_a_star_does_not_stand_for_an_sql_server_which_may_send_its_driver_elsewhere() -> None:
    unseen = "* does not stand for the host of an SQL Server"
    _, problems = read_url("mssql://u:p@db.example.com/crm", OPEN)
    assert any(unseen in problem for problem in problems)
    for hosts in (("db.example.com",), ("*", "db.example.com:1433")):
        _, problems = read_url("mssql://u:p@db.example.com/crm", HostPolicy(hosts))
        assert not any("sql_hosts" in problem for problem in problems)
    _, problems = read_url("mssql://u:p@db.example.com/crm", HostPolicy(("other.example",)))
    assert any(problem.endswith("allows (sql_hosts)") for problem in problems)
    _, problems = read_url(
        "oracle://u:p@db.example.com/crm", OPEN
    )  # it is judged wherever it sends its driver
    assert not any("sql_hosts" in problem for problem in problems)
