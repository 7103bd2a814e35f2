"""`horarium serve`: the whole server in one process."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from horarium.settings import SETTINGS, Settings, in_url, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable


def _option(name: str) -> Any:
    """The command-line option of a setting, as settings.py describes it."""
    setting = SETTINGS[name]
    repeatable = " May be given several times." if setting.default == () else ""
    return typer.Option(setting.about.option, help=setting.help + repeatable)


def serve(
    data: Annotated[Path | None, _option("data")] = None,
    host: Annotated[str | None, _option("host")] = None,
    port: Annotated[int | None, _option("port")] = None,
    database: Annotated[str | None, _option("database")] = None,
    tls_cert: Annotated[Path | None, _option("tls_cert")] = None,
    tls_key: Annotated[Path | None, _option("tls_key")] = None,
    roles: Annotated[str | None, _option("roles")] = None,
    public_url: Annotated[str | None, _option("public_url")] = None,
    allow_loopback: Annotated[bool | None, _option("allow_loopback")] = None,
    allow_private: Annotated[list[str] | None, _option("allow_private")] = None,
    deny_hosts: Annotated[list[str] | None, _option("deny_hosts")] = None,
    python_functions: Annotated[list[str] | None, _option("python_functions")] = None,
    commands: Annotated[list[str] | None, _option("commands")] = None,
    sql_hosts: Annotated[list[str] | None, _option("sql_hosts")] = None,
    concurrency: Annotated[int | None, _option("concurrency")] = None,
    log_format: Annotated[str | None, _option("log_format")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
) -> None:
    """Start a server: API, engine and worker in one process.

    The first start makes a workspace and its administrator's key, and keeps the key in DATA/admin.key. It prints the
    key only to a terminal. The key can also be given, as HORARIUM_ADMIN_KEY or in a file (admin_key_file).
    Every setting can also be given as HORARIUM_NAME in the environment, or in a TOML file: see docs/settings.md.
    """
    options = {
        "data": data,
        "host": host,
        "port": port,
        "database": database,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "roles": roles,
        "allow_loopback": allow_loopback,
        "allow_private": allow_private,
        "deny_hosts": deny_hosts,
        "python_functions": python_functions,
        "commands": commands,
        "sql_hosts": sql_hosts,
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


def _announcer(settings: Settings) -> Callable[[Settings], None]:
    """A function that prints the addresses of the server, and at the first start where the administrator's key is."""
    from horarium.cli import logs

    before, shown = settings.left_key_file.exists(), logs.keeps_banner(settings)

    def announce(running: Settings) -> None:
        from horarium import __version__

        if not shown:
            return
        address = f"{running.scheme}://{in_url(running.host, running.port)}"
        pages = address if running.pages_address is None else f"{running.scheme}://{running.pages_address}"
        typer.echo(f"Horarium {__version__} listens at {address}")
        typer.echo(f"  API      {address}/horarium/v1   (page: {pages}/horarium/v1/docs)")
        if running.pages_address is not None:
            typer.echo(f"  metrics  {pages}/metrics")
        if not before and settings.left_key_file.exists():
            # What is not a terminal may be a log, and a log keeps what it is given.
            if sys.stdout.isatty():
                typer.echo(f"  key      {settings.left_key_file.read_text().strip()}")
            typer.echo(
                f"  key file {settings.left_key_file}   (the administrator's key, for this account only)"
            )

    return announce
