"""Finds audience sources: every entry point of the group `horarium.audiences` is a factory `make(options) ->
Source`.

A plug-in package adds a type of source by declaring one:

    [project.entry-points."horarium.audiences"]
    ldap = "my_package.ldap_source:make"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

import structlog

from horarium.domain.audience import Source
from horarium.executors.options import ExecutorOptions
from horarium.store.base import Store

GROUP = "horarium.audiences"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AudienceOptions:
    """Handed to every source's `make`: the store (the directory reads it), and what the settings say to
    whatever reaches out of the server."""

    store: Store
    outgoing: ExecutorOptions


def load(options: AudienceOptions, found: Iterable[EntryPoint] | None = None) -> Mapping[str, Source]:
    """One source per type. A plug-in that cannot be made is reported and left out, never fatal.

    Our own types come first, so a plug-in can add a type but not take the place of one of ours.
    """
    sources: dict[str, Source] = {}
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=_ours_first):
        if entry.name in sources:
            _log.warning("audience_source_name_taken", type=entry.name, entry=entry.value)
            continue
        # A plug-in is foreign code: whatever it raises while it loads must not keep the server from starting.
        try:
            sources[entry.name] = entry.load()(options)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            _log.warning("audience_source_not_loaded", type=entry.name, entry=entry.value, error=reason)
    return sources


def _ours_first(entry: EntryPoint) -> tuple[bool, str, str]:
    return (not entry.value.startswith("horarium."), entry.name, entry.value)


async def close(sources: Mapping[str, Source]) -> None:
    """Closes them all, whatever one of them does."""
    for name, source in sources.items():
        try:
            await source.close()
        except Exception as error:
            _log.warning("audience_source_not_closed", type=name, error=f"{type(error).__name__}: {error}")
