"""Named SQL statements from .sql files, translated for each of the two databases.

A file holds statements, each under a line `-- name: the_name`, with `:name` parameters. Files in `sql/` serve both
databases. A statement of the same name in `sql/sqlite/` or `sql/postgres/` replaces the shared one on that
database. Text that several statements share is written once, under `-- part: its_name`, and put in where
`{its_name}` stands: in any file for both databases, in the files for one of them, and in other parts. A part of the
same name in `sql/sqlite/` or `sql/postgres/` replaces the shared one there.

Four notations stand for what the databases write differently:

- `IN (:ids...)` takes a sequence: an array on PostgreSQL, as many placeholders as needed on SQLite. It may stand in a
  statement several times, but a statement has one such sequence at most, and none beside `rows(...)`.
- `FROM rows(a bytea, b bigint) AS r` (or `USING rows(...)`), in a statement that is executed for many rows at
  once, becomes `unnest` of one array for each column on PostgreSQL, and a list of VALUES on SQLite.
- `octet_length(column)` is the size of a text in bytes, for which SQLite has a function only since 3.43.
- `SELECT value FROM texts(:names)` takes a JSON array of texts as one parameter. A statement may have several.

What else must be true of a row that is found by its id stands in `(...) IS TRUE`, if there is an index of the rows of
which it is true. PostgreSQL then does not consider that index. As long as it has no statistics of a table, or old ones,
it expects few rows in such an index, and reads all of it rather than finding each row by its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from operator import itemgetter
from typing import Any, Literal, cast

Flavour = Literal["sqlite", "postgres"]

_HEAD = re.compile(r"^--\s*(name|part):\s*(\w+)\s*$", re.MULTILINE)
_PART = re.compile(r"\{(\w+)\}")
_LIST = re.compile(r"IN \(:(\w+)\.\.\.\)")
_ROWS = re.compile(r"(FROM|USING) rows\(([^)]*)\) AS (\w+)")
_TEXTS = re.compile(r"FROM texts\(:(\w+)\)")
_BYTES = re.compile(r"octet_length\(([\w.]+)\)")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_PLACE = re.compile(r"IN \(%s\)|(?<![:\w]):([a-z_]\w*)")
_PLAIN_INSERT = re.compile(
    r"INSERT INTO (\w+) \(([^)]*)\)\s+SELECT ([^()]*?)\s+FROM rows\(([^)]*)\) AS \w+", re.DOTALL
)
_CONSTANT = re.compile(r"(-?\d+)|'([^']*)'")
# Words of statements that change or lock something, also where they begin with WITH or SELECT.
_CHANGES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|SHARE|LOCK|nextval|setval|set_config|pg_\w*advisory\w*)\b",
    re.IGNORECASE,
)
_ARRAY_OF_LIST = "bytea[]"


@dataclass(frozen=True, slots=True)
class Copied:
    """A statement that only inserts rows, in the form that PostgreSQL's COPY needs.

    `columns` are columns of the table. `places` says for each of them where its value stands in a row to which
    the `constants` have been appended.
    """

    table: str
    columns: tuple[str, ...]
    places: tuple[int, ...]
    constants: tuple[int | str, ...]

    def records(self, rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """The rows, their values in the order of `columns`."""
        pick = itemgetter(*self.places)
        return (pick((*row, *self.constants)) for row in rows)


# Up to how many elements of a list the text of a statement is kept, so that it need not be made again.
_KEPT_SIZES = 16


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for one database.

    `parameters` are in the order of their numbers. `listed` is the one that takes a sequence, and `columns` are
    those of `rows(...)`, where there are such; in the text for SQLite `%s` stands for either. `copied` is set
    where the statement only inserts rows. `in_order` are the parameters as they appear in the text, for SQLite
    where one takes a sequence. `only_reads`: it changes nothing and locks no row.
    """

    name: str
    sql: str
    parameters: tuple[str, ...]
    listed: str | None
    columns: tuple[str, ...]
    copied: Copied | None = None
    in_order: tuple[str, ...] = ()
    only_reads: bool = False
    _of_sizes: dict[int, str] = field(default_factory=dict, init=False, compare=False)

    def sqlite_text(self, params: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | Sequence[Any]]:
        """The text with a placeholder for each element of the listed parameter, and the values.

        The placeholders have no names, because SQLite looks each name up among all the others: for 4,000 ids that
        took 75 ms instead of 6.
        """
        if self.listed is None:
            return self.sql, params
        values: list[Any] = []
        for name in self.in_order:
            if name == self.listed:
                values += params[name]
            else:
                values.append(params[name])
        return self._listing(len(params[self.listed])), values

    def _listing(self, count: int) -> str:
        """The text for `count` elements of the listed parameter, wherever it stands; those for few are kept."""
        text = self._of_sizes.get(count)
        if text is None:
            text = self.sql % ((", ".join("?" * count),) * self.in_order.count(cast("str", self.listed)))
            if count <= _KEPT_SIZES:
                self._of_sizes[count] = text
        return text

    def sqlite_rows(self, count: int) -> str:
        """The text for `count` rows at once; their values are given one after another."""
        text = self._of_sizes.get(count)
        if text is None:
            row = f"({', '.join('?' * len(self.columns))})"
            text = self._of_sizes[count] = self.sql % ", ".join([row] * count)
        return text


