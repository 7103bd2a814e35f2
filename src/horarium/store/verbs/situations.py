"""What a schedule owes at an instant, and where that leaves its clock.

Schedules that stand alike (a thousand of one recurrence at the same slot) are one situation. The plan is made once
for each situation. Nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from horarium.domain.events import EventNote, fire_late, schedule_ended, schedule_ending, slots_passed
from horarium.domain.fire import FireKind, FireState, SpanReason, beginning
from horarium.domain.ids import Id, fire_id
from horarium.domain.overlap import Decision
from horarium.domain.pauses import WHEN_RESUMED, Closure
from horarium.domain.plan import Firing, Passed, Plan, plan, slot_after
from horarium.domain.run import RunMode
from horarium.domain.schedule import (
    AfterCompletion,
    OverlapScope,
    Policies,
    policies_from_text,
    stored_recurrence,
    timing_from_text,
)
from horarium.store.rows import Advance, DueCursor, SlotFire, SlotSingleFire
from horarium.times import held_ms

SKIP_REASON = "previous fire still running"
UNBEGUN_REASON = "previous fire had not begun"
_CLOCK_MODE = RunMode.CLOCK.value


class Start(NamedTuple):
    """A slot that fires, as all schedules of a situation enter it: as `single` fires, or else as `fire`, in a state in
    which it waits or has its audience read."""

    firing: Firing
    due_ms: int
    single: SlotSingleFire | None
    fire: SlotFire


@dataclass(frozen=True, slots=True)
class Situation:
    """What a schedule owes now and where that leaves its cursor: shared by all schedules of the batch that stand alike.

    `delay`: from each slot to its due instant (ms). `entries`: what is to be written of the plan, in its order.
    `fires_once`: one slot fires, its fire starts, and nothing else happens. `replaces`: some fires end earlier ones.
    `holds_instead`: one is held in place of an earlier one.
    `quiet`: the schedule is completed, shall be deleted then, and starts nothing.
    """

    delay: int
    plan: Plan
    entries: Sequence[Start | Passed]
    advance: Advance
    fires_once: bool
    replaces: bool
    holds_instead: bool
    quiet: bool


def situation_of(
    cursor: DueCursor,
    now: int,
    known: dict[tuple[object, ...], Situation],
    begun: bool,
    closures: tuple[Closure, ...],
) -> Situation:
    policies = policies_from_text(cursor.policies)
    alone = not cursor.has_audience
    if alone and policies.overlap_scope is OverlapScope.ROW:  # there are no rows to tell apart
        policies = replace(policies, overlap_scope=OverlapScope.FIRE)
    delay = policies.delay_of(cursor.schedule_id)
    fires = cursor.fires if policies.max_fires is not None else 0
    in_flight, waiting = cursor.open_fires, cursor.waiting_fires
    key = (
        cursor.timing,
        cursor.policies,
        cursor.accounted_to,
        fires,
        in_flight,
        waiting,
        delay,
        alone,
        begun,
        closures,
    )
    found = known.get(key)
    if found is None:
        recurrence = stored_recurrence(timing_from_text(cursor.timing))
        of_slots = [closure.earlier(delay) for closure in closures]
        planned = plan(
            recurrence, policies, cursor.accounted_to, fires, in_flight, waiting, now - delay, begun, of_slots
        )
        found = known[key] = _situation(planned, policies, delay, alone, planned.entries, now)
    return found


def _situation(
    planned: Plan, policies: Policies, delay: int, alone: bool, entries: Sequence[Firing | Passed], now: int
) -> Situation:
    firings = [entry for entry in entries if isinstance(entry, Firing)]
    return Situation(
        delay,
        planned,
        [_start(entry, delay, alone, now) if isinstance(entry, Firing) else entry for entry in entries],
        _advance(planned, delay, entries, now),
        len(entries) == len(firings) == 1 and not firings[0].decision.waits,
        any(firing.decision.replaces for firing in firings),
        any(firing.decision is Decision.HOLD_INSTEAD for firing in firings),
        planned.ended is not None
        and policies.after_completion is AfterCompletion.DELETE
        and not planned.entries,
    )


def _start(firing: Firing, delay: int, alone: bool, now: int) -> Start:
    begins = beginning(has_audience=not alone, waits=firing.decision.waits)
    slot_ms, due_ms, missed = firing.slot_ms, firing.slot_ms + delay, firing.missed
    of_missed = () if missed is None else (missed.count, missed.first_ms, missed.last_ms)
    fire = SlotFire(FireKind.CLOCK.value, slot_ms, due_ms, begins.state.value, now, "", *of_missed)
    single = SlotSingleFire(_CLOCK_MODE, slot_ms, due_ms, now, None, *of_missed)
    return Start(firing, due_ms, single if begins.state is FireState.RUNNING else None, fire)


def _advance(planned: Plan, delay: int, entries: Sequence[Firing | Passed], now: int) -> Advance:
    """How the cursor moves when these entries of a plan are written."""
    firings = [entry for entry in entries if isinstance(entry, Firing)]
    skips = [entry for entry in entries if isinstance(entry, Passed) and entry.reason.by_overlap]
    waiting = sum(firing.decision.waits for firing in firings)
    instead = sum(firing.decision is Decision.HOLD_INSTEAD for firing in firings)
    advance = Advance(
        planned.accounted_to,
        planned.next_slot,
        _due_after(planned, delay),
        fired=len(firings) - instead,
        opened=len(firings) - waiting,
        waiting=waiting - instead,
        skipped=sum(skip.count for skip in skips) + instead,
    )
    # A fire that is held is the last one from its start on. Until then that is the one it waits for.
    firings = [firing for firing in firings if not firing.decision.holds]
    if firings:
        last = firings[-1]
        state = FireState.WAITING if last.decision.waits else FireState.RUNNING
        advance = advance._replace(last_slot=last.slot_ms, last_fired_ms=now, last_state=state.value)
    if skips:
        reason = SKIP_REASON if skips[-1].reason is SpanReason.SKIPPED else UNBEGUN_REASON
        advance = advance._replace(last_skip_ms=skips[-1].last_ms, last_skip_reason=reason)
    return advance


def _due_after(planned: Plan, delay: int) -> int | None:
    """When a schedule is due next."""
    if planned.next_slot is None:
        return None
    return WHEN_RESUMED if planned.paused else held_ms(planned.next_slot + delay)


def without_fires(cursor: DueCursor, situation: Situation, known: Collection[Id], now: int) -> Situation:
    entries = [
        entry
        for entry in situation.plan.entries
        if isinstance(entry, Passed)
        or fire_id(cursor.schedule_id, FireKind.CLOCK, entry.slot_ms) not in known
    ]
    policies = policies_from_text(cursor.policies)
    alone = not cursor.has_audience
    return _situation(situation.plan, policies, situation.delay, alone, entries, now)


def notes_of(cursor: DueCursor, situation: Situation, now: int) -> Iterator[EventNote]:
    """What happened to a schedule in a release: slots that passed, fires that are late already, its end or the last
    slot before it."""
    own = cursor.workspace_id, cursor.schedule_id
    objective = policies_from_text(cursor.policies).lateness_objective_ms
    for entry in situation.entries:
        if isinstance(entry, Passed):
            note = slots_passed(*own, entry.first_ms, entry.last_ms, entry.count, entry.reason, now)
            if note is not None:
                yield note
        elif objective is not None and now - entry.due_ms > objective:
            fire = fire_id(cursor.schedule_id, FireKind.CLOCK, entry.firing.slot_ms)
            yield fire_late(*own, fire, now - entry.due_ms, objective, now)
    if situation.plan.ended is not None:
        yield schedule_ended(*own, situation.plan.ended, now)
    elif (last_ms := _last_slot(cursor, situation)) is not None:
        yield schedule_ending(*own, last_ms, now)


def _last_slot(cursor: DueCursor, situation: Situation) -> int | None:
    """The next slot of a schedule, if this release has left it as the last one; else None."""
    next_slot, most = situation.plan.next_slot, policies_from_text(cursor.policies).max_fires
    if next_slot is None or not situation.entries:
        return None
    fired = situation.advance.fired
    if fired and most is not None and cursor.fires + fired == most - 1:
        return next_slot
    following = slot_after(stored_recurrence(timing_from_text(cursor.timing)), next_slot)
    return next_slot if following is None else None
