"""Time zones from the pinned `tzdata` package alone, never from the operating system's copy.

A zone is a sequence of stretches of constant offset. The explicit transitions and some decades of the footer
rule are read at once; the years beyond are made by pages when somebody asks for them.
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
from horarium.times.problems import fail
from horarium.times.tzif import Footer, ZoneData, parse_tzif

TZDATA_VERSION: str = tzdata.IANA_VERSION

# In the package's list, but no place where somebody lives: they mean "this machine" or "not set".
NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})
NAME_LIMIT = 64
# No instant outside these is ever asked for or answered (two days of room for offsets).
TABLES_BEGIN, TABLES_END = FIRST_WALL - 2 * DAY, END_WALL + 2 * DAY
FOR_EVER = 1 << 60
FOOTER_YEARS = 32
FAR_TABLE_YEARS = 16
FAR_TABLES_KEPT = 64
STRETCHES_KEPT = 4096


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every name that `zone` accepts."""
    text = (importlib.resources.files("tzdata") / "zones").read_text(encoding="ascii")
    return frozenset(text.split()) - NOT_ZONES


class OffsetTable:
    """A run of stretches: `offsets[i]` holds from `starts[i]`; the last ends at `end`."""

    def __init__(self, starts: list[int], offsets: list[int], end: int) -> None:
        self.starts, self.offsets, self.end = starts, offsets, end
        self._cut: dict[tuple[int, ClockChangePolicy], Stretch] = {}

    def stretch(self, instant: int, policy: ClockChangePolicy) -> Stretch:
        key = max(0, bisect_right(self.starts, instant) - 1), policy
        found = self._cut.get(key)
        if found is None:
            if len(self._cut) >= STRETCHES_KEPT:
                self._cut.clear()
            found = self._cut[key] = cut_stretch(self.starts, self.offsets, self.end, *key)
        return found

    def offset(self, instant: int) -> int:
        return self.offsets[bisect_right(self.starts, instant) - 1]


class Zone:
    """One zone: `stretch` and `offset` answer for every instant of the years 1 to 9999."""

    def __init__(self, name: str, data: ZoneData) -> None:
        self.name = name
        self._footer = data.footer
        self._first_far_year = _last_year(data) + FOOTER_YEARS if data.footer.begins else 0
        self._table = _first_table(data, self._first_far_year)
        # Without a rule the last offset holds for ever, so there are no further pages.
        self._edge = first_day(self._first_far_year) * DAY if data.footer.begins else FOR_EVER
        self._far: dict[int, OffsetTable] = {}

    def stretch(self, instant: int, policy: ClockChangePolicy) -> Stretch:
        """The stretch of constant offset that holds `instant`, cut into pieces by `policy`."""
        return self._table_of(instant).stretch(instant, policy)

    def offset(self, instant: int) -> int:
        """Seconds east of UTC at an instant."""
        return self._table_of(instant).offset(instant)

    def resolve(self, wall: int) -> int:
        """The instant of a single local reading: the earlier of two, the first valid one after a gap."""
        instant = wall - DAY
        while True:
            stretch = self.stretch(instant, _PLAIN)
            if wall - stretch.offset < stretch.hi:
                return max(wall - stretch.offset, stretch.lo)
            instant = stretch.hi

    def occurs_again(self, wall: int, instant: int) -> bool:
        """Whether a local reading that occurs at `instant` occurs once more."""
        following = self.stretch(self.stretch(instant, _PLAIN).hi, _PLAIN)
        return following.lo <= wall - following.offset < following.hi

    def _table_of(self, instant: int) -> OffsetTable:
        if instant < self._edge:
            return self._table
        number = (year_of_day(instant // DAY) - self._first_far_year) // FAR_TABLE_YEARS
        table = self._far.get(number)
        if table is None:
            if len(self._far) >= FAR_TABLES_KEPT:
                self._far.clear()
            first = self._first_far_year + number * FAR_TABLE_YEARS
            # A year more on both sides, so that the stretches at the edges are whole.
            table = self._far[number] = _rule_table(self._footer, first - 1, first + FAR_TABLE_YEARS + 1)
        return table


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
    """Stretches of different offsets: a change of name or of daylight flag alone is none."""
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
    """The zone of exactly this name; RecurrenceError (field "timezone") for any other."""
    return Zone(name, parse_tzif(_zone_bytes(name)))


@lru_cache(maxsize=1024)
def zone_fingerprint(name: str) -> str:
    """A hash of the zone's data: where it is unchanged, no schedule of the zone needs recomputing."""
    return hashlib.sha256(_zone_bytes(name)).hexdigest()[:16]


def local_text(zone_name: str, instant: int) -> str:
    """What the clock shows in a zone at an instant, as "2024-01-27T09:00:00-05:00"."""
    offset = zone(zone_name).offset(instant)
    return wall_text(instant + offset) + offset_text(offset)


def _zone_bytes(name: str) -> bytes:
    if not isinstance(name, str) or name not in zone_names():
        raise fail("timezone", _unknown(name), name)
    path = importlib.resources.files("tzdata") / "zoneinfo"
    return path.joinpath(*name.split("/")).read_bytes()


@lru_cache(maxsize=256)
def _unknown(name: object) -> str:
    if not isinstance(name, str) or not name:
        return "a time zone is missing; give an IANA name such as Europe/Berlin, or UTC"
    if len(name) > NAME_LIMIT:
        return "this is no IANA time zone name (too long); give one such as Europe/Berlin"
    nearest = _nearest(name)
    hint = f"did you mean {nearest}?" if nearest else "give one such as Europe/Berlin or UTC"
    return f"{name!r} is not a time zone of the IANA data {TZDATA_VERSION}; {hint}"


def _nearest(name: str) -> str | None:
    """The name somebody most likely meant: the same in another case, the same city, or the closest."""
    folded = name.strip().replace(" ", "_").casefold()
    by_fold = {known.casefold(): known for known in sorted(zone_names())}
    if folded in by_fold:
        return by_fold[folded]
    cities = {fold.rsplit("/", 1)[-1]: known for fold, known in by_fold.items()}
    if folded.rsplit("/", 1)[-1] in cities:
        return cities[folded.rsplit("/", 1)[-1]]
    close = get_close_matches(folded, by_fold, n=1, cutoff=0.6) or get_close_matches(folded, cities, n=1)
    return {**cities, **by_fold}[close[0]] if close else None
