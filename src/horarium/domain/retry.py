"""The retry policy: whether and when a failed attempt is repeated."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b

from horarium.domain.ids import Id

# A `Retry-After` that asks for more counts as one that asks for this.
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential backoff with jitter, limited in number and in time. Durations are milliseconds.

    `max_attempts` includes the first attempt. The first backoff is about `initial_ms`, and each further one
    `factor` times the one before, up to `max_delay_ms`. No attempt starts later than `max_elapsed_ms` after
    the run was due. With `until_next_slot`, no attempt starts at or after the next slot of the schedule.
    """

    max_attempts: int = 3
    initial_ms: int = 1_000
    factor: float = 2.0
    max_delay_ms: int = 300_000
    max_elapsed_ms: int = 86_400_000
    until_next_slot: bool = True


# The longest backoff of a run whose engine cannot be reached (ms): it goes on soon after the engine is back.
UNREACHED_DELAY_MS = 15_000


def while_unreached(retry: Retry) -> Retry:
    """The policy for a run that could not be given to its engine, because that could not be reached. Nothing was tried,
    so the number of attempts does not count; the policy's time and the next slot do."""
    return replace(retry, max_attempts=sys.maxsize, max_delay_ms=min(retry.max_delay_ms, UNREACHED_DELAY_MS))


def unreached_until(retry: Retry, due_ms: int, next_slot_ms: int | None) -> int:
    """Until when a run is tried whose engine cannot be reached. Arguments as for `retry_at`."""
    until = due_ms + retry.max_elapsed_ms
    return min(until, next_slot_ms) if retry.until_next_slot and next_slot_ms is not None else until


class RetryEnd(StrEnum):
    """Why there will be no further attempt."""

    # The last attempt ended in a way that no further one would change.
    OUTCOME = "outcome"
    # The policy allows no more.
    ATTEMPTS = "attempts"
    # It would start later than `max_elapsed_ms` after the run was due.
    WINDOW = "window"
    # The next slot of the schedule comes before it.
    NEXT_SLOT = "next_slot"


def retry_at(
    retry: Retry,
    run_id: Id,
    attempts: int,
    due_ms: int,
    now_ms: int,
    asked_ms: int | None = None,
    next_slot_ms: int | None = None,
) -> int | RetryEnd:
    """The instant of the next attempt after `attempts` attempts have failed, or why there will be no further one.

    All instants are milliseconds since the epoch: `due_ms` of the run, `now_ms` of the last failure,
    `next_slot_ms` of the schedule's next slot (None: there is none). `asked_ms` is the delay in milliseconds
    that the target asked for (`Retry-After`); the attempt does not start earlier. The backoff is spread by up
    to 25 % in both directions, so that runs which failed together are not repeated together. The spread is a
    hash of run and attempt, so computing it again gives the same instant.
    """
    if attempts >= retry.max_attempts:
        return RetryEnd.ATTEMPTS
    backoff = min(retry.initial_ms * retry.factor ** min(attempts - 1, 64), retry.max_delay_ms)
    spread = (
        int.from_bytes(blake2b(run_id + attempts.to_bytes(4, "big"), digest_size=2).digest(), "big") / 65536
    )
    at = now_ms + max(int(backoff * (0.75 + 0.5 * spread)), asked_ms or 0)
    if at - due_ms > retry.max_elapsed_ms:
        return RetryEnd.WINDOW
    if retry.until_next_slot and next_slot_ms is not None and at >= next_slot_ms:
        return RetryEnd.NEXT_SLOT
    return at


def why_ended(end: RetryEnd, retry: Retry, attempts: int, asked_ms: int | None = None) -> str | None:
    """The sentence that tells users why a run was not tried again after `attempts` attempts, to stand behind the error
    of the last one. None where that error says enough, or every attempt was used up. `asked_ms` as for `retry_at`."""
    if end in (RetryEnd.OUTCOME, RetryEnd.ATTEMPTS):
        return None
    of = f" of {retry.max_attempts}" if attempts <= retry.max_attempts else ""
    given_up = f"not tried again after attempt {attempts}{of}: "
    if asked_ms:
        wait = f"{asked_ms / 1000:g} s" if asked_ms < _DAY_MS else "a day or longer"
        given_up += f"the target asked to wait {wait} (Retry-After), and "
    if end is RetryEnd.NEXT_SLOT:
        return given_up + "the next slot of the schedule comes first (retry.until_next_slot)"
    subject = "that is" if asked_ms else "the next attempt would start"
    window = f"{retry.max_elapsed_ms / 1000:.15g} s"
    return given_up + f"{subject} later than {window} after the run was due (retry.max_elapsed)"


def lasts_until(
    retry: Retry,
    run_id: Id,
    attempts: int,
    due_ms: int,
    sent_ms: int,
    timeout_ms: int,
    next_slot_ms: int | None = None,
) -> int:
    """The instant at which a run is over if it is sent at `sent_ms` and nothing ever answers: each attempt from then on
    takes `timeout_ms` (ms) and fails, until the policy allows no further one.

    `attempts` have been made before; the other arguments are those of `retry_at`.
    """
    while True:
        attempts += 1
        ended_ms = sent_ms + timeout_ms
        again = retry_at(retry, run_id, attempts, due_ms, ended_ms, None, next_slot_ms)
        if isinstance(again, RetryEnd):
            return ended_ms
        sent_ms = again
