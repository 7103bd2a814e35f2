"""Zones come from the pinned package alone, and agree with zoneinfo about every offset."""

import re
import tracemalloc

import pytest

from horarium.times import (
    TZDATA_VERSION,
    RecurrenceError,
    Timing,
    local_text,
    occurrences,
    zone,
    zone_fingerprint,
    zone_hints,
    zone_names,
)
from horarium.times.clock_changes import ClockChangePolicy
from horarium.times.tzif import YearRule
from horarium.times.zones import TABLES_END
from tests.support import oracle

PLAIN = ClockChangePolicy("skip", "both")
YEAR = 31_556_952


def test_the_version_is_that_of_the_iana_data() -> None:
    assert TZDATA_VERSION[:2] == "20"
    assert TZDATA_VERSION[-1].isalpha()


@pytest.mark.parametrize("shard", range(6))
def test_every_offset_is_that_of_zoneinfo(shard: int) -> None:
    for name in sorted(zone_names())[shard::6]:
        here, info = zone(name), oracle.zone_info(name)
        moments = [
            at
            for years in (-90, -40, -1, 5, 33, 56, 60, 68, 129, 130, 131, 400, 3000)
            for at in (years * YEAR, years * YEAR + YEAR // 2)
        ]
        for change in _changes(name, -30 * YEAR, 75 * YEAR):
            moments += [change - 1, change]
        for moment in moments:
            expected = (oracle.EPOCH + oracle.timedelta(seconds=moment)).replace(tzinfo=oracle.UTC)
            offset = info.utcoffset(expected.astimezone(info))
            assert offset is not None
            assert here.offset(moment) == offset.total_seconds(), (name, moment)


def _changes(name: str, since: int, until: int) -> list[int]:
    found = []
    at = since
    while at < until:
        at = zone(name).stretch(at, PLAIN).hi
        found.append(min(at, until))
    return found


@pytest.mark.parametrize("name", ["Europe/Dublin", "Africa/Casablanca", "America/Nuuk", "Pacific/Apia"])
def test_no_transition_is_missed(name: str) -> None:
    assert _changes(name, 0, 80 * YEAR)[:-1] == oracle.transitions(name, 0, 80 * YEAR)


@pytest.mark.parametrize("name", ["America/New_York", "Asia/Tehran", "Europe/London", "Antarctica/Troll"])
def test_stretches_join_without_gap_up_to_the_last_year(name: str) -> None:
    at = 8_000 * YEAR - 1000 * YEAR
    for _ in range(60):
        stretch = zone(name).stretch(at, PLAIN)
        assert stretch.lo <= at < stretch.hi
        assert zone(name).stretch(stretch.hi - 1, PLAIN) == stretch
        at = stretch.hi
        if at >= TABLES_END:
            break


@pytest.mark.parametrize(
    "name",
    ["", "localtime", "posixrules", "Factory", "../etc/passwd", "/Europe/Berlin", "europe/berlin", "Europe",
     "Europe/Berlin ", "zones", "__init__.py", "tzdata.zi", "A" * 5000, "Europe/\x00", "EST5EDT,M3.2.0"],
)  # fmt: skip
def test_it_refuses_what_is_not_exactly_a_name_of_the_package(name: str) -> None:
    with pytest.raises(RecurrenceError) as caught:
        zone(name)
    assert [problem.field for problem in caught.value.problems] == ["timezone"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [("europe/berlin", "Europe/Berlin"), ("America/NewYork", "America/New_York"), ("Berlin", "Europe/Berlin"),
     ("US/Pacfic", "US/Pacific"), ("new york", "America/New_York"), ("utc", "UTC")],
)  # fmt: skip
def test_it_suggests_the_nearest_name(given: str, meant: str) -> None:
    with pytest.raises(RecurrenceError, match=f"did you mean {meant}"):
        zone(given)


def test_a_fingerprint_follows_the_data_of_a_zone() -> None:
    assert zone_fingerprint("Europe/Berlin") == zone_fingerprint("Europe/Berlin")
    assert zone_fingerprint("Europe/Berlin") != zone_fingerprint("Europe/Lisbon")


def test_a_local_reading_carries_its_offset() -> None:
    assert local_text("America/New_York", 1_706_364_000) == "2024-01-27T09:00:00-05:00"
    assert local_text("Asia/Kathmandu", 0) == "1970-01-01T05:30:00+05:30"
    assert local_text("Africa/Monrovia", 0) == "1969-12-31T23:15:30-00:44:30"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("PST", "it is an abbreviation; give America/Los_Angeles or Asia/Manila"),
        ("PDT", "it is an abbreviation; give America/Los_Angeles"),
        ("JST", "it is an abbreviation; give Asia/Tokyo"),
        ("IST", "give Asia/Kolkata, Europe/Dublin or Asia/Jerusalem"),
        ("CST", "give America/Chicago, Asia/Shanghai or America/Havana"),
        ("est", "give America/New_York or America/Panama"),
        (
            "GMT+5",
            "it is an offset, 5 hours ahead of UTC, and no zone; give Etc/GMT-5 (the signs of these names",
        ),
        ("UTC+2", "2 hours ahead of UTC, and no zone; give Etc/GMT-2"),
        ("UTC-08:00", "8 hours behind UTC, and no zone; give Etc/GMT+8"),
        ("-1", "1 hour behind UTC, and no zone; give Etc/GMT+1"),
        ("UTC+0", "give UTC"),
        (
            "UTC+5:30",
            "5:30 ahead of UTC, and no zone; give the place whose clocks are meant, such as Asia/Kolkata",
        ),
        ("GMT-13", "13 hours behind UTC, and no zone; give the place"),
        ("Mars", "give one such as Europe/Berlin or UTC"),
        ("Nowhere/Land", "give one such as Europe/Berlin or UTC"),
    ],
)
def test_abbreviations_and_offsets_are_answered_with_what_they_may_mean_and_strange_names_with_no_guess(
    given: str, hint: str
) -> None:
    with pytest.raises(RecurrenceError, match=re.escape(hint)) as caught:
        zone(given)
    assert "did you mean" not in str(caught.value)


