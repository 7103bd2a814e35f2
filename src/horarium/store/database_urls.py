"""How a database is named: by its URL, or on the command line also by a SQLite file or a data folder."""

from __future__ import annotations

from pathlib import Path

from horarium.domain.errors import Invalid, Problem

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")


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


def url_of(named: str) -> str:
    """The URL of a database that is named by its URL, by its SQLite file, or by the data folder that holds this file as
    horarium.db. A path that does not exist is a file where its name has an ending, else a folder. Raises Invalid."""
    if "://" in named:
        sqlite_path(named)
        return named
    path = Path(named)
    is_folder = path.is_dir() or (not path.exists() and not path.suffix)
    return f"{SQLITE}{path / 'horarium.db' if is_folder else path}"
