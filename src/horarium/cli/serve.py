"""`horarium serve`: the whole server in one process."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from horarium.settings import Settings


def serve(
    data: Annotated[Path | None, typer.Option(help="Folder of the database and the keys.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [8080]; 0 takes a free one.")] = None,
    database: Annotated[
        str | None, typer.Option(help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
    ] = None,
    roles: Annotated[str | None, typer.Option(help="Any of api,engine,worker [all].")] = None,
    allow_loopback: Annotated[
        bool | None, typer.Option("--allow-loopback", help="Let targets be on this machine itself.")
    ] = None,
    allow_private: Annotated[
        list[str] | None, typer.Option(help="A private network (CIDR) that targets may be in; repeatable.")
    ] = None,
    python_function: Annotated[
        list[str] | None,
        typer.Option(help="package.module:function that python targets may call; repeatable."),
    ] = None,
    command: Annotated[
        list[str] | None, typer.Option(help="A program that command targets may start; repeatable.")
    ] = None,
    sql_host: Annotated[
        list[str] | None, typer.Option(help="A database host that sql targets may open; repeatable.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="Address under which targets reach this server.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Attempts under way at once [256].")] = None,
    log_format: Annotated[str | None, typer.Option(help="auto, text or json [auto].")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
) -> None:
    """Start a server: API, engine and worker in one process.

    The first start makes a workspace and its administrator's key, prints it and keeps it in DATA/admin.key.
    Every setting can also be given as HORARIUM_NAME in the environment, or in a TOML file.
    """
    from horarium.settings import load_settings

    options: dict[str, Any] = {
        "data": data,
        "host": host,
        "port": port,
        "database": database,
        "roles": roles,
        "allow_loopback": allow_loopback,
        "allow_private": allow_private or None,
        "python_functions": python_function or None,
        "commands": command or None,
        "sql_hosts": sql_host or None,
        "public_url": public_url,
        "concurrency": concurrency,
        "log_format": log_format,
    }
    run(load_settings(options, os.environ, config))


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    import uvloop

    from horarium import app
    from horarium.cli import logs

    logs.configure(settings)
    # The HTTP server hands the signal on when it has ended; engine and worker have to end in order after it.
    signal.signal(signal.SIGTERM, _stop)
    uvloop.run(app.serve(settings, _announcer(settings)))


def _stop(number: int, frame: object) -> NoReturn:
    raise SystemExit(0)


def _announcer(settings: Settings) -> Callable[[str], None]:
    """Tells people the address, and at the first start the key."""
    before = settings.admin_key_file.exists()

    def announce(address: str) -> None:
        from horarium import __version__

        typer.echo(f"Horarium {__version__} listens at {address}")
        typer.echo(f"  API      {address}/horarium/v1   (page: {address}/horarium/v1/docs)")
        if not before and settings.admin_key_file.exists():
            typer.echo(f"  key      {settings.admin_key_file.read_text().strip()}")
            typer.echo(f"           kept in {settings.admin_key_file}; it is shown this once")

    return announce
