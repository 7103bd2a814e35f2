"""The latest fires of a schedule together with their runs, in the form that several APIs show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from horarium.domain.fire import Fire
from horarium.domain.run import Run
from horarium.domain.schedule import Schedule


@dataclass(frozen=True, slots=True)
class RunErrors:
    """How many runs of a fire ended with the same error."""

    message: str
    count: int


@dataclass(frozen=True, slots=True)
class History:
    """The latest fires of a schedule, and figures about more of its fires.

    `fires` holds the latest fires, each with its run if the fire has exactly one. The figures count the fires that the
    ledger still holds, of very many the latest; a fire counts as failed if it was cancelled or if only some of its runs
    succeeded. `average_ms` is the mean duration of its runs. Times are milliseconds since the epoch.
    """

    schedule: Schedule
    fires: Sequence[tuple[Fire, Run | None]]
    total: int
    succeeded: int
    failed: int
    average_ms: int
    last_success_ms: int | None
    last_failure_ms: int | None
