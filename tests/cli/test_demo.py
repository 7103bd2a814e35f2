"""The main job, as a newcomer meets it."""

import io
import subprocess
from types import SimpleNamespace

import pytest

from horarium.cli import demo, demo_world
from horarium.cli.demo_check import Account, check
from horarium.cli.demo_world import Received
from horarium.cli.failure import Failure
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


class Process:
    """A process that ends when it is told to, or `stubborn` when it is killed."""

    def __init__(self, stubborn):
        self.stubborn, self.done, self.stdout = stubborn, [], io.StringIO()

    def terminate(self):
        self.done.append("told to end")

    def kill(self):
        self.done.append("killed")

    def wait(self, seconds=None):
        self.done.append(f"waited for {seconds}")
        if self.stubborn and seconds is not None:
            raise subprocess.TimeoutExpired("horarium", seconds)


@pytest.mark.parametrize("stubborn", [False, True])
def test_the_server_of_the_demo_is_waited_for_at_its_end_and_killed_where_it_does_not_end(stubborn):
    process = Process(stubborn)
    demo_world._end(process)
    assert process.stdout.closed
    assert process.done == ["told to end", "waited for 30"] + ["killed", "waited for None"] * stubborn


@pytest.mark.parametrize("open_state", ["pending", "running"])
def test_the_account_waits_until_no_run_waits_and_none_is_under_way(open_state, monkeypatch):
    looks = []

    def look(state, limit):
        looks.append(state)
        return {"items": ["a run"] if state == open_state and len(looks) < 6 else []}

    monkeypatch.setattr(demo.time, "sleep", lambda seconds: None)
    demo._wait_for_runs(SimpleNamespace(runs=SimpleNamespace(list=look)))
    assert looks[-2:] == ["pending", "running"]
    assert len(looks) >= 6


class Starting:
    """A server that is ready when it has been asked so often, and a clock that goes while one sleeps."""

    def __init__(self, monkeypatch, looks):
        self.left, self.now, self.health = looks, 0.0, self
        monkeypatch.setattr(demo.time, "sleep", self.sleep)
        monkeypatch.setattr(demo.time, "monotonic", lambda: self.now)

    def sleep(self, seconds):
        self.now += seconds

    def ready(self):
        self.left -= 1
        if self.left:
            raise Failure("not yet")


def test_the_demo_begins_when_its_server_is_ready(monkeypatch):
    server = Starting(monkeypatch, 5)
    demo._wait_until_ready(server)
    assert server.left == 0


def test_the_demo_waits_a_minute_for_its_server_and_says_why_it_did_not_come(monkeypatch):
    server = Starting(monkeypatch, 10_000)
    with pytest.raises(Failure, match="did not come up within 60 s: not yet"):
        demo._wait_until_ready(server)
    assert 60 < server.now < 61
