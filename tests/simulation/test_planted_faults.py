"""The checker is worth what it catches: faults planted in the code of the engine, each found within a few seeds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from random import Random
from unittest.mock import patch

import pytest

from horarium.domain import plan as plan_module
from horarium.domain.fire import SpanReason
from horarium.domain.ids import fire_id
from horarium.domain.overlap import Decision
from horarium.domain.plan import Passed, Plan, plan
from horarium.domain.schedule import Policies
from horarium.engine.clock import DatabaseClock
from horarium.store.base import DUE, FANOUT, READY
from horarium.store.sqlite.transaction import SqliteTx
from horarium.store.statements import Statement, load
from horarium.store.verbs import dispatch, release, release_rows, situations
from horarium.worker.attempts import Attempts
from horarium.worker.lanes import Lanes
from horarium.worker.worker import Worker
from tests.simulation.run import play
from tests.simulation.script import Event, Script, script_for
from tests.simulation.silences import with_silences

SEEDS = range(1, 26)
"""Each planted fault must be found by one of these."""


def caught(check: str, scripts: Iterator[Script]) -> bool:
    """Whether a named check speaks for one of the scripts."""
    return any(words.startswith(check) for script in scripts for words in play(script).found)


def some_scripts(first: int = 1) -> Iterator[Script]:
    """The scripts of all seeds. The first of them is one that is known to find a fault which most do not find."""
    return (script_for(seed) for seed in (first, *(seed for seed in SEEDS if seed != first)))


def with_restores() -> Iterator[Script]:
    """Scripts in which the database is put back to an earlier state, as from a backup."""
    for script in some_scripts():
        events = [event for event in script.events if not event.kind.startswith("fault")]
        half = script.profile.duration / 2
        events += [Event(half, "fault_snapshot"), Event(half + 30.0, "fault_restore", {"down": 2.0})]
        yield replace(script, events=tuple(sorted(events, key=lambda event: event.at)))


def with_long_freezes() -> Iterator[Script]:
    """Scripts with two nodes, of which one freezes at its work for longer than its lease lasts."""
    for script in some_scripts():
        profile = replace(script.profile, nodes=2, alone=False, lease=6.0, calm=False, poll=1.0)
        events = [event for event in script.events if not event.kind.startswith("fault")]
        for at in range(10, 80, 4):
            args = {"node": at // 4 % 2, "point": "answer", "verb": None, "what": "freeze", "down": 12.0}
            events.append(Event(float(at), "fault_armed", args))
        yield replace(script, profile=profile, events=tuple(sorted(events, key=lambda event: event.at)))


def with_exact_clocks() -> Iterator[Script]:
    """Scripts whose nodes know the database's time to the millisecond: its answers take no time on the way."""
    for script in some_scripts():
        yield replace(script, profile=replace(script.profile, exact_clocks=True, latency=0.0))


def with_silent_targets(first: int = 1) -> Iterator[Script]:
    """Scripts in which nothing is wrong but targets that fall silent for a while."""
    for script in some_scripts(first):
        events = tuple(event for event in script.events if event.kind == "create")
        profile = replace(script.profile, lost=0.0, twice=0.0, delay=0.0, latency=0.0, concurrency=4)
        yield with_silences(replace(script, events=events, profile=profile), Random(script.seed))


def with_stops() -> Iterator[Script]:
    """The same with targets that think about each call, and a node that is stopped and started again."""
    for script in with_silent_targets():
        targets = tuple(replace(one, behaviour={"long": 1}, timeout_s=90.0) for one in script.targets)
        stops = [Event(at, "fault_stop", {"node": 0, "down": 0.5}) for at in (40.0, 110.0)]
        events = [event for event in script.events if event.kind == "create"] + stops
        yield replace(script, targets=targets, events=tuple(sorted(events, key=lambda event: event.at)))


def without_polls() -> Iterator[Script]:
    """Scripts in which nothing is wrong and no node ever looks for work without having been woken."""
    return (script for script in map(script_for, range(1, 40)) if script.profile.calm)


@contextmanager
def altered(name: str, change: Callable[[Statement], Statement]) -> Iterator[None]:
    """A named statement put in place of the real one."""
    statements = load("sqlite")
    changed = change(statements[name])
    assert changed.sql != statements[name].sql, "nothing is planted"
    with patch.dict(statements, {name: changed}):
        yield


@contextmanager
def shifting_ids() -> Iterator[None]:
    """Ids of fires that are new each time: the constraint on (schedule, kind, slot, request) refuses nothing."""

    def shifting(*given: object) -> bytes:
        return fire_id(*given)[:9] + os.urandom(7)  # type: ignore[arg-type]

    with patch.object(release, "fire_id", shifting), patch.object(release_rows, "fire_id", shifting):
        yield


