"""How many outgoing calls may wait at the same time, as far as the operating system lets this process open files."""

from __future__ import annotations

import resource

# Files that a server needs besides its outgoing connections: its database, its own clients, logs, look-ups of names.
FOR_THE_REST = 512


def raise_limit() -> int:
    """Raise this process's limit of open files as far as it may without special rights; the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or hard == resource.RLIM_INFINITY:
        return 1 << 20
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return soft
    return hard


def waiting_calls(wanted: int, places: int, open_files: int) -> int:
    """How many of the `wanted` waiting calls fit beside the calls in `places`, when each of them needs one open file.

    Half of what is left is kept for clients of the API, which must be able to connect whatever the targets do.
    """
    return max(1, min(wanted, (open_files - FOR_THE_REST - places) // 2))
