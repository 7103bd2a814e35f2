"""One request and its answer: which are tried again, and when. Everything here is pure."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any
from urllib.parse import quote

import httpx

from horarium_client.errors import error_of

BASE = "/horarium/v1"
# The statuses after which the same request may succeed. After the first the server has certainly done nothing.
REFUSED = 429
PASSING = (502, 503, 504)
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
# A DELETE of these answers with what it has changed, so that an answer cannot be made up.
ANSWERED_DELETES = re.compile(rf"{BASE}/(keys|workspaces)/[^/]+")
_NOT_FOUND = "urn:horarium:problem:not-found"
_DOUBT = "an earlier try of this request had no answer and may have been carried out"
# Lines of a bulk request that are sent together.
LINES = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `repeatable`: to send it twice is the same as once, because the method or a key says so."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    content: bytes | Iterable[bytes] | AsyncIterable[bytes] | None
    repeatable: bool


def path_of(template: str, *segments: object) -> str:
    """A path with its placeholders filled, each quoted so that it stays one segment."""
    parts = iter(segments)
    return "/".join(
        quote(str(next(parts)), safe="") if part.startswith("{") else part for part in template.split("/")
    )


def request_of(
    method: str,
    path: str,
    query: Mapping[str, Any],
    headers: Mapping[str, Any],
    body: Any = None,
    content: bytes | None = None,
    content_type: str = "application/json",
    *,
    takes_key: bool = False,
) -> Request:
    """A request. `takes_key`: the operation takes an Idempotency-Key, and gets one of its own if none is given."""
    sent = {name: str(value) for name, value in headers.items() if value is not None}
    if takes_key:
        sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
    if body is not None:
        content = json.dumps(body).encode()
    if content is not None:
        sent["Content-Type"] = content_type
    repeatable = method in ("GET", "PUT", "DELETE") or "Idempotency-Key" in sent
    return Request(method, BASE + path, tuple(_pairs(query)), sent, content, repeatable)


def file_request(
    method: str,
    path: str,
    content: Iterable[bytes] | AsyncIterable[bytes],
    content_type: str,
    length: int,
) -> Request:
    """A request that sends a file piece by piece. It is read once, so it is not tried again."""
    headers = {"Content-Type": content_type, "Content-Length": str(length)}
    return Request(method, BASE + path, (), headers, content, repeatable=False)


def headers_for(key: str, workspace: str | None) -> dict[str, str]:
    """What every request carries: the key, and the workspace that a key of the whole server acts in."""
    named = {} if workspace is None else {"Horarium-Workspace": workspace}
    return {"Authorization": f"Bearer {key}", **named}


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is not None:
                yield name, str(each).lower() if isinstance(each, bool) else str(each)


def wait_before_retry(
    request: Request, status: int | None, retry_after: str | None, attempt: int, now: float
) -> float | None:
    """Seconds to wait before a request is tried again, or None where it is not.

    `status` is None where there was no answer. `attempt` counts from 1. The server's wish (`Retry-After`) wins.
    """
    if isinstance(request.content, bytes | None) and (
        status == REFUSED or (request.repeatable and (status is None or status in PASSING))
    ):
        wish = _wish(retry_after, now)
        backoff = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1)) * random.uniform(0.5, 1)
        return backoff if wish is None else wish
    return None


def leaves_doubt(status: int | None) -> bool:
    """Whether a request may have been carried out though its answer, if any, does not say so."""
    return status is None or status in PASSING


def after_doubt(request: Request, answer: httpx.Response) -> httpx.Response:
    """The answer to a request of which an earlier try may have been carried out: what that try deleted is not missing
    now, and where it may have caused an error, the error says so."""
    if request.method == "GET" or answer.status_code not in (404, 409, 412):
        return answer
    is_plain_delete = request.method == "DELETE" and not ANSWERED_DELETES.fullmatch(request.path)
    if is_plain_delete and _problem(answer).get("type") == _NOT_FOUND:
        return httpx.Response(204, request=answer.request)
    answer.extensions[_DOUBT] = True
    return answer


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, Mapping) else {}


def _wish(retry_after: str | None, now: float) -> float | None:
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except ValueError:
        return None


def decoded(answer: httpx.Response) -> Any:
    """The value of an answer: JSON, a text, or None where it is empty. Raises one of the errors of `errors`."""
    if answer.is_success:
        if not answer.content:
            return None
        kind = answer.headers.get("content-type", "")
        return answer.json() if "json" in kind and "ndjson" not in kind else answer.text
    doubt = _DOUBT if _DOUBT in answer.extensions else None
    raise error_of(answer.status_code, _problem(answer), answer.headers.get("x-request-id"), doubt)


def as_lines(bodies: Iterable[Any]) -> Iterator[tuple[int, bytes]]:
    """Bodies as NDJSON, in pieces of LINES lines, each with the number of lines before it."""
    lines = iter(bodies)
    before = 0
    while piece := [json.dumps(body) for body in islice(lines, LINES)]:
        yield before, "\n".join(piece).encode()
        before += len(piece)


class Lines:
    """Lines of bytes that arrive in pieces. Only a line feed ends one: texts in JSON may hold other line breaks."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def fed(self, piece: bytes) -> list[bytes]:
        """The lines that a piece completes."""
        *whole, rest = piece.split(b"\n")
        if not whole:
            self._begun.append(rest)
            return []
        whole[0] = b"".join((*self._begun, whole[0]))
        self._begun = [rest]
        return whole

    def end(self) -> list[bytes]:
        """The line that no line feed has ended, if there is one."""
        last = b"".join(self._begun)
        return [last] if last else []


def from_lines(text: str, before: int = 0) -> Sequence[Any]:
    """The values of an answer in NDJSON. `before`: how many lines were sent before those that it answers; a value's
    `line` counts them."""
    values = [json.loads(line) for line in text.split("\n") if line]
    for value in values:
        if before and isinstance(value, dict) and "line" in value:
            value["line"] += before
    return values
