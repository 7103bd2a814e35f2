"""Maintenance windows: pauses that recur. A recurrence in a time zone says when each begins, a duration when it ends.

Nothing fires while one holds, in a whole workspace or of one schedule. When a time of a window has come, it is entered
as a pause and is one from then on. What lies further ahead is known from the recurrence alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from horarium.domain.errors import Problem
from horarium.domain.fire import SpanReason
from horarium.domain.ids import Id, derived_id
from horarium.domain.pauses import Closure, Pause
from horarium.domain.plan import repeated_local_time, slot_after
from horarium.domain.schedule import CatchUp, stored_recurrence
from horarium.times import Recurrence, Timing, parts_of, smallest_gap

# Between two beginnings of a window lies at least this time (s), so that few rows tell of a long downtime.
LEAST_BETWEEN_S = 3600
# Windows that may be of one workspace as a whole, of one schedule, and of all schedules of a workspace.
MOST_OF_WORKSPACE, MOST_OF_SCHEDULE, MOST_OF_SCHEDULES = 20, 5, 200
# Times of a window that are entered at most for what was before the present; earlier ones are as if they had not been.
MOST_BEGUN = 1_000


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window as the store keeps it. Instants and durations are milliseconds.

    `schedule_id` is None where it is one of the whole workspace. `next_ms` is when it begins next, None where it does
    not begin any more. `catch_up` says what becomes of the slots in it afterwards, `note` why it is there, and `by` who
    made it.
    """

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    timing: Timing
    duration_ms: int
    catch_up: CatchUp
    next_ms: int | None
    created_ms: int
    note: str | None = None
    by: Id | None = None

    @property
    def recurrence(self) -> Recurrence:
        return stored_recurrence(self.timing)

    def holding_at(self, at_ms: int) -> Closure | None:
        """The time of the window that an instant lies in, by the recurrence alone; None for one before `next_ms`, which
        was entered as a pause."""
        if self.next_ms is None or at_ms < self.next_ms:
            return None
        begun = self.recurrence.last_in((at_ms - self.duration_ms) // 1000, at_ms // 1000)
        if begun is None or begun * 1000 < self.next_ms:
            return None
        return Closure(begun * 1000, begun * 1000 + self.duration_ms, self.catch_up, SpanReason.MAINTENANCE)


def pause_of(window: Window, from_ms: int) -> Pause:
    """The pause that a time of a window is. It has the same id whoever enters it."""
    ends_ms = from_ms + window.duration_ms
    an_id = derived_id(from_ms, b"window", window.id)
    own = window.workspace_id, window.schedule_id
    return Pause(an_id, *own, from_ms, ends_ms, window.catch_up, window.note, window.by, window.id)


def begun_by(window: Window, now_ms: int) -> tuple[list[Pause], Window]:
    """The times of a window that have begun by an instant and are not entered yet, and the window as it is then."""
    begin, found, recurrence = window.next_ms, list[Pause](), window.recurrence
    while begin is not None and begin <= now_ms:
        found.append(pause_of(window, begin))
        begin = slot_after(recurrence, begin)
    return found[-MOST_BEGUN:], replace(window, next_ms=begin)


def rezoned(window: Window, last_ms: int | None, now_ms: int) -> int | None:
    """When a window begins next by our zone data, where `next_ms` was computed with others. `last_ms` is when the last
    of its times began that was entered as a pause (None: none is known). No time is lost that goes on now, and a local
    time that occurs once more by our data does not begin again."""
    if window.next_ms is None:
        return None
    recurrence, since = window.recurrence, last_ms
    if since is None:
        since = max(window.created_ms, min(now_ms - window.duration_ms, window.next_ms - 1))
    elif (again := repeated_local_time(recurrence, since, window.next_ms)) is not None:
        since = again
    return slot_after(recurrence, since)


def next_times(window: Window, count: int) -> list[tuple[int, int]]:
    """(begin, end) of up to so many times that come next."""
    return times_from(window.recurrence, window.next_ms, window.duration_ms, count)


def times_after(window: Window, at_ms: int, count: int) -> list[tuple[int, int]]:
    """(begin, end) of up to so many times that begin after an instant."""
    begin = window.next_ms
    if begin is not None and begin <= at_ms:
        begin = slot_after(window.recurrence, at_ms)
    return times_from(window.recurrence, begin, window.duration_ms, count)


def times_from(
    recurrence: Recurrence, begin_ms: int | None, duration_ms: int, count: int
) -> list[tuple[int, int]]:
    """(begin, end) of up to so many times, of which the first begins at `begin_ms` (None: there is none)."""
    begin, found = begin_ms, list[tuple[int, int]]()
    while begin is not None and len(found) < count:
        found.append((begin, begin + duration_ms))
        begin = slot_after(recurrence, begin)
    return found


def problems_of(recurrence: Recurrence, duration_ms: int, now_ms: int) -> list[Problem]:
    """What is wrong with a window that is made now."""
    if duration_ms < 1000 or duration_ms % 1000:
        return [Problem("duration", "must be a whole number of seconds, at least 1s")]
    if slot_after(recurrence, now_ms) is None:
        return [Problem("recurrence", "never begins in the future")]
    between = smallest_gap(recurrence, now_ms // 1000)
    if between is not None and between < LEAST_BETWEEN_S:
        return [Problem("recurrence", "begins more often than once an hour; make it one longer window")]
    if between is not None and duration_ms >= between * 1000:
        words = (
            f"must be shorter than the time between two beginnings ({between} s), or nothing would ever fire"
        )
        return [Problem("duration", words)]
    return []


@dataclass(frozen=True, slots=True)
class Holds:
    """What holds back slots of a schedule that are to come: pauses, and windows that have not begun."""

    pauses: tuple[Pause, ...] = ()
    windows: tuple[Window, ...] = ()

    @property
    def asked(self) -> int:
        """How many recurrences are asked about each slot."""
        return sum(parts_of(window.recurrence) for window in self.windows)

    def behind(self, due_ms: int) -> Pause | None:
        """The pause, or the time of a window, that a slot lies in which is due at an instant: one of the schedule
        before one of its workspace."""
        found = [pause for pause in self.pauses if pause.holds_at(due_ms)]
        for window in self.windows:
            closure = window.holding_at(due_ms)
            if closure is not None:
                found.append(pause_of(window, closure.from_ms))
        return min(found, key=lambda pause: (pause.schedule_id is None, pause.from_ms), default=None)

    def open_again(self, due_ms: int) -> tuple[bool, int | None]:
        """Whether a slot that is due at an instant is held back, and when what holds it is over (None: that is not
        known). Something else may hold then."""
        pause = self.behind(due_ms)
        return (False, None) if pause is None else (True, pause.ends_ms)


NO_HOLDS = Holds()


class HoldsOver:
    """What holds back slots of some schedules of a workspace that are to come."""

    def __init__(self, pauses: Sequence[Pause] = (), windows: Sequence[Window] = ()) -> None:
        def among(*schedules: Id | None) -> Holds:
            found = Holds(
                tuple(each for each in pauses if each.schedule_id in schedules),
                tuple(each for each in windows if each.schedule_id in schedules),
            )
            return found if found.pauses or found.windows else NO_HOLDS

        named = {each.schedule_id for each in pauses} | {each.schedule_id for each in windows}
        self._whole = among(None)
        self._own = {one: among(None, one) for one in named if one is not None}

    def of(self, schedule_id: Id) -> Holds:
        """What holds back those of one schedule."""
        return self._own.get(schedule_id, self._whole)


NOTHING_HOLDS = HoldsOver()
