"""Fan-out: a fire's audience becomes runs, chunk by chunk, each with the cursor's move in one transaction.

A fire whose audience is being read is held by (node, epoch), like a run. Every write first touches the held
row; a reader that lost it writes nothing and is told by `FanoutLost`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from horarium.domain.fire import FireKind, FireState, settled_state
from horarium.domain.ids import Id, row_run_id, run_id
from horarium.domain.schedule import OverlapScope, Policies, policies_from_text
from horarium.store.base import FANOUT, Tx
from horarium.store.rows import RunRow
from horarium.store.verbs.entries import enqueue, hold_schedules
from horarium.store.verbs.settle import end_fire

PLACE = 100
"""No chunk but the last is smaller, so no two chunks of a fire have one place."""


class FanoutLost(Exception):
    """The fire is in other hands by now, or over; nothing was written."""


@dataclass(frozen=True, slots=True)
class Fanout:
    """A fire whose audience this node reads. `position`: where the source goes on; `rows_done`: rows read so
    far;
    `counted`: rows there were when reading began, None before."""

    fire_id: Id
    workspace_id: Id
    schedule_id: Id
    version: int
    kind: FireKind
    fired_ms: int
    target_id: Id
    limited: bool
    audience: Mapping[str, Any]
    policies: Policies
    node: Id
    epoch: int
    attempts: int
    position: str | None
    rows_done: int
    counted: int | None

    @property
    def per_row(self) -> bool:
        """Whether a row is left out while its last run still goes. Fires by hand ask no overlap policy."""
        return self.kind is FireKind.CLOCK and self.policies.overlap_scope is OverlapScope.ROW


async def claim_fanouts(
    tx: Tx, node: Id, now: int, room: int, share: int, held: Mapping[Id, int]
) -> list[Fanout]:
    """Take up to `room` fires to read for, and of one workspace no more than `share` with those it holds
    already (`held`: workspace to number)."""
    counts = dict(held)
    taken: list[Id] = []
    for row in await tx.rows("open_fanouts", now=now, share=share, limit=room + 4 * share * len(held)):
        workspace = row["workspace_id"]
        if len(taken) >= room or counts.get(workspace, 0) >= share:
            continue
        if await tx.run("take_fanout", fire_id=row["fire_id"], node=node):
            counts[workspace] = counts.get(workspace, 0) + 1
            taken.append(row["fire_id"])
    if not taken:
        return []
    return [_fanout(row, node) for row in await tx.rows("describe_fanouts", ids=taken)]


async def earliest_fanout(tx: Tx) -> int | None:
    """When the next fire may be taken, or None."""
    row = await tx.row("earliest_fanout")
    return None if row is None or row[0] is None else int(row[0])


def _fanout(row: Any, node: Id) -> Fanout:
    return Fanout(
        row["fire_id"],
        row["workspace_id"],
        row["schedule_id"],
        row["version"],
        FireKind(row["kind"]),
        row["fired_ms"],
        row["target_id"],
        bool(row["limited"]),
        orjson.loads(row["audience"]),
        policies_from_text(row["policies"]),
        node,
        row["epoch"],
        row["attempts"],
        row["position"],
        row["rows_done"],
        row["counted"],
    )


Prepared = tuple[Id, str, str]
"""A row as it is written: the id of its run, its key, its data as JSON text."""


def prepare(job: Fanout, rows: Sequence[tuple[str, str]], distinct: bool) -> list[Prepared]:
    """Rows (key, JSON text) with the ids of their runs, in the order of these.

    Where nothing else keeps keys `distinct`, the ids do: they come from the key alone, so that the second run
    for a key is refused, and lie wherever they fall.
    """
    fire, place = job.fire_id, job.rows_done // PLACE
    if distinct:
        return sorted((row_run_id(fire, key, place), key, data) for key, data in rows)
    return sorted((run_id(fire, key), key, data) for key, data in rows)


async def write_chunk(
    tx: Tx, job: Fanout, rows: Sequence[Prepared], position: str | None, counted: int, last: bool, now: int
) -> Fanout | None:
    """Record the runs of some rows and move the cursor behind them; with the `last` chunk the fire is
    resolved, and None is answered. Raises FanoutLost, and Duplicate where a row has a run already."""
    done = job.rows_done + len(rows)
    moved = replace(job, position=position, rows_done=done, counted=counted, attempts=0)
    if last:
        await hold_schedules(tx, [job.schedule_id])
    await _move(tx, moved, job.rows_done)
    taken = await _lock_rows(tx, job, rows) if job.per_row else rows
    await _insert_runs(tx, job, taken, now)
    await tx.run("add_runs_to_fire", id=job.fire_id, runs=len(taken), audience_size=max(done, counted))
    if not last:
        return moved
    shrunk = None
    if done < counted:
        shrunk = f"the audience shrank while it was read: {counted} rows were counted, {done} were found"
    await _resolve(tx, moved, now, shrunk)
    return None


async def _move(tx: Tx, job: Fanout, before: int) -> None:
    touched = await tx.run(
        "move_fanout",
        fire_id=job.fire_id,
        node=job.node,
        epoch=job.epoch,
        position=job.position,
        rows_done=job.rows_done,
        counted=job.counted,
        before=before,
    )
    if touched != 1:
        raise FanoutLost


async def _lock_rows(tx: Tx, job: Fanout, rows: Sequence[Prepared]) -> list[Prepared]:
    """The rows whose last run is over; they are locked for the new one."""
    if not rows:
        return []
    await tx.many("lock_rows", [(job.schedule_id, key, run) for run, key, _ in rows])
    ids = [run for run, _, _ in rows]
    locked = {row[0] for row in await tx.rows("locked_by", schedule_id=job.schedule_id, ids=ids)}
    return [row for row in rows if row[1] in locked]


async def _insert_runs(tx: Tx, job: Fanout, rows: Sequence[Prepared], now: int) -> None:
    mode = job.kind.run_mode.value
    runs = [
        RunRow(
            run,
            job.workspace_id,
            job.target_id,
            mode,
            now,
            now,
            job.schedule_id,
            job.fire_id,
            job.version,
            key,
            0,
            data,
        )
        for run, key, data in rows
    ]
    await enqueue(tx, runs, int(job.limited))


async def give_up(tx: Tx, job: Fanout, error: str, now: int) -> None:
    """End the reading for a reason: the fire fails where nothing was started, and else ends as partial when
    what was started has ended. Raises FanoutLost."""
    await hold_schedules(tx, [job.schedule_id])
    held = await tx.run("hold_fanout", fire_id=job.fire_id, node=job.node, epoch=job.epoch)
    if held != 1:
        raise FanoutLost
    await _resolve(tx, job, now, error)


async def _resolve(tx: Tx, job: Fanout, now: int, error: str | None) -> None:
    await tx.run("forget_fanout", fire_id=job.fire_id)
    row = await tx.row("fire_resolved", id=job.fire_id, audience_size=job.rows_done, error=error)
    if row is None:
        return
    counts = (row["runs"], row["succeeded"], row["failed"], row["cancelled"])
    state = settled_state(*counts, broken=error is not None)
    if state is not None:
        await end_fire(tx, job.schedule_id, job.fire_id, job.kind, state, now, error)


async def put_off(tx: Tx, job: Fanout, due_ms: int) -> None:
    """Try again at an instant, by whichever node is free then."""
    tx.announce(FANOUT, due_ms)
    await tx.run("put_off_fanout", fire_id=job.fire_id, node=job.node, epoch=job.epoch, due_ms=due_ms)


async def owned_fanouts(tx: Tx, node: Id) -> list[Id]:
    """The fires that a node reads for, according to the store."""
    return [row["fire_id"] for row in await tx.rows("owned_fanouts", node=node)]


async def free_fanout(tx: Tx, fire: Id, node: Id, now: int) -> None:
    """Put a fire back that a node has, if it has it."""
    if await tx.run("free_fanout", fire_id=fire, node=node):
        tx.announce(FANOUT, now)


async def stop_fanouts(tx: Tx, schedule_id: Id, now: int, reason: str = "replaced by a later fire") -> None:
    """Read no further for a schedule's clock fires: what was started of them is all there will be."""
    for row in await tx.rows("fanouts_of_schedule", schedule_id=schedule_id):
        fire = row["fire_id"]
        await tx.run("forget_fanout", fire_id=fire)
        found = await tx.row("fire_resolved", id=fire, audience_size=row["rows_done"], error=reason)
        if found is None:
            continue
        counts = (found["runs"], found["succeeded"], found["failed"], found["cancelled"])
        state = FireState.CANCELLED if found["runs"] == 0 else settled_state(*counts, broken=True)
        if state is not None:
            await end_fire(tx, schedule_id, fire, FireKind.CLOCK, state, now, reason)


