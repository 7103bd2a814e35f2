"""The lanes of a worker: what it has in hand and not begun, what is under way, and who goes next.

A lane holds the runs of one target. `Lanes` gives them out in fair turns, counts what each lane and each workspace has
under way, and asks the rules of `domain/` (limit, circuit, shares of places) whether one more may begin. A lane that
may not begin anything leaves the turns. It comes back when one of its attempts ends or is parked, or when `tick` finds
that its time has come.

Times are milliseconds of the event loop's clock: it never goes back, whatever happens to the database's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from math import inf

import structlog

from horarium.domain import circuit as circuits
from horarium.domain.circuit import CLOSED, MOST_PROBES, Circuit, Closed, HalfOpen, Open
from horarium.domain.execution import Outcome, TimeIsUp, Verdict
from horarium.domain.fair_turns import FairTurns
from horarium.domain.ids import Id, prefixed
from horarium.domain.lane_limit import WINDOW_ENDS, WINDOW_MS, LaneLimit, Window, adapt, restarted
from horarium.domain.lane_report import KEPT_DURATIONS, MOST_REPORTED, LaneReport, percentile
from horarium.domain.places import (
    LaneRoom,
    adapted_places,
    lane_room,
    may_begin,
    may_hold,
    may_park,
    may_wait,
    surplus,
)
from horarium.domain.waiting import Holds, WaitCause, causes_of
from horarium.store.verbs.tenancy import USUAL_SHARE, Share
from horarium.worker.figures import CANCELLED, LaneTally, WorkerFigures, outcome_class
from horarium.worker.work import RunnableTarget, Work

_log = structlog.get_logger(__name__)

# An attempt that has waited so long for an answer over the network gives its place back.
PARK_AFTER_MS = 1_000
# Bytes that templates may have made of the large runs that are under way. Libraries keep about as much again.
MOST_MADE_BYTES = 64 << 20
# What one attempt weighs in the share of slow ones, and the share above which a lane's attempts begin parked.
SLOW_WEIGHT = 1 / 16
SLOW_FROM = 0.5
# From this share on an attempt begins only if it may be parked, and below it the lane counts as quick again.
SLOW_AT_TIMES = 1 / 64
# A target that asks for a pause gets one of this length at most: it may be in error, and its runs wait meanwhile.
LONGEST_PAUSE_MS = 30_000
# Too many requests, and service unavailable.
OVERLOAD_STATUSES = (429, 503)
# How much shorter than its time limit an attempt may seem that has reached it.
CLOCK_SLACK_MS = 10
# Runs that have not begun and may be in hand of a slow target: what it may begin within the next moment.
MOST_SLOW_UNBEGUN = 256
# No release and no claim takes more runs than that at once.
MOST_AT_ONCE = 4_096
# How many lanes that found no place are tried for one that was given back.
MOST_TRIED = 8
# Fewer are not claimed for a lane that has more in hand: claims in small pieces cost as much as in large ones.
SMALLEST_PIECE = 256
# Runs that are given back at once: they hold SQLite's writer for some milliseconds.
MOST_GIVEN_BACK = 1_000
# While all that a lane with an open circuit has in hand has waited too long, it may have more in hand, up to this
# number: so a long backlog of a dead target ends soon.
MOST_OVERDUE = 256
# A target whose limit is used up by calls that hang is called once more all the same after so long, because it may
# answer again long before those calls reach their time limit; and sooner once it has answered such a call.
LOOK_AFTER_MS = 5_000
LOOK_AGAIN_MS = 500
# A lane with nothing in hand is forgotten, with what was learned about its target, after so long.
FORGET_AFTER_MS = 600_000


# The class of the failure of a run that was not sent: its target was disabled or silent, or a grant was missing.
UNSENT = "unsent"


class Sign(Enum):
    """What the end of an attempt says about its target."""

    # It answered, or failed without keeping us waiting.
    ANSWERED = "answered"
    # It refused because it is overloaded.
    OVERLOADED = "overloaded"
    TIMED_OUT = "timed out"
    # It is an engine that was waited for and not reached. For a connection there is less time than for the attempt.
    UNREACHED = "unreached"


def sign_of(outcome: Outcome, took_ms: float, timeout_ms: int) -> Sign:
    """What an outcome says about its target, given how long it took and the attempt's time limit."""
    if outcome.status in OVERLOAD_STATUSES:
        return Sign.OVERLOADED
    if (
        outcome.verdict is Verdict.FAILED
        and outcome.status is None
        and took_ms >= timeout_ms - CLOCK_SLACK_MS
    ):
        return Sign.TIMED_OUT
    if outcome.unreached and took_ms > PARK_AFTER_MS:
        return Sign.UNREACHED
    return Sign.ANSWERED


