"""Finds audience sources. Every entry point of the group `horarium.audiences` names a `make(options) -> Source`.

A plug-in package adds a type of source by declaring an entry point:

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
    """The argument of every source's `make`.

    The directory reads from `store`. `outgoing` are the settings for connections that leave the server.
    """

    store: Store
    outgoing: ExecutorOptions


def load(options: AudienceOptions, found: Iterable[EntryPoint] | None = None) -> Mapping[str, Source]:
    """The sources by type.

    If a plug-in raises an exception, the log says so and the plug-in is left out; the server still starts. Our own
    sources are loaded first, so a plug-in cannot replace one of them. `found` replaces the installed entry points.
    """
    sources: dict[str, Source] = {}
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=_ours_first):
        if entry.name in sources:
            _log.warning("audience_source_name_taken", type=entry.name, entry=entry.value)
            continue
        # A plug-in is code of others. Whatever it raises while it loads, the server must start.
        try:
            sources[entry.name] = entry.load()(options)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            _log.warning("audience_source_not_loaded", type=entry.name, entry=entry.value, error=reason)
    return sources


def _ours_first(entry: EntryPoint) -> tuple[bool, str, str]:
    return (not entry.value.startswith("horarium."), entry.name, entry.value)


async def close(sources: Mapping[str, Source]) -> None:
    """Closes all sources, even if closing one of them fails."""
    for name, source in sources.items():
        try:
            await source.close()
        except Exception as error:
            _log.warning("audience_source_not_closed", type=name, error=f"{type(error).__name__}: {error}")
