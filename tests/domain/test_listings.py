"""What a listing leaves out, by the filters that it has."""

from dataclasses import replace

import pytest

from horarium.domain.listings import RunListing, ScheduleListing

ALL = ScheduleListing(b"w" * 16, 5)
PAGE = {"limit": 9, "cursor": b"c" * 16, "skip": 3, "newest_first": False, "window": 7, "search_input": False}
FILTERS = {
    "dialect": "native", "owner_id": b"o" * 16, "target_id": b"t" * 16, "state": "active", "not_state": "deleted",
    "recurrence": "cron", "prefix": "a", "search": "a", "key": "a", "key_prefix": "a", "labels": (("a", "1"),),
    "created_by": b"p" * 16, "next_before_ms": 0, "last_state": "failed", "failing": False, "made_upto_ms": 0,
}  # fmt: skip


def test_all_that_a_listing_can_ask_for_is_a_filter_or_says_which_page():
    assert set(ScheduleListing.__dataclass_fields__) == {"workspace_id", *PAGE, *FILTERS}
    assert ALL.unfiltered
    assert replace(ALL, **PAGE).unfiltered


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_leaves_something_out_and_some_look_at_how_far_a_schedule_is(name):
    one = replace(ALL, **PAGE, **{name: FILTERS[name]})
    assert not one.unfiltered
    assert one.by_progress is (name in {"next_before_ms", "last_state", "failing"})


@pytest.mark.parametrize(
    ("given", "filtered"),
    [
        ({}, False),
        ({"schedule_id": b"s", "row_key": "a", "from_ms": 0, "to_ms": 9, "made_before_ms": 9}, False),
        ({"target_id": b"t"}, True),
        ({"state": "failed"}, True),
        ({"labels": (("a", "1"),)}, True),
        ({"fire_id": b"f"}, True),
    ],
)
def test_runs_that_may_not_match_are_looked_at_only_where_no_index_has_the_filter(given, filtered):
    assert RunListing(b"w", 5, **given).filtered is filtered
