"""What a store counts: how long verbs and commits take, and what the verbs say that they have done.

A verb says it with `Tx.count`. It is counted once the transaction is committed, so the figures equal what is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from horarium.domain.figures import LATENESS_MS, MOMENTS_MS, Histogram

# Slots that are accounted for: FIRED, or the reason of the span that they belong to.
SLOTS = "slots"
FIRED = "fired"
# Fires that were begun by hand or filled in, by their kind.
FIRES = "fires"
# Runs that have ended, by their final state.
RUNS = "runs"
# Runs and fan-out tasks that were taken from nodes that are gone.
FREED = "freed"
# Events that have got their place in a log, and that were deleted from one.
TOLD = "told"
FORGOTTEN_EVENTS = "forgotten_events"
# What became of events that were sent to webhooks, by the state of the delivery.
DELIVERIES = "deliveries"
# Slots that have fired, by how much later than due their transaction was asked for, in milliseconds.
ENTERED = "entered"


class Counted(NamedTuple):
    """So many times something was done: `figure` is one of the names above, `which` a kind of it."""

    figure: str
    which: str | int
    times: int


@dataclass(slots=True)
class VerbTime:
    """How often a verb was called and how many seconds it took in all."""

    calls: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class StoreFigures:
    """The figures of one store in one process. `commits` are in milliseconds; `refused` counts what the database could
    not do: it was away, its disk was full, or it rolled back too often. `tell` is called with what `took` is, where
    somebody wants to know of each call of a verb."""

    counted: Counter[tuple[str, str | int]] = field(default_factory=Counter)
    entered: Histogram = field(default_factory=lambda: Histogram(LATENESS_MS))
    verbs: dict[str, VerbTime] = field(default_factory=dict)
    commits: Histogram = field(default_factory=lambda: Histogram(MOMENTS_MS))
    refused: int = 0
    tell: Callable[[str, float, bool], None] | None = None

    def take(self, counted: Iterable[Counted], took_s: float) -> None:
        """Count what a transaction has done that is committed, so many seconds after it was asked for."""
        for figure, which, times in counted:
            if figure == ENTERED:
                self.entered.add(int(which) + took_s * 1000, times)
            else:
                self.counted[figure, which] += times

    def took(self, verb: str, seconds: float, refused: bool = False) -> None:
        """Count one call of a verb. `refused`: the database could not do it."""
        found = self.verbs.get(verb)
        if found is None:
            found = self.verbs[verb] = VerbTime()
        found.calls += 1
        found.seconds += seconds
        if self.tell is not None:
            self.tell(verb, seconds, refused)

    def of(self, figure: str) -> dict[str, int]:
        """One figure, by kind."""
        return {str(which): times for (name, which), times in list(self.counted.items()) if name == figure}


def name_of(verb: object) -> str:
    """The name under which a verb is counted."""
    return str(getattr(verb, "__name__", "other")).lstrip("_")
