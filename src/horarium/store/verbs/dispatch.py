"""Dispatch: claim runs for a worker, record their outcomes, and hand back what was not begun.

A claim is held by the pair (node, epoch) in the run's row of `ready`. The heartbeat of a node keeps its lease
alive for all of its runs. When the lease lapses, the runs are freed under a new epoch, so that what a frozen
worker reports afterwards is refused.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from horarium.domain.claim_shares import OpenTurn, share_out
from horarium.domain.events import target_disabled
from horarium.domain.ids import Id
from horarium.domain.places import UNBOUNDED, LaneRoom
from horarium.domain.run import RunState
from horarium.domain.tenancy import EVERY_TARGET
from horarium.domain.waiting import WaitCause
from horarium.store.base import IDLE, LOOK, READY, Tx, portable, prompt, sent_by_fields
from horarium.store.rows import (
    AttemptNote,
    AttemptRow,
    BegunRun,
    ClaimableRun,
    ClaimedRun,
    FinishedRun,
    Lease,
    LeasedRun,
    NewWatched,
    OpenLane,
    PutBackRun,
    TargetRow,
    UntoldEnd,
    new_row,
)
from horarium.store.verbs.entries import error_of_end
from horarium.store.verbs.settle import EndedFire, RunEnd, count_first, settle
from horarium.store.verbs.targets import follow

BEFORE_ALL: Id = b""
# The leases of several runs are given up in one order, so that no two transactions wait for each other.
_RUN = attrgetter("run_id")

# Of the attempts of a run so many are kept, the first ones: as many as a retry policy may allow. Those of a run whose
# engine is away go on for as long as the policy lasts, and are only counted from then on.
MOST_ATTEMPTS_KEPT = 1_000


class LeaseLost(Exception):
    """Some of the runs are not held any more of which something was to be written. Nothing was written; outcomes are to
    be recorded again, carefully."""


@sent_by_fields
@dataclass(slots=True)  # one for each attempt: frozen, to make it takes three times as long
class Ended:
    """The outcome of one attempt, as the worker reports it. Times in milliseconds.

    `end.state` is final, or `running` (the target has taken the work and finishes the run by callback), or
    `pending` (there will be another attempt at `retry_at`). `started_ms` is None where it was stopped before it
    began. `callback`: a callback may be open for the run. `waited`: for what the run has waited in all (JSON text).
    `watched`: an engine has taken the run, and it is looked at from now on. `untold`: the run is over, and an engine
    that may have it is told. `target_version`: the target as it was when it was called.
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
    waited: str | None = None
    watched: NewWatched | None = None
    untold: UntoldEnd | None = None
    target_version: int = 0


@dataclass(slots=True)
class Claimed:
    """Runs that were claimed, and the targets of theirs that the worker did not know yet. `lane`: the lane visited
    last, behind which the next claim begins. `held`: the targets whose own limits left runs behind, and which.
    `unasked`: whether some lanes had no turn. `took_ms`: for how long the claim had the database's writer, without its
    commit."""

    runs: Sequence[ClaimedRun] = ()
    targets: Sequence[TargetRow] = ()
    lane: Id = BEFORE_ALL
    ids: list[Id] = field(default_factory=list)
    held: dict[Id, WaitCause] = field(default_factory=dict)
    unasked: bool = False
    took_ms: float = 0.0


async def earliest_ready(tx: Tx) -> int | None:
    """When the next unclaimed run may be claimed (ms), or None."""
    row = await tx.row("earliest_ready")
    return None if row is None else int(row[0])


