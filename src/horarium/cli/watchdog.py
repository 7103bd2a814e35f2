"""`horarium watchdog`: look at servers and their database from outside, and tell people what is wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from horarium.cli.failure import MISUSED, Failure
from horarium.settings import SETTINGS, Settings, in_url, load_settings


def watchdog(
    data: Annotated[Path | None, typer.Option(help=SETTINGS["data"].help)] = None,
    database: Annotated[str | None, typer.Option(help=SETTINGS["database"].help)] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(help="Address of a server, such as http://127.0.0.1:8080. May be given several times."),
    ] = None,
    alert: Annotated[
        list[str] | None,
        typer.Option(
            envvar="HORARIUM_ALERTS",
            help="Where alerts go: a URL of apprise, such as mailto://, slack://, pagerduty:// or json://. May be "
            r"given several times; in the environment they are separated by spaces. Needs horarium\[alerts].",
            show_envvar=True,
        ),
    ] = None,
    ping: Annotated[
        str | None,
        typer.Option(
            envvar="HORARIUM_PING",
            help="A URL that is asked every minute while the watchdog works, so that its own end is noticed.",
        ),
    ] = None,
    silence: Annotated[
        list[str] | None,
        typer.Option(help="A kind of finding that nobody is told of. May be given several times."),
    ] = None,
    late: Annotated[int, typer.Option(min=1, help="Seconds after which a slot without entry is told.")] = 30,
    queue: Annotated[int, typer.Option(min=1, help="Seconds after which a run that waits is told.")] = 300,
    disk: Annotated[int, typer.Option(min=0, max=99, help="Percent of a disk that must be free.")] = 10,
    backup: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Hours after which an old last backup is told; 0 never. Default: twice backup_every where backup_to "
            "is set, else never.",
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with the server's settings.")] = None,
) -> None:
    """Watch servers from outside: whether they answer, whether slots are accounted for in time, the queue, the nodes,
    the disk, the zone data and the backups.

    It runs beside the servers, with the same settings, and on another machine where it can. What it finds goes to the
    log, and as alerts to the URLs given.
    """
    from horarium.cli import logs
    from horarium.watchdog.alerts import Alerts
    from horarium.watchdog.checks import KINDS, Limits
    from horarium.watchdog.watch import Watchdog, Watched, sender

    settings = load_settings({"data": data, "database": database}, os.environ, config)
    for kind in silence or ():
        if kind not in KINDS:
            raise Failure(f"--silence: {kind!r} is not a kind; the kinds are {', '.join(KINDS)}", MISUSED)
    logs.configure(settings)
    here = f"{settings.scheme}://{in_url(settings.host, settings.port)}"
    sqlite = settings.database_url.startswith("sqlite:///")
    watched = Watched(
        [address.rstrip("/") for address in url or [here]],
        settings.database_url,
        [Path(settings.database_url.removeprefix("sqlite:///")).absolute().parent] if sqlite else (),
    )
    dog = Watchdog(
        watched,
        Limits(late * 1000, queue * 1000, disk / 100, _backup_ms(backup, settings)),
        Alerts(frozenset(silence or ())),
        sender(alert) if alert else None,
        ping,
    )
    asyncio.run(_until_stopped(dog.run()))
    if dog.is_sending:  # the threads of the library that sends would be waited for, for as long as they like
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _backup_ms(hours: float | None, settings: Settings) -> int | None:
    """From which age on a last backup is told (ms), or None."""
    if hours is None:
        hours = 0.0 if settings.backup_to is None else 2 * settings.backup_every
    return int(hours * 3_600_000) or None


async def _until_stopped(watching: Coroutine[Any, Any, None]) -> None:
    """Watch until SIGTERM or SIGINT."""
    task = asyncio.create_task(watching)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