def failure_class(work: Work) -> str:
    """Of which class the failure of a run was: as its last attempt is counted, or UNSENT where it made none."""
    if work.outcome is None:
        return UNSENT
    overloaded = work.outcome.status in OVERLOAD_STATUSES
    timed_out = any((work.outcome.error or "").startswith(words) for words in TimeIsUp)
    return outcome_class(work.outcome, overloaded, timed_out)


@dataclass(slots=True, eq=False)
class WorkspaceLoad:
    """What a workspace has under way here: attempts in places (`busy`) and parked ones (`waiting`), and the bytes that
    were made of large ones for their targets (`made`); and its share."""

    id: Id
    share: Share
    busy: int = 0
    waiting: int = 0
    made: int = 0


@dataclass(slots=True, eq=False)
class Lane:
    """One target's runs in this worker, and what is known of the target.

    `queue`: in hand and not begun; `in_hand`: everything until its outcome is recorded. `busy`: attempts in places;
    `waiting`: parked ones; `probes`: those of both that were sent while the circuit was not closed, or beyond the limit
    to see whether the target answers. `quick_at`: when it last answered before a call was parked. `slow`: the share
    of recent attempts that took longer than PARK_AFTER_MS. `networked`: whether its executor only waits for an answer
    over the network, so that its attempts may be parked and its latency tells something about the target.
    `answered_at`: when the target last answered, 0 where it has not since the worker has its lane. `overdue`: how many
    runs the lane takes in hand besides, because those before them have waited too long for its circuit. `unreached`:
    whether the last call that was waited for in vain has reached nobody, so that its run goes on being tried.
    `holds`: what held its runs lately. `took`: how long its latest attempts took. `tally`: where its attempts are
    counted, those of earlier windows; those since then are `ends`.
    """

    id: Id
    workspace: WorkspaceLoad
    name: str
    version: int
    networked: bool
    answered_at: float = 0.0
    quick_at: float = -inf
    queue: deque[Work] = field(default_factory=deque)
    busy: int = 0
    waiting: int = 0
    probes: int = 0
    slow: float = 0.0
    overdue: int = 0
    in_turns: bool = False
    in_hand: int = 0
    limit: LaneLimit = field(default_factory=LaneLimit)
    circuit: Circuit = CLOSED
    unreached: bool = False
    paused_until: float = 0.0
    used_at: float = 0.0
    window_at: float = 0.0
    busiest: int = 0
    ends: int = 0
    lost: int = 0
    answered: int = 0
    latency_ms: float = 0.0
    holds: Holds = field(default_factory=Holds)
    took: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_DURATIONS))
    tally: LaneTally = field(default_factory=LaneTally)

    @property
    def under_way(self) -> int:
        return self.busy + self.waiting

    @property
    def begins_parked(self) -> bool:
        """Whether most attempts wait so long that they are parked from the start. Only networked lanes become slow."""
        return self.slow > SLOW_FROM

    def most_unbegun(self) -> int | None:
        """How many runs that have not begun the lane may have in hand; None where it is not throttled."""
        if not isinstance(self.circuit, Closed):
            return MOST_PROBES + self.overdue
        if self.begins_parked:
            return min(self.limit.calls, MOST_SLOW_UNBEGUN)
        return None

    def may_send(self, now: float) -> bool:
        """Whether the target may be called once more, by what is known of it."""
        if now < self.paused_until:
            return False
        if not isinstance(self.circuit, Closed):
            return circuits.may_send(self.circuit, int(now), self.probes)
        return not self.networked or self.busy + self.waiting < self.limit.value or self.may_look(now)

    def may_look(self, now: float) -> bool:
        """Whether the target is called once more although its limit is used up, to see whether it answers again."""
        if not self.waiting or self.probes >= MOST_PROBES:
            return False
        # Sooner where the last one was answered: otherwise all of them might hang, with none left for the time after.
        answered = self.quick_at >= self.used_at
        return now - self.used_at >= (LOOK_AGAIN_MS if answered else LOOK_AFTER_MS)

    def held_by(self, now: float) -> WaitCause | None:
        """What keeps the lane from calling its target now, as far as the target is the reason."""
        if not isinstance(self.circuit, Closed):
            return WaitCause.CIRCUIT
        if now < self.paused_until:
            return WaitCause.PAUSE
        if self.queue and not self.may_send(now):
            return WaitCause.LIMIT
        return None

    def learn(self, now: float) -> None:
        """End the window, where it is full or its time is over, and adapt the limit."""
        if self.ends < WINDOW_ENDS and now - self.window_at < WINDOW_MS:
            return
        if isinstance(self.circuit, Closed):
            latency = self.latency_ms / self.answered if self.answered else None
            self.limit = adapt(self.limit, Window(self.busiest, self.ends, self.lost, latency))
        self.window_at, self.busiest = now, self.under_way
        self.tally.ended += self.ends
        self.ends = self.lost = self.answered = 0
        self.latency_ms = 0.0


