"""Processes are killed and frozen, the database is restarted and cut off, the disk fills up, targets hang.

Every slot is accounted for, nothing is early, lost or miscounted, and what came twice has a fault to explain it.

`make chaos ROUNDS=20 SEED=7` for longer; the seed draws the order and the moments of the faults.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.chaos import LOAD, Fault, _repeats, pass_of_chaos
from tests.acceptance.chaos_places import postgres_place, sqlite_place
from tests.support.delivery_log import Delivery

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
LEAST_SLOTS = 20 * ROUNDS * sum(count for _, count, _ in LOAD)


@pytest.mark.long
def test_three_nodes_on_postgresql_account_for_every_slot_through_faults(tmp_path: Path) -> None:
    print(f"seed {SEED}, {ROUNDS} rounds on PostgreSQL")
    with postgres_place() as place:
        findings, totals = pass_of_chaos(place, tmp_path, ROUNDS, SEED)
    print(totals)
    assert findings == []
    assert totals.refused > 0, "a frozen node woke, and nothing that it held was refused"
    assert totals.slots >= LEAST_SLOTS


@pytest.mark.long
def test_one_process_on_sqlite_accounts_for_every_slot_through_faults(tmp_path: Path) -> None:
    print(f"seed {SEED}, {ROUNDS} rounds on SQLite")
    with sqlite_place(tmp_path) as place:
        findings, totals = pass_of_chaos(place, tmp_path, ROUNDS, SEED)
    print(totals)
    assert findings == []
    assert totals.slots >= LEAST_SLOTS


FREEZE = Fault("freeze", 1_000, 8_000, ((950, 1_050), (8_000, 9_000)))


@pytest.mark.parametrize(
    ("second", "findings"),
    [
        (Delivery(6_000, "run_a", 0, 1), 0),
        (Delivery(700, "run_a", 0, 1), 1),
        (Delivery(700, "run_a", 0, 2), 0),
    ],
    ids=["after the freeze began", "before anything happened", "another attempt"],
)
def test_it_wants_a_fault_between_two_deliveries_of_an_attempt(second: Delivery, findings: int) -> None:
    found, _ = _repeats([Delivery(500, "run_a", 0, 1), second], [FREEZE])
    assert len(found) == findings
