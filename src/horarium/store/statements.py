"""Named SQL statements from .sql files, made ready for either database.

A file holds statements, each under a line `-- name: the_name`, with `:name` parameters. Files in `sql/` serve
both databases; one of the same statement name in `sql/sqlite/` or `sql/postgres/` takes its place there. What several
statements share stands once, under `-- part: its_name`, and is named as `{its_name}`: in its file, and in the files for
one database where the file serves both. Two
notations stand for what the databases write differently:

- `IN (:ids...)` takes a sequence: an array on PostgreSQL, as many placeholders as needed on SQLite.
- `FROM rows(a bytea, b bigint) AS r` (or `USING rows(...)`) in a statement that is run for many rows at once:
  `unnest` of one array a column on PostgreSQL, a list of VALUES on SQLite.
- `SELECT value FROM texts(:names)` takes a JSON array of texts as one parameter; there may be several in a
  statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from operator import itemgetter
from typing import Any, Literal

Flavour = Literal["sqlite", "postgres"]

_HEAD = re.compile(r"^--\s*(name|part):\s*(\w+)\s*$", re.MULTILINE)
_PART = re.compile(r"\{(\w+)\}")
_LIST = re.compile(r"IN \(:(\w+)\.\.\.\)")
_ROWS = re.compile(r"(FROM|USING) rows\(([^)]*)\) AS (\w+)")
_TEXTS = re.compile(r"FROM texts\(:(\w+)\)")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_PLACE = re.compile(r"IN \(%s\)|(?<![:\w]):([a-z_]\w*)")
_PLAIN_INSERT = re.compile(
    r"INSERT INTO (\w+) \(([^)]*)\)\s+SELECT ([^()]*?)\s+FROM rows\(([^)]*)\) AS \w+", re.DOTALL
)
_CONSTANT = re.compile(r"(-?\d+)|'([^']*)'")
_ARRAY_OF_LIST = "bytea[]"


@dataclass(frozen=True, slots=True)
class Copied:
    """A statement that does nothing but insert rows, as PostgreSQL's COPY takes it: the table's columns, and for each
    its place in a row followed by the `constants`."""

    table: str
    columns: tuple[str, ...]
    places: tuple[int, ...]
    constants: tuple[int | str, ...]

    def records(self, rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """The rows with the table's columns in their order."""
        pick = itemgetter(*self.places)
        return (pick((*row, *self.constants)) for row in rows)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for one database. `parameters` in the order of their numbers; `listed` names the one that
    takes a sequence; `columns` of the row source where there is one (SQLite: the place of either in the text
    is `%s`); `copied` where it only inserts them; `in_order` the parameters as they come in the text, for SQLite
    where one is listed."""

    name: str
    sql: str
    parameters: tuple[str, ...]
    listed: str | None
    columns: tuple[str, ...]
    copied: Copied | None = None
    in_order: tuple[str, ...] = ()
    _of_sizes: dict[int, str] = field(default_factory=dict, init=False, compare=False)

    def sqlite_text(self, params: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | Sequence[Any]]:
        """The text and its values, with one placeholder for each element of the listed parameter.

        Those have no names: SQLite looks a name up among all, which for 4,000 ids took 75 ms instead of 6.
        """
        if self.listed is None:
            return self.sql, params
        values: list[Any] = []
        for name in self.in_order:
            if name == self.listed:
                values += params[name]
            else:
                values.append(params[name])
        return self.sql % ", ".join("?" * len(params[self.listed])), values

    def sqlite_rows(self, count: int) -> str:
        """The text for so many rows at once, their values one after another."""
        text = self._of_sizes.get(count)
        if text is None:
            row = f"({', '.join('?' * len(self.columns))})"
            text = self._of_sizes[count] = self.sql % ", ".join([row] * count)
        return text


@cache
def load(flavour: Flavour) -> dict[str, Statement]:
    """All statements for one database by name."""
    folder = files("horarium.store") / "sql"
    shared: dict[str, str] = {}
    texts = _texts(folder, shared)
    own = folder / flavour
    if own.is_dir():
        texts |= _texts(own, shared)
    return {name: _prepare(name, text, flavour) for name, text in texts.items()}


def _texts(folder: Traversable, shared: dict[str, str]) -> dict[str, str]:
    """The statements of a folder's files, whose parts join `shared`."""
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.name.endswith(".sql"):
            for name, text in split(entry.read_text("utf-8"), shared):
                if name in found:
                    raise ValueError(f"statement {name} is there twice, again in {entry.name}")
                found[name] = text
    return found


