"""The name that somebody most likely meant."""

import pytest

from horarium.domain.near_names import LONGEST, did_you_mean, nearest

KNOWN = ("timezone", "recurrence", "target_id", "x" * LONGEST)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("timezone", "timezone"),
        ("timeZone", "timezone"),
        ("time-zone", "timezone"),
        ("TIME_ZONE", "timezone"),
        ("targetId", "target_id"),
        ("recurence", "recurrence"),
        ("colour", None),
        ("", None),
        ("x" * LONGEST, "x" * LONGEST),
        ("X" * LONGEST, "x" * LONGEST),
        ("x" * (LONGEST + 1), None),  # too long to be compared with anything
    ],
)
def test_the_known_name_that_is_most_like_another_is_found(name, meant):
    assert nearest(name, KNOWN) == meant


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (KNOWN, "did you mean recurrence?"),
        (("timezone", "name"), "the fields are timezone, name"),
        ((), "there are no fields"),
    ],
)
def test_a_sentence_offers_what_was_meant_or_what_there_is(known, words):
    assert did_you_mean("recurence", iter(known), "fields") == words
