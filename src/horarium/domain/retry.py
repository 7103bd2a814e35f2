"""The retry policy: whether and when a failed attempt is repeated."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from horarium.domain.ids import Id


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


def retry_at(
    retry: Retry,
    run_id: Id,
    attempts: int,
    due_ms: int,
    now_ms: int,
    asked_ms: int | None = None,
    next_slot_ms: int | None = None,
) -> int | None:
    """The instant of the next attempt after `attempts` attempts have failed, or None if there will be no further one.

    All instants are milliseconds since the epoch: `due_ms` of the run, `now_ms` of the last failure,
    `next_slot_ms` of the schedule's next slot (None: there is none). `asked_ms` is the delay in milliseconds
    that the target asked for (`Retry-After`); the attempt does not start earlier. The backoff is spread by up
    to 25 % in both directions, so that runs which failed together are not repeated together. The spread is a
    hash of run and attempt, so computing it again gives the same instant.
    """
    if attempts >= retry.max_attempts:
        return None
    backoff = min(retry.initial_ms * retry.factor ** min(attempts - 1, 64), retry.max_delay_ms)
    spread = (
        int.from_bytes(blake2b(run_id + attempts.to_bytes(4, "big"), digest_size=2).digest(), "big") / 65536
    )
    at = now_ms + max(int(backoff * (0.75 + 0.5 * spread)), asked_ms or 0)
    if at - due_ms > retry.max_elapsed_ms:
        return None
    if retry.until_next_slot and next_slot_ms is not None and at >= next_slot_ms:
        return None
    return at


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
        if again is None:
            return ended_ms
        sent_ms = again
