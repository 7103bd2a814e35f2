"""How a database is named: by its URL, or on the command line also by a SQLite file or a data folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from horarium.domain.errors import Invalid, Problem

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")

# The parameter by which the URL of a PostgreSQL database says that it leads through a pooler in transaction mode.
POOLER, TRANSACTION = "pooler", "transaction"


def sqlite_path(url: str) -> Path | None:
    """The file that a URL names, or None for one of PostgreSQL. Raises Invalid for any other URL."""
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        return Path(url.removeprefix(SQLITE))
    if url.startswith(POSTGRES):
        return None
    scheme = url.partition("://")[0]
    raise Invalid(
        Problem("database", f"{scheme!r} is neither sqlite:///PATH nor postgresql://USER@HOST/NAME", "value")
    )


def through_pooler(url: str) -> str:
    """The URL with the mark that it leads through a pooler."""
    bare, _ = without_pooler(url)
    return f"{bare}{'&' if urlsplit(bare).query else '?'}{POOLER}={TRANSACTION}"


def without_pooler(url: str) -> tuple[str, bool]:
    """The URL without that mark, and whether it had it. Raises Invalid for a mark that says anything else."""
    parts = urlsplit(url)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    marks = [value for name, value in asked if name == POOLER]
    if not marks:
        return url, False
    if set(marks) != {TRANSACTION}:
        words = f"{POOLER}={marks[0]} in the address must be {POOLER}={TRANSACTION}, whatever the mode of the pooler"
        raise Invalid(Problem("database", words, "value"))
    rest = urlencode([pair for pair in asked if pair[0] != POOLER], safe="/:,")
    return urlunsplit(parts._replace(query=rest)), True


def url_of(named: str) -> str:
    """The URL of a database that is named by its URL, by its SQLite file, or by the data folder that holds this file as
    horarium.db. A path that does not exist is a file where its name has an ending, else a folder. Raises Invalid."""
    if "://" in named:
        sqlite_path(named)
        return named
    path = Path(named)
    is_folder = path.is_dir() or (not path.exists() and not path.suffix)
    return f"{SQLITE}{path / 'horarium.db' if is_folder else path}"
