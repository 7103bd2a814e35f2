"""Which databases may be connected to: judged by what a name leads to, at every connection."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from horarium.executors import egress, look_ups
from horarium.executors.egress import AddressRefused
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import make
from horarium.executors.sql.address import NamedContext, read_url
from horarium.executors.sql.databases import NetworkDatabase
from horarium.executors.sql.guard import DatabaseGuard, HostPolicy, OwnDatabase, is_on_this_machine
from tests.executors.sql_places import postgres_place

ANY = ExecutorOptions(sql_hosts=("*",))
LOOPBACK = replace(ANY, sql_allow_loopback=True)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to, in place of the system's resolver."""
    answers: dict[str, list[str]] = {}

    def look_up(host: str, *_given: Any, **_named: Any) -> list[Any]:
        found = answers.get(host, [host])
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, 0, 0, 0)[:4],
            )
            for address in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(egress.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(look_ups, "REMEMBERED_S", 0.0)
    return answers


async def places(options: ExecutorOptions, host: str, port: int = 5432, name: str = "crm") -> list[str]:
    guard = DatabaseGuard(HostPolicy.of(options))
    try:
        return list(await guard.resolve(host, port, name))
    finally:
        await guard.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "0.0.0.0", "::", "169.254.169.254", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
     "64:ff9b::a9fe:a9fe", "100.100.100.200", "fe80::1", "224.0.0.1", "2002:7f00:1::"],
)  # fmt: skip
@pytest.mark.parametrize("hosts", [("*",), ("db.example.com",)])
async def test_a_name_that_leads_to_this_machine_or_to_metadata_is_refused(
    names: dict[str, list[str]], hosts: tuple[str, ...], address: str
) -> None:
    names["db.example.com"] = [address]
    with pytest.raises(AddressRefused):
        await places(ExecutorOptions(sql_hosts=hosts, allow_loopback=True), "db.example.com")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "localhost.", "LOCALHOST", "a.localhost", "[::1]",
     "0.0.0.0", "169.254.169.254", "metadata.google.internal"],
)  # fmt: skip
async def test_any_host_is_neither_this_machine_nor_metadata(host: str) -> None:
    for options in (ANY, replace(ANY, allow_loopback=True), replace(ANY, sql_hosts=("*", host))):
        address, (problem,) = read_url(f"postgresql://u:p@{host}/crm", HostPolicy.of(options))
        assert address is None
        assert "leads to an address that is refused" in problem or "an unusual spelling" in problem


async def test_databases_of_this_machine_have_a_setting_of_their_own(names: dict[str, list[str]]) -> None:
    names["db.example.com"] = ["127.0.0.1"]
    assert await places(LOOPBACK, "db.example.com") == ["127.0.0.1"]
    assert await places(ExecutorOptions(sql_allow_loopback=True), "127.0.0.1") == ["127.0.0.1"]
    names["db.example.com"] = ["169.254.169.254"]
    with pytest.raises(AddressRefused):
        await places(LOOPBACK, "db.example.com")


async def test_only_the_addresses_that_may_be_reached_are_connected_to(names: dict[str, list[str]]) -> None:
    names["db.example.com"] = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "203.0.113.5", "198.41.0.4"]
    assert await places(ANY, "db.example.com") == ["10.1.2.3", "198.41.0.4"]


