import os
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.domain import ids

INSTANTS = st.integers(0, ids.MAX_TIME_MS)
IDS = st.builds(ids.random_id, INSTANTS)


@given(IDS)
def test_an_id_survives_each_of_its_writings(one):
    assert ids.from_ulid(ids.ulid(one)) == one
    assert ids.from_ulid(ids.ulid(one).lower()) == one
    assert ids.from_uuid_text(ids.uuid_text(one)) == one
    assert ids.from_prefixed("sch", ids.prefixed("sch", one)) == one
    assert ids.from_prefixed("run", ids.prefixed("sch", one)) is None


@given(INSTANTS, INSTANTS)
def test_ids_sort_by_their_time(a, b):
    first, second = ids.random_id(a), ids.random_id(b)
    assert (first < second) == (a < b) or a == b
    assert ids.id_time(first) == a
    assert ids.lowest_id_at(a) <= first < ids.lowest_id_at(a + 1) or a == ids.MAX_TIME_MS


@given(IDS)
def test_an_id_is_a_version_7_uuid(one):
    text = ids.uuid_text(one)
    assert text[14] == "7"
    assert text[19] in "89ab"


def test_the_same_thing_has_the_same_id_and_another_has_another():
    schedule = ids.random_id(1_000)
    one = ids.fire_id(schedule, "clock", 5_000)
    assert one == ids.fire_id(schedule, "clock", 5_000)
    assert one != ids.fire_id(schedule, "manual", 5_000)
    assert one != ids.fire_id(schedule, "clock", 6_000)
    assert one != ids.fire_id(schedule, "clock", 5_000, "again")
    assert ids.run_id(one) == ids.run_id(one, "", 0)
    assert len({ids.run_id(one), ids.run_id(one, "a"), ids.run_id(one, "", 1), ids.run_id(one, "a", 1)}) == 4
    assert ids.id_time(ids.run_id(one, "a")) == 5_000


def test_parts_do_not_run_into_each_other():
    assert ids.derived_id(0, b"ab", b"c") != ids.derived_id(0, b"a", b"bc")


def test_what_is_no_id_is_told_so():
    for text in ("", "sch_", "8" + "Z" * 25, "0" * 25, "0" * 27, "sch_" + "u" * 26, "0" * 25 + "é"):
        assert ids.from_ulid(text) is None
        assert ids.from_prefixed("sch", text) is None
    for text in ("0_" * 13, "+" + "0" * 25, " " + "0" * 25):  # numbers that Python would read
        assert ids.from_ulid(text) is None
    for text in ("", "0" * 36, "00000000-0000-0000-0000-00000000000g", "0" * 32):
        assert ids.from_uuid_text(text) is None
    for text in ("0000000-00000-0000-0000-000000000000", "00000000-0000-0000-00000-00000000000"):
        assert ids.from_uuid_text(text) is None  # its hyphens stand elsewhere


def test_a_key_that_looks_like_one_of_our_ids_is_known():
    assert ids.looks_like_our_id("sch_anything")
    assert not ids.looks_like_our_id("nightly")
    assert not ids.looks_like_our_id("schedule_1")


def test_ids_of_one_millisecond_sort_as_they_were_made():
    made = [ids.random_id(1_700_000_000_000) for _ in range(3_500)]
    assert made == sorted(made)
    assert len(set(made)) == 3_500


