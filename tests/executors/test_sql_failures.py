"""What an error of a database becomes: a sentence without any spelling of a password, and whether to try again."""

import sqlite3
from urllib.parse import quote, quote_plus

import pytest
from sqlalchemy import exc

from horarium.domain.execution import Verdict
from horarium.executors.egress import AddressRefused
from horarium.executors.sql.failures import (
    NotThere,
    failed,
    hidden_texts,
    is_permission,
    is_statement_error,
    sentence,
)

PASSWORD = "open sesame/&+é"
URL = f"postgresql://app:{quote(PASSWORD)}@db.example.com/crm"


def test_however_a_driver_spells_a_password_it_is_not_shown():
    hidden = hidden_texts(PASSWORD, URL)
    for spelling in (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), quote_plus(PASSWORD), URL):
        said = sentence(OSError(f"cannot connect with {spelling} now"), hidden)
        assert said == "the database could not be reached: cannot connect with *** now"


class Original(Exception):
    """What a driver raises."""

    def __init__(self, words="no", *args, state=None, name=None):
        super().__init__(*(args or (words,)))
        if state is not None:
            self.sqlstate = state
        if name is not None:
            self.sqlite_errorname = name


def wrapped(kind, original, lost=False):
    return kind(
        "INSERT INTO secret VALUES (1)", {"password": "hunter2"}, original, connection_invalidated=lost
    )


REACHED, REFUSED, WRITE = (
    "the database could not be reached",
    "the database refused the write",
    "the write failed",
)


@pytest.mark.parametrize(
    ("error", "words", "again"),
    [
        (wrapped(exc.OperationalError, Original("lost", state="08006")), REACHED, True),
        (wrapped(exc.DBAPIError, Original("deadlock", state="40P01")), WRITE, True),
        (wrapped(exc.OperationalError, Original("full", state="53100")), WRITE, True),
        (wrapped(exc.OperationalError, Original("stops", state="57P01")), REACHED, True),
        (wrapped(exc.DBAPIError, Original("late", state="57014")), WRITE, True),
        (wrapped(exc.DBAPIError, Original("locked", state="55P03")), WRITE, True),
        (wrapped(exc.DBAPIError, Original("in use", state="55006")), WRITE, False),
        (Original("wrong password", state="28P01"), REACHED, False),
        (Original("no such database", state="3D000"), REACHED, False),
        (wrapped(exc.ProgrammingError, Original("no table", state="42P01")), WRITE, False),
        (wrapped(exc.IntegrityError, Original("twice", state="23505")), REFUSED, False),
        (wrapped(exc.DataError, Original("too long")), WRITE, False),
        (wrapped(exc.InterfaceError, Original("closed")), WRITE, True),
        (wrapped(exc.DBAPIError, Original("gone"), lost=True), WRITE, True),
        (wrapped(exc.OperationalError, Original("of another kind")), WRITE, True),
        (wrapped(exc.OperationalError, sqlite3.OperationalError("odd")), WRITE, False),
        *(
            (wrapped(exc.OperationalError, Original("sqlite", name=f"SQLITE_{name}")), WRITE, True)
            for name in ("BUSY", "BUSY_SNAPSHOT", "LOCKED", "IOERR_WRITE", "FULL", "INTERRUPT", "NOMEM")
        ),
        (wrapped(exc.OperationalError, Original("sqlite", name="SQLITE_READONLY")), WRITE, False),
        (wrapped(exc.OperationalError, Original("sqlite", name="SQLITE_ERROR")), WRITE, False),
        (AddressRefused("refused"), REACHED, False),
        (OSError("no route"), REACHED, True),
        (TimeoutError("late"), REACHED, True),
        (exc.TimeoutError("no connection is free"), WRITE, True),
        (ValueError("a fault"), WRITE, False),
    ],
)
def test_each_error_says_what_could_not_be_done_and_is_tried_again_where_that_can_help(error, words, again):
    outcome = failed(error, ())
    original = getattr(error, "orig", None) or error
    assert outcome.error == f"{words}: {original}"
    assert (outcome.verdict, outcome.retryable) == (Verdict.FAILED, again)


def test_what_is_not_there_is_said_as_it_is_and_a_long_or_empty_message_is_cut_or_named():
    assert failed(NotThere("there is no table 't'"), ()).error == "there is no table 't'"
    assert not failed(NotThere("no"), ()).retryable
    assert sentence(OSError("x" * 600 + "\nmore"), ()) == f"{REACHED}: {'x' * 500}"
    assert sentence(TimeoutError(), ()) == f"{REACHED}: TimeoutError"
    assert sentence(OSError("<class 'asyncpg.Broken'>: why"), ()) == f"{REACHED}: why"


@pytest.mark.parametrize(
    ("original", "permission"),
    [
        (Original(state="42501"), True),
        (Original(state="42P01"), False),
        (Original("", 1142, "denied"), True),
        (Original("", 1044, "denied"), True),
        (Original("", 1146, "no table"), False),
        (Original(name="SQLITE_READONLY"), True),
        (Original(name="SQLITE_ERROR"), False),
    ],
)
def test_a_missing_permission_is_told_from_other_refusals(original, permission):
    assert is_permission(wrapped(exc.ProgrammingError, original)) is permission


def test_only_what_a_change_of_the_table_can_have_caused_is_an_error_of_the_statement():
    for kind in (exc.ProgrammingError, exc.NotSupportedError, exc.DataError):
        assert is_statement_error(wrapped(kind, Original()))
    assert is_statement_error(wrapped(exc.OperationalError, Original(name="SQLITE_ERROR")))
    for other in (
        wrapped(exc.OperationalError, Original(name="SQLITE_BUSY")),
        wrapped(exc.IntegrityError, Original()),
        OSError("away"),
    ):
        assert not is_statement_error(other)
