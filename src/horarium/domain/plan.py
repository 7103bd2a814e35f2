"""The plan of a schedule: which of its slots fire, which do not, and which slot comes next.

`plan` answers this for one range of time. It is a pure function, and the only code that decides whether a
slot is due, late or missed. The release of due schedules, the catch-up after downtime, edits, pause and
resume and the simulation all call it, so none of them has rules of its own.

Slots and instants are milliseconds since the epoch here; the functions convert to the
whole seconds of times/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.domain.fire import SpanReason
from horarium.domain.overlap import Decision, decide
from horarium.domain.pauses import Closure, over_at
from horarium.domain.run import Missed
from horarium.domain.schedule import AfterPause, CatchUp, OverlapScope, Policies
from horarium.times import Recurrence


@dataclass(frozen=True, slots=True)
class Firing:
    """A slot that fires. `decision` says how it starts, `missed` which missed slots it stands for besides its own."""

    slot_ms: int
    decision: Decision
    missed: Missed | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """Consecutive slots that do not fire, and why: `count` slots from `first_ms` to `last_ms`, both included."""

    first_ms: int
    last_ms: int
    count: int
    reason: SpanReason


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written about a schedule.

    `entries` are in the order of slots, and cover every slot after the old `accounted_to` up to the new one
    exactly once. A fire that is held in place of an earlier one (Decision.HOLD_INSTEAD) is counted among the fires
    in its stead; the slot of the earlier one lies before these entries, and is skipped. `next_slot` is the first
    slot after the new `accounted_to`. It is None if nothing will fire any more; then `ended` says why: `exhausted`
    (the recurrence has no further slot) or `max_fires` (the clock has fired as often as it may). `paused`: that slot
    lies in a pause that goes on, so nothing is known of it until the pause is over.
    """

    entries: tuple[Firing | Passed, ...]
    accounted_to: int
    next_slot: int | None
    ended: str | None = None
    paused: bool = False


