"""A server is killed while its events write to tables: rows equal succeeded runs, and none is double."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.table_kills import EACH, rounds_of_killing

ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))


@pytest.mark.long
async def test_a_killed_server_never_leaves_a_table_write_missing_or_double(tmp_path: Path) -> None:
    assert await rounds_of_killing(tmp_path / "data", ROUNDS, seed=ROUNDS) == 2 * EACH * ROUNDS
