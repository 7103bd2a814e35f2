"""`horarium window`: maintenance windows, of a workspace or of one schedule."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from horarium.cli.client import Afterwards, AsJson, ByKey, Data, Key, Url, connect
from horarium.cli.output import Column, show_list, show_one

windows = typer.Typer(no_args_is_help=True, help="Maintenance windows: pauses that come again and again.")

OfOne = Annotated[
    str | None, typer.Option("--schedule", help="Id of a schedule; left out: the whole workspace.")
]
WINDOWS: tuple[Column, ...] = (
    ("ID", "id"),
    ("RECURRENCE", "in_words"),
    ("TIMEZONE", "timezone"),
    ("SECONDS", "duration"),
    ("CATCH-UP", "catch_up"),
    ("NOTE", "note"),
)


@windows.command("add")
def add(
    recurrence: Annotated[str, typer.Argument(help="When it begins, as a schedule has it: '0 2 * * 7'.")],
    duration: Annotated[str, typer.Argument(help="How long it holds, as in 2h.")],
    schedule: OfOne = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone, as in Europe/Paris.")] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    catch_up: Afterwards = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Make a maintenance window: nothing fires while it holds."""
    body: Any = {
        "recurrence": recurrence,
        "duration": duration,
        "timezone": timezone,
        "note": note,
        "catch_up": catch_up,
    }
    client = connect(url, key, data)
    if schedule is None:
        made = client.workspaces.make_window("current", body)
    elif by_key:
        made = client.schedules.make_window_by_key(schedule, body)
    else:
        made = client.schedules.make_window(schedule, body)
    show_one(made, as_json)


@windows.command("list")
def list_windows(
    schedule: OfOne = None,
    by_key: ByKey = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List maintenance windows."""
    client = connect(url, key, data)
    if schedule is None:
        found = client.workspaces.list_windows("current")
    elif by_key:
        found = client.schedules.list_windows_by_key(schedule)
    else:
        found = client.schedules.list_windows(schedule)
    show_list(found["items"], WINDOWS, as_json)


@windows.command("delete")
def delete(
    window: Annotated[str, typer.Argument(help="Id of a maintenance window.")],
    schedule: OfOne = None,
    by_key: ByKey = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Take back a maintenance window; if it holds, it ends now."""
    client = connect(url, key, data)
    if schedule is None:
        client.workspaces.take_back_window("current", window)
    elif by_key:
        client.schedules.take_back_window_by_key(schedule, window)
    else:
        client.schedules.take_back_window(schedule, window)
    typer.echo("deleted")
