"""`horarium source ...`: where the rows of audiences come from, and with whom they are shared."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from horarium.cli.client import AsJson, Data, Key, Limit, Url, connect, from_json, up_to
from horarium.cli.output import Column, at, show_list, show_one

sources = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("TYPE", "type"),
    ("SHARED FROM", lambda source: source["shared_from"]),
    ("OFF BECAUSE", lambda source: source["disabled_reason"]),
    ("CHANGED", at("updated_at")),
)
SHARES: tuple[Column, ...] = (
    ("WORKSPACE", "workspace"),
    ("NAME THERE", "name"),
    ("SINCE", at("created_at")),
)
Name = Annotated[str, typer.Argument(help="Name of a source.")]
Borrower = Annotated[str, typer.Argument(help="Id of the other workspace.")]


@sources.command("list")
def list_sources(as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """List the sources of the workspace."""
    show_list(connect(url, key, data).audiences.list()["items"], COLUMNS, as_json)


@sources.command("show")
def show(name: Name, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Show a source; secrets are not shown."""
    show_one(connect(url, key, data).audiences.get(name), as_json)


@sources.command("put")
def put(
    name: Name,
    config: Annotated[
        str,
        typer.Argument(help="Its settings as JSON; @FILE reads a file. *** keeps a secret that is stored."),
    ],
    kind: Annotated[str, typer.Option("--type", help="http, sql, or one from a plug-in.")] = "http",
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Make a source, or replace it."""
    body: Any = {"type": kind, "config": from_json(config, "CONFIG")}
    show_one(connect(url, key, data).audiences.put(name, body), as_json)


@sources.command("try")
def try_out(
    name: Annotated[str, typer.Argument(help="Name of a source, or of an audience of the directory.")],
    filter_: Annotated[
        str | None, typer.Option("--filter", help="The filter as JSON; @FILE reads a file.")
    ] = None,
    sample: Annotated[int, typer.Option("-n", min=0, max=50, help="How many rows are shown.")] = 5,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Count the rows of an audience as it is now, and show the first of them."""
    audience = {"type": name, "filter": from_json(filter_, "--filter") or {}}
    body: Any = {"audience": audience, "sample": sample}
    show_one(connect(url, key, data).audiences.preview(body), as_json)


@sources.command("share")
def share(
    name: Name,
    workspace: Borrower,
    other: Annotated[str | None, typer.Option("--as", help="The name of the source there.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Let another workspace read a source, which it cannot see into. Needs a key of the whole server."""
    body: Any = {} if other is None else {"name": other}
    show_one(connect(url, key, data).audiences.share(name, workspace, body), as_json)


@sources.command("shares")
def list_shares(
    name: Name,
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List the workspaces with which a source is shared."""
    found = up_to(limit, connect(url, key, data).audiences.list_shares_all, name)
    show_list(found, SHARES, as_json)


@sources.command("unshare")
def unshare(name: Name, workspace: Borrower, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Let another workspace read a source no longer: its fires there fail from now on, and say so."""
    connect(url, key, data).audiences.unshare(name, workspace)
    typer.echo("not shared any more")


@sources.command("delete")
def delete(name: Name, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Delete a source. Fires of schedules that name it fail from then on."""
    connect(url, key, data).audiences.delete(name)
    typer.echo("deleted")