class Lanes:
    """All lanes of a worker. `places`: attempts that may be under way and not parked; `most_waiting`: parked ones;
    `most_in_hand`: runs that the worker may have in all. `share_of`: what a workspace gets.

    Any number of takers ask `get`; each run wakes one of them.
    """

    def __init__(
        self,
        places: int,
        most_waiting: int,
        most_in_hand: int,
        share_of: Callable[[Id], Share] = lambda _: USUAL_SHARE,
    ) -> None:
        self.places = self.most_places = places
        self.most_waiting, self.most_in_hand = most_waiting, most_in_hand
        self.figures = WorkerFigures()
        self._share_of = share_of
        self.busy = self.waiting = self.queued = self.made = 0
        self._lanes: dict[Id, Lane] = {}
        self._workspaces: dict[Id, WorkspaceLoad] = {}
        self._turns: FairTurns[WorkspaceLoad, Lane] = FairTurns()
        self._crowded: dict[Lane, None] = {}
        self._idle: deque[asyncio.Future[None]] = deque()
        # Whether `wake` has woken a taker that has not looked yet.
        self._woken = False
        self._something = asyncio.Event()
        self._time: Callable[[], float] | None = None

    def __len__(self) -> int:
        return self.queued

    async def active(self) -> None:
        """Until something is in hand or under way, which is when `tick`, parking and marking have work to do."""
        if not (self.queued or self.busy or self.waiting):
            self._something.clear()
            await self._something.wait()

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def unbegun(self) -> Iterator[Work]:
        """Everything in hand that has not begun."""
        for lane in self._lanes.values():
            yield from lane.queue

    def put(self, work: Work, networked: bool) -> None:
        """Take a run into its lane."""
        lane = self._lanes.get(work.target.id)
        if lane is None or lane.version != work.target.version:
            lane = self._known(work, networked, lane)
        lane.queue.append(work)
        work.lane = lane
        if not self.queued:
            self._something.set()
        self.queued += 1
        if lane.in_turns:
            if self._idle:
                self._wake_one()
        elif len(lane.queue) == 1:
            self._rejoin(lane, self._now())

    def renew(self, target: RunnableTarget, networked: bool) -> None:
        """A target was changed: what its lane has in hand and not begun goes to it as it is now."""
        lane = self._lanes.get(target.id)
        if lane is not None and lane.queue and lane.version < target.version:
            lane.queue[0].target = target
            self._rejoin(self._known(lane.queue[0], networked, lane), self._now())

    def _known(self, work: Work, networked: bool, lane: Lane | None) -> Lane:
        """A new lane, or one whose target was changed: what has not begun goes to it as it is now, and nothing that was
        learned of it holds any more."""
        owner = work.run.workspace_id
        workspace = self._workspaces.get(owner)
        if workspace is None:
            workspace = self._workspaces[owner] = WorkspaceLoad(owner, self._share_of(owner))
        if lane is None:
            lane = Lane(work.target.id, workspace, work.target.name, work.target.version, networked)
            lane.window_at = self._now()
            lane.tally = self.figures.tally_of(lane.id, owner)
            self._lanes[lane.id] = lane
            return lane
        for older in lane.queue:
            older.target = work.target
        lane.name, lane.version, lane.networked = work.target.name, work.target.version, networked
        lane.limit, lane.circuit, lane.slow, lane.paused_until = LaneLimit(), CLOSED, 0.0, 0.0
        lane.answered_at, lane.quick_at = 0.0, -inf
        return lane

    async def get(self) -> Work:
        """The next run that may begin, which is counted as begun; waits for one."""
        while True:
            work = self.next_or_none()
            if work is not None:
                if self._turns:
                    self._wake_one()
                return work
            taker = asyncio.get_running_loop().create_future()
            self._idle.append(taker)
            try:
                await taker
            except asyncio.CancelledError:
                if taker.done() and not taker.cancelled():  # woken and cancelled at once: another may take it
                    self._wake_one()
                raise
            finally:
                self._woken = False

    def more(self, alike: Callable[[Work], bool], most: int) -> Iterator[Work]:
        """Up to `most` further runs that may begin now, as long as the one whose turn it is is like those before it."""
        while most and (work := self.next_or_none(alike)) is not None:
            yield work
            most -= 1

    def wake(self) -> None:
        """Have somebody take what may begin: a place is free that nobody has who looks for the next run. Many of these
        at once wake one taker, which wakes the next where it leaves something."""
        if self._turns and self._idle and not self._woken:
            self._woken = self._wake_one()

    def next_or_none(self, alike: Callable[[Work], bool] | None = None) -> Work | None:
        """The next run that may begin, which is counted as begun; None where there is none now, or where it is not
        `alike`."""
        turns = self._turns
        while turns:
            lane = turns.head()[1]
            queue = lane.queue
            while queue and queue[0].stopped:
                queue.popleft()
                self.queued -= 1
            if not queue:
                self._leave(lane)
            elif not self._finds_place(lane):
                self._leave(lane)
                if not lane.begins_parked:  # others look again at each `tick`
                    self._crowded[lane] = None
            elif alike is not None and not alike(queue[0]):
                return None
            else:
                turns.charge()
                self.queued -= 1
                return self._begin(lane, queue.popleft())
        return None

    def _finds_place(self, lane: Lane) -> bool:
        workspace = lane.workspace
        share = workspace.share
        if workspace.busy + workspace.waiting >= share.concurrency:
            return False
        full = workspace.made and not may_hold(workspace.made, self.made, MOST_MADE_BYTES)
        if full and lane.queue and lane.queue[0].may_make_much:
            return False
        if self.busy * 2 < self.places and not lane.slow:
            return True  # what may_begin says while more than half is free
        if lane.slow:  # only networked lanes become slow
            free = self.most_waiting - self.waiting
            if not may_wait(lane.waiting, workspace.waiting, free, share.weight):
                return False
            if lane.begins_parked:
                return True
        free = self.places - self.busy
        return may_begin(lane.busy, workspace.busy, free, self.places, share.weight)

    def _begin(self, lane: Lane, work: Work) -> Work:
        work.began = lane.used_at = now = self._now()
        if work.may_make_much:
            work.made = work.makes()
            lane.workspace.made += work.made
            self.made += work.made
        if lane.begins_parked:
            work.parked = True
            lane.waiting += 1
            lane.workspace.waiting += 1
            self.waiting += 1
        else:
            lane.busy += 1
            lane.workspace.busy += 1
            self.busy += 1
        if lane.circuit is not CLOSED and not isinstance(lane.circuit, Closed):
            lane.circuit = circuits.sent(lane.circuit, int(now))
            lane.probes += 1
            work.probes = True
        under_way = lane.busy + lane.waiting
        if lane.networked and under_way >= lane.limit.value + 1 and not work.probes:
            lane.probes += 1
            work.probes = True
        if under_way > lane.busiest:
            lane.busiest = under_way
        if not lane.queue or not lane.may_send(now):
            self._leave(lane)
        return work

    def park(self, work: Work) -> bool:
        """Let an attempt that is under way wait without a place; False where it may not."""
        lane = work.lane
        if lane is None or work.parked or not lane.networked:
            return False
        workspace = lane.workspace
        if not may_park(workspace.waiting, self.most_waiting - self.waiting, workspace.share.weight):
            return False
        work.parked = True
        lane.busy -= 1
        workspace.busy -= 1
        self.busy -= 1
        lane.waiting += 1
        workspace.waiting += 1
        self.waiting += 1
        work.slow = True
        lane.slow += (1.0 - lane.slow) * SLOW_WEIGHT
        self._rejoin(lane, self._now())
        return True

    def end(self, work: Work) -> None:
        """An attempt is over: its place is free, and its outcome tells something about its target."""
        lane = work.lane
        if lane is None or not work.began:
            return
        now, parked = self._now(), work.parked
        if parked:
            lane.waiting -= 1
            lane.workspace.waiting -= 1
            self.waiting -= 1
        else:
            lane.busy -= 1
            lane.workspace.busy -= 1
            self.busy -= 1
        made, work.made = work.made, 0
        lane.workspace.made -= made
        self.made -= made
        if work.probes:
            lane.probes -= 1
        if work.outcome is not None:
            self._hear(lane, work, work.outcome, now)
        elif work.stopped:
            lane.tally.others[CANCELLED] += 1
        work.began = 0.0
        if lane.ends >= WINDOW_ENDS or now - lane.window_at >= WINDOW_MS:
            lane.learn(now)
        if lane not in self._crowded:
            self._rejoin(lane, now, wake=parked)  # who ends one in a place asks for the next one itself
        if made or not parked:
            self._make_room(now)

    def _hear(self, lane: Lane, work: Work, outcome: Outcome, now: float) -> None:
        """Learn from the outcome of an attempt."""
        took = now - work.began
        lane.ends += 1
        lane.took.append(took)
        self.figures.took.add(took)
        if (
            outcome.verdict is Verdict.SUCCEEDED
            and lane.circuit is CLOSED
            and not lane.slow
            and took < PARK_AFTER_MS
        ):
            lane.answered_at = lane.quick_at = now
            lane.answered += 1  # nearly always, and all that the rest would do
            lane.latency_ms += took
            return
        sign = sign_of(outcome, took, work.timeout_ms)
        if outcome.verdict is not Verdict.SUCCEEDED:
            found = outcome_class(outcome, sign is Sign.OVERLOADED, sign is Sign.TIMED_OUT)
            lane.tally.others[found] += 1
        slow = took > PARK_AFTER_MS
        if (slow or lane.slow) and not work.slow and lane.networked:
            # What was parked on its way was counted then.
            lane.slow += (slow - lane.slow) * SLOW_WEIGHT
            if lane.slow < SLOW_AT_TIMES:
                lane.slow = 0.0
        if sign in (Sign.TIMED_OUT, Sign.UNREACHED):
            lane.lost += 1
            lane.unreached = outcome.unreached
            self._note_silence(lane, work, now)
            return
        lane.answered_at = now
        if sign is Sign.OVERLOADED:
            lane.lost += 1
            if outcome.retry_after_ms:
                pause = min(outcome.retry_after_ms, LONGEST_PAUSE_MS)
                lane.paused_until = max(lane.paused_until, now + pause)
                self._leave(lane)
        else:
            lane.answered += 1
            lane.latency_ms += took
            if took < PARK_AFTER_MS:
                lane.quick_at = now
        if lane.circuit is not CLOSED:
            self._note_life(lane, now)

    def _note_silence(self, lane: Lane, work: Work, now: float) -> None:
        before = lane.circuit
        lane.circuit = circuits.timed_out(before, int(now), int(work.began), int(lane.answered_at))
        if not isinstance(lane.circuit, Closed):
            self._leave(lane)
        if isinstance(lane.circuit, Open) and isinstance(before, Closed):
            _log.warning(
                "circuit_opened", **_named(lane), timeout_ms=work.timeout_ms, runs_in_hand=len(lane.queue)
            )

    def _note_life(self, lane: Lane, now: float) -> None:
        before = lane.circuit
        lane.circuit = circuits.answered(before)
        if isinstance(lane.circuit, Closed) and not isinstance(before, Closed):
            lane.limit = restarted(lane.limit)
            lane.overdue = 0
            _log.info("circuit_closed", **_named(lane), was_open_s=round((now - before.since_ms) / 1000, 1))

    def room(self, room: int) -> LaneRoom:
        """How many more runs of each lane may be taken in hand; `room` is how many more the worker could take."""
        bounded = {}
        for lane in self._lanes.values():
            if lane.in_hand:
                most = lane.most_unbegun()
                in_hand = lane.in_hand - lane.waiting
                more = lane_room(in_hand, room, self.most_in_hand, lane.answered_at > 0)
                if most is not None:
                    more = min(more, most - len(lane.queue))
                elif more < SMALLEST_PIECE < in_hand:
                    more = 0
                if more < MOST_AT_ONCE:
                    bounded[lane.id] = max(0, more)
        return LaneRoom(bounded, min(MOST_AT_ONCE, lane_room(0, room, self.most_in_hand, False)))

    def takes_more(self, lane_id: Id) -> bool:
        """Whether what ends of a lane makes room for more of it: it does not while its target is only probed."""
        lane = self._lanes.get(lane_id)
        return lane is None or isinstance(lane.circuit, Closed)

    def excess(self) -> list[Work]:
        """Runs that have not begun and are more than their throttled lanes may have in hand, taken out of the lanes;
        those go that came last. Some at a time, and none for a few: what is given back is claimed again later."""
        out: list[Work] = []
        for lane in self._lanes.values():
            most = lane.most_unbegun()
            if most is not None and len(lane.queue) > 2 * most:
                while len(lane.queue) > most and len(out) < MOST_GIVEN_BACK:
                    work = lane.queue.pop()
                    self.queued -= 1
                    if not work.stopped:
                        out.append(work)
        return out

    def idle(self) -> bool:
        """Whether half of the places are free and no run waits for its turn but those of throttled lanes."""
        return self.busy * 2 < self.places and not any(lane.queue for lane in self._quick())

    def spare(self, soon: int) -> list[Work]:
        """Runs for nodes that have nothing to begin, taken out of the lanes: of each lane the same part, and those that
        came last. `soon`: how many runs will begin here before others could take them."""
        lanes = [lane for lane in self._quick() if lane.queue]
        unbegun = sum(len(lane.queue) for lane in lanes)
        given, out = surplus(unbegun, soon), []
        passed = taken = 0
        for lane in lanes:
            passed += len(lane.queue)
            # Reckoned over all lanes so far: a part of each, rounded down, is nothing where each has one run.
            for _ in range(passed * given // unbegun - taken):
                taken += 1
                work = lane.queue.pop()
                self.queued -= 1
                if not work.stopped:
                    out.append(work)
        return out

    def _quick(self) -> Iterator[Lane]:
        """The lanes that nothing holds back but their limit and the places. What another node could begin of the others
        would trouble a target that is in trouble already."""
        now = self._now()
        for lane in self._lanes.values():
            if lane.paused_until <= now and lane.most_unbegun() is None:
                yield lane

    def silent(self) -> Iterator[tuple[Lane, Open | HalfOpen]]:
        """The lanes with runs to begin whose target has not answered, each with its circuit."""
        for lane in self._lanes.values():
            if lane.queue and not isinstance(lane.circuit, Closed):
                yield lane, lane.circuit

    def take_overdue(self, lane: Lane, overdue: Callable[[Work], bool]) -> list[Work]:
        """Take the runs out of a lane that have waited too long for its circuit. Where that is everything, the lane may
        have more in hand, because what comes behind has probably waited too long as well."""
        out = [work for work in lane.queue if not work.stopped and overdue(work)]
        if not out:
            lane.overdue = 0
            return out
        gone = set(map(id, out))
        left = deque(work for work in lane.queue if id(work) not in gone)
        lane.overdue = 0 if left else min(MOST_OVERDUE, 2 * (lane.overdue + MOST_PROBES))
        lane.queue = left
        self.queued -= len(out)
        if not left:
            self._leave(lane)
            self._crowded.pop(lane, None)
        return out

    def note_held(self, lane_id: Id, cause: WaitCause) -> None:
        """The limits of a target itself have left runs in the queue."""
        lane = self._lanes.get(lane_id)
        if lane is not None:
            lane.holds.note(cause, self._now())

    def waits(self, lane: Lane, waited_ms: int) -> dict[WaitCause, int]:
        """What a wait consisted of that ends now and took `waited_ms`: milliseconds by cause."""
        now = self._now()
        return causes_of(lane.holds.periods, now - waited_ms, now)

    def reports(self, now_ms: int) -> dict[Id, LaneReport]:
        """The lanes that are not plain, those first whose runs have waited longest. `now_ms`: since the epoch."""
        now = self._now()
        every = {lane.id: self._report(lane, now, now_ms) for lane in self._lanes.values()}
        found = [(lane, report) for lane, report in every.items() if not report.is_plain(now_ms)]
        found.sort(key=lambda item: item[1].oldest_ms or now_ms)
        return dict(found[:MOST_REPORTED])

    def _report(self, lane: Lane, now: float, now_ms: int) -> LaneReport:
        held = lane.held_by(now)
        since = None
        if held is not None:
            last = lane.holds.periods[-1] if lane.holds.periods else None
            begun = last.from_ms if last is not None and last.cause is held else now
            if isinstance(lane.circuit, (Open, HalfOpen)):
                begun = lane.circuit.since_ms
            since = now_ms - round(now - begun)
        unbegun = [work.run.ready_ms for work in lane.queue if not work.stopped]
        return LaneReport(
            limit=lane.limit.calls if isinstance(lane.circuit, Closed) else MOST_PROBES,
            under_way=lane.under_way,
            parked=lane.waiting,
            waiting=len(unbegun),
            oldest_ms=min(unbegun, default=None),
            p50_ms=percentile(lane.took, 0.5),
            p99_ms=percentile(lane.took, 0.99),
            held_by=held,
            held_since_ms=since,
        )

    def adapt_places(self, lag_ms: float) -> None:
        """Have as many attempts under way as keep the event loop busy. `lag_ms`: the least lag of the loop lately."""
        self.places = adapted_places(self.places, self.most_places, lag_ms)

    def tick(self) -> None:
        """Bring back the lanes whose time has come: a probe is due, a pause is over, a limit or a share has grown. And
        note what holds them."""
        now = self._now()
        for workspace in self._workspaces.values():
            workspace.share = self._share_of(workspace.id)
        for lane in list(self._lanes.values()):
            if lane.queue or lane.busy or lane.waiting or lane.in_hand:
                lane.learn(now)
                lane.holds.note(lane.held_by(now), now)
                if self._finds_place(lane):
                    self._rejoin(lane, now)
            elif now - lane.used_at > FORGET_AFTER_MS and now - lane.window_at > FORGET_AFTER_MS:
                self._forget(lane)

    def _forget(self, lane: Lane) -> None:
        """Forget an idle lane, and its workspace with the last one."""
        del self._lanes[lane.id]
        self.figures.forget(lane.id, lane.ends)
        if all(other.workspace is not lane.workspace for other in self._lanes.values()):
            del self._workspaces[lane.workspace.id]

    def _rejoin(self, lane: Lane, now: float, wake: bool = True) -> None:
        """Give a lane its turns back, where it may begin something."""
        if lane.queue and not lane.in_turns and lane.may_send(now):
            lane.in_turns = True
            self._crowded.pop(lane, None)
            self._turns.join(lane.workspace, lane, lane.workspace.share.weight)
            if wake:
                self._wake_one()

    def _leave(self, lane: Lane) -> None:
        lane.in_turns = False
        self._turns.leave(lane.workspace, lane)

    def _make_room(self, now: float) -> None:
        """A place is free again: of the lanes that found none, the first that may have it comes back."""
        for _ in range(min(MOST_TRIED, len(self._crowded))):
            lane = next(iter(self._crowded))
            del self._crowded[lane]
            if lane.queue and lane.may_send(now):
                if self._finds_place(lane):
                    self._rejoin(lane, now, wake=False)
                    return
                self._crowded[lane] = None

    def _now(self) -> float:
        time = self._time
        if time is None:  # asked for once: it costs as much as the rest of a turn
            time = self._time = asyncio.get_running_loop().time
        return time() * 1000

    def _wake_one(self) -> bool:
        """Wake the taker that has waited longest; False where none waits."""
        while self._idle:
            taker = self._idle.popleft()
            if not taker.done():
                taker.set_result(None)
                return True
        return False


def _named(lane: Lane) -> dict[str, str]:
    return {
        "workspace": prefixed("ws", lane.workspace.id),
        "target": prefixed("tgt", lane.id),
        "name": lane.name,
    }
