"""The demo's check: the ledger and the runs as tables, and whether they agree with what was received.

The expected slots are computed here from the recurrence, and not taken from the server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from horarium.cli.demo_world import FAILURES, Received
from horarium.cli.output import short_time, table
from horarium.times import Timing, canonical_spec, compile_timing

Json = dict[str, Any]
Finding = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Account:
    """A schedule, its ledger and its runs, as the API gives them."""

    schedule: Json
    ledger: Json
    runs: list[Json]

    @property
    def name(self) -> str:
        return str(self.schedule["name"])


def print_account(accounts: Sequence[Account]) -> None:
    ledger = [_entry(account.name, entry) for account in accounts for entry in account.ledger["items"]]
    headings = ("SCHEDULE", "SLOT", "TO", "SLOTS", "ENTRY", "FIRED AFTER")
    print()
    table(headings, ledger, "The ledger: every slot once")
    runs = [
        (account.name, short_time(run["slot_at"]), run["state"], str(run["attempts"]), run["id"])
        for account in accounts
        for run in reversed(account.runs)
    ]
    print()
    table(("SCHEDULE", "SLOT", "STATE", "ATTEMPTS", "RUN"), runs, "The runs")
    print()


def check(accounts: Sequence[Account], received: Sequence[Received]) -> list[Finding]:
    """Every promise that is checked, in words, and whether it was kept."""
    return [*_slots(accounts), *_deliveries(accounts, received), *_punctuality(received), *_retries(accounts)]


def _entry(name: str, entry: Json) -> tuple[str, ...]:
    if entry["entry"] == "span":
        first, last = short_time(entry["first_at"]), short_time(entry["last_at"])
        return name, first, last, str(entry["count"]), entry["reason"], ""
    after = f"{_ms(entry['fired_at']) - _ms(entry['slot_at'])} ms"
    return name, short_time(entry["slot_at"]), "", "1", entry["state"], after


def _slots(accounts: Sequence[Account]) -> Iterator[Finding]:
    for account in accounts:
        expected = _expected(account)
        covered: Counter[int] = Counter()
        for entry in account.ledger["items"]:
            first = _ms(entry["slot_at"] if entry["entry"] == "fire" else entry["first_at"])
            last = first if entry["entry"] == "fire" else _ms(entry["last_at"])
            covered.update(slot for slot in expected if first <= slot <= last)
        missing = [slot for slot in expected if not covered[slot]]
        double = [slot for slot, times in covered.items() if times > 1]
        fires = sum(entry["entry"] == "fire" for entry in account.ledger["items"])
        stray = fires + sum(entry.get("count", 0) for entry in account.ledger["items"]) - len(expected)
        words = f"{account.name}: {_counted(len(expected), 'slot')}, {fires} fired"
        if missing or double or stray:
            words += f"; {len(missing)} missing, {len(double)} double, {stray} too many"
        yield words, bool(expected) and not missing and not double and not stray


def _expected(account: Account) -> list[int]:
    """The slots (ms) up to where the schedule is accounted for, by its recurrence alone."""
    created, upto = _ms(account.schedule["created_at"]), _ms(account.ledger["accounted_to"])
    spec, zone = canonical_spec(account.schedule["recurrence"]), account.schedule["timezone"]
    recurrence = compile_timing(Timing(spec, zone=zone, anchor=-(-created // 1000)))
    found = []
    slot = recurrence.next_after(created // 1000)
    while slot is not None and slot * 1000 <= upto:
        found.append(slot * 1000)
        slot = recurrence.next_after(slot)
    return found


def _deliveries(accounts: Sequence[Account], received: Sequence[Received]) -> Iterator[Finding]:
    runs = {run["id"]: run for account in accounts for run in account.runs}
    accepted = Counter(attempt.run for attempt in received if attempt.status < 300)
    lost = [run for run in runs if not accepted[run]]
    twice = [run for run, times in accepted.items() if times > 1]
    unknown = [run for run in accepted if run not in runs]
    done = all(run["state"] == "succeeded" for run in runs.values())
    words = f"{_counted(len(runs), 'run')}, {sum(accepted.values())} accepted by the receiver"
    if lost or twice or unknown:
        words += f"; {len(lost)} lost, {len(twice)} twice, {len(unknown)} unknown"
    yield words, bool(runs) and done and not lost and not twice and not unknown


def _punctuality(received: Sequence[Received]) -> Iterator[Finding]:
    late = sorted(attempt.arrived_ms - attempt.slot_ms for attempt in received if attempt.attempt == 1)
    if late:
        middle = late[len(late) // 2]
        yield f"{middle} ms after the slot in the median, {late[-1]} ms at most, none early", late[0] >= 0


def _retries(accounts: Sequence[Account]) -> Iterator[Finding]:
    flaky = [run for account in accounts if account.name == "fails twice" for run in account.runs]
    attempts = [run["attempts"] for run in flaky]
    yield f"the run that fails twice succeeded at attempt {attempts}", attempts == [FAILURES + 1]


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
