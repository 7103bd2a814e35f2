"""Loads plug-ins by their entry points: executors, audience sources and dialects are found in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeVar

import structlog

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Closable(Protocol):
    """What holds something that has to be closed when the server stops."""

    async def close(self) -> None: ...


def load(
    group: str,
    what: str,
    label: str,
    make: Callable[[EntryPoint], T],
    found: Iterable[EntryPoint] | None = None,
) -> Mapping[str, T]:
    """The plug-ins of a group by the names of their entry points, each as `make` makes it of its entry point.

    If `make` raises an exception, the log says so and the plug-in is left out; the server still starts. Our own
    plug-ins are loaded first, so that another package cannot replace one of them. `found` replaces the installed entry
    points. Log lines are about `what`, such as "executor", and call its name `label`.
    """
    loaded: dict[str, T] = {}
    for entry in sorted(_installed(group) if found is None else found, key=_ours_first):
        named = {label: entry.name, "entry": entry.value}
        if entry.name in loaded:
            _log.warning(f"{what}_name_taken", **named)
            continue
        # A plug-in is code of others. Whatever it raises while it loads, the server must start.
        try:
            loaded[entry.name] = make(entry)
        except Exception as error:
            _log.warning(f"{what}_not_loaded", **named, error=f"{type(error).__name__}: {error}")
    return loaded


@cache
def _installed(group: str) -> tuple[EntryPoint, ...]:
    """The installed entry points of a group. To look for them takes some 8 ms, and they stay while the process runs."""
    return tuple(entry_points(group=group))


def _ours_first(entry: EntryPoint) -> tuple[bool, str, str]:
    return (not entry.value.startswith("horarium."), entry.name, entry.value)


async def close(plugins: Mapping[str, Closable], what: str) -> None:
    """Closes all plug-ins, even if closing one of them fails."""
    for name, plugin in plugins.items():
        try:
            await plugin.close()
        except Exception as error:
            _log.warning(f"{what}_not_closed", type=name, error=f"{type(error).__name__}: {error}")
