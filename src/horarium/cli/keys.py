"""`horarium key ...`"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from horarium.cli.client import AsJson, Data, Key, Limit, Url, connect, pairs, up_to
from horarium.cli.output import Column, at, show_list, show_one

keys = typer.Typer()

COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("NAME", "name"),
    ("LAST FOUR", "hint"),
    ("SCOPES", "scopes"),
    ("LAST USED", at("last_used_at")),
    ("EXPIRES", at("expires_at")),
    ("REVOKED", at("revoked_at")),
)
Id = Annotated[str, typer.Argument(help="Id of a key.")]


@keys.command("list")
def list_keys(
    limit: Limit = 100, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None
) -> None:
    """List the keys of the workspace."""
    show_list(up_to(limit, connect(url, key, data).keys.list_all), COLUMNS, as_json)


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help="schedules:read, runs:write, ..., or *; repeatable.")],
    principal: Annotated[
        str | None, typer.Option(help="Id of the principal whose key it is (default: yours).")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="An RFC 3339 instant (default: never).")] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Only schedules of this target (id, key or number) may be changed; repeatable."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE: only schedules with this label may be changed; repeatable."),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="The key is accepted only from here, such as 10.1.0.0/16; repeatable."),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Make a key. It is shown only this once."""
    body: Any = {"name": name, "scopes": scope, "principal": principal, "expires_at": expires}
    restricted = {"targets": target, "labels": pairs(label, "--label"), "networks": network}
    body |= {field: given for field, given in restricted.items() if given}
    show_one(connect(url, key, data).keys.create(body), as_json)


@keys.command("rotate")
def rotate(
    key_id: Id,
    overlap: Annotated[str, typer.Option(help='How long the old key still works, such as "1h".')] = "0s",
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Replace a key by a new one, which is shown only this once."""
    show_one(connect(url, key, data).keys.rotate(key_id, {"overlap": overlap}), as_json)


@keys.command("revoke")
def revoke(key_id: Id, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Revoke a key, at once."""
    show_one(connect(url, key, data).keys.revoke(key_id), as_json)


@keys.command("recover")
def recover(
    data: Data = None,
    database: Annotated[
        str | None, typer.Option(help="The server's database (default: in the data folder).")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
) -> None:
    """Make a new key of the whole server in its database, for whoever has lost theirs. It is shown only this once.

    It needs access to the database and no key. A server on SQLite has to be stopped meanwhile.
    """
    import asyncio

    from horarium.app import recover_key
    from horarium.settings import load_settings

    settings = load_settings({"data": data, "database": database}, os.environ, config)
    text = asyncio.run(recover_key(settings))
    typer.echo(text)
    typer.echo(
        "horarium: revoke the keys that were lost: horarium key list, horarium key revoke ID", err=True
    )
