"""What the audit log tells of things is short."""

import pytest

from horarium.service.facts import LONGEST_VALUE, short


@pytest.mark.parametrize("length", [0, 1, LONGEST_VALUE - 2])
def test_a_value_that_is_short_is_repeated(length):
    assert short("x" * length) == "x" * length
    assert short(None) is None


def test_of_a_longer_one_the_log_tells_length_and_hash():
    told = [short("x" * (LONGEST_VALUE - 1)), short("y" * (LONGEST_VALUE - 1))]
    assert [each["bytes"] for each in told] == [LONGEST_VALUE + 1] * 2
    assert told[0]["sha256"] != told[1]["sha256"]
