"""Finds dialects: every entry point of the group `horarium.dialects` is the record of one.

A plug-in package adds a dialect by declaring one:

    [project.entry-points."horarium.dialects"]
    acme = "my_package.acme:DIALECT"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import Any

from horarium import plugins
from horarium.api.kit.dialect import Dialect
from horarium.times import register_grammar

GROUP = "horarium.dialects"

Dialects = Mapping[str, Dialect[Any, Any]]


def load(found: Iterable[EntryPoint] | None = None) -> Dialects:
    """The dialects by name, as `plugins.load` loads them. `found` replaces the installed entry points.

    Their grammars are registered, so that timings of theirs can be compiled from now on.
    """
    return plugins.load(GROUP, "dialect", "dialect", _record, found)


def _record(entry: EntryPoint) -> Dialect[Any, Any]:
    dialect = entry.load()
    if not isinstance(dialect, Dialect):
        raise TypeError("it is not a record of a dialect")
    if dialect.name != entry.name:
        raise ValueError("its name is not its entry's name")
    register_grammar(dialect.name, dialect.grammar)
    return dialect
