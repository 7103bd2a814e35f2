"""`horarium backup` and `horarium restore`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from horarium.cli.failure import MISUSED, Failure
from horarium.settings import SETTINGS, Settings, load_settings

if TYPE_CHECKING:
    from horarium.backup.manifest import Manifest
    from horarium.store.vault import Vault

Data = Annotated[Path | None, typer.Option(help=SETTINGS["data"].help)]
Database = Annotated[str | None, typer.Option(help=SETTINGS["database"].help)]
Config = Annotated[Path | None, typer.Option(help="A TOML file with the server's settings.")]

# The help is read as markup, in which a backslash keeps a bracket.
_PLACE = r"a folder, or s3://BUCKET/PREFIX (needs horarium\[s3])"


def backup(
    to: Annotated[
        str | None, typer.Argument(help=f"Where backups are kept: {_PLACE}. Default: the setting backup_to.")
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Keep so many of the newest backups there, and delete older ones; 0 keeps all. Default: the setting "
            "backup_keep where the place is that of the settings, else all.",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Only list the backups that are there, oldest first.")
    ] = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Back up everything that the database holds into one new file, while servers work on it.

    The file is a SQLite file with a manifest, also where the database is PostgreSQL. It is checked and compared with
    the database before it gets its name. The key of the stored secrets is not in it: keep the file secret.key, or the
    value of HORARIUM_SECRET_KEY, at another place than the backups.
    """
    signal.signal(signal.SIGTERM, _stop)
    settings = load_settings({"data": data, "database": database}, os.environ, config)
    if keep is None:
        keep = settings.backup_keep if to is None else 0
    to = to or settings.backup_to
    if to is None:
        raise Failure("say where to: horarium backup FOLDER, or the setting backup_to", MISUSED)
    if listed:
        _list(to)
        return
    from horarium.backup.keeping import back_up

    kept = asyncio.run(back_up(settings.database_url, to, keep, _told))
    _told("")
    typer.echo(f"{kept.where}: {kept.manifest.total} rows, {kept.size:,} bytes, checked")
    for name in kept.deleted:
        typer.echo(f"deleted the old backup {name}")
    if not kept.noted:
        print(
            "horarium: the database could not be told of this backup, because it may only be read: a watchdog that "
            "looks after backups does not know of it",
            file=sys.stderr,
        )


def _list(place: str) -> None:
    from horarium.backup.manifest import made_of_name, written
    from horarium.backup.places import place_of

    for name in sorted(place_of(place).names()):
        made_ms = made_of_name(name)
        if made_ms is not None:
            typer.echo(f"{name}  {written(made_ms)}")


def restore(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM", help=f"A backup file or its s3:// address; or {_PLACE}: the newest one there."
        ),
    ],
    worked_until: Annotated[
        str | None,
        typer.Option(
            help="An RFC 3339 instant until which the old server went on working after the backup. What was due by "
            "then does not run again: slots are entered as missed, and runs that were open are cancelled. Without it, "
            "the restored server goes on as if the old one had ended when the backup was made."
        ),
    ] = None,
    only_check: Annotated[
        bool,
        typer.Option("--check", help="Only read the backup, compare it with its manifest, and show that."),
    ] = False,
    data: Data = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Restore a backup into a new data folder, or into an empty PostgreSQL database.

    The key of the stored secrets must be there first: as secret.key in the new data folder, or as HORARIUM_SECRET_KEY.
    Make sure that no server works on the old database: both would fire the same schedules.
    """
    from horarium.backup.places import find
    from horarium.backup.restoring import check_backup
    from horarium.backup.restoring import restore as restore_backup

    signal.signal(signal.SIGTERM, _stop)
    settings = load_settings({"data": data, "database": database}, os.environ, config)
    until = None if worked_until is None else _instant(worked_until)
    with TemporaryDirectory(prefix="horarium-") as folder:
        file = find(source, Path(folder))
        if only_check:
            _show(check_backup(file))
            return
        vault = _vault(settings)
        manifest = asyncio.run(restore_backup(file, settings.database_url, vault, until, _told))
        _told("")
    typer.echo(f"restored and counted: {manifest.total} rows, as of {manifest.made_at}")
    if until is None:
        typer.echo(
            "Slots that were due since then are downtime: when a server starts, each schedule handles them by its own "
            "catch_up and grace."
        )
    typer.echo("Do not start a server on the old database again: both would fire the same schedules.")


def _instant(text: str) -> int:
    """Milliseconds of an RFC 3339 instant. Raises Failure."""
    from horarium.times.instants import InstantError, Rounding, milliseconds_of

    try:
        return milliseconds_of(text, Rounding.DOWN)
    except InstantError as error:
        raise Failure(f"--worked-until: {error}", MISUSED) from None


def _vault(settings: Settings) -> Vault | None:
    """The keys that the server would have with these settings; None where there are none. Raises VaultError."""
    from horarium.store.vault import Vault

    if settings.secret_key is not None:
        return Vault(settings.secret_key.split(","))
    file = settings.data / "secret.key"
    return Vault.from_file(file) if settings.sqlite_folder is not None and file.exists() else None


def _show(manifest: Manifest) -> None:
    from horarium.cli.output import show_one

    compared = "their number is" if manifest.sums is None else "their number and all that is in them are"
    shown = {
        "made at": manifest.made_at,
        "from": manifest.database,
        "program": manifest.program,
        "schema": str(manifest.schema),
        "key fingerprint": manifest.key_fingerprint or "none",
        "rows": f"{manifest.total}: {compared} as the manifest says",
    }
    show_one(shown, as_json=False)
    for table, rows in sorted(manifest.rows.items()):
        if rows:
            typer.echo(f"  {table}: {rows}")


def _stop(number: int, frame: object) -> NoReturn:
    raise SystemExit(1)


def _told(words: str) -> None:
    """Progress on standard error; on a terminal each line is written over by the next."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)
