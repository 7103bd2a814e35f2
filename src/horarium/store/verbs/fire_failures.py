"""Which rows of a fire have failed, and were not run again since."""

from __future__ import annotations

from horarium.domain.ids import LOWEST_ID, Id, id_time, lowest_id_at
from horarium.store.base import Tx
from horarium.store.verbs.ledger import get_fire


async def failed_rows(tx: Tx, workspace_id: Id, fire_id: Id, limit: int) -> list[Id]:
    """Up to `limit` runs of a fire, each the last run of its row, that have failed. Raises NotFound."""
    fire = await get_fire(tx, workspace_id, fire_id)
    at = id_time(fire_id)
    own = {
        "workspace_id": workspace_id,
        "fire_id": fire_id,
        "low": lowest_id_at(at),
        "high": lowest_id_at(at + 1),
    }
    again = dict(map(tuple, await tx.rows("generations_of_fire", schedule_id=fire.schedule_id, **own)))
    found: list[Id] = []
    after = LOWEST_ID
    while len(found) < limit:
        rows = await tx.rows("failed_of_fire", **own, after=after, limit=limit)
        found += [run for run, row_key, generation in rows if again.get(row_key, 0) <= generation]
        if len(rows) < limit:
            break
        after = rows[-1][0]
    return found[:limit]