@cache
def load(flavour: Flavour) -> dict[str, Statement]:
    """All statements for one database, by name."""
    folder = files("horarium.store") / "sql"
    of_both, of_one = _files(folder), _files(folder / flavour)
    parts = _parts(of_both) | _parts(of_one)
    texts = _statements(of_both, parts) | _statements(of_one, parts)
    return {name: prepare(name, text, flavour) for name, text in texts.items()}


def _files(folder: Traversable) -> dict[str, str]:
    """The texts of the SQL files in a folder, by name."""
    return {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".sql")}


def _parts(texts: Mapping[str, str]) -> dict[str, str]:
    """The parts in the texts of files, by name."""
    found: dict[str, str] = {}
    for text in texts.values():
        found |= _bodies(text, "part")
    return found


def _statements(texts: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, str]:
    """The statements in the texts of files, by name, with the parts put in."""
    found: dict[str, str] = {}
    for file, text in texts.items():
        for name, statement in split(text, parts):
            if name in found:
                raise ValueError(f"two statements are called {name}; the second is in {file}")
            found[name] = statement
    return found


def split(text: str, shared: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    """(name, statement) pairs of the text of one file, with its own parts and those of `shared` put in."""
    parts = {**_bodies(text, "part"), **(shared or {})}

    def filled(body: str) -> str:
        return _PART.sub(lambda use: filled(parts[use[1]]), body)

    return [(name, filled(body)) for name, body in _bodies(text, "name").items()]


def _bodies(text: str, wanted: Literal["name", "part"]) -> dict[str, str]:
    """The statements or the parts in the text of one file, by name, as they are written. Raises ValueError where a
    name is given twice."""
    pieces = _HEAD.split(text)[1:]
    found: dict[str, str] = {}
    for kind, name, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        if kind == wanted:
            if name in found:
                raise ValueError(f"the {kind} {name} is given twice")
            found[name] = body.strip().rstrip(";")
    return found


def prepare(name: str, text: str, flavour: Flavour) -> Statement:
    """A statement for one database. Raises ValueError for one that needs more than one number of places on SQLite."""
    bare = re.sub(r"--[^\n]*", "", text)
    listed = _LIST.search(bare)
    source = _ROWS.search(bare)
    sized = [f":{each}..." for each in dict.fromkeys(_LIST.findall(bare))] + ["rows(...)"] * (
        source is not None
    )
    if len(sized) > 1:
        words = "one sequence, whose size decides on its text for SQLite; give further ones as JSON, by texts(:name)"
        raise ValueError(
            f"the statement {name} takes {' and '.join(sized)}: a statement takes at most {words}"
        )
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
    only_reads = _CHANGES.search(bare) is None
    return Statement(name, sql.strip(), parameters, name_listed, columns, _copied(bare), in_order, only_reads)


def _copied(bare: str) -> Copied | None:
    plain = _PLAIN_INSERT.fullmatch(bare.strip())
    if plain is None:
        return None
    given = [part.split()[0] for part in plain[4].split(",")]
    places: list[int] = []
    constants: list[int | str] = []
    for selected in (part.strip() for part in plain[3].split(",")):
        if selected in given:
            places.append(given.index(selected))
        elif constant := _CONSTANT.fullmatch(selected):
            places.append(len(given) + len(constants))
            constants.append(constant[2] if constant[1] is None else int(constant[1]))
        else:
            return None
    columns = tuple(part.strip() for part in plain[2].split(","))
    return Copied(plain[1], columns, tuple(places), tuple(constants))


def _sqlite(text: str) -> str:
    text = _LIST.sub("IN (%s)", text)
    text = _TEXTS.sub(r"FROM json_each(:\1)", text)
    text = _BYTES.sub(r"length(CAST(\1 AS BLOB))", text)

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