def test_numbered_ids_are_unique_in_order_and_have_their_time():
    made = [ids.numbered_id(1_795_348_800_000) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {ids.id_time(each) for each in made} == {1_795_348_800_000}
    assert {ids.uuid_text(each)[14] for each in made} == {"7"}  # the version of a UUID
    assert ids.id_time(ids.numbered_id(-1)) == 0


def test_slots_before_1970_have_fires_of_their_own():
    schedule = ids.random_id(0)
    before = [ids.fire_id(schedule, "backfill", -86_400_000 * day) for day in range(1, 5)]
    assert len(set(before)) == 4
    assert before[0] == ids.fire_id(schedule, "backfill", -86_400_000)


@pytest.mark.parametrize(
    ("time_ms", "kept"),
    [(-(10**15), 0), (-1, 0), (0, 0), (1, 1), (ids.MAX_TIME_MS, ids.MAX_TIME_MS), (1 << 48, ids.MAX_TIME_MS)],
)
def test_a_time_that_no_id_can_hold_becomes_the_nearest_that_one_can(time_ms, kept):
    for one in (ids.random_id(time_ms), ids.numbered_id(time_ms), ids.derived_id(time_ms, b"a"),
                ids.lowest_id_at(time_ms), ids.fire_id(bytes(16), "clock", time_ms)):  # fmt: skip
        assert (ids.id_time(one), len(one)) == (kept, 16)
    assert ids.lowest_id_at(time_ms) == kept.to_bytes(6, "big") + bytes(10)


# Ids are stored, and made again by every later version: these must never change.
FIRE = ids.fire_id(bytes(range(16)), "clock", 1_700_000_000_000)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (FIRE, "018bcfe5-6800-704d-b525-7b4f1b271c19"),
        (ids.fire_id(bytes(range(16)), "manual", -5_000, "again"), "00000000-0000-7c7b-ab32-86386d254823"),
        (ids.derived_id(7, b"ab", b"c"), "00000000-0007-79d5-b9a0-d5b894de418f"),
        (ids.run_id(FIRE, "row", 1), "018bcfe5-6800-7fc0-8367-a364420a846f"),
        (ids.row_run_id(FIRE, "row", 0), "018bcfe5-6800-7136-b5d1-182a91933766"),
        (ids.row_run_id(FIRE, "row", 300), "018bcfe5-6800-713b-a1d1-182a91933766"),
    ],
)
def test_an_id_that_is_derived_is_the_same_in_every_version_of_the_program(made, text):
    assert ids.uuid_text(made) == text


def test_runs_that_are_written_together_are_neighbours_and_lie_behind_those_before():
    def parts(one):
        """The bits of an id between its time and its hash: those of the fire plus the place."""
        return (one[6] & 0x0F) << 14 | one[7] << 6 | one[8] & 0x3F

    first = parts(ids.row_run_id(FIRE, "a", 0))
    assert parts(ids.row_run_id(FIRE, "b", 0)) == first
    for place in (1, 63, 64, 16_384):
        one = ids.row_run_id(FIRE, "a", place)
        assert parts(one) == (first + place) % (1 << 18)
        assert ids.uuid_text(one)[14] == "7"
        assert ids.uuid_text(one)[19] in "89ab"
        assert ids.id_time(one) == ids.id_time(FIRE)


def test_very_many_numbered_ids_stay_in_order(monkeypatch):
    for before in (2**18 - 2, 2**29 - 2):
        monkeypatch.setattr(ids, "_numbers", count(before))
        made = [ids.numbered_id(5) for _ in range(4)]
        assert made == sorted(set(made))


def test_an_id_is_not_shared_with_a_process_that_was_forked_off():
    ids.random_id(5)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, b"".join(ids.random_id(9) for _ in range(3)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 48)
    assert {theirs[7:16], theirs[23:32], theirs[39:48]}.isdisjoint(ids.random_id(9)[7:16] for _ in range(3))


@pytest.mark.parametrize(
    "text",
    ["7" + "Z" * 25, "0" * 26, "01ARYZ6S410000000000000000", "7" + "z" * 25],
)
def test_a_ulid_is_read_in_upper_and_lower_case_up_to_the_highest(text):
    assert ids.ulid(ids.from_ulid(text)) == text.upper()


def test_an_id_that_is_derived_stays_the_same_in_every_version():
    """They are stored, and found again by what they are derived from."""
    assert ids.derived_id(1_700_000_000_000, b"one", b"other").hex() == "018bcfe568007175aa484ab5b3618169"
    schedule = bytes(range(16))
    at = {slot: ids.fire_id(schedule, "clock", slot).hex() for slot in (1_700_000_000_000, 1, 0, -1)}
    assert at == {
        1_700_000_000_000: "018bcfe56800704db5257b4f1b271c19",
        1: "000000000001704db5257b4f1b271c19",
        0: "000000000000704db5257b4f1b271c19",
        -1: "0000000000007ad2b3f19587c8f3a3f3",
    }
    assert ids.run_id(schedule, "row", 2).hex() == "0001020304057386bb1327f0e319719a"
