"""Loads plug-ins by their entry points: executors, audience sources and dialects are found in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeVar

import structlog

from horarium.unwaited import leave

T = TypeVar("T")

_log = structlog.get_logger(__name__)

# How long the plug-ins of a group may take to be closed, all together (s).
CLOSE_S = 5.0


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
    """Closes all plug-ins side by side, even if closing one of them fails. One that is not closed after CLOSE_S is left
    as it is: what it is connected to may not let go of it for as long as it likes."""
    closing = {asyncio.create_task(plugin.close()): name for name, plugin in plugins.items()}
    if not closing:
        return
    await asyncio.wait(closing, timeout=CLOSE_S)
    for task, name in closing.items():
        error = _why_not_closed(task)
        if error is not None:
            _log.warning(f"{what}_not_closed", type=name, error=error)


def _why_not_closed(closing: asyncio.Task[None]) -> str | None:
    """Why a plug-in is not closed, None if it is."""
    if not closing.done():
        leave(closing)
        return f"it took longer than {CLOSE_S:g} s"
    error = asyncio.CancelledError() if closing.cancelled() else closing.exception()
    return None if error is None else f"{type(error).__name__}: {error}".removesuffix(": ")
