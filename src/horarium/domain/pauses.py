"""Pauses: times in which the clock of a schedule, or of all schedules of a workspace, stands still.

The pause of a schedule is its state. That of a workspace is no state of its schedules: they stay active, and a slot
that is due in the pause is not decided until the pause is over. Then the pause's catch-up says what becomes of all
slots in it at once. So to pause a workspace is one row, however many schedules it has. A maintenance window, of a
workspace or of a schedule, holds slots back in the same way: each of its times is a pause (`windows.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from horarium.domain.fire import SpanReason
from horarium.domain.ids import Id
from horarium.domain.schedule import CatchUp

# When a schedule is due next (ms) that waits for the end of a pause of its workspace. No instant is so late, so nothing
# that looks for what is due finds it; the end of the pause looks for this very number.
WHEN_RESUMED = 1 << 62

_Part = TypeVar("_Part")


def said(name: str, given: _Part | None, known: _Part | None, clears: Collection[str]) -> _Part | None:
    """A part of a pause that is changed: what is given; nothing, where it is taken away; otherwise what is known."""
    return given if given is not None or name in clears else known


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause as the store keeps it. Instants are milliseconds since the epoch.

    `schedule_id` is None where it is one of the whole workspace. It holds from `from_ms` until just before `ends_ms`;
    None: until somebody resumes. `catch_up` says what becomes of its slots afterwards. `note` says why, and `by` which
    principal paused; None: the server itself. `window_id` is the maintenance window that it is one of the times of.
    """

    id: Id
    workspace_id: Id
    schedule_id: Id | None
    from_ms: int
    ends_ms: int | None
    catch_up: CatchUp
    note: str | None = None
    by: Id | None = None
    window_id: Id | None = None

    def holds_at(self, at_ms: int) -> bool:
        """Whether the pause holds at an instant."""
        return self.from_ms <= at_ms and (self.ends_ms is None or at_ms < self.ends_ms)


@dataclass(frozen=True, slots=True)
class Closure:
    """A time in which slots do not fire, as a plan needs it: from `from_ms` until just before `ends_ms` (None: it has
    no end yet). `reason` is that of its spans."""

    from_ms: int
    ends_ms: int | None
    catch_up: CatchUp
    reason: SpanReason

    def earlier(self, by_ms: int) -> Closure:
        """The same time, so many milliseconds earlier: a plan thinks in slots, and a pause in due instants."""
        ends_ms = None if self.ends_ms is None else self.ends_ms - by_ms
        return replace(self, from_ms=self.from_ms - by_ms, ends_ms=ends_ms)

    def open_at(self, at_ms: int) -> bool:
        """Whether the end has not come by an instant."""
        return self.ends_ms is None or self.ends_ms > at_ms

    def holds_at(self, at_ms: int) -> bool:
        """Whether it has begun by an instant, and has not ended."""
        return self.from_ms <= at_ms and self.open_at(at_ms)


def closure_of(pause: Pause) -> Closure:
    """The time that a pause takes."""
    if pause.window_id is not None:
        reason = SpanReason.MAINTENANCE
    else:
        reason = SpanReason.WORKSPACE_PAUSED if pause.schedule_id is None else SpanReason.PAUSED
    return Closure(pause.from_ms, pause.ends_ms, pause.catch_up, reason)


def held_since(closures: Iterable[Closure], at_ms: int) -> int | None:
    """Since when (ms) what holds at an instant goes on, one time after another; None where nothing holds then."""
    since: int | None = None
    for closure in sorted(closures, key=lambda each: each.from_ms, reverse=True):
        if closure.holds_at(at_ms) or (
            since is not None and closure.ends_ms is not None and closure.ends_ms >= since
        ):
            since = closure.from_ms
    return since


def in_turn(closures: Iterable[Closure]) -> tuple[Closure, ...]:
    """Closures one after another: where two overlap, the later one begins when the earlier one ends."""
    found: list[Closure] = []
    for closure in sorted(closures, key=lambda each: each.from_ms):
        if found:
            ends_ms = found[-1].ends_ms
            if ends_ms is None:
                break
            if closure.ends_ms is not None and closure.ends_ms <= ends_ms:
                continue
            closure = replace(closure, from_ms=max(closure.from_ms, ends_ms))
        found.append(closure)
    return tuple(found)


def with_own(own: Iterable[Closure], others: Iterable[Closure]) -> tuple[Closure, ...]:
    """The closures of a schedule and those of its workspace, one after another. A slot in one of each belongs to that
    of the schedule, whose catch-up was chosen for it alone. `others` are one after another already."""
    mine = in_turn(own)
    if not mine:
        return tuple(others)
    found = list(mine)
    for other in others:
        begin: int | None = other.from_ms
        for each in mine:
            if begin is None or not each.open_at(begin):
                continue
            if other.ends_ms is not None and each.from_ms >= other.ends_ms:
                break
            if each.from_ms > begin:
                found.append(replace(other, from_ms=begin, ends_ms=each.from_ms))
            begin = each.ends_ms
        if begin is not None and other.open_at(begin):
            found.append(replace(other, from_ms=begin))
    return tuple(sorted(found, key=lambda each: each.from_ms))


def over_at(closures: Sequence[Closure]) -> tuple[int | None, ...]:
    """When no closure holds any more after each of these (None: no end is known): those that follow one another without
    a break are over together. They are one after another."""
    found: list[int | None] = []
    begun: int | None = None
    for closure in reversed(closures):
        follows = bool(found) and closure.ends_ms == begun
        found.append(found[-1] if follows else closure.ends_ms)
        begun = closure.from_ms
    return tuple(reversed(found))
