"""How many files this process may open, and what follows from it: how many outgoing calls may wait at the same time,
and that no process is started that would take the last ones."""

from __future__ import annotations

import os
import resource

# Files that a server needs besides its outgoing connections: its database, its own clients, logs, look-ups of names.
FOR_THE_REST = 512

# Files that the start of a process takes, with some to spare: its pipes, and one by which it tells whether it began.
FOR_A_PROCESS = 16


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


def require_for_process() -> None:
    """Raises OSError where this process cannot open as many more files as starting another one takes.

    uvloop gives back nothing of what it has opened for a process that it then cannot start for want of files. So each
    try would leave fewer, and they would never be enough again.
    """
    opened = []
    try:
        opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        while len(opened) < FOR_A_PROCESS:
            opened.append(os.dup(opened[0]))
    finally:
        for descriptor in opened:
            os.close(descriptor)
