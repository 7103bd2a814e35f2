"""What bounds the log, much of which others bring about: how many lines there are, how long a text in one is, and what
characters it has."""

from __future__ import annotations

from collections import Counter
from time import monotonic
from typing import Any

import structlog

from horarium.cli.plain import plain

# The length of a period in seconds, and how many lines of one kind there are in it, also for one workspace alone.
PERIOD_S = 60
LINES, LINES_OF_WORKSPACE = 300, 100
# Characters of one text in a line.
LONGEST = 8_000
# The line for each request, which the operator has asked for, and our own.
REQUEST_LINE, LEFT_OUT = "request", "log_lines_left_out"


class LogBounds:
    """Leaves lines out where there are very many of one kind, and tells how many these were once the period is over.

    A kind is an event of ours, or a library. What a stranger brings about over and over fills no disk, and takes no
    line from another kind, nor all lines of its own kind from others' workspaces.
    """

    def __init__(self) -> None:
        self._since = monotonic()
        self._written: Counter[tuple[str, Any]] = Counter()
        self._left_out: Counter[str] = Counter()

    def __call__(
        self, logger: Any, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """The line, if it is to be written. Raises DropEvent."""
        if event["event"] in (REQUEST_LINE, LEFT_OUT):
            return event
        if monotonic() - self._since >= PERIOD_S:
            self._tell()
        kind, workspace = str(event.get("library") or event["event"]), event.get("workspace")
        too_many = self._written[kind, None] >= LINES
        if too_many or (workspace is not None and self._written[kind, workspace] >= LINES_OF_WORKSPACE):
            self._left_out[kind] += 1
            raise structlog.DropEvent
        self._written[kind, None] += 1
        if workspace is not None:
            self._written[kind, workspace] += 1
        return event

    def _tell(self) -> None:
        """Begin the next period, and tell what was left out in the last one."""
        told = dict(self._left_out)
        self._since = monotonic()
        self._written.clear()
        self._left_out.clear()
        for kind, lines in told.items():
            structlog.get_logger(__name__).warning(LEFT_OUT, kind=kind, lines=lines)


def shown_texts(logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The line with plain texts, cut where they are long."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = plain(value if len(value) <= LONGEST else f"{value[:LONGEST]}...")
    return event
