"""Whether this server can do its work now, and if not, why."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from horarium.domain.errors import Unavailable
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.migrations import latest
from horarium.store.verbs import readiness
from horarium.store.verbs.tenancy import any_workspace

# How long an answer is used again: anybody may ask, and each look writes a row.
KEPT_S = 1.0
# How long a look may take. A database that needs longer is of no use to the engine.
PATIENCE_S = 5.0
# How far the newest entry of the ledger may be ahead of the clock.
AHEAD_MS = 60_000
# Less free space than this counts as none: the next checkpoint or log file needs it.
LEAST_FREE_BYTES = 1 << 20

STARTING = "the first workspace has not been made yet"


class Readiness:
    """Looks at database, clock, lease and disk, at most once in KEPT_S.

    `folder`, `may_work`, `clock_uncertain` and `releasing` are set when the server has them. `folder` is that of the
    SQLite file; None with PostgreSQL. `releasing` answers for how many seconds a release has been tried that is not
    done, and why not, as far as that is known.
    """

    def __init__(self, store: Store, clock: Clock, folder: Path | None = None) -> None:
        self._store, self._clock, self.folder = store, clock, folder
        self.may_work: Callable[[], bool] = lambda: True
        self.clock_uncertain: Callable[[], bool] = lambda: False
        self.releasing: Callable[[], tuple[float, str]] = lambda: (0.0, "")
        self._look = asyncio.Lock()
        self._until = 0.0
        self._reasons: list[str] = []

    async def reasons(self) -> list[str]:
        """Why the server cannot work, each reason as a part of a sentence; none where it can."""
        async with self._look:
            if time.monotonic() >= self._until:
                self._reasons = [*self._of_the_node(), *await self._of_the_database()]
                self._until = time.monotonic() + KEPT_S
            return self._reasons

    def _of_the_node(self) -> list[str]:
        found = []
        if not self.may_work():
            found.append(
                "this node has lost its lease, because its heartbeats did not reach the database in time"
            )
        if self.clock_uncertain():
            found.append(
                "the clock of the database has jumped ahead, and nothing fires until that is confirmed"
            )
        seconds, trouble = self.releasing()
        if seconds > PATIENCE_S:
            why = trouble or "the database has not answered"
            found.append(f"for {seconds:.0f} s nothing could be released that is due: {why}")
        if self.folder is not None:
            try:
                free = shutil.disk_usage(self.folder).free
            except OSError as error:
                found.append(f"the folder of the database cannot be read: {error.strerror}")
            else:
                if free < LEAST_FREE_BYTES:
                    found.append(f"the disk of the database is full: {free >> 10} KiB are free")
        return found

    async def _of_the_database(self) -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._look_at_the_database()
        except Unavailable as error:
            return [str(error)]
        except TimeoutError:
            return [f"the database has not committed anything for {PATIENCE_S:g} s"]
        except OSError as error:
            return [f"this process could not look at the database: {error.strerror}"]
        except RuntimeError:
            return ["the database does not have the tables that this program needs: its schema is missing"]

    async def _look_at_the_database(self) -> list[str]:
        found = []
        schema = await self._store.read(readiness.schema_number)
        if schema < latest():
            found.append(
                f"the database has schema {schema}, this program needs {latest()}: restart the server"
            )
        if not await self._store.read(any_workspace):
            found.append(STARTING)
        now, newest = self._clock.now_ms(), await self._store.read(readiness.newest_entry_ms)
        if newest is not None and newest - now > AHEAD_MS:
            found.append(
                f"the ledger is {_span(newest - now)} ahead of the clock, and its schedules do not fire until then: "
                "the clock was wrong before, or is now"
            )
        await self._store.urgent(readiness.probe_commit, now)
        return found


def _span(milliseconds: int) -> str:
    """A length of time for people, in the largest fitting unit."""
    for unit, size in (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000)):
        if milliseconds >= 2 * size:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds // 1000} seconds"
