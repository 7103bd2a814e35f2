"""When a failed attempt is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from horarium.domain.ids import Id


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential backoff with jitter, bounded in count and in time. Times in milliseconds.

    `max_attempts` counts the first try. `max_elapsed_ms` bounds the time from the run's due instant to the start of
    another attempt. `until_next_slot` ends retries when the schedule's next slot comes.
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
    """The instant of the next attempt after `attempts` have failed, or None when the run is out of attempts.

    `asked_ms` is the delay that the target itself asked for (`Retry-After`). The jitter is a hash of run and
    attempt, so that a failing batch spreads out and a repeat of the computation gives the same answer.
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
