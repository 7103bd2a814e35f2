"""Sends a request into an application in this process, as a server would hand it on, and times the answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson

Pairs = Sequence[tuple[bytes, bytes]]
# A body arrives in pieces of so many bytes.
PIECE = 32 * 1024


@dataclass(slots=True)
class Reply:
    """An answer. `waited` is the longest time without a byte of it, in seconds; `broke` the error that left the
    application, if one did."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    waited: float = 0.0
    broke: Exception | None = None

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return orjson.loads(self.body)


async def send(app: Any, method: str, target: str, headers: Pairs = (), body: bytes | None = None) -> Reply:
    """`target` is path and query as they stand in the request line."""
    path, _, query = target.partition("?")
    content = body or b""
    pieces = [content[at : at + PIECE] for at in range(0, len(content), PIECE)] or [b""]
    length = () if body is None else ((b"content-length", str(len(content)).encode()),)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [(b"host", b"testserver"), *length, *headers],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    reply, chunks = Reply(), list[bytes]()
    begun = time.perf_counter()

    async def receive() -> dict[str, Any]:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def answered(message: Any) -> None:
        nonlocal begun
        now = time.perf_counter()
        reply.waited, begun = max(reply.waited, now - begun), now
        if message["type"] == "http.response.start":
            assert reply.status == 0, "answered twice"
            reply.status = message["status"]
            reply.headers = {
                name.decode("latin-1").lower(): text.decode("latin-1") for name, text in message["headers"]
            }
        else:
            chunks.append(message.get("body", b""))

    try:
        await app(scope, receive, answered)
    except Exception as error:
        reply.broke = error
    reply.waited = max(reply.waited, time.perf_counter() - begun)
    reply.body = b"".join(chunks)
    return reply
