"""What commands that speak to a server have in common: which address, which key, and how they say what they want."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from horarium.cli.failure import MISUSED, Failure
from horarium.domain.json_text import NotKept, decode_written
from horarium.domain.labels import label_in, label_text

if TYPE_CHECKING:
    from horarium.cli.connection import Connection

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_DATA = Path("horarium-data")
# How long the server may take to answer, and to take the next piece of a file.
SECONDS = 60
# Items that are asked for at once.
LARGEST_PAGE = 500

Url = Annotated[
    str | None, typer.Option("--url", help=f"The server (default: HORARIUM_URL, or {DEFAULT_URL}).")
]
Key = Annotated[
    str | None, typer.Option("--key", help="The API key (default: HORARIUM_KEY, or DATA/admin.key).")
]
Data = Annotated[Path | None, typer.Option("--data", help="Data folder of a server on this machine.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", help="How many at most.")]
# Filters of lists of fires, runs and slots.
OfSchedule = Annotated[str | None, typer.Option("--schedule", help="Id of a schedule.")]
OfTarget = Annotated[str | None, typer.Option("--target", help="Id, key or number of a target.")]
ScheduleLabel = Annotated[
    list[str] | None, typer.Option("--label", help="name=value, of the schedule; repeatable.")
]
PauseEnd = Annotated[
    str | None, typer.Option("--until", help="When it resumes by itself, as in 2026-03-01T06:00:00Z.")
]
Afterwards = Annotated[
    str | None,
    typer.Option(
        "--catch-up",
        help="What becomes of the slots of the pause when it is over: none, latest or all of them fire "
        "(all as far as the policy overlap allows).",
    ),
]
Since = Annotated[str | None, typer.Option("--from", help="The first slot.")]
Until = Annotated[str | None, typer.Option("--to", help="The last slot.")]
ByKey = Annotated[
    bool, typer.Option("--by-key", help="It is named by the key that you chose, not by its id.")
]


def connect(url: str | None, key: str | None, data: Path | None, seconds: float = SECONDS) -> Connection:
    """The client of a server, with a key.

    Both are taken from the options, then from the environment; the key finally from a data folder on this machine.
    Raises Failure where there is no key.
    """
    from horarium.cli.connection import Connection  # what it needs takes a while to load

    found = key or os.environ.get("HORARIUM_KEY") or _stored_key(data)
    if not found:
        raise Failure(
            "no API key: give --key, set HORARIUM_KEY, or name the server's data folder with --data", MISUSED
        )
    return Connection(url or os.environ.get("HORARIUM_URL") or DEFAULT_URL, found, seconds)


def up_to(limit: int, list_all: Callable[..., Iterator[Any]], *named: str, **query: Any) -> Iterator[Any]:
    """At most so many items of a list of the client, fetched page by page."""
    return islice(list_all(*named, **query, limit=min(limit, LARGEST_PAGE)), max(limit, 0))


def only_given(**options: Any) -> dict[str, Any]:
    """A body of the options that were given: null would take away what is stored. `from_` stands for `from`."""
    return {name.rstrip("_"): value for name, value in options.items() if value is not None}


def from_json(text: str | None, name: str) -> Any:
    """The JSON in the text of an option, read by the rules of a request; `@file` reads it from a file, which may begin
    with a byte order mark. Raises Failure."""
    if text is None:
        return None
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text("utf-8-sig")
        return decode_written(text.encode())
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{name}: cannot read {text[1:]}: {error}", MISUSED) from None
    except NotKept as error:
        raise Failure(f"{name}: {error}", MISUSED) from None
    except ValueError as error:
        raise Failure(f"{name} is not valid JSON: {error}", MISUSED) from None


def pairs(given: list[str] | None, name: str) -> dict[str, str]:
    """Options written `name=value`, or `name:value`, as a mapping. The first of the two signs counts, but for one of
    the name that is written with a backslash before it.

    Raises Failure.
    """
    found: dict[str, str] = {}
    for text in given or []:
        label = label_in(text, ":=")
        if label is None:
            raise Failure(f"{name} must be written name=value", MISUSED)
        found[label[0]] = label[1]
    return found


def reference(text: str | None) -> int | str | None:
    """A target as the API takes it: its number, or its id or key."""
    return int(text) if text is not None and text.isdecimal() else text


def filters(given: list[str] | None, name: str) -> list[str] | None:
    """As `pairs`, as the filter of a list is sent: `name:value`, also of a label that is given twice."""
    found = [label_text(*label) for text in given or [] for label in pairs([text], name).items()]
    return found or None


def _stored_key(data: Path | None) -> str | None:
    folder = data or Path(os.environ.get("HORARIUM_DATA") or DEFAULT_DATA)
    try:
        return (folder / "admin.key").read_text("utf-8").strip()
    except OSError:
        return None