@portable
async def claim(
    tx: Tx,
    node: Id,
    now: int,
    room: int,
    after: Id,
    known: Mapping[Id, int],
    lanes: int = 256,
    lane_room: LaneRoom = UNBOUNDED,
) -> Claimed:
    """Take up to `room` due runs for `node`: workspaces share the room by weight, and the lanes of each equally. Lanes
    take turns, beginning behind lane `after`.

    `known` maps the targets that the worker has to their versions. Of each lane no more is taken than
    `lane_room` says. Limited targets give no more than their concurrency and rate allow, counted over all nodes.
    """
    begun = time.monotonic()
    lanes += sum(1 for more in lane_room.bounded.values() if more <= 0)  # these take none of the turns
    found = await _open_lanes(tx, after, lanes)
    rooms = {lane.lane: lane_room.of(lane.lane, lane.workspace_id) for lane in found}
    in_turn = [lane for lane in found if rooms[lane.lane] > 0]
    turns = [OpenTurn(lane.lane, lane.workspace_id, lane.weight, rooms[lane.lane]) for lane in in_turn]
    shares = share_out(room, turns)
    held: dict[Id, WaitCause] = {}
    limited_lanes = [lane for lane in in_turn if lane.limited and lane.lane in shares]
    taken = await _from_limited(tx, limited_lanes, now, shares, held)
    if taken:
        await tx.run("lease_runs", node=node, ids=taken, limited=1)
    limited = {lane.lane for lane in in_turn if lane.limited}
    free = [turn for turn in turns if turn.lane not in limited]
    taken += await _from_free(tx, node, free, now, room - len(taken), shares)
    last = _last_in_order(after, rooms, shares)
    claimed = await describe_claimed(tx, taken, known) if taken else Claimed()
    claimed.lane, claimed.held = last, held
    claimed.unasked = len(found) >= lanes or any(lane.lane not in shares for lane in in_turn)
    claimed.took_ms = (time.monotonic() - begun) * 1000
    return claimed


def _last_in_order(after: Id, rooms: Mapping[Id, int], shares: Mapping[Id, int]) -> Id:
    """The lane behind which the next claim begins: the last before the first that might have been asked and was not.
    `rooms` are those of all lanes that were found, in their order."""
    for lane, room in rooms.items():
        if room > 0 and lane not in shares:
            break
        after = lane
    return after


async def _open_lanes(tx: Tx, after: Id, most: int) -> list[OpenLane]:
    """Up to `most` lanes with runs to claim, in their order after lane `after` and then from the beginning."""
    lanes = [OpenLane._make(row) for row in await tx.rows("open_lanes", after=after, limit=most)]
    if len(lanes) < most and after != BEFORE_ALL:
        seen = {lane.lane for lane in lanes}
        rows = await tx.rows("open_lanes", after=BEFORE_ALL, limit=most - len(lanes))
        lanes += [lane for lane in map(OpenLane._make, rows) if lane.lane not in seen]
    return lanes


async def _from_free(
    tx: Tx, node: Id, turns: Sequence[OpenTurn], now: int, room: int, shares: Mapping[Id, int]
) -> list[Id]:
    """Take the shares. What lanes with few runs leave of the room goes to those with more."""
    taken: list[Id] = []
    asked = shares
    while turns and len(taken) < room:
        found = await _claimable(
            tx, [(turn.lane, asked[turn.lane]) for turn in turns if turn.lane in asked], now
        )
        ids = [run.run_id for run in found]
        if ids:
            await tx.run("lease_runs", node=node, ids=ids, limited=0)
        taken += ids
        given = Counter(run.lane for run in found)
        turns = [
            turn._replace(most=turn.most - given[turn.lane])
            for turn in turns
            if given[turn.lane] == asked.get(turn.lane, 0) and turn.most > given[turn.lane]
        ]
        asked = share_out(room - len(taken), turns)
    return taken


async def _claimable(tx: Tx, shares: Sequence[tuple[Id, int]], now: int) -> list[ClaimableRun]:
    """Of each (lane, share) up to its share of runs, those that are due soonest."""
    rows = await tx.each("claimable_runs", [(lane, share, now) for lane, share in shares])
    return [ClaimableRun._make(row) for row in rows]


async def _from_limited(
    tx: Tx, lanes: Sequence[OpenLane], now: int, shares: Mapping[Id, int], held: dict[Id, WaitCause]
) -> list[Id]:
    taken: list[Id] = []
    for lane in lanes:
        taken += await _from_lane(tx, lane, now, shares[lane.lane], held)
    return taken


