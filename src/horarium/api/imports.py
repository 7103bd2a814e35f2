"""The items of a body that is read as it arrives: a JSON list, NDJSON or CSV.

Each reader yields (number, item) pairs. The number is that of the line, or of the element in a JSON list, counted from
1. An item that cannot be read comes as a Problem in its place; where nothing after it can be read either, that Problem
is the last item. No reader looks at a byte more than a few times, and each gives the event loop its turns.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from starlette.requests import Request

from horarium.api.bodies import lines_of, parse_json, read_chunks, too_large
from horarium.api.csv_items import csv_items
from horarium.domain.errors import Invalid, Problem, QuotaReached, TooLarge
from horarium.domain.ids import prefixed
from horarium.domain.tenancy import Identity
from horarium.service.rates import IMPORT_ITEM
from horarium.service.services import Services
from horarium.service.turns import Turns

Numbered = AsyncGenerator[tuple[int, Any], None]
Lines = AsyncIterator[list[bytes]]
# Bytes of one item, and of the white space before the first one.
LONGEST = 256 * 1024
_WHITE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")


async def items_of(request: Request, limit: int) -> Numbered:
    """The items of a body of up to `limit` bytes. The Content-Type names its form; otherwise its first character does.

    Raises TooLarge, and Invalid where CSV has no column `id`.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    chunks = _without_mark(read_chunks(request, limit))
    if content_type == "text/csv":
        items = csv_items(chunks, LONGEST)
    elif content_type in ("application/x-ndjson", "application/ndjson", "application/jsonl"):
        items = ndjson_items(lines_of(chunks, LONGEST))
    else:
        items = await _guessed(chunks)
    turns = Turns()
    async for item in items:
        yield item
        await turns.give()


async def _without_mark(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks without the byte order mark with which a text of UTF-8 may begin, however they are cut."""
    begun = b""
    async for chunk in chunks:
        begun += chunk
        if len(begun) >= len(codecs.BOM_UTF8):
            break
    yield begun.removeprefix(codecs.BOM_UTF8)
    async for chunk in chunks:
        yield chunk


async def _guessed(chunks: AsyncIterator[bytes]) -> Numbered:
    """By the first character: a JSON list, an object on each line, or else CSV."""
    begun = bytearray()
    async for chunk in chunks:
        begun += chunk
        if chunk.strip():
            break
        if len(begun) > LONGEST:
            raise too_large(LONGEST)

    async def whole() -> AsyncIterator[bytes]:
        yield bytes(begun)
        async for chunk in chunks:
            yield chunk

    first = bytes(begun.lstrip()[:1])
    if first == b"[":
        return list_items(whole())
    return ndjson_items(lines_of(whole(), LONGEST)) if first in (b"{", b"") else csv_items(whole(), LONGEST)


async def ndjson_items(batches: Lines) -> Numbered:
    """An object on each line; empty lines are passed over."""
    number = 0
    turns = Turns()
    async for lines in batches:
        await turns.give()
        for line in lines:
            number += 1
            if not line or line.isspace():
                continue
            yield number, _decoded(line, "the line")


def _decoded(text: bytes, what: str) -> Any:
    """The value of a JSON text, or what is wrong with it. `what` is what the problem calls the text."""
    try:
        return parse_json(text, what)
    except Invalid as error:
        return error.problems[0]
    except TooLarge as error:
        return Problem("", str(error), "too_long")


async def list_items(chunks: AsyncIterator[bytes]) -> Numbered:
    """The elements of a JSON list. After one whose end cannot be found nothing more is read."""
    arriving = _ArrivingList()
    fresh = bytearray()
    async for chunk in chunks:
        fresh += chunk
        if len(fresh) < arriving.wanted:
            continue
        try:
            arriving.add(fresh)
        except UnicodeDecodeError:
            yield arriving.number + 1, Problem("", "is not UTF-8", "json")
            return
        fresh.clear()
        for item in arriving.complete():
            yield arriving.number, item
        if len(arriving.rest) > LONGEST:
            words = f"is not valid JSON, or longer than {LONGEST} bytes"
            yield arriving.number + 1, Problem("", words, "json")
            return
    with suppress(UnicodeDecodeError):  # the list does not end properly then, which is told below
        arriving.add(fresh)
    for item in arriving.complete():
        yield arriving.number, item
    if arriving.rest.strip(_WHITE) != "]":
        yield (
            arriving.number + 1,
            Problem("", "is not valid JSON, is nested too deeply, or the list breaks off here", "json"),
        )


class _ArrivingList:
    """A JSON list that arrives in pieces: `rest` is what no complete element has been read from yet.

    An element that has not arrived whole is tried again when twice as much of it is there (`wanted`: bytes), so that
    one which comes in tiny pieces is not decoded once for each of them.
    """

    def __init__(self) -> None:
        self.rest, self.number, self.wanted = "", 0, 0
        self._opened = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")

    def add(self, piece: bytes | bytearray) -> None:
        """Raises UnicodeDecodeError."""
        self.rest += self._decoder.decode(piece)
        if not self._opened:
            self.rest = self.rest.lstrip(_WHITE)
            self._opened = bool(self.rest)
            self.rest = self.rest.removeprefix("[")

    def complete(self) -> Iterator[Any]:
        """Take off the elements that are there whole; `number` counts them."""
        text, at = self.rest, 0
        while (taken := _element(text, at)) is not None:
            item, at = taken
            self.number += 1
            yield item
        self.rest = text[at:]
        self.wanted = min(len(self.rest), LONGEST)


def _element(text: str, at: int) -> tuple[Any, int] | None:
    """The element that begins at a place and where the next one does; None where it is not all there yet.

    An element that is there whole but cannot be kept is a Problem.
    """
    at = _after_spaces(text, at)
    if at >= len(text) or text[at] == "]":
        return None
    try:
        _, end = _BOUNDS.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    item = text[at:end]
    end = _after_spaces(text, end)
    if end >= len(text) or text[end] not in ",]":
        return None
    return _decoded(item.encode(), "the element"), end + 1 if text[end] == "," else end


def _after_spaces(text: str, at: int) -> int:
    found = _SPACES.match(text, at)
    return at if found is None else found.end()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# Finds where an element ends. Numbers stay texts, because only the end matters.
_BOUNDS = json.JSONDecoder(parse_constant=_no_constant, parse_int=str, parse_float=str)


async def within_quota(services: Services, who: Identity, items: Numbered) -> Numbered:
    """The items of an import, of which the rest is not read where there are more than the workspace may send."""
    count = 0
    try:
        async for number, item in items:
            count += 1
            most = who.workspace.quotas.bulk_lines  # it may be lowered meanwhile
            if count > most:
                words = QuotaReached("bulk_lines", most, prefixed("ws", who.workspace_id))
                yield number, Problem("", f"is too many: {words}", "quota")
                return
            yield number, item
    finally:
        services.rates.spend(who, count * IMPORT_ITEM)
