"""The latest fires of a schedule with their runs, as several APIs show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from horarium.domain.fire import Fire
from horarium.domain.run import Run
from horarium.domain.schedule import Schedule


@dataclass(frozen=True, slots=True)
class History:
    """The latest fires of a schedule, each with its run where it has a single one, and figures of all of them.

    Times in milliseconds. A fire that was cancelled or only went well in part counts as failed.
    """

    schedule: Schedule
    fires: Sequence[tuple[Fire, Run | None]]
    total: int
    succeeded: int
    failed: int
    average_ms: int
    last_success_ms: int | None
    last_failure_ms: int | None
