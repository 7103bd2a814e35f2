"""Every command of `horarium`."""

from __future__ import annotations

from typing import Annotated

import typer

from horarium.cli import (
    backup,
    bench,
    compact,
    copy,
    demo,
    doctor,
    history,
    migrate,
    next_times,
    serve,
    settings,
    watchdog,
)
from horarium.cli.actions import actions
from horarium.cli.audit import audit
from horarium.cli.directory import directory
from horarium.cli.events import events
from horarium.cli.keys import keys
from horarium.cli.persons import persons
from horarium.cli.runs import runs
from horarium.cli.schedules import schedules
from horarium.cli.secrets import secrets
from horarium.cli.sources import sources
from horarium.cli.targets import targets
from horarium.cli.windows import windows
from horarium.cli.workspaces import workspaces

app = typer.Typer(
    name="horarium",
    help="A schedule server in which every slot is accounted for.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("settings")(settings.settings)
app.command("watchdog")(watchdog.watchdog)
app.command("demo")(demo.demo)
app.command("next")(next_times.next_times)
app.command("copy")(copy.copy_database)
app.command("compact")(compact.compact)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("fires")(history.fires)
app.command("ledger")(history.ledger)
app.command("doctor")(doctor.doctor)
app.command("migrate")(migrate.migrate)
app.command("bench")(bench.bench)
for name, group, words in (
    ("workspace", workspaces, "Workspaces, their quotas and their weight."),
    ("window", windows, "Maintenance windows of a workspace or of a schedule."),
    ("key", keys, "API keys of a server."),
    ("target", targets, "What schedules run."),
    ("schedule", schedules, "Schedules of a server, their fires and their ledger."),
    ("person", persons, "The erasure of persons from everything that a workspace holds."),
    ("directory", directory, "The people and things that audiences are made of."),
    ("source", sources, "Where the rows of audiences come from."),
    ("events", events, "What happened: the list, the stream, and webhooks that are told."),
    ("run", runs, "Runs: what the fires have executed."),
    ("action", actions, "Actions on many schedules or runs, and how far they have come."),
    ("secret", secrets, "The encryption of stored secrets."),
    ("audit", audit, "The audit log: who changed what, and proof that nothing is missing."),
):
    app.add_typer(group, name=name, help=words, no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        from horarium import __version__
        from horarium.times.zones import TZDATA_VERSION

        typer.echo(f"horarium {__version__} (tzdata {TZDATA_VERSION})")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