async def _from_lane(tx: Tx, lane: OpenLane, now: int, share: int, held: dict[Id, WaitCause]) -> list[Id]:
    """From a lane whose target bounds its concurrency or rate: no more than these allow, counted over all nodes. Where
    they allow less than its share, `held` is told which of them."""
    if await tx.run("try_to_lock_lane", lane=lane.lane) != 1:
        return []
    if lane.max_concurrency is not None:
        in_flight = int((await tx.row("runs_in_flight", lane=lane.lane))[0])
        if lane.max_concurrency - in_flight < share:
            share, held[lane.lane] = lane.max_concurrency - in_flight, WaitCause.CONCURRENCY
    if lane.rate_per_second is not None:
        tokens = await _tokens(tx, lane.lane, lane.rate_per_second, now)
        if tokens < share:
            share, held[lane.lane] = tokens, WaitCause.RATE
    if share <= 0:
        return []
    found = await _claimable(tx, [(lane.lane, share)], now)
    if lane.rate_per_second is not None and found:
        await _spend(tx, lane.lane, lane.rate_per_second, now, len(found))
    return [run.run_id for run in found]


async def _tokens(tx: Tx, lane: Id, rate: float, now: int) -> int:
    """How many calls the target's rate allows now. Unused calls add up to those of one second."""
    behind = now - await _next_call_ms(tx, lane)
    burst = max(1.0, rate)
    return int(min(burst, 1 + behind * rate / 1000)) if behind >= 0 else 0


async def _spend(tx: Tx, lane: Id, rate: float, now: int, calls: int) -> None:
    earliest = now - (max(1.0, rate) - 1) * 1000 / rate
    start = max(await _next_call_ms(tx, lane), earliest)
    await tx.run("set_pace_of_lane", lane=lane, next_ms=start + calls * 1000 / rate)


async def _next_call_ms(tx: Tx, lane: Id) -> float:
    """When the rate of a lane allows the next call (ms); 0 where there has been none."""
    row = await tx.row("pace_of_lane", lane=lane)
    return 0.0 if row is None else float(row[0])


async def describe_claimed(tx: Tx, ids: Sequence[Id], known: Mapping[Id, int]) -> Claimed:
    """All that a worker must know of runs that it has claimed."""
    rows = await tx.tuples("claimed_runs", ids=list(ids), every_target=EVERY_TARGET)
    runs = [ClaimedRun.from_row(row) for row in rows]
    unknown = {run.target_id for run in runs if known.get(run.target_id) != run.target_version}
    return Claimed(runs, await read_targets(tx, unknown), ids=list(ids))


@prompt
async def read_targets(tx: Tx, ids: Collection[Id]) -> list[TargetRow]:
    """Targets by id for a worker that does not know their present version."""
    if not ids:
        return []
    return [TargetRow._make(row) for row in await tx.rows("runnable_targets", ids=sorted(ids))]


async def changed_targets(tx: Tx, known: Mapping[Id, int]) -> list[TargetRow]:
    """Of targets that a worker knows at some version, those that are at a later one by now."""
    rows = await tx.tuples("targets_at_versions", ids=sorted(known))
    return await read_targets(tx, [target for target, version in rows if version > known[target]])


async def ungranted(tx: Tx, runs: Collection[Id]) -> list[Id]:
    """Which of these runs may not go out any more, because the maker of their schedule has lost the grant."""
    rows = await tx.tuples("ungranted_runs", ids=sorted(runs), every_target=EVERY_TARGET)
    return [run for (run,) in rows]


