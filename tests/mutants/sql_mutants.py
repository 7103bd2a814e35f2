"""Faults for SQL: a condition left out, another comparison, another order, no lock, a column that is not written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.mutants.planted import Mutant, line_of

_COMMENT = re.compile(r"--[^\n]*")
_WORD = re.compile(r"'(?:[^']|'')*'|:?\w+|<>|<=|>=|[^\s\w]")
# What ends a condition at its own depth.
_ENDS = {
    "AND", "OR", "ORDER", "GROUP", "LIMIT", "RETURNING", "UNION", "ON", "FOR", "WHERE", "SET", "THEN", "WHEN", "ELSE",
    "END", "JOIN", "LEFT", "CROSS", "FROM", "DO", "HAVING", ";", ",",
}  # fmt: skip
_OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "<>": "=", "+": "-", "-": "+"}


class _Token:
    __slots__ = ("depth", "end", "start", "text")

    def __init__(self, text: str, start: int, end: int, depth: int) -> None:
        self.text, self.start, self.end, self.depth = text, start, end, depth


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every fault that can be planted in a file of statements, in the order of the file."""
    blank = _COMMENT.sub(lambda comment: " " * len(comment[0]), source)
    found = []
    for begin, end in _bodies(source, blank):
        tokens = list(_tokens(blank, begin, end))
        for start, stop, text, words in _faults(blank, tokens):
            found.append(Mutant(path, line_of(source, start), words, start, stop, text))
    return found


def _bodies(source: str, blank: str) -> Iterator[tuple[int, int]]:
    """Where each statement or part begins and ends."""
    heads = [head.end() for head in re.finditer(r"^--\s*(?:name|part):.*$", source, re.MULTILINE)]
    yield from zip(heads, [*heads[1:], len(blank)], strict=True)


def _tokens(text: str, begin: int, end: int) -> Iterator[_Token]:
    depth = 0
    for found in _WORD.finditer(text, begin, end):
        depth -= found[0] == ")"
        yield _Token(found[0], found.start(), found.end(), depth)
        depth += found[0] == "("


