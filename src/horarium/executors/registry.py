"""Finds executors: every entry point of the group `horarium.executors` is a factory `make(options) ->
Executor`.

A plug-in package adds a type of target by declaring one:

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
    """One executor per type. A plug-in that cannot be made is reported and left out, never fatal.

    Our own types come first, so a plug-in can add a type but not take the place of one of ours.
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
    # A plug-in is foreign code: whatever it raises while it loads must not keep the server from starting.
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
    """Closes them all, whatever one of them does."""
    for name, executor in executors.items():
        try:
            await executor.close()
        except Exception as error:
            _log.warning("executor_not_closed", type=name, error=f"{type(error).__name__}: {error}")
