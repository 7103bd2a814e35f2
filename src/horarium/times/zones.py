"""Time zones, from the data of the pinned `tzdata` package and never from the copy of the operating system.

A zone is a sequence of stretches of constant offset. They are kept in tables. The first table holds the
transitions that the data list, and those of some decades that follow by the rule in the data's footer. Tables
for later years are made when somebody asks for them.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from bisect import bisect_right
from difflib import get_close_matches
from functools import lru_cache

import tzdata  # type: ignore[import-untyped]

from horarium.times.civil import DAY, END_WALL, FIRST_WALL, first_day, offset_text, wall_text, year_of_day
from horarium.times.clock_changes import ClockChangePolicy, Stretch, cut_stretch
from horarium.times.instants import FIRST_INSTANT, LAST_INSTANT, held
from horarium.times.problems import fail
from horarium.times.tzif import Footer, ZoneData, parse_tzif
from horarium.times.zone_hints import hint_for

TZDATA_VERSION: str = tzdata.IANA_VERSION

# These names are in the package's list, but they are not zones: they mean "this machine" or "not set".
NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})
NAME_LIMIT = 64
# The tables cover the years 1 to 9999 with two days more on both sides, as room for offsets.
TABLES_BEGIN, TABLES_END = FIRST_WALL - 2 * DAY, END_WALL + 2 * DAY
FOR_EVER = 1 << 60
FOOTER_YEARS = 32
FAR_TABLE_YEARS = 16
# Over all zones: tables of later years, and stretches that have been cut.
FAR_TABLES_KEPT, STRETCHES_KEPT = 1024, 16_384


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The name of every zone that `zone` accepts."""
    text = (importlib.resources.files("tzdata") / "zones").read_text(encoding="ascii")
    return frozenset(text.split()) - NOT_ZONES


class OffsetTable:
    """Consecutive stretches: `offsets[i]` holds from instant `starts[i]` on, the last one until `end`."""

    def __init__(self, starts: list[int], offsets: list[int], end: int) -> None:
        self.starts, self.offsets, self.end = starts, offsets, end

    def stretch(self, instant: int, policy: ClockChangePolicy) -> Stretch:
        """The stretch in which an instant lies, cut by a policy."""
        return _stretch(self, max(0, bisect_right(self.starts, instant) - 1), policy)

    def offset(self, instant: int) -> int:
        """Seconds east of UTC at an instant."""
        return self.offsets[bisect_right(self.starts, instant) - 1]


@lru_cache(maxsize=STRETCHES_KEPT)
def _stretch(table: OffsetTable, index: int, policy: ClockChangePolicy) -> Stretch:
    return cut_stretch(table.starts, table.offsets, table.end, index, policy)


