"""A server is killed at random under fifty schedules a second: nothing is lost, double, early or miscounted."""

from __future__ import annotations

import os
from pathlib import Path

from tests.acceptance.server_kills import SCHEDULES, rounds_of_killing

ROUNDS = int(os.environ.get("KILL_ROUNDS", "6"))
SEED = int(os.environ.get("KILL_SEED", "1"))


def test_a_killed_server_accounts_for_every_slot_and_loses_no_run(tmp_path: Path) -> None:
    findings, figures = rounds_of_killing(tmp_path, ROUNDS, SEED)
    print(figures)
    assert findings == []
    assert figures.fires + figures.slots_in_spans >= SCHEDULES * ROUNDS / 2