@pytest.mark.long
def test_nothing_is_found_where_nothing_is_planted():
    for scripts in (some_scripts(), with_restores(), with_long_freezes(), with_exact_clocks()):
        for script in scripts:
            assert play(script).found == [], script.seed
    for scripts in (with_silent_targets(), with_stops(), without_polls()):
        for script in islice(scripts, 5):
            assert play(script).found == [], script.seed


@pytest.mark.parametrize("topic", [DUE, READY, FANOUT])
def test_it_sees_a_wake_up_that_is_forgotten(topic):
    real = SqliteTx.announce

    def others(tx: SqliteTx, announced: str, at_ms: int) -> None:
        if announced != topic:
            real(tx, announced, at_ms)

    with patch.object(SqliteTx, "announce", others):
        assert any(play(script).found for script in without_polls())


def test_it_sees_a_slot_that_fires_twice_once_uniqueness_is_gone():
    with shifting_ids():
        assert caught("fired_once_3", with_restores())


def test_it_sees_a_second_fire_of_a_slot_that_the_constraint_would_have_refused():
    """Two nodes that released from one reading: the unique id stops the second, until it shifts."""
    real = release._release

    async def twice(tx, due, batch, careful):
        rows = await tx.rows("due_schedules", now=batch.now, limit=1_000)
        before = [*map(release.DueCursor._make, rows)]
        done = await real(tx, due, batch, careful)
        if before and len(before) == len(due):
            again = release_rows.Batch(batch.now, None, 0)
            await real(tx, before, again, True)
        return done

    with patch.object(release, "_release", twice), shifting_ids():
        assert caught("fired_once_3", some_scripts())


def test_it_sees_a_fire_one_millisecond_early():
    """A node's clock that runs one millisecond ahead of the database's, and is sure of itself."""
    real = DatabaseClock.follow

    def ahead(clock: DatabaseClock, database_ms: int, monotonic_ms: int, uncertain_ms: int = 0) -> int:
        return real(clock, database_ms + 1, monotonic_ms)

    with patch.object(DatabaseClock, "follow", ahead):
        assert caught("never_early_2", with_exact_clocks())


def test_it_sees_a_cursor_that_forgets_what_it_has_accounted_for():
    def forgets(*given: object) -> Plan:
        found = plan(*given)  # type: ignore[arg-type]
        return replace(found, accounted_to=given[2])

    def still(statement: Statement) -> Statement:
        return replace(statement, sql=statement.sql.replace("accounted_to = r.slot_ms, ", ""))

    with patch.object(situations, "plan", forgets), altered("move_fired_cursors", still):
        assert caught("covered_once_1", some_scripts())


def test_it_sees_a_lease_without_its_epoch():
    """A frozen worker that wakes records over its successor."""

    def no_epoch(statement: Statement) -> Statement:
        return replace(
            statement, sql=statement.sql.replace("AND q.owner = r.owner AND q.epoch = r.epoch", "")
        )

    async def all_held(tx, node, ended, now, careful=False):
        await dispatch._write_ends(tx, [one for one in ended if one.end.state.final], now)
        await tx.run("forget_ready", ids=[one.end.run_id for one in ended if one.end.state.final])
        again = [one for one in ended if not one.end.state.final]
        return await real(tx, node, again, now, careful) if again else []

    real = dispatch.record
    all_held.__name__ = "record"
    with ExitStack() as stack:
        stack.enter_context(altered("release_leases", no_epoch))
        stack.enter_context(patch.object(dispatch, "record", all_held))
        stack.enter_context(patch.object(Attempts, "stop", lambda *_: None))
        assert caught("final_is_final_10", with_long_freezes())


@pytest.mark.parametrize("reason", [SpanReason.SKIPPED, SpanReason.MISSED])
def test_it_sees_slots_that_are_passed_over_without_an_entry(reason):
    def silent(*given: object) -> Plan:
        found = plan(*given)  # type: ignore[arg-type]
        kept = [
            entry for entry in found.entries if not isinstance(entry, Passed) or entry.reason is not reason
        ]
        return replace(found, entries=tuple(kept))

    with patch.object(situations, "plan", silent):
        assert caught("covered_once_1", some_scripts())


def test_it_sees_a_pause_that_leaves_no_span():
    async def nothing(*_: object) -> None:
        return None

    with patch("horarium.store.verbs.changes._record_passed", nothing):
        assert caught("covered_once_1", some_scripts())


