"""The overlap policy: what happens to a fire while an earlier one of the same schedule is still going."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never


class Overlap(StrEnum):
    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    BUFFER_ALL = "buffer_all"
    CANCEL_OTHER = "cancel_other"
    TERMINATE_OTHER = "terminate_other"
    ALLOW = "allow"


class Decision(StrEnum):
    START = "start"
    SKIP = "skip"
    WAIT = "wait"
    """Kept as a waiting fire; it starts when the one before it has settled."""
    CANCEL_AND_WAIT = "cancel_and_wait"
    """The earlier fires are asked to stop; this one waits until they have, ahead of what waited before."""
    TERMINATE_AND_START = "terminate_and_start"


def decide(policy: Overlap, in_flight: int, waiting: int, buffer_limit: int) -> Decision:
    """What becomes of a fire, given how many fires of its schedule are in flight and how many wait already."""
    if in_flight == 0 and waiting == 0:
        return Decision.START
    match policy:
        case Overlap.ALLOW:
            return Decision.START
        case Overlap.SKIP:
            return Decision.SKIP
        case Overlap.BUFFER_ONE:
            return Decision.WAIT if waiting == 0 else Decision.SKIP
        case Overlap.BUFFER_ALL:
            return Decision.WAIT if waiting < buffer_limit else Decision.SKIP
        case Overlap.CANCEL_OTHER:
            return Decision.CANCEL_AND_WAIT
        case Overlap.TERMINATE_OTHER:
            return Decision.TERMINATE_AND_START
        case _:
            assert_never(policy)
