"""The next fire instants for people: each with its local time and with what a clock change did to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from horarium.times.civil import DAY, wall_text
from horarium.times.clock_changes import Stretch
from horarium.times.descriptions import span
from horarium.times.local_times import LocalTimeSet
from horarium.times.recurrence import Bounded, OneShot, Recurrence, Zoned
from horarium.times.timing import Timing, compile_timing
from horarium.times.union import Union
from horarium.times.zones import local_text

# How many stretches back the notes on an occurrence look for local times that were left out before it. The parts of a
# union share them.
STRETCHES_SEEN = 64


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A fire instant (seconds since the epoch) with its local time, such as "2024-01-27T09:00:00-05:00".

    `note` says in English what a clock change did to it. It is usually empty.
    """

    instant: int
    local: str
    note: str = ""


def explain_next(timing: Timing, after: int, count: int) -> list[Occurrence]:
    """The next `count` occurrences after an instant, or fewer if the recurrence ends. Raises RecurrenceError."""
    return list(islice(occurrences(timing, after), count))


def occurrences(timing: Timing, after: int) -> Iterator[Occurrence]:
    """The occurrences after an instant, each found when it is asked for. Raises RecurrenceError."""
    recurrence = compile_timing(timing)
    instant = recurrence.next_after(after)
    while instant is not None:
        notes = "; ".join(_notes(recurrence, after, instant, STRETCHES_SEEN))
        yield Occurrence(instant, local_text(timing.zone, instant), notes)
        after, instant = instant, recurrence.next_after(instant)


def _notes(recurrence: Recurrence, before: int, instant: int, seen: int) -> list[str]:
    if isinstance(recurrence, Bounded):
        return _notes(recurrence.inner, max(before, recurrence.start - 1), instant, seen)
    if isinstance(recurrence, Union):
        each = seen // len(recurrence.parts)
        return list(
            dict.fromkeys(note for part in recurrence.parts for note in _notes(part, before, instant, each))
        )
    if isinstance(recurrence, OneShot):
        return [recurrence.note] if recurrence.note and recurrence.instant == instant else []
    if isinstance(recurrence, Zoned):
        own = recurrence.fires_at(instant)
        return _dropped(recurrence, before, instant, seen) + (_touched(recurrence, instant) if own else [])
    return []


def _touched(zoned: Zoned, instant: int) -> list[str]:
    stretch = zoned.zone.stretch(instant, zoned.policy)
    moved = _moved(zoned, stretch, instant)
    passes = _passes(zoned, stretch, instant)
    return [note for note in (moved, passes) if note]


def _moved(zoned: Zoned, stretch: Stretch, instant: int) -> str:
    """A note if the instant fires for local times that the clock jumps over, or ""."""
    for piece in stretch.pieces:
        if not piece.lo <= instant < piece.hi:
            continue
        spans = [
            *piece.jumped,
            *((instant + o, instant + o + 1) for o in piece.offsets if o != stretch.offset),
        ]
        lost = [text for a, b in spans if (text := _elements(zoned.walls, a, b))]
        if lost:
            wall = instant + stretch.offset
            own = zoned.walls.next_wall(wall) == wall and stretch.offset in piece.offsets
            stands = "also stands for what the clock jumps over" if own else "moved: the clock jumps over"
            return f"{stands}{':' if own else ''} {' and '.join(lost)}"
    return ""


def _passes(zoned: Zoned, stretch: Stretch, instant: int) -> str:
    """A note if the local time occurs twice: which of the two this is. Otherwise ""."""
    wall = instant + stretch.offset
    overlap = zoned.policy.overlap
    earlier = zoned.zone.stretch(stretch.lo - 1, zoned.policy) if stretch.lo > instant - DAY else None
    if earlier and earlier.lo <= wall - earlier.offset < earlier.hi:
        rest = "; the first does not fire" if overlap == "last" else ""
        return f"second pass of a repeated {_length(earlier.offset - stretch.offset)}{rest}"
    later = zoned.zone.stretch(stretch.hi, zoned.policy) if stretch.hi < instant + 2 * DAY else None
    if later and later.lo <= wall - later.offset < later.hi:
        rest = "; the second does not fire" if overlap == "first" else ""
        return f"first pass of a repeated {_length(stretch.offset - later.offset)}{rest}"
    return ""


def _dropped(zoned: Zoned, before: int, instant: int, seen: int) -> list[str]:
    """Notes on local times between two occurrences that the clock jumps over and that do not fire at all."""
    notes: list[str] = []
    stretch = zoned.zone.stretch(instant, zoned.policy)
    for _ in range(seen):
        if stretch.lo <= before:
            break
        earlier = zoned.zone.stretch(stretch.lo - 1, zoned.policy)
        a, b = stretch.lo + earlier.offset, stretch.lo + stretch.offset
        fires = any(
            piece.jumped or len(piece.offsets) > 1 or earlier.offset in piece.offsets
            for piece in stretch.pieces
            if piece.lo == stretch.lo
        )
        lost = _elements(zoned.walls, a, b, dated=True) if a < b and not fires else ""
        if lost:
            notes.append(f"before it the clock jumps over {lost}, which does not fire")
        stretch = earlier
    return notes[::-1]


def _elements(walls: LocalTimeSet, lo: int, hi: int, *, dated: bool = False) -> str:
    """The elements in [lo, hi) as "02:30" or "02:00 to 02:45"; "" if there are none."""
    first = walls.next_wall(lo)
    if first >= hi:
        return ""
    last = walls.prev_wall(hi - 1)
    day = f" of {wall_text(first)[:10]}" if dated else ""
    return (_clock(first) if first == last else f"{_clock(first)} to {_clock(last)}") + day


def _clock(wall: int) -> str:
    text = wall_text(wall)[11:]
    return text.removesuffix(":00")


def _length(seconds: int) -> str:
    return "hour" if seconds == 3600 else span(seconds)