@portable
async def record(tx: Tx, node: Id, ended: Sequence[Ended], now: int, careful: bool = False) -> list[Id]:
    """Record the outcomes of attempts in one transaction. The runs whose lease was lost, of which nothing is
    recorded.

    The usual way counts the leases that it gives up and raises LeaseLost where one is missing. The careful way asks
    first which leases are held, and leaves the others out; of several outcomes of one lease the first counts.
    """
    refused: list[Id] = []
    if careful:
        rows = await tx.tuples("held_leases", node=node, ids=[attempt.end.run_id for attempt in ended])
        held, kept = {(run, int(epoch)) for run, epoch in rows}, list[Ended]()
        for attempt in ended:
            lease = (attempt.end.run_id, attempt.epoch)
            if lease in held:
                held.remove(lease)
                kept.append(attempt)
            else:
                refused.append(attempt.end.run_id)
        ended = kept
    over = [attempt for attempt in ended if attempt.end.state is not RunState.PENDING]
    again = [attempt for attempt in ended if attempt.end.state is RunState.PENDING]
    ends = [attempt for attempt in over if attempt.end.state.final]
    counted = await count_first(tx, [attempt.end for attempt in ends], now)
    await _give_up_leases(tx, node, over, again)
    await _write_ends(tx, ends, now, counted)
    await _write_accepted(tx, [attempt for attempt in over if attempt.end.state is RunState.RUNNING])
    await _write_retries(tx, again)
    for attempt in ended:
        if attempt.gone:
            await _disable_target(tx, attempt, now)
    return refused


async def _disable_target(tx: Tx, attempt: Ended, now: int) -> None:
    """Switch off a target that has said that it is gone, and its mirrors in other workspaces. Where it has said so to a
    mirror, that one alone is switched off: what one workspace sends must not switch off the target of all. One that was
    changed since it was called may be another by now, and stays on."""
    reason, workspace_id = attempt.error or "gone", attempt.end.workspace_id
    called = {"id": attempt.target_id, "version": attempt.target_version}
    if not await tx.run("disable_target", **called, reason=reason, now=now):
        return
    if workspace_id in tx.recording:
        tx.tell(target_disabled(workspace_id, attempt.target_id, reason, now))
    await follow(tx, workspace_id, attempt.target_id, now)


async def _give_up_leases(tx: Tx, node: Id, over: Sequence[Ended], again: Sequence[Ended]) -> None:
    freed = 0
    if over:
        leases = [new_row(Lease, (attempt.end.run_id, node, attempt.epoch)) for attempt in over]
        freed += await tx.many("release_leases", sorted(leases))
    if again:
        runs = [PutBackRun(attempt.end.run_id, node, attempt.epoch, attempt.retry_at) for attempt in again]
        freed += await tx.many("put_back_runs", sorted(runs, key=_RUN))
        tx.announce(READY, min(attempt.retry_at or 0 for attempt in again))
    if freed != len(over) + len(again):
        raise LeaseLost


async def _write_ends(tx: Tx, ended: Sequence[Ended], now: int, counted: Sequence[EndedFire] = ()) -> None:
    if not ended:
        return
    await tx.many("finish_runs", [_finished(attempt) for attempt in ended])
    closed = [attempt.end.run_id for attempt in ended if attempt.callback]
    if closed:
        await tx.run("forget_callbacks", ids=closed)
    untold = [attempt.untold for attempt in ended if attempt.untold is not None]
    if untold:
        await tx.many("insert_untold", untold)
        tx.announce(LOOK, min(end.look_ms for end in untold))
    await settle(tx, [attempt.end for attempt in ended], now, counted=counted)


def _finished(attempt: Ended) -> FinishedRun:
    end = attempt.end
    fields = (
        end.run_id,
        end.state.value,
        attempt.started_ms,
        attempt.finished_ms,
        attempt.attempt,
        attempt.status,
        attempt.output,
        error_of_end(end.state, storable(attempt.error)),
        attempt.waited,
    )
    return new_row(FinishedRun, fields)


async def _write_accepted(tx: Tx, accepted: Sequence[Ended]) -> None:
    if not accepted:
        return
    await tx.many("note_attempts", [_note(attempt, None) for attempt in accepted])
    watched = [attempt.watched for attempt in accepted if attempt.watched is not None]
    if watched:
        await tx.many("insert_watched", watched)
        tx.announce(LOOK, min(run.look_ms for run in watched))


async def _write_retries(tx: Tx, again: Sequence[Ended]) -> None:
    if not again:
        return
    attempts = [
        AttemptRow(
            attempt.end.run_id,
            attempt.attempt,
            attempt.started_ms,
            attempt.finished_ms,
            attempt.status,
            storable(attempt.error),
        )
        for attempt in again
        if attempt.attempt <= MOST_ATTEMPTS_KEPT
    ]
    if attempts:
        await tx.many("insert_attempts", attempts)
    await tx.many("note_attempts", [_note(attempt, storable(attempt.error)) for attempt in again])


