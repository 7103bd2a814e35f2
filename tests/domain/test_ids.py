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
    for text in ("", "0" * 36, "00000000-0000-0000-0000-00000000000g", "0" * 32):
        assert ids.from_uuid_text(text) is None
    for text in ("0000000-00000-0000-0000-000000000000", "00000000-0000-0000-00000-00000000000"):
        assert ids.from_uuid_text(text) is None  # its hyphens stand elsewhere


def test_a_key_that_looks_like_one_of_our_ids_is_known():
    assert ids.looks_like_our_id("sch_anything")
    assert not ids.looks_like_our_id("nightly")
    assert not ids.looks_like_our_id("schedule_1")


def test_ids_of_one_millisecond_sort_as_they_were_made():
    made = [ids.random_id(1_700_000_000_000) for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000


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
