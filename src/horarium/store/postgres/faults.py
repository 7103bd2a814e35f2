"""Which errors of asyncpg mean what, and how a caller is told about them."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import asyncpg

from horarium.domain.errors import Unavailable
from horarium.store.base import cannot_hold

# The connection is gone, or its server is.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    ConnectionError,
    OSError,
    TimeoutError,
)

# The connection died while it lay unused in its pool. Another connection is worth a try, because the server
# may well be there.
DIED_IDLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    ConnectionResetError,
)

# The server rejects the statement itself: its values, its syntax, or the right to run it.
REJECTED = (asyncpg.exceptions.DataError, asyncpg.exceptions.SyntaxOrAccessError)

# Whatever else it says: it answers, but does not want to do this now. It may be full, a standby, or shut to us by a
# change of passwords, rights or settings that its operator takes back.
REFUSED = (asyncpg.PostgresError,)


# What is wrong where a pooler is met without being announced, and where it gives away its servers too early.
HIDDEN_POOLER = (
    "the database address {place} leads through a pooler: set `database` to the direct address of the server, and "
    "`database_pooled` to that of the pooler; where there is no direct one, end `database` with ?pooler=transaction"
)
_WRONG_MODE = (
    "the pooler at {place} gives a server away after each statement: set its pool_mode to transaction for the database "
    "that `database_pooled` (or `database`, if it ends with ?pooler=transaction) names"
)
# What poolers say of it.
_SAID = {"unsupported startup parameter": HIDDEN_POOLER, "not allowed in statement pooling mode": _WRONG_MODE}


def unreachable(error: BaseException, url: str = "") -> Unavailable:
    """What went wrong with a connection, in one line and without its password; with `url`, also where it led. Of one
    that the server refuses it is said so, since it can be reached."""
    words = str(error) or type(error).__name__
    for said, what in _SAID.items():
        if said in words:
            return Unavailable(what.format(place=place_of(url) if url else "of the database"))
    where = f" at {place_of(url)}" if url else ""
    what = "cannot be reached" if isinstance(error, LOST) else "refused"
    return Unavailable(f"the database{where} {what}: {words.strip().splitlines()[0]}")


def place_of(url: str) -> str:
    """The host and port in the URL of a database, which may name several, or a socket's folder as a parameter."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    hosts = parts.netloc.rpartition("@")[2] or asked.get("host", ["localhost"])[0]
    port = asked.get("port", ["5432"])[0]
    return ", ".join(host if re.search(r":\d+$", host) else f"{host}:{port}" for host in hosts.split(","))


def rejected(error: asyncpg.PostgresError) -> Exception:
    """The error that a caller gets for one of REJECTED.

    A value that the database cannot hold is the caller's mistake (Invalid). A missing right is a fault of the
    installation (Unavailable). A statement that the database does not understand is a bug (RuntimeError).
    """
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return Unavailable(f"the database refused: {error}")
    if isinstance(error, asyncpg.DataError):
        return cannot_hold(error)
    return RuntimeError(f"the database does not understand a statement: {error}")
