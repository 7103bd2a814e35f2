"""The oracle: which slots a stored timing names, by looking at every second. Nothing here comes from `horarium.times`.

Each second of a stretch is turned into its local reading and compared with the fields of the expression; what a clock
change does to readings that are skipped or occur twice is decided reading by reading. The fields are read by the
oracle of the tests of times, which is as independent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from tests.support import oracle

EPOCH_DAY = date(1970, 1, 1)
DATE_LINE_S = 3 * 3600

Piece = tuple[int, int, int]
"""(first instant, end, offset): a stretch of time with one offset from UTC, in seconds."""


def slots_between(timing: Mapping[str, Any], after: int, upto: int) -> list[int]:
    """The slots in (after, upto], in seconds; `timing` is the JSON object stored with the schedule."""
    low = max(after, timing.get("start", after + 1) - 1)
    high = min(upto, timing.get("end", upto))
    if high <= low:
        return []
    spec = timing["spec"]
    anchor = timing.get("anchor", 0)
    if spec.startswith("{"):
        return _structured(json.loads(spec), timing, low, high)
    if spec.startswith("@every "):
        return _beats(_seconds(spec.removeprefix("@every ")), anchor, low, high)
    return _readings(_fields(spec), timing, low, high)


@lru_cache(maxsize=4096)
def _fields(spec: str) -> oracle.Readings:
    return oracle.aws(spec) if spec.startswith("cron(") else oracle.cron(spec)


def _structured(spec: Mapping[str, Any], timing: Mapping[str, Any], low: int, high: int) -> list[int]:
    if "once" in spec:
        instant = datetime.fromisoformat(spec["once"].replace("Z", "+00:00"))
        at = int(instant.timestamp())
        return [at] if low < at <= high else []
    if "every" in spec:
        return _beats(_seconds(spec["every"]), timing.get("anchor", 0), low, high)
    raise AssertionError(f"the oracle does not know {spec}")


def _seconds(text: str) -> int:
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", text))


def _beats(every: int, anchor: int, low: int, high: int) -> list[int]:
    return [at for at in range(low + 1, high + 1) if at > anchor and (at - anchor) % every == 0]


def _readings(readings: oracle.Readings, timing: Mapping[str, Any], low: int, high: int) -> list[int]:
    gap, overlap = timing.get("dst_gap") or "next_valid", timing.get("dst_overlap") or "first"
    if readings.every_hour and (timing.get("dst_every_hour") or "elapsed") == "elapsed":
        gap, overlap = "skip", "both"
    pieces = _pieces(timing.get("zone", "UTC"), low, high)
    found: set[int] = set()
    for first, end, offset in pieces:
        for at in _matching(readings, max(first, low + 1), min(end, high + 1), offset):
            if overlap == "both" or _is_chosen(pieces, at, at + offset, overlap):
                found.add(at)
    if gap != "skip":
        found.update(at for at in _from_gaps(readings, pieces, gap) if low < at <= high)
    return sorted(found)


def _matching(readings: oracle.Readings, first: int, end: int, offset: int) -> list[int]:
    """Every instant of [first, end) whose local reading matches."""
    step = 1 if len(readings.seconds) > 1 or readings.seconds != {0} else 60
    start = first if step == 1 else first + -(first + offset) % 60
    times = _times_of_day(readings)
    found: list[int] = []
    for day in range((first + offset) // 86_400, (end - 1 + offset) // 86_400 + 1):
        if readings.on(EPOCH_DAY + timedelta(days=day)):
            midnight = day * 86_400 - offset
            seconds = range(max(start, midnight), min(end, midnight + 86_400), step)
            found += [at for at in seconds if at - midnight in times]
    return found


@lru_cache(maxsize=512)
def _times_of_day(readings: oracle.Readings) -> frozenset[int]:
    return frozenset(
        hour * 3600 + minute * 60 + second
        for hour in readings.hours
        for minute in readings.minutes
        for second in readings.seconds
    )


def _is_chosen(pieces: list[Piece], at: int, reading: int, overlap: str) -> bool:
    """Of the instants with one reading, whether this is the first, or the last."""
    others = [reading - offset for first, end, offset in pieces if first <= reading - offset < end]
    return at == (min(others) if overlap == "first" else max(others))


def _from_gaps(readings: oracle.Readings, pieces: list[Piece], gap: str) -> list[int]:
    """Where readings fire that no clock ever showed."""
    found = []
    for (_, change, before), (_, _, behind) in pairwise(pieces):
        if 0 < behind - before < DATE_LINE_S:
            # Read in the old offset, the readings of the gap lie just behind the change.
            lost = _matching(readings, change, change + behind - before, before)
            found += lost if gap == "shift" else [change] * bool(lost)
    return found


def _pieces(zone: str, low: int, high: int) -> list[Piece]:
    """Stretches of one offset that cover two days more than (low, high] on both sides."""
    first, last = low - 2 * 86_400, high + 2 * 86_400
    known = _changes(zone, first // 864_000, last // 864_000 + 1)
    edges = [first, *(at for at in known if first < at < last), last]
    return [(a, b, _offset(zone, a)) for a, b in pairwise(edges)]


@lru_cache(maxsize=4096)
def _changes(zone: str, first: int, last: int) -> tuple[int, ...]:
    """The changes of offset between two instants, given in units of ten days."""
    return tuple(oracle.transitions(zone, first * 864_000, last * 864_000))


@lru_cache(maxsize=65_536)
def _offset(zone: str, at: int) -> int:
    offset = datetime.fromtimestamp(at, UTC).astimezone(oracle.zone_info(zone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
