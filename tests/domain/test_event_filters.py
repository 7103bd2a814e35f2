"""Which events a filter by labels wants: those whose schedule has all of them, whatever else their content says."""

import orjson
import pytest

from horarium.domain.events import Event, EventFilter

LABELS = {"team": "a", "straße": 'the "blue" one', "path": "a\\b\n"}


def event(labels, **more):
    schedule = None if labels is None else {"id": "sch_1", "labels": labels}
    return Event(
        1, b"e" * 16, "fire.failed", None, 0, 0, orjson.dumps({**more, "schedule": schedule}).decode()
    )


@pytest.mark.parametrize("wanted", [{name: LABELS[name]} for name in LABELS] + [LABELS])
def test_an_event_is_wanted_whose_schedule_has_all_of_the_labels(wanted):
    assert EventFilter(labels=wanted).wants(event({**LABELS, "other": "x"}))


@pytest.mark.parametrize("wanted", [{"team": "b"}, {"tea": "a"}, {"team": "a", "other": "y"}, {"team": "A"}])
def test_an_event_is_not_wanted_whose_schedule_lacks_one_of_them(wanted):
    assert not EventFilter(labels=wanted).wants(event(LABELS))


@pytest.mark.parametrize("labels", [None, {}, {"team": "b"}])
def test_what_stands_elsewhere_in_an_event_is_no_label(labels):
    assert not EventFilter(labels={"team": "a"}).wants(event(labels, details={"team": "a"}))
