"""Jitter: a constant delay for each schedule, so that schedules of the same time do not all start at once."""

from __future__ import annotations

import hashlib


def jitter_ms(key: bytes, window_ms: int) -> int:
    """The delay of a schedule in milliseconds: a hash of `key`, spread evenly over [0, window_ms).

    It is 0 if there is no window.
    """
    if window_ms <= 0:
        return 0
    number = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")
    return number * window_ms >> 64
