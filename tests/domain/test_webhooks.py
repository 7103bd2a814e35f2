"""When an event that did not arrive is sent again, and what is kept of a filter."""

import pytest

from horarium.domain.events import EventFilter
from horarium.domain.webhooks import Answer, filter_from_text, filter_to_text, wait_ms


@pytest.mark.parametrize(
    ("attempts", "asked_ms", "waits_ms"),
    [
        (1, None, 1_000),
        (2, None, 4_000),
        (3, None, 16_000),
        (6, None, 1_024_000),
        (7, None, 3_600_000),
        (1_000_000, None, 3_600_000),
        (2, 0, 4_000),
        (2, 3_999, 4_000),
        (2, 4_001, 4_001),
        (2, 3_600_000, 3_600_000),
        (2, 3_600_001, 3_600_000),
    ],
)
def test_each_wait_is_four_times_the_one_before_or_what_the_receiver_asks_for_up_to_an_hour(
    attempts, asked_ms, waits_ms
):
    assert wait_ms(attempts, asked_ms) == waits_ms


@pytest.mark.parametrize(
    ("status", "arrived"), [(None, False), (199, False), (200, True), (299, True), (300, False), (410, False)]
)
def test_an_event_has_arrived_where_the_answer_is_a_success(status, arrived):
    assert Answer(status).arrived is arrived


def test_a_filter_is_kept_with_all_of_its_parts():
    wanted = EventFilter(("fire.*", "quota.near"), {"team": "blue"}, (b"s" * 16, b"t" * 16))
    assert filter_from_text(filter_to_text(wanted)) == wanted
