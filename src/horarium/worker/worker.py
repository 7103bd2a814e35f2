"""The worker's loops: claim into a queue in memory, execute from it (see `attempts`).

Claimed runs wait in hand, more than can be executed at once, so that a claim takes many rows for one commit.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

import structlog

from horarium.domain.errors import HorariumError
from horarium.domain.execution import Executor
from horarium.domain.ids import Id
from horarium.domain.lane_report import LaneReport
from horarium.domain.places import LaneRoom, may_hold
from horarium.domain.run import RunState
from horarium.engine.wake import Alarm
from horarium.service.clock import Clock
from horarium.service.failure_log import FailureLog
from horarium.store.base import CANCELLED, GRANTS, IDLE, READY, TARGETS, Store
from horarium.store.rows import BegunRun, ClaimedRun
from horarium.store.vault import Vault
from horarium.store.verbs import dispatch
from horarium.store.verbs import lanes as lane_verbs
from horarium.store.verbs.dispatch import Claimed, Ended
from horarium.store.verbs.tenancy import USUAL_SHARE, Share
from horarium.worker.attempts import TROUBLE_S, Attempts
from horarium.worker.figures import WorkerFigures
from horarium.worker.lanes import PARK_AFTER_MS, Lanes, failure_class
from horarium.worker.recorder import Recorder
from horarium.worker.targets import TargetCache
from horarium.worker.work import Patience, Work, cancelled, unsent, waits_until, work_of

if TYPE_CHECKING:
    from horarium.worker.tracing import Tracing

_log = structlog.get_logger(__name__)

# Runs in hand for each attempt that may be under way. What is born into a hand needs no claim: with 16 instead of 64 a
# herd of 20,000 took a fifth longer.
PREFETCH = 64
# The same where other nodes could execute what one has in hand.
SHARED_PREFETCH = 16
# A run in hand takes some 2 KB of memory, and what its target is given.
MOST_IN_HAND = 16_384
# Of inputs and audience rows: beyond it only workspaces that have little of it take more, however few runs they are.
MOST_BYTES_IN_HAND = 64 << 20
# How many times what is in hand one claim may take: a worker with empty hands begins with what it can execute at once,
# and claims the rest of a herd meanwhile.
GROWTH = 4
# What one claim takes at most: it holds SQLite's writer for some 15 us a run.
MOST_CLAIMED = 4_096
# How long a claim should keep the one writer of SQLite, for which others wait meanwhile, and the least that it takes.
CLAIM_MS = 24
LEAST_CLAIMED = 512
# Attempts that wait for an answer over the network without a place. Each holds a task and a connection.
MOST_WAITING = 4_096
# An attempt that has taken so long is marked as under way in the database. That costs little beside such an attempt.
MARK_AFTER_MS = 250
# How often attempts are looked at that could be parked, and lanes whose time may have come.
TICK_S = 0.1
# How often the lag of the event loop is looked at meanwhile.
LOOK_AT_LAG_S = 0.01
# How often a worker with nothing to begin asks other nodes for what they have not begun, and for how long they hear it.
ASK_EVERY_S = 0.5
# For how long a worker that gave runs to others claims none of their lanes, so that it does not take them back.
GIVEN_S = 1.0
# How soon to look again at runs that a target's concurrency or rate holds back.
HELD_BACK_MS = 100
# How soon where all that was left waits for targets that are only probed. A claim looks at all lanes, so it is not made
# for each batch of outcomes then.
THROTTLED_MS = 250
# For how long changes of targets and grants gather before what is in hand follows them once more, and of how many
# targets or runs it is asked at once.
FOLLOW_EVERY_S = 0.5
FOLLOWED_AT_ONCE = 1_000
# How much longer than its time limit an executor may take before the worker ends it.
OVERRUN_MS = 2_000


def next_claim(size: int, claimed: int, took_ms: float) -> int:
    """How many runs the next claim takes at most, after one of up to `size` that took so long for those it claimed."""
    if claimed < LEAST_CLAIMED:
        return size
    return min(MOST_CLAIMED, max(LEAST_CLAIMED, int(claimed * CLAIM_MS / max(took_ms, 1.0))))


def most_in_hand(concurrency: int, shared: bool) -> int:
    """How many runs a worker holds at most: under way, waiting for it, or ended and not recorded yet."""
    wanted = min(concurrency * (SHARED_PREFETCH if shared else PREFETCH), MOST_IN_HAND)
    return max(wanted, 2 * concurrency)  # a claim waits for room for as many as can be under way


def _exhausted(room: LaneRoom, claimed: Sequence[ClaimedRun]) -> Set[Id]:
    """The lanes that gave as much as they had room for: they may have left something behind."""
    given = Counter(run.target_id for run in claimed)
    return {lane for lane in {*room.bounded, *given} if given[lane] >= room.bounded.get(lane, room.others)}


async def _least_lag_ms(seconds: float) -> float:
    """Wait so long; the least time by which the event loop was late meanwhile with what was ready."""
    clock = asyncio.get_running_loop().time
    until, least = clock() + seconds, inf
    while clock() < until:
        wanted = clock() + LOOK_AT_LAG_S
        await asyncio.sleep(LOOK_AT_LAG_S)
        least = min(least, clock() - wanted)
    return max(0.0, least) * 1000


class Worker:
    """One process's worker. `concurrency`: attempts under way at once; `callback_base`: where targets answer;
    `may_work`: whether this node's lease holds; `share_of`: what a workspace gets where workspaces take turns;
    `tracing`: makes the spans of runs, None where none are traced."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        node: Id,
        executors: Mapping[str, Executor],
        vault: Vault,
        concurrency: int = 256,
        callback_base: str | None = None,
        poll_s: float = 5.0,
        may_work: Callable[[], bool] = lambda: True,
        most_waiting: int = MOST_WAITING,
        share_of: Callable[[Id], Share] = lambda _: USUAL_SHARE,
        tracing: Tracing | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._concurrency = concurrency
        self._most = most_in_hand(concurrency, store.shared)
        # The least room that is worth a claim. Lanes that have much in hand leave more room than that to others.
        self._least = max(1, min(concurrency, self._most // 16))
        self._poll_s = poll_s
        self._may_work = may_work
        self._tracing = tracing
        self._targets = TargetCache(vault)
        self._recorder = Recorder(store, clock, node, self._let_go)
        self._holding: dict[Id, Work] = {}
        # Of what the runs in hand give to their targets.
        self._bytes = 0
        self._bytes_of: Counter[Id] = Counter()
        # Of runs that have left the hand since Python looked for garbage because of them.
        self._bytes_gone = 0
        self._lanes = Lanes(concurrency, most_waiting, self._most, share_of)
        self._networked = {
            name for name, executor in executors.items() if getattr(executor, "waits_on_network", False)
        }
        self._attempts = Attempts(
            store,
            clock,
            node,
            executors,
            self._lanes,
            self._recorder,
            self._forget,
            callback_base,
            may_work,
            tracing,
        )
        self._alarm = Alarm(clock)
        self._cancellations = asyncio.Event()
        # The topics of changes that what is in hand has not followed yet.
        self._changes: set[str] = set()
        self._changed = asyncio.Event()
        self._failures = FailureLog()
        self._lane = dispatch.BEFORE_ALL
        self._claim_size = 2 * LEAST_CLAIMED
        # Whether the last claim left something behind that could be claimed with more room, and the lanes of which it
        # left something that could be claimed with more room for them.
        self._more = False
        self._short: Set[Id] = frozenset()
        # Runs that were missing at the last look for strays, with the epochs at which they are ours.
        self._missing: dict[Id, int] = {}
        self._reported = False
        # The lanes that were slow, held or late at the last look, which is made every few seconds.
        self.reports: Mapping[Id, LaneReport] = {}
        # Runs that were recorded between the last looks, the latest one last; when another node asked for runs (in
        # seconds of the event loop); and until when none of the lanes that runs were given of are claimed from.
        self._ended: deque[int] = deque([0], maxlen=round(ASK_EVERY_S / TICK_S))
        self._asked_s = -ASK_EVERY_S
        self._given: dict[Id, float] = {}
        self._closing = False
        store.listen(self._hear)

    def _hear(self, topic: str, at_ms: int) -> None:
        if topic == READY:
            self._alarm.ring(at_ms)
        elif topic == CANCELLED:
            self._cancellations.set()
        elif topic in (TARGETS, GRANTS):
            self._changes.add(topic)
            self._changed.set()
        elif topic == IDLE:
            self._asked_s = asyncio.get_running_loop().time()

    @property
    def lanes(self) -> Lanes:
        """What this worker has in hand, by target."""
        return self._lanes

    @property
    def figures(self) -> WorkerFigures:
        """What this worker has counted."""
        return self._lanes.figures

    def loops(self) -> list[asyncio.Task[None]]:
        """Start everything that a worker does, as tasks."""
        loops = (
            self._claim_loop(),
            self._cancel_loop(),
            self._follow_loop(),
            self._recorder.loop(),
            self._execute_all(),
        )
        tasks = [asyncio.create_task(loop) for loop in loops]
        if self._store.shared:
            tasks.append(asyncio.create_task(self._ask_loop()))
        return tasks

    def room(self) -> int:
        """How many more runs may be claimed. Calls that wait without a place have a bound of their own: if they counted
        here, a few slow targets would leave no room for the runs of quick ones. Where all have as many bytes in hand as
        they may, a workspace that has few goes on with as many runs as can be executed at once."""
        if self._closing or not self._may_work():
            return 0
        room = max(0, self._most + self._lanes.waiting - len(self._holding))
        return room if self._bytes < MOST_BYTES_IN_HAND else min(room, self._concurrency)

    def _is_enough(self, room: int) -> bool:
        """Whether there is room that is worth a claim: as long as what is in hand keeps everyone busy, claims are made
        in large pieces."""
        return room >= self._least or (room > 0 and self._lanes.idle())

    def lane_room(self) -> LaneRoom:
        """How many more runs of each lane may be claimed."""
        room = self._lanes.room(self.room())
        full = frozenset(
            workspace
            for workspace, own in self._bytes_of.items()
            if not may_hold(own, self._bytes, MOST_BYTES_IN_HAND)
        )
        if self._given:
            now = asyncio.get_running_loop().time()
            self._given = {lane: until for lane, until in self._given.items() if until > now}
        return LaneRoom({**room.bounded, **dict.fromkeys(self._given, 0)}, room.others, full)

    def look_again(self) -> None:
        """Find out what is still ours, and claim anew: the lease had lapsed."""
        self._cancellations.set()
        self._alarm.ring()

    async def take(self, runs: Sequence[ClaimedRun]) -> None:
        """Take runs that were claimed for this node at their birth. Those that cannot be taken are found as strays."""
        versions = self._targets.versions
        unknown = {run.target_id for run in runs if versions.get(run.target_id) != run.target_version}
        try:
            targets = await self._store.read(dispatch.read_targets, unknown) if unknown else []
        except HorariumError as error:
            _log.warning("targets_not_read", targets=len(unknown), error=str(error))
        else:
            await self._accept(Claimed(runs, targets))

    async def _accept(self, claimed: Claimed) -> None:
        if self._closing:  # they were asked for before
            with suppress(HorariumError):  # what a node holds when it has stopped is free again, too
                await self._hand_back(claimed.runs)
            return
        self._targets.learn(claimed.targets, (run.target_id for run in claimed.runs))
        taken_ms = 0 if self._tracing is None else self._clock.now_ms()
        for run in claimed.runs:
            target = self._targets.get(run.target_id)
            if target is None:  # forgotten while the run was claimed: it is found as a stray
                continue
            environment = self._targets.environment(run.environment, run.schedule_id)
            work = work_of(run, target, environment)
            earlier = self._holding.get(work.id)
            if earlier is not None:  # an attempt of ours under a lease that we lost meanwhile
                self._attempts.stop(earlier)
                self._forget(earlier)
            self._holding[work.id] = work
            self._count_bytes(work, work.size)
            work.taken_ms = taken_ms
            if run.stop:
                work.stopped = True  # so that the look for cancellations does not record it again
                self._recorder.add(cancelled(work, self._clock.now_ms()))
            else:
                self._lanes.put(work, work.target.executor in self._networked)
                if work.lane is not None:
                    work.lane.in_hand += 1

    def _let_go(self, recorded: Sequence[Ended]) -> None:
        self._ended[-1] += len(recorded)
        for ended in recorded:
            work = self._holding.get(ended.end.run_id)
            if work is not None and work.epoch == ended.epoch:
                if ended.end.state is RunState.FAILED:
                    self._tell_failure(work, ended)
                if self._tracing is not None:
                    self._tracing.recorded(work, ended, self._clock.now_ms())
                self._forget(work)
        if (self._more or self._runs_short(recorded)) and self._is_enough(self.room()):
            self._alarm.ring()

    def _runs_short(self, recorded: Sequence[Ended]) -> bool:
        """Whether a lane that left runs behind has ended something, and may have more in hand now. What ends of a
        target that is only probed makes room for nothing."""
        if not self._short:
            return False
        lanes = {ended.target_id for ended in recorded} & self._short
        return any(self._lanes.takes_more(lane) for lane in lanes)

    def _tell_failure(self, work: Work, ended: Ended) -> None:
        """Write a log line for a run that has failed."""
        run = work.run
        self._failures.failed(
            self._clock.now_ms(),
            run.id,
            run.workspace_id,
            run.target_id,
            failure=failure_class(work),
            attempt=ended.attempt,
            schedule_id=run.schedule_id,
            fire_id=run.fire_id,
            status=ended.status,
        )

    def _count_bytes(self, work: Work, size: int) -> None:
        self._bytes += size
        self._bytes_of[work.run.workspace_id] += size
        if not self._bytes_of[work.run.workspace_id]:
            del self._bytes_of[work.run.workspace_id]

    def _search_for_garbage(self, gone: int) -> None:
        """Libraries leave rings behind where a call fails: an error and the frames that it came through, with all that
        was sent. Python looks for rings by the number of new objects, and not by their bytes."""
        self._bytes_gone += gone
        if self._bytes_gone > MOST_BYTES_IN_HAND:
            self._bytes_gone = 0
            gc.collect(1)

    def _forget(self, work: Work) -> None:
        """It is not in our hands any more; the same run under a later lease may be."""
        if self._holding.get(work.id) is work:
            del self._holding[work.id]
            self._count_bytes(work, -work.size)
            self._search_for_garbage(work.size + work.target.size)
            if work.lane is not None:
                work.lane.in_hand -= 1

    async def _claim_loop(self) -> None:
        while True:
            try:
                due = await self._claim_step()
            except HorariumError as error:
                _log.warning("claim_failed", error=str(error))
                await asyncio.sleep(TROUBLE_S)
                continue
            if due is None or due > self._clock.now_ms():
                await self._alarm.wait(due, self._poll_s)

    async def _claim_step(self) -> int | None:
        """Claim what fits; the instant to look again, None where only an event or the backstop tells."""
        room = self.room()
        if not self._is_enough(room):
            self._more = True
            return None
        room = min(room, self._claim_size, max(self._concurrency, GROWTH * len(self._holding)))
        now, lane_room = self._clock.now_ms(), self.lane_room()
        claimed = await self._store.urgent(
            dispatch.claim,
            self._node,
            now,
            room,
            self._lane,
            self._targets.versions,
            lane_room=lane_room,
        )
        if not self._store.shared:
            self._claim_size = next_claim(self._claim_size, len(claimed.ids), claimed.took_ms)
        self._lane = claimed.lane
        await self._accept(claimed)
        for lane, cause in claimed.held.items():
            self._lanes.note_held(lane, cause)
        due = await self._store.read(dispatch.earliest_ready)
        left = due is not None and due <= now
        full = len(claimed.ids) >= room
        self._more = left and (full or claimed.unasked)
        self._short = _exhausted(lane_room, claimed.runs) if left else frozenset()
        if not left:
            return due
        if full:
            return due if self._is_enough(self.room()) else None
        # Held back by the limits of targets, or by what is known of them.
        held = claimed.held or self._more or any(self._lanes.takes_more(lane) for lane in self._short)
        return now + (HELD_BACK_MS if held else THROTTLED_MS)

    async def _execute_all(self) -> None:
        """Keep a taker for each place, and look after the lanes. A fault of one taker ends them all."""
        async with asyncio.TaskGroup() as takers:
            self._attempts.start(takers, self._concurrency)
            while True:
                await self._lanes.active()
                self._lanes.adapt_places(await _least_lag_ms(TICK_S))
                self._park_slow()
                self._lanes.tick()
                self.figures.settle()
                self._give_up()
                await self._give_back()
                await self._mark_begun()

    def _park_slow(self) -> None:
        """Park what has waited over the network for a while, and give each place to another taker."""
        latest = asyncio.get_running_loop().time() * 1000 - PARK_AFTER_MS
        for run in self._attempts.doing:
            work = self._holding.get(run)
            if work is None or work.parked:
                continue
            if work.began > latest:
                break
            if self._lanes.park(work):
                self._attempts.replace_taker(work.together)

    def _give_up(self) -> None:
        """Fail what has waited for a silent target as long as its attempts would have taken, unsent: so the backlog of
        a target that never answers has an end, and its schedules learn that they fail."""
        now, loop_now = self._clock.now_ms(), int(asyncio.get_running_loop().time() * 1000)
        for lane, circuit in self._lanes.silent():
            opened, since = circuit.since_ms, now - (loop_now - circuit.since_ms)

            def patience(
                work: Work, opened: int = opened, since: int = since, unreached: bool = lane.unreached
            ) -> Patience:
                known = work.patience
                if known is not None and known.opened_ms == opened:
                    if known.unreached is unreached:
                        return known
                    since = known.silent_since
                work.patience = Patience(opened, since, waits_until(work, since, unreached), unreached)
                return work.patience

            for work in self._lanes.take_overdue(lane, lambda work: patience(work).until <= now):
                work.stopped = True
                work.waited = self._lanes.waits(lane, now - work.run.ready_ms)
                self._recorder.add(unsent(work, now, patience(work).silent_since))

    async def _mark_begun(self, after_ms: int = MARK_AFTER_MS) -> None:
        """Mark the attempts that have taken a while as under way. Quick ones are over before anybody could look."""
        latest = asyncio.get_running_loop().time() * 1000 - after_ms
        begun = []
        for run in self._attempts.doing:
            work = self._holding.get(run)
            if work is None or work.marked or not work.started_ms:
                continue
            if work.began > latest:
                break
            begun.append(work)
        if not begun:
            return
        try:
            rows = [BegunRun(work.id, self._node, work.epoch, work.started_ms) for work in begun]
            await self._store.urgent(dispatch.mark_begun, rows)
        except HorariumError as error:
            _log.warning("runs_not_marked", runs=len(begun), error=str(error))  # done at the next look
        else:
            for work in begun:
                work.marked = True

    async def _give_back(self) -> None:
        """Hand back what throttled lanes have in hand and will not begin soon, because it takes the room of others; and
        what goes to nodes that have nothing to begin."""
        excess = [] if self._closing else [*self._lanes.excess(), *self._for_others()]
        if not excess:
            return
        try:
            await self._hand_back(excess)
        except HorariumError as error:
            _log.warning("runs_not_given_back", runs=len(excess), error=str(error))  # found as strays then
        for work in excess:
            self._forget(work)
        if self._more:
            self._alarm.ring()

    async def _ask_loop(self) -> None:
        """While this worker has nothing to begin, ask the other nodes for what they have in hand and not begun."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            if not self.room() or not self._lanes.idle():
                continue
            try:
                if await self._store.read(dispatch.others_hold, self._node):
                    await self._store.urgent(dispatch.ask_for_runs, self._clock.now_ms())
            except HorariumError as error:
                _log.warning("runs_not_asked_for", error=str(error))

    def _for_others(self) -> list[Work]:
        """What goes to a node that has asked a moment ago. What ends here until it could ask again is kept."""
        now, soon = asyncio.get_running_loop().time(), sum(self._ended)
        self._ended.append(0)
        if self._closing or now - self._asked_s > ASK_EVERY_S:
            return []
        self._asked_s = -ASK_EVERY_S
        spare = self._lanes.spare(soon)
        for work in spare:
            self._given[work.target.id] = now + GIVEN_S
        return spare

    async def _cancel_loop(self) -> None:
        """End attempts whose runs were cancelled, taken away or asked to stop."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._cancellations.wait()
            self._cancellations.clear()
            holding = {work.id: work.epoch for work in self._holding.values()}
            try:
                for run in await self._store.read(dispatch.stopped, self._node, holding):
                    if (work := self._holding.get(run)) is not None:
                        self._attempts.stop(work)
            except HorariumError as error:
                _log.warning("cancellations_not_read", error=str(error))

    async def _follow_loop(self) -> None:
        """Let what is in hand and not begun follow what becomes of its targets and grants: it may wait for long, and
        must not go to a target that was switched off or is shared no more, nor with secrets that were replaced."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            topics, self._changes = self._changes, set()
            try:
                if TARGETS in topics:
                    await self._follow_targets()
                if GRANTS in topics:
                    await self._follow_grants()
            except HorariumError as error:
                _log.warning("changes_not_followed", error=str(error))
                self._changes |= topics
                self._changed.set()
            await asyncio.sleep(FOLLOW_EVERY_S)

    async def _follow_targets(self) -> None:
        known = [(lane.id, lane.version) for lane in self._lanes if lane.queue]
        for first in range(0, len(known), FOLLOWED_AT_ONCE):
            some = dict(known[first : first + FOLLOWED_AT_ONCE])
            rows = await self._store.read(dispatch.changed_targets, some)
            self._targets.learn(rows, (lane for lane, _ in known))
            for row in rows:
                target = self._targets[row.id]
                self._lanes.renew(target, target.executor in self._networked)

    async def _follow_grants(self) -> None:
        works = [work for work in self._lanes.unbegun() if work.run.schedule_id is not None]
        for first in range(0, len(works), FOLLOWED_AT_ONCE):
            some = {work.id: work for work in works[first : first + FOLLOWED_AT_ONCE]}
            for run in await self._store.read(dispatch.ungranted, list(some)):
                some[run].run = some[run].run._replace(granted=False)

    async def end_overruns(self) -> bool:
        """End attempts of executors that do not keep their time limit themselves; a step for a loop.

        One look at all of them now and then: a timer for each attempt took a quarter of the worker's time.
        """
        latest = self._clock.now_ms() - OVERRUN_MS
        for run in list(self._attempts.doing):
            work = self._holding.get(run)
            if work is not None and work.started_ms and work.started_ms + work.timeout_ms < latest:
                work.overran = True
                self._attempts.stop(work)
        return False

    async def report_lanes(self) -> bool:
        """Tell others of the lanes that are slow, held or late; a step for a loop. Nothing is written where there is
        nothing to tell, and was nothing before."""
        now = self._clock.now_ms()
        self._failures.flush(now)
        reports = self.reports = self._lanes.reports(now)
        if reports or self._reported:
            await self._store.urgent(lane_verbs.report_lanes, self._node, now, reports)
            self._reported = bool(reports)
        return False

    async def find_strays(self) -> bool:
        """Hand back runs that the store believes to be ours and we do not have: the reply to a claim was lost.

        Only what is missing twice in a row, by the same claim, is a stray; a claim may be on its way.
        """
        owned = await self._store.read(dispatch.owned, self._node)
        missing = {run: epoch for run, epoch in owned if run not in self._holding}
        strays = [(run, epoch) for run, epoch in missing.items() if self._missing.get(run) == epoch]
        self._missing = missing
        if strays:
            await self._store.urgent(dispatch.hand_back, self._node, strays, self._clock.now_ms())
        return False

    async def drain(self, seconds: float) -> None:
        """Claim no more, give what is under way time to end, hand the rest back unspent."""
        self._closing = True
        unbegun = [work for work in self._lanes.unbegun() if not work.stopped]
        for work in unbegun:
            work.stopped = True
        await self._hand_back(unbegun)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._attempts.doing:
                    await asyncio.sleep(0.02)
        under_way = [self._holding[run] for run in self._attempts.doing if run in self._holding]
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 1.0)):
                await self._recorder.drained()
        await self._hand_back(under_way)

    async def _hand_back(self, runs: Sequence[Work | ClaimedRun]) -> None:
        if runs:
            held = [(run.id, run.epoch) for run in runs]
            await self._store.urgent(dispatch.hand_back, self._node, held, self._clock.now_ms())
