"""A server is killed at random while it sends events: every end of a fire is told, always under one id, in order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.event_kills import rounds_of_killing

ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))
SEED = int(os.environ.get("KILL_SEED", "1"))


@pytest.mark.long
def test_a_killed_server_tells_of_every_end_of_a_fire_under_one_id_and_in_order(tmp_path: Path) -> None:
    found, figures = rounds_of_killing(tmp_path, ROUNDS, SEED)
    print(figures)
    assert found == []
    assert figures["fires"] > ROUNDS
