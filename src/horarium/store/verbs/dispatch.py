"""Dispatch: claim runs for a worker, record what came of them, hand back what was not begun.

A claim is held by the pair (node, epoch) of the run's row in `ready`. A node's lease is kept alive as a
whole, by its heartbeat; when it lapses the rows are freed under a new epoch, so what a frozen worker reports
afterwards is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from horarium.domain.ids import Id
from horarium.domain.run import RunState
from horarium.domain.tenancy import EVERY_TARGET
from horarium.store.base import READY, Tx
from horarium.store.rows import ClaimedRun, TargetRow
from horarium.store.verbs.entries import hold_schedules
from horarium.store.verbs.settle import RunEnd, settle

BEFORE_ALL: Id = b""


class LeaseLost(Exception):
    """Some of the runs being recorded are not held any more; nothing was written. Ask again, carefully."""


@dataclass(slots=True)  # one for each attempt: frozen, to make it takes three times as long
class Ended:
    """What a worker has to say of one attempt. Times in milliseconds.

    `end.state`: final, or `running` (the target has taken the work and finishes the run by callback), or `pending`
    (there will be another attempt at `retry_at`). `started_ms`: None where it was stopped before it began.
    `callback`: a callback may be open for the run.
    """

    end: RunEnd
    epoch: int
    attempt: int
    started_ms: int | None
    finished_ms: int
    status: int | None = None
    output: str | None = None
    error: str | None = None
    retry_at: int | None = None
    target_id: Id = b""
    gone: bool = False
    callback: bool = False


@dataclass(slots=True)
class Claimed:
    """Runs that were claimed, and the targets of theirs that the worker did not know yet. `lane`: the lane visited
    last, behind which the next claim begins."""

    runs: Sequence[ClaimedRun] = ()
    targets: Sequence[TargetRow] = ()
    lane: Id = BEFORE_ALL
    ids: list[Id] = field(default_factory=list)


async def earliest_ready(tx: Tx) -> int | None:
    """When the next unclaimed run may be claimed, or None."""
    row = await tx.row("earliest_ready")
    return None if row is None else int(row[0])


async def claim(
    tx: Tx, node: Id, now: int, room: int, after: Id, known: Mapping[Id, int], lanes: int = 256
) -> Claimed:
    """Take up to `room` due runs for `node`: lanes in turn behind lane `after`, then a fair share of each.

    `known` maps the targets that the worker has to their versions. Limited targets give no more than their
    concurrency and rate allow, counted over all nodes.
    """
    open_lanes = list(await tx.rows("open_lanes", after=after, limit=lanes))
    if len(open_lanes) < lanes and after != BEFORE_ALL:
        seen = {lane["lane"] for lane in open_lanes}
        again = await tx.rows("open_lanes", after=BEFORE_ALL, limit=lanes - len(open_lanes))
        open_lanes += [lane for lane in again if lane["lane"] not in seen]
    open_lanes = open_lanes[:room]
    bounded = {lane["lane"]: lane for lane in open_lanes if _is_limited(lane)}
    taken = await _from_limited(tx, list(bounded.values()), now, room, len(open_lanes))
    if taken:
        await tx.run("take", node=node, ids=taken, limited=1)
    free = [lane["lane"] for lane in open_lanes if lane["lane"] not in bounded]
    found = await _from_free(tx, node, free, now, room - len(taken))
    last = open_lanes[-1]["lane"] if open_lanes else after
    if not taken and not found:
        return Claimed(lane=last)
    claimed = await describe_claimed(tx, taken + found, known)
    claimed.lane = last
    return claimed


def _is_limited(lane: Any) -> bool:
    return lane["max_concurrency"] is not None or lane["rate_per_second"] is not None


async def _from_free(tx: Tx, node: Id, lanes: list[Id], now: int, room: int) -> list[Id]:
    """Share the room out equally; what lanes with little to do leave of it goes to those with more."""
    taken: list[Id] = []
    while lanes and len(taken) < room:
        share = max(1, (room - len(taken)) // len(lanes))
        lanes = lanes[: room - len(taken)]
        rows = await tx.each("claimable", [(lane, share, now) for lane in lanes])
        if rows:
            await tx.run("take", node=node, ids=[row["run_id"] for row in rows], limited=0)
        taken += [row["run_id"] for row in rows]
        given = Counter(row["lane"] for row in rows)
        lanes = [lane for lane in lanes if given[lane] == share]
    return taken


async def _from_limited(tx: Tx, lanes: Sequence[Any], now: int, room: int, lanes_in_all: int) -> list[Id]:
    taken: list[Id] = []
    for lane in lanes:
        share = min(room - len(taken), max(1, room // lanes_in_all))
        taken += await _from_lane(tx, lane, now, share)
    return taken


async def _from_lane(tx: Tx, lane: Any, now: int, share: int) -> list[Id]:
    """Of a lane whose target bounds its concurrency or rate: no more than these allow, over all nodes."""
    bound, rate = lane["max_concurrency"], lane["rate_per_second"]
    if share <= 0 or await tx.run("try_lane", lane=lane["lane"]) != 1:
        return []
    if bound is not None:
        in_flight = (await tx.row("claimed_of_lane", lane=lane["lane"]))[0]
        share = min(share, bound - in_flight)
    if rate is not None:
        share = min(share, await _tokens(tx, lane["lane"], rate, now))
    if share <= 0:
        return []
    found = await tx.each("claimable", [(lane["lane"], share, now)])
    if rate is not None and found:
        await _spend(tx, lane["lane"], rate, now, len(found))
    return [row["run_id"] for row in found]


async def _tokens(tx: Tx, lane: Id, rate: float, now: int) -> int:
    """How many calls the target's rate allows at once: a bucket of one second's worth."""
    row = await tx.row("pace", lane=lane)
    behind = now - (row["next_ms"] if row else 0.0)
    burst = max(1.0, rate)
    return int(min(burst, 1 + behind * rate / 1000)) if behind >= 0 else 0


async def _spend(tx: Tx, lane: Id, rate: float, now: int, calls: int) -> None:
    row = await tx.row("pace", lane=lane)
    earliest = now - (max(1.0, rate) - 1) * 1000 / rate
    start = max(row["next_ms"] if row else 0.0, earliest)
    await tx.run("set_pace", lane=lane, next_ms=start + calls * 1000 / rate)


async def describe_claimed(tx: Tx, ids: Sequence[Id], known: Mapping[Id, int]) -> Claimed:
    """All that a worker must know of runs it has claimed."""
    rows = await tx.rows("claimed_runs", ids=list(ids), every_target=EVERY_TARGET)
    runs = [ClaimedRun.from_row(row) for row in rows]
    unknown = {run.target_id for run in runs if known.get(run.target_id) != run.target_version}
    return Claimed(runs, await read_targets(tx, unknown), ids=list(ids))


async def read_targets(tx: Tx, ids: Collection[Id]) -> list[TargetRow]:
    """Targets for a worker that does not know them as they are now."""
    if not ids:
        return []
    return [TargetRow._make(row) for row in await tx.rows("runnable_targets", ids=sorted(ids))]


async def record(tx: Tx, node: Id, ended: Sequence[Ended], now: int, careful: bool = False) -> list[Id]:
    """Record the outcomes of attempts in one go; the runs whose lease was lost, of which nothing is recorded.

    The plain way counts the leases it gives up and raises `LeaseLost` when one is missing; the careful way
    asks first, and leaves those out.
    """
    refused: list[Id] = []
    if careful:
        held = {
            row["run_id"]: row["epoch"]
            for row in await tx.rows("held", node=node, ids=[one.end.run_id for one in ended])
        }
        refused = [one.end.run_id for one in ended if held.get(one.end.run_id) != one.epoch]
        ended = [one for one in ended if held.get(one.end.run_id) == one.epoch]
    over = [one for one in ended if one.end.state is not RunState.PENDING]
    again = [one for one in ended if one.end.state is RunState.PENDING]
    await hold_schedules(tx, (one.end.schedule_id for one in over if one.end.follow_up))
    await _give_up_leases(tx, node, over, again)
    await _write_ends(tx, [one for one in over if one.end.state.final], now)
    await _write_accepted(tx, [one for one in over if one.end.state is RunState.RUNNING])
    await _write_retries(tx, again)
    for one in ended:
        if one.gone:
            await tx.run("disable_target", id=one.target_id, reason=one.error or "gone", now=now)
    return refused


async def _give_up_leases(tx: Tx, node: Id, over: Sequence[Ended], again: Sequence[Ended]) -> None:
    freed = 0
    if over:
        freed += await tx.many("release_leases", [(one.end.run_id, node, one.epoch) for one in over])
    if again:
        rows = [(one.end.run_id, node, one.epoch, one.retry_at) for one in again]
        freed += await tx.many("put_back", rows)
        tx.announce(READY, min(one.retry_at or 0 for one in again))
    if freed != len(over) + len(again):
        raise LeaseLost


async def _write_ends(tx: Tx, ended: Sequence[Ended], now: int) -> None:
    if not ended:
        return
    await tx.many(
        "finish_runs",
        [
            (
                one.end.run_id,
                one.end.state.value,
                one.started_ms,
                one.finished_ms,
                one.attempt,
                one.status,
                one.output,
                storable(one.error),
            )
            for one in ended
        ],
    )
    closed = [one.end.run_id for one in ended if one.callback]
    if closed:
        await tx.run("forget_callbacks", ids=closed)
    await settle(tx, [one.end for one in ended], now)


async def _write_accepted(tx: Tx, accepted: Sequence[Ended]) -> None:
    if not accepted:
        return
    await tx.many(
        "note_attempts",
        [(one.end.run_id, one.attempt, one.started_ms, one.status, None, "running") for one in accepted],
    )


async def _write_retries(tx: Tx, again: Sequence[Ended]) -> None:
    if not again:
        return
    await tx.many(
        "insert_attempts",
        [
            (one.end.run_id, one.attempt, one.started_ms, one.finished_ms, one.status, storable(one.error))
            for one in again
        ],
    )
    await tx.many(
        "note_attempts",
        [
            (one.end.run_id, one.attempt, one.started_ms, one.status, storable(one.error), "pending")
            for one in again
        ],
    )


def storable(text: str | None) -> str | None:
    """What a target said, without what no database takes as text: an outcome must be recordable."""
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class OpenCallback:
    """An attempt, begun at `started_ms`, whose target may answer later, until `deadline_ms`; a sign of life
    gives it `lease_ms` more."""

    run_id: Id
    epoch: int
    workspace_id: Id
    target_id: Id
    attempt: int
    token_hash: bytes
    started_ms: int
    deadline_ms: int
    lease_ms: int


async def open_callback(tx: Tx, node: Id, one: OpenCallback) -> bool:
    """Let the target answer for an attempt that is about to be sent; False where the run is not held any
    more.

    Before the sending, so that even a target that answers at once is heard.
    """
    held = await tx.row("held", node=node, ids=[one.run_id])
    if held is None or held["epoch"] != one.epoch:
        return False
    await tx.run(
        "open_callback",
        run_id=one.run_id,
        workspace_id=one.workspace_id,
        target_id=one.target_id,
        token_hash=one.token_hash,
        attempt=one.attempt,
        deadline_ms=one.deadline_ms,
        lease_ms=one.lease_ms,
    )
    await tx.run("note_start", run_id=one.run_id, started_ms=one.started_ms)
    return True


async def stopped(tx: Tx, node: Id, holding: Mapping[Id, int]) -> list[Id]:
    """Of the runs a worker is at, those it must end: cancelled meanwhile, taken away, or asked to stop."""
    if not holding:
        return []
    rows = await tx.rows("owned", node=node)
    fine = {(row["run_id"], row["epoch"]) for row in rows if not row["stop"]}
    return [run for run, epoch in holding.items() if (run, epoch) not in fine]


async def hand_back(tx: Tx, node: Id, holding: Sequence[tuple[Id, int]], now: int) -> int:
    """Free runs that were claimed and not begun, without spending an attempt."""
    if not holding:
        return 0
    tx.announce(READY, now)
    return await tx.many("put_back", [(run, node, epoch, now) for run, epoch in holding])


async def owned(tx: Tx, node: Id) -> list[tuple[Id, int]]:
    """(run, epoch) of everything that a node holds according to the store."""
    return [(row["run_id"], row["epoch"]) for row in await tx.rows("owned", node=node)]
