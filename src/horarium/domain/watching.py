"""When to look again at a run that another engine has, and what is told of looks that fail."""

from __future__ import annotations

# The least and the longest time between two looks (ms).
SOONEST_MS = 1_000
LATEST_MS = 60_000
# A look comes after a part of the time that the run has taken already: what is quick is seen quickly, and what takes
# hours is not asked for every second.
_PART = 8
# So long before the deadline of a run is the last look (ms): what has ended there in time is to be seen in time.
_LAST_MS = 2_000


# For how long after its end here a run may still be on its way to its engine (ms): longer than it takes until the
# worker that had it hears of the end.
ON_ITS_WAY_MS = 60_000
# For how long an engine that does not answer is told again to end a run (ms).
TOLD_FOR_MS = 7 * 86_400_000


def next_telling_ms(now: int, told: bool, ended_ms: int, settled_ms: int | None) -> int | None:
    """When an engine is told again to end a run that has ended here at `ended_ms`; None where it need not be. `told`:
    it has been told now. A run that may still be on its way cannot arrive any more from `settled_ms` on, so what was
    told before is told once more then; None: the engine has taken it."""
    if told:
        return settled_ms if settled_ms is not None and now < settled_ms else None
    if now >= ended_ms + TOLD_FOR_MS:
        return None
    return next_look_ms(now, ended_ms)


# Why a look fails at an engine that does not know the run, where the target was edited since.
ELSEWHERE = (
    "it does not know the run; the target was edited since the run is there, so it may lead to another place than "
    "the one that has it"
)
# For how long an edit may go unseen by what is done meanwhile: until it is committed (ms).
UNSEEN_MS = 5_000


def may_be_elsewhere(version: int, edited_ms: int, created_ms: int) -> bool:
    """Whether a run may be at another place than the one that its target leads to now. A worker may have taken the run
    as soon as it was there, and gives it to where the target led then, however much later that is. A target of the
    first `version` was made then and never edited."""
    return version > 1 and edited_ms + UNSEEN_MS >= created_ms


# How the error of a run begins whose engine was asked in vain how it goes. It is there until a look succeeds.
TROUBLE = "the last look at the engine failed: "


def deadline_error(words: str, noted: str | None) -> str:
    """The error of a run that ended by its deadline: `words`, and why nothing was known of it. `noted` is the error
    that the run had before."""
    return f"{words}; {noted}" if noted is not None and noted.startswith(TROUBLE) else words


def next_look_ms(now: int, since_ms: int) -> int:
    """The instant of the next look at a run that an engine has had since `since_ms` (ms since the epoch)."""
    return now + max(SOONEST_MS, min(LATEST_MS, (now - since_ms) // _PART))


def look_again_ms(now: int, since_ms: int, deadline_ms: int) -> int:
    """The instant of the next look at a run that goes on, and that fails at `deadline_ms`."""
    usual, last = next_look_ms(now, since_ms), deadline_ms - _LAST_MS
    return last if now < last < usual else usual
