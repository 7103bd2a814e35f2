"""Finds executors. Every entry point of the group `horarium.executors` names a function `make(options) -> Executor`.

A plug-in package adds a type of target by declaring an entry point:

    [project.entry-points."horarium.executors"]
    celery = "my_package.celery_executor:make"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

import structlog

from horarium.domain.execution import Executor
from horarium.executors.options import ExecutorOptions

GROUP = "horarium.executors"

_log = structlog.get_logger(__name__)


def load(options: ExecutorOptions, found: Iterable[EntryPoint] | None = None) -> Mapping[str, Executor]:
    """The executors by type.

    If a plug-in raises an exception, the log says so and the plug-in is left out; the server still starts. Our own
    executors are loaded first, so a plug-in cannot replace one of them. `found` replaces the installed entry points.
    """
    executors: dict[str, Executor] = {}
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=_ours_first):
        if entry.name in executors:
            _log.warning("executor_name_taken", type=entry.name, entry=entry.value)
            continue
        executor = _make(entry, options)
        if executor is not None:
            executors[entry.name] = executor
    return executors


def _ours_first(entry: EntryPoint) -> tuple[bool, str, str]:
    return (not entry.value.startswith("horarium."), entry.name, entry.value)


def _make(entry: EntryPoint, options: ExecutorOptions) -> Executor | None:
    # A plug-in is code of others. Whatever it raises while it loads, the server must start.
    try:
        executor: Executor = entry.load()(options)
    except Exception as error:
        _log.warning(
            "executor_not_loaded",
            type=entry.name,
            entry=entry.value,
            error=f"{type(error).__name__}: {error}",
        )
        return None
    if getattr(executor, "type", None) != entry.name:
        _log.warning(
            "executor_not_loaded",
            type=entry.name,
            entry=entry.value,
            error="its type is not its entry's name",
        )
        return None
    return executor


async def close(executors: Mapping[str, Executor]) -> None:
    """Closes all executors, even if closing one of them fails."""
    for name, executor in executors.items():
        try:
            await executor.close()
        except Exception as error:
            _log.warning("executor_not_closed", type=name, error=f"{type(error).__name__}: {error}")