def split(text: str, shared: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """(name, statement) pairs of one file, its parts put in where they are named, and those of `shared`, which they
    join."""
    pieces = _HEAD.split(text)[1:]
    bodies = [body.strip().rstrip(";") for body in pieces[2::3]]
    heads = list(zip(pieces[::3], pieces[1::3], bodies, strict=True))
    parts = {} if shared is None else shared
    parts |= {name: body for kind, name, body in heads if kind == "part"}
    return [
        (name, _PART.sub(lambda use: parts[use[1]], body)) for kind, name, body in heads if kind == "name"
    ]


def _prepare(name: str, text: str, flavour: Flavour) -> Statement:
    bare = re.sub(r"--[^\n]*", "", text)
    listed = _LIST.search(bare)
    source = _ROWS.search(bare)
    columns = tuple(part.split()[0] for part in source[2].split(",")) if source else ()
    if flavour == "sqlite":
        sql = _sqlite(bare.replace("%", "%%") if listed or source else bare)
    else:
        sql = _postgres(bare)
    names = list(columns) + [p for p in _PARAMETER.findall(_ROWS.sub("", bare)) if p not in columns]
    parameters = tuple(dict.fromkeys(names))
    if flavour == "postgres":
        sql = _PARAMETER.sub(lambda m: f"${parameters.index(m[1]) + 1}", sql)
    in_order: tuple[str, ...] = ()
    if flavour == "sqlite" and listed:
        in_order = tuple(found[1] or listed[1] for found in _PLACE.finditer(sql))
        sql = _PARAMETER.sub("?", sql)
    name_listed = listed[1] if listed else None
    return Statement(name, sql.strip(), parameters, name_listed, columns, _copied(bare), in_order)


def _copied(bare: str) -> Copied | None:
    plain = _PLAIN_INSERT.fullmatch(bare.strip())
    if plain is None:
        return None
    given = [part.split()[0] for part in plain[4].split(",")]
    places: list[int] = []
    constants: list[int | str] = []
    for one in (part.strip() for part in plain[3].split(",")):
        if one in given:
            places.append(given.index(one))
        elif constant := _CONSTANT.fullmatch(one):
            places.append(len(given) + len(constants))
            constants.append(constant[2] if constant[1] is None else int(constant[1]))
        else:
            return None
    columns = tuple(part.strip() for part in plain[2].split(","))
    return Copied(plain[1], columns, tuple(places), tuple(constants))


def _sqlite(text: str) -> str:
    text = _LIST.sub("IN (%s)", text)
    text = _TEXTS.sub(r"FROM json_each(:\1)", text)

    def values(match: re.Match[str]) -> str:
        names = ", ".join(part.split()[0] for part in match[2].split(","))
        return f"{match[1]} (WITH {match[3]} ({names}) AS (VALUES %s) SELECT * FROM {match[3]}) AS {match[3]}"  # noqa: S608

    return _ROWS.sub(values, text)


def _postgres(text: str) -> str:
    text = _LIST.sub(lambda m: f"= ANY(:{m[1]}::{_ARRAY_OF_LIST})", text)
    text = _TEXTS.sub(
        r"FROM jsonb_array_elements_text(CAST(CAST(:\1 AS TEXT) AS JSONB)) AS texts(value)", text
    )

    def unnested(match: re.Match[str]) -> str:
        parts = [part.split() for part in match[2].split(",")]
        arrays = ", ".join(f":{name}::{kind}[]" for name, kind in parts)
        return f"{match[1]} unnest({arrays}) AS {match[3]}({', '.join(name for name, _ in parts)})"

    return _ROWS.sub(unnested, text)
