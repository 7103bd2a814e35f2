"""`horarium doctor`: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from horarium.cli.client import AsJson
from horarium.cli.failure import REFUSED
from horarium.domain.errors import Invalid
from horarium.settings import SETTINGS, in_url, load_settings

if TYPE_CHECKING:
    from horarium.doctor.checks import Answer


def doctor(
    data: Annotated[Path | None, typer.Option(help=SETTINGS["data"].help)] = None,
    database: Annotated[str | None, typer.Option(help=SETTINGS["database"].help)] = None,
    url: Annotated[
        str | None, typer.Option(help="Address of the server (default: host and port of the settings).")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with the server's settings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at an installation from outside and inside, and say what is wrong and what to do.

    It looks at the settings, the data folder, the database and its schema, the key, the clock, the zone data, late
    slots, the queue, the nodes, the last backup, the disk, the limit of open files, the certificate, and whether the
    server answers. Nothing is changed. Give it the options and the environment of the server. Exit code 1 where
    something is wrong, 0 where there are only warnings.
    """
    from horarium.doctor.checks import Answer, Level, examine, worst
    from horarium.doctor.look import look

    try:
        settings = load_settings({"data": data, "database": database}, os.environ, config)
    except Invalid as error:
        answers = [
            Answer("settings", Level.WRONG, f"{problem.field}: {problem.message}", "no server starts with it")
            for problem in error.problems
        ]
    else:
        address = (url or f"{settings.scheme}://{in_url(settings.host, settings.port)}").rstrip("/")
        answers = [
            Answer("settings", Level.FINE, "can be read"),
            *examine(asyncio.run(look(settings, address))),
        ]
    _print(answers, as_json)
    if worst(answers) is Level.WRONG:
        raise typer.Exit(REFUSED)


def _print(answers: list[Answer], as_json: bool) -> None:
    from dataclasses import asdict
    from json import dumps

    if as_json:
        typer.echo(dumps([asdict(answer) for answer in answers], indent=2, ensure_ascii=False))
        return
    width = max(len(answer.about) for answer in answers)
    for answer in answers:
        typer.echo(f"{answer.level.value:8} {answer.about:{width}}  {answer.words}")
        if answer.advice and answer.level.value != "ok":
            typer.echo(f"{'':8} {'':{width}}  -> {answer.advice}")
