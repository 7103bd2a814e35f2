"""Finds audience sources. Every entry point of the group `horarium.audiences` names a `make(options) -> Source`.

A plug-in package adds a type of source by declaring an entry point:

    [project.entry-points."horarium.audiences"]
    ldap = "my_package.ldap_source:make"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from horarium import plugins
from horarium.domain.audience import Source
from horarium.executors.options import ExecutorOptions
from horarium.store.base import Store

GROUP = "horarium.audiences"
_WHAT = "audience_source"


@dataclass(frozen=True, slots=True)
class AudienceOptions:
    """The argument of every source's `make`.

    The directory reads from `store`. `outgoing` are the settings for connections that leave the server.
    """

    store: Store
    outgoing: ExecutorOptions


def load(options: AudienceOptions, found: Iterable[EntryPoint] | None = None) -> Mapping[str, Source]:
    """The sources by type, as `plugins.load` loads them. `found` replaces the installed entry points."""

    def make(entry: EntryPoint) -> Source:
        source: Source = entry.load()(options)
        return source

    return plugins.load(GROUP, _WHAT, "type", make, found)


async def close(sources: Mapping[str, Source]) -> None:
    """Closes all sources side by side; see `plugins.close`."""
    await plugins.close(sources, _WHAT)