def _faults(text: str, tokens: list[_Token]) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, new text, what changes) of each fault in one statement."""
    for number, token in enumerate(tokens):
        word = token.text.upper()
        before = tokens[number - 1].text.upper() if number else ""
        after = tokens[number + 1] if number + 1 < len(tokens) else None
        if word in ("AND", "WHERE", "ON") and after is not None and not _between(tokens, number):
            if word == "ON" and after.text.upper() == "CONFLICT":
                continue
            last = _end_of_condition(tokens, number)
            if last >= number + 1:
                condition = text[after.start : tokens[last].end]
                yield after.start, tokens[last].end, "TRUE", f"without `{_short(condition)}`"
        elif word == "OR" and after is not None:
            last = _end_of_condition(tokens, number)
            yield (
                token.start,
                tokens[last].end,
                "",
                f"without `{_short(text[token.start : tokens[last].end])}`",
            )
        elif word in ("<", "<=", ">", ">=", "<>") or (
            word in ("+", "-") and (before[-1:].isalnum() or before == ")")
        ):
            yield token.start, token.end, _OTHER[word], f"`{word}` becomes `{_OTHER[word]}`"
        elif word == "DESC":
            yield token.start, token.end, "ASC", "`DESC` becomes `ASC`"
        elif word == "ORDER":
            yield from _other_order(tokens, number)
        elif word == "NULL" and before in ("IS", "NOT"):
            first = tokens[number - 1] if before == "NOT" else token
            if before == "IS":
                yield token.start, token.end, "NOT NULL", "`IS NULL` becomes `IS NOT NULL`"
            elif number > 1 and tokens[number - 2].text.upper() == "IS":
                yield first.start, token.end, "NULL", "`IS NOT NULL` becomes `IS NULL`"
        elif word == "SKIP":
            yield token.start, tokens[number + 1].end, "", "without `SKIP LOCKED`"
        elif word == "FOR" and after is not None and after.text.upper() in ("UPDATE", "NO", "SHARE", "KEY"):
            last = number
            while last + 1 < len(tokens) and tokens[last + 1].text.upper() in _LOCKING:
                last += 1
            yield token.start, tokens[last].end, "", f"without `{text[token.start : tokens[last].end]}`"
        elif word == "LIMIT" and after is not None and after.text.startswith(":"):
            yield after.end, after.end, " + 1", "the limit is one larger"
        elif word == "COALESCE" and after is not None and after.text == "(":
            yield from _without_coalesce(text, tokens, number)
        elif word == "SET" and after is not None:
            yield from _without_columns(text, tokens, number)


_LOCKING = {"UPDATE", "NO", "KEY", "SHARE", "OF", "C", "SKIP", "LOCKED"}


def _between(tokens: list[_Token], number: int) -> bool:
    """Whether this AND belongs to a BETWEEN."""
    return any(
        token.text.upper() == "BETWEEN" and token.depth == tokens[number].depth
        for token in tokens[max(0, number - 4) : number]
    )


def _end_of_condition(tokens: list[_Token], number: int) -> int:
    """The last token of the condition behind an AND, OR, WHERE or ON."""
    depth, last, cases = tokens[number].depth, number, 0
    for place in range(number + 1, len(tokens)):
        token = tokens[place]
        if token.depth < depth:
            break
        word = token.text.upper()
        cases += word == "CASE"
        of_distinct = word == "FROM" and tokens[place - 1].text.upper() == "DISTINCT"
        if token.depth == depth and not cases and word in _ENDS and not of_distinct:
            break
        cases -= word == "END"
        last = place
    return last


def _other_order(tokens: list[_Token], number: int) -> Iterator[tuple[int, int, str, str]]:
    """The first column of an ORDER BY counts the other way round."""
    depth, place = tokens[number].depth, number + 2
    last = place
    while place < len(tokens):
        token = tokens[place]
        ends = token.text.upper() in ("LIMIT", "FOR", ";", ",", "DESC", "ASC", "OFFSET", "UNION", "NULLS")
        if token.depth < depth or (token.depth == depth and ends):
            break
        last, place = place, place + 1
    if place < len(tokens) and tokens[place].text.upper() in ("DESC", "ASC"):
        return
    yield tokens[last].end, tokens[last].end, " DESC", "the order is reversed"


def _without_coalesce(text: str, tokens: list[_Token], number: int) -> Iterator[tuple[int, int, str, str]]:
    """COALESCE(a, b) becomes a."""
    inner = tokens[number + 1].depth + 1
    comma = close = None
    for place in range(number + 2, len(tokens)):
        token = tokens[place]
        if token.text == "," and token.depth == inner and comma is None:
            comma = place
        if token.text == ")" and token.depth == inner - 1:
            close = place
            break
    if comma is not None and close is not None:
        first = text[tokens[number + 2].start : tokens[comma - 1].end]
        whole = text[tokens[number].start : tokens[close].end]
        yield tokens[number].start, tokens[close].end, first, f"`{_short(whole)}` becomes `{_short(first)}`"


def _without_columns(text: str, tokens: list[_Token], number: int) -> Iterator[tuple[int, int, str, str]]:
    """Each column of a SET that sets several is left as it is."""
    depth, parts, first = tokens[number].depth, [], number + 1
    cases = 0
    for place in range(number + 1, len(tokens)):
        token = tokens[place]
        word = token.text.upper()
        cases += word == "CASE"
        if token.depth < depth or (
            token.depth == depth and not cases and word in ("WHERE", "FROM", "RETURNING", ";")
        ):
            parts.append((first, place))
            break
        if token.depth == depth and token.text == "," and not cases:
            parts.append((first, place))
            first = place + 1
        cases -= word == "END"
    else:
        parts.append((first, len(tokens)))
    if len(parts) < 2:
        return
    for index, (begin, end) in enumerate(parts):
        start = tokens[begin].start
        stop = tokens[end].end if index + 1 < len(parts) else tokens[end - 1].end
        if index + 1 == len(parts):
            start = tokens[begin - 1].start
        yield start, stop, "", f"without `{_short(text[tokens[begin].start : tokens[end - 1].end])}`"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
