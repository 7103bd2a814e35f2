"""Backups that a server makes by itself.

A process of its own makes each backup, so that neither the event loop nor the writer of the server waits for it. Of
several nodes on one database, the one that has claimed the backup makes it, and renews its claim meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from horarium.open_files import require_for_process
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import meta

_log = structlog.get_logger(__name__)

# For how long a claim holds, and how often the node that makes the backup renews it.
HOLD_MS, RENEW_S = 120_000, 30.0
# After how long a backup that has failed is tried again.
AGAIN_MS = 600_000
# How long a process that is told to end may take to clear up.
ENDING_S = 10.0
# The priority of the process: what serves goes first.
_NICENESS = 10


@dataclass(frozen=True, slots=True)
class ServerBackups:
    """Backups of the database behind `store` to the place `to`, one every `every_ms`, of which `keep` are kept.

    `environment` are the variables of the process that makes them: they name the database.
    """

    store: Store
    clock: Clock
    to: str
    every_ms: int
    keep: int
    environment: Mapping[str, str]

    async def back_up(self) -> bool:
        """Make a backup where one is due that no other node makes. Raises Unavailable, and OSError where this process
        may not start another one now."""
        require_for_process()
        now = self.clock.now_ms()
        if not await self.store.write(meta.claim_backup, now, self.every_ms, now + HOLD_MS):
            return False
        command = [sys.executable, "-m", "horarium", "backup", self.to, "--keep", str(self.keep)]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
        )
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        try:
            told, complaint = await self._end_of(process)
        finally:
            await _end(process)
        if process.returncode == 0:
            _log.info("backup_made", said=told.decode(errors="replace").strip())
            next_ms = now + self.every_ms
        else:
            _log.error("backup_failed", said=complaint.decode(errors="replace").strip()[-1000:])
            next_ms = self.clock.now_ms() + AGAIN_MS
        await self.store.write(meta.keep_backup_claim, next_ms)
        return False

    async def _end_of(self, process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
        """What a process has said until its end. The claim is renewed meanwhile."""
        said = asyncio.create_task(process.communicate())
        try:
            while not (await asyncio.wait({said}, timeout=RENEW_S))[0]:
                await self.store.write(meta.keep_backup_claim, self.clock.now_ms() + HOLD_MS)
            return said.result()
        finally:
            said.cancel()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process that is still there, so that it removes what it has begun."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), ENDING_S)
        except TimeoutError:
            process.kill()
            await process.wait()
