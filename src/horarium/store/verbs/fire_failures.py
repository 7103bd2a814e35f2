"""Which rows of a fire have failed, and were not run again since."""

from __future__ import annotations

from horarium.domain.ids import LOWEST_ID, Id, id_time, lowest_id_at, run_id
from horarium.store.base import Tx
from horarium.store.verbs.ledger import get_fire

# How many failed runs of a fire are looked at in one step.
PIECE = 500
# Of each of them so many later generations are asked for: one alone may have been deleted.
LATER = 4


async def failed_rows(tx: Tx, workspace_id: Id, fire_id: Id, limit: int) -> list[Id]:
    """Up to `limit` runs of a fire, each the last run of its row, that have failed. Raises NotFound.

    Whether a row was run again is asked by the ids of such runs, and not by a look at all rows of the fire.
    """
    await get_fire(tx, workspace_id, fire_id)
    at = id_time(fire_id)
    own = {
        "workspace_id": workspace_id,
        "fire_id": fire_id,
        "low": lowest_id_at(at),
        "high": lowest_id_at(at + 1),
    }
    found: list[Id] = []
    after = LOWEST_ID
    while len(found) < limit:
        rows = await tx.rows("failed_of_fire", **own, after=after, limit=PIECE)
        later = {
            run: [run_id(fire_id, row_key, generation + step) for step in range(1, LATER + 1)]
            for run, row_key, generation in rows
        }
        asked = [other for others in later.values() for other in others]
        again = {other for (other,) in await tx.rows("runs_there", ids=asked)} if asked else set()
        found += [run for run, others in later.items() if again.isdisjoint(others)]
        if len(rows) < PIECE:
            break
        after = rows[-1][0]
    return found[:limit]