def slot_after(recurrence: Recurrence, after_ms: int) -> int | None:
    """The first slot strictly after an instant, or None."""
    found = recurrence.next_after(after_ms // 1000)
    return None if found is None else found * 1000


def passed_between(recurrence: Recurrence, after_ms: int, upto_ms: int, reason: SpanReason) -> Passed | None:
    """All slots in (after_ms, upto_ms] as one entry, or None if there are none."""
    first = recurrence.next_after(after_ms // 1000)
    if first is None or first > upto_ms // 1000:
        return None
    last = recurrence.last_in(after_ms // 1000, upto_ms // 1000)
    count = recurrence.count_between(after_ms // 1000, upto_ms // 1000)
    return Passed(first * 1000, (last if last is not None else first) * 1000, count, reason)


def passed_in(
    recurrence: Recurrence, after_ms: int, upto_ms: int, reason: SpanReason, closures: Sequence[Closure]
) -> list[Passed]:
    """All slots in (after_ms, upto_ms], none of which fires: those in a pause for the pause's reason, the others for
    `reason`."""
    found: list[Passed | None] = []
    for closure in closures:
        begin, end = closure.from_ms - 1, upto_ms if closure.ends_ms is None else closure.ends_ms - 1
        if min(end, upto_ms) <= max(begin, after_ms):
            continue
        if begin > after_ms:
            found.append(passed_between(recurrence, after_ms, begin, reason))
            after_ms = begin
        found.append(passed_between(recurrence, after_ms, min(end, upto_ms), closure.reason))
        after_ms = min(end, upto_ms)
    if upto_ms > after_ms:
        found.append(passed_between(recurrence, after_ms, upto_ms, reason))
    return [passed for passed in found if passed is not None]


def repeated_local_time(recurrence: Recurrence, fired_ms: int, old_next_ms: int | None) -> int | None:
    """A slot that must not fire after new zone data were installed, because its local time has fired already; or None.

    `fired_ms` is the slot that fired last, and `old_next_ms` the slot that came next under the old data. If
    the new data give the zone another offset at that time, the local time of the last slot occurs again,
    later by the difference of the offsets. The slot after it has then moved by the same difference, and that
    is how such a slot is recognised. Where it lies nearer to the slot that came next, it is that one, which the
    new data name earlier, and it has not fired.
    """
    again = slot_after(recurrence, fired_ms)
    if again is None or old_next_ms is None or again - fired_ms >= old_next_ms - again:
        return None
    following = slot_after(recurrence, again)
    moved_alike = following is not None and following - old_next_ms == again - fired_ms
    return again if moved_alike else None


def plan(
    recurrence: Recurrence,
    policies: Policies,
    accounted_to: int,
    fires: int,
    in_flight: int,
    waiting: int,
    upto_ms: int,
    begun: bool = True,
    closures: Sequence[Closure] = (),
) -> Plan:
    """What is to be written for the slots in (accounted_to, upto_ms].

    `upto_ms` is the present minus the schedule's jitter. So a slot is only included once its due instant has
    come, and grace and catch-up window are measured from that due instant. `fires` counts the fires of the
    clock so far. `in_flight` and `waiting` count the open fires of the schedule: those that run, and those
    that the overlap policy holds back. `begun` is False where none of those in flight has begun and the policy skips:
    then the latest slot waits for them, and the slots before it are skipped for that reason. `closures` are the pauses
    that may matter, one after another, in the time of slots; the plan ends where one begins that goes on.
    """
    candidates = _candidates(recurrence, policies, accounted_to, upto_ms, closures)
    entries: list[Firing | Passed] = []
    for entry in candidates:
        if isinstance(entry, Passed):
            entries.append(entry)
            continue
        if policies.max_fires is not None and fires >= policies.max_fires:
            return Plan(tuple(entries), _covered(entries, accounted_to), None, "max_fires")
        decision = _decision(policies, in_flight, waiting, begun)
        if decision is Decision.SKIP:
            _skip(entries, entry, SpanReason.SKIPPED if begun else SpanReason.UNBEGUN)
            continue
        if decision is Decision.HOLD_INSTEAD:
            _hold_instead(entries, entry)
            continue
        entries.append(Firing(entry.slot_ms, decision, entry.missed))
        fires += 1
        if decision.waits:
            waiting += 1
        else:
            in_flight += 1
    covered = _covered(entries, accounted_to)
    if policies.max_fires is not None and fires >= policies.max_fires:
        return Plan(tuple(entries), covered, None, "max_fires")
    following = slot_after(recurrence, covered)
    paused = following is not None and any(
        closure.from_ms <= min(following, upto_ms) and (over_ms is None or over_ms > max(following, upto_ms))
        for closure, over_ms in zip(closures, over_at(closures), strict=True)
    )
    return Plan(tuple(entries), covered, following, "exhausted" if following is None else None, paused)


def _decision(policies: Policies, in_flight: int, waiting: int, begun: bool) -> Decision:
    """How a fire starts. If overlap is decided per row, every fire starts; the fan-out then leaves out busy rows."""
    if policies.overlap_scope is OverlapScope.ROW:
        return Decision.START
    return decide(policies.overlap, in_flight, waiting, policies.buffer_limit, begun)


def _candidates(
    recurrence: Recurrence,
    policies: Policies,
    accounted_to: int,
    upto_ms: int,
    closures: Sequence[Closure],
) -> list[Firing | Passed]:
    """The slots up to an instant, or up to a pause that goes on, and what the policies and the pauses that are over
    make of them, before the overlap policy is applied."""
    stretches: list[_Stretch] = []
    after = accounted_to
    for closure, over_ms in zip(closures, over_at(closures), strict=True):
        if closure.from_ms > upto_ms:
            break
        if closure.ends_ms is not None and closure.ends_ms - 1 <= after:
            continue
        if closure.from_ms - 1 > after:
            open_until = closure.from_ms - 1
            stretches.append(_Stretch(_due(recurrence, policies, after, open_until, upto_ms), False))
            after = open_until
        if closure.ends_ms is None or over_ms is None or over_ms > upto_ms:
            return _as_one_downtime(stretches, policies, upto_ms)
        of_pause = _of_pause(recurrence, policies, after, closure.ends_ms - 1, upto_ms, closure)
        stretches.append(_Stretch(of_pause, True))
        after = closure.ends_ms - 1
    stretches.append(_Stretch(_due(recurrence, policies, after, upto_ms, upto_ms), False))
    return _as_one_downtime(stretches, policies, upto_ms)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is made of the slots between two pauses, or of those in one."""

    entries: list[Firing | Passed]
    of_pause: bool


def _as_one_downtime(stretches: Sequence[_Stretch], policies: Policies, now_ms: int) -> list[Firing | Passed]:
    """All entries, where a downtime that pauses divide is caught up as one: with `latest` one slot of it fires and not
    one before each pause, and with `all` no more than the limit."""
    late_from = now_ms - policies.grace_ms
    down, left = False, 1 if policies.catch_up is CatchUp.LATEST else policies.catch_up_limit
    divided: list[bool] = []
    for stretch in stretches:
        first = stretch.entries[0] if stretch.entries and not stretch.of_pause else None
        if first is not None:
            down = down or (first.slot_ms if isinstance(first, Firing) else first.first_ms) < late_from
        divided.append(down and not stretch.of_pause)
    if sum(divided) < 2 or policies.catch_up is CatchUp.NONE:
        return [entry for stretch in stretches for entry in stretch.entries]
    backwards: list[Firing | Passed] = []
    for stretch, counts in zip(reversed(stretches), reversed(divided), strict=True):
        for entry in reversed(stretch.entries):
            if not counts or isinstance(entry, Passed):
                backwards.append(entry)
            elif left:
                left -= 1
                backwards.append(entry)
            else:
                backwards.append(Passed(entry.slot_ms, entry.slot_ms, 1, SpanReason.MISSED))
    return _joined(reversed(backwards))


def _joined(entries: Iterable[Firing | Passed]) -> list[Firing | Passed]:
    """The same with slots that were missed one after another as one entry."""
    found: list[Firing | Passed] = []
    for entry in entries:
        before = found[-1] if found else None
        missed = isinstance(entry, Passed) and entry.reason is SpanReason.MISSED
        if missed and isinstance(before, Passed) and before.reason is SpanReason.MISSED:
            assert isinstance(entry, Passed)
            count = before.count + entry.count
            found[-1] = Passed(before.first_ms, entry.last_ms, count, SpanReason.MISSED)
        else:
            found.append(entry)
    return found


def _of_pause(
    recurrence: Recurrence, policies: Policies, after_ms: int, upto_ms: int, now_ms: int, closure: Closure
) -> list[Firing | Passed]:
    """What becomes of the slots of a pause that is over."""
    first, reason = slot_after(recurrence, after_ms), closure.reason
    if first is None or first > upto_ms:
        return []
    if recurrence.one_shot and (
        closure.catch_up is not CatchUp.NONE or policies.after_pause is AfterPause.FIRE
    ):
        return [Firing(first, Decision.START)]
    match closure.catch_up:
        case CatchUp.NONE:
            return _lapsed(recurrence, after_ms, upto_ms, reason)
        case CatchUp.LATEST:
            return _latest(recurrence, policies, after_ms, upto_ms, now_ms, reason)
        case CatchUp.ALL:
            return _all(recurrence, policies, after_ms, upto_ms, now_ms, reason)


def _due(
    recurrence: Recurrence, policies: Policies, accounted_to: int, upto_ms: int, now_ms: int
) -> list[Firing | Passed]:
    """The due slots up to an instant and what the catch-up policy makes of missed ones. `now_ms` is the present, from
    which ages are measured."""
    first = slot_after(recurrence, accounted_to)
    if first is None or first > upto_ms:
        return []
    late_from = now_ms - policies.grace_ms
    if recurrence.one_shot:
        return [Firing(first, Decision.START)]
    if first >= late_from:
        return _each(recurrence, accounted_to, upto_ms)
    return _caught_up(recurrence, policies, accounted_to, upto_ms, late_from, now_ms)


def _each(recurrence: Recurrence, after_ms: int, upto_ms: int) -> list[Firing | Passed]:
    found: list[Firing | Passed] = []
    slot = slot_after(recurrence, after_ms)
    while slot is not None and slot <= upto_ms:
        found.append(Firing(slot, Decision.START))
        slot = slot_after(recurrence, slot)
    return found


def _caught_up(
    recurrence: Recurrence,
    policies: Policies,
    accounted_to: int,
    upto_ms: int,
    late_from: int,
    now_ms: int,
) -> list[Firing | Passed]:
    """What the catch-up policy makes of a range whose first slot is older than the grace: the server was down."""
    match policies.catch_up:
        case CatchUp.NONE:
            lapsed_to = min(late_from - 1, upto_ms)
            return _lapsed(recurrence, accounted_to, lapsed_to) + _each(recurrence, lapsed_to, upto_ms)
        case CatchUp.LATEST:
            return _latest(recurrence, policies, accounted_to, upto_ms, now_ms)
        case CatchUp.ALL:
            return _all(recurrence, policies, accounted_to, upto_ms, now_ms)


def _lapsed(
    recurrence: Recurrence, after_ms: int, upto_ms: int, reason: SpanReason = SpanReason.MISSED
) -> list[Firing | Passed]:
    span = passed_between(recurrence, after_ms, upto_ms, reason) if upto_ms > after_ms else None
    return [span] if span else []


def _latest(
    recurrence: Recurrence,
    policies: Policies,
    accounted_to: int,
    upto_ms: int,
    now_ms: int,
    reason: SpanReason = SpanReason.MISSED,
) -> list[Firing | Passed]:
    """One fire for the latest slot, if the catch-up window reaches it. It carries the slots before it."""
    last_s = recurrence.last_in(accounted_to // 1000, upto_ms // 1000)
    if last_s is None:
        return []
    last = last_s * 1000
    if last < now_ms - policies.catch_up_window_ms:
        return _lapsed(recurrence, accounted_to, upto_ms, reason)
    before = passed_between(recurrence, accounted_to, last - 1000, reason)
    if before is None:
        return [Firing(last, Decision.START)]
    return [before, Firing(last, Decision.START, Missed(before.count, before.first_ms, before.last_ms))]


def _all(
    recurrence: Recurrence,
    policies: Policies,
    accounted_to: int,
    upto_ms: int,
    now_ms: int,
    reason: SpanReason = SpanReason.MISSED,
) -> list[Firing | Passed]:
    """A fire for each slot that the catch-up window reaches, up to the limit; the earlier ones are passed over."""
    since = min(max(accounted_to, now_ms - policies.catch_up_window_ms - 1), upto_ms)
    oldest = _start_of_last(recurrence, policies, since, upto_ms)
    return _lapsed(recurrence, accounted_to, oldest, reason) + _each(recurrence, oldest, upto_ms)


def _start_of_last(recurrence: Recurrence, policies: Policies, after_ms: int, upto_ms: int) -> int:
    """The least instant from `after_ms` on that is followed by at most `catch_up_limit` slots up to `upto_ms`."""
    surplus = recurrence.count_between(after_ms // 1000, upto_ms // 1000) - policies.catch_up_limit
    low, high = after_ms // 1000, upto_ms // 1000
    if surplus <= 0:
        return after_ms
    while low < high:  # bisection: the count never grows with the instant
        middle = (low + high) // 2
        if recurrence.count_between(middle, upto_ms // 1000) > policies.catch_up_limit:
            low = middle + 1
        else:
            high = middle
    return low * 1000


def _skip(entries: list[Firing | Passed], entry: Firing, reason: SpanReason) -> None:
    """Add a slot that the overlap policy skips. Skipped slots in a row become one entry."""
    if entries and isinstance(entries[-1], Passed) and entries[-1].reason is reason:
        before = entries[-1]
        entries[-1] = Passed(before.first_ms, entry.slot_ms, before.count + 1, reason)
    else:
        entries.append(Passed(entry.slot_ms, entry.slot_ms, 1, reason))


def _hold_instead(entries: list[Firing | Passed], entry: Firing) -> None:
    """Add a slot that is held in place of an earlier one, which is skipped. The earlier one may be of this plan, with
    slots behind it that were passed over: then the new one has its place in the plan, and stands for the same slots."""
    for place, earlier in enumerate(entries):
        if isinstance(earlier, Firing) and earlier.decision.holds:
            behind = entries[place + 1 :]
            del entries[place:]
            _skip(entries, earlier, SpanReason.UNBEGUN)
            missed = entry.missed or earlier.missed
            entries += [*behind, Firing(entry.slot_ms, earlier.decision, missed)]
            return
    entries.append(Firing(entry.slot_ms, Decision.HOLD_INSTEAD, entry.missed))


def _covered(entries: list[Firing | Passed], accounted_to: int) -> int:
    """The last slot of the entries: up to here the schedule is accounted for."""
    if not entries:
        return accounted_to
    last = entries[-1]
    return last.slot_ms if isinstance(last, Firing) else last.last_ms
