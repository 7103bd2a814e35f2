"""Finds the parameters in an SQL query that a user has written.

A parameter is a colon and a name: `:team`. A colon in a literal, a comment, a quoted name or a cast (`::`) begins no
parameter, and neither does a colon right behind a name or a number, as in the slice `a[1:n]`. What literals and
comments look like depends on the kind of database. So the text is read from one special character to the next, by the
rules that its database has by default. Nothing is parsed beyond that; the database does the rest.

MySQL's comments `/*! ... */`, which it executes, count as comments: they are passed on, but hold no parameters.

No library is used, because the text is read in the event loop: a general tokenizer took 104 ms for the longest query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from sys import getsizeof
from typing import Any

from sqlalchemy import BigInteger, TextClause, bindparam, text

from horarium.times import kept

# Bytes of queries that are kept in memory as they were read.
READ_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Syntax:
    """How the texts of a kind of database differ from those of others.

    `placeholders` are the parameters in the database's own notation. They cannot be used in a query, because nothing
    would give them a value.
    """

    backslashes: bool = False  # '\'' is a quote in a literal
    backslashes_after_e: bool = False  # ... if an E stands before it
    dollar_quotes: bool = False  # $$ ... $$ and $name$ ... $name$
    backticks: bool = False  # `name`
    brackets: bool = False  # [name]
    any_quotes: bool = False  # q'[ ... ]', with any bracket or character
    doubled_brackets: bool = False  # ]] in [name] is a bracket
    nested_comments: bool = False
    hash_comments: bool = False
    blank_after_dashes: bool = False  # -- begins a comment only before white space
    line_ends: str = "\n"  # the characters that end a comment after --
    placeholders: re.Pattern[str] | None = None


_POSTGRES = Syntax(
    backslashes_after_e=True,
    dollar_quotes=True,
    nested_comments=True,
    line_ends="\r\n",
    placeholders=re.compile(r"\$\d+"),
)
_MYSQL = Syntax(
    backslashes=True,
    backticks=True,
    hash_comments=True,
    blank_after_dashes=True,
    placeholders=re.compile(r"\?"),
)
SYNTAXES: Mapping[str, Syntax] = {
    "postgresql": _POSTGRES,
    "sqlite": Syntax(backticks=True, brackets=True, placeholders=re.compile(r"\?\d*|[@$]\w+|:\d+")),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "mssql": Syntax(brackets=True, doubled_brackets=True, nested_comments=True),
    "oracle": Syntax(any_quotes=True),
}

_SPECIAL = re.compile(r"""['"`\[$/\-#:;?@\\]""")
_PARAMETER = re.compile(r":([^\W\d]\w*)")
_COLONS = re.compile(r"::+|:=")
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_BRACKETED = re.compile(r"\[(?:[^\]]++|\]\])*+\]")
# A literal with escapes of PostgreSQL. It goes on in the next line if that begins with a quote.
_CONTINUED = re.compile(r"'(?:[^'\\]++|\\.|''|'[ \t\f\v\r]*+\n\s*+')*+'", re.DOTALL)
_COMMENT_MARKS = re.compile(r"/\*|\*/")
_DASHES_AND_BLANK = re.compile(r"--(?=[\x00-\x20\x7f]|\Z)")
# The letters before a quote that change how the literal is read.
_PREFIX = re.compile(r"(?<![\w$])(?:E|N?Q)\Z", re.IGNORECASE)
_AFTER_IN = re.compile(r"\bIN\s*\Z", re.IGNORECASE)
_READS = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
# How many problems of one query are told.
MOST_FAULTS = 5
_CLOSING = {"[": "]", "{": "}", "(": ")", "<": ">"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query. `listed` tells that it stands behind IN."""

    name: str
    listed: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A query as text and parameters in turn, without a semicolon at its end. `faults` says why it cannot be used."""

    parts: tuple[str | Parameter, ...]
    faults: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of the parameters."""
        return frozenset(part.name for part in self.parts if isinstance(part, Parameter))

    def with_values(self, values: Mapping[str, Any], before: str = "") -> TextClause:
        """The statement with its parameters bound, with the text `before` in front of it.

        A parameter without a value becomes the word NULL and is not bound, because PostgreSQL cannot tell the type of
        a parameter that is only compared with NULL. An empty list is NULL as well: it has no type either, and nothing
        is IN (NULL).
        """
        numbers = {name: number for number, name in enumerate(sorted(self.names))}
        made = [before]
        for part in self.parts:
            if isinstance(part, str):
                made.append(part.replace(":", "\\:"))
            elif values.get(part.name) in (None, []):
                made.append(" (NULL) " if part.listed else " NULL ")
            else:
                made.append(f" :p{numbers[part.name]} ")
        bound = [
            bindparam(
                f"p{number}", values[name], _type_of(values[name]), expanding=isinstance(values[name], list)
            )
            for name, number in numbers.items()
            if values.get(name) not in (None, [])
        ]
        return text("".join(made)).bindparams(*bound)


def _type_of(value: Any) -> BigInteger | None:
    """The type of a list whose first number alone would be taken for a smaller one."""
    if isinstance(value, list) and any(type(item) is int and item.bit_length() > 31 for item in value):
        return BigInteger()
    return None


def _size(question: tuple[Any, ...], query: Query) -> int:
    return getsizeof(question[0]) + 200 * len(query.parts)


@kept(READ_BYTES, _size)
def read_query(query: str, kind: str) -> Query:
    """Reads a query of at most some ten thousand characters. `kind` is a name of SYNTAXES."""
    parts: list[str | Parameter] = []
    faults: list[str] = []
    bare: list[str] = []  # the query without comments, and with an x for each literal and parameter
    begin = after = 0
    stop = len(query)
    for found, at, end in _tokens(query, SYNTAXES[kind]):
        bare += (query[after:at], {"comment": " ", "semicolon": ";"}.get(found, " x "))
        after = end
        if found == "parameter" and at < stop:
            listed = _AFTER_IN.search("".join(bare[-6:-1])) is not None
            parts += (query[begin:at], Parameter(query[at + 1 : end], listed))
            begin = end
        elif found == "semicolon":
            stop = min(stop, at)
        elif found == "escaped" and at < stop:
            parts.append(query[begin:at])
            begin = at + 1
        elif found == "open":
            faults.append(f"has a quote or comment that is never closed, at character {at + 1}")
        elif found == "placeholder":
            faults.append(f"has the parameter {query[at:end][:20]}; parameters are written as :name")
    parts.append(query[begin:stop])
    first, *others = "".join((*bare, query[after:])).split(";")
    if not _READS.match(first):
        faults.append("must be one SELECT (or WITH ... SELECT)")
    elif any(other.strip() for other in others):
        faults.append("must be a single statement, with a semicolon only at its end")
    return Query(tuple(parts), tuple(faults[:MOST_FAULTS]))


def _tokens(query: str, syntax: Syntax) -> Iterator[tuple[str, int, int]]:
    """What begins with a special character: its kind, its place, and the place behind it.

    Kinds are literal (quoted names, too), comment, parameter, escaped (`\\:`, a colon that begins no parameter),
    semicolon, placeholder, and open: a literal or comment that is never closed. Characters that mean nothing here are
    passed over.
    """
    at = 0
    while (found := _SPECIAL.search(query, at)) is not None:
        begin = found.start()
        kind, at = _token(query, begin, syntax)
        if kind is not None:
            yield kind, begin, at


def _token(query: str, at: int, syntax: Syntax) -> tuple[str | None, int]:
    """The kind of what begins at a special character, and the place behind it."""
    match query[at]:
        case "'":
            return _closed("literal", query, _end_of_text(query, at, syntax))
        case '"':
            return _closed("literal", query, _end_of_quoted(query, at, syntax.backslashes))
        case "`" if syntax.backticks:
            return _closed("literal", query, _end_of_quoted(query, at, False))
        case "[" if syntax.brackets:
            end = _end_of_bracketed(query, at) if syntax.doubled_brackets else _after(query, "]", at + 1)
            return _closed("literal", query, end)
        case "$" if (
            syntax.dollar_quotes and (opening := _DOLLAR.match(query, at)) and not _in_word(query, at)
        ):
            return _closed("literal", query, _after(query, opening[0], opening.end()))
        case "-" if query.startswith("--", at):
            if syntax.blank_after_dashes and not _DASHES_AND_BLANK.match(query, at):
                return None, at + 1
            return "comment", _end_of_line(query, at, syntax.line_ends)
        case "#" if syntax.hash_comments:
            return "comment", _end_of_line(query, at, syntax.line_ends)
        case "/" if query.startswith("/*", at):
            return _closed("comment", query, _end_of_comment(query, at, syntax.nested_comments))
        case "\\" if query.startswith("\\:", at):
            return "escaped", at + 2
        case ";":
            return "semicolon", at + 1
        case ":":
            colons = _COLONS.match(query, at)
            if colons is not None:
                return None, colons.end()
            name = _PARAMETER.match(query, at)
            if name is not None and not _in_word(query, at):
                return "parameter", name.end()
    native = None if syntax.placeholders is None else syntax.placeholders.match(query, at)
    return (None, at + 1) if native is None or _in_word(query, at) else ("placeholder", native.end())


def _closed(kind: str, query: str, end: int | None) -> tuple[str, int]:
    return (kind, end) if end is not None else ("open", len(query))


def _in_word(query: str, at: int) -> bool:
    """Whether the character before a place belongs to a name or a number."""
    return at > 0 and (query[at - 1].isalnum() or query[at - 1] in "_$" or not query[at - 1].isascii())


def _after(query: str, text: str, at: int) -> int | None:
    found = query.find(text, at)
    return None if found < 0 else found + len(text)


def _end_of_line(query: str, at: int, line_ends: str) -> int:
    found = (query.find(character, at) for character in line_ends)
    return min((end for end in found if end >= 0), default=len(query))


def _end_of_text(query: str, at: int, syntax: Syntax) -> int | None:
    """Where a literal in single quotes ends."""
    before = _PREFIX.search(query[max(0, at - 3) : at])
    prefix = before[0].upper() if before else ""
    if prefix == "E" and syntax.backslashes_after_e:
        continued = _CONTINUED.match(query, at)
        return None if continued is None else continued.end()
    if prefix.endswith("Q") and syntax.any_quotes and at + 1 < len(query):
        return _after(query, _CLOSING.get(query[at + 1], query[at + 1]) + "'", at + 2)
    return _end_of_quoted(query, at, syntax.backslashes)


def _end_of_quoted(query: str, at: int, backslashes: bool) -> int | None:
    """Where something in quotes ends that has its own quotes twice."""
    found = _quoted(query[at], backslashes).match(query, at)
    return None if found is None else found.end()


@cache
def _quoted(quote: str, backslashes: bool) -> re.Pattern[str]:
    plain = f"[^{quote}\\\\]++|\\\\." if backslashes else f"[^{quote}]++"
    return re.compile(f"{quote}(?:{plain}|{quote}{quote})*+{quote}", re.DOTALL)


def _end_of_bracketed(query: str, at: int) -> int | None:
    found = _BRACKETED.match(query, at)
    return None if found is None else found.end()


def _end_of_comment(query: str, at: int, nested: bool) -> int | None:
    """Where a comment ends that begins with /*."""
    if not nested:
        return _after(query, "*/", at + 2)
    depth = 0
    for mark in _COMMENT_MARKS.finditer(query, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return None
