"""Finds executors. Every entry point of the group `horarium.executors` names a function `make(options) -> Executor`.

A plug-in package adds a type of target by declaring an entry point:

    [project.entry-points."horarium.executors"]
    celery = "my_package.celery_executor:make"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint

from horarium import plugins
from horarium.domain.execution import Executor
from horarium.executors.options import ExecutorOptions

GROUP = "horarium.executors"
_WHAT = "executor"


def load(options: ExecutorOptions, found: Iterable[EntryPoint] | None = None) -> Mapping[str, Executor]:
    """The executors by type, as `plugins.load` loads them. `found` replaces the installed entry points."""

    def make(entry: EntryPoint) -> Executor:
        executor: Executor = entry.load()(options)
        if getattr(executor, "type", None) != entry.name:
            raise ValueError("its type is not its entry's name")
        return executor

    return plugins.load(GROUP, _WHAT, "type", make, found)


async def close(executors: Mapping[str, Executor]) -> None:
    """Closes all executors side by side; see `plugins.close`."""
    await plugins.close(executors, _WHAT)
