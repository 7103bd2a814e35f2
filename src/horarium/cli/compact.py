"""`horarium compact`: write the files of a database anew."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from horarium.settings import SETTINGS, load_settings


def compact(
    data: Annotated[Path | None, typer.Option(help=SETTINGS["data"].help)] = None,
    database: Annotated[str | None, typer.Option(help=SETTINGS["database"].help)] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with the server's settings.")] = None,
) -> None:
    """Write the files of a database anew, so that nothing is left in them of what was deleted or erased.

    With SQLite the server has to be stopped. With PostgreSQL the servers go on, but wait for each table while it is
    written. There must be room on the disk for a second copy of the file, or of the largest table.
    """
    from horarium.store.compact import compact as write_anew

    url = load_settings({"data": data, "database": database}, os.environ, config).database_url
    left = asyncio.run(write_anew(url, lambda name: print(f"writing {name}", file=sys.stderr)))
    for words in left:
        typer.echo(f"{words}: the database role lacks the right to do it")
    typer.echo("the files were written anew")