async def test_every_connection_asks_for_the_name_again_and_goes_where_it_was_judged(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    async def connect(**given: Any) -> Any:
        tried.append(given["host"])
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr("asyncpg.connect", connect)
    policy = HostPolicy.of(ANY)
    address, problems = read_url("postgresql://u:p@db.example.com/crm", policy)
    assert address is not None, problems
    guard = DatabaseGuard(policy)
    database = NetworkDatabase(address, guard)
    for answer in (["10.1.2.3"], ["10.1.2.4"], ["127.0.0.1"]):
        names["db.example.com"] = answer
        with pytest.raises((ConnectionRefusedError, AddressRefused)):
            await database.run(lambda connection: None)
    assert tried == [["10.1.2.3"], ["10.1.2.4"]]
    await database.close()
    await guard.close()


OWN = "postgresql://horarium:secret@127.0.0.1:5432/horarium"


@pytest.mark.parametrize(
    ("own", "host"),
    [
        (OWN, "127.0.0.1"),
        (OWN, "localhost"),
        (OWN, "::1"),
        (OWN, "127.5.5.5"),
        (OWN, "alias.example.com"),
        (OWN, "/run/postgresql"),
        (OWN.replace("127.0.0.1:5432", "localhost"), "127.0.0.1"),
        ("postgresql:///horarium?host=/run/postgresql", "/run/postgresql"),
        ("postgresql:///horarium?host=/run/postgresql", "/tmp/other-name-of-it"),
        ("postgresql:///horarium?host=/run/postgresql&port=5432", "127.0.0.1"),
        ("postgresql:///horarium", "localhost"),
        ("postgresql://horarium@/", "127.0.0.1"),
        ("postgres://h@db.internal/horarium", "db.internal"),
        ("postgres://h@db.internal/horarium", "10.9.9.9"),
        ("postgres://h@db.internal/horarium", "alias-of-db.example.com"),
        ("postgres://h@first.internal:6000,db.internal:5432/horarium", "10.9.9.9"),
    ],
)
async def test_the_servers_own_database_is_refused_under_every_name_and_socket(
    names: dict[str, list[str]], own: str, host: str
) -> None:
    names |= {
        "localhost": ["127.0.0.1", "::1"],
        "alias.example.com": ["127.0.0.1"],
        "db.internal": ["10.9.9.9"],
        "first.internal": ["10.9.9.8"],
        "alias-of-db.example.com": ["10.9.9.9"],
    }
    options = replace(LOOPBACK, sql_hosts=("*", "/run/postgresql", "/tmp/other-name-of-it"), own_database=own)
    with pytest.raises(AddressRefused, match="own database"):
        await places(options, host, name="horarium")
    await places(options, host, name="crm")
    await places(options, host, port=5499, name="horarium")


async def test_a_target_on_the_servers_own_database_writes_nothing() -> None:
    place = await postgres_place()
    assert place.url is not None
    executor = make(replace(place.options, own_database=place.url))
    outcome = await executor.execute(place.call({"operation": "INSERT", "values": {"name": "Ada"}}))
    assert (outcome.retryable, "own database" in str(outcome.error)) == (False, True)
    assert await place.rows() == []
    await executor.close()
    await place.executor.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_is_no_allowed_host_where_only_others_are_listed(host: str) -> None:
    others = HostPolicy(("db.example.com",))
    assert "is not among those the operator of this server allows" in str(others.refusal(host, 5432))
    assert replace(others, allow_loopback=True).refusal(host, 5432) is None


@pytest.mark.parametrize(
    ("entry", "port", "listed"),
    [
        ("fd00::5", 5432, True),
        ("[fd00::5]", 5432, True),
        ("[FD00::5]:5432", 5432, True),
        ("[fd00::5]:5433", 5432, False),
        ("fd00::5:5432", 5432, False),
        ("[fd00::6]", 5432, False),
    ],
)
def test_an_address_of_ipv6_is_listed_plainly_or_in_brackets_and_with_a_port(
    entry: str, port: int, listed: bool
) -> None:
    wrong = HostPolicy((entry,)).refusal("fd00::5", port)
    assert wrong == (
        None
        if listed
        else "the host 'fd00::5' is not among those the operator of this server allows (sql_hosts)"
    )


@pytest.mark.parametrize(
    ("places", "hosts", "ports"),
    [
        ("[::1]", ("::1",), {5432}),
        ("[fd00::6000]", ("fd00::6000",), {5432}),
        ("[fd00::1]:6000,db:7000", ("fd00::1", "db"), {6000, 7000}),
        ("db,other:7000", ("db", "other"), {5432, 7000}),
        ("%2Frun%2Fpg", ("/run/pg",), {5432}),
    ],
)
def test_the_servers_own_database_is_known_by_each_place_of_its_url(
    places: str, hosts: tuple[str, ...], ports: set[int]
) -> None:
    found = OwnDatabase.of(f"postgresql://u@{places}/d", {"PGHOST": "elsewhere", "PGPORT": "1"})
    assert found == OwnDatabase(hosts, frozenset(ports), "d")


def test_a_sqlite_server_has_no_database_that_a_url_could_name() -> None:
    assert OwnDatabase.of("sqlite:///x/horarium.db") is None
    assert OwnDatabase.of(None) is None
    for url in ("sqlite:///x/horarium.db", "sqlite+aiosqlite:///x/horarium.db", "file:x/horarium.db"):
        assert read_url(url, HostPolicy.of(LOOPBACK))[0] is None


def test_what_the_servers_url_leaves_out_is_taken_from_where_the_driver_takes_it() -> None:
    environment = {"PGHOST": "db.internal", "PGPORT": "6000", "PGDATABASE": "own"}
    assert OwnDatabase.of("postgresql://", environment) == OwnDatabase(
        ("db.internal",), frozenset({6000}), "own"
    )
    assert OwnDatabase.of("postgresql://u@[::1]:5433/d", {}) == OwnDatabase(("::1",), frozenset({5433}), "d")


def test_the_addresses_of_this_machine_are_known() -> None:
    assert is_on_this_machine("127.0.0.1")
    assert not is_on_this_machine("192.0.2.1")


def test_a_certificate_is_held_against_the_name_although_the_address_is_connected_to() -> None:
    address, _ = read_url("postgresql://u:p@db.example.com/d?sslmode=verify-full", HostPolicy.of(ANY))
    assert address is not None
    context = address.arguments["ssl"]
    assert isinstance(context, NamedContext)
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="10.1.2.3")
    assert made.server_hostname == "db.example.com"


def test_a_file_of_the_servers_data_folder_has_no_name_as_an_embedded_database(tmp_path: Path) -> None:
    executor = make(ExecutorOptions(data_dir=tmp_path))
    for name in ("../horarium", "../../horarium", "/horarium", "horarium.db", "a/../../../horarium"):
        assert [problem.field for problem in executor.check({"database": name, "table": "keys"})] == [
            "database"
        ]


async def test_the_own_database_is_looked_up_in_a_thread_that_nobody_else_needs_or_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, bool] = {}

    def look_up(host: str, *_given: Any, **_named: Any) -> list[Any]:
        asked[host] = threading.current_thread().daemon
        address = {"theirs.example": "10.0.0.1", "own.example": "10.0.0.1"}[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(egress.socket, "getaddrinfo", look_up)
    options = ExecutorOptions(sql_hosts=("*",), own_database="postgresql://u@own.example/crm")
    with pytest.raises(AddressRefused, match="is the server's own database"):
        await places(options, "theirs.example")
    assert asked == {"theirs.example": True, "own.example": True}
