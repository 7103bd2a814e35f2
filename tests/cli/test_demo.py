"""The main job, as a newcomer meets it."""

from horarium.cli.demo_check import Account, check
from horarium.cli.demo_world import Received
from tests.cli.running import horarium

CREATED = "2026-03-01T12:00:00.400Z"


def entry(second):
    return {"entry": "fire", "slot_at": f"2026-03-01T12:00:0{second}.000Z", "state": "completed"}


def account(*entries, upto=3):
    schedule = {"name": "s", "recurrence": "* * * * * *", "timezone": "UTC", "created_at": CREATED}
    ledger = {"items": list(entries), "accounted_to": f"2026-03-01T12:00:0{upto}.500Z"}
    return Account(schedule, ledger, [{"id": "run_1", "state": "succeeded", "attempts": 1}])


def verdicts(one, *statuses):
    received = [
        Received("run_1", "s", "2026-03-01T12:00:01Z", 1, 1_772_366_401_005, status) for status in statuses
    ]
    slots, deliveries, *_ = check([one], received)
    return slots[1], deliveries[1]


def test_a_full_account_is_sound():
    assert verdicts(account(entry(1), entry(2), entry(3)), 200) == (True, True)
    span = {
        "entry": "span",
        "first_at": entry(2)["slot_at"],
        "last_at": entry(3)["slot_at"],
        "count": 2,
        "reason": "paused",
    }
    assert verdicts(account(entry(1), span), 503, 200) == (True, True)


def test_one_slot_is_not_called_slots():
    for upto, words in ((1, "s: 1 slot, "), (2, "s: 2 slots, ")):
        made = account(*(entry(second) for second in range(1, upto + 1)), upto=upto)
        assert next(said for said, _ in check([made], [])).startswith(words)


def test_a_missing_a_double_and_a_stray_slot_are_found():
    assert not verdicts(account(entry(1), entry(3)), 200)[0]
    assert not verdicts(account(entry(1), entry(2), entry(2), entry(3)), 200)[0]
    assert not verdicts(account(entry(0), entry(1), entry(2), entry(3)), 200)[0]


def test_a_lost_and_a_doubled_delivery_are_found():
    assert not verdicts(account(entry(1), entry(2), entry(3)), 503)[1]
    assert not verdicts(account(entry(1), entry(2), entry(3)), 200, 200)[1]


def test_the_demo_shows_the_main_job_and_ends_well():
    found = horarium("demo", "--exit", "--seconds", "6")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "The ledger: every slot once" in found.stdout
    assert "BAD" not in found.stdout
    assert "attempt 3" in found.stdout