def test_every_zone_of_a_hint_exists_and_has_the_offset_that_is_said() -> None:
    for zones in zone_hints._ABBREVIATIONS.values():
        for name in zones:
            zone(name)
    for offset, name in zone_hints._PLACES.items():
        hours, _, minutes = offset[1:].partition(":")
        seconds = (int(hours) * 3600 + int(minutes) * 60) * (1 if offset[0] == "+" else -1)
        assert seconds in {zone(name).offset(at) for at in (1_767_225_600, 1_782_864_000)}, name
    for hours in (1, 12):
        assert zone(f"Etc/GMT-{hours}").offset(0) == hours * 3600


def test_names_that_are_too_long_for_a_zone_are_refused_and_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(20):
            with pytest.raises(RecurrenceError, match="too long"):
                zone(f"{number}/" + "x" * 1_000_000)
        assert tracemalloc.get_traced_memory()[0] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_wall_time_occurs_again_from_the_first_to_the_last_second_of_a_repeated_hour() -> None:
    paris = zone("Europe/Paris")
    first = 1_792_893_600  # 2026-10-25 02:00:00 on the wall, as seconds
    for wall, again in ((first - 1, False), (first, True), (first + 3_599, True), (first + 3_600, False)):
        assert paris.occurs_again(wall, paris.resolve(wall)) is again, wall - first
    assert not paris.occurs_again(first, paris.resolve(first) + 3_600)  # that is the second time


def test_no_wall_time_occurs_again_at_noon_of_any_day_in_any_zone() -> None:
    """Also not where the clocks change no more: in UTC, and in most of the world's zones."""
    midsummer = 1_814_443_200  # 2027-07-01 12:00:00 on the wall, as seconds
    for name in zone_names():
        where = zone(name)
        for wall in (midsummer, midsummer + 100 * YEAR, midsummer + 2_000 * YEAR):
            assert not where.occurs_again(wall, where.resolve(wall)), name


@pytest.mark.parametrize("name", ["UTC", "Asia/Tokyo", "Etc/GMT-2", "America/New_York"])
def test_one_local_time_that_comes_once_has_no_note(name: str) -> None:
    assert [found.note for found in occurrences(Timing("at(2027-07-01T09:00:00)", zone=name), 0)] == [""]


@pytest.mark.parametrize(
    ("kind", "day", "in_2026", "in_2028"),
    [
        ("J", 59, "2026-02-28", "2028-02-28"),
        ("J", 60, "2026-03-01", "2028-03-01"),
        ("J", 365, "2026-12-31", "2028-12-31"),
        ("D", 58, "2026-02-28", "2028-02-28"),
        ("D", 59, "2026-03-01", "2028-02-29"),
        ("D", 60, "2026-03-02", "2028-03-01"),
    ],
)
def test_a_change_on_a_day_of_the_year_counts_the_29th_of_february_or_never(
    kind: str, day: int, in_2026: str, in_2028: str
) -> None:
    rule = YearRule(kind, 0, 0, day, 7_200)
    for year, date in ((2026, in_2026), (2028, in_2028)):
        assert local_text("UTC", rule.wall_in(year) - 7_200) == f"{date}T00:00:00+00:00"
