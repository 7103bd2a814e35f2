"""`horarium run ...`"""

from __future__ import annotations

from typing import Annotated

import typer

from horarium.cli.client import (
    AsJson,
    Data,
    Key,
    Limit,
    OfSchedule,
    OfTarget,
    ScheduleLabel,
    Since,
    Until,
    Url,
    connect,
    filters,
    up_to,
)
from horarium.cli.output import Column, at, show_list, show_one

runs = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("STATE", "state"),
    ("SLOT", at("slot_at")),
    ("STARTED", at("started_at")),
    ("FINISHED", at("finished_at")),
    ("ATTEMPTS", "attempts"),
    ("ERROR", "error"),
)
Id = Annotated[str, typer.Argument(help="Id of a run.")]


@runs.command("list")
def list_runs(
    schedule: OfSchedule = None,
    fire: Annotated[str | None, typer.Option(help="Id of a fire.")] = None,
    target: OfTarget = None,
    state: Annotated[
        str | None,
        typer.Option(help="open (not over), running (under way), pending, succeeded, failed or cancelled."),
    ] = None,
    label: ScheduleLabel = None,
    row_key: Annotated[str | None, typer.Option(help="The key of a row of an audience.")] = None,
    since: Since = None,
    until: Until = None,
    include: Annotated[str | None, typer.Option(help="input, row or input,row: shown with --json.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List runs, latest slot first."""
    found = up_to(
        limit,
        connect(url, key, data).runs.list_all,
        schedule=schedule,
        fire=fire,
        target=target,
        state=state,
        label=filters(label, "--label"),
        row_key=row_key,
        from_=since,
        to=until,
        include=include,
    )
    show_list(found, COLUMNS, as_json)


@runs.command("show")
def show(run: Id, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Show a run with its attempts."""
    show_one(connect(url, key, data).runs.get(run), as_json)


@runs.command("cancel")
def cancel(run: Id, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Cancel an open run, at once."""
    show_one(connect(url, key, data).runs.cancel(run), as_json)


@runs.command("retry")
def retry(run: Id, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Run a finished run once more."""
    show_one(connect(url, key, data).runs.retry(run), as_json)
