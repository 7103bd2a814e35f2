"""`horarium person ...`"""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from horarium.cli.client import AsJson, Data, Key, Limit, Url, connect, up_to
from horarium.cli.output import Column, at, show_list, show_one

persons = typer.Typer()

# Seconds between two looks at an erasure that is under way.
LOOK_S = 0.5
COLUMNS: tuple[Column, ...] = (
    ("ID", "id"),
    ("STATE", "state"),
    ("PLACE", "place"),
    ("WAITS FOR", "waits_for"),
    ("ASKED", at("created_at")),
    ("DONE", at("finished_at")),
)


@persons.command("erase")
def erase(
    person: Annotated[str, typer.Argument(help="Row key of audiences, or id in the directory.")],
    value: Annotated[
        list[str] | None,
        typer.Option(
            help="A text by which the person is known besides, such as an address. May be given several times."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is done.")] = True,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Erase a person from the workspace. Remove the person from your own audience sources first.

    When it is done, nothing of the person can be read any more. Then `horarium compact` writes the database's files
    anew. While runs that were given something of the person are under way it waits for them; it goes on without this
    command.
    """
    client = connect(url, key, data)
    found: Any = client.erasures.create({"person": person, "values": value or []})
    told = False
    while wait and found["state"] != "done":
        if found["state"] == "waiting" and not told:
            told = True
            typer.echo(f"waiting for what is under way, runs and audiences: {found['waits_for']}", err=True)
        time.sleep(LOOK_S)
        found = client.erasures.get(found["id"])
    show_one(found, as_json)
    if found["state"] == "done" and not any((found.get("counts") or {}).values()):
        typer.echo("nothing of this person was found in the workspace: is it the right one?", err=True)


@persons.command("erasures")
def list_erasures(
    limit: Limit = 100, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None
) -> None:
    """List erasures, the latest first. Whom they erased is not kept."""
    show_list(up_to(limit, connect(url, key, data).erasures.list_all), COLUMNS, as_json)
