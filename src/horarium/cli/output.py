"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import typer

from horarium.cli.plain import plain

# A heading, and the field that is shown below it, or a function of the whole item.
Column = tuple[str, str | Callable[[Any], Any]]

# Characters of a line beyond which what an object or a list holds is shown on several lines.
_WIDE = 100
# Objects that users have given, or that targets have answered.
_GIVEN = frozenset(
    (
        "audience",
        "config",
        "executor",
        "extra",
        "filter",
        "input",
        "input_schema",
        "labels",
        "output",
        "recurrence",
        "row",
        "settings",
    )
)


def show_list(
    items: Iterable[Mapping[str, Any]], columns: Sequence[Column], as_json: bool, title: str = ""
) -> None:
    """Print a table, or a JSON array."""
    if as_json:
        typer.echo(plain(json.dumps(list(items), indent=2, ensure_ascii=False)))
        return
    rows = [[_cell(item, field) for _, field in columns] for item in items]
    if not rows:
        typer.echo("nothing found")
        return
    table([heading for heading, _ in columns], rows, title)


def show_one(item: Mapping[str, Any], as_json: bool) -> None:
    """Print each field on a line of its own, or on several where it holds much, or a JSON object."""
    if as_json:
        typer.echo(plain(json.dumps(item, indent=2, ensure_ascii=False)))
        return
    width = max(map(len, item), default=0)
    for name, value in item.items():
        if value not in (None, "", [], {}):
            lines = [value] if isinstance(value, str) else _lines(name, value)
            for head, line in zip_longest([name], lines, fillvalue=""):
                typer.echo(plain(f"{head:{width}}  {line}"))


def _lines(name: str, value: Any) -> list[str]:
    """A field in lines of JSON. Of a long list each item is one. The members of a long object share lines, but what
    users have given stays whole, so that it can be taken as it is."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _WIDE or name in _GIVEN or not isinstance(value, dict | list):
        return [text]
    if isinstance(value, list):
        return [json.dumps(item, ensure_ascii=False) for item in value]
    lines: list[str] = []
    room = False
    for member, held in value.items():
        found = _lines(member, held)
        if len(found) > 1:
            lines += [f"{member}:", *(f"  {line}" for line in found)]
        elif room and len(lines[-1]) + len(member) + len(found[0]) < _WIDE:
            lines[-1] += f", {member}: {found[0]}"
        else:
            lines.append(f"{member}: {found[0]}")
        room = len(found) == 1
    return lines


def write_lines(lines: Iterable[bytes]) -> None:
    """Print lines as they are, such as those of an export."""
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print a table. Where the output is not a terminal, no cell is wrapped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = 10_000
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(Text(plain(cell)) for cell in row))
    console.print(made)


def short_time(text: str | None) -> str:
    """An instant in RFC 3339, shortened for a table: without "T", "Z" and zero milliseconds."""
    return "" if text is None else text.replace("T", " ").removesuffix("Z").removesuffix(".000")


def at(field: str) -> Callable[[Any], str]:
    """The content of a column of instants."""
    return lambda item: short_time(item.get(field))


def _cell(item: Mapping[str, Any], field: str | Callable[[Any], Any]) -> str:
    value = field(item) if callable(field) else item.get(field)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
