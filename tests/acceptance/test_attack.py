"""One attacker does not disturb another workspace: a whole server, and all ways of attacking at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.attack import PARTS, attacked
from tests.acceptance.neighbours import serving

# How many times longer everything may take on the machine of the test.
SLACK = float(os.environ.get("HORARIUM_SLACK", "1"))
SECONDS = 30


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_hundred_fires_a_second_are_on_time_beside_an_attacker(tmp_path: Path, kind: str) -> None:
    with serving(tmp_path, kind, 1) as (server, receiver):
        seen = attacked(server, receiver, SECONDS, PARTS)
    print(kind, seen)
    done = seen.counts
    assert done["half-open: opened"] >= 800
    assert done["slow: headers"] >= 100 * SECONDS / 2
    # The server answers wrong keys later and later, so these are few.
    assert done["keys: 401"] + done.get("keys: 429", 0) >= SECONDS
    assert sum(count for what, count in done.items() if what.startswith("bodies: ")) >= SECONDS / 4 / SLACK
    assert seen.felt.delivered == seen.felt.due
    assert seen.felt.p99_ms <= 250 * SLACK
