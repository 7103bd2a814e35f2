"""`horarium directory ...`: the people and things that audiences are made of."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from horarium.cli.client import AsJson, Data, Key, Limit, Url, connect, up_to
from horarium.cli.failure import MISUSED, Failure
from horarium.cli.output import show_list, show_one

if TYPE_CHECKING:
    from horarium.cli.connection import Connection

directory = typer.Typer()

# How long the server may take to read a piece of the file, and to answer.
SECONDS = 600

_TYPES = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}

# How many refused lines are printed; `--json` prints all.
SHOWN = 20


class Kind(StrEnum):
    USERS = "users"
    CONTACTS = "contacts"
    DEALS = "deals"
    TASKS = "tasks"
    PIPELINES = "pipelines"
    STAGES = "stages"


What = Annotated[Kind, typer.Argument(help="Which part of the directory.")]
Item = Annotated[str, typer.Argument(help="The id of an item.")]


@directory.command("import")
def import_file(
    kind: What,
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or a JSON list, each item with an id.")],
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Add items from a file of any length, replacing those with the same id."""
    client = connect(url, key, data, SECONDS)
    try:
        size = file.stat().st_size
        opened = file.open("rb")
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}", MISUSED) from None
    with opened:
        status, report = _send(client, kind, _TYPES.get(file.suffix.lower(), ""), opened, size)
    if as_json:
        typer.echo(json.dumps(report))
    elif status == 200:
        typer.echo(f"{report['stored']} {kind.value} stored")
    if status != 200:
        raise Failure(_refusals(kind, report))


@directory.command("list")
def list_items(
    kind: What,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List items in the order of their ids."""
    columns = (("ID", "id"), ("NAME", _name), ("EMAIL", "email"), ("STATUS", "status"))
    show_list(up_to(limit, connect(url, key, data).directory.list_all, kind.value), columns, as_json)


@directory.command("show")
def show(
    kind: What, item: Item, as_json: AsJson = False, url: Url = None, key: Key = None, data: Data = None
) -> None:
    """Show an item."""
    show_one(connect(url, key, data).directory.get(kind.value, item), as_json)


@directory.command("delete")
def delete(kind: What, item: Item, url: Url = None, key: Key = None, data: Data = None) -> None:
    """Delete an item."""
    connect(url, key, data).directory.delete(kind.value, item)


def _name(item: dict[str, Any]) -> str:
    return str(item.get("full_name") or item.get("name") or item.get("title") or "")


def _send(
    client: Connection, kind: Kind, content_type: str, file: BinaryIO, size: int
) -> tuple[int, dict[str, Any]]:
    """Stream a file to the server with a progress bar; the status and the JSON of the answer. Raises Failure."""
    from rich.console import Console
    from rich.progress import wrap_file

    console = Console(stderr=True)
    kind_of_file = content_type or "application/octet-stream"
    with wrap_file(
        file, size, description=kind.value, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        return client.send_file("PUT", "/directory/{kind}", (kind.value,), shown, kind_of_file, size)


def _refusals(kind: Kind, report: Any) -> str:
    lines = [str(report.get("detail", "the server refused the file"))]
    # What is wrong with the whole file is said by the first line already.
    refused = [
        each
        for each in report.get("errors", [])
        if "line" in each or str(each.get("message")) not in lines[0]
    ]
    for refusal in refused[:SHOWN]:
        place = f"line {refusal['line']}: " if "line" in refusal else ""
        words = refusal.get("field"), refusal.get("message")
        lines.append(f"  {place}{' '.join(word for word in words if word)}".rstrip())
    if len(refused) > SHOWN:
        lines.append(f"  and {len(refused) - SHOWN} more")
    for gap in report.get("not_stored", [])[:SHOWN]:
        lines.append(
            f"  lines {gap['first_line']} to {gap['last_line']} were not stored: correct them and import the file again"
        )
    return "\n".join(lines)
