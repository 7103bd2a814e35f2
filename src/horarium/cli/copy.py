"""`horarium copy`: move an installation from one database to another."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

Named = "A data folder, a SQLite file, sqlite:///PATH or postgresql://USER@HOST/NAME."


def copy_database(
    source: Annotated[str, typer.Argument(help=f"What is copied. {Named}")],
    target: Annotated[
        str, typer.Argument(help=f"An empty database, or one that does not exist yet. {Named}")
    ],
) -> None:
    """Copy everything from one database to another, SQLite or PostgreSQL, and verify it.

    Stop the servers of both first; none can start while the copy runs. A copy that was interrupted continues when the
    same command is given again. The key of the stored secrets is not in the database and is not copied.
    """
    import asyncio

    from horarium.store.copy import copy
    from horarium.store.database_urls import sqlite_path, url_of

    from_url, to_url = url_of(source), url_of(target)
    copied = asyncio.run(copy(from_url, to_url, _told))
    typer.echo(f"copied and verified: {sum(copied.values())} rows in {len(copied)} tables")
    path = sqlite_path(to_url)
    if path is None:
        typer.echo(
            "Start the servers with the old secret.key: HORARIUM_SECRET_KEY is its lines, joined by commas."
        )
    else:
        typer.echo(
            f"Put the old key into {path.parent / 'secret.key'} (mode 600) before you start the server."
        )
    typer.echo("Do not start a server on the old database again: both would fire the same schedules.")


def _told(done: str, table: str, rows: int, total: int) -> None:
    """Progress on standard error; on a terminal the line of a table is written over until the table is done."""
    over = sys.stderr.isatty()
    if over or rows >= total or done == "verified":
        end = "\n" if rows >= total or not over else "\r"
        print(f"{done} {table}: {rows} of {total}", end=end, file=sys.stderr)