def _note(attempt: Ended, error: str | None) -> AttemptNote:
    return AttemptNote(
        attempt.end.run_id,
        attempt.attempt,
        attempt.started_ms,
        attempt.status,
        error,
        attempt.end.state.value,
        attempt.waited,
    )


def storable(text: str | None) -> str | None:
    """A text of a target without the characters that no database stores, because every outcome must be recordable."""
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class OpenCallback:
    """An attempt, begun at `started_ms`, whose target may answer later, until `deadline_ms`. A sign of life gives
    it `lease_ms` more."""

    run_id: Id
    epoch: int
    workspace_id: Id
    target_id: Id
    attempt: int
    token_hash: bytes
    started_ms: int
    deadline_ms: int
    lease_ms: int


async def open_callback(tx: Tx, node: Id, callback: OpenCallback) -> None:
    """Let the target answer for an attempt that is about to be sent. Raises LeaseLost where the node does not hold the
    run any more.

    It is called before the attempt is sent, so that even a target that answers at once is heard. The lease is locked
    first: whoever ends the run at the same moment (an answer for an earlier attempt, a cancellation) waits for it or
    has it already, and a callback that was opened for a run that is over would fail it at its deadline.
    """
    held = await tx.row("hold_lease", node=node, run_id=callback.run_id)
    if held is None or held[0] != callback.epoch:
        raise LeaseLost
    await tx.run(
        "open_callback",
        run_id=callback.run_id,
        workspace_id=callback.workspace_id,
        target_id=callback.target_id,
        token_hash=callback.token_hash,
        attempt=callback.attempt,
        deadline_ms=callback.deadline_ms,
        lease_ms=callback.lease_ms,
    )
    await tx.run("note_start_of_run", run_id=callback.run_id, started_ms=callback.started_ms)


@portable
async def mark_begun(tx: Tx, begun: Sequence[BegunRun]) -> None:
    """Note when attempts began that have taken a while, so that others see what is under way and what waits."""
    await tx.many("mark_begun", sorted(begun))


async def stopped(tx: Tx, node: Id, holding: Mapping[Id, int]) -> list[Id]:
    """The runs that a worker must end, of those that it has (run to epoch): they were cancelled, taken away, or
    asked to stop."""
    if not holding:
        return []
    leases = await _leases(tx, node)
    going_on = {(lease.run_id, lease.epoch) for lease in leases if not lease.stop}
    return [run for run, epoch in holding.items() if (run, epoch) not in going_on]


@portable
async def hand_back(
    tx: Tx, node: Id, holding: Sequence[tuple[Id, int]], now: int, due_ms: int | None = None
) -> int:
    """Free runs, (run, epoch) each, that were claimed and not begun; how many. No attempt is spent.

    They keep their places in the queue, unless none of them shall be claimed before `due_ms`.
    """
    if not holding:
        return 0
    tx.announce(READY, now if due_ms is None else due_ms)
    return await tx.many("put_back_runs", [PutBackRun(run, node, epoch, due_ms) for run, epoch in holding])


async def others_hold(tx: Tx, node: Id) -> bool:
    """Whether other nodes than `node` have claimed runs that have not ended."""
    row = await tx.row("others_hold", node=node)
    return bool(row[0])


async def ask_for_runs(tx: Tx, now: int) -> None:
    """Tell the other nodes that this one has nothing to begin. Those with much in hand give a part of it back."""
    tx.announce(IDLE, now)


async def owned(tx: Tx, node: Id) -> list[tuple[Id, int]]:
    """(run, epoch) of all runs that a node holds according to the store."""
    return [(lease.run_id, lease.epoch) for lease in await _leases(tx, node)]


async def _leases(tx: Tx, node: Id) -> list[LeasedRun]:
    return [LeasedRun._make(row) for row in await tx.tuples("leases_of_node", node=node)]
