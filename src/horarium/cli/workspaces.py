"""`horarium workspace ...`"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from horarium.cli.client import (
    Afterwards,
    AsJson,
    Data,
    Key,
    Limit,
    PauseEnd,
    Url,
    connect,
    only_given,
    pairs,
    up_to,
)
from horarium.cli.output import Column, at, show_list, show_one, write_lines

workspaces = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("SLUG", "slug"),
    ("NAME", "name"),
    ("WEIGHT", "weight"),
    ("CREATED", at("created_at")),
)
PAUSES: tuple[Column, ...] = (
    ("ID", "id"),
    ("FROM", at("from")),
    ("UNTIL", at("until")),
    ("CATCH-UP", "catch_up"),
    ("NOTE", "note"),
)
Id = Annotated[str, typer.Argument(help="Id of a workspace; current is the key's own.")]
Quota = Annotated[
    list[str] | None,
    typer.Option(
        help="NAME=NUMBER, such as schedules=2000000; NAME= sets it back to its default. May be given several times."
    ),
]
Weight = Annotated[
    float | None, typer.Option(help="1 to 100: the share of the workspace where workspaces take turns.")
]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-host",
        help="A host that the workspace may reach: a name, *.name, an address or a network; * for every host. May be "
        "given several times.",
    ),
]
Timezone = Annotated[str | None, typer.Option(help="Time zone of new schedules that name none.")]


@workspaces.command("list")
def list_workspaces(
    deleted: Annotated[
        bool, typer.Option("--deleted", help="List those that were deleted and can be had back (undelete).")
    ] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List the workspaces: all of them with a key of the whole server, else the key's own."""
    found = up_to(limit, connect(url, key, data).workspaces.list_all, deleted=deleted or None)
    show_list(found, (*COLUMNS, ("GONE FOR GOOD", at("purged_at"))) if deleted else COLUMNS, as_json)


@workspaces.command("show")
def show(
    workspace: Id = "current", as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None
) -> None:
    """Show a workspace with its quotas, what it uses of them, and its weight."""
    show_one(connect(url, key, data).workspaces.get(workspace), as_json)


@workspaces.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Name for people.")],
    slug: Annotated[
        str | None, typer.Option(help="Short name in lower case (default: from the name).")
    ] = None,
    quota: Quota = None,
    weight: Weight = None,
    allowed_host: Hosts = None,
    timezone: Timezone = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Make a workspace. Its administrator's key is shown only this once. Needs a key of the whole server."""
    body: Any = {"name": name, "slug": slug, **_given(quota, weight, allowed_host, timezone)}
    made: Any = connect(url, key, data).workspaces.create(body)
    if not as_json:  # the key that is shown only once is not hidden among what else there is to know of it
        made = {**made, "admin": made["admin"]["id"], "admin_key": made["admin_key"]["key"]}
    show_one(made, as_json)


@workspaces.command("set")
def change(
    workspace: Id = "current",
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    quota: Quota = None,
    weight: Weight = None,
    allowed_host: Hosts = None,
    timezone: Timezone = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Change a workspace. Quotas, weight and allowed hosts need a key of the whole server."""
    body: Any = {"name": name, **_given(quota, weight, allowed_host, timezone)}
    show_one(connect(url, key, data).workspaces.update(workspace, body), as_json)


@workspaces.command("pause")
def pause(
    workspace: Id = "current",
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="When it begins (default: now); then it needs --until.")
    ] = None,
    until: PauseEnd = None,
    catch_up: Afterwards = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Pause a workspace: none of its schedules fires until it is resumed, or until an instant."""
    body: Any = only_given(note=note, from_=from_, until=until, catch_up=catch_up)
    show_one(connect(url, key, data).workspaces.pause(workspace, body), as_json)


@workspaces.command("unplan")
def take_back(
    pause: Annotated[str, typer.Argument(help="Id of a pause that has not begun.")],
    workspace: Annotated[
        str, typer.Option(help="Id of the workspace; current is the key's own.")
    ] = "current",
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Take back a pause that is planned and has not begun."""
    connect(url, key, data).workspaces.take_back_pause(workspace, pause)


@workspaces.command("resume")
def resume(
    workspace: Id = "current",
    catch_up: Afterwards = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Resume a workspace: its schedules fire again from now on."""
    body: Any = {"catch_up": catch_up}
    show_one(connect(url, key, data).workspaces.resume(workspace, body), as_json)


@workspaces.command("pauses")
def list_pauses(
    workspace: Id = "current",
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List the pauses of a workspace, those that began last first."""
    list_all = connect(url, key, data).workspaces.list_pauses_all
    show_list(up_to(limit, list_all, workspace), PAUSES, as_json)


@workspaces.command("delete")
def delete(
    workspace: Annotated[str, typer.Argument(help="Id of a workspace.")],
    days: Annotated[int, typer.Option(help="After how many days it is gone for good.")] = 7,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Delete a workspace: at once nothing of it works. Needs a key of the whole server, of another workspace."""
    show_one(connect(url, key, data).workspaces.delete(workspace, days=days), as_json)


@workspaces.command("undelete")
def undelete(
    workspace: Annotated[str, typer.Argument(help="Id of a workspace.")],
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Have a deleted workspace back, as long as it is not gone for good. Needs a key of the whole server."""
    show_one(connect(url, key, data).workspaces.undelete(workspace), as_json)


@workspaces.command("export")
def export(workspace: Id = "current", url: Url = None, key: Key = None, data: Data = None) -> None:
    """Print everything that a workspace holds as NDJSON, one line for each thing."""
    write_lines(connect(url, key, data).stream("/workspaces/{id}/export", (workspace,)))


def _given(
    quota: list[str] | None, weight: float | None, allowed_hosts: list[str] | None, timezone: str | None
) -> dict[str, Any]:
    """The parts of a body that create and change have in common."""
    body: dict[str, Any] = {"weight": weight, "allowed_hosts": allowed_hosts or None}
    if quota:
        body["quotas"] = {name: _number(text) for name, text in pairs(quota, "--quota").items()}
    if timezone is not None:
        body["settings"] = {"timezone": timezone}
    return body


def _number(text: str) -> Any:
    """A number as the server is sent it; no text is null. The server says what is wrong with another text."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
