"""Many rows that SQLite gives in one step are the same as row by row."""

import sqlite3
from pathlib import Path

import pytest

from horarium.store.sqlite import packed
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.transaction import PACKED_FROM, SqliteTx, drive
from horarium.store.statements import load

ROWS = [
    (b"\x00\xff" * 8, "quoted \" and \\ and 'single'", 2**63 - 1, 0.1, None),
    (None, "", -(2**63), 1e300, b"\x01"),
    (b"", "h\u00e9llo \U0001f600 \x00 end", 0, -0.0, None),
    (b"z" * 16, '{"json": ["text"]}', None, None, b"\x02"),
]


@pytest.fixture
def connection(tmp_path: Path):
    connection = connect(str(tmp_path / "one.db"))
    connection.execute("CREATE TABLE things (id BLOB, name TEXT, number INTEGER, share REAL, other BLOB)")
    connection.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?)", ROWS)
    yield connection
    connection.close()


def test_every_value_comes_back_as_it_is_stored_and_in_order(connection):
    sql = "SELECT * FROM things ORDER BY rowid DESC"
    assert packed.fetch(connection, "things_backwards", sql, ()) == ROWS[::-1]


def test_no_rows_are_no_rows(connection):
    sql = "SELECT id, number FROM things WHERE number > ?"
    assert packed.fetch(connection, "things_beyond", sql, (2**63 - 1,)) == []
    assert len(packed.fetch(connection, "things_beyond", sql, (0,))) == 1


def test_rows_that_are_longer_together_than_a_text_may_be_come_one_by_one(connection):
    ids = [number.to_bytes(16) for number in range(PACKED_FROM)]
    connection.execute("CREATE TABLE targets (id BLOB, version INTEGER, name TEXT)")
    connection.executemany("INSERT INTO targets VALUES (?, 1, ?)", [(id_, "n" * 1_000) for id_ in ids])
    statement = load("sqlite")["runnable_targets"]
    plain = type(statement)(
        "names", "SELECT id, name FROM targets WHERE id IN (%s)", (), "ids", (), None, ("ids",)
    )
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 30_000)
    tx = SqliteTx(connection, {"names": plain})
    assert [tuple(row) for row in drive(tx.tuples("names", ids=ids))] == [(id_, "n" * 1_000) for id_ in ids]