def test_it_sees_a_pause_of_a_workspace_that_is_not_heeded():
    async def none(*_: object) -> release.Ruling:
        return release.Ruling()

    with patch.object(release, "ruling", none):
        assert caught("pauses_hold_8", some_scripts())


def test_it_sees_a_schedule_that_waits_for_ever_for_the_end_of_a_pause():
    async def none(*_: object) -> list[object]:
        return []

    with patch.object(release, "_resumed", none):
        assert caught("waits for the end of a pause that is over", some_scripts())


def test_it_sees_a_schedule_that_goes_on_although_it_is_paused():
    def none(statement: Statement) -> Statement:
        return replace(statement, sql=f"{statement.sql} AND 1 = 0")

    with altered("still_cursor", none):
        assert caught("only_active_go_on_11", some_scripts())


def test_it_sees_an_overlap_that_nobody_decided():
    with patch.object(plan_module, "decide", lambda *_: plan_module.Decision.START):
        assert caught("overlap_holds_5", some_scripts())


def test_it_sees_slots_that_wait_beside_each_other():
    """Each slot whose predecessor has not begun waits, and none takes the place of another."""
    with patch("horarium.domain.overlap._held", lambda _: Decision.HOLD):
        assert caught("overlap_holds_5", with_silent_targets(first=16))


def test_it_sees_a_slot_that_is_called_unbegun_while_none_waits():
    with patch("horarium.domain.overlap._held", lambda _: Decision.SKIP):
        assert caught("overlap_holds_5", with_silent_targets())


def test_it_sees_a_counter_that_counts_twice():
    def twice(statement: Statement) -> Statement:
        return replace(statement, sql=statement.sql.replace("+ r.succeeded", "+ 2 * r.succeeded"))

    with altered("settle_cursors", twice):
        assert caught("counters_true_12", some_scripts())


def test_it_sees_a_place_that_is_not_given_back():
    """After a call that reached its time limit the place stays taken."""
    real = Lanes.end

    def keeps_the_place(lanes, work):
        timed_out = work.outcome is not None and work.outcome.status is None and not work.parked
        real(lanes, work)
        if timed_out:
            lanes.busy += 1

    with patch.object(Lanes, "end", keeps_the_place):
        assert caught("given_back_10", with_silent_targets())


@pytest.mark.long
def test_it_sees_a_lane_that_is_never_reopened():
    """Probes are answered, and nothing but probes is sent all the same."""
    with patch("horarium.domain.circuit.answered", lambda circuit: circuit):
        assert caught("begun_in_time_8", with_silent_targets())


def test_it_sees_a_parked_attempt_that_is_forgotten_at_a_stop():
    """A node that stops waits for the calls in places alone."""
    real = Worker._park_slow

    def forgets(worker):
        real(worker)
        for run in list(worker._attempts.doing):
            if run in worker._holding and worker._holding[run].parked:
                del worker._attempts.doing[run]

    with patch.object(Worker, "_park_slow", forgets):
        assert caught("stops_gently_4", with_stops())


@pytest.mark.long
def test_it_sees_a_run_that_was_handed_back_and_is_begun_twice():
    """What a throttled lane gives back stays in its queue, too."""
    real = Lanes.excess

    def keeps_what_it_gives(lanes):
        given = real(lanes)
        for work in reversed(given):
            work.lane.queue.append(work)
            lanes.queued += 1
        return given

    with patch.object(Lanes, "excess", keeps_what_it_gives):
        assert caught("repeats_explained_4", with_silent_targets())


def with_several_nodes() -> Iterator[Script]:
    """Scripts in which nothing is wrong, with three nodes, and schedules that fire together for a target that takes its
    time: all of them come into the hand of the node that releases them."""
    herd = {
        "target": 0,
        "timing": {"zone": "UTC", "spec": "0,30 * * * * *"},
        "policies": Policies(),
        "audience": None,
        "rows": 0,
        "paused": False,
    }
    for script in with_silent_targets():
        profile = replace(script.profile, nodes=3, alone=False, duration=90.0)
        target = replace(
            script.targets[0], behaviour={"slow": 1}, timeout_s=1.0, max_concurrency=None, rate=None
        )
        events = tuple(Event(1.0, "create", {"schedule": number, **herd}) for number in range(30))
        yield replace(script, profile=profile, targets=(replace(target, callback=False),), events=events)


def test_it_sees_idle_nodes_that_are_given_nothing():
    with patch.object(Lanes, "spare", lambda lanes, soon: []):
        assert caught("shared_out_8", with_several_nodes())
