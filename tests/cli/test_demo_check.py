"""What the demo says of a ledger, of the runs and of what was received: it notices whatever is not as it should be."""

from copy import deepcopy
from dataclasses import replace

import pytest

from horarium.cli.demo_check import Account, check
from horarium.cli.demo_world import FAILURES, Received

MINUTES = [f"2026-03-01T12:0{minute}:00.000Z" for minute in range(7)]
NOON_MS = 1_772_366_400_000


def fire(minute):
    return {"entry": "fire", "slot_at": MINUTES[minute], "fired_at": MINUTES[minute], "state": "completed"}


def span(first, last, count):
    return {
        "entry": "span", "first_at": MINUTES[first], "last_at": MINUTES[last], "count": count, "reason": "missed",
    }  # fmt: skip


def run(name, attempts=1):
    return {"id": name, "state": "succeeded", "attempts": attempts}


def received(name, minute, attempt=1, late_ms=10, status=200):
    return Received(name, "s", MINUTES[minute], attempt, NOON_MS + minute * 60_000 + late_ms, status)


def account(name, items, runs):
    schedule = {
        "name": name, "created_at": "2026-03-01T12:00:00.500Z", "recurrence": "* * * * *", "timezone": "UTC",
    }  # fmt: skip
    return Account(schedule, {"accounted_to": MINUTES[4], "items": items}, runs)


@pytest.fixture
def accounts():
    """Two schedules with four slots each: all of one fired, and of the other one."""
    return [
        account(
            "every minute", [fire(minute) for minute in (1, 2, 3, 4)], [run(f"r{n}") for n in (1, 2, 3, 4)]
        ),
        account("fails twice", [fire(1), span(2, 4, 3)], [run("flaky", FAILURES + 1)]),
    ]


@pytest.fixture
def attempts():
    found = [received(f"r{minute}", minute) for minute in (1, 2, 3, 4)]
    failed = [received("flaky", 1, attempt, status=500) for attempt in (1, 2)]
    return [*found, *failed, received("flaky", 1, 3)]


def told(accounts, attempts):
    return dict(check(accounts, attempts))


def test_what_is_as_it_should_be_is_told_with_its_figures(accounts, attempts):
    assert told(accounts, attempts) == {
        "every minute: 4 slots, 4 fired": True,
        "fails twice: 4 slots, 1 fired": True,
        "5 runs, 5 accepted by the receiver": True,
        "10 ms after the slot in the median, 10 ms at most, none early": True,
        "the run that fails twice succeeded at attempt [3]": True,
    }


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([fire(1), fire(2), fire(3)], "3 fired; 1 missing, 0 double, -1 too many"),
        ([fire(2), fire(3), fire(4)], "3 fired; 1 missing, 0 double, -1 too many"),
        ([fire(1), fire(2), fire(2), fire(3), fire(4)], "5 fired; 0 missing, 1 double, 1 too many"),
        ([fire(1), fire(2), span(2, 4, 3)], "2 fired; 0 missing, 1 double, 1 too many"),
        ([fire(1), span(2, 4, 2)], "1 fired; 0 missing, 0 double, -1 too many"),
        ([fire(1), fire(2), fire(3), fire(4), fire(5)], "5 fired; 0 missing, 0 double, 1 too many"),
    ],
)
def test_a_slot_that_is_missing_double_or_too_many_is_told(accounts, attempts, items, words):
    accounts[0] = replace(accounts[0], ledger={**accounts[0].ledger, "items": items})
    assert told(accounts, attempts)[f"every minute: 4 slots, {words}"] is False


def test_a_schedule_that_had_no_slot_proves_nothing(accounts, attempts):
    accounts[0] = replace(accounts[0], ledger={"accounted_to": MINUTES[0], "items": []})
    assert told(accounts, attempts)["every minute: 0 slots, 0 fired"] is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda found: found[1:], "4 accepted by the receiver; 1 lost, 0 twice, 0 unknown"),
        (lambda found: [*found, found[0]], "6 accepted by the receiver; 0 lost, 1 twice, 0 unknown"),
        (
            lambda found: [*found, received("other", 1)],
            "6 accepted by the receiver; 0 lost, 0 twice, 1 unknown",
        ),
        (lambda found: found[:-1], "4 accepted by the receiver; 1 lost, 0 twice, 0 unknown"),
    ],
    ids=["lost", "twice", "unknown", "failed to the end"],
)
def test_a_run_that_is_lost_doubled_or_unknown_is_told(accounts, attempts, change, words):
    assert told(accounts, change(attempts))[f"5 runs, {words}"] is False


def test_a_run_that_has_not_succeeded_is_told(accounts, attempts):
    runs = deepcopy(accounts[0].runs)
    runs[0]["state"] = "running"
    accounts[0] = replace(accounts[0], runs=runs)
    assert told(accounts, attempts)["5 runs, 5 accepted by the receiver"] is False


@pytest.mark.parametrize(("late_ms", "kept"), [(-1, False), (0, True)])
def test_a_first_attempt_before_its_slot_is_told_and_later_attempts_say_nothing(
    accounts, attempts, late_ms, kept
):
    first = replace(attempts[0], arrived_ms=attempts[0].slot_ms + late_ms)
    slow = replace(attempts[-1], arrived_ms=attempts[-1].slot_ms + 9_000)
    found = told(accounts, [first, *attempts[1:-1], slow])
    assert found["10 ms after the slot in the median, 10 ms at most, none early"] is kept


@pytest.mark.parametrize("attempt", [FAILURES, FAILURES + 2])
def test_a_run_that_succeeded_at_another_attempt_is_told(accounts, attempts, attempt):
    accounts[1] = replace(accounts[1], runs=[run("flaky", attempt)])
    assert told(accounts, attempts)[f"the run that fails twice succeeded at attempt [{attempt}]"] is False


def test_the_median_is_the_middle_one_and_the_most_is_the_latest(accounts, attempts):
    lates = dict(enumerate((900, 10, 20, 30), 1))
    found = [
        replace(one, arrived_ms=one.slot_ms + lates[int(one.run[1])]) if one.run != "flaky" else one
        for one in attempts
    ]
    assert "20 ms after the slot in the median, 900 ms at most, none early" in told(accounts, found)


def test_slots_are_counted_from_the_whole_second_in_which_a_schedule_was_made(accounts, attempts):
    every = {**accounts[0].schedule, "recurrence": {"every": "1m"}, "created_at": "2026-03-01T12:00:00.000Z"}
    ledger = {"accounted_to": MINUTES[2], "items": [fire(minute) for minute in (1, 2)]}
    accounts[0] = replace(accounts[0], schedule=every, ledger=ledger)
    assert told(accounts, attempts)["every minute: 2 slots, 2 fired"] is True


def test_what_was_answered_with_300_was_not_accepted(accounts, attempts):
    found = [replace(attempts[0], status=300), *attempts[1:]]
    assert told(accounts, found)["5 runs, 4 accepted by the receiver; 1 lost, 0 twice, 0 unknown"] is False
