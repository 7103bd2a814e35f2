"""What a server asks its database to know whether it can work."""

from __future__ import annotations

from horarium.domain.ids import id_time
from horarium.store.base import Tx


async def probe_commit(tx: Tx, now: int) -> None:
    """Write something; the caller learns whether it was committed."""
    await tx.run("probe_commit", now=str(now))


async def schema_number(tx: Tx) -> int:
    """The number of the schema that the database has; 0 for none."""
    (number,) = await tx.row("schema_number")
    return int(number or 0)


async def newest_entry_ms(tx: Tx) -> int | None:
    """The instant (ms) at which the newest fire or run was made, by the clock of its time; None where there is none."""
    times = [id_time(found) for found in await tx.row("newest_ids") if found is not None]
    return max(times, default=None)
