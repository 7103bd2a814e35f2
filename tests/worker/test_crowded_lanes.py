"""Crowds of lanes in virtual time: what each gets."""

import heapq
from collections import defaultdict, deque
from itertools import count
from types import MappingProxyType

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.store.verbs.tenancy import USUAL_SHARE, Share
from horarium.worker.lanes import PARK_AFTER_MS, Lanes
from tests.worker import test_lanes

PLACES, MOST_WAITING, MOST_IN_HAND = 256, 4_096, 16_384
TIMEOUT_MS = 10_000
TICK_MS = 100
BATCH = 1_000
GOOD = Outcome(Verdict.SUCCEEDED, status=200)
SILENT = Outcome(Verdict.FAILED, error="no answer")


class Crowd:
    """A worker without tasks: runs that are due wait in a queue by lane, are taken in hand where the lanes have room,
    begin as the lanes say, and end after what their target takes. Times are milliseconds."""

    def __init__(self, monkeypatch, shares=MappingProxyType({})):
        self.now = 1_000.0
        share_of = lambda workspace: shares.get(workspace, USUAL_SHARE)  # noqa: E731
        self.lanes = Lanes(PLACES, MOST_WAITING, MOST_IN_HAND, share_of)
        monkeypatch.setattr(Lanes, "_now", lambda lanes: self.now)
        self.queued = defaultdict(deque)
        self.waits = defaultdict(list)
        self._doing = {}
        self._events, self._order = [], count()

    def due(self, lane, takes_ms, runs=1, workspace="w"):
        """Runs of a lane; `takes_ms` None: its target never answers."""
        for _ in range(runs):
            self.queued[lane].append(self._run(lane, takes_ms, workspace))

    def _run(self, lane, takes_ms, workspace):
        made = test_lanes.work(lane, next(self._order), workspace)
        made.id, made.timeout_ms = made.number, TIMEOUT_MS
        made.takes_ms, made.due = takes_ms, self.now
        return made

    def at(self, ms, what):
        heapq.heappush(self._events, (ms, next(self._order), what))

    def until(self, ms):
        next_tick = self.now
        while self.now < ms:
            self._take()
            self._begin()
            self.now = min([next_tick + TICK_MS, ms, *(event[0] for event in self._events[:1])])
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
                self._begin()
            if self.now >= next_tick + TICK_MS:
                next_tick = self.now
                self._tick()

    def _take(self):
        """Take runs in hand, in batches: between them the lanes are asked anew."""
        lanes = iter([*self.queued.items()])
        lane, runs = next(lanes)
        while lane is not None:
            room = MOST_IN_HAND - sum(lane.in_hand for lane in self.lanes)
            bounds, batch = self.lanes.room(room), min(room, BATCH)
            while lane is not None and batch:
                more = min(len(runs), batch, bounds.of(lane.encode(), b""))
                for work in (runs.popleft() for _ in range(more)):
                    self.lanes.put(work, True)
                    work.lane.in_hand += 1
                batch -= more
                if batch:
                    lane, runs = next(lanes, (None, None))
            if not room:
                break

    def _begin(self):
        while (work := self.lanes.next_or_none()) is not None:
            self.waits[work.target.name].append(self.now - work.due)
            self._doing[work.id] = work
            self.at(self.now + (work.takes_ms or TIMEOUT_MS), lambda work=work: self._end(work))

    def _end(self, work):
        del self._doing[work.id]
        work.outcome = GOOD if work.takes_ms else SILENT
        work.lane.in_hand -= 1
        self.lanes.end(work)

    def _tick(self):
        for work in list(self._doing.values()):
            if not work.parked and work.began <= self.now - PARK_AFTER_MS:
                self.lanes.park(work)
        self.lanes.tick()
        for work in self.lanes.excess():
            work.lane.in_hand -= 1
            self.queued[work.target.name].appendleft(work)


@pytest.mark.parametrize(("dead", "workspace"), [(20, "w"), (150, "other")])
def test_targets_that_never_answer_leave_places_to_quick_ones(monkeypatch, dead, workspace):
    crowd, seconds = Crowd(monkeypatch), 14
    for n in range(dead):
        crowd.due(f"dead{n}", None, 40_000 // dead, workspace)
    for second in range(1, seconds + 1):
        for n in range(180):
            crowd.due(f"good{n}", 5)
        crowd.until(1_000.0 + 1_000 * second)
    waits = sorted(wait for n in range(180) for wait in crowd.waits[f"good{n}"])
    assert len(waits) == 180 * seconds
    assert waits[-1] <= 100


def test_a_slow_target_gets_hundreds_of_calls_within_seconds(monkeypatch):
    crowd = Crowd(monkeypatch)
    crowd.due("model", 9_000, 300)
    crowd.until(11_000.0)
    assert len(crowd.waits["model"]) == 300


def test_a_herd_for_an_unknown_target_is_taken_in_hand_as_soon_as_it_has_answered(monkeypatch):
    crowd = Crowd(monkeypatch)
    crowd.due("herd", 5, 20_000)
    crowd.until(1_010.0)
    assert crowd.lanes.queued > MOST_IN_HAND / 2


def test_workspaces_with_full_queues_begin_runs_by_their_weights(monkeypatch):
    crowd = Crowd(monkeypatch, {b"heavy": Share(weight=3.0)})
    for workspace in ("light", "heavy"):
        crowd.due(workspace, 20, 60_000, workspace)
    crowd.until(6_000.0)
    assert crowd.queued["heavy"]
    begun = {lane: len(waits) for lane, waits in crowd.waits.items()}
    assert begun["heavy"] / sum(begun.values()) == pytest.approx(0.75, abs=0.0375)


def test_a_workspace_has_no_more_under_way_than_its_quota(monkeypatch):
    crowd = Crowd(monkeypatch, {b"w": Share(concurrency=7)})
    for n in range(3):
        crowd.due(f"lane{n}", 100, 20)
    crowd.until(1_050.0)
    assert crowd.lanes.busy == 7
    crowd.until(3_000.0)
    assert sum(map(len, crowd.waits.values())) == 60
