"""Log lines for failed runs: one for each, of a target at most a few a minute, and then how many were left out.

A line says which run it is and of which class its failure was. It never holds what was sent or answered, because a log
is read by more people than a workspace's runs are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import structlog

from horarium.domain.ids import Id, prefixed

_log = structlog.get_logger(__name__)

# The length of a period, and how many lines one target and all targets together may have in it.
PERIOD_MS = 60_000
LINES_OF_TARGET, LINES = 5, 200
# Targets whose lines that were left out are counted by themselves; the rest are counted together.
MOST_NAMED = 20


@dataclass(slots=True)
class FailureLog:
    """The lines of one part of a server."""

    _since_ms: int = 0
    _lines: int = 0
    _of_target: Counter[Id] = field(default_factory=Counter)
    _left_out: Counter[Id] = field(default_factory=Counter)

    def failed(
        self,
        now_ms: int,
        run: Id,
        workspace_id: Id,
        target_id: Id,
        *,
        failure: str,
        attempt: int,
        schedule_id: Id | None = None,
        fire_id: Id | None = None,
        status: int | None = None,
    ) -> None:
        """Write the line of a failed run, or count it as left out. `failure` is the class of the failure, `status` the
        status of the target's answer."""
        self.flush(now_ms)
        if self._of_target[target_id] >= LINES_OF_TARGET or self._lines >= LINES:
            self._left_out[target_id] += 1
            return
        self._of_target[target_id] += 1
        self._lines += 1
        _log.warning(
            "run_failed",
            workspace=prefixed("ws", workspace_id),
            schedule=None if schedule_id is None else prefixed("sch", schedule_id),
            fire=None if fire_id is None else prefixed("fire", fire_id),
            run=prefixed("run", run),
            target=prefixed("tgt", target_id),
            attempt=attempt,
            failure=failure,
            status=status,
        )

    def flush(self, now_ms: int) -> None:
        """At the end of a period, tell how many lines were left out in it, and begin the next one."""
        if abs(now_ms - self._since_ms) < PERIOD_MS:
            return
        named = self._left_out.most_common(MOST_NAMED)
        for target_id, times in named:
            _log.warning("failed_runs_left_out", target=prefixed("tgt", target_id), runs=times)
        rest = sum(self._left_out.values()) - sum(times for _, times in named)
        if rest:
            _log.warning("failed_runs_left_out", runs=rest)
        self._since_ms, self._lines = now_ms, 0
        self._of_target.clear()
        self._left_out.clear()
