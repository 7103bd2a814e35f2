"""The overlap policy: what happens to a fire if an earlier fire of the same schedule has not ended yet."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never


class Overlap(StrEnum):
    """What a schedule does with a fire that comes while earlier fires are open."""

    # The slot does not fire. Where the earlier fire has not even begun, the slot may be held instead (`begun` in
    # `decide`).
    SKIP = "skip"
    # The fire waits if no other fire waits; otherwise it is skipped.
    BUFFER_ONE = "buffer_one"
    # The fire waits if fewer than the buffer limit wait; otherwise it is skipped.
    BUFFER_ALL = "buffer_all"
    # The earlier fires are asked to stop, and the fire starts once they have ended.
    CANCEL_OTHER = "cancel_other"
    # The earlier fires are ended at once, and the fire starts at once.
    TERMINATE_OTHER = "terminate_other"
    # The fire starts beside the earlier ones.
    ALLOW = "allow"


class Decision(StrEnum):
    """What becomes of one fire."""

    START = "start"
    SKIP = "skip"
    # The fire is stored as waiting, and starts when the fires before it have ended.
    WAIT = "wait"
    # The same, because the fire before it has not begun. A later fire takes its place if that comes first.
    HOLD = "hold"
    # The fire is held in place of the one that is held already. The slot of that one is skipped.
    HOLD_INSTEAD = "hold_instead"
    # The earlier fires are asked to stop. This fire waits until they have ended, and goes before those
    # that waited already.
    CANCEL_AND_WAIT = "cancel_and_wait"
    # The earlier fires are ended at once, and this one starts.
    TERMINATE_AND_START = "terminate_and_start"

    @property
    def waits(self) -> bool:
        """Whether the fire waits instead of starting now."""
        return self in (Decision.WAIT, Decision.CANCEL_AND_WAIT) or self.holds

    @property
    def holds(self) -> bool:
        """Whether the fire waits only until a later one takes its place."""
        return self in (Decision.HOLD, Decision.HOLD_INSTEAD)

    @property
    def replaces(self) -> bool:
        """Whether the earlier fires are ended for it."""
        return self in (Decision.CANCEL_AND_WAIT, Decision.TERMINATE_AND_START)


def decide(policy: Overlap, in_flight: int, waiting: int, buffer_limit: int, begun: bool = True) -> Decision:
    """What becomes of a fire, by how many fires of its schedule are in flight and how many already wait.

    `buffer_limit` is the most fires that may wait under BUFFER_ALL. `begun` is False where no run of the fires in
    flight has begun and the latest slot shall wait for them: then SKIP holds the fire, and at most one is held.
    Without open fires every policy starts the fire.
    """
    if in_flight == 0 and waiting == 0:
        return Decision.START
    match policy:
        case Overlap.ALLOW:
            return Decision.START
        case Overlap.SKIP:
            return Decision.SKIP if begun else _held(waiting)
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


def _held(waiting: int) -> Decision:
    """Whether a fire is held. Where several wait already, which another policy let wait before an edit, it is not."""
    if waiting == 0:
        return Decision.HOLD
    return Decision.HOLD_INSTEAD if waiting == 1 else Decision.SKIP
