"""`horarium schedule each ...`, `horarium run each ...` and `horarium action ...`: many schedules or runs at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from horarium.cli.client import (
    Afterwards,
    AsJson,
    Data,
    Key,
    Limit,
    OfSchedule,
    OfTarget,
    PauseEnd,
    Since,
    Until,
    Url,
    connect,
    pairs,
    reference,
    up_to,
)
from horarium.cli.output import Column, at, show_list, show_one
from horarium.cli.runs import runs
from horarium.cli.schedules import schedules

if TYPE_CHECKING:
    from horarium.cli.connection import Connection

actions = typer.Typer()

# Seconds between two looks at an action that is under way.
LOOK_S = 0.5
COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("ACTION", "action"),
    ("OF", "of"),
    ("STATE", "state"),
    ("CHANGED", "changed"),
    ("REFUSED", "refused"),
    ("TAKEN", at("taken_at")),
    ("FINISHED", at("finished_at")),
)
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Count and show what would be concerned; change nothing.")
]
Label = Annotated[list[str] | None, typer.Option(help="name=value; repeatable.")]
Id = Annotated[str, typer.Argument(help="Id of an action.")]


@schedules.command("each")
def each_schedule(
    action: Annotated[str, typer.Argument(help="pause, resume, delete, relabel, retarget or fire.")],
    all_: Annotated[bool, typer.Option("--all", help="All schedules of the workspace.")] = False,
    label: Label = None,
    target: OfTarget = None,
    state: Annotated[str | None, typer.Option(help="active, paused, completed or archived.")] = None,
    search: Annotated[str | None, typer.Option(help="Part of the name, the key or the input.")] = None,
    key_prefix: Annotated[str | None, typer.Option(help="How the key of your own begins.")] = None,
    last_state: Annotated[str | None, typer.Option(help="How the last fire ended, or stands.")] = None,
    failing: Annotated[
        bool | None, typer.Option("--failing/--not-failing", help="Whether the latest fire has failed.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="For pause: why.")] = None,
    until: PauseEnd = None,
    catch_up: Afterwards = None,
    set_label: Annotated[
        list[str] | None, typer.Option(help="For relabel: name=value, or name= to take it away.")
    ] = None,
    new_target: Annotated[str | None, typer.Option(help="For retarget: the new target.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Do something to all schedules that match the options, and wait until it is done."""
    wanted = {
        "labels": pairs(label, "--label") or None,
        "target": reference(target),
        "state": state,
        "search": search,
        "key_prefix": key_prefix,
        "last_state": last_state,
        "failing": failing,
    }
    labels = {name: value or None for name, value in pairs(set_label, "--set-label").items()}
    body = {
        "note": note,
        "until": until,
        "catch_up": catch_up,
        "labels": labels or None,
        "target": reference(new_target),
    }
    client = connect(url, key, data)
    _act(client, client.schedules.act, action, wanted, all_, body, dry_run, as_json)


@runs.command("each")
def each_run(
    action: Annotated[str, typer.Argument(help="cancel or retry.")],
    all_: Annotated[
        bool, typer.Option("--all", help="All runs of the workspace that are open, or that failed.")
    ] = False,
    label: Label = None,
    target: OfTarget = None,
    schedule: OfSchedule = None,
    fire: Annotated[str | None, typer.Option(help="Id of a fire.")] = None,
    state: Annotated[
        str | None,
        typer.Option(help="open (not over), running (under way), pending, succeeded, failed or cancelled."),
    ] = None,
    row_key: Annotated[str | None, typer.Option(help="The key of a row of an audience.")] = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Cancel or retry all runs that match the options, and wait until it is done."""
    wanted = {
        "labels": pairs(label, "--label") or None,
        "target": reference(target),
        "schedule": schedule,
        "fire": fire,
        "state": state,
        "row_key": row_key,
        "from": since,
        "to": until,
    }
    client = connect(url, key, data)
    _act(client, client.runs.act, action, wanted, all_, {}, dry_run, as_json)


@actions.command("list")
def list_actions(
    limit: Limit = 50, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None
) -> None:
    """List actions, the latest first."""
    show_list(up_to(limit, connect(url, key, data).actions.list_all), COLUMNS, as_json)


@actions.command("show")
def show(action: Id, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Show an action, how far it has come, and what was refused."""
    show_one(connect(url, key, data).actions.get(action), as_json)


@actions.command("cancel")
def cancel(action: Id, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """End an action where it stands; what it has done stays done."""
    show_one(connect(url, key, data).actions.cancel(action), as_json)


def _act(
    client: Connection,
    act: Callable[..., Any],
    action: str,
    wanted: dict[str, Any],
    everything: bool,
    given: dict[str, Any],
    dry_run: bool,
    as_json: bool,
) -> None:
    chosen = {name: value for name, value in wanted.items() if value is not None}
    if not chosen and not everything:
        raise typer.BadParameter("say which by an option such as --label, or all of them by --all")
    body = {name: value for name, value in given.items() if value is not None}
    found: Any = act({"action": action, "filter": chosen, "dry_run": dry_run, **body})
    while found.get("state") == "running":
        time.sleep(LOOK_S)
        found = client.actions.get(found["id"])
    show_one(found, as_json)