class Zone:
    """One zone. Its methods answer for every instant of the years 1 to 9999."""

    def __init__(self, name: str, data: ZoneData) -> None:
        self.name = name
        self._footer = data.footer
        self._first_far_year = _last_year(data) + FOOTER_YEARS if data.footer.begins else 0
        self._table = _first_table(data, self._first_far_year)
        # The instant from which on, and some decades before, the clock changes by one rule. Without a rule the last
        # offset holds for ever, so there are no later tables.
        self.far_from = first_day(self._first_far_year) * DAY if data.footer.begins else FOR_EVER

    def stretch(self, instant: int, policy: ClockChangePolicy) -> Stretch:
        """The stretch of constant offset in which an instant lies, cut into pieces by `policy`."""
        return self._table_of(instant).stretch(instant, policy)

    def offset(self, instant: int) -> int:
        """Seconds east of UTC at an instant."""
        return self._table_of(instant).offset(instant)

    def resolve(self, wall: int) -> int:
        """The instant of a wall second: the earlier of two, or the first instant after a gap."""
        instant = wall - DAY
        while True:
            stretch = self.stretch(instant, _PLAIN)
            if wall - stretch.offset < stretch.hi:
                return max(wall - stretch.offset, stretch.lo)
            instant = stretch.hi

    def occurs_again(self, wall: int, instant: int) -> bool:
        """Whether the wall second that occurs at `instant` occurs once more after it."""
        following = self.stretch(self.stretch(instant, _PLAIN).hi, _PLAIN)
        # Behind the last change of a zone there is no further stretch: what follows is the same one.
        return instant < following.lo <= wall - following.offset < following.hi

    def _table_of(self, instant: int) -> OffsetTable:
        if instant < self.far_from:
            return self._table
        number = (year_of_day(instant // DAY) - self._first_far_year) // FAR_TABLE_YEARS
        return _far_table(self, number)

    def far_table(self, number: int) -> OffsetTable:
        """The table of some years that are far from now."""
        first = self._first_far_year + number * FAR_TABLE_YEARS
        # A year more on both sides, so that the stretches at the edges are whole.
        return _rule_table(self._footer, first - 1, first + FAR_TABLE_YEARS + 1)


@lru_cache(maxsize=FAR_TABLES_KEPT)
def _far_table(zone: Zone, number: int) -> OffsetTable:
    return zone.far_table(number)


_PLAIN = ClockChangePolicy("skip", "both")


def _last_year(data: ZoneData) -> int:
    return max(1970, year_of_day(data.starts[-1] // DAY) if data.starts else 1970)


def _first_table(data: ZoneData, until: int) -> OffsetTable:
    changes = list(zip(data.starts, data.offsets, strict=True))
    if data.footer.begins is None:
        if not changes:
            changes = [(TABLES_BEGIN, data.footer.standard)]
    else:
        last = changes[-1][0] if changes else TABLES_BEGIN
        for year in range(_last_year(data), until + 2):
            changes += [change for change in data.footer.changes_in(year) if change[0] > last]
    return _table([(TABLES_BEGIN, data.initial), *changes])


def _rule_table(footer: Footer, first: int, until: int) -> OffsetTable:
    changes = [change for year in range(first, until + 1) for change in footer.changes_in(year)]
    return _table(changes)


def _table(changes: list[tuple[int, int]]) -> OffsetTable:
    """The table of (instant, new offset) changes. Changes to the offset that holds already are left out."""
    starts: list[int] = []
    offsets: list[int] = []
    for start, offset in changes:
        if starts and start <= starts[-1]:
            offsets[-1] = offset
        elif not offsets or offset != offsets[-1]:
            starts.append(start)
            offsets.append(offset)
    return OffsetTable(starts, offsets, TABLES_END)


@lru_cache(maxsize=1024)
def zone(name: str) -> Zone:
    """The zone of exactly this name. Raises RecurrenceError (field "timezone") for any other name."""
    return Zone(name, parse_tzif(_zone_bytes(name)))


@lru_cache(maxsize=1024)
def zone_fingerprint(name: str) -> str:
    """A hash of a zone's data. While it stays the same, no slot of the zone moves. Raises RecurrenceError."""
    return hashlib.sha256(_zone_bytes(name)).hexdigest()[:16]


def local_text(zone_name: str, instant: int) -> str:
    """An instant as the local time of a zone: "2024-01-27T09:00:00-05:00". Raises RecurrenceError.

    An instant whose local time has no year of four digits is written in UTC. This happens in the first and the last
    hours of the range. An instant outside of the range is written as the nearest end of the range.
    """
    instant = min(max(instant, FIRST_INSTANT), LAST_INSTANT)
    offset = zone(zone_name).offset(instant)
    if not held(instant + offset):
        offset = 0
    return wall_text(instant + offset) + offset_text(offset)


def _zone_bytes(name: str) -> bytes:
    if not isinstance(name, str) or name not in zone_names():
        raise fail("timezone", _wrong(name), name)
    path = importlib.resources.files("tzdata") / "zoneinfo"
    return path.joinpath(*name.split("/")).read_bytes()


def _wrong(name: object) -> str:
    if not isinstance(name, str) or not name:
        return "a time zone is missing; give an IANA name such as Europe/Berlin, or UTC"
    if len(name) > NAME_LIMIT:  # which is not remembered: it may have megabytes
        return "this is too long for an IANA time zone name; give one such as Europe/Berlin"
    return _unknown(name)


@lru_cache(maxsize=256)
def _unknown(name: str) -> str:
    hint = hint_for(name)
    if hint is None:
        nearest = _nearest(name)
        hint = f"did you mean {nearest}?" if nearest else "give one such as Europe/Berlin or UTC"
    return f"{name!r} is not a time zone of the IANA data {TZDATA_VERSION}; {hint}"


# How alike a name and a zone's must be, from 0 to 1. Less would take Mars for Paris.
_ALIKE = 0.75


def _nearest(name: str) -> str | None:
    """The name that somebody most likely meant: the same in another case, the same city, or the most similar."""
    folded = name.strip().replace(" ", "_").casefold()
    by_fold = {known.casefold(): known for known in sorted(zone_names())}
    if folded in by_fold:
        return by_fold[folded]
    cities = {fold.rsplit("/", 1)[-1]: known for fold, known in by_fold.items()}
    if folded.rsplit("/", 1)[-1] in cities:
        return cities[folded.rsplit("/", 1)[-1]]
    close = get_close_matches(folded, by_fold, 1, _ALIKE) or get_close_matches(folded, cities, 1, _ALIKE)
    return {**cities, **by_fold}[close[0]] if close else None
