"""The next fire times for people: each with its local reading and what a clock change did to it."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.times.timing import Timing, compile_timing
from horarium.times.zones import local_reading


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A fire instant (seconds since the epoch), its local reading with offset, and a note ("" is usual)."""

    instant: int
    local: str
    note: str = ""


def explain_next(timing: Timing, after: int, count: int) -> list[Occurrence]:
    """The next `count` occurrences after an instant."""
    recurrence = compile_timing(timing)
    found: list[Occurrence] = []
    instant: int | None = after
    while len(found) < count and instant is not None:
        instant = recurrence.next_after(instant)
        if instant is not None:
            found.append(Occurrence(instant, local_reading(timing.zone, instant)))
    return found
