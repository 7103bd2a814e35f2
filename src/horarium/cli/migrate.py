"""`horarium migrate`: bring the tables of a database to the schema of this program, or see what that would do."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from horarium.cli.failure import MISUSED, REFUSED, Failure
from horarium.settings import SETTINGS, load_settings

if TYPE_CHECKING:
    from horarium.store.migrate import Pending


def migrate(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only say whether the schema is up to date: exit code 0, or 1 if it is not."
        ),
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only print the statements that would be executed, in their order.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help=SETTINGS["data"].help)] = None,
    database: Annotated[str | None, typer.Option(help=SETTINGS["database"].help)] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with the server's settings.")] = None,
) -> None:
    """Bring the tables of a database to the schema that this program needs.

    A server does the same when it starts. With PostgreSQL it may be done while nodes of the version before go on
    working; with SQLite the server has to be stopped. Make a backup first: there is no way back but to restore it.
    """
    from horarium.store.migrate import migrate_alone, pending

    if check and plan:
        raise Failure("give --check or --plan, not both", MISUSED)
    url = load_settings({"data": data, "database": database}, os.environ, config).database_url
    found = asyncio.run(pending(url))
    if plan:
        _print_plan(found)
        return
    if found.up_to_date:
        typer.echo(_words(found))
        return
    if found.too_new or check:
        raise Failure(_words(found), REFUSED)
    asyncio.run(migrate_alone(url))
    typer.echo(f"the database has schema {found.known} now")


def _words(found: Pending) -> str:
    """How the database and this program fit together."""
    if found.too_new:
        return (
            f"the database has schema {found.number}, this program knows {found.known}: use a newer program"
        )
    if found.up_to_date and found.number > found.known:
        return (
            f"the database has schema {found.number}, one newer than that of this program ({found.known}), which works "
            "with it"
        )
    if found.up_to_date:
        return f"the database has schema {found.number}, as this program needs it"
    names = (
        ", ".join(migration.title for migration in found.missing) or "what development versions did not have"
    )
    return (
        f"the database has schema {found.number}, and this program needs {found.known}: missing are {names}"
    )


def _print_plan(found: Pending) -> None:
    """Print the statements as SQL, with comments that say to what they belong."""
    typer.echo(f"-- {_words(found)}")
    if found.too_new:
        raise typer.Exit(REFUSED)
    if found.adopting:
        typer.echo("\n-- what development versions before 0.1.0 did not have")
    for statement in found.adopting:
        typer.echo(f"{statement};")
    for migration in found.missing:
        typer.echo(f"\n-- {migration.title}")
        for statement in migration.statements:
            typer.echo(f"{statement};")
