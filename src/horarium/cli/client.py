"""A server's API from the command line: where it is, which key, and its errors as sentences."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
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

Url = Annotated[str | None, typer.Option("--url", help=f"The server [HORARIUM_URL or {DEFAULT_URL}].")]
Key = Annotated[str | None, typer.Option("--key", help="The API key [HORARIUM_KEY, or DATA/admin.key].")]
Data = Annotated[Path | None, typer.Option("--data", help="Data folder of a server on this machine.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", help="How many at most.")]


class Client:
    """Requests to one server with one key. Errors are Failures that say what to do."""

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
        """The answer's JSON, None where there is none."""
        from urllib.error import HTTPError, URLError
        from urllib.request import Request

        given = {name: value for name, value in (query or {}).items() if value is not None}
        address = f"{self.url}{BASE}{path}" + (f"?{urlencode(given, doseq=True)}" if given else "")
        request = Request(address, method=method)  # noqa: S310 - the user's own server
        request.add_header("Authorization", f"Bearer {self.key}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if body is not None:
            request.data = json.dumps(body).encode()
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                text = answer.read()
        except HTTPError as error:
            raise Failure(_sentence(error)) from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            words = f"cannot reach {self.url}: {reason}; start a server with `horarium serve`, or give --url"
            raise Failure(words) from None
        return json.loads(text) if text else None

    def pages(self, path: str, query: Mapping[str, Any], limit: int) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page, at most `limit` of them."""
        cursor = None
        while limit > 0:
            found = self.call("GET", path, query={**query, "limit": min(limit, 500), "cursor": cursor})
            yield from found["items"]
            limit -= len(found["items"])
            cursor = found["next_cursor"]
            if cursor is None:
                return


def connect(url: str | None, key: str | None, data: Path | None) -> Client:
    """The server and the key to use: as given, from the environment, from a data folder on this machine."""
    found = key or os.environ.get("HORARIUM_KEY") or _stored_key(data)
    if not found:
        raise Failure(
            "no API key: give --key, set HORARIUM_KEY, or name the server's data folder with --data", MISUSED
        )
    return Client(url or os.environ.get("HORARIUM_URL") or DEFAULT_URL, found)


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def from_json(text: str | None, name: str) -> Any:
    """An option's value as JSON; `@file` reads a file. Raises Failure."""
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
    """`key=value` options as a mapping. Raises Failure."""
    found = dict(one.partition("=")[::2] for one in given or [])
    if any("=" not in one for one in given or []):
        raise Failure(f"{name} is written name=value", MISUSED)
    return found


def _stored_key(data: Path | None) -> str | None:
    folder = data or Path(os.environ.get("HORARIUM_DATA") or DEFAULT_DATA)
    try:
        return (folder / "admin.key").read_text("utf-8").strip()
    except OSError:
        return None


def _sentence(error: HTTPError) -> str:
    """What the server said was wrong."""
    try:
        said = json.loads(error.read())
        return str(said["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"the server answered {error.code} {error.reason}"