async def repeated_row(tx: Tx, rows: Sequence[Prepared]) -> str | None:
    """The key of a row that has its run already, or None."""
    row = await tx.row("known_row_key", ids=[run for run, _, _ in rows])
    return None if row is None else str(row[0])


async def write_spool(
    tx: Tx, job: Fanout, first: int, rows: Sequence[tuple[str, str]], counted: int | None
) -> Fanout:
    """Keep rows (key, JSON text) aside, numbered from `first`; `counted` with the last of them.

    Raises FanoutLost, and Duplicate where a key stands there already.
    """
    moved = replace(job, counted=counted, position=None)
    await _move(tx, moved, job.rows_done)
    if rows:
        numbered = [(job.fire_id, number, key, data) for number, (key, data) in enumerate(rows, first)]
        await tx.many("insert_spool", numbered)
    return moved


async def spooled_page(tx: Tx, fire: Id, after: int, limit: int) -> list[tuple[str, str]]:
    """Rows (key, JSON text) kept aside, behind a number."""
    rows = await tx.rows("page_of_spool", fire_id=fire, after=after, limit=limit)
    return [(row["row_key"], row["data"]) for row in rows]


async def spooled_twice(tx: Tx, fire: Id, keys: str) -> str | None:
    """Which of some keys (a JSON array) is among the rows kept aside already."""
    row = await tx.row("spooled_keys", fire_id=fire, keys=keys)
    return None if row is None else str(row[0])


async def empty_spool(tx: Tx, fire: Id, after: int, upto: int) -> int:
    """Drop the rows kept aside numbered in (after, upto]."""
    return await tx.run("empty_spool", fire_id=fire, after=after, upto=upto)


async def clear_orphans(tx: Tx, limit: int) -> int:
    """Drop rows kept aside for fires that nobody reads for any more; how many."""
    rows = await tx.rows("orphans_in_spool", limit=limit)
    spans: dict[Id, list[int]] = {}
    for row in rows:
        spans.setdefault(row["fire_id"], []).append(row["number"])
    for fire, numbers in spans.items():
        await tx.run("empty_spool", fire_id=fire, after=min(numbers) - 1, upto=max(numbers))
    return len(rows)
