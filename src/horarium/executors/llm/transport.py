"""Sends the requests of a model provider's client library through the server's guarded HTTP client.

The libraries use httpx2. This transport gives each of their requests to the guarded client (`egress`), which
resolves, checks and pins the address. It returns the response, limited in size and in number of values. It
also keeps what the errors of the libraries do not tell: the status, `Retry-After`, and why a connection failed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import aiohttp
import httpx2
import orjson

from horarium.domain.ids import Id
from horarium.domain.json_text import NotKept, decode_received, holds_more_than
from horarium.executors.answer_bodies import NotDecoded, decoded
from horarium.executors.egress import EgressClient, read_limited
from horarium.executors.llm.config import AnswerRefused
from horarium.service.turns import turn

# Values and names that the JSON of a response may hold; usual ones hold fewer than a hundred. The client libraries make
# an object of each part, in one go: 1 MB of empty ones takes them half a minute.
MOST_VALUES = 2_000

# How often an answer of more than so many bytes may say what the model thought. The client library copies all that is
# left of a text at each such tag: 1 MB of them keeps it for a second.
MOST_THOUGHTS, FEW_BYTES = 100, 64 * 1024
_THOUGHT = b"<think>"

# Headers that carry credentials. One that does not hold the target's own key comes from the environment of this
# process, where the client library found it, so it is not sent.
_CREDENTIALS = frozenset(
    ("authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-goog-api-key")
)
# Headers that name the account of whoever runs this process. The OpenAI library adds them from the environment.
_ACCOUNT_HEADERS = frozenset(("openai-organization", "openai-project"))
# Environment variables in which the libraries find further headers for every request.
_HEADER_VARIABLES = ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS")
# Headers that the guarded client sets itself. It never asks for a compressed response; one that comes all the same is
# decoded here, up to the limit.
_OWN_HEADERS = frozenset(("host", "connection", "content-length", "transfer-encoding", "accept-encoding"))


class EgressTransport(httpx2.AsyncBaseTransport):
    """The transport of one model call of a workspace. `key` is the API key to use, `limit` the largest response body,
    in bytes.

    After a request, `status`, `retry_after` (the header as sent) and `body` hold what the server answered, and `error`
    holds why there is no response. Each is None if it does not apply.
    """

    def __init__(self, egress: EgressClient, workspace_id: Id, key: str | None, limit: int) -> None:
        self._egress, self._workspace_id, self._key, self._limit = egress, workspace_id, key, limit
        self.status: int | None = None
        self.retry_after: str | None = None
        self.body: bytes | None = None
        self.error: Exception | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends a request and reads its whole response. Raises what the guarded client raises, or AnswerRefused."""
        try:
            return await self._exchange(request)
        except (aiohttp.ClientError, OSError, ValueError, AnswerRefused) as error:
            self.error = error
            raise

    async def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        self.status = self.retry_after = self.body = self.error = None
        body = await request.aread()
        headers = dict(self._headers(request))
        response = await self._egress.request(
            self._workspace_id, request.method, str(request.url), headers=headers, data=body
        )
        try:
            self.status = response.status
            self.retry_after = response.headers.get("Retry-After")
            self.body = content = await self._read(response)
        finally:
            response.close()
        kept = [
            (name, value)
            for name, value in response.headers.items()
            if name.lower() not in _OWN_HEADERS and name.lower() != "content-encoding"
        ]
        return httpx2.Response(response.status, headers=kept, content=content, request=request)

    def _headers(self, request: httpx2.Request) -> Iterator[tuple[str, str]]:
        """The request's headers without those that the library took from the environment of this process."""
        from_environment = _ACCOUNT_HEADERS | _listed_in_environment()
        for name, value in request.headers.items():
            lower = name.lower()
            foreign = lower in _CREDENTIALS and not (self._key and self._key in value)
            if not foreign and lower not in from_environment and lower not in _OWN_HEADERS:
                yield name, value

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        content = await read_limited(response, self._limit)
        if len(content) <= self._limit:
            try:
                content = decoded(content, response.headers.get("Content-Encoding"), self._limit)
            except NotDecoded as error:
                raise AnswerRefused(f"the answer of the model's server cannot be read: {error}") from None
        if len(content) > self._limit:
            raise AnswerRefused(f"the answer is longer than {self._limit} bytes")
        if holds_more_than(content, MOST_VALUES):
            raise AnswerRefused(f"the answer holds more than {MOST_VALUES} values and names")
        if len(content) > FEW_BYTES and _thoughts(content) > MOST_THOUGHTS:
            raise AnswerRefused(f"the answer says more than {MOST_THOUGHTS} times what the model thought")
        await turn()  # what the library does with it cannot stop in the middle
        return content


def _thoughts(content: bytes) -> int:
    """How often a response says what the model thought, however its JSON writes that. Raises AnswerRefused."""
    try:
        return orjson.dumps(decode_received(content)).count(_THOUGHT)
    except orjson.JSONDecodeError:
        return 0  # the library cannot read it either
    except NotKept as error:
        raise AnswerRefused(f"the answer of the model's server cannot be read: {error}") from None


def _listed_in_environment() -> set[str]:
    """Lower-case names of the headers that environment variables make client libraries add to every request."""
    lines = "\n".join(os.environ.get(name, "") for name in _HEADER_VARIABLES).splitlines()
    return {line.partition(":")[0].strip().lower() for line in lines if ":" in line}
