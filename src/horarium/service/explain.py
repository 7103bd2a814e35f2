"""Explains schedules: why an instant fired or did not, what is in the ledger, and what will happen next."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from horarium.domain.fire import Fire, FireState, Span, SpanReason
from horarium.domain.ids import Id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.schedule import (
    AfterPause,
    CatchUp,
    Definition,
    DefinitionVersion,
    Policies,
    Schedule,
    ScheduleState,
    policies_from_text,
    stored_recurrence,
    timing_from_text,
)
from horarium.domain.windows import NO_HOLDS, NOTHING_HOLDS, Holds, HoldsOver
from horarium.service.clock import Clock
from horarium.service.turns import at_once, in_turns
from horarium.store.base import Store, Tx
from horarium.store.verbs import ledger
from horarium.store.verbs.pauses import pause_behind
from horarium.store.verbs.schedules import deleted_schedules, get_schedule_or_deleted
from horarium.store.verbs.windows import holds_of, holds_over
from horarium.times import Occurrence, Timing, described, local_text, occurrences
from horarium.times.instants import utc_text

# Pauses and windows that are passed over at most to find the next fires of a schedule. Where many recurrences of
# windows are asked about each slot, it is fewer, so that so many are asked in all.
MOST_PASSED, LEAST_PASSED, MOST_ASKED = 200, 10, 2_000


@dataclass(frozen=True, slots=True)
class Preview:
    """A recurrence in English and its next occurrences. Each fires `delay_ms` later: the schedule's jitter."""

    description: str
    occurrences: tuple[Occurrence, ...]
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one instant, or will. Instants are milliseconds since the epoch, in whole seconds.

    `verdict` is a word for programs, and `sentence` says the same to people. The verdict is one of: fired,
    waiting, skipped, missed, paused, workspace_paused, maintenance, cancelled, due, upcoming, no_slot, before_creation,
    ended.
    `local` is the local time of the instant. `description` and `version` are of the definition that was in force.
    `fire` or `span` is the entry in the ledger, if there is one. `pause` is the pause that holds the slot back, where
    one does.
    """

    at_ms: int
    verdict: str
    sentence: str
    local: str
    description: str
    version: int | None = None
    fire: Fire | None = None
    span: Span | None = None
    pause: Pause | None = None
    previous_slot_ms: int | None = None
    next_slot_ms: int | None = None


def preview(timing: Timing, after_ms: int, count: int) -> Preview:
    """The next `count` occurrences after an instant, or fewer if the recurrence ends. Raises RecurrenceError."""
    return at_once(previewing(timing, after_ms, count))


def previewing(timing: Timing, after_ms: int, count: int) -> Generator[None, None, Preview]:
    """As `preview`. It yields between its steps, so that others can work in between."""
    found: list[Occurrence] = []
    for each in islice(occurrences(timing, after_ms // 1000), count):
        found.append(each)
        yield
    return Preview(described(timing), tuple(found))


def upcoming(schedule: Schedule, after_ms: int, count: int, holds: Holds = NO_HOLDS) -> Preview:
    """What a stored schedule will do after an instant.

    This is its preview, but without occurrences if it is not active, without those that a pause or a maintenance window
    holds back, and with no more than its `max_fires` still allows. One that is paused until an instant goes on then.
    """
    return at_once(foreseeing(schedule, after_ms, count, holds))


def foreseeing(
    schedule: Schedule, after_ms: int, count: int, holds: Holds = NO_HOLDS
) -> Generator[None, None, Preview]:
    """As `upcoming`. It yields between its steps, so that others can work in between."""
    policies, timing = schedule.definition.policies, schedule.definition.timing
    limit = count
    if policies.max_fires is not None:
        limit = min(count, policies.max_fires - schedule.progress.fires)
    delay = policies.delay_of(schedule.id)
    description = described(timing)
    # An active schedule without a next slot waits for the end of what holds it.
    waits = schedule.progress.next_slot is None
    resumed_ms = _resumed_ms(schedule)
    if resumed_ms is not None:
        after_ms = max(after_ms, resumed_ms - 1)
    elif schedule.state is not ScheduleState.ACTIVE or (waits and holds is NO_HOLDS):
        return Preview(description, (), delay)
    found = yield from _not_held(timing, after_ms, limit, delay, holds)
    return Preview(description, tuple(found), delay)


def _resumed_ms(schedule: Schedule) -> int | None:
    """When a schedule goes on that is paused (ms), where that is known."""
    return schedule.paused_until_ms if schedule.state is ScheduleState.PAUSED else None


def next_fire(schedule: Schedule, now_ms: int, holds: Holds = NO_HOLDS) -> int | None:
    """When a schedule fires next by what is known now (ms): at the first slot that nothing holds back. None where no
    such slot is known."""
    if holds is NO_HOLDS and schedule.paused_until_ms is None:
        return schedule.progress.next_due
    return at_once(_next_fire(schedule, now_ms, holds))


def _next_fire(schedule: Schedule, now_ms: int, holds: Holds) -> Generator[None, None, int | None]:
    due = schedule.progress.next_due
    if _resumed_ms(schedule) is None:
        if holds is NO_HOLDS or schedule.state is not ScheduleState.ACTIVE:
            return due
        if due is not None and holds.behind(due) is None:
            return due
    found = yield from foreseeing(schedule, now_ms, 1, holds)
    return found.occurrences[0].instant * 1000 + found.delay_ms if found.occurrences else None


def _not_held(
    timing: Timing, after_ms: int, count: int, delay_ms: int, holds: Holds
) -> Generator[None, None, list[Occurrence]]:
    """The next occurrences that nothing holds back, behind a bounded number of pauses and windows."""
    found: list[Occurrence] = []
    coming, passed = occurrences(timing, after_ms // 1000), 0
    most = max(LEAST_PASSED, min(MOST_PASSED, MOST_ASKED // max(1, holds.asked)))
    while len(found) < count and passed < most:
        each = next(coming, None)
        if each is None:
            break
        held, again_ms = holds.open_again(each.instant * 1000 + delay_ms)
        if not held:
            found.append(each)
        elif again_ms is None:
            break
        else:
            after = max(each.instant, -(-(again_ms - delay_ms) // 1000) - 1)
            coming, passed = occurrences(timing, after), passed + 1
        yield
    return found


@dataclass(frozen=True, slots=True)
class ExplainService:
    """What became of a schedule's slots, also after the schedule was deleted.

    Everything here raises NotFound for a schedule that never existed in the workspace.
    """

    store: Store
    clock: Clock

    async def schedule(self, workspace_id: Id, schedule_id: Id) -> Schedule:
        """The schedule whose history is read; `deleted_ms` tells when it was deleted."""
        return await self.store.read(get_schedule_or_deleted, workspace_id, schedule_id)

    async def deleted(self, workspace_id: Id, after: Id, limit: int) -> list[Id]:
        """The ids of up to `limit` schedules that were deleted and whose history is kept, in their order, behind an
        id."""
        return await self.store.read(deleted_schedules, workspace_id, after, limit)

    async def holds(self, workspace_id: Id, schedule_id: Id) -> Holds:
        """What holds back slots of a schedule that are to come."""
        return await self.store.read(holds_of, workspace_id, schedule_id, self.clock.now_ms())

    async def holds_over(self, workspace_id: Id, schedules: Collection[Id]) -> HoldsOver:
        """What holds back slots of some schedules that are to come."""
        return await self.store.read(holds_over, workspace_id, schedules, self.clock.now_ms())

    async def next_fires(self, workspace_id: Id, schedules: Sequence[Schedule]) -> dict[Id, int | None]:
        """When some schedules of a workspace fire next (ms), in turns with other work."""
        active = [
            each.id
            for each in schedules
            if each.state is ScheduleState.ACTIVE or _resumed_ms(each) is not None
        ]
        over = await self.holds_over(workspace_id, active) if active else NOTHING_HOLDS
        now_ms = self.clock.now_ms()

        def finding() -> Generator[None, None, dict[Id, int | None]]:
            found = dict[Id, int | None]()
            for each in schedules:
                found[each.id] = yield from _next_fire(each, now_ms, over.of(each.id))
                yield
            return found

        return await in_turns(finding())

    async def explain(self, workspace_id: Id, schedule_id: Id, at_ms: int) -> Explanation:
        """What became, or will become, of an instant, which is rounded down to the whole second."""
        return await self.store.read(_explain, workspace_id, schedule_id, at_ms, self.clock.now_ms())

    async def versions(
        self, workspace_id: Id, schedule_id: Id, limit: int, below: int | None = None
    ) -> list[DefinitionVersion]:
        """The versions of a schedule's definition with their timings, the latest first; of those with lower numbers
        than `below`, up to `limit`."""
        return await self.store.read(ledger.versions_of, workspace_id, schedule_id, limit, below)

    async def version(
        self, workspace_id: Id, schedule_id: Id, number: int
    ) -> tuple[DefinitionVersion, Definition]:
        """One version of a schedule's definition, and the definition without its environment variables. Raises
        NotFound."""
        return await self.store.read(ledger.version_of, workspace_id, schedule_id, number)

    async def ledger(
        self, workspace_id: Id, schedule_id: Id, from_ms: int, to_ms: int, limit: int
    ) -> list[Fire | Span]:
        """The first `limit` fires of the clock and spans with slots in [from_ms, to_ms], in the order of slots."""

        async def read(tx: Tx) -> list[Fire | Span]:
            await get_schedule_or_deleted(tx, workspace_id, schedule_id)
            fires, spans = await ledger.entries_between(tx, workspace_id, schedule_id, from_ms, to_ms, limit)
            merged: list[Fire | Span] = [*fires, *spans]
            merged.sort(key=lambda entry: entry.slot_ms if isinstance(entry, Fire) else entry.first_ms)
            return merged[:limit]

        return await self.store.read(read)


async def _explain(tx: Tx, workspace_id: Id, schedule_id: Id, at_ms: int, now: int) -> Explanation:
    schedule = await get_schedule_or_deleted(tx, workspace_id, schedule_id)
    slot = at_ms // 1000 * 1000
    version = await ledger.version_at(tx, workspace_id, schedule_id, slot - 1)
    timing = schedule.definition.timing if version is None else timing_from_text(version.timing)
    policies = schedule.definition.policies if version is None else policies_from_text(version.policies)
    recurrence = stored_recurrence(timing)
    before = recurrence.last_in(schedule.created_ms // 1000, slot // 1000 - 1)
    after = recurrence.next_after(slot // 1000)
    fires, spans = await ledger.entries_between(tx, workspace_id, schedule_id, slot, slot, 10)
    is_slot = recurrence.next_after(slot // 1000 - 1) == slot // 1000
    verdict, sentence = _judge(schedule, policies, slot, now, is_slot, fires, spans, version is None)
    due = slot + policies.delay_of(schedule.id)
    pause = None
    if verdict in ("paused", "maintenance"):
        pause = await pause_behind(tx, workspace_id, schedule_id, slot, due)
        if pause is not None and pause.ends_ms is None:
            pause = _as_it_stands(pause, schedule)
    if verdict in ("workspace_paused", "maintenance"):
        pause = pause or await pause_behind(tx, workspace_id, None, slot, due)
    elif verdict in ("upcoming", "due"):
        pause = await _holding(tx, schedule, slot, due, now)
        if pause is not None:
            verdict, sentence = _verdict_of(pause), _held_back(pause, now)
    if pause is not None:
        sentence = f"{sentence}{_words_of(pause)}"
    return Explanation(
        at_ms=slot,
        verdict=verdict,
        sentence=sentence,
        local=local_text(timing.zone, slot // 1000),
        description=recurrence.describe(),
        version=None if version is None else version.version,
        fire=fires[0] if fires else None,
        span=spans[0] if spans else None,
        pause=pause,
        previous_slot_ms=None if before is None else before * 1000,
        next_slot_ms=None if after is None else after * 1000,
    )


_SPAN_WORDS = {
    SpanReason.SKIPPED: ("skipped", "it was skipped: an earlier fire of this schedule was still running"),
    SpanReason.UNBEGUN: (
        "skipped",
        "it was skipped: the run of an earlier fire of this schedule had not begun, and a later slot took its place",
    ),
    SpanReason.MISSED: (
        "missed",
        "it was missed: the server was not running in time, and catch-up left it out",
    ),
    SpanReason.PAUSED: ("paused", "the schedule was paused"),
    SpanReason.WORKSPACE_PAUSED: ("workspace_paused", "the workspace was paused"),
    SpanReason.MAINTENANCE: ("maintenance", "it lay in a maintenance window"),
    SpanReason.CANCELLED: ("cancelled", "the schedule was changed or deleted before it was due"),
}


_STILL_RUNS = "an earlier fire of this schedule is still running"
_WAITS_FOR = {
    Overlap.SKIP: "the run of an earlier fire of this schedule had not begun. This slot starts when that "
    "one has ended, unless a later slot takes its place before"
}


# What a fire that does not wait has come to so far.
_COME_TO = {
    FireState.RESOLVING: "its audience is being read",
    FireState.RUNNING: "it is running",
    FireState.COMPLETED: "it has completed",
    FireState.PARTIAL: "not all of it has succeeded",
    FireState.FAILED: "it has failed",
    FireState.CANCELLED: "it was cancelled",
}


def _judge(
    schedule: Schedule,
    policies: Policies,
    slot: int,
    now: int,
    is_slot: bool,
    fires: list[Fire],
    spans: list[Span],
    unborn: bool,
) -> tuple[str, str]:
    """The verdict and the sentence, from the ledger if it has an entry, otherwise from the schedule. `fires` are those
    of the clock. Pure."""
    if fires:
        fire = fires[0]
        if fire.state == "waiting":
            return "waiting", f"it waits: {_WAITS_FOR.get(policies.overlap, _STILL_RUNS)}"
        late = fire.fired_ms - fire.due_ms
        why = "" if fire.error is None else f": {fire.error}"
        return "fired", f"it fired {_late(late)} after it was due, and {_COME_TO[fire.state]}{why}"
    if spans:
        if not is_slot:
            return "no_slot", "the schedule has no slot at this instant"
        return _SPAN_WORDS[spans[0].reason]
    if unborn:
        return "before_creation", "the schedule did not exist yet"
    if not is_slot:
        return "no_slot", "the schedule has no slot at this instant"
    due = slot + policies.delay_of(schedule.id)
    paused, until = schedule.state is ScheduleState.PAUSED, schedule.paused_until_ms
    if paused and (until is None or slot < until):
        return "paused", f"the schedule is paused; {_of_own_pause(schedule, due, now)}"
    if not paused and schedule.state is not ScheduleState.ACTIVE:
        return (
            "ended",
            f"the schedule is {schedule.state.value}: {schedule.ended_reason or 'nothing fires any more'}",
        )
    if due > now:
        after = ", when the pause of the schedule is over" if paused else ""
        return "upcoming", f"it is due in {_length((due - now + 999) // 1000)}{after}"
    return "due", "it is due and is about to fire"


def _of_own_pause(schedule: Schedule, due: int, now: int) -> str:
    """What becomes of a slot of the pause that a schedule is in."""
    definition = schedule.definition
    fires_late = (
        definition.policies.after_pause is AfterPause.FIRE and stored_recurrence(definition.timing).one_shot
    )
    if fires_late or schedule.catch_up_after is not CatchUp.NONE:
        return "what becomes of this slot is decided when the pause is over"
    if schedule.paused_until_ms is None and due > now:
        return "this slot will not fire, unless the schedule is resumed before"
    return "this slot will not fire"


def _as_it_stands(pause: Pause, schedule: Schedule) -> Pause:
    """The pause that a schedule is in. Its end and what is caught up after it stand with the schedule until it ends."""
    return replace(pause, ends_ms=schedule.paused_until_ms, catch_up=schedule.catch_up_after)


async def _holding(tx: Tx, schedule: Schedule, slot: int, due: int, now: int) -> Pause | None:
    """What holds back a slot that is not accounted for, or will."""
    own = await pause_behind(tx, schedule.workspace_id, schedule.id, slot, due)
    # The one that a paused schedule is in ends before this slot.
    if own is not None and own.holds_at(due) and schedule.state is not ScheduleState.PAUSED:
        return own
    holds = await holds_of(tx, schedule.workspace_id, schedule.id, now)
    return holds.behind(due) or await pause_behind(tx, schedule.workspace_id, None, slot, due)


def _verdict_of(pause: Pause) -> str:
    if pause.window_id is not None:
        return "maintenance"
    return "workspace_paused" if pause.schedule_id is None else "paused"


def _held_back(pause: Pause, now: int) -> str:
    """Why a slot that is not accounted for does not fire yet."""
    if pause.window_id is not None:
        if pause.from_ms > now:
            return "a maintenance window will hold when it is due"
        return "a maintenance window holds; what becomes of this slot is decided when it is over"
    if pause.schedule_id is not None:
        return "the schedule was paused, and its workspace still is; what becomes of this slot is decided afterwards"
    if pause.from_ms > now:
        return "the workspace will be paused when it is due"
    return "the workspace is paused; what becomes of this slot is decided when the pause is over"


def _words_of(pause: Pause) -> str:
    """Since when a pause holds, until when, and why, as the end of a sentence."""
    words = f" (from {utc_text(pause.from_ms // 1000)}"
    if pause.ends_ms is not None:
        words += f" to {utc_text(pause.ends_ms // 1000)}"
    return f"{words})" if not pause.note else f"{words}): {pause.note}"


def _late(length_ms: int) -> str:
    """How late something was: exact below ten seconds."""
    return f"{length_ms} ms" if length_ms < 10_000 else _length(length_ms // 1000)


def _length(seconds: int) -> str:
    """A length of time in its two largest units: "45 s", "3 d 4 h"."""
    parts: list[str] = []
    for unit, word in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= unit and len(parts) < 2:
            parts.append(f"{seconds // unit} {word}")
            seconds %= unit
    return " ".join(parts)
