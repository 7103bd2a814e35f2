"""`horarium serve`: the whole server in one process."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from horarium.cli.options import Given, takes_settings
from horarium.settings import Settings, in_url

if TYPE_CHECKING:
    from collections.abc import Callable


@takes_settings
def serve(given: Given) -> None:
    """Start a server: API, engine and worker in one process.

    The first start makes a workspace and its administrator's key, and keeps the key in DATA/admin.key. It prints the
    key only to a terminal. The key can also be given, as HORARIUM_ADMIN_KEY or in a file (admin_key_file).
    Every setting can also be given as HORARIUM_NAME in the environment, or in a TOML file: see docs/settings.md.
    `horarium settings` takes the same options, and shows what holds without starting anything.
    """
    run(given.load().settings)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, or until the terminal is closed that it was started from."""
    import uvloop

    from horarium import app
    from horarium.cli import logs

    logs.configure(settings)
    # The HTTP server hands the signal on when it has ended; engine and worker have to end in order after it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # `nohup` has it ignored
        signal.signal(signal.SIGHUP, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
    uvloop.run(app.serve(settings, _announcer(settings), "horarium.cli.further_process"))


def _stop(number: int, frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not break off what the first one began
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever presses Ctrl-C again wants just that
    raise SystemExit(130 if number == signal.SIGINT else 0)


def _announcer(settings: Settings) -> Callable[[Settings], None]:
    """A function that prints the addresses of the server, and at the first start where the administrator's key is.
    Where nobody reads that any more, the server goes on without having said it."""
    from horarium.cli import logs
    from horarium.cli.streams import give_up_output

    before, shown = settings.left_key_file.exists(), logs.keeps_banner(settings)

    def announce(running: Settings) -> None:
        if not shown:
            return
        try:
            tell(running)
        except OSError:
            give_up_output()

    def tell(running: Settings) -> None:
        from horarium import __version__

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
