"""What a recurrence of an agent's schedule may be that is an object."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.api.dialects.uranus.grammar import once_or_delay
from horarium.times.problems import RecurrenceError


@pytest.mark.parametrize("delay", [True, False, None, "60", 1.5, [60], 0, -1])
def test_a_delay_is_a_whole_number_of_seconds_from_1_on(delay: Any) -> None:
    with pytest.raises(RecurrenceError, match=r"delay: must be (a whole number of seconds, )?at least 1"):
        once_or_delay({"delay": delay})


@pytest.mark.parametrize("given", [{}, {"once": "2027-01-01T00:00:00Z", "delay": 60}, {"every": 60}])
def test_it_has_one_of_two_fields(given: Any) -> None:
    with pytest.raises(RecurrenceError, match="exactly one of once and delay"):
        once_or_delay(given)
