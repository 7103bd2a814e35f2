"""Requests from the command line to a server's API: which address, which key, and errors as sentences."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import typer

from horarium.cli.failure import MISUSED, Failure

if TYPE_CHECKING:
    from urllib.error import HTTPError

BASE = "/horarium/v1"
DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_DATA = Path("horarium-data")
SECONDS = 60

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
        help="What becomes of the slots of the pause when it is over: none, latest or all of them fire.",
    ),
]
Since = Annotated[str | None, typer.Option("--from", help="The first slot.")]
Until = Annotated[str | None, typer.Option("--to", help="The last slot.")]
ByKey = Annotated[
    bool, typer.Option("--by-key", help="It is named by the key that you chose, not by its id.")
]


class Client:
    """Requests to one server with one key. Whatever goes wrong is raised as a Failure that says what to do."""

    def __init__(self, url: str, key: str) -> None:
        from urllib.request import ProxyHandler, build_opener

        self.url, self.key = url.rstrip("/"), key
        self._opener = build_opener(ProxyHandler({}))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request; the JSON of the answer, or None where it is empty. Raises Failure."""
        with self._answer(method, path, body, query, headers) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def lines(
        self, path: str, query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes]:
        """The lines of an answer, as they arrive. Raises Failure."""
        with self._answer("GET", path, None, query, headers) as answer:
            yield from answer

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> Iterator[Any]:
        """Send a request; its answer, while the block reads it. Raises Failure."""
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import Request

        given = {name: value for name, value in (query or {}).items() if value is not None}
        address = f"{self.url}{BASE}{path}" + (f"?{urlencode(given, doseq=True)}" if given else "")
        request = Request(address, method=method)  # noqa: S310 - the user's own server
        request.add_header("Authorization", f"Bearer {self.key}")
        if workspace := os.environ.get("HORARIUM_WORKSPACE"):
            request.add_header("Horarium-Workspace", workspace)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if body is not None:
            request.data = json.dumps(body).encode()
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                yield answer
        except HTTPError as error:
            raise Failure(_sentence(error)) from None
        except (URLError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            words = f"cannot reach {self.url}: {reason}; start a server with `horarium serve`, or give --url"
            raise Failure(words) from None

    def pages(self, path: str, query: Mapping[str, Any], limit: int) -> Iterator[dict[str, Any]]:
        """The items of a list, at most `limit` of them, fetched page by page. Raises Failure."""
        cursor = None
        while limit > 0:
            found = self.call("GET", path, query={**query, "limit": min(limit, 500), "cursor": cursor})
            yield from found["items"]
            limit -= len(found["items"])
            cursor = found["next_cursor"]
            if cursor is None:
                return


def connect(url: str | None, key: str | None, data: Path | None) -> Client:
    """A client for a server, with a key.

    Both are taken from the options, then from the environment; the key finally from a data folder on this machine.
    Raises Failure where there is no key.
    """
    found = key or os.environ.get("HORARIUM_KEY") or _stored_key(data)
    if not found:
        raise Failure(
            "no API key: give --key, set HORARIUM_KEY, or name the server's data folder with --data", MISUSED
        )
    return Client(url or os.environ.get("HORARIUM_URL") or DEFAULT_URL, found)


def segment(text: str) -> str:
    """A text, quoted so that it is one segment of a path."""
    return quote(text, safe="")


def place(things: str, name: str, by_key: bool) -> str:
    """The path of one of the schedules or targets, named by its id or by its key."""
    return f"/{things}/by-key/{segment(name)}" if by_key else f"/{things}/{segment(name)}"


def from_json(text: str | None, name: str) -> Any:
    """The JSON in the text of an option; `@file` reads it from a file. Raises Failure."""
    if text is None:
        return None
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text("utf-8")
        return json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{name}: cannot read {text[1:]}: {error}", MISUSED) from None
    except ValueError as error:
        raise Failure(f"{name} is not valid JSON: {error}", MISUSED) from None


def pairs(given: list[str] | None, name: str) -> dict[str, str]:
    """Options written `name=value`, or `name:value`, as a mapping. Raises Failure."""
    found = dict(text.partition("=" if "=" in text else ":")[::2] for text in given or [])
    if any("=" not in text and ":" not in text for text in given or []):
        raise Failure(f"{name} must be written name=value", MISUSED)
    return found


def filters(given: list[str] | None, name: str) -> list[str] | None:
    """As `pairs`, as the filter of a list is sent: `name:value`. The first of the two signs counts."""
    found = []
    for text in given or []:
        label, sign, value = text.partition(min(("=", ":"), key=lambda sign: f"{text}=:".index(sign)))
        if not sign:
            raise Failure(f"{name} must be written name=value", MISUSED)
        found.append(f"{label}:{value}")
    return found or None


def _stored_key(data: Path | None) -> str | None:
    folder = data or Path(os.environ.get("HORARIUM_DATA") or DEFAULT_DATA)
    try:
        return (folder / "admin.key").read_text("utf-8").strip()
    except OSError:
        return None


def _sentence(error: HTTPError) -> str:
    """What the server says is wrong."""
    try:
        said = json.loads(error.read())
        return str(said["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"the server answered {error.code} {error.reason}"
