"""What tests ask of processes that they have started."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def gone(pid: int) -> bool:
    """Whether a process has ended. It may stay as a zombie if the system's init process does not collect it."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        await asyncio.sleep(0.01)
    return False
