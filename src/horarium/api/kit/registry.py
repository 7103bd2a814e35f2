"""Finds dialects: every entry point of the group `horarium.dialects` is the record of one.

A plug-in package adds a dialect by declaring one:

    [project.entry-points."horarium.dialects"]
    acme = "my_package.acme:DIALECT"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import structlog

from horarium.api.kit.dialect import Dialect
from horarium.times import register_grammar

GROUP = "horarium.dialects"

Dialects = Mapping[str, Dialect[Any, Any]]

_log = structlog.get_logger(__name__)


def load(found: Iterable[EntryPoint] | None = None) -> Dialects:
    """The dialects by name. Their grammars are registered, so that timings of theirs can be compiled from now on.

    A plug-in that cannot be loaded is reported and left out, never fatal. Our own dialects come first, so a plug-in
    can add a dialect but not take the place of one of ours.
    """
    dialects: dict[str, Dialect[Any, Any]] = {}
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=_ours_first):
        if entry.name in dialects:
            _log.warning("dialect_name_taken", dialect=entry.name, entry=entry.value)
            continue
        dialect = _load(entry)
        if dialect is not None:
            dialects[entry.name] = dialect
    return dialects


def _ours_first(entry: EntryPoint) -> tuple[bool, str, str]:
    return (not entry.value.startswith("horarium."), entry.name, entry.value)


def _load(entry: EntryPoint) -> Dialect[Any, Any] | None:
    # A plug-in is foreign code: whatever it raises while it loads must not keep the server from starting.
    try:
        dialect = entry.load()
        if not isinstance(dialect, Dialect):
            raise TypeError("it is not a record of a dialect")
        if dialect.name != entry.name:
            raise ValueError("its name is not its entry's name")
        register_grammar(dialect.name, dialect.grammar)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        _log.warning("dialect_not_loaded", dialect=entry.name, entry=entry.value, error=reason)
        return None
    return dialect
