"""A stable displacement, so that a thousand schedules of one minute do not arrive in one instant."""

from __future__ import annotations

import hashlib


def jitter_ms(key: bytes, window_ms: int) -> int:
    """Milliseconds in [0, window_ms) that depend on the key alone; 0 for an empty window."""
    if window_ms <= 0:
        return 0
    number = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")
    return number * window_ms >> 64
