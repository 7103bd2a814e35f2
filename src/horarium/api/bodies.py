"""Request bodies, read so that no body can hold the server.

All requests share one event loop with the engine and the worker. Whatever grows with a body is therefore linear in its
size and done in slices (service/turns.py); what cannot be, as decoding JSON cannot, is bounded beforehand.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Scope

from horarium.domain.errors import Invalid, Problem, RateLimited, TooLarge
from horarium.domain.json_text import NotKept, decode_received, decode_written, holds_more_than
from horarium.service.turns import turn

# Values and names in one JSON text. They are decoded in one go, and each takes some fifty bytes of memory.
MOST_VALUES = 200_000
# Whoever has sent more bytes than this waits in the line of long work before they are decoded.
_LONG = 64 * 1024


_COMPRESSED = ("gzip", "x-gzip", "deflate", "compress", "br", "zstd")
# What bodies begin with that are no JSON, although they may hold some.
_NOT_JSON = (
    (codecs.BOM_UTF8, "begins with a byte order mark (BOM); send UTF-8 without one"),
    (codecs.BOM_UTF16_LE, "is UTF-16; send UTF-8"),
    (codecs.BOM_UTF16_BE, "is UTF-16; send UTF-8"),
    (b"\x1f\x8b", "is compressed (gzip); send it as it is"),
)


# In the scope of a request, once its key is known: what lets its identity follow what the key may do by now, and raises
# the error of a key that was revoked or has expired meanwhile. Bodies may take hours to come, and answers to go.
STILL = "horarium.still"
# In the scope of a request: whose workspace it is about, under `id`, once its key is known.
WORKSPACE = "horarium.workspace"
# Bytes of the long bodies of one workspace that may have come at once without being complete. Whoever sends them slowly
# would have them held for as long.
MOST_BEGUN = 128 * 1024 * 1024
_begun: Counter[str] = Counter()


class Malformed(Invalid):
    """The body is not JSON, or not a JSON object."""


async def look_at_key_again(scope: Scope) -> None:
    """Let the identity of a request, where it has a key, be what the key is by now.

    Raises Unauthorized or Forbidden if it may not be used any more, and Invalid if the workspace in which it acts was
    deleted.
    """
    still = scope.get(STILL)
    if still is not None:
        await still()


async def bounded(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """The chunks as they come. Raises TooLarge before more than `limit` bytes have been handed on."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        yield chunk


async def lines_of(chunks: AsyncIterator[bytes], longest: int) -> AsyncIterator[list[bytes]]:
    """The lines of a stream without their line feeds: with each chunk, those that it has completed.

    Raises TooLarge for a line of more than `longest` bytes. Each byte is looked at once, however small the chunks are.
    """
    begun = bytearray()  # the line that is not complete yet
    async for chunk in chunks:
        lines = chunk.split(b"\n")
        begun += lines[0]
        if len(lines) > 1:
            lines[0], begun = bytes(begun), bytearray(lines.pop())
            if max(map(len, lines)) > longest:
                raise line_too_long(longest)
            yield lines
        if len(begun) > longest:
            raise line_too_long(longest)
    if begun:
        yield [bytes(begun)]


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than the {limit} bytes that are allowed; send less at once")


def line_too_long(longest: int) -> TooLarge:
    return TooLarge(f"a line is longer than the {longest} bytes that are allowed")


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLarge before more than `limit` bytes have been taken in, RateLimited where too many of
    the same workspace are being sent, and what `look_at_key_again` raises once it is here.

    When it returns a long body, the caller has its turn to decode it.
    """
    _refuse_announced(request, limit)
    body, sender, counted = bytearray(), _sender(request.scope), 0
    try:
        async for chunk in request.stream():
            if len(body) + len(chunk) > limit:
                raise too_large(limit)
            body += chunk
            if len(body) > _LONG:
                _begun[sender] += len(body) - counted
                counted = len(body)
                if _begun[sender] > MOST_BEGUN:
                    words = (
                        "too many large bodies of this workspace are being sent at once; send this one later"
                    )
                    raise RateLimited(words, 1_000)
    finally:
        if counted:
            _begun[sender] -= counted
            if not _begun[sender]:
                del _begun[sender]
    if len(body) > _LONG:
        await turn()
    await look_at_key_again(request.scope)
    return bytes(body)


def _sender(scope: Scope) -> str:
    """Whose body it is: a workspace's, or that of an address where the request needs no key."""
    found: str | None = scope.get(WORKSPACE, {}).get("id")
    client = scope.get("client")
    return found or (client[0] if client else "")


async def read_lines(request: Request, limit: int, longest: int) -> AsyncIterator[list[bytes]]:
    """The lines of a body as they come, some at a time, without their ends.

    Raises TooLarge for a body of more than `limit` bytes, and for a line of more than `longest`; and what `read_chunks`
    raises.
    """
    async for lines in lines_of(read_chunks(request, limit), longest):
        yield lines


def read_chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """A body as it comes. Raises TooLarge for more than `limit` bytes, and what `look_at_key_again` raises at each
    chunk."""
    _refuse_announced(request, limit)
    return bounded(_while_allowed(request), limit)


async def _while_allowed(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        await look_at_key_again(request.scope)
        yield chunk


def _refuse_announced(request: Request, limit: int) -> None:
    """Raises TooLarge and Malformed, by what the headers say of the body."""
    _refuse_compressed(request)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)


def _refuse_compressed(request: Request) -> None:
    """Raises Malformed for a body that is compressed, as its headers say."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in _COMPRESSED:
        words = (
            f"the body is compressed (Content-Encoding: {encoding}); send it as it is, without that header"
        )
        raise Malformed(Problem("", words, "encoding"))


def parse_json(text: bytes, what: str = "the body", *, written: bool = True) -> Any:
    """A JSON value, whatever the Content-Type said. `what` is what errors call it. `written` tells that a person or
    their program wrote it, which can correct it; otherwise it is what a target answers (see domain/json_text.py).

    Raises Malformed, saying where; Invalid for a value that could not be kept as it is written, with its field; and
    TooLarge for more than MOST_VALUES values and names.
    """
    if holds_more_than(text, MOST_VALUES):
        raise TooLarge(f"{what} holds more than {MOST_VALUES} values and names; send less at once")
    try:
        return decode_written(text) if written else decode_received(text)
    except orjson.JSONDecodeError as error:
        if not text.strip():
            raise Malformed(Problem("", f"{what} is empty; a JSON object is expected", "json")) from None
        for begins, instead in _NOT_JSON:
            if text.startswith(begins):
                raise Malformed(Problem("", f"{what} {instead}", "encoding")) from None
        words = f"{what} is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise Malformed(Problem("", words, "json")) from None
    except NotKept as error:
        if error.field:
            raise Invalid(Problem(error.field, error.message)) from None
        raise Malformed(Problem("", f"{what} {error.message}", "json")) from None


def parse_object(text: bytes, what: str = "the body", *, written: bool = True) -> dict[str, Any]:
    """As `parse_json`, for an object."""
    value = parse_json(text, what, written=written)
    if not isinstance(value, dict):
        raise Malformed(Problem("", f"{what} must be a JSON object, not {_named(value)}", "type"))
    return value


def _named(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
