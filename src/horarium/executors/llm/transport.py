"""How a model provider's client reaches the network: through the same guarded client as every other request.

The client library speaks httpx2; this transport hands each of its requests to the guarded client, which resolves,
checks and pins the address, and hands the answer back, bounded in size. It also keeps what the library's
errors lose: the status, `Retry-After`, and why a connection came to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import aiohttp
import httpx2

from horarium.executors.egress import EgressClient
from horarium.executors.llm.config import AnswerRefused

# Headers by which providers are told who asks; one that does not carry the target's own key was borrowed by
# the client library from this process's environment.
_CREDENTIALS = frozenset(
    ("authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-goog-api-key")
)
_BORROWED = frozenset(("openai-organization", "openai-project"))
_BORROWED_LISTS = ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS")
# The guarded client sets these itself; answers are taken as they come, so none can grow by being unpacked.
_OURS = frozenset(("host", "connection", "content-length", "transfer-encoding", "accept-encoding"))


class EgressTransport(httpx2.AsyncBaseTransport):
    """For one call. `key` is the target's own API key; `limit` bounds the answer, in bytes."""

    def __init__(self, egress: EgressClient, key: str | None, limit: int) -> None:
        self._egress, self._key, self._limit = egress, key, limit
        self.status: int | None = None
        self.retry_after: str | None = None
        self.error: Exception | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._exchange(request)
        except (aiohttp.ClientError, OSError, ValueError, AnswerRefused) as error:
            self.error = error
            raise

    async def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        self.status = self.retry_after = self.error = None
        body = await request.aread()
        headers = dict(self._headers(request))
        response = await self._egress.request(request.method, str(request.url), headers=headers, data=body)
        try:
            self.status = response.status
            self.retry_after = response.headers.get("Retry-After")
            content = await self._read(response)
        finally:
            response.close()
        kept = [(name, value) for name, value in response.headers.items() if name.lower() not in _OURS]
        return httpx2.Response(response.status, headers=kept, content=content, request=request)

    def _headers(self, request: httpx2.Request) -> Iterator[tuple[str, str]]:
        borrowed = _BORROWED | _listed_in_environment()
        for name, value in request.headers.items():
            lower = name.lower()
            foreign = lower in _CREDENTIALS and not (self._key and self._key in value)
            if not foreign and lower not in borrowed and lower not in _OURS:
                yield name, value

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AnswerRefused("the answer was packed although it was asked for plain")
        content = b""
        while chunk := await response.content.read(self._limit + 1 - len(content)):
            content += chunk
            if len(content) > self._limit:
                raise AnswerRefused(f"the answer was longer than {self._limit} bytes")
        return content


def _listed_in_environment() -> set[str]:
    """Headers that client libraries would add to every request because this process's environment says so."""
    lines = "\n".join(os.environ.get(name, "") for name in _BORROWED_LISTS).splitlines()
    return {line.partition(":")[0].strip().lower() for line in lines if ":" in line}
