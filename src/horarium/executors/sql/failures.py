"""Turns an error of a database into an outcome: a sentence without secrets, and whether to try again."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import asyncpg
from sqlalchemy import exc

from horarium.domain.execution import Outcome, Verdict
from horarium.executors.egress import AddressRefused
from horarium.executors.engines.messages import NotUnderstood
from horarium.service.breakdowns import is_of_library

# The longest part of a database's own message that is shown, in characters.
MAX_CHARS = 500

# SQLSTATEs, or their beginnings, after which another attempt may succeed: the connection was lost (08), the server
# rolled back (40), it had no resources (53), it cancelled or shut down (57), a lock was not free in time (55P03).
_PASSING_STATES = ("08", "40", "53", "57", "55P03")
_PASSING_SQLITE = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_IOERR",
    "SQLITE_FULL",
    "SQLITE_INTERRUPT",
    "SQLITE_NOMEM",
)
_PERMISSION_STATES = ("42501",)
_CLASS_PREFIX = re.compile(r"^<class '[^']*'>: ")


# What a driver raises where it breaks down at what a database has sent. Values that it cannot read are no such thing.
_BREAKDOWNS = (
    asyncpg.InternalClientError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    SystemError,
    TypeError,
    UnicodeError,
)


class NotThere(Exception):
    """The embedded database or the table that a target names does not exist. The text says which."""


def failed(error: BaseException, hidden: Iterable[str]) -> Outcome:
    """The outcome of a write that raised `error`. `hidden` are texts that must not be shown: passwords, URLs."""
    return Outcome(Verdict.FAILED, error=sentence(error, hidden), retryable=is_passing(error))


def sentence(error: BaseException, hidden: Iterable[str]) -> str:
    """What happened, in one line, with the driver's message and without the `hidden` texts.

    SQLAlchemy's message is not used, because it quotes the statement and its values.
    """
    if isinstance(error, NotThere):
        return str(error)
    if is_breakdown(error):
        error = NotUnderstood()
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    first = _CLASS_PREFIX.sub("", str(cause)).strip().splitlines()
    text = first[0] if first else type(cause).__name__
    for secret in hidden:
        text = text.replace(secret, "***")
    return f"{what_failed(error)}: {text[:MAX_CHARS]}"


def is_breakdown(error: BaseException) -> bool:
    """Whether the driver broke down at what the database has sent. A fault of our own is none."""
    if isinstance(error, exc.DBAPIError):
        return isinstance(getattr(error.orig, "__cause__", None), asyncpg.InternalClientError)
    return isinstance(error, _BREAKDOWNS) and is_of_library(error)


def hidden_texts(password: str | None, url: str | None) -> list[str]:
    """Every spelling in which a message could show a connection's URL or password, longest first."""
    spellings = {
        url,
        password,
        *((quote(password), quote(password, safe=""), quote_plus(password)) if password else ()),
    }
    return sorted((text for text in spellings if text), key=len, reverse=True)


def is_passing(error: BaseException) -> bool:
    """Whether the next attempt may succeed, as after a lost connection, a lock or time limit, or a full disk."""
    if isinstance(error, (NotThere, AddressRefused, exc.IntegrityError, exc.DataError)):
        return False
    if is_breakdown(error):
        return True
    state = state_of(error)
    if state is not None:
        return state.startswith(_PASSING_STATES)
    if isinstance(error, exc.DBAPIError):
        if error.connection_invalidated or isinstance(error, exc.InterfaceError):
            return True
        name = getattr(error.orig, "sqlite_errorname", None)
        if isinstance(name, str):
            return name.startswith(_PASSING_SQLITE)
        return isinstance(error, exc.OperationalError) and not isinstance(error.orig, sqlite3.Error)
    return isinstance(error, (OSError, TimeoutError, exc.TimeoutError))


def is_statement_error(error: BaseException) -> bool:
    """Whether the database refused the statement itself, as it does after a change of the table."""
    if isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlite_errorname", None) == "SQLITE_ERROR":
        return True
    return isinstance(error, (exc.ProgrammingError, exc.NotSupportedError, exc.DataError))


def is_permission(error: exc.SQLAlchemyError) -> bool:
    """Whether the database refused because the connection's user lacks the permission."""
    if state_of(error) in _PERMISSION_STATES:
        return True
    orig = getattr(error, "orig", None)
    # MySQL: command denied to user, access denied for user to database.
    code = orig.args[0] if orig is not None and orig.args else None
    return code in (1142, 1044) or getattr(orig, "sqlite_errorname", None) == "SQLITE_READONLY"


def state_of(error: BaseException) -> str | None:
    """The SQLSTATE of an error, or None. Errors while connecting are not wrapped by SQLAlchemy, others are."""
    for candidate in (getattr(error, "orig", None), error):
        state = getattr(candidate, "sqlstate", None)
        if isinstance(state, str):
            return state
    return None


def what_failed(error: BaseException) -> str:
    """The beginning of the sentence: what could not be done. It names nothing."""
    state = state_of(error) or ""
    if (
        isinstance(error, (OSError, TimeoutError))
        or is_breakdown(error)
        or state.startswith(("08", "28", "3D", "57P"))
    ):
        return "the database could not be reached"
    if isinstance(error, exc.IntegrityError):
        return "the database refused the write"
    return "the write failed"
