"""People are told once, in one message, again after hours, and when it is over."""

from horarium.watchdog.alerts import AGAIN_S, Alerts
from horarium.watchdog.checks import Finding

LATE, GONE = Finding("late", "", "a slot is late"), Finding("node", "n1", "the node n1 is gone")


def test_what_is_seen_once_is_not_told():
    alerts = Alerts()
    assert alerts.look([LATE], 0) is None
    assert alerts.look([], 2) is None
    assert alerts.look([LATE], 4) is None


def test_what_is_seen_twice_in_a_row_is_told_once_and_together():
    alerts = Alerts()
    alerts.look([LATE, GONE], 0)
    told = alerts.look([LATE, GONE], 2)
    assert told.title == "Horarium: late, node"
    assert told.text.splitlines() == ["- a slot is late", "- the node n1 is gone"]
    assert not told.over
    assert alerts.count == 2
    assert alerts.look([LATE, GONE], 4) is None


def test_the_end_is_told_once_it_is_certain():
    alerts = Alerts()
    for now in (0, 2):
        alerts.look([LATE, GONE], now)
    assert alerts.look([GONE], 4) is None
    assert alerts.look([LATE, GONE], 6) is None
    assert alerts.look([GONE], 8) is None
    over = alerts.look([GONE], 10)
    assert (over.title, over.over) == ("Horarium: over (late)", True)
    assert over.text == "- over after 10 s: a slot is late"
    assert alerts.look([GONE], 12) is None
    assert alerts.count == 1


def test_what_goes_on_is_told_again_after_hours_with_its_latest_words():
    alerts = Alerts()
    for now in (0, 2):
        alerts.look([LATE], now)
    assert alerts.look([LATE], 2 + AGAIN_S - 1) is None
    told = alerts.look([Finding("late", "", "later still")], 2 + AGAIN_S)
    assert told.text == "- still: later still"


def test_nobody_is_told_of_what_is_silenced():
    alerts = Alerts(frozenset({"node"}))
    for now in (0, 2, 4):
        assert alerts.look([GONE], now) is None


def test_what_one_look_has_not_seen_is_not_told_again_as_if_it_went_on():
    alerts = Alerts()
    for now in (0, 2):
        alerts.look([LATE], now)
    assert alerts.look([], 2 + AGAIN_S) is None
    told = alerts.look([LATE], 4 + AGAIN_S)
    assert told.text == "- still: a slot is late"


def test_what_goes_on_is_told_again_every_four_hours_and_not_in_between():
    alerts = Alerts()
    told = [now for now in range(0, 12 * 3600, 2) if alerts.look([LATE], now) is not None]
    assert told == [2, 2 + 4 * 3600, 2 + 8 * 3600]


def test_each_thing_is_told_of_by_itself_in_the_order_of_kinds_and_names():
    alerts = Alerts()
    found = [Finding("node", "n2", "2"), Finding("node", "n1", "1"), Finding("late", "z", "0")]
    assert alerts.look(found, 0) is None
    assert alerts.count == 0
    told = alerts.look(found, 2)
    assert told.text.splitlines() == ["- 0", "- 1", "- 2"]
    assert told.title == "Horarium: late, node"
    alerts.look(found[:1], 4)
    over = alerts.look(found[:1], 6)
    assert over.text.splitlines() == ["- over after 6 s: 0", "- over after 6 s: 1"]
