"""The items of a CSV body, as spreadsheets and people's programs write it.

The first line names the columns. Cells are separated by commas, semicolons or tabs, whichever the first line has most
of. A line ends with LF, CR LF or a lone CR. A cell may stand in quotes; it may then hold separators and line ends, and
its own quotes are written twice. Where the quotes of a line are wrong, that line alone is refused.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import NamedTuple

from horarium.api.bodies import line_too_long
from horarium.domain.errors import Invalid, Problem
from horarium.service.turns import Turns

# Columns of a header, and characters of a column's name.
MOST_COLUMNS = 1_000
LONGEST_NAME = 200
# Records, and lines of one record, after which others may get a turn.
_RECORDS, _LINES = 64, 256
# Characters of a cell that a problem shows.
_SHOWN = 40
_DELIMITERS = (b",", b";", b"\t")
_LINE_ENDS = (b"\n", b"\r\n", b"\r")
_QUOTED = re.compile(rb'"[^"]*+"')
_STRAY = "has a quote where none may stand; a cell with quotes stands in quotes, and has its own quotes twice"

Record = str | Problem


async def csv_items(
    chunks: AsyncIterator[bytes], longest: int, columns: Mapping[str, str] | None = None
) -> AsyncGenerator[tuple[int, dict[str, str] | Problem], None]:
    """A record for each line below the header, with the number of its line. Empty cells are left out.

    `columns` says what the columns of the header stand for: a field by the name of its column. Those that it does not
    name are left out. Without it, columns have the names of fields.
    Raises Invalid for a header that cannot be used, and TooLarge for a line of more than `longest` bytes.
    """
    header: _Header | None = None
    records = _Records(longest)
    async for number, record in _all_records(records, lines_with_ends(chunks, longest)):
        if header is None:
            header = _header(record, records.delimiter, columns)
        else:
            yield number, _item(header, record)


class Beginning(NamedTuple):
    """How a CSV text begins: the names of its columns, and the cells of its first records that could be read."""

    names: list[str]
    rows: list[list[str]]


async def csv_beginning(text: bytes, longest: int, most: int) -> Beginning:
    """The header of a CSV text, and up to `most` records below it. Records that cannot be read are passed over.

    Raises Invalid for a text without a header that can be used.
    """

    async def whole() -> AsyncIterator[bytes]:
        yield text

    names: list[str] | None = None
    rows: list[list[str]] = []
    records = _Records(longest)
    async for _, record in _all_records(records, lines_with_ends(whole(), longest)):
        if names is None:
            names = _names(record, records.delimiter.decode())
            continue
        cells = record if isinstance(record, Problem) else _cells(record, records.delimiter.decode())
        if not isinstance(cells, Problem) and len(cells) == len(names):
            rows.append(cells)
        if len(rows) == most:
            break
    if names is None:
        raise Invalid(Problem("", "has no lines; CSV begins with a line that names the columns", "csv"))
    return Beginning(names, rows)


async def _all_records(
    records: _Records, batches: AsyncIterator[list[bytes]]
) -> AsyncIterator[tuple[int, Record]]:
    """Every record that is not empty, with the number of its first line."""
    turns = Turns()
    async for lines in batches:
        await turns.give()
        for place, line in enumerate(lines):
            if line in _LINE_ENDS and not records.is_open:  # there may be millions of them
                records.pass_over()
                continue
            if not place % _LINES:  # a cell may go on over as many
                await turns.give()
            for number, record in records.add(line):
                if not number % _RECORDS:
                    await turns.give()
                if isinstance(record, Problem) or record.strip():
                    yield number, record
    for number, record in records.end():
        await turns.give()
        if isinstance(record, Problem) or record.strip():
            yield number, record


async def lines_with_ends(chunks: AsyncIterator[bytes], longest: int) -> AsyncIterator[list[bytes]]:
    """The lines of a stream with their ends: with each chunk, those that it has completed.

    Raises TooLarge for a line of more than `longest` bytes. Each byte is looked at once, however small the chunks are.
    """
    begun = bytearray()  # the line that is not complete yet, or that ends with a CR which a LF may follow
    async for chunk in chunks:
        lines = []
        if begun.endswith(b"\r") and chunk and not chunk.startswith(b"\n"):
            lines.append(bytes(begun))
            begun.clear()
        first, *further = chunk.splitlines(keepends=True) or [b""]
        begun += first
        if further:
            lines += (bytes(begun), *further)
            begun = bytearray(lines.pop())
        if begun.endswith(b"\n"):
            lines.append(bytes(begun))
            begun.clear()
        if len(begun) > longest or max(map(len, lines), default=0) > longest:
            raise line_too_long(longest)
        yield lines
    if begun:
        yield [bytes(begun)]


class _State(Enum):
    """How a line ends: with a complete record, within a quoted cell, or with a quote where none may stand."""

    CLOSED = 0
    OPEN = 1
    STRAY = 2


class _Records:
    """Puts lines together to records: a record goes on while a quoted cell is open.

    Where that cell turns out to be wrong, because it is never closed or goes on behind its closing quote, the line on
    which it was opened is a Problem, and the lines behind it are read as if it had not been there.
    """

    def __init__(self, longest: int) -> None:
        self.delimiter = b""
        self._longest = longest
        self._number = 0  # of the first line that is in no record yet
        self._open: list[bytes] = []
        self._size = 0
        self._waiting: deque[bytes] = deque()

    @property
    def is_open(self) -> bool:
        """Whether a quoted cell is open."""
        return bool(self._open)

    def pass_over(self) -> None:
        """Count an empty line between two records."""
        self._number += 1

    def add(self, line: bytes) -> Iterator[tuple[int, Record]]:
        """The records that end with a line, and the problems that it shows, each with the number of its first line.

        Lines of white space are passed over.
        """
        if not self.delimiter:
            line = line.removeprefix(codecs.BOM_UTF8)
            if line.isspace():
                self.pass_over()
                return
            self.delimiter = max(_DELIMITERS, key=_QUOTED.sub(b"", line).count)
        self._waiting.append(line)
        yield from self._complete()

    def end(self) -> Iterator[tuple[int, Record]]:
        """What is left when no more lines come."""
        while self._open:
            yield self._refused("has a quoted cell that is never closed")
            yield from self._complete()

    def _complete(self) -> Iterator[tuple[int, Record]]:
        while self._waiting:
            found = self._next(self._waiting.popleft())
            if found is not None:
                yield found

    def _next(self, line: bytes) -> tuple[int, Record] | None:
        state = _state(line.rstrip(b"\r\n"), self.delimiter, self.is_open)
        self._open.append(line)
        self._size += len(line)
        if state is _State.OPEN:
            if self._size <= self._longest:
                return None
            return self._refused(f"has a quoted cell that is not closed within {self._longest} bytes")
        if state is _State.STRAY:
            return self._refused(_STRAY)
        return self._taken(b"".join(self._open), len(self._open))

    def _taken(self, text: bytes, lines: int) -> tuple[int, Record]:
        first = self._number + 1
        self._number += lines
        self._open, self._size = [], 0
        try:
            return first, text.removesuffix(b"\n").removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            return first, Problem("", "is not UTF-8", "csv")

    def _refused(self, words: str) -> tuple[int, Record]:
        """The first line of the open record as a Problem. The others are read again."""
        self._waiting.extendleft(reversed(self._open[1:]))
        self._open, self._size = [], 0
        self._number += 1
        return self._number, Problem("", words, "csv")


def _state(line: bytes, delimiter: bytes, is_open: bool) -> _State:
    """How a line without its end ends. `is_open` tells that it begins within a quoted cell."""
    if b'"' not in line:
        return _State.OPEN if is_open else _State.CLOSED
    rest, cells = _patterns(delimiter)
    begin = 0
    if is_open:
        found = rest.match(line)
        if found is None:
            return _State.OPEN
        begin = found.end()
        if begin == len(line):
            return _State.CLOSED
        if line[begin : begin + 1] != delimiter:
            return _State.STRAY
        begin += 1
    found = cells.match(line, begin)
    end = begin if found is None else found.end()
    if end == len(line):
        return _State.CLOSED
    at_begin_of_cell = end == begin or line[end - 1 : end] == delimiter
    return _State.OPEN if at_begin_of_cell and line[end : end + 1] == b'"' else _State.STRAY


@cache
def _patterns(delimiter: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What closes a quoted cell that is open, and a row of whole cells."""
    inside = rb'[^"]*+(?:""[^"]*+)*+"'
    cell = rb'(?:"' + inside + rb'|[^"' + delimiter + rb"]*+)"
    return re.compile(inside), re.compile(cell + rb"(?:" + delimiter + cell + rb")*+")


