"""What databases are sent for table targets, and what comes of it: chapters of `sent.txt`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import asyncpg
from sqlalchemy import Column, Engine, Identity, MetaData, Table, event, types
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from horarium.executors.sql import make
from horarium.executors.sql.config import Columns
from horarium.executors.sql.failures import NotThere, failed, is_statement_error
from horarium.executors.sql.operation import compile_write
from horarium.executors.sql.tables import database_path
from tests.executors.calls import call_of
from tests.executors.sent_world import World
from tests.support.kept_page import shown

DIALECTS: Mapping[str, Any] = {
    "sqlite": sqlite, "postgresql": postgresql, "mysql": mysql, "mssql": mssql, "oracle": oracle,
}  # fmt: skip
PEOPLE = Table(
    "people", MetaData(),
    Column("id", types.Integer, primary_key=True), Column("name", types.String(20), nullable=False),
    Column("small", types.SmallInteger), Column("large", types.BigInteger), Column("ratio", types.Float),
    Column("price", types.Numeric(8, 2)), Column("active", types.Boolean), Column("day", types.Date),
    Column("at", types.Time), Column("seen", types.DateTime), Column("zoned", types.DateTime(timezone=True)),
    Column("extra", types.JSON), Column("raw", types.LargeBinary), Column("uid", types.Uuid), Column("notes",
    types.Text),
    Column("odd", types.Interval), Column("always", types.Integer, Identity(always=True)), schema="crm",
)  # fmt: skip
# Values of every kind, each given to every column.
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 32_767, 32_768, 2_147_483_648, -2_147_483_649, 9_223_372_036_854_775_807,
    9_223_372_036_854_775_808,
    1.5, 1.005, "", "x" * 20, "x" * 21, "12.50", "1e5", "2026-03-08", "13:00", "13:00:01.5",
    "2026-03-08T13:00:00Z", "2026-03-08 13:00:00+02:00", "2026-03-08T13:00", "YWI=", "a?", "\0",
    "00000000-0000-0000-0000-000000000001", [1], {"a": None},
)  # fmt: skip
UPDATES: tuple[Mapping[str, Any], ...] = (
    {"dbRecordId": 7},
    {"dbRecordId": 1 << 70},
    *({"whereConditions": json.dumps(where)} for where in (
        {"name": "Ada", "small": 5}, {}, [], {"nobody": 1}, {"name": None}, {"extra": 1}, "x", 7,
        *([{"column": "large", "operator": operator, "value": 5}] for operator in ("=", "!=", "<", "<=", ">", ">=",
        "like", "?")),
        [{"column": "name", "operator": "like", "value": "A%"}], [{"column": "large", "operator": "in", "value": [1,
        2]}],
        [{"column": "large", "operator": "in", "value": []}], [{"column": "large", "operator": "in",
        "value": list(range(1_001))}],
        [{"column": "name", "operator": "is_null"}], [{"column": "name", "operator": "is_null", "value": False}],
        [{"column": "name", "operator": "is_null", "value": 1}], [{"column": "active", "operator": "<",
        "value": True}],
        [{"column": "day", "operator": ">", "value": "2026-03-08"}], [{"column": "name"}], [{"column": 1,
        "operator": "="}],
        [{"column": "name", "operator": "=", "value": "a", "more": 1}], [{"column": "large", "operator": "=",
        "value": n} for n in range(101)],
    )),
    {"whereConditions": '{"name": "a", "name": "b"}'},
    {"whereConditions": '{"large": NaN}'},
    {"whereConditions": " " * 65_537},
    {"dbRecordId": 7, "whereConditions": '{"name": "Ada"}'},
)  # fmt: skip
OPERATIONS: tuple[Any, ...] = (
    None, [], {}, {"operation": "DELETE", "values": {"a": 1}}, {"operation": "INSERT"}, {"operation": "INSERT",
    "values": {}},
    {"operation": "INSERT", "values": {"name": "a"}, "dbRecordId": 1}, {"operation": "UPDATE",
    "values": {"name": "a"}},
    {"operation": "UPDATE", "values": {"name": "a"}, "dbRecordId": "1"}, {"operation": "INSERT",
    "values": {"score": 1}},
    {"operation": "INSERT", "values": {"name": "a", "nobody": 1}}, {"operation": "INSERT", "values": {"name": 5}},
    {"operation": "INSERT", "values": {"name": "a"}, "more": 1}, {"operation": "INSERT", "values": {"name": "a",
    "id": "x"}},
    {"operation": "INSERT", "values": {f"c{n}": 1 for n in range(30)}},
    {"operation": "INSERT", "values": {f"c{n}": 1 for n in range(2_001)}},
)  # fmt: skip
# How the library reads the columns of a table is its own business.
_READING = ("PRAGMA", "SELECT sql")
ADA: Mapping[str, Any] = {"operation": "INSERT", "values": {"name": "Ada", "score": 5}}
PLACE: Mapping[str, Any] = {"database": "crm", "table": "people"}


async def chapters(world: World) -> None:
    world.page.chapter("sql: values of columns, and statements")
    for name, module in DIALECTS.items():
        _statements(world, name, module.dialect())
    await _embedded(world)
    await _elsewhere(world)
    _failures(world)


def _statements(world: World, name: str, dialect: Any) -> None:
    page = world.page
    page.case(f"{name}: values")
    for column in PEOPLE.columns:
        said: dict[str, list[str]] = {}
        for value in VALUES:
            given = {"operation": "UPDATE", "values": {column.name: value}, "dbRecordId": 1}
            compiled, problems = compile_write(given, PEOPLE, Columns(), name)
            if compiled is None:
                said.setdefault(problems[0].message, []).append(shown(value))
            else:
                bound = compiled.statement.compile(dialect=dialect).params.get(column.name, "NULL")
                said.setdefault("is bound", []).append(f"{shown(value)} as {bound!r}")
        for words, values in said.items():
            page.say(f"{column.name}: {words}: {', '.join(values)}")
    page.case(f"{name}: statements")
    for given in ({"operation": "INSERT", "values": {"name": "Ada", "extra": {"a": 1}}}, *UPDATES):
        whole = {"operation": "UPDATE", "values": {"large": 1}, **given}
        compiled, problems = compile_write(whole, PEOPLE, Columns(), name)
        page.problems(problems) if compiled is None else _compiled(world, compiled.statement, dialect)
    page.case(f"{name}: columns that may not be used")
    for columns in (
        Columns(write=("name",)),
        Columns(match=("large",)),
        Columns(id="large"),
        Columns(id="nobody"),
        Columns(write=()),
    ):
        whole = {
            "operation": "UPDATE",
            "values": {"large": 1},
            "whereConditions": '{"name": "a"}',
            "dbRecordId": 3,
        }
        compiled, problems = compile_write(whole, PEOPLE, columns, name)
        page.problems(problems) if compiled is None else _compiled(world, compiled.statement, dialect)


def _compiled(world: World, statement: Any, dialect: Any) -> None:
    made = statement.compile(dialect=dialect)
    world.page.say(f"> {' '.join(str(made).split())} {made.params}")


@contextmanager
def _noted(world: World) -> Iterator[None]:
    """Tell every statement that is executed, but for those that read what columns there are."""

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith(_READING):
            world.page.say(f"> {' '.join(statement.split())} {parameters!r}")

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def _embedded(world: World) -> None:
    page = world.page
    path = database_path(world.folder, call_of({}).workspace_id, "crm")
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, score INTEGER CHECK (score < 9))"
        )
        connection.execute("CREATE TABLE keyless (name TEXT)")
        connection.execute("CREATE VIEW seen AS SELECT * FROM people")
    executor = make(world.options(data_dir=world.folder))
    page.chapter("sql: writes to an embedded database")
    with _noted(world):
        await world.send("the first", executor, PLACE, input=ADA)
        await world.send("the same run again", executor, PLACE, input=ADA, attempt=2)
        more = {"operation": "INSERT", "values": {"name": "Bob", "score": None}}
        await world.send("another run", executor, PLACE, input=more, run_id=b"2" * 16)
        change = {"operation": "UPDATE", "values": {"score": 1}, "dbRecordId": 1}
        await world.send("an update", executor, PLACE, input=change, run_id=b"3" * 16)
        change = {"operation": "UPDATE", "values": {"score": 1}, "whereConditions": '{"name": "Nobody"}'}
        await world.send("an update of nothing", executor, PLACE, input=change, run_id=b"4" * 16)
        once = {**PLACE, "exactly_once": False}
        for name in ("Cy", "Di"):
            given = {"operation": "INSERT", "values": {"name": name}}
            await world.send("not exactly once", executor, once, input=given)
        keyless = {**PLACE, "table": "keyless"}
        given = {"operation": "INSERT", "values": {"name": "a"}}
        await world.send("no key", executor, keyless, input=given, run_id=b"5" * 16)
        await world.send("what is there already", executor, PLACE, input=ADA, run_id=b"6" * 16)
        given = {"operation": "INSERT", "values": {"name": "Ed", "score": 9}}
        await world.send("what the table refuses", executor, PLACE, input=given, run_id=b"7" * 16)
    narrow = {**PLACE, "columns": {"write": ["name"], "match": ["id"], "id": "score"}}
    for config in (
        narrow,
        {**PLACE, "table": "nothing"},
        {**PLACE, "database": "other"},
        {**PLACE, "table": "seen"},
    ):
        await world.send(shown(config), executor, config, input=ADA, run_id=b"8" * 16)
    for operation in OPERATIONS:
        page.case(f"the operation {shown(operation)[:200]}")
        page.outcome(await executor.execute(call_of(PLACE, input=operation, run_id=b"9" * 16)))
        page.problems(await executor.check_operation(call_of({}).workspace_id, PLACE, {}, operation))
    page.case("operations that are checked")
    for config in (PLACE, {**PLACE, "table": "nothing"}, {**PLACE, "database": "other"}):
        page.problems(await executor.check_operation(call_of({}).workspace_id, config, {}, ADA))
    page.case("the file is written to by another")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        given = {"operation": "INSERT", "values": {"name": "Flo"}}
        page.outcome(await executor.execute(call_of(PLACE, input=given, run_id=b"a" * 16, timeout_ms=80)))
        other.execute("ROLLBACK")
        assert not other.execute("SELECT * FROM people WHERE name = 'Flo'").fetchall()
    page.case("a broken configuration")
    page.outcome(await executor.execute(call_of({}, input=ADA)))
    page.say(
        f"kept by a workspace: {executor.is_kept_by_workspace(PLACE)} {executor.is_kept_by_workspace({})}"
    )
    await executor.close()
    bare = make(world.options())
    page.case("a server without a folder")
    page.problems(bare.check(PLACE))
    page.outcome(await bare.execute(call_of(PLACE, input=ADA)))
    await bare.close()


async def _elsewhere(world: World) -> None:
    page = world.page
    page.chapter("sql: databases that are not reached")
    executor = make(world.options(sql_hosts=("db.example.com", "10.1.1.1:5432")))
    world.network.begin({"db.example.com": [["10.9.9.9"]], "inner.example": [["127.0.0.1"]]})
    for kind in ("postgresql", "mysql", "mssql", "oracle"):
        for host in ("db.example.com", "other.example", "10.1.1.1:5432", "10.1.1.1:5433"):
            config = {
                "connection": f"{kind}://app:s3cret-word@{host}/crm",
                "table": "people",
                "schema": "crm",
            }
            page.case(f"{kind} at {host}")
            problems = executor.check(config)
            page.problems(problems)
            if kind == "postgresql" or problems:
                public, secrets = executor.split(config)
                page.outcome(await executor.execute(call_of(public, secrets, input=ADA)))
            world.used("sql", config)
    await executor.close()


def _failures(world: World) -> None:
    """What is made of errors that a test cannot call forth, by their kinds."""
    page = world.page
    page.chapter("sql: errors of databases")
    for state in (
        "08006",
        "28P01",
        "3D000",
        "40001",
        "40P01",
        "42501",
        "42P01",
        "53300",
        "55P03",
        "57014",
        "57P01",
        "22001",
        "23505",
    ):
        error = asyncpg.PostgresError.new({"C": state, "M": f"said {state} of s3cret-word"})
        page.case(state)
        page.outcome(failed(error, ["s3cret-word"]))
        for kind in (
            "IntegrityError",
            "DataError",
            "OperationalError",
            "ProgrammingError",
            "InterfaceError",
            "NotSupportedError",
        ):
            made = DBAPIError.instance(
                "SELECT secret", {"a": "secret"}, _driver(kind, state), _Driver.Error, dialect=None
            )
            page.say(f"{kind}, of the statement: {is_statement_error(made)}")
            page.outcome(failed(made, []))
    page.case("others")
    for other in (
        NotThere("there is none"),
        OSError("away"),
        TimeoutError(),
        ConnectionResetError(),
        TimeoutError("late"),
    ):
        page.outcome(failed(other, []))
    for name in (
        "SQLITE_BUSY",
        "SQLITE_LOCKED_SHAREDCACHE",
        "SQLITE_IOERR_READ",
        "SQLITE_FULL",
        "SQLITE_CORRUPT",
        "SQLITE_READONLY",
    ):
        broken = sqlite3.OperationalError("y" * 600)
        broken.sqlite_errorname = name
        page.case(name)
        page.outcome(failed(DBAPIError.instance("SELECT 1", {}, broken, sqlite3.Error, dialect=None), []))


class _Driver:
    class Error(Exception):
        sqlstate: str | None = None


def _driver(kind: str, state: str) -> Exception:
    made = type(kind, (_Driver.Error,), {"sqlstate": state})(f"<class 'x.Y'>: words of {kind}\nand more")
    return made
