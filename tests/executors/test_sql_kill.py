"""A process that writes is killed at random, again and again; afterwards rows equal runs, and none is double.

`python -m tests.executors.test_sql_kill ROUNDS` does it longer, on both databases.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.executors.sql_kills import main, rounds_of_killing
from tests.executors.sql_places import leave, place_of


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_killed_process_never_leaves_a_write_missing_or_double(kind: str, tmp_path: Path) -> None:
    place = await place_of(kind, tmp_path)
    try:
        assert await rounds_of_killing(place, rounds=30, seed=2026) > 30
    finally:
        await leave(place)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