class _Header(NamedTuple):
    """What each column stands for. Cells of those in `left_out` are not read."""

    names: list[str]
    delimiter: str
    left_out: frozenset[str] = frozenset()


def _header(record: Record, separator: bytes, columns: Mapping[str, str] | None) -> _Header:
    """What the first record says of the columns. Raises Invalid if its names cannot be those of columns, or none of
    them stands for `id`."""
    names = _names(record, separator.decode())
    if columns is None:
        if "id" not in names:
            raise Invalid(Problem("id", "is required: CSV begins with a line of names, among them id"))
        return _Header(names, separator.decode())
    fields = [columns.get(name, "") for name in names]
    twice = [field for field, count in Counter(fields).items() if field and count > 1]
    if twice:
        raise Invalid(Problem(field, "is what more than one column stands for") for field in twice)
    if "id" not in fields:
        raise Invalid(Problem("id", "is required: one of the columns must stand for it", "required"))
    return _Header(fields, separator.decode(), frozenset(("",)))


def _names(record: Record, delimiter: str) -> list[str]:
    """The names in the first record. Raises Invalid if they cannot be those of columns."""
    if isinstance(record, Problem):
        raise Invalid(Problem("", f"the first line {record.message}", "csv"))
    if record.count(delimiter) >= MOST_COLUMNS:
        raise Invalid(
            Problem("", f"the first line has more than the {MOST_COLUMNS} columns that are allowed", "csv")
        )
    cells = _cells(record, delimiter)
    if isinstance(cells, Problem):
        raise Invalid(Problem("", f"the first line {cells.message}", "csv"))
    names = [name.strip() for name in cells]
    if any(len(name) > LONGEST_NAME for name in names):
        words = f"the first line names a column with more than the {LONGEST_NAME} characters that are allowed"
        raise Invalid(Problem("", words, "csv"))
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise Invalid(Problem(name, "is the name of more than one column", "csv") for name in twice)
    return names


def _item(header: _Header, record: Record) -> dict[str, str] | Problem:
    if isinstance(record, Problem):
        return record
    cells = _cells(record, header.delimiter)
    if isinstance(cells, Problem):
        return cells
    if len(cells) != len(header.names):
        return Problem("", f"has {len(cells)} cells, and the header {len(header.names)}", "csv")
    item = {name: cell for name, cell in zip(header.names, cells, strict=True) if cell != ""}
    for name in header.left_out:
        item.pop(name, None)
    if "" in item:
        return Problem("", f"has {item[''][:_SHOWN]!r} in a column without a name", "csv")
    return item


def _cells(record: str, delimiter: str) -> list[str] | Problem:
    if '"' not in record:  # several times faster
        return record.split(delimiter)
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return Problem("", f"is not valid CSV: {error}", "csv")
