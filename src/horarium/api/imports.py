"""Items out of a body as it arrives: a JSON list, NDJSON or CSV, whatever its length.

Each gives (number, item) pairs; the number is that of the line (of the element, in a JSON list), counted from
1. What cannot be read comes as a Problem in the place of the item. Where reading cannot go on behind it, that
is the last one.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request

from horarium.api.web import read_lines, too_large
from horarium.domain.errors import Invalid, Problem

Numbered = AsyncIterator[tuple[int, Any]]
LONGEST = 256 * 1024
"""Bytes of one item."""
_SPACE = " \t\r\n"
_DELIMITERS = (",", ";", "\t")


async def items_of(request: Request, limit: int) -> Numbered:
    """The items of a body of up to `limit` bytes. Its form is told by the Content-Type or by how it begins.

    Raises TooLarge, and Invalid where CSV has no column `id`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    lines = read_lines(request, limit, LONGEST)
    if kind == "text/csv":
        found = csv_items(lines)
    elif kind in ("application/x-ndjson", "application/ndjson", "application/jsonl"):
        found = ndjson_items(lines)
    else:
        found = _guessed(request.stream(), limit)
    async for one in found:
        yield one


async def _guessed(chunks: AsyncIterator[bytes], limit: int) -> Numbered:
    """By the first character: a list, an object to a line, or else CSV."""
    begun = b""
    bounded = _bounded(chunks, limit)
    async for chunk in bounded:
        begun += chunk
        if begun.lstrip():
            break

    async def whole() -> AsyncIterator[bytes]:
        yield begun
        async for chunk in bounded:
            yield chunk

    first = begun.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if first == b"[":
        found = list_items(whole())
    elif first in (b"{", b""):
        found = ndjson_items(_lines(whole()))
    else:
        found = csv_items(_lines(whole()))
    async for one in found:
        yield one


async def _bounded(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        yield chunk


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > LONGEST:
            raise too_large(LONGEST)
    if rest:
        yield rest


async def ndjson_items(lines: AsyncIterator[bytes]) -> Numbered:
    """An object on each line; empty lines are passed over."""
    number = 0
    async for line in lines:
        number += 1
        if not line.strip():
            continue
        try:
            yield number, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield number, Problem("", f"is not valid JSON: {error.msg} at column {error.colno}", "json")


async def list_items(chunks: AsyncIterator[bytes]) -> Numbered:
    """The elements of a JSON list. Behind one that cannot be read nothing more is read."""
    text, number, opened = "", 0, False
    decode = codecs.getincrementaldecoder("utf-8")("strict").decode
    async for chunk in chunks:
        try:
            text += decode(chunk)
        except UnicodeDecodeError:
            yield number + 1, Problem("", "is not UTF-8", "json")
            return
        if not opened:
            text = text.lstrip("\ufeff" + _SPACE)
            opened = bool(text)
            text = text.removeprefix("[")
        at = 0
        while True:
            taken = _element(text, at)
            if taken is None:
                break
            number += 1
            item, at = taken
            yield number, item
        text = text[at:]
        if len(text) > LONGEST:
            yield number + 1, Problem("", f"is not valid JSON, or longer than {LONGEST} bytes", "json")
            return
    if text.strip(_SPACE) != "]":
        yield number + 1, Problem("", "is not valid JSON, or the list breaks off here", "json")


def _element(text: str, at: int) -> tuple[Any, int] | None:
    """The element that begins at a place and where the next one does; None where it is not all there yet."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    if at >= len(text) or text[at] == "]":
        return None
    try:
        item, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    while end < len(text) and text[end] in _SPACE:
        end += 1
    if end >= len(text) or text[end] not in ",]":
        return None
    return item, end + 1 if text[end] == "," else end


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


async def csv_items(lines: AsyncIterator[bytes]) -> Numbered:
    """A record for each line below the header; a quoted cell may hold line breaks. Empty cells are left
    out."""
    header: list[str] | None = None
    delimiter = ","
    number, first, pending = 0, 1, ""
    async for line in lines:
        number += 1
        try:
            pending += line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield number, Problem("", "is not UTF-8", "csv")
            pending, first = "", number + 1
            continue
        if pending.count('"') % 2 and len(pending) <= LONGEST:
            pending += "\n"
            continue
        record, pending, begun, first = pending, "", first, number + 1
        if not record.strip():
            continue
        if header is None:
            delimiter = max(_DELIMITERS, key=record.count)
            header = [name.strip() for name in _cells(record, delimiter)]
            if "id" not in header:
                raise Invalid(Problem("id", "is required: CSV begins with a line of names, among them id"))
            continue
        yield begun, _record(header, record, delimiter)
    if pending:
        yield first, Problem("", "a quoted cell is not closed", "csv")


def _cells(record: str, delimiter: str) -> list[str]:
    return next(csv.reader([record.rstrip("\r")], delimiter=delimiter, strict=True), [])


def _record(header: list[str], record: str, delimiter: str) -> dict[str, str] | Problem:
    try:
        cells = _cells(record, delimiter)
    except csv.Error as error:
        return Problem("", f"is not valid CSV: {error}", "csv")
    if len(cells) != len(header):
        return Problem("", f"has {len(cells)} cells, and the header {len(header)}", "csv")
    return {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
